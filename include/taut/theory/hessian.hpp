// SPDX-License-Identifier: Apache-2.0
// Second and third derivatives of a function of many variables from its gradient in double, by central differences:
//
//   H(w) v   = (4 d(h) - d(2h)) / 3,     d(h) = (g(w + h v) - g(w - h v)) / 2h        error h^4 and rounding / h
//   grad_w (v' H(w) v) = (4 e(h) - e(2h)) / 3,   e(h) = (g(w + h v) - 2 g(w) + g(w - h v)) / h^2, for a fixed v
//
// h is `relative_step` |w| / |v|. Of smooth networks 9 to 12 digits are right (tests/theory/hessian.cpp). A kink (ReLU)
// between w - 2hv and w + 2hv spoils the product by its jump / h: with kinks, take a step of 1e-6, where one seldom
// lies. Example: hessian_product(field, w, v, hv);
#pragma once
#include <cmath>
#include <cstddef>
#include <functional>
#include <numeric>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

namespace taut {

/// The gradient of a function at w, written to the second argument: as many elements as w.
using gradient_field = std::function<void(std::span<const double> w, std::span<double> gradient)>;

/// x' y.
[[nodiscard]] inline double dot(std::span<const double> x, std::span<const double> y) {
  return std::inner_product(x.begin(), x.end(), y.begin(), 0.0);
}

/// |x|.
[[nodiscard]] inline double length(std::span<const double> x) { return std::sqrt(dot(x, x)); }

/// x / |x|. @pre |x| > 0
[[nodiscard]] inline std::vector<double> normalized(std::span<const double> x) {
  std::vector<double> unit(x.begin(), x.end());
  const double size = length(x);
  for (double& value : unit) value /= size;
  return unit;
}

/// The gradient of the same function where only some elements of w may move, as a field on those; the others stay as
/// they are in `at`.
[[nodiscard]] inline gradient_field restricted(gradient_field field, std::vector<std::size_t> chosen,
                                               std::vector<double> at) {
  return [field = std::move(field), chosen = std::move(chosen), w = std::move(at),
          g = std::vector<double>()](std::span<const double> part, std::span<double> gradient) mutable {
    g.resize(w.size());
    for (std::size_t i = 0; i < chosen.size(); ++i) w.at(chosen[i]) = part[i];
    field(w, g);
    for (std::size_t i = 0; i < chosen.size(); ++i) gradient[i] = g[chosen[i]];
  };
}

/// The step that suits smooth functions, as a share of |w|: rounding, 1e-16 / h, meets h^4.
inline constexpr double smooth_step = 3e-4;

/// hv = H(w) v, H the Hessian of the function whose gradient is `field`: four gradients.
/// @pre |w| > 0, |v| > 0, all spans of the same size
inline void hessian_product(const gradient_field& field, std::span<const double> w, std::span<const double> v,
                            std::span<double> hv, double relative_step = smooth_step) {
  const std::size_t n = w.size();
  std::vector<double> moved(n), gradient(n);
  const double h = relative_step * length(w) / length(v);
  const auto add = [&](double step, double factor) {
    for (std::size_t i = 0; i < n; ++i) moved[i] = w[i] + step * v[i];
    field(moved, gradient);
    for (std::size_t i = 0; i < n; ++i) hv[i] += factor * gradient[i];
  };
  for (double& value : hv) value = 0;
  add(h, 4 / (6 * h)), add(-h, -4 / (6 * h));
  add(2 * h, -1 / (12 * h)), add(-2 * h, 1 / (12 * h));
}

/// The whole Hessian, row-major and symmetric: 4 n gradients.
[[nodiscard]] inline std::vector<double> hessian_matrix(const gradient_field& field, std::span<const double> w,
                                                        double relative_step = smooth_step) {
  const std::size_t n = w.size();
  std::vector<double> h(n * n), e(n);
  for (std::size_t i = 0; i < n; ++i) {
    e[i] = 1;
    hessian_product(field, w, e, std::span(h).subspan(i * n, n), relative_step);
    e[i] = 0;
  }
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < i; ++j) h[i * n + j] = h[j * n + i] = (h[i * n + j] + h[j * n + i]) / 2;
  return h;
}

/// The gradient in w of v' H(w) v, v fixed: five gradients. Where v is the unit eigenvector of a simple eigenvalue,
/// this is the gradient of the eigenvalue (Hellmann-Feynman).
[[nodiscard]] inline std::vector<double> curvature_gradient(const gradient_field& field, std::span<const double> w,
                                                            std::span<const double> v, double relative_step = 2e-3) {
  const std::size_t n = w.size();
  std::vector<double> moved(n), gradient(n), sum(n);
  const double h = relative_step * length(w) / length(v), unit = 1 / (h * h);
  const auto add = [&](double step, double factor) {
    for (std::size_t i = 0; i < n; ++i) moved[i] = w[i] + step * v[i];
    field(moved, gradient);
    for (std::size_t i = 0; i < n; ++i) sum[i] += factor * unit * gradient[i];
  };
  add(0, -2.5);  // -2 (4/3 - 1/12)
  add(h, 4.0 / 3), add(-h, 4.0 / 3);
  add(2 * h, -1.0 / 12), add(-2 * h, -1.0 / 12);
  return sum;
}

}  // namespace taut
