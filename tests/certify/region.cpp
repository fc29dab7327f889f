// SPDX-License-Identifier: Apache-2.0
// The twin of certify/region.hpp: each map of regions against values that attain its bounds, in constant expressions and
// at run time.
#include <cmath>
#include <taut/inference.hpp>

#include "laws/support.hpp"
#include "support/catch.hpp"

namespace {

using namespace taut;
using namespace taut::certificates;

constexpr bool just_above(double bound, double truth) {  // within the slack of layers' statements
  return bound >= truth && bound <= truth + 1e-5 * (1 + (truth < 0 ? -truth : truth));
}

// the ball of radius 5 and [1, 2]^2: around (1.5, 1.5) the box has radius 0.7071
constexpr bool small_box = [] {
  const region r = region_of_input(2, 5, 1, 2);
  return r.centre.at[0] == 1.5 && just_above(r.radius, 0.70710678) && just_above(r.norm, 2.8284271) &&
         r.lowest() == 1 && r.highest() == 2;
}();
static_assert(small_box);
// a ball of radius 1 cuts the box [-3, 0.5]^4
constexpr bool small_ball = [] {
  const region r = region_of_input(4, 1, -3, 0.5);
  return r.norm == 1 && r.lowest() == -1 && r.highest() == 0.5;
}();
static_assert(small_ball);

// y = 3 x0 - 4 x1 + 1 on the ball of radius 2: [-9, 11]; on the box [0, 1]^2: [-3, 4]
constexpr bool affine_ends = [] {
  constexpr double w[] = {3, -4}, b[] = {1};
  const region ball = affine_region(region_of_input(2, 2, -rounded::infinity, rounded::infinity), w, b, 1, 5, 0);
  const region box = affine_region(region_of_input(2, rounded::infinity, 0, 1), w, b, 1, 5, 0);
  return just_above(ball.highest(), 11) && just_above(-ball.lowest(), 9) && just_above(box.highest(), 4) &&
         just_above(-box.lowest(), 3);
}();
static_assert(affine_ends);
// a matrix known up to 0.1: the ball of radius 2 gives at most 0.2 more
constexpr bool affine_error = [] {
  constexpr double w[] = {3, -4}, b[] = {1};
  const region y = affine_region(region_of_input(2, 2, -rounded::infinity, rounded::infinity), w, b, 1, 5, 0.1);
  return just_above(y.highest(), 11.2) && just_above(y.norm, 11.2);
}();
static_assert(affine_error);

// slopes in [-1, 1]: |x| on [-3, 1]
constexpr bool folded_ends = [] {
  const region x = region_of_input(1, rounded::infinity, -3, 1);
  region y = pointwise_region(x, -1, 1, [](double v) { return v < 0 ? -v : v; });
  y.settle();
  return just_above(y.highest(), 3) && just_above(-y.lowest(), 1);  // from the middle: f(-1) = 1, two steps away
}();
static_assert(folded_ends);
// slopes in [0, 1]: the ends of the interval, exactly
constexpr bool monotone_ends = [] {
  const region x = region_of_input(1, rounded::infinity, -3, 1);
  const region y = pointwise_region(x, 0, 1, [](double v) { return v < 0 ? 0 : v; });
  return just_above(y.highest(), 1) && just_above(-y.lowest(), 0);
}();
static_assert(monotone_ends);

}  // namespace

TEST_CASE("certify.region: slopes bound every function that has them") {
  base::random_stream random(5);
  for (int round = 0; round < 2000; ++round) {
    const double from = random.normal() * 3, to = from + std::abs(random.normal()) * 3;
    const double frequency = 0.2 + 3 * random.uniform(), phase = random.uniform(0, 7);
    const auto f = [&](double v) { return std::sin(frequency * v + phase) + 0.3 * v; };
    const region x = region_of_input(1, rounded::infinity, from, to);
    region y = pointwise_region(x, 0.3 - frequency, 0.3 + frequency, f);
    y.settle();
    for (int i = 0; i <= 20; ++i) {
      const double value = f(std::min(to, from + (to - from) * i / 20));
      REQUIRE((value >= y.lower.at[0] && value <= y.upper.at[0]));
    }
  }
}

TEST_CASE("certify.region: the longest run and the largest element of a normalizer are attained") {
  for (const std::size_t n : std::array<std::size_t, 4>{2, 3, 8, 31}) {
    region x(n);  // everything
    const region y =
        normalized_region(x, 1, n, true, 1e-12, 1, [](std::size_t) { return 1.0; }, [](std::size_t) { return 0.0; });
    std::vector<double> one(n, 0.0), z(n);
    one[0] = 1e6;
    const auto s = normalizer::measure<true>(normalizer::elements{0, n}, one.data(), 1e-12);
    for (std::size_t i = 0; i < n; ++i) z[i] = s.centre(one[i]) * s.inverse;
    CHECK(y.highest() == Approx(z[0]).epsilon(1e-9));
    CHECK(y.highest() >= z[0] * (1 - 1e-15));
    CHECK(y.norm == Approx(tests::norm(z)).epsilon(1e-9));
    CHECK(y.norm >= tests::norm(z) * (1 - 1e-15));
  }
}

TEST_CASE("certify.region: the mean of a run does not count, and the norm around it does") {
  region x(3);
  x.centre.at[0] = x.centre.at[1] = x.centre.at[2] = 1000;
  x.radius = 0.5;
  x.settle();
  CHECK(run_length_up(x, 0, 3, true) == Approx(0.5).epsilon(1e-6));
  CHECK(run_length_up(x, 0, 3, false) == Approx(1000 * std::sqrt(3.0) + 0.5).epsilon(1e-6));
}

TEST_CASE("certify.region: scalings, sums and joints of intervals") {
  const region x = region_of_input(2, rounded::infinity, -1, 3);
  const region y = scaled_region(
      x, [](std::size_t i) { return i == 0 ? -2.0 : 0.0; }, [](std::size_t i) { return i == 0 ? 1.0 : 7.0; });
  CHECK((just_above(y.upper.at[0], 3) && just_above(-y.lower.at[0], 5)));
  CHECK((just_above(y.upper.at[1], 7) && just_above(-y.lower.at[1], -7)));
  CHECK(just_above(y.radius, 4));
  const region both = sum_of_regions(x, y);
  CHECK((just_above(both.upper.at[0], 6) && just_above(-both.lower.at[0], 6)));
  region joined(4);
  put_region(x, joined, 0), put_region(x, joined, 2);
  CHECK(just_above(joined.radius, 4));  // each of the two: 2 sqrt(2)
  const region unbounded(2);
  const region far = scaled_region(unbounded, [](std::size_t) { return 0.0; }, [](std::size_t) { return 1.0; });
  CHECK((rounded::is_finite(far.upper.at[0]) && rounded::is_finite(far.lower.at[1])));
}

TEST_CASE("certify.region: lengths are bounded from above, whatever their scale") {
  base::random_stream random(2);
  for (const double scale : {1e-250, 1e-130, 1e-20, 1.0, 1e20, 1e100, 1e130}) {
    const auto v = tests::random_vector(random, 50, scale);
    double squares = 0;
    for (const double e : v) squares += (e / scale) * (e / scale);
    const double length = length_up(v.data(), v.size());
    CHECK(length >= std::sqrt(squares) * scale * (1 - 1e-14));
  }
  const double strange[] = {1, std::numeric_limits<double>::quiet_NaN()};
  CHECK(length_up(strange, 2) == rounded::infinity);
}
