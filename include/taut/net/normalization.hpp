// SPDX-License-Identifier: Apache-2.0
// The layer that all normalizers of activations are. A kind says what one pools; options, parameters, range, Lipschitz
// constant and cost are stated here, once; kernel and gradient in net/normalizer.hpp.
//
//   struct layer_norm_kind : normalizer::kind { name, pooled(shape), ... };      ten lines, see layers/layer_norm.hpp
//   template <class... Options> using layer_norm = normalization<layer_norm_kind, Options...>;
#pragma once
#include <taut/net/normalizer.hpp>
#include <taut/net/option.hpp>
#include <taut/net/parameters.hpp>

namespace taut {

namespace normalizer {

/// What tells one normalizer from another, with the defaults of layer normalization. A kind also states `name` and
/// pooled(shape): runs of neighbouring elements.
struct kind {
  static constexpr bool centred = true;        ///< the mean of a run is subtracted
  static constexpr bool has_offset = true;     ///< y = gain z + offset, not gain z alone
  static constexpr bool per_channel = false;   ///< one gain a channel, not one an element
  static constexpr double epsilon = 1e-5;      ///< PyTorch's default
  static constexpr const char* root = "std@";  ///< what min_std speaks of
  static constexpr auto wants = base::say("any shape");
  static constexpr bool accepts(shape) { return true; }
  using takes = base::list<option::epsilon_key, option::min_std_key, option::gain_at_most_key, option::no_affine>;
};

}  // namespace normalizer

/// A normalizer of activations: Kind derives from normalizer::kind.
template <class Kind, class... Options> struct normalization : configurable<normalization<Kind, Options...>> {
  using kind = Kind;
  static constexpr bool has_affine = !option::has<option::no_affine, Options...>;
  static constexpr bool has_offset = has_affine && Kind::has_offset, offset_free = !has_offset;
  static constexpr bool over_last = option::has<option::over_last, Options...>;
  /// The declared smallest standard deviation (root mean square, if not centred) of a run; 0 where none is declared.
  static constexpr double floor = option::value_of<option::min_std_key, Options...>(0);
  /// The declared largest |gain|; 0 where none is declared.
  static constexpr double gain_limit = option::value_of<option::gain_at_most_key, Options...>(0);

  static constexpr auto name = base::say(Kind::name);
  /// What GroupNorm<2> and GroupNorm<4> both are: the kind's family, or its name.
  static constexpr std::string_view family = [] {
    if constexpr (requires { Kind::family; }) return std::string_view(Kind::family);
    else return std::string_view(name);
  }();
  using options = base::list<Options...>;
  using takes = typename Kind::takes;
  template <class... More> using with = normalization<Kind, More...>;
  /// A limit of gains that are not there.
  template <class... All> static constexpr bool contradicts =
      option::has<option::no_affine, All...> && option::has<option::gain_at_most_key, All...>;

  static constexpr fusion reads = fusion::normalizer;
  static constexpr auto wants = Kind::wants;
  static constexpr bool accepts(shape in) { return Kind::accepts(in); }
  static constexpr shape output(shape in) { return in; }
  static constexpr bool centred = Kind::centred;
  static constexpr double epsilon = option::value_of<option::epsilon_key, Options...>(Kind::epsilon);
  static constexpr double min_std = floor;
  /// The runs; with over_last, the rows along the last axis.
  static constexpr pooling pooled(shape in) {
    return over_last ? pooling{in.size() / in.extent[in.rank - 1], in.extent[in.rank - 1]} : Kind::pooled(in);
  }
  /// Extents of gain and offset.
  static constexpr shape features(shape in) {
    return over_last ? shape{in.extent[in.rank - 1]} : Kind::per_channel ? shape{in.channels()} : in;
  }
  /// Which gain element i has.
  static constexpr std::size_t feature(shape in, std::size_t i) {
    return over_last ? i % in.extent[in.rank - 1] : Kind::per_channel ? i / in.positions() : i;
  }
  /// No element of z = c / sqrt(|c|^2/n + epsilon) is larger: |z|^2 < n, and of a centred run the others hold 1/(n-1)
  /// of it.
  static constexpr double largest(shape in) {
    return rounded::sqrt_up(static_cast<double>(pooled(in).size - (centred ? 1 : 0)));
  }

  template <shape In, class Real> struct parameters {
    static constexpr std::size_t gains = has_affine ? features(In).size() : 0,
                                 offsets = has_offset ? features(In).size() : 0;
    std::array<Real, gains> gain = filled<Real, gains>(1);  ///< empty: all 1
    std::array<Real, offsets> offset{};                     ///< empty: all 0
    static constexpr void tensors(auto&& visit) {
      if constexpr (has_affine) visit(tensor_info{"weight", features(In)}, &parameters::gain);
      if constexpr (has_offset) visit(tensor_info{"bias", features(In)}, &parameters::offset);
    }
    /// What the type declares of the values: for provers and projectors.
    static constexpr void claims(auto& self, auto&& visit) {
      if constexpr (has_affine && gain_limit > 0) visit.magnitude_at_most("weight", self.gain, gain_limit);
    }
  };
  /// The gain of element i.
  template <shape In, class Real> static constexpr double gain(const parameters<In, Real>& p, std::size_t i) {
    if constexpr (has_affine) return static_cast<double>(p.gain[feature(In, i)]);
    else return 1;
  }
  /// The offset of element i.
  template <shape In, class Real> static constexpr double offset(const parameters<In, Real>& p, std::size_t i) {
    if constexpr (has_offset) return static_cast<double>(p.offset[feature(In, i)]);
    else return 0;
  }
  /// Adds to the gradients of the gain and offset of element i.
  template <shape In, class Real>
  static constexpr void accumulate(parameters<In, Real>& dp, std::size_t i, auto dgain, auto doffset) {
    if constexpr (has_affine) dp.gain[feature(In, i)] += static_cast<Real>(dgain);
    if constexpr (has_offset) dp.offset[feature(In, i)] += static_cast<Real>(doffset);
  }

  static constexpr auto lipschitz(shape in) {
    const auto gain =
        has_affine
            ? symbol(
                  {.name = "gain@", .declare = "gain_at_most<g>", .range = {0, gain_limit}, .declared = gain_limit > 0})
            : constant(1);
    const auto root =
        floor > 0 ? symbol({.name = Kind::root, .range = {floor, rounded::infinity}, .declared = true}) : constant(0);
    return constant(centred && pooled(in).size == 1 ? 0 : 1) * (gain / sqrt(square(root) + constant(epsilon)));
  }
};

}  // namespace taut
