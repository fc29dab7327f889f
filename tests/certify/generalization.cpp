// SPDX-License-Identifier: Apache-2.0
// The robustness bound: its formula, its logarithms, its monotony, and a world in which it is put to the test.
#include <taut/certify/generalization.hpp>

#include "support/precompiled.hpp"

namespace {
using namespace taut;
}  // namespace

TEST_CASE("certify.generalization: the formula, for numbers that a calculator holds") {
  const generalization_setting s{.lipschitz = 0.5,
                                 .input_norm = 1,
                                 .dimension = 2,
                                 .labels = 3,
                                 .samples = 100000,
                                 .failure = 0.1,
                                 .loss_limit = 2,
                                 .loss_slope = 1};
  const auto b = generalization_with_cells(s, 0.5);
  const double cells = 3 * 9 * 9;  // (1 + 4 / 0.5)^2 pieces, three labels
  CHECK(b.log10_cells == Approx(std::log10(cells)));
  CHECK(b.variation == Approx(0.25));
  const double formula = 0.25 + 2 * std::sqrt((2 * cells * std::log(2) + 2 * std::log(10)) / 100000);
  CHECK(b.gap == Approx(formula).epsilon(1e-6));
  CHECK(b.gap >= formula);
  CHECK_FALSE(b.vacuous);
  CHECK(generalization_with_cells(s, 2).log10_cells == Approx(std::log10(3)));  // the whole ball is one piece
}

TEST_CASE("certify.generalization: many diameters cost a share of the failure probability each") {
  generalization_setting s{.lipschitz = 0.5, .input_norm = 1, .dimension = 2, .labels = 3, .samples = 100000};
  const auto best = generalization_of(s);
  s.failure /= 40;
  double least = rounded::infinity;
  for (int i = 0; i < 40; ++i) least = std::min(least, generalization_with_cells(s, 2 * std::pow(0.5, i)).gap);
  CHECK(best.gap == least);
  CHECK_FALSE(best.vacuous);
}

TEST_CASE("certify.generalization: what images need is said in powers of ten, without overflow") {
  const auto b =
      generalization_of({.lipschitz = 30, .input_norm = 28, .dimension = 784, .labels = 10, .samples = 8000});
  CHECK(b.vacuous);
  CHECK(b.log10_samples_wanted > 2000);
  CHECK(b.log10_samples_wanted < 4000);
  const auto fine = generalization_with_cells(
      {.lipschitz = 30, .input_norm = 28, .dimension = 784, .labels = 10, .samples = 8000}, 1e-3);
  CHECK(fine.gap == rounded::infinity);
  CHECK(fine.log10_cells > 3900);
  CHECK(generalization_of({.lipschitz = 1, .input_norm = 1}).vacuous);  // no samples
}

TEST_CASE("certify.generalization: more samples, fewer labels and smaller constants never hurt") {
  const generalization_setting s{.lipschitz = 0.5, .input_norm = 1, .dimension = 2, .labels = 3, .samples = 1000};
  auto more = s, fewer = s, flatter = s;
  more.samples *= 10, fewer.labels = 2, flatter.lipschitz /= 4;
  CHECK(generalization_of(more).gap < generalization_of(s).gap);
  CHECK(generalization_of(fewer).gap < generalization_of(s).gap);
  CHECK(generalization_of(flatter).gap < generalization_of(s).gap);
}

TEST_CASE("certify.generalization: losses that remember their samples cell by cell stay below the bound") {
  // On [-1, 1] the loss follows the training samples as closely as L = 1 and one cell of [0, 1/2]-valued loss allow.
  std::mt19937 random(1);
  std::uniform_real_distribution<double> inputs(-1, 1);
  for (const std::size_t n : {20u, 200u, 2000u}) {
    std::vector<double> x(n);
    for (double& v : x) v = inputs(random);
    const auto loss = [&x](double at) {  // distance to the nearest sample
      double nearest = 1;
      for (const double v : x) nearest = std::min(nearest, std::abs(v - at));
      return nearest;
    };
    double truth = 0;
    for (int i = 0; i < 2000; ++i) truth += loss(-1 + (i + 0.5) / 1000) / 2000;
    const auto b = generalization_of({.lipschitz = 1, .input_norm = 1, .labels = 1, .samples = n, .loss_slope = 1});
    CHECK(truth <= b.gap);  // the empirical loss is 0
  }
}
