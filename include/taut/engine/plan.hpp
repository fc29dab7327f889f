// SPDX-License-Identifier: Apache-2.0
// The plan of a network: which layers run as one kernel, and where the factor 1/std of a normalizer is applied. It is
// decided from what each layer states (its fusion class, homogeneity), never from pairs of layer names:
//
//   affine scaling* [normalizer] pointwise*      one stage, dense or convolution: scalings fold into the weights, and
//                                                centring into those of a dense layer
//   scaling* before a dense layer                no stage: they fold into its columns
//   scaling* pointwise* | normalizer pointwise* | mixing pointwise* | block pointwise*       a stage of its own
//
// relu(z / s) = relu(z) / s for s > 0: when only homogeneous layers stand between a dense layer's normalizer and the
// next dense layer, the scale is owed to that layer (engine/scale.hpp); why and when: docs/architecture.md.
#pragma once
#include <array>
#include <cstddef>
#include <taut/net/folded.hpp>
#include <taut/net/network.hpp>

namespace taut::engine_plan {

enum class kind { dense, convolution, carried, elementwise, normalize, mixing, block };

/// What becomes of a normalizer's scale s = sqrt(|z|^2 + n epsilon).
enum class scheme {
  none,             ///< no normalizer
  applied,          ///< y = f(gain z / s + offset), here
  owed,             ///< y = f(z): gain and 1/s are owed to the next stage, the offset is folded into it
  owed_with_offset  ///< y = f(gain z + offset s): 1/s is owed to the next stage; as `owed` if all offsets turn out 0
};

/// As what an owed scale is handed over: the factor 1/s, or s^2, which costs no division and no root on the way.
enum class owed_as { factor, square };

/// How a dense stage and its neighbours share the scales of normalizers.
struct schemes {
  scheme scale = scheme::none;
  owed_as arrives = owed_as::factor, leaves = owed_as::factor;
  constexpr bool operator==(const schemes&) const = default;

  [[nodiscard]] constexpr bool owes() const { return scale == scheme::owed || scale == scheme::owed_with_offset; }
};

/// Layers [first, first + count) as one kernel: the affine layer, if any, then scalings, a normalizer, pointwise
/// layers.
struct stage {
  kind what = kind::mixing;
  std::size_t first = 0, count = 1;
  std::size_t first_scaling = 0, scalings = 0;
  std::size_t normalizer = 0;                ///< its number, where the stage has one
  bool normalized = false, in_runs = false;  ///< in_runs: several runs of elements, each on its own
  std::size_t first_pointwise = 0;
  schemes scale{};

  [[nodiscard]] constexpr std::size_t pointwise() const { return first + count - first_pointwise; }
  /// Whether it runs: what is carried folds into a later stage.
  [[nodiscard]] constexpr bool computes() const { return what != kind::carried; }
  /// Whether it is the same stage, elsewhere in the network. The binding refuses to compile if a member is forgotten.
  [[nodiscard]] constexpr bool repeats(const stage& other) const {
    const auto& [w, f, c, f_s, s, n, is_normalized, runs, f_p, how] = other;
    return what == w && count == c && first_scaling - first == f_s - f && scalings == s &&
           normalized == is_normalized && (!normalized || normalizer - first == n - f) && in_runs == runs &&
           first_pointwise - first == f_p - f && scale == how;
  }
};

/// What the plan needs to know of one layer.
struct facts {
  fusion reads{};
  bool homogeneous = false;  // pointwise, f(r x) = r f(x) for r > 0
  bool windows = false;      // affine, a convolution
  bool blocks = false;       // mixing, with networks inside whose outputs it combines
  bool pools_all = false;    // a normalizer with one run over everything
  bool offset_free = false;  // a normalizer that states it has no offset
  bool per_channel = false;  // a scaling of whole channels
  bool bounded = false;      // a normalizer whose scale stays away from 0
  std::size_t products = 0;  // affine: entries of its matrix
};

/// Normalizers with a smaller epsilon do not hand over squares: s^2 / s_before^2 >= n epsilon / 2 must be a normal
/// float.
inline constexpr double least_epsilon = 0x1p-80;
/// A product of so few entries (16 x 16) is ready before a root and a division are: then the division is saved.
inline constexpr std::size_t quick_product = 256;

/// Whether an affine layer is a convolution: it states the geometry of its windows.
template <class L> inline constexpr bool is_convolution = requires(shape s) { L::geometry(s); };

template <class L> constexpr facts facts_of(shape in) {
  facts f{L::reads};
  if constexpr (L::reads == fusion::pointwise) f.homogeneous = L::homogeneous;
  if constexpr (L::reads == fusion::affine)
    f.windows = is_convolution<L>, f.products = in.size() * L::output(in).size();
  if constexpr (requires { L::combines; }) f.blocks = L::combines;
  if constexpr (L::reads == fusion::normalizer) {
    f.pools_all = L::pooled(in).groups == 1 && L::pooled(in).size == in.size();
    f.bounded = L::epsilon >= least_epsilon;
    if constexpr (requires { L::offset_free; }) f.offset_free = L::offset_free;
  }
  if constexpr (requires { L::per_channel; }) f.per_channel = L::per_channel;
  return f;
}

template <std::size_t Depth> struct stages {
  std::array<stage, Depth> at{};
  std::size_t count = 0;

  /// How many of the first s stages compute something.
  [[nodiscard]] constexpr std::size_t computed_before(std::size_t s) const {
    std::size_t n = 0;
    for (std::size_t i = 0; i < s; ++i) n += at[i].computes() ? 1 : 0;
    return n;
  }
};

template <std::size_t Depth> constexpr stages<Depth> group(const std::array<facts, Depth>& layers) {
  stages<Depth> plan;
  const auto is = [&](std::size_t i, fusion f) { return i < Depth && layers[i].reads == f; };
  const auto is_dense = [&](std::size_t i) { return is(i, fusion::affine) && !layers[i].windows; };
  for (std::size_t i = 0; i < Depth;) {
    stage s{.first = i, .count = 0};
    const bool affine = is(i, fusion::affine);
    s.count = affine ? 1 : 0;
    s.first_scaling = i + s.count;
    const auto folds = [&](std::size_t k) {
      return is(k, fusion::scaling) && (!affine || !layers[i].windows || layers[k].per_channel);
    };
    for (; folds(i + s.count); ++s.count) ++s.scalings;
    const bool carried = !affine && s.scalings > 0 && is_dense(i + s.count);
    if ((affine || s.scalings == 0) && is(i + s.count, fusion::normalizer)) {
      s.normalized = true, s.normalizer = i + s.count;
      s.in_runs = !layers[s.normalizer].pools_all;
      ++s.count;
    }
    s.what = affine             ? (layers[i].windows ? kind::convolution : kind::dense)
             : carried          ? kind::carried
             : s.normalized     ? kind::normalize
             : s.scalings > 0   ? kind::elementwise
             : layers[i].blocks ? kind::block
                                : kind::mixing;
    if (s.count == 0) {
      if (is(i, fusion::pointwise)) s.what = kind::elementwise;
      else s.count = 1;
    }
    s.first_pointwise = i + s.count;
    bool homogeneous = true;
    if (!carried)
      for (; is(i + s.count, fusion::pointwise); ++s.count) homogeneous &= layers[i + s.count].homogeneous;
    if (s.normalized) {
      const bool may_owe = s.what == kind::dense && !s.in_runs && homogeneous && is_dense(i + s.count);
      const bool plain = s.pointwise() == 0 || layers[s.normalizer].offset_free;
      s.scale.scale = !may_owe ? scheme::applied : plain ? scheme::owed : scheme::owed_with_offset;
    }
    i += s.count;
    plan.at[plan.count++] = s;
  }
  for (std::size_t i = 1; i < plan.count; ++i) {
    auto &from = plan.at[i - 1], &to = plan.at[i];
    if (from.scale.owes() && layers[from.normalizer].bounded && to.normalized && !to.in_runs &&
        layers[to.first].products <= quick_product) {
      from.scale.leaves = to.scale.arrives = owed_as::square;
      // what is owed nothing is owed the square 1: the first stage of a chain is as the others are
      if (i == 1 || !plan.at[i - 2].scale.owes()) from.scale.arrives = owed_as::square;
    }
  }
  return plan;
}

/// The stages of a network, in order.
template <class Net> inline constexpr auto plan_of = []<class... Ls>(base::list<Ls...>) {
  constexpr facts (*stated[])(shape) = {nullptr, &facts_of<typename base::folded_of<Ls>::type>...};
  std::array<facts, Net::depth> layers{};
  for (std::size_t i = 0; i < Net::depth; ++i) layers[i] = stated[i + 1](Net::shapes[i]);
  return group<Net::depth>(layers);
}(base::layers_of<Net>{});

/// The stages as stretches that repeat, on layers that repeat.
template <class Net> inline constexpr auto stage_repetitions = [] {
  constexpr auto& plan = plan_of<Net>;
  constexpr auto repeated = base::layer_repetitions<Net>.repeated();
  return base::repetitions_of<plan.count>([&](std::size_t i, std::size_t j) {
    const stage &a = plan.at[i], &b = plan.at[j];
    if (!a.repeats(b)) return false;
    for (std::size_t k = 0; k < a.count; ++k)
      if (repeated[a.first + k] != repeated[b.first + k]) return false;
    return true;
  });
}();

}  // namespace taut::engine_plan
