// SPDX-License-Identifier: Apache-2.0
// Folding about several centres at once needs fewer layers, and what reads them separates all labels.
#include <limits>
#include <taut/theory/grouped_folding.hpp>

#include "support/catch.hpp"

namespace {

using namespace taut;

struct problem {
  std::vector<double> points;
  std::vector<std::size_t> labels;
};
problem random_problem(std::uint64_t seed, std::size_t count, std::size_t labels) {
  base::random_stream random(seed);
  problem made{std::vector<double>(2 * count), std::vector<std::size_t>(count)};
  for (double& x : made.points) x = random.normal();
  for (std::size_t& label : made.labels) label = random.below(labels);
  return made;
}

// The fewest normalizers with that many groups, 0 if no depth up to 12 does.
std::size_t depth_with(const problem& of, std::size_t groups) {
  for (std::size_t folds = 0; folds < 12; ++folds) {
    const auto f =
        ln_net::fold_in_groups(of.points, 2, of.labels, groups, {.beam = 4, .tried = 2, .most_folds = folds});
    if (f.complete()) return f.depth();
  }
  return 0;
}

}  // namespace

TEST_CASE("theory.grouped_folding: linear equations are solved") {
  std::vector<double> a{4, 1, 2, 1, 3, 0, 2, 0, 5}, b{4 - 2 + 6, 1 - 6, 2 + 15};
  ln_net::detail::solve_in_place(a, b);
  REQUIRE(b[0] == Approx(1));
  REQUIRE(b[1] == Approx(-2));
  REQUIRE(b[2] == Approx(3));
}

TEST_CASE("theory.grouped_folding: the reader finds the widest street between two classes") {
  // (0, 0) and (1, 0) against (3, 0) and (0, 4), each with a constant
  const std::vector<std::vector<double>> rows{{0, 0, 1}, {1, 0, 1}, {3, 0, 1}, {0, 4, 1}};
  const auto w = ln_net::detail::separating_weights(rows, {false, false, true, true}, 1e-9);
  for (std::size_t i = 0; i < 4; ++i) {
    const double score = w[0] * rows[i][0] + w[1] * rows[i][1] + w[2];
    REQUIRE((i < 2 ? -score : score) > 1 - 1e-6);
  }
  // (1, 0), (3, 0) and (0, 4) hold the street, (0, 0) lies behind
  REQUIRE(-(w[0] + w[2]) == Approx(1).epsilon(1e-6));
  REQUIRE(3 * w[0] + w[2] == Approx(1).epsilon(1e-6));
  REQUIRE(4 * w[1] + w[2] == Approx(1).epsilon(1e-6));
}

TEST_CASE("theory.grouped_folding: more groups need fewer layers") {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const problem p = random_problem(seed, 24, 2);
    const std::size_t one = depth_with(p, 1), two = depth_with(p, 2), eight = depth_with(p, 8);
    CAPTURE(one, two, eight);
    REQUIRE(one > two);
    REQUIRE(two > eight);
    REQUIRE(eight == 1);
  }
}

TEST_CASE("theory.grouped_folding: every label has the largest score at its points, with the margin that is stated") {
  for (const std::size_t labels : {2u, 4u}) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
      const problem p = random_problem(seed, 16, labels);
      for (const std::size_t layers : {0u, 6u}) {
        const auto f =
            ln_net::fold_in_groups(p.points, 2, p.labels, 3, {.beam = 4, .tried = 2, .most_folds = 4}, layers);
        REQUIRE(f.complete());
        REQUIRE(f.depth() >= layers + 1);
        REQUIRE(f.folds.size() == 3);
        REQUIRE(f.margin > 0);
        for (std::size_t i = 0; i < p.labels.size(); ++i) {
          const auto y = f.scores_of(&p.points[2 * i]);
          double weights = 0;
          for (const double w : f.scores[p.labels[i]]) weights += std::abs(w);
          for (std::size_t other = 0; other < y.size(); ++other)
            if (other != p.labels[i]) REQUIRE(y[p.labels[i]] - y[other] > f.margin * weights);
        }
      }
    }
  }
}

TEST_CASE("theory.grouped_folding: scores that are 0 or no number leave no margin") {
  const double none = std::numeric_limits<double>::quiet_NaN();
  const std::vector<std::size_t> labels{0, 1};
  REQUIRE(ln_net::detail::margin_of({{-1}, {1}}, {{-0.5}, {0.5}}, labels) == 0.5);
  for (const double bad : {0.0, none}) REQUIRE(ln_net::detail::margin_of({{bad}, {bad}}, {{-2}, {2}}, labels) == 0);
}

TEST_CASE("theory.grouped_folding: nothing is found within too few layers, and no groups are refused") {
  const problem p = random_problem(1, 32, 2);
  REQUIRE_FALSE(ln_net::fold_in_groups(p.points, 2, p.labels, 1, {.beam = 1, .tried = 1, .most_folds = 1}).complete());
  REQUIRE_THROWS_AS(ln_net::fold_in_groups(p.points, 2, p.labels, 0), std::invalid_argument);
  REQUIRE_THROWS_AS(ln_net::fold_in_groups({}, 2, {}, 1), std::invalid_argument);
}
