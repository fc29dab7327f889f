# SPDX-License-Identifier: Apache-2.0
cmake_minimum_required(VERSION 3.25)
# Headers and proofs as they were written compile; with one weight changed, a bound or a claim made smaller, the
# assertion refuses them.
function(compile source)
  execute_process(COMMAND ${COMPILER} @${FLAGS} -fsyntax-only -fno-diagnostics-color -x c++ ${HEADERS}/${source}
                  RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  set(status ${result} PARENT_SCOPE)
  set(said "${output}" PARENT_SCOPE)
endfunction()

foreach(source digits.hpp tight.hpp proofs/raw.cpp proofs/tight_apart.cpp)
  compile(${source})
  if(NOT status EQUAL 0)
    message(SEND_ERROR "${source} does not compile:\n${said}")
  endif()
endforeach()

foreach(source weight bound witness_weight witness_bound witness_claim)
  set(assertion "proves_lipschitz")
  if(source MATCHES "witness")
    set(assertion "verify")
  endif()
  compile(tampered/${source}.hpp)
  if(status EQUAL 0 OR NOT said MATCHES "error: static assertion failed.*${assertion}")
    message(SEND_ERROR "tampered/${source}.hpp is not refused by its proof (status ${status}):\n${said}")
  endif()
endforeach()
