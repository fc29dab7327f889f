// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <taut/base/random.hpp>
#include <taut/simd/batch_product.hpp>
#include <taut/simd/lane.hpp>
#include <taut/simd/matvec.hpp>
#include <vector>

#include "support/bits.hpp"
#include "support/catch.hpp"

namespace taut::simd {
namespace {

// W and a few registers of samples, x[register][column].
struct problem {
  std::size_t rows, columns, samples;
  std::vector<double> w;
  std::vector<float> x;

  // `positive`: W = a b' and x = b, so that partial sums only grow, and both norms are |a| |b|.
  problem(std::size_t r, std::size_t c, std::size_t s, std::uint64_t seed, bool positive)
      : rows(r), columns(c), samples(s), w(r * c), x(c * s) {
    base::random_stream random(seed);
    std::vector<double> a(rows), b(columns);
    for (double& v : a) v = 1 + random.uniform();
    for (double& v : b) v = 1 + random.uniform();
    for (std::size_t i = 0; i < rows; ++i)
      for (std::size_t j = 0; j < columns; ++j)
        w[i * columns + j] = static_cast<double>(static_cast<float>(positive ? a[i] * b[j] : random.normal()));
    for (std::size_t j = 0; j < columns; ++j)
      for (std::size_t k = 0; k < samples; ++k)
        x[j * samples + k] = static_cast<float>(positive ? b[j] : random.normal());
  }
};

// y[row][sample] in lanes V, from weights packed for lanes of the same width, by Registers registers at once.
template <class V, std::size_t Rows, std::size_t Cols, std::size_t Registers>
std::vector<float> product(const problem& p) {
  using packed = matvec<V, Rows, Cols>;
  constexpr std::size_t lanes = width<V>;
  alignas(64) static std::array<float, packed::size> w;
  packed::pack(p.w.data(), w.data());
  static std::array<V, Registers * Cols> x;
  for (std::size_t v = 0; v < Registers; ++v)
    for (std::size_t j = 0; j < Cols; ++j) x[v * Cols + j] = load<V>(&p.x[j * p.samples + v * lanes]);
  std::vector<float> y(Rows * p.samples);
  std::size_t expected = 0;
  batch_product<V, packed, Rows, Cols>::template apply<Registers>(
      w.data(), x.data(), Cols,
      [&]<std::size_t Count>(std::size_t first, std::integral_constant<std::size_t, Count>, const auto& sums) {
        REQUIRE(first == expected);
        expected += Count;
        for (std::size_t r = 0; r < Count; ++r)
          for (std::size_t v = 0; v < Registers; ++v) store(sums[r][v], &y[(first + r) * p.samples + v * lanes]);
      });
  REQUIRE(expected == Rows);
  return y;
}

// The largest error of a sample in parts of what is stated.
template <class V, std::size_t Rows, std::size_t Cols>
double rounding_used(const problem& p, const std::vector<float>& y) {
  double norm = 0, used = 0;
  for (const double v : p.w) norm += v * v;
  norm = std::sqrt(norm) * (1 + 1e-6);
  const double units = batch_product<V, matvec<V, Rows, Cols>, Rows, Cols>::rounding(norm, norm);
  for (std::size_t k = 0; k < p.samples; ++k) {
    double error = 0, size = 0;
    for (std::size_t i = 0; i < Rows; ++i) {
      double truth = 0;
      for (std::size_t j = 0; j < Cols; ++j) truth += p.w[i * Cols + j] * static_cast<double>(p.x[j * p.samples + k]);
      error += std::pow(static_cast<double>(y[i * p.samples + k]) - truth, 2);
    }
    for (std::size_t j = 0; j < Cols; ++j) size += std::pow(static_cast<double>(p.x[j * p.samples + k]), 2);
    used = std::max(used, std::sqrt(error / size) / (0x1p-24 * (units + (target_fuses ? 0 : norm)) * (1 + 0x1p-6)));
  }
  return used;
}

template <class V, std::size_t Rows, std::size_t Cols, std::size_t Registers> double check(bool replay = true) {
  CAPTURE(Rows, Cols, Registers);
  double most = 0;
  for (const bool positive : {false, true}) {
    const problem p(Rows, Cols, Registers * width<V>, Rows + Cols, positive);
    const auto y = product<V, Rows, Cols, Registers>(p);
    const double used = rounding_used<V, Rows, Cols>(p, y);
    CHECK(used <= 1);
    most = std::max(most, used);
    if (replay) {
      const auto slow = product<portable<width<V>>, Rows, Cols, Registers>(p);
      CHECK(tests::same_bits(y, slow));
    }
  }
  return most;
}

using tiny = batch_product<portable<16>, matvec<portable<16>, 3, 3>, 3, 3>;
static_assert(tiny::longest == 3);
static_assert(batch_product<portable<16>, matvec<portable<16>, 32, 784>, 32, 784>::longest ==
              (in_two_steps<portable<16>> ? 16 + 48 : 32 + 24));

}  // namespace

TEST_CASE("simd.batch_product: rounds as stated, native equals portable bit for bit, whatever is left of rows") {
  double most = 0;
  for (const double used :
       {check<native, 1, 1, 4>(), check<native, 3, 3, 4>(), check<native, 7, 5, 2>(), check<native, 10, 32, 2>(),
        check<native, 17, 66, 1>(), check<native, 31, 9, 1>(), check<native, 68, 130, 2>(), check<native, 78, 6, 1>()})
    most = std::max(most, used);
  CHECK(most > 0.02);
}

TEST_CASE("simd.batch_product: every width of lane reads the weights as they are packed for it") {
  check<portable<4>, 11, 70, 2>(false);
  check<portable<8>, 29, 9, 2>(false);
  check<portable<8>, 6, 67, 1>(false);
  check<portable<16>, 21, 33, 2>(false);
}

TEST_CASE("simd.batch_product: stretches of columns round less than one chain") {
  const problem p(2, 1000, 2 * width<native>, 3, true);
  const auto y = product<native, 2, 1000, 2>(p);
  CHECK(rounding_used<native, 2, 1000>(p, y) <= 1);
  CHECK(batch_product<native, matvec<native, 2, 1000>, 2, 1000>::rounding(1, 1) < 100);
}

}  // namespace taut::simd
