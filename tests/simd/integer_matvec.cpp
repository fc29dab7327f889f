// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <taut/base/random.hpp>
#include <taut/simd/integer_matvec.hpp>
#include <vector>

#include "support/catch.hpp"

using namespace taut::simd;

namespace {

// The sums of both layouts and of plain loops; what is behind the activations must not matter.
template <std::size_t Rows, std::size_t Cols, bool InVectors> void check() {
  using kernel = integer_matvec<Rows, Cols, InVectors>;
  INFO(Rows << " x " << Cols << (InVectors ? " in vectors" : ""));
  taut::base::random_stream random(Rows * 100 + Cols);
  const auto byte = [&random] { return static_cast<std::int8_t>(static_cast<int>(random.uniform(0, 256)) - 128); };
  std::vector<std::int8_t> w(Rows * Cols), x(Cols);
  for (auto& v : w) v = byte();
  for (auto& v : x) v = byte();
  std::vector<typename kernel::weight> packed(kernel::size);
  kernel::pack(w.data(), packed.data());
  alignas(16) typename kernel::activation activations[kernel::padded];
  for (auto& v : activations) v = 99;
  kernel::template in_fours<Cols>(
      [&](std::size_t first, auto k) { activations[first + kernel::place(k)] = x[first + k]; });
  std::vector<std::int32_t> bias(kernel::padded_rows, -77), sums(Rows, 1);
  for (std::size_t row = 0; row < Rows; ++row) bias[row] = static_cast<std::int32_t>(row) * 1000 - 3000;
  kernel::apply(packed.data(), activations, bias.data(),
                [&](std::size_t first, auto k, std::int32_t sum) { sums[first + k] = sum; });
  for (std::size_t row = 0; row < Rows; ++row) {
    std::int32_t wanted = bias[row];
    for (std::size_t c = 0; c < Cols; ++c) wanted += w[row * Cols + c] * x[c];
    CHECK(sums[row] == wanted);
  }
}
template <std::size_t Rows, std::size_t Cols> void check_both() {
  check<Rows, Cols, false>();
  check<Rows, Cols, true>();
}

}  // namespace

TEST_CASE("simd.integer_matvec: sums are exact in every layout") {
  check_both<32, 64>();
  check_both<10, 32>();
  check_both<1, 1>();
  check_both<7, 3>();
  check_both<4, 17>();
  check_both<5, 30>();
}
