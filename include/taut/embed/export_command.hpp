// SPDX-License-Identifier: Apache-2.0
// The command that turns a file of weights into what firmware includes. A program for a model's type is one line, and
// CMake's taut_export writes it:
//
//   int main(int count, char** words) { return taut::export_command<Digits>(count, words); }
//
//   export_digits --weights digits.safetensors --vectors inputs.safetensors --kind int8 --output digits.hpp
//
// float and float_fma: write_header for firmware; int8: the network in bytes; c: plain C. Output is written completely
// or not at all, and depends on nothing but the files and options.
#pragma once
#include <charconv>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <exception>
#include <filesystem>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <taut/embed/c_source.hpp>
#include <taut/embed/header.hpp>
#include <taut/embed/quantize.hpp>
#include <taut/embed/quantized_header.hpp>
#include <taut/weights/atomic_file.hpp>
#include <taut/weights/load.hpp>
#include <vector>

namespace taut {

/// What is exported, and how.
struct export_request {
  std::filesystem::path weights, output;  ///< a safetensors file; the header or C file to write
  /// A safetensors file with a tensor "input" of inputs, F32 [count, ...]: the first `tests` of them become the vectors
  /// of self_test(), the others calibrate bytes.
  std::filesystem::path vectors = {};
  std::size_t tests = 8;
  std::string kind = "float";  ///< float, float_fma, int8 or c
  header_options header = {};  ///< name, proof, range
};

namespace exported {

/// The tensor "input" of a file, one input after the other. @throws load_error
template <class Net> std::vector<float> inputs_in(const std::filesystem::path& path) {
  const auto file = safetensors_file::read(path);
  const stored_tensor* const found = file.find("input");
  const auto failure = [&](const std::string& wanted, const std::string& got) {
    return load_error(path.string(), "input", wanted, got);
  };
  const std::string wanted = "F32 [count, " + std::to_string(Net::input_size) + "]";
  if (found == nullptr) throw failure(wanted, "no tensor of this name");
  const std::size_t rows = found->shape.empty() ? 0 : found->shape[0], row = Net::input_size * sizeof(float);
  if (found->dtype != "F32" || rows == 0 || found->bytes.size() != rows * row)
    throw failure(wanted, detail::type_text(found->dtype, found->shape));
  std::vector<float> inputs(rows * Net::input_size);
  std::memcpy(inputs.data(), found->bytes.data(), found->bytes.size());
  for (std::size_t i = 0; i < inputs.size(); ++i)
    if (!rounded::is_finite(inputs[i])) throw failure("finite values", "another one at position " + std::to_string(i));
  return inputs;
}

/// The words of a command line. @throws std::invalid_argument naming the word that is wrong
inline export_request request_of(std::span<const char* const> words) {
  export_request request;
  for (std::size_t i = 0; i < words.size(); i += 2) {
    const std::string option = words[i];
    if (i + 1 == words.size()) throw std::invalid_argument(option + " has no value");
    const std::string_view value = words[i + 1];
    const auto read = [&](auto& number) {
      const auto [end, fault] = std::from_chars(value.data(), value.data() + value.size(), number);
      if (fault != std::errc{} || end != value.data() + value.size() || !(number >= 0))
        throw std::invalid_argument(option + " takes a number that is not negative, not '" + std::string(value) + "'");
    };
    if (option == "--weights") request.weights = value;
    else if (option == "--output") request.output = value;
    else if (option == "--vectors") request.vectors = value;
    else if (option == "--tests") read(request.tests);
    else if (option == "--kind") request.kind = value;
    else if (option == "--name") request.header.name = value;
    else if (option == "--proof") request.header.proof = value;
    else if (option == "--largest-norm") read(request.header.range.largest_norm);
    else if (option == "--smallest-std") read(request.header.range.smallest_std);
    else throw std::invalid_argument("there is no option " + option);
  }
  if (request.weights.empty() || request.output.empty())
    throw std::invalid_argument("--weights and --output are needed");
  return request;
}

}  // namespace exported

/// Writes what is asked for. @throws load_error, save_error, and std::invalid_argument when the network or the options
/// do not allow it; an older output is then unharmed.
template <Network Net> void export_network(const export_request& request) {
  const auto p = std::make_unique<parameters<Net>>();
  load_safetensors(request.weights, *p);
  std::vector<float> inputs;
  if (!request.vectors.empty()) inputs = exported::inputs_in<Net>(request.vectors);
  const std::size_t tested = std::min(inputs.size(), request.tests * Net::input_size);
  header_options options = exported::named(request.header, request.output);
  options.test_inputs.assign(inputs.begin(), inputs.begin() + static_cast<std::ptrdiff_t>(tested));
  const auto refuse = [&](const std::string& reason) {
    throw std::invalid_argument("--kind " + request.kind + reason);
  };
  if (request.kind == "float") {
    write_header<float32<simd::scalar>>(*p, request.output, options);
  } else if (request.kind == "float_fma") {
    write_header<float32<simd::fused_scalar>>(*p, request.output, options);
  } else if (request.kind == "int8") {
    if constexpr (engine_plan::fits_bytes<Net>()) {
      if (tested == inputs.size()) refuse(" needs --vectors with inputs beyond those of --tests: they calibrate it");
      const auto q = std::make_unique<quantized<Net>>(quantize(*p, std::span<const float>(inputs).subspan(tested)));
      if constexpr (fits_pocket_bytes<Net>()) write_header(certifier(*p, *q), request.output, options);
      else write_header(*q, request.output, options);
    } else {
      refuse(" takes affine layers (not convolutions), normalizers over all of their outputs and pointwise layers");
    }
  } else if (request.kind == "c") {
    if constexpr (fits_c<Net>()) write_file(request.output, std::string_view(c_source(*p, options)));
    else refuse(" takes affine layers (not convolutions), normalizers over all of their outputs and ReLU or its like");
  } else {
    refuse(": there are float, float_fma, int8 and c");
  }
}

/// The whole command: its status is 0, or 1 with one sentence on stderr.
template <Network Net> [[nodiscard]] int export_command(int count, const char* const* words) {
  try {
    export_network<Net>(exported::request_of({words + 1, static_cast<std::size_t>(count > 0 ? count - 1 : 0)}));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", count > 0 ? words[0] : "export", error.what());
  }
  return 1;
}

}  // namespace taut
