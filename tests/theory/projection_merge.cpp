// SPDX-License-Identifier: Apache-2.0
// The projection merge labels all points in double, one pair a fold, and leaves far smaller margins than merging runs.
#include <taut/theory/projection_merge.hpp>

#include "support/catch.hpp"

using namespace taut;

TEST_CASE("theory.projection_merge: the nearest pair of the leftmost label is folded onto one place") {
  ln_net::detail::merging line{{{0, 2, 0}, {0.1, 2, 1}, {0.4, 2, 0}, {1, 2, 1}}, 1, 1};
  REQUIRE(line.pair_to_merge() == std::pair<std::size_t, std::size_t>(0, 2));
  const ln_net::stage s = line.merge(0, 2);
  REQUIRE(s.about.centre == Approx(0.2));
  REQUIRE(s.about.height == Approx(0.2));
  REQUIRE(s(0) == Approx(s(0.4)));
  REQUIRE(line.places.size() == 3);
  REQUIRE(line.places[0].label == 1);  // 1, which was farthest
  REQUIRE(line.places[1].at == Approx(s(0.4)));
  REQUIRE(line.gap == Approx(s.about(0.1) - s.about(0)));
  REQUIRE(line.pair_to_merge() == std::pair<std::size_t, std::size_t>(0, 2));
}

TEST_CASE("theory.projection_merge: m points of two labels take m - 2 folds, and runs leave more margin") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    base::random_stream random(seed);
    std::vector<double> points(32);
    std::vector<std::size_t> labels(16);
    for (double& x : points) x = random.normal();
    for (std::size_t& label : labels) label = random.below(2);
    const auto f = ln_net::merge_pairs(points, 2, labels);
    REQUIRE(f.complete());
    REQUIRE(f.stages.size() == 14);
    for (std::size_t i = 0; i < 16; ++i) REQUIRE(f.label_of(&points[2 * i]) == labels[i]);
    const auto runs = ln_net::fold_runs(points, 2, labels);
    REQUIRE(runs.stages.size() < 8);
    REQUIRE(runs.margin > 100 * f.margin);
  }
}

TEST_CASE("theory.projection_merge: labels that meet are not told apart, and one label needs nothing") {
  // of three labels, folding 0 onto 0.4 folds 0.1 onto 0.3
  const std::array<double, 4> points{0, 0.125, 0.375, 0.5};
  const std::array<std::size_t, 4> labels{0, 1, 2, 0}, same{1, 1, 1, 1};
  REQUIRE_FALSE(ln_net::merge_pairs(points, 1, labels).complete());
  REQUIRE(ln_net::merge_pairs(points, 1, same).stages.empty());
  REQUIRE(ln_net::fold_runs(points, 1, labels).complete());
}

TEST_CASE("theory.projection_merge: a leftmost point alone in its label, and places that coincide") {
  const std::array<double, 4> points{0, 1, 2, 3};
  for (const std::array<std::size_t, 4>& labels :
       {std::array<std::size_t, 4>{0, 1, 1, 1}, {1, 1, 1, 0}, {0, 1, 1, 0}}) {
    const auto f = ln_net::merge_pairs(points, 1, labels);
    REQUIRE(f.complete());
    REQUIRE(f.margin > 0.001);
    for (std::size_t i = 0; i < 4; ++i) REQUIRE(f.label_of(&points[i]) == labels[i]);
  }
  const std::array<double, 3> twice{0, 0, 1};
  const auto f = ln_net::merge_pairs(twice, 1, std::array<std::size_t, 3>{0, 0, 1});
  REQUIRE((f.complete() && f.stages.empty() && f.label_of(&twice[0]) == 0 && f.label_of(&twice[2]) == 1));
}
