// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <taut/base/random.hpp>
#include <taut/layers/layer_norm.hpp>
#include <taut/layers/linear.hpp>
#include <taut/net/compose.hpp>
#include <taut/net/evaluate.hpp>
#include <taut/theory/separability.hpp>

#include "support/catch.hpp"

using namespace taut;

static constexpr double corners[]{0, 0, 1, 1, 0, 1, 1, 0};
static constexpr std::size_t exclusive_or[]{0, 0, 1, 1};
static_assert(linear_sum_of_squares_ratio(corners, 2, exclusive_or).ratio == 1, "the means of XOR's classes coincide");
static_assert(sum_of_squares_ratio(corners, 2, exclusive_or) == 1);

namespace {

struct labelled {
  std::size_t dimension;
  std::vector<double> points;
  std::vector<std::size_t> labels;
};

// Points that every language computes alike; with `dependent`, the last coordinate follows from the first two.
labelled lattice(std::size_t count, std::size_t dimension, std::size_t classes, bool dependent = false) {
  labelled set{dimension, std::vector<double>(count * dimension), std::vector<std::size_t>(count)};
  for (std::size_t i = 0; i < count; ++i) {
    double* const x = &set.points[i * dimension];
    for (std::size_t k = 0; k < dimension; ++k)
      x[k] = static_cast<double>((i * i * (k + 3) + 7 * i * (k + 1) + 5 * k) % 31) / 8;
    if (dependent) x[dimension - 1] = x[0] - 2 * x[1];
    set.labels[i] = (i * i + i / 2) % classes;
  }
  return set;
}

// What a linear map of `rows` rows makes of the points.
labelled image(const labelled& from, const std::vector<double>& map, std::size_t rows) {
  labelled to{rows, std::vector<double>(from.labels.size() * rows), from.labels};
  for (std::size_t i = 0; i < from.labels.size(); ++i)
    for (std::size_t r = 0; r < rows; ++r)
      for (std::size_t k = 0; k < from.dimension; ++k)
        to.points[i * rows + r] += map[r * from.dimension + k] * from.points[i * from.dimension + k];
  return to;
}

double ssr(const labelled& set) { return sum_of_squares_ratio(set.points, set.dimension, set.labels); }
auto lssr(const labelled& set) { return linear_sum_of_squares_ratio(set.points, set.dimension, set.labels); }

std::vector<double> normals(std::size_t count, base::random_stream& random) {
  std::vector<double> v(count);
  for (double& x : v) x = random.normal();
  return v;
}

}  // namespace

TEST_CASE("theory.separability: as the generalized eigenvalues of a linear-algebra package have it") {
  // numpy 1.24, for each row of the table:
  //   x = numpy.array([[((i*i*(k+3) + 7*i*(k+1) + 5*k) % 31) / 8 for k in range(d)] for i in range(n)])
  //   if dependent: x[:, -1] = x[:, 0] - 2 * x[:, 1]
  //   y = numpy.array([(i*i + i//2) % classes for i in range(n)]); c = x - x.mean(0); total = c.T @ c
  //   within = sum((x[y==k] - x[y==k].mean(0)).T @ (x[y==k] - x[y==k].mean(0)) for k in range(classes))
  //   e = numpy.sort(numpy.linalg.eigvals(numpy.linalg.pinv(total, rcond=1e-12) @ within).real)
  //   print(numpy.trace(within) / numpy.trace(total), e[d - numpy.linalg.matrix_rank(total)])
  struct row {
    std::size_t n, d, classes;
    bool dependent;
    double ssr, lssr;
  };
  for (const row& r : {row{40, 5, 2, false, 0.938811994408733, 0.701325880668954},
                       row{40, 5, 4, false, 0.837167440577374, 0.618468129815397},
                       row{40, 5, 3, true, 0.952845646183503, 0.831622662500574},
                       row{25, 2, 2, false, 0.822724316163520, 0.650080165088962}}) {
    const labelled set = lattice(r.n, r.d, r.classes, r.dependent);
    CHECK(ssr(set) == Approx(r.ssr).epsilon(1e-12));
    CHECK(lssr(set).ratio == Approx(r.lssr).epsilon(1e-10));
  }
}

TEST_CASE("theory.separability: the direction attains the ratio, and no composition of linear maps is below it") {
  base::random_stream random(11);
  for (const labelled& set : {lattice(40, 5, 4), lattice(40, 5, 3, true), lattice(12, 8, 3), lattice(30, 3, 2)}) {
    const auto best = lssr(set);
    const std::size_t d = set.dimension;
    CHECK(ssr(image(set, best.direction, 1)) == Approx(best.ratio).epsilon(1e-9));
    for (int trial = 0; trial < 50; ++trial) {  // networks d -> 3 -> 2 of linear layers
      const labelled hidden = image(set, normals(3 * d, random), 3);
      CHECK(ssr(image(hidden, normals(6, random), 2)) >= best.ratio);
    }
    // Descent by numeric gradients from a random map comes near, and never below.
    std::vector<double> map = normals(d, random);
    double reached = ssr(image(set, map, 1)), step = 0.1;
    for (int turn = 0; turn < 2000; ++turn) {
      std::vector<double> next = map;
      for (std::size_t k = 0; k < d; ++k) {
        std::vector<double> moved = map;
        moved[k] += 1e-6;
        next[k] -= step * (ssr(image(set, moved, 1)) - reached) / 1e-6;
      }
      if (const double there = ssr(image(set, next, 1)); there < reached) reached = there, map = next, step *= 1.2;
      else step *= 0.5;
    }
    CHECK(reached >= best.ratio - 1e-12);
    CHECK(reached <= best.ratio + 0.02);
  }
}

TEST_CASE("theory.separability: one LN behind a linear map takes XOR from LSSR 1 to SSR 0") {
  // x + y - 1 = u and 1/2 on the plane that LN keeps: (u, 1/2) -> the unit circle -> (1/2) / sqrt(u^2 + 1/4)
  using Net = decltype(Input<2> >> Linear<3> >> LN(no_affine, epsilon<1e-30>) >> Linear<1>);
  parameters<Net> p{};
  constexpr float s = 0.70710678f, t = 0.40824829f;  // (1, -1, 0) / sqrt 2 and (1, 1, -2) / sqrt 6
  get<0>(p).weight = {s, s, -s, -s, 0, 0};
  get<0>(p).bias = {-s + t / 2, s + t / 2, -t};
  get<2>(p).weight = {t, t, -2 * t};
  std::vector<double> read;
  for (std::size_t i = 0; i < 4; ++i) read.push_back(evaluate(p, std::array{corners[2 * i], corners[2 * i + 1]})[0]);
  CHECK(read[0] == Approx(0.4472136 * std::sqrt(3)));  // u = -1, 1
  CHECK(read[2] == Approx(std::sqrt(3)));              // u = 0, 0
  CHECK(sum_of_squares_ratio(read, 1, exclusive_or) < 1e-12);
}

TEST_CASE("theory.separability: translation and scale do not matter, nor do labels without a point") {
  labelled set = lattice(40, 5, 2);
  const double before = lssr(set).ratio;
  for (double& x : set.points) x = 1e3 * x + 7e4;
  for (std::size_t& label : set.labels) label = 5 * label + 1;
  CHECK(lssr(set).ratio == Approx(before).epsilon(1e-9));
  CHECK(lssr(labelled{1, {0, 0, 3}, {0, 0, 1}}).ratio == Approx(0).margin(1e-15));
}

TEST_CASE("theory.separability: scatter is the sum of outer products about the mean") {
  const std::vector<double> points{1, 2, 3, 6};
  CHECK(scatter_matrix(points, 2) == std::vector<double>{2, 4, 4, 8});
}

TEST_CASE("theory.separability: points and labels that do not fit are refused") {
  const std::vector<double> three{1, 2, 3}, equal{4, 5, 4, 5};
  const std::vector<std::size_t> one{0}, two{0, 1}, many{0, 1, 0};
  CHECK_THROWS_AS(scatter_matrix(three, 2), std::invalid_argument);
  CHECK_THROWS_AS(scatter_matrix({}, 2), std::invalid_argument);
  CHECK_THROWS_AS(scatter_matrix(three, 0), std::invalid_argument);
  CHECK_THROWS_WITH(sum_of_squares_ratio(three, 1, two), "each point has one label");
  CHECK_THROWS_WITH(sum_of_squares_ratio(equal, 2, two), tests::contains("all equal"));
  CHECK_THROWS_WITH(linear_sum_of_squares_ratio(equal, 2, two), tests::contains("all equal"));
  const std::vector<double> tenths(6, 0.1);  // whose computed mean is not 0.1
  const std::vector<std::size_t> six{0, 1, 0, 1, 0, 1};
  CHECK_THROWS_WITH(sum_of_squares_ratio(tenths, 1, six), tests::contains("all equal"));
  CHECK_THROWS_WITH(linear_sum_of_squares_ratio(tenths, 1, six), tests::contains("all equal"));
  CHECK_THROWS_AS(linear_sum_of_squares_ratio(three, 1, one), std::invalid_argument);
  CHECK_NOTHROW(linear_sum_of_squares_ratio(three, 1, many));
}
