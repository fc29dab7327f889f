// SPDX-License-Identifier: Apache-2.0
// From float to bytes after training: steps of weights row by row, steps of activations from inputs that show how large
// they become.
//
//   const auto q = quantize(p, samples);            // samples: inputs, one after the other
//   const auto run = compile(q);                    // the same interface as compile(p)
//
// A step is the largest magnitude divided by 127, so no activation of the samples is cut off; larger ones of other inputs
// are, at 127 steps. How far outputs are from those of the float network is proved by embed/quantization_error.hpp.
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <taut/engine/int8.hpp>
#include <taut/net/folded.hpp>
#include <vector>

namespace taut {

namespace quantization {

/// Stage S in float with everything folded into it, its scale applied here.
template <class Net, std::size_t S> struct folded_stage {
  static constexpr auto plan = engine_plan::byte_plan_of<Net>.at[S];
  static constexpr std::size_t rows = Net::shapes[plan.first + 1].size(), columns = Net::shapes[plan.first].size();
  using acts = engine_stage::epilogue_from<Net, plan.first_pointwise, plan.pointwise()>;
  using dense = engine_stage::dense<simd::scalar, rows, columns, plan.scale, acts>;
  dense stage;
  double raw_norm = 0, raw_bias = 0;  ///< Frobenius norms before anything was centred, and a little more

  explicit folded_stage(const parameters<Net>& p) {
    engine_stage::row_scaling<rows> scalings;
    base::for_each_index<plan.scalings>([&]<std::size_t K>() {
      constexpr std::size_t layer = plan.first_scaling + K;
      scalings.template then<layer_of<Net, layer>>(base::parameters_at<layer>(p, layer));
    });
    engine_stage::normalizer_values<rows> norm;
    if constexpr (plan.normalized)
      norm = norm.template of<layer_of<Net, plan.normalizer>>(base::parameters_at<plan.normalizer>(p, plan.normalizer));
    engine_stage::inherited<columns> nothing;
    const auto held = taut::folded<plan.first>(p, plan.first);
    using affine = folded_layer_of<Net, plan.first>;
    stage.template fold<affine, rows>(*held, scalings, norm, nothing);
    for (std::size_t row = 0; row < rows; ++row) {
      for (std::size_t c = 0; c < columns; ++c) {
        const double w = scalings.scale[row] * affine::weight(*held, row, c);
        raw_norm += w * w;
      }
      const double b = std::fabs(scalings.scale[row] * affine::bias(*held, row)) + std::fabs(scalings.shift[row]);
      raw_bias += b * b;
    }
    raw_norm = 1.001 * std::sqrt(raw_norm), raw_bias = 1.001 * std::sqrt(raw_bias);
  }
  [[nodiscard]] float weight(std::size_t row, std::size_t column) const {
    return stage.weight[dense::matvec::index(row, column)];
  }
  /// All of them, row by row.
  template <class Real> [[nodiscard]] std::vector<Real> weights() const {
    std::vector<Real> w(rows * columns);
    for (std::size_t row = 0; row < rows; ++row)
      for (std::size_t c = 0; c < columns; ++c) w[row * columns + c] = static_cast<Real>(weight(row, c));
    return w;
  }
  void run(const float* x, float* y) const { stage.template run<simd::scalar>(x, 1.0f, y, no_observer{}); }
};

/// The largest magnitude of some values.
inline double largest(std::span<const float> values) {
  double most = 0;
  for (const float v : values) most = std::max(most, std::fabs(static_cast<double>(v)));
  return most;
}
/// The step for values of this magnitude, a float.
inline float step(double magnitude) { return magnitude > 0x1p-60 ? static_cast<float>(magnitude / 127) : 0x1p-66f; }

/// Rounds the weights of a stage, whose inputs have steps of `in` and whose outputs of `out`.
template <class Stage, class Values> void round_stage(const Stage& s, float in, float out, Values& v) {
  constexpr double most_bias = 0x1p29;
  for (std::size_t row = 0; row < Values::rows; ++row) {
    double magnitude = 0;
    for (std::size_t c = 0; c < Values::columns; ++c)
      magnitude = std::max(magnitude, std::fabs(static_cast<double>(s.weight(row, c))));
    const auto bias = static_cast<double>(s.stage.bias[row]);
    const double of_weights = std::max({magnitude / 127, std::fabs(bias) / (most_bias * in), 0x1p-80});
    const double of_sums = of_weights * static_cast<double>(in);
    for (std::size_t c = 0; c < Values::columns; ++c)
      v.weight[row * Values::columns + c] =
          static_cast<std::int8_t>(std::nearbyint(static_cast<double>(s.weight(row, c)) / of_weights));
    v.bias[row] = static_cast<std::int32_t>(std::nearbyint(bias / of_sums));
    constexpr bool in_units = Values::normalizes || !Stage::acts::keeps_zero;
    v.factor[row] = static_cast<float>(in_units ? of_sums : of_sums / static_cast<double>(out));
    if constexpr (Values::normalizes) {
      const double unit = Stage::acts::keeps_zero ? static_cast<double>(out) : 1;
      v.gain[row] = static_cast<float>(static_cast<double>(s.stage.gain[row]) / unit);
      v.offset[row] = static_cast<float>(static_cast<double>(s.stage.offset[row]) / unit);
      v.epsilon = s.stage.epsilon[0];
    }
  }
  v.unit = out;
}

}  // namespace quantization

/// The network in bytes whose activations are as large as those of these inputs. @throws std::invalid_argument when
/// there are none, or a part of one.
template <Network Net>
[[nodiscard]] quantized<Net> quantize(const parameters<Net>& p, std::span<const float> calibration) {
  if (calibration.empty() || calibration.size() % Net::input_size != 0)
    throw std::invalid_argument("quantize needs inputs of " + std::to_string(Net::input_size) + " numbers, not " +
                                std::to_string(calibration.size()) + " numbers");
  const std::size_t samples = calibration.size() / Net::input_size;
  quantized<Net> q;
  float in = q.input_unit = quantization::step(quantization::largest(calibration));
  std::vector<float> x(calibration.begin(), calibration.end());
  base::for_each_index<quantized<Net>::stages>([&]<std::size_t S>() {
    using folded = quantization::folded_stage<Net, S>;
    const auto stage = std::make_unique<folded>(p);
    std::vector<float> y(samples * folded::rows);
    for (std::size_t i = 0; i < samples; ++i) stage->run(&x[i * folded::columns], &y[i * folded::rows]);
    const float out = S + 1 == quantized<Net>::stages ? 1.0f : quantization::step(quantization::largest(y));
    quantization::round_stage(*stage, in, out, std::get<S>(q.stage));
    in = out;
    x = std::move(y);
  });
  return q;
}

}  // namespace taut
