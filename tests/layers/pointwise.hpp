// SPDX-License-Identifier: Apache-2.0
// What the tests of smooth pointwise layers share: errors of float in ulp, the slope at the steepest point, slopes by
// differences.
#pragma once
#include <cmath>

#include "laws/laws.hpp"
#include "simd/sweep.hpp"

namespace taut::tests {

/// Errors of L::apply for every 199th float between from and to against the truth, a function of long double.
template <class L, class Truth> simd::tests::errors apply_errors(float from, float to, Truth truth) {
  const auto exact = [=](double x) { return static_cast<double>(truth(static_cast<long double>(x))); };
  return simd::tests::sweep(from, to, 199, [](auto x) { return L::apply(x); }, exact);
}

/// The same for L::derivative.
template <class L, class Truth> simd::tests::errors derivative_errors(float from, float to, Truth truth) {
  const auto exact = [=](double x) { return static_cast<double>(truth(static_cast<long double>(x))); };
  return simd::tests::sweep(from, to, 199, [](auto x) { return L::derivative(x, L::apply(x)); }, exact);
}

/// The stated constant is the slope between two points around `at`, up to 1e-6.
template <class L> void check_steepest(double at) {
  const double stated = L::lipschitz(shape{1}).value().upper, h = 1e-4;
  const double slope = (L::apply(at + h) - L::apply(at - h)) / (2 * h);
  CHECK(slope >= stated * (1 - 1e-6));
  CHECK(is_below(slope, stated));
  CHECK(L::derivative(at, L::apply(at)) == Approx(stated).epsilon(1e-14));
}

/// L::derivative is the slope of L::apply, away from kinks.
template <class L> void check_derivative() {
  for (double x = -12.03; x < 25; x += 0.1) {
    const double h = 1e-4, y = L::apply(x);
    const auto slope = [x](double step) { return (L::apply(x + step) - L::apply(x - step)) / (2 * step); };
    const double extrapolated = (4 * slope(h) - slope(2 * h)) / 3;
    INFO("at " << x);
    CHECK(std::abs(L::derivative(x, y) - extrapolated) < 1e-10);
  }
}

/// A series of doubles against the truth, relatively, in constant expressions (`constant`) and at run time.
template <class L, class Truth>
void check_double(const std::array<double, 160>& constant, double scale, Truth truth, double error = 1e-14) {
  CHECK(simd::tests::worst(truth, constant, scale) < error);
  CHECK(simd::tests::worst(truth, simd::tests::table([](auto x) { return L::apply(x); }, scale), scale) < error);
}

}  // namespace taut::tests
