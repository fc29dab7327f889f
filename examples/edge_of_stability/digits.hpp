// SPDX-License-Identifier: Apache-2.0
// Digits: a network all of whose weights are scale-invariant, and one without normalizers, in full batches. The targets
// are standardised one-hot vectors: batch norm can reach them, and no others.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "../laboratory/data.hpp"
#include "moments.hpp"

namespace edge {

inline constexpr std::size_t images = 100, hidden = 32;
struct normalized_net
    : decltype(Input<64> >> Linear<hidden>(no_bias) >> BN(epsilon<nothing>, no_affine, momentum<1.0>) >> ReLU >>
               Linear<10>(no_bias) >> BN(epsilon<nothing>, no_affine, momentum<1.0>)) {};
struct plain_net : decltype(Input<64> >> Linear<hidden>(no_bias) >> ReLU >> Linear<10>(no_bias)) {};

inline std::vector<double> standardized_one_hot(const dataset& data) {
  std::vector<double> targets(data.size() * 10), column(data.size());
  for (std::size_t k = 0; k < 10; ++k) {
    for (std::size_t i = 0; i < data.size(); ++i) column[i] = data.labels[i] == k ? 1 : 0;
    column = standardized(column);
    for (std::size_t i = 0; i < data.size(); ++i) targets[i * 10 + k] = column[i];
  }
  return targets;
}

template <class Net>
descent learn_digits(const dataset_parts& data, std::uint64_t seed, double scale, const descent_options& options) {
  parameters<Net> p;
  initialise(p, seed);
  const std::vector<double> x(data.first.inputs.begin(), data.first.inputs.end());
  batch_loss<Net, batch<images>, double, squared_error> loss(p, x, {standardized_one_hot(data.first)});
  std::vector<double> w = loss.vector_of(p);
  for (double& value : w) value *= scale;
  return descend([&loss](auto at, auto g) { return loss.gradient(at, g); }, w, options,
                 [&](auto) { return accuracy(converted<float>(loss.at_last()), data.rest); });
}

inline constexpr const char* digits_figure = R"gp(data = "edge_of_stability_digits.csv"
panel(column) = sprintf("plot for [k=0:2] data index k using ($2/1000):%d \
  with lines ls k+1 title word(names, k+1)", column)
names = "decay 'no decay' 'not normalized'"
set multiplot layout 2, 3 title "100 digits, 32 hidden units, batch norm behind both layers"
set key top right
set ylabel "loss"
set logscale y
set format y "10^{%L}"
set yrange [1e-4:1e4]
eval panel(3)
unset key
set ylabel "sharpness"
set yrange [10:1e5]
eval panel(4)
unset logscale y
set format y "%g"
set ylabel "effective rate x sharpness"
set yrange [0:3.5]
eval panel(5) . ", 2 with lines ls 5"
set ylabel "|w|"
set yrange [0:*]
eval panel(6)
set ylabel "angle of a step (radians)"
set logscale y
set format y "10^{%L}"
set yrange [1e-5:1]
eval panel(7)
unset logscale y
set format y "%g"
set ylabel "test accuracy"
set yrange [0.6:1]
eval panel(8)
unset multiplot)gp";

/// With decay, without it, and without normalization.
inline results run_digits(const laboratory::experiment& e, std::size_t steps) {
  const dataset_parts data = split_at(laboratory::digits(), images);
  descent_options options{.rate = 0.5,
                          .decay = 1e-3,
                          .steps = steps,
                          .every = std::max<std::size_t>(steps / 80, 40),
                          .hessian_step = kink_step,
                          .tolerance = 1e-3};
  constexpr double long_start = 5;  // times the usual weights: the loss falls before |w| has shrunk to the edge
  const descent run = learn_digits<normalized_net>(data, e.seed, long_start, options);
  options.decay = 0;
  const descent still = learn_digits<normalized_net>(data, e.seed, long_start, options);
  options.rate = 0.01, options.decay = 0.01, options.scale_invariant = false;
  const descent plain = learn_digits<plain_net>(data, e.seed, 1, options);

  auto rows = moments();
  add(rows, "decay", run), add(rows, "no decay", still), add(rows, "not normalized", plain);
  e.draw("edge_of_stability_digits", rows, style + std::string(digits_figure), "1300,760");
  const descent_moment &edge = edge_of(run), &last = run.moments.back();
  std::printf("digits: sharpness %.0f -> %.0f and accuracy %.3f -> %.3f between steps %zu and %zu\n", edge.sharpness,
              last.sharpness, edge.measured, last.measured, edge.step, last.step);
  std::printf("digits, no decay: %.0f and %.3f at the end; not normalized: %.0f and %.3f\n",
              still.moments.back().sharpness, still.moments.back().measured, plain.moments.back().sharpness,
              plain.moments.back().measured);
  return {{"digits_sharpness_ratio", edge.sharpness / last.sharpness},
          {"digits_accuracy_gain", last.measured - edge.measured}};
}

}  // namespace edge
