// SPDX-License-Identifier: Apache-2.0
// Fused engines of random networks against each other and against the unfused reference in double.
#include "laws/laws.hpp"
#include "laws/random_network.hpp"

namespace {

using namespace taut;
using namespace taut::tests;

template <std::uint64_t Seed> void check() {
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

template <std::uint64_t First, std::uint64_t... I> void check_from(std::integer_sequence<std::uint64_t, I...>) {
  (check<First + I>(), ...);
}

}  // namespace

TEST_CASE("laws.compositions: 14 random networks run as evaluate does, in every lane") {
  check_from<0>(std::make_integer_sequence<std::uint64_t, 14>{});
}
