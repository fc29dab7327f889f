# SPDX-License-Identifier: Apache-2.0
cmake_minimum_required(VERSION 3.25)
# The header as it was written compiles; with one weight changed its own proof refuses it.
foreach(folder "${HEADERS}" "${HEADERS}/tampered")
  execute_process(COMMAND ${COMPILER} @${FLAGS} -fsyntax-only -fno-diagnostics-color -x c++ ${folder}/digits.hpp
                  RESULT_VARIABLE status OUTPUT_VARIABLE said ERROR_VARIABLE said)
  if(folder STREQUAL HEADERS AND NOT status EQUAL 0)
    message(FATAL_ERROR "the header does not compile:\n${said}")
  elseif(NOT folder STREQUAL HEADERS)
    if(status EQUAL 0 OR NOT said MATCHES "error: static assertion failed.*proves_lipschitz")
      message(FATAL_ERROR "the changed header is not refused by its proof (status ${status}):\n${said}")
    endif()
  endif()
endforeach()
