// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <bit>
#include <cmath>
#include <taut/base/random.hpp>
#include <taut/simd/matvec.hpp>
#include <taut/simd/scalar_matvec.hpp>
#include <vector>

#include "support/catch.hpp"

using namespace taut;
using namespace taut::simd;

static_assert(std::is_base_of_v<scalar_matvec<scalar, 3, 5>, matvec<scalar, 3, 5>>);
static_assert(std::is_base_of_v<scalar_matvec<float, 3, 5>, matvec<float, 3, 5>>);
// groups as equal as can be
static_assert(scalar_matvec<scalar, 32, 4>::together == 8 && scalar_matvec<scalar, 10, 4>::together == 5);
static_assert(scalar_matvec<scalar, 17, 4>::together == 6 && scalar_matvec<scalar, 1, 4>::together == 1);
// long sums in stretches of 64 columns
using longer = scalar_matvec<scalar, 3, 300>;
static_assert(longer::parts() == 5 && longer::part_of(63) == 0 && longer::part_of(64) == 1 &&
              longer::part_of(299) == 4);
static_assert(scalar_matvec<scalar, 3, 127>::parts() == 1 && scalar_matvec<scalar, 3, 128>::parts() == 3);
static_assert(longer::rounding(1, 1) < 64 + 4 + 1e-9 && scalar_matvec<scalar, 3, 64>::rounding(1, 2) < 64 + 1e-9);

namespace {

struct product {
  std::vector<float> y, wanted;
};

// The kernel's sums, and the same in plain float: each row on its own, products rounded (or not) as V says.
template <class V, std::size_t Rows, std::size_t Cols> product both_ways(std::uint64_t seed) {
  using kernel = scalar_matvec<V, Rows, Cols>;
  base::random_stream random(seed);
  std::vector<double> w(Rows * Cols);
  std::vector<float> x(Cols), packed(kernel::size, NAN);
  for (double& v : w) v = random.normal();
  for (float& v : x) v = static_cast<float>(random.normal());
  kernel::pack(w.data(), packed.data());
  product p{std::vector<float>(Rows), std::vector<float>(Rows)};
  kernel::apply(packed.data(), x.data(), [&](std::size_t row, V sum) { store(sum, &p.y[row]); });
  for (std::size_t row = 0; row < Rows; ++row) {
    std::vector<float> part(kernel::parts());
    for (std::size_t c = 0; c < Cols; ++c) {
      const float weight = packed[kernel::index(row, c)];
      REQUIRE(weight == static_cast<float>(w[row * Cols + c]));
      volatile float rounded = weight * x[c];  // no compiler contracts it
      float& sum = part[kernel::part_of(c)];
      sum = fuses<V> ? std::fma(weight, x[c], sum) : rounded + sum;
    }
    for (const float sum : part) p.wanted[row] += sum;
  }
  return p;
}

template <class V, std::size_t Rows, std::size_t Cols> void check() {
  INFO(Rows << " x " << Cols);
  const product p = both_ways<V, Rows, Cols>(Rows * 1000 + Cols);
  CHECK(p.y == p.wanted);
}
template <class V> void check_shapes() {
  check<V, 32, 64>();
  check<V, 10, 32>();
  check<V, 1, 1>();
  check<V, 17, 7>();
  check<V, 5, 128>();
  check<V, 3, 300>();
}

}  // namespace

TEST_CASE("simd.scalar_matvec: the sums are those of plain loops, bit for bit, fused or not") {
  check_shapes<scalar>();
  check_shapes<portable<1, true>>();
}

TEST_CASE("simd.scalar_matvec: the compiler gives the same bits") {
  constexpr auto sums = [] {
    using kernel = scalar_matvec<scalar, 6, 9>;
    std::array<float, 54> w{};
    std::array<float, 9> x{};
    for (std::size_t i = 0; i < w.size(); ++i) w[i] = 1.0f / static_cast<float>(i + 3);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = 1.0f / static_cast<float>(7 * i + 1);
    std::array<float, 6> y{};
    kernel::apply(w.data(), x.data(), [&](std::size_t row, scalar sum) { store(sum, &y[row]); });
    return y;
  };
  constexpr auto compiled = sums();
  volatile bool now = true;
  const auto run = now ? sums() : compiled;
  CHECK(std::bit_cast<std::array<std::uint32_t, 6>>(run) == std::bit_cast<std::array<std::uint32_t, 6>>(compiled));
}
