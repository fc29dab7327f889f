# SPDX-License-Identifier: Apache-2.0
cmake_minimum_required(VERSION 3.25)
# The judges, depth.cmake and proof.cmake, are judged: a program without fault passes, each planted fault is refused with these words.
file(MAKE_DIRECTORY ${SCRATCH})
# expect(NAME WORDS STATUS SAID): a judge passed if no words are wanted, and otherwise refused with them.
function(expect name words status said)
  string(REGEX REPLACE "[ \n]+" " " said "${said}")
  if((words STREQUAL "" AND NOT status EQUAL 0) OR (NOT words STREQUAL "" AND status EQUAL 0) OR
     NOT said MATCHES "${words}")
    message(SEND_ERROR "${name}: expected '${words}', status ${status}, but got ${said}")
  endif()
endfunction()

# verdict(NAME WORDS TEXT OPTIONS...): what depth.cmake says of a program.
function(verdict name words text)
  file(WRITE ${SCRATCH}/${name}.cpp "${text}")
  execute_process(COMMAND ${CMAKE_COMMAND} -DCOMPILER=${COMPILER} -DFLAGS=${FLAGS} -DNM=${NM} -DMEASURE=${MEASURE}
                          -DSCRATCH=${SCRATCH}/${name} -DSOURCE=${SCRATCH}/${name}.cpp -DREPETITIONS=1 ${ARGN}
                          -P ${CMAKE_CURRENT_LIST_DIR}/depth.cmake
                  RESULT_VARIABLE status ERROR_VARIABLE said OUTPUT_VARIABLE said)
  expect("${name}" "${words}" "${status}" "${said}")
endfunction()

string(REPEAT "a" 401 long)
string(SUBSTRING ${long} 1 400 short)
verdict(good "" "extern \"C\" int ${short}() { return DEPTH; }\n")
verdict(long_symbol "a symbol has 401 characters" "extern \"C\" int ${long}() { return DEPTH; }\n")
verdict(slow "depth 256 takes" "int f() { return DEPTH; }\n" -DALLOWANCE=-100000)
verdict(large "64 blocks take" "int f() { return DEPTH; }\n#if DEPTH == 64\nint g(int* p) { for (int i = 0; i < 9; ++i) p[i] = p[i + 9] / p[i + 18]; return *p; }\n#endif\n")
set(tree "template <int H, long P> inline constexpr long tree = tree<H - 1, 2 * P> + tree<H - 1, 2 * P + 1>;\n")
string(APPEND tree "template <long P> inline constexpr long tree<0, P> = P;\n")
string(APPEND tree "long f() { return tree<DEPTH == 256 ? 22 : 1, 1>; }\n")
verdict(endless "depth 256 takes more than" "${tree}" -DALLOWANCE=0)
verdict(broken "depth 256 does not compile" "static_assert(DEPTH < 100);\nint f() { return 0; }\n")
verdict(empty "no symbols" "static_assert(DEPTH >= 0);\n")

# counted(NAME WORDS TEXT): the same of instantiations.cmake, with a record of nothing.
function(counted name words text)
  file(WRITE ${SCRATCH}/${name}.cpp "${text}")
  file(WRITE ${SCRATCH}/${name}.txt "#")
  foreach(depth 8 64 256)
    foreach(kind classes functions variables)
      file(APPEND ${SCRATCH}/${name}.txt "\n${kind}_${depth} 0\n")
    endforeach()
  endforeach()
  execute_process(COMMAND ${CMAKE_COMMAND} -DCOMPILER=${COMPILER} -DFLAGS=${FLAGS} -DSOURCE=${SCRATCH}/${name}.cpp
                          -DRECORD=${SCRATCH}/${name}.txt -P ${CMAKE_CURRENT_LIST_DIR}/instantiations.cmake
                  RESULT_VARIABLE status ERROR_VARIABLE said OUTPUT_VARIABLE said)
  expect("${name}" "${words}" "${status}" "${said}")
endfunction()
if(COMPILER MATCHES "clang")
  set(many "template <int N> struct s { s<N - 1>* below() { return s<N - 1>().self(); } s* self() { return this; } };\n")
  string(APPEND many "template <> struct s<0> { s* self() { return this; } };\n")
  counted(constant_count "" "${many}int f() { return s<1>().below() != nullptr; }\n")
  counted(growing_count "depth 256 instantiates [0-9]+ classes"
          "template <int N> constexpr int sum() { if constexpr (N > 0) return sum<N - 1>() + 1; else return 0; }\n${many}template <int N> struct t : t<N - 1> {}; template <> struct t<0> {}; t<DEPTH> deep;\n")
endif()

# certificate(NAME WORDS TEXT DEFINITIONS...): the same of proof.cmake.
function(certificate name words text)
  file(WRITE ${SCRATCH}/${name}.cpp "${text}")
  execute_process(COMMAND ${CMAKE_COMMAND} -DCOMPILER=${COMPILER} -DFLAGS=${FLAGS} -DMEASURE=${MEASURE}
                          -DCERTIFICATE=${SCRATCH}/${name}.cpp ${ARGN} -P ${CMAKE_CURRENT_LIST_DIR}/proof.cmake
                  RESULT_VARIABLE status ERROR_VARIABLE said OUTPUT_VARIABLE said)
  expect("${name}" "${words}" "${status}" "${said}")
endfunction()
set(free "static_assert(PART < 3);\n")
certificate(quick "" "${free}")
certificate(slow_certificate "takes more than" "${free}" -DQUICK=-100000)
certificate(false_certificate "does not compile" "static_assert(PART != 2);\n")
set(proof -DPROOF=${SCRATCH}/proof.cpp -DHEADER=${SCRATCH}/proof.cpp)
file(WRITE ${SCRATCH}/proof.cpp "static_assert(true);\n")
certificate(quick_proof "" "${free}" ${proof})
certificate(slow_proof "the proof takes" "${free}" ${proof} -DLONG=-1)
