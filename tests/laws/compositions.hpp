// SPDX-License-Identifier: Apache-2.0
// The engines of a random network against each other and against evaluate, in every lane, with and without offsets.
#pragma once
#include <cstdint>
#include <string>
#include <utility>

#include "laws/laws.hpp"
#include "laws/random_network.hpp"

namespace taut::tests {

/// The engines of random_network<Seed>.
template <std::uint64_t Seed> void check_composition() {
  using Net = random_network<Seed>;
  std::string layers(Net::input::name.view());
  base::for_each_index<Net::depth>(
      [&]<std::size_t I>() { layers += " >> " + std::string(layer_of<Net, I>::name.view()); });
  INFO("random_network<" << Seed << ">: " << layers);
  for (std::uint64_t seed = 1; seed <= 2; ++seed) {
    auto p = random_parameters<Net>(seed * 77 + Seed);
    check_engines(p, seed, 3);
    base::for_each_index<Net::depth>([&]<std::size_t I>() {  // without offsets the scale may stay owed
      if constexpr (requires { get<I>(p).offset; }) get<I>(p).offset.fill(0);
    });
    check_engines(p, seed, 2);
  }
}

/// Those of the seeds First, First + 1, ...
template <std::uint64_t First, std::uint64_t... I> void check_compositions(std::integer_sequence<std::uint64_t, I...>) {
  (check_composition<First + I>(), ...);
}

}  // namespace taut::tests
