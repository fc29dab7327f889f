// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <taut/base/meta.hpp>
#include <taut/base/random.hpp>
#include <taut/simd/lane.hpp>
#include <taut/simd/matvec.hpp>
#include <vector>

#include "support/catch.hpp"

namespace taut::simd {
namespace {

// Floats on a boundary of 64 bytes with NaN on both sides.
class guarded {
 public:
  explicit guarded(std::size_t n) : storage_(n + 48, std::numeric_limits<float>::quiet_NaN()) {
    while (reinterpret_cast<std::uintptr_t>(&storage_[first_]) % 64 != 0 || first_ < 16) ++first_;
    std::fill_n(data(), n, 0.0f);
  }
  float* data() { return &storage_[first_]; }

 private:
  std::vector<float> storage_;
  std::size_t first_ = 0;
};

struct problem {
  std::vector<double> weights;
  std::vector<float> x;
};
template <std::size_t Rows, std::size_t Cols> problem random_problem() {
  std::mt19937 random(static_cast<unsigned>(Rows * 1000 + Cols));
  std::normal_distribution<double> normal;
  problem p{std::vector<double>(Rows * Cols), std::vector<float>(Cols)};
  for (double& w : p.weights) w = normal(random);
  for (float& v : p.x) v = static_cast<float>(normal(random));
  return p;
}

// The rows as lanes V compute them, padding included.
template <class V, std::size_t Rows, std::size_t Cols> std::vector<float> multiply(const problem& p) {
  using kernel = matvec<V, Rows, Cols>;
  guarded w(kernel::size), x(Cols), y(kernel::padded_rows);
  kernel::pack(p.weights.data(), w.data());
  std::copy(p.x.begin(), p.x.end(), x.data());
  std::size_t expected_panel = 0;
  const float* const from = x.data();
  kernel::apply(w.data(), from, [&](std::size_t panel, const typename kernel::row_lane& rows) {
    REQUIRE(panel == expected_panel++);
    store(rows, y.data() + panel * kernel::panel_rows);
  });
  CHECK(expected_panel == kernel::panels);
  if constexpr (kernel::takes_registers) {  // the same from registers
    constexpr std::size_t lanes = std::max<std::size_t>(kernel::columns, 4), count = (Cols + lanes - 1) / lanes;
    using lane = resized<V, lanes>;
    registers<lane, count> in;
    base::for_each_index<count>(
        [&]<std::size_t I>() { in.at[I] = load_first<lane, std::min(lanes, Cols - I * lanes)>(x.data() + I * lanes); });
    std::size_t different = 0;
    kernel::apply(w.data(), in, [&](std::size_t panel, const typename kernel::row_lane& rows) {
      alignas(64) float at[kernel::panel_rows];
      store(rows, at);
      for (std::size_t i = 0; i < kernel::panel_rows; ++i)
        different += std::bit_cast<std::uint32_t>(at[i]) !=
                     std::bit_cast<std::uint32_t>(y.data()[panel * kernel::panel_rows + i]);
    });
    CHECK(different == 0);
  }
  return {y.data(), y.data() + kernel::padded_rows};
}

// Each row within Cols units of rounding of its sum of magnitudes; the rows of the padding are zero.
template <class V, std::size_t Rows, std::size_t Cols> double error_in_bounds(const problem& p) {
  const std::vector<float> y = multiply<V, Rows, Cols>(p);
  double worst = 0;
  for (std::size_t i = 0; i < Rows; ++i) {
    double sum = 0, magnitudes = 0;
    for (std::size_t j = 0; j < Cols; ++j) {
      const double term = static_cast<double>(static_cast<float>(p.weights[i * Cols + j])) * p.x[j];
      sum += term;
      magnitudes += std::abs(term);
    }
    worst = std::max(worst, std::abs(y[i] - sum) / (magnitudes * static_cast<double>(Cols + 1) * 0x1p-24));
  }
  for (std::size_t i = Rows; i < y.size(); ++i) REQUIRE(y[i] == 0);
  return worst;
}

template <std::size_t Rows, std::size_t Cols> void check() {
  CAPTURE(Rows, Cols);
  const problem p = random_problem<Rows, Cols>();
  CHECK(error_in_bounds<native, Rows, Cols>(p) <= 1);
  using replay = portable<width<native>>;
  const auto fast = multiply<native, Rows, Cols>(p), slow = multiply<replay, Rows, Cols>(p);
  REQUIRE(fast.size() == slow.size());
  std::size_t different = 0;
  for (std::size_t i = 0; i < fast.size(); ++i)
    different += std::bit_cast<std::uint32_t>(fast[i]) != std::bit_cast<std::uint32_t>(slow[i]);
  CHECK(different == 0);
}
template <std::size_t Rows, std::size_t... Cols> void check_row() { (check<Rows, Cols>(), ...); }

template <std::size_t Rows, std::size_t Cols> void check_portable() {
  CAPTURE(Rows, Cols);
  const problem p = random_problem<Rows, Cols>();
  CHECK(error_in_bounds<float, Rows, Cols>(p) <= 1);
  CHECK(error_in_bounds<portable<1>, Rows, Cols>(p) <= 1);
  CHECK(error_in_bounds<portable<2>, Rows, Cols>(p) <= 1);
  CHECK(error_in_bounds<portable<4>, Rows, Cols>(p) <= 1);
  CHECK(error_in_bounds<portable<8>, Rows, Cols>(p) <= 1);
  CHECK(error_in_bounds<portable<16>, Rows, Cols>(p) <= 1);
}

// In constant expressions: small integers, so every order of summation is exact.
template <class V, std::size_t Rows, std::size_t Cols> constexpr bool exact() {
  using kernel = matvec<V, Rows, Cols>;
  std::array<double, Rows * Cols> weights{};
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = static_cast<double>(i * 7 % 15) - 7;
  std::array<float, Cols> x{};
  for (std::size_t j = 0; j < Cols; ++j) x[j] = static_cast<float>(j * 5 % 9) - 4;
  std::array<float, kernel::size> packed{};
  kernel::pack(weights.data(), packed.data());
  std::array<float, kernel::padded_rows> y{};
  kernel::apply(packed.data(), x.data(), [&](std::size_t panel, const typename kernel::row_lane& rows) {
    store(rows, y.data() + panel * kernel::panel_rows);
  });
  for (std::size_t i = 0; i < Rows; ++i) {
    double sum = 0;
    for (std::size_t j = 0; j < Cols; ++j) sum += weights[i * Cols + j] * x[j];
    if (y[i] != sum) return false;
  }
  return true;
}
static_assert(exact<portable<1>, 3, 5>() && exact<portable<2>, 19, 3>() && exact<float, 10, 7>());
static_assert(exact<portable<4>, 13, 6>() && exact<portable<8>, 41, 9>());
static_assert(exact<portable<16>, 32, 64>() && exact<portable<16>, 10, 32>() && exact<portable<16>, 100, 2>());

static_assert(matvec<portable<16>, 10, 64>::size == 12 * 64 && matvec<portable<16>, 17, 5>::size == 20 * 8);
static_assert(matvec<portable<1>, 17, 5>::size == 17 * 5 && matvec<portable<4>, 17, 5>::panels == 5);
// as wide as the columns, as narrow as the rows
static_assert(matvec<portable<16>, 3, 3>::size == 3 * 4 && matvec<portable<16>, 1, 16>::size == 16);
static_assert(matvec<portable<16>, 6, 8>::size == 6 * 8 && matvec<portable<8>, 10, 8>::size == 10 * 8);
static_assert(matvec<portable<16>, 2, 40>::columns == 16 && matvec<portable<16>, 7, 40>::columns == 8);
static_assert(matvec<portable<16>, 32, 40>::columns == 1 && matvec<portable<16>, 64, 40>::columns == 1);
static_assert(matvec<portable<16>, 31, 40>::columns == 4 && matvec<portable<16>, 80, 40>::columns == 4);
static_assert(matvec<portable<8>, 4, 40>::columns == 8 && matvec<portable<8>, 5, 40>::columns == 4);

// Of any shape, at most 3 rows and 3 columns are padding, or columns of one register where there are few rows.
template <class V, std::size_t Rows, std::size_t Cols> constexpr bool lean() {
  using kernel = matvec<V, Rows, Cols>;
  return kernel::size < (Rows + 4) * (Cols + (Rows > 8 ? 4 : kernel::columns)) && kernel::size >= Rows * Cols &&
         kernel::columns < Cols + 4;
}
template <class V, std::size_t Rows, std::size_t... Cols> constexpr bool lean_rows() {
  return (lean<V, Rows, Cols>() && ...);
}
template <class V, std::size_t... Rows> constexpr bool lean_shapes() {
  return (lean_rows<V, Rows, 1, 3, 8, 21, 100, 1024>() && ...);
}
static_assert(lean_shapes<portable<16>, 1, 2, 3, 4, 5, 7, 8, 9, 10, 13, 16, 17, 31, 33, 64, 65, 100, 1000, 1024>());
static_assert(lean_shapes<portable<8>, 1, 2, 3, 4, 5, 8, 9, 13, 33, 1021>());
static_assert(lean_shapes<portable<4>, 1, 3, 4, 5, 10, 1023>() && lean_shapes<portable<1>, 1, 7, 1024>());

// Every entry has a place of its own, in the order of the columns' blocks, and that is where it is packed.
template <class V, std::size_t Rows, std::size_t Cols> constexpr bool indexed() {
  using kernel = matvec<V, Rows, Cols>;
  std::array<float, kernel::size> packed{};
  kernel::pack([](std::size_t row, std::size_t col) { return static_cast<double>(row * Cols + col + 1); },
               packed.data());
  std::size_t zeros = 0;
  for (const float v : packed) zeros += v == 0 ? 1 : 0;
  for (std::size_t i = 0; i < Rows; ++i)
    for (std::size_t j = 0; j < Cols; ++j) {
      if (packed[kernel::index(i, j)] != static_cast<float>(i * Cols + j + 1)) return false;
      if (j + kernel::columns >= Cols) continue;  // affine in the block of columns
      const std::size_t step = kernel::index(i, j + kernel::columns) - kernel::index(i, j);
      if (step != kernel::index(0, kernel::columns) - kernel::index(0, 0) && i < kernel::panel_rows * kernel::together)
        return false;
    }
  return zeros == kernel::size - Rows * Cols;
}
static_assert(indexed<portable<16>, 3, 3>() && indexed<portable<16>, 2, 40>() && indexed<portable<16>, 6, 19>());
static_assert(indexed<portable<16>, 10, 7>() && indexed<portable<16>, 83, 9>() && indexed<portable<8>, 37, 5>());
static_assert(indexed<portable<16>, 32, 6>() && indexed<portable<16>, 64, 5>());
static_assert(indexed<portable<8>, 3, 9>() && indexed<portable<4>, 11, 6>() && indexed<portable<1>, 9, 3>());

}  // namespace

TEST_CASE("simd.matvec: native equals portable bit for bit and both are accurate") {
  check_row<1, 1, 5, 70>();
  check_row<2, 33>();
  check_row<3, 3>();
  check_row<5, 41>();
  check_row<7, 19>();
  check_row<10, 64>();
  check_row<15, 66>();
  check_row<16, 16, 31>();
  check_row<17, 70>();
  check_row<31, 29>();
  check_row<32, 6, 32, 65>();
  check_row<33, 2>();
  check_row<47, 10>();
  check_row<49, 23>();
  check_row<64, 67>();
  check_row<65, 13>();
  check_row<70, 4, 70>();
  check_row<128, 784>();
}

TEST_CASE("simd.matvec: every width of lane is accurate") {
  check_portable<1, 1>();
  check_portable<21, 33>();
  check_portable<67, 18>();
}

TEST_CASE("simd.matvec: the packed weights hold each entry once, in one stream read from first to last") {
  using kernel = matvec<portable<4>, 11, 6>;
  std::vector<double> weights(66);
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = static_cast<double>(i + 1);
  std::vector<float> packed(kernel::size);
  kernel::pack(weights.data(), packed.data());
  // The layout of the first registers: rows 4 (l / 4) + a, columns l % 4.
  CHECK(packed[0] == 1);
  CHECK(packed[3] == 4);
  CHECK(packed[4] == 7);
  CHECK(packed[12] == 19);
  std::sort(packed.begin(), packed.end());
  const std::size_t zeros = kernel::size - weights.size();
  for (std::size_t i = 0; i < packed.size(); ++i)
    CHECK(packed[i] == (i < zeros ? 0 : static_cast<float>(i - zeros + 1)));
}

TEST_CASE("simd.matvec: weights are rounded once from double") {
  using kernel = matvec<portable<1>, 1, 2>;
  const double weights[]{0.1, 1 + 0x1p-24 + 0x1p-50};
  float packed[2];
  kernel::pack(weights, packed);
  CHECK(packed[0] == 0.1f);
  CHECK(packed[1] == 1 + 0x1p-23f);
}

}  // namespace taut::simd

namespace {

// The part of what is stated that the sums lose for W = a b', whose norms are |a| |b|, and x.
template <class V, std::size_t Rows, std::size_t Cols> double rounding_used(const std::array<double, Rows>& a,
                                                                            const std::array<double, Cols>& b,
                                                                            const std::array<double, Cols>& in) {
  using kernel = taut::simd::matvec<V, Rows, Cols>;
  std::vector<double> w(Rows * Cols);
  alignas(64) static float packed[kernel::size], x[Cols], y[kernel::padded_rows];
  double norm_a = 0, norm_b = 0, norm_x = 0;
  for (std::size_t j = 0; j < Cols; ++j) {
    x[j] = static_cast<float>(in[j]);
    norm_b += b[j] * b[j], norm_x += static_cast<double>(x[j]) * static_cast<double>(x[j]);
  }
  for (std::size_t i = 0; i < Rows; ++i) {
    norm_a += a[i] * a[i];
    for (std::size_t j = 0; j < Cols; ++j) w[i * Cols + j] = static_cast<double>(static_cast<float>(a[i] * b[j]));
  }
  kernel::pack(w.data(), packed);
  const float* const from = x;
  kernel::apply(packed, from, [&](std::size_t panel, typename kernel::row_lane rows) {
    taut::simd::store_aligned(rows, y + panel * kernel::panel_rows);
  });
  double error = 0;
  for (std::size_t i = 0; i < Rows; ++i) {
    double truth = 0;
    for (std::size_t j = 0; j < Cols; ++j) truth += w[i * Cols + j] * static_cast<double>(x[j]);
    error += (static_cast<double>(y[i]) - truth) * (static_cast<double>(y[i]) - truth);
  }
  const double norm = std::sqrt(norm_a * norm_b) * (1 + 1e-6);  // its Frobenius norm, too
  const double units = kernel::rounding(norm, norm) + (taut::simd::target_fuses ? 0 : norm);
  return std::sqrt(error) / (0x1p-24 * units * std::sqrt(norm_x) * (1 + 0x1p-6));
}

// All positive, with partial sums that only grow; then, in all rows, ones followed by products that are each lost in
// them, whatever number of ones it takes to begin all sums that run side by side.
template <class V, std::size_t Rows, std::size_t Cols> void attack(double at_least) {
  CAPTURE(Rows, Cols, taut::simd::width<V>);
  std::array<double, Rows> a{};
  std::array<double, Cols> b{}, x{};
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    taut::base::random_stream random(seed);
    for (double& v : a) v = 1 + random.uniform();
    for (double& v : b) v = 1 + random.uniform();
    CHECK(rounding_used<V>(a, b, b) <= 1);
  }
  a.fill(1);
  double most = 0;
  for (std::size_t ones = 1; ones < Cols; ones *= 2) {
    for (std::size_t j = 0; j < Cols; ++j) b[j] = j < ones ? 1 : 0x1p-12, x[j] = j < ones ? 1 : 0x1.ffp-13;
    most = std::max(most, rounding_used<V>(a, b, x));
  }
  CHECK(most <= 1);
  CHECK(most >= at_least);
}

}  // namespace

TEST_CASE("simd.matvec: sums round as stated, in every lane, and the worst of them nearly as much") {
  using taut::simd::native, taut::simd::portable;
  attack<native, 32, 64>(0.3);
  attack<native, 7, 301>(0.3);
  attack<native, 32, 300>(0.3);
  attack<native, 16, 16>(0.3);
  attack<native, 3, 700>(0.3);
  attack<native, 1, 16>(0.15);  // half of its roundings add sums that have lost nothing yet
  attack<native, 1, 1500>(0.3);
  attack<native, 2, 35>(0.3);
  attack<portable<1>, 5, 400>(0.3);
  attack<portable<4>, 11, 129>(0.3);
}

TEST_CASE("simd.matvec: the parts of the columns are those that are added up by themselves") {
  using wide =
      taut::simd::matvec<taut::simd::portable<16>, 64, 200>;  // 50 steps of 4 columns: 3 stretches of 16, and 2
  static_assert(wide::parts() == 16);
  static_assert(wide::part_of(0) == 0 && wide::part_of(3) == 3 && wide::part_of(4) == 0 && wide::part_of(63) == 3);
  static_assert(wide::part_of(64) == 4 && wide::part_of(191) == 11 && wide::part_of(192) == 12);
  using narrow = taut::simd::matvec<taut::simd::portable<16>, 64, 64>;
  static_assert(narrow::parts() == 4);
  // smaller norms of the parts give a smaller bound
  CHECK(wide::rounding(1, 2) < wide::rounding(1, 8));
  CHECK(wide::rounding(1, 1) < 16 + 3 + 2 + 1e-9);
}
