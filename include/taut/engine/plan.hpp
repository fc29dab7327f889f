// SPDX-License-Identifier: Apache-2.0
// The plan of a network: which layers run as one kernel, and where the factor 1/std of a normalizer is applied. It is
// decided from what each layer states (its fusion class, homogeneity), never from pairs of layer names:
//
//   affine [normalizer over everything] pointwise*   one dense stage: centring folds into the weights and bias
//   pointwise* | normalizer pointwise* | mixing      a stage of its own
//
// relu(r z) = r relu(z) for r > 0: when only homogeneous layers stand between a normalizer and the next affine layer, r
// is owed to that layer, which applies it to its sums; the gains go into its columns (their signs into the rows here).
// An offset before a nonlinearity forbids this; without a nonlinearity it folds into the next bias.
#pragma once
#include <array>
#include <cstddef>
#include <taut/net/network.hpp>

namespace taut::engine_plan {

enum class kind { dense, normalize, elementwise, general };

/// What becomes of a normalizer's scale.
enum class scheme {
  none,                 ///< no normalizer
  applied,              ///< y = f(gain r z + offset), here
  owed,                 ///< r is owed to the next stage; gain and offset are folded into it
  owed_if_offset_zero,  ///< as `owed` if all offsets turn out to be 0, else as `applied`
};

/// Layers [first, first + count) as one kernel.
struct stage {
  kind what = kind::general;
  std::size_t first = 0, count = 1;
  bool normalized = false;  ///< dense: a normalizer stands right behind the affine layer
  scheme scale = scheme::none;
};

/// What the plan needs to know of one layer.
struct facts {
  fusion reads;
  bool homogeneous;  // pointwise, f(r x) = r f(x) for r > 0
  bool pools_all;    // a normalizer with one run over everything
  bool offset_free;  // a normalizer that states it has no offset
};

template <class L, shape In> constexpr facts facts_of() {
  facts f{L::reads, false, false, false};
  if constexpr (L::reads == fusion::pointwise) f.homogeneous = L::homogeneous;
  if constexpr (L::reads == fusion::normalizer) {
    f.pools_all = L::pooled(In).groups == 1 && L::pooled(In).size == In.size();
    if constexpr (requires { L::offset_free; }) f.offset_free = L::offset_free;
  }
  return f;
}

template <std::size_t Depth> struct stages {
  std::array<stage, Depth> at{};
  std::size_t count = 0;
};

template <std::size_t Depth> constexpr stages<Depth> group(const std::array<facts, Depth>& layers) {
  stages<Depth> plan;
  const auto is = [&](std::size_t i, fusion f) { return i < Depth && layers[i].reads == f; };
  for (std::size_t i = 0; i < Depth;) {
    stage s{.first = i};
    if (is(i, fusion::affine)) {
      s.what = kind::dense;
      s.normalized = is(i + 1, fusion::normalizer) && layers[i + 1].pools_all;
      s.count = s.normalized ? 2 : 1;
    } else if (is(i, fusion::normalizer)) {
      s.what = kind::normalize;
    } else if (is(i, fusion::pointwise)) {
      s.what = kind::elementwise;
    }
    const std::size_t epilogue = i + s.count;
    bool homogeneous = true;
    if (s.what != kind::general)
      for (; is(i + s.count, fusion::pointwise); ++s.count) homogeneous &= layers[i + s.count].homogeneous;
    if (s.normalized) {
      const bool may_owe = homogeneous && is(i + s.count, fusion::affine);
      const bool plain = epilogue == i + s.count || layers[i + 1].offset_free;
      s.scale = !may_owe ? scheme::applied : plain ? scheme::owed : scheme::owed_if_offset_zero;
    }
    i += s.count;
    plan.at[plan.count++] = s;
  }
  return plan;
}

/// The stages of a network, in order.
template <class Net> inline constexpr auto plan_of = []<std::size_t... I>(std::index_sequence<I...>) {
  return group<Net::depth>({facts_of<layer_of<Net, I>, Net::shapes[I]>()...});
}(std::make_index_sequence<Net::depth>{});

}  // namespace taut::engine_plan
