// SPDX-License-Identifier: Apache-2.0
// The laws that every layer obeys, checked from what the layer states. A new layer's test calls one line:
//
//   check_laws<layer::relu, shape{17}>();
//   check_laws<layer::linear<5, 0>, shape{7}>({.tight = 0.95});
//
// shape is total and exact; native engine == portable engine bit for bit, == evaluate within the error of float
// (float_error.hpp), whatever the scratch holds; gradient == numeric difference; samples in lanes == sample by sample;
// sampled slope <= proved bound, >= `tight` times it; outputs within the stated range. Files: file.hpp.
#pragma once
#include <bit>
#include <cstdint>
#include <limits>
#include <memory>
#include <numeric>
#include <string>

#include "laws/compare.hpp"
#include "laws/float_error.hpp"
#include "laws/slope.hpp"
#include "laws/support.hpp"
#include "support/catch.hpp"

namespace taut::tests {

/// What a layer's test says beyond the layer itself.
struct law_options {
  double tight = 0;              ///< a part of the proved bound that the search must reach
  double gradient_error = 1e-6;  ///< relative to the largest entry
  search_effort effort{.starts = 8, .steps = 200, .shortest = 1e-4};
};

/// How often check_laws ran: every layer of the catalogue asks that it did (tests/CMakeLists.txt).
inline std::size_t laws_checked = 0;

/// The layer's shape is that of its outputs, no more and no less.
template <class L, shape In> void check_shape(std::uint64_t seed) {
  static_assert(Layer<L> && L::accepts(In));
  const auto p = random_parameters<net_of<In, L>>(seed);
  check_written(In.size(), L::output(In).size(), seed,
                [&](const double* x, double* y) { forward<L, In>(get<0>(p), x, y); });
}

/// What `run(y, scratch)` writes to y, the scratch of an Engine that holds `filling` before.
template <class Engine>
[[gnu::noinline]] std::vector<float> in_filled_scratch(float filling,
                                                       callable<void(float*, typename Engine::scratch&)> run) {
  typename Engine::scratch scratch;
  std::ranges::fill(scratch.at, filling);
  typename Engine::output y;
  run(y.data(), scratch);
  return {y.begin(), y.end()};
}
/// The output of an engine.
template <class Engine> std::vector<float> run_in_filled_scratch(const Engine& run, const float* x, float filling) {
  return in_filled_scratch<Engine>(
      filling, [&](float* y, typename Engine::scratch& scratch) { run.run(x, y, scratch, no_observer{}); });
}
/// What it would be in a constant expression: the same engine in portable lanes.
template <class Engine> std::vector<float> replay_in_filled_scratch(const Engine& run, const float* x, float filling) {
  using lanes = simd::replayed<typename Engine::lane>;
  return in_filled_scratch<Engine>(filling, [&](float* y, typename Engine::scratch& scratch) {
    no_observer observe;
    engine_stage::runner<Engine, lanes, no_observer>{run, y, scratch, observe}.run(x);
  });
}

/// What the network in double says.
template <class Net>
[[gnu::noinline]] std::vector<double> exact_output(const parameters<Net>& p, std::span<const float> x) {
  const auto y = evaluate(p, x.template first<Net::input_size>());
  return {y.begin(), y.end()};
}

/// The kernels of p in all lanes against each other and against evaluate, whatever the scratch holds.
template <class Net> void check_kernels(const parameters<Net>& p, std::uint64_t seed, std::size_t samples = 6) {
  const auto native = compile(p);
  const auto oracle = compile<float32<simd::portable<1>>>(p);
  const auto of = [](const auto& run) {
    return [&run](const float* x, float filling) { return run_in_filled_scratch(run, x, filling); };
  };
#if defined(__SANITIZE_ADDRESS__)  // instrumented, the emulated registers of the replay take g++ minutes to compile
  const auto replay = of(native);
#else
  const auto replay = [&](const float* x, float filling) { return replay_in_filled_scratch(native, x, filling); };
#endif
  compare_kernels(
      Net::input_size, of(native), replay, of(oracle), [&](std::span<const float> x) { return exact_output(p, x); },
      [&](std::span<const float> x) { return float_error(p, x); }, seed, samples);
}

/// Enough copies of some inputs as a batch, in every lane and beyond, are as accurate as one at a time.
template <class Engine, class Net>
void check_engine_batch(const Engine& run, const parameters<Net>& p, std::span<const float> inputs) {
  const std::size_t samples = inputs.size() / Net::input_size, copies = 4 * simd::width<simd::native> / samples + 1;
  std::vector<float> x, y(copies * samples * Net::output_size);
  for (std::size_t copy = 0; copy < copies; ++copy) x.insert(x.end(), inputs.begin(), inputs.end());
  run.batch(x, y);
  for (std::size_t sample = 0; sample < samples; ++sample) {
    const auto one = inputs.subspan(sample * Net::input_size, Net::input_size);
    const auto truth = exact_output(p, one);
    const double allowed = float_error(p, one);
    for (std::size_t copy = 0; copy < copies; ++copy) {
      const auto at = std::span<const float>(y).subspan((copy * samples + sample) * Net::output_size, Net::output_size);
      check_sample(distance(at, truth) <= allowed, "a batch is its samples", copy * samples + sample);
    }
  }
}

/// The same, and all ways to call an engine.
template <class Net> void check_engines(const parameters<Net>& p, std::uint64_t seed, std::size_t samples = 6) {
  check_kernels(p, seed, samples);
  const auto native = compile(p);
  base::random_stream random(seed);
  std::vector<float> inputs;
  for (std::size_t sample = 0; sample < samples; ++sample) {
    const auto x = random_vector<float>(random, Net::input_size, std::exp(random.uniform(-1, 2)));
    const auto y = run_in_filled_scratch(native, x.data(), 0);
    std::size_t seen = 0;
    check_sample(same_bits(native(x, [&seen](std::size_t, float) { ++seen; }), y), "an observer changes nothing",
                 sample);
    inputs.insert(inputs.end(), x.begin(), x.end());
  }
  check_engine_batch(native, p, inputs);
}

/// The tensors of parameters in double.
template <class Net> [[gnu::noinline]] std::vector<tensor_entry> tensors_in_double(parameters<Net, double>& p) {
  std::vector<tensor_entry> all;
  for_each_described_tensor(p, [&](const tensor_info& info, auto span) {
    double* values = nullptr;
    if constexpr (std::same_as<decltype(span.data()), double*>) values = span.data();
    all.push_back({std::string(info.key), info.purpose, span.size(), values});
  });
  return all;
}

/// gradient against differences of forward, in x and in every trainable tensor; it adds to what it finds.
template <class L, shape In> void check_gradient(std::uint64_t seed, const law_options& options) {
  constexpr std::size_t inputs = In.size(), outputs = L::output(In).size();
  auto p = converted<double>(random_parameters<net_of<In, L>>(seed));
  auto dp = p;
  clear(dp);

  base::random_stream random(seed + 1);
  std::vector<double> x(inputs), y(outputs), u(outputs), dx(inputs);
  for (double& v : x) v = (random.below(2) == 0 ? -1 : 1) * random.uniform(0.1, 2);  // away from kinks at 0
  for (double& v : u) v = random.normal();
  const auto add_gradient = [&] { gradient<L, In>(get<0>(p), x.data(), y.data(), u.data(), dx.data(), get<0>(dp)); };
  const auto loss = [&] {
    std::vector<double> out(outputs);
    forward<L, In>(get<0>(p), x.data(), out.data());
    return std::inner_product(u.begin(), u.end(), out.begin(), 0.0);
  };
  forward<L, In>(get<0>(p), x.data(), y.data());
  add_gradient();
  const auto stated = values_of(dp);
  check_slopes(x, dx, tensors_in_double(p), stated, loss, options.gradient_error, 1e-3);
  add_gradient();
  check_doubled(stated, values_of(dp));
}

/// Samples in the lanes of the native register: outputs and dx are those of each sample, dp is the sum.
template <class L, shape In> void check_lanes(std::uint64_t seed) {
  using V = simd::native;
  using Net = net_of<In, L>;
  const auto p = random_parameters<Net>(seed);
  parameters<Net> together{}, alone{};
  clear(together), clear(alone);
  const auto forward_in = [&](const auto* x, auto* y) { forward<L, In>(get<0>(p), x, y); };
  compare_lanes(
      In.size(), L::output(In).size(), seed, forward_in,
      [&](const V* x, const V* y, const V* u, V* dx) { gradient<L, In>(get<0>(p), x, y, u, dx, get<0>(together)); },
      forward_in,
      [&](const double* x, const double* y, const double* u, double* dx) {
        gradient<L, In>(get<0>(p), x, y, u, dx, get<0>(alone));
      });
  compare_sums(values_of(together), values_of(alone));
}

/// No pair found is steeper than the bounds, and some pair comes near.
template <class Net> void check_bound(const parameters<Net>& p, std::uint64_t seed, const law_options& options) {
  const auto found = steepest_pair(p, seed, options.effort);
  const double proved = lipschitz_of(p).value;
  compare_bound(found, proved, options.tight);
  if constexpr (is_closed<decltype(lipschitz<Net>)>) compare_declared(found, proved, lipschitz<Net>);
}

/// All outputs of a pointwise layer lie in its stated range, in every lane, those of infinities (limits, no NaN) and of
/// the numbers next to steep and flat parts included; no derivative exceeds the constant; NaN stays; if homogeneous,
/// f(2x) = 2 f(x).
template <class L> void check_range(std::uint64_t seed) {
  base::random_stream random(seed);
  constexpr float largest = std::numeric_limits<float>::max();
  std::vector<float> x{0,        -0.0f, 1,    -1,    1e-38f, -1e-38f, 1e-45f, largest,
                       -largest, 8.9f,  9.1f, -9.1f, 20,     -88,     89,     -104};
  for (float v = -25; v < 25; v += 0.0625f) x.push_back(v);  // minima, thresholds
  while (x.size() % 64 != 0) x.push_back(static_cast<float>(random.normal() * std::exp(random.uniform(-20, 5))));
  const double steepest = L::lipschitz(shape{1}).value().upper;
  const auto inside = [](double y) { return y >= L::range.lower && y <= L::range.upper; };
  constexpr std::size_t width = simd::width<simd::native>;
  for (std::size_t first = 0; first < x.size(); first += width) {
    std::array<float, width> wide;
    L::apply(simd::native::load(&x[first])).store(wide.data());
    for (std::size_t i = 0; i < width; ++i) {
      const float v = x[first + i], y = L::apply(v);
      const double exact = L::apply(static_cast<double>(v));
      INFO("at " << v);
      CHECK(std::bit_cast<std::uint32_t>(y) == std::bit_cast<std::uint32_t>(wide[i]));
      CHECK(inside(static_cast<double>(y)));
      CHECK(inside(exact));
      if (std::abs(exact) <= static_cast<double>(largest))
        CHECK(std::abs(static_cast<double>(y) - exact) <= 1e-6 * std::max(1.0, std::abs(exact)));
      CHECK(std::abs(L::derivative(static_cast<double>(v), exact)) <= steepest * (1 + 1e-14));
      CHECK(std::abs(static_cast<double>(L::derivative(v, y))) <= steepest * (1 + 1e-6));
      if (L::homogeneous && std::abs(v) < 1e30f && std::abs(v) > 1e-30f) CHECK(L::apply(2 * v) == 2 * y);
    }
  }
  for (const float v : {std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity()}) {
    const float y = L::apply(v);
    std::array<float, width> wide;
    L::apply(simd::native(v)).store(wide.data());
    for (const float other : wide) CHECK(other == y);  // false for NaN
    CHECK(inside(static_cast<double>(y)));
    CHECK(L::apply(static_cast<double>(v)) == static_cast<double>(y));
  }
  CHECK(std::isnan(L::apply(std::numeric_limits<double>::quiet_NaN())));
  CHECK(std::isnan(L::apply(std::numeric_limits<float>::quiet_NaN())));
}

/// All laws for layer L on inputs of shape In.
template <class L, shape In> void check_laws(const law_options& options = {}) {
  using Net = net_of<In, L>;
  INFO(L::name.view() << " on " << In.name().view());
  ++laws_checked;
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const auto p = random_parameters<Net>(seed);
    check_shape<L, In>(seed);
    if constexpr (L::reads == fusion::normalizer) check_engines(p, seed);
    else check_kernels(p, seed);
    check_gradient<L, In>(seed, options);
    check_lanes<L, In>(seed);
    check_bound(p, seed, options);
    if constexpr (L::reads == fusion::pointwise) check_range<L>(seed);
  }
}

/// The network that a layer's comment gives as its example: the engine agrees with evaluate, and there is a bound.
template <class Net> void run_example() {
  const auto p = std::make_unique<parameters<Net>>(random_parameters<Net>(1));
  const auto run = std::make_unique<engine<Net>>();
  compile(*p, *run);
  base::random_stream random(2);
  const auto x = random_vector<float>(random, Net::input_size);
  const auto y = (*run)(x);
  const auto truth = evaluate(*p, x);
  double sum = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    const double difference = static_cast<double>(y[i]) - truth[i];
    sum += difference * difference;
  }
  CHECK(std::sqrt(sum) <= float_error(*p, x));
  CHECK(lipschitz_of(*p).value > 0);
}

}  // namespace taut::tests
