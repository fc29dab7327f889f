// SPDX-License-Identifier: Apache-2.0
// Second derivatives by arithmetic: a lane that carries f, its slope along u, its slopes along v_1 ... v_N, and its
// mixed second derivatives along u and each v_k. Exact but for rounding: no step is chosen.
//
//   (f g)_uv = f_uv g + f_u g_v + f_v g_u + f g_uv          phi(f)_uv = phi'(f) f_uv + phi''(f) f_u f_v
//
// The layers' own forward runs in this lane: their text is the one that runs in floats. At a kink (ReLU at 0) the
// derivatives are those of the piece whose value is taken.
#pragma once
#include <cstddef>
#include <taut/simd/portable.hpp>

namespace taut {

/// A double with derivatives along u and N directions v_k (a hyper-dual number for N = 1).
template <std::size_t N> struct jet {
  static constexpr std::size_t width = 1;
  double value = 0;
  double first = 0;    ///< along u
  double second[N]{};  ///< along v_k
  double mixed[N]{};   ///< along u and v_k

  constexpr jet() = default;
  /// A constant.
  constexpr jet(double constant) : value(constant) {}

  /// phi(x), given phi and its first two derivatives at x.value.
  [[nodiscard]] constexpr jet chain(double y, double slope, double curvature) const {
    jet r(y);
    r.first = slope * first;
    for (std::size_t k = 0; k < N; ++k) {
      r.second[k] = slope * second[k];
      r.mixed[k] = slope * mixed[k] + curvature * (first * second[k]);
    }
    return r;
  }

  friend constexpr jet operator+(jet a, const jet& b) {
    a.value += b.value, a.first += b.first;
    for (std::size_t k = 0; k < N; ++k) a.second[k] += b.second[k], a.mixed[k] += b.mixed[k];
    return a;
  }
  friend constexpr jet operator-(jet a, const jet& b) { return a + -b; }
  friend constexpr jet operator-(const jet& a) { return a.chain(-a.value, -1, 0); }
  friend constexpr jet operator*(const jet& a, const jet& b) {
    jet r(a.value * b.value);
    r.first = a.first * b.value + a.value * b.first;
    for (std::size_t k = 0; k < N; ++k) {
      r.second[k] = a.second[k] * b.value + a.value * b.second[k];
      r.mixed[k] = a.mixed[k] * b.value + a.first * b.second[k] + (a.second[k] * b.first + a.value * b.mixed[k]);
    }
    return r;
  }
  friend constexpr jet operator/(const jet& a, const jet& b) {
    const double y = 1 / b.value;
    return a * b.chain(y, -y * y, 2 * y * y * y);
  }
  constexpr jet& operator+=(const jet& b) { return *this = *this + b; }
  constexpr jet& operator-=(const jet& b) { return *this = *this - b; }
  constexpr jet& operator*=(const jet& b) { return *this = *this * b; }
  constexpr jet& operator/=(const jet& b) { return *this = *this / b; }
};

static_assert(simd::differential_lane<jet<1>> && simd::lane<jet<4>>);

}  // namespace taut
