// SPDX-License-Identifier: Apache-2.0
// What goes wrong with files, as typed exceptions: what was expected, what was found, and where.
//
//   throw load_error("net.safetensors", "0.weight", "shape [32, 64]", "shape [64, 32]");
//   what() == "net.safetensors: tensor '0.weight': expected shape [32, 64], found shape [64, 32]"
#pragma once
#include <cstddef>
#include <limits>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace taut {

namespace detail {

/// Text of a file made safe to print: control characters and bytes above 126 become '?', long text is cut.
[[nodiscard]] inline std::string printable(std::string_view text, std::size_t longest = 80) {
  std::string result(text.substr(0, longest));
  for (char& character : result) {
    if (character < ' ' || character > '~') character = '?';
  }
  return text.size() > longest ? result + "..." : result;
}

/// Printable text in single quotes.
[[nodiscard]] inline std::string in_quotes(std::string_view text) { return "'" + printable(text) + "'"; }

/// "1 byte", "2 bytes".
[[nodiscard]] inline std::string counted(std::size_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

/// The product of the extents, or nothing when it overflows.
[[nodiscard]] constexpr std::optional<std::size_t> product_of(std::span<const std::size_t> extents) noexcept {
  std::size_t product = 1;
  for (const std::size_t extent : extents) {
    if (extent != 0 && product > std::numeric_limits<std::size_t>::max() / extent) return std::nullopt;
    product *= extent;
  }
  return product;
}

/// The bytes of that many elements of a size, or nothing when the number overflows. @pre size > 0
[[nodiscard]] constexpr std::optional<std::size_t> bytes_of(std::span<const std::size_t> extents,
                                                            std::size_t size) noexcept {
  const std::optional<std::size_t> count = product_of(extents);
  if (!count || *count > std::numeric_limits<std::size_t>::max() / size) return std::nullopt;
  return *count * size;
}

}  // namespace detail

/// A file that cannot be read as what it should be. The message is one sentence that names the file, the tensor
/// (unless the whole file is meant), what was expected and what was found.
class load_error : public std::runtime_error {
 public:
  /// @param file the file's name; @param tensor the tensor's name, "" for the whole file.
  load_error(std::string file, std::string tensor, std::string expected, std::string found)
      : std::runtime_error(file + ": " + (tensor.empty() ? "" : "tensor " + detail::in_quotes(tensor) + ": ") +
                           "expected " + expected + ", found " + found),
        file_name(std::move(file)),
        tensor_name(std::move(tensor)),
        expected_text(std::move(expected)),
        found_text(std::move(found)) {}

  /// The file's name as it was given.
  [[nodiscard]] const std::string& file() const noexcept { return file_name; }
  /// The tensor's exact name, or "" when the whole file is meant.
  [[nodiscard]] const std::string& tensor() const noexcept { return tensor_name; }
  /// What the file should have contained.
  [[nodiscard]] const std::string& expected() const noexcept { return expected_text; }
  /// What it contains instead.
  [[nodiscard]] const std::string& found() const noexcept { return found_text; }

 private:
  std::string file_name, tensor_name, expected_text, found_text;
};

/// A file that could not be written. An older file of that name is as it was.
class save_error : public std::runtime_error {
 public:
  /// @param file the file's name; @param reason why it was not written, in words.
  save_error(std::string file, std::string reason)
      : std::runtime_error(file + ": not saved: " + reason),
        file_name(std::move(file)),
        reason_text(std::move(reason)) {}

  /// The file's name as it was given.
  [[nodiscard]] const std::string& file() const noexcept { return file_name; }
  /// Why the file was not written.
  [[nodiscard]] const std::string& reason() const noexcept { return reason_text; }

 private:
  std::string file_name, reason_text;
};

}  // namespace taut
