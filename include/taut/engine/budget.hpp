// SPDX-License-Identifier: Apache-2.0
// What an engine takes of a small processor, known from the network and its arithmetic when they are compiled:
//
//   static_assert(memory<Net, int8>.weights <= 3000);                          // bytes of flash
//   static_assert(memory<Net, float32<simd::scalar>>.activations <= 136);      // bytes of stack
//   static_assert(operations<Net, int8>.loads <= 2000);
//
// `weights` are all constants of the engine, packed, but not its code. `activations` are its buffers; registers that are
// saved and sums that do not fit registers come on top, a few hundred bytes.
#pragma once
#include <cstddef>
#include <taut/engine/engine.hpp>
#include <taut/engine/int8.hpp>
#include <taut/net/budget.hpp>
#include <taut/net/network.hpp>

namespace taut {

namespace engine_plan {

/// What the stages of a plan do, dense ones in products of this kind; the others count layer by layer. A normalizer's
/// rows are loaded once more, with its gain and offset.
template <class Net, const auto& Plan, class Product> constexpr operation_budget operations_of(Product product) {
  operation_budget count;
  base::for_each_index<Plan.count>([&]<std::size_t S>() {
    constexpr stage s = Plan.at[S];
    if constexpr (s.what == kind::dense && !s.in_runs) {
      constexpr std::size_t rows = Net::shapes[s.first + 1].size(), columns = Net::shapes[s.first].size();
      count.multiply_adds += rows * columns + (s.normalized ? 2 * rows : 0);
      count.loads += product.template operator()<rows, columns>() + (s.normalized ? 3 * rows : 0);
    } else if constexpr (s.computes()) {
      base::for_each_index<s.count>([&]<std::size_t I>() {
        using each = layer_of<Net, s.first + I>;
        count.multiply_adds += base::multiply_adds_of_layer<each>(Net::shapes[s.first + I]);
        count.loads += base::loads_of_layer<each>(Net::shapes[s.first + I]);
      });
    }
  });
  return count;
}

}  // namespace engine_plan

/// The bytes of an engine in float.
template <Network Net, class Lane> inline constexpr memory_budget memory<Net, float32<Lane>>{
    .weights = sizeof(engine<Net, float32<Lane>>), .activations = sizeof(typename engine<Net, float32<Lane>>::scratch)};
/// The bytes of an engine in bytes.
template <Network Net> inline constexpr memory_budget memory<Net, int8>{
    .weights = sizeof(engine<Net, int8>), .activations = sizeof(typename engine<Net, int8>::scratch)};

/// Multiply-adds and loads of an inference, one float at a time: each weight and each bias once, an input for as many rows
/// as are summed together.
template <Network Net, simd::lane Lane>
  requires(simd::width<Lane> == 1)
inline constexpr operation_budget operations<Net, float32<Lane>> =
    engine_plan::operations_of<Net, engine_plan::plan_of<Net>>(
        []<std::size_t Rows, std::size_t Cols>() { return simd::matvec<Lane, Rows, Cols>::loads + Rows; });

/// Multiply-adds and loads of an inference in bytes: words and vectors count once; inputs, and the sums, biases and
/// factors of rows, one by one.
template <Network Net> inline constexpr operation_budget operations<Net, int8> = [] {
  operation_budget count = engine_plan::operations_of<Net, engine_plan::byte_plan_of<Net>>(
      []<std::size_t Rows, std::size_t Cols>() { return simd::integer_matvec<Rows, Cols>::loads + Rows; });
  count.loads += Net::input_size;
  return count;
}();

}  // namespace taut
