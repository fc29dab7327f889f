# SPDX-License-Identifier: Apache-2.0
cmake_minimum_required(VERSION 3.25)
# Each rule of this folder is shown a small house in order, which it must accept, and the same house with one planted
# violation, which it must refuse with the right words.
set(head "// SPDX-License-Identifier: Apache-2.0\n#pragma once\n")

function(build_house)
  file(REMOVE_RECURSE ${SCRATCH})
  file(WRITE ${SCRATCH}/include/taut/base/text.hpp "${head}#include <boost/hana/tuple.hpp>\n#include <vector>\n")
  file(WRITE ${SCRATCH}/include/taut/simd/lane.hpp "${head}#include <xsimd/xsimd.hpp>\n#include <taut/base/text.hpp>\n")
  file(WRITE ${SCRATCH}/include/taut/layers/relu.hpp "${head}#include <taut/simd/lane.hpp>\n")
  file(WRITE ${SCRATCH}/include/taut/layers/tanh.hpp "${head}// #include <taut/layers/relu.hpp>\n")
  file(WRITE ${SCRATCH}/include/taut/weights/gzip.hpp "${head}#include <zlib.h>\n#include <sys/stat.h>\n")
  file(WRITE ${SCRATCH}/include/taut/train/fit.hpp "${head}#include <xtensor/xtensor.hpp>\n")
  file(WRITE ${SCRATCH}/include/taut/inference.hpp "${head}#include <taut/weights/gzip.hpp>\n")
  file(WRITE ${SCRATCH}/include/taut/taut.hpp "${head}#include <taut/inference.hpp>\n#include <taut/train/fit.hpp>\n")
  foreach(twin base/text simd/lane layers/relu layers/tanh weights/gzip train/fit)
    file(WRITE ${SCRATCH}/tests/${twin}.cpp "#include \"support/catch.hpp\"\n")
  endforeach()
  file(WRITE ${SCRATCH}/tests/support/catch.hpp "#include <catch2/catch.hpp>\n")
  file(WRITE ${SCRATCH}/examples/digits.cpp "#include <CLI/CLI.hpp>\n")
endfunction()

# judge(RULE WORDS): the rule must refuse the house with these words, or accept it when WORDS is empty.
function(judge rule words)
  execute_process(COMMAND ${CMAKE_COMMAND} -DROOT=${SCRATCH} -P ${CMAKE_CURRENT_LIST_DIR}/${rule}.cmake
                  RESULT_VARIABLE status ERROR_VARIABLE said OUTPUT_VARIABLE said)
  string(REGEX REPLACE "[ \n]+" " " said "${said}")
  if(words STREQUAL "" AND NOT status EQUAL 0)
    message(SEND_ERROR "${rule} refuses a house in order: ${said}")
  elseif(NOT words STREQUAL "" AND (status EQUAL 0 OR NOT said MATCHES "${words}"))
    message(SEND_ERROR "${rule} does not say '${words}' but: ${said}")
  endif()
endfunction()

# planted(RULE WORDS FILE TEXT): the house with this one file more, or in place of what was there.
function(planted rule words file text)
  build_house()
  file(WRITE ${SCRATCH}/${file} "${text}")
  judge(${rule} "${words}")
endfunction()

build_house()
foreach(rule floors third_party twins)
  judge(${rule} "")
endforeach()

set(taut include/taut)
planted(floors "must not include simd/lane.hpp" ${taut}/base/up.hpp "${head}#include <taut/simd/lane.hpp>\n")
planted(floors "must not include the layer" ${taut}/layers/elu.hpp "${head}# include <taut/layers/relu.hpp>\n")
planted(floors "must not include train/fit.hpp" ${taut}/weights/peek.hpp "${head}#include <taut/train/fit.hpp>\n")
planted(floors "must not include weights/gzip.hpp" ${taut}/train/peek.hpp "${head}#include <taut/weights/gzip.hpp>\n")
planted(floors "must not include taut.hpp" ${taut}/theory/all.hpp "${head}#include <taut/taut.hpp>\n")
planted(floors "write #include <taut/" ${taut}/simd/near.hpp "${head}#include \"lane.hpp\"\n")
planted(floors "does not exist" ${taut}/simd/typo.hpp "${head}#include <taut/base/txet.hpp>\n")
planted(floors "attic has no floor" ${taut}/attic/box.hpp "${head}")

planted(third_party "only in .*base" ${taut}/net/list.hpp "${head}#include <boost/hana.hpp>\n")
planted(third_party "only in .*simd" ${taut}/engine/run.hpp "${head}#include <xsimd/xsimd.hpp>\n")
planted(third_party "only in .*train" ${taut}/theory/plot.hpp "${head}  #  include <xtensor/xview.hpp>\n")
planted(third_party "only in .*weights" ${taut}/embed/save.hpp "${head}#include <nlohmann/json.hpp>\n")
planted(third_party "only in .*gzip" ${taut}/weights/idx.hpp "${head}#include <zlib.h>\n")
planted(third_party "only in .*support" tests/net/list.cpp "#include <catch2/catch.hpp>\n")
planted(third_party "only in .*examples" ${taut}/embed/options.hpp "${head}#include <CLI/CLI.hpp>\n")
planted(third_party "has no home" ${taut}/base/linear.hpp "${head}#include <Eigen/Dense>\n")

planted(twins "has no test tests/net/list.cpp" ${taut}/net/list.hpp "${head}")
planted(twins "first line must be" ${taut}/base/text.hpp "#pragma once\n")
planted(twins "lacks #pragma once" ${taut}/base/text.hpp "// SPDX-License-Identifier: Apache-2.0\n")
string(REPEAT "\n" 400 long)
planted(twins "402 lines" ${taut}/base/text.hpp "${head}${long}")

# A header that forgot an include must not pass the target behind architecture.self_contained.
foreach(house "complete;#include <vector>\n;0" "forgetful;;1")
  list(GET house 0 name)
  list(GET house 1 include)
  list(GET house 2 expected)
  set(project ${SCRATCH}/${name})
  file(WRITE ${project}/a.hpp "${head}${include}inline std::vector<int> list;\n")
  file(WRITE ${project}/CMakeLists.txt "cmake_minimum_required(VERSION 3.25)\nproject(planted LANGUAGES CXX)\n"
       "add_library(a INTERFACE)\ntarget_sources(a INTERFACE FILE_SET HEADERS BASE_DIRS . FILES a.hpp)\n"
       "set_target_properties(a PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON)\n")
  execute_process(COMMAND ${CMAKE_COMMAND} -S ${project} -B ${project}/build -G ${GENERATOR}
                          -DCMAKE_CXX_COMPILER=${COMPILER}
                  OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND ${CMAKE_COMMAND} --build ${project}/build --target all_verify_interface_header_sets
                  RESULT_VARIABLE status OUTPUT_QUIET ERROR_QUIET)
  if((expected EQUAL 0 AND NOT status EQUAL 0) OR (expected EQUAL 1 AND status EQUAL 0))
    message(SEND_ERROR "the ${name} header: building the header alone ended with status ${status}")
  endif()
endforeach()
