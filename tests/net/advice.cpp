// SPDX-License-Identifier: Apache-2.0
// The twin of net/advice.hpp: every sentence word for word, where each is silent, and biases that are really dead.
#include <string>
#include <taut/inference.hpp>
#include <taut/net/advice.hpp>

#include "net/stages.hpp"
#include "support/catch.hpp"

namespace {

using namespace taut;
using enum pitfall;

template <class Net> constexpr bool clean(Net) { return advice<Net>.empty(); }
// How many findings of a network are of this kind.
template <class Batch = void, class Net> constexpr std::size_t count(pitfall what, Net) {
  std::size_t n = 0;
  for (const finding& f : advice<Net, Batch>) n += f.what == what ? 1 : 0;
  return n;
}
template <class Batch = void, class Net> std::string sentences(Net) {
  std::string text;
  for (const finding& f : advice<Net, Batch>) { text += std::string(f.sentence) + "\n"; }
  return text;
}

// Networks as they should be.
static_assert(clean(Input<8> >> Linear<8>(no_bias) >> BN >> ReLU >> Linear<4>));
static_assert(clean(Input<8> >> Linear<8> >> LN >> ReLU >> Dropout<0.2> >> Linear<4> >> Softmax));
static_assert(clean(Input<8> >> Linear<8> >> RMSNorm >> Tanh >> WeightNorm(Linear<4>) >> RMSNorm >> Tanh >> Linear<3>));
static_assert(clean(Input<3, 8, 8> >> Conv2d<8, 3> >> GN<4> >> ReLU >> Conv2d<8, 3> >> GN<2> >> ReLU >> GlobalAvgPool >>
                    Linear<4>));
static_assert(clean(Input<8> >> Linear<8> >> Residual(LN >> Linear<8> >> ReLU >> Linear<8>) >> LN >> Linear<3>));
static_assert(clean(Input<8> >> Linear<8> >> Concat(Linear<8> >> ReLU, Linear<4>) >> Linear<3>));

static_assert(advice<decltype(Input<8> >> Linear<1> >> LN)>.size() == 2);
static_assert(advice<decltype(Input<2> >> LN)>[0].what == sign_only &&
              advice<decltype(Input<2> >> LN)>[0].where.name().view() == "0");

// Normalizers that keep nothing, or a sign.
static_assert(count(constant_output, Input<1> >> LN) == 1 && count(constant_output, Input<8> >> GN<8>) == 1);
static_assert(count(constant_output, Input<4, 1> >> InstanceNorm) == 1 && count(constant_output, Input<1> >> BN) == 0);
static_assert(count(constant_output, Input<4, 1> >> LN(over_last)) == 1 &&
              count(constant_output, Input<4, 2> >> GN<4>) == 0);
static_assert(count(sign_only, Input<2> >> LN) == 1 && count(sign_only, Input<8> >> GN<4>) == 1);
static_assert(count(sign_only, Input<4, 2> >> InstanceNorm) == 1 && count(sign_only, Input<1> >> RMSNorm) == 1);
static_assert(clean(Input<2> >> RMSNorm) && clean(Input<3> >> LN) && clean(Input<9> >> GN<3>) && clean(Input<2> >> BN));

// Dead biases: only before normalizers that pool one channel.
constexpr auto image = Input<3, 6, 6> >> Conv2d<4, 3>;
static_assert(count(dead_bias, Input<8> >> Linear<8> >> BN) == 1 && count(dead_bias, Input<8> >> Linear<8> >> LN) == 0);
static_assert(count(dead_bias, Input<8> >> Linear<8> >> RMSNorm) == 0 &&
              count(dead_bias, Input<8> >> Linear<8> >> GN<2>) == 0);
static_assert(count(dead_bias, image >> BN) == 1 && count(dead_bias, image >> InstanceNorm) == 1 &&
              count(dead_bias, image >> GN<4>) == 1);
static_assert(count(dead_bias, image >> LN) == 0 && count(dead_bias, image >> GN<2>) == 0 &&
              count(dead_bias, image >> RMSNorm) == 0);
static_assert(count(dead_bias, image >> Flatten >> BN) == 1 &&
              count(dead_bias, image >> MaxPool<2> >> InstanceNorm) == 1);
static_assert(count(dead_bias, image >> Dropout<0.1> >> BN) == 0 && count(dead_bias, image >> Dropout<0.0> >> BN) == 1);
static_assert(count(dead_bias, image >> ReLU >> BN) == 0 &&
              count(dead_bias, Input<3, 6, 6> >> Conv2d<4, 3>(no_bias) >> BN) == 0);
static_assert(count(dead_bias, Input<3, 12> >> Conv1d<4, 3> >> MaxPool<4>(stride<2>) >> InstanceNorm) == 1);
static_assert(count(dead_bias, image >> BN >> BN) == 1 && count(dead_bias, image >> AvgPool<2> >> BN) == 1);
static_assert(count(dead_bias, image >> AvgPool<2>(padding<1>) >> BN) == 0);  // no bias in the padding
static_assert(count(dead_bias, Input<8> >> Linear<8> >> Residual(BN)) == 0);  // the bias is added again

// Redundant weight norm.
static_assert(count(redundant_weight_norm, Input<8> >> WeightNorm(Linear<8>) >> BN) == 1);
static_assert(count(redundant_weight_norm, Input<8> >> CenteredWeightNorm(Linear<8>) >> BN) == 1);
static_assert(count(redundant_weight_norm, Input<8> >> WeightNorm(Linear<8>) >> LN) == 0);
static_assert(count(redundant_weight_norm, Input<8> >> WeightNorm(Linear<8>(no_bias)) >> ReLU >> Dropout<0.5> >> BN) ==
              1);
static_assert(count(redundant_weight_norm, Input<8> >> WeightNorm(Linear<8>(no_bias)) >> Tanh >> BN) == 0);
static_assert(count(redundant_weight_norm, Input<8> >> WeightNorm(Linear<8>) >> ReLU >> BN) == 0);
static_assert(count(redundant_weight_norm, Input<8> >> SpectralNorm<1.0>(Linear<8>) >> BN) == 0);
static_assert(count(redundant_weight_norm, Input<3, 8> >> WeightNorm(Conv1d<4, 3>(no_bias)) >> RMSNorm(over_last)) ==
              1);
static_assert(count(redundant_weight_norm, Input<3, 8> >> WeightNorm(Conv1d<4, 3>) >> RMSNorm(over_last)) == 0);
static_assert(count(redundant_weight_norm, Input<3, 8> >> WeightNorm(Conv1d<4, 3>) >> InstanceNorm) == 1);
static_assert(count(redundant_weight_norm, Input<8> >> WeightNorm(Linear<8>(no_bias)) >> GroupSort<2> >> BN) == 0);

// Batch norm behind dropout, in blocks too.
static_assert(count(batch_norm_after_dropout, Input<8> >> Dropout<0.5> >> Linear<8> >> ReLU >> BN >> Tanh >> BN) == 2);
static_assert(count(batch_norm_after_dropout, Input<8> >> BN >> Dropout<0.5> >> Linear<8>) == 0);
static_assert(count(batch_norm_after_dropout, Input<8> >> Dropout<0.0> >> BN) == 0 &&
              count(batch_norm_after_dropout, Input<8> >> Dropout<0.5> >> LN) == 0);
static_assert(count(batch_norm_after_dropout, Input<8> >> Residual(Tanh >> Dropout<0.5>) >> BN) == 1);
static_assert(count(batch_norm_after_dropout, Input<8> >> Dropout<0.5> >> Residual(BN)) == 1);
static_assert(count(batch_norm_after_dropout, Input<8> >> Concat(Dropout<0.5>, BN)) == 0);

// Families.
static_assert(count(mixed_families, Input<8> >> LN >> Tanh >> LN >> Tanh >> LN) == 0 &&
              count(mixed_families, Input<8> >> GN<2> >> Tanh >> GN<1>) == 0);
static_assert(count(mixed_families, Input<8> >> LN >> Tanh >> BN >> Tanh >> BN >> Tanh >> RMSNorm >> LN) == 2);
static_assert(count(mixed_families, Input<8> >> LN >> Residual(BN >> Tanh)) == 1);

// Normalizers straight before probabilities.
static_assert(count(bounded_logits, Input<8> >> Linear<8> >> LN >> Softmax) == 1 &&
              count(bounded_logits, Input<8> >> RMSNorm >> LogSoftmax) == 1);
static_assert(count(bounded_logits, Input<8> >> LN >> Dropout<0.5> >> Softmax >> Flatten) == 1 &&
              count(bounded_logits, Input<8> >> BN >> Softmax) == 1);
static_assert(count(bounded_logits, Input<8> >> LN >> Linear<8> >> Softmax) == 0 &&
              count(bounded_logits, Input<8> >> LN >> Softmax >> Linear<8>) == 0);
static_assert(count(bounded_logits, Input<8> >> LN >> Tanh >> Softmax) == 0 &&
              count(bounded_logits, Input<8> >> LN) == 0);
static_assert(count(bounded_logits, Input<8> >> Residual(LN >> Softmax)) == 0);

// Affine layers that merge.
static_assert(count(mergeable, Input<8> >> Linear<8> >> Linear<8> >> Linear<8>) == 2);
static_assert(count(mergeable, Input<8> >> Linear<8> >> BN >> Dropout<0.5> >> Flatten >> WeightNorm(Linear<8>)) == 1);
static_assert(count(mergeable, Input<8> >> Linear<8> >> LN >> Linear<8>) == 0 &&
              count(mergeable, Input<8> >> Linear<8> >> ReLU >> Linear<8>) == 0);
static_assert(count(mergeable, Input<3, 8> >> Conv1d<4, 3> >> AvgPool<2> >> Conv1d<4, 3>) == 0 &&
              count(mergeable, Input<3, 8> >> Conv1d<4, 3> >> Flatten >> Linear<3>) == 1);
static_assert(count(mergeable, Input<8> >> Residual(Linear<8> >> Linear<8>)) == 1 &&
              count(mergeable, Input<8> >> Linear<8> >> Residual(Linear<8>)) == 0);

// Small batches.
static_assert(count<batch<7>>(small_batch, Input<8> >> BN) == 1 && count<batch<8>>(small_batch, Input<8> >> BN) == 0);
static_assert(count<batch<2>>(small_batch, Input<8> >> LN) == 0 && count(small_batch, Input<8> >> BN) == 0);

TEST_CASE("net.advice: the sentences") {
  CHECK(
      sentences<batch<4>>(Input<3, 8> >> WeightNorm(Conv1d<4, 3>) >> BN >> ReLU >> Dropout<0.5> >> Flatten >>
                          Residual(Linear<24> >> BN >> Linear<24>) >> RMSNorm >> Softmax) ==
      "layer 0, WeightNorm(Conv1d<4, 3>): its bias is dead: layer 1, BatchNorm, subtracts the mean of each channel in "
      "training\n"
      "layer 0, WeightNorm(Conv1d<4, 3>): its gains are redundant: layer 1, BatchNorm, divides by the scale of each "
      "channel in training\n"
      "layer 1, BatchNorm: statistics of 4 samples, 24 values a channel, are noisy; take batches of 8 or more\n"
      "layer 5.0, Linear<24>: its bias is dead: layer 5.1, BatchNorm, subtracts the mean of each channel in training\n"
      "layer 5.1, BatchNorm: its running variance is that of training, where layer 3, Dropout<0.5>, drops values; at "
      "inference the variance differs\n"
      "layer 5.1, BatchNorm: statistics of 4 samples, 4 values a channel, are noisy; take batches of 8 or more\n"
      "layer 5.2, Linear<24>: nothing nonlinear since layer 5.0, Linear<24>: the two are one affine map at inference\n"
      "layer 6, RMSNorm: another kind of normalizer than layer 1, BatchNorm; choose one family\n"
      "layer 7, Softmax: its logits come straight from layer 6, RMSNorm: no run of 24 is longer than sqrt(24) gain, "
      "however sure the layers before it are\n");
  CHECK(sentences(Input<2> >> LN) ==
        "layer 0, LayerNorm: normalizes 2 values at a time; its output is +-gain whatever they are\n");
  CHECK(sentences(Input<1> >> RMSNorm) ==
        "layer 0, RMSNorm: normalizes 1 value at a time; its output is +-gain whatever it is\n");
  CHECK(sentences(Input<4, 1> >> InstanceNorm) ==
        "layer 0, InstanceNorm: normalizes 1 value at a time; its output is the same whatever it is\n");
  CHECK(sentences<batch<1>>(Input<4, 1> >> BN >> Softmax) ==
        "layer 0, BatchNorm: statistics of 1 sample, 1 value a channel, are noisy; take batches of 8 or more\n"
        "layer 1, Softmax: its logits come straight from layer 0, BatchNorm: their variance is gain^2 in training, "
        "however sure the layers before it are\n");
  const auto& nested = advice<decltype(Input<8> >> Tanh >> Concat(Tanh, Tanh >> Residual(GN<4>)))>;
  REQUIRE(nested.size() == 1);
  CHECK(nested[0].where.name().view() == "1.1.1");
}

template <class... Ls> constexpr base::list<Ls...> types(Ls...) { return {}; }

TEST_CASE("net.advice: a bias is said to be dead, and gains redundant, where they are: every combination") {
  const auto check = [](auto dead, auto redundant, std::span<const outline_entry> lines,
                        const std::vector<tests::stage>& chain) {
    std::string names;
    for (const outline_entry& e : lines) {
      if (e.normalizes() && e.run <= 2 && !e.over_batch) return;  // keeps signs only: may hide more
      names += std::string(e.name) + " ";
    }
    INFO(names);
    const auto moved = [&](std::string_view what, double factor) {
      const auto with = [&](double a) {
        return tests::run(chain, lines[0].in.size(), [&](std::string_view key, double& v) {
          if (key == what) v *= a + std::abs(v);  // not all by the same factor
        });
      };
      return tests::difference(with(1), with(factor));
    };
    if (lines[0].channel_bias) CHECK((moved("bias", 3) < 1e-9) == (dead > 0));
    if (lines[0].row_gain) CHECK((moved("weight_g", 3) < 1e-9) == (redundant > 0));
  };
  const auto each = [&]<class Net>() {
    check(count(dead_bias, Net{}), count(redundant_weight_norm, Net{}), outline<Net>, tests::stages_of<Net>());
  };
  constexpr auto tiny = epsilon<1e-30>;
  constexpr auto behind = types(Flatten, Linear<3>);
  constexpr auto conv = Conv1d<6, 3>(padding<1>);
  tests::for_each_network<layer::input<8>>(types(Linear<12>, WeightNorm(Linear<12>), WeightNorm(Linear<12>(no_bias))),
                                           types(Dropout<0.0>, Dropout<0.5>, ReLU),
                                           types(Tanh, LN(tiny), RMSNorm(tiny), GN<2>(tiny), GN<4>(tiny), BN(tiny)),
                                           behind, each);
  tests::for_each_network<layer::input<4, 10>>(
      types(conv, WeightNorm(conv), WeightNorm(conv(no_bias))),
      types(Dropout<0.0>, Dropout<0.5>, MaxPool<3>(stride<1>, padding<1>), AvgPool<2>, Flatten),
      types(Tanh, LN(tiny), LN(tiny, over_last), RMSNorm(tiny, over_last), GN<2>(tiny), GN<6>(tiny), InstanceNorm(tiny),
            BN(tiny)),
      behind, each);
}

}  // namespace
