// SPDX-License-Identifier: Apache-2.0
// The twin of weights/safetensors.hpp: every way a file can be wrong, round trips, and ten thousand mutations.
// TAUT_SHARED_DATA names a folder with the reference files of torch/; without it the last test says that it is skipped.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <taut/weights/safetensors.hpp>
#include <type_traits>
#include <utility>
#include <vector>

#include "support/catch.hpp"

static_assert(taut::dtype_size("F32") == 4 && taut::dtype_size("BF16") == 2 && taut::dtype_size("BOOL") == 1);
static_assert(!taut::dtype_size("F128") && !taut::dtype_size("") && !taut::dtype_size("f32"));
static_assert(std::is_nothrow_move_constructible_v<taut::safetensors_file>);
static_assert(!std::is_copy_constructible_v<taut::safetensors_file>);

namespace {

namespace fs = std::filesystem;
using namespace std::literals;

// Linear(4, 3) >> LayerNorm >> Linear(3, 2) as PyTorch stores it: 116 bytes of data.
const std::string good_header = R"({"0.weight":{"dtype":"F32","shape":[3,4],"data_offsets":[0,48]},)"
                                R"("0.bias":{"dtype":"F32","shape":[3],"data_offsets":[48,60]},)"
                                R"("1.weight":{"dtype":"F32","shape":[3],"data_offsets":[60,72]},)"
                                R"("1.bias":{"dtype":"F32","shape":[3],"data_offsets":[72,84]},)"
                                R"("3.weight":{"dtype":"F32","shape":[2,3],"data_offsets":[84,108]},)"
                                R"("3.bias":{"dtype":"F32","shape":[2],"data_offsets":[108,116]}})";
constexpr std::size_t good_data = 116;

std::vector<std::byte> counting(std::size_t size) {
  std::vector<std::byte> bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i & 255);
  return bytes;
}

std::vector<std::byte> file_of(std::uint64_t length, std::string_view header, std::size_t data) {
  std::vector<std::byte> bytes = counting(data);
  bytes.insert(bytes.begin(), 8 + header.size(), std::byte{0});
  std::memcpy(bytes.data(), &length, 8);
  std::memcpy(bytes.data() + 8, header.data(), header.size());
  return bytes;
}

std::vector<std::byte> file_of(std::string_view header, std::size_t data) {
  return file_of(header.size(), header, data);
}

/// The good header with one passage replaced.
std::string changed(std::string_view passage, std::string_view replacement) {
  std::string header = good_header;
  const std::size_t at = header.find(passage);
  REQUIRE(at != header.npos);
  return header.replace(at, passage.size(), replacement);
}

/// What the error says after the file's name, "no error" without one. Other exceptions end the test.
std::string fault_of(std::vector<std::byte> bytes) {
  try {
    static_cast<void>(taut::safetensors_file::from_bytes(std::move(bytes), "f"));
  } catch (const taut::load_error& error) { return std::string(error.what()).substr(3); }
  return "no error";
}

std::string fault_of(std::string_view header, std::size_t data = good_data) { return fault_of(file_of(header, data)); }

/// A header of one tensor "t" with the given fields.
std::string one(std::string_view fields) { return R"({"t":{)" + std::string(fields) + "}}"; }

struct temporary_file {
  fs::path path = fs::temp_directory_path() / ("taut-safetensors-" + std::to_string(std::random_device{}()));
  temporary_file() = default;
  temporary_file(temporary_file&&) = delete;
  ~temporary_file() {
    std::error_code ignored;
    fs::remove(path, ignored);
  }
};

std::string text_of(const fs::path& path) {
  const std::vector<std::byte> bytes = taut::read_file(path);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

TEST_CASE("weights.safetensors: a good file gives its tensors in order") {
  const auto file = taut::safetensors_file::from_bytes(file_of(good_header, good_data), "net");
  REQUIRE(file.tensors().size() == 6);
  CHECK(file.tensors()[0].name == "0.weight");
  CHECK(file.tensors()[0].dtype == "F32");
  CHECK(file.tensors()[0].shape == std::vector<std::size_t>{3, 4});
  CHECK(file.tensors()[5].bytes.size() == 8);
  CHECK(file.tensors()[5].bytes[0] == std::byte{108});
  CHECK(file.find("1.bias") == &file.tensors()[3]);
  CHECK(file.find("1.") == nullptr);
  CHECK(file.metadata().empty());
  CHECK(file.path() == "net");
}

TEST_CASE("weights.safetensors: a moved file still views its bytes") {
  auto first = taut::safetensors_file::from_bytes(file_of(good_header, good_data), "net");
  const auto second = std::move(first);
  REQUIRE(second.find("3.bias") != nullptr);
  CHECK(second.find("3.bias")->bytes[7] == std::byte{115});
}

TEST_CASE("weights.safetensors: scalars, empty tensors, metadata and blanks are good") {
  CHECK(fault_of("{}   \n", 0) == "no error");
  CHECK(fault_of(one(R"("dtype":"F64","shape":[],"data_offsets":[0,8])"), 8) == "no error");
  CHECK(fault_of(one(R"("data_offsets":[0,0],"shape":[5,0],"dtype":"I8")"), 0) == "no error");
  const auto file = taut::safetensors_file::from_bytes(file_of(R"({"__metadata__":{"format":"pt","":""}})", 0), "f");
  CHECK(file.metadata() == std::map<std::string, std::string>{{"format", "pt"}, {"", ""}});
}

TEST_CASE("weights.safetensors: ranges may be listed in any order") {
  const std::string header = R"({"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]},)"
                             R"("a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})";
  const auto file = taut::safetensors_file::from_bytes(file_of(header, 3), "f");
  CHECK(file.tensors()[0].name == "b");
  CHECK(file.find("a")->bytes[0] == std::byte{0});
}

TEST_CASE("weights.safetensors: each malformed file has its own message") {
  CHECK(fault_of(std::vector<std::byte>{}) == "expected at least 8 bytes, found 0 bytes");
  CHECK(fault_of(std::vector<std::byte>(7)) == "expected at least 8 bytes, found 7 bytes");
  CHECK(fault_of(file_of(good_header.size(), good_header.substr(0, 188), 0)) ==
        "expected a header of 373 bytes, found only 188 bytes after the header length");
  CHECK(fault_of(file_of(1500, good_header, good_data)) ==
        "expected a header of 1500 bytes, found only 489 bytes after the header length");
  for (const std::uint64_t length : {~std::uint64_t{0}, ~std::uint64_t{7}, std::uint64_t{100'000'001}}) {
    CHECK(fault_of(file_of(length, good_header, good_data)) ==
          "expected a header of at most 100000000 bytes, found a header length of " + std::to_string(length));
  }
  CHECK(fault_of("this is not JSON") == "expected a header that begins with '{', found 'this is not JSON'");
  CHECK(fault_of("") == "expected a header that begins with '{', found ''");
  CHECK(fault_of(good_header, good_data - 5) ==
        "tensor '3.bias': expected data_offsets [108, 116] inside the data, found only 111 bytes");
  CHECK(fault_of(good_header, good_data + 1) == "expected 116 bytes of data, found 1 byte too many");
  CHECK(fault_of(changed("[72,84]", "[60,72]")) ==
        "tensor '1.bias': expected data from byte 72 on, after '1.weight', found an overlap of 12 bytes");
  CHECK(fault_of(changed("[72,84]", "[68,80]")) ==
        "tensor '1.bias': expected data from byte 72 on, after '1.weight', found an overlap of 4 bytes");
  CHECK(fault_of(changed(R"("0.bias":{"dtype":"F32","shape":[3],"data_offsets":[48,60]},)", "")) ==
        "tensor '1.weight': expected data from byte 48 on, after '0.weight', found a hole of 12 bytes");
  CHECK(fault_of(changed(R"("F32","shape":[3,4])", R"("F16","shape":[3,4])")) ==
        "tensor '0.weight': expected 24 bytes for F16 [3, 4], found 48 bytes in data_offsets [0, 48]");
  CHECK(fault_of(changed("1.bias", "0.bias")) ==
        "tensor '0.bias': expected each name once in the header, found a second tensor of this name");
}

TEST_CASE("weights.safetensors: each malformed entry has its own message") {
  const auto entry = [prefix = "tensor 't': expected "s](std::string_view fields) {
    const std::string fault = fault_of(one(fields), 8);
    return fault.starts_with(prefix) ? fault.substr(prefix.size()) : fault;
  };
  const auto placed = [&](const std::string& shape, const std::string& offsets) {
    return entry(R"("dtype":"F64","shape":)" + shape + R"(,"data_offsets":)" + offsets);
  };
  CHECK(entry(R"("dtype":"F128","shape":[1],"data_offsets":[0,8])") == "a known dtype, found 'F128'");
  CHECK(entry(R"("dtype":7,"shape":[1],"data_offsets":[0,8])") == "text for 'dtype', found 7");
  CHECK(entry(R"("dtype":"F64","shape":1,"data_offsets":[0,8])") == "an array for 'shape', found 1");
  CHECK(entry(R"("dtype":"F64","shape":"1","data_offsets":[0,8])") == "an array for 'shape', found '1'");
  for (const std::string value : {"-1", "1.0", "1e0", "18446744073709551616", "null", "true"}) {
    CHECK(placed("[" + value + "]", "[0,8]") == "non-negative whole numbers in 'shape', found " + value);
  }
  CHECK(placed("[[1]]", "[0,8]") == "non-negative whole numbers in 'shape', found an array");
  CHECK(placed("[{}]", "[0,8]") == "non-negative whole numbers in 'shape', found an object");
  CHECK(placed("[4294967296,4294967296,2]", "[0,8]") ==
        "a shape that memory can address, found F64 [4294967296, 4294967296, 2]");
  CHECK(placed("[2305843009213693953]", "[0,8]") == "a shape that memory can address, found F64 [2305843009213693953]");
  CHECK(placed("[1]", "[8,0]") == "data_offsets in ascending order, found data_offsets [8, 0]");
  CHECK(placed("[1]", "[0]") == "two numbers in 'data_offsets', found 1");
  CHECK(placed("[1]", "[0,8,8]") == "at most 2 numbers in 'data_offsets', found more");
  CHECK(placed("[1]", "[18446744073709551608,18446744073709551615]") ==
        "8 bytes for F64 [1], found 7 bytes in data_offsets [18446744073709551608, 18446744073709551615]");
  CHECK(entry(R"("dtype":"F64","shape":[1])") == "an entry 'data_offsets', found none");
  CHECK(entry(R"("shape":[1],"data_offsets":[0,8])") == "an entry 'dtype', found none");
  CHECK(entry(R"("dtype":"F64","dtype":"I64","shape":[1],"data_offsets":[0,8])") == "one 'dtype', found two");
  CHECK(entry(R"("dtype":"F64","shape":[1],"data_offsets":[0,8],"stride":[1])") ==
        "only 'dtype', 'shape' and 'data_offsets', found 'stride'");
  CHECK(fault_of(R"({"t":3})", 0) == "tensor 't': expected an object, found 3");
  CHECK(fault_of(R"({"__metadata__":[]})", 0) == "expected an object '__metadata__', found an array");
  CHECK(fault_of(R"({"__metadata__":{"epoch":3}})", 0) == "expected text for 'epoch' in '__metadata__', found 3");
  CHECK(fault_of(R"({"__metadata__":{"a":"","a":""}})", 0) ==
        "expected each name once in '__metadata__', found 'a' twice");
  CHECK(fault_of(R"({"__metadata__":{},"__metadata__":{}})", 0) ==
        "expected each name once in the header, found '__metadata__' twice");
}

TEST_CASE("weights.safetensors: JSON that other readers disagree about is refused") {
  using Catch::Matchers::StartsWith;
  const std::string refusal = "expected a header of valid JSON, found ";
  CHECK(fault_of(std::string_view("{}\0{}", 5), 0) == refusal + "a zero byte");
  for (const std::string header :
       {"{", "{}}", "{} x", "{,}", "{\"a\"}", "{'a':1}", "{}//", "{\"\xff\":1}", "{\"\\ud800\":1}"}) {
    CHECK_THAT(fault_of(header, 0), StartsWith(refusal + "a fault at byte "));
  }
  CHECK_THAT(fault_of("\xef\xbb\xbf{}", 0), StartsWith("expected a header that begins with '{'"));
  CHECK_THAT(fault_of(R"({"t":1e999})", 0), StartsWith(refusal));
}

TEST_CASE("weights.safetensors: depth bombs and huge headers are refused or read in linear time") {
  const std::size_t million = 1'000'000;
  CHECK(fault_of(R"({"t":)" + std::string(million, '['), 0) == "tensor 't': expected an object, found an array");
  CHECK(fault_of(one(R"("shape":)" + std::string(million, '[')), 0) ==
        "tensor 't': expected non-negative whole numbers in 'shape', found an array");
  std::string nested;
  for (std::size_t i = 0; i < million; ++i) nested += "{\"a\":";
  CHECK(fault_of(nested, 0) == "tensor 'a': expected only 'dtype', 'shape' and 'data_offsets', found 'a'");
  std::string ones = "1";
  for (std::size_t i = 0; i < million; ++i) ones += ",1";
  CHECK(fault_of(one(R"("shape":[)" + ones + "]"), 0) ==
        "tensor 't': expected at most 64 numbers in 'shape', found more");
  CHECK(fault_of("{\"" + std::string(million, 'n') + "\":1}", 0) ==
        "tensor '" + std::string(80, 'n') + "...': expected an object, found 1");
  std::string many;
  for (int i = 0; i < 20'000; ++i) {
    many += (i ? ",\"" : "{\"") + std::to_string(i) + R"(":{"dtype":"F32","shape":[0],"data_offsets":[0,0]})";
  }
  CHECK(fault_of(many + "}", 0) == "no error");
}

TEST_CASE("weights.safetensors: what is no file is a load error too") {
  CHECK_THROWS_AS(taut::safetensors_file::read("no such folder/net.safetensors"), taut::load_error);
  CHECK_THROWS_AS(taut::safetensors_file::read(fs::temp_directory_path()), taut::load_error);
}

TEST_CASE("weights.safetensors: written bytes are the reference implementation's") {
  const temporary_file file;
  const std::vector<std::byte> data = counting(24);
  const std::vector<taut::tensor_to_store> tensors{{"attn0", "F32", {1, 1, 2, 3}, data}};
  taut::write_safetensors(file.path, tensors);
  std::string text = R"({"attn0":{"dtype":"F32","shape":[1,1,2,3],"data_offsets":[0,24]}})";
  text = std::string("\x48\0\0\0\0\0\0\0", 8) + text + std::string(7, ' ');
  for (char i = 0; i < 24; ++i) text += i;
  CHECK(text_of(file.path) == text);

  taut::write_safetensors(file.path, {});
  CHECK(text_of(file.path) == std::string("\x08\0\0\0\0\0\0\0{}      ", 16));
  taut::write_safetensors(file.path, {}, {{"framework", "pt"}});
  CHECK(text_of(file.path) == std::string("\x28\0\0\0\0\0\0\0", 8) + R"({"__metadata__":{"framework":"pt"}}     )");
}

TEST_CASE("weights.safetensors: a round trip keeps everything and aligns every tensor") {
  const temporary_file file;
  const std::vector<std::byte> data = counting(256);
  const std::span<const std::byte> bytes(data);
  const std::vector<taut::tensor_to_store> tensors{{"flag", "BOOL", {3}, bytes.first(3)},
                                                   {"half", "BF16", {}, bytes.subspan(3, 2)},
                                                   {"quote \" slash \\ \xc3\xa9", "F32", {2, 2}, bytes.subspan(5, 16)},
                                                   {"empty", "I16", {0, 7}, {}},
                                                   {"", "U8", {1}, bytes.last(1)},
                                                   {"label", "I64", {1}, bytes.subspan(21, 8)},
                                                   {"wide", "F64", {3, 1}, bytes.subspan(29, 24)}};
  const std::map<std::string, std::string> metadata{{"format", "pt"}, {"line\n", "\t\""}};
  taut::write_safetensors(file.path, tensors, metadata);
  const auto back = taut::safetensors_file::read(file.path);
  CHECK(back.metadata() == metadata);
  REQUIRE(back.tensors().size() == tensors.size());
  CHECK(back.tensors()[0].name == "label");
  for (const taut::tensor_to_store& tensor : tensors) {
    INFO(tensor.name);
    const taut::stored_tensor* found = back.find(tensor.name);
    REQUIRE(found != nullptr);
    CHECK(found->dtype == tensor.dtype);
    CHECK(found->shape == tensor.shape);
    CHECK(std::equal(found->bytes.begin(), found->bytes.end(), tensor.bytes.begin(), tensor.bytes.end()));
    CHECK(reinterpret_cast<std::uintptr_t>(found->bytes.data()) % *taut::dtype_size(tensor.dtype) == 0);
  }
}

TEST_CASE("weights.safetensors: what cannot be stored is refused and the old file stays") {
  const temporary_file file;
  const std::vector<std::byte> data = counting(8);
  const auto refusal = [&](const std::vector<taut::tensor_to_store>& tensors,
                           const std::map<std::string, std::string>& metadata = {}) -> std::string {
    try {
      taut::write_safetensors(file.path, tensors, metadata);
    } catch (const taut::save_error& error) { return error.reason(); }
    return "no error";
  };
  taut::write_file(file.path, "old");
  CHECK(refusal({{"t", "F128", {1}, data}}) == "tensor 't': unknown dtype 'F128'");
  CHECK(refusal({{"t", "F32", {3}, data}}) == "tensor 't': 8 bytes do not make F32 [3]");
  CHECK(refusal({{"t", "F32", {std::size_t{1} << 63, 2}, {}}}) ==
        "tensor 't': 0 bytes do not make F32 [9223372036854775808, 2]");
  CHECK(refusal({{"t", "F64", {1}, data}, {"t", "I64", {1}, data}}) == "tensor 't': this name is taken");
  CHECK(refusal({{"__metadata__", "F64", {1}, data}}) == "tensor '__metadata__': this name is taken");
  CHECK(refusal({{"\xff", "F64", {1}, data}}) == "names and metadata must be valid UTF-8");
  CHECK(refusal({}, {{"a", "\xff"}}) == "names and metadata must be valid UTF-8");
  CHECK(text_of(file.path) == "old");
}

TEST_CASE("weights.safetensors: ten thousand mutations end in a load error or a consistent file") {
  std::mt19937 random(20'000);
  const auto below = [&](std::size_t limit) {
    return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random);
  };
  const std::string_view alphabet = "{}[]\",:0123456789-+.eE \\u\0\x7f\xff_FIU"sv;
  const std::string start = R"({"__metadata__":{"format":"pt"},)" + good_header.substr(1);
  std::size_t accepted = 0, refused = 0, touched = 0;
  for (int round = 0; round < 10'000; ++round) {
    std::string header = start;
    std::size_t data = good_data;
    for (std::size_t change = below(3) + 1; change-- > 0;) {
      const std::size_t at = below(header.size()), size = std::min(below(40), header.size() - at);
      switch (below(6)) {
        case 0:
          header[at] = alphabet[below(alphabet.size())];
          break;
        case 1:
          header[at] = static_cast<char>(header[at] ^ (1 << below(8)));
          break;
        case 2:
          header.insert(at, 1, alphabet[below(alphabet.size())]);
          break;
        case 3:
          header.erase(at, size + (size == header.size() ? 0 : 1));
          break;
        case 4:
          header.insert(below(header.size()), header.substr(at, size));
          break;
        default:
          data = below(2 * good_data);
          break;
      }
      if (header.empty()) header = "{";
    }
    std::vector<std::byte> bytes = file_of(header, data);
    if (below(4) == 0) bytes[below(8)] ^= static_cast<std::byte>(1 << below(8));
    if (below(4) == 0) bytes.resize(below(bytes.size() + 1));
    try {
      const auto file = taut::safetensors_file::from_bytes(std::move(bytes), "f");
      ++accepted;
      for (const taut::stored_tensor& tensor : file.tensors()) {
        REQUIRE(tensor.bytes.size() == taut::detail::bytes_of(tensor.shape, taut::dtype_size(tensor.dtype).value()));
        for (const std::byte value : tensor.bytes) touched += std::to_integer<std::size_t>(value);
      }
    } catch (const taut::load_error& error) {
      ++refused;
      REQUIRE(error.file() == "f");
      REQUIRE((error.expected() != "" && error.found() != ""));
    }
  }
  CHECK(accepted > 100);
  CHECK(refused > 5'000);
  CHECK(touched > 0);
}

TEST_CASE("weights.safetensors: the reference files are told apart, and writing them again gives the same bytes") {
  const char* folder = std::getenv("TAUT_SHARED_DATA");
  if (folder == nullptr) {
    WARN("skipped: the environment variable TAUT_SHARED_DATA names no folder");
    return;
  }
  const std::map<std::string, std::string> faults{
      {"truncated_header", "expected a header of 376 bytes, found only 188 bytes"},
      {"truncated_data", "tensor '3.bias': expected data_offsets [108, 116] inside the data"},
      {"header_len_too_large", "expected a header of 1500 bytes, found only 492 bytes"},
      {"header_len_u64max", "found a header length of 18446744073709551615"},
      {"overlapping_offsets", "after '1.weight', found an overlap of 12 bytes"},
      {"overlapping_offsets_hole", "after '1.weight', found an overlap of 4 bytes"},
      {"wrong_dtype_f16_size", "tensor '0.weight': expected 24 bytes for F16 [3, 4], found 48 bytes"},
      {"not_json", "expected a header that begins with '{'"},
      {"empty", "expected at least 8 bytes, found 0 bytes"},
      {"duplicated_key", "tensor '0.bias': expected each name once in the header"}};
  const temporary_file copy;
  std::size_t good = 0, bad = 0;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(fs::path(folder) / "torch")) {
    if (entry.path().extension() != ".safetensors") continue;
    INFO(entry.path());
    const auto fault = faults.find(entry.path().stem().string());
    try {
      const auto file = taut::safetensors_file::read(entry.path());
      CHECK(fault == faults.end());
      CHECK_FALSE(file.tensors().empty());
      taut::write_safetensors(copy.path, file.tensors(), file.metadata());
      CHECK(text_of(copy.path) == text_of(entry.path()));
      ++good;
    } catch (const taut::load_error& error) {
      REQUIRE(fault != faults.end());
      CHECK_THAT(error.what(), taut::tests::contains(fault->second));
      ++bad;
    }
  }
  CHECK(bad == faults.size());
  CHECK(good > bad);
}
