// SPDX-License-Identifier: Apache-2.0
// The engine: a network's parameters folded in double, packed once, and run by fused kernels. No heap, no exceptions.
//
//   const auto engine = compile(p);               // constexpr if p is
//   std::array<float, 10> y = engine(x);          // x: array, span or vector of Net::input_size floats
//   engine(x, [](std::size_t layer, float std) {});        // hands over each normalizer's std
//   engine.batch(inputs, outputs);                // N samples, one after the other
#pragma once
#include <algorithm>
#include <array>
#include <cassert>
#include <concepts>
#include <cstddef>
#include <ranges>
#include <span>
#include <taut/engine/stage.hpp>
#include <type_traits>

namespace taut {

/// Arithmetic of an engine: float weights and sums in lanes of the given type (the widest of the machine).
template <class Lane = simd::native> struct float32 {
  using lane = Lane;
};

/// The observer that looks at nothing: costs nothing.
struct no_observer {
  constexpr void operator()(float) const {}
};

/// A network ready to run in the given arithmetic. Make it with compile(p).
template <Network Net, class Arithmetic = float32<>> class engine;

namespace engine_stage {

template <class Net, std::size_t First, class Indices> struct epilogue_of;
template <class Net, std::size_t First, std::size_t... I> struct epilogue_of<Net, First, std::index_sequence<I...>> {
  using type = epilogue<layer_of<Net, First + I>...>;
};

template <class Net, class V, std::size_t S> constexpr auto stage_type() {
  constexpr auto plan = engine_plan::plan_of<Net>.at[S];
  constexpr shape in = Net::shapes[plan.first];
  using first = layer_of<Net, plan.first>;
  constexpr std::size_t head = plan.what == engine_plan::kind::elementwise ? 0 : plan.normalized ? 2 : 1;
  using acts = typename epilogue_of<Net, plan.first + head, std::make_index_sequence<plan.count - head>>::type;
  if constexpr (plan.what == engine_plan::kind::elementwise) {
    return std::type_identity<elementwise<V, in.size(), acts>>{};
  } else if constexpr (plan.what != engine_plan::kind::dense) {
    return std::type_identity<single<V, first, in, acts>>{};
  } else {
    return std::type_identity<dense<V, Net::shapes[plan.first + 1].size(), in.size(), plan.scale, acts>>{};
  }
}

template <std::size_t S, class Stage> struct slot {
  Stage stage;
};

template <class Net, class V, class Indices> struct pipeline;
template <class Net, class V, std::size_t... S> struct pipeline<Net, V, std::index_sequence<S...>>
    : slot<S, typename decltype(stage_type<Net, V, S>())::type>... {};

/// Hands the std of layer `layer` to an observer. Its type does not depend on the layer, so equal stages stay equal.
template <class Observe> struct watcher {
  Observe& observe;
  std::size_t layer;
  constexpr void operator()(float variance) const {
    const float std = simd::sqrt(variance);
    if constexpr (std::invocable<Observe&, std::size_t, float>) observe(layer, std);
    else observe(std);
  }
};
template <class Observe> constexpr auto watch(Observe& observe, std::size_t layer) {
  if constexpr (std::same_as<std::remove_cv_t<Observe>, no_observer>) return no_observer{};
  else return watcher<Observe>{observe, layer};
}

/// A stage as one function of its own; without it, deep networks would grow by a copy of the kernel for each block.
template <class W, class Stage, class Observe> [[gnu::noinline]] constexpr float run_shared(const Stage& stage,
                                                                                            const float* x, float owed,
                                                                                            float* y, Observe observe) {
  return stage.template run<W>(x, owed, y, observe);
}

}  // namespace engine_stage

template <Network Net, class Lane> class engine<Net, float32<Lane>> {
  static constexpr std::size_t stages = engine_plan::plan_of<Net>.count;
  using pipeline = engine_stage::pipeline<Net, Lane, std::make_index_sequence<stages>>;
  template <std::size_t S> using stage_of = typename decltype(engine_stage::stage_type<Net, Lane, S>())::type;
  static constexpr std::size_t inline_up_to = 8;  // stages; deeper networks call one function per distinct stage

 public:
  using network_type = Net;
  using lane = Lane;
  using input = std::array<float, Net::input_size>;
  using output = std::array<float, Net::output_size>;

  /// Elements of one buffer for activations, padding included.
  static constexpr std::size_t buffer_size = [] {
    std::size_t most = 0;
    for (const shape& s : Net::shapes) most = std::max(most, engine_stage::padded<Lane>(s.size()));
    return most;
  }();
  /// Two buffers in turn. Their contents before a run do not matter.
  struct scratch {
    alignas(simd::width<Lane> * sizeof(float)) float at[2][buffer_size];
  };

  /// Folds and packs p into this storage; what was there before is lost.
  constexpr void load(const parameters<Net>& p) {
    stored = pipeline{};
    engine_stage::inherited<base::largest_activation<Net>()> carried;
    base::for_each_index<stages>([&]<std::size_t S>() {
      constexpr auto plan = engine_plan::plan_of<Net>.at[S];
      auto& stage = stage_at<S>();
      if constexpr (plan.what == engine_plan::kind::dense) {
        using first = layer_of<Net, plan.first>;
        constexpr shape in = Net::shapes[plan.first];
        using values = engine_stage::normalizer_values<Net::shapes[plan.first + 1].size()>;
        values norm{};
        if constexpr (plan.normalized)
          norm = values::template of<layer_of<Net, plan.first + 1>>(get<plan.first + 1>(p));
        stage.template fold<first, in>(get<plan.first>(p), norm, carried);
      } else {
        if constexpr (plan.what != engine_plan::kind::elementwise) stage.values = get<plan.first>(p);
        carried = {};
      }
    });
  }

  /// The output for one input. @pre x has Net::input_size elements.
  template <base::numbers Range> [[nodiscard]] constexpr output operator()(const Range& x) const {
    static_cast<void>(base::fitting_input<Net, Range>{});  // <- read the quoted words
    assert(std::ranges::size(x) == Net::input_size);
    return observed(std::ranges::data(x), no_observer{});
  }
  /// The same; `observe(layer, std)` or `observe(std)` is called for each pooled run of each normalizer, in order, with
  /// the standard deviation of its input.
  template <base::numbers Range, class Observe> constexpr output operator()(const Range& x, Observe&& observe) const {
    static_cast<void>(base::fitting_input<Net, Range>{});  // <- read the quoted words
    assert(std::ranges::size(x) == Net::input_size);
    return observed(std::ranges::data(x), observe);
  }

  /// N inputs, one after the other in one span, to N outputs. @pre both hold the same number of samples.
  constexpr void batch(std::span<const float> inputs, std::span<float> outputs) const {
    assert(inputs.size() % Net::input_size == 0 && outputs.size() % Net::output_size == 0);
    assert(inputs.size() / Net::input_size == outputs.size() / Net::output_size);
    scratch s;
    for (std::size_t i = 0; i < inputs.size() / Net::input_size; ++i)
      run(&inputs[i * Net::input_size], &outputs[i * Net::output_size], s, no_observer{});
  }

  /// The same as operator() on storage of the caller.
  template <class Observe> constexpr void run(const float* x, float* y, scratch& s, Observe&& observe) const {
    if (std::is_constant_evaluated()) run_in<simd::portable<simd::width<Lane>>>(x, y, s, observe);
    else run_in<Lane>(x, y, s, observe);
  }

 private:
  template <class Observe> [[gnu::always_inline]] constexpr output observed(const float* x, Observe&& observe) const {
    scratch s;
    output y;
    run(x, y.data(), s, observe);
    return y;
  }

  template <std::size_t S> constexpr auto& stage_at() {
    return static_cast<engine_stage::slot<S, stage_of<S>>&>(stored).stage;
  }
  template <std::size_t S> constexpr const auto& stage_at() const {
    return static_cast<const engine_stage::slot<S, stage_of<S>>&>(stored).stage;
  }

  template <class W, class Observe>
  [[gnu::always_inline]] constexpr void run_in(const float* x, float* y, scratch& s, Observe& observe) const {
    constexpr std::size_t columns = simd::block_columns<W>;
    constexpr bool direct =
        engine_plan::plan_of<Net>.at[0].what == engine_plan::kind::general ||
        (engine_plan::plan_of<Net>.at[0].what == engine_plan::kind::dense && Net::input_size % columns == 0);
    if constexpr (!direct) {
      std::copy_n(x, Net::input_size, s.at[1]);
      std::fill(s.at[1] + Net::input_size, s.at[1] + engine_stage::padded<Lane>(Net::input_size), 0.0f);
      x = s.at[1];
    }
    float owed = 1.0f;
    base::for_each_index<stages>([&]<std::size_t S>() __attribute__((always_inline)) {
      constexpr auto plan = engine_plan::plan_of<Net>.at[S];
      float* const out = s.at[S % 2];
      constexpr std::size_t normalizer = plan.what == engine_plan::kind::dense ? plan.first + 1 : plan.first;
      const auto seen = engine_stage::watch(observe, normalizer);
      if constexpr (stages <= inline_up_to) owed = stage_at<S>().template run<W>(x, owed, out, seen);
      else owed = engine_stage::run_shared<W>(stage_at<S>(), x, owed, out, seen);
      x = out;
    });
    std::copy_n(x, Net::output_size, y);
  }

  pipeline stored{};
};

/// Folds and packs p into an engine that exists already (a static one, say).
template <class Net, class Arithmetic> constexpr void compile(const parameters<Net>& p, engine<Net, Arithmetic>& into) {
  into.load(p);
}
/// The engine of p: `compile(p)`, or `compile<float32<simd::portable<1>>>(p)` for other arithmetic or lanes.
template <class Arithmetic = float32<>, class Net> [[nodiscard]] constexpr auto compile(const parameters<Net>& p) {
  engine<Net, Arithmetic> made;
  made.load(p);
  return made;
}

}  // namespace taut
