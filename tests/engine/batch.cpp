// SPDX-License-Identifier: Apache-2.0
// Batches of any size: as accurate as single samples, in constant expressions too, each sample on its own.
#include <taut/inference.hpp>

#include "laws/laws.hpp"

namespace {

using namespace taut;
using namespace taut::tests;

struct net : decltype(Input<5> >> Linear<6> >> LN >> ReLU >> LN(no_affine) >> Tanh >> Linear<11> >> LN >> Linear<3>) {};

constexpr auto drawn = [] {
  parameters<net> p{};
  initialise(p, 3);
  get<1>(p).gain = {1, -0.5f, 2, 0.25f, 1, 1};
  get<1>(p).offset = {0, 0.5f, 0, -0.25f, 0, 0.125f};
  get<7>(p).bias = {0.5f, 0, -1};
  return p;
};
constexpr parameters<net> p = drawn();
constexpr std::size_t lanes = simd::width<simd::native>, many = 3 * lanes - 2;

constexpr auto samples = [] {
  std::array<float, many * 5> x{};
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i * 37 % 64) / 16 - 2;
  return x;
}();
constexpr auto compiled = [] {  // the same text, run by the compiler
  std::array<float, many * 3> y{};
  compile(p).batch(samples, y);
  return y;
}();

using plan = engine_stage::batch_plan<net, 16>;
static_assert(plan::registers == 4 && plan::computed == 4 && plan::between.at[0] == 11 && plan::between.at[1] == 6);
static_assert(plan::worthwhile > 1 && plan::worthwhile <= 16);
struct large : decltype(Input<4000> >> Linear<2>) {};
static_assert(engine_stage::batch_plan<large, 16>::registers == 2);
struct larger : decltype(Input<9000> >> Linear<2>) {};
static_assert(engine_stage::batch_plan<larger, 16>::registers == 1);
struct largest : decltype(Input<20000> >> Linear<2>) {};
static_assert(engine_stage::batch_plan<largest, 16>::registers == 0 &&
              engine_stage::batch_plan<net, 1>::registers == 0);
struct wide_inside : decltype(Input<4> >> Residual(Linear<20000> >> ReLU >> Linear<4>)) {};
static_assert(engine_stage::batch_plan<wide_inside, 16>::registers == 0);
static_assert(engine_stage::batch_plan<wide_inside, 16>::inside == 4 + 20000 + 1 + 4);

}  // namespace

TEST_CASE("engine.batch: what the compiler computes is what runs, bit for bit") {
  std::array<float, many * 3> y{};
  compile(p).batch(samples, y);
  CHECK(same_bits(y, compiled));
}

TEST_CASE("engine.batch: every number of samples is accurate, and nothing is written behind the outputs") {
  const auto engine = compile(p);
  base::random_stream random(4);
  for (std::size_t n = 1; n <= 6 * lanes + 1; ++n) {
    const auto x = random_vector<float>(random, n * 5);
    std::vector<float> y(n * 3 + 8, -7.0f);
    engine.batch(x, std::span(y).first(n * 3));
    bool accurate = true;
    for (std::size_t s = 0; s < n; ++s) {
      const auto one = std::span(x).subspan(s * 5, 5);
      accurate = accurate && distance(std::span(y).subspan(s * 3, 3), evaluate(p, one)) <= float_error(p, one);
    }
    check_sample(accurate, "all samples", n);
    for (std::size_t i = n * 3; i < y.size(); ++i) CHECK(y[i] == -7.0f);
  }
}

TEST_CASE("engine.batch: a strange sample does not touch its neighbours") {
  const auto engine = compile(p);
  std::vector<float> x(samples.begin(), samples.end()), y(many * 3), strange(many * 3);
  engine.batch(x, y);
  for (const std::size_t at : {std::size_t{0}, std::size_t{2}, many - 1}) {
    auto other = x;
    other[at * 5 + 1] = std::numeric_limits<float>::quiet_NaN();
    engine.batch(other, strange);
    for (std::size_t s = 0; s < many; ++s) {
      const auto before = std::span(y).subspan(s * 3, 3), now = std::span(strange).subspan(s * 3, 3);
      if (s != at) check_sample(same_bits(before, now), "untouched", s);
      else
        for (const float v : now) CHECK(std::isnan(v));
    }
  }
}

TEST_CASE("engine.batch: a shorter batch than a register is worth runs sample by sample") {
  const auto engine = compile(p);
  constexpr std::size_t few = engine_stage::batch_plan<net, lanes>::worthwhile - 1;
  std::vector<float> y(few * 3);
  engine.batch(std::span(samples).first(few * 5), y);
  for (std::size_t s = 0; s < few; ++s)
    CHECK(same_bits(std::span(y).subspan(s * 3, 3), engine(std::span(samples).subspan(s * 5, 5))));
}
