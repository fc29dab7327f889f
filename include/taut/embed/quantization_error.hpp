// SPDX-License-Identifier: Apache-2.0
// How far a network in bytes is from the network it was made of, proved for each input; and whether they agree on its
// label.
//
//   const auto guard = certifier(p, q);      // p: parameters<Net>, q: quantized<Net>
//   const auto v = certify(guard, x);        // { output, label, deviation, same_label }
//
// Stage by stage, with F the stage of the true network and x^ what the bytes say: |y^ - F(x)| <= |y^ - F(x^)| +
// |F(x^) - F(x)|. The first term is computed: weights, steps, saturation and float rounding are all in it. The second is
// the norm of the weights times |x^ - x|, behind a normalizer the largest chord of the sphere that such a move of its
// input spans (certify/local.hpp), times the largest gain, times the constants of the nonlinearities.
#pragma once
#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <memory>
#include <taut/base/rounding.hpp>
#include <taut/certify/factors.hpp>
#include <taut/certify/spectral_norm.hpp>
#include <taut/embed/quantize.hpp>
#include <taut/net/evaluate.hpp>
#include <vector>

namespace taut {

/// What can be said of one output of a network in bytes.
template <std::size_t Outputs> struct byte_certificate {
  std::array<float, Outputs> output{};
  std::size_t label = 0;    ///< the largest output
  double deviation = 0;     ///< |output - output of the true network| is at most this, in the Euclidean norm
  bool same_label = false;  ///< the true network, in real arithmetic, is proved to give the same label
};

namespace quantization {

/// What a stage does to moves of its input.
struct stage_constants {
  double norm = 0;      ///< of its weights, scalings and centring included
  double rounding = 0;  ///< evaluated in double, W x + b is off by rounding |x| + of_bias
  double of_bias = 0;
  double gain = 1;       ///< the largest, behind a normalizer
  double pointwise = 1;  ///< the constants of the nonlinearities
  double epsilon = 0;    ///< n epsilon
};

/// The constants of stage S.
template <class Net, std::size_t S> stage_constants constants_of(const parameters<Net>& p) {
  using folded = folded_stage<Net, S>;
  constexpr auto plan = folded::plan;
  const auto s = std::make_unique<folded>(p);
  const auto w = s->template weights<double>();
  stage_constants k;
  // The folded weights were rounded to float once. Centring and evaluation in double lose at most this part of the raw
  // ones: a chain of rows + columns additions and a few products, each 2^-53, and both of it twice.
  const double chain = static_cast<double>(folded::rows + folded::columns + 32) * 0x1p-51;
  const double raw = s->raw_norm, size = frobenius_norm_up(w.data(), folded::rows, folded::columns);
  k.rounding = rounded::mul_up(chain, raw);
  k.of_bias = rounded::mul_up(chain, s->raw_bias);
  const double error = rounded::add_up(rounded::mul_up(0x1.01p-24, size), k.rounding);
  k.norm = spectral_norm(w.data(), folded::rows, folded::columns, error).value;
  if constexpr (plan.normalized) {
    k.gain = 0;
    const auto& q = base::parameters_at<plan.normalizer>(p, plan.normalizer);
    using normalizer = layer_of<Net, plan.normalizer>;
    for (std::size_t i = 0; i < folded::rows; ++i) k.gain = std::max(k.gain, std::fabs(normalizer::gain(q, i)));
    k.epsilon = normalizer::epsilon * static_cast<double>(folded::rows);
  }
  base::for_each_index<plan.pointwise()>([&]<std::size_t I>() {
    using L = layer_of<Net, plan.first_pointwise + I>;
    constexpr auto term = L::lipschitz(Net::shapes[plan.first_pointwise + I]);
    k.pointwise = rounded::mul_up(k.pointwise, term.closed() ? term.value().upper : rounded::infinity);
  });
  return k;
}

/// The largest chord between a point of the sphere of radius 1 and another one whose preimage is closer than `move` to
/// the first one's, which has this length: sqrt(2 - 2 sqrt(1 - t^2)) with t = move / length, below 1.
inline double chord(double move, double length) {
  if (!(move < length)) return 2;
  const double t = rounded::div_up(move, length);
  if (!(t < 1)) return 2;
  const double cosine = rounded::sqrt_down(rounded::sub_down(1, rounded::mul_up(t, t)));
  const double straight = rounded::mul_up(t, rounded::sqrt_up(rounded::div_up(2, rounded::add_down(1, cosine))));
  return std::min(2.0, straight);
}

/// Layers [plan.first, plan.first + plan.count) of the true network in double; the outputs of the affine part, scaled,
/// are left in z.
template <class Net, std::size_t S>
void evaluate_stage(const parameters<Net>& p, std::vector<double>& values, std::vector<double>& z) {
  constexpr auto plan = engine_plan::byte_plan_of<Net>.at[S];
  base::for_each_index<plan.count>([&]<std::size_t K>() {
    constexpr std::size_t I = plan.first + K;
    std::vector<double> next(Net::shapes[I + 1].size());
    forward<folded_layer_of<Net, I>, Net::shapes[I]>(*folded<I>(p), values.data(), next.data());
    values = std::move(next);
    if (K == plan.scalings) z = values;
  });
}

inline double norm_of(const std::vector<double>& v) { return frobenius_norm_up(v.data(), 1, v.size()); }

}  // namespace quantization

/// A network and its form in bytes with what certificates need.
template <Network Net> struct byte_guard {
  static constexpr std::size_t stages = quantized<Net>::stages;
  const parameters<Net>* truth;
  const quantized<Net>* bytes;
  std::array<quantization::stage_constants, stages> constants{};
};

/// The guard of q, which was made of p; both must outlive it.
template <Network Net> [[nodiscard]] byte_guard<Net> certifier(const parameters<Net>& p, const quantized<Net>& q) {
  byte_guard<Net> guard{&p, &q};
  base::for_each_index<byte_guard<Net>::stages>(
      [&]<std::size_t S>() { guard.constants[S] = quantization::constants_of<Net, S>(p); });
  return guard;
}

/// The output of the engine in bytes for x, and how far it can be from the true network's.
template <Network Net, base::numbers Range>
[[nodiscard]] byte_certificate<Net::output_size> certify(const byte_guard<Net>& guard, const Range& x) {
  using rounded::add_up, rounded::mul_up;
  static_cast<void>(base::fitting_input<Net, Range>{});  // <- read the quoted words
  assert(std::ranges::size(x) == Net::input_size);
  byte_certificate<Net::output_size> v;
  const quantized<Net>& q = *guard.bytes;
  std::vector<std::int32_t> bytes(Net::input_size);
  const float per_unit = 1 / q.input_unit;
  std::vector<double> missed(Net::input_size), values(Net::input_size), z;
  for (std::size_t i = 0; i < Net::input_size; ++i) {
    const float xi = std::ranges::data(x)[i];
    bytes[i] = simd::clamped<-128>(simd::nearest(simd::sum(simd::scalar(xi) * simd::scalar(per_unit))));
    values[i] = static_cast<double>(q.input_unit) * bytes[i];
    missed[i] = values[i] - static_cast<double>(xi);
  }
  // one rounding each, 2^-53 of the larger number
  double move = add_up(quantization::norm_of(missed), mul_up(0x1p-50, add_up(quantization::norm_of(values), 1)));
  base::for_each_index<byte_guard<Net>::stages>([&]<std::size_t S>() {
    using stage_type = typename decltype(engine_stage::byte_stage_type<Net, S>())::type;
    using matvec = typename stage_type::matvec;
    constexpr bool last = S + 1 == byte_guard<Net>::stages;
    constexpr std::size_t rows = stage_type::rows;
    const auto& k = guard.constants[S];
    const auto& source = std::get<S>(q.stage);
    const auto stage = std::make_unique<stage_type>();
    stage->load(source);
    alignas(16) typename stage_type::activation in[matvec::padded] = {};
    for (std::size_t i = 0; i < bytes.size(); ++i)
      in[i / 4 * 4 + matvec::place(i % 4)] = static_cast<typename stage_type::activation>(bytes[i]);
    bytes.assign(rows, 0);
    std::vector<double> given(rows);
    stage->run(
        in,
        [&](std::size_t first, auto i, auto out) {
          if constexpr (last) {
            given[first + i] = static_cast<double>(v.output[first + i] = out);
          } else {
            bytes[first + i] = simd::clamped<stage_type::least>(out);
            given[first + i] = static_cast<double>(source.unit) * bytes[first + i];
          }
        },
        no_observer{});
    const double size = quantization::norm_of(values);
    quantization::evaluate_stage<Net, S>(*guard.truth, values, z);
    const double lost = add_up(mul_up(k.rounding, size), k.of_bias);  // of z, in double
    double reach = mul_up(k.norm, move);
    if constexpr (stage_type::normalizes) {
      // both stds may be off by what double loses
      constexpr auto n = static_cast<double>(rows);
      double squares = k.epsilon;
      double mean = 0;
      for (const double value : z) mean += value / n;
      if (!layer_of<Net, engine_plan::byte_plan_of<Net>.at[S].normalizer>::centred) mean = 0;
      for (const double value : z) squares += (value - mean) * (value - mean);
      const double length = rounded::sub_down(rounded::sqrt_down(squares * (1 - 0x1p-40)), mul_up(2, lost));
      const double radius = mul_up(k.gain, rounded::sqrt_up(n));
      reach = mul_up(radius, add_up(quantization::chord(reach, length), quantization::chord(mul_up(2, lost), length)));
    } else {
      reach = add_up(reach, lost);
    }
    reach = mul_up(reach, k.pointwise);
    missed.assign(rows, 0);
    for (std::size_t i = 0; i < rows; ++i) missed[i] = given[i] - values[i];
    const double here =
        add_up(quantization::norm_of(missed), mul_up(0x1p-40, add_up(quantization::norm_of(values), 1)));
    move = add_up(reach, here);
    values = given;
  });
  v.deviation = move;
  v.label = static_cast<std::size_t>(std::max_element(v.output.begin(), v.output.end()) - v.output.begin());
  double margin = rounded::infinity;
  for (std::size_t j = 0; j < Net::output_size; ++j)
    if (j != v.label)
      margin = std::min(margin, static_cast<double>(v.output[v.label]) - static_cast<double>(v.output[j]));
  v.same_label = margin * (1 - 0x1p-40) > mul_up(rounded::sqrt_up(2), move);
  return v;
}

}  // namespace taut
