// SPDX-License-Identifier: Apache-2.0
// The two programs of a network, one object; startup.cpp calls the one that the linker is told. `bare` is the smallest
// program with a network in it: its size is what a network costs. `report` prints what the network does here: the label
// of its first test input, stack and instructions of an inference, and whether all outputs are those of its header.
#pragma once
#include <taut/embedded.hpp>

#include "semihosting.hpp"

namespace firmware {

/// From an input somewhere in memory to an output there.
template <const auto& Engine> int bare() {
  float* memory;
  asm volatile("" : "=r"(memory)::"memory");
  taut::infer<Engine>(memory, memory + std::remove_cvref_t<decltype(Engine)>::network_type::input_size);
  asm volatile("" ::: "memory");
  return 0;
}

/// What an engine is made of.
template <class Net, class Arithmetic> consteval taut::memory_budget memory_of(const taut::engine<Net, Arithmetic>*) {
  return taut::memory<Net, Arithmetic>;
}
template <class Net, class Arithmetic>
consteval taut::operation_budget operations_of(const taut::engine<Net, Arithmetic>*) {
  return taut::operations<Net, Arithmetic>;
}

/// What the compiler knows of it; run.sh compares it with what is measured.
template <const auto& Engine> void print_budget() {
  constexpr std::remove_cvref_t<decltype(Engine)>* none = nullptr;
  constexpr auto memory = memory_of(none);
  constexpr auto operations = operations_of(none);
  const auto say = [](const char* what, std::size_t n) {
    semihosting::print(what), semihosting::print(static_cast<std::uint32_t>(n));
  };
  say(" weights=", memory.weights), say(" activations=", memory.activations);
  say(" multiply_adds=", operations.multiply_adds), say(" loads=", operations.loads);
}

/// Label, radius and contract of an input, if there is a guard.
template <const auto& Engine, const auto& Guard, std::size_t In> void print_certificate(const float (&x)[In]) {
  using semihosting::print;
  const auto v = certify(Guard, Engine, x);
  const auto parts = static_cast<std::uint32_t>(v.radius * 10'000);  // downward
  print(" radius="), print(parts / 10'000), print(".");
  for (std::uint32_t digit = 1'000; digit > 0; digit /= 10) print(parts / digit % 10);
  print(" contract="), print(v.contract_holds ? 1u : 0u);
}

/// Its status is 0 if all outputs have the bits of the header.
template <const auto& Engine, std::size_t Count, std::size_t In, std::size_t Out>
int report(const float (&inputs)[Count][In], const float (&outputs)[Count][Out]) {
  using semihosting::print;
  float y[Out];
  const auto once = [&] { taut::infer<Engine>(inputs[0], y); };
  const std::uint32_t instructions = semihosting::instructions(once), stack = semihosting::stack(once);
  std::size_t label = 0;
  for (std::size_t i = 1; i < Out; ++i)
    if (y[i] > y[label]) label = i;
  const bool equal = taut::reproduces<Engine>(inputs, outputs);
  print("label="), print(label);
  print(" stack="), print(stack);
  print(" instructions="), print(instructions);
  print(" equal="), print(equal ? 1u : 0u);
  print_budget<Engine>();
  return equal ? 0 : 1;
}

}  // namespace firmware
