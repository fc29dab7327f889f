// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstring>
#include <filesystem>
#include <limits>
#include <taut/embed/pocket_guard.hpp>
#include <taut/taut.hpp>
#include <vector>

#include "support/catch.hpp"

using namespace taut;

namespace {

struct Digits : decltype(Input<64> >> Linear<32> >> LN(min_std<0.2>) >> ReLU >> Linear<10>) {};
constexpr pocket_range range{.largest_norm = 16, .smallest_std = 0.05};

parameters<Digits> trained() { return load_safetensors<Digits>(TAUT_TEST_DATA "/torch/digits_ln.safetensors"); }
std::vector<float> inputs() {
  const auto file = safetensors_file::read(TAUT_TEST_DATA "/torch/digits_ln.vectors.safetensors");
  std::vector<float> x(60 * 64);
  std::memcpy(x.data(), file.find("input")->bytes.data(), x.size() * sizeof(float));
  return x;
}

struct Tiny : decltype(Input<2> >> Linear<3> >> RMSNorm >> Linear<2>) {};
constexpr parameters<Tiny> tiny = [] {
  parameters<Tiny> p;
  get<0>(p).weight = {1, 0, 0, 1, 1, 1};
  get<2>(p).weight = {1, 0, 0, 0, 1, 0};
  return p;
}();
constexpr auto tiny_engine = compile<float32<simd::scalar>>(tiny);
constexpr auto tiny_guard = pocket_guard(tiny, {.largest_norm = 10, .smallest_std = 0.1});
constexpr std::array<float, 2> point{2, 1};
static_assert(certify(tiny_guard, tiny_engine, point).label == 0);
static_assert(certify(tiny_guard, tiny_engine, point).radius > 0.2f);
static_assert(certify(tiny_guard, tiny_engine, point).radius < 0.70711f);  // where both coordinates are equal

}  // namespace

TEST_CASE("embed.pocket_guard: radii are the host's, a little smaller") {
  const auto p = trained();
  const auto whole = certifier<float32<simd::scalar>>(p);
  const auto guard = pocket_guard(p, range);
  const auto run = compile<float32<simd::scalar>>(p);
  const auto all = inputs();
  for (std::size_t at = 0; at < all.size(); at += 64) {
    const std::span<const float> x(&all[at], 64);
    const auto host = certify(whole, x);
    const auto pocket = certify(guard, run, x);
    CHECK(pocket.output == host.output);
    CHECK(pocket.label == host.label);
    CHECK(pocket.contract_holds == host.contract_holds);
    CHECK(static_cast<double>(pocket.radius) <= host.radius);
    CHECK(static_cast<double>(pocket.radius) >= 0.8 * host.radius);
  }
}

TEST_CASE("embed.pocket_guard: no input within the radius has another label") {
  base::random_stream random(3);
  std::size_t crossed = 0;
  for (int i = 0; i < 200; ++i) {
    const std::array<float, 2> x{static_cast<float>(random.normal()), static_cast<float>(random.normal())};
    const auto v = certify(tiny_guard, tiny_engine, x);
    for (const float part : {0.999f, 1.5f, 4.0f}) {
      // towards the line where the outputs are equal
      const float s = v.radius * part * std::sqrt(0.5f) * (x[0] > x[1] ? 1.0f : -1.0f);
      const auto y = tiny_engine(std::array<float, 2>{x[0] - s, x[1] + s});
      const bool other = y[v.label] <= y[1 - v.label];
      if (part < 1) CHECK((!other || v.radius == 0));
      else crossed += other && v.radius > 0 ? 1 : 0;
    }
  }
  CHECK(crossed > 50);
}

TEST_CASE("embed.pocket_guard: nothing is promised outside its range, or of no numbers") {
  const auto radius = [](float a, float b) {
    return certify(tiny_guard, tiny_engine, std::array<float, 2>{a, b}).radius;
  };
  CHECK(radius(9, 1) > 0);
  CHECK(radius(10, 1) == 0);
  CHECK(radius(0.05f, 0.01f) == 0);  // a root mean square below 0.1
  CHECK(radius(std::numeric_limits<float>::quiet_NaN(), 1) == 0);
  CHECK(radius(std::numeric_limits<float>::infinity(), 1) == 0);
  CHECK(radius(1, 1) == 0);
}
