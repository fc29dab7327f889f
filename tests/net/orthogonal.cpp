// SPDX-License-Identifier: Apache-2.0
#include <taut/net/orthogonal.hpp>

#include "laws/support.hpp"
#include "support/catch.hpp"

namespace {

using namespace taut;

struct net : decltype(Input<9> >> Linear<5> >> LN >> Residual(Linear<12> >> BN >> Linear<5>(no_bias)) >>
                      Concat(Linear<1>, WeightNorm(Linear<6>) >> ReLU) >> SpectralNorm<3.0>(Linear<7>)) {};
struct images : decltype(Input<4, 6, 5> >> Conv2d<8, 3>(padding<1>, groups<2>) >> LN >> ReLU >> Conv2d<3, 1> >>
                         Conv2d<40, 2> >> GlobalAvgPool >> Linear<2>) {};
struct signals : decltype(Input<3, 16> >> Conv1d<5, 3> >> LayerNorm(over_last) >> Conv1d<20, 2>) {};

// Every rows x columns matrix with rows <= columns has W W' = gain^2 I, the others W'W = gain^2 I.
double distance_from_orthogonal(std::span<const float> w, std::size_t rows, double gain) {
  const std::size_t columns = w.size() / rows, count = std::min(rows, columns), n = std::max(rows, columns);
  const auto entry = [&](std::size_t k, std::size_t i) {
    return static_cast<double>(rows <= columns ? w[k * columns + i] : w[i * columns + k]);
  };
  double worst = 0;
  for (std::size_t a = 0; a < count; ++a)
    for (std::size_t b = 0; b <= a; ++b) {
      double dot = 0;
      for (std::size_t i = 0; i < n; ++i) dot += entry(a, i) * entry(b, i);
      worst = std::max(worst, std::abs(dot - (a == b ? gain * gain : 0)));
    }
  return worst;
}

// How many weights of affine layers are orthogonal, by full names, and what else is not as it was made.
template <class Net> std::size_t orthogonal_weights(const parameters<Net>& p, double gain, std::size_t& others) {
  std::size_t found = 0;
  for_each_described_tensor(p, [&](const tensor_info& info, auto values) {
    const std::string_view key = info.key.substr(info.key.rfind('.') + 1);
    if constexpr (std::same_as<typename decltype(values)::value_type, float>) {
      const bool raw = key == "weight_v" || key == "weight_orig";
      if (info.extents.rank >= 2 && (key == "weight" || raw)) {
        if (distance_from_orthogonal(values, info.extents.extent[0], gain) <= 1e-6 * gain * gain) ++found;
        else ++others;
      }
      if (key == "bias")
        for (const float v : values) CHECK(v == 0);
    }
  });
  return found;
}

}  // namespace

TEST_CASE("net.orthogonal: weights are orthonormal, inside blocks and under normalizers of weights too") {
  for (const double gain : {1.0, 1.5}) {
    parameters<net> p;
    tests::randomise(p, 5);
    initialise_orthogonal(p, 1, gain);
    std::size_t others = 0;
    CHECK(orthogonal_weights(p, gain, others) == 6);
    CHECK(others == 0);
    for (const float v : get<1>(p).gain) CHECK(v == 1);
    const auto& inside = std::get<0>(get<2>(p).inside);
    for (const float v : get<1>(inside).running_var) CHECK(v == 1);
    const auto& normed = get<0>(std::get<1>(get<3>(p).inside));  // 6 x 5: the columns are orthonormal, the rows shorter
    for (std::size_t row = 0; row < 6; ++row) {
      double squares = 0;
      for (std::size_t i = 0; i < 5; ++i) squares += std::pow(static_cast<double>(normed.direction[row * 5 + i]), 2);
      CHECK(normed.length[row] == Approx(std::sqrt(squares)));
    }
  }
}

TEST_CASE("net.orthogonal: kernels are matrices of outputs x the rest; gains of rank 2 are none") {
  parameters<images> p;
  initialise_orthogonal(p, 3);
  CHECK(distance_from_orthogonal(get<0>(p).weight, 8, 1) <= 1e-6);   // 8 x 18
  CHECK(distance_from_orthogonal(get<3>(p).weight, 3, 1) <= 1e-6);   // 3 x 8
  CHECK(distance_from_orthogonal(get<4>(p).weight, 40, 1) <= 1e-6);  // 40 x 12: columns
  CHECK(distance_from_orthogonal(get<6>(p).weight, 2, 1) <= 1e-6);
  for (const float v : get<1>(p).gain) CHECK(v == 1);

  parameters<signals> q;
  initialise_orthogonal(q, 3, 0.25);
  CHECK(distance_from_orthogonal(get<0>(q).weight, 5, 0.25) <= 1e-7);
  CHECK(distance_from_orthogonal(get<2>(q).weight, 20, 0.25) <= 1e-7);
  for (const float v : get<1>(q).gain) CHECK(v == 1);
}

TEST_CASE("net.orthogonal: a function of the seed, at compile time too; square and one-row matrices") {
  struct square : decltype(Input<3> >> Linear<3> >> Linear<1>) {};
  constexpr auto entry = [] {
    parameters<square> p{};
    initialise_orthogonal(p, 4);
    return get<0>(p).weight[4];
  }();
  parameters<square> p, other;
  initialise_orthogonal(p, 4), initialise_orthogonal(other, 5);
  CHECK(get<0>(p).weight[4] == entry);
  CHECK(get<0>(p).weight != get<0>(other).weight);
  CHECK(distance_from_orthogonal(get<0>(p).weight, 3, 1) <= 1e-6);
  CHECK(distance_from_orthogonal(get<1>(p).weight, 1, 1) <= 1e-6);
  initialise_orthogonal(p, 4, 0);
  for (const float v : get<0>(p).weight) CHECK(v == 0);
  struct single : decltype(Input<1> >> Linear<1>) {};
  parameters<single> one;
  initialise_orthogonal(one, 1, 2);
  CHECK(std::abs(get<0>(one).weight[0]) == 2);
}

TEST_CASE("net.orthogonal: directions are uniform: means 0, squares 1 / n, both determinants") {
  struct square : decltype(Input<4> >> Linear<4>(no_bias)) {};
  double mean = 0, fourth = 0, above = 0, rotations = 0;
  constexpr int draws = 2000;
  for (std::uint64_t seed = 0; seed < draws; ++seed) {
    parameters<square> p;
    initialise_orthogonal(p, seed);
    const auto& w = get<0>(p).weight;
    for (const float v : w) mean += static_cast<double>(v), fourth += std::pow(static_cast<double>(v), 4);
    above += w[15] > 0 ? 1 : 0;
    double m[4][4], determinant = 1;
    for (std::size_t i = 0; i < 16; ++i) m[i / 4][i % 4] = static_cast<double>(w[i]);
    for (std::size_t k = 0; k < 4; ++k) {  // generic: no pivot is 0
      determinant *= m[k][k];
      for (std::size_t row = k + 1; row < 4; ++row) {
        const double factor = m[row][k] / m[k][k];
        for (std::size_t i = k; i < 4; ++i) m[row][i] -= factor * m[k][i];
      }
    }
    CHECK(std::abs(determinant) == Approx(1).epsilon(1e-3));
    rotations += determinant > 0 ? 1 : 0;
  }
  CHECK(mean / (16 * draws) == Approx(0).margin(0.012));                // 4 standard deviations
  CHECK(fourth / (16 * draws) == Approx(3.0 / (4 * 6)).epsilon(0.05));  // of a uniform direction: 3 / (n (n + 2))
  CHECK(above / draws == Approx(0.5).margin(0.05));
  CHECK(rotations / draws == Approx(0.5).margin(0.05));
}

TEST_CASE("net.orthogonal: initialise makes anew what layers do not state") {
  struct normed : decltype(Input<3> >> Linear<4> >> LN >> Residual(BN)) {};
  parameters<normed> p, fresh;
  tests::randomise(p, 1);
  get<0>(std::get<0>(get<2>(p).inside)).batches[0] = 9;
  initialise(p, 2), initialise(fresh, 2);
  CHECK(get<0>(p).weight == get<0>(fresh).weight);
  CHECK(get<1>(p).gain == filled<float, 4>(1));
  CHECK(get<0>(std::get<0>(get<2>(p).inside)).running_var == filled<float, 4>(1));
  CHECK(get<0>(std::get<0>(get<2>(p).inside)).batches[0] == 0);
}
