// SPDX-License-Identifier: Apache-2.0
// Other names that PyTorch gives to the tensors of a layer, by how its weight is parametrized:
//
//   WeightNorm    weight_g, weight_v            parametrizations.weight.original0, .original1
//   SpectralNorm  weight_orig, weight_u, _v     parametrizations.weight.original, .0._u, .0._v
//   plain weight  the tensors of SpectralNorm   W = V / (u' V v): PyTorch's estimate, divided out in double
//
// Names are "<stem>weight", the stem with its dot: "0.weight" has the stem "0.".
#pragma once
#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <taut/weights/safetensors.hpp>
#include <vector>

namespace taut::detail {

/// The two names of one tensor: as the older hooks and as torch.nn.utils.parametrizations write it.
struct two_names {
  std::string_view hook, parametrization;
};
inline constexpr std::array<two_names, 5> torch_names{{{"weight_g", "parametrizations.weight.original0"},
                                                       {"weight_v", "parametrizations.weight.original1"},
                                                       {"weight_orig", "parametrizations.weight.original"},
                                                       {"weight_u", "parametrizations.weight.0._u"},
                                                       {"weight_v", "parametrizations.weight.0._v"}}};

/// The tensor `name` in a file, under any of its names; null if there is none.
inline const stored_tensor* find_tensor(const safetensors_file& file, std::string_view name) {
  if (const auto* found = file.find(name)) return found;
  for (const auto& [hook, parametrization] : torch_names) {
    if (!name.ends_with(hook) || (name.size() > hook.size() && name[name.size() - hook.size() - 1] != '.')) continue;
    const std::string other = std::string(name.substr(0, name.size() - hook.size())) + std::string(parametrization);
    if (const auto* found = file.find(other)) return found;
  }
  return nullptr;
}

/// The tensors of a spectral norm that PyTorch estimated, for a plain tensor "<stem>weight"; nulls if there are none.
struct spectral_estimate {
  const stored_tensor *original = nullptr, *left = nullptr, *right = nullptr;
};
inline spectral_estimate find_spectral_estimate(const safetensors_file& file, std::string_view name) {
  constexpr std::string_view plain = "weight";
  if (!name.ends_with(plain)) return {};
  const std::string stem(name.substr(0, name.size() - plain.size()));
  const auto* original = find_tensor(file, stem + "weight_orig");
  if (original == nullptr) return {};
  return {original, find_tensor(file, stem + "weight_u"), find_tensor(file, stem + "weight_v")};
}

}  // namespace taut::detail
