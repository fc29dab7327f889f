// SPDX-License-Identifier: Apache-2.0
// What a network costs, known from its type: bytes of weights and of activations, multiply-adds and loads of one
// inference. That of an engine, memory<Net, int8> for example: engine/budget.hpp.
//
//   static_assert(memory<Net>.weights <= 10 * 1024);             // bytes
//   static_assert(operations<Net>.multiply_adds <= 2432);
//
// Affine and mixing layers state their multiply-adds; a normalizer costs two an element (square and scale), a scaling
// one (none where it folds), a pointwise layer none. These are facts of the type, an operation budget and no statement
// about time; an engine pads to whole registers on top of them.
#pragma once
#include <algorithm>
#include <concepts>
#include <cstddef>
#include <taut/net/network.hpp>
#include <type_traits>

namespace taut {

/// The arithmetic of a network of which nothing is known but its tensors, in float.
struct as_stored {};

/// Bytes of a network.
struct memory_budget {
  std::size_t weights = 0;      ///< all tensors as they are stored, buffers included
  std::size_t activations = 0;  ///< a layer's input and output together, where they are largest
};

/// Arithmetic of one inference.
struct operation_budget {
  std::size_t multiply_adds = 0;
  std::size_t loads = 0;  ///< numbers read, as if none stayed in a register
};

namespace base {

/// Bytes of the tensors of one layer.
template <class P> constexpr std::size_t bytes_of_tensors() {
  std::size_t bytes = 0;
  P::tensors([&bytes]<class Access>(const tensor_info& info, Access&&) {
    using values = std::remove_cvref_t<std::invoke_result_t<Access&, P&>>;
    bytes += info.extents.size() * sizeof(typename values::value_type);
  });
  return bytes;
}

/// Multiply-adds of one layer for an input of shape in.
template <class L> constexpr std::size_t multiply_adds_of_layer(shape in) {
  if constexpr (states_cost<L>) return L::multiply_adds(in);
  else if constexpr (L::reads == fusion::normalizer) return 2 * in.size();
  else if constexpr (L::reads == fusion::scaling) return in.size();
  else return 0;
}

/// Numbers that one layer reads: two for each multiply-add and one for each output, its bias; its inputs where it has no
/// multiply-adds.
template <class L> constexpr std::size_t loads_of_layer(shape in) {
  const std::size_t products = multiply_adds_of_layer<L>(in);
  return products == 0 ? in.size() : 2 * products + L::output(in).size();
}

/// Elements alive while layers run one after the other; a layer with networks inside holds its input and output as
/// well.
template <class Net> constexpr std::size_t largest_activations() {
  std::size_t largest = Net::input_size;
  for_each_index<Net::depth>([&]<std::size_t I>() {
    std::size_t inside = 0;
    for_each_index<networks_inside<layer_of<Net, I>>()>([&]<std::size_t K>() {
      inside = std::max(inside, largest_activations<network_inside<layer_of<Net, I>, Net::shapes[I], K>>());
    });
    largest = std::max(largest, Net::shapes[I].size() + Net::shapes[I + 1].size() + inside);
  });
  return largest;
}

}  // namespace base

/// The bytes that a network's weights and activations take.
template <Network Net, class Arithmetic = as_stored> inline constexpr memory_budget memory = [] {
  static_assert(std::same_as<Arithmetic, as_stored>, "for the bytes of an engine include <taut/engine/budget.hpp>");
  memory_budget bytes{.activations = base::largest_activations<Net>() * sizeof(float)};
  base::for_each_index<Net::depth>([&]<std::size_t I>() {
    bytes.weights += base::bytes_of_tensors<parameters_of_layer<layer_of<Net, I>, Net::shapes[I]>>();
  });
  return bytes;
}();

/// The arithmetic of one inference.
template <Network Net, class Arithmetic = as_stored> inline constexpr operation_budget operations = [] {
  static_assert(std::same_as<Arithmetic, as_stored>,
                "the operations of an engine are known for scalars and bytes, in <taut/engine/budget.hpp>");
  operation_budget count;
  base::for_each_index<Net::depth>([&]<std::size_t I>() {
    count.multiply_adds += base::multiply_adds_of_layer<layer_of<Net, I>>(Net::shapes[I]);
    count.loads += base::loads_of_layer<layer_of<Net, I>>(Net::shapes[I]);
  });
  return count;
}();

}  // namespace taut
