// SPDX-License-Identifier: Apache-2.0
// The engine of a network in bytes (engine/quantized.hpp), with the interface of the float one: floats in and out.
//
//   constexpr auto run = compile(digits::parameters);      // of quantized<Net>
//   auto y = run(x);
//
// Sums are exact. What follows is done in integers (engine/byte_scale.hpp), between nonlinearities that are none or
// ReLU; inputs, outputs and other nonlinearities are floats in simd::scalar. The outputs have the same bits on every
// processor.
#pragma once
#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <ranges>
#include <taut/engine/byte_scale.hpp>
#include <taut/engine/engine.hpp>
#include <taut/engine/quantized.hpp>
#include <taut/simd/integer_matvec.hpp>
#include <tuple>
#include <utility>

namespace taut {

namespace certificates {
template <class Net> struct byte_walk;  // embed/pocket_bytes.hpp: an inference that watches what each stage loses
}

/// Arithmetic of an engine: weights and activations in bytes, sums in 32 bits.
struct int8 {};

namespace engine_stage {

/// Whether f(x) = max(x, 0).
template <class... Acts> constexpr bool rectifies(epilogue<Acts...>) {
  if constexpr (sizeof...(Acts) != 1) return false;
  else return (Acts::homogeneous && ...) && ((Acts::apply(1.0) == 1 && Acts::apply(-1.0) == 0) && ...);
}

/// One stage in bytes. `Last`: its outputs are the network's.
template <class Values, class Epilogue, bool Last> struct byte_stage {
  using matvec = simd::integer_matvec<Values::rows, Values::columns>;
  using activation = typename matvec::activation;
  using one = simd::scalar;
  static constexpr std::size_t rows = Values::rows;
  static constexpr bool normalizes = Values::normalizes, relu = rectifies(Epilogue{});
  // f(u x) = u f(x): then it is computed in units of the next activations
  static constexpr bool in_units = Epilogue::keeps_zero || Last;
  /// Whether all is done in integers, from the sums to the next bytes.
  static constexpr bool in_integers = !Last && (relu || Epilogue::empty);
  /// What activations are not below.
  static constexpr std::int32_t least = relu ? 0 : -128;

  struct nothing {};
  struct plain {
    std::array<float, rows> factor{};
    constexpr void load(const Values& v) { factor = v.factor; }
  };
  struct normalizer {
    std::array<float, rows> factor{}, gain{}, offset{};
    float epsilon = 0;
    constexpr void load(const Values& v) { factor = v.factor, gain = v.gain, offset = v.offset, epsilon = v.epsilon; }
  };
  using in_floats = std::conditional_t<normalizes, normalizer, plain>;
  using scaling = std::conditional_t<normalizes, byte_normalizer<rows>, byte_scaling<rows>>;

  alignas(matvec::beside) std::array<typename matvec::weight, matvec::size> weight{};
  std::array<std::int32_t, matvec::padded_rows> bias{};
  std::conditional_t<in_integers, scaling, in_floats> scale{};
  [[no_unique_address]] std::conditional_t<in_units, nothing, float> per_unit{};

  constexpr void load(const Values& v) {
    matvec::pack(v.weight.data(), weight.data());
    std::copy(v.bias.begin(), v.bias.end(), bias.begin());
    scale.load(v);
    if constexpr (!in_units) per_unit = 1 / v.unit;
  }

  /// The outputs for activations x, handed to `write(first, k, float, or integer)`: integers are activations before
  /// they are put between `least` and 127. The normalizer's variance goes to `observe`.
  template <class Write, class Observe>
  [[gnu::always_inline]] constexpr void run(const activation* x, Write&& write, Observe&& observe) const {
    constexpr bool observed = !std::same_as<std::remove_cvref_t<Observe>, no_observer>;
    const auto each_sum = [&](auto&& f)
                              __attribute__((always_inline)) { matvec::apply(weight.data(), x, bias.data(), f); };
    if constexpr (in_integers && normalizes) {
      std::array<std::int32_t, rows> z;
      if (__builtin_is_constant_evaluated()) z = {};
      std::uint64_t squares = scale.epsilon;
      each_sum([&](std::size_t first, auto k, std::int32_t sum) __attribute__((always_inline)) {
        const std::int32_t v = scale.scaled(sum, first + k);
        squares = simd::add_square(v, squares);
        z[first + k] = v;
      });
      if constexpr (observed) observe(scale.variance(squares));
      const auto root = scale.root_of(squares);
      matvec::template in_fours<rows>([&](std::size_t first, auto k) __attribute__((always_inline)) {
        write(first, k, scale(z[first + k], root, first + k));
      });
    } else if constexpr (in_integers) {
      each_sum([&](std::size_t first, auto k, std::int32_t sum)
                   __attribute__((always_inline)) { write(first, k, scale(sum, first + k)); });
    } else if constexpr (normalizes) {
      std::array<float, rows> z;
      if (__builtin_is_constant_evaluated()) z = {};
      one squares(scale.epsilon);
      each_sum([&](std::size_t first, auto k, std::int32_t sum) __attribute__((always_inline)) {
        const one v = one(static_cast<float>(sum)) * one(scale.factor[first + k]);
        squares = simd::multiply_add(v, v, squares);
        z[first + k] = simd::sum(v);
      });
      const float inverse = simd::reciprocal_sqrt(simd::sum(squares));
      if constexpr (observed) observe((simd::sum(squares) - scale.epsilon) / static_cast<float>(rows));
      matvec::template in_fours<rows>([&](std::size_t first, auto k) __attribute__((always_inline)) {
        const std::size_t row = first + k;
        const one v = simd::multiply_add(one(z[row]) * one(scale.gain[row]), one(inverse), one(scale.offset[row]));
        finish(first, k, v, write);
      });
    } else {
      each_sum([&](std::size_t first, auto k, std::int32_t sum) __attribute__((always_inline)) {
        finish(first, k, one(static_cast<float>(sum)) * one(scale.factor[first + k]), write);
      });
    }
  }

 private:
  template <class Write>
  [[gnu::always_inline]] constexpr void finish(std::size_t first, auto k, one v, Write&& write) const {
    v = Epilogue::apply(v);
    if constexpr (!in_units) v = v * one(per_unit);
    if constexpr (Last) write(first, k, simd::sum(v));
    else write(first, k, simd::nearest(simd::sum(v)));
  }
};

template <class Net, std::size_t S> constexpr auto byte_stage_type() {
  constexpr auto plan = engine_plan::byte_plan_of<Net>.at[S];
  using values = typename decltype(quantized_stage_type<Net, S>())::type;
  using acts = epilogue_from<Net, plan.first_pointwise, plan.pointwise()>;
  return std::type_identity<byte_stage<values, acts, S + 1 == engine_plan::byte_plan_of<Net>.count>>{};
}
template <class Net, class Indices> struct byte_stages;
template <class Net, std::size_t... S> struct byte_stages<Net, std::index_sequence<S...>> {
  using type = std::tuple<typename decltype(byte_stage_type<Net, S>())::type...>;
};

}  // namespace engine_stage

template <Network Net> class engine<Net, int8> {
  static constexpr std::size_t stages = quantized<Net>::stages;
  using storage = typename engine_stage::byte_stages<Net, std::make_index_sequence<stages>>::type;
  template <std::size_t S> using stage_of = std::tuple_element_t<S, storage>;
  using activation = typename stage_of<0>::activation;
  template <class> friend struct certificates::byte_walk;
  // The largest of the inputs of every other stage.
  static constexpr std::size_t most(std::size_t parity) {
    std::size_t largest = 0;
    base::for_each_index<stages>([&]<std::size_t S>() {
      if (S % 2 == parity) largest = std::max(largest, stage_of<S>::matvec::padded);
    });
    return largest;
  }

 public:
  using network_type = Net;
  using output = std::array<float, Net::output_size>;

  /// Two buffers for activations, in turn. Their contents before a run do not matter.
  struct scratch {
    alignas(stage_of<0>::matvec::beside) activation even[most(0)];
    alignas(stage_of<0>::matvec::beside) activation odd[most(1) + (most(1) == 0 ? 1 : 0)];
  };

  /// Packs q into this storage.
  constexpr void load(const quantized<Net>& q) {
    per_unit = 1 / q.input_unit;
    base::for_each_index<stages>([&]<std::size_t S>() { std::get<S>(stored).load(std::get<S>(q.stage)); });
  }

  /// The output for one input. @pre x has Net::input_size elements.
  template <base::numbers Range> [[nodiscard]] constexpr output operator()(const Range& x) const {
    return (*this)(x, no_observer{});
  }
  /// The same; `observe(layer, std)` or `observe(std)` is called for each normalizer.
  template <base::numbers Range, class Observe> constexpr output operator()(const Range& x, Observe&& observe) const {
    static_cast<void>(base::fitting_input<Net, Range>{});  // <- read the quoted words
    assert(std::ranges::size(x) == Net::input_size);
    scratch s;
    output y;
    run(std::ranges::data(x), y.data(), s, observe);
    return y;
  }
  /// The same on storage of the caller.
  template <class Observe> constexpr void run(const float* x, float* y, scratch& s, Observe&& observe) const {
    if (__builtin_is_constant_evaluated()) {
      for (activation& v : s.even) v = 0;
      for (activation& v : s.odd) v = 0;
      y[0] = 0;
    }
    using first = typename stage_of<0>::matvec;
    first::template in_fours<Net::input_size>([&](std::size_t at, auto k) __attribute__((always_inline)) {
      s.even[at + first::place(k)] = static_cast<activation>(byte_of(x[at + k]));
    });
    from<0>(s.even, s.odd, y, observe);
  }

 private:
  [[gnu::always_inline]] constexpr std::int32_t byte_of(float x) const {
    return simd::clamped<-128>(simd::nearest(simd::sum(simd::scalar(x) * simd::scalar(per_unit))));
  }
  template <std::size_t S, class Observe>
  [[gnu::always_inline]] constexpr void from(const activation* x, activation* next, float* y, Observe& observe) const {
    const auto& stage = std::get<S>(stored);
    const auto seen = engine_stage::watch(observe, engine_plan::byte_plan_of<Net>.at[S].normalizer);
    if constexpr (S + 1 == stages) {
      stage.run(x, [y](std::size_t first, auto k, float v) __attribute__((always_inline)) { y[first + k] = v; }, seen);
    } else {
      using matvec = typename stage_of<S + 1>::matvec;
      constexpr std::int32_t least = stage_of<S>::least;
      stage.run(
          x,
          [next](std::size_t first, auto k, std::int32_t v) __attribute__((always_inline)) {
            next[first + matvec::place(k)] = static_cast<activation>(simd::clamped<least>(v));
          },
          seen);
      from<S + 1>(next, const_cast<activation*>(x), y, observe);
    }
  }

  storage stored{};
  float per_unit = 1;
};

/// The engine of a network in bytes.
template <class Net> [[nodiscard]] constexpr auto compile(const quantized<Net>& q) {
  engine<Net, int8> made;
  made.load(q);
  return made;
}

}  // namespace taut
