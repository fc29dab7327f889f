// SPDX-License-Identifier: Apache-2.0
#include <taut/certify/factors.hpp>
#include <taut/layers/conv1d.hpp>
#include <taut/layers/flatten.hpp>
#include <taut/layers/group_norm.hpp>
#include <taut/layers/group_sort.hpp>
#include <taut/layers/linear.hpp>
#include <taut/layers/rms_norm.hpp>
#include <taut/layers/weight_norm.hpp>
#include <taut/net/compose.hpp>
#include <taut/train/norm_estimate.hpp>

#include "support/catch.hpp"
#include "train/support.hpp"

using namespace taut;
using tests::elements, tests::randomise;

namespace {

// Affine layers 0, 3, 5 and 7; the gains of layer 1 stand alone, those of 4 and 6 act in the next matrix.
struct mixed : decltype(Input<2, 6> >> Conv1d<4, 3>(padding<1>) >> GN<2> >> Flatten >> WeightNorm(Linear<8>) >> GN<2> >>
                        Linear<6>(no_bias) >> RMSNorm >> Linear<4>) {};

std::unique_ptr<parameters<mixed>> some_parameters(std::uint64_t seed) {
  auto p = std::make_unique<parameters<mixed>>();
  randomise(*p, seed);
  return p;
}

template <class Estimate> double converged(const parameters<mixed>& p) {
  Estimate estimate(p);
  const auto nowhere = std::make_unique<parameters<mixed>>();
  for (int step = 0; step < 300; ++step) estimate.value(p), estimate.backward(p, *nowhere, 1);
  return estimate.value(p);
}

// The gradient that backward adds, against differences of the value along one random direction of each tensor.
void check_gradient(const parameters<mixed>& p, auto&& value, const parameters<mixed>& dp) {
  base::random_stream random(5);
  std::size_t tensor = 0;
  for_each_tensor(dp, [&](std::string_view, auto, auto slopes) {
    std::vector<double> direction(slopes.size());
    double along = 0, size = 0;
    for (std::size_t i = 0; i < slopes.size(); ++i) {
      direction[i] = random.uniform(-1, 1);
      along += direction[i] * static_cast<double>(slopes[i]);
      size += std::pow(static_cast<double>(slopes[i]), 2);
    }
    const auto moved = [&](double step) {
      auto q = std::make_unique<parameters<mixed>>(p);
      std::size_t at = 0;
      for_each_tensor(*q, [&](std::string_view, auto, auto values) {
        if (at++ != tensor) return;
        for (std::size_t i = 0; i < values.size(); ++i) values[i] += static_cast<float>(step * direction[i]);
      });
      return value(*q);
    };
    const double h = 1e-3;
    CHECK((moved(h) - moved(-h)) / (2 * h) == Approx(along).margin(2e-3 + 2e-3 * std::sqrt(size)));
    ++tensor;
  });
}

template <class Estimate> void check_estimate(std::uint64_t seed) {
  const auto p = some_parameters(seed);
  const auto dp = std::make_unique<parameters<mixed>>(), nowhere = std::make_unique<parameters<mixed>>();
  for_each_tensor(*dp, [](auto, auto, auto values) { std::ranges::fill(values, 0); });
  Estimate estimate(*p);
  for (int step = 0; step < 300; ++step) estimate.value(*p), estimate.backward(*p, *nowhere, 1);
  estimate.value(*p);
  estimate.backward(*p, *dp, 3);
  check_gradient(*p, [](const parameters<mixed>& q) { return 3 * converged<Estimate>(q); }, *dp);
}

}  // namespace

TEST_CASE("train.norm_estimate: after some steps it is the proved factor, and never above it") {
  const auto p = some_parameters(1);
  const auto proved = certificates::factors(*p);
  const auto close = [&](std::size_t layer, double estimate) {
    CHECK(estimate <= proved[layer] * (1 + 1e-5));
    CHECK(estimate >= proved[layer] * (1 - 1e-3));
  };
  close(0, converged<norm_estimate<mixed, 0>>(*p));
  close(3, converged<norm_estimate<mixed, 3>>(*p));
  close(5, converged<norm_estimate<mixed, 5>>(*p));
  close(7, converged<norm_estimate<mixed, 7>>(*p));
  close(1, converged<gain_estimate<mixed, 1>>(*p) * (1 / std::sqrt(1e-5)));
}

TEST_CASE("train.norm_estimate: its gradient is u v', through centring, gains and the normalization of weights") {
  check_estimate<norm_estimate<mixed, 0>>(2);
  check_estimate<norm_estimate<mixed, 3>>(3);
  check_estimate<norm_estimate<mixed, 5>>(4);
  check_estimate<gain_estimate<mixed, 1>>(5);
}

TEST_CASE("train.norm_estimate: it follows the weights from where it stopped") {
  auto p = some_parameters(6);
  const auto nowhere = std::make_unique<parameters<mixed>>();
  norm_estimate<mixed, 5> estimate(*p);
  base::random_stream random(1);
  for (int step = 0; step < 200; ++step) {
    for (float* value : elements(*p)) *value += static_cast<float>(0.001 * random.uniform(-1, 1));
    estimate.value(*p);
    estimate.backward(*p, *nowhere, 1e-6);
  }
  CHECK(estimate.value(*p) >= certificates::factors(*p)[5] * (1 - 1e-2));
}

TEST_CASE("train.norm_estimate: without a slope nothing moves, and the weights 0 have the norm 0") {
  const auto p = std::make_unique<parameters<mixed>>(), dp = std::make_unique<parameters<mixed>>();
  norm_estimate<mixed, 5> estimate(*p);
  CHECK(estimate.value(*p) == 0);
  for_each_tensor(*dp, [](auto, auto, auto values) { std::ranges::fill(values, 0); });
  estimate.backward(*p, *dp, 0);
  estimate.backward(*p, *dp, 1);
  for (const float* value : elements(*dp)) CHECK(std::abs(*value) <= 1);
}

TEST_CASE("train.norm_estimate: distances of rows, and their gradient with the gains") {
  const auto p = some_parameters(7);
  row_distances<mixed> distances(*p);
  distances.prepare(*p);
  const auto& w = get<7>(*p).weight;
  const auto distance = [&](std::size_t c, std::size_t j) {
    double squares = 0;
    for (std::size_t i = 0; i < 6; ++i)
      squares += std::pow(static_cast<double>(get<6>(*p).gain[i] * (w[c * 6 + i] - w[j * 6 + i])), 2);
    return std::sqrt(squares);
  };
  for (std::size_t c = 0; c < 4; ++c)
    for (std::size_t j = 0; j < 4; ++j) CHECK(distances.value(c, j) == Approx(distance(c, j)).margin(1e-6));

  const auto weighted = [](const parameters<mixed>& q) {
    row_distances<mixed> at(q);
    at.prepare(q);
    return 2 * at.value(0, 1) - at.value(2, 1) + 0.5 * at.value(1, 0) + 3 * at.value(3, 2);
  };
  const auto dp = std::make_unique<parameters<mixed>>();
  for_each_tensor(*dp, [](auto, auto, auto values) { std::ranges::fill(values, 0); });
  distances.slope(0, 1) += 2, distances.slope(2, 1) -= 1, distances.slope(1, 0) += 0.5, distances.slope(3, 2) += 3;
  distances.backward(*p, *dp);
  check_gradient(*p, weighted, *dp);
  for (const float slope : get<7>(*dp).bias) CHECK(std::abs(slope) <= 1e-6f);
  distances.backward(*p, *dp);  // slopes are used once
  check_gradient(*p, weighted, *dp);
}
