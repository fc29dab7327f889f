// SPDX-License-Identifier: Apache-2.0
// From the exact sums a_i of a stage in bytes to the bytes of the next one, in integers: the same on every processor,
// and cheap where floats are calls. What is rounded is far below the half step that bytes lose anyway:
//
//   without a normalizer  y_i = round(m_i (a_i << up) / 2^32 / 2^down)
//   with one              z_i = m_i (a_i << up) / 2^32  in steps of `unit`,  Q = sum z_i^2 + n epsilon / unit^2
//                         y_i = round(gain_i w_i + offset_i),  w_i = z_i / sqrt(Q)  to 15 binary places
//
// The root and its inverse are the only floats, one of each for all rows; both are correctly rounded everywhere.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <taut/simd/integer.hpp>
#include <taut/simd/math.hpp>
#include <taut/simd/portable.hpp>

namespace taut::engine_stage {

/// 2^exponent.
constexpr double power_of_two(int exponent) {
  double x = 1;
  for (; exponent > 0; --exponent) x *= 2;
  for (; exponent < 0; ++exponent) x *= 0.5;
  return x;
}
/// The nearest integer, at most `most` in magnitude.
constexpr std::int32_t nearest_within(double x, std::int32_t most) {
  if (!(x < most)) return most;
  if (!(x > -most)) return -most;
  return static_cast<std::int32_t>(x < 0 ? x - 0.5 : x + 0.5);
}

/// How the sums of a stage are scaled: a_i << up fits 32 bits, and factor_i a_i is multiplier(i) (a_i << up) 2^-32 in
/// steps of `unit`, rounded down to a step, and by a quarter of one more.
struct sum_scale {
  int up = 0, down = 0;
  double unit = 1;

  /// With a normalizer: the finest unit in which all sums of squares are below 2^62.
  template <class Values> static constexpr sum_scale for_squares(const Values& v) {
    sum_scale s = of(v);
    const double squares = static_cast<double>(Values::rows + 1) * 0x1p-60;
    const double largest = std::max(square(s.farthest(v)), static_cast<double>(v.epsilon));
    s.unit = std::max({simd::sqrt(largest * squares), s.finest(v), 0x1p-500});
    return s;
  }
  /// Without: steps of the next activations, each cut into 2^down parts.
  template <class Values> static constexpr sum_scale for_bytes(const Values& v) {
    sum_scale s = of(v);
    const double farthest = s.farthest(v), finest = s.finest(v);
    while (s.down < 30 && s.unit >= 2 * finest && farthest < s.unit * 0x1p29) ++s.down, s.unit *= 0.5;
    return s;
  }

  /// @pre factor is not above unit 2^(up - 1); otherwise it is cut off there.
  [[nodiscard]] constexpr std::int32_t multiplier(double factor) const {
    return nearest_within(factor / unit * power_of_two(32 - up), INT32_MAX);
  }

 private:
  static constexpr double square(double x) { return x * x; }
  template <class Values> static constexpr double largest_sum(const Values& v, std::size_t row) {
    const double bias = v.bias[row];
    return 0x1p14 * static_cast<double>(Values::columns) + (bias < 0 ? -bias : bias);
  }
  template <class Values> static constexpr sum_scale of(const Values& v) {
    double most = 1;
    for (std::size_t row = 0; row < Values::rows; ++row) most = std::max(most, largest_sum(v, row));
    sum_scale s;
    while (s.up < 30 && most < 0x1p30) most *= 2, ++s.up;
    return s;
  }
  // The largest |factor_i a_i|, and the finest unit for which multipliers fit.
  template <class Values> [[nodiscard]] constexpr double farthest(const Values& v) const {
    double most = 0;
    for (std::size_t row = 0; row < Values::rows; ++row) most = std::max(most, magnitude(v, row) * largest_sum(v, row));
    return most;
  }
  template <class Values> [[nodiscard]] constexpr double finest(const Values& v) const {
    double most = 0;
    for (std::size_t row = 0; row < Values::rows; ++row) most = std::max(most, magnitude(v, row));
    return most * power_of_two(1 - up) * (1 + 0x1p-20);
  }
  template <class Values> static constexpr double magnitude(const Values& v, std::size_t row) {
    const auto factor = static_cast<double>(v.factor[row]);
    return factor < 0 ? -factor : factor;
  }
};

/// Sums to bytes without a normalizer.
template <std::size_t Rows> struct byte_scaling {
  std::array<std::int32_t, Rows> multiplier{};
  std::uint8_t up = 0, down = 0;

  template <class Values> constexpr void load(const Values& v) {
    const auto s = sum_scale::for_bytes(v);
    up = static_cast<std::uint8_t>(s.up), down = static_cast<std::uint8_t>(s.down);
    for (std::size_t i = 0; i < Rows; ++i) multiplier[i] = s.multiplier(static_cast<double>(v.factor[i]));
  }
  /// What the sum of a row is in steps, not yet between -128 and 127.
  [[gnu::always_inline]] constexpr std::int32_t operator()(std::int32_t sum, std::size_t row) const {
    return (simd::high_product(simd::shifted_left(sum, up), multiplier[row]) + ((1 << down) >> 1)) >> down;
  }
};

/// Sums to bytes behind a normalizer.
template <std::size_t Rows> struct byte_normalizer {
  static constexpr std::int32_t most_gain = 16'000;  ///< gain_i w_i + offset_i stays below 2^31
  std::array<std::int32_t, Rows> multiplier{}, offset{};
  std::array<std::int16_t, Rows> gain{};
  std::uint8_t up = 0, down = 0;
  float variance_of_one = 0;  ///< unit^2 / rows
  std::uint64_t epsilon = 0;  ///< n epsilon / unit^2, and at most 1 more: never 0

  template <class Values> constexpr void load(const Values& v) {
    const auto s = sum_scale::for_squares(v);
    const int places = places_of(v);
    up = static_cast<std::uint8_t>(s.up), down = static_cast<std::uint8_t>(places + 15);
    variance_of_one = static_cast<float>(s.unit * s.unit / static_cast<double>(Rows));
    epsilon = 1 + static_cast<std::uint64_t>(static_cast<double>(v.epsilon) / s.unit / s.unit);
    for (std::size_t i = 0; i < Rows; ++i) {
      multiplier[i] = s.multiplier(static_cast<double>(v.factor[i]));
      gain[i] =
          static_cast<std::int16_t>(nearest_within(static_cast<double>(v.gain[i]) * power_of_two(places), most_gain));
      offset[i] =
          nearest_within(static_cast<double>(v.offset[i]) * power_of_two(places + 15), most_gain << 15) + half();
    }
  }
  /// How many binary places gains have: as many as fit.
  template <class Values> static constexpr int places_of(const Values& v) {
    double most = 0;
    for (std::size_t i = 0; i < Rows; ++i) {
      for (const float x : {v.gain[i], v.offset[i]}) most = std::max(most, static_cast<double>(x < 0 ? -x : x));
    }
    int places = 15;
    while (places > -14 && most * power_of_two(places) > most_gain) --places;
    return places;
  }

  /// z_i.
  [[gnu::always_inline]] constexpr std::int32_t scaled(std::int32_t sum, std::size_t row) const {
    return simd::high_product(simd::shifted_left(sum, up), multiplier[row]);
  }
  /// 1 / sqrt(Q): z_i is shifted left by `up`, so that it fills 32 bits, and multiplied by `inverse`.
  struct root {
    int up = 0;
    std::int32_t inverse = 0;
  };
  /// With 2^t <= sqrt(Q) < 2^(t+1): |z_i| 2^(30-t) < 2^31, and the inverse is 2^(17+t) / sqrt(Q), in (2^16, 2^17]. Off
  /// by 2^-17 of it: by half of 1, and in Q, its root and the inverse by a few 2^-24. @pre squares > 0
  static constexpr root root_of(std::uint64_t squares) {
    const float q = as_float(squares);
    const std::uint32_t t = ((__builtin_bit_cast(std::uint32_t, q) >> 23) - 127) >> 1;
    const auto scale = __builtin_bit_cast(float, (127 + 17 + t) << 23);
    return {30 - static_cast<int>(t),
            simd::nearest(simd::sum(simd::scalar(simd::reciprocal_sqrt(q)) * simd::scalar(scale)))};
  }
  /// The variance of sums with this Q.
  [[nodiscard]] constexpr float variance(std::uint64_t squares) const {
    return simd::sum(simd::scalar(as_float(squares - epsilon)) * simd::scalar(variance_of_one));
  }
  static constexpr float as_float(std::uint64_t x) {
    const simd::scalar high(static_cast<float>(static_cast<std::uint32_t>(x >> 32)));
    const simd::scalar low(static_cast<float>(static_cast<std::uint32_t>(x)));
    return simd::sum(simd::multiply_add(high, simd::scalar(0x1p32f), low));
  }
  /// What z_i becomes in steps, not yet between -128 and 127.
  [[gnu::always_inline]] constexpr std::int32_t operator()(std::int32_t z, const root& r, std::size_t row) const {
    const std::int32_t w = simd::high_product(simd::shifted_left(z, r.up), r.inverse);
    return (w * gain[row] + offset[row]) >> down;
  }

 private:
  [[nodiscard]] constexpr std::int32_t half() const { return (1 << down) >> 1; }
};

}  // namespace taut::engine_stage
