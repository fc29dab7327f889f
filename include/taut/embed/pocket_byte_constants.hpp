// SPDX-License-Identifier: Apache-2.0
// The constants of embed/pocket_bytes.hpp, proved on a host.
//
//   const auto guard = pocket_guard(certifier(p, q));      // p: parameters<Net>, q = quantize(p, samples)
//
// The slip of a stage is the certified norm of the difference of two matrices: what the engine's integers stand for,
// and the true weights in double.
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <memory>
#include <taut/embed/pocket_bytes.hpp>
#include <taut/embed/quantization_error.hpp>
#include <vector>

namespace taut {

namespace quantization {

/// What a stage in bytes computes before its normalizer or nonlinearity, in real units: (W + slip) x + b + slip of
/// bias.
template <class Net, std::size_t S> struct slips {
  using stage_type = typename decltype(engine_stage::byte_stage_type<Net, S>())::type;
  using folded = folded_stage<Net, S>;
  static constexpr std::size_t rows = folded::rows, columns = folded::columns;
  std::vector<double> true_weight, weight, bias;  ///< W in float; the slips
  double matrix_error = 0;                        ///< Frobenius norm of what these matrices lack of the exact ones
  double bias_error = 0;

  slips(const byte_guard<Net>& guard) : weight(rows * columns), bias(rows) {
    const auto& v = std::get<S>(guard.bytes->stage);
    const auto s = scale_of(v);
    const auto f = std::make_unique<folded>(*guard.truth);
    true_weight = f->template weights<double>();
    const double in = unit_of_input(*guard.bytes);
    double size = 0, size_of_bias = 0;
    for (std::size_t row = 0; row < rows; ++row) {
      const double factor = factor_of(v, s, row);
      for (std::size_t c = 0; c < columns; ++c) {
        const std::size_t at = row * columns + c;
        const double given = factor / in * v.weight[at];
        weight[at] = given - true_weight[at];
        size += given * given + true_weight[at] * true_weight[at];
      }
      const double given = factor * v.bias[row], wanted = static_cast<double>(f->stage.bias[row]);
      bias[row] = given - wanted;
      size_of_bias += given * given + wanted * wanted;
    }
    // floats hold the true weights to 2^-24 of them; 2^-22 for a sum that becomes a float, its factor, and a slope
    const auto& k = guard.constants[S];
    size = 1.001 * std::sqrt(size), size_of_bias = 1.001 * std::sqrt(size_of_bias);
    matrix_error = rounded::add_up(rounded::mul_up(stage_type::in_integers ? 0x1p-23 : 0x1p-21, size), k.rounding);
    bias_error = rounded::add_up(rounded::mul_up(stage_type::in_integers ? 0x1p-23 : 0x1p-21, size_of_bias), k.of_bias);
    // sums that are scaled in integers are cut to a step of theirs; epsilon, too, is off by one
    if constexpr (stage_type::in_integers) {
      const double step = s.unit * (stage_type::normalizes ? 1 : static_cast<double>(v.unit));
      bias_error = rounded::add_up(bias_error, step * (1.01 * std::sqrt(static_cast<double>(rows)) + 1));
    }
  }
  /// The same where each of the rows may have all of it.
  [[nodiscard]] double norm_of_row(std::size_t row) const {
    return rounded::add_up(frobenius_norm_up(&weight[row * columns], 1, columns), matrix_error);
  }

 private:
  static double unit_of_input(const quantized<Net>& q) {
    if constexpr (S == 0) return static_cast<double>(q.input_unit);
    else return static_cast<double>(std::get<S - 1>(q.stage).unit);
  }
  static auto scale_of(const auto& v) {
    if constexpr (stage_type::normalizes) return engine_stage::sum_scale::for_squares(v);
    else return engine_stage::sum_scale::for_bytes(v);
  }
  // What 1 in a sum of this row is.
  static double factor_of(const auto& v, const engine_stage::sum_scale& s, std::size_t row) {
    const double to_units = stage_type::normalizes ? 1 : static_cast<double>(v.unit);
    const auto factor = static_cast<double>(v.factor[row]);
    if constexpr (!stage_type::in_integers) return factor * to_units;
    else return s.multiplier(factor) * std::exp2(s.up - 32) * s.unit * to_units;
  }
};

/// Half a step of each output, and what a normalizer rounds, in real units.
template <class Stage, class Values> double rounding_of_outputs(const Values& v, bool last) {
  constexpr auto rows = static_cast<double>(Values::rows);
  const auto unit = static_cast<double>(v.unit);
  double squares = 0;
  if constexpr (Values::normalizes) {
    double places = 0, part = 0x1p-20;
    if constexpr (Stage::in_integers) {
      places = std::exp2(-engine_stage::byte_normalizer<Values::rows>::places_of(v));
      part = 1.6 * 0x1p-15;
    }
    for (std::size_t i = 0; i < Values::rows; ++i) {
      const double gain = std::fabs(static_cast<double>(v.gain[i])),
                   offset = std::fabs(static_cast<double>(v.offset[i]));
      const double cut = Stage::in_integers ? std::max({0.0, gain - 15'999 * places, offset - 15'999 * places}) : 0;
      const double off = part * gain + 0x1p-20 * offset + places + 2 * cut;
      squares += off * off;
    }
  }
  const double of_bytes = last ? 0 : 0.5 * std::sqrt(rows) * unit;
  // values behind gains are in steps of the outputs, or in real units if the outputs are
  return 1.001 * (of_bytes + std::sqrt(squares) * unit);
}

/// Stage S for a small processor.
template <class Net, std::size_t S> void load_stage(const byte_guard<Net>& from, pocket_byte_guard<Net>& to) {
  using certificates::float_up;
  constexpr bool last = S + 1 == quantized<Net>::stages;
  using slips_type = slips<Net, S>;
  constexpr std::size_t rows = slips_type::rows, columns = slips_type::columns;
  const slips_type slip(from);
  const auto& k = from.constants[S];
  const auto& v = std::get<S>(from.bytes->stage);
  const double lost_bias = rounded::add_up(frobenius_norm_up(slip.bias.data(), 1, rows), slip.bias_error);
  to.stage[S] = {
      .norm = float_up(k.norm),
      .slip = float_up(spectral_norm(slip.weight.data(), rows, columns, slip.matrix_error).value),
      .bias_slip = float_up(lost_bias),
      .radius = float_up(rounded::mul_up(k.gain, rounded::sqrt_up(static_cast<double>(rows)))),
      .pointwise = float_up(k.pointwise),
      .rounded = float_up(rounding_of_outputs<typename slips_type::stage_type>(v, last) * std::max(1.0, k.pointwise)),
      .unit = v.unit};
  if constexpr (last && pocket_byte_guard<Net>::tabulates) {
    for (std::size_t i = 0; i < rows; ++i) {
      to.row_slip[i] = float_up(slip.norm_of_row(i));
      to.row_bias_slip[i] = float_up(rounded::add_up(std::fabs(slip.bias[i]), slip.bias_error));
    }
    std::vector<double> fall(rows * rows);
    certificates::row_distances(slip.true_weight.data(), rows, columns, slip.matrix_error, fall.data());
    for (std::size_t i = 0; i < fall.size(); ++i) to.fall[i] = float_up(fall[i]);
  } else if constexpr (last) {
    to.fall[0] = float_up(rounded::sqrt_up(2));
  }
}

}  // namespace quantization

/// The guard of a network in bytes for small processors.
template <Network Net> [[nodiscard]] pocket_byte_guard<Net> pocket_guard(const byte_guard<Net>& whole) {
  // moves go back through the true network as they do for floats
  const auto floats = std::make_unique<pocket_guarded<Net, simd::scalar>>(
      pocket_guard(*whole.truth, {.largest_norm = 1, .smallest_std = 1}));
  pocket_byte_guard<Net> guard{.input_unit = whole.bytes->input_unit,
                               .distance = floats->distance,
                               .steps = floats->steps,
                               .inside_implied = floats->inside_implied};
  for (certificates::pocket_step& step : guard.steps) step.kept = step.lost = 0;  // of the float engine's stds
  base::for_each_index<pocket_byte_guard<Net>::stages>(
      [&]<std::size_t S>() { quantization::load_stage<Net, S>(whole, guard); });
  return guard;
}

}  // namespace taut
