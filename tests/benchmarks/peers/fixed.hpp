// SPDX-License-Identifier: Apache-2.0
// For peers whose shapes the compiler knows: the network that BENCHMARK_NET names, and loops over its blocks.
#pragma once
#include <cstddef>
#include <utility>

#include "benchmarks/plugin.hpp"

namespace taut::benchmarks {

inline constexpr net described = nets[number_of(BENCHMARK_NET)];

template <class F, std::size_t... I>
[[gnu::always_inline]] inline void for_each_block(F&& f, std::index_sequence<I...>) {
  (f.template operator()<I>(), ...);
}
/// f.operator()<I>() for each block of the network, in order.
template <class F> [[gnu::always_inline]] inline void for_each_block(F&& f) {
  for_each_block(f, std::make_index_sequence<described.depth>{});
}

/// Peers of this file run one network only.
struct fixed_network {
  static bool accepts(const net& n) { return n.name == described.name; }
};

}  // namespace taut::benchmarks
