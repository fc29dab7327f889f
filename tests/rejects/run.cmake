# SPDX-License-Identifier: Apache-2.0
cmake_minimum_required(VERSION 3.25)
# cmake -DCOMPILER=g++ -DFLAGS=build/gcc/tests/compiler_flags -DSOURCE=tests/rejects/NAME.cpp -P tests/rejects/run.cmake
# A program that must not compile. Its first line, // error: WORDS, is a regular expression. The compiler must stop with
# exactly one error, in at most 12 lines, and the error must match WORDS.
file(READ ${SOURCE} text)
if(NOT text MATCHES "^// error: ([^\n]+)")
  message(FATAL_ERROR "the first line must be: // error: REGULAR EXPRESSION")
endif()
set(promise "${CMAKE_MATCH_1}")

execute_process(COMMAND ${COMPILER} @${FLAGS} -fsyntax-only -fno-diagnostics-color ${SOURCE}
                RESULT_VARIABLE status ERROR_VARIABLE said OUTPUT_VARIABLE said)

# Lists would be broken by semicolons and brackets, so lines are counted in a text without them.
string(REGEX REPLACE "[^\n]" "" line_ends "${said}")
string(LENGTH "${line_ends}" lines)
string(REGEX REPLACE "[][;]" " " plain "${said}")
string(REGEX MATCHALL "[^\n]*: (fatal |internal compiler )?error: [^\n]*" errors "${plain}")
list(LENGTH errors count)
string(REGEX MATCH ": error: [^\n]*" error "${said}") # without the path, whose words promise nothing

set(fault "")
if(status STREQUAL "0")
  set(fault "it compiles, but must be rejected")
elseif(NOT status STREQUAL "1")
  set(fault "the compiler itself failed: ${status}")
elseif(NOT count EQUAL 1)
  set(fault "${count} errors instead of one")
elseif(NOT error MATCHES "${promise}")
  set(fault "the error has other words than promised: ${promise}")
elseif(lines GREATER 12)
  set(fault "${lines} lines, at most 12 are allowed")
endif()
if(fault)
  message(NOTICE "${said}")
  message(FATAL_ERROR "${fault}")
endif()
message(STATUS "${lines} lines${error}")
