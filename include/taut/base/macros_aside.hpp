// SPDX-License-Identifier: Apache-2.0
// Between this header and macros_back.hpp, names that other headers define as macros mean what we wrote: windows.h has
// IN, OUT, min, max, near, far, small, interface, ERROR; complex.h I; math.h DOMAIN; sys/sysmacros.h major, minor;
// Arduino.h abs, word, E, F. The umbrellas and exported headers begin with it and end with macros_back.hpp, so that a
// program may include them behind anything; xsimd and xtensor need it, too. Pairs may be nested.
// tests/consume includes the umbrellas behind such macros.
#pragma push_macro("IN")
#undef IN
#pragma push_macro("OUT")
#undef OUT
#pragma push_macro("min")
#undef min
#pragma push_macro("max")
#undef max
#pragma push_macro("abs")
#undef abs
#pragma push_macro("near")
#undef near
#pragma push_macro("far")
#undef far
#pragma push_macro("small")
#undef small
#pragma push_macro("word")
#undef word
#pragma push_macro("byte")
#undef byte
#pragma push_macro("boolean")
#undef boolean
#pragma push_macro("interface")
#undef interface
#pragma push_macro("verify")
#undef verify
#pragma push_macro("square")
#undef square
#pragma push_macro("major")
#undef major
#pragma push_macro("minor")
#undef minor
#pragma push_macro("ERROR")
#undef ERROR
#pragma push_macro("DOMAIN")
#undef DOMAIN
#pragma push_macro("E")
#undef E
#pragma push_macro("F")
#undef F
#pragma push_macro("I")
#undef I
#pragma push_macro("J")
#undef J
