// SPDX-License-Identifier: Apache-2.0
// Each factor of the product against the matrix it stands for, by a singular value decomposition (Jacobi).
#include <taut/inference.hpp>

#include "laws/support.hpp"
#include "support/catch.hpp"

namespace {

using namespace taut;
using namespace taut::tests;

// The largest singular value: one-sided Jacobi, until no two columns are inclined.
double largest_singular_value(std::vector<double> a, std::size_t rows, std::size_t columns) {
  for (int sweep = 0; sweep < 60; ++sweep) {
    double worst = 0;
    for (std::size_t i = 0; i < columns; ++i)
      for (std::size_t j = i + 1; j < columns; ++j) {
        double ii = 0, jj = 0, ij = 0;
        for (std::size_t k = 0; k < rows; ++k) {
          const double u = a[k * columns + i], v = a[k * columns + j];
          ii += u * u, jj += v * v, ij += u * v;
        }
        if (ij == 0 || std::abs(ij) <= 1e-15 * std::sqrt(ii * jj)) continue;
        worst = std::max(worst, std::abs(ij) / std::sqrt(ii * jj));
        const double zeta = (jj - ii) / (2 * ij);
        const double t = (zeta < 0 ? -1 : 1) / (std::abs(zeta) + std::sqrt(1 + zeta * zeta));
        const double c = 1 / std::sqrt(1 + t * t), s = c * t;
        for (std::size_t k = 0; k < rows; ++k) {
          const double u = a[k * columns + i], v = a[k * columns + j];
          a[k * columns + i] = c * u - s * v, a[k * columns + j] = s * u + c * v;
        }
      }
    if (worst < 1e-14) break;
  }
  double largest = 0;
  for (std::size_t j = 0; j < columns; ++j) {
    double squares = 0;
    for (std::size_t k = 0; k < rows; ++k) squares += a[k * columns + j] * a[k * columns + j];
    largest = std::max(largest, std::sqrt(squares));
  }
  return largest;
}

// from above, within 0.2 %
void is_tight(double bound, double truth) {
  CHECK(bound >= truth * (1 - 1e-13));
  CHECK(bound <= truth * 1.002 + 1e-12);
}

struct net : decltype(Input<6> >> Linear<8> >> LN(min_std<0.5>, epsilon<0.75>) >> Linear<7> >> ReLU >>
                      LN(epsilon<0.25>) >> Tanh >> Linear<5>) {};

// P = I - 11'/n from the left or the right
std::vector<double> centred(std::vector<double> w, std::size_t rows, std::size_t columns, bool left, bool right) {
  for (std::size_t j = 0; left && j < columns; ++j) {
    double mean = 0;
    for (std::size_t i = 0; i < rows; ++i) mean += w[i * columns + j] / static_cast<double>(rows);
    for (std::size_t i = 0; i < rows; ++i) w[i * columns + j] -= mean;
  }
  for (std::size_t i = 0; right && i < rows; ++i) {
    double mean = 0;
    for (std::size_t j = 0; j < columns; ++j) mean += w[i * columns + j] / static_cast<double>(columns);
    for (std::size_t j = 0; j < columns; ++j) w[i * columns + j] -= mean;
  }
  return w;
}

}  // namespace

TEST_CASE("certify.factors: each factor is the norm it is called, from above") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const auto p = random_parameters<net>(seed);
    const auto f = certificates::factors(p);
    const auto matrix = [](const auto& layer) { return std::vector<double>(layer.weight.begin(), layer.weight.end()); };
    is_tight(f[0], largest_singular_value(centred(matrix(get<0>(p)), 8, 6, true, false), 8, 6));
    is_tight(f[1], 1);  // 1 / sqrt(0.25 + 0.75); the gains are in the next matrix
    auto middle = matrix(get<2>(p));
    for (std::size_t i = 0; i < 7; ++i)
      for (std::size_t j = 0; j < 8; ++j) middle[i * 8 + j] *= static_cast<double>(get<1>(p).gain[j]);
    is_tight(f[2], largest_singular_value(centred(middle, 7, 8, false, true), 7, 8));
    CHECK(f[3] == 1);
    std::vector<double> gains(49);
    for (std::size_t i = 0; i < 7; ++i) gains[i * 8] = static_cast<double>(get<4>(p).gain[i]);
    is_tight(f[4], 2 * largest_singular_value(centred(gains, 7, 7, false, true), 7, 7));
    CHECK(f[5] == 1);
    is_tight(f[6], largest_singular_value(matrix(get<6>(p)), 5, 7));
  }
}

TEST_CASE("certify.factors: spectral norms up to 64 x 64 agree with the decomposition from above") {
  base::random_stream random(9);
  const std::pair<std::size_t, std::size_t> sizes[] = {{1, 9}, {2, 2}, {3, 17}, {16, 16}, {31, 8}, {48, 64}, {64, 64}};
  for (const auto& [rows, columns] : sizes)
    for (int kind = 0; kind < 3; ++kind) {
      auto w = random_vector(random, rows * columns);
      if (kind == 1)  // of one sign, one large direction
        for (double& v : w) v = std::abs(v);
      if (kind == 2)  // nearly of rank one
        for (std::size_t i = 0; i < rows; ++i)
          for (std::size_t j = 0; j < columns; ++j)
            w[i * columns + j] = w[i * columns + j] * 1e-6 + static_cast<double>(i + 1) / static_cast<double>(j + 2);
      INFO(rows << " x " << columns << ", kind " << kind);
      is_tight(spectral_norm(w.data(), rows, columns).value, largest_singular_value(w, rows, columns));
    }
}

TEST_CASE("certify.factors: a weight that is not finite makes the factor infinite") {
  for (const float strange : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    auto p = random_parameters<net>(1);
    get<2>(p).weight[11] = strange;
    CHECK(certificates::factors(p)[2] == rounded::infinity);
    auto q = random_parameters<net>(1);
    get<4>(q).gain[3] = strange;
    CHECK(certificates::factors(q)[4] == rounded::infinity);
    auto r = random_parameters<net>(1);
    get<1>(r).gain[0] = strange;
    CHECK(certificates::factors(r)[2] == rounded::infinity);
    CHECK(lipschitz_of(r).value == rounded::infinity);
  }
}

TEST_CASE("certify.factors: convolutions of zeros, of one row, of huge and of subnormal weights, dense and unfolded") {
  const auto scales = []<class Net>() {
    auto p = random_parameters<Net>(4);
    const double norm = certificates::factors(p)[0];
    const auto scaled = [&p](float scale) {
      auto q = p;
      for (float& v : get<0>(q).weight) v *= scale;
      return certificates::factors(q)[0];
    };
    CHECK(norm > 0);
    CHECK(scaled(0) == 0);
    CHECK(scaled(0x1p100f) == Approx(norm * 0x1p100).epsilon(1e-4));
    CHECK(scaled(0x1p-100f) == Approx(norm * 0x1p-100).epsilon(1e-4));
    CHECK(scaled(0x1p-140f) == Approx(norm * 0x1p-140).epsilon(0.1));  // a few bits are left of each weight
  };
  struct dense : decltype(Input<1, 6, 6> >> Conv2d<2, 3>(padding<1>, no_bias)) {};
  struct unfolded : decltype(Input<1, 40, 40> >> Conv2d<1, 3>(padding<1>, no_bias)) {};
  static_assert(certificates::is_dense<dense, 0>() && !certificates::is_dense<unfolded, 0>());
  scales.template operator()<dense>();
  scales.template operator()<unfolded>();
}
