// SPDX-License-Identifier: Apache-2.0
// The campaign against the bounds of one matrix: no tactic is ever below the norm, no claim below it is ever proved.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <taut/certify/gain_norm.hpp>
#include <taut/certify/spectral_norm.hpp>
#include <vector>

#include "campaign/exact.hpp"
#include "campaign/tally.hpp"
#include "support/catch.hpp"
#include "support/jacobi.hpp"

namespace {

using namespace taut;
using namespace taut::campaign;
using base::random_stream;
using taut::tests::certain, taut::tests::jacobi_norm;

struct tactic {
  const char* name;
  double (*bound)(const double*, std::size_t, std::size_t);
};
constexpr std::array tactics{
    tactic{"Frobenius",
           [](const double* w, std::size_t rows, std::size_t columns) { return frobenius_norm_up(w, rows, columns); }},
    tactic{"Hoelder",
           [](const double* w, std::size_t rows, std::size_t columns) { return hoelder_norm_up(w, rows, columns); }},
    tactic{"Schur",
           [](const double* w, std::size_t rows, std::size_t columns) { return schur_norm_up(w, rows, columns); }},
    tactic{"Schur, no iteration",
           [](const double* w, std::size_t rows, std::size_t columns) { return schur_norm_up(w, rows, columns, 0); }},
    tactic{"Gram iteration",
           [](const double* w, std::size_t rows, std::size_t columns) { return gram_norm_up(w, rows, columns); }},
    tactic{"Gram iteration, no level",
           [](const double* w, std::size_t rows, std::size_t columns) { return gram_norm_up(w, rows, columns, 0); }},
    tactic{"Gram iteration, one level",
           [](const double* w, std::size_t rows, std::size_t columns) { return gram_norm_up(w, rows, columns, 1); }},
    tactic{"spectral_norm", [](const double* w, std::size_t rows,
                               std::size_t columns) { return spectral_norm(w, rows, columns).value; }},
};

struct tallies {
  std::vector<tally> of_tactics, others{tally{"refused: claims below the norm"}, tally{"with an error of the entries"},
                                        tally{"refused: claims with an error"}, tally{"proved: claims 1e-9 above"}};
  tallies() {
    for (const tactic& t : tactics) of_tactics.push_back({t.name});
  }
  [[nodiscard]] std::vector<tally> all() const {
    auto together = of_tactics;
    together.insert(together.end(), others.begin(), others.end());
    return together;
  }
};

constexpr std::array exponents{0, 0, 0, 0, 100, -100, -130, 960, -950, -1030, -1060, -1074};  // 0, 1e30, subnormal, ...

// Sizes 1 to `largest`, small ones most often, rows and columns of their own.
std::size_t draw_size(random_stream& random, std::size_t largest) {
  const double u = random.uniform();
  return 1 + static_cast<std::size_t>(u * u * u * static_cast<double>(largest));
}

double below_by(double x, int units) {
  for (int i = 0; i < units; ++i) x = rounded::next_down(x);
  return x;
}

// Everything that is promised of one matrix. `truth`: its norm; `violates(bound)`: whether a bound is below it;
// `claim`: the largest double that is.
template <class Violates> void judge(const std::vector<double>& w, std::size_t rows, std::size_t columns,
                                     long double truth, Violates&& violates, double claim, random_stream& random,
                                     const char* kind, tallies& sum) {
  const auto words = [&] {
    return std::string(kind) + " " + std::to_string(rows) + " x " + std::to_string(columns) + " of norm " +
           std::to_string(std::log2(static_cast<double>(truth))) + " (log2)";
  };
  for (std::size_t i = 0; i < tactics.size(); ++i) {
    const double bound = tactics[i].bound(w.data(), rows, columns);
    // below 2^-960 the grain of subnormal numbers shows, and beyond 2^1020 the bound is infinite
    const bool measured = truth > 0x1p-960L && truth < 0x1p1020L;
    sum.of_tactics[i].check(violates(bound), measured ? bound / truth : -1, words);
  }
  for (const int units : {0, 1, 3, 9, 30, 300})
    if (truth > 0)
      sum.others[0].check(spectral_norm_at_most(w.data(), rows, columns, below_by(claim, units)), -1, words);
  if (truth > 0x1p-900L && truth < 0x1p900L) {
    const auto middle = static_cast<double>(truth);
    const double error = middle * random.uniform() * (random.below(2) == 0 ? 1 : 1e-6);
    const long double sharp =
        truth + static_cast<long double>(error);  // attained where the error is along the top pair
    const double bound = spectral_norm(w.data(), rows, columns, error).value;
    sum.others[1].check(bound < sharp * certain, bound / sharp, words);
    sum.others[2].check(
        spectral_norm_at_most(w.data(), rows, columns, static_cast<double>(sharp * (1 - 1e-15L)), error), -1, words);
    sum.others[3].check(!spectral_norm_at_most(w.data(), rows, columns, middle * (1 + 1e-9)), -1, words);
  }
}

enum class dense_kind { gaussian, spike, alternating, graded, near_equal, sparse, kahan, last };

std::vector<double> make_dense(random_stream& random, dense_kind kind, std::size_t rows, std::size_t columns,
                               int exponent) {
  std::vector<double> w(rows * columns), u(rows), v(columns);
  for (double& x : u) x = random.normal();
  for (double& x : v) x = random.normal();
  const double shade = std::exp(random.uniform(-30, 0));
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t j = 0; j < columns; ++j) {
      double x = random.normal();
      const auto step = static_cast<double>(i + j), row = static_cast<double>(i);
      switch (kind) {
        case dense_kind::gaussian:
          break;
        case dense_kind::spike:
          x = u[i] * v[j] + shade * x;
          break;  // nearly of rank one
        case dense_kind::alternating:
          x = ((i + j) % 2 == 0 ? 1 : -1) * (1 + 1e-9 * x);
          break;  // sums cancel
        case dense_kind::graded:
          x *= std::exp(-2 * step);
          break;
        case dense_kind::near_equal:
          x = (i == j ? 1 : 0) + shade * x;
          break;  // singular values near each other
        case dense_kind::sparse:
          x = random.below(6) == 0 ? x : 0;
          break;
        case dense_kind::kahan:
          x = i == j ? std::pow(0.7, row) : j > i ? -0.7 * std::pow(0.7, row) : 0;
          break;
        case dense_kind::last:
          break;
      }
      w[i * columns + j] = static_cast<double>(std::ldexp(static_cast<long double>(x), exponent));
    }
  return w;
}

void attack_exact(std::size_t matrices, std::uint64_t seed, std::size_t largest, tallies& sum) {
  random_stream random(seed);
  for (std::size_t i = 0; i < matrices; ++i) {
    const auto kind = static_cast<exact_kind>(random.below(static_cast<std::size_t>(exact_kind::last)));
    std::size_t rows = draw_size(random, largest), columns = draw_size(random, largest);
    if (random.below(10) == 0) rows = 1;
    const auto m = make_exact(random, kind, rows, columns, exponents[random.below(exponents.size())]);
    judge(
        m.entries, rows, columns, m.norm(), [&](double bound) { return is_below(bound, m.square, m.exponent); },
        m.square == 0 ? 0 : m.claim_below(), random, name_of(kind), sum);
  }
}

void attack_long(std::size_t matrices, std::uint64_t seed, tallies& sum) {
  random_stream random(seed);
  for (std::size_t i = 0; i < matrices; ++i) {
    const auto m = make_losing(random, 1 + random.below(3), std::size_t{2048} << random.below(5));
    judge(
        m.entries, m.rows, m.columns, m.norm(), [&](double bound) { return is_below(bound, m.square, m.exponent); },
        m.claim_below(), random, "losing", sum);
  }
}

void attack_dense(std::size_t matrices, std::uint64_t seed, std::size_t largest, tallies& sum) {
  random_stream random(seed);
  for (std::size_t i = 0; i < matrices; ++i) {
    const auto kind = static_cast<dense_kind>(random.below(static_cast<std::size_t>(dense_kind::last)));
    const std::size_t rows = draw_size(random, largest), columns = draw_size(random, largest);
    const auto w = make_dense(random, kind, rows, columns, exponents[random.below(exponents.size())]);
    const long double truth = jacobi_norm(w, rows, columns);
    auto claim = static_cast<double>(truth * certain);
    while (claim >= truth * certain && truth > 0) claim = rounded::next_down(claim);
    judge(
        w, rows, columns, truth, [truth](double bound) { return !(bound >= truth * certain); }, claim, random, "dense",
        sum);
  }
}

// ||diag(g) P||: known exactly for two gains, and where the largest |gain| is repeated; else by Jacobi.
void attack_gains(std::size_t trials, std::uint64_t seed, tally& sum) {
  random_stream random(seed);
  for (std::size_t i = 0; i < trials; ++i) {
    const std::size_t n = 1 + random.below(i % 8 == 0 ? 40 : 8), shape = random.below(5);
    const int exponent = exponents[random.below(exponents.size())];
    std::vector<double> g(n);
    for (double& v : g) {
      v = random.normal();
      if (shape == 0) v = static_cast<double>(whole::between(random, -9, 9));
      if (shape == 1) v = 1 + 1e-9 * v;
      if (shape == 2) v *= std::exp(random.uniform(-40, 0));
    }
    if (shape == 3) g[random.below(n)] = g[0] = 5;                // the largest twice: the norm is max |g|
    if (shape == 4) g[random.below(n)] = 1e6 * random.uniform();  // and once
    for (double& v : g) v = static_cast<double>(std::ldexp(static_cast<long double>(v), exponent));
    std::vector<long double> centred(n * n);
    for (std::size_t row = 0; row < n; ++row)
      for (std::size_t column = 0; column < n; ++column)
        centred[row * n + column] =
            static_cast<long double>(g[row]) * ((row == column ? 1.0L : 0.0L) - 1.0L / static_cast<long double>(n));
    const long double truth = n == 1 ? 0 : jacobi_norm(centred, n, n);
    const double bound = centred_gain_norm_up(g.data(), n);
    sum.check(bound < truth * certain, truth > 0x1p-960L ? bound / truth : -1,
              [&] { return std::to_string(n) + " gains of shape " + std::to_string(shape); });
  }
}

}  // namespace

TEST_CASE("campaign.matrices: no bound is below the norm of its matrix, and no claim below it is proved") {
  tallies sum;
  attack_exact(effort(1500, 60000), 1, 16, sum);
  attack_exact(effort(60, 6000), 2, 64, sum);
  attack_long(effort(15, 400), 8, sum);
  attack_dense(effort(600, 30000), 3, 9, sum);
  attack_dense(effort(10, 300), 4, 40, sum);
  std::vector<tally> all = sum.all();
  all.push_back({"centred gains"});
  attack_gains(effort(1500, 60000), 5, all.back());
  CHECK(conclude("matrices", all) == 0);
  std::size_t checks = 0;
  for (const tally& t : all) checks += t.checks;
  CHECK(checks >= effort(25000, 1000000));
  for (const std::size_t exact : {std::size_t{0}, tactics.size() - 1}) CHECK(all[exact].nearest < 1.0001L);  // no slack
}

TEST_CASE("campaign.matrices: the question whether a bound is below a norm is answered exactly") {
  CHECK(is_below(1.4142135623730949, 2, 0));  // the doubles around the root of 2
  CHECK_FALSE(is_below(1.4142135623730951, 2, 0));
  CHECK_FALSE(is_below(3, 9, 0));
  CHECK(is_below(rounded::next_down(3), 9, 0));
  CHECK(is_below(rounded::next_down(3 * 0x1p-1000), 9, -1000));
  CHECK_FALSE(is_below(3 * 0x1p-1000, 9, -1000));
  CHECK(is_below(rounded::detail::from_bits(2), 9, -1074));
  CHECK_FALSE(is_below(rounded::detail::from_bits(3), 9, -1074));
  CHECK(is_below(1e300, 1, 1000));
  CHECK_FALSE(is_below(rounded::detail::unbounded(), ~std::uint64_t{0}, 990));
  CHECK(is_below(rounded::detail::from_bits(~std::uint64_t{0}), 1, 0));
  CHECK(is_below(0x1p40, (wide{1} << 100) + 1, 10));
  CHECK_FALSE(is_below(0x1p60, wide{1} << 100, 10));
  CHECK_FALSE(is_below(0x1p61, wide{1} << 126, -2));
  CHECK(is_below(rounded::next_down(0x1p61), wide{1} << 126, -2));
  CHECK(is_below(0, 1, -1074));
  CHECK_FALSE(is_below(0, 0, 0));
  CHECK(is_below(-1, 0, 0));
  CHECK_FALSE(is_below(0x1p500, 1, 0));
  CHECK(is_below(0x1p-500, 1, 0));
}
