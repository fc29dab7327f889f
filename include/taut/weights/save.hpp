// SPDX-License-Identifier: Apache-2.0
// From parameters to a safetensors file, with the keys of PyTorch's nn.Sequential. Atomic: the file is complete or as
// it was before.
//
//   save_safetensors(p, "digits.safetensors");
#pragma once
#include <concepts>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <taut/net/network.hpp>
#include <taut/net/parameters.hpp>
#include <taut/weights/safetensors.hpp>
#include <type_traits>
#include <vector>

namespace taut {

namespace detail {

/// A tensor of parameters as a file has it.
template <class Element>
tensor_to_store as_stored(std::string_view name, const shape& extents, std::span<const Element> values) {
  constexpr const char* dtype = std::same_as<Element, float> ? "F32" : std::same_as<Element, double> ? "F64" : "I64";
  return {std::string(name), dtype, {extents.extent, extents.extent + extents.rank}, std::as_bytes(values)};
}

}  // namespace detail

/// Writes all tensors, buffers included. `metadata` goes into the header's __metadata__. @throws save_error
template <class Net, class Real>
void save_safetensors(const parameters<Net, Real>& p, const std::filesystem::path& path,
                      const std::map<std::string, std::string>& metadata = {{"format", "pt"}}) {
  std::vector<tensor_to_store> tensors;
  for_each_tensor(p, [&tensors](std::string_view name, const shape& extents, auto values) {
    using element = std::remove_cv_t<typename decltype(values)::element_type>;
    tensors.push_back(detail::as_stored<element>(name, extents, values));
  });
  write_safetensors(path, tensors, metadata);
}

}  // namespace taut
