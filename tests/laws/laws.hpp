// SPDX-License-Identifier: Apache-2.0
// The laws that every layer obeys, checked from what the layer states. A new layer's test calls one line:
//
//   check_laws<layer::relu, shape{17}>();
//   check_laws<layer::linear<5, 0>, shape{7}>({.tight = 0.95});
//
// shape is total and exact; native engine == portable engine bit for bit, == evaluate within the error of float
// (float_error.hpp), whatever the scratch holds; gradient == numeric difference; samples in lanes == sample by sample;
// sampled slope <= proved bound, >= `tight` times it; outputs within the stated range; file -> parameters -> file.
#pragma once
#include <unistd.h>

#include <bit>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <limits>
#include <memory>
#include <string>
#include <taut/weights/load.hpp>
#include <taut/weights/save.hpp>

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

/// Floats compared by their bits, so that NaN equals NaN and 0 differs from -0.
inline bool same_bits(std::span<const float> a, std::span<const float> b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](float x, float y) {
    return std::bit_cast<std::uint32_t>(x) == std::bit_cast<std::uint32_t>(y);
  });
}

/// The layer writes every output once more often than never, reads its input only, and no word beyond either.
template <class L, shape In> void check_shape(std::uint64_t seed) {
  static_assert(Layer<L> && L::accepts(In));
  constexpr std::size_t inputs = In.size(), outputs = L::output(In).size(), margin = 8;
  const auto p = random_parameters<net_of<In, L>>(seed);
  base::random_stream random(seed);
  constexpr double canary = 0x1.23456789abcdep+5;
  std::vector<double> x(inputs + margin, std::numeric_limits<double>::quiet_NaN()), y(outputs + margin, canary);
  for (std::size_t i = 0; i < inputs; ++i) x[i] = random.normal();
  forward<L, In>(get<0>(p), x.data(), y.data());
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

/// The output of an engine whose scratch holds `filling` before.
template <class Engine> [[gnu::noinline]] auto run_in_filled_scratch(const Engine& run, const float* x, float filling) {
  typename Engine::scratch scratch;
  for (auto& buffer : scratch.at) std::fill(std::begin(buffer), std::end(buffer), filling);
  typename Engine::output y;
  run.run(x, y.data(), scratch, no_observer{});
  return y;
}

/// The kernels of p in all lanes against each other and against evaluate, whatever the scratch holds.
template <class Net> void check_kernels(const parameters<Net>& p, std::uint64_t seed, std::size_t samples = 6) {
#if defined(__SANITIZE_ADDRESS__)  // instrumented, the emulated registers of the replay take g++ minutes to compile
  constexpr std::size_t width = 1;
#else
  constexpr std::size_t width = simd::width<simd::native>;
#endif
  const auto native = compile(p);
  const auto replay = compile<float32<simd::portable<width>>>(p);
  const auto oracle = compile<float32<simd::portable<1>>>(p);
  base::random_stream random(seed);
  for (std::size_t sample = 0; sample < samples; ++sample) {
    const auto x = random_vector<float>(random, Net::input_size, std::exp(random.uniform(-1, 2)));
    const auto y = run_in_filled_scratch(native, x.data(), 0);
    if constexpr (width == simd::width<simd::native>)
      check_sample(same_bits(y, run_in_filled_scratch(replay, x.data(), 0)), "portable lanes replay the bits", sample);

    const auto truth = evaluate(p, x);
    const double allowed = float_error(p, x);
    check_sample(distance(y, truth) <= allowed, "the engine is accurate", sample);
    check_sample(distance(run_in_filled_scratch(oracle, x.data(), 0), truth) <= allowed, "one lane is", sample);
    for (const float filling : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(), 1e30f})
      check_sample(same_bits(run_in_filled_scratch(native, x.data(), filling), y), "scratch does not matter", sample);
  }
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
    const auto truth = evaluate(p, one);
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

/// gradient against differences of forward, in x and in every trainable tensor; and against samples in lanes.
template <class L, shape In> void check_gradient(std::uint64_t seed, const law_options& options) {
  constexpr std::size_t inputs = In.size(), outputs = L::output(In).size();
  using Net = net_of<In, L>;
  const auto drawn = random_parameters<Net>(seed);
  parameters<Net, double> p{}, dp{};
  std::vector<double> values;
  for_each_tensor(drawn, [&](auto, shape, auto span) { values.insert(values.end(), span.begin(), span.end()); });
  std::size_t next = 0;
  for_each_tensor(p, [&](auto, shape, auto span) {
    for (auto& v : span) v = static_cast<std::remove_cvref_t<decltype(v)>>(values[next++]);
  });
  for_each_described_tensor(dp, [](const tensor_info&, auto span) {
    for (auto& v : span) v = 0;
  });

  base::random_stream random(seed + 1);
  std::vector<double> x(inputs), y(outputs), u(outputs), dx(inputs);
  for (double& v : x) v = (random.below(2) == 0 ? -1 : 1) * random.uniform(0.1, 2);  // away from kinks at 0
  for (double& v : u) v = random.normal();
  const auto loss = [&] {
    std::vector<double> out(outputs);
    forward<L, In>(get<0>(p), x.data(), out.data());
    double sum = 0;
    for (std::size_t i = 0; i < outputs; ++i) sum += u[i] * out[i];
    return sum;
  };
  forward<L, In>(get<0>(p), x.data(), y.data());
  gradient<L, In>(get<0>(p), x.data(), y.data(), u.data(), dx.data(), get<0>(dp));

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
  double largest = 1e-3;
  for (const double v : dx) largest = std::max(largest, std::abs(v));
  for (std::size_t i = 0; i < inputs; ++i) {
    INFO("dx[" << i << "]");
    CHECK(std::abs(dx[i] - slope(x[i])) <= options.gradient_error * largest);
  }
  std::vector<double> stated;
  for_each_tensor(dp, [&](auto, shape, auto span) { stated.insert(stated.end(), span.begin(), span.end()); });
  next = 0;
  for (const double v : stated) largest = std::max(largest, std::abs(v));
  for_each_described_tensor(p, [&](const tensor_info& info, auto span) {
    for (auto& v : span) {
      INFO(info.key << ", entry " << next);
      if constexpr (std::same_as<std::remove_cvref_t<decltype(v)>, double>) {
        if (info.purpose == role::trainable)
          CHECK(std::abs(stated[next] - slope(v)) <= options.gradient_error * largest);
        else CHECK(stated[next] == 0);
      }
      ++next;
    }
  });

  // it adds to dp: a second call doubles it
  gradient<L, In>(get<0>(p), x.data(), y.data(), u.data(), dx.data(), get<0>(dp));
  next = 0;
  for_each_tensor(dp, [&](auto, shape, auto span) {
    for (const auto v : span) CHECK(std::abs(static_cast<double>(v) - 2 * stated[next++]) <= 1e-12 * largest);
  });
}

/// Samples in the lanes of the native register: outputs and dx are those of each sample, dp is the sum.
template <class L, shape In> void check_lanes(std::uint64_t seed) {
  using V = simd::native;
  using Net = net_of<In, L>;
  constexpr std::size_t lanes = simd::width<V>, inputs = In.size(), outputs = L::output(In).size();
  const auto p = random_parameters<Net>(seed);
  parameters<Net> together{}, alone{};
  for (auto* sums : {&together, &alone})
    for_each_tensor(*sums, [](auto, shape, auto span) {
      for (auto& v : span) v = 0;
    });
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
  forward<L, In>(get<0>(p), x.data(), y.data());
  gradient<L, In>(get<0>(p), x.data(), y.data(), u.data(), dx.data(), get<0>(together));
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    const auto one = lane_of(x, lane), slope = lane_of(u, lane), wide_y = lane_of(y, lane), wide_dx = lane_of(dx, lane);
    std::vector<double> out(outputs), back(inputs);
    forward<L, In>(get<0>(p), one.data(), out.data());
    gradient<L, In>(get<0>(p), one.data(), out.data(), slope.data(), back.data(), get<0>(alone));
    for (std::size_t i = 0; i < outputs; ++i) CHECK(wide_y[i] == Approx(out[i]).epsilon(2e-4).margin(2e-4));
    const double size = norm(back), scale = 1e-4 * norm(slope);  // what cancels leaves rounding of the size of dy
    for (std::size_t i = 0; i < inputs; ++i) CHECK(std::abs(wide_dx[i] - back[i]) <= 1e-3 * size + scale);
  }
  std::vector<double> sums;
  for_each_tensor(alone, [&](auto, shape, auto span) { sums.insert(sums.end(), span.begin(), span.end()); });
  std::size_t next = 0;
  const double size = norm(sums);
  for_each_tensor(together, [&](auto, shape, auto span) {
    for (const auto v : span) CHECK(std::abs(static_cast<double>(v) - sums[next++]) <= 1e-3 * (size + 1e-3));
  });
}

/// No pair found is steeper than the bounds, and some pair comes near.
template <class Net> void check_bound(const parameters<Net>& p, std::uint64_t seed, const law_options& options) {
  const auto found = steepest_pair(p, seed, options.effort);
  const double proved = lipschitz_of(p).value;
  INFO("proved " << proved << ", observed " << found.climbed);
  REQUIRE(found.pairs > 0);
  CHECK(is_below(found.climbed, proved));
  CHECK(found.climbed >= options.tight * proved);
  if constexpr (is_closed<decltype(lipschitz<Net>)>) {  // what the type declares is kept: the type's bound holds as
                                                        // well
    CHECK(is_below(found.climbed, lipschitz<Net>));
    CHECK(proved <= lipschitz<Net> * (1 + 1e-12));
  }
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

/// What is saved is loaded, bit for bit; the same parameters give the same file.
template <class Net> void check_file(const parameters<Net>& p) {
  const auto folder = std::filesystem::temp_directory_path() / ("taut_laws_" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  const auto once = folder / "once.safetensors", twice = folder / "twice.safetensors";
  const auto text = [](const auto& path) {
    std::ifstream file(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  save_safetensors(p, once);
  const auto loaded = load_safetensors<Net>(once);
  save_safetensors(loaded, twice);
  CHECK(!text(once).empty());
  CHECK(text(once) == text(twice));
  std::vector<double> before, after;
  for_each_tensor(p, [&](auto, shape, auto span) {
    for (const auto v : span) before.push_back(static_cast<double>(v));
  });
  for_each_tensor(loaded, [&](auto, shape, auto span) {
    for (const auto v : span) after.push_back(static_cast<double>(v));
  });
  CHECK(before == after);
  std::filesystem::remove_all(folder);
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
    if constexpr (Net::parameter_count > 0) check_file(p);
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
