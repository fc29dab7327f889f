// SPDX-License-Identifier: Apache-2.0
// NumPy's array files: float32, float64, int64 and uint8 in C order, format versions 1 and 2.
//
//   write_npy<float>("x.npy", values, std::array<std::size_t, 2>{2, 3});
//   npy_array<float> x = read_npy<float>("x.npy");  // x.shape is {2, 3}
//
// The element type is asked for, never converted: a file of float64 read as float is an error.
#pragma once
#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <taut/weights/atomic_file.hpp>
#include <taut/weights/error.hpp>
#include <utility>
#include <vector>

namespace taut {

static_assert(std::endian::native == std::endian::little, "npy data is stored little endian and is not swapped here");

/// NumPy's name of an element type, "" for types that are not read: npy_type<float> == "<f4".
template <typename Element> inline constexpr std::string_view npy_type = "";
template <> inline constexpr std::string_view npy_type<float> = "<f4";
template <> inline constexpr std::string_view npy_type<double> = "<f8";
template <> inline constexpr std::string_view npy_type<std::int64_t> = "<i8";
template <> inline constexpr std::string_view npy_type<std::uint8_t> = "|u1";

/// A type that npy files can hold here: float, double, std::int64_t, std::uint8_t.
template <typename Element>
concept NpyElement = !npy_type<Element>.empty();

/// An array as NumPy stores it.
template <NpyElement Element> struct npy_array {
  std::vector<std::size_t> shape;  ///< outermost first; empty for a scalar
  std::vector<Element> values;     ///< row-major; @post values.size() == product of shape
};

namespace detail {

inline constexpr std::string_view npy_magic = "\x93NUMPY";

/// Reads the Python dictionary {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }.
struct npy_header_reader {
  std::string_view rest;
  std::optional<std::string_view> type;
  std::optional<bool> column_major;
  std::optional<std::vector<std::size_t>> shape;

  bool read() {
    if (!take("{")) return false;
    while (!take("}")) {
      if (!entry() || (!take(",") && !next_is('}'))) return false;
    }
    skip_blanks();
    return rest.empty() && type && column_major && shape;
  }

 private:
  void skip_blanks() { rest.remove_prefix(std::min(rest.find_first_not_of(" \n"), rest.size())); }

  bool next_is(char character) {
    skip_blanks();
    return rest.starts_with(character);
  }

  bool take(std::string_view token) {
    skip_blanks();
    if (!rest.starts_with(token)) return false;
    rest.remove_prefix(token.size());
    return true;
  }

  std::optional<std::string_view> text() {
    const char quote = next_is('"') ? '"' : '\'';
    if (!next_is(quote)) return std::nullopt;
    const std::size_t end = rest.find(quote, 1);
    if (end == rest.npos) return std::nullopt;
    const std::string_view result = rest.substr(1, end - 1);
    rest.remove_prefix(end + 1);
    return result;
  }

  bool entry() {
    const std::optional<std::string_view> key = text();
    if (!key || !take(":")) return false;
    if (*key == "descr" && !type) return (type = text()).has_value();
    if (*key == "fortran_order" && !column_major) {
      if (take("True")) column_major = true;
      if (!column_major && take("False")) column_major = false;
      return column_major.has_value();
    }
    return *key == "shape" && !shape && extents();
  }

  bool extents() {
    if (!take("(")) return false;
    std::vector<std::size_t> result;
    while (!take(")")) {
      skip_blanks();
      std::size_t extent = 0;
      const auto [end, fault] = std::from_chars(rest.data(), rest.data() + rest.size(), extent);
      if (fault != std::errc() || result.size() == 64) return false;
      rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
      result.push_back(extent);
      if (!take(",") && !(result.size() > 1 && next_is(')'))) return false;
    }
    shape = std::move(result);
    return true;
  }
};

}  // namespace detail

/// Reads npy data in memory; `path` serves the messages only. @throws load_error
template <NpyElement Element>
[[nodiscard]] npy_array<Element> parse_npy(std::span<const std::byte> bytes, const std::filesystem::path& path) {
  const auto failure = [&](std::string expected, std::string found) {
    return load_error(path.string(), "", std::move(expected), std::move(found));
  };
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (!text.starts_with(detail::npy_magic)) {
    throw failure("a file that begins with " + detail::in_quotes(detail::npy_magic),
                  detail::in_quotes(text.substr(0, 6)));
  }
  if (bytes.size() < 12) throw failure("a header", "the end of the file inside it");
  const std::size_t version = std::to_integer<std::size_t>(bytes[6]);
  if (version != 1 && version != 2) throw failure("format version 1 or 2", std::to_string(version));
  const std::size_t start = version == 1 ? 10 : 12;
  std::uint32_t length = 0;
  std::memcpy(&length, bytes.data() + 8, start - 8);
  if (length > bytes.size() - start) {
    throw failure("a header of " + detail::counted(length, "byte"),
                  "only " + detail::counted(bytes.size() - start, "byte") + " after the header length");
  }
  detail::npy_header_reader header{text.substr(start, length), {}, {}, {}};
  if (!header.read()) {
    throw failure("a header with 'descr', 'fortran_order' and 'shape'", detail::in_quotes(text.substr(start, length)));
  }
  if (*header.type != npy_type<Element>) {
    throw failure("elements of type " + detail::in_quotes(npy_type<Element>), detail::in_quotes(*header.type));
  }
  if (*header.column_major && header.shape->size() > 1) throw failure("values in C order", "Fortran order");
  const std::optional<std::size_t> size = detail::bytes_of(*header.shape, sizeof(Element));
  const std::size_t available = bytes.size() - start - length;
  if (!size) throw failure("a shape that memory can address", "a product beyond it");
  if (*size != available) {
    throw failure(detail::counted(*size, "byte") + " of data", detail::counted(available, "byte"));
  }
  npy_array<Element> result{std::move(*header.shape), std::vector<Element>(available / sizeof(Element))};
  if (available != 0) std::memcpy(result.values.data(), bytes.data() + start + length, available);
  return result;
}

/// Reads an npy file. @throws load_error naming the file, what was expected and what was found.
template <NpyElement Element> [[nodiscard]] npy_array<Element> read_npy(const std::filesystem::path& path) {
  return parse_npy<Element>(read_file(path), path);
}

/// Writes an array as an npy file of version 1, completely or not at all. @throws save_error, also when the number of
/// values is not the product of the shape.
template <NpyElement Element>
void write_npy(const std::filesystem::path& path, std::span<const Element> values, std::span<const std::size_t> shape) {
  if (detail::product_of(shape) != values.size() || shape.size() > 64) {
    throw save_error(path.string(), detail::counted(values.size(), "value") + " do not fill the shape");
  }
  std::string header = "{'descr': '" + std::string(npy_type<Element>) + "', 'fortran_order': False, 'shape': (";
  for (std::size_t axis = 0; axis < shape.size(); ++axis)
    header += (axis ? " " : "") + std::to_string(shape[axis]) + ",";
  if (shape.size() > 1) header.pop_back();
  header += "), }";
  constexpr std::size_t start = 10, alignment = 64;
  header.append((alignment - (start + header.size() + 1) % alignment) % alignment, ' ');
  header += '\n';
  const auto length = std::bit_cast<std::array<char, 2>>(static_cast<std::uint16_t>(header.size()));
  atomic_file file(path);
  file.write(detail::npy_magic);
  file.write(std::string_view("\x01\x00", 2));
  file.write(std::string_view(length.data(), length.size()));
  file.write(header);
  file.write(std::as_bytes(values));
  file.commit();
}

}  // namespace taut
