# SPDX-License-Identifier: Apache-2.0
cmake_minimum_required(VERSION 3.25)
get_filename_component(ROOT ${ROOT} ABSOLUTE) # globs relative to . give nothing
# cmake -DROOT=. -P tests/architecture/third_party.cmake
# Each third-party library has one home, given here as: what is included in which file. A test of a home's file
# lives at the same place under tests/. Everything else in angle brackets with a folder is unknown and refused.
set(homes
    "boost/hana(/|\\.hpp).* in ^(include/taut|tests)/base/"
    "boost/timer/.* in ^include/taut/train/progress.hpp"
    "xsimd/.* in ^(include/taut|tests)/simd/"
    "(xtensor|xtl)/.* in ^(include/taut|tests)/train/"
    "nlohmann/.* in ^((include/taut|tests)/weights|tests/benchmarks)/"
    "zlib\\.h in ^(include/taut|tests)/weights/gzip\\.[ch]pp$"
    "catch2/.* in ^tests/support/"
    "CLI/.* in ^(examples|tests/benchmarks)/"
    "(Eigen|oneapi|RTNeural)/.* in ^tests/benchmarks/peers/"
    "linux/.* in ^tests/engine/real_time.cpp"
    "(taut|sys)/.* in .")

file(GLOB_RECURSE files RELATIVE ${ROOT} ${ROOT}/include/*pp ${ROOT}/tests/*pp ${ROOT}/examples/*pp)
foreach(file IN LISTS files)
  file(STRINGS ${ROOT}/${file} lines REGEX "^[ \t]*#[ \t]*include[ \t]*<[^>]*(/|zlib)")
  foreach(line IN LISTS lines)
    string(REGEX REPLACE "^[^<]*<([^>]*)>.*" "\\1" included "${line}")
    set(known FALSE)
    foreach(entry IN LISTS homes)
      string(REGEX MATCH "^(.*) in (.*)$" unused "${entry}")
      set(library "${CMAKE_MATCH_1}")
      set(home "${CMAKE_MATCH_2}")
      if(included MATCHES "^${library}$")
        set(known TRUE)
        if(NOT file MATCHES "${home}")
          message(SEND_ERROR "${file}: <${included}> may be included only in ${home}")
        endif()
      endif()
    endforeach()
    if(NOT known)
      message(SEND_ERROR "${file}: <${included}> has no home")
    endif()
  endforeach()
endforeach()
