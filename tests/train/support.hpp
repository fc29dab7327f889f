// SPDX-License-Identifier: Apache-2.0
// What the tests of training share: parameters in double, numeric gradients, and two layers written outside the
// library.
#pragma once
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <taut/net/mode.hpp>
#include <taut/net/network.hpp>
#include <taut/net/option.hpp>
#include <taut/net/parameters.hpp>
#include <taut/simd/lane.hpp>
#include <taut/simd/math.hpp>
#include <vector>

namespace taut::tests {

/// All elements of all floating-point tensors with this role, one after the other.
template <class Net, class Real> std::vector<Real*> elements(parameters<Net, Real>& p, role purpose = role::trainable) {
  std::vector<Real*> list;
  for_each_described_tensor(p, [&](const tensor_info& info, auto values) {
    if constexpr (std::floating_point<typename decltype(values)::element_type>)
      if (info.purpose == purpose)
        for (Real& value : values) list.push_back(&value);
  });
  return list;
}

/// Random parameters, none of them zero or one, the same in every precision.
template <class Net, class Real> void randomise(parameters<Net, Real>& p, std::uint64_t seed) {
  base::random_stream random(seed);
  for (Real* value : elements(p)) *value = static_cast<Real>(static_cast<float>(random.uniform(-1, 1)));
}

/// A batch layer in miniature: subtracts the mean of the batch in training and its running mean in inference. Counts
/// the batches it has seen.
struct batch_centring : layer_base {
  static constexpr auto name = base::say("BatchCentring");
  static constexpr fusion reads = fusion::mixing;
  static constexpr auto wants = base::say("any shape");
  static constexpr bool accepts(shape) { return true; }
  static constexpr shape output(shape in) { return in; }
  static constexpr std::size_t multiply_adds(shape) { return 0; }
  static constexpr auto lipschitz(shape) { return constant(1); }

  template <shape In, class Real> struct parameters {
    std::array<Real, In.size()> running_mean{};
    std::array<std::int64_t, 1> batches_seen{};
    static constexpr void tensors(auto&& visit) {
      visit(tensor_info{"running_mean", In, role::buffer}, &parameters::running_mean);
      visit(tensor_info{"num_batches_tracked", shape{}, role::buffer}, &parameters::batches_seen);
    }
  };
  template <shape In, class P, class V> static constexpr void forward(const P& p, const V* x, V* y) {
    for (std::size_t i = 0; i < In.size(); ++i) y[i] = x[i] - simd::number<V>(static_cast<double>(p.running_mean[i]));
  }
  template <shape In, class P, class V>
  static constexpr void gradient(const P&, const V*, const V*, const V* dy, V* dx, P&) {
    for (std::size_t i = 0; i < In.size(); ++i) dx[i] = dy[i];
  }

  template <shape In, class Batch, class V> static constexpr double mean(const V* x, std::size_t i) {
    double sum = 0;
    for (std::size_t g = 0; g < groups_of<Batch, V>; ++g)
      sum += static_cast<double>(simd::sum(simd::select_first(x[g * In.size() + i], samples_in_group<Batch, V>(g))));
    return sum / static_cast<double>(Batch::size);
  }
  template <shape In, class Batch, class P, class V>
  static constexpr void forward_batch(training<Batch>, P& p, const V* x, V* y, std::size_t groups) {
    for (std::size_t i = 0; i < In.size(); ++i) {
      const double centre = mean<In, Batch>(x, i);
      for (std::size_t g = 0; g < groups; ++g) y[g * In.size() + i] = x[g * In.size() + i] - simd::number<V>(centre);
      auto& running = p.running_mean[i];
      running = static_cast<std::remove_cvref_t<decltype(running)>>(0.9 * static_cast<double>(running) + 0.1 * centre);
    }
    ++p.batches_seen[0];
  }
  template <shape In, class Batch, class P, class V>
  static constexpr void gradient_batch(training<Batch>, const P&, const V*, const V*, const V* dy, V* dx, P&,
                                       std::size_t groups) {
    for (std::size_t i = 0; i < In.size(); ++i) {
      const V centre = simd::number<V>(mean<In, Batch>(dy, i));
      for (std::size_t g = 0; g < groups; ++g)
        dx[g * In.size() + i] = simd::select_first(dy[g * In.size() + i] - centre, samples_in_group<Batch, V>(g));
    }
  }
};

/// A user's layer: y_i = x_i / (1 + a_i^2 x_i^2), one trainable number for each element.
struct damped : layer_base {
  static constexpr auto name = base::say("Damped");
  static constexpr fusion reads = fusion::mixing;
  static constexpr auto wants = base::say("any shape");
  static constexpr bool accepts(shape) { return true; }
  static constexpr shape output(shape in) { return in; }
  static constexpr std::size_t multiply_adds(shape in) { return 2 * in.size(); }
  static constexpr auto lipschitz(shape) { return constant(1); }

  template <shape In, class Real> struct parameters {
    std::array<Real, In.size()> strength = filled<Real, In.size()>(1);
    static constexpr void tensors(auto&& visit) { visit(tensor_info{"strength", In}, &parameters::strength); }
  };
  template <shape In, class P, class V> static constexpr void forward(const P& p, const V* x, V* y) {
    for (std::size_t i = 0; i < In.size(); ++i) {
      const V a = simd::number<V>(static_cast<double>(p.strength[i])), t = a * x[i];
      y[i] = x[i] / (V(1) + t * t);
    }
  }
  template <shape In, class P, class V>
  static constexpr void gradient(const P& p, const V* x, const V* y, const V* dy, V* dx, P& dp) {
    for (std::size_t i = 0; i < In.size(); ++i) {
      const V a = simd::number<V>(static_cast<double>(p.strength[i])), t = a * x[i], d = V(1) + t * t;
      dx[i] = dy[i] * (V(1) - t * t) / (d * d);
      dp.strength[i] += simd::sum(dy[i] * (V(-2) * t * x[i] * y[i] / d));
    }
  }
};

}  // namespace taut::tests
