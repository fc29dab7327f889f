// SPDX-License-Identifier: Apache-2.0
// What a layer is: one type that states everything the library knows about it. Nothing is registered anywhere.
//
//   every layer         name, reads, wants, accepts(shape), output(shape), lipschitz(shape)
//   fusion::affine      parameters<In, Real>, weight(p, row, column), bias(p, row), forward, gradient, multiply_adds
//   fusion::scaling     scale(p, i), shift(p, i); parameters<In, Real>, perhaps per_channel
//   fusion::pointwise   apply(V), derivative(x, y), homogeneous, range
//   fusion::normalizer  pooled(shape), centred, epsilon, gain(p, i), offset(p, i), perhaps min_std, offset_free
//   fusion::mixing      forward, gradient, multiply_adds(shape); parameters<In, Real> if it has any; perhaps
//   homogeneous
//
// Perhaps: accuracy (pointwise, mixing: how the float kernel rounds; certificates need it), least_slope (pointwise) or
// slopes(shape), a sector (net/sector.hpp); curvature(shape) (a Lipschitz constant
// of the Jacobian: pointwise and mixing layers without kinks have one), identity (the output is the input), permutes
// (it is the input in another order), keeps_range (no output leaves the interval of the inputs and 0), by_channel (each
// channel is made of the same channel of the input), named(out, in) (affine: the name with other numbers of channels),
// smallest_batch(shape) (training needs so many samples), family (of a normalizer), folded_layer with folded(p)
// (net/folded.hpp), blocks (net/network.hpp). What advice and scale_invariant read (net/outline.hpp): has_bias (affine:
// one number a channel, if there is one), row_gain, raw_scale_free (weight norm and its kin), carries_shifts (a
// constant added to each channel of x adds constants to the channels of y), drops (zeros at random in training),
// is_distribution (probabilities of classes), adds_input (a block: x + f(x), or joined).
//
// V is double (the oracle), float, or a register whose lanes are samples: the same text serves all of them.
#pragma once
#include <concepts>
#include <cstddef>
#include <taut/algebra/expression.hpp>
#include <taut/algebra/shape.hpp>
#include <taut/base/text.hpp>

namespace taut {

/// How a layer touches its input. The engine's plan follows from this, never from pairs of layer names.
enum class fusion {
  affine,      ///< y = W x + b; folds with its neighbours
  scaling,     ///< y_i = a_i x_i + b_i, a and b known from the parameters; folds into an affine neighbour
  pointwise,   ///< y_i = f(x_i)
  normalizer,  ///< each pooled run of elements is projected onto a sphere
  mixing       ///< anything else: pooling, softmax, a block with layers inside
};

/// Runs of elements that a normalizer pools: `groups` runs of `size` neighbours each.
struct pooling {
  std::size_t groups = 1;
  std::size_t size = 1;
};

/// The interval all outputs of a pointwise layer lie in.
struct output_range {
  double lower = -rounded::infinity;
  double upper = rounded::infinity;
};

/// What a tensor of a layer is for.
enum class role {
  trainable,  ///< changed by training, has a gradient
  buffer      ///< running statistics, counters: stored and loaded, never differentiated
};

/// How far a layer's float kernel may be from the layer itself on the same floats, in every lane: |computed - y| <=
/// 2^-24 (of_output |y| + of_input |x|) + absolute; element by element for a pointwise layer, in the Euclidean norm
/// (`absolute` per element) for others. A layer states `accuracy`, a kernel_error, or accuracy(shape); without it the
/// rounding of its networks is not known, and their certificates have radius 0.
struct kernel_error {
  double of_output = 0, of_input = 0, absolute = 0;
};

/// The description of one tensor of a layer: its key in a file, its extents, its role.
struct tensor_info {
  std::string_view key;
  shape extents;
  role purpose = role::trainable;
};

/// A layer without tensors has these parameters.
struct no_parameters {
  static constexpr void tensors(auto&&) {}
};

/// The empty base of all layers: through it `>>` (net/compose.hpp) is found for library and user layers alike.
struct layer_base {};

/// The base of layers that act element by element on any shape.
struct pointwise_layer : layer_base {
  static constexpr fusion reads = fusion::pointwise;
  static constexpr auto wants = base::say("any shape");
  static constexpr bool accepts(shape) { return true; }
  static constexpr shape output(shape in) { return in; }
};

template <class L> inline constexpr bool states_name = requires {
  { L::name } -> std::convertible_to<base::words>;
};
template <class L> inline constexpr bool states_reads = requires {
  { L::reads } -> std::convertible_to<fusion>;
};
template <class L> inline constexpr bool states_shape = requires(shape s) {
  { L::wants } -> std::convertible_to<base::words>;
  { L::accepts(s) } -> std::same_as<bool>;
  { L::output(s) } -> std::same_as<shape>;
};
template <class L> inline constexpr bool states_lipschitz = requires(shape s) { L::lipschitz(s).value(); };
template <class L> inline constexpr bool states_apply = requires {
  { L::apply(1.0) } -> std::convertible_to<double>;
  { L::derivative(1.0, 1.0) } -> std::convertible_to<double>;
  { L::homogeneous } -> std::convertible_to<bool>;
  { L::range } -> std::convertible_to<output_range>;
};
template <class L> inline constexpr bool states_pooling = requires(shape s) {
  { L::pooled(s) } -> std::same_as<pooling>;
  { L::centred } -> std::convertible_to<bool>;
  { L::epsilon } -> std::convertible_to<double>;
};
template <class L> inline constexpr bool states_cost = requires(shape s) {
  { L::multiply_adds(s) } -> std::convertible_to<std::size_t>;
};

namespace base {

/// The first thing that L does not state although its kind of layer must, or null.
template <class L> constexpr const char* first_missing() {
  if constexpr (!states_name<L>) return "name";
  else if constexpr (!states_reads<L>) return "reads (a taut::fusion)";
  else if constexpr (!states_shape<L>) return "wants, accepts and output (shape)";
  else if constexpr (!states_lipschitz<L>) return "lipschitz(shape)";
  else if constexpr (L::reads == fusion::pointwise && !states_apply<L>) return "apply derivative homogeneous range";
  else if constexpr (L::reads == fusion::normalizer && !states_pooling<L>) return "pooled(shape), centred, epsilon";
  else if constexpr ((L::reads == fusion::affine || L::reads == fusion::mixing) && !states_cost<L>)
    return "multiply_adds(shape)";
  else return nullptr;
}

/// Whether f(a x) = a f(x) for a > 0, as far as the layer states it.
template <class L> constexpr bool is_homogeneous() {
  if constexpr (L::reads == fusion::affine) {
    if constexpr (requires { L::has_bias; }) return !L::has_bias;
    else return false;
  } else if constexpr (requires { L::homogeneous; }) {
    return L::homogeneous;
  } else {
    return false;
  }
}

}  // namespace base

/// A type that states all that its kind of layer must.
template <class L>
concept Layer = std::derived_from<L, layer_base> && base::first_missing<L>() == nullptr;

}  // namespace taut
