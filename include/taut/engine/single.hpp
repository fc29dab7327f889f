// SPDX-License-Identifier: Apache-2.0
// The stages of layers that are not affine, each with the pointwise layers behind it: scalings and nonlinearities,
// normalizers, mixing layers, and blocks, whose networks have engines of their own.
#pragma once
#include <array>
#include <cstddef>
#include <taut/engine/sphere.hpp>
#include <taut/engine/stage.hpp>
#include <tuple>

namespace taut::engine_stage {

/// Layers whose work the next stage does.
struct nothing {};

/// y = f(x).
template <class V, std::size_t Size, class Epilogue> struct elementwise {
  template <class W, class Observe> constexpr float run(const float* x, float, float* y, Observe&&) const {
    transform<W, Size>(x, y, [](std::size_t, W z) __attribute__((always_inline)) { return Epilogue::apply(z); });
    return 1.0f;
  }
};

/// y = f(a x + b), a and b of scalings that fold nowhere, as a (x - m) + s with m the float next to -b / a: inputs near
/// m keep their digits.
template <class V, std::size_t Size, class Epilogue> struct scaled {
  std::array<float, padded<V>(Size)> middle{}, factor{}, offset{};

  constexpr void load(const row_scaling<Size>& rows) {
    for (std::size_t i = 0; i < Size; ++i) {
      const double a = rows.scale[i], b = rows.shift[i], m = a == 0 ? 0 : -b / a;
      constexpr double largest = 0x1p100;
      middle[i] = m > -largest && m < largest ? static_cast<float>(m) : 0.0f;
      factor[i] = static_cast<float>(a);
      offset[i] = static_cast<float>(b + a * static_cast<double>(middle[i]));
    }
  }
  template <class W, class Observe> constexpr float run(const float* x, float, float* y, Observe&&) const {
    transform<W, Size>(x, y, [this](std::size_t i, W z) __attribute__((always_inline)) {
      const W c = z - simd::load<W>(&middle[i]);
      return Epilogue::apply(simd::multiply_add(c, simd::load<W>(&factor[i]), simd::load<W>(&offset[i])));
    });
    return 1.0f;
  }
};

/// y = f(normalize(x)).
template <class V, class N, shape In, class Epilogue> struct normalized {
  sphere<V, N, In, false, Epilogue> normalize;

  template <class W, class Observe> constexpr float run(const float* x, float, float* y, Observe&& observe) const {
    normalize.template apply<W>(x, y, observe);
    return 1.0f;
  }
};

/// y = f(layer(x)) for a mixing layer: by its kernel run<In, W>(p, x, y) with elements in the lanes, if it states one,
/// else by its reference text, one float a lane.
template <class V, class L, shape In, class Epilogue> struct mixing {
  static constexpr std::size_t inputs = In.size(), outputs = L::output(In).size();
  parameters_of_layer<L, In> values{};

  template <class W, class Observe> constexpr float run(const float* x, float, float* y, Observe&&) const {
    if constexpr (requires { L::template run<In, W>(values, x, y); }) {
      L::template run<In, W>(values, x, y);
    } else {
      using one = simd::one_of<W>;  // not float: compilers would contract its products, and each in its own way
      std::array<one, inputs> from;
      std::array<one, outputs> to;
      for (std::size_t i = 0; i < inputs; ++i) from[i] = one(x[i]);
      forward<L, In>(values, from.data(), to.data());
      for (std::size_t i = 0; i < outputs; ++i) y[i] = simd::sum(to[i]);
    }
    finish_in_place<W, outputs, Epilogue>(y);
    return 1.0f;
  }
};

/// y = f(combine(x, the outputs of the networks inside)), each network run by an engine of its own.
template <class V, class L, shape In, class Epilogue, class... Engines> struct block {
  static constexpr std::size_t outputs = L::output(In).size();
  std::tuple<Engines...> inside;

  template <class P> constexpr void load(const P& p) {
    base::for_each_index<sizeof...(Engines)>(
        [&]<std::size_t K>() { std::get<K>(inside).load(L::template inner<In, K>(p)); });
  }
  template <class W, class Observe> constexpr float run(const float* x, float, float* y, Observe&&) const {
    std::tuple<std::array<float, Engines::network_type::output_size>...> out{};
    base::for_each_index<sizeof...(Engines)>([&]<std::size_t K>() {
      typename std::tuple_element_t<K, std::tuple<Engines...>>::scratch s;
      std::get<K>(inside).run(x, std::get<K>(out).data(), s, no_observer{});
    });
    std::apply([&](const auto&... each) { L::template combine<In>(x, y, each.data()...); }, out);
    finish_in_place<W, outputs, Epilogue>(y);
    return 1.0f;
  }
};

}  // namespace taut::engine_stage
