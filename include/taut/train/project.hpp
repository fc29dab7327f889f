// SPDX-License-Identifier: Apache-2.0
// Keeps parameters inside what their type declares: at_most<c> scales a matrix, gain_at_most<g> clamps.
//
//   project(p);                   proved: afterwards every declared norm is certified, so that a saved file loads
//   projector each_step;          an estimate by power iteration, whose vectors it keeps from call to call:
//   each_step(p);                 one pass over each matrix
#pragma once
#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>
#include <taut/base/random.hpp>
#include <taut/certify/spectral_norm.hpp>
#include <taut/net/network.hpp>
#include <taut/net/parameters.hpp>
#include <taut/simd/lane.hpp>
#include <type_traits>
#include <vector>

namespace taut {

namespace base {

/// Clamps to [-limit, limit], limit rounded downward to the type of the values. NaN stays.
void clamp_magnitudes(auto& values, double limit) {
  using real = typename std::remove_cvref_t<decltype(values)>::value_type;
  auto end = static_cast<real>(limit);
  if (static_cast<double>(end) > limit) end = std::nextafter(end, real(0));
  for (real& value : values) value = std::clamp(value, -end, end);
}

/// Raises what is below the limit, limit rounded upward to the type of the values. NaN stays.
void raise_values(auto& values, double limit) {
  using real = typename std::remove_cvref_t<decltype(values)>::value_type;
  auto least = static_cast<real>(limit);
  if (static_cast<double>(least) < limit) least = std::nextafter(least, std::numeric_limits<real>::infinity());
  for (real& value : values)
    if (value < least) value = least;
}

/// Makes every claim true and proves it.
struct proving_projector {
  void spectral_norm_at_most(std::string_view name, auto& values, std::size_t rows, std::size_t columns,
                             double limit) const {
    using real = typename std::remove_cvref_t<decltype(values)>::value_type;
    std::vector<double> w(rows * columns);
    for (double slack = 1e-6;; slack *= 2) {  // the values are rounded after scaling: again, a little lower
      std::ranges::copy(values, w.begin());
      if (taut::spectral_norm_at_most(w.data(), rows, columns, limit)) return;
      const double bound = spectral_norm(w.data(), rows, columns).value;
      if (!rounded::is_finite(bound))
        throw std::invalid_argument(std::string(name) + " has values that are not finite");
      const double factor = std::min(1.0, limit / bound) * (1 - std::min(slack, 0.5));
      for (real& value : values) value = static_cast<real>(static_cast<double>(value) * factor);
    }
  }
  void magnitude_at_most(std::string_view name, auto& values, double limit) const {
    for (const auto value : values)
      if (!rounded::is_finite(static_cast<double>(value)))
        throw std::invalid_argument(std::string(name) + " has values that are not finite");
    clamp_magnitudes(values, limit);
  }
  void at_least(std::string_view name, auto& values, double limit) const {
    for (const auto value : values)
      if (!rounded::is_finite(static_cast<double>(value)))
        throw std::invalid_argument(std::string(name) + " has values that are not finite");
    raise_values(values, limit);
  }
};

/// The length of W'W v, of which v becomes the direction: one step of the power iteration, one pass over W.
template <class Real>
double power_step(const Real* w, std::size_t rows, std::size_t columns, std::vector<Real>& v, std::vector<Real>& next) {
  using V = std::conditional_t<std::same_as<Real, float>, simd::native, double>;
  constexpr std::size_t width = simd::width<V>;
  const std::size_t whole = columns / width * width;
  std::ranges::fill(next, Real(0));
  for (const Real* row = w; row != w + rows * columns; row += columns) {
    V sum(0);
    for (std::size_t i = 0; i < whole; i += width)
      sum = simd::multiply_add(simd::load<V>(row + i), simd::load<V>(v.data() + i), sum);
    Real dot = simd::sum(sum);
    for (std::size_t i = whole; i < columns; ++i) dot += row[i] * v[i];
    for (std::size_t i = 0; i < whole; i += width)
      simd::store(simd::multiply_add(V(dot), simd::load<V>(row + i), simd::load<V>(next.data() + i)), next.data() + i);
    for (std::size_t i = whole; i < columns; ++i) next[i] += dot * row[i];
  }
  double square = 0;
  for (const Real x : next) square += static_cast<double>(x) * static_cast<double>(x);
  const double length = std::sqrt(square);
  if (!(length > 0) || !rounded::is_finite(length)) return length;
  for (std::size_t i = 0; i < columns; ++i) v[i] = static_cast<Real>(static_cast<double>(next[i]) / length);
  return length;
}

}  // namespace base

/// Makes every claim of the type true of p and proves it: a matrix whose norm is not certified is scaled, gains are
/// clamped. @post load_safetensors accepts p. @throws std::invalid_argument for values that are not finite.
template <Network Net, class Real> void project(parameters<Net, Real>& p) {
  const base::proving_projector prove;
  for_each_claim(p, prove);
}

/// Projects after every step, by estimated norms. Use one for one set of parameters.
class projector {
 public:
  /// Scales what its estimate finds too large. The estimate is a lower one: `project` has the last word.
  template <Network Net> void operator()(parameters<Net>& p) {
    visitor visit{*this};
    for_each_claim(p, visit);
  }

 private:
  static constexpr int first_steps = 30;
  struct visitor {
    projector& own;
    std::size_t claim = 0;

    void spectral_norm_at_most(std::string_view, auto& values, std::size_t rows, std::size_t columns, double limit) {
      const bool first = claim == own.vectors.size();
      if (first) {
        base::random_stream random(claim);
        for (float& x : own.vectors.emplace_back(columns)) x = static_cast<float>(random.normal());
      }
      auto& v = own.vectors[claim++];
      own.next.resize(columns);
      double square = 0;
      for (int step = 0; step < (first ? first_steps : 1); ++step)
        square = base::power_step(values.data(), rows, columns, v, own.next);
      const double norm = std::sqrt(square);
      if (!(norm > limit)) return;
      const auto factor = static_cast<float>(limit / norm);
      for (float& value : values) value *= factor;
    }
    void magnitude_at_most(std::string_view, auto& values, double limit) const {
      base::clamp_magnitudes(values, limit);
    }
    void at_least(std::string_view, auto& values, double limit) const { base::raise_values(values, limit); }
  };

  std::vector<std::vector<float>> vectors;  // one a matrix, in the order of the claims
  std::vector<float> next;
};

}  // namespace taut
