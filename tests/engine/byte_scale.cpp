// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstdint>
#include <taut/base/random.hpp>
#include <taut/engine/byte_scale.hpp>
#include <taut/engine/quantized.hpp>
#include <vector>

#include "support/catch.hpp"

using namespace taut;

namespace {

constexpr std::size_t rows = 12, columns = 40;
constexpr std::int32_t largest_sum = 40 << 14;

// Values of any magnitude; each row's differ by up to `spread` powers of two.
template <bool Normalizes> quantized_stage<rows, columns, Normalizes> values(std::uint64_t seed, double spread) {
  base::random_stream random(seed);
  quantized_stage<rows, columns, Normalizes> v;
  const double size = std::exp2(random.uniform(-30, 10));
  for (std::size_t i = 0; i < rows; ++i) {
    v.factor[i] = static_cast<float>(size * std::exp2(random.uniform(-spread, 0)));
    v.bias[i] = static_cast<std::int32_t>(random.uniform(-1e6, 1e6));
    if constexpr (Normalizes) {
      v.gain[i] = static_cast<float>(random.normal() * 100);
      v.offset[i] = static_cast<float>(random.normal() * 30);
    } else {
      v.factor[i] *= static_cast<float>(1e-3 / size);  // some hundred steps
    }
  }
  v.epsilon = static_cast<float>(size * size * std::exp2(random.uniform(-20, 20)));
  return v;
}

}  // namespace

TEST_CASE("engine.byte_scale: without a normalizer, a sum is its factor in steps") {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    const auto v = values<false>(seed, 8);
    engine_stage::byte_scaling<rows> scaling;
    scaling.load(v);
    base::random_stream random(seed + 1000);
    for (std::size_t i = 0; i < rows; ++i) {
      const auto sum = static_cast<std::int32_t>(random.uniform(-largest_sum - 1e6, largest_sum + 1e6));
      const double steps = static_cast<double>(v.factor[i]) * sum;
      CHECK(std::fabs(scaling(sum, i) - steps) <= 0.5001);
    }
  }
}

TEST_CASE("engine.byte_scale: steps that are far too small saturate, they do not wrap") {
  auto v = values<false>(3, 0);
  for (float& f : v.factor) f = 0x1p60f;
  engine_stage::byte_scaling<rows> scaling;
  scaling.load(v);
  CHECK(scaling(largest_sum, 0) > 127);
  CHECK(scaling(-largest_sum, 0) < -128);
  CHECK(scaling(0, 0) == 0);
}

TEST_CASE("engine.byte_scale: behind a normalizer, for sums of every size") {
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    const auto v = values<true>(seed, 6);
    engine_stage::byte_normalizer<rows> normalize;
    normalize.load(v);
    const auto scale = engine_stage::sum_scale::for_squares(v);
    base::random_stream random(seed + 1000);
    const double size = std::exp2(random.uniform(0, 19));
    std::vector<std::int32_t> sums(rows), z(rows);
    std::uint64_t squares = normalize.epsilon;
    double wanted = static_cast<double>(v.epsilon), missed = 0;
    for (std::size_t i = 0; i < rows; ++i) {
      sums[i] = static_cast<std::int32_t>(random.normal() * size / 3);
      z[i] = normalize.scaled(sums[i], i);
      squares = simd::add_square(z[i], squares);
      const double exact = static_cast<double>(v.factor[i]) * sums[i];
      wanted += exact * exact;
      missed = std::max(missed, std::fabs(exact - scale.unit * z[i]));
    }
    CHECK(missed <= 1.25 * scale.unit);
    const auto root = normalize.root_of(squares);
    const double root_of_squares = std::sqrt(static_cast<double>(squares)) * scale.unit;
    CHECK(std::fabs(root_of_squares - std::sqrt(wanted)) <= scale.unit * (1.25 * std::sqrt(rows) + 1));
    const double step = std::exp2(-engine_stage::byte_normalizer<rows>::places_of(v));
    for (std::size_t i = 0; i < rows; ++i) {
      const double w = scale.unit * z[i] / root_of_squares;
      const double y = static_cast<double>(v.gain[i]) * w + static_cast<double>(v.offset[i]);
      CHECK(std::fabs(normalize(z[i], root, i) - y) <=
            0.5 + step + std::fabs(static_cast<double>(v.gain[i])) * 1.5 * 0x1p-15);
    }
  }
}

TEST_CASE("engine.byte_scale: the extremes of a normalizer") {
  auto v = values<true>(1, 0);
  for (float& f : v.factor) f = 1;
  v.epsilon = 0;
  engine_stage::byte_normalizer<rows> normalize;
  normalize.load(v);
  const auto offset = [&v](std::size_t i) { return std::floor(static_cast<double>(v.offset[i]) + 0.5); };
  CHECK(normalize(0, normalize.root_of(normalize.epsilon), 1) == offset(1));  // nothing to normalize
  // one sum, the largest there is: its row is 1 and the others are 0
  const std::int32_t z = normalize.scaled(largest_sum + 1'000'000, 2);
  const auto root = normalize.root_of(simd::add_square(z, 0));
  CHECK(std::fabs(normalize(z, root, 2) - static_cast<double>(v.gain[2]) - static_cast<double>(v.offset[2])) < 0.6);
  CHECK(normalize(0, root, 3) == offset(3));
  // the smallest one
  const auto small = normalize.root_of(1);
  CHECK(std::fabs(normalize(-1, small, 2) + static_cast<double>(v.gain[2]) - static_cast<double>(v.offset[2])) < 0.6);
  // gains that no activation has a use for
  for (float& g : v.gain) g = 0x1p80f;
  normalize.load(v);
  CHECK(normalize(z, root, 2) > 127);
  CHECK(normalize(-z, root, 2) < -128);
}

TEST_CASE("engine.byte_scale: roots in constant expressions") {
  using normalizer = engine_stage::byte_normalizer<rows>;
  constexpr auto root = normalizer::root_of(std::uint64_t{1} << 61);
  static_assert(root.up == 0);
  for (int bit = 0; bit < 62; ++bit) {
    const std::uint64_t q = (std::uint64_t{1} << bit) + (std::uint64_t{1} << bit) / 3;
    const auto r = normalizer::root_of(q);
    CHECK(r.inverse > 1 << 16);
    CHECK(r.inverse <= 1 << 17);
    const double exact = std::exp2(47 - r.up) / std::sqrt(static_cast<double>(q));
    CHECK(std::fabs(r.inverse - exact) <= 0x1p-17 * exact);
  }
}
