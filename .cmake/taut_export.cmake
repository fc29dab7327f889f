# SPDX-License-Identifier: Apache-2.0
# taut_export(TARGET MODEL header TYPE type WEIGHTS file.safetensors OUTPUT file
#             [KIND float|float_fma|int8|c] [VECTORS file.safetensors [TESTS count]] [NAME namespace]
#             [RANGE largest_norm smallest_std])
#
# Writes a trained network as a header for firmware, or as C, when TARGET is built and the weights, the model or the
# vectors have changed: a program of one line, made for the type that the model's header declares, runs
# taut/embed/export_command.hpp. TARGET includes "file", and compiles it if it is C; if there is no such target, it is made
# and only writes. A relative OUTPUT is in a folder of the build that TARGET finds.
#
#   taut_export(app MODEL digits_net.hpp TYPE Digits WEIGHTS digits.safetensors KIND int8 VECTORS inputs.safetensors
#               OUTPUT digits.hpp)
#
# Needs taut::weights. Its program runs here: a project for another processor exports in a project of this machine.

function(taut_export target)
  cmake_parse_arguments(PARSE_ARGV 1 its "" "MODEL;TYPE;WEIGHTS;OUTPUT;KIND;VECTORS;TESTS;NAME" "RANGE")
  set(usage "taut_export(TARGET MODEL header TYPE type WEIGHTS file OUTPUT file ...)")
  foreach(argument MODEL TYPE WEIGHTS OUTPUT)
    if(NOT its_${argument})
      message(FATAL_ERROR "${usage}: ${argument} is missing")
    endif()
  endforeach()
  if(its_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "${usage}: what is ${its_UNPARSED_ARGUMENTS}?")
  endif()
  if(NOT TARGET taut::weights)
    message(FATAL_ERROR "taut_export needs taut::weights: find_package(taut COMPONENTS weights)")
  endif()
  if(CMAKE_CROSSCOMPILING AND NOT CMAKE_CROSSCOMPILING_EMULATOR)
    message(FATAL_ERROR "taut_export runs a program: call it in a project for this machine, and include what it writes")
  endif()
  foreach(file MODEL WEIGHTS VECTORS)
    if(its_${file})
      cmake_path(ABSOLUTE_PATH its_${file} BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
    endif()
  endforeach()

  set(words --weights ${its_WEIGHTS})
  foreach(option KIND VECTORS TESTS NAME)
    if(DEFINED its_${option})
      string(TOLOWER ${option} name)
      list(APPEND words --${name} ${its_${option}})
    endif()
  endforeach()
  if(DEFINED its_RANGE)
    list(LENGTH its_RANGE count)
    if(NOT count EQUAL 2)
      message(FATAL_ERROR "${usage}: RANGE takes the largest norm of inputs and the smallest std of normalizers")
    endif()
    list(GET its_RANGE 0 norm)
    list(GET its_RANGE 1 std)
    list(APPEND words --largest-norm ${norm} --smallest-std ${std})
  endif()

  set(folder ${CMAKE_CURRENT_BINARY_DIR}/${target}_export)
  cmake_path(ABSOLUTE_PATH its_OUTPUT BASE_DIRECTORY ${folder})
  cmake_path(GET its_OUTPUT PARENT_PATH place)
  file(MAKE_DIRECTORY ${place})
  string(MD5 hash "${its_MODEL} ${its_TYPE}")
  string(SUBSTRING ${hash} 0 8 hash)
  string(MAKE_C_IDENTIFIER "taut_export_${its_TYPE}_${hash}" program)
  if(NOT TARGET ${program}) # one for all that is exported of a type
    set(source ${CMAKE_CURRENT_BINARY_DIR}/${program}.cpp)
    file(CONFIGURE OUTPUT ${source} CONTENT [[
#include <taut/base/macros_aside.hpp>
#include <taut/embed/export_command.hpp>
#include <taut/inference.hpp>
#include <taut/base/macros_back.hpp>

#include "@its_MODEL@"

int main(int count, char** words) { return taut::export_command<@its_TYPE@>(count, words); }
]] @ONLY)
    add_executable(${program} EXCLUDE_FROM_ALL ${source})
    target_link_libraries(${program} PRIVATE taut::weights)
    target_compile_options(${program} PRIVATE -O1) # it runs once
  endif()
  add_custom_command(
    OUTPUT ${its_OUTPUT}
    COMMAND ${program} ${words} --output ${its_OUTPUT}
    DEPENDS ${program} ${its_WEIGHTS} ${its_VECTORS}
    COMMENT "Exporting ${its_TYPE} to ${its_OUTPUT}" VERBATIM)
  if(TARGET ${target})
    target_sources(${target} PRIVATE ${its_OUTPUT})
    target_include_directories(${target} PRIVATE ${place})
  else()
    add_custom_target(${target} ALL DEPENDS ${its_OUTPUT})
  endif()
endfunction()
