// SPDX-License-Identifier: Apache-2.0
// LayerNorm, LN: y = gain (x - mean) / sqrt(variance + epsilon) + offset, statistics over all features of one sample.
//
// Options     epsilon<e> (1e-5), min_std<s>, gain_at_most<g>, no_affine
// Lipschitz   ||diag(gain) P|| / sqrt(s^2 + epsilon) for pairs of inputs with std >= s (s = 0: everywhere);
//             P = I - 11'/n;
//             at most max|gain| / sqrt(s^2 + epsilon); 0 for one feature, whose output is constant
// Gradient    see net/normalizer.hpp
// Example     Input<64> >> Linear<32> >> LN(min_std<0.25>, gain_at_most<1.0>)
#pragma once
#include <taut/net/normalizer.hpp>
#include <taut/net/option.hpp>
#include <taut/net/parameters.hpp>

namespace taut::layer {

/// Layer normalization over every element of a sample.
template <class... Options> struct layer_norm : configurable<layer_norm<Options...>> {
  static constexpr bool has_affine = !option::has<option::no_affine, Options...>;
  static constexpr bool offset_free = !has_affine;
  /// The declared smallest standard deviation of an input; 0 where none is declared.
  static constexpr double floor = option::value_of<option::min_std_key, Options...>(0);
  /// The declared largest |gain|; 0 where none is declared.
  static constexpr double gain_limit = option::value_of<option::gain_at_most_key, Options...>(0);

  static constexpr auto name = base::say("LayerNorm");
  using options = base::list<Options...>;
  using takes = base::list<option::epsilon_key, option::min_std_key, option::gain_at_most_key, option::no_affine>;
  template <class... More> using with = layer_norm<More...>;
  /// A limit of gains that are not there.
  template <class... All> static constexpr bool contradicts =
      option::has<option::no_affine, All...> && option::has<option::gain_at_most_key, All...>;

  static constexpr fusion reads = fusion::normalizer;
  static constexpr auto wants = base::say("any shape");
  static constexpr bool accepts(shape) { return true; }
  static constexpr shape output(shape in) { return in; }
  static constexpr pooling pooled(shape in) { return {1, in.size()}; }
  static constexpr bool centred = true;
  static constexpr double epsilon = option::value_of<option::epsilon_key, Options...>(1e-5);
  static constexpr double min_std = floor;

  template <shape In, class Real> struct parameters {
    std::array<Real, has_affine ? In.size() : 0> gain = filled<Real, has_affine ? In.size() : 0>(1);  ///< empty: all 1
    std::array<Real, has_affine ? In.size() : 0> offset{};                                            ///< empty: all 0
    static constexpr void tensors(auto&& visit) {
      if constexpr (has_affine) {
        visit(tensor_info{"weight", In}, &parameters::gain);
        visit(tensor_info{"bias", In}, &parameters::offset);
      }
    }
    /// What the type declares of the values: for provers and projectors.
    static constexpr void claims(auto& self, auto&& visit) {
      if constexpr (has_affine && gain_limit > 0) visit.magnitude_at_most("weight", self.gain, gain_limit);
    }
  };
  template <class P> static constexpr double gain(const P& p, std::size_t i) {
    return has_affine ? static_cast<double>(p.gain[i]) : 1.0;
  }
  template <class P> static constexpr double offset(const P& p, std::size_t i) {
    return has_affine ? static_cast<double>(p.offset[i]) : 0.0;
  }
  template <class P> static constexpr void accumulate(P& dp, std::size_t i, auto dgain, auto doffset) {
    if constexpr (has_affine) {
      dp.gain[i] += static_cast<std::remove_cvref_t<decltype(dp.gain[i])>>(dgain);
      dp.offset[i] += static_cast<std::remove_cvref_t<decltype(dp.offset[i])>>(doffset);
    }
  }

  static constexpr auto lipschitz(shape in) {
    const auto gain =
        has_affine
            ? symbol(
                  {.name = "gain@", .declare = "gain_at_most<g>", .range = {0, gain_limit}, .declared = gain_limit > 0})
            : constant(1);
    const auto std =
        floor > 0 ? symbol({.name = "std@", .range = {floor, rounded::infinity}, .declared = true}) : constant(0);
    const auto scale = gain / sqrt(square(std) + constant(epsilon));
    return constant(in.size() == 1 ? 0 : 1) * scale;
  }
};

}  // namespace taut::layer

namespace taut {
/// Layer normalization. Options: epsilon<e>, min_std<s>, gain_at_most<g>, no_affine.
inline constexpr layer::layer_norm<> LayerNorm{};
/// Short for LayerNorm.
inline constexpr layer::layer_norm<> LN{};
}  // namespace taut
