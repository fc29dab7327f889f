// SPDX-License-Identifier: Apache-2.0
// LN-Nets that are built give all points their labels, in double, in the float engine and at compile time.
#include <taut/certify/capacity.hpp>
#include <taut/engine/engine.hpp>
#include <taut/theory/ln_net.hpp>

#include "support/catch.hpp"

namespace {

using namespace taut;

template <std::size_t Count> constexpr std::array<double, 2 * Count> random_points(std::uint64_t seed) {
  base::random_stream random(seed);
  std::array<double, 2 * Count> points{};
  for (double& x : points) x = random.normal();
  return points;
}
template <std::size_t Count>
constexpr std::array<std::size_t, Count> random_labels(std::uint64_t seed, std::size_t among) {
  base::random_stream random(seed + 100);
  std::array<std::size_t, Count> labels{};
  for (std::size_t& label : labels) label = random.below(among);
  return labels;
}

// How many of the points evaluate and the engine in float give another label.
template <class Net, class Real, std::size_t Count>
std::pair<int, int> errors(const parameters<Net, Real>& p, const std::array<double, 2 * Count>& points,
                           const std::array<std::size_t, Count>& labels) {
  const auto engine = compile(p);
  std::pair<int, int> wrong{};
  for (std::size_t i = 0; i < Count; ++i) {
    const std::array<double, 2> x{points[2 * i], points[2 * i + 1]};
    const std::array<float, 2> rounded{static_cast<float>(x[0]), static_cast<float>(x[1])};
    wrong.first += ln_net::label_of(evaluate(p, x)) != labels[i] ? 1 : 0;
    wrong.second += ln_net::label_of(engine(rounded)) != labels[i] ? 1 : 0;
  }
  return wrong;
}

struct sixteen {
  static constexpr auto points = random_points<16>(1);
  static constexpr auto labels = random_labels<16>(1, 2);
};
using compiled = ln_net::built<sixteen>;
static_assert(compiled::classifies_all() && compiled::depth > 0 && compiled::depth <= 14);
static_assert(compiled::type::depth == 2 * compiled::depth + 1 && compiled::type::output_size == 2);
static_assert(certificates::vc_dimension_at_least<compiled::type>() == compiled::depth + 2);

}  // namespace

TEST_CASE("theory.ln_net: the compiler and the program build the same network") {
  const auto f = ln_net::fold_runs(sixteen::points, 2, sixteen::labels, ln_net::at_compile_time);
  REQUIRE(f.stages.size() == compiled::depth);
  const auto p = ln_net::network_of<2, compiled::depth, 2>(f);
  REQUIRE(get<0>(p).weight == get<0>(compiled::parameters).weight);
  REQUIRE(get<2 * compiled::depth>(p).bias == get<2 * compiled::depth>(compiled::parameters).bias);
  REQUIRE(errors(compiled::parameters, sixteen::points, sixteen::labels) == std::pair(0, 0));
}

TEST_CASE("theory.ln_net: 16 and 32 random points of two labels, in double and in float") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const auto points = random_points<16>(seed);
    const auto labels = random_labels<16>(seed, 2);
    REQUIRE(errors(ln_net::fit<2, 10, 2>(points, labels), points, labels) == std::pair(0, 0));
    const auto more = random_points<32>(seed);
    const auto of_more = random_labels<32>(seed, 2);
    REQUIRE(errors(ln_net::fit<2, 10, 2>(more, of_more, {.beam = 4, .tried = 4}), more, of_more) == std::pair(0, 0));
  }
}

TEST_CASE("theory.ln_net: 16 random points of four labels, in double and in float") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const auto points = random_points<16>(seed);
    const auto labels = random_labels<16>(seed, 4);
    REQUIRE(errors(ln_net::fit<4, 10, 2>(points, labels), points, labels) == std::pair(0, 0));
  }
}

TEST_CASE("theory.ln_net: the network is the folding, layer by layer") {
  const auto points = random_points<16>(2);
  const auto labels = random_labels<16>(2, 4);
  const auto f = ln_net::fold_runs(points, 2, labels);
  const auto p = ln_net::network_of<4, 10, 2, double>(f);
  for (std::size_t i = 0; i < 16; ++i) {
    const double place = f.padded(10).place(&points[2 * i], 10);
    const auto y = evaluate(p, std::span(points).subspan(2 * i, 2));
    // neighbouring intervals differ by the distance from their border
    for (std::size_t k = 1; k < f.order.size(); ++k)
      REQUIRE(y[f.order[k]] - y[f.order[k - 1]] == Approx(place - f.padded(10).borders[k - 1]).margin(1e-10));
  }
}

TEST_CASE("theory.ln_net: labels without a point are never given") {
  const std::array<double, 6> points{0, 0, 1, 1, 2, 2};
  const std::array<std::size_t, 3> labels{3, 0, 3}, one{2, 2, 2};
  REQUIRE(errors(ln_net::fit<4, 10, 2>(points, labels), points, labels) == std::pair(0, 0));
  REQUIRE(errors(ln_net::fit<4, 10, 2>(points, one), points, one) == std::pair(0, 0));
  REQUIRE_THROWS_AS((ln_net::fit<2, 10, 2>(points, labels)), ln_net::fit_error);
}

TEST_CASE("theory.ln_net: what does not fit is said") {
  const auto points = random_points<16>(1);
  const auto labels = random_labels<16>(1, 2);
  REQUIRE_THROWS_AS((ln_net::fit<2, 10, 2>(points, labels, {.most_folds = 1})), ln_net::fit_error);
  const auto f = ln_net::fold_runs(points, 2, labels);
  REQUIRE_THROWS_AS((ln_net::network_of<2, 10, 2>(ln_net::folding{})), ln_net::fit_error);
  auto elsewhere = f;
  elsewhere.direction.push_back(0);
  REQUIRE_THROWS_AS((ln_net::network_of<2, 10, 2>(elsewhere)), std::invalid_argument);
}

TEST_CASE("theory.ln_net: what weights in float cannot tell apart, weights in double can") {
  const std::array<double, 8> points{0, 0, 0.3, 0, 0.3 + 1e-11, 0, 1, 1};
  const std::array<std::size_t, 4> labels{0, 0, 1, 1};
  REQUIRE_THROWS_AS((ln_net::fit<2, 10, 2>(points, labels)), ln_net::fit_error);
  REQUIRE(errors(ln_net::fit<2, 10, 2, double>(points, labels), points, labels).first == 0);
}

TEST_CASE("theory.ln_net: points of R^3 and three labels, whose layers are like those of the folds") {
  // of three labels the last layer repeats the folds', of R^3 these repeat the first
  const auto points = random_points<15>(4);
  const auto labels = random_labels<15>(4, 3);
  const auto fewer = random_labels<10>(4, 3);
  const auto three = ln_net::fit<3, 10, 2>(points, labels);
  for (std::size_t i = 0; i < 15; ++i)
    REQUIRE(ln_net::label_of(evaluate(three, std::span(points).subspan(2 * i, 2))) == labels[i]);
  const auto space = ln_net::fit<3, 10, 3>(points, fewer);
  for (std::size_t i = 0; i < 10; ++i)
    REQUIRE(ln_net::label_of(evaluate(space, std::span(points).subspan(3 * i, 3))) == fewer[i]);
}
