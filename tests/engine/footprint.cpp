// SPDX-License-Identifier: Apache-2.0
#include <taut/engine/footprint.hpp>
#include <taut/inference.hpp>

#include "support/catch.hpp"

using namespace taut;

namespace {

struct Digits : decltype(Input<64> >> Linear<32> >> LN >> ReLU >> Linear<10>) {};
using scalar_engine = engine<Digits, float32<simd::scalar>>;
using byte_engine = engine<Digits, int8>;

// 2474 numbers, epsilon, and who has biases and offsets
static_assert(footprint<scalar_engine>.flash >= 4 * 2474 && footprint<scalar_engine>.flash <= 4 * 2474 + 32);
// the hidden activations, and a register more; the second buffer holds nothing
static_assert(footprint<scalar_engine>.buffers == 4 * (32 + 1 + 1));
// weights with two rows of padding, 44 biases, 42 factors, 64 gains and offsets; activations of 16 bits
static_assert(simd::target_has_byte_vectors ||
              (footprint<byte_engine>.flash >= 64 * 32 + 32 * 12 + 4 * (44 + 42 + 64) &&
               footprint<byte_engine>.flash <= 64 * 32 + 32 * 12 + 4 * (44 + 42 + 64) + 32 &&
               footprint<byte_engine>.buffers == 2 * (64 + 32)));
static_assert(footprint<byte_engine>.multiply_adds == operations<Digits>.multiply_adds);

}  // namespace

TEST_CASE("engine.footprint: a long network has two buffers for its largest activations") {
  using many = decltype(Linear<4> >> LN >> ReLU >> Linear<4> >> LN >> ReLU >> Linear<4> >> LN >> ReLU);
  struct Deep : decltype(Input<4> >> many{} >> many{} >> many{} >> Linear<2>) {};
  CHECK(footprint<engine<Deep, float32<simd::scalar>>>.buffers >= 2 * 4 * 4);
}
