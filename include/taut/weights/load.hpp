// SPDX-License-Identifier: Apache-2.0
// From a safetensors file to parameters, with everything checked: names, shapes, dtypes, finiteness, missing and
// additional tensors, and the declared norms and gains, which are proved, not estimated. Any violation is a load_error.
//
//   const auto p = load_safetensors<Net>("digits.safetensors");
//   load_safetensors("digits.safetensors", p);            // into storage that exists; unchanged if an error is thrown
//
// Keys are those of PyTorch's nn.Sequential: "0.weight", "0.bias", "1.weight", ...
#pragma once
#include <cmath>
#include <cstring>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <taut/certify/spectral_norm.hpp>
#include <taut/net/network.hpp>
#include <taut/net/parameters.hpp>
#include <taut/weights/safetensors.hpp>

namespace taut {

namespace detail {

/// "[32, 64]", as PyTorch prints shapes.
inline std::string extents_text(const auto& extents) {
  std::string text = "[";
  for (const std::size_t e : extents) text += (text.size() == 1 ? "" : ", ") + std::to_string(e);
  return text + "]";
}
inline std::string extents_text(const shape& s) { return extents_text(std::span(s.extent, s.rank)); }

/// A real number as people read it, with enough digits to tell a violation.
inline std::string number_text(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.9g", value);
  return text;
}

/// Checks what a network's type declares of its values; throws a load_error at the first claim it cannot prove.
struct prover {
  std::string file;

  void spectral_norm_at_most(std::string_view name, const auto& values, std::size_t rows, std::size_t columns,
                             double limit) const {
    const std::unique_ptr<double[]> w(new double[rows * columns]);
    for (std::size_t i = 0; i < rows * columns; ++i) w[i] = static_cast<double>(values[i]);
    if (taut::spectral_norm_at_most(w.get(), rows, columns, limit)) return;
    throw load_error(file, std::string(name), "a spectral norm of at most " + number_text(limit) + ", as declared",
                     "a norm bounded by " + number_text(spectral_norm(w.get(), rows, columns).value));
  }
  void magnitude_at_most(std::string_view name, const auto& values, double limit) const {
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (std::fabs(static_cast<double>(values[i])) <= limit) continue;
      throw load_error(file, std::string(name), "no absolute value above " + number_text(limit) + ", as declared",
                       number_text(static_cast<double>(values[i])) + " at position " + std::to_string(i));
    }
  }
  void at_least(std::string_view name, const auto& values, double limit) const {
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (static_cast<double>(values[i]) >= limit) continue;
      throw load_error(file, std::string(name), "no value below " + number_text(limit),
                       number_text(static_cast<double>(values[i])) + " at position " + std::to_string(i));
    }
  }
};

/// Copies one stored tensor into its place, after every check that concerns it alone.
template <class Element>
void load_tensor(const safetensors_file& file, const tensor_info& info, std::span<Element> values) {
  const std::string name(info.key), where = file.path().string();
  const char* const dtype = std::same_as<Element, float> ? "F32" : "I64";
  const stored_tensor* const found = file.find(name);
  if (found == nullptr)
    throw load_error(where, name, std::string(dtype) + " " + extents_text(info.extents), "no tensor of this name");
  if (found->dtype != dtype) throw load_error(where, name, std::string("dtype ") + dtype, "dtype " + found->dtype);
  if (extents_text(found->shape) != extents_text(info.extents))
    throw load_error(where, name, "shape " + extents_text(info.extents), "shape " + extents_text(found->shape));
  std::memcpy(values.data(), found->bytes.data(), values.size_bytes());
  if constexpr (std::floating_point<Element>) {
    for (std::size_t i = 0; i < values.size(); ++i)
      if (!rounded::is_finite(values[i]))
        throw load_error(
            where, name, "finite values",
            std::string(rounded::is_nan(values[i]) ? "NaN" : "infinity") + " at position " + std::to_string(i));
  }
}

}  // namespace detail

/// Reads a file into p. @throws load_error, and then p is as it was.
template <Network Net> void load_safetensors(const std::filesystem::path& path, parameters<Net>& p) {
  const safetensors_file file = safetensors_file::read(path);
  const auto loaded = std::make_unique<parameters<Net>>(p);
  std::set<std::string, std::less<>> expected;
  for_each_described_tensor(*loaded, [&](const tensor_info& info, auto values) {
    expected.emplace(info.key);
    detail::load_tensor(file, info, values);
  });
  for (const stored_tensor& tensor : file.tensors())
    if (!expected.contains(tensor.name))
      throw load_error(path.string(), tensor.name, "no tensor of this name in the network",
                       tensor.dtype + " " + detail::extents_text(tensor.shape));
  const detail::prover prove{path.string()};
  for_each_claim(std::as_const(*loaded), prove);
  p = *loaded;
}

/// The parameters in a file. @throws load_error
template <Network Net> [[nodiscard]] parameters<Net> load_safetensors(const std::filesystem::path& path) {
  parameters<Net> p;
  load_safetensors(path, p);
  return p;
}

}  // namespace taut
