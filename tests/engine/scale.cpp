// SPDX-License-Identifier: Apache-2.0
// The scales that travel between dense stages: each form is the layer's formula, whatever the sizes, and in a chain no
// size of weights, biases or inputs overflows or underflows.
#include <taut/engine/scale.hpp>
#include <taut/inference.hpp>

#include "laws/laws.hpp"

namespace {

using namespace taut;
using namespace taut::tests;
using engine_plan::owed_as;
using engine_stage::arriving;

// 1/sqrt(square) W x + b in units of p / sqrt(square): the same numbers as by a factor, up to the power of two.
static_assert(arriving<float, owed_as::factor>(0.25f).affine(8, 1, true, false) == 3);
static_assert(arriving<float, owed_as::square>(16.0f).affine(8, 1, true, false) == 3);      // p = 1/4: 2 + 1
static_assert(arriving<float, owed_as::square>(64.0f).affine(8, 1, true, false) == 1 + 1);  // p = 1/8, rest 1
static_assert(arriving<float, owed_as::square>(64.0f).affine(8, 1, true, true) == 1 + 1);   // in the other order
static_assert(arriving<float, owed_as::square>(64.0f).affine(8, 1, false, true) == 1);
// With the root handed over: what is used is that one.
static_assert(arriving<float, owed_as::square>(engine_stage::square_and_root{16, 4}).affine(8, 1, true, true) == 3);
static_assert(arriving<float, owed_as::square>(engine_stage::square_and_root{16, 8}).affine(8, 1, true, true) == 4);
static_assert(arriving<float, owed_as::square>(0x1p-90f).power == 0x1p45f);
static_assert(arriving<float, owed_as::square>(0x1p-90f).in_units(3) == 3);
static_assert(arriving<float, owed_as::square>(0x1.8p101f).in_units(1) == 0.75f);
static_assert(arriving<float, owed_as::square>(0x1.8p101f).in_true_units(3) == 4);
// What comes last is not rounded before it is added: the sums, or b s, here 1 + 2^-22 + 2^-46.
constexpr arriving<float, owed_as::square> near_one(engine_stage::square_and_root{1, 1 + 0x1p-23f});
static_assert(near_one.affine(-1 - 0x1p-22f, 1 + 0x1p-23f, true, true) == 0);
static_assert(near_one.affine(-1 - 0x1p-22f, 1 + 0x1p-23f, true, false) == (simd::target_fuses ? 0x1p-46f : 0));
// A stage knows whether its input has waited: whether the one before has offsets.
struct identity {
  static constexpr double weight(const identity&, std::size_t row, std::size_t column) { return row == column ? 1 : 0; }
  static constexpr double bias(const identity&, std::size_t) { return 1; }
};
constexpr bool waited_behind(double offset) {
  constexpr engine_plan::schemes squares{engine_plan::scheme::owed_with_offset, owed_as::square, owed_as::square};
  engine_stage::dense<simd::portable<4>, 2, 2, squares, engine_stage::epilogue<layer::relu>> first, second;
  engine_stage::inherited<2> carried;
  engine_stage::normalizer_values<2> norm{true, 1e-5, {1, 1}, {0, offset}};
  first.template fold<identity, 2>(identity{}, {}, norm, carried);
  second.template fold<identity, 2>(identity{}, {}, norm, carried);
  return second.waited && !first.waited;
}
static_assert(waited_behind(0.5) && !waited_behind(0));
// What is owed nothing gets what a factor and a square of 1 would give.
template <owed_as Form> constexpr bool owes_one() {
  const arriving<float, Form> one(1.0f);
  const engine_stage::arriving_as<float, Form, engine_stage::nothing_owed> none(engine_stage::nothing_owed{});
  return one.affine(0.1f, 0.7f, true, false) == none.affine(0.1f, 0.7f, true, false) &&
         one.in_units(0.3f) == none.in_units(0.3f) && one.in_true_units(0.3f) == none.in_true_units(0.3f);
}
static_assert(owes_one<owed_as::factor>() && owes_one<owed_as::square>());
static_assert(engine_stage::lifted<engine_stage::epilogue<layer::relu>>(-6.0f, 2.0f, 4.0f) == 2);
static_assert(engine_stage::applied<engine_stage::epilogue<layer::relu>>(-6.0f, 0.5f, 4.0f) == 1);

struct chain : decltype(Input<3> >> Linear<3> >> LN >> Linear<3> >> LN >> Linear<4> >> LN >> ReLU >> Linear<4> >>
                        RMSNorm >> LeakyReLU<0.5> >> Linear<5> >> LN >> Linear<2>) {};
struct bare : decltype(Input<3> >> Linear<3>(no_bias) >> LN(no_affine) >> Linear<5>(no_bias) >> LN(no_affine) >> ReLU >>
                       Linear<3>(no_bias) >> RMSNorm >> Linear<2>(no_bias)) {};

// A chain with offsets that wait for a root, run by the compiler.
struct replayed
    : decltype(Input<2> >> Linear<3> >> LN >> Linear<2> >> LN >> ReLU >> Linear<3> >> RMSNorm >> Linear<2>) {};
constexpr auto replayed_parameters = [] {
  parameters<replayed> p{};
  initialise(p, 3);
  get<3>(p).offset = {0.5f, -0.25f};
  get<5>(p).bias = {0.5f, -1, 2};
  return p;
}();
constexpr std::array<float, 2> replayed_input{0.75f, -1.5f};
constexpr auto by_the_compiler = compile(replayed_parameters)(replayed_input);

// Errors of an engine, sample by sample and in a batch, relative to the largest output.
template <class Lane, class Net> double error_of(const parameters<Net>& p, double size) {
  constexpr std::size_t samples = 35;
  const auto run = compile<float32<Lane>>(p);
  base::random_stream random(5);
  const auto inputs = random_vector<float>(random, samples * Net::input_size, size);
  std::vector<float> outputs(samples * Net::output_size);
  run.batch(inputs, outputs);
  double error = 0, largest = 0;
  for (std::size_t sample = 0; sample < samples; ++sample) {
    const auto x = std::span(inputs).subspan(sample * Net::input_size).template first<Net::input_size>();
    const auto y = run(x);
    const auto truth = evaluate(p, x);
    for (std::size_t i = 0; i < truth.size(); ++i) {
      for (const float v : {y[i], outputs[sample * Net::output_size + i]}) {
        const double difference = std::abs(static_cast<double>(v) - truth[i]);
        error = difference <= error ? error : difference;  // NaN is an error
      }
      largest = std::max(largest, std::abs(truth[i]));
    }
  }
  return error / largest;
}

template <class Net> void check(const char* name) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    auto p = random_parameters<Net>(seed);
    check_kernels(p, seed, 4);
    for (const bool offsets : {true, false}) {
      if (!offsets)
        base::for_each_index<Net::depth>([&]<std::size_t I>() {
          if constexpr (requires { get<I>(p).offset; }) get<I>(p).offset.fill(0);
        });
      // weights whose sizes change from layer to layer: products of three of them are beyond every float
      for (const float first : {1.0f, 0x1p20f, 0x1p40f}) {
        auto q = p;
        float size = first;
        for_each_tensor(q, [&](std::string_view key, shape, auto span) {
          if (key.ends_with("gain") || key.ends_with("offset")) return;
          if (key.ends_with("weight")) size = size == first ? 0x1p12f : first;
          for (auto& v : span) v *= size;
        });
        for (const double input : {1e-3, 1.0, 1e4}) {
          INFO(name << ", seed " << seed << ", weights " << first << ", inputs " << input);
          CHECK(error_of<simd::native>(q, input) < 2e-5);
          CHECK(error_of<simd::portable<1>>(q, input) < 2e-5);
        }
      }
    }
  }
}

}  // namespace

TEST_CASE("engine.scale: chains of squares are accurate whatever the sizes of weights and inputs") {
  check<chain>("chain");
  check<bare>("bare");
}

TEST_CASE("engine.scale: the std that is observed behind a square is that of the network") {
  const auto p = random_parameters<chain>(3);
  const auto run = compile(p);
  const std::array x{0.5f, -1.0f, 2.0f};
  std::vector<double> seen, truth;
  static_cast<void>(run(x, [&](float std) { seen.push_back(static_cast<double>(std)); }));
  std::vector<double> at(x.begin(), x.end());
  base::for_each_index<chain::depth>([&]<std::size_t I>() {
    using L = layer_of<chain, I>;
    if constexpr (L::reads == fusion::normalizer)
      truth.push_back(std::sqrt(normalizer::measure<L>(at.data(), at.size()).variance));
    std::vector<double> y(chain::shapes[I + 1].size());
    forward<L, chain::shapes[I]>(get<I>(p), at.data(), y.data());
    at = y;
  });
  REQUIRE(seen.size() == truth.size());
  for (std::size_t i = 0; i < seen.size(); ++i) CHECK(seen[i] == Approx(truth[i]).epsilon(1e-5));
}

TEST_CASE("engine.scale: a chain of 32 blocks keeps six digits") {
  const auto block = [](auto net) { return net >> Linear<3> >> LN; };
  const auto four = [&](auto net) { return block(block(block(block(net)))); };
  using deep = decltype(four(four(four(four(four(four(four(four(Input<3>)))))))) >> Linear<1>)::normal_form;
  auto p = random_parameters<deep>(7);
  base::for_each_index<deep::depth>([&]<std::size_t I>() {  // near the identity, so that inputs still matter
    if constexpr (layer_of<deep, I>::reads == fusion::affine && I + 1 < deep::depth)
      for (std::size_t i = 0; i < 3; ++i) get<I>(p).weight[4 * i] += 1;
  });
  CHECK(error_of<simd::native>(p, 1) <= 1e-6);
  CHECK(error_of<simd::portable<1>>(p, 1) <= 1e-6);
}

TEST_CASE("engine.scale: the compiler computes the bits that the program does") {
  static_assert(engine_plan::plan_of<replayed>.at[1].scale.arrives == owed_as::square);
  static_assert(engine_plan::plan_of<replayed>.at[2].scale.arrives == owed_as::square);
  const auto p = std::make_unique<parameters<replayed>>(replayed_parameters);
  CHECK(same_bits(compile(*p)(replayed_input), by_the_compiler));
}
