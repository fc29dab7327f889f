// SPDX-License-Identifier: Apache-2.0
// What the laws (laws.hpp) compare, without the types of layers and networks: compiled once a file. A template that says
// CHECK is compiled for every network, and a CHECK is dear.
#pragma once
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "laws/slope.hpp"
#include "laws/support.hpp"
#include "support/bits.hpp"
#include "support/catch.hpp"

namespace taut::tests {

/// forward writes every output, reads its inputs only, and no word beyond either.
[[gnu::noinline]] inline void check_written(std::size_t inputs, std::size_t outputs, std::uint64_t seed,
                                            callable<void(const double*, double*)> forward) {
  constexpr std::size_t margin = 8;
  base::random_stream random(seed);
  constexpr double canary = 0x1.23456789abcdep+5;
  std::vector<double> x(inputs + margin, std::numeric_limits<double>::quiet_NaN()), y(outputs + margin, canary);
  for (std::size_t i = 0; i < inputs; ++i) x[i] = random.normal();
  forward(x.data(), y.data());
  for (std::size_t i = 0; i < outputs; ++i) {
    INFO("output " << i);
    REQUIRE(std::isfinite(y[i]));
    REQUIRE(y[i] != canary);
  }
  for (std::size_t i = outputs; i < y.size(); ++i) REQUIRE(y[i] == canary);
}

/// CHECK(holds), said where it is not written again for each network: compilers take a while for every CHECK.
[[gnu::noinline]] inline void check_sample(bool holds, const char* what, std::size_t sample) {
  INFO(what << ", sample " << sample);
  CHECK(holds);
}

[[gnu::noinline]] inline double distance(std::span<const float> y, std::span<const double> truth) {
  double sum = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) sum += (y[i] - truth[i]) * (y[i] - truth[i]);
  return std::sqrt(sum);
}

/// What check_kernels asks of engines: outputs for a filling of the scratch.
using filled_run = callable<std::vector<float>(const float*, float)>;

/// Engines in several lanes against each other and against the network in double, whatever the scratch holds.
[[gnu::noinline]] inline void compare_kernels(std::size_t inputs, filled_run native, filled_run replay,
                                              filled_run oracle,
                                              callable<std::vector<double>(std::span<const float>)> evaluate,
                                              callable<double(std::span<const float>)> error, std::uint64_t seed,
                                              std::size_t samples) {
  base::random_stream random(seed);
  for (std::size_t sample = 0; sample < samples; ++sample) {
    const auto x = random_vector<float>(random, inputs, std::exp(random.uniform(-1, 2)));
    const auto y = native(x.data(), 0);
    check_sample(same_bits(y, replay(x.data(), std::numeric_limits<float>::quiet_NaN())),
                 "portable lanes replay the bits", sample);

    const auto truth = evaluate(x);
    const double allowed = error(x);
    check_sample(distance(y, truth) <= allowed, "the engine is accurate", sample);
    check_sample(distance(oracle(x.data(), 0), truth) <= allowed, "one lane is", sample);
    for (const float filling : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(), 1e30f})
      check_sample(same_bits(native(x.data(), filling), y), "scratch does not matter", sample);
  }
}

/// A tensor without its type; `values` is null where they are whole numbers.
struct tensor_entry {
  std::string key;
  role purpose;
  std::size_t size;
  double* values;
};

/// Stated slopes against differences of the loss, in x and in every trainable number of `tensors`. Errors are relative to
/// the largest slope, which is at least `largest`.
[[gnu::noinline]] inline void check_slopes(std::vector<double>& x, const std::vector<double>& dx,
                                           const std::vector<tensor_entry>& tensors, const std::vector<double>& stated,
                                           callable<double()> loss, double error, double largest) {
  const auto slope = [&](double& v) {  // five points: the error is h^4 and rounding / h
    const double middle = v, h = 1e-3;
    const auto at = [&](double step) {
      v = middle + step * h;
      const double result = loss();
      v = middle;
      return result;
    };
    return (8 * (at(1) - at(-1)) - (at(2) - at(-2))) / (12 * h);
  };
  REQUIRE(dx.size() == x.size());
  for (const double v : dx) largest = std::max(largest, std::abs(v));
  for (std::size_t i = 0; i < x.size(); ++i) {
    INFO("dx[" << i << "]");
    CHECK(std::abs(dx[i] - slope(x[i])) <= error * largest);
  }
  for (const double v : stated) largest = std::max(largest, std::abs(v));
  std::size_t next = 0;
  for (const tensor_entry& tensor : tensors)
    for (std::size_t i = 0; i < tensor.size; ++i, ++next) {
      INFO(tensor.key << ", entry " << next);
      REQUIRE(next < stated.size());
      if (tensor.values == nullptr) continue;
      if (tensor.purpose == role::trainable) CHECK(std::abs(stated[next] - slope(tensor.values[i])) <= error * largest);
      else CHECK(stated[next] == 0);
    }
  CHECK(next == stated.size());
}

/// A gradient that was called twice with the same: it adds to what is there.
[[gnu::noinline]] inline void check_doubled(const std::vector<double>& once, const std::vector<double>& twice) {
  double largest = 1e-3;
  for (const double v : once) largest = std::max(largest, std::abs(v));
  REQUIRE(once.size() == twice.size());
  for (std::size_t i = 0; i < once.size(); ++i) CHECK(std::abs(twice[i] - 2 * once[i]) <= 1e-12 * largest);
}

/// Outputs and dx of samples in the lanes of a register are those of each sample; gradients of parameters are their sum.
[[gnu::noinline]] inline void compare_lanes(
    std::size_t inputs, std::size_t outputs, std::uint64_t seed,
    callable<void(const simd::native*, simd::native*)> forward_lanes,
    callable<void(const simd::native*, const simd::native*, const simd::native*, simd::native*)> gradient_lanes,
    callable<void(const double*, double*)> forward,
    callable<void(const double*, const double*, const double*, double*)> gradient) {
  using V = simd::native;
  constexpr std::size_t lanes = simd::width<V>;
  base::random_stream random(seed + 2);
  const auto draw = [&](std::size_t n) {
    std::vector<V> v(n);
    for (V& at : v) at = V::load(random_vector<float>(random, lanes).data());
    return v;
  };
  const auto lane_of = [](const std::vector<V>& v, std::size_t lane) {
    std::vector<double> picked;
    for (const V& at : v) {
      float values[lanes];
      at.store(values);
      picked.push_back(static_cast<double>(values[lane]));
    }
    return picked;
  };
  const auto x = draw(inputs), u = draw(outputs);
  std::vector<V> y(outputs), dx(inputs);
  forward_lanes(x.data(), y.data());
  gradient_lanes(x.data(), y.data(), u.data(), dx.data());
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    const auto one = lane_of(x, lane), slope = lane_of(u, lane), wide_y = lane_of(y, lane), wide_dx = lane_of(dx, lane);
    std::vector<double> out(outputs), back(inputs);
    forward(one.data(), out.data());
    gradient(one.data(), out.data(), slope.data(), back.data());
    for (std::size_t i = 0; i < outputs; ++i) CHECK(wide_y[i] == Approx(out[i]).epsilon(2e-4).margin(2e-4));
    const double size = norm(back), scale = 1e-4 * norm(slope);  // what cancels leaves rounding of the size of dy
    for (std::size_t i = 0; i < inputs; ++i) CHECK(std::abs(wide_dx[i] - back[i]) <= 1e-3 * size + scale);
  }
}
/// Gradients of parameters: those of lanes together against sums over samples.
[[gnu::noinline]] inline void compare_sums(const std::vector<double>& together, const std::vector<double>& alone) {
  REQUIRE(together.size() == alone.size());
  const double size = norm(alone);
  for (std::size_t i = 0; i < alone.size(); ++i) CHECK(std::abs(together[i] - alone[i]) <= 1e-3 * (size + 1e-3));
}

/// A slope that was found against a proved bound, of which it is at least the part `tight`.
[[gnu::noinline]] inline void compare_bound(const steepest& found, double proved, double tight) {
  INFO("proved " << proved << ", observed " << found.climbed);
  REQUIRE(found.pairs > 0);
  CHECK(is_below(found.climbed, proved));
  CHECK(found.climbed >= tight * proved);
}
/// What the type declares is kept: the type's bound holds as well.
[[gnu::noinline]] inline void compare_declared(const steepest& found, double proved, double declared) {
  INFO("declared " << declared << ", proved " << proved << ", observed " << found.climbed);
  CHECK(is_below(found.climbed, declared));
  CHECK(proved <= declared * (1 + 1e-12));
}

}  // namespace taut::tests
