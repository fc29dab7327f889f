// SPDX-License-Identifier: Apache-2.0
// The engine: a network's parameters folded in double, packed once, and run by fused kernels. No heap, no exceptions.
//
//   const auto engine = compile(p);               // constexpr if p is
//   std::array<float, 10> y = engine(x);          // x: array, span or vector of Net::input_size floats
//   engine(x, [](std::size_t layer, float std) {});        // hands over each normalizer's std
//   engine.batch(inputs, outputs);                // N samples, several at once
#pragma once
#include <algorithm>
#include <array>
#include <cassert>
#include <concepts>
#include <cstddef>
#include <iterator>
#include <span>
#include <taut/engine/batch.hpp>
#include <taut/engine/convolve.hpp>
#include <taut/engine/dense.hpp>
#include <taut/engine/plan.hpp>
#include <taut/engine/run.hpp>
#include <taut/engine/single.hpp>
#include <taut/engine/stage.hpp>
#include <type_traits>
#include <utility>

namespace taut {

namespace exported {
struct engine_bytes;  // embed/packed_text.hpp: which bytes of an engine mean something
}

/// Arithmetic of an engine: float weights and sums in lanes of the given type (the widest of the machine).
template <class Lane = simd::native> struct float32 {
  using lane = Lane;
};

/// A network ready to run in the given arithmetic. Make it with compile(p).
template <Network Net, class Arithmetic = float32<>> class engine;

namespace engine_stage {

/// The engines of the networks inside a block.
template <class V, class L, shape In, class Epilogue, class Indices> struct block_of;
template <class V, class L, shape In, class Epilogue, std::size_t... K>
struct block_of<V, L, In, Epilogue, std::index_sequence<K...>> {
  using type = block<V, L, In, Epilogue, engine<base::network_inside<L, In, K>, float32<V>>...>;
};

template <class Net, class V, std::size_t S> constexpr auto stage_type() {
  constexpr auto plan = engine_plan::plan_of<Net>.at[S];
  constexpr shape in = Net::shapes[plan.first];
  using first = folded_layer_of<Net, plan.first>;
  using acts = epilogue_from<Net, plan.first_pointwise, plan.pointwise()>;
  using normalizer = typename decltype(normalizer_type<Net, S>())::type;
  using engine_plan::kind;
  if constexpr (plan.what == kind::carried) {
    return std::type_identity<nothing>{};
  } else if constexpr (plan.what == kind::elementwise) {
    if constexpr (plan.scalings > 0) return std::type_identity<scaled<V, in.size(), acts>>{};
    else return std::type_identity<elementwise<V, in.size(), acts>>{};
  } else if constexpr (plan.what == kind::normalize) {
    return std::type_identity<normalized<V, normalizer, in, acts>>{};
  } else if constexpr (plan.what == kind::mixing) {
    return std::type_identity<mixing<V, first, in, acts>>{};
  } else if constexpr (plan.what == kind::block) {
    using indices = std::make_index_sequence<base::networks_inside<first>()>;
    return std::type_identity<typename block_of<V, first, in, acts, indices>::type>{};
  } else {
    constexpr shape out = Net::shapes[plan.first + 1];
    if constexpr (plan.what == kind::convolution) {
      constexpr auto s = first::kernel(in);
      if constexpr (plan.normalized)
        return std::type_identity<convolve<V, s, out.size(), sphere<V, normalizer, out, false, acts>, acts>>{};
      else return std::type_identity<convolve<V, s, out.size(), no_sphere, acts>>{};
    } else if constexpr (plan.normalized && plan.in_runs) {
      return std::type_identity<dense_in_runs<V, out.size(), in.size(), normalizer, out, acts>>{};
    } else {
      return std::type_identity<dense<V, out.size(), in.size(), plan.scale, acts>>{};
    }
  }
}

template <std::size_t Position, class Stage> struct slot {
  Stage stage;
};
template <std::size_t J, class Stage> constexpr Stage& stage_at(slot<J, Stage>& s) { return s.stage; }
template <std::size_t J, class Stage> constexpr const Stage& stage_at(const slot<J, Stage>& s) { return s.stage; }

/// The stages of one turn of a stretch whose first stage is `First`.
template <class Net, class V, std::size_t First, class Indices> struct turn;
template <class Net, class V, std::size_t First, std::size_t... J> struct turn<Net, V, First, std::index_sequence<J...>>
    : slot<J, typename decltype(stage_type<Net, V, First + J>())::type>... {};

/// The stages of stretch R.
template <class Net, class V, std::size_t R> struct stretch {
  static constexpr base::repetition where = engine_plan::stage_repetitions<Net>.at[R];
  std::array<turn<Net, V, where.first, std::make_index_sequence<where.period>>, where.count> turns;
};

template <class Net, class V, std::size_t R> constexpr auto& stretch_at(stretch<Net, V, R>& s) { return s; }
template <class Net, class V, std::size_t R> constexpr const auto& stretch_at(const stretch<Net, V, R>& s) { return s; }

template <class Net, class V, class Indices> struct pipeline;
template <class Net, class V, std::size_t... R> struct pipeline<Net, V, std::index_sequence<R...>>
    : stretch<Net, V, R>... {};

}  // namespace engine_stage

template <Network Net, class Lane> class engine<Net, float32<Lane>> {
  static constexpr auto& stretches = engine_plan::stage_repetitions<Net>;
  using pipeline = engine_stage::pipeline<Net, Lane, std::make_index_sequence<stretches.count>>;
  using replayed = simd::replayed<Lane>;  // what constant expressions compute in
  static constexpr std::size_t most_registers = engine_stage::batch_plan<Net, simd::width<Lane>>::registers;
  template <class, class, class> friend struct engine_stage::runner;
  friend struct exported::engine_bytes;

 public:
  using network_type = Net;
  using lane = Lane;
  using input = std::array<float, Net::input_size>;
  using output = std::array<float, Net::output_size>;

  /// Two buffers for activations, in turn, no larger than what waits in them. Their contents before a run do not
  /// matter.
  struct scratch;

  /// Folds and packs p into this storage; what was there before is lost.
  template <class Real> constexpr void load(const parameters<Net, Real>& p) {
    stored = pipeline{};
    engine_stage::inherited<base::largest_activation<Net>()> carried;
    for_each_stage(stored, [&]<std::size_t S>(auto& stage, std::size_t layers_before) {
      load_stage<S>(stage, p, layers_before, carried);
    });
  }

  /// The output for one input. @pre x has Net::input_size elements.
  template <base::numbers Range> [[nodiscard, gnu::always_inline]] constexpr output operator()(const Range& x) const {
    static_cast<void>(base::fitting_input<Net, Range>{});  // <- read the quoted words
    assert(std::size(x) == Net::input_size);
    return observed(std::data(x), no_observer{});
  }
  /// The same; `observe(layer, std)` or `observe(std)` is called for each pooled run of each normalizer, in order, with
  /// the standard deviation of its input.
  template <base::numbers Range, class Observe> constexpr output operator()(const Range& x, Observe&& observe) const {
    static_cast<void>(base::fitting_input<Net, Range>{});  // <- read the quoted words
    assert(std::size(x) == Net::input_size);
    return observed(std::data(x), observe);
  }

  /// N inputs, one after the other in one span, to N outputs: within the stated rounding of N calls, not bit for bit.
  /// @pre both hold the same number of samples.
  constexpr void batch(std::span<const float> inputs, std::span<float> outputs) const {
    assert(inputs.size() % Net::input_size == 0 && outputs.size() % Net::output_size == 0);
    assert(inputs.size() / Net::input_size == outputs.size() / Net::output_size);
    const std::size_t samples = inputs.size() / Net::input_size;
    std::size_t done = 0;
    if constexpr (most_registers > 0 && in_lanes<replayed>()) {
      const auto in_registers = [&]<class W>() {
        return engine_stage::run_batch<W, Net, most_registers>(each_stage(), inputs.data(), outputs.data(), samples);
      };
      done = __builtin_is_constant_evaluated() ? in_registers.template operator()<replayed>()
                                               : in_registers.template operator()<Lane>();
    }
    scratch s;
    for (; done < samples; ++done)
      run(&inputs[done * Net::input_size], &outputs[done * Net::output_size], s, no_observer{});
  }

  /// Whether all stages have a form with samples in the lanes of W.
  template <class W> static constexpr bool in_lanes() {
    bool all = true;
    base::for_each_index<stretches.count>([&]<std::size_t R>() {
      base::for_each_index<stretches.at[R].period>(
          [&]<std::size_t J>() { all = all && engine_stage::runs_in_lanes<stage_of<stretches.at[R].first + J>, W>; });
    });
    return all;
  }
  /// One register of samples, x[element], by the stages' forms for lanes.
  template <class W> constexpr void run_lanes(const W* x, W* y) const {
    engine_stage::run_stages<W, Net, 1>(each_stage(), x, y, 1);
  }

  /// The same as operator() on storage of the caller.
  // The compiler's own word, not std's function: g++ then compiles no replay of constant expressions into programs, a fifth
  // of what a small network costs it.
  template <class Observe> constexpr void run(const float* x, float* y, scratch& s, Observe&& observe) const {
    if (__builtin_is_constant_evaluated()) {
      for (float& v : s.at) v = 0;
      run_in<replayed>(x, y, s, observe);
    } else {
      run_in<Lane>(x, y, s, observe);
    }
  }

 private:
  template <class W, class Observe>
  constexpr void run_in(const float* x, float* y, scratch& s, Observe& observe) const {
    engine_stage::runner<engine, W, Observe>{*this, y, s, observe}.run(x);
  }
  template <class Observe> [[gnu::always_inline]] constexpr output observed(const float* x, Observe&& observe) const {
    scratch s;
    output y;
    run(x, y.data(), s, std::forward<Observe>(observe));
    return y;
  }

  template <std::size_t S, class Stored>
  [[gnu::always_inline]] static constexpr auto& stage_in(Stored& stored, std::size_t turn) {
    constexpr auto place = stretches.place(S);
    return engine_stage::stage_at<place.position>(
        engine_stage::stretch_at<Net, Lane, place.stretch>(stored).turns[turn]);
  }
  template <std::size_t S> constexpr const auto& stage_at() const {
    return stage_in<S>(stored, stretches.place(S).turn);
  }
  template <std::size_t S> using stage_of = std::remove_cvref_t<decltype(stage_in<S>(std::declval<pipeline&>(), 0))>;

  // f.template operator()<S>(stage, behind) for each stage in order: it is stage S, or repeats it that many layers
  // behind it. f is compiled once for all repetitions.
  template <class Stored, class F> [[gnu::always_inline]] static constexpr void for_each_stage(Stored& stored, F&& f) {
    base::for_each_index<stretches.count>([&]<std::size_t R>()
                                              __attribute__((always_inline)) { for_each_turn<R>(stored, f); });
  }
  // The same for the turns of stretch R.
  template <std::size_t R, class Stored, class F>
  [[gnu::always_inline]] static constexpr void for_each_turn(Stored& stored, F&& f) {
    constexpr base::repetition here = stretches.at[R];
    constexpr auto& at = engine_plan::plan_of<Net>.at;
    constexpr std::size_t layers = here.count > 1 ? at[here.first + here.period].first - at[here.first].first : 0;
#pragma GCC unroll 1
    for (std::size_t turn = 0; turn < here.count; ++turn)
      base::for_each_index<here.period>([&]<std::size_t J>() __attribute__((always_inline)) {
        f.template operator()<here.first + J>(stage_in<here.first + J>(stored, turn), turn * layers);
      });
  }

  [[nodiscard]] constexpr auto each_stage() const {
    return [this](auto&& f) { for_each_stage(stored, f); };
  }

  // Folds and packs the layers of a stage with what the stage before has left, and leaves what the next one needs. It is
  // stage S, or repeats it so many layers behind it.
  template <std::size_t S, class Stage, class Real, class Carried>
  static constexpr void load_stage(Stage& stage, const parameters<Net, Real>& p, std::size_t behind, Carried& carried) {
    using engine_plan::kind;
    constexpr auto plan = engine_plan::plan_of<Net>.at[S];
    constexpr std::size_t rows = Net::shapes[plan.first_scaling].size();
    using first = folded_layer_of<Net, plan.first>;
    engine_stage::row_scaling<plan.what == kind::mixing || plan.what == kind::block ? 0 : rows> scalings;
    base::for_each_index<plan.scalings>([&]<std::size_t K>() {
      constexpr std::size_t layer = plan.first_scaling + K;
      scalings.template then<layer_of<Net, layer>>(base::parameters_at<layer>(p, layer + behind));
    });
    if constexpr (plan.what == kind::carried) {
      for (std::size_t i = 0; i < rows; ++i) {
        carried.factor[i] *= scalings.scale[i];
        carried.offset[i] = scalings.scale[i] * carried.offset[i] + scalings.shift[i];
      }
    } else if constexpr (plan.what == kind::dense) {
      const auto held = folded<plan.first>(p, plan.first + behind);
      const auto& raw = *held;
      using values = engine_stage::normalizer_values<rows>;
      if constexpr (!plan.normalized) {
        stage.template fold<first, rows>(raw, scalings, values{}, carried);
      } else {
        using normalizer = layer_of<Net, plan.normalizer>;
        const auto& q = base::parameters_at<plan.normalizer>(p, plan.normalizer + behind);
        const values norm = values::template of<normalizer>(q);
        constexpr std::size_t run = normalizer::pooled(Net::shapes[plan.normalizer]).size;
        if constexpr (!plan.in_runs) {
          stage.template fold<first, run>(raw, scalings, norm, carried);
        } else {
          stage.affine.template fold<first, run>(raw, scalings, norm, carried);
          stage.normalize.load(q);
        }
      }
    } else {
      carried = {};
      if constexpr (plan.what == kind::convolution) {
        std::size_t pooled = 0;
        if constexpr (plan.normalized) {
          using normalizer = layer_of<Net, plan.normalizer>;
          constexpr shape out = Net::shapes[plan.normalizer];
          constexpr std::size_t run = normalizer::pooled(out).size;
          if (normalizer::centred && run % out.positions() == 0) pooled = run / out.positions();
          stage.normalize.load(base::parameters_at<plan.normalizer>(p, plan.normalizer + behind));
        }
        stage.template fold<first>(*folded<plan.first>(p, plan.first + behind), scalings, pooled);
      } else if constexpr (plan.what == kind::normalize) {
        stage.normalize.load(base::parameters_at<plan.normalizer>(p, plan.normalizer + behind));
      } else if constexpr (plan.what == kind::block) {
        stage.load(base::parameters_at<plan.first>(p, plan.first + behind));
      } else if constexpr (plan.what == kind::mixing) {
        convert_tensors(stage.values, base::parameters_at<plan.first>(p, plan.first + behind));
      } else if constexpr (plan.scalings > 0) {
        stage.load(scalings);
      }
    }
  }

  pipeline stored{};
};

template <Network Net, class Lane> struct engine<Net, float32<Lane>>::scratch {
  static constexpr auto size = engine_stage::runner<engine, Lane, const no_observer>::buffer_sizes();
  alignas(simd::width<Lane> * sizeof(float)) float at[size[0] + size[1]];

  constexpr float* buffer(std::size_t number) { return at + (number == 0 ? 0 : size[0]); }
};

/// Folds and packs p into an engine that exists already (a static one, say).
template <class Net, class Real, class Arithmetic>
constexpr void compile(const parameters<Net, Real>& p, engine<Net, Arithmetic>& into) {
  into.load(p);
}
/// The engine of p: `compile(p)`, or `compile<float32<simd::vector<8>>>(p)` for other arithmetic or lanes
/// (docs/speed.md, "Lanes of another width").
template <class Arithmetic = float32<>, class Net, class Real>
[[nodiscard]] constexpr auto compile(const parameters<Net, Real>& p) {
  engine<Net, Arithmetic> made;
  made.load(p);
  return made;
}

}  // namespace taut
