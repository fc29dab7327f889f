// SPDX-License-Identifier: Apache-2.0
// The theorem's L + 2 points are shattered; on a line, where one layer norm can cut only two arcs, three are all.
#include <taut/theory/shattering.hpp>

#include "support/catch.hpp"

namespace {

std::vector<double> random_points(std::uint64_t seed, std::size_t numbers) {
  taut::base::random_stream random(seed);
  std::vector<double> points(numbers);
  for (double& x : points) x = random.normal();
  return points;
}

}  // namespace

using namespace taut;

TEST_CASE("theory.shattering: L layer norms shatter L + 2 points of a line and of the plane") {
  for (std::size_t dimension : {1u, 2u})
    for (std::size_t layers = 0; layers <= 4; ++layers) {
      const auto s =
          ln_net::shatter(random_points(3, dimension * (layers + 2)), dimension, layers, {.directions = 100});
      CAPTURE(dimension, layers, s.realised, s.dichotomies);
      REQUIRE(s.dichotomies == std::size_t{2} << layers);
      REQUIRE(s.all());
    }
}

TEST_CASE("theory.shattering: without a layer norm, lines part the points") {
  // Cover: of n points of the plane in general position, lines realise n (n - 1) / 2 + 1 dichotomies up to exchange
  for (std::size_t n = 3; n <= 7; ++n)
    REQUIRE(ln_net::shatter(random_points(n, 2 * n), 2, 0).realised == n * (n - 1) / 2 + 1);
}

TEST_CASE("theory.shattering: on a line one layer norm realises all but the alternating labels of four points") {
  const auto s = ln_net::shatter(random_points(1, 4), 1, 1);
  REQUIRE(s.dichotomies == 8);
  REQUIRE(s.realised == 7);
  REQUIRE_THROWS_AS(ln_net::shatter(random_points(1, 21), 1, 1), std::invalid_argument);
  REQUIRE_THROWS_AS(ln_net::shatter({}, 0, 1), std::invalid_argument);
}
