// SPDX-License-Identifier: Apache-2.0
// The twin of net/outline.hpp: the lines of blocks, and what layers of each kind state.
#include <string>
#include <taut/inference.hpp>
#include <taut/net/outline.hpp>

#include "support/catch.hpp"

namespace {

using namespace taut;

std::string written(std::span<const outline_entry> lines) {
  const char* steps[] = {"", "enter ", "next ", "leave "};
  std::string text;
  for (const outline_entry& e : lines)
    text += steps[static_cast<int>(e.at)] + std::string(e.where.name()) + " " + std::string(e.name) + " " +
            std::string(e.out.name()) + "\n";
  return text;
}

template <class Net> constexpr outline_entry last(Net) { return outline<Net>.back(); }

static_assert(outline<decltype(Input<3> >> Tanh)>.size() == 1);
static_assert(outline<decltype(Input<3> >> Residual(Tanh >> Tanh))>.size() == 4);
static_assert(outline<decltype(Input<3> >> Concat(Tanh, Tanh, Tanh))>.size() == 7);

static_assert(last(Input<3> >> Linear<2>).channel_bias && last(Input<3> >> Linear<2>).has_bias);
static_assert(!last(Input<3> >> Linear<2>(no_bias)).channel_bias && !last(Input<3> >> Linear<2>(no_bias)).has_bias);
static_assert(last(Input<3> >> Linear<2>(no_bias)).homogeneous && !last(Input<3> >> Linear<2>).homogeneous);
static_assert(last(Input<3> >> WeightNorm(Linear<2>)).row_gain &&
              last(Input<3> >> WeightNorm(Linear<2>)).raw_scale_free);
static_assert(!last(Input<3> >> SpectralNorm<1.0>(Linear<2>)).row_gain);
static_assert(last(Input<3, 8> >> Conv1d<2, 3>).carries_shifts &&
              !last(Input<3, 8> >> Conv1d<2, 3>(padding<1>)).carries_shifts);
static_assert(last(Input<3, 8> >> WeightNorm(Conv1d<2, 3>)).carries_shifts);
static_assert(last(Input<3, 8> >> MaxPool<2>(padding<1>)).carries_shifts &&
              last(Input<3, 8> >> AvgPool<2>).carries_shifts);
static_assert(!last(Input<3, 8> >> AvgPool<2>(padding<1>)).carries_shifts);
static_assert(last(Input<3> >> Dropout<0.5>).drops && !last(Input<3> >> Dropout<0.0>).drops);
static_assert(last(Input<3> >> Flatten).identity && last(Input<3> >> Softmax).is_distribution &&
              !last(Input<3> >> ReLU).identity);
static_assert(last(Input<3> >> Residual(Tanh)).adds_input && !last(Input<3> >> Residual(Tanh)).joins);
static_assert(last(Input<3> >> Concat(Tanh)).joins && !last(Input<3> >> Concat(Tanh)).adds_input);

static_assert(last(Input<4, 6> >> LN).run == 24 && last(Input<4, 6> >> LN(over_last)).run == 6);
static_assert(last(Input<4, 6> >> GN<2>).run == 12 && last(Input<4, 6> >> InstanceNorm).run == 6);
static_assert(last(Input<4, 6> >> BN).run == 6 && last(Input<4> >> BN).run == 1 && last(Input<4> >> BN).over_batch);
static_assert(last(Input<4> >> BN).centred && last(Input<4> >> LN).centred && !last(Input<4> >> RMSNorm).centred);
static_assert(!last(Input<4> >> LN).over_batch && !last(Input<4> >> ReLU).normalizes());
static_assert(last(Input<4> >> GN<2>).family == "GroupNorm" && last(Input<4> >> LN).family == "LayerNorm" &&
              last(Input<4> >> BN).family == "BatchNorm");

TEST_CASE("net.outline: blocks are opened, line by line") {
  CHECK(written(
            outline<decltype(Input<8> >> Linear<6> >> Residual(Tanh) >> Concat(ReLU >> ReLU, Residual(Linear<6>)))>) ==
        "0 Linear<6> 6\n"
        "enter 1 Residual 6\n1.0 Tanh 6\nleave 1 Residual 6\n"
        "enter 2 Concat 12\n2.0.0 ReLU 6\n2.0.1 ReLU 6\n"
        "next 2 Concat 12\nenter 2.1.0 Residual 6\n2.1.0 Linear<6> 6\nleave 2.1.0 Residual 6\nleave 2 Concat 12\n");
}

}  // namespace
