// SPDX-License-Identifier: Apache-2.0
// What the search finds is checked by following the points, and the margin by moving them.
#include <limits>
#include <set>
#include <taut/theory/folding.hpp>

#include "support/catch.hpp"

namespace {

using namespace taut;

struct problem {
  std::vector<double> points;
  std::vector<std::size_t> labels;
};
problem random_problem(std::uint64_t seed, std::size_t count, std::size_t dimension, std::size_t labels) {
  base::random_stream random(seed);
  problem made{std::vector<double>(count * dimension), std::vector<std::size_t>(count)};
  for (double& x : made.points) x = random.normal();
  for (std::size_t& label : made.labels) label = random.below(labels);
  return made;
}

// How many points the folding gives another label, when each stage errs twice by up to `error` in units of its fold.
std::size_t wrong_labels(const ln_net::folding& f, const problem& of, double error, base::random_stream& random) {
  std::size_t wrong = 0;
  const std::size_t dimension = f.direction.size();
  for (std::size_t i = 0; i < of.labels.size(); ++i) {
    double p = f.place(&of.points[i * dimension], 0) + random.uniform(-2 * error, 2 * error);
    for (const ln_net::stage& s : f.stages) p = s(p) + s.scale * random.uniform(-2 * error, 2 * error);
    std::size_t interval = 0;
    while (interval < f.borders.size() && p > f.borders[interval]) ++interval;
    wrong += f.order[interval] != of.labels[i] ? 1 : 0;
  }
  return wrong;
}

// The smallest distance of points of different label before any stage and after each, in units of that stage's fold.
double smallest_gap(const ln_net::folding& f, const problem& of) {
  const std::size_t dimension = f.direction.size();
  double least = 2;
  for (std::size_t stages = 0; stages <= f.stages.size(); ++stages) {
    const double unit = stages == 0 ? 1 : f.stages[stages - 1].scale;
    for (std::size_t i = 0; i < of.labels.size(); ++i)
      for (std::size_t j = 0; j < i; ++j)
        if (of.labels[i] != of.labels[j])
          least = std::min(
              least,
              std::abs(f.place(&of.points[i * dimension], stages) - f.place(&of.points[j * dimension], stages)) / unit);
  }
  return least;
}

}  // namespace

TEST_CASE("theory.folding: runs are counted") {
  REQUIRE(ln_net::runs_of({}) == 0);
  REQUIRE(ln_net::runs_of(std::array<std::size_t, 6>{1, 1, 0, 2, 2, 1}) == 4);
}

TEST_CASE("theory.folding: every point ends in the interval of its label") {
  const auto [count, dimension, labels] = GENERATE(table<std::size_t, std::size_t, std::size_t>(
      {{2, 1, 2}, {16, 1, 2}, {16, 2, 2}, {32, 2, 2}, {16, 2, 4}, {16, 3, 3}, {24, 7, 5}, {5, 2, 30}}));
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const problem p = random_problem(seed, count, dimension, labels);
    const auto f = ln_net::fold_runs(p.points, dimension, p.labels, {.beam = 8, .directions = 100, .tried = 4});
    CAPTURE(count, dimension, labels, seed);
    REQUIRE(f.complete());
    const std::set<std::size_t> present(p.labels.begin(), p.labels.end());
    REQUIRE(std::set<std::size_t>(f.order.begin(), f.order.end()) == present);
    REQUIRE(f.order.size() == present.size());
    REQUIRE(f.borders.size() + 1 == present.size());
    REQUIRE(f.stages.size() <= count);
    REQUIRE(f.stages.size() + 2 * present.size() <= 2 * f.runs);
    for (std::size_t i = 0; i < count; ++i) REQUIRE(f.label_of(&p.points[i * dimension]) == p.labels[i]);
    if (present.size() > 1) REQUIRE(smallest_gap(f, p) == Approx(f.gap).epsilon(1e-6));
  }
}

TEST_CASE("theory.folding: errors below the margin change no label, and errors far above it do") {
  base::random_stream random(5);
  std::size_t small = 0, large = 0;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const problem p = random_problem(seed, 16, 2, 2);
    const ln_net::folding f = ln_net::fold_runs(p.points, 2, p.labels);
    REQUIRE(f.margin > 1e-4);
    REQUIRE(f.margin <= f.gap / 4);
    for (int turn = 0; turn < 20; ++turn) {
      small += wrong_labels(f, p, 0.5 * f.margin, random);
      large += wrong_labels(f, p, 20 * f.margin, random);
    }
  }
  REQUIRE(small == 0);
  REQUIRE(large > 100);
}

TEST_CASE("theory.folding: more effort is worth something, and a limit of folds is kept") {
  const problem p = random_problem(3, 32, 2, 2);
  const auto hasty = ln_net::fold_runs(p.points, 2, p.labels, {.beam = 1, .directions = 20, .tried = 1});
  const auto patient = ln_net::fold_runs(p.points, 2, p.labels, {.beam = 4, .tried = 4});
  REQUIRE(hasty.complete());
  REQUIRE(patient.margin > hasty.margin);
  const auto limited =
      ln_net::fold_runs(p.points, 2, p.labels, {.beam = 4, .tried = 1, .most_folds = patient.stages.size() - 1});
  REQUIRE(limited.complete());
  REQUIRE(limited.stages.size() < patient.stages.size());
  REQUIRE_FALSE(ln_net::fold_runs(p.points, 2, p.labels, {.most_folds = 1}).complete());
  const auto fewest = ln_net::fold_runs(p.points, 2, p.labels, {.beam = 0, .heights = 0, .tried = 1});  // at least one
  REQUIRE(fewest.margin < patient.margin);
}

TEST_CASE("theory.folding: where no fold merges runs, one stretches the line first") {
  // ABAB whose ends are long: no fold of this line leaves three runs
  const std::array<double, 8> points{0, 0.43, 0.49, 0.5, 0.514, 0.594, 0.623, 1};
  const std::array<std::size_t, 8> labels{1, 1, 1, 0, 1, 0, 0, 0};
  const auto f = ln_net::fold_runs(points, 1, labels);
  REQUIRE((f.complete() && f.stages.size() == 3));  // a stretch, and two folds of four runs into two
  for (std::size_t i = 0; i < 8; ++i) REQUIRE(f.label_of(&points[i]) == labels[i]);
  std::size_t found = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    const problem p = random_problem(seed, 8, 1, 2);
    found += ln_net::fold_runs(p.points, 1, p.labels).complete() ? 1 : 0;
  }
  REQUIRE(found >= 99);
}

TEST_CASE("theory.folding: one label needs nothing, equal points may share theirs") {
  const double twice[]{0.5, 1, 0.5, 1, 2, 2};
  const std::size_t same[]{3, 3, 3}, other[]{3, 3, 0}, broken[]{3, 0, 0};
  const auto nothing = ln_net::fold_runs(twice, 2, same);
  REQUIRE((nothing.complete() && nothing.stages.empty() && nothing.label_of(twice) == 3));
  const auto easy = ln_net::fold_runs(twice, 2, other);
  REQUIRE((easy.complete() && easy.label_of(twice) == 3 && easy.label_of(twice + 4) == 0));
  REQUIRE_THROWS_AS(ln_net::fold_runs(twice, 2, broken), ln_net::fit_error);
  REQUIRE_THROWS_WITH(ln_net::fold_runs(twice, 2, broken),
                      "ln_net: points 0 and 1 are equal and have different labels");
}

TEST_CASE("theory.folding: what are no points is refused") {
  const double points[]{0, 1, std::numeric_limits<double>::quiet_NaN(), 2};
  const std::size_t labels[]{0, 1};
  REQUIRE_THROWS_AS(ln_net::fold_runs(points, 2, labels), std::invalid_argument);
  REQUIRE_THROWS_AS(ln_net::fold_runs(std::span(points).first(3), 2, labels), std::invalid_argument);
  REQUIRE_THROWS_AS(ln_net::fold_runs({}, 2, {}), std::invalid_argument);
  REQUIRE_THROWS_AS(ln_net::fold_runs({}, 0, labels), std::invalid_argument);
}

TEST_CASE("theory.folding: points far from 0 have less margin, by what their projection rounds") {
  const problem near = random_problem(1, 12, 2, 2);
  problem far = near;
  for (double& x : far.points) x += 1e8;
  const auto expected = ln_net::fold_runs(near.points, 2, near.labels),
             found = ln_net::fold_runs(far.points, 2, far.labels);
  REQUIRE(expected.margin > 1e-3);
  REQUIRE(found.margin < 1e-7 * expected.margin);
  REQUIRE(found.margin > 1e-10 * expected.margin);
}
