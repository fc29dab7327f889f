# SPDX-License-Identifier: Apache-2.0
cmake_minimum_required(VERSION 3.25)
get_filename_component(ROOT ${ROOT} ABSOLUTE) # globs relative to . give nothing
# cmake -DROOT=. -P tests/architecture/twins.cmake
# Every header of a folder has a test of the same name: include/taut/net/network.hpp has tests/net/network.cpp. Every
# header starts with its licence, is included once (but for those that put macros aside and back), and has at most 400
# lines.
file(GLOB_RECURSE headers RELATIVE ${ROOT}/include/taut ${ROOT}/include/taut/*.hpp)
foreach(header IN LISTS headers)
  string(REGEX REPLACE "\\.hpp$" ".cpp" twin ${header})
  if(header MATCHES "/" AND NOT EXISTS ${ROOT}/tests/${twin})
    message(SEND_ERROR "${header} has no test tests/${twin}")
  endif()
  file(READ ${ROOT}/include/taut/${header} text)
  if(NOT text MATCHES "^// SPDX-License-Identifier: Apache-2\\.0\n")
    message(SEND_ERROR "${header}: the first line must be // SPDX-License-Identifier: Apache-2.0")
  endif()
  if(NOT text MATCHES "\n#pragma (once\n|push_macro|pop_macro)")
    message(SEND_ERROR "${header} lacks #pragma once")
  endif()
  string(REGEX REPLACE "[^\n]" "" line_ends "${text}")
  string(LENGTH "${line_ends}" lines)
  if(lines GREATER 400)
    message(SEND_ERROR "${header} has ${lines} lines, at most 400 are allowed")
  endif()
endforeach()
