// SPDX-License-Identifier: Apache-2.0
// The safetensors format, read as hostile input and written as the reference implementation writes it.
//
//   file = n (8 bytes, little endian), header (n bytes of JSON, blanks at the end), data
//   header = { "0.weight": { "dtype": "F32", "shape": [32, 64], "data_offsets": [0, 8192] }, ... }
//
// The byte ranges tile the data: no hole, no overlap, nothing after the last.
// Example: for (const auto& tensor : safetensors_file::read("net.safetensors").tensors()) use(tensor.name);
#pragma once
#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <functional>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <taut/weights/atomic_file.hpp>
#include <taut/weights/error.hpp>
#include <utility>
#include <vector>

namespace taut {

static_assert(std::endian::native == std::endian::little, "safetensors data is little endian and is not swapped here");

/// One tensor of a file: a view of its bytes, row-major, little endian. The bytes may be unaligned: copy, do not cast.
struct stored_tensor {
  std::string name;                  ///< for example "0.weight"
  std::string dtype;                 ///< F64 F32 F16 BF16 I64 I32 I16 I8 U64 U32 U16 U8 BOOL F8_E4M3 F8_E5M2
  std::vector<std::size_t> shape;    ///< outermost first; empty for a scalar
  std::span<const std::byte> bytes;  ///< @post bytes.size() == size of dtype * product of shape
};

/// A tensor on its way into a file; its bytes stay the caller's.
using tensor_to_store = stored_tensor;

/// Size of one element in bytes, or nothing for an unknown dtype: dtype_size("F32") == 4.
[[nodiscard]] constexpr std::optional<std::size_t> dtype_size(std::string_view dtype) noexcept {
  const auto is_one_of = [&](auto... names) { return ((dtype == names) || ...); };
  if (is_one_of("F64", "I64", "U64")) return 8;
  if (is_one_of("F32", "I32", "U32")) return 4;
  if (is_one_of("F16", "BF16", "I16", "U16")) return 2;
  if (is_one_of("I8", "U8", "BOOL", "F8_E4M3", "F8_E5M2")) return 1;
  return std::nullopt;
}

namespace detail {

inline constexpr std::size_t longest_header = 100'000'000;  // the reference implementation's limit
inline constexpr std::size_t highest_rank = 64;             // PyTorch's limit

/// "F32 [32, 64]"
[[nodiscard]] inline std::string type_text(std::string_view dtype, std::span<const std::size_t> shape) {
  std::string text = printable(dtype) + " [";
  for (std::size_t axis = 0; axis < shape.size(); ++axis) text += (axis ? ", " : "") + std::to_string(shape[axis]);
  return text + "]";
}

/// What the header says about one tensor.
struct header_entry {
  std::string name, dtype;
  std::size_t element_size = 0;
  std::vector<std::size_t> shape, offsets;
};

/// Reads the header's JSON event by event, so that depth and repeated names are seen. The first fault ends the reading.
class header_reader {
 public:
  std::vector<header_entry> entries;
  std::map<std::string, std::size_t, std::less<>> index;
  std::map<std::string, std::string> metadata;
  std::string tensor, expected, found;  // the first fault

  bool null() { return refuse_value("null"); }
  bool boolean(bool value) { return refuse_value(value ? "true" : "false"); }
  bool number_integer(std::int64_t value) { return refuse_value(std::to_string(value)); }
  bool number_float(double, const std::string& text) { return refuse_value(printable(text)); }
  bool binary(std::vector<std::uint8_t>&) { return refuse_value("binary data"); }

  bool number_unsigned(std::uint64_t value) {
    if (place != inside_array) return refuse_value(std::to_string(value));
    if (value > std::numeric_limits<std::size_t>::max()) return refuse_value(std::to_string(value));
    std::vector<std::size_t>& numbers = field == "shape" ? entries.back().shape : entries.back().offsets;
    const std::size_t most = field == "shape" ? highest_rank : 2;
    numbers.push_back(static_cast<std::size_t>(value));
    if (numbers.size() <= most) return true;
    return refuse("at most " + std::to_string(most) + " numbers in '" + field + "'", "more");
  }

  bool string(std::string& value) {
    if (place == inside_metadata) {
      metadata[field] = value;
      return true;
    }
    if (place != inside_tensor || field != "dtype") return refuse_value(in_quotes(value));
    const std::optional<std::size_t> size = dtype_size(value);
    if (!size) return refuse("a known dtype", in_quotes(value));
    entries.back().dtype = value;
    entries.back().element_size = *size;
    return true;
  }

  bool start_object(std::size_t) {
    if (place == before_all) {
      place = inside_header;
    } else if (place == inside_header && is_metadata) {
      place = inside_metadata;
    } else if (place == inside_header) {
      place = inside_tensor;
      seen.clear();
    } else {
      return refuse_value("an object");
    }
    return true;
  }

  bool end_object() {
    if (place == inside_tensor) {
      for (const char* required : {"dtype", "shape", "data_offsets"}) {
        if (std::find(seen.begin(), seen.end(), required) == seen.end()) {
          return refuse("an entry '" + std::string(required) + "'", "none");
        }
      }
    }
    place = place == inside_header ? after_all : inside_header;
    tensor.clear();
    return true;
  }

  bool start_array(std::size_t) {
    if (place != inside_tensor || (field != "shape" && field != "data_offsets")) return refuse_value("an array");
    place = inside_array;
    return true;
  }

  bool end_array() {
    place = inside_tensor;
    if (field == "shape" || entries.back().offsets.size() == 2) return true;
    return refuse("two numbers in 'data_offsets'", std::to_string(entries.back().offsets.size()));
  }

  bool key(std::string& name) {
    if (place == inside_header) return new_entry(name);
    field = name;
    if (place == inside_metadata) {
      return !metadata.contains(name) || refuse("each name once in '__metadata__'", in_quotes(name) + " twice");
    }
    if (name != "dtype" && name != "shape" && name != "data_offsets") {
      return refuse("only 'dtype', 'shape' and 'data_offsets'", in_quotes(name));
    }
    if (std::find(seen.begin(), seen.end(), name) != seen.end()) return refuse("one " + in_quotes(name), "two");
    seen.push_back(name);
    return true;
  }

  template <typename Exception> bool parse_error(std::size_t position, const std::string& token, const Exception&) {
    tensor.clear();
    return refuse("a header of valid JSON",
                  "a fault at byte " + std::to_string(position) + " of the header, near " + in_quotes(token));
  }

 private:
  enum places { before_all, inside_header, inside_metadata, inside_tensor, inside_array, after_all };

  bool new_entry(const std::string& name) {
    is_metadata = name == "__metadata__";
    field.clear();
    if (is_metadata) {
      if (!std::exchange(has_metadata, true)) return true;
      return refuse("each name once in the header", "'__metadata__' twice");
    }
    tensor = name;
    if (!index.emplace(name, entries.size()).second) {
      return refuse("each name once in the header", "a second tensor of this name");
    }
    entries.push_back({name, {}, 0, {}, {}});
    return true;
  }

  bool refuse(std::string wanted, std::string got) {
    expected = std::move(wanted);
    found = std::move(got);
    return false;
  }

  bool refuse_value(const std::string& value) {
    switch (place) {
      case inside_metadata:
        return refuse("text for " + in_quotes(field) + " in '__metadata__'", value);
      case inside_tensor:
        return refuse(field == "dtype" ? "text for 'dtype'" : "an array for " + in_quotes(field), value);
      case inside_array:
        return refuse("non-negative whole numbers in '" + field + "'", value);
      case inside_header:
        return refuse(is_metadata ? "an object '__metadata__'" : "an object", value);
      default:
        return refuse("a header that is a JSON object", value);
    }
  }

  places place = before_all;
  bool is_metadata = false, has_metadata = false;
  std::string field;
  std::vector<std::string> seen;
};

}  // namespace detail

/// The tensors and metadata of one safetensors file, checked; owns the bytes that the tensors view. Move only.
class safetensors_file {
 public:
  /// Reads and checks a whole file. @throws load_error naming the file, the tensor, what was expected and found.
  [[nodiscard]] static safetensors_file read(const std::filesystem::path& path) {
    return from_bytes(read_file(path), path);
  }

  /// The same for bytes already in memory; `path` serves the messages only.
  [[nodiscard]] static safetensors_file from_bytes(std::vector<std::byte> bytes, const std::filesystem::path& path) {
    safetensors_file result;
    result.where = path;
    result.storage = std::move(bytes);
    result.parse();
    return result;
  }

  safetensors_file(safetensors_file&&) = default;
  safetensors_file& operator=(safetensors_file&&) = default;
  safetensors_file(const safetensors_file&) = delete;
  safetensors_file& operator=(const safetensors_file&) = delete;
  ~safetensors_file() = default;

  /// All tensors in the order of the header.
  [[nodiscard]] const std::vector<stored_tensor>& tensors() const noexcept { return list; }
  /// The tensor of exactly that name, or nullptr.
  [[nodiscard]] const stored_tensor* find(std::string_view name) const {
    const auto position = index.find(name);
    return position == index.end() ? nullptr : &list[position->second];
  }
  /// The pairs of texts in "__metadata__".
  [[nodiscard]] const std::map<std::string, std::string>& metadata() const noexcept { return pairs; }
  /// The path given to `read`.
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return where; }

 private:
  safetensors_file() = default;

  [[nodiscard]] load_error failure(std::string tensor, std::string expected, std::string found) const {
    return load_error(where.string(), std::move(tensor), std::move(expected), std::move(found));
  }

  void parse() {
    const std::string_view header = header_text();
    detail::header_reader reader;
    if (!nlohmann::json::sax_parse(header.begin(), header.end(), &reader)) {
      throw failure(reader.tensor, reader.expected, reader.found);
    }
    const std::span<const std::byte> data = std::span<const std::byte>(storage).subspan(8 + header.size());
    check_tiling(reader.entries, data.size());
    for (detail::header_entry& entry : reader.entries) {
      const std::span<const std::byte> bytes = data.subspan(entry.offsets[0], entry.offsets[1] - entry.offsets[0]);
      list.push_back({std::move(entry.name), std::move(entry.dtype), std::move(entry.shape), bytes});
    }
    index = std::move(reader.index);
    pairs = std::move(reader.metadata);
  }

  [[nodiscard]] std::string_view header_text() const {
    if (storage.size() < 8) throw failure("", "at least 8 bytes", detail::counted(storage.size(), "byte"));
    std::uint64_t length = 0;
    std::memcpy(&length, storage.data(), 8);
    if (length > detail::longest_header) {
      throw failure("", "a header of at most " + detail::counted(detail::longest_header, "byte"),
                    "a header length of " + std::to_string(length));
    }
    if (length > storage.size() - 8) {
      throw failure("", "a header of " + detail::counted(static_cast<std::size_t>(length), "byte"),
                    "only " + detail::counted(storage.size() - 8, "byte") + " after the header length");
    }
    const auto* first = reinterpret_cast<const char*>(storage.data()) + 8;
    const std::string_view text(first, static_cast<std::size_t>(length));
    if (!text.starts_with('{'))
      throw failure("", "a header that begins with '{'", detail::in_quotes(text.substr(0, 20)));
    // The JSON library takes a zero byte for the end of its input; in JSON it is never valid.
    if (text.find('\0') != text.npos) throw failure("", "a header of valid JSON", "a zero byte");
    return text;
  }

  /// Every range has the size its type asks for, and together they are [0, size) without overlap or hole.
  void check_tiling(const std::vector<detail::header_entry>& entries, std::size_t size) const {
    for (const detail::header_entry& entry : entries) check_range(entry, size);
    std::vector<std::size_t> order(entries.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return entries[a].offsets != entries[b].offsets ? entries[a].offsets < entries[b].offsets : a < b;
    });
    std::size_t end = 0;
    std::string previous = "the beginning of the data";
    for (const std::size_t i : order) {
      const detail::header_entry& entry = entries[i];
      const std::size_t begin = entry.offsets[0];
      if (begin != end) {
        const std::size_t difference = begin < end ? end - begin : begin - end;
        throw failure(entry.name, "data from byte " + std::to_string(end) + " on, after " + previous,
                      (begin < end ? "an overlap of " : "a hole of ") + detail::counted(difference, "byte"));
      }
      end = entry.offsets[1];
      previous = detail::in_quotes(entry.name);
    }
    if (end != size) {
      throw failure("", detail::counted(end, "byte") + " of data", detail::counted(size - end, "byte") + " too many");
    }
  }

  void check_range(const detail::header_entry& entry, std::size_t size) const {
    const std::size_t begin = entry.offsets[0], end = entry.offsets[1];
    const std::string range = "data_offsets [" + std::to_string(begin) + ", " + std::to_string(end) + "]";
    const std::string type = detail::type_text(entry.dtype, entry.shape);
    if (begin > end) throw failure(entry.name, "data_offsets in ascending order", range);
    const std::optional<std::size_t> count = detail::bytes_of(entry.shape, entry.element_size);
    if (!count) throw failure(entry.name, "a shape that memory can address", type);
    if (*count != end - begin) {
      throw failure(entry.name, detail::counted(*count, "byte") + " for " + type,
                    detail::counted(end - begin, "byte") + " in " + range);
    }
    if (end > size) throw failure(entry.name, range + " inside the data", "only " + detail::counted(size, "byte"));
  }

  std::filesystem::path where;
  std::vector<std::byte> storage;
  std::vector<stored_tensor> list;
  std::map<std::string, std::size_t, std::less<>> index;
  std::map<std::string, std::string> pairs;
};

/// Writes tensors and metadata as one safetensors file, completely or not at all. Larger element types come first, in
/// the given order otherwise, so that every tensor is aligned to its element size. @throws save_error
inline void write_safetensors(const std::filesystem::path& path, std::span<const tensor_to_store> tensors,
                              const std::map<std::string, std::string>& metadata = {}) {
  const auto failure = [&](const std::string& name, const std::string& reason) {
    return save_error(path.string(), "tensor " + detail::in_quotes(name) + ": " + reason);
  };
  for (const tensor_to_store& tensor : tensors) {
    const std::optional<std::size_t> size = dtype_size(tensor.dtype);
    if (!size) throw failure(tensor.name, "unknown dtype " + detail::in_quotes(tensor.dtype));
    if (detail::bytes_of(tensor.shape, *size) != tensor.bytes.size() || tensor.shape.size() > detail::highest_rank) {
      throw failure(tensor.name, detail::counted(tensor.bytes.size(), "byte") + " do not make " +
                                     detail::type_text(tensor.dtype, tensor.shape));
    }
  }
  std::vector<const tensor_to_store*> order;
  for (const std::size_t size : {8u, 4u, 2u, 1u}) {
    for (const tensor_to_store& tensor : tensors) {
      if (dtype_size(tensor.dtype) == size) order.push_back(&tensor);
    }
  }
  std::string header;
  const auto add = [&](const std::string& name, const std::string& value) {
    header += (header.empty() ? "{" : ",") + nlohmann::json(name).dump() + ":" + value;
  };
  try {
    if (!metadata.empty()) add("__metadata__", nlohmann::json(metadata).dump());
    std::set<std::string_view> names{"__metadata__"};
    std::size_t offset = 0;
    for (const tensor_to_store* tensor : order) {
      if (!names.insert(tensor->name).second) throw failure(tensor->name, "this name is taken");
      const std::size_t end = offset + tensor->bytes.size();
      add(tensor->name, R"({"dtype":")" + tensor->dtype + R"(","shape":)" + nlohmann::json(tensor->shape).dump() +
                            R"(,"data_offsets":[)" + std::to_string(offset) + "," + std::to_string(end) + "]}");
      offset = end;
    }
  } catch (const nlohmann::json::exception&) {
    throw save_error(path.string(), "names and metadata must be valid UTF-8");
  }
  header += header.empty() ? "{}" : "}";
  header.append((8 - header.size() % 8) % 8, ' ');
  if (header.size() > detail::longest_header) throw save_error(path.string(), "the header exceeds the format's limit");
  atomic_file file(path);
  file.write(std::bit_cast<std::array<std::byte, 8>>(std::uint64_t{header.size()}));
  file.write(header);
  for (const tensor_to_store* tensor : order) file.write(tensor->bytes);
  file.commit();
}

}  // namespace taut
