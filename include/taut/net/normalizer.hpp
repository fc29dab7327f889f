// SPDX-License-Identifier: Apache-2.0
// Every normalizer of activations is one thing: each pooled run of n elements is (perhaps centred and) projected
// radially towards the sphere of radius sqrt(n), then scaled and shifted:
//
//   c = x - mean(x)    (or x)        z = c / sqrt(|c|^2/n + epsilon)        y = gain z + offset
//
// Gradient of the projection: with u = dz, dx = (u - mean(u) - z mean(z u)) / sqrt(|c|^2/n + epsilon), exact with
// epsilon. A normalizer states pooled(shape), centred, epsilon, and gain(p, i), offset(p, i); the rest follows here.
#pragma once
#include <cstddef>
#include <taut/net/layer.hpp>
#include <taut/simd/lane.hpp>
#include <taut/simd/math.hpp>

namespace taut::normalizer {

/// What one run was divided by, and its mean: V is double or a register of samples.
template <class V> struct statistics {
  V mean{}, variance{}, inverse{};  ///< inverse = 1 / sqrt(variance + epsilon)
};

/// Mean (0 if not centred), variance about it and reciprocal root of one run of `n` elements.
template <class L, class V> constexpr statistics<V> measure(const V* x, std::size_t n) {
  statistics<V> s{V(0), V(0), V(0)};
  const V share = simd::number<V>(1.0 / static_cast<double>(n));
  if constexpr (L::centred) {
    for (std::size_t i = 0; i < n; ++i) s.mean = s.mean + x[i];
    s.mean = s.mean * share;
    V left(0);  // what rounding left of the mean: two passes keep inputs with mean >> std accurate
    for (std::size_t i = 0; i < n; ++i) left = left + (x[i] - s.mean);
    s.mean = s.mean + left * share;
  }
  for (std::size_t i = 0; i < n; ++i) {
    const V c = x[i] - s.mean;
    s.variance = s.variance + c * c;
  }
  s.variance = s.variance * share;
  s.inverse = V(1) / simd::sqrt(s.variance + simd::number<V>(L::epsilon));
  return s;
}

/// y = gain z + offset for each pooled run.
template <class L, shape In, class P, class V> constexpr void forward(const P& p, const V* x, V* y) {
  constexpr pooling runs = L::pooled(In);
  for (std::size_t run = 0; run < runs.groups; ++run) {
    const std::size_t first = run * runs.size;
    const auto s = measure<L>(x + first, runs.size);
    for (std::size_t i = first; i < first + runs.size; ++i)
      y[i] = simd::number<V>(L::gain(p, i)) * ((x[i] - s.mean) * s.inverse) + simd::number<V>(L::offset(p, i));
  }
}

/// dx from dy; adds the gradients of gain and offset to dp through L::accumulate(dp, i, dgain, doffset).
template <class L, shape In, class P, class V>
constexpr void gradient(const P& p, const V* x, const V* dy, V* dx, P& dp) {
  constexpr pooling runs = L::pooled(In);
  const V share = simd::number<V>(1.0 / static_cast<double>(runs.size));
  for (std::size_t run = 0; run < runs.groups; ++run) {
    const std::size_t first = run * runs.size, last = first + runs.size;
    const auto s = measure<L>(x + first, runs.size);
    V mean_u(0), mean_uz(0);
    for (std::size_t i = first; i < last; ++i) {
      const V z = (x[i] - s.mean) * s.inverse, u = dy[i] * simd::number<V>(L::gain(p, i));
      mean_u = mean_u + u;
      mean_uz = mean_uz + u * z;
      L::accumulate(dp, i, simd::sum(dy[i] * z), simd::sum(dy[i]));
    }
    mean_u = L::centred ? mean_u * share : V(0);
    mean_uz = mean_uz * share;
    for (std::size_t i = first; i < last; ++i) {
      const V z = (x[i] - s.mean) * s.inverse, u = dy[i] * simd::number<V>(L::gain(p, i));
      dx[i] = (u - mean_u - z * mean_uz) * s.inverse;
    }
  }
}

}  // namespace taut::normalizer
