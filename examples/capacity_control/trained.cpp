// SPDX-License-Identifier: Apache-2.0
// Six hidden layers of 32, with a normalizer behind each linear layer or without, trained on the digits: weights, stds
// at the normalizers, both Lipschitz constants and the slopes at samples during training; the loss along random
// directions and along its gradient; the generalization gap beside its bound. Medians over seeds.
#include "trained.hpp"

#include <taut/taut.hpp>

#include "../laboratory/data.hpp"

using namespace taut;

namespace {

constexpr std::size_t width = 32, hidden = 6;
constexpr double largest_input = 8;  // 64 pixels in [0, 1]: known before any sample is
using batch_of_landscape = batch<512>;

/// `Layers` times a linear layer, perhaps a normalizer, and ReLU.
template <std::size_t Layers> constexpr auto stacked(auto... normalizer) {
  if constexpr (Layers == 0) return Input<64>;
  else return ((stacked<Layers - 1>(normalizer...) >> Linear<width>) >> ... >> normalizer) >> ReLU;
}
struct Plain : decltype(stacked<hidden>() >> Linear<10>) {};
struct BatchNormed : decltype(stacked<hidden>(BN) >> Linear<10>) {};
struct LayerNormed : decltype(stacked<hidden>(LN) >> Linear<10>) {};
struct GroupNormed : decltype(stacked<hidden>(GN<4>) >> Linear<10>) {};

/// What is measured of a network at one moment: the columns of capacity_training.csv.
namespace of {
enum quantity : std::size_t {
  epoch,
  weights,                 ///< |W| of all matrices as one vector
  smallest_std,            ///< over training samples and runs; the geometric mean over normalizers
  median_std,              ///< the same of the median
  input_bound,             ///< of the slope in the input, where stds are at least the smallest
  input_bound_median,      ///< where they are at least the median
  input_bound_everywhere,  ///< for all inputs
  input_bound_without,     ///< of the same weights without the normalizers
  slope,                   ///< ||df/dx|| at training samples: the mean
  steepest,                ///< and the largest
  parameter_bound,         ///< the same four of the slope in the parameters
  parameter_bound_median,
  parameter_bound_without,
  parameter_slope,
  parameter_steepest,
  loss,                 ///< training mode, of the batch of the landscape
  gradient,             ///< its norm
  predictiveness,       ///< of gradients along the gradient
  smoothness,           ///< the same divided by the distance
  relative_smoothness,  ///< times the square of the norm of all parameters
  train_accuracy,
  test_accuracy,
  train_loss,
  test_loss,
  quantities
};
// clang-format off
constexpr const char* names[]{
    "epoch", "weights", "smallest_std", "median_std",
    "input_bound", "input_bound_median", "input_bound_everywhere", "input_bound_without", "slope", "steepest",
    "parameter_bound", "parameter_bound_median", "parameter_bound_without", "parameter_slope", "parameter_steepest",
    "loss", "gradient", "predictiveness", "smoothness", "relative_smoothness",
    "train_accuracy", "test_accuracy", "train_loss", "test_loss"};
// clang-format on
static_assert(std::size(names) == quantities);
}  // namespace of
using moment = std::array<double, of::quantities>;

/// The median of each quantity, over seeds.
moment median_of(const std::vector<moment>& moments) {
  moment middle;
  for (std::size_t q = 0; q < of::quantities; ++q)
    middle[q] = laboratory::median(moments, [q](const moment& m) { return m[q]; });
  return middle;
}

/// The geometric mean of what is not 0; 0 if there is nothing.
double geometric_mean(std::span<const double> numbers) {
  double sum = 0, count = 0;
  for (const double x : numbers)
    if (x > 0) sum += std::log(x), ++count;
  return count > 0 ? std::exp(sum / count) : 0;
}

/// Slopes at samples, beside the bounds that hold there. @throws std::logic_error if one is larger than its bound.
template <class Net> void measure_slopes(const parameters<Net>& p, const dataset& data, moment& m) {
  const auto region = observed_region_of(p, {data.inputs.data(), data.inputs.size()});
  m[of::smallest_std] = geometric_mean(region.smallest_std), m[of::median_std] = geometric_mean(region.median_std);
  const parameter_domain domain{.input_norm = largest_input};
  const auto bound = lipschitz_above(p, region.smallest_std, domain);
  const auto median = lipschitz_above(p, region.median_std, domain);
  const auto without = lipschitz_above(p, {}, {.input_norm = largest_input, .normalizers = false});
  m[of::input_bound] = bound.input, m[of::parameter_bound] = bound.value;
  m[of::input_bound_median] = median.input, m[of::parameter_bound_median] = median.value;
  m[of::input_bound_without] = without.input, m[of::parameter_bound_without] = without.value;
  m[of::input_bound_everywhere] = lipschitz_of(p).value;

  jacobian_at<Net> jacobian(p);
  const std::size_t count = std::min<std::size_t>(100, data.size());
  for (std::size_t i = 0; i < count; ++i) {
    const jacobian_norms n = jacobian(data.input(i));
    m[of::slope] += n.input / static_cast<double>(count);
    m[of::parameter_slope] += n.parameters / static_cast<double>(count);
    m[of::steepest] = std::max(m[of::steepest], n.input);
    m[of::parameter_steepest] = std::max(m[of::parameter_steepest], n.parameters);
  }
  if (m[of::steepest] > bound.input || m[of::parameter_steepest] > bound.value)
    throw std::logic_error("a network is steeper than its bound");
}

/// What the next steps of training meet.
template <class Net> void measure_loss(const parameters<Net>& p, const dataset& data, double rate, moment& m) {
  batch_loss<Net, batch_of_landscape> loss(p, data);
  const auto w = loss.vector_of(p);
  const gradient_probe probe =
      probe_along_gradient(loss, w, std::array{0.5 * rate, rate, 2 * rate, 4 * rate});  // as Santurkar et al. 2018
  m[of::loss] = probe.loss, m[of::gradient] = probe.gradient;
  m[of::predictiveness] = probe.predictiveness, m[of::smoothness] = probe.smoothness;
  m[of::relative_smoothness] = probe.smoothness * probe.weights * probe.weights;
  double squares = 0;
  for (const filter& f : filters_of<Net>())
    for (const double x : std::span(w).subspan(f.first, f.size)) squares += x * x;
  m[of::weights] = std::sqrt(squares);
}

/// The loss along random directions from p.
template <class Net> std::vector<line_profile> lines_from(const parameters<Net>& p, const dataset& data,
                                                          std::size_t directions, std::uint64_t seed) {
  batch_loss<Net, batch_of_landscape> loss(p, data);
  const auto w = loss.vector_of(p);
  base::random_stream random(seed);
  std::vector<line_profile> lines;
  for (std::size_t i = 0; i < directions; ++i)
    lines.push_back(loss_along(loss, w, filter_normalized_direction(w, filters_of<Net>(), random), -1, 1, 41));
  return lines;
}

/// All networks of one kind.
struct kind {
  const char *name, *label;
  std::vector<std::vector<moment>> moments = {};      ///< [when][seed]
  std::vector<line_profile> before = {}, after = {};  ///< training: lines of all seeds
};

/// Whether epoch `epoch` of `epochs` is looked at: the first ones, then fewer and fewer.
bool is_looked_at(std::size_t epoch, std::size_t epochs) {
  constexpr std::size_t chosen[]{0, 1, 2, 3, 5, 7, 10, 15, 20, 30, 45, 60, 80};
  return epoch % 100 == 0 || epoch == epochs || std::ranges::find(chosen, epoch) != std::end(chosen);
}

template <class Net>
kind trained(kind k, const laboratory::experiment& e, const training_settings& s, const dataset_parts& data) {
  const std::size_t directions = e.quick ? 2 : 10;
  const auto append = [](auto& all, const auto& more) { all.insert(all.end(), more.begin(), more.end()); };
  for (std::uint64_t seed = e.seed; seed < e.seed + s.seeds; ++seed) {
    parameters<Net> p;
    initialise(p, seed);
    std::size_t when = 0;
    const auto look = [&](std::size_t epoch) {
      if (!is_looked_at(epoch, s.epochs)) return;
      moment m{};
      m[of::epoch] = static_cast<double>(epoch);
      measure_slopes(p, data.first, m);
      measure_loss(p, data.first, s.rate, m);
      const score train = score_of(p, data.first), test = score_of(p, data.rest);
      m[of::train_accuracy] = train.accuracy, m[of::test_accuracy] = test.accuracy;
      m[of::train_loss] = train.loss, m[of::test_loss] = test.loss;
      if (when == k.moments.size()) k.moments.emplace_back();
      k.moments[when++].push_back(m);
    };
    look(0);
    append(k.before, lines_from(p, data.first, directions, seed));
    fit(p, data.first, batch<32>{},
        {.epochs = s.epochs,
         .learning_rate = s.rate,
         .weight_decay = s.weight_decay,
         .schedule = cosine_rate,
         .seed = seed,
         .on_epoch = [&](const epoch_report& report) { look(report.epoch); }});
    append(k.after, lines_from(p, data.first, directions, seed));
  }
  return k;
}

/// What each normalizer divides a bound by, in the geometric mean: the bound of the same weights is so much larger
/// without them.
double factor_of_each(const moment& m, of::quantity bound) {
  return std::pow(m[of::input_bound_without] / m[bound], 1.0 / static_cast<double>(hidden));
}

/// A quantile of the losses of all lines at point i.
double quantile(const std::vector<line_profile>& lines, std::size_t i, double share) {
  std::vector<double> losses;
  for (const line_profile& line : lines) losses.push_back(line.loss[i]);
  std::ranges::sort(losses);
  return losses[static_cast<std::size_t>(share * static_cast<double>(losses.size() - 1))];
}

/// The smoothness along the gradient while the loss falls: the geometric mean over the looks in the first third.
double early_smoothness(const kind& k) {
  std::vector<double> values;
  for (const auto& seeds : k.moments)
    if (const moment m = median_of(seeds); m[of::epoch] > 0 && 3 * m[of::epoch] <= k.moments.back()[0][of::epoch])
      values.push_back(m[of::smoothness]);
  return geometric_mean(values);
}

constexpr const char* figure_of_training = R"gp(set multiplot layout 2,2
set nonlinear x via sqrt(x) inverse x*x
set xlabel "epoch"
set xtics (0, 1, 5, 10, 20, 40, 60, 80, 100)
table = "capacity_training.csv"
names = "none BN LN GN"
set key top left
set ylabel "norm of all weights"
plot for [k=0:3] table skip 1 every :::k::k using 2:3 with lines lw 2 lc k+1 title word(names, k+1)
set ylabel "std at the normalizers"
set yrange [0:3]
plot for [k=1:3] table skip 1 every :::k::k using 2:5 with lines lw 2 lc k+1 notitle, \
  for [k=1:3] table skip 1 every :::k::k using 2:4 with lines lw 2 dt 2 lc k+1 notitle, \
  NaN with lines lc "black" title "median of samples", NaN with lines dt 2 lc "black" title "smallest"
set logscale y
set format y "10^{%T}"
styles = 'NaN with lines lc "black" title "bound, stds of samples", '. \
  'NaN with lines lc "black" dt 2 title "bound, median stds", NaN with lines lc "black" dt 3 title "mean at samples"'
set ylabel "slope in the input"
set yrange [1:1e9]
plot for [k=0:3] table skip 1 every :::k::k using 2:6 with lines lw 2 lc k+1 notitle, \
  for [k=2:3] table skip 1 every :::k::k using 2:7 with lines lw 2 dt 2 lc k+1 notitle, \
  for [k=0:3] table skip 1 every :::k::k using 2:10 with lines lw 2 dt 3 lc k+1 notitle, @styles
set ylabel "slope in the parameters"
set yrange [10:1e10]
plot for [k=0:3] table skip 1 every :::k::k using 2:12 with lines lw 2 lc k+1 notitle, \
  for [k=2:3] table skip 1 every :::k::k using 2:13 with lines lw 2 dt 2 lc k+1 notitle, \
  for [k=0:3] table skip 1 every :::k::k using 2:15 with lines lw 2 dt 3 lc k+1 notitle, @styles
unset multiplot)gp";

constexpr const char* figure_of_landscape = R"gp(set multiplot layout 1,3
set logscale y
table = "capacity_landscape.csv"
names = "none BN LN GN"
set style fill transparent solid 0.15 noborder
set key top center horizontal maxcols 2 samplen 2
set xlabel "step along a random direction"
set ylabel "cross-entropy" offset 1
set yrange [1e-4:1e3]
set format y "10^{%T}"
set title "trained: median, 10 to 90 %"
plot for [k=0:3] table skip 1 every :::k::k using 2:5:6 with filledcurves lc k+1 notitle, \
  for [k=0:3] table skip 1 every :::k::k using 2:4 with lines lw 2 lc k+1 title word(names, k+1)
unset logscale y
set format y "%g"
set yrange [0:12]
set title "before training: median"
plot for [k=0:3] table skip 1 every :::k::k using 2:3 with lines lw 2 lc k+1 title word(names, k+1)
set logscale y
set format y "10^{%T}"
set nonlinear x via sqrt(x) inverse x*x
set xlabel "epoch"
set xtics (0, 1, 5, 10, 20, 40, 60, 100)
set ylabel "change of the gradient / step" offset 1
set yrange [1e-3:1e3]
set title "steps along the gradient"
plot for [k=0:3] "capacity_training.csv" skip 1 every :::k::k using 2:20 with lines lw 2 lc k+1 title word(names, k+1)
unset multiplot)gp";

void draw(const laboratory::experiment& e, const std::vector<kind>& kinds) {
  std::vector<std::string> header{"kind"};
  header.insert(header.end(), std::begin(of::names), std::end(of::names));
  laboratory::table training(header);
  laboratory::table landscape({"kind", "step", "before", "after", "after_low", "after_high"});
  for (const kind& k : kinds) {
    for (const auto& seeds : k.moments) {
      std::vector<laboratory::value> row{k.name};
      for (const double x : median_of(seeds)) row.emplace_back(x);
      training.add(row);
    }
    training.separate();
    for (std::size_t i = 0; i < k.after[0].step.size(); ++i)
      landscape.add({k.name, k.after[0].step[i], quantile(k.before, i, 0.5), quantile(k.after, i, 0.5),
                     quantile(k.after, i, 0.1), quantile(k.after, i, 0.9)});
    landscape.separate();
  }
  e.draw("capacity_training", training, figure_of_training, "1000,760");
  e.draw("capacity_landscape", landscape, figure_of_landscape, "1100,400");
}

/// Whether what is said to bound a gap orders the networks as their gaps do.
void compare_orders(const std::vector<kind>& kinds, std::vector<std::pair<std::string, laboratory::value>>& keys) {
  std::vector<double> gaps;
  for (const kind& k : kinds)
    for (const moment& m : k.moments.back()) gaps.push_back(m[of::train_accuracy] - m[of::test_accuracy]);
  std::printf("\nrank correlation of the gap, over %zu networks, with\n", gaps.size());
  for (const of::quantity q : {of::input_bound, of::input_bound_median, of::input_bound_everywhere, of::slope,
                               of::parameter_slope, of::weights}) {
    std::vector<double> values;
    for (const kind& k : kinds)
      for (const moment& m : k.moments.back()) values.push_back(m[q]);
    const double correlation = rank_correlation(values, gaps);
    std::printf("  %-24s %6.2f\n", of::names[q], correlation);
    keys.emplace_back(std::string("rank_") + of::names[q], correlation);
  }
}

}  // namespace

std::vector<std::pair<std::string, laboratory::value>> trained_networks(const laboratory::experiment& e,
                                                                        const training_settings& s) {
  const dataset_parts data = split_at(laboratory::digits(), s.samples);
  const std::vector<kind> kinds{
      trained<Plain>({"none", "no normalizer"}, e, s, data), trained<BatchNormed>({"bn", "batch norm"}, e, s, data),
      trained<LayerNormed>({"ln", "layer norm"}, e, s, data), trained<GroupNormed>({"gn", "group norm"}, e, s, data)};

  std::printf("\n%zu hidden layers of %zu, trained on %zu digits for %zu epochs; medians of %zu seeds\n\n", hidden,
              width, s.samples, s.epochs, s.seeds);
  std::printf("                 |W|  factor of each  slope in the input        in the parameters         loss along\n");
  std::printf(
      "                      normalizer at   bound     at samples      bound     at samples      random  gradient\n");
  std::printf(
      "                      smallest median           mean  largest             mean largest     rise    smooth\n");
  std::vector<std::pair<std::string, laboratory::value>> keys;
  const auto add = [&keys](const kind& k, const char* key, double x) {
    keys.emplace_back(std::string(key) + "_" + k.name, x);
  };
  for (const kind& k : kinds) {
    const moment m = median_of(k.moments.back());
    const double factor = factor_of_each(m, of::input_bound), of_median = factor_of_each(m, of::input_bound_median),
                 rise = laboratory::median(k.after, &line_profile::rise), smooth = early_smoothness(k);
    std::printf("  %-13s %5.1f  %6.2f  %6.2f  %9.3g %6.1f %6.1f  %9.3g %6.1f %6.1f     %6.2f %6.2f\n", k.label,
                m[of::weights], factor, of_median, m[of::input_bound], m[of::slope], m[of::steepest],
                m[of::parameter_bound], m[of::parameter_slope], m[of::parameter_steepest], rise, smooth);
    add(k, "weights", m[of::weights]), add(k, "bound", m[of::input_bound]), add(k, "slope", m[of::slope]);
    add(k, "factor", factor), add(k, "factor_median", of_median), add(k, "rise", rise), add(k, "smoothness", smooth);
  }

  std::printf("\n                 accuracy      gap     loss          bound of the gap, and samples wanted\n");
  std::printf("                 train  test           train  test   for all inputs  for stds of samples\n");
  bool vacuous = true;
  for (const kind& k : kinds) {
    const moment m = median_of(k.moments.back());
    const auto bound = [&](of::quantity q) {
      return generalization_of({.lipschitz = m[q],
                                .input_norm = largest_input,
                                .dimension = data.first.features(),
                                .labels = 10,
                                .samples = s.samples});
    };
    const auto everywhere = bound(of::input_bound_everywhere), above = bound(of::input_bound);
    vacuous = vacuous && everywhere.vacuous && above.vacuous;
    const double gap = m[of::train_accuracy] - m[of::test_accuracy];
    std::printf("  %-13s %6.3f %6.3f %6.3f  %5.3f %6.3f %8.1g 1e%-5.0f %8.1g 1e%.0f\n", k.label, m[of::train_accuracy],
                m[of::test_accuracy], gap, m[of::train_loss], m[of::test_loss], everywhere.gap,
                everywhere.log10_samples_wanted, above.gap, above.log10_samples_wanted);
    add(k, "gap", gap), add(k, "samples_wanted_log10", everywhere.log10_samples_wanted);
  }
  std::printf("%s\n", vacuous ? "every bound exceeds 1, the largest possible gap: all of them are vacuous" : "");
  keys.emplace_back("vacuous", vacuous ? "yes" : "no");
  compare_orders(kinds, keys);
  draw(e, kinds);
  return keys;
}
