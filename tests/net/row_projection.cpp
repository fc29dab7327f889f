// SPDX-License-Identifier: Apache-2.0
// Rows on a sphere, without a layer around them: values, gradients, lengths, limits.
#include <taut/net/row_projection.hpp>

#include "laws/laws.hpp"

namespace {

using namespace taut;
using plain = normalizer::rows<false>;
using centred = normalizer::rows<true>;
template <class Rows, std::size_t Out, std::size_t In> using made = typename Rows::template projection<Out, In, 1.0>;

static_assert(plain::row_gain && plain::roundings(10) >= 20);

constexpr auto w = [] {
  plain::raw<2, 2, double> p{{3, 4, 0, 0}, {10, 7}};
  std::array<double, 4> made_weight{};
  made<plain, 2, 2>::fold(p, made_weight.data());
  return made_weight;
}();
static_assert(w[0] > 6 - 1e-14 && w[0] < 6 + 1e-14 && w[1] > 8 - 1e-14 && w[2] == 0 && w[3] == 0);

template <class Rows> void check_gradient() {
  constexpr std::size_t rows = 3, columns = 5;
  using projection = made<Rows, rows, columns>;
  base::random_stream random(1);
  typename Rows::template raw<rows, columns, double> p{}, dp{};
  dp.length = {};
  for (double& v : p.direction) v = random.normal();
  for (double& g : p.length) g = random.normal();
  const auto dw = tests::random_vector(random, rows * columns);
  projection::gradient(p, dw.data(), dp);
  const auto slope = [&](double& v) {
    const double middle = v, h = 1e-4;
    const auto at = [&](double x) {
      v = x;
      std::array<double, rows * columns> weight{};
      projection::train(p, weight.data());
      v = middle;
      double sum = 0;
      for (std::size_t i = 0; i < weight.size(); ++i) sum += dw[i] * weight[i];
      return sum;
    };
    return (at(middle + h) - at(middle - h)) / (2 * h);
  };
  for (std::size_t i = 0; i < rows * columns; ++i) CHECK(dp.direction[i] == Approx(slope(p.direction[i])).margin(1e-6));
  for (std::size_t row = 0; row < rows; ++row) {
    CHECK(dp.length[row] == Approx(slope(p.length[row])).margin(1e-6));
    double along = 0;  // the length of v does not matter
    for (std::size_t i = 0; i < columns; ++i) along += dp.direction[row * columns + i] * p.direction[row * columns + i];
    CHECK(std::abs(along) < 1e-13);
  }
}

}  // namespace

TEST_CASE("net.row_projection: gradients are numeric, and orthogonal to the raw rows") {
  check_gradient<plain>();
  check_gradient<centred>();
}

TEST_CASE("net.row_projection: a row of zeros has the gradient 0") {
  plain::raw<1, 3, double> p{{0, 0, 0}, {2}}, dp{{}, {0}};
  const std::array dw{1.0, 2.0, 3.0};
  made<plain, 1, 3>::gradient(p, dw.data(), dp);
  CHECK(dp.direction == std::array{0.0, 0.0, 0.0});
  CHECK(dp.length[0] == 0);
}

TEST_CASE(
    "net.row_projection: initial lengths keep the norms of the rows, of the centred rows where they are centred") {
  const std::array weight{3.0, 4.0, 1.0, 3.0};
  base::random_stream random(1);
  plain::raw<2, 2, double> p{};
  made<plain, 2, 2>::initialise(p, weight.data(), random);
  CHECK(p.length[0] == Approx(5).epsilon(1e-15));
  centred::raw<2, 2, double> q{};
  made<centred, 2, 2>::initialise(q, weight.data(), random);
  CHECK(q.length[0] == Approx(std::sqrt(0.5)).epsilon(1e-15));
  CHECK(q.length[1] == Approx(std::sqrt(2.0)).epsilon(1e-15));
}

TEST_CASE("net.row_projection: the limit of a norm is claimed of |g|, as a matrix of one row") {
  struct recorder {
    std::size_t seen = 0;
    void spectral_norm_at_most(std::string_view key, std::array<float, 4>& values, std::size_t rows,
                               std::size_t columns, double limit) {
      ++seen;
      CHECK((key == "weight_g" && values[0] == 1 && rows == 1 && columns == 4 && limit == 2.5));
    }
  } claims;
  plain::raw<4, 3, float> p{};
  made<plain, 4, 3>::claims(p, 2.5, claims);
  CHECK(claims.seen == 1);
  made<plain, 4, 3>::claims(p, 0, claims);
  CHECK(claims.seen == 1);
}
