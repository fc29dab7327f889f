// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <taut/base/random.hpp>
#include <vector>

#include "support/catch.hpp"

namespace {

using taut::base::random_stream;

constexpr std::uint64_t nth(std::uint64_t seed, int n) {
  random_stream r(seed);
  for (int i = 0; i < n; ++i) r.next();
  return r.next();
}
// the reference values of SplitMix64 for seed 1234567
static_assert(nth(1234567, 0) == 6457827717110365317u && nth(1234567, 1) == 3203168211198807973u &&
              nth(1234567, 2) == 9817491932198370423u && nth(1234567, 4) == 16408922859458223821u);

}  // namespace

TEST_CASE("base.random: moments of uniform and normal numbers") {
  random_stream r(1);
  double sum = 0, squares = 0, normal = 0, normal_squares = 0, fourth = 0;
  constexpr int count = 100000;
  for (int i = 0; i < count; ++i) {
    const double u = r.uniform(), z = r.normal(), v = r.uniform(-3, 5);
    REQUIRE((u >= 0 && u < 1 && v >= -3 && v < 5));
    sum += u, squares += u * u, normal += z, normal_squares += z * z, fourth += z * z * z * z;
  }
  CHECK(std::abs(sum / count - 0.5) < 0.005);
  CHECK(std::abs(squares / count - 1.0 / 3) < 0.005);
  CHECK(std::abs(normal / count) < 0.015);
  CHECK(std::abs(normal_squares / count - 1) < 0.02);
  CHECK(std::abs(fourth / count - 2.9) < 0.15);  // 3 for a normal number; 2.9 for twelve uniform ones
}

TEST_CASE("base.random: whole numbers below a bound are equally likely") {
  random_stream r(2);
  std::array<int, 10> hits{};
  for (int i = 0; i < 100000; ++i) ++hits.at(r.below(10));
  for (const int h : hits) CHECK(std::abs(h - 10000) < 500);
}

TEST_CASE("base.random: shuffle gives each permutation of three equally often, and loses nothing") {
  random_stream r(3);
  std::array<int, 6> hits{};
  for (int i = 0; i < 60000; ++i) {
    std::array<int, 3> a{0, 1, 2};
    r.shuffle(a.begin(), a.end());
    ++hits.at(static_cast<std::size_t>(a[0] * 2 + (a[1] > a[2] ? 1 : 0)));
  }
  for (const int h : hits) CHECK(std::abs(h - 10000) < 500);
  std::vector<int> many(100);
  for (int i = 0; i < 100; ++i) many[static_cast<std::size_t>(i)] = i;
  const auto before = many;
  r.shuffle(many.begin(), many.end());
  CHECK(many != before);
  std::sort(many.begin(), many.end());
  CHECK(many == before);
}
