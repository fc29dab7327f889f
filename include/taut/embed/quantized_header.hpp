// SPDX-License-Identifier: Apache-2.0
// A network in bytes as a C++ header for firmware: its type, its values bit for bit, its engine and self_test().
//
//   write_header(quantize(p, samples), "digits_int8.hpp", {.test_inputs = samples});     // then, in the firmware:
//   #include "digits_int8.hpp"
//   std::array<float, 10> y = digits_int8::engine(x);
//
// write_header(certifier(p, q), ...) brings a guard, too: certify(digits_int8::guard, digits_int8::engine, x), label
// and radius on the processor (embed/pocket_bytes.hpp).
// The text depends on nothing but the arguments. The outputs of test_inputs have the same bits on every processor.
#pragma once
#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <taut/embed/header.hpp>
#include <taut/embed/literal.hpp>
#include <taut/embed/pocket_byte_constants.hpp>
#include <taut/embed/spelling.hpp>
#include <taut/engine/int8.hpp>
#include <taut/weights/atomic_file.hpp>
#include <vector>

namespace taut {

namespace exported {

inline constexpr std::string_view engine_of_bytes = R"(
/// The network in bytes.
inline constexpr taut::quantized<Net> parameters = [] {
  taut::quantized<Net> q;
  q.input_unit = UNIT;
STAGES  return q;
}();

/// The network, ready to run, in read-only memory.
inline constexpr auto engine = taut::compile(parameters);
)";

inline constexpr std::string_view guard_of_bytes = R"(
/// What certify(guard, engine, x) needs: proved when this was written, of these bytes and the weights in float.
inline constexpr taut::pocket_byte_guard<Net> guard = {
    INPUT,
    {DISTANCE},
    {FALL},
    {SLIPS},
    {BIASES},
    {{STAGES}},
    {{STEPS}},
    INSIDE};
)";

inline std::vector<float> numbers_of(const certificates::pocket_byte_stage& s) {
  return {s.norm, s.slip, s.bias_slip, s.radius, s.pointwise, s.rounded, s.unit};
}

template <Network Net> std::string guard_text(const pocket_byte_guard<Net>& guard) {
  const auto numbers = [](const auto& row) { return numbers_of(row); };
  return replaced(guard_of_bytes, {{"INPUT", literal(guard.input_unit)},
                                   {"DISTANCE", list_of<float>(guard.distance)},
                                   {"FALL", list_of<float>(guard.fall)},
                                   {"SLIPS", list_of<float>(guard.row_slip)},
                                   {"BIASES", list_of<float>(guard.row_bias_slip)},
                                   {"STAGES", rows_of(guard.stage, numbers)},
                                   {"STEPS", rows_of(guard.steps, numbers)},
                                   {"INSIDE", guard.inside_implied ? "true" : "false"}});
}

template <Network Net>
std::string bytes_text(const quantized<Net>& q, const header_options& options, const std::string& guard) {
  require_identifier(options.name);
  std::string before = "#include <cstdint>\n#include <taut/base/macros_aside.hpp>\n";
  if (!guard.empty()) before += "#include <taut/embed/pocket_bytes.hpp>\n";
  std::string text = beginning_text<Net>(options, "in bytes", "", before + header_of_firmware);
  std::string stages;
  base::for_each_index<quantized<Net>::stages>([&]<std::size_t S>() {
    const auto& stage = std::get<S>(q.stage);
    using values = std::remove_cvref_t<decltype(stage)>;
    const std::string number = std::to_string(S), s = "std::get<" + number + ">(q.stage).";
    text +=
        "\n// Stage " + number + ": " + std::to_string(values::rows) + " x " + std::to_string(values::columns) + "\n";
    values::arrays(stage, [&](const char* name, const auto& array) {
      using element = typename std::remove_cvref_t<decltype(array)>::value_type;
      const std::string key = "stage" + number + "_" + name, size = std::to_string(array.size());
      const char* type = std::same_as<element, float> ? "float" : sizeof(element) == 1 ? "std::int8_t" : "std::int32_t";
      ((text += "inline constexpr ") += type) += " " + key + "[" + size + "] = {";
      write_values<element>(text, std::span<const element>(array), "    ");
      text += "};\n";
      stages += "  taut::base::copy_elements(" + key + ", " + s + name + ".data(), " + size + ");\n";
    });
    stages += "  " + s + "epsilon = " + literal(stage.epsilon) + ", " + s + "unit = " + literal(stage.unit) + ";\n";
  });
  text += replaced(engine_of_bytes, {{"UNIT", literal(q.input_unit)}, {"STAGES", stages}}) + guard;
  if (!options.test_inputs.empty()) {
    const auto run = std::make_unique<engine<Net, int8>>();
    run->load(q);
    write_tests<Net>(text, *run, options.test_inputs, true);
    text += test_of_firmware;
  }
  return text + "\n}  // namespace " + options.name + "\n";
}

}  // namespace exported

/// The text of the header. @throws std::invalid_argument when the namespace is no identifier, or an input is not
/// finite.
template <Network Net> [[nodiscard]] std::string header_text(const quantized<Net>& q, const header_options& options) {
  return exported::bytes_text(q, options, {});
}
/// The same with a guard, whose constants are proved of the weights in float.
template <Network Net>
[[nodiscard]] std::string header_text(const byte_guard<Net>& whole, const header_options& options) {
  return exported::bytes_text(*whole.bytes, options, exported::guard_text(pocket_guard(whole)));
}

/// Writes the header, completely or not at all. @throws save_error, and std::invalid_argument as header_text does.
template <Network Net>
void write_header(const quantized<Net>& q, const std::filesystem::path& path, const header_options& options = {}) {
  write_file(path, std::string_view(header_text(q, exported::named(options, path))));
}
/// The same with a guard.
template <Network Net>
void write_header(const byte_guard<Net>& whole, const std::filesystem::path& path, const header_options& options = {}) {
  write_file(path, std::string_view(header_text(whole, exported::named(options, path))));
}

}  // namespace taut
