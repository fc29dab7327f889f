// SPDX-License-Identifier: Apache-2.0
// Every check compares whole numbers: the reference is exact integer arithmetic on the bits of the operands, so the
// same text is a test under -O3 -march=native -ffast-math, where floating-point references would break first.
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <taut/base/rounding.hpp>

#include "support/catch.hpp"

namespace {

namespace rounded = taut::rounded;
using word = std::uint64_t;

constexpr word sign_bit = word{1} << 63, infinity_bits = word{0x7FF} << 52;

word bits(double x) { return rounded::detail::bits_of(x); }
double value(word w) { return rounded::detail::from_bits(w); }

// Exact sums of doubles and of products of two doubles: a fixed-point number from 2^-2200 to 2^2100, two's complement.
class exact_sum {
 public:
  exact_sum& add(double x, bool minus = false) {
    const parts p{x};
    put(p.significand, p.exponent, p.negative != minus);
    return *this;
  }
  exact_sum& add_product(double x, double y, bool minus = false) {
    const parts p{x}, q{y};
    const bool negative = (p.negative != q.negative) != minus;
    constexpr word low = 0xFFFFFFFFu;
    put((p.significand & low) * (q.significand & low), p.exponent + q.exponent, negative);
    put((p.significand & low) * (q.significand >> 32), p.exponent + q.exponent + 32, negative);
    put((p.significand >> 32) * (q.significand & low), p.exponent + q.exponent + 32, negative);
    put((p.significand >> 32) * (q.significand >> 32), p.exponent + q.exponent + 64, negative);
    return *this;
  }
  int sign() const {
    if (digits.back() >> 63) return -1;
    for (word d : digits)
      if (d != 0) return 1;
    return 0;
  }

 private:
  struct parts {
    explicit parts(double x) {
      const word w = bits(x) & ~sign_bit;
      negative = w != bits(x);
      significand = w >> 52 ? (w & ((word{1} << 52) - 1)) | word{1} << 52 : w;
      exponent = (w >> 52 ? static_cast<int>(w >> 52) : 1) - 1075;
    }
    word significand;
    int exponent;
    bool negative;
  };
  void put(word number, int exponent, bool minus) {
    const auto position = static_cast<unsigned>(exponent + 2200);
    std::size_t at = position / 64;
    const unsigned shift = position % 64;
    const std::array<word, 2> piece{number << shift, shift ? number >> (64 - shift) : 0};
    word carry = 0;
    for (std::size_t k = 0; at < digits.size() && (k < 2 || carry); ++k, ++at) {
      const word old = digits[at], term = k < 2 ? piece[k] : 0;
      digits[at] = minus ? old - term - carry : old + term + carry;
      carry = minus ? (old < term || (old == term && carry)) : (digits[at] < old || (carry && digits[at] == old));
    }
  }
  std::array<word, 72> digits{};
};

// the order of doubles, infinities included, as the order of integers
std::int64_t rank(double x) {
  const auto size = static_cast<std::int64_t>(bits(x) & ~sign_bit);
  return bits(x) & sign_bit ? -size : size;
}
bool finite(double x) { return (bits(x) & ~sign_bit) < infinity_bits; }

// What one operation claims: `truth_minus(r)` is the sign of (true value - r) for a finite r.
struct tally {
  long checks = 0, unsound = 0, loose = 0, tight = 0;
  template <class TruthMinus> void operator()(double down, double up, TruthMinus truth_minus, int ulps) {
    ++checks;
    const bool low = finite(down) ? truth_minus(down) >= 0 : bits(down) == (infinity_bits | sign_bit);
    const bool high = finite(up) ? truth_minus(up) <= 0 : bits(up) == infinity_bits;
    unsound += !low || !high;
    const std::int64_t low_rank = rank(down), high_rank = rank(up), small = rank(0x1p-960);
    const bool ordinary = finite(down) && finite(up) && (low_rank > small || high_rank < -small);
    loose += ordinary && high_rank - low_rank > ulps;
    tight += ordinary;
  }
};

word draw(word& state) {
  word z = (state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

// exponents from subnormal to nearly overflowing, significands random or at the corners where roundings go wrong
double draw_double(word& state) {
  constexpr std::array<word, 7> first{0, 20, 480, 1000, 1500, 1985, 0}, span{3, 80, 100, 60, 80, 62, 2047};
  const word kind = draw(state) % first.size(), mantissa = draw(state) & ((word{1} << 52) - 1);
  const word exponent = first[kind] + draw(state) % span[kind];
  const std::array<word, 4> corner{mantissa, mantissa & 3, (word{1} << 52) - 1 - (mantissa & 3),
                                   mantissa & ~((word{1} << 26) - 1)};
  return value(exponent << 52 | corner[draw(state) % 4] | (draw(state) & sign_bit));
}

}  // namespace

static_assert(rounded::add_up(1, 0x1p-60) == 1 + 0x1p-52 && rounded::add_down(1, 0x1p-60) == 1);
static_assert(rounded::add_up(0.5, 0.25) == 0.75 && rounded::add_down(0.5, 0.25) == 0.75, "exact results stay");
static_assert(rounded::sub_up(1, 0x1p-60) == 1 && rounded::sub_down(1, 0x1p-60) == 1 - 0x1p-53);
static_assert(rounded::add_up(-1, 0x1p-1074) == -1 + 0x1p-53);
static_assert(rounded::mul_up(3, 5) == 15 && rounded::mul_down(3, 5) == 15);
static_assert(rounded::mul_up(1 + 0x1p-52, 1 + 0x1p-52) == 1 + 0x1p-51 + 0x1p-52);
static_assert(rounded::mul_down(1 + 0x1p-52, 1 + 0x1p-52) == 1 + 0x1p-51);
static_assert(rounded::mul_up(-0x1p-600, 0x1p-600) == 0 && rounded::mul_down(-0x1p-600, 0x1p-600) == -0x1p-1074);
static_assert(rounded::mul_up(0x1p-537, 0x1p-537) == 0x1p-1074 && rounded::mul_down(0x1p-537, 0x1p-537) == 0x1p-1074);
static_assert(rounded::mul_up(0x1p600, 0x1p600) == rounded::infinity);
static_assert(rounded::mul_down(0x1p600, 0x1p600) == rounded::largest);
static_assert(rounded::add_up(rounded::largest, rounded::largest) == rounded::infinity);
static_assert(rounded::add_down(rounded::largest, rounded::largest) == rounded::largest);
static_assert(rounded::div_up(1, 3) == rounded::next_up(rounded::div_down(1, 3)));
static_assert(rounded::div_up(1, 0x1p-1074) == rounded::infinity && rounded::div_down(1, 4) == 0.25);
static_assert(rounded::div_up(0x1p-1074, 0x1p-1074) == 1 && rounded::div_down(-1, 3) == -rounded::div_up(1, 3));
static_assert(rounded::sqrt_up(0x1p-1074) == 0x1p-537 && rounded::sqrt_down(9) == 3 && rounded::sqrt_up(9) == 3);
static_assert(rounded::sqrt_up(rounded::largest) == 0x1p512 && rounded::sqrt_down(rounded::largest) < 0x1p512);
static_assert(rounded::next_up(0) == 0x1p-1074 && rounded::next_down(0) == -0x1p-1074);
static_assert(rounded::next_up(rounded::largest) == rounded::infinity);
static_assert(rounded::next_down(rounded::infinity) == rounded::largest);
static_assert(rounded::next_up(-1) == -1 + 0x1p-53 && rounded::next_up(-rounded::infinity) == -rounded::largest);
static_assert(rounded::scale_up(3, 4) == 48 && rounded::scale_up(1, 1024) == rounded::infinity);
static_assert(rounded::scale_up(0x1.8p0, -1074) == 0x1p-1073 && rounded::scale_up(-0x1.8p0, -1074) == -0x1p-1074);
static_assert(rounded::scale_up(0x1.8p-1073, 2000) == 0x1.8p927 && rounded::scale_up(0, 5) == 0);
static_assert(rounded::exponent_of(1.5) == 0 && rounded::exponent_of(-0x1p-1074) == -1074);
static_assert(rounded::exponent_of(0x1p-1022) == -1022 && rounded::exponent_of(0x1.8p-1024) == -1024);
static_assert(rounded::sqrt_nearest(4.0) == 2 && rounded::sqrt_nearest(0x1p-1074) == 0x1p-537);
static_assert(rounded::sqrt_nearest(2.0F) == 0x1.6a09e6p+0F && rounded::sqrt_nearest(0x1p1000) == 0x1p500);

// what has no bound is outward infinity
static_assert(rounded::add_up(rounded::infinity, -rounded::infinity) == rounded::infinity);
static_assert(rounded::add_down(rounded::infinity, -rounded::infinity) == -rounded::infinity);
static_assert(rounded::add_up(-rounded::infinity, 1) == -rounded::infinity);
static_assert(rounded::mul_up(rounded::infinity, 0) == rounded::infinity);
static_assert(rounded::mul_down(rounded::infinity, 0) == -rounded::infinity);
static_assert(rounded::mul_up(rounded::infinity, -2) == -rounded::infinity);
static_assert(rounded::div_up(1, 0) == rounded::infinity && rounded::div_down(1, 0) == -rounded::infinity);
static_assert(rounded::div_up(1, rounded::infinity) == 0 && rounded::div_down(rounded::infinity, 2) > 1);
static_assert(rounded::sqrt_up(-1) == rounded::infinity && rounded::sqrt_down(-1) == -rounded::infinity);

// intervals of non-negative numbers; infinity is "not bounded", [infinity, infinity] is "infinite"
constexpr bool same(rounded::interval x, double lower, double upper) { return x.lower == lower && x.upper == upper; }
constexpr double inf = rounded::infinity;
static_assert(same(rounded::add({1, 2}, {3, inf}), 4, inf));
static_assert(same(rounded::mul({0, 0}, {1, inf}), 0, 0), "zero times a real number is zero");
static_assert(same(rounded::mul({1, inf}, {0, 0}), 0, 0));
static_assert(same(rounded::mul({0, 0}, {inf, inf}), 0, inf), "zero times infinity is unknown");
static_assert(same(rounded::mul({0, 2}, {1, inf}), 0, inf), "a zero that is not exact bounds nothing");
static_assert(same(rounded::mul({0, 2}, {inf, inf}), 0, inf));
static_assert(same(rounded::reciprocal({2, 4}), 0.25, 0.5));
static_assert(same(rounded::reciprocal({0, 4}), 0.25, inf));
static_assert(same(rounded::reciprocal({0, 0}), inf, inf));
static_assert(same(rounded::reciprocal({4, inf}), 0, 0.25));
static_assert(same(rounded::reciprocal({inf, inf}), 0, 0));
static_assert(same(rounded::sqrt({4, inf}), 2, inf) && same(rounded::square({3, 5}), 9, 25));
static_assert(same(rounded::max({1, 5}, {2, 3}), 2, 5) && same(rounded::max({1, inf}, {2, 3}), 2, inf));
static_assert(rounded::sqrt({2, 2}).lower < rounded::sqrt({2, 2}).upper);

// one number for 2000 x 8 operations: both compilers must evaluate every bit alike under every flag
constexpr word hash_of_operations() {
  word state = 1, hash = 1469598103934665603u;
  const auto next = [&state] {
    return state = state * 6364136223846793005u + 1442695040888963407u, state ^ state >> 29;
  };
  const auto put = [&hash](double x) { hash = (hash ^ std::bit_cast<word>(x)) * 1099511628211u; };
  for (int i = 0; i < 2000; ++i) {
    const word r = next(), q = next();
    const double a = std::bit_cast<double>((r & 0x800FFFFFFFFFFFFFu) | (1000 + (r >> 8) % 60) << 52);
    const double b = std::bit_cast<double>((q & 0x800FFFFFFFFFFFFFu) | (1000 + (q >> 8) % 60) << 52);
    put(rounded::add_up(a, b)), put(rounded::add_down(a, b)), put(rounded::mul_up(a, b)), put(rounded::mul_down(a, b));
    put(rounded::div_up(a, b)), put(rounded::div_down(a, b));
    put(rounded::sqrt_up(a < 0 ? -a : a)), put(rounded::sqrt_down(a < 0 ? -a : a));
  }
  return hash;
}
static_assert(hash_of_operations() == 7910047952526977078u);

TEST_CASE("base.rounding: every run-time bound holds and is near") {
  tally add, sub, mul, div, root;
  word state = 7;
  for (int i = 0; i < 200000; ++i) {
    const double a = draw_double(state), near = value(bits(a) ^ (draw(state) & 3));
    const double b = draw(state) % 8 ? draw_double(state) : draw(state) % 2 ? near : value(bits(near) ^ sign_bit);
    const double x = value(bits(a) & ~sign_bit);
    add(
        rounded::add_down(a, b), rounded::add_up(a, b),
        [&](double r) { return exact_sum{}.add(a).add(b).add(r, true).sign(); }, 2);
    sub(
        rounded::sub_down(a, b), rounded::sub_up(a, b),
        [&](double r) { return exact_sum{}.add(a).add(b, true).add(r, true).sign(); }, 2);
    mul(
        rounded::mul_down(a, b), rounded::mul_up(a, b),
        [&](double r) { return exact_sum{}.add_product(a, b).add(r, true).sign(); }, 2);
    if ((bits(b) & ~sign_bit) != 0)
      div(
          rounded::div_down(a, b), rounded::div_up(a, b),
          [&](double r) { return exact_sum{}.add(a).add_product(r, b, true).sign() * (bits(b) & sign_bit ? -1 : 1); },
          4);
    root(
        rounded::sqrt_down(x), rounded::sqrt_up(x),
        [&](double r) { return bits(r) & sign_bit ? 1 : exact_sum{}.add(x).add_product(r, r, true).sign(); }, 4);
  }
  CHECK(add.unsound == 0);
  CHECK(sub.unsound == 0);
  CHECK(mul.unsound == 0);
  CHECK(div.unsound == 0);
  CHECK(root.unsound == 0);
  CHECK(add.loose == 0);
  CHECK(sub.loose == 0);
  CHECK(mul.loose == 0);
  CHECK(div.loose == 0);
  CHECK(root.loose == 0);
  CHECK(div.checks > 190000);
  CHECK(div.tight > 50000);  // most results are ordinary, and for those `loose` was measured
}

TEST_CASE("base.rounding: the reference finds an unsound bound") {
  CHECK(exact_sum{}.add(1).add(value(1), true).sign() == 1);
  CHECK(exact_sum{}.add_product(0x1p-500, 0x1p-574).add(value(1), true).sign() == 0);
  CHECK(exact_sum{}.add_product(1 + 0x1p-52, 1 + 0x1p-52).add(1 + 0x1p-51, true).sign() == 1);
  CHECK(exact_sum{}.add(0x1p1000).add(-0x1p1000).add(-0x1p-1000).sign() == -1);
  tally t;
  t(1, 1, [](double r) { return exact_sum{}.add(1).add(value(1)).add(r, true).sign(); }, 2);
  t(1, value(bits(1.0) + 1), [](double r) { return exact_sum{}.add(1).add(value(1)).add(r, true).sign(); }, 2);
  CHECK(t.unsound == 1);
}

TEST_CASE("base.rounding: run-time special values") {
  word state = 3;
  const double infinity = value(infinity_bits), nan = value(infinity_bits | 1), minus = value(infinity_bits | sign_bit);
  const double one = value(bits(1.0) + (draw(state) & 0)), zero = value(0);
  CHECK(bits(rounded::add_up(infinity, minus)) == bits(infinity));
  CHECK(bits(rounded::add_down(infinity, minus)) == bits(minus));
  CHECK(bits(rounded::add_up(minus, one)) == bits(minus));
  CHECK(bits(rounded::add_up(nan, one)) == bits(infinity));
  CHECK(bits(rounded::add_down(one, nan)) == bits(minus));
  CHECK(bits(rounded::sub_up(infinity, infinity)) == bits(infinity));
  CHECK(bits(rounded::mul_up(zero, infinity)) == bits(infinity));
  CHECK(bits(rounded::mul_up(nan, zero)) == bits(infinity));
  CHECK(bits(rounded::mul_down(infinity, one)) == bits(infinity));
  CHECK(bits(rounded::div_up(one, zero)) == bits(infinity));
  CHECK(bits(rounded::div_down(one, zero)) == bits(minus));
  CHECK(bits(rounded::div_up(one, infinity)) == 0);
  CHECK(bits(rounded::div_up(infinity, infinity)) == bits(infinity));
  CHECK(bits(rounded::sqrt_up(value(bits(one) | sign_bit))) == bits(infinity));
  CHECK(bits(rounded::sqrt_up(nan)) == bits(infinity));
  CHECK(bits(rounded::sqrt_down(nan)) == bits(minus));
  CHECK(bits(rounded::next_up(infinity)) == bits(infinity));
  CHECK(bits(rounded::next_up(zero)) == 1);
  CHECK(bits(rounded::add_up(zero, zero)) == 0);
  CHECK(bits(rounded::sub_up(one, one)) == 0);
  CHECK(bits(rounded::add_down(one, zero)) == bits(one));
  CHECK(rounded::is_nan(nan));
  CHECK_FALSE(rounded::is_nan(infinity));
  CHECK_FALSE(rounded::is_finite(infinity));
  CHECK(rounded::is_finite(one));
  CHECK(rounded::is_nan(std::bit_cast<float>(0x7FC00000u + static_cast<std::uint32_t>(draw(state) & 1))));
  CHECK_FALSE(rounded::is_finite(std::bit_cast<float>(0x7F800000u + static_cast<std::uint32_t>(draw(state) & 0))));
  CHECK(rounded::is_finite(std::bit_cast<float>(0x00000001u + static_cast<std::uint32_t>(draw(state) & 1))));
  CHECK(rounded::is_positive(one));
  CHECK_FALSE(rounded::is_positive(value(1)));
  CHECK_FALSE(rounded::is_positive(zero));
  CHECK_FALSE(rounded::is_positive(nan));
  CHECK_FALSE(rounded::is_positive(infinity));
  CHECK(bits(rounded::scale_up(value(3), 1074)) == bits(3.0));
  CHECK(bits(rounded::scale_up(nan, 1)) == bits(infinity));
}

TEST_CASE("base.rounding: order is decided by bits, subnormal numbers included") {
  word state = 17;
  const word none = draw(state) & 0;
  const std::array<word, 9> ordered{
      infinity_bits | sign_bit, bits(-1.0), sign_bit | 2, sign_bit | 1, 0, 1, 2, bits(1.0), infinity_bits};
  for (std::size_t i = 0; i < ordered.size(); ++i)
    for (std::size_t j = 0; j < ordered.size(); ++j)
      CHECK(rounded::is_at_most(value(ordered[i] | none), value(ordered[j] | none)) == (i <= j));
  const double nan = value(infinity_bits | 1 | none), zero = value(none), minus_zero = value(sign_bit | none);
  CHECK(rounded::is_at_most(zero, minus_zero));
  CHECK(rounded::is_at_most(minus_zero, zero));
  CHECK_FALSE(rounded::is_at_most(value(1 | none), minus_zero));
  CHECK_FALSE(rounded::is_at_most(nan, zero));
  CHECK_FALSE(rounded::is_at_most(zero, nan));
}

TEST_CASE("base.rounding: run-time square roots to the nearest ulp agree with constant evaluation") {
  word state = 11;
  constexpr double two = rounded::sqrt_nearest(2.0), third = rounded::sqrt_nearest(1.0 / 3);
  const word two_bits = bits(rounded::sqrt_nearest(value(bits(2.0) + (draw(state) & 0))));
  const word third_bits = bits(rounded::sqrt_nearest(value(bits(1.0 / 3) + (draw(state) & 0))));
  CHECK(two_bits - bits(two) + 1 <= 2);
  CHECK(third_bits - bits(third) + 1 <= 2);
}

TEST_CASE("base.rounding: run-time intervals") {
  const double infinity = value(infinity_bits), zero = value(0), one = value(bits(1.0)), two = value(bits(2.0));
  const auto vanishing = rounded::mul({zero, zero}, {one, infinity});
  CHECK((bits(vanishing.lower) == 0 && bits(vanishing.upper) == 0));
  const auto unknown = rounded::mul({zero, two}, {one, infinity});
  CHECK((bits(unknown.lower) == 0 && bits(unknown.upper) == infinity_bits));
  const auto inverse = rounded::reciprocal({zero, two});
  CHECK((inverse.lower <= 0.5 && inverse.lower >= 0.4999 && bits(inverse.upper) == infinity_bits));
  const auto larger = rounded::max({one, infinity}, {two, two});
  CHECK((bits(larger.lower) == bits(2.0) && bits(larger.upper) == infinity_bits));
}
