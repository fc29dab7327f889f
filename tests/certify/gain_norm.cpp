// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <taut/base/random.hpp>
#include <taut/base/rounding.hpp>
#include <taut/certify/gain_norm.hpp>
#include <vector>

#include "support/catch.hpp"

namespace {

constexpr double norm_of(std::initializer_list<double> g) { return taut::centred_gain_norm_up(g.begin(), g.size()); }

static_assert(norm_of({}) == 0 && norm_of({5}) == 0 && norm_of({0, 0}) == 0);
static_assert(norm_of({1, 1}) >= 1 && norm_of({1, 1, 1}) == 1, "a repeated maximum is attained");
static_assert(norm_of({7, 1}) >= 5 && norm_of({-7, 1}) < 5.00000001, "n = 2: sqrt((49 + 1) / 2)");
static_assert(norm_of({3, 0, 0}) > 2.449489742 && norm_of({3, 0, 0}) < 2.449489744, "n = 3: 3 sqrt(2/3)");
static_assert(norm_of({1, taut::rounded::infinity}) == taut::rounded::infinity);
constexpr std::array<double, 256> ramp = [] {
  std::array<double, 256> g{};
  for (std::size_t i = 0; i < g.size(); ++i) g[i] = static_cast<double>(i) / 256;
  return g;
}();
static_assert(taut::centred_gain_norm_up(ramp.data(), ramp.size()) < ramp[255]);
static_assert(taut::centred_gain_norm_up(ramp.data(), ramp.size()) > ramp[254]);

// the certificate itself: for two gains the root is the mean of their squares
constexpr std::array<double, 2> squares{49, 1};
static_assert(taut::detail::norms::beyond_root(squares.data(), 2, 0, 25 + 0x1p-44));
static_assert(!taut::detail::norms::beyond_root(squares.data(), 2, 0, 25 - 0x1p-48));
static_assert(!taut::detail::norms::beyond_root(squares.data(), 2, 0, 1) &&
              !taut::detail::norms::beyond_root(squares.data(), 2, 0, 49));

// the largest root of the secular equation by bisection in long double, on the distance from the largest square
long double secular_norm(std::vector<double> g) {
  for (double& x : g) x = std::fabs(x);
  std::sort(g.begin(), g.end(), [](double a, double b) { return a > b; });
  const long double top = static_cast<long double>(g[0]) * g[0];
  std::vector<long double> gap;
  for (std::size_t i = 1; i < g.size(); ++i)
    gap.push_back((static_cast<long double>(g[0]) - g[i]) * (static_cast<long double>(g[0]) + g[i]));
  long double low = 0, high = gap[0];  // the root is top - t
  for (int step = 0; step < 200; ++step) {
    const long double t = 0.5L * (low + high);
    if (t <= low || t >= high) break;
    long double sum = -1 / t;
    for (const long double d : gap) sum += 1 / (d - t);
    (sum > 0 ? high : low) = t;
  }
  return std::sqrt(top - low);
}

}  // namespace

TEST_CASE("certify.gain_norm: between the truth and 1e-9 above it, never above the largest gain") {
  taut::base::random_stream stream(4);
  int violations = 0;
  long double worst = 1;
  for (int trial = 0; trial < 4000; ++trial) {
    std::vector<double> g(2 + stream.below(trial % 50 ? 40 : 800));
    const double spread = std::pow(10.0, -static_cast<double>(stream.below(16)));
    const double scale = std::ldexp(1.0, static_cast<int>(stream.below(400)) - 200);
    const auto shape = stream.below(4);
    for (double& x : g)
      x = scale * (shape == 0   ? stream.normal()
                   : shape == 1 ? 1 + spread * stream.uniform()
                                : spread * stream.normal());
    if (shape == 2) g[stream.below(g.size())] = scale;
    if (shape == 3) g[0] = scale, g[1] = -scale * (1 - spread * stream.uniform());
    double largest = 0;
    for (const double x : g) largest = std::max(largest, std::fabs(x));
    const double bound = taut::centred_gain_norm_up(g.data(), g.size());
    const long double truth = secular_norm(g);
    violations += bound < truth || bound > largest;
    worst = std::max(worst, bound / truth);
  }
  INFO("worst ratio - 1 = " << static_cast<double>(worst - 1));
  CHECK(violations == 0);
  CHECK(worst <= 1 + 1e-9L);
  CHECK(worst > 1);
}

TEST_CASE("certify.gain_norm: no sampled slope of diag(g) P is above it, and a singular vector attains it") {
  taut::base::random_stream stream(6);
  for (const std::size_t n : {2u, 3u, 7u, 30u}) {
    std::vector<double> g(n), x(n);
    for (double& v : g) v = stream.normal();
    for (double& v : x) v = stream.normal();
    double slope = 0;
    for (int step = 0; step < 5000; ++step) {  // power iteration with P D^2 P
      double mean = 0, before = 0, after = 0;
      for (const double v : x) mean += v / static_cast<double>(n);
      for (double& v : x) v -= mean, before += v * v;
      for (std::size_t i = 0; i < n; ++i) after += g[i] * g[i] * x[i] * x[i];
      slope = std::sqrt(after / before);
      for (std::size_t i = 0; i < n; ++i) x[i] *= g[i] * g[i] / after;
    }
    const double bound = taut::centred_gain_norm_up(g.data(), n);
    CHECK(bound >= slope * (1 - 1e-14));
    CHECK(bound <= slope * (1 + 1e-6));
  }
}

TEST_CASE("certify.gain_norm: extreme gains") {
  const double infinity = taut::rounded::detail::unbounded();
  const std::vector<double> huge{1e308, -1e308, 1e300}, small{1e-310, 3e-310}, zero(5), one{2};
  const std::vector<double> bad{1, taut::rounded::detail::from_bits(0x7FF8000000000000u)};
  CHECK(taut::centred_gain_norm_up(huge.data(), huge.size()) == 1e308);
  CHECK(taut::centred_gain_norm_up(small.data(), small.size()) >= 2.236e-310);
  CHECK(taut::centred_gain_norm_up(small.data(), small.size()) <= 3e-310);
  CHECK(taut::centred_gain_norm_up(zero.data(), zero.size()) == 0);
  CHECK(taut::centred_gain_norm_up(one.data(), one.size()) == 0);
  CHECK(taut::centred_gain_norm_up(bad.data(), bad.size()) == infinity);
}
