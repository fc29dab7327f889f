# SPDX-License-Identifier: Apache-2.0
cmake_minimum_required(VERSION 3.25)
# Install the build, then use the installation as a stranger would: find_package, link, include the umbrella, compile.
file(REMOVE_RECURSE ${SCRATCH})
execute_process(COMMAND ${CMAKE_COMMAND} --install ${BUILD} --prefix ${SCRATCH}/prefix
                OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)

set(project "cmake_minimum_required(VERSION 3.25)\nproject(stranger LANGUAGES CXX)\n")
string(APPEND project "find_package(taut 0.1 REQUIRED COMPONENTS weights train)\n")
foreach(pair embedded:taut inference:weights taut:train)
  string(REGEX MATCH "(.*):(.*)" unused ${pair})
  set(umbrella ${CMAKE_MATCH_1})
  set(target ${CMAKE_MATCH_2})
  file(WRITE ${SCRATCH}/stranger/${umbrella}.cpp "int main() {}\n")
  if(EXISTS ${ROOT}/include/taut/${umbrella}.hpp)
    file(WRITE ${SCRATCH}/stranger/${umbrella}.cpp "#include <taut/${umbrella}.hpp>\nint main() {}\n")
  endif()
  string(APPEND project "add_executable(${umbrella} ${umbrella}.cpp)\n")
  string(APPEND project "target_link_libraries(${umbrella} PRIVATE taut::${target})\n")
endforeach()
file(WRITE ${SCRATCH}/stranger/CMakeLists.txt "${project}")

execute_process(COMMAND ${CMAKE_COMMAND} -S ${SCRATCH}/stranger -B ${SCRATCH}/build -G ${GENERATOR}
                        -DCMAKE_CXX_COMPILER=${COMPILER} -DCMAKE_PREFIX_PATH=${SCRATCH}/prefix
                OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${CMAKE_COMMAND} --build ${SCRATCH}/build COMMAND_ERROR_IS_FATAL ANY)
file(GLOB_RECURSE ours RELATIVE ${ROOT}/include ${ROOT}/include/*.hpp)
foreach(header IN LISTS ours)
  if(NOT EXISTS ${SCRATCH}/prefix/include/${header})
    message(SEND_ERROR "${header} is not installed")
  endif()
endforeach()
