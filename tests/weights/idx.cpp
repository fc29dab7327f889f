// SPDX-License-Identifier: Apache-2.0
// The twin of weights/idx.hpp: good and malformed files, and the official MNIST files where they are at hand.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <initializer_list>
#include <random>
#include <string>
#include <taut/weights/idx.hpp>
#include <vector>

#include "support/catch.hpp"

namespace {

namespace fs = std::filesystem;

std::vector<std::byte> bytes_of(std::initializer_list<int> values) {
  std::vector<std::byte> bytes;
  for (const int value : values) bytes.push_back(static_cast<std::byte>(value));
  return bytes;
}

std::string fault_of(const std::vector<std::byte>& bytes) {
  try {
    static_cast<void>(taut::parse_idx(bytes, "f"));
  } catch (const taut::load_error& error) { return std::string(error.what()).substr(3); }
  return "no error";
}

}  // namespace

TEST_CASE("weights.idx: extents are big endian, values follow") {
  const taut::idx_array images =
      taut::parse_idx(bytes_of({0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 10, 20, 30, 40, 50, 255}), "f");
  CHECK(images.shape == std::vector<std::size_t>{1, 2, 3});
  CHECK(images.values == std::vector<std::uint8_t>{10, 20, 30, 40, 50, 255});
  std::vector<std::byte> labels = bytes_of({0, 0, 8, 1, 0, 0, 1, 2});
  labels.resize(8 + 258);
  CHECK(taut::parse_idx(labels, "f").shape == std::vector<std::size_t>{258});
  CHECK(taut::parse_idx(bytes_of({0, 0, 8, 1, 0, 0, 0, 0}), "f").values.empty());
}

TEST_CASE("weights.idx: each malformed file has its own message") {
  CHECK(fault_of({}) == "expected an IDX header of 4 bytes, found 0 bytes");
  CHECK(fault_of(bytes_of({0, 0, 8})) == "expected an IDX header of 4 bytes, found 3 bytes");
  CHECK(fault_of(bytes_of({80, 75, 3, 4})) == "expected an IDX file that begins with two zero bytes, found 80, 75");
  CHECK(fault_of(bytes_of({0, 0, 13, 1, 0, 0, 0, 0})) ==
        "expected IDX values of type 8 (unsigned byte), found type 13");
  CHECK(fault_of(bytes_of({0, 0, 8, 0, 7})) == "expected at least one extent, found none");
  CHECK(fault_of(bytes_of({0, 0, 8, 2, 0, 0, 0, 1, 0})) == "expected an IDX header of 12 bytes, found 9 bytes");
  CHECK(fault_of(bytes_of({0, 0, 8, 1, 0, 0, 0, 2, 7})) == "expected 2 values, found 1 byte");
  CHECK(fault_of(bytes_of({0, 0, 8, 1, 0, 0, 0, 1, 7, 7})) == "expected 1 value, found 2 bytes");
  CHECK(fault_of(bytes_of({0, 0, 8, 3, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255})) ==
        "expected extents that memory can address, found a product beyond it");
}

TEST_CASE("weights.idx: ten thousand mutations end in a load error or in consistent data") {
  std::mt19937 random(20'002);
  const std::vector<std::byte> start = bytes_of({0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6});
  std::size_t accepted = 0, refused = 0;
  for (int round = 0; round < 10'000; ++round) {
    std::vector<std::byte> bytes = start;
    bytes[random() % bytes.size()] ^= static_cast<std::byte>(1u << random() % 8);
    if (random() % 2 == 0) bytes.resize(random() % 40);
    try {
      const taut::idx_array array = taut::parse_idx(bytes, "f");
      REQUIRE(taut::detail::product_of(array.shape) == array.values.size());
      ++accepted;
    } catch (const taut::load_error&) { ++refused; }
  }
  CHECK(accepted > 100);
  CHECK(refused > 5'000);
}

TEST_CASE("weights.idx: files are read, absent ones are load errors") {
  const fs::path path = fs::temp_directory_path() / ("taut-idx-" + std::to_string(std::random_device{}()));
  taut::write_file(path, bytes_of({0, 0, 8, 1, 0, 0, 0, 1, 7}));
  const taut::idx_array array = taut::read_idx(path);
  fs::remove(path);
  CHECK(array.values == std::vector<std::uint8_t>{7});
  CHECK_THROWS_AS(taut::read_idx(path), taut::load_error);
}

TEST_CASE("weights.idx: what is written is read, plain and compressed") {
  const fs::path base = fs::temp_directory_path() / ("taut-idx-" + std::to_string(std::random_device{}()));
  taut::idx_array images{{300, 2, 1}, std::vector<std::uint8_t>(600)};
  for (std::size_t i = 0; i < 600; ++i) images.values[i] = static_cast<std::uint8_t>(i % 7);
  for (const char* ending : {"", ".gz"}) {
    const fs::path path = base.string() + ending;
    taut::write_idx(images, path);
    const taut::idx_array read = taut::read_idx(path);
    CHECK(read.shape == images.shape);
    CHECK(read.values == images.values);
    CHECK((fs::file_size(path) < 600) == (std::string(ending) == ".gz"));
    fs::remove(path);
  }
  images.values.pop_back();
  CHECK_THROWS_WITH(taut::write_idx(images, "f"), "f: expected values that fill 1 to 255 extents, found 599 values");
  CHECK_THROWS_AS(taut::write_idx({}, "f"), taut::load_error);
  CHECK_THROWS_AS(taut::write_idx({{std::size_t{1} << 32, 0}, {}}, "f"), taut::load_error);
}

TEST_CASE("weights.idx: the official MNIST test files") {
  const char* folder = std::getenv("TAUT_SHARED_DATA");
  if (folder == nullptr) {
    WARN("skipped: the environment variable TAUT_SHARED_DATA names no folder");
    return;
  }
  const taut::idx_array images = taut::read_idx(fs::path(folder) / "mnist10k" / "t10k-images-idx3-ubyte.gz");
  const taut::idx_array labels = taut::read_idx(fs::path(folder) / "mnist10k" / "t10k-labels-idx1-ubyte.gz");
  CHECK(images.shape == std::vector<std::size_t>{10'000, 28, 28});
  CHECK(labels.shape == std::vector<std::size_t>{10'000});
  CHECK(labels.values.front() == 7);
}
