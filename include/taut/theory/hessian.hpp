// SPDX-License-Identifier: Apache-2.0
// Second and third derivatives of a function of many variables, from its gradient in double by central differences
// with one step of Richardson's extrapolation:
//
//   H(w) v               d(h) = (g(w + h v) - g(w - h v)) / 2h,               (4 d(h) - d(2h)) / 3
//   grad_w (v' H(w) v)   e(h) = (g(w + h v) - 2 g(w) + g(w - h v)) / h^2,     (4 e(h) - e(2h)) / 3, v fixed
//
// h = relative_step |w| / |v|. The error falls with h^4 until rounding, 1e-16 / h and 1e-16 / h^2, takes over: 10
// digits of H v are right for smooth networks and 7 of the third derivative (tests/theory/hessian.cpp). Where a kink
// (ReLU) lies between w - 2hv and w + 2hv, H v is off by the gradient's jump / h: see kink_step and hessian_operator.
#pragma once
#include <algorithm>
#include <cstddef>
#include <functional>
#include <initializer_list>
#include <span>
#include <taut/theory/vectors.hpp>
#include <utility>
#include <vector>

namespace taut {

/// The gradient of a function at w, written to the second argument: as many elements as w.
using gradient_field = std::function<void(std::span<const double> w, std::span<double> gradient)>;

/// The gradient of a loss that states gradient(w, g), as batch_loss does. The loss must outlive it.
template <class Loss> [[nodiscard]] gradient_field gradient_of(Loss& loss) {
  return [&loss](std::span<const double> w, std::span<double> g) { loss.gradient(w, g); };
}

/// The gradient of the same function where only the chosen elements move and the others stay as they are in `at`.
[[nodiscard]] inline gradient_field restricted(gradient_field field, std::vector<std::size_t> chosen,
                                               std::vector<double> at) {
  return [field = std::move(field), chosen = std::move(chosen), w = std::move(at), g = std::vector<double>()](
             std::span<const double> part, std::span<double> gradient) mutable {
    g.resize(w.size());
    for (std::size_t i = 0; i < chosen.size(); ++i) w[chosen[i]] = part[i];
    field(w, g);
    for (std::size_t i = 0; i < chosen.size(); ++i) gradient[i] = g[chosen[i]];
  };
}

/// The elements of w that are chosen.
[[nodiscard]] inline std::vector<double> elements_of(std::span<const double> w, std::span<const std::size_t> chosen) {
  std::vector<double> part;
  for (const std::size_t i : chosen) part.push_back(w[i]);
  return part;
}

namespace base {

/// One term of a difference formula: the gradient at w + step v counts `factor`.
struct difference_term {
  double step, factor;
};

/// The sum of the terms. @pre |v| > 0
inline void difference(const gradient_field& field, std::span<const double> w, std::span<const double> v,
                       std::initializer_list<difference_term> terms, std::span<double> sum) {
  std::vector<double> moved(w.size()), gradient(w.size());
  for (double& value : sum) value = 0;
  for (const auto [step, factor] : terms) {
    moved.assign(w.begin(), w.end());
    add(moved, step, v);
    field(moved, gradient);
    add(sum, factor, gradient);
  }
}

}  // namespace base

/// The relative steps that suit smooth networks: where rounding meets the error of the formula.
inline constexpr double second_derivative_step = 3e-4, third_derivative_step = 2e-3;
/// For networks with kinks: so short that one seldom lies within, and still 7 digits.
inline constexpr double kink_step = 1e-9;

/// hv = H(w) v, H the Hessian of the function whose gradient is `field`: four gradients. Returns |d(h) - d(2h)|: far
/// more than the error of smooth functions, and of the size of the product where a kink was met.
/// @pre |w| > 0, |v| > 0, all of the same size
inline double hessian_product(const gradient_field& field, std::span<const double> w, std::span<const double> v,
                              std::span<double> hv, double relative_step = second_derivative_step) {
  const double h = relative_step * base::length(w) / base::length(v);
  std::vector<double> far(w.size());
  base::difference(field, w, v, {{h, 1 / (2 * h)}, {-h, -1 / (2 * h)}}, hv);
  base::difference(field, w, v, {{2 * h, 1 / (4 * h)}, {-2 * h, -1 / (4 * h)}}, far);
  base::add(far, -1, hv);  // d(2h) - d(h)
  base::add(hv, -1.0 / 3, far);
  return base::length(far);
}

/// The whole Hessian, row-major and symmetric: 4 n gradients.
[[nodiscard]] inline std::vector<double> hessian_matrix(const gradient_field& field, std::span<const double> w,
                                                        double relative_step = second_derivative_step) {
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

/// x -> H(w) x as an operator (theory/lanczos.hpp) that steps aside of kinks: where d(h) and d(2h) differ by a
/// hundredth of the longest product so far, one lies within the step, and it is made ten times shorter, three times at
/// most. A product that even then lies on a kink is given as it is, and does not count among the longest.
class hessian_operator {
 public:
  /// Of the function with this gradient, at w = `at`. @pre |w| > 0
  hessian_operator(gradient_field its_gradient, std::vector<double> at, double relative_step = second_derivative_step)
      : gradient(std::move(its_gradient)), w(std::move(at)), step(relative_step) {}

  /// y = H(w) x: 4 to 16 gradients. @pre |x| > 0, as many elements as w
  void operator()(std::span<const double> x, std::span<double> y) {
    double h = step;
    for (int shorter = 0; shorter <= 3; ++shorter, h /= 10) {
      const double apart = hessian_product(gradient, w, x, y, h);  // writes y
      const double size = std::max(longest, base::length(y));
      if (apart > 0.01 * size) continue;
      longest = size;
      return;
    }
  }

 private:
  gradient_field gradient;
  std::vector<double> w;
  double step, longest = 0;
};

/// The gradient in w of v' H(w) v, v fixed: five gradients. Where v is the unit eigenvector of a simple eigenvalue of
/// H(w), it is the gradient of that eigenvalue (Hellmann and Feynman).
[[nodiscard]] inline std::vector<double> curvature_gradient(const gradient_field& field, std::span<const double> w,
                                                            std::span<const double> v,
                                                            double relative_step = third_derivative_step) {
  std::vector<double> sum(w.size());
  const double h = relative_step * base::length(w) / base::length(v);
  const double near = 4 / (3 * h * h), far = -1 / (12 * h * h);
  base::difference(field, w, v, {{0, -2 * (near + far)}, {h, near}, {-h, near}, {2 * h, far}, {-2 * h, far}}, sum);
  return sum;
}

}  // namespace taut
