// SPDX-License-Identifier: Apache-2.0
// How firmware runs an engine that is a constant, and asks when it starts whether this processor computes what the machine
// computed that wrote the weights, bit for bit.
//
//   infer<digits::engine>(x, y)                                  // x and y: arrays
//   reproduces<digits::engine>(test_inputs, test_outputs)        // digits::self_test() of an exported header
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <taut/engine/stage.hpp>
#include <taut/net/network.hpp>
#include <type_traits>

namespace taut {

/// y = the network of x: one function for the whole program, in which the compiler knows all constants of the engine. It
/// is a third shorter than one that is handed an engine.
template <const auto& Engine> [[gnu::noinline]] constexpr void infer(const float* x, float* y) {
  using engine = std::remove_cvref_t<decltype(Engine)>;
  typename engine::scratch buffers;
  Engine.run(x, y, buffers, no_observer{});
}

/// Whether the engine gives these outputs for these inputs, bit for bit.
template <const auto& Engine, std::size_t Count, std::size_t In, std::size_t Out>
[[nodiscard]] constexpr bool reproduces(const float (&inputs)[Count][In], const float (&outputs)[Count][Out]) {
  using network = typename std::remove_cvref_t<decltype(Engine)>::network_type;
  static_assert(In == network::input_size && Out == network::output_size);
  bool same = true;
  for (std::size_t i = 0; i < Count; ++i) {
    std::array<float, Out> y;
    infer<Engine>(inputs[i], y.data());
    for (std::size_t k = 0; k < Out; ++k)
      same = same && __builtin_bit_cast(std::uint32_t, y[k]) == __builtin_bit_cast(std::uint32_t, outputs[i][k]);
  }
  return same;
}

}  // namespace taut
