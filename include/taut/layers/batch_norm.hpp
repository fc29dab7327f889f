// SPDX-License-Identifier: Apache-2.0
// BatchNorm, BN: y = gain (x - mean) / sqrt(variance + epsilon) + offset, one mean, variance, gain and offset a
// channel. Training takes them over a mini-batch (and all positions) and updates the running ones; inference uses the
// running ones: a fixed affine map, which folds into an affine neighbour.
//
// Options     epsilon<e> (1e-5), momentum<m> (0.1: weight of the new value), min_std<s>: of every channel's running
//             variance, checked when loaded; gain_at_most<g>, no_affine
// Lipschitz   max|gain| / sqrt(running variance + epsilon), exact, at inference; a training step maps whole batches
// Gradient    inference: dx = gain dy / sqrt(running variance + epsilon); training: as for LayerNorm, over the batch
// Example     Input<64> >> Linear<32>(no_bias) >> BN >> ReLU
#pragma once
#include <cstdint>
#include <taut/net/mode.hpp>
#include <taut/net/normalizer.hpp>
#include <taut/net/option.hpp>
#include <taut/net/parameters.hpp>

namespace taut {

namespace layer {

/// Batch normalization of features or channels.
template <class... Options> struct batch_norm : configurable<batch_norm<Options...>> {
  static constexpr bool has_affine = !option::has<option::no_affine, Options...>, offset_free = !has_affine;
  /// The declared smallest running standard deviation; 0 where none is declared.
  static constexpr double floor = option::value_of<option::min_std_key, Options...>(0);
  /// The declared largest |gain|; 0 where none is declared.
  static constexpr double gain_limit = option::value_of<option::gain_at_most_key, Options...>(0);
  static constexpr double epsilon = option::value_of<option::epsilon_key, Options...>(1e-5);
  static constexpr double momentum = option::value_of<option::momentum_key, Options...>(0.1);

  static constexpr auto name = base::say("BatchNorm");
  using options = base::list<Options...>;
  using takes = base::list<option::epsilon_key, option::momentum_key, option::min_std_key, option::gain_at_most_key,
                           option::no_affine>;
  template <class... More> using with = batch_norm<More...>;
  /// A limit of gains that are not there.
  template <class... All> static constexpr bool contradicts =
      option::has<option::no_affine, All...> && option::has<option::gain_at_most_key, All...>;

  static constexpr fusion reads = fusion::scaling;
  static constexpr bool per_channel = true;
  static constexpr auto wants = base::say("any shape");
  static constexpr bool accepts(shape) { return true; }
  static constexpr shape output(shape in) { return in; }
  /// Training needs two values a channel.
  static constexpr std::size_t smallest_batch(shape in) { return in.positions() > 1 ? 1 : 2; }

  template <shape In, class Real> struct parameters {
    static constexpr std::size_t channels = In.channels(), gains = has_affine ? channels : 0;
    std::array<Real, gains> gain = filled<Real, gains>(1);  ///< empty: all 1
    std::array<Real, gains> offset{};                       ///< empty: all 0
    std::array<Real, channels> running_mean{};
    std::array<Real, channels> running_var = filled<Real, channels>(1);
    std::array<std::int64_t, 1> batches{};  ///< seen in training
    static constexpr void tensors(auto&& visit) {
      if constexpr (has_affine) {
        visit(tensor_info{"weight", shape{channels}}, &parameters::gain);
        visit(tensor_info{"bias", shape{channels}}, &parameters::offset);
      }
      visit(tensor_info{"running_mean", shape{channels}, role::buffer}, &parameters::running_mean);
      visit(tensor_info{"running_var", shape{channels}, role::buffer}, &parameters::running_var);
      visit(tensor_info{"num_batches_tracked", shape{}, role::buffer}, &parameters::batches);
    }
    /// What the type declares of the values: for provers and projectors. A variance is never negative.
    static constexpr void claims(auto& self, auto&& visit) {
      if constexpr (has_affine && gain_limit > 0) visit.magnitude_at_most("weight", self.gain, gain_limit);
      constexpr double smallest = rounded::mul_up(floor, floor);  // by the compiler: exact where it can be
      visit.at_least("running_var", self.running_var, smallest);
    }
  };

  /// What element i is multiplied by at inference.
  template <shape In, class Real> static constexpr double scale(const parameters<In, Real>& p, std::size_t i) {
    const std::size_t c = i / In.positions();
    return gain(p, c) / rounded::sqrt_nearest(static_cast<double>(p.running_var[c]) + epsilon);
  }
  /// What is added to element i at inference.
  template <shape In, class Real> static constexpr double shift(const parameters<In, Real>& p, std::size_t i) {
    const std::size_t c = i / In.positions();
    return (has_affine ? static_cast<double>(p.offset[c]) : 0.0) - static_cast<double>(p.running_mean[c]) * scale(p, i);
  }

  /// Inference: one sample, the running statistics are constants.
  template <shape In, class Real, class V> static constexpr void gradient(const parameters<In, Real>& p, const V* x,
                                                                          const V*, const V* dy, V* dx,
                                                                          parameters<In, Real>& dp) {
    for (std::size_t i = 0; i < In.size(); ++i) {
      const std::size_t c = i / In.positions();
      dx[i] = dy[i] * simd::number<V>(scale(p, i));
      if constexpr (has_affine) {
        const double inverse = 1 / rounded::sqrt_nearest(static_cast<double>(p.running_var[c]) + epsilon);
        const V z = (x[i] - simd::number<V>(static_cast<double>(p.running_mean[c]))) * simd::number<V>(inverse);
        dp.gain[c] += static_cast<Real>(simd::sum(dy[i] * z));
        dp.offset[c] += static_cast<Real>(simd::sum(dy[i]));
      }
    }
  }

  /// Training: statistics of the batch; the running ones move towards them.
  template <shape In, class Batch, class Real, class V>
  static constexpr void forward_batch(training<Batch>, parameters<In, Real>& p, const V* x, V* y, std::size_t) {
    p.batches[0] += 1;
    for (std::size_t c = 0; c < In.channels(); ++c) {
      const auto run = run_of<In, Batch, V>(c);
      const auto s = normalizer::measure<true>(run, x, epsilon);
      normalizer::project(
          run, s, x, y, [&](std::size_t) { return gain(p, c); },
          [&](std::size_t) { return has_affine ? static_cast<double>(p.offset[c]) : 0.0; });
      const auto one = [](V v) { return static_cast<double>(simd::sum(simd::select_first(v, 1))); };
      const double unbiased = one(s.variance) * run.count() / (run.count() - 1);
      move(p.running_mean[c], one(s.mean) + one(s.rest));
      move(p.running_var[c], unbiased);
    }
  }
  template <shape In, class Batch, class Real, class V>
  static constexpr void gradient_batch(training<Batch>, const parameters<In, Real>& p, const V* x, const V*,
                                       const V* dy, V* dx, parameters<In, Real>& dp, std::size_t) {
    for (std::size_t c = 0; c < In.channels(); ++c) {
      const auto run = run_of<In, Batch, V>(c);
      normalizer::project_gradient<true>(
          run, normalizer::measure<true>(run, x, epsilon), x, dy, dx, [&](std::size_t) { return gain(p, c); },
          [&](std::size_t, auto dgain, auto doffset) {
            if constexpr (has_affine) {
              dp.gain[c] += static_cast<Real>(dgain);
              dp.offset[c] += static_cast<Real>(doffset);
            }
          });
    }
  }

  static constexpr auto lipschitz(shape) {
    const auto gain =
        has_affine
            ? symbol(
                  {.name = "gain@", .declare = "gain_at_most<g>", .range = {0, gain_limit}, .declared = gain_limit > 0})
            : constant(1);
    const auto std = floor > 0 ? symbol({.name = "running_std@", .range = {floor, rounded::infinity}, .declared = true})
                               : constant(0);
    return gain / sqrt(square(std) + constant(epsilon));
  }

 private:
  template <shape In, class Real> static constexpr double gain(const parameters<In, Real>& p, std::size_t channel) {
    if constexpr (has_affine) return static_cast<double>(p.gain[channel]);
    else return 1;
  }
  template <shape In, class Batch, class V> static constexpr normalizer::channel_of_batch run_of(std::size_t channel) {
    return {channel, In.positions(), In.size(), Batch::size, simd::width<V>};
  }
  static constexpr void move(auto& running, double fresh) {
    using real = std::remove_cvref_t<decltype(running)>;
    running = static_cast<real>((1 - momentum) * static_cast<double>(running) + momentum * fresh);
  }
};

}  // namespace layer

/// Batch normalization. Options: epsilon<e>, momentum<m>, min_std<s>, gain_at_most<g>, no_affine.
inline constexpr layer::batch_norm<> BatchNorm{};
/// Short for BatchNorm.
inline constexpr layer::batch_norm<> BN{};

}  // namespace taut
