# SPDX-License-Identifier: Apache-2.0
cmake_minimum_required(VERSION 3.25)
# Compile SOURCE with -DDEPTH=8 and -DDEPTH=128. In processor time, the smallest of several repetitions, depth 128 must
# stay below 1.5 x depth 8 + 1.5 s, and no symbol of the object files may be longer than 400 characters.
if(NOT DEFINED REPETITIONS)
  set(REPETITIONS 3)
endif()
if(NOT DEFINED ALLOWANCE) # milliseconds
  set(ALLOWANCE 1500)
endif()
file(MAKE_DIRECTORY ${SCRATCH})

# compile(DEPTH SECONDS): sets time_DEPTH and memory_DEPTH to the smallest so far; gives up after SECONDS.
macro(compile depth seconds)
  execute_process(COMMAND ${MEASURE} ${seconds} ${COMPILER} @${FLAGS} -O2 -DDEPTH=${depth} -c ${SOURCE}
                          -o ${SCRATCH}/depth_${depth}.o
                  OUTPUT_VARIABLE measured RESULT_VARIABLE status ERROR_VARIABLE said)
  string(REGEX MATCH "([0-9]+) ms ([0-9]+) MB" unused "${measured}")
  set(time ${CMAKE_MATCH_1})
  set(memory ${CMAKE_MATCH_2})
  if(NOT status EQUAL 0)
    math(EXPR almost "${seconds} * 900")
    if(time GREATER almost)
      message(FATAL_ERROR "depth ${depth} takes more than ${seconds} s and ${memory} MB")
    endif()
    string(SUBSTRING "${said}" 0 2000 said)
    message(NOTICE "${said}")
    message(FATAL_ERROR "depth ${depth} does not compile")
  endif()
  if(NOT DEFINED time_${depth} OR time LESS time_${depth})
    set(time_${depth} ${time})
    set(memory_${depth} ${memory})
  endif()
endmacro()

# At least REPETITIONS rounds, and up to three times as many while the smallest times are above the limit: noise only adds.
math(EXPR most "${REPETITIONS} * 3")
foreach(repetition RANGE 1 ${most})
  if(repetition GREATER REPETITIONS AND time_128 LESS limit)
    break()
  endif()
  compile(8 60)
  math(EXPR limit "${time_8} * 3 / 2 + ${ALLOWANCE}")
  math(EXPR patience "${limit} * 2 / 1000 + 1") # twice the limit, so that a noisy machine gets its other repetitions
  if(patience LESS 2)
    set(patience 2)
  endif()
  compile(128 ${patience})
endforeach()

set(longest 0)
foreach(depth 8 128)
  execute_process(COMMAND ${NM} ${SCRATCH}/depth_${depth}.o OUTPUT_VARIABLE table COMMAND_ERROR_IS_FATAL ANY)
  string(REPLACE "\n" ";" symbols "${table}")
  foreach(line IN LISTS symbols)
    string(REGEX REPLACE "^.* " "" symbol "${line}")
    string(LENGTH "${symbol}" length)
    if(length GREATER longest)
      set(longest ${length})
      set(longest_symbol "${symbol}")
    endif()
  endforeach()
endforeach()

message(STATUS "depth 8: ${time_8} ms, ${memory_8} MB; depth 128: ${time_128} ms, ${memory_128} MB, limit ${limit} ms; "
               "longest symbol: ${longest} characters")
if(NOT longest GREATER 0)
  message(SEND_ERROR "the object files have no symbols")
elseif(longest GREATER 400)
  message(SEND_ERROR "a symbol has ${longest} characters, at most 400 are allowed: ${longest_symbol}")
endif()
if(NOT time_128 LESS limit)
  message(SEND_ERROR "depth 128 takes ${time_128} ms, the limit is ${limit} ms")
endif()
