// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <taut/engine/int8.hpp>
#include <taut/inference.hpp>

#include "support/catch.hpp"

using namespace taut;

namespace {

struct Chain : decltype(Input<6> >> Linear<5> >> ReLU >> Linear<7> >> LN >> ReLU >> Linear<3> >> Tanh >> Linear<2>) {};

// Values that no training made, but all different.
constexpr quantized<Chain> some_values() {
  quantized<Chain> q;
  q.input_unit = 0x1p-5f;
  std::uint32_t state = 7;
  const auto next = [&state] { return (state = state * 1664525u + 1013904223u) >> 8; };
  base::for_each_index<quantized<Chain>::stages>([&]<std::size_t S>() {
    auto& s = std::get<S>(q.stage);
    for (auto& w : s.weight) w = static_cast<std::int8_t>(static_cast<std::int32_t>(next() % 255) - 127);
    for (auto& b : s.bias) b = static_cast<std::int32_t>(next() % 2001) - 1000;
    for (float& f : s.factor) f = 0.001f + static_cast<float>(next() % 1000) * 1e-5f;
    for (float& g : s.gain) g = static_cast<float>(next() % 1000) * 0.1f - 30;
    for (float& o : s.offset) o = static_cast<float>(next() % 1000) * 0.01f;
    s.epsilon = 1e-4f;
    s.unit = S == 2 ? 0x1p-7f : 0.25f;
  });
  return q;
}

constexpr std::array<float, 6> input{0.3f, -1.7f, 2.9f, 100.0f, -0.01f, -3.99f};

// The same network in plain double and integers, straight from the formulas of quantized.hpp.
std::array<double, 2> by_hand(const quantized<Chain>& q) {
  const auto byte = [](double v) { return std::fmin(std::fmax(std::nearbyint(v), -128), 127); };
  std::vector<double> x;
  for (const float v : input) x.push_back(byte(static_cast<double>(v) / static_cast<double>(q.input_unit)));
  base::for_each_index<quantized<Chain>::stages>([&]<std::size_t S>() {
    const auto& s = std::get<S>(q.stage);
    using values = std::remove_cvref_t<decltype(s)>;
    std::vector<double> y(values::rows);
    double squares = static_cast<double>(s.epsilon);
    for (std::size_t i = 0; i < values::rows; ++i) {
      y[i] = s.bias[i];
      for (std::size_t j = 0; j < values::columns; ++j) y[i] += s.weight[i * values::columns + j] * x[j];
      y[i] *= static_cast<double>(s.factor[i]);
      squares += y[i] * y[i];
    }
    for (std::size_t i = 0; i < values::rows; ++i) {
      if constexpr (values::normalizes)
        y[i] = y[i] / std::sqrt(squares) * static_cast<double>(s.gain[i]) + static_cast<double>(s.offset[i]);
      if (S == 0 || S == 1) y[i] = std::fmax(y[i], 0);
      if (S == 2) y[i] = std::tanh(y[i]) / static_cast<double>(s.unit);
      if (S < 3) y[i] = byte(y[i]);
    }
    x = y;
  });
  return {x[0], x[1]};
}

constexpr auto engine_of_values = compile(some_values());

}  // namespace

TEST_CASE("engine.int8: it computes what the formulas say") {
  const auto y = engine_of_values(input);
  const auto wanted = by_hand(some_values());
  for (std::size_t i = 0; i < 2; ++i)
    CHECK(std::fabs(static_cast<double>(y[i]) - wanted[i]) < 1e-6 * std::fabs(wanted[i]));
}

TEST_CASE("engine.int8: an inference by the compiler has the same bits, whatever the scratch holds") {
  constexpr auto compiled = engine_of_values(input);
  for (const int filling : {0, 99}) {
    decltype(engine_of_values)::scratch s;
    for (auto& v : s.even) v = static_cast<std::remove_reference_t<decltype(v)>>(filling);
    for (auto& v : s.odd) v = static_cast<std::remove_reference_t<decltype(v)>>(filling);
    std::array<float, 2> y;
    engine_of_values.run(input.data(), y.data(), s, no_observer{});
    CHECK(std::bit_cast<std::array<std::uint32_t, 2>>(y) == std::bit_cast<std::array<std::uint32_t, 2>>(compiled));
  }
}

TEST_CASE("engine.int8: observers see the std of a normalizer's input") {
  std::vector<std::pair<std::size_t, float>> seen;
  static_cast<void>(engine_of_values(input, [&seen](std::size_t layer, float std) { seen.emplace_back(layer, std); }));
  REQUIRE(seen.size() == 1);
  CHECK(seen[0].first == 3);
  CHECK(seen[0].second > 0);
}
