// SPDX-License-Identifier: Apache-2.0
// Every normalizer of activations is one thing: each pooled run of n elements is (perhaps centred and) projected
// radially towards the sphere of radius sqrt(n), then scaled and shifted:
//
//   c = x - mean(x)    (or x)        z = c / sqrt(|c|^2/n + epsilon)        y = gain z + offset
//
// Gradient of the projection: with u = dz, dx = (u - mean(u) - z mean(z u)) / sqrt(|c|^2/n + epsilon), exact with
// epsilon. What is pooled is a run: neighbouring elements of one sample, or a channel of a whole batch.
#pragma once
#include <cstddef>
#include <taut/net/layer.hpp>
#include <taut/simd/lane.hpp>
#include <taut/simd/math.hpp>

namespace taut::normalizer {

/// What one run was divided by, and its mean: V is double or a register of samples.
template <class V> struct statistics {
  V mean{}, rest{};         ///< the mean is mean + rest: what rounding left of it, so that mean >> std stays accurate
  V variance{}, inverse{};  ///< inverse = 1 / sqrt(variance + epsilon)

  /// x less the mean.
  [[gnu::always_inline]] constexpr V centre(V x) const { return (x - mean) - rest; }
};

/// A run of neighbouring elements of a sample.
struct elements {
  std::size_t first, size;

  [[nodiscard]] constexpr double count() const { return static_cast<double>(size); }
  [[gnu::always_inline]] constexpr void each(auto&& f) const {
    for (std::size_t i = first; i < first + size; ++i) f(i);
  }
  template <class V> [[gnu::always_inline]] static constexpr V kept(std::size_t, V v) { return v; }
  template <class V> [[gnu::always_inline]] static constexpr V total(V v) { return v; }
};

/// One channel of all samples of a batch: x[group][element], samples in the lanes of V. Lanes without a sample do not
/// count.
struct channel_of_batch {
  std::size_t channel, positions, sample_size;  ///< sample_size: elements of a sample
  std::size_t samples, lanes;                   ///< lanes: samples a register holds

  [[nodiscard]] constexpr double count() const { return static_cast<double>(samples * positions); }
  constexpr void each(auto&& f) const {
    for (std::size_t first = 0; first * lanes < samples; ++first)
      for (std::size_t i = 0; i < positions; ++i) f(first * sample_size + channel * positions + i);
  }
  template <class V> [[nodiscard]] constexpr V kept(std::size_t i, V v) const {
    return i < samples / lanes * sample_size ? v : simd::select_first(v, samples % lanes);
  }
  template <class V> static constexpr V total(V v) { return V(simd::sum(v)); }
};

/// Mean (0 if not centred) and variance about it of a run; the inverse stays 0.
template <bool Centred, class Run, class V>
[[gnu::always_inline]] constexpr statistics<V> moments(const Run& run, const V* x) {
  statistics<V> s{V(0), V(0), V(0), V(0)};
  const V share = simd::number<V>(1.0 / run.count());
  if constexpr (Centred) {
    V sum(0), left(0);
    run.each([&](std::size_t i) __attribute__((always_inline)) { sum = sum + run.kept(i, x[i]); });
    s.mean = run.total(sum) * share;
    run.each([&](std::size_t i) __attribute__((always_inline)) { left = left + run.kept(i, x[i] - s.mean); });
    s.rest = run.total(left) * share;
  }
  V squares(0);
  run.each([&](std::size_t i) __attribute__((always_inline)) {
    const V c = run.kept(i, s.centre(x[i]));
    squares = squares + c * c;
  });
  s.variance = run.total(squares) * share;
  return s;
}

/// The same with the reciprocal root.
template <bool Centred, class Run, class V>
constexpr statistics<V> measure(const Run& run, const V* x, double epsilon) {
  auto s = moments<Centred>(run, x);
  s.inverse = V(1) / simd::sqrt(s.variance + simd::number<V>(epsilon));
  return s;
}

/// The same for `n` elements at x, as normalizer L pools them.
template <class L, class V> constexpr statistics<V> measure(const V* x, std::size_t n) {
  return measure<L::centred>(elements{0, n}, x, L::epsilon);
}

/// y = gain(i) z + offset(i) on the run measured by s.
template <class Run, class V>
constexpr void project(const Run& run, const statistics<V>& s, const V* x, V* y, auto&& gain, auto&& offset) {
  run.each([&](std::size_t i) __attribute__((always_inline)) {
    y[i] = simd::number<V>(gain(i)) * (s.centre(x[i]) * s.inverse) + simd::number<V>(offset(i));
  });
}

/// dx from dy on a run measured by s; accumulate(i, dgain, doffset) receives the gradients of gain and offset.
template <bool Centred, class Run, class V> constexpr void project_gradient(const Run& run, const statistics<V>& s,
                                                                            const V* x, const V* dy, V* dx, auto&& gain,
                                                                            auto&& accumulate) {
  const V share = simd::number<V>(1.0 / run.count());
  V mean_u(0), mean_uz(0);
  run.each([&](std::size_t i) __attribute__((always_inline)) {
    const V z = s.centre(x[i]) * s.inverse, u = dy[i] * simd::number<V>(gain(i));
    mean_u = mean_u + u;
    mean_uz = mean_uz + u * z;
    accumulate(i, simd::sum(dy[i] * z), simd::sum(dy[i]));
  });
  mean_u = Centred ? run.total(mean_u) * share : V(0);
  mean_uz = run.total(mean_uz) * share;
  run.each([&](std::size_t i) __attribute__((always_inline)) {
    const V z = s.centre(x[i]) * s.inverse, u = dy[i] * simd::number<V>(gain(i));
    dx[i] = run.kept(i, (u - mean_u - z * mean_uz) * s.inverse);
  });
}

/// The reference of a layer that normalizes each sample: it states pooled(shape), centred, epsilon, gain(p, i),
/// offset(p, i).
template <class L, shape In, class P, class V> constexpr void forward_runs(const P& p, const V* x, V* y) {
  constexpr pooling runs = L::pooled(In);
  for (std::size_t r = 0; r < runs.groups; ++r) {
    const elements run{r * runs.size, runs.size};
    project(
        run, measure<L::centred>(run, x, L::epsilon), x, y, [&](std::size_t i) { return L::gain(p, i); },
        [&](std::size_t i) { return L::offset(p, i); });
  }
}

/// dx from dy; adds the gradients of gain and offset to dp through L::accumulate(dp, i, dgain, doffset).
template <class L, shape In, class P, class V>
constexpr void gradient_runs(const P& p, const V* x, const V* dy, V* dx, P& dp) {
  constexpr pooling runs = L::pooled(In);
  for (std::size_t r = 0; r < runs.groups; ++r) {
    const elements run{r * runs.size, runs.size};
    project_gradient<L::centred>(
        run, measure<L::centred>(run, x, L::epsilon), x, dy, dx, [&](std::size_t i) { return L::gain(p, i); },
        [&](std::size_t i, auto dgain, auto doffset) { L::accumulate(dp, i, dgain, doffset); });
  }
}

}  // namespace taut::normalizer
