# SPDX-License-Identifier: Apache-2.0
# What the judges of this folder share: compilations that are measured, and object files that are.
#   COMPILER, FLAGS (a file), MEASURE (the program measure), SCRATCH (a folder), NM; OPTIMISE (-O2)
if(NOT DEFINED OPTIMISE)
  set(OPTIMISE -O2)
endif()
file(MAKE_DIRECTORY ${SCRATCH})

# compile(DEPTH SECONDS): SOURCE to SCRATCH/depth_DEPTH.o; sets time_DEPTH, memory_DEPTH and wall_DEPTH to the smallest so
# far; gives up after SECONDS.
macro(compile depth seconds)
  execute_process(COMMAND ${MEASURE} ${seconds} ${COMPILER} @${FLAGS} ${OPTIMISE} -DDEPTH=${depth} -c ${SOURCE}
                          -o ${SCRATCH}/depth_${depth}.o
                  OUTPUT_VARIABLE measured RESULT_VARIABLE status ERROR_VARIABLE said)
  string(REGEX MATCH "([0-9]+) ms ([0-9]+) MB ([0-9]+) ms ([0-9]+) ms" unused "${measured}")
  set(time ${CMAKE_MATCH_1})
  set(memory ${CMAKE_MATCH_2})
  set(time_in_all ${CMAKE_MATCH_3})
  set(wall ${CMAKE_MATCH_4})
  if(NOT status EQUAL 0)
    math(EXPR half "${seconds} * 500") # the kernel's clock, which the limit goes by, runs fast on a busy machine
    if(time_in_all GREATER half)
      message(FATAL_ERROR "depth ${depth} takes more than ${seconds} s and ${memory} MB")
    endif()
    string(SUBSTRING "${said}" 0 2000 said)
    message(NOTICE "${said}")
    message(FATAL_ERROR "depth ${depth} does not compile")
  endif()
  if(NOT DEFINED time_${depth} OR time LESS time_${depth})
    set(time_${depth} ${time})
    set(memory_${depth} ${memory})
    set(wall_${depth} ${wall})
  endif()
endmacro()

# look_into(DEPTH): sets text_DEPTH, the bytes of code in the object file, and longest_DEPTH and longest_symbol_DEPTH.
function(look_into depth)
  execute_process(COMMAND ${NM} --format=sysv ${SCRATCH}/depth_${depth}.o OUTPUT_VARIABLE table
                  COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX REPLACE "[][;]" " " table "${table}")
  string(REPLACE "\n" ";" symbols "${table}")
  set(text 0)
  set(longest 0)
  foreach(line IN LISTS symbols) # name | value | class | type | size | line | section
    if(NOT line MATCHES "^([^|]+)\\|[^|]*\\|[^|]*\\|[^|]*\\|([^|]*)\\|[^|]*\\|(.*)$")
      continue()
    endif()
    string(STRIP "${CMAKE_MATCH_1}" symbol)
    string(STRIP "${CMAKE_MATCH_2}" size)
    set(section "${CMAKE_MATCH_3}")
    if(section MATCHES "^\\.text" AND size)
      math(EXPR text "${text} + 0x${size}")
    endif()
    string(LENGTH "${symbol}" length)
    if(length GREATER longest)
      set(longest ${length})
      set(longest_symbol_${depth} "${symbol}" PARENT_SCOPE)
    endif()
  endforeach()
  set(text_${depth} ${text} PARENT_SCOPE)
  set(longest_${depth} ${longest} PARENT_SCOPE)
endfunction()
