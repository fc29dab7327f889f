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
  check_batch(engine, p, random_vector<float>(random, 7 * Net::input_size));
}

struct scalings : decltype(Input<9> >> BN >> ReLU >> Linear<20> >> BN >> LN >> Tanh >> Linear<4>) {};
struct normalizers
    : decltype(Input<4, 6> >> LN >> GN<2> >> ReLU >> LN(over_last) >> InstanceNorm >> Flatten >> RMSNorm) {};
struct mixtures : decltype(Input<2, 4, 4> >> MaxPool<2> >> AvgPool<2> >> Flatten >> Linear<8> >> GN<4> >> MaxMin >>
                           Softmax >> Linear<3> >> LogSoftmax) {};
struct blocks : decltype(Input<6> >> Residual(Linear<6> >> LN >> ReLU) >> Tanh >> Concat(Linear<2>, Linear<9> >> LN) >>
                         Linear<5>) {};
struct convolved : decltype(Input<1, 8> >> Conv1d<2, 3> >> ReLU >> Flatten >> Linear<2>) {};

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

TEST_CASE("engine.batch_stage: sums side by side add up each element once") {
  CHECK(sum_of_squares<1>() == 1);
  CHECK(sum_of_squares<5>() == 55);
  CHECK(sum_of_squares<11>() == 506);
}

TEST_CASE("engine.batch_stage: a network with a stage that has no form for lanes runs sample by sample") {
  const auto p = random_parameters<convolved>(5);
  base::random_stream random(5);
  const auto x = random_vector<float>(random, 33 * 8);
  std::vector<float> y(33 * 2);
  const auto engine = compile(p);
  engine.batch(x, y);
  for (std::size_t s = 0; s < 33; ++s)
    CHECK(distance(std::span(y).subspan(s * 2, 2), evaluate(p, std::span(x).subspan(s * 8, 8))) <=
          float_error(p, std::span(x).subspan(s * 8, 8)));
}
