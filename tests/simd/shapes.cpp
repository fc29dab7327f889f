// SPDX-License-Identifier: Apache-2.0
// y = W x in the widest lane against sums in double, for many shapes: in the suite some of the small ones, with
// TAUT_ALL_SHAPES (the part `targets`) all up to 20 x 20 and random ones up to 1024 x 1024. Around everything is NaN.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <taut/simd/lane.hpp>
#include <taut/simd/matvec.hpp>
#include <utility>
#include <vector>

#include "support/catch.hpp"

namespace taut::simd {
namespace {

/// A kernel of any shape.
struct kernel_of_shape {
  std::size_t rows, columns, weights, writable;
  void (*pack)(const double*, float*);
  void (*apply)(const float*, const float*, float*);
};

template <std::size_t Rows, std::size_t Cols> constexpr kernel_of_shape kernel_for() {
  using kernel = matvec<native, Rows, Cols>;
  const auto apply = [](const float* w, const float* x, float* y) {
    kernel::apply(w, x, [y](std::size_t panel, auto sums) { store(sums, y + panel * width<decltype(sums)>); });
  };
  return {Rows, Cols, kernel::size, kernel::padded_rows, [](const double* w, float* out) { kernel::pack(w, out); },
          apply};
}

// n floats on a boundary of 64 bytes with NaN on both sides.
struct guarded {
  std::vector<float> storage;
  float* at;
  explicit guarded(std::size_t n) : storage(n + 64, std::numeric_limits<float>::quiet_NaN()), at(&storage[16]) {
    while (reinterpret_cast<std::uintptr_t>(at) % 64 != 0) ++at;
  }
};

// The largest error of a row in units of (columns + 1) 2^-24 sum |w x|; infinity where something is no number.
double error_of(const kernel_of_shape& kernel) {
  std::mt19937 random(static_cast<unsigned>(kernel.rows * 2048 + kernel.columns));
  const auto number = [&] { return (static_cast<double>(random()) - 0x1p31) * 0x1p-31; };
  std::vector<double> weights(kernel.rows * kernel.columns);
  for (double& w : weights) w = number();
  guarded packed(kernel.weights), x(kernel.columns), y(kernel.writable);
  for (std::size_t j = 0; j < kernel.columns; ++j) x.at[j] = static_cast<float>(number());
  kernel.pack(weights.data(), packed.at);
  kernel.apply(packed.at, x.at, y.at);
  double worst = 0;
  for (std::size_t i = 0; i < kernel.rows; ++i) {
    double sum = 0, magnitudes = 0;
    for (std::size_t j = 0; j < kernel.columns; ++j) {
      const double term =
          static_cast<double>(static_cast<float>(weights[i * kernel.columns + j])) * static_cast<double>(x.at[j]);
      sum += term, magnitudes += std::fabs(term);
    }
    const double error = std::fabs(static_cast<double>(y.at[i]) - sum);
    if (!(error < 1)) return std::numeric_limits<double>::infinity();
    worst = std::max(worst, error / (magnitudes * static_cast<double>(kernel.columns + 1) * 0x1p-24));
  }
  for (std::size_t i = kernel.rows; i < kernel.writable; ++i)
    if (!(y.at[i] == 0)) return std::numeric_limits<double>::infinity();
  for (const float* p = &y.storage[0]; p != y.at; ++p)
    if (!std::isnan(*p)) return std::numeric_limits<double>::infinity();
  return worst;
}

void check(const kernel_of_shape& kernel) {
  CAPTURE(kernel.rows, kernel.columns);
  CHECK(error_of(kernel) <= 1);
}

#if defined(TAUT_ALL_SHAPES)
constexpr std::size_t lengths[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20};
constexpr std::size_t big_shapes = 40;
#else
constexpr std::size_t lengths[] = {1, 3, 4, 6, 8, 13, 17};
constexpr std::size_t big_shapes = 3;
#endif
constexpr std::size_t count = std::size(lengths);

// Of random lengths: short and long ones alike.
constexpr std::size_t random_length(std::size_t seed) {
  std::uint64_t state = seed * 0x9e3779b97f4a7c15u + 0x2545f4914f6cdd1du;
  state = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9u;
  state = (state ^ (state >> 27)) * 0x94d049bb133111ebu;
  return 1 + (state >> 33) % (std::uint64_t{16} << (state >> 8) % 7);
}

}  // namespace

TEST_CASE("simd.shapes: small shapes") {
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    static constexpr kernel_of_shape kernels[] = {kernel_for<lengths[I / count], lengths[I % count]>()...};
    for (const kernel_of_shape& kernel : kernels) check(kernel);
  }(std::make_index_sequence<count * count>{});
}

TEST_CASE("simd.shapes: random shapes up to 1024 x 1024") {
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    static constexpr kernel_of_shape kernels[] = {kernel_for<random_length(2 * I), random_length(2 * I + 1)>()...,
                                                  kernel_for<random_length(71), 1024>(),
                                                  kernel_for<1024, random_length(72)>()};
    for (const kernel_of_shape& kernel : kernels) check(kernel);
  }(std::make_index_sequence<big_shapes>{});
}

}  // namespace taut::simd
