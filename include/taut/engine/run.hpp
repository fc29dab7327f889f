// SPDX-License-Identifier: Apache-2.0
// How one sample passes through the stages of an engine. Short networks are written out, long ones are loops over the
// turns of what repeats. Between dense stages whose sums are few the activations stay in registers; elsewhere two
// buffers are used in turn. The first stage reads the caller's floats and the last one writes them, where they can.
#pragma once
#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <taut/engine/dense.hpp>
#include <taut/engine/plan.hpp>
#include <taut/engine/stage.hpp>
#include <type_traits>
#include <utility>

namespace taut::engine_stage {

/// A stage as one function of its own; without it, deep networks would grow by a copy of the kernel for each block.
template <class W, class Stage, class Observe> [[gnu::noinline]] constexpr float run_shared(const Stage& stage,
                                                                                            const float* x, float owed,
                                                                                            float* y, Observe observe) {
  return stage.template run<W>(x, owed, y, observe);
}

/// One run of `Engine` in lanes W; `x` and `y` are the caller's floats, `s` has two buffers.
template <class Engine, class W, class Observe> struct runner {
  using Net = typename Engine::network_type;
  using kind = engine_plan::kind;
  static constexpr auto& plan = engine_plan::plan_of<Net>;
  static constexpr auto& stretches = engine_plan::stage_repetitions<Net>;
  static constexpr std::size_t stages = plan.count;
  // Up to so many stages are written out one after the other; more run as loops over the turns of their stretches.
  static constexpr std::size_t written_out = 8;
  template <std::size_t S> using stage_of = typename Engine::template stage_of<S>;

  const Engine& engine;
  float* const y;
  typename Engine::scratch& s;
  Observe& observe;

  /// y = the network of x.
  [[gnu::always_inline]] constexpr void run(const float* x) const {
    if constexpr (!reads_exactly()) {
      float* const copy = s.buffer(1);
      std::copy_n(x, Net::input_size, copy);
      std::fill(copy + Net::input_size, copy + padded<typename Engine::lane>(Net::input_size), 0.0f);
      x = copy;
    }
    if constexpr (stages <= written_out) {
      from<0>(x, nothing_owed{});
    } else {
      float owed = 1.0f;
      float *out = s.buffer(0), *other = s.buffer(1);
      base::for_each_index<stretches.count>([&]<std::size_t R>() __attribute__((always_inline)) {
        if constexpr (stays_in_registers<R>()) {
          owed = turns_in_registers<R>(x, owed, out);
          x = out;
          std::swap(out, other);
        } else {
          Engine::template for_each_turn<R>(engine.stored, [&]<std::size_t S>(const auto& stage, std::size_t layers) {
            if constexpr (plan.at[S].computes()) {
              owed = run_shared<W>(stage, x, owed, out, watch(observe, plan.at[S].normalizer + layers));
              x = out;
              std::swap(out, other);
            }
          });
        }
      });
      std::copy_n(x, Net::output_size, y);
    }
  }

  /// Floats of each buffer, padding included: a stage may load one register more.
  static constexpr std::array<std::size_t, 2> buffer_sizes() {
    constexpr std::size_t all = base::largest_activation<Net>();
    std::array<std::size_t, 2> elements{0, reads_exactly() ? 0 : Net::input_size};
    if constexpr (stages > written_out) {
      elements = {all, all};
    } else {
      base::for_each_index<stages>([&]<std::size_t S>() {
        if constexpr (plan.at[S].computes())
          if constexpr (!hands_over<S, behind(S)>() && !writes_output<S>()) {
            std::size_t& most = elements[plan.computed_before(S) % 2];
            most = std::max(most, Net::shapes[plan.at[S].first + plan.at[S].count].size());
          }
      });
    }
    for (std::size_t& n : elements) n = padded<typename Engine::lane>(n) + simd::width<typename Engine::lane>;
    return elements;
  }

 private:
  // Whether the first stage may read the caller's floats: it reads no further than they go.
  static constexpr bool reads_exactly() {
    constexpr std::size_t at = plan.at[0].computes() ? 0 : 1;
    if constexpr (plan.at[at].what == kind::convolution) return stage_of<at>::kernel::reads == Net::input_size;
    else return plan.at[at].what == kind::block || plan.at[at].what == kind::dense;
  }
  // The stage that reads the outputs of stage S, or `stages`; a stage that is carried computes nothing.
  static constexpr std::size_t behind(std::size_t s) {
    for (++s; s < stages && !plan.at[s].computes();) ++s;
    return s;
  }
  // Whether stage S can leave its outputs in registers, and stage T read them there.
  template <std::size_t S, std::size_t T> static constexpr bool hands_over() {
    if constexpr (T >= stages) return false;
    else if constexpr (requires { stage_of<S>::gives_registers, stage_of<T>::takes_registers; })
      return stage_of<S>::gives_registers && stage_of<T>::takes_registers;
    else return false;
  }
  template <std::size_t S> static constexpr bool writes_output() {
    if constexpr (behind(S) == stages && requires { stage_of<S>::writes_exactly; }) return stage_of<S>::writes_exactly;
    else return false;
  }

  // Runs the stages from S on, whose input is x: floats, or registers.
  template <std::size_t S, class X, class Owed>
  [[gnu::always_inline]] constexpr void from(const X& x, Owed owed) const {
    if constexpr (S == stages) {
      std::copy_n(x, Net::output_size, y);
    } else if constexpr (!plan.at[S].computes()) {
      from<S + 1>(x, owed);
    } else {
      const auto& stage = engine.template stage_at<S>();
      const auto seen = watch(observe, plan.at[S].normalizer);
      if constexpr (hands_over<S, behind(S)>()) {
        typename stage_of<S>::template outputs<W> out;
        const auto left = stage.template run<W>(x, owed, out, seen);
        from<S + 1>(out, left);
      } else if constexpr (writes_output<S>()) {
        simd::exactly<Net::output_size> out{y};
        stage.template run<W>(x, owed, out, seen);
      } else {
        float* const out = s.buffer(plan.computed_before(S) % 2);
        const auto left = stage.template run<W>(x, owed, out, seen);
        from<S + 1>(static_cast<const float*>(out), left);
      }
    }
  }

  // Whether the turns of stretch R hand their activations over in registers, each stage and each turn.
  template <std::size_t R> static constexpr bool stays_in_registers() {
    return stretches.at[R].count > 1 && []<std::size_t... J>(std::index_sequence<J...>) {
      constexpr base::repetition here = stretches.at[R];
      return (hands_over<here.first + J, here.first + (J + 1) % here.period>() && ...);
    }(std::make_index_sequence<stretches.at[R].period>{});
  }
  // Runs them from x to out; returns what is owed.
  template <std::size_t R> constexpr float turns_in_registers(const float* x, float owed, float* out) const {
    constexpr base::repetition here = stretches.at[R];
    using last = stage_of<here.first + here.period - 1>;
    using activations = typename last::template outputs<W>;
    using register_type = typename activations::lane;
    activations state;
    base::for_each_index<activations::count>([&]<std::size_t I>() __attribute__((always_inline)) {
      constexpr std::size_t first = I * simd::width<register_type>;
      state.at[I] =
          simd::load_first<register_type, std::min(last::size - first, simd::width<register_type>)>(x + first);
    });
#pragma GCC unroll 1
    for (std::size_t turn = 0; turn < here.count; ++turn) state = this->turn<R, 0>(state, turn, owed);
    base::for_each_index<activations::count>([&]<std::size_t I>() __attribute__((always_inline)) {
      simd::store_aligned(state.at[I], out + I * simd::width<register_type>);
    });
    return owed;
  }
  template <std::size_t R, std::size_t J, class X>
  [[gnu::always_inline]] constexpr auto turn(const X& x, std::size_t number, float& owed) const {
    constexpr base::repetition here = stretches.at[R];
    if constexpr (J == here.period) {
      return x;
    } else {
      constexpr std::size_t S = here.first + J;
      constexpr std::size_t layers = plan.at[here.first + here.period].first - plan.at[here.first].first;
      typename stage_of<S>::template outputs<W> out;
      owed = Engine::template stage_in<S>(engine.stored, number)
                 .template run<W>(x, owed, out, watch(observe, plan.at[S].normalizer + number * layers));
      return turn<R, J + 1>(out, number, owed);
    }
  }
};

}  // namespace taut::engine_stage
