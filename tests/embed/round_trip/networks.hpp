// SPDX-License-Identifier: Apache-2.0
// The networks that are exported and read back, and the values they are given.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <taut/embed/pocket_guard.hpp>
#include <taut/inference.hpp>
#include <vector>

/// A layer of a user: it doubles, and counts in 64 bits.
struct doubling : taut::layer_base {
  static constexpr auto name = taut::base::say("Doubling");
  static constexpr taut::fusion reads = taut::fusion::mixing;
  static constexpr auto wants = taut::base::say("any shape");
  static constexpr bool accepts(taut::shape) { return true; }
  static constexpr taut::shape output(taut::shape in) { return in; }
  static constexpr std::size_t multiply_adds(taut::shape in) { return in.size(); }
  static constexpr auto lipschitz(taut::shape) { return taut::constant(2); }
  template <taut::shape, class Real> struct parameters {
    std::array<std::int64_t, 1> calls{};
    static constexpr void tensors(auto&& visit) {
      visit(taut::tensor_info{"calls", taut::shape{}, taut::role::buffer}, &parameters::calls);
    }
  };
  template <taut::shape In, class P, class V> static constexpr void forward(const P&, const V* x, V* y) {
    for (std::size_t i = 0; i < In.size(); ++i) y[i] = x[i] + x[i];
  }
};
inline constexpr doubling Doubling{};

namespace round_trip {

using namespace taut;

struct digits : decltype(Input<64> >> Linear<32>(at_most<2.0>) >> LN(min_std<0.25>, gain_at_most<1.0>) >> ReLU >>
                         Linear<10>(at_most<2.0>)) {};
struct user
    : decltype(Input<5> >> Linear<5, 4>(no_bias) >> Doubling >> LN(no_affine, epsilon<0.001>) >> Tanh >> Linear<3>) {};
struct catalogue : decltype(Input<1, 8, 8> >> Conv2d<4, 3>(padding<1>, stride<2, 1>) >> BN(min_std<0.1>) >>
                            LeakyReLU<0.02> >> MaxPool<2> >> Flatten >> WeightNorm(Linear<12>) >> GN<3> >> SiLU >>
                            Residual(SpectralNorm<0.5>(Linear<12>) >> GELU) >>
                            Concat(Linear<3>, RMSNorm >> Linear<2>) >> Softmax) {};
struct raw : decltype(Input<20> >> WeightNorm(Linear<12>) >> BN >> LN(min_std<0.25>) >> ReLU >> Linear<4>) {};
struct large : decltype(Input<784> >> Linear<128> >> LN >> ReLU >> Linear<64> >> LN >> ReLU >> Linear<10>) {};

/// What the guard of `large` speaks of.
inline constexpr pocket_range range{.largest_norm = 20, .smallest_std = 0.75};

/// Values without any pattern; counters beyond 32 bits.
template <class P> void fill(P& p) {
  initialise(p, 5);
  base::random_stream random(6);
  for_each_tensor(p, [&random](std::string_view name, const shape&, auto values) {
    for (auto& v : values) {
      if constexpr (std::floating_point<std::remove_reference_t<decltype(v)>>) {
        if (name.ends_with("bias") || values.size() < 256) v += static_cast<float>(random.uniform(-0.25, 0.25));
      } else {
        v = -4'000'000'000'000'007;
      }
    }
  });
}

/// Deterministic inputs in [-1, 1].
template <class Net> std::vector<float> inputs(std::size_t count) {
  base::random_stream random(9);
  std::vector<float> values(count * Net::input_size);
  for (float& v : values) v = static_cast<float>(random.uniform(-1, 1));
  return values;
}

/// Whether two sets of parameters are the same bit for bit.
template <class A, class B> bool same_bits(const A& a, const B& b) {
  const auto bytes_of = [](const auto& p) {
    std::vector<std::byte> bytes;
    for_each_tensor(p, [&bytes](std::string_view, const shape&, auto values) {
      for (const std::byte one : std::as_bytes(values)) bytes.push_back(one);
    });
    return bytes;
  };
  return bytes_of(a) == bytes_of(b);
}

}  // namespace round_trip
