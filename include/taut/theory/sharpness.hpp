// SPDX-License-Identifier: Apache-2.0
// How sharp a loss is that does not depend on the scale of w: H(aw) = H(w) / a^2, so that only sharpness on the unit
// sphere means anything, lambda(w) = largest eigenvalue of H(w / |w|) (Lyu, Li, Arora 2022). Gradient descent is stable
// while effective_rate lambda < 2; with weight decay |w| shrinks until the product is 2, and from there on w / |w|
// drifts along the minimisers so that lambda falls:
//
//   d zeta / d tau = -2 p / (4 + |p|^2),   p = the gradient of log lambda along the manifold of minimisers,
//
// tau = rate decay, summed over steps (docs/sharpness.md derives it). `gradient` is a gradient_field (hessian.hpp).
#pragma once
#include <cstddef>
#include <span>
#include <stdexcept>
#include <taut/theory/hessian.hpp>
#include <taut/theory/lanczos.hpp>
#include <taut/theory/symmetric_eigen.hpp>
#include <taut/theory/vectors.hpp>
#include <utility>
#include <vector>

namespace taut {

/// The largest eigenvalue of H(w / |w|), and its vector. @pre |w| > 0
[[nodiscard]] inline eigenpair spherical_sharpness(const gradient_field& gradient, std::span<const double> w,
                                                   const lanczos_options& options = {},
                                                   double relative_step = second_derivative_step) {
  return largest_eigenpair(hessian_operator(gradient, base::normalized(w), relative_step), w.size(), options);
}

/// The gradient of log lambda at a point of the unit sphere, `top` being spherical_sharpness there. Its part along the
/// point is -2. @pre the eigenvalue is simple and positive
[[nodiscard]] inline std::vector<double> log_sharpness_gradient(const gradient_field& gradient,
                                                                std::span<const double> unit, const eigenpair& top) {
  std::vector<double> g = curvature_gradient(gradient, unit, top.vector);
  for (double& value : g) value /= top.value;
  return g;
}

/// A point of the flow.
struct flow_point {
  double time = 0;            ///< tau
  double sharpness = 0;       ///< lambda
  std::vector<double> point;  ///< zeta, a minimiser of length 1
};

namespace base {

/// The Hessian at a minimiser, taken apart: eigenvalues below `flat` times the largest belong to the manifold.
class minimiser {
 public:
  minimiser(const gradient_field& field, std::vector<double> unit, double flat)
      : gradient(&field), point(std::move(unit)), hessian(symmetric_eigen(hessian_matrix(field, point), point.size())) {
    limit = flat * hessian.values.back();
    if (!(limit > 0)) throw std::invalid_argument("the flow of sharpness starts where no curvature is positive");
  }

  [[nodiscard]] double sharpness() const { return hessian.values.back(); }
  /// Whether the gradient is nothing and no curvature negative.
  [[nodiscard]] bool is_reached() const {
    std::vector<double> g(point.size());
    (*gradient)(point, g);
    return length(g) <= limit && hessian.values.front() > -limit;
  }
  /// d zeta / d tau.
  [[nodiscard]] std::vector<double> velocity() const {
    const auto top = hessian.vector(point.size() - 1);
    std::vector<double> slope = log_sharpness_gradient(*gradient, point, {sharpness(), {top.begin(), top.end()}, 0, 0});
    add(slope, -dot(slope, point), point);
    std::vector<double> along(point.size());
    for (std::size_t k = 0; k < point.size() && hessian.values[k] < limit; ++k)
      add(along, dot(slope, hessian.vector(k)), hessian.vector(k));
    const double factor = -2 / (4 + dot(along, along));
    for (double& value : along) value *= factor;
    return along;
  }
  /// point + step velocity, brought back to the minimisers by Newton steps across the manifold, and to the sphere.
  [[nodiscard]] std::vector<double> moved(double step, std::span<const double> velocity) const {
    std::vector<double> w = point, g(w.size());
    add(w, step, velocity);
    for (int newton = 0; newton < 4; ++newton) {
      w = normalized(w);
      (*gradient)(w, g);
      for (std::size_t k = w.size(); k-- > 0 && hessian.values[k] >= limit;)
        add(w, -dot(g, hessian.vector(k)) / hessian.values[k], hessian.vector(k));
    }
    return normalized(w);
  }
  [[nodiscard]] const std::vector<double>& at() const { return point; }

 private:
  const gradient_field* gradient;
  std::vector<double> point;
  eigen_decomposition hessian;
  double limit = 0;
};

}  // namespace base

/// The flow from the minimiser that Newton steps reach from w, `steps` midpoint steps up to `duration`: steps + 1
/// points. Each step takes two whole Hessians: for tens of dimensions. `flat` tells the manifold's directions from the
/// others. @throws std::invalid_argument if w is too far from a minimiser for Newton, or no curvature is positive;
/// std::runtime_error if a step is so long that Newton does not find back to the minimisers.
[[nodiscard]] inline std::vector<flow_point> sharpness_reduction_flow(const gradient_field& gradient,
                                                                      std::span<const double> w, double duration,
                                                                      std::size_t steps, double flat = 1e-6) {
  const double step = duration / static_cast<double>(steps);
  const std::vector<double> still(w.size());
  base::minimiser here(gradient, base::normalized(w), flat);
  for (int newton = 0; newton < 3; ++newton) here = base::minimiser(gradient, here.moved(0, still), flat);
  if (!here.is_reached()) throw std::invalid_argument("the flow of sharpness starts at no minimiser");
  std::vector<flow_point> flow{{0, here.sharpness(), here.at()}};
  for (std::size_t k = 1; k <= steps; ++k) {
    const base::minimiser middle(gradient, here.moved(step / 2, here.velocity()), flat);
    here = base::minimiser(gradient, here.moved(step, middle.velocity()), flat);
    if (!here.is_reached()) throw std::runtime_error("the flow of sharpness left the minimisers: take more steps");
    flow.push_back({step * static_cast<double>(k), here.sharpness(), here.at()});
  }
  return flow;
}

}  // namespace taut
