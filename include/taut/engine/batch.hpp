// SPDX-License-Identifier: Apache-2.0
// A batch with samples in the lanes: chunks of a few registers of samples go through all stages, their activations on
// the stack as x[register][element]. What does not fill a register takes one whose other lanes repeat the last sample,
// or, if it is so few that this costs more, runs sample by sample: so does the batch of a network that has a stage
// without a form for lanes, or activations of more than a megabyte.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <taut/engine/batch_stage.hpp>
#include <taut/net/budget.hpp>
#include <taut/simd/transpose.hpp>
#include <type_traits>
#include <utility>

namespace taut::engine_stage {

/// How batches of a network run.
template <class Net, std::size_t Lanes> struct batch_plan {
  static constexpr auto plan = engine_plan::plan_of<Net>;
  static constexpr std::size_t outputs(std::size_t s) {
    return Net::shapes[plan.at[s].first + plan.at[s].count].size();
  }

  template <std::size_t S> static constexpr std::size_t inside_of() {
    std::size_t sum = 0;
    if constexpr (plan.at[S].what == engine_plan::kind::block) {
      using L = folded_layer_of<Net, plan.at[S].first>;
      base::for_each_index<base::networks_inside<L>()>([&sum]<std::size_t K>() {
        sum += batch_plan<base::network_inside<L, Net::shapes[plan.at[S].first], K>, Lanes>::elements;
      });
    }
    return sum;
  }

  /// How many stages compute something.
  static constexpr std::size_t computed = plan.computed_before(plan.count);
  /// Elements, for one sample, of the two buffers that all stages but the last write in turn.
  struct sizes {
    std::size_t at[2]{1, 1};
  };
  static constexpr sizes between = [] {
    sizes most;
    std::size_t before = 0;
    for (std::size_t s = 0; s + 1 < plan.count; ++s)
      if (plan.at[s].computes()) {
        std::size_t& size = most.at[before++ % 2];
        size = std::max(size, outputs(s));
      }
    return most;
  }();
  /// Elements, for one sample, of the activations of the networks inside blocks: the most of a stage.
  static constexpr std::size_t inside = []<std::size_t... S>(std::index_sequence<S...>) {
    return std::max({std::size_t{0}, inside_of<S>()...});
  }(std::make_index_sequence<plan.count>{});
  /// Elements of all activations at once, for one sample.
  static constexpr std::size_t elements = Net::input_size + between.at[0] + between.at[1] + Net::output_size + inside;
  /// Bytes of activations that a register of samples needs.
  static constexpr std::size_t bytes = elements * Lanes * sizeof(float);
  /// Registers of samples in a chunk; 0: samples run one by one. More amortize calls, as long as they stay in L1.
  static constexpr std::size_t registers = Lanes < 4           ? 0
                                           : bytes <= 0x4000   ? (Lanes < 16 ? 8 : 4)
                                           : bytes <= 0x40000  ? 2
                                           : bytes <= 0x100000 ? 1
                                                               : 0;
  /// Multiply-adds of each stage's first layer, for one sample.
  static constexpr auto products = []<std::size_t... S>(std::index_sequence<S...>) {
    return std::array<std::size_t, sizeof...(S)>{
        base::multiply_adds_of_layer<layer_of<Net, plan.at[S].first>>(Net::shapes[plan.at[S].first])...};
  }(std::make_index_sequence<plan.count>{});
  /// From this number of samples on, a register of them is cheaper than one sample after the other: cycles of either,
  /// with some latency for each stage. Weights that do not stay in L1 are read at half the speed.
  static constexpr std::size_t worthwhile = [] {
    std::size_t weights = 0, alone = 60, together = 60 + 3 * (Net::input_size + Net::output_size);
    for (std::size_t s = 0; s < plan.count; ++s) {
      const auto& stage = plan.at[s];
      const std::size_t out = outputs(s);
      const std::size_t others =
          stage.pointwise() + (stage.normalized ? 1 : 0) + (stage.what == engine_plan::kind::dense ? 0 : 1);
      alone += 30 + simd::ceil_div(out, Lanes) * 8 * others + (stage.normalized ? 40 : 0);
      together += 20 + out * 4 * others + (stage.normalized ? 40 : 0);
      if (stage.what == engine_plan::kind::dense) {
        const std::size_t in = Net::shapes[stage.first].size();
        weights += simd::ceil_div(out, Lanes) * simd::ceil_div(in, 4) * 4;
        together += out * in;
      } else if (stage.what == engine_plan::kind::convolution) {
        alone += simd::ceil_div(products[s], Lanes);
        together += products[s];
      }
    }
    alone += weights * Lanes * sizeof(float) > 0x8000 ? 2 * weights : weights;
    return std::min(Lanes, together / alone + 1);
  }();
};

/// A stage as one function of its own.
template <class W, class Stage>
[[gnu::noinline]] constexpr void run_shared_lanes(const Stage& stage, const W* x, W* owed, W* y, std::size_t count) {
  if constexpr (requires { stage.run_lanes(x, owed, y, count); }) stage.run_lanes(x, owed, y, count);
  else run_lanes(stage, x, owed, y, count);
}

/// Runs `count` <= Most registers of samples through all stages: stages(f) calls f.operator()<S>(stage, ...) for each.
template <class W, class Net, std::size_t Most, class Stages>
constexpr void run_stages(const Stages& stages, const W* x, W* y, std::size_t count) {
  using plan = batch_plan<Net, simd::width<W>>;
  W even[Most * plan::between.at[0]], odd[Most * plan::between.at[1]], owed[Most];
  for (std::size_t v = 0; v < count; ++v) owed[v] = W(1.0f);
  W *next = even, *other = odd;
  std::size_t left = plan::computed;
  stages([&]<std::size_t S>(const auto& stage, std::size_t) {
    if constexpr (plan::plan.at[S].computes()) {
      W* const out = --left == 0 ? y : next;
      run_shared_lanes<W>(stage, x, owed, out, count);
      x = out;
      next = std::exchange(other, next);
    }
  });
}

/// Runs samples in lanes W, `Most` registers at once; returns how many, counted from the first, were worthwhile.
template <class W, class Net, std::size_t Most, class Stages>
constexpr std::size_t run_batch(const Stages& stages, const float* inputs, float* outputs, std::size_t samples) {
  constexpr std::size_t lanes = simd::width<W>, in = Net::input_size, out = Net::output_size;
  W x[Most * in], y[Most * out];
  std::size_t done = 0;
  while (samples - done >= batch_plan<Net, lanes>::worthwhile) {
    std::size_t count = 0, end = done;
    for (; count < Most && samples - end >= batch_plan<Net, lanes>::worthwhile; ++count) {
      const std::size_t here = std::min(lanes, samples - end);
      simd::samples_to_lanes(inputs + end * in, in, here, x + count * in);
      end += here;
    }
    run_stages<W, Net, Most>(stages, x, y, count);
    for (std::size_t v = 0; v < count; ++v, done += lanes)
      simd::lanes_to_samples(y + v * out, out, std::min(lanes, samples - done), outputs + done * out);
    done = end;
  }
  return done;
}

}  // namespace taut::engine_stage
