// SPDX-License-Identifier: Apache-2.0
// The matrix of an affine layer with its neighbours: against the product of matrices written out, in long double.
#include <taut/inference.hpp>

#include "laws/laws.hpp"

namespace {

using namespace taut;
using namespace taut::tests;
using certificates::neighbours;

struct net : decltype(Input<5> >> BN >> Linear<6> >> BN >> LN >> BN >> Linear<4>(no_bias) >> BN >> BN >> GN<2> >>
                      ReLU >> BN >> Linear<3> >> BN) {};
using beside = neighbours<net>;

static_assert(beside::behind(1) == 3 && beside::behind(5) == 8 && beside::behind(11) == 13 && beside::behind(0) == 1);
static_assert(!beside::taken(1) && beside::taken(3) && !beside::taken(5) && beside::taken(8) && !beside::taken(11));
static_assert(beside::first_column_scaling(1) == 0 && beside::first_column_scaling(5) == 4);
static_assert(beside::first_column_scaling(11) == 10);
static_assert(beside::normalizer_before(1) == net::depth && beside::normalizer_before(5) == 3);
static_assert(beside::normalizer_before(11) == net::depth);
static_assert(beside::normalizer_behind(1) == 3 && beside::normalizer_behind(5) == 8);
static_assert(beside::normalizer_behind(11) == net::depth);
static_assert(beside::merged(0) && beside::merged(2) && beside::merged(4) && beside::merged(6) && beside::merged(7));
static_assert(beside::merged(10) && beside::merged(12));
struct apart : decltype(Input<5> >> BN >> ReLU >> Linear<2> >> ReLU >> BN) {};
static_assert(!neighbours<apart>::merged(0) && !neighbours<apart>::merged(4));
static_assert(certificates::is<net, 1, fusion::affine>() && !certificates::is<net, 14, fusion::affine>());
static_assert(certificates::tabulates<decltype(Input<5> >> Linear<3>)::normal_form>());
static_assert(!certificates::tabulates<net>());  // its last layer is a scaling

static_assert(certificates::fold_roundings<net, 1>() == 0);
using raw_net = decltype(Input<5> >> WeightNorm(Linear<3>))::normal_form;
static_assert(certificates::fold_roundings<raw_net, 0>() >= 5);

// A matrix in long double, and operations on its sides.
struct exact_matrix {
  std::size_t rows, columns;
  std::vector<long double> w;

  long double& at(std::size_t row, std::size_t column) { return w[row * columns + column]; }
  template <class F> void scale(F&& factor) {
    for (std::size_t row = 0; row < rows; ++row)
      for (std::size_t column = 0; column < columns; ++column) at(row, column) *= factor(row, column);
  }
  void centre_rows(std::size_t run) {  // the mean of `run` neighbouring rows is subtracted
    for (std::size_t column = 0; column < columns; ++column)
      for (std::size_t first = 0; first < rows; first += run) {
        long double mean = 0;
        for (std::size_t i = 0; i < run; ++i) mean += at(first + i, column) / static_cast<long double>(run);
        for (std::size_t i = 0; i < run; ++i) at(first + i, column) -= mean;
      }
  }
  void centre_columns(std::size_t run) {
    for (std::size_t row = 0; row < rows; ++row)
      for (std::size_t first = 0; first < columns; first += run) {
        long double mean = 0;
        for (std::size_t i = 0; i < run; ++i) mean += at(row, first + i) / static_cast<long double>(run);
        for (std::size_t i = 0; i < run; ++i) at(row, first + i) -= mean;
      }
  }
};
template <std::size_t I, class Net> exact_matrix plain_matrix(const parameters<Net>& p) {
  exact_matrix m{Net::shapes[I + 1].size(), Net::shapes[I].size(), {}};
  for (std::size_t row = 0; row < m.rows; ++row)
    for (std::size_t column = 0; column < m.columns; ++column)
      m.w.push_back(static_cast<long double>(layer_of<Net, I>::weight(get<I>(p), row, column)));
  return m;
}
// a = g / sqrt(var + epsilon)
template <std::size_t I, class Net> long double scale_of(const parameters<Net>& p, std::size_t i) {
  const auto& q = get<I>(p);
  return static_cast<long double>(q.gain[i]) /
         std::sqrt(static_cast<long double>(q.running_var[i]) + static_cast<long double>(layer_of<Net, I>::epsilon));
}

template <std::size_t I, class Net> void is_near(const parameters<Net>& p, const exact_matrix& truth) {
  certificates::with_matrix<Net, I>(p, [&](const double* w, std::size_t rows, std::size_t columns, double error) {
    REQUIRE((rows == truth.rows && columns == truth.columns));
    long double squares = 0, size = 0;
    for (std::size_t i = 0; i < rows * columns; ++i) {
      const long double difference = static_cast<long double>(w[i]) - truth.w[i];
      squares += difference * difference, size += truth.w[i] * truth.w[i];
    }
    INFO("off by " << std::sqrt(squares) << " of " << std::sqrt(size) << ", stated " << error);
    CHECK(static_cast<double>(std::sqrt(squares)) <= error);
    CHECK(error <= 1e-12 * static_cast<double>(std::sqrt(size)) + 1e-200);
    return 0;
  });
}

}  // namespace

TEST_CASE("certify.matrix: scalings, gains and centring of every neighbour, within the stated error") {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    const auto p = random_parameters<net>(seed);
    auto first = plain_matrix<1>(p);
    first.scale([&](std::size_t row, std::size_t column) { return scale_of<2>(p, row) * scale_of<0>(p, column); });
    first.centre_rows(6);
    is_near<1>(p, first);

    auto second = plain_matrix<5>(p);
    second.scale([&](std::size_t row, std::size_t column) {
      return scale_of<6>(p, row) * scale_of<7>(p, row) * scale_of<4>(p, column) *
             static_cast<long double>(get<3>(p).gain[column]);
    });
    second.centre_columns(6);
    second.centre_rows(2);
    is_near<5>(p, second);

    auto third = plain_matrix<11>(p);
    third.scale([&](std::size_t row, std::size_t column) { return scale_of<12>(p, row) * scale_of<10>(p, column); });
    is_near<11>(p, third);
  }
}

TEST_CASE("certify.matrix: an exact layer has no error, a folded one is within its own") {
  const auto p = random_parameters<decltype(Input<5> >> Linear<4> >> ReLU)::normal_form>(1);
  certificates::with_matrix<decltype(Input<5> >> Linear<4> >> ReLU)::normal_form, 0>(
      p, [](const double*, std::size_t, std::size_t, double error) {
        CHECK(error == 0);
        return 0;
      });
  for (const float mean : {0.0f, 1e4f}) {
    using Net = decltype(Input<9> >> CenteredWeightNorm(Linear<4>))::normal_form;
    auto q = random_parameters<Net>(1);
    for (float& v : get<0>(q).direction) v += mean;
    exact_matrix truth{4, 9, {}};
    for (std::size_t row = 0; row < 4; ++row) {
      long double middle = 0, squares = 0;
      std::array<long double, 9> c{};
      for (std::size_t i = 0; i < 9; ++i) middle += static_cast<long double>(get<0>(q).direction[row * 9 + i]) / 9;
      for (std::size_t i = 0; i < 9; ++i) {
        c[i] = static_cast<long double>(get<0>(q).direction[row * 9 + i]) - middle;
        squares += c[i] * c[i];
      }
      for (const long double v : c)
        truth.w.push_back(static_cast<long double>(get<0>(q).length[row]) * v / std::sqrt(squares));
    }
    is_near<0>(q, truth);
  }
}

TEST_CASE("certify.matrix: no slope exceeds bounds that count neighbours once") {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    check_bound(random_parameters<net>(seed), seed, {});
    check_bound(random_parameters<apart>(seed), seed, {});
    check_bound(random_parameters<decltype(Input<4> >> BN >> Linear<5> >> BN)::normal_form>(seed), seed,
                {.tight = 0.98});
    check_bound(random_parameters<decltype(Input<2, 6> >> BN >> Conv1d<4, 3> >> BN >> GN<2>)::normal_form>(seed), seed,
                {});
    check_bound(random_parameters<decltype(Input<2, 6> >> InstanceNorm >> BN >> Conv1d<4, 3>(padding<1>) >>
                                           LN(over_last) >> Tanh)::normal_form>(seed),
                seed, {});
  }
}

TEST_CASE("certify.matrix: centring in place") {
  std::vector<double> w{1, 2, 3, 4, 5, 6, 7, 9};
  certificates::centre(w.data(), {2, 2}, 1, 2, 4);
  CHECK(w == std::vector<double>{-0.5, 0.5, -0.5, 0.5, -0.5, 0.5, -1, 1});
  w = {1, 2, 3, 6};
  certificates::centre(w.data(), {1, 2}, 2, 2, 1);  // a 2 x 2 matrix, column by column
  CHECK(w == std::vector<double>{-1, -2, 1, 2});
}
