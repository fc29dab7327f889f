// SPDX-License-Identifier: Apache-2.0
// What the rounding of the engine's float kernels costs, a priori: for activations x of size |x| <= size that are
// computed up to |x^ - x| <= error, in the Euclidean norm, what leaves a layer's kernel. Units are 2^-24, half an ulp.
//
// The model: every float operation is off by 2^-24 of its result, or by 2^-126 where it underflows (subnormal numbers
// may be flushed to zero); products may be contracted with sums. Kernels compiled with -ffast-math are not covered:
// they drop the correction of means. First-order counts are stretched by `second_order`, enough for 2^17 roundings.
#pragma once
#include <algorithm>
#include <cstddef>
#include <taut/base/rounding.hpp>
#include <taut/engine/convolve.hpp>
#include <taut/engine/sphere.hpp>
#include <taut/simd/lane.hpp>

namespace taut::engine_rounding {

inline constexpr double unit = 0x1p-24, flushed = 0x1p-126, second_order = 1 + 0x1p-6;
/// Longer chains of additions are beyond the model.
inline constexpr std::size_t longest_chain = std::size_t{1} << 17;

/// How large activations are, and how far the computed ones from the true ones.
struct activations {
  double size, error;
};

/// So many units, with the second order.
constexpr double units(double count) { return rounded::mul_up(count, unit * second_order); }
constexpr double units(std::size_t count) { return units(static_cast<double>(count)); }

/// What a layer and its kernel do to activations: size' = growth size + added, error' = steepness error + of_size size
/// + fixed.
struct step {
  double growth = 1, added = 0, steepness = 1, of_size = 0, fixed = 0;

  /// The same where the kernel loses so much of the computed size, of the true output's size, and a constant more.
  [[nodiscard]] constexpr step losing(double of_computed, double of_output, double constant) const {
    using rounded::add_up, rounded::mul_up;
    step s = *this;
    s.of_size = add_up(of_size, add_up(of_computed, mul_up(of_output, growth)));
    s.steepness = add_up(mul_up(steepness, add_up(1, of_output)), of_computed);
    s.fixed = add_up(fixed, add_up(mul_up(of_output, add_up(added, fixed)), constant));
    return s;
  }
  /// This step, and then another one.
  [[nodiscard]] constexpr step then(const step& next) const {
    using rounded::add_up, rounded::mul_up;
    return {.growth = mul_up(next.growth, growth),
            .added = add_up(mul_up(next.growth, added), next.added),
            .steepness = mul_up(next.steepness, steepness),
            .of_size = add_up(mul_up(next.steepness, of_size), mul_up(next.of_size, growth)),
            .fixed = add_up(add_up(mul_up(next.steepness, fixed), mul_up(next.of_size, added)), next.fixed)};
  }
  /// In plain arithmetic: whoever calls it allows for 2^-50 of the results.
  [[nodiscard]] constexpr activations operator()(const activations& x) const {
    return {growth * x.size + added, steepness * x.error + of_size * x.size + fixed};
  }
};

/// The step of a kernel about which nothing is known.
constexpr step unknown() { return {.fixed = rounded::infinity}; }

/// A matrix as a kernel holds it, and what folding lost: all upward.
struct folded_matrix {
  double norm = 0;       ///< spectral
  double size = 0;       ///< Frobenius
  double lost = 0;       ///< Frobenius norm of the difference from the true one
  double bias = 0;       ///< Euclidean
  double bias_lost = 0;  ///< the same for the bias
};

/// Takes what rounding to float costs into account: `raw` and `raw_bias` are norms before anything was centred,
/// `roundings` the longest chain of operations in double (2^-53 each; the factor 4 covers their order), `entries` the
/// weights, which flush to zero.
constexpr void round_to_float(folded_matrix& m, double raw, double raw_bias, std::size_t roundings, std::size_t entries,
                              std::size_t rows) {
  using rounded::add_up, rounded::mul_up;
  const double in_double = static_cast<double>(roundings) * 0x1p-51;
  m.lost = add_up(add_up(mul_up(units(1.0), m.size), mul_up(in_double, raw)),
                  mul_up(flushed, rounded::sqrt_up(static_cast<double>(entries))));
  m.bias_lost = add_up(add_up(mul_up(units(1.0), m.bias), mul_up(in_double, raw_bias)),
                       mul_up(flushed, rounded::sqrt_up(static_cast<double>(rows))));
}

/// The step of W x + b: `sums` units of |x| are lost, `of_norm` of ||W|| |x|, `of_size` of ||W||_F |x|, `of_bias` of
/// |b|, one of the result, and every operation of a chain may underflow, before a factor up to 2^40 is applied.
constexpr step affine_step(const folded_matrix& m, double sums, double of_norm, double of_size, double of_bias,
                           std::size_t chain, std::size_t rows) {
  using rounded::add_up, rounded::mul_up;
  if (chain > longest_chain) return unknown();
  const double norm = add_up(m.norm, m.lost), size = add_up(m.size, m.lost);
  const step exact{m.norm, m.bias, norm, m.lost, m.bias_lost};
  const double underflow = mul_up(static_cast<double>(chain) * 0x1p-85, rounded::sqrt_up(static_cast<double>(rows)));
  const double lost = add_up(sums, add_up(mul_up(of_norm, norm), mul_up(of_size, size)));
  return exact.losing(units(lost), units(1.0), add_up(mul_up(units(of_bias), m.bias), underflow));
}

/// How many additions it takes across the lanes of V.
template <class V> constexpr std::size_t halvings() {
  std::size_t count = 0;
  for (std::size_t left = simd::width<V>; left > 1; left /= 2) ++count;
  return count;
}
/// How many additions a result of the kernels' sums over n elements goes through, in lanes V.
template <class V> constexpr std::size_t longest_sum(std::size_t n) {
  return simd::ceil_div(n, simd::width<V>) + halvings<V>();
}

/// The same for a batch, each sample in a lane of its own: four sums side by side, or those of the tiles of a product
/// (at most 12 rows) one after the other.
template <class V> constexpr std::size_t longest_sum_in_batches(std::size_t n) {
  return simd::width<V> < 4 ? 0 : n < 16 ? n + 1 : n / 4 + 12;
}

/// The rounding of a normalizer's statistics and of its scale, in parts of what they are.
struct statistics_error {
  double centre = 0;   ///< of the centred run c, by subtracting its mean here: centre |c| + of_mean |x|
  double of_mean = 0;  ///< second order: the mean is corrected by what rounding left of it
  double std = 0;      ///< of the observed std, beside that of c
  double scale = 0;    ///< of 1 / sqrt(variance + epsilon), beside that of c

  /// Covers the kernel of a convolution of shape S in lanes V before normalizer N, too, if that adds up its runs.
  template <class V, class N, simd::convolution_shape S> constexpr void behind(pooling runs) {
    using lane = engine_stage::convolution_lane<V, S>;
    using kernel = simd::convolution<lane, S>;
    if (!engine_stage::adds_up_runs<kernel>(N::centred, runs)) return;
    const statistics_error about = about_pivot<lane>(runs.size, kernel::longest_sum + halvings<lane>());
    centre = std::max(centre, about.centre), std = std::max(std, about.std), scale = std::max(scale, about.scale);
  }
  /// The error of sums of n numbers x about a pivot p, in chains of so many additions, up to 2^15: a = x - p rounds
  /// once. With e the mean of a, f = e^2 / mean of a^2 is at most near_pivot and finite, or another kernel is used, and
  /// the mean of a^2 is 1 / (1 - f) variances. That is compared as computed, e off by 2^-9 sqrt(mean of a^2) and the
  /// mean of a^2 by 2^-9 of it, so f by less than 2^-7 and 1 / (1 - f) by less than the 1.1 allow for.
  template <class V = simd::native>
  static constexpr statistics_error about_pivot(std::size_t n, std::size_t additions) {
    const double f = static_cast<double>(engine_stage::near_pivot(n)), k = 1.1 / (1 - f);
    constexpr double square_rounds = simd::fuses<V> ? 0 : 1;
    const double root = rounded::sqrt_up(k), sum = static_cast<double>(additions);
    statistics_error e;
    // The mean of a is off by sum + 3 units of sqrt(mean of a^2) <= sqrt(k) stds; a, and the mean of a times the scale,
    // round once, their products with the scale, too, if they are not fused; the difference rounds once.
    e.centre = units(rounded::mul_up(root, sum + 5 + 2 * square_rounds) + 1);
    // The mean of a^2, k variances, is off by sum + 4 units, less e^2, off by 2 (sum + 3) + 1 units of
    // |e| sqrt(mean of a^2) <= sqrt(f) k variances; then two roundings.
    const double of_variance = k * (sum + 4 + square_rounds + rounded::sqrt_up(1.1 * f) * (2 * sum + 7)) + 2;
    e.std = units((of_variance + 1) / 2 + 1);
    e.scale = units((of_variance + 1) / 2 + 2);
    return e;
  }
};

/// The same for runs of n elements; `subtracts`: the mean is subtracted in float (not folded into weights).
template <class V> constexpr statistics_error statistics_of(std::size_t n, bool subtracts) {
  statistics_error e;
  const std::size_t sum = std::max(longest_sum<V>(n), longest_sum_in_batches<V>(n));
  const std::size_t squares = sum + (simd::fuses<V> ? 0 : 1);
  // |c|^2: a chain of positive terms; times 1/n: two
  double of_variance = static_cast<double>(squares + 2);
  if (subtracts) {
    // m^ is off by (sum + 2) units of mean |x|, so a = x - m^ has |a| <= |c| + (sum + 2) units of |x|. The mean of a is
    // off by sum + 3 units, and what is scaled rounds once before, and where the mean of a is taken off, which without
    // contraction takes two more.
    e.centre = units(sum + 5 + (simd::fuses<V> ? 0 : 2));
    e.of_mean = rounded::mul_up(e.centre, units(sum + 2));
    // The variance is the mean of a^2, off by squares + 4 units, less the square of the mean e of a, off by 2 (sum + 3)
    // units of e sqrt(mean of a^2), and one or two roundings. It is used where e^2 <= mean of a^2 / 63 only, so in units
    // of the variance: 64 / 63 (squares + 4) + 2 / sqrt(62) (sum + 3) + 1. Otherwise it is the mean of c^2.
    of_variance = 1.28 * static_cast<double>(squares) + 7;
  }
  // perhaps in units of an owed scale; the root halves it and adds its own
  e.std = units((of_variance + 1) / 2 + 1);
  // plus epsilon: its own rounding, its units and the sum's; the root halves it; the root and the quotient
  e.scale = units((of_variance + 1) / 2 + 2);
  return e;
}

/// A normalizer and its kernel, as far as they do not depend on the input.
struct normalizer_step {
  double root = 1;             ///< sqrt(n), downward
  double sphere = 1;           ///< sqrt(n runs), upward: nothing is larger once it is normalized
  double epsilon = 0;          ///< under the root
  double gain = 1, added = 0;  ///< size' = gain sphere + added
  double fixed = 0;            ///< error of the last operations
  statistics_error statistics{};

  /// The error of what is normalized, with the mean's.
  [[nodiscard]] constexpr double arriving(const activations& x) const { return x.error + statistics.of_mean * x.size; }
  /// The smallest std that a run of the true activations can have where `seen` was observed; 0 if it is lost in errors.
  [[nodiscard]] constexpr double std_below(double seen, double arrived) const {
    const double low = seen * (1 - statistics.std - statistics.centre - 0x1p-40) - arrived / root - 0x1p-55;
    return low > 0 ? low : 0;
  }
  /// What leaves, if every run of the true activations has at least this std: a chord of the sphere (see
  /// certify/local.hpp), sqrt(2 / (1 + sqrt(1 - t^2))) <= 1 + t^2, and the roundings.
  [[nodiscard]] constexpr activations operator()(double arrived, double std) const {
    const double square = std * std + epsilon;
    if (!(square > 0x1p-80)) return {gain * sphere + added, rounded::infinity};
    const double angle = arrived / rounded::sqrt_nearest(square), t = angle / root;
    const double everywhere = epsilon > 0 ? arrived / rounded::sqrt_nearest(epsilon) : 2 * sphere;
    double chord = t < 1 ? angle * (1 + t * t) : 2 * sphere;
    if (everywhere < chord) chord = everywhere;
    const double relative = statistics.centre + statistics.scale + 0x1p-80;
    return {gain * sphere + added, gain * (chord + relative * sphere) + fixed};
  }
  /// The same whatever the stds are.
  [[nodiscard]] constexpr step anywhere() const {
    using rounded::add_up, rounded::mul_up;
    if (!(epsilon > 0x1p-80)) return unknown();
    const double k = mul_up(gain, rounded::div_up(1, rounded::sqrt_down(epsilon)));
    const double relative = add_up(add_up(statistics.centre, statistics.scale), 0x1p-80);
    return {.growth = 0,
            .added = add_up(mul_up(gain, sphere), added),
            .steepness = k,
            .of_size = mul_up(k, statistics.of_mean),
            .fixed = add_up(mul_up(gain, mul_up(relative, sphere)), fixed)};
  }
};

/// Whether a pointwise or mixing layer states how its kernel rounds.
template <class L> constexpr bool states_accuracy = requires(shape s) {
  { L::accuracy } -> std::convertible_to<kernel_error>;
} || requires(shape s) {
  { L::accuracy(s) } -> std::convertible_to<kernel_error>;
};

/// What it states for lanes V; `accuracy_as_written`, if it has one, for those that do not fuse.
template <class L, class V = simd::native> constexpr kernel_error accuracy_of(shape in) {
  if constexpr (!simd::fuses<V> && requires { L::accuracy_as_written; }) return L::accuracy_as_written;
  else if constexpr (requires { L::accuracy(in); }) return L::accuracy(in);
  else return L::accuracy;
}

}  // namespace taut::engine_rounding
