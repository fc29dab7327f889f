// SPDX-License-Identifier: Apache-2.0
// Parameters from plain arrays, as an exported header holds them: one array for each tensor, in file order.
//
//   inline constexpr float layer0_weight[2048] = {...}, layer0_bias[32] = {...};
//   inline constexpr taut::parameters<Net> parameters = taut::from_arrays<Net>(layer0_weight, layer0_bias);
//
// Stays within the default limits of constant expressions: sixteen elements a statement.
#pragma once
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <taut/net/network.hpp>
#include <taut/net/parameters.hpp>
#include <type_traits>
#include <utility>

namespace taut {

namespace base {

/// Where the elements of one tensor come from: float, or std::int64_t for counters.
struct array_source {
  std::size_t size = 0;
  const float* reals = nullptr;
  const std::int64_t* counters = nullptr;

  constexpr array_source(const float* values, std::size_t count) : size(count), reals(values) {}
  constexpr array_source(const std::int64_t* values, std::size_t count) : size(count), counters(values) {}
};

/// Whether arrays of these sizes and element types fit the tensors of Net. Tensors without elements have no array.
template <class Net, class... Elements> constexpr bool arrays_fit(std::initializer_list<std::size_t> sizes) {
  const bool real[] = {std::same_as<Elements, float>..., false};
  std::size_t next = 0;
  bool fit = true;
  for_each_index<Net::depth>([&]<std::size_t I>() {
    using P = parameters_of_layer<layer_of<Net, I>, Net::shapes[I]>;
    P::tensors([&]<class Access>(const tensor_info& info, Access&&) {
      using values = std::remove_cvref_t<std::invoke_result_t<Access&, P&>>;
      if (info.extents.size() == 0) return;
      fit = fit && next < sizes.size() && sizes.begin()[next] == info.extents.size() &&
            real[next] == std::same_as<typename values::value_type, float>;
      ++next;
    });
  });
  return fit && next == sizes.size();
}

template <class T> constexpr void copy_elements(const T* from, T* to, std::size_t count) {
  for (; count >= 16; count -= 16, from += 16, to += 16) {
    to[0] = from[0], to[1] = from[1], to[2] = from[2], to[3] = from[3], to[4] = from[4], to[5] = from[5],
    to[6] = from[6], to[7] = from[7], to[8] = from[8], to[9] = from[9], to[10] = from[10], to[11] = from[11],
    to[12] = from[12], to[13] = from[13], to[14] = from[14], to[15] = from[15];
  }
  for (; count > 0; --count) *to++ = *from++;
}

}  // namespace base

/// The parameters of Net with the elements of these arrays: one array of float (counters: std::int64_t) for each tensor
/// that has elements, in the order of for_each_tensor.
template <Network Net, class... Elements, std::size_t... Sizes>
[[nodiscard]] constexpr parameters<Net> from_arrays(const Elements (&... arrays)[Sizes]) {
  static_assert(base::arrays_fit<Net, Elements...>({Sizes...}),
                "from_arrays takes one array for each tensor of the network, of its size and type, in file order");
  parameters<Net> p;
  if constexpr (sizeof...(Sizes) > 0) {
    const base::array_source sources[] = {{arrays, Sizes}...};
    const base::array_source* next = sources;
    for_each_described_tensor(p, [&next](const tensor_info&, auto values) {
      if (values.empty()) return;
      if constexpr (std::floating_point<typename decltype(values)::value_type>)
        base::copy_elements(next->reals, values.data(), next->size);
      else base::copy_elements(next->counters, values.data(), next->size);
      ++next;
    });
  }
  return p;
}

}  // namespace taut
