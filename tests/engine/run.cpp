// SPDX-License-Identifier: Apache-2.0
// One sample through stages that are written out or loops, with activations in registers or in buffers.
#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <taut/inference.hpp>
#include <type_traits>
#include <vector>

#include "laws/laws.hpp"

namespace {

using namespace taut;
using namespace taut::tests;

template <class Net> void check(std::uint64_t seed) {
  auto p = random_parameters<Net>(seed);
  check_kernels(p, seed, 2);
  base::for_each_index<Net::depth>([&]<std::size_t I>() {  // without offsets the scale is owed in another way
    if constexpr (requires { get<I>(p).offset; }) get<I>(p).offset.fill(0);
  });
  check_kernels(p, seed, 1);
}

template <std::size_t A, std::size_t B> auto turns_of() {
  auto turn = Input<B> >> Linear<A> >> LN >> ReLU >> Linear<B> >> RMSNorm;
  auto four = turn >> Linear<A> >> LN >> ReLU >> Linear<B> >> RMSNorm >> Linear<A> >> LN >> ReLU >> Linear<B> >>
              RMSNorm >> Linear<A> >> LN >> ReLU >> Linear<B> >> RMSNorm;
  return four >> Linear<A> >> LN >> ReLU >> Linear<B> >> RMSNorm >> Linear<2>;
}
template <std::size_t A, std::size_t B> using turns = typename decltype(turns_of<A, B>())::normal_form;

struct chain : decltype(Input<3> >> Linear<3> >> LN >> Linear<3> >> LN >> Linear<3> >> LN >> Linear<3> >> LN >>
                        Linear<3> >> LN >> Linear<3> >> LN >> Linear<3> >> LN >> Linear<3> >> LN >> Linear<3> >> LN >>
                        Linear<3> >> LN >> Linear<1>) {};

struct narrow : decltype(Input<16> >> Linear<16> >> LN >> ReLU >> Linear<16> >> Tanh >> Linear<3>) {};

}  // namespace

TEST_CASE("engine.run: turns whose activations stay in registers, or do not fit there") {
  check<chain::normal_form>(1);
  check<turns<3, 7>>(2);    // narrow registers of two widths
  check<turns<18, 5>>(3);   // several registers in a turn
  check<turns<70, 40>>(4);  // buffers
}

TEST_CASE("engine.run: nothing is read or written beyond the caller's floats") {
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  const auto check_exact = [&]<class Net>(std::type_identity<Net>) {
    const auto p = random_parameters<Net>(5);
    const auto run = compile(p);
    constexpr std::size_t in = Net::input_size, out = Net::output_size;
    base::random_stream random(6);
    const auto inside = random_vector<float>(random, in);
    std::array<float, in + 32> x;
    std::array<float, out + 32> y;
    x.fill(nan), y.fill(-7);
    std::copy_n(inside.begin(), in, x.begin() + 3);
    typename engine<Net>::scratch s;
    run.run(x.data() + 3, y.data() + 5, s, no_observer{});
    const auto expected = run(inside);
    for (std::size_t i = 0; i < y.size(); ++i) {
      if (i >= 5 && i < 5 + out) CHECK(same_bits(std::array{y[i]}, std::array{expected[i - 5]}));
      else CHECK(y[i] == -7);
    }
  };
  check_exact(std::type_identity<chain::normal_form>{});
  check_exact(std::type_identity<net_of<shape{7}, layer::linear<19, 0>, layer::relu, layer::linear<10, 0>>>{});
  check_exact(std::type_identity<net_of<shape{21}, layer::linear<83, 0>>>{});
}

TEST_CASE("engine.run: lanes of 8 on request, with the bits of their portable twins") {
  using eight = simd::resized<simd::native, std::min<std::size_t>(8, simd::width<simd::native>)>;
  using twin = simd::portable<simd::width<eight>>;
  const auto p = random_parameters<narrow>(8);
  const auto run = compile<float32<eight>>(p);
  const auto slow = compile<float32<twin>>(p);
  static_assert(std::same_as<decltype(run), const engine<narrow, float32<eight>>>);
  base::random_stream random(9);
  for (int i = 0; i < 20; ++i) {
    const auto x = random_vector<float>(random, 16, 2);
    const auto at = std::span(x).first<16>();
    const auto y = run(at);
    const auto truth = evaluate(p, at);
    CHECK(same_bits(y, slow(at)));
    for (std::size_t k = 0; k < 3; ++k) CHECK(static_cast<double>(y[k]) == Approx(truth[k]).epsilon(1e-4).margin(1e-5));
  }
}

TEST_CASE("engine.run: observers see every normalizer of a loop in order, under its own number") {
  const auto p = random_parameters<chain::normal_form>(7);
  const auto run = compile(p);
  const std::array x{0.5f, -1.0f, 2.0f};
  std::vector<double> truth, at(x.begin(), x.end());
  base::for_each_index<chain::depth>([&]<std::size_t I>() {
    using L = layer_of<chain, I>;
    if constexpr (L::reads == fusion::normalizer)
      truth.push_back(std::sqrt(normalizer::measure<L>(at.data(), at.size()).variance));
    std::vector<double> next(chain::shapes[I + 1].size());
    forward<L, chain::shapes[I]>(get<I>(p), at.data(), next.data());
    at = next;
  });
  std::size_t next = 0;
  const auto y = run(x, [&](std::size_t layer, float std) {
    CHECK(layer == 2 * next + 1);
    CHECK(static_cast<double>(std) == Approx(truth[next]).epsilon(1e-2));
    ++next;
  });
  CHECK(next == 10);
  CHECK(same_bits(y, run(x)));
}
