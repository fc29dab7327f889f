# SPDX-License-Identifier: Apache-2.0
cmake_minimum_required(VERSION 3.25)
# No function of one level can be taken for that of another: the objects define, for others to see, no weak symbol and
# none of the same name. Files that cannot be dispatched are refused, in words.
set(seen "")
foreach(level x86_64 x86_64_v3 x86_64_v4)
  execute_process(COMMAND ${NM} --defined-only --extern-only --format=posix ${FOLDER}/${level}.o
                  OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "[^\n ]+ [A-Za-z] " symbols "${symbols}")
  list(LENGTH symbols count)
  if(NOT count EQUAL 4)
    message(SEND_ERROR "${level}.o shows not the four functions of model.cpp but ${symbols}")
  endif()
  foreach(symbol IN LISTS symbols)
    if(NOT symbol MATCHES "^_Z.*\\.${level} T $" OR symbol IN_LIST seen)
      message(SEND_ERROR "${level}.o shows ${symbol}")
    endif()
  endforeach()
  list(APPEND seen ${symbols})
endforeach()

# refused(NAME WORDS TEXT): a program whose dispatched file has this text is not built, and the build says why.
function(refused name words text)
  set(project ${SCRATCH}/${name})
  file(REMOVE_RECURSE ${project})
  file(WRITE ${project}/model.cpp "${text}")
  file(WRITE ${project}/main.cpp "int main() {}\n")
  file(WRITE ${project}/CMakeLists.txt "cmake_minimum_required(VERSION 3.25)\nproject(refused LANGUAGES CXX)\n"
       "include(${ROOT}/.cmake/taut_dispatch.cmake)\nadd_executable(refused main.cpp)\n"
       "taut_dispatch(refused LEVELS x86-64-v3 x86-64 SOURCES model.cpp)\n")
  execute_process(COMMAND ${CMAKE_COMMAND} -S ${project} -B ${project}/build -G ${GENERATOR}
                          -DCMAKE_CXX_COMPILER=${COMPILER} OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND ${CMAKE_COMMAND} --build ${project}/build
                  RESULT_VARIABLE status OUTPUT_VARIABLE said ERROR_VARIABLE said)
  string(REGEX REPLACE "[ \n]+" " " said "${said}")
  if(words STREQUAL "" AND NOT status EQUAL 0)
    message(SEND_ERROR "${name} is refused: ${said}")
  elseif(NOT words STREQUAL "" AND (status EQUAL 0 OR NOT said MATCHES "${words}"))
    message(SEND_ERROR "${name}: the build does not say '${words}' but: ${said}")
  endif()
endfunction()
refused(in_order "" "int f() { return 1; }\n")
refused(started "initialise an object" "int f();\nint g() { static int x = f(); return x; }\nint y = f();\n")
refused(lanes "depends on the lanes" "#ifdef __AVX2__\nvoid f(int) {}\n#else\nvoid f(double) {}\n#endif\n")
refused(empty "define no function" "inline int f() { return 1; }\n")
