# SPDX-License-Identifier: Apache-2.0
cmake_minimum_required(VERSION 3.25)
# The judges, depth.cmake and proof.cmake, are judged: a program without fault passes, each planted fault is refused with these words.
file(MAKE_DIRECTORY ${SCRATCH})
function(verdict name words text)
  file(WRITE ${SCRATCH}/${name}.cpp "${text}")
  execute_process(COMMAND ${CMAKE_COMMAND} -DCOMPILER=${COMPILER} -DFLAGS=${FLAGS} -DNM=${NM} -DMEASURE=${MEASURE}
                          -DSCRATCH=${SCRATCH}/${name} -DSOURCE=${SCRATCH}/${name}.cpp -DREPETITIONS=1 ${ARGN}
                          -P ${CMAKE_CURRENT_LIST_DIR}/depth.cmake
                  RESULT_VARIABLE status ERROR_VARIABLE said OUTPUT_VARIABLE said)
  string(REGEX REPLACE "[ \n]+" " " said "${said}")
  if((words STREQUAL "" AND NOT status EQUAL 0) OR (NOT words STREQUAL "" AND status EQUAL 0) OR
     NOT said MATCHES "${words}")
    message(SEND_ERROR "${name}: expected '${words}', status ${status}, but got ${said}")
  endif()
endfunction()

string(REPEAT "a" 401 long)
string(SUBSTRING ${long} 1 400 short)
verdict(good "" "extern \"C\" int ${short}() { return DEPTH; }\n")
verdict(long_symbol "a symbol has 401 characters" "extern \"C\" int ${long}() { return DEPTH; }\n")
verdict(slow "depth 128 takes" "int f() { return DEPTH; }\n" -DALLOWANCE=-100000)
set(tree "template <int H, long P> inline constexpr long tree = tree<H - 1, 2 * P> + tree<H - 1, 2 * P + 1>;\n")
string(APPEND tree "template <long P> inline constexpr long tree<0, P> = P;\n")
string(APPEND tree "long f() { return tree<DEPTH == 8 ? 1 : 22, 1>; }\n")
verdict(endless "depth 128 takes more than" "${tree}" -DALLOWANCE=0)
verdict(broken "depth 128 does not compile" "static_assert(DEPTH < 100);\nint f() { return 0; }\n")
verdict(empty "no symbols" "static_assert(DEPTH > 0);\n")

# certificate(NAME WORDS TEXT DEFINITIONS...): the same of proof.cmake.
function(certificate name words text)
  file(WRITE ${SCRATCH}/${name}.cpp "${text}")
  execute_process(COMMAND ${CMAKE_COMMAND} -DCOMPILER=${COMPILER} -DFLAGS=${FLAGS} -DMEASURE=${MEASURE}
                          -DCERTIFICATE=${SCRATCH}/${name}.cpp ${ARGN} -P ${CMAKE_CURRENT_LIST_DIR}/proof.cmake
                  RESULT_VARIABLE status ERROR_VARIABLE said OUTPUT_VARIABLE said)
  string(REGEX REPLACE "[ \n]+" " " said "${said}")
  if((words STREQUAL "" AND NOT status EQUAL 0) OR (NOT words STREQUAL "" AND status EQUAL 0) OR
     NOT said MATCHES "${words}")
    message(SEND_ERROR "${name}: expected '${words}', status ${status}, but got ${said}")
  endif()
endfunction()
set(free "static_assert(PART < 3);\n")
certificate(quick "" "${free}")
certificate(slow_certificate "takes more than" "${free}" -DQUICK=-100000)
certificate(false_certificate "does not compile" "static_assert(PART != 2);\n")
set(proof -DPROOF=${SCRATCH}/proof.cpp -DHEADER=${SCRATCH}/proof.cpp)
file(WRITE ${SCRATCH}/proof.cpp "static_assert(true);\n")
certificate(quick_proof "" "${free}" ${proof})
certificate(slow_proof "the proof takes" "${free}" ${proof} -DLONG=-1)
