// SPDX-License-Identifier: Apache-2.0
// Engines of networks of each kind of stage, in the widest lane of the target, against the reference in double; and what
// the compiler computes against what the program computes, bit for bit. Without files and exceptions.
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <taut/inference.hpp>
#include <vector>

#include "support/catch.hpp"

namespace {

using namespace taut;

template <class Net> double worst_difference(std::uint64_t seed) {
  static parameters<Net> p;
  initialise(p, seed);
  base::random_stream random(seed + 1);
  for_each_tensor(p, [&](std::string_view, const shape&, auto values) {  // offsets and gains that are not 0 and 1
    if constexpr (std::same_as<typename decltype(values)::element_type, float>)
      for (float& v : values) v += static_cast<float>(0.1 * random.uniform());
  });
  static engine<Net> e;
  compile(p, e);
  constexpr std::size_t samples = 19;
  std::vector<float> x(samples * Net::input_size), y(samples * Net::output_size);
  for (float& v : x) v = static_cast<float>(2 * random.uniform() - 1);
  e.batch(x, y);
  double worst = 0;
  for (std::size_t s = 0; s < samples; ++s) {
    const std::span<const float> sample(&x[s * Net::input_size], Net::input_size);
    const auto truth = evaluate(p, sample);
    const auto alone = e(sample);
    double size = 1;
    for (const double t : truth) size = std::fmax(size, std::fabs(t));
    for (std::size_t i = 0; i < truth.size(); ++i) {
      worst = std::fmax(worst, std::fabs(static_cast<double>(alone[i]) - truth[i]) / size);
      worst = std::fmax(worst, std::fabs(static_cast<double>(y[s * Net::output_size + i]) - truth[i]) / size);
    }
  }
  return worst;
}

struct Small : decltype(Input<5> >> Linear<7> >> LN >> ReLU >> Linear<3>) {};
struct Dense : decltype(Input<64> >> Linear<32> >> LN >> ReLU >> Linear<33> >> Tanh >> Linear<10> >> Softmax) {};
struct Chain
    : decltype(Input<3> >> Linear<3> >> LN >> Linear<3> >> RMSNorm >> Linear<3> >> LN >> Sigmoid >> Linear<1>) {};
struct Signal : decltype(Input<2, 24> >> Conv1d<4, 3> >> GroupNorm<2> >> ReLU >> MaxPool<2> >> Flatten >> Linear<5>) {};
struct Blocks : decltype(Input<20> >> Linear<20> >> Residual(LN >> Linear<20> >> GELU) >> Linear<4>) {};

}  // namespace

TEST_CASE("targets.engine: every kind of stage is as accurate as floats are") {
  CHECK(worst_difference<Small>(1) < 3e-6);
  CHECK(worst_difference<Dense>(2) < 3e-6);
  CHECK(worst_difference<Chain>(3) < 3e-6);
  CHECK(worst_difference<Signal>(4) < 3e-6);
  CHECK(worst_difference<Blocks>(5) < 3e-6);
}

TEST_CASE("targets.engine: the compiler's inference is the program's, bit for bit") {
  static constexpr auto p = [] {
    parameters<Small> made{};
    initialise(made, 9);
    return made;
  }();
  constexpr std::array<float, 5> x{0.5f, -1, 2, 0.25f, -0.125f};
  constexpr auto expected = compile(p)(x);
  const auto e = compile(p);
  const auto y = e(x);
  for (std::size_t i = 0; i < y.size(); ++i)
    CHECK(std::bit_cast<std::uint32_t>(y[i]) == std::bit_cast<std::uint32_t>(expected[i]));
}
