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

# stranger(BUILD_FOLDER DEFINITIONS...): configures, builds TARGET and, for a program, runs it
function(stranger way target)
  set(build ${SCRATCH}/${way})
  execute_process(COMMAND ${CMAKE_COMMAND} -S ${CMAKE_CURRENT_FUNCTION_LIST_DIR} -B ${build} -G ${GENERATOR}
                          -DCMAKE_CXX_COMPILER=${COMPILER} ${ARGN}
                  OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND ${CMAKE_COMMAND} --build ${build} --target ${target} COMMAND_ERROR_IS_FATAL ANY)
  if(target STREQUAL "Stranger")
    execute_process(COMMAND ${build}/Stranger WORKING_DIRECTORY ${build} COMMAND_ERROR_IS_FATAL ANY)
  endif()
endfunction()
stranger(package Stranger -DCMAKE_PREFIX_PATH=${SCRATCH}/prefix)
file(STRINGS ${SCRATCH}/package/CMakeCache.txt found REGEX "^taut_DIR:PATH=${SCRATCH}/prefix/")
if(NOT found)
  message(SEND_ERROR "the project has found another installation of taut")
endif()
# Building a second time what is the same text would only cost time: the checkout is configured, and compiles Device.
stranger(checkout Device -DTAUT_CHECKOUT=${ROOT})

# A component that an installation does not have is missed by name.
file(WRITE ${SCRATCH}/missing/CMakeLists.txt "cmake_minimum_required(VERSION 3.25)\nproject(missing LANGUAGES CXX)\n"
     "find_package(taut 0.1 COMPONENTS weights flight)\nif(taut_FOUND)\n  message(FATAL_ERROR found)\nendif()\n"
     "find_package(taut 0.1 REQUIRED COMPONENTS flight)\n")
execute_process(COMMAND ${CMAKE_COMMAND} -S ${SCRATCH}/missing -B ${SCRATCH}/missing/build -G ${GENERATOR}
                        -DCMAKE_CXX_COMPILER=${COMPILER} -DCMAKE_PREFIX_PATH=${SCRATCH}/prefix
                RESULT_VARIABLE status OUTPUT_QUIET ERROR_VARIABLE said)
string(REGEX REPLACE "[ \n]+" " " said "${said}")
if(status EQUAL 0 OR NOT said MATCHES "this installation of taut has no component flight")
  message(SEND_ERROR "a component that is not there: ${said}")
endif()
