// SPDX-License-Identifier: Apache-2.0
// The twin of theory/slimming.hpp: gains that training makes 0, and fine-tuning of what is left.
#include <cmath>
#include <taut/inference.hpp>
#include <taut/theory/slimming.hpp>
#include <taut/train/clipped.hpp>
#include <taut/train/fit.hpp>

#include "support/catch.hpp"

namespace {

using namespace taut;

// Behind Sigmoid a channel of zeros is 0.5: columns that read it have slopes, which fine-tuning must not follow.
struct net : decltype(Input<3> >> Linear<6> >> BN >> Sigmoid >> Linear<2>) {};
struct small : decltype(Input<3> >> Linear<3> >> BN >> Sigmoid >> Linear<2>) {};

/// Points on either side of a parabola.
dataset points() {
  dataset data{array<float, 2>::from_shape({64, 3}), std::vector<std::size_t>(64)};
  base::random_stream random(3);
  for (std::size_t i = 0; i < 64; ++i) {
    for (std::size_t k = 0; k < 3; ++k) data.inputs(i, k) = static_cast<float>(random.normal());
    data.labels[i] = data.inputs(i, 0) * data.inputs(i, 0) > 0.5f + data.inputs(i, 1) ? 1 : 0;
  }
  return data;
}

/// Gradients of 0: nothing but what follows the step.
struct stands_still {
  void step(const tensor_list&, const tensor_list&, double) {}
};

TEST_CASE("theory.slimming: gains, and nothing else, move towards 0 and stop there") {
  parameters<net> p;
  initialise(p, 1);
  get<1>(p).gain = {1, -1, 0.25f, -0.25f, 0.5f, 0};
  get<1>(p).offset = {1, 1, 1, 1, 1, 1};
  const auto weights = get<0>(p).weight;
  const auto onward = get<3>(p).weight;
  auto optimizer = with_sparse_gains<net>(stands_still{}, 2);
  optimizer.step(trainable(p), {}, 0.25);
  CHECK(get<1>(p).gain == std::array<float, 6>{0.5f, -0.5f, 0, 0, 0, 0});
  CHECK(get<1>(p).offset == std::array<float, 6>{1, 1, 1, 1, 1, 1});
  CHECK((get<0>(p).weight == weights && get<3>(p).weight == onward));
}

TEST_CASE("theory.slimming: training makes gains 0, and the loss still falls") {
  const dataset data = points();
  parameters<net> p;
  initialise(p, 1);
  const double before = score_of(p, data).loss;
  fit(p, data, batch<16>{}, {.epochs = 100}, with_sparse_gains<net>(sgd{.weight_decay = 1e-3}, 0.1));
  CHECK(std::ranges::count(get<1>(p).gain, 0.0f) > 0);
  CHECK(score_of(p, data).loss < before / 2);
}

TEST_CASE("theory.slimming: fine-tuning padded parameters is fine-tuning the smaller network") {
  const dataset data = points();
  parameters<net> p;
  initialise(p, 1);
  fit(p, data, batch<16>{}, {.epochs = 5});
  pruned_network<net> pruned = prune(p, largest_channels<small>(p));
  parameters<small> narrow = narrowed<small>(pruned);
  const fit_options options{.epochs = 10, .seed = 2};
  fit(pruned.padded, data, batch<16>{}, options,
      on_kept_channels(pruned, clipped(sgd{}, 0.1)));  // of these gradients alone
  fit(narrow, data, batch<16>{}, options, clipped(sgd{}, 0.1));
  CHECK(std::ranges::count(get<1>(pruned.padded).gain, 0.0f) == 3);
  const parameters<small> same = narrowed<small>(pruned);
  double most = 0;
  for (std::size_t i = 0; i < 9; ++i)
    most = std::max(most, std::abs(static_cast<double>(get<0>(same).weight[i] - get<0>(narrow).weight[i])));
  CHECK(most < 1e-4);  // they add up in another order
  CHECK(get<0>(narrow).weight != get<0>(prune<small>(p)).weight);
}

}  // namespace
