// SPDX-License-Identifier: Apache-2.0
// The twin of certify/least_image.hpp: the proved bound is never above the smallest image that a search finds, from many
// starts, and close to it where the theory says that it is exact.
#include <cmath>
#include <taut/certify/least_image.hpp>
#include <taut/inference.hpp>

#include "laws/support.hpp"
#include "support/catch.hpp"

namespace {

using namespace taut;
using certificates::least_image, certificates::shell_image;

struct problem {
  std::size_t rows, columns;
  double low, high;
  bool centred;
  std::vector<double> matrix, constant;

  problem(base::random_stream& random, std::size_t r, std::size_t c, double away, bool sums_to_zero)
      : rows(r), columns(c), low(0.5 + random.uniform()), high(low * (1 + random.uniform())), centred(sums_to_zero) {
    matrix = tests::random_vector(random, r * c);
    constant = tests::random_vector(random, r, away);
    if (centred) certificates::centre(matrix.data(), {1, columns}, 1, rows, columns);
  }
  [[nodiscard]] shell_image image(double error = 0) const {
    return {matrix.data(), constant.data(), rows, columns, error, error, low, high, centred ? columns : 0};
  }
  [[nodiscard]] double length_at(const std::vector<double>& u) const {
    std::vector<double> y = constant;
    for (std::size_t i = 0; i < rows; ++i)
      for (std::size_t j = 0; j < columns; ++j) y[i] += matrix[i * columns + j] * u[j];
    return tests::norm(y);
  }
  /// Back into the shell, sums kept 0.
  void project(std::vector<double>& u) const {
    if (centred) certificates::centre(u.data(), {1, columns}, 1, 1, columns);
    const double size = tests::norm(u), wanted = std::clamp(size, low, high);
    for (double& v : u) v *= wanted / size;
  }
  /// The smallest image that descent finds.
  [[nodiscard]] double found(base::random_stream& random, int starts = 20) const {
    double least = rounded::infinity;
    for (int start = 0; start < starts; ++start) {
      auto u = tests::random_vector(random, columns);
      project(u);
      double step = 0.5, at = length_at(u);
      for (int i = 0; i < 3000 && step > 1e-12; ++i) {
        std::vector<double> y = constant, v = u;
        for (std::size_t r = 0; r < rows; ++r)
          for (std::size_t j = 0; j < columns; ++j) y[r] += matrix[r * columns + j] * u[j];
        for (std::size_t r = 0; r < rows; ++r)
          for (std::size_t j = 0; j < columns; ++j) v[j] -= step * matrix[r * columns + j] * y[r];
        project(v);
        if (const double there = length_at(v); there < at) at = there, u = v, step *= 1.5;
        else step *= 0.5;
      }
      least = std::min(least, at);
    }
    return least;
  }
};

}  // namespace

TEST_CASE("certify.least_image: never above what descent finds, and close to it") {
  base::random_stream random(11);
  int close = 0, positive = 0, all = 0;
  for (int round = 0; round < 60; ++round)
    for (const double away : {0.0, 0.3, 5.0})
      for (const auto& [rows, columns] :
           std::array<std::pair<std::size_t, std::size_t>, 4>{{{8, 4}, {17, 16}, {5, 5}, {3, 6}}}) {
        const problem p(random, rows, columns, away, round % 2 == 0);
        const double bound = least_image(p.image()), truth = p.found(random, 6);
        INFO(rows << " x " << columns << ", away " << away << ", [" << p.low << ", " << p.high << "]");
        REQUIRE(bound <= truth * (1 + 1e-12) + 1e-12);
        positive += truth > 1e-3 ? 1 : 0;
        close += truth > 1e-3 && bound >= 0.99 * truth ? 1 : 0;
        ++all;
      }
  CAPTURE(close, positive, all);
  CHECK(close >= positive * 97 / 100);
  CHECK(positive > all / 2);
}

TEST_CASE("certify.least_image: orthogonal maps keep lengths, errors and scales are carried") {
  const double identity[] = {1, 0, 0, 0, 1, 0, 0, 0, 1}, zero[3]{}, away[] = {0, 5, 0};
  CHECK(least_image({identity, zero, 3, 3, 0, 0, 2, 3}) == Approx(2).epsilon(1e-9));
  CHECK(least_image({identity, zero, 3, 3, 0, 0, 2, 3}) <= 2);
  CHECK(least_image({identity, away, 3, 3, 0, 0, 2, 3}) == Approx(2).epsilon(1e-6));  // |5 - 3|
  CHECK(least_image({identity, away, 3, 3, 0, 0, 7, 9}) == Approx(2).epsilon(1e-6));  // |5 - 7|
  CHECK(least_image({identity, away, 3, 3, 0, 0, 2, 9}) < 1e-3);                      // reaches -away
  const double bound = least_image({identity, zero, 3, 3, 0.01, 0.005, 2, 3});
  CHECK(bound <= 2 * 0.99 - 0.005);
  CHECK(bound > 1.7);
  const double far = least_image({identity, away, 3, 3, 0.25, 0.125, 2, 3});
  CHECK(far <= 5 - 3 - 0.75 - 0.125);
  CHECK(far > 1);
  for (const int exponent : {-150, -60, 60, 150}) {
    double scaled[9];
    for (int i = 0; i < 9; ++i) scaled[i] = std::ldexp(identity[i], exponent);
    CHECK(least_image({scaled, zero, 3, 3, 0, 0, 2, 3}) == Approx(std::ldexp(2, exponent)).epsilon(1e-9));
  }
}

TEST_CASE("certify.least_image: no multiplier proves more than the truth") {
  const double identity[] = {1, 0, 0, 0, 1, 0, 0, 0, 1}, zero[3]{};
  const certificates::images::quadratic q({identity, zero, 3, 3, 0, 0, 2, 3}, 3);
  const double truth = 4 * std::ldexp(1, -2 * q.exponent), top = q.form.entry(0, 0);
  CHECK(certificates::images::proves(q, top * (1 - 1e-12), truth * (1 - 1e-10)));
  for (double l = 0; l < 2 * top; l += top / 256) CHECK(!certificates::images::proves(q, l, truth * (1 + 1e-12)));
}

TEST_CASE("certify.least_image: what proves nothing gives 0") {
  const double w[] = {1, 2, 2, 4}, zero[2]{}, strange[] = {1, std::numeric_limits<double>::quiet_NaN(), 0, 1};
  CHECK(least_image({w, zero, 2, 2, 0, 0, 1, 1}) <= 1e-6);  // of rank one
  CHECK(least_image({strange, zero, 2, 2, 0, 0, 1, 1}) == 0);
  CHECK(least_image({w, strange, 2, 2, 0, 0, 1, 1}) == 0);
  CHECK(least_image({w, zero, 2, 2, rounded::infinity, 0, 1, 1}) == 0);
  CHECK(least_image({w, zero, 2, 2, 0, 0, 1, rounded::infinity}) == 0);
  const double nothing[4]{};
  CHECK(least_image({nothing, zero, 2, 2, 0, 0, 1, 1}) == 0);
}

namespace {

constexpr double tall[] = {3, 0, 1, 2, 0, 1}, offset[] = {0.1, 0, -0.1};
constexpr double by_compiler = least_image({tall, offset, 3, 2, 0, 0, 1, 1.5});
static_assert(by_compiler > 1);

}  // namespace

TEST_CASE("certify.least_image: the compiler proves what the program proves") {
  CHECK(by_compiler == Approx(least_image({tall, offset, 3, 2, 0, 0, 1, 1.5})).epsilon(1e-6));
}
