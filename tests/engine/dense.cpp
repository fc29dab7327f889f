// SPDX-License-Identifier: Apache-2.0
// Dense stages: scalings in front of and behind a matrix, runs of rows that are centred together, the owed scale.
#include <taut/inference.hpp>

#include "laws/laws.hpp"

namespace {

using namespace taut;
using namespace taut::tests;

// Sizes less one that leave every kind of remainder in registers of 4, 8 and 16 floats.
using remainders = std::index_sequence<0, 3, 14, 16>;

template <class Expression> void check(Expression, std::size_t samples = 3) {
  using Net = typename Expression::normal_form;
  for (std::uint64_t seed = 1; seed <= 2; ++seed) {
    auto p = random_parameters<Net>(seed);
    check_kernels(p, seed, samples);
    base::for_each_index<Net::depth>([&]<std::size_t I>() {  // without offsets the scale may stay owed
      if constexpr (requires { get<I>(p).offset; }) get<I>(p).offset.fill(0);
    });
    check_kernels(p, seed, samples);
  }
}

template <std::size_t Groups, std::size_t Width> void check_groups() {
  INFO(Groups << " groups of " << Width << " rows");
  constexpr std::size_t rows = Groups * Width;
  check(Input<5> >> Linear<rows> >> GN<Groups> >> ReLU >> Linear<rows>(no_bias) >> GN<Groups>(no_affine) >> Tanh, 1);
}
template <std::size_t Groups, std::size_t... Width> void check_groups_of(std::index_sequence<Width...>) {
  (check_groups<Groups, Width + 1>(), ...);
}

template <std::size_t... Width> void check_scalings(std::index_sequence<Width...>) {
  (check(Input<Width + 1> >> BN >> Linear<2 * Width + 1> >> BN >> LN >> ReLU >> Linear<Width + 1> >> BN, 1), ...);
}

}  // namespace

TEST_CASE("engine.dense: scalings fold into the matrix behind or before them") {
  check(Input<5> >> BN >> Linear<7>);
  check(Input<5> >> Linear<7> >> BN);
  check(Input<5> >> Linear<7> >> BN >> BN >> ReLU >> Linear<3>);
  check(Input<5> >> Linear<7>(no_bias) >> BN >> LN >> ReLU >> Linear<3>);
  check(Input<5> >> Linear<7> >> ReLU >> BN >> Linear<3>);
  check(Input<5> >> Linear<7> >> LN >> BN >> Linear<3>);
  check(Input<5> >> Linear<7> >> LN >> ReLU >> BN >> Linear<3>);
  check(Input<5> >> Linear<7> >> LN >> BN >> ReLU >> BN >> BN >> Linear<3> >> Tanh);
  check(Input<5> >> BN >> BN >> Linear<7> >> Linear<4> >> BN >> RMSNorm >> Linear<3>);
  check(Input<5> >> LN >> BN >> Linear<7> >> ReLU >> Linear<2> >> BN);
}

TEST_CASE("engine.dense: scalings at every remainder of a register") { check_scalings(remainders{}); }

TEST_CASE("engine.dense: the scale is owed through normalizers in a row, and never past a scaling") {
  check(Input<4> >> Linear<9> >> LN >> ReLU >> Linear<9> >> LN >> ReLU >> Linear<5> >> RMSNorm >> Linear<2>);
  check(Input<4> >> Linear<9> >> RMSNorm >> LeakyReLU<0.1> >> Linear<9> >> BN >> LN(no_affine) >> ReLU >> Linear<2>);
  check(Input<4> >> Linear<9> >> LN(no_affine) >> Linear<9> >> BN >> GN<3> >> ReLU >> Linear<2>);
}

TEST_CASE("engine.dense: groups of rows of every size") {
  check_groups_of<2>(std::index_sequence<0, 4, 16>{});
  check_groups<3, 11>();
  check_groups<7, 3>();
  check_groups<1, 19>();
}

TEST_CASE("engine.dense: tokens of one vector are the vector") {
  check(Input<6> >> Linear<10> >> LN(over_last) >> ReLU >> Linear<3>);
  check(Input<6> >> Linear<10> >> RMSNorm(over_last) >> Tanh >> Linear<3>);
}

TEST_CASE("engine.dense: a common part of the rows of a run is folded away in double") {
  using Net = net_of<shape{4}, layer::linear<6, 0>, layer::group_norm<2, option::no_affine>>;
  auto p = random_parameters<Net>(1);
  const std::array x{0.5f, -1.0f, 2.0f, 0.25f};
  for (const float common : {0.0f, 0x1p10f, 0x1p14f}) {
    auto q = p;
    for (std::size_t row = 0; row < 6; ++row) {
      get<0>(q).bias[row] += row < 3 ? common : -2 * common;
      for (std::size_t i = 0; i < 4; ++i) get<0>(q).weight[row * 4 + i] += row < 3 ? common : 3 * common;
    }
    const auto y = compile(q)(x);
    const auto truth = evaluate(q, x);
    for (std::size_t i = 0; i < 6; ++i) CHECK(static_cast<double>(y[i]) == Approx(truth[i]).margin(1e-6));
  }
}

TEST_CASE("engine.dense: running variances near 0 and huge means of a scaling stay accurate") {
  using Net = decltype(Input<3> >> Linear<4> >> BN >> ReLU >> Linear<2>)::normal_form;
  auto p = random_parameters<Net>(2);
  get<1>(p).running_var = {0, 1e-12f, 1e12f, 1e-40f};
  get<1>(p).running_mean = get<0>(p).bias;
  for (float& m : get<1>(p).running_mean) m += 1e3f;
  for (float& b : get<0>(p).bias) b += 1e3f;
  check_kernels(p, 1);
}
