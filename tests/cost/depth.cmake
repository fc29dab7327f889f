# SPDX-License-Identifier: Apache-2.0
cmake_minimum_required(VERSION 3.25)
# Compile SOURCE with -DDEPTH=0, which includes the library only, 8, 64 and 256. In processor time, the smallest of several
# repetitions, depth 256 must stay below 3 x depth 0 + ALLOWANCE milliseconds (we want 2 x, which compile_benchmark.cmake
# judges; this notices growth); the code of 64 equal blocks must be at most 1.5 x that of 8, and no symbol longer than 400
# characters.
include(${CMAKE_CURRENT_LIST_DIR}/measured.cmake)
if(NOT DEFINED REPETITIONS)
  set(REPETITIONS 2)
endif()
if(NOT DEFINED ALLOWANCE)
  set(ALLOWANCE 200)
endif()

# At least REPETITIONS rounds, and up to three times as many while the smallest times are above the limit: noise only adds.
math(EXPR most "${REPETITIONS} * 3")
foreach(repetition RANGE 1 ${most})
  if(repetition GREATER REPETITIONS AND time_256 LESS limit)
    break()
  endif()
  compile(0 60)
  math(EXPR limit "${time_0} * 3 + ${ALLOWANCE}")
  math(EXPR patience "${limit} * 2 / 1000 + 1") # twice the limit, so that a noisy machine gets its other repetitions
  if(patience LESS 2)
    set(patience 2)
  endif()
  compile(256 ${patience})
endforeach()

compile(8 60)
compile(64 60)
foreach(depth 8 64 256)
  look_into(${depth})
endforeach()
message(STATUS "include: ${time_0} ms, ${memory_0} MB; depth 256: ${time_256} ms, ${memory_256} MB, limit ${limit} ms; "
               "code: ${text_8} bytes at depth 8, ${text_64} at 64, ${text_256} at 256; "
               "longest symbol: ${longest_256} characters")
if(NOT longest_256 GREATER 0)
  message(SEND_ERROR "the object files have no symbols")
endif()
foreach(depth 8 256)
  if(longest_${depth} GREATER 400)
    message(SEND_ERROR "a symbol has ${longest_${depth}} characters, at most 400 are allowed: ${longest_symbol_${depth}}")
  endif()
endforeach()
math(EXPR most_text "${text_8} * 3 / 2")
if(text_64 GREATER most_text)
  message(SEND_ERROR "64 blocks take ${text_64} bytes of code, 8 blocks ${text_8}: at most 1.5 times as many are allowed")
endif()
if(NOT time_256 LESS limit)
  message(SEND_ERROR "depth 256 takes ${time_256} ms, the limit is ${limit} ms")
endif()
