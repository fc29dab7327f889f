# SPDX-License-Identifier: Apache-2.0
# taut_dispatch(TARGET [LEVELS level...] SOURCES file...)
#
# The functions that these files define are compiled once for each level of x86-64; when the program starts, it takes the
# best that its processor has, and the lowest of the list wherever it runs. They are declared and called like any others:
# a jump through a pointer leads to the level's code. Levels are what -march takes, by default x86-64-v4 (AVX-512),
# x86-64-v3 (AVX2, fma) and x86-64. The environment variable TAUT_DISPATCH names a level that is not exceeded. For other
# processors the files are sources like any other.
#
# Functions of the same name compiled with different flags must not meet: a linker keeps one copy of each inline function,
# perhaps one that this processor cannot run. So each level becomes one object that shows only the functions defined in
# these files, under a name of their own (dispatch_objects.cmake). Their signatures must not depend on the lanes:
# parameters<Net>, spans and arrays do not, engine<Net> does. Needs ELF and GNU binutils; no -flto, no sanitizers.

function(taut_dispatch target)
  cmake_parse_arguments(PARSE_ARGV 1 its "" "" "LEVELS;SOURCES")
  if(NOT its_SOURCES OR its_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "taut_dispatch(${target} [LEVELS level...] SOURCES file...): got ${ARGN}")
  endif()
  if(NOT DEFINED its_LEVELS)
    set(its_LEVELS x86-64-v4 x86-64-v3 x86-64)
  endif()
  if(NOT CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$" OR APPLE OR WIN32)
    target_sources(${target} PRIVATE ${its_SOURCES})
    return()
  endif()

  foreach(level IN LISTS its_LEVELS)
    if(NOT level MATCHES "^x86-64(-v[234])?$")
      message(FATAL_ERROR "taut_dispatch: the levels are x86-64-v4, x86-64-v3, x86-64-v2 and x86-64, not ${level}")
    endif()
  endforeach()
  list(SORT its_LEVELS ORDER DESCENDING)
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/${target}_dispatch)
  get_property(count DIRECTORY PROPERTY taut_dispatched) # a target may be given files more than once
  math(EXPR count "0${count} + 1")
  set_property(DIRECTORY PROPERTY taut_dispatched ${count})
  string(APPEND folder _${count})
  set(made ${folder}/choose.cpp)
  set(lists "")
  foreach(level IN LISTS its_LEVELS)
    string(MAKE_C_IDENTIFIER ${level} name)
    set(objects ${target}_dispatch_${count}_${name})
    add_library(${objects} OBJECT ${its_SOURCES})
    foreach(property COMPILE_DEFINITIONS INCLUDE_DIRECTORIES COMPILE_OPTIONS COMPILE_FEATURES)
      set_property(TARGET ${objects} PROPERTY ${property} $<TARGET_PROPERTY:${target},${property}>)
    endforeach()
    foreach(property CXX_STANDARD CXX_STANDARD_REQUIRED CXX_EXTENSIONS POSITION_INDEPENDENT_CODE)
      get_target_property(value ${target} ${property})
      if(NOT value MATCHES "NOTFOUND$")
        set_target_properties(${objects} PROPERTIES ${property} ${value})
      endif()
    endforeach()
    set_target_properties(${objects} PROPERTIES INTERPROCEDURAL_OPTIMIZATION OFF)
    get_target_property(type ${target} TYPE)
    if(type MATCHES "SHARED|MODULE")
      set_target_properties(${objects} PROPERTIES POSITION_INDEPENDENT_CODE ON)
    endif()
    # the level's flags come last, behind those of the libraries: there they win
    add_library(${objects}_flags INTERFACE)
    target_compile_options(${objects}_flags INTERFACE -march=${level})
    target_link_libraries(${objects} PRIVATE $<TARGET_PROPERTY:${target},LINK_LIBRARIES> ${objects}_flags)
    list(APPEND made ${folder}/${name}.o)
    list(APPEND lists "-DOBJECTS_${name}=$<TARGET_OBJECTS:${objects}>")
    list(APPEND dependencies ${objects} $<TARGET_OBJECTS:${objects}>)
  endforeach()
  add_custom_command(
    OUTPUT ${made}
    COMMAND ${CMAKE_COMMAND} "-DLEVELS=${its_LEVELS}" ${lists} -DFOLDER=${folder} -DLINKER=${CMAKE_LINKER} -DNM=${CMAKE_NM}
            -DOBJCOPY=${CMAKE_OBJCOPY} -DOBJDUMP=${CMAKE_OBJDUMP} -P ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/dispatch_objects.cmake
    DEPENDS ${dependencies} ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/dispatch_objects.cmake
    COMMENT "Localising the levels of ${target}" VERBATIM)
  set_source_files_properties(${made} PROPERTIES GENERATED ON)
  set_source_files_properties(${folder}/choose.cpp PROPERTIES COMPILE_OPTIONS "-march=x86-64;-fno-lto")
  list(POP_FRONT made)
  set_source_files_properties(${made} PROPERTIES EXTERNAL_OBJECT ON)
  target_sources(${target} PRIVATE ${made} ${folder}/choose.cpp)
endfunction()
