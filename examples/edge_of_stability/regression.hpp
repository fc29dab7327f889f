// SPDX-License-Identifier: Apache-2.0
// The regression: 20 samples, 40 inputs, one batch-normalized unit without gain, teacher and start from N(0, I).
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "moments.hpp"

namespace edge {

inline constexpr std::size_t samples = 20, inputs = 40, test_samples = 2000;
using unit = decltype(Input<inputs> >> Linear<1>(no_bias) >> BN(epsilon<nothing>, no_affine));
using plain_unit = decltype(Input<inputs> >> Linear<1>(no_bias));
template <class Net> using regression_loss = batch_loss<Net, batch<samples>, double, squared_error>;

struct regression_problem {
  std::vector<double> x, test_x, test_y, start;
  normalized_regression closed;

  static regression_problem draw(std::uint64_t seed) {
    base::random_stream random(seed);
    const auto normal = [&random](std::size_t count) {
      std::vector<double> numbers(count);
      for (double& number : numbers) number = random.normal();
      return numbers;
    };
    const auto train = normal(samples * inputs), teacher = normal(inputs), test = normal(test_samples * inputs);
    return {train, test, standardized(outputs(test, teacher)), normal(inputs), {train, outputs(train, teacher)}};
  }
  /// Mean (z - y)^2 on unseen samples, predictions z and targets y standardised over them: 2 - 2 correlation.
  [[nodiscard]] double test_error(std::span<const double> w) const {
    std::vector<double> missed = standardized(outputs(test_x, w));
    base::add(missed, -1, test_y);
    return base::dot(missed, missed) / test_samples;
  }

 private:
  static std::vector<double> outputs(std::span<const double> rows, std::span<const double> w) {
    std::vector<double> y;
    for (std::size_t i = 0; i < rows.size(); i += inputs) y.push_back(base::dot(rows.subspan(i, inputs), w));
    return y;
  }
};

template <class Net>
descent regress(const regression_problem& problem, const descent_options& options, std::vector<double>& w) {
  regression_loss<Net> loss(parameters<Net>{}, problem.x, {problem.closed.targets()});
  w = problem.start;
  return descend([&loss](auto at, auto g) { return loss.gradient(at, g); }, w, options,
                 [&problem](std::span<const double> at) { return problem.test_error(at); });
}

/// What one seed gives: ratios from the moment the loss passed 1e-6 to the end.
struct regression_result {
  double sharpness_ratio = 0, test_error_ratio = 0, product = 0, distance = 0;
};
inline regression_result result_of(const regression_problem& problem, const descent& run) {
  if (!run.convergence) throw std::runtime_error("the loss of the regression never passed 1e-6");
  const descent_moment &then = *run.convergence, &now = run.moments.back();
  return {then.sharpness / now.sharpness, then.measured / now.measured, now.product,
          now.sharpness / problem.closed.least_sharpness() - 1};
}

/// tau of the flow, from that moment on.
inline double flow_time(const descent_options& options, const descent_moment& from, const descent_moment& to) {
  return options.rate * options.decay * (static_cast<double>(to.step) - static_cast<double>(from.step));
}

/// The largest relative distance of the sharpness from the flow that starts at the edge, in closed form. Its first half
/// unit of tau is left out: there the oscillation grows from rounding errors, and the product runs ahead of 2.
inline double flow_distance(const regression_problem& problem, const descent_options& options, const descent& run) {
  const descent_moment& edge = edge_of(run);
  double farthest = 0;
  for (const descent_moment& m : run.moments)
    if (const double tau = flow_time(options, edge, m); tau > 0.5)
      farthest = std::max(farthest, std::abs(m.sharpness / problem.closed.flow(edge.sharpness, tau) - 1));
  return farthest;
}

inline constexpr const char* regression_figure = R"gp(data = "edge_of_stability.csv"
set multiplot layout 2, 2 title "Regression through one batch-normalized unit: 20 samples, 40 inputs"
set key center right
set ylabel "loss"
set logscale y
set yrange [1e-34:1e4]
set ytics 1e6
set format y "10^{%L}"
plot data index 0 using ($2/1000):($3 + 1e-33) with lines ls 1 title "decay", \
     data index 1 using ($2/1000):($3 + 1e-33) with lines ls 2 title "no decay", \
     data index 2 using ($2/1000):($3 + 1e-33) with lines ls 3 title "not normalized"
unset logscale y
set format y "%g"
set ytics autofreq
set yrange [0:*]
set offsets graph 0, graph 0, graph 0.5, graph 0
set key top right
set ylabel "spherical sharpness"
plot data index 0 using ($2/1000):4 with lines ls 1 title "decay", \
     data index 1 using ($2/1000):4 with lines ls 2 title "no decay", \
     data index 3 using ($2/1000):4 with lines ls 4 title "flow", least with lines ls 5 title "least"
set ylabel "effective rate x sharpness"
set offsets 0, 0, 0, 0
set yrange [0:3]
set key center right
plot data index 0 using ($2/1000):5 with lines ls 1 title "decay", \
     data index 1 using ($2/1000):5 with lines ls 2 title "no decay", 2 with lines ls 5 title "edge of stability"
set ylabel "test error, standardised"
set yrange [0:2.4]
set key top right
plot data index 0 using ($2/1000):8 with lines ls 1 title "decay", \
     data index 1 using ($2/1000):8 with lines ls 2 title "no decay", \
     data index 2 using ($2/1000):8 with lines ls 3 title "not normalized", \
     data index 3 using ($2/1000):8 with lines ls 4 title "flow"
unset multiplot)gp";

/// Draws one problem: its run, its controls, and the flow from where the run reaches the edge, integrated from the
/// weights there. Returns the largest relative distance of the integrated flow from its closed form.
inline double draw_regression(const laboratory::experiment& e, const regression_problem& problem,
                              const descent_options& options, const descent& run, const descent& still) {
  descent_options plain = options, up_to_edge = options;
  plain.rate = 0.1, plain.decay = 1e-2, plain.scale_invariant = false;
  std::vector<double> w;
  auto rows = moments();
  add(rows, "decay", run), add(rows, "no decay", still);
  add(rows, "not normalized", regress<plain_unit>(problem, plain, w));

  const descent_moment& edge = edge_of(run);
  up_to_edge.steps = up_to_edge.every = edge.step;
  regress<unit>(problem, up_to_edge, w);
  regression_loss<unit> loss(parameters<unit>{}, problem.x, {problem.closed.targets()});
  const double duration = flow_time(options, edge, run.moments.back());
  double farthest = 0;
  for (const flow_point& f : sharpness_reduction_flow(gradient_of(loss), w, duration, e.quick ? 20 : 100)) {
    farthest = std::max(farthest, std::abs(f.sharpness / problem.closed.flow(edge.sharpness, f.time) - 1));
    rows.add({"flow", static_cast<double>(edge.step) + f.time / (options.rate * options.decay), loss.value(f.point),
              f.sharpness, 2.0, 1.0, 0.0, problem.test_error(f.point)});
  }
  const std::string least = "least = " + laboratory::value(problem.closed.least_sharpness()).text + "\n";
  e.draw("edge_of_stability", rows, style + least + regression_figure, "1000,760");
  return farthest;
}

/// Regressions of seeds from e.seed on, with decay and without; the first is drawn.
inline results run_regressions(const laboratory::experiment& e, std::size_t seeds, std::size_t steps) {
  using laboratory::median;
  const descent_options options{.rate = 0.5, .decay = 2e-3, .steps = steps, .every = 50};
  descent_options no_decay = options;
  no_decay.decay = 0;
  std::vector<double> ratios, errors, products, distances, still_ratios, still_errors, flow_distances;
  double flow_error = 0;
  std::printf(
      "regression   sharpness at 1e-6, at the end, least   product   test error at 1e-6, at the end   no decay\n");
  for (std::size_t k = 0; k < seeds; ++k) {
    const auto problem = regression_problem::draw(e.seed + k);
    std::vector<double> w;
    const descent run = regress<unit>(problem, options, w), still = regress<unit>(problem, no_decay, w);
    const regression_result r = result_of(problem, run), s = result_of(problem, still);
    ratios.push_back(r.sharpness_ratio), errors.push_back(r.test_error_ratio), products.push_back(r.product);
    distances.push_back(std::abs(r.distance)), flow_distances.push_back(flow_distance(problem, options, run));
    still_ratios.push_back(s.sharpness_ratio), still_errors.push_back(s.test_error_ratio);
    std::printf("seed %-10zu %13.3f %13.3f %8.3f %8.3f %18.3f %12.3f %14.4f\n", e.seed + k, run.convergence->sharpness,
                run.moments.back().sharpness, problem.closed.least_sharpness(), r.product, run.convergence->measured,
                run.moments.back().measured, s.sharpness_ratio);
    if (k == 0) flow_error = draw_regression(e, problem, options, run, still);
  }
  const auto [least_product, largest_product] = std::ranges::minmax(products);
  return {{"sharpness_ratio", median(ratios)},
          {"test_error_ratio", median(errors)},
          {"product", median(products)},
          {"control_sharpness_ratio", median(still_ratios)},
          {"control_test_error_ratio", median(still_errors)},
          {"smallest_product", least_product},
          {"largest_product", largest_product},
          {"distance_from_closed_form", std::ranges::max(distances)},
          {"flow_distance", median(flow_distances)},
          {"flow_error", flow_error}};
}

}  // namespace edge
