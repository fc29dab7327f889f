// SPDX-License-Identifier: Apache-2.0
// A network in bytes: what quantize(p, calibration) makes, plain values that a header can hold. Stage by stage, with
// everything folded as the float engine folds it (scalings and centring in the weights):
//
//   sums   a_i = sum_j W8_ij x8_j + b32_i                                   exact, 32 bits
//   plain  y_i = f(factor_i a_i)                                            and rounded to bytes, except at the end
//   with a normalizer  z_i = factor_i a_i,  y_i = f(gain_i z_i / S + offset_i),  S = sqrt(|z|^2 + n epsilon)
//
// No sum is turned back into activations before a normalizer: the scale is part of the factor, and of epsilon not at all.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <taut/engine/dense.hpp>
#include <taut/engine/plan.hpp>
#include <taut/engine/stage.hpp>
#include <tuple>
#include <type_traits>
#include <utility>

namespace taut {

namespace engine_plan {

/// The stages of a network in bytes: each applies its own scale.
template <class Net> inline constexpr auto byte_plan_of = [] {
  auto plan = plan_of<Net>;
  for (stage& s : plan.at) s.scale = {.scale = s.normalized ? scheme::applied : scheme::none};
  return plan;
}();

/// Whether all stages have a form in bytes: dense ones, with a normalizer of one run, or none.
template <class Net> constexpr bool fits_bytes() {
  constexpr auto& plan = byte_plan_of<Net>;
  for (std::size_t i = 0; i < plan.count; ++i)
    if (plan.at[i].what != kind::dense || plan.at[i].in_runs) return false;
  return Net::depth > 0;
}
/// Whether f(r x) = r f(x), r > 0, for all pointwise layers.
template <class Net> constexpr bool is_homogeneous() {
  bool all = true;
  base::for_each_index<Net::depth>([&]<std::size_t I>() {
    using L = layer_of<Net, I>;
    if constexpr (L::reads == fusion::pointwise) all = all && L::homogeneous;
  });
  return all;
}

}  // namespace engine_plan

/// The values of one stage of a network in bytes.
template <std::size_t Rows, std::size_t Cols, bool Normalizes> struct quantized_stage {
  static constexpr std::size_t rows = Rows, columns = Cols;
  static constexpr bool normalizes = Normalizes;
  std::array<std::int8_t, Rows * Cols> weight{};
  std::array<std::int32_t, Rows> bias{};
  std::array<float, Rows> factor{};
  std::array<float, Normalizes ? Rows : 0> gain{}, offset{};  ///< in units of the next activations
  float epsilon = 0;                                          ///< n epsilon
  float unit = 1;  ///< what 1 is in the outputs: the step of the next activations; 1 at the end

  /// visit(name, array) for each array, in the order of a header.
  static constexpr void arrays(auto& self, auto&& visit) {
    visit("weight", self.weight), visit("bias", self.bias), visit("factor", self.factor);
    if constexpr (Normalizes) visit("gain", self.gain), visit("offset", self.offset);
  }
};

namespace engine_stage {

template <class Net, std::size_t S> constexpr auto quantized_stage_type() {
  constexpr auto plan = engine_plan::byte_plan_of<Net>.at[S];
  return std::type_identity<
      quantized_stage<Net::shapes[plan.first + 1].size(), Net::shapes[plan.first].size(), plan.normalized>>{};
}
template <class Net, class Indices> struct quantized_stages;
template <class Net, std::size_t... S> struct quantized_stages<Net, std::index_sequence<S...>> {
  using type = std::tuple<typename decltype(quantized_stage_type<Net, S>())::type...>;
};

}  // namespace engine_stage

/// A network in bytes.
template <Network Net> struct quantized {
  static_assert(engine_plan::fits_bytes<Net>(),
                "a network in bytes is made of affine layers (not convolutions), normalizers over all of their outputs "
                "and pointwise layers");
  using network_type = Net;
  static constexpr std::size_t stages = engine_plan::byte_plan_of<Net>.count;
  float input_unit = 1;  ///< the step of the inputs
  typename engine_stage::quantized_stages<Net, std::make_index_sequence<stages>>::type stage{};
};

}  // namespace taut
