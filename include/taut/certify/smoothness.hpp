// SPDX-License-Identifier: Apache-2.0
// How fast slopes change with the input: a Lipschitz constant of the Jacobian, ||J(x) - J(x')|| <= S |x - x'|, and of
// the gradient of a loss of the outputs.
//
//   smoothness_of(p).value                    infinity where a layer has a kink; .exists, .kink say where
//   gradient_lipschitz_of(p)                  of x -> cross-entropy(f(x), y), for any label y
//
// J(x) - J(x') telescopes: S = sum_k (prod_{j>k} L_j) S_k (prod_{j<k} L_j)^2, L_j the factors of lipschitz_of and S_k
// what layer k states as its curvature: 0 for affine layers, none for ReLU, max pooling, sorting. With declared stds
// both hold for inputs that respect them. Of a loss: S L_loss + L^2 S_loss.
#pragma once
#include <array>
#include <cstddef>
#include <taut/certify/factors.hpp>

namespace taut {

/// A Lipschitz constant of a network's Jacobian (spectral norms), or the first layer whose slopes jump.
struct smoothness_bound {
  double value = 0;      ///< rounded upward; infinity if there is none
  bool exists = true;    ///< no layer has a kink
  std::size_t kink = 0;  ///< the first layer that has one, or that states no curvature
};

/// What a bound needs of a loss of the outputs.
struct loss_constants {
  double slope = 0;      ///< Lipschitz constant in the outputs
  double curvature = 0;  ///< Lipschitz constant of the gradient in the outputs
};
/// Cross-entropy of logits: the gradient softmax(z) - e_y is shorter than sqrt 2, the Hessian is at most 1/2.
inline constexpr loss_constants cross_entropy_of_logits{0x1.6a09e667f3bcdp+0, 0.5};

namespace certificates {

/// The largest norm of the second derivative of c -> c / q, q = sqrt(|c|^2/n + epsilon), where |c|^2/n >= s^2.
///
/// Along and across c, with t = epsilon / q^2, it is sqrt(1 - t) / (sqrt(n) q^2) times the symmetric bilinear map
/// (u, v) -> (3 t u_1 v_1 + <u', v'>, v_1 u' + u_1 v'), whose norm is attained at u = v: 2 / sqrt(3 (1 - t)) for
/// t <= 2/3, else 3 t. So it is 2 / (sqrt(3 n) q^2), falling in q, for t <= 2/3, and everywhere at most its value at
/// t = 4/5, 48 / (25 sqrt 5) / (sqrt(n) epsilon). Between two points of {|c| >= r}, which is not convex, a path along
/// the sphere is at most pi/2 times as long as the straight one, and where there is no path (n = 1 across) the
/// derivative of c and -c is the same.
template <class L> constexpr double projection_curvature(std::size_t pooled) {
  constexpr double peak = 0.85865010335992, radius = 1.1547005383792517, detour = 1.5707963267948968;
  const double s = declared_floor<L>(), root = rounded::sqrt_down(static_cast<double>(pooled));
  const double everywhere = rounded::div_up(peak, rounded::mul_down(root, L::epsilon));
  const double square = rounded::add_down(rounded::mul_down(s, s), L::epsilon);
  if (!(rounded::mul_up(3, L::epsilon) <= rounded::mul_down(2, square))) return everywhere;
  const double there = rounded::div_up(rounded::mul_up(detour, radius), rounded::mul_down(root, square));
  return there < everywhere ? there : everywhere;
}

/// The Lipschitz constant and the curvature of the map of a network, or of a part of it.
struct bend {
  double lipschitz = 1, curvature = 0;
  bool exists = true;
  std::size_t kink = 0;

  /// This, and then a layer.
  constexpr void then(double slope, double curved) {
    curvature = rounded::add_up(rounded::mul_up(slope, curvature),
                                rounded::mul_up(curved, rounded::mul_up(lipschitz, lipschitz)));
    lipschitz = rounded::mul_up(lipschitz, slope);
  }
};

template <class Net, class Real> constexpr bend bend_of(const parameters<Net, Real>& p) {
  const auto slopes = factors(p);
  bend b;
  base::for_each_index<Net::depth>([&]<std::size_t I>() {
    using L = layer_of<Net, I>;
    constexpr shape in = Net::shapes[I];
    double curved = 0;
    bool stated = true;
    if constexpr (L::reads == fusion::affine || L::reads == fusion::scaling || requires { L::identity; }) {
      // linear
    } else if constexpr (L::reads == fusion::normalizer) {
      curved = projection_curvature<L>(L::pooled(in).size);
      if constexpr (neighbours<Net>::reads[neighbours<Net>::behind(I)] != fusion::affine)  // as factors split gains
        curved = rounded::mul_up(curved, gain_factor<Net, I>(p));
    } else if constexpr (requires { L::adds_input; }) {
      base::for_each_index<L::blocks>([&]<std::size_t K>() {
        const bend inner = bend_of(L::template inner<in, K>(get<I>(p)));
        stated = stated && inner.exists;
        curved = rounded::add_up(curved, rounded::mul_up(inner.curvature, inner.curvature));
      });
      curved = rounded::sqrt_up(curved);
    } else if constexpr (requires { L::curvature(in); }) {
      curved = L::curvature(in);
    } else {
      stated = false;
    }
    if (b.exists && !stated) b.exists = false, b.kink = I;
    b.then(slopes[I], curved);
  });
  return b;
}

}  // namespace certificates

/// A proved Lipschitz constant of the Jacobian of the network with these parameters.
template <class Net, class Real>
[[nodiscard]] constexpr smoothness_bound smoothness_of(const parameters<Net, Real>& p) {
  const certificates::bend b = certificates::bend_of(p);
  return {b.exists ? b.curvature : rounded::detail::unbounded(), b.exists, b.kink};
}

/// A proved Lipschitz constant of the gradient, in the input, of a loss of the outputs; infinity where there is none.
template <class Net, class Real>
[[nodiscard]] constexpr double gradient_lipschitz_of(const parameters<Net, Real>& p,
                                                     const loss_constants& loss = cross_entropy_of_logits) {
  certificates::bend b = certificates::bend_of(p);
  b.then(loss.slope, loss.curvature);
  return b.exists ? b.curvature : rounded::detail::unbounded();
}

}  // namespace taut
