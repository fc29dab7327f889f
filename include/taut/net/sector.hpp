// SPDX-License-Identifier: Apache-2.0
// The sector of a nonlinearity whose output is as large as its input: for any two inputs, on each run of neighbours,
//
//   <dy - low dx, dy - high dx> <= 0
//
// A pointwise layer has runs of one element, low its least slope and high its Lipschitz constant: each dy_i / dx_i is
// a mean of slopes. A normalizer has low 0 and high k(s) = 1 / sqrt(s^2 + epsilon) on inputs with std >= s. A layer
// that states no more than its Lipschitz constant L has [-L, L] and one run: |dy| <= L |dx|.
// Example: sector_of<layer::relu>(shape{8}) is {0, 1, 1}; of layer_norm<min_std<0.5>> it is {0, 1.99996, 8}.
#pragma once
#include <cstddef>
#include <taut/net/layer.hpp>

namespace taut {

/// Slopes between `low` and `high`, on each run of so many neighbours.
struct sector {
  double low, high;
  std::size_t run;

  friend constexpr bool operator==(const sector&, const sector&) = default;
};

/// The declared smallest std (root mean square, if not centred) of a layer, 0 where it declares none.
template <class L> constexpr double declared_floor() {
  if constexpr (requires { L::min_std; }) return L::min_std;
  else return 0;
}

/// k(s) = 1 / sqrt(s^2 + epsilon), rounded upward: how steep normalizer L is where the std is at least the declared s.
template <class L> constexpr double radial_slope() {
  const double s = declared_floor<L>();
  return rounded::div_up(1, rounded::sqrt_down(rounded::add_down(rounded::mul_down(s, s), L::epsilon)));
}

/// The sector of layer L on inputs of shape `in`, gain and offset of a normalizer left out; `high` is infinite where
/// the layer's constant is not declared.
///
/// A normalizer maps c = r u, |u| = 1, to z = f(r) u with f(r) = r / sqrt(r^2/n + epsilon). For two inputs with r_i >=
/// sqrt(n) s, the difference <dz, dc> - |dz|^2 / k is linear in <u_1, u_2>, so it is enough to look at 1 and -1: there
/// it is not negative, since f' <= k in between and f(r_i) <= k r_i. That is <dz, dz - k dc> <= 0, and <dz, dc> = <dz,
/// dx> as dz is centred.
template <class L> constexpr sector sector_of(shape in) {
  if constexpr (requires { L::slopes(in); }) {
    return L::slopes(in);
  } else if constexpr (L::reads == fusion::normalizer) {
    return {0, radial_slope<L>(), L::pooled(in).size};
  } else {
    const auto term = L::lipschitz(in);
    const double steepest = term.closed() ? term.value().upper : rounded::infinity;
    if constexpr (requires { L::least_slope; }) return {L::least_slope, steepest, 1};
    else return {-steepest, steepest, L::reads == fusion::pointwise ? 1 : in.size()};
  }
}

}  // namespace taut
