// SPDX-License-Identifier: Apache-2.0
// Linear<Out>: y = W x + b.   Linear<In, Out> states the input width and checks it.
//
// Options     no_bias; at_most<c>: ||W|| <= c (spectral norm)
// Lipschitz   ||W||, attained at the top singular vector
// Gradient    dx = W' dy, dW = dy x', db = dy
// Example     Input<64> >> Linear<32>(at_most<2.0>)
#pragma once
#include <taut/net/layer.hpp>
#include <taut/net/option.hpp>
#include <taut/net/parameters.hpp>
#include <taut/simd/lane.hpp>

namespace taut::layer {

/// A dense affine layer. `A` is the output width, or the stated input width where `B`, the output width, is given.
template <std::size_t A, std::size_t B, class... Options> struct linear : configurable<linear<A, B, Options...>> {
  static constexpr std::size_t width = B == 0 ? A : B;
  static constexpr std::size_t stated = B == 0 ? 0 : A;
  static constexpr bool has_bias = !option::has<option::no_bias, Options...>;
  /// The declared limit of the spectral norm; 0 where none is declared.
  static constexpr double limit = option::value_of<option::at_most_key, Options...>(0);

  /// The name of such a layer with other widths.
  static constexpr base::words named(std::size_t out, std::size_t in) {
    return stated == 0 ? base::say("Linear<", out, ">") : base::say("Linear<", in, ", ", out, ">");
  }
  static constexpr auto name = named(width, stated);
  using options = base::list<Options...>;
  using takes = base::list<option::no_bias, option::at_most_key>;
  template <class... More> using with = linear<A, B, More...>;

  static constexpr fusion reads = fusion::affine;
  static constexpr auto wants = stated == 0 ? base::say("a vector") : base::say("a vector of ", stated);
  static constexpr bool accepts(shape in) { return in.rank == 1 && (stated == 0 || in.size() == stated); }
  static constexpr shape output(shape) { return shape{width}; }
  static constexpr std::size_t multiply_adds(shape in) { return width * in.size(); }

  template <shape In, class Real> struct parameters {
    std::array<Real, width * In.size()> weight{};   ///< [out][in]
    std::array<Real, has_bias ? width : 0> bias{};  ///< empty with no_bias
    static constexpr void tensors(auto&& visit) {
      visit(tensor_info{"weight", shape{width, In.size()}}, &parameters::weight);
      if constexpr (has_bias) visit(tensor_info{"bias", shape{width}}, &parameters::bias);
    }
    /// What the type declares of the values: for provers and projectors.
    static constexpr void claims(auto& self, auto&& visit) {
      if constexpr (limit > 0) visit.spectral_norm_at_most("weight", self.weight, width, In.size(), limit);
    }
  };
  /// Weights as the stream makes them (He), biases 0.
  template <shape In, class Real> static constexpr void initialise(parameters<In, Real>& p, auto& random) {
    base::fill_weights(p.weight, In.size(), random);
    for (Real& b : p.bias) b = 0;
  }

  template <shape In, class Real>
  static constexpr double weight(const parameters<In, Real>& p, std::size_t row, std::size_t column) {
    return static_cast<double>(p.weight[row * In.size() + column]);
  }
  /// Where a row of the weight begins: for those who read all of it in a constant expression.
  template <shape In, class Real>
  static constexpr const Real* row_of_weight(const parameters<In, Real>& p, std::size_t row) {
    return p.weight.data() + row * In.size();
  }
  template <shape In, class Real> static constexpr double bias(const parameters<In, Real>& p, std::size_t row) {
    if constexpr (has_bias) return static_cast<double>(p.bias[row]);
    else return 0;
  }

  template <shape In, class Real, class V>
  static constexpr void forward(const parameters<In, Real>& p, const V* x, V* y) {
    for_each_run<width>([&]<std::size_t Rows>(std::size_t first) {
      V sum[Rows];
      for (std::size_t r = 0; r < Rows; ++r) sum[r] = simd::number<V>(bias(p, first + r));
      for (std::size_t i = 0; i < In.size(); ++i)
        for (std::size_t r = 0; r < Rows; ++r)
          sum[r] = simd::multiply_add(simd::number<V>(p.weight[(first + r) * In.size() + i]), x[i], sum[r]);
      for (std::size_t r = 0; r < Rows; ++r) y[first + r] = sum[r];
    });
  }
  template <shape In, class Real, class V> static constexpr void gradient(const parameters<In, Real>& p, const V* x,
                                                                          const V*, const V* dy, V* dx,
                                                                          parameters<In, Real>& dp) {
    constexpr std::size_t lanes = simd::width<V>, whole = In.size() / lanes * lanes;
    for_each_run<In.size()>([&]<std::size_t Columns>(std::size_t first) {
      V sum[Columns];
      for (std::size_t c = 0; c < Columns; ++c) sum[c] = V(0);
      for (std::size_t row = 0; row < width; ++row)
        for (std::size_t c = 0; c < Columns; ++c)
          sum[c] = simd::multiply_add(simd::number<V>(p.weight[row * In.size() + first + c]), dy[row], sum[c]);
      for (std::size_t c = 0; c < Columns; ++c) dx[first + c] = sum[c];
    });
    if constexpr (std::same_as<simd::element<V>, Real>) {
      for (std::size_t i = 0; i < whole; i += lanes) add_outer<In>(x + i, dy, dp.weight.data() + i);
    }
    for (std::size_t i = std::same_as<simd::element<V>, Real> ? whole : 0; i < In.size(); ++i)
      for (std::size_t row = 0; row < width; ++row)
        dp.weight[row * In.size() + i] += static_cast<Real>(simd::sum(dy[row] * x[i]));
    if constexpr (has_bias)
      for (std::size_t row = 0; row < width; ++row) dp.bias[row] += static_cast<Real>(simd::sum(dy[row]));
  }

  static constexpr auto lipschitz(shape) {
    return symbol({.name = "norm(W@)", .declare = "at_most<c>", .range = {0, limit}, .declared = limit > 0});
  }

 private:
  // f<together>(0), f<together>(together), ...: sums that do not wait for each other, then the rest one by one.
  template <std::size_t Count> static constexpr void for_each_run(auto&& f) {
    constexpr std::size_t together = 8, whole = Count / together * together;
    for (std::size_t first = 0; first < whole; first += together) f.template operator()<together>(first);
    for (std::size_t rest = whole; rest < Count; ++rest) f.template operator()<1>(rest);
  }
  // dW[row][k] += sum over samples of dy[row] x[k], for as many columns k as V has lanes. x is transposed once, so that
  // columns are in the lanes: no sum across lanes, which would cost more than all else.
  template <shape In, class V> static constexpr void add_outer(const V* x, const V* dy, simd::element<V>* weight) {
    constexpr std::size_t lanes = simd::width<V>;
    using real = simd::element<V>;
    real line[lanes]{}, across[lanes][lanes]{};
    for (std::size_t k = 0; k < lanes; ++k) {
      simd::store(x[k], line);
      for (std::size_t s = 0; s < lanes; ++s) across[s][k] = line[s];
    }
    V column[lanes];
    for (std::size_t s = 0; s < lanes; ++s) column[s] = simd::load<V>(across[s]);
    for (std::size_t row = 0; row < width; ++row, weight += In.size()) {
      simd::store(dy[row], line);
      V even = simd::load<V>(weight), odd(0);
      for (std::size_t s = 0; s < lanes; ++s)
        (s % 2 == 0 ? even : odd) = simd::multiply_add(V(line[s]), column[s], s % 2 == 0 ? even : odd);
      simd::store(even + odd, weight);
    }
  }
};

}  // namespace taut::layer

namespace taut {
/// y = W x + b: `Linear<32>`, or `Linear<64, 32>` with the input width stated. Options: no_bias, at_most<c>.
template <std::size_t A, std::size_t B = 0> inline constexpr layer::linear<A, B> Linear{};
}  // namespace taut
