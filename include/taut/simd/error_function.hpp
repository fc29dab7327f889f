// SPDX-License-Identifier: Apache-2.0
//
// The normal distribution and erf for any lane, in constant expressions too: the same operations in every lane of
// floats, as in math.hpp. The tail keeps its relative accuracy because it is a product:
//   Phi(-t) = erfc(t / sqrt 2) / 2 = gaussian(t) scaled_tail(t),   t >= 0
#pragma once

#include <cstddef>
#include <taut/simd/math.hpp>
#include <taut/simd/portable.hpp>
#include <type_traits>

namespace taut::simd {

/// e^(-t^2 / 2): below 1.1 ulp (1.4 where the target does not fuse) for |t| < 13.18, 0 beyond.
template <float_lane V> [[gnu::always_inline]] constexpr V gaussian(const V& t) {
  // t = h + l, h^2 / 2 exact: t^2 itself would be off by 90 ulp of the result.
  const V bounded = min(abs(t), 15.0f), h = as_written(bounded + V(0x1.8p15f)) - V(0x1.8p15f), l = bounded - h;
  return exp(V(-0.5f) * h * h, as_written(V(-0.5f) * l * (bounded + h)));
}
/// e^(-t^2 / 2) for double: relative error 1e-15.
constexpr double gaussian(double t) {
  const double bounded = min(abs(t), 40.0), h = as_written(bounded + 0x1.8p32) - 0x1.8p32, l = bounded - h;
  return exp(-0.5 * h * h, -0.5 * l * (bounded + h));
}

/// e^(t^2 / 2) Phi(-t) for t in [0, 13.3]: below 5.5 ulp (6.5 where the target does not fuse); 1/2 at 0, about 0.4 / t
/// for large t.
template <float_lane V> [[gnu::always_inline]] constexpr V scaled_tail(const V& t) {
  // minimax on [0, 13.3] (1.2e-8); all coefficients are positive, so no digits cancel
  constexpr float upper[]{0.5f, 0x1.bd69acp-2f, 0x1.7234cep-3f, 0x1.46058p-5f, 0x1.059376p-8f};
  constexpr float lower[]{1, 0x1.aaf704p+0f, 0x1.313828p+0f, 0x1.da0e8ep-2f, 0x1.98a368p-4f, 0x1.47d504p-7f};
  return detail::polynomial(t, upper) / detail::polynomial(t, lower);
}
/// e^(t^2 / 2) Phi(-t) for double, t >= 0: relative error 2e-15.
constexpr double scaled_tail(double t) {
  // The midpoint rule with step 1/2 for e^(t^2/2) Phi(-t) = t / (sqrt(2) pi) integral e^(-u^2) / (u^2 + t^2/2) du over
  // u >= 0, and the residue of the pole that its error has: relative error 1e-16 [Goodwin 1949; Matta, Reichel 1971].
  constexpr double weight[]{0.93941306281347581,    0.56978282473092301,    0.20961138715109781,
                            0.04677062238395898,    0.006329715427485747,   0.00051957468215483844,
                            2.586810022265412e-05,  7.811489408304491e-07,  1.4307241918567688e-08,
                            1.5893910094516368e-10, 1.0709232382508077e-12, 4.3766185028708502e-15};
  double sum = 0, node = 0.25;
  for (const double w : weight) sum += w / (node * node + t * t / 2), node += 0.5;
  const double rule = 0.11253953951963826 * t * sum;  // 1 / (2 sqrt(2) pi)
  if (!(t < 8.885765876316732)) return rule;          // 2 sqrt(2) pi
  return rule + exp(t * t / 2) / (1 + exp(8.885765876316732 * t));
}

/// Phi(-t), the part of a standard normal distribution beyond t >= 0: below 5.5 ulp (7.5 where the target does not
/// fuse) for t < 12.9, 0 from 13.2 on; double: 2e-15.
template <lane V> [[gnu::always_inline]] constexpr V normal_tail(const V& t) {
  const V bounded = min(t, V(40));
  return as_written(gaussian(bounded) * scaled_tail(bounded));
}

/// Phi(-t) of a double that carries derivatives.
template <differential_lane V> constexpr V normal_tail(const V& t) {
  const double density = 0.3989422804014327 * gaussian(t.value);  // 1 / sqrt(2 pi)
  return t.chain(normal_tail(t.value), -density, t.value * density);
}

/// erf x: below 1.5 ulp.
template <float_lane V> [[gnu::always_inline]] constexpr V erf(const V& x) {
  // erf x = x + x p(x^2) (1.4e-9) for |x| < 1
  constexpr float p[]{0x1.06eba8p-3f, -0x1.81273ep-2f, 0x1.ce2ce6p-4f, -0x1.b7f71ep-6f,
                      0x1.53f278p-8f, -0x1.a355ap-11f, 0x1.478386p-14f};
  const V size = abs(x), bounded = min(max(x, -1.0f), 1.0f), square = bounded * bounded;
  const V near = multiply_add(bounded, detail::polynomial(square, p), bounded);
  const V far = multiply_add(normal_tail(size * V(0x1.6a09e6p0f)), V(-2), V(1));
  return select(less(size, 1.0f), near, select(less(x, 0.0f), -far, far));
}
/// erf x for double: relative error 1e-15 in constant expressions.
constexpr double erf(double x) {
  if (!std::is_constant_evaluated()) return __builtin_erf(x);
  if (!(abs(x) < 1)) {
    const double far = 1 - 2 * normal_tail(abs(x) * 1.4142135623730951);
    return x < 0 ? -far : far;
  }
  double sum = 0;
  for (int i = 20; i > 0; --i) sum = (1.0 / (2 * i + 1) - sum) * x * x / i;
  return 1.1283791670955126 * (x - x * sum);
}

}  // namespace taut::simd
