// SPDX-License-Identifier: Apache-2.0
// Certificates on a small processor: label, radius and contract in float, a few operations a layer. What certifier(p)
// knows in double is rounded outward once, where that is cheap:
//
//   constexpr auto guard = pocket_guard(digits::parameters, {.largest_norm = 8, .smallest_std = 0.3});      // in flash
//   const auto v = certify(guard, digits::engine, x);             // { output, label, radius, contract_holds }
//
// The radius speaks of inputs up to largest_norm on which no std falls below smallest_std; on those the rounding of the
// engine costs one number, computed beforehand. Elsewhere it is 0. It is a little smaller than that of certify(guard, x)
// on a host (certify/certifier.hpp), and as true.
#pragma once
#include <array>
#include <cstddef>
#include <taut/certify/certifier.hpp>
#include <taut/embed/self_test.hpp>
#include <taut/simd/portable.hpp>
#include <type_traits>

namespace taut {

/// The inputs that a pocket_guard speaks of.
struct pocket_range {
  double largest_norm = 0;
  double smallest_std = 0;
};

/// A label with its promise, in float.
template <std::size_t Outputs> struct pocket_certificate {
  std::array<float, Outputs> output{};
  std::size_t label = 0;
  float radius = 0;             ///< Euclidean; every input closer than this has the same label
  bool contract_holds = false;  ///< x is as declared, and at x every normalizer's std is at least the declared one
};

namespace certificates {

inline constexpr float pocket_farthest = 0x1p60f;

/// The next float that is not below x, or not above.
constexpr float float_up(double x) {
  if (!(x < static_cast<double>(pocket_farthest))) return 0x1p100f;
  const auto nearest = static_cast<float>(x);
  return static_cast<double>(nearest) >= x ? nearest : static_cast<float>(x * (1 + 0x1p-23) + 0x1p-140);
}
constexpr float float_down(double x) {
  if (!(x > 0)) return 0;
  if (x > static_cast<double>(pocket_farthest)) return pocket_farthest;
  const auto nearest = static_cast<float>(x);
  return static_cast<double>(nearest) <= x ? nearest : static_cast<float>(x * (1 - 0x1p-23));
}

/// What a layer does to moves (local.hpp), in float: each result of `back` is off by no more than 2^-20 of it.
struct pocket_step {
  float factor = 1, root = 0, widest = 0, spread = 0, epsilon = 0, root_of_epsilon = 0;
  float kept = 0, lost = 0;  ///< of an observed std: the true one is at least kept std - lost
  float declared = 0;        ///< the floor of the type

  constexpr float back(float d, float std) const {
    if (!(factor < pocket_farthest)) return 0;
    if (root == 0) return factor == 0 ? pocket_farthest : d / factor;
    if (!(d > 0)) return 0;
    if (d >= pocket_farthest || d > spread) return pocket_farthest;
    const float anywhere = d / factor * root_of_epsilon, length = root * simd::sqrt(std * std + epsilon);
    const float h = d / widest;
    const float move = h * h < 0.5f ? 2 * h * length * simd::sqrt(1 - h * h) : length;
    return move > anywhere ? move : anywhere;
  }
};

}  // namespace certificates

/// The constants of a network's certificates in float. Make it with pocket_guard(p, range).
template <Network Net, class Lane> struct pocket_guarded {
  static constexpr std::size_t outputs = Net::output_size;
  static constexpr bool tabulates = guarded<Net, float32<Lane>>::tabulates;
  std::array<float, tabulates ? outputs * outputs : 1> distance{};
  std::array<certificates::pocket_step, Net::depth> steps{};
  float largest_norm = 0, smallest_std = 0;
  float loss = 0;  ///< what rounding may take of a margin
  bool inside_implied = false;
};

/// The pocket guard of p for inputs of this range and engines in this lane.
template <class Lane = simd::scalar, Network Net, class Real>
[[nodiscard]] constexpr pocket_guarded<Net, Lane> pocket_guard(const parameters<Net, Real>& p, pocket_range range) {
  using namespace certificates;
  const auto whole = certifier<float32<Lane>>(p);
  pocket_guarded<Net, Lane> guard;
  for (std::size_t i = 0; i < guard.distance.size(); ++i) guard.distance[i] = float_up(whole.distance[i]);
  guard.largest_norm = float_down(range.largest_norm < whole.safe_norm ? range.largest_norm : whole.safe_norm);
  guard.smallest_std = float_up(range.smallest_std);
  guard.inside_implied = whole.inside_implied;
  // the rounding of the engine on all inputs of the range, as rounding_on_ball reckons it
  engine_rounding::activations x{static_cast<double>(guard.largest_norm),
                                 engine_rounding::flushed * static_cast<double>(Net::input_size)};
  for (std::size_t i = 0; i < Net::depth; ++i) {
    const local_step& from = whole.steps[i];
    pocket_step& to = guard.steps[i];
    to = {.factor = float_up(from.factor),
          .root = float_down(from.root),
          .widest = float_up(from.widest),
          .spread = float_up(from.spread),
          .epsilon = float_down(from.epsilon),
          .root_of_epsilon = float_down(rounded::sqrt_down(from.epsilon)),
          .declared = whole.implied[i] ? 0 : float_up(whole.floor[i])};
    const layer_rounding& layer = whole.rounding[i];
    if (layer.normalizes) {
      const double arrived = layer.sphere.arriving(x);
      to.kept = float_down(1 - layer.sphere.statistics.std - layer.sphere.statistics.centre - 0x1p-20);
      to.lost = float_up(arrived / layer.sphere.root * (1 + 0x1p-40) + 0x1p-50);
      x = layer.sphere(arrived, range.smallest_std);
    } else {
      x = layer.step(x);
    }
  }
  const bool known = whole.rounding_known && rounded::is_finite(x.error);
  guard.loss = known ? float_up(x.error * 2.8285) : 0x1p100f;
  return guard;
}

/// The output for x, its label, and the radius of the ball around x on which it is proved not to change. The engine is
/// that of the same parameters.
///
/// Rounding: every step below is off by at most 2^-20 of its result, moves pass through depth + 2 of them, and where two
/// numbers are subtracted the first one is lowered by 2^-20 of itself before; the last factor covers 2^11 layers.
template <class Net, class Lane, base::numbers Range>
[[nodiscard]] constexpr auto certify(const pocket_guarded<Net, Lane>& guard, const engine<Net, float32<Lane>>& run,
                                     const Range& x) {
  using certificates::pocket_farthest;
  constexpr std::size_t outputs = Net::output_size;
  constexpr float less = 1 - 0x1p-20f, more = 1 + 0x1p-20f;
  pocket_certificate<outputs> v;
  auto std = filled<float, Net::depth>(pocket_farthest);
  bool computed = !certificates::hides_floors<Net>(), holds = true;
  v.output = run(x, [&](std::size_t layer, float seen) {
    computed = computed && seen < pocket_farthest;
    if (!(seen >= std[layer])) std[layer] = seen;
    if (!(seen >= guard.steps[layer].declared)) holds = false;
  });
  for (std::size_t j = 0; j < outputs; ++j) {
    computed = computed && v.output[j] < pocket_farthest && v.output[j] > -pocket_farthest;
    if (v.output[j] > v.output[v.label]) v.label = j;
  }
  float squares = 0;
  for (std::size_t i = 0; i < Net::input_size; ++i) squares += std::ranges::data(x)[i] * std::ranges::data(x)[i];
  const float norm = simd::sqrt(squares) * (1 + static_cast<float>(Net::input_size) * 0x1p-22f) + 0x1p-60f;
  v.contract_holds = computed && holds && guard.inside_implied &&
                     certificates::input_contract_holds<Net, float>(
                         std::span<const float, Net::input_size>(std::ranges::data(x), Net::input_size));
  if (!computed || !(norm < guard.largest_norm)) return v;
  float d = pocket_farthest;
  for (std::size_t j = 0; j < outputs; ++j) {
    if (j == v.label) continue;
    const float margin = (v.output[v.label] - v.output[j]) * less - guard.loss;
    const float rate = guard.distance[guard.tabulates ? v.label * outputs + j : 0];
    const float to_j = !(margin > 0) || !(rate < pocket_farthest) ? 0 : rate > 0 ? margin / rate : pocket_farthest;
    if (!(to_j >= d)) d = to_j;
  }
  for (std::size_t layer = Net::depth - (guard.tabulates ? 1 : 0); layer-- > 0;) {
    const auto& step = guard.steps[layer];
    float low = std[layer] * less * step.kept - step.lost * more;
    if (!(low > 0)) low = 0;
    d = step.back(d, low);
    if (step.root > 0) {
      const float reach = step.root * (low * less - guard.smallest_std);
      if (!(reach >= d)) d = reach > 0 ? reach : 0;
    }
  }
  const float room = guard.largest_norm * less - norm;
  if (!(room >= d)) d = room > 0 ? room : 0;
  v.radius = d * (1 - 0x1p-8f);
  return v;
}

}  // namespace taut
