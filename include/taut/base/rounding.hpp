// SPDX-License-Identifier: Apache-2.0
// Arithmetic on doubles that is rounded outward, without touching the floating-point environment.
//
//   add_down(a, b) <= a + b <= add_up(a, b)        likewise sub, mul, div, sqrt
//
// In a constant expression error-free transforms give the nearest representable bound; no flag changes that, and
// self_test() checks it. At run time nothing about the flags is assumed (contraction, -ffast-math, flush to zero): the
// plain result moves outward by 1 ulp (+, *) or 2 ulp (/, sqrt), and results below 2^-1000 move to 2^-1000 or 0. What
// has no bound (a NaN operand, infinity - infinity, 0 * infinity, x / 0, sqrt(-1)) is outward infinity, never a NaN.
// Example: static_assert(rounded::div_up(1, 3) > rounded::div_down(1, 3));
#pragma once

#include <bit>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace taut::rounded {

/// The bound that promises nothing (spelled in bits, or clang warns under -ffast-math).
inline constexpr double infinity = std::bit_cast<double>(std::uint64_t{0x7FF} << 52);
/// The largest finite double.
inline constexpr double largest = std::numeric_limits<double>::max();

namespace detail {

using word = std::uint64_t;
inline constexpr word sign_bit = word{1} << 63, infinity_bits = word{0x7FF} << 52, normal_bits = word{1} << 52;
inline constexpr word floor_bits = word{1023 - 1000} << 52;  // 2^-1000: below it, run-time results are not trusted

// A run-time value the optimizer knows nothing about. Under -ffinite-math-only clang derives from the arithmetic, and
// from every double parameter and return value, that bits cannot spell an infinity, and deletes tests of them.
template <class Word> constexpr Word opaque(Word bits) noexcept {
  if (!std::is_constant_evaluated()) {
#if defined(__GNUC__)
    asm("" : "+r"(bits));
#else
    volatile Word hidden = bits;
    bits = hidden;
#endif
  }
  return bits;
}

constexpr word bits_of(double x) noexcept {
  return std::is_constant_evaluated() ? std::bit_cast<word>(x) : opaque(std::bit_cast<word>(x));
}
constexpr word magnitude_bits(double x) noexcept { return bits_of(x) & ~sign_bit; }
constexpr double from_bits(word bits) noexcept {
  return std::bit_cast<double>(std::is_constant_evaluated() ? bits : opaque(bits));
}
constexpr double magnitude(double x) noexcept { return from_bits(magnitude_bits(x)); }
constexpr double negated(double x) noexcept {
  return std::is_constant_evaluated() ? -x : from_bits(bits_of(x) ^ sign_bit);
}
constexpr bool is_negative(double x) noexcept { return (bits_of(x) & sign_bit) != 0; }
constexpr bool is_zero(double x) noexcept { return magnitude_bits(x) == 0; }
constexpr bool is_infinite(double x) noexcept { return magnitude_bits(x) == infinity_bits; }
constexpr double unbounded() noexcept { return from_bits(infinity_bits); }

}  // namespace detail

/// Whether x is neither infinite nor NaN, decided by its bits: also true to its name under -ffinite-math-only.
constexpr bool is_finite(double x) noexcept { return detail::magnitude_bits(x) < detail::infinity_bits; }
/// The same for float.
constexpr bool is_finite(float x) noexcept {
  return (detail::opaque(std::bit_cast<std::uint32_t>(x)) & 0x7FFFFFFFu) < 0x7F800000u;
}
/// Whether x is NaN, decided by its bits.
constexpr bool is_nan(double x) noexcept { return detail::magnitude_bits(x) > detail::infinity_bits; }
/// The same for float.
constexpr bool is_nan(float x) noexcept {
  return (detail::opaque(std::bit_cast<std::uint32_t>(x)) & 0x7FFFFFFFu) > 0x7F800000u;
}
/// Whether x is finite, positive and not subnormal, decided by its bits: the test for a pivot.
constexpr bool is_positive(double x) noexcept {
  const auto bits = detail::bits_of(x);
  return bits >= detail::normal_bits && bits < detail::infinity_bits;
}

/// Whether a <= b, decided by bits: also where subnormal numbers are read as zero. False if one is NaN.
constexpr bool is_at_most(double a, double b) noexcept {
  using namespace detail;
  if (std::is_constant_evaluated()) return a <= b;
  const word p = magnitude_bits(a), q = magnitude_bits(b);
  if (p > infinity_bits || q > infinity_bits) return false;
  const bool a_negative = p != 0 && is_negative(a), b_negative = q != 0 && is_negative(b);
  if (a_negative != b_negative) return a_negative;
  return a_negative ? q <= p : p <= q;
}

/// The smallest double above x.
constexpr double next_up(double x) noexcept {
  using namespace detail;
  const word bits = bits_of(x), size = bits & ~sign_bit;
  if (size > infinity_bits || bits == infinity_bits) return unbounded();
  return from_bits(size == 0 ? 1 : size == bits ? bits + 1 : bits - 1);
}
/// The largest double below x.
constexpr double next_down(double x) noexcept { return detail::negated(next_up(detail::negated(x))); }

/// floor(log2 |x|) for finite x != 0, subnormal ones included.
constexpr int exponent_of(double x) noexcept {
  using namespace detail;
  const word bits = magnitude_bits(x);
  return bits >= normal_bits ? static_cast<int>(bits >> 52) - 1023 : -1011 - std::countl_zero(bits);
}

/// sqrt(x), off by at most one ulp; a constant expression on every compiler.
constexpr double sqrt_nearest(double x) noexcept {
  if (!std::is_constant_evaluated()) return __builtin_sqrt(x);
  if (!(x > 0) || x == infinity) return x < 0 ? std::bit_cast<double>(std::uint64_t{0x7FF8} << 48) : x;
  if (x < 0x1p-700) return sqrt_nearest(x * 0x1p600) * 0x1p-300;
  double root = std::bit_cast<double>((std::bit_cast<detail::word>(x) >> 1) + 0x1FF8000000000000u);
  for (int step = 0; step < 4; ++step) root = 0.5 * (root + x / root);  // 6 % off, then 2e-3, 2e-6, 2e-12, 1e-24
  return root;
}
/// The same for float.
constexpr float sqrt_nearest(float x) noexcept {
  if (!std::is_constant_evaluated()) return __builtin_sqrtf(x);
  return static_cast<float>(sqrt_nearest(static_cast<double>(x)));
}

namespace detail {

// Below, x and y are finite and positive; `up` says on which side of the truth the result must lie.

// x 2^exponent by integer arithmetic: rounded only where the result is subnormal or overflows
constexpr double scaled(double x, int exponent, bool up) noexcept {
  const word bits = bits_of(x), fraction = bits & (normal_bits - 1);
  const int shift = bits >= normal_bits ? 0 : std::countl_zero(fraction) - 11;
  const int target = exponent + (bits >= normal_bits ? static_cast<int>(bits >> 52) : 1 - shift);  // biased exponent
  const word significand = bits >= normal_bits ? fraction | normal_bits : fraction << shift;
  if (target > 2046) return from_bits(up ? infinity_bits : infinity_bits - 1);
  if (target >= 1) return from_bits((static_cast<word>(target) << 52) + (significand - normal_bits));
  const int lost = 1 - target;
  if (lost > 53) return from_bits(up ? 1 : 0);
  const word kept = significand >> lost;
  return from_bits(up && (kept << lost) != significand ? kept + 1 : kept);
}

// ---- constant evaluation: the sign of the error is computed exactly

constexpr bool tame(double x) { return (x >= 0x1p-400 && x <= 0x1p400) || (x <= -0x1p-400 && x >= -0x1p400); }
constexpr double significand(double x) { return scaled(x, -exponent_of(x), true); }
constexpr double directed(double x, double error, bool up) {  // x + error, where |error| is at most half an ulp
  return up ? (error > 0 ? next_up(x) : x) : (error < 0 ? next_down(x) : x);
}
constexpr double product_error(double a, double b, double product) {  // Dekker: exact for tame a, b
  const double ca = 134217729.0 * a, ah = ca - (ca - a), al = a - ah;
  const double cb = 134217729.0 * b, bh = cb - (cb - b), bl = b - bh;
  return al * bl - (((product - ah * bh) - al * bh) - ah * bl);
}
constexpr double tame_product(double x, double y, bool up) {
  const double product = x * y;
  return directed(product, product_error(x, y, product), up);
}
constexpr double tame_quotient(double x, double y, bool up) {
  const double quotient = x / y, back = quotient * y, remainder = (x - back) - product_error(quotient, y, back);
  return directed(quotient, y < 0 ? -remainder : remainder, up);
}
constexpr double exact_product(double x, double y, bool up) {
  return scaled(tame_product(significand(x), significand(y), up), exponent_of(x) + exponent_of(y), up);
}
constexpr double exact_quotient(double x, double y, bool up) {
  return scaled(tame_quotient(significand(x), significand(y), up), exponent_of(x) - exponent_of(y), up);
}
constexpr double exact_root(double x, bool up) {
  if (!tame(x)) {
    const int half = exponent_of(x) >> 1;
    return scaled(exact_root(scaled(x, -2 * half, true), up), half, up);
  }
  const auto excess = [x](double r) { return (r * r - x) + product_error(r, r, r * r); };  // sign of r^2 - x
  double root = sqrt_nearest(x);
  while (excess(root) > 0) root = next_down(root);
  while (excess(next_up(root)) <= 0) root = next_up(root);
  return up && excess(root) < 0 ? next_up(root) : root;
}
constexpr bool summable(double x) { return x <= 0x1p1000 && x >= -0x1p1000; }
constexpr double exact_sum_up(double a, double b) {
  if (!summable(a) || !summable(b)) {  // may overflow: half the sum does not
    const double half = 0.5 * a + 0.5 * b;
    if (half > 0.5 * largest) return infinity;
    return half < -0.5 * largest ? -largest : next_up(2 * half);
  }
  const double sum = a + b, b2 = sum - a;
  return (a - (sum - b2)) + (b - b2) > 0 ? next_up(sum) : sum;  // TwoSum
}

// ---- run time: step away from a plain result, given by the bits of its magnitude

constexpr double stepped(word size, unsigned steps, bool up) noexcept {
  if (size < floor_bits) return from_bits(up ? floor_bits : 0);
  if (up) return from_bits(size < infinity_bits - steps ? size + steps : infinity_bits);
  return from_bits(size - steps);
}
// A subnormal operand may be read as zero: replace it by a neighbour that every processor reads alike.
constexpr double normal(double x, bool up) noexcept {
  return bits_of(x) >= normal_bits ? x : from_bits(up ? normal_bits : 0);
}
constexpr double plain_product(double x, double y, bool up) noexcept {
  return stepped(magnitude_bits(normal(x, up) * normal(y, up)), 1, up);
}
constexpr double plain_quotient(double x, double y, bool up) noexcept {
  word over = bits_of(normal(x, up)), under = bits_of(normal(y, !up));
  if (under == 0) return unbounded();
  if (under > word{2040} << 52) {  // 1 / y would be subnormal: divide both by 2^64
    if (over <= word{64} << 52) return stepped(0, 0, up);
    over -= word{64} << 52, under -= word{64} << 52;
  }
  return stepped(magnitude_bits(from_bits(over) / from_bits(under)), 2, up);
}
constexpr double plain_root(double x, bool up) noexcept {
  return stepped(magnitude_bits(sqrt_nearest(normal(x, up))), 2, up);
}
constexpr double plain_sum_up(double a, double b) noexcept {
  if (bits_of(a) == (bits_of(b) ^ sign_bit)) return 0;
  a = is_negative(a) ? negated(normal(negated(a), false)) : normal(a, true);
  b = is_negative(b) ? negated(normal(negated(b), false)) : normal(b, true);
  const word bits = bits_of(a + b), size = bits & ~sign_bit;
  if (size < floor_bits) return from_bits(floor_bits);  // flushed: not even the sign is known
  return bits == size ? stepped(size, 1, true) : negated(stepped(size, 1, false));
}

constexpr double product(double a, double b, bool up) noexcept {  // side of the truth, for signed operands
  const bool negative = is_negative(a) != is_negative(b), outward = negative != up;
  const double x = magnitude(a), y = magnitude(b);
  const double size = std::is_constant_evaluated() ? exact_product(x, y, outward) : plain_product(x, y, outward);
  return negative ? negated(size) : size;
}
constexpr double quotient(double a, double b, bool up) noexcept {
  const bool negative = is_negative(a) != is_negative(b), outward = negative != up;
  const double x = magnitude(a), y = magnitude(b);
  const double size = std::is_constant_evaluated() ? exact_quotient(x, y, outward) : plain_quotient(x, y, outward);
  return negative ? negated(size) : size;
}
constexpr double signed_infinity(bool negative) noexcept {
  return from_bits(negative ? infinity_bits | sign_bit : infinity_bits);
}

}  // namespace detail

/// The smallest double known to be >= a + b.
constexpr double add_up(double a, double b) noexcept {
  using namespace detail;
  if (std::is_constant_evaluated() && summable(a) && summable(b)) return exact_sum_up(a, b);
  if (!is_finite(a) || !is_finite(b)) {
    const bool lost_a = is_nan(a) || bits_of(a) == infinity_bits, lost_b = is_nan(b) || bits_of(b) == infinity_bits;
    return signed_infinity(!lost_a && !lost_b);
  }
  if (is_zero(a)) return b;
  if (is_zero(b)) return a;
  return std::is_constant_evaluated() ? exact_sum_up(a, b) : plain_sum_up(a, b);
}
/// The largest double known to be <= a + b.
constexpr double add_down(double a, double b) noexcept {
  return detail::negated(add_up(detail::negated(a), detail::negated(b)));
}
/// The smallest double known to be >= a - b.
constexpr double sub_up(double a, double b) noexcept { return add_up(a, detail::negated(b)); }
/// The largest double known to be <= a - b.
constexpr double sub_down(double a, double b) noexcept { return add_down(a, detail::negated(b)); }

/// The smallest double known to be >= a b.
constexpr double mul_up(double a, double b) noexcept {
  using namespace detail;
  if (std::is_constant_evaluated() && tame(a) && tame(b)) return tame_product(a, b, true);
  if (is_nan(a) || is_nan(b)) return unbounded();
  if (is_infinite(a) || is_infinite(b))
    return is_zero(a) || is_zero(b) ? unbounded() : signed_infinity(is_negative(a) != is_negative(b));
  return is_zero(a) || is_zero(b) ? 0 : product(a, b, true);
}
/// The largest double known to be <= a b.
constexpr double mul_down(double a, double b) noexcept { return detail::negated(mul_up(detail::negated(a), b)); }

/// The smallest double known to be >= a / b.
constexpr double div_up(double a, double b) noexcept {
  using namespace detail;
  if (std::is_constant_evaluated() && tame(a) && tame(b)) return tame_quotient(a, b, true);
  if (is_nan(a) || is_nan(b) || is_zero(b) || (is_infinite(a) && is_infinite(b))) return unbounded();
  if (is_infinite(a)) return signed_infinity(is_negative(a) != is_negative(b));
  return is_zero(a) || is_infinite(b) ? 0 : quotient(a, b, true);
}
/// The largest double known to be <= a / b.
constexpr double div_down(double a, double b) noexcept { return detail::negated(div_up(detail::negated(a), b)); }

/// The smallest double known to be >= sqrt(x).
constexpr double sqrt_up(double x) noexcept {
  using namespace detail;
  if (is_zero(x)) return 0;
  if (!is_finite(x) || is_negative(x)) return unbounded();
  return std::is_constant_evaluated() ? exact_root(x, true) : plain_root(x, true);
}
/// The largest double known to be <= sqrt(x).
constexpr double sqrt_down(double x) noexcept {
  using namespace detail;
  if (is_zero(x)) return 0;
  if (!is_finite(x) || is_negative(x)) return signed_infinity(is_nan(x) || is_negative(x));
  return std::is_constant_evaluated() ? exact_root(x, false) : plain_root(x, false);
}

/// The smallest double >= x 2^exponent: exact at compile time and at run time unless the result is subnormal.
constexpr double scale_up(double x, int exponent) noexcept {
  using namespace detail;
  if (is_zero(x)) return 0;
  if (!is_finite(x)) return signed_infinity(!is_nan(x) && is_negative(x));
  return is_negative(x) ? negated(scaled(negated(x), exponent, false)) : scaled(x, exponent, true);
}

/// Fails where constant expressions do not round to nearest double, as with g++ -fsingle-precision-constant.
consteval bool self_test() {
  const double one = 1, half_ulp = 0x1p-53, a = 1 + 0x1p-30;
  bool ok = one + half_ulp == 1 && one + half_ulp * 1.5 == 1 + 0x1p-52 && (1 + 0x1p-52) + half_ulp == 1 + 0x1p-51;
  ok = ok && -one - half_ulp == -1 && detail::product_error(a, a, a * a) == 0x1p-60;
  ok = ok && 0x1p-1074 * 0.75 == 0x1p-1074 && div_up(1, 3) == 0x1.5555555555556p-2 && sqrt_up(4) == 2;
  return ok && sqrt_up(2) == 0x1.6a09e667f3bcdp+0 && sqrt_down(2) == 0x1.6a09e667f3bccp+0 && add_up(1, 0x1p-99) > 1;
}
static_assert(self_test(), "constant expressions do not round to nearest double");

/// Bounds of a non-negative real that may be unknown: lower <= x <= upper. upper == infinity says "not bounded",
/// lower == infinity that the quantity itself is infinite (1 / 0).
struct interval {
  double lower, upper;
};

/// Bounds of x + y.
constexpr interval add(interval x, interval y) noexcept {
  return {add_down(x.lower, y.lower), add_up(x.upper, y.upper)};
}

/// Bounds of x y. 0 * infinity: the product with an exact zero [0, 0] is zero if the other factor is a real number,
/// however unbounded; if that factor is itself infinite ([infinity, infinity]) nothing is known: [0, infinity]. A lower
/// end 0 of a wider interval makes the lower end 0 and leaves the upper end infinite.
constexpr interval mul(interval x, interval y) noexcept {
  using namespace detail;
  const bool undefined = (is_zero(x.upper) && is_infinite(y.lower)) || (is_zero(y.upper) && is_infinite(x.lower));
  const bool vanishes = is_zero(x.upper) || is_zero(y.upper);
  const double lower = is_zero(x.lower) || is_zero(y.lower) ? 0 : mul_down(x.lower, y.lower);
  return {lower, undefined ? unbounded() : vanishes ? 0 : mul_up(x.upper, y.upper)};
}

/// Bounds of 1 / x, with 1 / 0 = infinity and 1 / infinity = 0.
constexpr interval reciprocal(interval x) noexcept {
  using namespace detail;
  return {is_zero(x.upper) ? unbounded() : div_down(1, x.upper), is_zero(x.lower) ? unbounded() : div_up(1, x.lower)};
}

/// Bounds of the square root of x.
constexpr interval sqrt(interval x) noexcept { return {sqrt_down(x.lower), sqrt_up(x.upper)}; }
/// Bounds of x^2: tighter than mul(x, x) in nothing, but it reads better.
constexpr interval square(interval x) noexcept { return {mul_down(x.lower, x.lower), mul_up(x.upper, x.upper)}; }

/// Bounds of the larger of x and y. Bits of non-negative doubles order as the numbers do, infinities included.
constexpr interval max(interval x, interval y) noexcept {
  const auto larger = [](double a, double b) { return detail::bits_of(a) < detail::bits_of(b) ? b : a; };
  return {larger(x.lower, y.lower), larger(x.upper, y.upper)};
}

}  // namespace taut::rounded
