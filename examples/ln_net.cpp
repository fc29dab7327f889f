// SPDX-License-Identifier: Apache-2.0
// LN-Nets of width 3 built from labels: random points folded until each label is one interval, in double and in float
//
//   sh examples/run.sh ln_net --out build/out                   # the table, and what groups and layers can do
//   sh examples/run.sh ln_net --points 48 --labels 3            # one row of it
//
// Points are normal in R^2, labels random. Layer norm over three neurons folds a line (theory/fold.hpp); the search of
// theory/folding.hpp finds folds for all labels, theory/ln_net.hpp writes them down as weights.
#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <taut/engine/engine.hpp>
#include <taut/theory/best_halfplane.hpp>
#include <taut/theory/grouped_folding.hpp>
#include <taut/theory/linear_classifier.hpp>
#include <taut/theory/ln_net.hpp>
#include <taut/theory/projection_merge.hpp>
#include <taut/theory/shattering.hpp>
#include <vector>

#include "laboratory/experiment.hpp"

using namespace taut;

namespace {

/// Points of the plane, x and y one behind the other, and their labels.
struct problem {
  std::vector<double> points;
  std::vector<std::size_t> labels;

  problem(std::uint64_t seed, std::size_t count, std::size_t among) : points(2 * count), labels(count) {
    base::random_stream random(seed);
    for (double& x : points) x = random.normal();
    for (std::size_t& label : labels) label = random.below(among);
  }
};

/// Shares of points that have the largest score where their label is.
struct accuracies {
  double in_double = 0, in_float = 0;
};

/// Of weights in double by `evaluate`, of weights in float by the engine.
template <class Net> accuracies measure(const parameters<Net, double>& p, const problem& of) {
  const auto engine = compile(converted<float>(p));
  accuracies right;
  for (std::size_t i = 0; i < of.labels.size(); ++i) {
    const std::array<double, 2> x{of.points[2 * i], of.points[2 * i + 1]};
    const std::array<float, 2> rounded{static_cast<float>(x[0]), static_cast<float>(x[1])};
    right.in_double += ln_net::label_of(evaluate(p, x)) == of.labels[i] ? 1 : 0;
    right.in_float += ln_net::label_of(engine(rounded)) == of.labels[i] ? 1 : 0;
  }
  const auto count = static_cast<double>(of.labels.size());
  return {right.in_double / count, right.in_float / count};
}

constexpr std::array<std::size_t, 5> depths{4, 8, 16, 32, 64};  // networks there are; what is not needed idles

std::size_t depth_for(std::size_t folds) {
  for (const std::size_t depth : depths)
    if (folds <= depth) return depth;
  return 0;
}

template <std::size_t Labels> accuracies measure(const ln_net::folding& f, const problem& of) {
  accuracies found;
  base::for_each_index<depths.size()>([&]<std::size_t I>() {
    if (depth_for(f.stages.size()) == depths[I])
      found = measure(ln_net::network_of<Labels, depths[I], 2, double>(f), of);
  });
  return found;
}

/// The share that the best linear classifier labels rightly: the best line of all for two labels, for more the better
/// of least squares and logistic regression.
double linear_accuracy(const problem& of) {
  const std::size_t n = of.labels.size();
  if (*std::max_element(of.labels.begin(), of.labels.end()) < 2)
    return static_cast<double>(best_halfplane(of.points, of.labels)) / static_cast<double>(n);
  dataset data{array<float, 2>::from_shape({n, 2}), of.labels};
  std::copy(of.points.begin(), of.points.end(), data.inputs.data());
  return best_linear_classifier(data).accuracy;
}

/// What came out for one number of points and labels, over the seeds.
struct outcome {
  std::size_t points, labels, depth = 0, folds = 0, in_double = 0, in_float = 0;
  double accuracy = 0, linear = 0, gap = 1;
};

constexpr std::size_t most_labels = 4;

outcome try_seeds(std::size_t points, std::size_t labels, std::uint64_t first, std::size_t seeds,
                  laboratory::table& rows) {
  outcome o{points, labels};
  const ln_net::effort with{
      .beam = points < 64 ? 16u : 8u, .tried = points < 64 ? 8u : 4u, .most_folds = depths.back()};
  for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
    const problem p(seed, points, labels);
    const ln_net::folding f = ln_net::fold_runs(p.points, 2, p.labels, with);
    const accuracies a = !f.complete() ? accuracies{} : labels == 2 ? measure<2>(f, p) : measure<most_labels>(f, p);
    const double linear = linear_accuracy(p);
    o.depth = std::max(o.depth, depth_for(f.stages.size())), o.folds = std::max(o.folds, f.stages.size());
    o.in_double += a.in_double == 1 ? 1 : 0, o.in_float += a.in_float == 1 ? 1 : 0;
    o.accuracy += a.in_double / static_cast<double>(seeds), o.linear += linear / static_cast<double>(seeds);
    o.gap = std::min(o.gap, f.gap);
    rows.add({points, labels, seed, f.runs, f.stages.size(), f.gap, f.margin, a.in_double, a.in_float, linear});
  }
  std::printf("%6zu %6zu %9zu/%zu %6zu/%zu %12zu %12.2e %10.3f\n", points, labels, o.in_double, seeds, o.in_float,
              seeds, o.folds, o.gap, o.linear);
  return o;
}

/// The construction of the theorem's proof on the same points: how many seeds are right in double and in float.
void merge_pair_by_pair(const laboratory::experiment& e, const std::vector<std::size_t>& sizes, std::size_t seeds,
                        std::vector<std::pair<std::string, laboratory::value>>& result) {
  laboratory::table rows({"points", "seed", "folds", "margin", "in_double", "in_float"});
  std::printf("\nthe projection merge of the proof\npoints in double in float most folds least margin\n");
  for (const std::size_t points : sizes) {
    std::size_t in_double = 0, in_float = 0, folds = 0;
    double margin = 1;
    for (std::uint64_t seed = e.seed; seed < e.seed + seeds; ++seed) {
      const problem p(seed, points, 2);
      const ln_net::folding f = ln_net::merge_pairs(p.points, 2, p.labels);
      const accuracies a = f.complete() ? measure<2>(f, p) : accuracies{};
      in_double += a.in_double == 1 ? 1 : 0, in_float += a.in_float == 1 ? 1 : 0;
      folds = std::max(folds, f.stages.size()), margin = std::min(margin, f.margin);
      rows.add({points, seed, f.stages.size(), f.margin, a.in_double, a.in_float});
    }
    std::printf("%6zu %6zu/%zu %5zu/%zu %10zu %12.2e\n", points, in_double, seeds, in_float, seeds, folds, margin);
    result.push_back({"merge_double_" + std::to_string(points), in_double});
    result.push_back({"merge_float_" + std::to_string(points), in_float});
  }
  e.write("ln_net_merge", rows);
}

/// How few normalizers suffice for all seeds, against the groups of the last one.
void trade_depth_for_groups(const laboratory::experiment& e, const std::vector<std::size_t>& sizes, std::size_t seeds) {
  std::printf("\nnormalizers needed, the last of so many groups, for %zu of %zu seeds\npoints", seeds, seeds);
  const std::array<std::size_t, 6> groups{1, 2, 3, 4, 6, 8};
  for (const std::size_t g : groups) std::printf("%6zu", g);
  laboratory::table rows({"points", "groups", "depth", "neurons"});
  for (const std::size_t points : sizes) {
    std::printf("\n%6zu", points);
    for (const std::size_t g : groups) {
      std::size_t needed = 0;
      for (std::uint64_t seed = e.seed; seed < e.seed + seeds; ++seed) {
        const problem p(seed, points, 2);
        for (std::size_t folds = needed == 0 ? 0 : needed - 1; folds < 40; ++folds) {
          needed = folds + 1;
          if (ln_net::fold_in_groups(p.points, 2, p.labels, g, {.beam = 4, .tried = 2, .most_folds = folds}).complete())
            break;
          if (needed == 40) throw std::runtime_error("40 normalizers are too few for " + std::to_string(points));
        }
      }
      std::printf("%6zu", needed);
      rows.add({points, g, needed, 3 * (needed - 1) + 3 * g});
    }
    rows.separate();
  }
  std::printf("\n");
  e.write("ln_net_groups", rows);
}

/// The most points of which a set is found that L layer norms shatter.
std::vector<std::size_t> shattered_points(const laboratory::experiment& e, std::size_t most_layers, std::size_t most) {
  laboratory::table rows({"layers", "theorem", "shattered"});
  std::vector<std::size_t> found;
  std::printf("\nlayer norms  points of the plane that they shatter, at least (theorem: L + 2)\n");
  for (std::size_t layers = 1; layers <= most_layers; ++layers) {
    std::size_t best = 2;
    for (bool more = true; more && best < most;) {
      more = false;
      for (std::uint64_t set = e.seed; set < e.seed + 20 && !more; ++set) {
        const problem p(set, best + 1, 2);
        more = ln_net::shatter(p.points, 2, layers, {.beam = 4, .directions = 100, .tried = 1}).all();
      }
      if (more) ++best;
    }
    rows.add({layers, layers + 2, best});
    found.push_back(best);
    std::printf("%11zu  %zu\n", layers, best);
  }
  e.write("ln_net_shattered", rows);
  return found;
}

/// Where the points are behind each fold.
void write_folds(const laboratory::experiment& e, std::size_t points, std::size_t labels) {
  const problem p(e.seed, points, labels);
  const ln_net::folding f = ln_net::fold_runs(p.points, 2, p.labels);
  laboratory::table rows({"folds", "place", "label"});
  for (std::size_t k = 0; k <= f.stages.size(); ++k)
    for (std::size_t i = 0; i < points; ++i) rows.add({k, f.place(&p.points[2 * i], k), p.labels[i]});
  e.write("ln_net_folds", rows);
}

/// Sixteen points whose network the compiler builds.
struct sixteen {
  static constexpr auto points = [] {
    base::random_stream random(1);
    std::array<double, 32> made{};
    for (double& x : made) x = random.normal();
    return made;
  }();
  static constexpr auto labels = [] {
    base::random_stream random(2);
    std::array<std::size_t, 16> made{};
    for (std::size_t& label : made) label = random.below(2);
    return made;
  }();
};
using compiled = ln_net::built<sixteen>;
static_assert(compiled::classifies_all() && compiled::depth <= 16, "all sixteen, by the reference in double");

constexpr const char* folds_figure = R"gp(set title "points on the line, fold by fold; coloured by label"
set xlabel "layer norms behind which they are"; set ylabel "place"
set xrange [-0.5:*]; set yrange [-0.03:1.03]; set offsets 0, 0.5, 0, 0; set xtics 1
set palette maxcolors 4 defined (0 "#1f6fb4", 1 "#d9651e", 2 "#2f9e44", 3 "#333333"); set cbrange [0:3]
unset key; unset colorbox
plot "ln_net_folds.csv" using 1:2:3 skip 1 with points pt 7 ps 0.6 lc palette)gp";

constexpr const char* table_figures = R"gp(set multiplot layout 2,2
set key top left samplen 1.5
set title "layer norms that a folding takes"
set logscale x 2; set xrange [11:180]; set xtics (16, 32, 64, 128)
set xlabel "points"; set ylabel "layer norms"
set logscale y 2; set yrange [1:256]
plot "ln_net.csv" using ($2==2?$1:1/0):5 skip 1 with points pt 7 ps 0.7 lc rgb "#1f6fb4" title "2 labels", \
     "ln_net.csv" using ($2==4?$1*1.12:1/0):5 skip 1 with points pt 5 ps 0.7 lc rgb "#2f9e44" title "4 labels", \
     x with lines dt 2 lc rgb "#888888" title "as many as points"
unset logscale y
set title "distances that count (filled: all labels right in float)"
set logscale y 10; set yrange [1e-22:1]; set format y "10^{%T}"; set ylabel "in units of a fold"
set key bottom left
plot "ln_net.csv" using 1:6 skip 1 with points pt 2 ps 0.6 lc rgb "#999999" title "smallest gap between labels", \
     "ln_net.csv" using ($1*1.06):($9==1?$7:1/0) skip 1 with points pt 7 ps 0.7 lc rgb "#d9651e" title "margin", \
     "ln_net.csv" using ($1*1.06):($9<1?$7:1/0) skip 1 with points pt 6 ps 0.7 lc rgb "#d9651e" notitle, \
     "ln_net_merge.csv" using ($1*1.12):($6==1?$4:1/0) skip 1 with points pt 7 ps 0.7 lc rgb "#333333" notitle, \
     "ln_net_merge.csv" using ($1*1.12):($6<1?$4:1/0) skip 1 \
        with points pt 6 ps 0.7 lc rgb "#333333" title "margin, pair by pair", \
     2.0**-24 with lines lc rgb "#555555" title "rounding in float"
unset logscale; set format y "%g"
set title "depth traded for groups"
set key top right; set xtics 1
set xlabel "groups of three neurons in the last normalizer"; set ylabel "normalizers"; set xrange [0.5:8.5]
set yrange [0:13]
plot for [m in "16 32 64"] "ln_net_groups.csv" using 2:($1==m?$3:1/0) skip 1 \
  with linespoints pt 7 ps 0.7 title m." points"
FOLDS
unset multiplot)gp";

void run(const laboratory::experiment& e, std::size_t points, std::size_t labels, std::size_t seeds) {
  if (e.quick) seeds = std::min(seeds, std::size_t{3});
  const bool table = points == 0;
  std::printf("points labels in double in float most folds smallest gap     linear\n");
  laboratory::table rows(
      {"points", "labels", "seed", "runs", "folds", "gap", "margin", "in_double", "in_float", "linear"});
  std::vector<std::array<std::size_t, 2>> sizes{{points, labels}};
  if (table) sizes = e.quick ? decltype(sizes){{16, 2}} : decltype(sizes){{16, 2}, {32, 2}, {64, 2}, {128, 2}, {16, 4}};
  std::vector<outcome> all;
  for (const auto& [count, among] : sizes) all.push_back(try_seeds(count, among, e.seed, seeds, rows));
  e.write("ln_net", rows);
  write_folds(e, table ? 32 : points, labels);
  std::vector<std::size_t> shattered;
  std::vector<std::pair<std::string, laboratory::value>> merged;
  if (table) {
    const auto some = e.quick ? std::vector<std::size_t>{16} : std::vector<std::size_t>{16, 32, 64};
    merge_pair_by_pair(e, some, seeds, merged);
    trade_depth_for_groups(e, some, seeds);
    shattered = shattered_points(e, e.quick ? 2 : 3, e.quick ? 6 : 12);
    std::printf("\nsixteen points at compile time: %zu layer norms\n", compiled::depth);
    std::string script = table_figures;
    e.draw("ln_net", script.replace(script.find("FOLDS"), 5, folds_figure), "1000,820");
  } else {
    e.draw("ln_net", folds_figure);
  }

  const outcome& first = all.front();  // of a table: 16 points of two labels
  std::size_t float_points = 0;
  for (const outcome& o : all)
    if (o.labels == first.labels && o.in_float == seeds) float_points = std::max(float_points, o.points);
  std::vector<std::pair<std::string, laboratory::value>> result{{"points", first.points},
                                                                {"labels", first.labels},
                                                                {"depth", first.depth},
                                                                {"accuracy", first.accuracy},
                                                                {"linear_accuracy", first.linear},
                                                                {"float_points", float_points},
                                                                {"seeds", seeds}};
  for (const outcome& o : all) {
    const std::string of = std::to_string(o.points) + "_" + std::to_string(o.labels);
    result.insert(
        result.end(),
        {{"double_" + of, o.in_double}, {"float_" + of, o.in_float}, {"folds_" + of, o.folds}, {"gap_" + of, o.gap}});
  }
  result.insert(result.end(), merged.begin(), merged.end());
  for (std::size_t k = 0; k < shattered.size(); ++k)
    result.push_back({"shattered_" + std::to_string(k + 1), shattered[k]});
  result.push_back({"compiled_depth", compiled::depth});
  e.result(result);
}

}  // namespace

int main(int argc, char** argv) {
  laboratory::experiment e{"ln_net", "Networks of layer norms of width 3 that are built from labels."};
  std::size_t points = 0, labels = 2, seeds = 10;
  e.options.add_option("--points", points, "in R^2, at most 128; 0: a table of 16 to 128")->check(CLI::Range(0, 128));
  e.options.add_option("--labels", labels, "that random points have, with --points: 2 to 4")
      ->check(CLI::Range(std::size_t{2}, most_labels))
      ->needs("--points");
  e.options.add_option("--seeds", seeds, "one after the other: point sets with labels")->check(CLI::PositiveNumber);
  return e.main(argc, argv, [&] { run(e, points, labels, seeds); });
}
