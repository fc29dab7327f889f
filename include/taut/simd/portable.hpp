// SPDX-License-Identifier: Apache-2.0
//
// The words every kernel is written in, for scalars and for `portable<Width>`: Width floats that behave, bit for bit,
// like a vector register, and that the compiler can evaluate. portable<native::width> replays the native lane in
// constant expressions; `scalar` is the lane of firmware: it never fuses, so its bits are the same on every processor.
// Example, for any lane V:
//   V y = max(multiply_add(load<V>(x), V(0.5f), V(1.0f)), V(0.0f));
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <taut/simd/fused_sum.hpp>
#include <taut/simd/soft_root.hpp>
#include <type_traits>

namespace taut::simd {

/// True when the target has a fused multiply-add instruction for float; it decides what `multiply_add` means.
inline constexpr bool target_fuses =
#if defined(__FP_FAST_FMAF) || defined(__FMA__) || defined(__ARM_FEATURE_FMA)
    true;
#else
    false;
#endif

/// n / d, rounded up: the registers, panels or turns that n needs.
constexpr std::size_t ceil_div(std::size_t n, std::size_t d) { return (n + d - 1) / d; }

/// Adding this to |t| <= 2^22 rounds t to the nearest integer (ties to even) and leaves it in the low bits.
inline constexpr float integer_shift = 0x1.8p23f;

namespace detail {

constexpr double newton_sqrt(double x) {
  if (!(x > 0) || x == std::numeric_limits<double>::infinity()) {
    return x < 0 ? std::numeric_limits<double>::quiet_NaN() : x;
  }
  if (x < 0x1p-1000) return newton_sqrt(x * 0x1p200) * 0x1p-100;
  double root = __builtin_bit_cast(double, (bits(x) >> 1) + 0x1ff7a3bea91d9b1bu);  // within 3.5 %, each step squares it
  for (int step = 0; step < 4; ++step) root = 0.5 * (root + x / root);
  return root;
}

}  // namespace detail

/// x, computed as written: the optimiser may neither regroup x with what follows nor contract it into a fused operation
/// (g++; clang contracts across functions only with -ffp-contract=fast).
template <std::floating_point T> [[gnu::always_inline]] constexpr T as_written(T x) {
#if defined(__clang__)
#if defined(__x86_64__) || defined(__i386__)
  if (!std::is_constant_evaluated()) return __arithmetic_fence(x);
#endif
  return x;
#elif defined(__GNUC__)
  return __builtin_assoc_barrier(x);
#else
  return x;
#endif
}

/// a * b + c rounded once, on every target and in constant expressions; slow where the target does not fuse.
[[gnu::always_inline]] constexpr float fma(float a, float b, float c) {
  return target_fuses && !__builtin_is_constant_evaluated()
             ? __builtin_fmaf(a, b, c)
             : detail::fused(static_cast<double>(a) * b, c, static_cast<double>(a) * b + c);
}
/// a * b + c: fused where the target fuses, otherwise product then sum; constant expressions do what the target does.
/// This is the word for kernels: g++ contracts plain a * b + c at will, here the rounding is decided once.
[[gnu::always_inline]] constexpr float multiply_add(float a, float b, float c) {
  return !target_fuses ? a * b + c
         : __builtin_is_constant_evaluated()
             ? detail::fused(static_cast<double>(a) * b, c, static_cast<double>(a) * b + c)
             : __builtin_fmaf(a, b, c);
}
/// For double: a * b + c, whose rounding may differ between targets and from constant expressions.
constexpr double fma(double a, double b, double c) { return a * b + c; }
/// For double: as fma.
constexpr double multiply_add(double a, double b, double c) { return a * b + c; }

/// The square root: correctly rounded for float; for double within 1 ulp in constant expressions.
[[gnu::always_inline]] constexpr float sqrt(float x) {
  // Newton's relative error 2^-52 is less than the distance 2^-51 of a root of a float from a midpoint of floats.
  return std::is_constant_evaluated() ? static_cast<float>(detail::newton_sqrt(x))
         : target_has_roots           ? __builtin_sqrtf(x)
                                      : detail::soft_root(x);
}
[[gnu::always_inline]] constexpr double sqrt(double x) {
  return std::is_constant_evaluated() ? detail::newton_sqrt(x) : __builtin_sqrt(x);
}

/// |x|: clears the sign bit.
constexpr float abs(float x) { return __builtin_bit_cast(float, detail::bits(x) & 0x7fffffff); }
constexpr double abs(double x) { return __builtin_bit_cast(double, detail::bits(x) & 0x7fffffffffffffff); }

/// a < b ? b : a, so a NaN (or the sign of a zero) survives when it comes first.
template <std::floating_point T> constexpr T max(T a, std::type_identity_t<T> b) { return a < b ? b : a; }
/// b < a ? b : a, so a NaN (or the sign of a zero) survives when it comes first.
template <std::floating_point T> constexpr T min(T a, std::type_identity_t<T> b) { return b < a ? b : a; }
/// The mask of a < b; false when either is NaN.
template <std::floating_point T> constexpr bool less(T a, std::type_identity_t<T> b) { return a < b; }
/// x where the mask holds, else y; the value not chosen has no influence.
template <std::floating_point T> constexpr T select(bool mask, T x, std::type_identity_t<T> y) { return mask ? x : y; }
/// 2^n for shifted = n + integer_shift, n an integer in [-126, 127].
constexpr float power_of_two(float shifted) {
  return __builtin_bit_cast(float, (detail::bits(shifted) << 23) + 0x3f800000u);
}

/// n + integer_shift with x 2^-n in [sqrt(1/2), sqrt(2)), for normal x > 0: the inverse of power_of_two.
constexpr float nearest_exponent(float x) {
  return __builtin_bit_cast(float, ((detail::bits(x) + 0x4afb0du) >> 23) + (0x4b400000u - 127));
}
/// The power of two p with p^2 x in [1/2, 2), for normal x > 0; ready before sqrt(x) is.
constexpr float inverse_root_power(float x) {
  return __builtin_bit_cast(float, (190u << 23) - (detail::bits(x) >> 24 << 23));
}

/// Width floats with the arithmetic, the order of operations and the rounding of a register, in constant expressions.
/// `Fuses`: what multiply_add means.
template <std::size_t Width, bool Fuses = target_fuses> struct portable {
  static_assert(Width > 0 && (Width & (Width - 1)) == 0, "a lane has 1, 2, 4, 8, ... floats");
  static constexpr std::size_t width = Width;
  /// The result of a comparison.
  struct mask {
    bool at[Width];
  };
  float at[Width];

  portable() = default;
  /// All floats equal.
  constexpr portable(float everywhere) {
    for (float& v : at) v = everywhere;
  }

  static constexpr portable load(const float* p) {
    portable r;
    for (std::size_t i = 0; i < Width; ++i) r.at[i] = p[i];
    return r;
  }
  static constexpr portable load_block(const float* p) {
    portable r;
    for (std::size_t i = 0; i < Width; ++i) r.at[i] = p[Width < 4 ? 0 : i % 4];
    return r;
  }
  constexpr void store(float* p) const {
    for (std::size_t i = 0; i < Width; ++i) p[i] = at[i];
  }

  friend constexpr portable operator+(portable a, const portable& b) {
    for (std::size_t i = 0; i < Width; ++i) a.at[i] += b.at[i];
    return a;
  }
  friend constexpr portable operator-(portable a, const portable& b) {
    for (std::size_t i = 0; i < Width; ++i) a.at[i] -= b.at[i];
    return a;
  }
  friend constexpr portable operator*(portable a, const portable& b) {
    for (std::size_t i = 0; i < Width; ++i) a.at[i] = product(a.at[i], b.at[i]);
    return a;
  }
  friend constexpr portable operator/(portable a, const portable& b) {
    for (std::size_t i = 0; i < Width; ++i) a.at[i] /= b.at[i];
    return a;
  }
  friend constexpr portable operator-(portable a) {
    for (float& v : a.at) v = -v;
    return a;
  }
  constexpr portable& operator+=(const portable& b) { return *this = *this + b; }
  constexpr portable& operator-=(const portable& b) { return *this = *this - b; }
  constexpr portable& operator*=(const portable& b) { return *this = *this * b; }
  constexpr portable& operator/=(const portable& b) { return *this = *this / b; }

  /// The multiply_add of one of its floats.
  [[gnu::always_inline]] static constexpr float multiply_add(float a, float b, float c) {
    if constexpr (Fuses == target_fuses) return simd::multiply_add(a, b, c);
    else if constexpr (Fuses) return simd::fma(a, b, c);
    else return product(a, b) + c;
  }

 private:
  // g++ 12 forgets as_written when it vectorises a loop over scalars, and contracts; a * b - 0 cannot be contracted.
  static constexpr float product(float a, float b) {
#if defined(__GNUC__) && !defined(__clang__) && (defined(__x86_64__) || defined(__aarch64__))
    if constexpr (target_fuses)
      if (!std::is_constant_evaluated()) return __builtin_fmaf(a, b, -0.0f);
#endif
    return as_written(a * b);
  }
};

/// One float with products and sums as written: the same bits on every processor, with every compiler.
using scalar = portable<1, false>;
/// One float whose multiply_add rounds once: the same bits everywhere, too, but slow where the target does not fuse.
using fused_scalar = portable<1, true>;

/// The same words for portable<Width>, one float at a time.
template <std::size_t Width, bool F> constexpr portable<Width, F> as_written(const portable<Width, F>& x) {
  portable<Width, F> r;
  for (std::size_t i = 0; i < Width; ++i) r.at[i] = as_written(x.at[i]);
  return r;
}
template <std::size_t Width, bool F>
constexpr portable<Width, F> fma(const portable<Width, F>& a, const std::type_identity_t<portable<Width, F>>& b,
                                 const std::type_identity_t<portable<Width, F>>& c) {
  portable<Width, F> r;
  for (std::size_t i = 0; i < Width; ++i) r.at[i] = fma(a.at[i], b.at[i], c.at[i]);
  return r;
}
template <std::size_t Width, bool F>
constexpr portable<Width, F> multiply_add(const portable<Width, F>& a,
                                          const std::type_identity_t<portable<Width, F>>& b,
                                          const std::type_identity_t<portable<Width, F>>& c) {
  portable<Width, F> r;
  for (std::size_t i = 0; i < Width; ++i) r.at[i] = portable<Width, F>::multiply_add(a.at[i], b.at[i], c.at[i]);
  return r;
}
template <std::size_t Width, bool F>
constexpr portable<Width, F> max(portable<Width, F> a, const std::type_identity_t<portable<Width, F>>& b) {
  for (std::size_t i = 0; i < Width; ++i) a.at[i] = max(a.at[i], b.at[i]);
  return a;
}
template <std::size_t Width, bool F>
constexpr portable<Width, F> min(portable<Width, F> a, const std::type_identity_t<portable<Width, F>>& b) {
  for (std::size_t i = 0; i < Width; ++i) a.at[i] = min(a.at[i], b.at[i]);
  return a;
}
template <std::size_t Width, bool F> constexpr portable<Width, F> abs(portable<Width, F> a) {
  for (float& v : a.at) v = abs(v);
  return a;
}
template <std::size_t Width, bool F> constexpr portable<Width, F> sqrt(portable<Width, F> a) {
  for (float& v : a.at) v = sqrt(v);
  return a;
}
template <std::size_t Width, bool F> constexpr portable<Width, F> power_of_two(portable<Width, F> shifted) {
  for (float& v : shifted.at) v = power_of_two(v);
  return shifted;
}
template <std::size_t Width, bool F> constexpr portable<Width, F> nearest_exponent(portable<Width, F> a) {
  for (float& v : a.at) v = nearest_exponent(v);
  return a;
}
template <std::size_t Width, bool F> constexpr portable<Width, F> inverse_root_power(portable<Width, F> a) {
  for (float& v : a.at) v = inverse_root_power(v);
  return a;
}
template <std::size_t Width, bool F>
constexpr auto less(const portable<Width, F>& a, const std::type_identity_t<portable<Width, F>>& b) {
  typename portable<Width, F>::mask r{};
  for (std::size_t i = 0; i < Width; ++i) r.at[i] = a.at[i] < b.at[i];
  return r;
}
template <std::size_t Width, bool F>
constexpr portable<Width, F> select(const typename portable<Width, F>::mask& mask, portable<Width, F> x,
                                    const std::type_identity_t<portable<Width, F>>& y) {
  for (std::size_t i = 0; i < Width; ++i) x.at[i] = mask.at[i] ? x.at[i] : y.at[i];
  return x;
}

/// v with the floats from position n on replaced by 0, whatever they are.
template <std::size_t Width, bool F> constexpr portable<Width, F> select_first(portable<Width, F> v, std::size_t n) {
  for (std::size_t i = n; i < Width; ++i) v.at[i] = 0;
  return v;
}
/// In each group of four: x0 + x1, x2 + x3, y0 + y1, y2 + y3.
template <std::size_t Width, bool F>
  requires(Width % 4 == 0)
constexpr portable<Width, F> add_pairs(const portable<Width, F>& x, const portable<Width, F>& y) {
  portable<Width, F> r;
  for (std::size_t g = 0; g < Width; g += 4) {
    r.at[g] = x.at[g] + x.at[g + 1];
    r.at[g + 1] = x.at[g + 2] + x.at[g + 3];
    r.at[g + 2] = y.at[g] + y.at[g + 1];
    r.at[g + 3] = y.at[g + 2] + y.at[g + 3];
  }
  return r;
}
/// The floats at even positions: of x, then of y.
template <std::size_t Width, bool F>
constexpr portable<Width, F> evens(const portable<Width, F>& x, const portable<Width, F>& y) {
  portable<Width, F> r;
  for (std::size_t i = 0; i < Width; ++i) r.at[i] = 2 * i < Width ? x.at[2 * i] : y.at[2 * i - Width];
  return r;
}
/// The floats at odd positions: of x, then of y.
template <std::size_t Width, bool F>
constexpr portable<Width, F> odds(const portable<Width, F>& x, const portable<Width, F>& y) {
  portable<Width, F> r;
  for (std::size_t i = 0; i < Width; ++i) r.at[i] = 2 * i + 1 < Width ? x.at[2 * i + 1] : y.at[2 * i + 1 - Width];
  return r;
}
/// The sum of all floats: the upper half is added to the lower half until one is left.
template <std::size_t Width, bool F> constexpr float sum(portable<Width, F> v) {
  for (std::size_t half = Width / 2; half > 0; half /= 2)
    for (std::size_t i = 0; i < half; ++i) v.at[i] += v.at[i + half];
  return v.at[0];
}

/// A lane of floats: float itself, portable<Width> or native.
template <class V>
concept float_lane = std::same_as<V, float> || requires(const float* p) {
  { V::load(p) } -> std::same_as<V>;
};
/// A double that carries derivatives (theory/jet.hpp): x.chain(y, slope, curvature) is what a function with this value,
/// first and second derivative at x.value makes of x. The words compare values; where two pieces meet, the piece whose
/// value they choose is differentiated.
template <class V>
concept differential_lane = requires(const V& x, double y) {
  { x.chain(y, y, y) } -> std::same_as<V>;
};
/// A lane: of floats, or double (for reference evaluation), or double with derivatives.
template <class V>
concept lane = float_lane<V> || std::same_as<V, double> || differential_lane<V>;

namespace detail {
template <lane V> constexpr std::size_t lane_width() {
  if constexpr (std::floating_point<V>) return 1;
  else return V::width;
}
}  // namespace detail

/// How many scalars a lane holds.
template <lane V> inline constexpr std::size_t width = detail::lane_width<V>();
/// What a lane holds: float, or double for double with or without derivatives.
template <lane V> using element = std::conditional_t<float_lane<V>, float, double>;
/// Whether multiply_add rounds once in lanes V.
template <lane V> inline constexpr bool fuses = target_fuses;
template <std::size_t Width, bool F> inline constexpr bool fuses<portable<Width, F>> = F;
/// One float with the arithmetic of V.
template <lane V> using one_of = portable<1, fuses<V>>;
/// What constant expressions compute in for lanes V: portable lanes of the same width.
template <lane V> using replayed = portable<width<V>, fuses<V>>;
/// Columns that one block broadcast covers: 4, or 1 for lanes narrower than 4.
template <float_lane V> inline constexpr std::size_t block_columns = width<V> >= 4 ? 4 : 1;

/// The width<V> scalars at p.
template <lane V> [[gnu::always_inline]] constexpr V load(const element<V>* p) {
  if constexpr (std::floating_point<V>) return *p;
  else return V::load(p);
}
/// The same for p aligned to the size of V.
template <lane V> [[gnu::always_inline]] constexpr V load_aligned(const element<V>* p) {
  if constexpr (requires { V::load_aligned(p); }) return V::load_aligned(p);
  else return load<V>(p);
}
/// Writes the scalars of v to p.
template <lane V> [[gnu::always_inline]] constexpr void store(const V& v, element<V>* p) {
  if constexpr (std::floating_point<V>) *p = v;
  else v.store(p);
}
/// The same for p aligned to the size of V.
template <lane V> [[gnu::always_inline]] constexpr void store_aligned(const V& v, element<V>* p) {
  if constexpr (requires { v.store_aligned(p); }) v.store_aligned(p);
  else store(v, p);
}
/// All scalars equal to x.
template <lane V> [[gnu::always_inline]] constexpr V broadcast(element<V> x) { return V(x); }
/// A number as a lane, rounded to its element type: for constants and parameters in text that serves every lane.
template <lane V> [[gnu::always_inline]] constexpr V number(double x) { return V(static_cast<element<V>>(x)); }
/// p[0..3] repeated (one block of columns); p[0] repeated in lanes narrower than 4.
template <float_lane V> [[gnu::always_inline]] constexpr V broadcast_block(const float* p) {
  if constexpr (std::floating_point<V>) return *p;
  else return V::load_block(p);
}
/// For scalars: v itself.
template <std::floating_point T> constexpr T sum(T v) { return v; }
/// For scalars: v, or 0 when n = 0.
template <std::floating_point T> constexpr T select_first(T v, std::size_t n) { return n == 0 ? T(0) : v; }

/// The same words for a double that carries derivatives.
template <differential_lane V> constexpr V as_written(const V& x) { return x; }
template <differential_lane V>
constexpr V multiply_add(const V& a, const std::type_identity_t<V>& b, const std::type_identity_t<V>& c) {
  return a * b + c;
}
template <differential_lane V> constexpr bool less(const V& a, const std::type_identity_t<V>& b) {
  return a.value < b.value;
}
template <differential_lane V> constexpr V select(bool mask, const V& x, const std::type_identity_t<V>& y) {
  return mask ? x : y;
}
template <differential_lane V> constexpr V max(const V& a, const std::type_identity_t<V>& b) {
  return less(a, b) ? b : a;
}
template <differential_lane V> constexpr V min(const V& a, const std::type_identity_t<V>& b) {
  return less(b, a) ? b : a;
}
template <differential_lane V> constexpr V abs(const V& x) { return x.value < 0 ? -x : x; }
template <differential_lane V> constexpr V sqrt(const V& x) {
  const double y = sqrt(x.value);
  return x.chain(y, 0.5 / y, -0.25 / (y * x.value));
}

/// 1 / sqrt(x) by the IEEE root and division: at most 1.5 ulp, never NaN for finite x > 0, the same in every lane.
template <lane V> [[gnu::always_inline]] constexpr V reciprocal_sqrt(const V& x) { return V(1) / sqrt(x); }

}  // namespace taut::simd
