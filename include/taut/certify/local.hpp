// SPDX-License-Identifier: Apache-2.0
// How far an input may move before the output moves by d, seen from one input: no floor is needed, because the stds at
// the input are known. Layer by layer, from the output back to the input:
//
//   constant f    the input may move by d / f
//   normalizer    z = c / sqrt(|c|^2/n + epsilon) is sqrt(n) times the direction of the vector (c, sqrt(n epsilon)) of
//                 length sqrt(n) q, q = sqrt(std^2 + epsilon). A move of c by m < sqrt(n) q turns that vector by the
//                 angle asin(m / (sqrt(n) q)) at most, so z moves by no more than the chord 2 sqrt(n) sin(angle / 2);
//                 solved for m: with h = d / (2 sqrt(n) G), G the norm of the gains,
//                    h > 1: any move      h^2 >= 1/2: sqrt(n) q      else: sqrt(n) q 2 h sqrt(1 - h^2)
#pragma once
#include <array>
#include <cstddef>
#include <taut/certify/factors.hpp>
#include <taut/certify/lipschitz_of.hpp>

namespace taut::certificates {

/// Moves are counted up to here: farther ones, or moves without an end, are this far.
inline constexpr double farthest = 0x1p200;

/// a / b downward for a >= 0, b >= 0, not above `farthest`; 0 where b is infinite or no number.
constexpr double moves_within(double a, double b) {
  if (!rounded::is_finite(b)) return 0;
  if (b == 0) return farthest;
  const double q = rounded::div_down(a, b);
  return q < farthest ? q : farthest;
}

/// What a layer does to moves: a constant, or the projection of a normalizer.
struct local_step {
  double factor = 1;   ///< the layer's constant; of a normalizer, the norm G of the gains that are not in a matrix
  double root = 0;     ///< sqrt(n), downward; 0 if the layer is no normalizer
  double widest = 0;   ///< 2 sqrt(n) G: no run of n elements moves farther
  double spread = 0;   ///< the same for all runs together
  double epsilon = 0;  ///< under the root of the normalizer

  /// How far the input may move if the output may move by d; `std`: the smallest of the runs at the input, downward.
  [[nodiscard]] constexpr double back(double d, double std) const {
    if (root == 0) return moves_within(d, factor);
    if (!(d > 0)) return 0;
    if (d >= farthest || d > spread) return farthest;
    // Everywhere: the constant G / sqrt(epsilon). Of several runs, no distribution of a move over them is worse than
    // all of it in one run: the square of the chord is convex in the square of the move.
    const double anywhere = rounded::mul_down(moves_within(d, factor), rounded::sqrt_down(epsilon));
    const double length =
        rounded::mul_down(root, rounded::sqrt_down(rounded::add_down(rounded::mul_down(std, std), epsilon)));
    const double h = rounded::div_down(d, widest);
    double move = length;
    if (rounded::mul_down(h, h) < 0.5) {
      const double cosine = rounded::sqrt_down(rounded::sub_down(1, rounded::mul_up(h, h)));
      move = rounded::mul_down(rounded::mul_down(2, h), rounded::mul_down(length, cosine));
    }
    return move > anywhere ? move : anywhere;
  }
};

/// Whether a network inside layer L declares a min_std.
template <class L, shape In> constexpr bool floors_inside() {
  bool found = false;
  base::for_each_index<base::networks_inside<L>()>([&]<std::size_t K>() {
    using Inner = base::network_inside<L, In, K>;
    base::for_each_index<Inner::depth>([&]<std::size_t I>() {
      found |= declared_floor<layer_of<Inner, I>>() > 0 || floors_inside<layer_of<Inner, I>, Inner::shapes[I]>();
    });
  });
  return found;
}

/// The same for a network: whether any of its blocks does.
template <class Net> constexpr bool floors_within() {
  bool found = false;
  base::for_each_index<Net::depth>(
      [&]<std::size_t I>() { found |= floors_inside<layer_of<Net, I>, Net::shapes[I]>(); });
  return found;
}

/// The constant of layer I that needs no floor; `known`: its factor, which may rest on floors.
template <class Net, std::size_t I, class Real>
constexpr double floor_free_factor(const parameters<Net, Real>& p, double known) {
  using L = layer_of<Net, I>;
  if constexpr (floors_inside<L, Net::shapes[I]>()) {
    std::array<double, L::blocks> inner{};
    base::for_each_index<L::blocks>([&]<std::size_t K>() {
      const auto& q = L::template inner<Net::shapes[I], K>(get<I>(p));
      using Inner = base::network_inside<L, Net::shapes[I], K>;
      const auto known_inside = factors(q);
      inner[K] = 1;
      base::for_each_index<Inner::depth>([&]<std::size_t J>() {
        inner[K] = rounded::mul_up(inner[K], floor_free_factor<Inner, J>(q, known_inside[J]));
      });
    });
    return L::combined_lipschitz(inner);
  } else if constexpr (L::reads == fusion::normalizer) {
    const double k = rounded::div_up(1, rounded::sqrt_down(L::epsilon));
    if constexpr (neighbours<Net>::reads[neighbours<Net>::behind(I)] == fusion::affine) return k;
    else return rounded::mul_up(k, gain_factor<Net, I>(p));
  } else {
    return known;
  }
}

/// What layer I does to moves; `known`: its factor.
template <class Net, std::size_t I, class Real>
constexpr local_step local_step_of(const parameters<Net, Real>& p, double known) {
  using L = layer_of<Net, I>;
  local_step step;
  if constexpr (L::reads == fusion::normalizer) {
    constexpr pooling runs = L::pooled(Net::shapes[I]);
    constexpr auto n = static_cast<double>(runs.size), all = static_cast<double>(runs.size * runs.groups);
    if constexpr (neighbours<Net>::reads[neighbours<Net>::behind(I)] != fusion::affine)
      step.factor = gain_factor<Net, I>(p);
    step.root = rounded::sqrt_down(n);
    step.widest = rounded::mul_up(2, rounded::mul_up(rounded::sqrt_up(n), step.factor));
    step.spread = rounded::mul_up(2, rounded::mul_up(rounded::sqrt_up(all), step.factor));
    step.epsilon = L::epsilon;
  } else {
    step.factor = floor_free_factor<Net, I>(p, known);
  }
  return step;
}

}  // namespace taut::certificates
