// SPDX-License-Identifier: Apache-2.0
// From a safetensors file to parameters, with everything checked: names, shapes, dtypes, finiteness, missing and
// additional tensors, and the declared norms and gains, which are proved, not estimated. Any violation is a load_error.
//
//   const auto p = load_safetensors<Net>("digits.safetensors");
//   load_safetensors("digits.safetensors", p);            // into storage that exists; unchanged if an error is thrown
//
// Keys are those of PyTorch's nn.Sequential: "0.weight", "0.bias", "1.weight", ... A plain weight is also found where
// PyTorch's spectral_norm has left V, u and v (weights/torch_keys.hpp): it becomes V / (u' V v), divided in double.
// Load parameters<Net, double> to keep all digits of it.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <functional>
#include <memory>
#include <ranges>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <taut/certify/spectral_norm.hpp>
#include <taut/net/network.hpp>
#include <taut/net/parameters.hpp>
#include <taut/weights/safetensors.hpp>
#include <taut/weights/torch_keys.hpp>
#include <utility>
#include <vector>

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
    norm_at_most<std::ranges::range_value_t<decltype(values)>>(name, values, rows, columns, limit);
  }
  void magnitude_at_most(std::string_view name, const auto& values, double limit) const {
    size_at_most<std::ranges::range_value_t<decltype(values)>>(name, values, limit);
  }
  void at_least(std::string_view name, const auto& values, double limit) const {
    none_below<std::ranges::range_value_t<decltype(values)>>(name, values, limit);
  }

 private:  // of spans: compiled once, not for each size of an array
  template <class Real> void norm_at_most(std::string_view name, std::span<const Real> values, std::size_t rows,
                                          std::size_t columns, double limit) const {
    const std::vector<double> w(values.begin(), values.end());
    if (taut::spectral_norm_at_most(w.data(), rows, columns, limit)) return;
    throw load_error(file, std::string(name), "a spectral norm of at most " + number_text(limit) + ", as declared",
                     "a norm bounded by " + number_text(spectral_norm(w.data(), rows, columns).value));
  }
  template <class Real> void size_at_most(std::string_view name, std::span<const Real> values, double limit) const {
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (std::fabs(static_cast<double>(values[i])) <= limit) continue;
      throw load_error(file, std::string(name), "no absolute value above " + number_text(limit) + ", as declared",
                       number_text(static_cast<double>(values[i])) + " at position " + std::to_string(i));
    }
  }
  template <class Real> void none_below(std::string_view name, std::span<const Real> values, double limit) const {
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (static_cast<double>(values[i]) >= limit) continue;
      throw load_error(file, std::string(name), "no value below " + number_text(limit),
                       number_text(static_cast<double>(values[i])) + " at position " + std::to_string(i));
    }
  }
};

/// The names of a file's tensors that were read.
using names_read = std::set<std::string, std::less<>>;

/// The numbers of a stored tensor, after every check that concerns it alone: dtype F32, or F64 for double, or I64 for
/// counters; the extents; and that all are finite. @throws load_error
template <class Element>
std::vector<Element> numbers_of(const safetensors_file& file, const stored_tensor& found, const shape& extents) {
  const std::string where = file.path().string();
  const bool widened = std::same_as<Element, double> && found.dtype == "F32";
  const char* const dtype = std::same_as<Element, float> ? "F32" : std::same_as<Element, double> ? "F32 or F64" : "I64";
  const char* const exact = std::same_as<Element, double> ? "F64" : dtype;
  if (found.dtype != exact && !widened)
    throw load_error(where, found.name, std::string("dtype ") + dtype, "dtype " + found.dtype);
  if (extents_text(found.shape) != extents_text(extents))
    throw load_error(where, found.name, "shape " + extents_text(extents), "shape " + extents_text(found.shape));
  std::vector<Element> values(extents.size());
  if (widened) {
    std::vector<float> narrow(extents.size());
    std::memcpy(narrow.data(), found.bytes.data(), found.bytes.size());
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<Element>(narrow[i]);
  } else {
    std::memcpy(values.data(), found.bytes.data(), found.bytes.size());
  }
  if constexpr (std::floating_point<Element>) {
    for (std::size_t i = 0; i < values.size(); ++i)
      if (!rounded::is_finite(values[i]))
        throw load_error(
            where, found.name, "finite values",
            std::string(rounded::is_nan(values[i]) ? "NaN" : "infinity") + " at position " + std::to_string(i));
  }
  return values;
}

/// A weight that PyTorch normalized by its estimate s = u' V v of the spectral norm: V / s, rounded once.
template <class Element> void load_estimated(const safetensors_file& file, const tensor_info& info,
                                             std::span<Element> values, const spectral_estimate& tensors,
                                             names_read& used) {
  const std::string where = file.path().string(), name(info.key);
  const std::size_t rows = info.extents.extent[0], columns = info.extents.size() / rows;
  for (const stored_tensor* t : {tensors.original, tensors.left, tensors.right}) {
    if (t == nullptr)
      throw load_error(where, name, "the vectors u and v of its spectral norm", "no tensor of this name");
    used.insert(t->name);
  }
  const auto v = numbers_of<double>(file, *tensors.original, info.extents);
  const auto left = numbers_of<double>(file, *tensors.left, shape{rows});
  const auto right = numbers_of<double>(file, *tensors.right, shape{columns});
  double s = 0;
  for (std::size_t row = 0; row < rows; ++row) {
    double sum = 0;
    for (std::size_t i = 0; i < columns; ++i) sum += v[row * columns + i] * right[i];
    s += left[row] * sum;
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<Element>(v[i] / s);
    if (!rounded::is_finite(values[i]))
      throw load_error(where, tensors.original->name, "a spectral norm u'Vv that can be divided by", number_text(s));
  }
}

/// Puts one tensor in its place and adds to `used` which tensors of the file it came from. @throws load_error
template <class Element>
void load_tensor(const safetensors_file& file, const tensor_info& info, std::span<Element> values, names_read& used) {
  if (const stored_tensor* const found = find_tensor(file, info.key)) {
    used.insert(found->name);
    std::ranges::copy(numbers_of<Element>(file, *found, info.extents), values.begin());
    return;
  }
  if constexpr (std::floating_point<Element>) {
    const auto estimate = find_spectral_estimate(file, info.key);
    if (estimate.original != nullptr) return load_estimated(file, info, values, estimate, used);
  }
  const char* const dtype = std::floating_point<Element> ? "F32" : "I64";
  throw load_error(file.path().string(), std::string(info.key), std::string(dtype) + " " + extents_text(info.extents),
                   "no tensor of this name");
}

/// @throws load_error at the first tensor that was not read
inline void refuse_others(const safetensors_file& file, const names_read& used) {
  for (const stored_tensor& tensor : file.tensors())
    if (!used.contains(tensor.name))
      throw load_error(file.path().string(), tensor.name, "no tensor of this name in the network",
                       tensor.dtype + " " + extents_text(tensor.shape));
}

}  // namespace detail

/// Reads a file into p. @throws load_error, and then p is as it was.
template <Network Net, class Real> void load_safetensors(const std::filesystem::path& path, parameters<Net, Real>& p) {
  const safetensors_file file = safetensors_file::read(path);
  const auto loaded = std::make_unique<parameters<Net, Real>>(p);
  detail::names_read used;
  for_each_described_tensor(
      *loaded, [&](const tensor_info& info, auto values) { detail::load_tensor(file, info, values, used); });
  detail::refuse_others(file, used);
  const detail::prover prove{path.string()};
  for_each_claim(std::as_const(*loaded), prove);
  p = *loaded;
}

/// The parameters in a file, in float, or in double: load_safetensors<Net, double>(path). @throws load_error
template <Network Net, class Real = float>
[[nodiscard]] parameters<Net, Real> load_safetensors(const std::filesystem::path& path) {
  const auto p = std::make_unique<parameters<Net, Real>>();
  load_safetensors(path, *p);
  return *p;
}

}  // namespace taut
