// SPDX-License-Identifier: Apache-2.0
// What a program for any other processor compiles: the functions that infer, in float and in bytes.
#include "digits.hpp"
#include "digits_int8.hpp"

extern "C" void infer(const float* x, float* y) {
  decltype(digits::engine)::scratch buffers;
  digits::engine.run(x, y, buffers, taut::no_observer{});
}
extern "C" void infer_bytes(const float* x, float* y) {
  decltype(digits_int8::engine)::scratch buffers;
  digits_int8::engine.run(x, y, buffers, taut::no_observer{});
}
