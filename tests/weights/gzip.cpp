// SPDX-License-Identifier: Apache-2.0
// The twin of weights/gzip.hpp: plain and compressed files, several members, and every way they can be broken.
#include <cstddef>
#include <filesystem>
#include <random>
#include <string>
#include <string_view>
#include <system_error>
#include <taut/weights/gzip.hpp>
#include <utility>
#include <vector>

#include "support/catch.hpp"

namespace {

namespace fs = std::filesystem;
using bytes = std::vector<std::byte>;

bytes bytes_of(std::string_view text) {
  bytes result;
  for (const char character : text) result.push_back(static_cast<std::byte>(character));
  return result;
}

/// One gzip member.
bytes gzip(bytes data) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  bytes result(data.size() + 100);
  stream.next_in = reinterpret_cast<Bytef*>(data.data());
  stream.avail_in = static_cast<uInt>(data.size());
  stream.next_out = reinterpret_cast<Bytef*>(result.data());
  stream.avail_out = static_cast<uInt>(result.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  result.resize(result.size() - stream.avail_out);
  REQUIRE(deflateEnd(&stream) == Z_OK);
  return result;
}

bytes joined(bytes first, const bytes& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

/// Bytes that do not compress.
bytes noise(std::size_t size) {
  std::mt19937 random(7);
  bytes result(size);
  for (std::byte& value : result) value = static_cast<std::byte>(random() & 255);
  return result;
}

std::string fault_of(bytes data, std::size_t limit = taut::largest_decompressed) {
  try {
    static_cast<void>(taut::decompressed(std::move(data), "f", limit));
  } catch (const taut::load_error& error) { return std::string(error.what()).substr(3); }
  return "no error";
}

}  // namespace

TEST_CASE("weights.gzip: what is not gzip is returned as it is") {
  for (const std::string_view text : {"", "\x1f", "\x1fx", "plain text"}) {
    CHECK(taut::decompressed(bytes_of(text), "f") == bytes_of(text));
  }
}

TEST_CASE("weights.gzip: compressed data comes back, whatever its size") {
  for (const std::size_t size : {0u, 1u, 1023u, 1024u, 1025u, 100'000u}) {
    INFO(size);
    CHECK(taut::decompressed(gzip(noise(size)), "f") == noise(size));
    CHECK(taut::decompressed(gzip(bytes(size)), "f") == bytes(size));
  }
}

TEST_CASE("weights.gzip: what is compressed here is one member, the same each time, and comes back") {
  for (const std::size_t size : {0u, 1u, 1000u, 100'000u}) {
    const bytes data = noise(size), packed = taut::compressed(data);
    CHECK(packed == taut::compressed(data));
    CHECK(taut::decompressed(packed, "f") == data);
    CHECK(taut::decompressed(joined(packed, taut::compressed(data)), "f") == joined(data, data));
  }
  CHECK(taut::compressed(bytes(100'000)).size() < 1000);
}

TEST_CASE("weights.gzip: all members are read") {
  const bytes both = joined(gzip(bytes_of("first, ")), gzip(bytes_of("second")));
  CHECK(taut::decompressed(both, "f") == bytes_of("first, second"));
}

TEST_CASE("weights.gzip: data cut anywhere is refused") {
  const bytes whole = gzip(noise(300));
  for (std::size_t size = 2; size < whole.size(); ++size) {
    INFO(size);
    REQUIRE(fault_of(bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size))) ==
            "expected complete gzip data, found the end of the file inside it");
  }
  CHECK(fault_of(whole) == "no error");
}

TEST_CASE("weights.gzip: corrupt data and what follows the data are refused") {
  bytes wrong_sum = gzip(bytes_of("some text"));
  wrong_sum[wrong_sum.size() - 8] ^= std::byte{1};
  CHECK(fault_of(wrong_sum) == "expected intact gzip data, found 'incorrect data check'");
  bytes wrong_size = gzip(bytes_of("some text"));
  wrong_size[wrong_size.size() - 1] ^= std::byte{1};
  CHECK(fault_of(wrong_size) == "expected intact gzip data, found 'incorrect length check'");
  CHECK(fault_of(bytes_of("\x1f\x8b text")) == "expected intact gzip data, found 'unknown compression method'");
  CHECK(fault_of(joined(gzip(bytes_of("a")), bytes_of("b"))) ==
        "expected nothing after the gzip data, found 1 byte more");
}

TEST_CASE("weights.gzip: data is accepted up to the limit and not beyond") {
  const bytes zeros = gzip(bytes(1'000'000));
  CHECK(fault_of(zeros, 1'000'000) == "no error");
  for (const std::size_t limit : {std::size_t{0}, std::size_t{1000}, std::size_t{999'999}}) {
    CHECK(fault_of(zeros, limit) == "expected at most " + std::to_string(limit) + " bytes of data, found more");
  }
  CHECK(fault_of(gzip({}), 0) == "no error");
}

TEST_CASE("weights.gzip: files") {
  const fs::path path = fs::temp_directory_path() / ("taut-gzip-" + std::to_string(std::random_device{}()));
  taut::write_file(path, gzip(bytes_of("packed")));
  const bytes packed = taut::read_decompressed(path);
  taut::write_file(path, "plain");
  const bytes plain = taut::read_decompressed(path);
  fs::remove(path);
  CHECK(packed == bytes_of("packed"));
  CHECK(plain == bytes_of("plain"));
  CHECK_THROWS_AS(taut::read_decompressed(path), taut::load_error);
}

TEST_CASE("weights.gzip: ten thousand mutations end in a load error or in data") {
  std::mt19937 random(20'001);
  const bytes start = joined(gzip(noise(60)), gzip(bytes(500)));
  std::size_t accepted = 0, refused = 0;
  for (int round = 0; round < 10'000; ++round) {
    bytes data = start;
    for (std::size_t change = random() % 3 + 1; change-- > 0;) {
      data[random() % data.size()] ^= static_cast<std::byte>(1u << random() % 8);
    }
    if (random() % 4 == 0) data.resize(random() % data.size());
    fault_of(std::move(data), 1'000'000) == "no error" ? ++accepted : ++refused;
  }
  CHECK(accepted > 100);
  CHECK(refused > 5'000);
}
