# SPDX-License-Identifier: Apache-2.0
cmake_minimum_required(VERSION 3.25)
get_filename_component(ROOT ${ROOT} ABSOLUTE) # globs relative to . give nothing
# cmake -DROOT=. -P tests/architecture/layers.cmake            docs/layers.md is what the headers of the layers say
# cmake -DROOT=. -DWRITE=ON -P tests/architecture/layers.cmake writes it
# Both check that each comment has its entries and that taut/inference.hpp brings each layer.
include(${CMAKE_CURRENT_LIST_DIR}/layer_comments.cmake)
file(GLOB headers ${ROOT}/include/taut/layers/*.hpp)
list(SORT headers)
if(NOT headers)
  message(FATAL_ERROR "no layers under ${ROOT}/include/taut/layers")
endif()
file(READ ${ROOT}/include/taut/inference.hpp umbrella)
set(index "")
set(body "")
foreach(header IN LISTS headers)
  get_filename_component(file ${header} NAME_WE)
  layer_comment(${header} the)
  foreach(required about Lipschitz Gradient Example)
    if("${the_${required}}" STREQUAL "")
      message(SEND_ERROR "${header}: its comment has no entry ${required}")
    endif()
  endforeach()
  string(FIND "${umbrella}" "#include <taut/layers/${file}.hpp>\n" found)
  if(found EQUAL -1)
    message(SEND_ERROR "taut/inference.hpp does not include taut/layers/${file}.hpp")
  endif()
  string(FIND "${the_about}" ": " colon)
  string(SUBSTRING "${the_about}" 0 ${colon} title)
  string(REPLACE "<" "&lt;" plain_title "${title}")
  string(APPEND index "[${plain_title}](#${file}) · ")
  string(APPEND body "\n<a id=\"${file}\"></a>\n## ${plain_title}\n")
  math(EXPR colon "${colon} + 2")
  string(SUBSTRING "${the_about}" ${colon} -1 about)
  string(REPLACE "<" "&lt;" about "${about}")
  string(APPEND body "${about}\n\n")
  foreach(entry Options Lipschitz Range Gradient)
    if(NOT "${the_${entry}}" STREQUAL "")
      string(REPLACE "<" "&lt;" text "${the_${entry}}")
      string(APPEND body "* **${entry}** ${text}\n")
    endif()
  endforeach()
  string(APPEND body "* **Example** `${the_Example}`\n")
  if(NOT "${the_remarks}" STREQUAL "")
    string(REPLACE "<" "&lt;" text "${the_remarks}")
    string(APPEND body "\n${text}\n")
  endif()
endforeach()
string(REGEX REPLACE " · $" "" index "${index}")
list(LENGTH headers count)
set(document
    "# The layers

${count} files under `include/taut/layers/`, one a layer. This page is made of their comments:
`cmake -DROOT=. -DWRITE=ON -P tests/architecture/layers.cmake`; a test checks that it is current, and compiles and runs every example.
Constants are for Euclidean norms; `P = I - 11'/n`; \"exact\" means attained or approached, \"at most\" a bound.

${index}
${body}")
if(WRITE)
  file(WRITE ${ROOT}/docs/layers.md "${document}")
else()
  file(READ ${ROOT}/docs/layers.md written)
  if(NOT written STREQUAL document)
    message(SEND_ERROR "docs/layers.md is not what the headers say: cmake -DROOT=. -DWRITE=ON -P tests/architecture/layers.cmake")
  endif()
endif()
message(STATUS "${count} layers are documented")
