// SPDX-License-Identifier: Apache-2.0
// IDX files of unsigned bytes, the format of MNIST, plain or gzip.
//
//   file = 0, 0, type (8: unsigned byte), rank, extents (4 bytes each, big endian), values (row-major)
//
// Example: idx_array images = read_idx("train-images-idx3-ubyte.gz");  // images.shape is {60000, 28, 28}
//          write_idx(images, "copy-idx3-ubyte.gz");                     // compressed, as the name says
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <taut/weights/atomic_file.hpp>
#include <taut/weights/error.hpp>
#include <taut/weights/gzip.hpp>
#include <utility>
#include <vector>

namespace taut {

/// An array of unsigned bytes: images {count, height, width} or labels {count}.
struct idx_array {
  std::vector<std::size_t> shape;    ///< outermost first
  std::vector<std::uint8_t> values;  ///< @post values.size() == product of shape
};

/// Reads IDX data in memory; `path` serves the messages only. @throws load_error
[[nodiscard]] inline idx_array parse_idx(std::span<const std::byte> bytes, const std::filesystem::path& path) {
  const auto failure = [&](std::string expected, std::string found) {
    return load_error(path.string(), "", std::move(expected), std::move(found));
  };
  const auto byte = [&](std::size_t i) { return std::to_integer<std::size_t>(bytes[i]); };
  if (bytes.size() < 4) throw failure("an IDX header of 4 bytes", detail::counted(bytes.size(), "byte"));
  if (byte(0) != 0 || byte(1) != 0) {
    throw failure("an IDX file that begins with two zero bytes",
                  std::to_string(byte(0)) + ", " + std::to_string(byte(1)));
  }
  if (byte(2) != 8) throw failure("IDX values of type 8 (unsigned byte)", "type " + std::to_string(byte(2)));
  const std::size_t rank = byte(3), header = 4 + 4 * rank;
  if (rank == 0) throw failure("at least one extent", "none");
  if (bytes.size() < header) {
    throw failure("an IDX header of " + detail::counted(header, "byte"), detail::counted(bytes.size(), "byte"));
  }
  idx_array result;
  for (std::size_t at = 4; at < header; at += 4) {
    const std::size_t extent = byte(at) << 24 | byte(at + 1) << 16 | byte(at + 2) << 8 | byte(at + 3);
    result.shape.push_back(extent);
  }
  const std::optional<std::size_t> count = detail::product_of(result.shape);
  if (!count) throw failure("extents that memory can address", "a product beyond it");
  if (bytes.size() - header != *count) {
    throw failure(detail::counted(*count, "value"), detail::counted(bytes.size() - header, "byte"));
  }
  result.values.reserve(*count);
  for (const std::byte value : bytes.subspan(header)) result.values.push_back(std::to_integer<std::uint8_t>(value));
  return result;
}

/// Reads an IDX file, plain or gzip. @throws load_error naming the file, what was expected and what was found.
[[nodiscard]] inline idx_array read_idx(const std::filesystem::path& path) {
  return parse_idx(read_decompressed(path), path);
}

/// Writes an IDX file, gzip if the name ends in .gz. @throws load_error if the values do not fill the shape or the file
/// cannot be written.
inline void write_idx(const idx_array& data, const std::filesystem::path& path) {
  const auto wide = [](std::size_t extent) { return extent > 0xffffffff; };
  if (data.shape.empty() || data.shape.size() > 255 || std::ranges::any_of(data.shape, wide) ||
      detail::product_of(data.shape) != data.values.size())
    throw load_error(path.string(), "", "values that fill 1 to 255 extents",
                     detail::counted(data.values.size(), "value"));
  std::vector<std::byte> bytes{std::byte{0}, std::byte{0}, std::byte{8}, static_cast<std::byte>(data.shape.size())};
  for (const std::size_t extent : data.shape)
    for (const int shift : {24, 16, 8, 0}) bytes.push_back(static_cast<std::byte>(extent >> shift & 255));
  for (const std::uint8_t value : data.values) bytes.push_back(static_cast<std::byte>(value));
  write_file(path, path.extension() == ".gz" ? compressed(bytes) : bytes);
}

}  // namespace taut
