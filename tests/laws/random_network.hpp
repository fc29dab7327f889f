// SPDX-License-Identifier: Apache-2.0
// Random compositions of layers as types, drawn by the compiler from a seed: random_network<7> is a network of depth 1
// to 8 whose widths are between 1 and 70, so that no width is a stranger to the kernels.
#pragma once
#include <taut/inference.hpp>
#include <utility>

namespace taut::tests {

namespace drawing {

/// The width of a layer: often small or next to a multiple of a register, 1 to 70.
constexpr std::size_t width(base::random_stream& random) {
  constexpr std::size_t edges[] = {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 48, 63, 64, 65};
  return random.below(2) == 0 ? edges[random.below(std::size(edges))] : 1 + random.below(70);
}
constexpr std::size_t draw(std::uint64_t seed, std::uint64_t step, bool of_width, std::size_t below) {
  base::random_stream random(seed * 1000003 + step * 7919 + (of_width ? 1 : 0));
  random.next();
  return of_width ? width(random) : random.below(below);
}

/// What may follow an affine layer, a normalizer or a pointwise layer: chains as people build them, and odd ones.
template <std::uint64_t Seed, std::size_t Step> constexpr auto layer_at() {
  constexpr std::size_t w = draw(Seed, Step, true, 0), what = draw(Seed, Step, false, 16);
  if constexpr (what < 5) return Linear<w>;
  else if constexpr (what < 6) return Linear<w>(no_bias);
  else if constexpr (what < 8) return LN;
  else if constexpr (what < 10) return LN(no_affine, epsilon<0.01>);
  else if constexpr (what < 14) return ReLU;
  else return Tanh;
}
template <std::uint64_t Seed, std::size_t Step> constexpr auto block_at() {
  constexpr std::size_t w = draw(Seed, Step, true, 0), what = draw(Seed, Step, false, 8);
  if constexpr (what == 0) return Linear<w> >> LN >> ReLU;
  else if constexpr (what == 1) return Linear<w> >> LN(no_affine) >> ReLU;
  else if constexpr (what == 2) return Linear<w>(no_bias) >> LN >> Tanh;
  else if constexpr (what == 3) return Linear<w> >> LN;
  else if constexpr (what == 4) return Linear<w> >> ReLU >> LN(no_affine, epsilon<0.1>);
  else if constexpr (what == 5) return Linear<w> >> LN >> ReLU >> ReLU;
  else return layer_at<Seed, Step>() >> layer_at<Seed, Step + 100>();
}

template <std::uint64_t Seed, std::size_t Step, std::size_t Steps> constexpr auto grow(auto net) {
  if constexpr (Step == Steps) return net;
  else return grow<Seed, Step + 1, Steps>(net >> block_at<Seed, Step>());
}

}  // namespace drawing

/// The network of a seed.
template <std::uint64_t Seed> struct random_network
    : decltype(drawing::grow<Seed, 1, 2 + Seed % 3>(Input<drawing::draw(Seed, 0, true, 0)>)) {};

}  // namespace taut::tests
