# SPDX-License-Identifier: Apache-2.0
cmake_minimum_required(VERSION 3.25)
# A stranger uses taut: the build is installed, then his project, in this folder, is built from the installation with
# find_package and from the checkout with FetchContent, and his program runs. Every header is installed.
#   BUILD=build/gcc ROOT=. SCRATCH=folder GENERATOR COMPILER
file(REMOVE_RECURSE ${SCRATCH})
execute_process(COMMAND ${CMAKE_COMMAND} --install ${BUILD} --prefix ${SCRATCH}/prefix
                OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
file(GLOB_RECURSE ours RELATIVE ${ROOT}/include ${ROOT}/include/*.hpp)
foreach(header IN LISTS ours)
  if(NOT EXISTS ${SCRATCH}/prefix/include/${header})
    message(SEND_ERROR "${header} is not installed")
  endif()
endforeach()

# stranger(WAY TARGET DEFINITIONS...): configures, builds TARGET and runs it
function(stranger way target)
  set(build ${SCRATCH}/${way})
  execute_process(COMMAND ${CMAKE_COMMAND} -S ${CMAKE_CURRENT_FUNCTION_LIST_DIR} -B ${build} -G ${GENERATOR}
                          -DCMAKE_CXX_COMPILER=${COMPILER} ${ARGN}
                  OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND ${CMAKE_COMMAND} --build ${build} --target ${target} COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND ${build}/${target} WORKING_DIRECTORY ${build} COMMAND_ERROR_IS_FATAL ANY)
endfunction()
stranger(package Stranger -DCMAKE_PREFIX_PATH=${SCRATCH}/prefix)
file(STRINGS ${SCRATCH}/package/CMakeCache.txt found REGEX "^taut_DIR:PATH=${SCRATCH}/prefix/")
if(NOT found)
  message(SEND_ERROR "the project has found another installation of taut")
endif()
# The checkout, with inference alone: without the component `train`, which brings more libraries.
stranger(checkout Device -DTAUT_CHECKOUT=${ROOT} -DTAUT_TRAIN=OFF -DTAUT_WEIGHTS=OFF)

execute_process(COMMAND ${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR}/components -B ${SCRATCH}/components -G ${GENERATOR}
                        -DCMAKE_CXX_COMPILER=${COMPILER} -DCMAKE_PREFIX_PATH=${SCRATCH}/prefix
                RESULT_VARIABLE status OUTPUT_QUIET ERROR_VARIABLE said)
string(REGEX REPLACE "[ \n]+" " " said "${said}")
if(status EQUAL 0 OR NOT said MATCHES "this installation of taut has no component flight")
  message(SEND_ERROR "a component that is not there: ${said}")
endif()

# What taut_export refuses when it configures.
foreach(wrong "missing: TYPE is missing" "unknown: what is COLOUR" "range: RANGE takes the largest norm" "cross: taut_export runs a program")
  string(REGEX REPLACE ": .*" "" way "${wrong}")
  string(REGEX REPLACE "^[a-z]+: " "" sentence "${wrong}")
  execute_process(COMMAND ${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR}/exports -B ${SCRATCH}/exports -G ${GENERATOR}
                          -DCMAKE_CXX_COMPILER=${COMPILER} -DCMAKE_PREFIX_PATH=${SCRATCH}/prefix -DWRONG=${way}
                  RESULT_VARIABLE status OUTPUT_QUIET ERROR_VARIABLE said)
  string(REGEX REPLACE "[ \n]+" " " said "${said}")
  string(FIND "${said}" "${sentence}" found)
  if(status EQUAL 0 OR found EQUAL -1)
    message(SEND_ERROR "taut_export, ${way}: ${said}")
  endif()
endforeach()
