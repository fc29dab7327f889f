// SPDX-License-Identifier: Apache-2.0
// Certified inference: a label, and a radius within which no input changes it.
//
//   const auto guard = certifier(p);       // the engine, and constants proved once
//   auto v = certify(guard, x);            // { output, label, radius, contract_holds }
//
// Margin: class c beats j as long as the input of the last affine layer moves by less than (f_c - f_j) / |w_c - w_j|,
// or the output by less than (f_c - f_j) / sqrt(2) where the last layer is not affine. How far the input may move
// before that happens follows layer by layer from the stds at x (local.hpp); it needs no floor and is at least what the
// floors would give with the same constants. A smaller constant proved by other means, for inputs that keep the floors,
// can be handed in: it holds on the ball on which the stds at x keep the floors. The larger radius counts. Ties, NaN
// and infinities give radius 0. The promise is about the float engine and the network in real arithmetic alike: what
// rounding can do anywhere on the ball (rounding.hpp) is taken from the margins and the stds first.
#pragma once
#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>
#include <iterator>
#include <span>
#include <taut/certify/contract_of.hpp>
#include <taut/certify/limits.hpp>
#include <taut/certify/lipschitz_of.hpp>
#include <taut/certify/local.hpp>
#include <taut/certify/rounding.hpp>
#include <taut/engine/engine.hpp>

namespace taut {

/// A label with its promise.
template <std::size_t Outputs> struct certificate {
  std::array<float, Outputs> output{};
  std::size_t label = 0;  ///< the largest output
  double radius = 0;      ///< Euclidean; every input closer than this has the same label
  /// x is as declared, and at x itself every normalizer's std is at least the declared one.
  bool contract_holds = false;
};

/// What certify(guard, x) needs: the engine and the constants of the promise. Make it with certifier(p).
template <Network Net, class Arithmetic = float32<>> struct guarded {
  static constexpr std::size_t outputs = Net::output_size;
  static constexpr std::size_t largest_table = 64;  // outputs; beyond, one constant serves all pairs
  static constexpr bool tabulates = certificates::tabulates<Net>() && outputs <= largest_table;

  engine<Net, Arithmetic> run;
  /// The network's Lipschitz constant, for inputs that keep the declared floors.
  double lipschitz = 0;
  /// Whether that constant was handed in: then it may beat the layers' own.
  bool handed = false;
  /// Inputs of this norm or a larger one could overflow somewhere inside: they get radius 0.
  double safe_norm = 0;
  /// distance[c * outputs + j] = |w_c - w_j|, how fast output c - output j falls as the input of the last affine layer
  /// moves; sqrt(2) for all where there is no table.
  std::array<double, tabulates ? outputs * outputs : 1> distance{};
  /// The constant of all layers before those that `distance` speaks of.
  double before = 1;
  /// Per layer: the declared floor of a normalizer, 0 without one, and what the layer does to moves.
  std::array<double, Net::depth> floor{};
  std::array<certificates::local_step, Net::depth> steps{};
  /// Floors that the weights imply (implied_floor.hpp) need no check; so do those inside blocks, if all are implied.
  std::array<bool, Net::depth> implied{};
  bool inside_implied = !certificates::floors_within<Net>();
  /// Per layer: what the rounding of its kernel does. Unless all of it is known, radii are 0.
  certificates::network_rounding<Net> rounding{};
  bool rounding_known = false;

  [[nodiscard]] constexpr double distance_of(std::size_t c, std::size_t j) const {
    return distance[tabulates ? c * outputs + j : 0];
  }
  /// How fast output c - output j can fall, for inputs that keep the declared floors.
  [[nodiscard]] constexpr double slope_of(std::size_t c, std::size_t j) const {
    const double table = rounded::mul_up(distance_of(c, j), before);
    const double whole = rounded::mul_up(rounded::sqrt_up(2), lipschitz);
    return whole < table ? whole : table;
  }
};

namespace certificates {

/// Fills `distance` with |w_c - w_j| for the rows of a matrix whose rounding is off by at most `error` in all.
constexpr void row_distances(const double* w, std::size_t rows, std::size_t columns, double error, double* distance) {
  const buffer difference(columns), norms(rows);
  for (std::size_t c = 0; c < rows; ++c) {
    norms.at[c] = frobenius_norm_up(w + c * columns, 1, columns);
    for (std::size_t j = 0; j <= c; ++j) {
      for (std::size_t k = 0; k < columns; ++k) difference.at[k] = w[c * columns + k] - w[j * columns + k];
      // one rounding per difference: 2^-52 of the larger norm; the error of two rows: twice the matrix's
      const double norm = frobenius_norm_up(difference.at, 1, columns);
      const double of_both = rounded::add_up(norms.at[c], norms.at[j]);
      const double slack = rounded::add_up(rounded::mul_up(0x1p-52, of_both), rounded::mul_up(2, error));
      distance[c * rows + j] = distance[j * rows + c] = rounded::add_up(norm, slack);
    }
  }
}

/// Whether a normalizer of a network declares a floor, in a block or not.
template <class Net> constexpr bool declares_floors() {
  bool found = floors_within<Net>();
  base::for_each_index<Net::depth>([&]<std::size_t I>() {
    found |= layer_of<Net, I>::reads == fusion::normalizer && declared_floor<layer_of<Net, I>>() > 0;
  });
  return found;
}

/// How far the input may move if what `distance` speaks of may move by d; `std`: per layer, the smallest at the input;
/// `moves` becomes how far the input of each layer may move. With `keep_floors` also no declared floor is left: a std
/// is 1/sqrt(n)-Lipschitz, whatever the layers before.
template <class Net, class Arithmetic>
constexpr double moves_back(const guarded<Net, Arithmetic>& guard, const std::array<double, Net::depth>& std, double d,
                            bool keep_floors, std::array<double, Net::depth>& moves) {
  for (std::size_t layer = Net::depth - (guard.tabulates ? 1 : 0); layer-- > 0;) {
    const local_step& step = guard.steps[layer];
    d = step.back(d, std[layer]);
    if (keep_floors && guard.floor[layer] > 0 && !guard.implied[layer]) {
      const double room = rounded::sub_down(std[layer], guard.floor[layer]);
      const double reach = room > 0 ? rounded::mul_down(step.root, room) : 0;
      if (!(reach >= d)) d = reach;
    }
    moves[layer] = d;
  }
  return d;
}

/// The smallest of (output[label] - output[j] - loss) / rate(j) over the other classes j.
template <std::size_t Outputs> constexpr double smallest_move(const certificate<Outputs>& v, double loss, auto&& rate) {
  double least = farthest;
  for (std::size_t j = 0; j < Outputs; ++j) {
    if (j == v.label) continue;
    const double lead = rounded::sub_down(static_cast<double>(v.output[v.label]), static_cast<double>(v.output[j]));
    const double margin = rounded::sub_down(lead, loss);
    const double to_j = margin > 0 ? moves_within(margin, rate(j)) : 0;
    if (!(to_j >= least)) least = to_j;
  }
  return least;
}

/// The radius by the layers' own constants (`handed` false) or by the one handed in, at most `room`.
///
/// A first radius, as if nothing were rounded, bounds how far each layer's input moves, hence the stds on the ball and
/// what rounding can do there; both outputs of a pair are off by the outputs' error at x and at the other point, so a
/// margin loses 2 sqrt(2) of it. If little is left of the margins, or a std can reach 0 on the ball, a part of it is
/// tried: moves grow no faster than the radius does, except behind a normalizer that any move of its input is allowed.
template <class Net, class Arithmetic>
constexpr double radius_at(const guarded<Net, Arithmetic>& guard, const certificate<Net::output_size>& v,
                           const std::array<double, Net::depth>& seen, double size, double room, bool handed) {
  using per_layer = std::array<double, Net::depth>;
  const auto radius = [&](double loss, const per_layer& std, per_layer& moves) {
    if (!handed) {
      const auto rate = [&](std::size_t j) { return guard.distance_of(v.label, j); };
      return moves_back(guard, std, smallest_move(v, loss, rate), false, moves);
    }
    const auto rate = [&](std::size_t j) { return guard.slope_of(v.label, j); };
    const double fall = smallest_move(v, loss, rate);
    return std::min(fall, moves_back(guard, std, farthest, true, moves));
  };
  per_layer whole{}, allowed{}, moves{}, low = seen;
  const double first = radius(0, seen, whole);
  double best = 0;
  for (const double part : {1.0, 0.875, 0.5, 0.125, 0x1p-6}) {
    const double ball = std::min(rounded::mul_up(part, first), room);
    if (!(ball > best)) break;
    double share = std::min(1.0, rounded::mul_up(1.01, rounded::div_up(ball, first)));
    for (std::size_t i = 0; i < Net::depth; ++i) {
      allowed[i] = rounded::mul_up(share, whole[i]);
      if (guard.rounding[i].normalizes && whole[i] >= farthest) share = 1;
    }
    const double error = rounding_on_ball(guard.rounding, rounded::add_up(size, ball), Net::input_size, seen,
                                          handed ? nullptr : &allowed, guard.floor, low);
    if (!rounded::is_finite(error)) continue;
    const double found = radius(rounded::mul_up(error, 0x1.6a09e667f3bcdp+1), low, moves);
    // the stds that were just reckoned with are those of the ball that comes out
    const double scale = found > ball ? rounded::div_up(ball, found) : 1;
    bool within = true;
    for (std::size_t i = 0; i < Net::depth && !handed; ++i)
      within =
          within && (moves[i] <= allowed[i] || (whole[i] < farthest && rounded::mul_up(scale, moves[i]) <= allowed[i]));
    if (within) best = std::max(best, std::min(ball, found));
  }
  return best;
}

}  // namespace certificates

/// The engine of p with the constants its certificates need, proved once.
template <class Arithmetic = float32<>, class Net, class Real>
[[nodiscard]] constexpr guarded<Net, Arithmetic> certifier(const parameters<Net, Real>& p) {
  using G = guarded<Net, Arithmetic>;
  G guard;
  compile(p, guard.run);
  const auto factors = certificates::factors(p);
  guard.lipschitz = 1;
  base::for_each_index<Net::depth>([&]<std::size_t I>() {
    using L = layer_of<Net, I>;
    if constexpr (L::reads == fusion::normalizer) guard.floor[I] = certificates::declared_floor<L>();
    if constexpr (I + 1 < Net::depth || !G::tabulates) {
      guard.steps[I] = certificates::local_step_of<Net, I>(p, factors[I]);
      guard.before = rounded::mul_up(guard.before, factors[I]);
    }
    guard.lipschitz = rounded::mul_up(guard.lipschitz, factors[I]);
  });
  if constexpr (G::tabulates) {
    certificates::with_matrix<Net, Net::depth - 1>(
        p, [&](const double* w, std::size_t rows, std::size_t columns, double error) {
          certificates::row_distances(w, rows, columns, error, guard.distance.data());
          return 0;
        });
  } else {
    guard.distance[0] = rounded::sqrt_up(2);
  }
  guard.safe_norm = certificates::safe_input_norm(p);
  guard.rounding = certificates::rounding_of<typename Arithmetic::lane>(p, factors);
  guard.rounding_known = true;
  for (const auto& layer : guard.rounding) guard.rounding_known = guard.rounding_known && layer.known();
  if constexpr (certificates::declares_floors<Net>()) {
    if (!std::is_constant_evaluated()) {  // a search; without it, all floors are checked
      bool inside = true;
      for (const floor_status& f : certificates::floors_of(p, certificates::region(Net::input_size))) {
        if (f.where.depth == 1) guard.implied[f.where.index[0]] = f.proved();
        else inside = inside && (f.declared == 0 || f.proved());
      }
      guard.inside_implied = inside;
    }
  }
  return guard;
}

/// The same with a constant of the whole network that was proved by other means under the same floors, as
/// lipschitz_of's is: it counts where it is the smaller one.
template <class Arithmetic = float32<>, class Net, class Real, std::size_t TextSize, class Witness>
[[nodiscard]] constexpr guarded<Net, Arithmetic> certifier(const parameters<Net, Real>& p,
                                                           const lipschitz_bound<TextSize, Witness>& proved) {
  auto guard = certifier<Arithmetic>(p);
  if (proved.value < guard.lipschitz) {
    guard.lipschitz = proved.value;
    guard.handed = guard.inside_implied;  // nobody sees whether other floors inside blocks hold
  }
  return guard;
}

/// The output for x, its label, and the radius of the ball around x on which the label is proved not to change.
template <class Net, class Arithmetic>
[[nodiscard]] constexpr certificate<Net::output_size> certify_input(const guarded<Net, Arithmetic>& guard,
                                                                    std::span<const float, Net::input_size> x) {
  using certificates::farthest;
  certificate<Net::output_size> v;
  const double size = certificates::norm_up(x.data(), Net::input_size);
  bool computed = !certificates::hides_floors<Net>() && size < guard.safe_norm, holds = true;
  auto smallest = filled<double, Net::depth>(farthest);
  v.output = guard.run(x, [&](std::size_t layer, float seen) {
    const auto std = static_cast<double>(seen);
    computed = computed && rounded::is_finite(std);
    if (!(std >= smallest[layer])) smallest[layer] = std;
    if (std < guard.floor[layer] && !guard.implied[layer]) holds = false;
  });
  for (std::size_t j = 0; j < Net::output_size; ++j) {
    computed = computed && rounded::is_finite(v.output[j]);
    if (v.output[j] > v.output[v.label]) v.label = j;
  }
  v.contract_holds = computed && holds && guard.inside_implied && certificates::input_contract_holds<Net, float>(x);
  if (!computed) return v;
  if (!guard.rounding_known) return v;
  const double room = rounded::sub_down(guard.safe_norm, size);  // nothing overflows closer than that
  if constexpr (Net::output_size == 1) {
    v.radius = room;
  } else {
    v.radius = certificates::radius_at(guard, v, smallest, size, room, false);
    if (guard.handed) v.radius = std::max(v.radius, certificates::radius_at(guard, v, smallest, size, room, true));
  }
  return v;
}

/// certify(guard, x): x an array, vector or span of Net::input_size floats.
template <class Net, class Arithmetic, base::numbers Range>
[[nodiscard]] constexpr auto certify(const guarded<Net, Arithmetic>& guard, const Range& x) {
  static_cast<void>(base::fitting_input<Net, Range>{});  // <- read the quoted words
  assert(std::size(x) == Net::input_size);
  return certify_input(guard, std::span<const float, Net::input_size>(std::data(x), Net::input_size));
}

}  // namespace taut
