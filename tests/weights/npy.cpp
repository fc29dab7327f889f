// SPDX-License-Identifier: Apache-2.0
// The twin of weights/npy.hpp: NumPy's bytes, round trips of every element type, malformed headers and mutations.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <taut/weights/npy.hpp>
#include <vector>

#include "support/catch.hpp"

static_assert(taut::NpyElement<float> && taut::NpyElement<double> && taut::NpyElement<std::int64_t>);
static_assert(taut::NpyElement<std::uint8_t> && !taut::NpyElement<std::int32_t> && !taut::NpyElement<bool>);

namespace {

namespace fs = std::filesystem;
using extents = std::vector<std::size_t>;

/// A version 1 file with this header and that many bytes of data, 0, 1, 2 and so on.
std::vector<std::byte> file_of(std::string_view header, std::size_t data, char version = 1) {
  std::string text = "\x93NUMPY";
  text += version;
  text += '\0';
  text += static_cast<char>(header.size() & 255);
  text += static_cast<char>(header.size() >> 8);
  if (version == 2) text += std::string(2, '\0');
  text += header;
  for (std::size_t i = 0; i < data; ++i) text += static_cast<char>(i);
  std::vector<std::byte> bytes;
  for (const char character : text) bytes.push_back(static_cast<std::byte>(character));
  return bytes;
}

template <typename Element = std::uint8_t> std::string fault_of(const std::vector<std::byte>& bytes) {
  try {
    static_cast<void>(taut::parse_npy<Element>(bytes, "f"));
  } catch (const taut::load_error& error) { return std::string(error.what()).substr(3); }
  return "no error";
}

struct temporary_file {
  fs::path path = fs::temp_directory_path() / ("taut-npy-" + std::to_string(std::random_device{}()));
  temporary_file() = default;
  temporary_file(temporary_file&&) = delete;
  ~temporary_file() {
    std::error_code ignored;
    fs::remove(path, ignored);
  }
};

const std::string good = "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }\n";

}  // namespace

TEST_CASE("weights.npy: written bytes are NumPy's") {
  const temporary_file file;
  const std::vector<float> values{0, 1, 2, 3, 4, 5};
  taut::write_npy<float>(file.path, values, extents{2, 3});
  const std::vector<std::byte> bytes = taut::read_file(file.path);
  REQUIRE(bytes.size() == 128 + 24);
  const std::string text(reinterpret_cast<const char*>(bytes.data()), 128);
  const std::string dictionary = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
  CHECK(text ==
        std::string("\x93NUMPY\x01\x00\x76\x00", 10) + dictionary + std::string(117 - dictionary.size(), ' ') + "\n");
  taut::write_npy<double>(file.path, std::vector<double>(5), extents{5});
  const std::vector<std::byte> vector = taut::read_file(file.path);
  const std::string_view vector_text(reinterpret_cast<const char*>(vector.data()), vector.size());
  CHECK(vector_text.find("'descr': '<f8', 'fortran_order': False, 'shape': (5,), }") == 11);
}

TEMPLATE_TEST_CASE("weights.npy: a round trip keeps values and shape", "", float, double, std::int64_t, std::uint8_t) {
  const temporary_file file;
  using limits = std::numeric_limits<TestType>;
  const std::vector<TestType> values{limits::lowest(), limits::min(), TestType{0},
                                     TestType{1},      TestType{2},   limits::max()};
  for (const extents& shape : {extents{6}, extents{2, 3}, extents{1, 6, 1}, extents{3, 1, 1, 2}}) {
    taut::write_npy<TestType>(file.path, values, shape);
    const taut::npy_array<TestType> back = taut::read_npy<TestType>(file.path);
    CHECK(back.shape == shape);
    CHECK(back.values == values);
  }
  taut::write_npy<TestType>(file.path, std::span(values).first(1), {});
  CHECK(taut::read_npy<TestType>(file.path).shape.empty());
  taut::write_npy<TestType>(file.path, {}, extents{0, 4});
  CHECK(taut::read_npy<TestType>(file.path).shape == extents{0, 4});
}

TEST_CASE("weights.npy: both versions and every spelling of the dictionary are read") {
  for (const std::string& header :
       {good, std::string("{'descr':'|u1','fortran_order':False,'shape':(2,3)}"),
        std::string("{ \"shape\": (2, 3,), \"descr\": \"|u1\", \"fortran_order\": False }   \n")}) {
    for (const char version : {'\1', '\2'}) {
      const taut::npy_array<std::uint8_t> array = taut::parse_npy<std::uint8_t>(file_of(header, 6, version), "f");
      CHECK(array.shape == extents{2, 3});
      CHECK(array.values == std::vector<std::uint8_t>{0, 1, 2, 3, 4, 5});
    }
  }
  CHECK(fault_of(file_of("{'descr': '|u1', 'fortran_order': True, 'shape': (6,), }", 6)) == "no error");
}

TEST_CASE("weights.npy: each malformed file has its own message") {
  CHECK(fault_of({}) == "expected a file that begins with '?NUMPY', found ''");
  CHECK(fault_of(std::vector<std::byte>(20)) ==
        "expected a file that begins with '?NUMPY', found '" + std::string(6, '?') + "'");
  CHECK(fault_of(file_of("", 0)) == "expected a header, found the end of the file inside it");
  CHECK(fault_of(file_of(good, 6, 3)) == "expected format version 1 or 2, found 3");
  std::vector<std::byte> cut = file_of(good, 0);
  cut.pop_back();
  CHECK(fault_of(cut) == "expected a header of 60 bytes, found only 59 bytes after the header length");
  CHECK(fault_of<float>(file_of(good, 6)) == "expected elements of type '<f4', found '|u1'");
  CHECK(fault_of(file_of("{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }", 4)) ==
        "expected elements of type '|u1', found '>f4'");
  CHECK(fault_of(file_of("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3), }", 6)) ==
        "expected values in C order, found Fortran order");
  CHECK(fault_of(file_of(good, 5)) == "expected 6 bytes of data, found 5 bytes");
  CHECK(fault_of(file_of(good, 7)) == "expected 6 bytes of data, found 7 bytes");
  CHECK(fault_of(file_of("{'descr': '|u1', 'fortran_order': False, 'shape': (4294967296, 4294967296), }", 0)) ==
        "expected a shape that memory can address, found a product beyond it");
  CHECK(fault_of<double>(file_of("{'descr': '<f8', 'fortran_order': False, 'shape': (2305843009213693953,), }", 8)) ==
        "expected a shape that memory can address, found a product beyond it");
}

TEST_CASE("weights.npy: headers that are not the dictionary are refused") {
  for (const std::string header : {"{}              ", "'descr'         ", "{'descr': '|u1', 'fortran_order': False}",
                                   "{'descr': '|u1', 'fortran_order': False, 'shape': (6)}",
                                   "{'descr': '|u1', 'fortran_order': False, 'shape': (-6,)}",
                                   "{'descr': '|u1', 'fortran_order': False, 'shape': (6,), 'more': 1}",
                                   "{'descr': '|u1', 'descr': '|u1', 'fortran_order': False, 'shape': (6,)}",
                                   "{'descr': '|u1', 'fortran_order': 0, 'shape': (6,)}",
                                   "{'descr': '|u1', 'fortran_order': False, 'shape': (6,)} x",
                                   "{'descr': [('a', '|u1')], 'fortran_order': False, 'shape': (6,)}",
                                   "{'descr': '|u1', 'fortran_order': False, 'shape': (99999999999999999999,)}",
                                   "{'descr': '|u1' 'fortran_order': False, 'shape': (6,)}",
                                   "{'descr': '|u1', 'fortran_order': False, 'shape': (6,"}) {
    INFO(header);
    CHECK_THAT(fault_of(file_of(header, 6)),
               taut::tests::contains("expected a header with 'descr', 'fortran_order' and 'shape', found '"));
  }
}

TEST_CASE("weights.npy: values that do not fill the shape are refused, absent files are load errors") {
  const temporary_file file;
  const std::vector<float> values(5);
  CHECK_THROWS_AS(taut::write_npy<float>(file.path, values, extents{2, 3}), taut::save_error);
  CHECK_FALSE(fs::exists(file.path));
  CHECK_THROWS_AS(taut::read_npy<float>(file.path), taut::load_error);
}

TEST_CASE("weights.npy: ten thousand mutations end in a load error or in consistent data") {
  std::mt19937 random(20'003);
  const std::vector<std::byte> start = file_of(good, 6);
  std::size_t accepted = 0, refused = 0;
  for (int round = 0; round < 10'000; ++round) {
    std::vector<std::byte> bytes = start;
    for (std::size_t change = random() % 2 + 1; change-- > 0;) {
      const std::size_t at = random() % bytes.size();
      if (random() % 2 == 0) {
        bytes[at] ^= static_cast<std::byte>(1u << random() % 8);
      } else {
        bytes[at] = static_cast<std::byte>("{}()',: 0123456789FT"[random() % 20]);
      }
    }
    if (random() % 8 == 0) bytes.resize(random() % bytes.size());
    try {
      const taut::npy_array<std::uint8_t> array = taut::parse_npy<std::uint8_t>(bytes, "f");
      REQUIRE(taut::detail::product_of(array.shape) == array.values.size());
      ++accepted;
    } catch (const taut::load_error&) { ++refused; }
  }
  CHECK(accepted > 100);
  CHECK(refused > 5'000);
}
