// SPDX-License-Identifier: Apache-2.0
// Networks with groups behind their last layer give all points their labels, in double and in the float engine.
#include <taut/engine/engine.hpp>
#include <taut/theory/grouped_ln_net.hpp>

#include "support/catch.hpp"

namespace {

using namespace taut;

struct problem {
  std::vector<double> points = std::vector<double>(32);
  std::vector<std::size_t> labels = std::vector<std::size_t>(16);
  problem(std::uint64_t seed, std::size_t among) {
    base::random_stream random(seed);
    for (double& x : points) x = random.normal();
    for (std::size_t& label : labels) label = random.below(among);
  }
};

template <class Net, class Real> int errors(const parameters<Net, Real>& p, const problem& of) {
  const auto engine = compile(p);
  int wrong = 0;
  for (std::size_t i = 0; i < 16; ++i) {
    const std::array<double, 2> x{of.points[2 * i], of.points[2 * i + 1]};
    const std::array<float, 2> rounded{static_cast<float>(x[0]), static_cast<float>(x[1])};
    wrong += ln_net::label_of(evaluate(p, x)) != of.labels[i] ? 1 : 0;
    wrong += ln_net::label_of(engine(rounded)) != of.labels[i] ? 1 : 0;
  }
  return wrong;
}

}  // namespace

TEST_CASE("theory.grouped_ln_net: one layer of eight groups, or three of two, label 16 points") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const problem two(seed, 2), four(seed, 4);
    REQUIRE(errors(ln_net::fit_in_groups<4, 1, 8, 2>(two.points, two.labels), two) == 0);
    REQUIRE(errors(ln_net::fit_in_groups<4, 1, 8, 2>(four.points, four.labels), four) == 0);
    REQUIRE(errors(ln_net::fit_in_groups<4, 3, 2, 2>(two.points, two.labels), two) == 0);
  }
}

TEST_CASE("theory.grouped_ln_net: the network has the scores of the folding") {
  const problem p(3, 2);
  const auto f = ln_net::fold_in_groups(p.points, 2, p.labels, 2, {.most_folds = 2}, 2);
  const auto net = ln_net::network_of<4, 3, 2, 2, double>(f);
  for (std::size_t i = 0; i < 16; ++i) {
    const auto expected = f.scores_of(&p.points[2 * i]);
    const auto found = evaluate(net, std::span(p.points).subspan(2 * i, 2));
    for (std::size_t k = 0; k < 2; ++k) REQUIRE(found[k] == Approx(expected[k]).epsilon(1e-9).margin(1e-9));
    REQUIRE(found[3] < -1e5);
  }
}

TEST_CASE("theory.grouped_ln_net: what does not fit is said") {
  const problem p(3, 2);
  const auto f = ln_net::fold_in_groups(p.points, 2, p.labels, 2, {.most_folds = 2}, 2);
  REQUIRE_THROWS_AS((ln_net::network_of<4, 1, 8, 2>(f)), ln_net::fit_error);
  REQUIRE_THROWS_AS((ln_net::network_of<4, 3, 2, 2>(ln_net::grouped_folding{})), ln_net::fit_error);
}

TEST_CASE("theory.grouped_ln_net: one group is a layer like those before it") {
  const std::array<double, 8> points{0, 0, 1, 1, 2, 2, 3, 3};
  const std::array<std::size_t, 4> labels{0, 1, 0, 1};
  const auto p = ln_net::fit_in_groups<2, 4, 1, 2>(points, labels);
  for (std::size_t i = 0; i < 4; ++i)
    REQUIRE(ln_net::label_of(evaluate(p, std::span(points).subspan(2 * i, 2))) == labels[i]);
}
