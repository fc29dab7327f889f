// SPDX-License-Identifier: Apache-2.0
// Whole files that may be compressed: gzip is recognized by its first two bytes, anything else is returned as it is.
//
//   std::vector<std::byte> bytes = read_decompressed("train-images-idx3-ubyte.gz");
//   write_file("copy.gz", compressed(bytes));
//
// Every member of a gzip file is read and its checksum verified; bytes after the last member are an error.
#pragma once
#include <zlib.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <limits>
#include <memory>
#include <new>
#include <span>
#include <stdexcept>
#include <string>
#include <taut/weights/atomic_file.hpp>
#include <taut/weights/error.hpp>
#include <utility>
#include <vector>

namespace taut {

/// Decompressed data beyond this many bytes is refused unless the caller states another limit (2 GiB).
inline constexpr std::size_t largest_decompressed = std::size_t{1} << 31;

namespace detail {

struct end_inflate {
  void operator()(z_stream* stream) const noexcept { static_cast<void>(::inflateEnd(stream)); }
};
struct end_deflate {
  void operator()(z_stream* stream) const noexcept { static_cast<void>(::deflateEnd(stream)); }
};

inline constexpr int gzip_only = 15 + 16;  // zlib's code for the largest window and a gzip header

[[nodiscard]] inline bool looks_like_gzip(const std::vector<std::byte>& bytes, std::size_t from = 0) noexcept {
  return bytes.size() - from >= 2 && bytes[from] == std::byte{0x1f} && bytes[from + 1] == std::byte{0x8b};
}

/// Inflates gzip members into one buffer that doubles as it fills, up to the limit.
[[nodiscard]] inline std::vector<std::byte> inflate_members(std::vector<std::byte>& bytes, std::size_t limit,
                                                            const auto& failure) {
  z_stream stream{};
  if (::inflateInit2(&stream, gzip_only) != Z_OK) throw std::bad_alloc();
  const std::unique_ptr<z_stream, end_inflate> closing(&stream);
  constexpr std::size_t most = std::numeric_limits<uInt>::max();  // zlib counts in uInt
  std::vector<std::byte> result(std::min(limit, std::max<std::size_t>(4 * bytes.size(), 1024)));
  std::size_t read = 0, written = 0;
  while (true) {
    if (written == result.size()) {
      // One byte more than the limit tells data of exactly that size from data beyond it.
      result.resize(written < limit ? std::min(limit, 2 * written + 1) : limit + 1);
    }
    stream.next_in = reinterpret_cast<Bytef*>(bytes.data() + read);
    stream.avail_in = static_cast<uInt>(std::min(most, bytes.size() - read));
    stream.next_out = reinterpret_cast<Bytef*>(result.data() + written);
    stream.avail_out = static_cast<uInt>(std::min(most, result.size() - written));
    const int status = ::inflate(&stream, Z_NO_FLUSH);
    read = static_cast<std::size_t>(reinterpret_cast<std::byte*>(stream.next_in) - bytes.data());
    written = static_cast<std::size_t>(reinterpret_cast<std::byte*>(stream.next_out) - result.data());
    if (written > limit) throw failure("at most " + counted(limit, "byte") + " of data", "more");
    if (status == Z_STREAM_END) {
      if (read == bytes.size()) break;
      if (!looks_like_gzip(bytes, read)) {
        throw failure("nothing after the gzip data", counted(bytes.size() - read, "byte") + " more");
      }
      if (::inflateReset(&stream) != Z_OK) throw failure("gzip data", "a stream that zlib refuses");
    } else if (status == Z_MEM_ERROR) {
      throw std::bad_alloc();
    } else if (status == Z_BUF_ERROR) {
      throw failure("complete gzip data", "the end of the file inside it");
    } else if (status != Z_OK) {
      throw failure("intact gzip data",
                    stream.msg != nullptr ? in_quotes(stream.msg) : "fault " + std::to_string(status));
    }
  }
  result.resize(written);
  return result;
}

}  // namespace detail

/// The data of gzip bytes, or the bytes themselves when they are not gzip; `path` serves the messages only.
/// @throws load_error when the data is truncated, corrupt or larger than `limit`.
[[nodiscard]] inline std::vector<std::byte> decompressed(std::vector<std::byte> bytes,
                                                         const std::filesystem::path& path,
                                                         std::size_t limit = largest_decompressed) {
  if (!detail::looks_like_gzip(bytes)) return bytes;
  const auto failure = [&](std::string expected, std::string found) {
    return load_error(path.string(), "", std::move(expected), std::move(found));
  };
  try {
    return detail::inflate_members(bytes, limit, failure);
  } catch (const std::bad_alloc&) {
    throw failure("data that fits into memory", "more");
  } catch (const std::length_error&) { throw failure("data that fits into memory", "more"); }
}

/// Gzip bytes of one member, without name and time: the same for the same data. @pre fewer than 2^32 bytes
[[nodiscard]] inline std::vector<std::byte> compressed(std::span<const std::byte> bytes) {
  z_stream stream{};
  constexpr int memory = 8;  // zlib's default
  if (::deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, detail::gzip_only, memory, Z_DEFAULT_STRATEGY) != Z_OK)
    throw std::bad_alloc();
  const std::unique_ptr<z_stream, detail::end_deflate> closing(&stream);
  std::vector<std::byte> result(::deflateBound(&stream, static_cast<uLong>(bytes.size())));
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(bytes.data()));  // zlib does not write to it
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(result.data());
  stream.avail_out = static_cast<uInt>(result.size());
  if (::deflate(&stream, Z_FINISH) != Z_STREAM_END) throw std::runtime_error("zlib did not compress the data");
  result.resize(stream.total_out);
  return result;
}

/// The data of a whole file, plain or gzip. @throws load_error when it cannot be read, and as `decompressed`.
[[nodiscard]] inline std::vector<std::byte> read_decompressed(const std::filesystem::path& path,
                                                              std::size_t limit = largest_decompressed) {
  return decompressed(read_file(path), path, limit);
}

}  // namespace taut
