// SPDX-License-Identifier: Apache-2.0
// Every kind of stage with samples in the lanes, inside networks whose batches are compared with evaluate.
#include <taut/inference.hpp>

#include "laws/laws.hpp"

namespace {

using namespace taut;
using namespace taut::tests;

template <class Net> void check(std::uint64_t seed) {
  static_assert(engine<Net>::template in_lanes<simd::native>());
  const auto p = random_parameters<Net>(seed);
  base::random_stream random(seed);
  const auto engine = compile(p);
  check_engine_batch(engine, p, random_vector<float>(random, 7 * Net::input_size));
}

struct scalings : decltype(Input<9> >> BN >> ReLU >> Linear<20> >> BN >> LN >> Tanh >> Linear<4>) {};
struct normalizers
    : decltype(Input<4, 6> >> LN >> GN<2> >> ReLU >> LN(over_last) >> InstanceNorm >> Flatten >> RMSNorm) {};
struct mixtures : decltype(Input<2, 4, 4> >> MaxPool<2> >> AvgPool<2> >> Flatten >> Linear<8> >> GN<4> >> MaxMin >>
                           Softmax >> Linear<3> >> LogSoftmax) {};
struct blocks : decltype(Input<6> >> Residual(Linear<6> >> LN >> ReLU) >> Tanh >> Concat(Linear<2>, Linear<9> >> LN) >>
                         Linear<5>) {};
struct convolved : decltype(Input<1, 14> >> Conv1d<6, 5>(padding<2>) >> GN<2> >> ReLU >> MaxPool<2> >>
                            Conv1d<5, 3>(stride<2>) >> Tanh >> GlobalAvgPool >> Linear<2>) {};

template <std::size_t N> float sum_of_squares() {
  std::array<simd::portable<4>, N> x{};
  for (std::size_t i = 0; i < N; ++i) x[i] = simd::portable<4>(static_cast<float>(i + 1));
  return engine_stage::squares_of<simd::portable<4>, N>(x.data(), [](auto v) { return v; }).at[1];
}

}  // namespace

TEST_CASE("engine.batch_stage: dense stages, scalings and their normalizers") { check<scalings>(1); }
TEST_CASE("engine.batch_stage: normalizers of runs, of channels and of tokens") { check<normalizers>(2); }
TEST_CASE("engine.batch_stage: mixing layers") { check<mixtures>(3); }
TEST_CASE("engine.batch_stage: blocks") { check<blocks>(4); }
TEST_CASE("engine.batch_stage: convolutions") { check<convolved>(5); }

TEST_CASE("engine.batch_stage: a sample with a mean of 1e8 stds keeps its digits, whatever its neighbours are") {
  using four = simd::portable<4>;
  using N = layer::instance_norm<option::no_affine>;
  constexpr shape in{3, 1000};
  engine_stage::sphere<four, N, in, false, engine_stage::epilogue<>> stage;
  stage.load(parameters_of_layer<N, in>{});
  base::random_stream random(1);
  std::array<four, in.size()> x, y, other, z;
  std::array<std::array<float, in.size() + 4>, 4> alone{}, expected{};
  for (std::size_t i = 0; i < in.size(); ++i)
    for (std::size_t l = 0; l < 4; ++l) {
      const double value[]{random.normal(), random.normal() + 1e3, random.normal() + 1e6,
                           i % 1000 == 17 ? 16000003.0 : 16000001.0};
      alone[l][i] = x[i].at[l] = static_cast<float>(value[l]);
      other[i].at[l] = l == 2 ? x[i].at[l] : static_cast<float>(random.normal());
    }
  engine_stage::normalize_lanes(stage, x.data(), y.data());
  engine_stage::normalize_lanes(stage, other.data(), z.data());
  for (std::size_t l = 0; l < 4; ++l) {
    stage.apply<four>(alone[l].data(), expected[l].data(), no_observer{});
    const auto truth = evaluate(parameters<net_of<in, N>>{}, std::span(alone[l]).first(in.size()));
    for (std::size_t i = 0; i < in.size(); ++i) {
      CHECK(static_cast<double>(y[i].at[l]) == Approx(truth[i]).epsilon(2e-6).margin(2e-6));
      CHECK(static_cast<double>(expected[l][i]) == Approx(truth[i]).epsilon(2e-6).margin(2e-6));
    }
  }
  for (std::size_t i = 0; i < in.size(); ++i) CHECK(y[i].at[2] == z[i].at[2]);
}

TEST_CASE("engine.batch_stage: sums side by side add up each element once") {
  CHECK(sum_of_squares<1>() == 1);
  CHECK(sum_of_squares<5>() == 55);
  CHECK(sum_of_squares<11>() == 506);
}
