// SPDX-License-Identifier: Apache-2.0
// Certificates of a network in bytes on a small processor, in float: its label is that of the true network, for this
// input and all within `radius`.
//
//   const auto v = certify(digits_int8::guard, digits_int8::engine, x);    // { output, label, radius, contract_holds }
//
// m bounds how far activations are from the true ones: m' = K (norm m + slip |x^| + bias_slip) + what a stage loses when
// it rounds to bytes or cuts off. The norms are of the true weights, the slips of what bytes made of them; behind a
// normalizer K is the chord that such a move spans on the sphere, seen from the sums as they are. The margin that is
// left goes back through the true network (certify/local.hpp) with its smallest possible stds.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <taut/embed/pocket_guard.hpp>
#include <taut/engine/int8.hpp>

namespace taut {

/// Whether a network in bytes can have a guard: a label, and nonlinearities with f(r x) = r f(x).
template <class Net> constexpr bool fits_pocket_bytes() {
  return engine_plan::fits_bytes<Net>() && engine_plan::is_homogeneous<Net>() && Net::output_size > 1 &&
         Net::output_size <= 64;
}

namespace certificates {

/// What a stage in bytes does to moves, rounded outward.
struct pocket_byte_stage {
  float norm = 0;       ///< of the true weights
  float slip = 0;       ///< of the difference between the weights in bytes and the true ones
  float bias_slip = 0;  ///< of biases, and what sums lose when they are scaled
  float radius = 0;     ///< behind a normalizer: of the sphere, gains included
  float pointwise = 1;  ///< the constants of the nonlinearities
  float rounded = 0;    ///< half a step of each output, and what the normalizer rounds
  float unit = 0;       ///< the step of the outputs
};

/// At least the chord between a point of the unit sphere and another one, whose preimages are `move` apart, the first
/// of this length; in float.
constexpr float pocket_chord(float move, float length) {
  if (!(move < length * (1 - 0x1p-10f))) return 2;
  const float t = move / length * (1 + 0x1p-20f), left = (1 - t * t) - 0x1p-20f;
  const float cosine = left > 0 ? simd::sqrt(left) * (1 - 0x1p-20f) : 0;
  return t * simd::sqrt(2 / (1 + cosine)) * (1 + 0x1p-20f);
}

}  // namespace certificates

/// The constants of a network's certificates in bytes. Make it with pocket_guard(certifier(p, q)).
template <Network Net> struct pocket_byte_guard {
  static_assert(fits_pocket_bytes<Net>(), "a guard in bytes needs 2 to 64 outputs, and nonlinearities like ReLU");
  static constexpr std::size_t outputs = Net::output_size, stages = quantized<Net>::stages;
  static constexpr bool tabulates = pocket_guarded<Net, simd::scalar>::tabulates;
  static constexpr std::size_t rows = tabulates ? outputs : 0;
  float input_unit = 1;
  /// As in pocket_guarded; and |w_c - w_j| of the last stage's true weights, where gains are not in them.
  std::array<float, tabulates ? outputs * outputs : 1> distance{}, fall{};
  std::array<float, rows> row_slip{}, row_bias_slip{};  ///< of the last stage, row by row
  std::array<certificates::pocket_byte_stage, stages> stage{};
  std::array<certificates::pocket_step, Net::depth> steps{};
  bool inside_implied = false;
};

namespace certificates {

/// One inference, and what it knows when it is done.
template <class Net> struct byte_walk {
  using run_type = engine<Net, int8>;
  static constexpr float more = 1 + 0x1p-18f, less = 1 - 0x1p-18f;
  static constexpr std::size_t stages = quantized<Net>::stages;
  const pocket_byte_guard<Net>& guard;
  const run_type& run;
  pocket_certificate<Net::output_size> v{};
  float move = 0, size = 0;  // of the input of the stage that is next
  std::array<float, Net::depth> low = filled<float, Net::depth>(pocket_farthest);

  constexpr void walk(const float* x) {
    typename run_type::scratch s{};
    using matvec = typename run_type::template stage_of<0>::matvec;
    float squares = 0;
    std::uint32_t size_squared = 0;
    matvec::template in_fours<Net::input_size>([&](std::size_t first, auto k) {
      const std::int32_t byte = run.byte_of(x[first + k]);
      s.even[first + matvec::place(k)] = static_cast<typename run_type::activation>(byte);
      const float lost = static_cast<float>(byte) * guard.input_unit - x[first + k];
      squares += lost * lost;
      size_squared += static_cast<std::uint32_t>(byte * byte);
    });
    constexpr float adds = 1 + static_cast<float>(Net::input_size) * 0x1p-22f;
    size = simd::sqrt(static_cast<float>(size_squared)) * guard.input_unit * more;
    move = (simd::sqrt(squares) * adds + size * 0x1p-20f) * more + 0x1p-50f;
    from<0>(s.even, s.odd);
  }
  template <std::size_t S, class Activation> constexpr void from(const Activation* x, Activation* next) {
    constexpr auto plan = engine_plan::byte_plan_of<Net>.at[S];
    constexpr bool last = S + 1 == stages;
    using stage_type = typename run_type::template stage_of<S>;
    const pocket_byte_stage& k = guard.stage[S];
    float variance = 0, cut = 0;
    std::uint32_t size_squared = 0;
    const auto see = [&](float of_normalizer) { variance = of_normalizer; };
    if constexpr (last) {
      std::get<S>(run.stored).run(x, [&](std::size_t first, auto i, float y) { v.output[first + i] = y; }, see);
    } else {
      using matvec = typename run_type::template stage_of<S + 1>::matvec;
      std::get<S>(run.stored)
          .run(
              x,
              [&](std::size_t first, auto i, std::int32_t y) {
                const std::int32_t byte = simd::clamped<stage_type::least>(y);
                next[first + matvec::place(i)] = static_cast<Activation>(byte);
                size_squared += static_cast<std::uint32_t>(byte * byte);
                if (y > byte || (y < byte && stage_type::least < 0)) {
                  const float over = static_cast<float>(y) - static_cast<float>(byte);
                  cut += over * over;
                }
              },
              see);
    }
    if constexpr (last && pocket_byte_guard<Net>::tabulates) return;
    float reach = (k.norm * move + k.slip * size + k.bias_slip) * more;
    if constexpr (plan.normalized) {
      const pocket_step& step = guard.steps[plan.normalizer];
      const float std = simd::sqrt(variance), least = std * less - reach / step.root * more;
      low[plan.normalizer] = least > 0 ? least : 0;
      reach = k.radius * pocket_chord(reach, step.root * simd::sqrt(std * std + step.epsilon) * less);
    }
    constexpr float adds = 1 + static_cast<float>(stage_type::rows) * 0x1p-22f;
    move = (reach * k.pointwise + k.rounded + k.unit * simd::sqrt(cut) * adds) * more;
    if constexpr (!last) {
      size = simd::sqrt(static_cast<float>(size_squared)) * k.unit * more;
      from<S + 1>(next, const_cast<Activation*>(x));
    }
  }
  /// How far what `distance` speaks of may move before the label can change; 0 if it is not proved at all.
  constexpr float room() {
    constexpr std::size_t outputs = Net::output_size;
    for (std::size_t j = 1; j < outputs; ++j)
      if (v.output[j] > v.output[v.label]) v.label = j;
    float d = pocket_farthest;
    for (std::size_t j = 0; j < outputs; ++j) {
      if (j == v.label) continue;
      const float lead = (v.output[v.label] - v.output[j]) * less;
      const std::size_t pair = pocket_byte_guard<Net>::tabulates ? v.label * outputs + j : 0;
      float slip = guard.fall[pair] * move, to_j = 0;
      if constexpr (pocket_byte_guard<Net>::tabulates)
        slip += (guard.row_slip[v.label] + guard.row_slip[j]) * size + guard.row_bias_slip[v.label] +
                guard.row_bias_slip[j];
      const float margin = lead - slip * more, rate = guard.distance[pair];
      if (margin > 0 && rate < pocket_farthest) to_j = rate > 0 ? margin / rate : pocket_farthest;
      if (!(to_j >= d)) d = to_j;
    }
    return move < pocket_farthest ? d : 0;
  }
};

}  // namespace certificates

/// The output of the network in bytes, its label, and a radius: the true network, in real arithmetic, gives this label
/// to every input closer to x. The engine is the one whose constants the guard holds. So two inputs whose radii are not
/// 0 and whose balls meet have one label.
///
/// Rounding: every step is off by at most 2^-20 of its result, and each is widened by 2^-18; moves that go back pass
/// through depth + 2 of them, for which the last factor, as in embed/pocket_guard.hpp, has room.
template <class Net, base::numbers Range> [[nodiscard]] constexpr auto certify(const pocket_byte_guard<Net>& guard,
                                                                               const engine<Net, int8>& run,
                                                                               const Range& x) {
  using certificates::pocket_farthest;
  certificates::byte_walk<Net> w{guard, run};
  w.walk(std::ranges::data(x));
  float d = w.room();
  bool holds = w.move < pocket_farthest && guard.inside_implied;
  for (std::size_t layer = Net::depth - (guard.tabulates ? 1 : 0); layer-- > 0;) {
    const auto& step = guard.steps[layer];
    holds = holds && w.low[layer] >= step.declared;
    d = step.back(d, w.low[layer]);
  }
  w.v.contract_holds = holds && certificates::input_contract_holds<Net, float>(
                                    std::span<const float, Net::input_size>(std::ranges::data(x), Net::input_size));
  w.v.radius = d * (1 - 0x1p-8f);
  return w.v;
}

}  // namespace taut
