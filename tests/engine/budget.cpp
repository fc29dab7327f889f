// SPDX-License-Identifier: Apache-2.0
// The twin of engine/budget.hpp. What a processor really takes is compared with it by examples/firmware/run.sh.
#include <taut/engine/budget.hpp>
#include <taut/inference.hpp>

#include "support/catch.hpp"

using namespace taut;

namespace {

struct Digits : decltype(Input<64> >> Linear<32> >> LN >> ReLU >> Linear<10>) {};
using floats = float32<simd::scalar>;

// What docs/firmware.md shows.
static_assert(memory<Digits, float32<simd::scalar>>.weights <= 9920);     // bytes of flash, apart from code
static_assert(memory<Digits, float32<simd::scalar>>.activations <= 136);  // bytes of stack
static_assert(memory<Digits, int8>.weights <= 3100);
static_assert(operations<Digits, int8>.multiply_adds == 2432);
static_assert(operations<Digits, int8>.loads <= 1200);

// 2474 numbers, epsilon, and who has biases and offsets
static_assert(memory<Digits, floats>.weights >= 4 * 2474 && memory<Digits, floats>.weights <= 4 * 2474 + 32);
// the hidden activations, and a register more; the second buffer holds nothing
static_assert(memory<Digits, floats>.activations == 4 * (32 + 1 + 1));
// inputs once for 8 rows of the first matrix and 5 of the second
static_assert(operations<Digits, floats>.multiply_adds == 64 * 32 + 2 * 32 + 32 * 10);
static_assert(operations<Digits, floats>.loads == (32 * 64 + 4 * 64) + 32 + 3 * 32 + (10 * 32 + 2 * 32) + 10);
static_assert(operations<Digits, floats>.loads < operations<Digits>.loads);

// weights with two rows of padding, 44 biases, 42 factors, 32 offsets and half as large gains; activations of 16 bits
static_assert(simd::target_has_byte_vectors ||
              (memory<Digits, int8>.weights >= 64 * 32 + 32 * 12 + 4 * (44 + 42 + 32) + 2 * 32 &&
               memory<Digits, int8>.weights <= 64 * 32 + 32 * 12 + 4 * (44 + 42 + 32) + 2 * 32 + 32 &&
               memory<Digits, int8>.activations == 2 * (64 + 32)));
static_assert(operations<Digits, int8>.multiply_adds == operations<Digits, floats>.multiply_adds);
// four words of weights and two of activations for four rows and columns, biases, sums, factors, the normalizer, inputs
static_assert(simd::target_has_byte_vectors ||
              operations<Digits, int8>.loads == (8 * 16 * 6 + 32 + 32) + 32 + 3 * 32 + (3 * 8 * 6 + 12 + 10) + 10 + 64);

// What folds costs nothing; what is no product counts by layers.
struct Folded : decltype(Input<6> >> Linear<4> >> BN >> ReLU >> BN >> Linear<3>) {};
static_assert(operations<Folded, floats>.multiply_adds == 24 + 12);
struct Signal : decltype(Input<2, 9> >> Conv1d<4, 3> >> ReLU >> Flatten >> Linear<3>) {};
static_assert(operations<Signal, floats>.multiply_adds == operations<Signal>.multiply_adds);
static_assert(operations<Signal, floats>.loads < operations<Signal>.loads);

}  // namespace

TEST_CASE("engine.budget: a long network has two buffers for its largest activations") {
  using many = decltype(Linear<4> >> LN >> ReLU >> Linear<4> >> LN >> ReLU >> Linear<4> >> LN >> ReLU);
  struct Deep : decltype(Input<4> >> many{} >> many{} >> many{} >> Linear<2>) {};
  CHECK(memory<Deep, floats>.activations >= 2 * 4 * 4);
}
