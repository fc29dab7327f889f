// SPDX-License-Identifier: Apache-2.0
// sharpness that falls after the loss has converged: normalized regression in closed form, and a network on digits
//
//   sh examples/run.sh edge_of_stability --out build/out
//
// Lyu, Li, Arora 2022: with normalization and weight decay, gradient descent ends at the edge of stability, effective
// rate * spherical sharpness = 2, and moves from there to flatter minimisers. docs/sharpness.md says what was found.
#include "laboratory/data.hpp"
#include "laboratory/experiment.hpp"

using namespace taut;
using laboratory::median;

namespace {

constexpr double nothing = 1e-30;  // the epsilon of normalizers: scale invariance is exact

// ---- Regression: 20 samples, 40 inputs, one batch-normalized unit without gain, teacher and start from N(0, I).

constexpr std::size_t samples = 20, inputs = 40, test_samples = 2000;
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
regression_result result_of(const regression_problem& problem, const descent& run) {
  if (!run.convergence) throw std::runtime_error("the loss of the regression never passed 1e-6");
  const descent_moment &then = *run.convergence, &now = run.moments.back();
  return {then.sharpness / now.sharpness, then.measured / now.measured, now.product,
          now.sharpness / problem.closed.least_sharpness() - 1};
}

/// The first moment at the edge of stability, after the start; the last one, if it is never reached.
const descent_moment& edge_of(const descent& run) {
  const auto reached = [](const descent_moment& m) { return m.step > 0 && m.product >= 2; };
  const auto found = std::ranges::find_if(run.moments, reached);
  return found == run.moments.end() ? run.moments.back() : *found;
}

/// tau of the flow, from that moment on.
double flow_time(const descent_options& options, const descent_moment& from, const descent_moment& to) {
  return options.rate * options.decay * (static_cast<double>(to.step) - static_cast<double>(from.step));
}

/// The largest relative distance of the sharpness from the flow that starts at the edge, in closed form. Its first half
/// unit of tau is left out: there the oscillation grows from rounding errors, and the product runs ahead of 2.
double flow_distance(const regression_problem& problem, const descent_options& options, const descent& run) {
  const descent_moment& edge = edge_of(run);
  double farthest = 0;
  for (const descent_moment& m : run.moments)
    if (const double tau = flow_time(options, edge, m); tau > 0.5)
      farthest = std::max(farthest, std::abs(m.sharpness / problem.closed.flow(edge.sharpness, tau) - 1));
  return farthest;
}

// ---- Digits: every weight is scale-invariant, targets are standardised one-hot vectors.

constexpr std::size_t images = 100, hidden = 32;
struct normalized_net
    : decltype(Input<64> >> Linear<hidden>(no_bias) >> BN(epsilon<nothing>, no_affine, momentum<1.0>) >> ReLU >>
               Linear<10>(no_bias) >> BN(epsilon<nothing>, no_affine, momentum<1.0>)) {};
struct plain_net : decltype(Input<64> >> Linear<hidden>(no_bias) >> ReLU >> Linear<10>(no_bias)) {};
/// A cross-entropy needs scores of any size: only the first weight is invariant.
struct classifier : decltype(Input<64> >> Linear<hidden>(no_bias) >> BN(epsilon<nothing>) >> ReLU >> Linear<10>) {};

std::vector<double> standardized_one_hot(const dataset& data) {
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

/// Mini-batches by `fit`: means over the last third of the steps, relative to what equilibrium says.
struct equilibrium {
  double length = 0, angle = 0;
};
equilibrium settle(const dataset_parts& data, std::uint64_t seed, std::size_t epochs) {
  constexpr double rate = 0.1, decay = 0.02;
  parameters<classifier> p;
  initialise(p, seed);
  sphere_recorder recorder(invariant_elements<classifier>(), decay);
  fit(p, data.first, batch<50>{}, {.epochs = epochs, .learning_rate = rate, .seed = seed},
      watched(sgd{.momentum = 0, .weight_decay = decay}, std::ref(recorder)));
  const auto all = std::span(recorder.recorded());
  double length = 0, angle = 0, square = 0;
  const auto last = all.subspan(all.size() - all.size() / 3);
  for (const sphere_motion& m : last) length += m.length, angle += m.angle, square += m.gradient * m.gradient;
  const double count = static_cast<double>(last.size());
  return {length / count / equilibrium_length(rate, decay, square / count),
          angle / count / equilibrium_angle(rate, decay)};
}

// ---- Tables and figures.

void add(laboratory::table& rows, const std::string& run, const descent& d) {
  for (const descent_moment& m : d.moments)
    rows.add({run, m.step, m.loss, m.sharpness, m.product, m.length, m.angle, m.measured});
  rows.separate(), rows.separate();
}
laboratory::table moments() {
  return laboratory::table({"run", "step", "loss", "sharpness", "product", "length", "angle", "measured"});
}

constexpr const char* style = R"gp(set style line 1 lc rgb "#0060ad" lw 2
set style line 2 lc rgb "#dd7700" lw 2
set style line 3 lc rgb "#888888" lw 2
set style line 4 lc rgb "#000000" lw 2 dt 2
set style line 5 lc rgb "#aa0000" lw 1
set grid lc rgb "#dddddd"
set xlabel "step (thousands)"
set mytics 1
)gp";

constexpr const char* regression_figure = R"gp(data = "edge_of_stability.csv"
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

constexpr const char* digits_figure = R"gp(data = "edge_of_stability_digits.csv"
panel(column) = sprintf("plot for [k=0:2] data index k using ($2/1000):%d with lines ls k+1 title word(names, k+1)", column)
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

}  // namespace

int main(int argc, char** argv) {
  laboratory::experiment e{"edge_of_stability", "Sharpness falls after the loss has converged."};
  std::size_t seeds = 10, steps = 12000, digit_steps = 16000, epochs = 150;
  e.options.add_option("--seeds", seeds, "regressions, of seeds from --seed on")->capture_default_str();
  e.options.add_option("--steps", steps, "of each regression")->capture_default_str();
  e.options.add_option("--digit-steps", digit_steps, "of each network on digits")->capture_default_str();
  return e.main(argc, argv, [&] {
    if (e.quick) seeds = 3, steps = 5000, digit_steps = 240, epochs = 40;

    const descent_options with_decay{.rate = 0.5, .decay = 2e-3, .steps = steps, .every = 50};
    descent_options no_decay = with_decay, plain = with_decay;
    no_decay.decay = 0;
    plain.rate = 0.1, plain.decay = 1e-2, plain.scale_invariant = false;

    std::vector<double> ratios, errors, products, distances, still_ratios, still_errors, flow_distances;
    double flow_error = 0;
    std::printf(
        "regression   sharpness at 1e-6, at the end, least   product   test error at 1e-6, at the end   no decay\n");
    for (std::size_t k = 0; k < seeds; ++k) {
      const auto problem = regression_problem::draw(e.seed + k);
      std::vector<double> w;
      const descent run = regress<unit>(problem, with_decay, w), still = regress<unit>(problem, no_decay, w);
      const regression_result r = result_of(problem, run), s = result_of(problem, still);
      ratios.push_back(r.sharpness_ratio), errors.push_back(r.test_error_ratio), products.push_back(r.product);
      distances.push_back(std::abs(r.distance)), flow_distances.push_back(flow_distance(problem, with_decay, run));
      still_ratios.push_back(s.sharpness_ratio), still_errors.push_back(s.test_error_ratio);
      std::printf("seed %-10zu %13.3f %13.3f %8.3f %8.3f %18.3f %12.3f %14.4f\n", e.seed + k,
                  run.convergence->sharpness, run.moments.back().sharpness, problem.closed.least_sharpness(), r.product,
                  run.convergence->measured, run.moments.back().measured, s.sharpness_ratio);
      if (k > 0) continue;  // the first is drawn

      auto rows = moments();
      add(rows, "decay", run), add(rows, "no decay", still);
      add(rows, "not normalized", regress<plain_unit>(problem, plain, w));
      const descent_moment& edge = edge_of(run);  // once more up to there: the flow starts from its weights
      regress<unit>(problem, {.rate = 0.5, .decay = 2e-3, .steps = edge.step, .every = edge.step}, w);
      regression_loss<unit> loss(parameters<unit>{}, problem.x, {problem.closed.targets()});
      const double duration = flow_time(with_decay, edge, run.moments.back());
      for (const flow_point& f : sharpness_reduction_flow(gradient_of(loss), w, duration, e.quick ? 20 : 100)) {
        const double exact = problem.closed.flow(edge.sharpness, f.time);
        flow_error = std::max(flow_error, std::abs(f.sharpness / exact - 1));
        rows.add({"flow", static_cast<double>(edge.step) + f.time / (with_decay.rate * with_decay.decay),
                  loss.value(f.point), f.sharpness, 2.0, 1.0, 0.0, problem.test_error(f.point)});
      }
      e.draw("edge_of_stability", rows,
             style + ("least = " + laboratory::value(problem.closed.least_sharpness()).text + "\n") + regression_figure,
             "1000,760");
    }

    const dataset all = laboratory::digits();
    const dataset_parts few = split_at(all, images);
    descent_options on_digits{.rate = 0.5,
                              .decay = 1e-3,
                              .steps = digit_steps,
                              .every = digit_steps / 80,
                              .hessian_step = kink_step,
                              .tolerance = 1e-3};
    constexpr double long_start = 5;  // times the usual weights: the loss falls before |w| has shrunk to the edge
    const descent digits = learn_digits<normalized_net>(few, e.seed, long_start, on_digits);
    on_digits.decay = 0;
    const descent digits_still = learn_digits<normalized_net>(few, e.seed, long_start, on_digits);
    on_digits.rate = 0.01, on_digits.decay = 0.01, on_digits.scale_invariant = false;
    const descent digits_plain = learn_digits<plain_net>(few, e.seed, 1, on_digits);
    auto rows = moments();
    add(rows, "decay", digits), add(rows, "no decay", digits_still), add(rows, "not normalized", digits_plain);
    e.draw("edge_of_stability_digits", rows, style + std::string(digits_figure), "1300,760");
    const descent_moment &edge = edge_of(digits), &last = digits.moments.back();
    std::printf("digits: sharpness %.0f -> %.0f and accuracy %.3f -> %.3f between steps %zu and %zu\n", edge.sharpness,
                last.sharpness, edge.measured, last.measured, edge.step, last.step);
    std::printf("digits, no decay: %.0f and %.3f at the end; not normalized: %.0f and %.3f\n",
                digits_still.moments.back().sharpness, digits_still.moments.back().measured,
                digits_plain.moments.back().sharpness, digits_plain.moments.back().measured);

    const equilibrium settled = settle(split_at(all, 1400), e.seed, epochs);
    std::printf("mini-batches: |w| and the angle of a step are %.3f and %.3f times what equilibrium says\n",
                settled.length, settled.angle);

    const auto [least_product, largest_product] = std::ranges::minmax(products);
    e.result({{"sharpness_ratio", median(ratios)},
              {"test_error_ratio", median(errors)},
              {"product", median(products)},
              {"control_sharpness_ratio", median(still_ratios)},
              {"control_test_error_ratio", median(still_errors)},
              {"smallest_product", least_product},
              {"largest_product", largest_product},
              {"distance_from_closed_form", std::ranges::max(distances)},
              {"flow_distance", median(flow_distances)},
              {"flow_error", flow_error},
              {"digits_sharpness_ratio", edge.sharpness / last.sharpness},
              {"digits_accuracy_gain", last.measured - edge.measured},
              {"equilibrium_length", settled.length},
              {"equilibrium_angle", settled.angle}});
  });
}
