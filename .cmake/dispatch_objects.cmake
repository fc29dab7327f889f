# SPDX-License-Identifier: Apache-2.0
# Run by taut_dispatch when it builds: FOLDER/<level>.o is OBJECTS_<level> in one, in which only the functions that these
# objects define are seen, as <name>.<level>; FOLDER/choose.cpp has each <name>, and jumps to the best level's.
cmake_minimum_required(VERSION 3.25)

function(run)
  execute_process(COMMAND ${ARGN} OUTPUT_VARIABLE output ERROR_VARIABLE said RESULT_VARIABLE status)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${ARGN}\n${said}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

file(MAKE_DIRECTORY ${FOLDER})
set(reference "")
foreach(level IN LISTS LEVELS)
  string(MAKE_C_IDENTIFIER ${level} name)
  set(object ${FOLDER}/${name}.o)
  # Groups of sections that linkers merge by name become sections of this object alone.
  run(${LINKER} -r --force-group-allocation -o ${object} ${OBJECTS_${name}})

  run(${OBJDUMP} -h ${object})
  if(output MATCHES "[.](init_array|ctors)")
    message(FATAL_ERROR
      "taut_dispatch: these files initialise an object of namespace scope when the program starts, whatever the processor "
      "has. Make it constexpr or a static of a function, and do not include <iostream>: ${OBJECTS_${name}}")
  endif()

  run(${NM} --defined-only --extern-only --format=posix ${object})
  string(REGEX MATCHALL "[^\n ]+ T " functions "${output}")
  list(TRANSFORM functions REPLACE " T $" "")
  list(SORT functions)
  if(NOT functions)
    message(FATAL_ERROR "taut_dispatch: these files define no function that others could call: ${OBJECTS_${name}}")
  endif()
  if(reference STREQUAL "")
    set(reference "${functions}")
  elseif(NOT functions STREQUAL reference)
    message(FATAL_ERROR "taut_dispatch: the functions of the levels differ; a signature depends on the lanes:\n"
                        "  ${reference}\n  ${functions}")
  endif()

  set(renamed "")
  set(kept "")
  foreach(function IN LISTS functions)
    string(APPEND renamed "${function} ${function}.${name}\n")
    string(APPEND kept "${function}.${name}\n")
  endforeach()
  file(WRITE ${FOLDER}/${name}.renamed "${renamed}")
  file(WRITE ${FOLDER}/${name}.kept "${kept}")
  run(${OBJCOPY} --redefine-syms=${FOLDER}/${name}.renamed ${object})
  run(${OBJCOPY} --keep-global-symbols=${FOLDER}/${name}.kept ${object})
endforeach()

# The pointers begin at the lowest level: a function that is called before the choice is slower, not wrong.
string(SHA256 chosen "${FOLDER}")
string(SUBSTRING ${chosen} 0 12 chosen)
set(chosen taut_chosen_${chosen})
list(GET LEVELS -1 lowest)
string(MAKE_C_IDENTIFIER ${lowest} lowest_name)
set(declared "")
set(choices "")
foreach(level IN LISTS LEVELS)
  string(MAKE_C_IDENTIFIER ${level} name)
  set(of_${name} "")
  foreach(function IN LISTS reference)
    string(MAKE_C_IDENTIFIER ${function} c_name)
    string(APPEND declared "void ${name}_${c_name}() asm(\"${function}.${name}\");\n")
    string(APPEND of_${name} "${name}_${c_name}, ")
  endforeach()
  if(NOT level STREQUAL lowest)
    string(APPEND choices "  allowed = allowed || std::strcmp(most, \"${level}\") == 0;\n"
           "  if (allowed && __builtin_cpu_supports(\"${level}\")) return take({${of_${name}}});\n")
  endif()
endforeach()
list(LENGTH reference count)
set(jumps "")
set(at 0)
foreach(function IN LISTS reference)
  string(APPEND jumps "asm(\".text\\n.p2align 4\\n.globl ${function}\\n.type ${function}, @function\\n${function}:\\n\"\n"
         "    \"endbr64\\njmp *${chosen}+${at}(%rip)\\n.size ${function}, .-${function}\\n\");\n")
  math(EXPR at "${at} + 8")
endforeach()
file(WRITE ${FOLDER}/choose.cpp "// Written by taut_dispatch: the functions jump to those of the best level.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>

extern \"C\" {
using taut_function = void (*)();
${declared}extern taut_function ${chosen}[${count}] __attribute__((visibility(\"hidden\")));
taut_function ${chosen}[] = {${of_${lowest_name}}};
}

namespace {

void take(const std::array<taut_function, ${count}>& level) { std::copy(level.begin(), level.end(), ${chosen}); }

[[gnu::constructor(101)]] void choose() {
  __builtin_cpu_init();
  const char* const most = std::getenv(\"TAUT_DISPATCH\");
  bool allowed = most == nullptr;
${choices}}

}  // namespace

${jumps}")
