# SPDX-License-Identifier: Apache-2.0
cmake_minimum_required(VERSION 3.25)
# What networks cost a compiler: cmake [-DCOMPILERS="g++;clang++-19"] [-DOUT=DIR] -P tests/cost/compile_benchmark.cmake
# compiles depth.cpp, blocks Linear >> LN >> ReLU with bound, parameters and engine, for this processor at -O2, and prints
# a table in Markdown and a RESULT line for each compiler and depth; depth 0 is the include alone. Least of two runs.
if(NOT DEFINED COMPILERS)
  set(COMPILERS g++ clang++-19)
endif()
get_filename_component(root ${CMAKE_CURRENT_LIST_DIR}/../.. ABSOLUTE)
if(NOT DEFINED OUT)
  set(OUT ${root}/build/compile_benchmark)
endif()
set(SCRATCH ${OUT}/objects)
set(NM nm)
set(OPTIMISE -O2 -march=native)
set(SOURCE ${CMAKE_CURRENT_LIST_DIR}/depth.cpp)
include(${CMAKE_CURRENT_LIST_DIR}/measured.cmake)
if(NOT DEFINED FLAGS)
  set(FLAGS ${OUT}/flags)
  file(WRITE ${FLAGS} "-std=c++20\n-I\"${root}/include\"\n")
endif()
set(MEASURE ${OUT}/measure)
list(GET COMPILERS 0 first)
execute_process(COMMAND ${first} -std=c++20 -O1 ${CMAKE_CURRENT_LIST_DIR}/measure.cpp -o ${MEASURE}
                COMMAND_ERROR_IS_FATAL ANY)

# seconds(NAME MILLISECONDS): sets NAME to "1.234".
function(seconds name milliseconds)
  math(EXPR whole "${milliseconds} / 1000")
  math(EXPR rest "${milliseconds} % 1000 + 1000")
  string(SUBSTRING ${rest} 1 3 rest)
  set(${name} ${whole}.${rest} PARENT_SCOPE)
endfunction()

string(CONCAT table "| compiler | blocks | user s | wall s | of the include | memory MB | code bytes | longest symbol |\n"
       "|---|---|---|---|---|---|---|---|\n")
set(results "")
foreach(COMPILER IN LISTS COMPILERS)
  foreach(depth 0 4 8 16 32 64 128 256)
    unset(time_${depth})
    compile(${depth} 120)
    compile(${depth} 120)
    look_into(${depth})
    seconds(user ${time_${depth}})
    seconds(wall ${wall_${depth}})
    seconds(include ${time_0})
    math(EXPR ratio "${time_${depth}} * 1000 / ${time_0}")
    seconds(ratio ${ratio})
    string(APPEND table "| ${COMPILER} | ${depth} | ${user} | ${wall} | ${ratio} | ${memory_${depth}} | ${text_${depth}} "
           "| ${longest_${depth}} |\n")
    string(APPEND results "RESULT compile depth=${depth} compiler=${COMPILER} seconds=${user} wall=${wall} "
           "include_seconds=${include} ratio=${ratio} text=${text_${depth}} memory=${memory_${depth}} "
           "symbol=${longest_${depth}}\n")
  endforeach()
endforeach()
file(WRITE ${OUT}/compile.md "${table}")
execute_process(COMMAND ${CMAKE_COMMAND} -E echo "${table}\n${results}the table: ${OUT}/compile.md")
