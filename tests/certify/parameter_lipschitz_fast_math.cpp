// SPDX-License-Identifier: Apache-2.0
// Compiled with -O3 -march=native -ffast-math: bounds in the parameters, of slopes and of generalization stay above what
// is attained, and what has no bound stays infinite, seen by its bits.
#include <taut/certify/generalization.hpp>
#include <taut/certify/parameter_lipschitz.hpp>
#include <taut/certify/smoothness.hpp>
#include <taut/inference.hpp>

#include "support/precompiled.hpp"

namespace {

using namespace taut;

struct chain : decltype(Input<3> >> Linear<3>(no_bias) >> ReLU >> Linear<3>(no_bias) >> ReLU >> Linear<3>(no_bias)) {};
struct sphere : decltype(Input<3> >> Linear<3> >> RMSNorm(no_affine, epsilon<0.5>, min_std<0.5>) >> Sigmoid >>
                         Linear<2>(no_bias)) {};

// off the fast path of constants: what the optimizer cannot compute beforehand
float hidden(float v) {
  asm volatile("" : "+m"(v));
  return v;
}

}  // namespace

TEST_CASE("certify.parameter_lipschitz_fast_math: above what is attained") {
  parameters<chain> p{};
  get<0>(p).weight[0] = hidden(1.5f), get<2>(p).weight[0] = hidden(0.25f), get<4>(p).weight[0] = hidden(3);
  const double attained = 7 * std::sqrt(0.25 * 0.25 * 9 + 1.5 * 1.5 * 9 + 1.5 * 1.5 * 0.25 * 0.25);
  const auto bound = parameter_lipschitz_of(p, {.input_norm = 7});
  CHECK(bound.value >= attained * (1 - 1e-15));
  CHECK(bound.value <= attained * (1 + 1e-4));
  CHECK(bound.input >= 1.5 * 0.25 * 3);
  get<2>(p).weight[4] = 0x1p127f * hidden(2);  // infinity
  CHECK_FALSE(rounded::is_finite(parameter_lipschitz_of(p, {.input_norm = 7}).value));
  get<2>(p).weight[4] = hidden(0);
  CHECK_FALSE(smoothness_of(p).exists);
  CHECK_FALSE(rounded::is_finite(smoothness_of(p).value));
  CHECK_FALSE(rounded::is_finite(gradient_lipschitz_of(p)));
}

TEST_CASE("certify.parameter_lipschitz_fast_math: behind a normalizer, and its curvature") {
  parameters<sphere> p{};
  for (std::size_t i = 0; i < 3; ++i) get<0>(p).weight[i * 4] = hidden(2);
  get<3>(p).weight[0] = hidden(4);
  // sqrt((4 / 4 k sqrt(R^2 + 1))^2 + |sigmoid|^2), k = 1 / sqrt(3/4), |sigmoid| <= sqrt(3) / 4 + sqrt(3) / 2
  const double k = 1 / std::sqrt(0.75), reach = 0.75 * std::sqrt(3), whole = std::hypot(k * std::sqrt(26), reach);
  CHECK(parameter_lipschitz_of(p, {.input_norm = 5}).value >= whole * (1 - 1e-15));
  CHECK(parameter_lipschitz_of(p, {.input_norm = 5}).value <= whole * (1 + 1e-4));
  CHECK(rounded::is_finite(smoothness_of(p).value));
  CHECK(smoothness_of(p).value >= 4 * (1 / (6 * std::sqrt(3))) * (2 * k) * (2 * k));
}

TEST_CASE("certify.parameter_lipschitz_fast_math: no samples, too many cells: no bound") {
  CHECK_FALSE(rounded::is_finite(generalization_of({.lipschitz = 1, .input_norm = 1}).gap));
  const auto b =
      generalization_of({.lipschitz = 30, .input_norm = 28, .dimension = 784, .labels = 10, .samples = 8000});
  CHECK(b.vacuous);
  CHECK(b.log10_samples_wanted > 2000);
}
