// SPDX-License-Identifier: Apache-2.0
// The twin of net/scale_invariance.hpp: what the type says is what happens, in both directions, for every combination.
#include <taut/inference.hpp>
#include <taut/net/scale_invariance.hpp>

#include "net/stages.hpp"
#include "support/catch.hpp"

namespace {

using namespace taut;
using enum invariance;

constexpr auto tiny = epsilon<1e-30>;
constexpr auto bare = Linear<12>(no_bias);
constexpr auto nothing = Dropout<0.0>;

template <std::size_t I = 0, class Net> constexpr invariance of(Net) { return scale_invariant<Net, I>; }

// Directly before a normalizer.
static_assert(of(Input<8> >> Linear<12> >> LN) == with_bias);
static_assert(of(Input<8> >> Linear<12> >> RMSNorm) == with_bias);
static_assert(of(Input<8> >> Linear<12> >> GN<3>) == with_bias);
static_assert(of(Input<8> >> Linear<12> >> BN) == alone);
static_assert(of(Input<8> >> bare >> LN) == alone && of(Input<8> >> bare >> RMSNorm) == alone);
static_assert(of(Input<8> >> bare >> GN<3>) == alone && of(Input<8> >> bare >> BN) == alone);
static_assert(of(Input<4, 9> >> Conv1d<6, 3> >> LN) == with_bias &&
              of(Input<4, 9> >> Conv1d<6, 3> >> GN<3>) == with_bias);
static_assert(of(Input<4, 9> >> Conv1d<6, 3> >> InstanceNorm) == alone &&
              of(Input<4, 9> >> Conv1d<6, 3> >> BN) == alone);
static_assert(of(Input<4, 9> >> Conv1d<6, 3> >> GN<6>) == alone &&
              of(Input<4, 9> >> Conv1d<6, 3> >> LN(over_last)) == alone);
static_assert(of(Input<4, 9> >> Conv1d<6, 3> >> RMSNorm(over_last)) == with_bias);
static_assert(of(Input<4, 9> >> Conv1d<6, 3> >> Flatten >> GN<6>) == alone);
static_assert(of(Input<4, 9> >> Conv1d<6, 3> >> Flatten >> BN) == alone);
static_assert(of(Input<4, 9> >> Conv1d<6, 3> >> Flatten >> GN<7>) == with_bias);  // runs across channels

// Through other layers.
static_assert(of(Input<8> >> bare >> ReLU >> LN) == alone && of(Input<8> >> Linear<12> >> ReLU >> BN) == with_bias);
static_assert(of(Input<8> >> bare >> LeakyReLU<> >> bare >> LN) == alone);
static_assert(of(Input<8> >> bare >> Tanh >> LN) == none && of(Input<8> >> bare >> Softmax >> LN) == none);
static_assert(of(Input<8> >> bare) == none && of(Input<8> >> bare >> ReLU) == none);
static_assert(of(Input<8> >> Linear<12> >> Linear<12> >> BN) == alone);  // W2 (a W1 x + b1) + b2: the mean takes both
static_assert(of(Input<8> >> Linear<12> >> Linear<12> >> LN) == none &&
              of(Input<8> >> bare >> Linear<12> >> LN) == none);
static_assert(of(Input<8> >> Linear<12> >> Linear<12>(no_bias) >> LN) == with_bias);
static_assert(of(Input<8> >> bare >> LN >> Tanh >> Linear<3>) == alone);
static_assert(of<3>(Input<8> >> bare >> LN >> Tanh >> Linear<3>) == none);
static_assert(of(Input<4, 9> >> Conv1d<6, 3> >> MaxPool<2> >> InstanceNorm) == alone);
static_assert(of(Input<4, 9> >> Conv1d<6, 3> >> AvgPool<2> >> InstanceNorm) == alone);
static_assert(of(Input<4, 8> >> Conv1d<6, 3> >> AvgPool<2>(padding<1>) >> InstanceNorm) == with_bias);
static_assert(of(Input<4, 9> >> Conv1d<6, 3> >> GlobalAvgPool >> BN) == alone);
static_assert(of(Input<8> >> Linear<12> >> Dropout<0.5> >> BN) == with_bias);  // what is dropped has no bias
static_assert(of(Input<8> >> Linear<12> >> nothing >> BN) == alone);
static_assert(of(Input<8> >> Linear<12> >> GroupSort<2> >> BN) == with_bias);
static_assert(of(Input<8> >> Linear<1> >> Tanh >> LN) == alone);  // constant
static_assert(of(Input<8> >> Linear<1>(no_bias) >> Linear<1> >> RMSNorm) == none);

// A shift that padding has made uneven within a channel.
constexpr auto uneven = Input<4, 9> >> Conv1d<6, 3> >> Conv1d<6, 3>(padding<1>, no_bias);
static_assert(of(uneven >> Conv1d<6, 3> >> InstanceNorm) == with_bias && of(uneven >> Flatten >> BN) == alone);
static_assert(of(uneven >> MaxPool<2> >> Flatten >> BN) == with_bias);

// Blocks.
static_assert(of(Input<8> >> bare >> Residual(ReLU) >> LN) == alone);
static_assert(of(Input<8> >> bare >> Residual(Tanh) >> LN) == none &&
              of(Input<8> >> bare >> Residual(LN) >> LN) == none);
static_assert(of(Input<8> >> bare >> Residual(ReLU >> Linear<12>) >> LN) == none);
static_assert(of(Input<8> >> bare >> Residual(ReLU >> Linear<12>) >> BN) == alone);
static_assert(of(Input<8> >> bare >> LN >> Residual(Tanh)) == alone);
static_assert(of(Input<8> >> bare >> Concat(ReLU, LeakyReLU<>) >> LN) == alone);
static_assert(of(Input<8> >> bare >> Concat(LN, RMSNorm) >> Linear<4>) == alone);
static_assert(of(Input<8> >> bare >> Concat(LN, ReLU)) == none &&
              of(Input<8> >> bare >> Concat(LN, ReLU) >> LN) == none);
static_assert(of(Input<8> >> bare >> Concat(LN, ReLU) >> BN) == alone);
static_assert(of(Input<8> >> bare >> Concat(LN, ReLU) >> GN<2>) == alone &&
              of(Input<8> >> bare >> Concat(LN, ReLU) >> GN<3>) == none);
static_assert(of(Input<8> >> Residual(Linear<8>) >> LN) == none);  // a block has no weight of its own
static_assert(of(Input<8> >> bare >> Concat(LN, ReLU) >> bare >> BN) == none);
static_assert(of(Input<4, 9> >> Conv1d<6, 3>(no_bias) >> Concat(LN, ReLU) >> RMSNorm(over_last)) == alone);

// Raw weights of weight normalization; what has no weight.
static_assert(of(Input<8> >> WeightNorm(Linear<12>)) == alone &&
              of(Input<8> >> SpectralNorm<1.0>(Linear<12>) >> Tanh) == alone);
static_assert(of(Input<8> >> ReLU >> LN) == none && of(Input<8> >> LN >> LN) == none &&
              of<1>(Input<8> >> bare >> LN) == none);

// Random parameters, one batch in training: how much the outputs move if the first layer's weight is scaled.
struct movement {
  double weight_alone, with_bias;
};
movement scale_first(const std::vector<tests::stage>& chain, std::size_t inputs, const outline_entry& first) {
  const auto with = [&](double weight, double bias) {
    return tests::run(chain, inputs, [&](std::string_view key, double& v) {
      const bool raw = key == "weight_v" || key == "weight_orig";
      if (first.raw_scale_free ? raw : key == "weight") v *= weight;
      if (key == "bias") v *= bias;
    });
  };
  const auto before = with(1, 1);
  return {tests::difference(before, with(3, 1)), tests::difference(before, with(3, 3))};
}

void check_network(std::span<const outline_entry> lines, invariance stated, const std::vector<tests::stage>& chain) {
  std::string names;
  for (const outline_entry& e : lines) {
    if (e.centred && e.run == 2 && !e.over_batch) return;  // keeps signs only: may hide more than is stated
    names += std::string(e.name) + " ";
  }
  INFO(names);
  const movement moved = scale_first(chain, lines[0].in.size(), lines[0]);
  const double clearly = 1e-4, not_at_all = 1e-9;
  if (stated == alone) CHECK(moved.weight_alone < not_at_all);
  else CHECK(moved.weight_alone > clearly);
  if (stated == with_bias) CHECK(moved.with_bias < not_at_all);
  if (stated == none) CHECK(moved.with_bias > clearly);
}
template <class Net> void check_network() {
  check_network(outline<Net>, scale_invariant<Net, 0>, tests::stages_of<Net>());
}

template <class... Ls> constexpr base::list<Ls...> types(Ls...) { return {}; }
// Of a network's output, each number counts differently.
constexpr auto behind = types(Flatten, Linear<3>);

TEST_CASE("net.scale_invariance: vectors, every combination") {
  std::size_t count = 0;
  tests::for_each_network<layer::input<8>>(
      types(Linear<12>, bare, WeightNorm(Linear<12>), WeightNorm(bare), SpectralNorm<1.0>(Linear<12>)),
      types(nothing, ReLU, LeakyReLU<0.2>, Tanh, GroupSort<2>, Softmax, Dropout<0.3>, Linear<12>, bare,
            WeightNorm(Linear<12>), Residual(ReLU), Residual(Tanh), Residual(Linear<12>), Residual(bare >> ReLU),
            Residual(LN(tiny)), Concat(ReLU, LeakyReLU<0.2>), Concat(Tanh, ReLU), Concat(LN(tiny), bare),
            Concat(ReLU, bare >> Residual(Linear<12>))),
      types(nothing, LN(tiny), RMSNorm(tiny), GN<2>(tiny), GN<4>(tiny), GN<12>(tiny), BN(tiny)), behind,
      [&]<class Net>() {
        check_network<Net>();
        ++count;
      });
  CHECK(count > 600);
}

TEST_CASE("net.scale_invariance: signals, every combination") {
  constexpr auto conv = Conv1d<6, 3>(padding<1>);
  std::size_t count = 0;
  tests::for_each_network<layer::input<4, 10>>(
      types(conv, conv(no_bias), WeightNorm(conv), Conv1d<6, 3>(stride<2>)),
      types(nothing, ReLU, Tanh, MaxPool<2>, MaxPool<3>(stride<1>, padding<1>), AvgPool<2>, AvgPool<2>(padding<1>),
            GlobalAvgPool, Flatten, Dropout<0.3>, conv, conv(no_bias), Conv1d<6, 3>, Residual(ReLU), Residual(conv),
            Residual(conv(no_bias) >> ReLU), Concat(nothing, ReLU), Concat(nothing, conv),
            Concat(InstanceNorm(tiny), conv)),
      types(nothing, LN(tiny), LN(tiny, over_last), RMSNorm(tiny), RMSNorm(tiny, over_last), GN<2>(tiny), GN<3>(tiny),
            GN<6>(tiny), InstanceNorm(tiny), BN(tiny)),
      behind, [&]<class Net>() {
        check_network<Net>();
        ++count;
      });
  CHECK(count > 600);
}

TEST_CASE("net.scale_invariance: with epsilon, the output moves by the order of epsilon / variance") {
  using small = decltype(Input<8> >> bare >> LN(epsilon<1e-5>) >> Linear<3>);
  using large = decltype(Input<8> >> bare >> LN(epsilon<1e-3>) >> Linear<3>);
  const auto moved = []<class Net>(Net) {
    return scale_first(tests::stages_of<Net>(), Net::input_size, outline<Net>[0]).weight_alone;
  };
  const double by_small = moved(small{}), by_large = moved(large{});
  CHECK(by_small > 0);
  CHECK(by_small < 1e-5);
  CHECK(by_large / by_small == Approx(100).epsilon(0.01));
}

}  // namespace
