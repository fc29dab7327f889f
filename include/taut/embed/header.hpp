// SPDX-License-Identifier: Apache-2.0
// A trained network as a C++ header: its type, its weights bit for bit, and its Lipschitz constant, proved.
//
//   write_header(p, "digits.hpp");                                  // then, in another program:
//   #include "digits.hpp"
//   static_assert(digits::lipschitz <= 12.0);                       // of these weights, checked by that compiler
//   constexpr auto engine = taut::compile(digits::parameters);
//
// write_header<float32<simd::scalar>>(...) writes it for firmware: it needs <taut/embedded.hpp> alone and brings the
// engine and self_test(). The proof costs every program that includes it time; .proof = "digits_proof.cpp" writes it
// apart, to be compiled once.
// The text depends on nothing but the arguments: no dates, no paths.
#pragma once
#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <taut/certify/witness.hpp>
#include <taut/embed/bound.hpp>
#include <taut/embed/literal.hpp>
#include <taut/embed/packed_text.hpp>
#include <taut/embed/pocket_guard.hpp>
#include <taut/embed/proof.hpp>
#include <taut/embed/spelling.hpp>
#include <taut/engine/engine.hpp>
#include <taut/net/describe.hpp>
#include <taut/weights/atomic_file.hpp>
#include <vector>

namespace taut {

/// What a header says beyond the network.
struct header_options {
  /// The namespace of its declarations, a C++ identifier; empty: the file's name without extension.
  std::string name = {};
  /// Inputs, one after the other, that are written with the engine's outputs as test_inputs and test_outputs.
  std::vector<float> test_inputs = {};
  /// Where write_header writes the proof of the bound, a source file that includes the header; empty: in the header.
  std::filesystem::path proof = {};
  /// The inputs for which a header for firmware brings a pocket guard; none, if largest_norm is 0.
  pocket_range range = {};
};

namespace exported {

/// The name of a tensor's array: "2.0.weight" is layer2_0_weight.
inline std::string array_name(std::string_view key) {
  std::string name = "layer" + std::string(key);
  for (char& c : name)
    if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9')) c = '_';
  return name;
}

inline void require_identifier(const std::string& name) {
  if (!is_identifier(name))
    throw std::invalid_argument("the namespace of a header must be an unreserved C++ identifier, not '" + name + "'");
}

template <class Element> void require_finite(std::span<const Element> values, const std::string& what) {
  if constexpr (std::floating_point<Element>) {
    for (std::size_t i = 0; i < values.size(); ++i)
      if (!rounded::is_finite(values[i]))
        throw std::invalid_argument("cannot write " + what + ": " + (rounded::is_nan(values[i]) ? "NaN" : "infinity") +
                                    " at position " + std::to_string(i));
  }
}

inline constexpr std::string_view beginning =
    R"(// A network WHAT, written by taut::write_header.
//
//   HOWstd::array<float, OUTPUTS> y = RUN(x);
#pragma once
HEADERS
namespace NAME {

namespace architecture {
using namespace taut;
using type = decltype(NETWORK);
}  // namespace architecture

/// The network.
struct Net : architecture::type {};
)";
inline constexpr std::string_view count_of_weights = R"(static_assert(Net::parameter_count == COUNT);
)";

// Apart from the text above, where a line like these would be taken for an include of this file.
inline constexpr const char* headers =
    "#include <cstdint>\n#include <taut/base/macros_aside.hpp>\n#include <taut/embed/from_arrays.hpp>\n";
inline constexpr const char* header_of_all = "#include <taut/inference.hpp>\n#include <taut/base/macros_back.hpp>\n";
inline constexpr const char* header_of_firmware =
    "#include <taut/embedded.hpp>\n#include <taut/base/macros_back.hpp>\n";

inline constexpr std::string_view values_of_all = R"(
/// All tensors as the library takes them.
inline constexpr taut::parameters<Net> parameters = taut::from_arrays<Net>(
    ARRAYS);
)";

inline constexpr std::string_view bound_of_weights = R"(
/// A Lipschitz constant of the network with these weights (Euclidean norms, inputs whose stds are at least those that
/// the type declares), proved when they were written:
/// FORMULA <= DIGITS
inline constexpr double lipschitz = BOUND;
)";

/// The arithmetic of headers for programs is void, since each program has its own; one for firmware computes the same
/// bits on every processor.
template <class Arithmetic> inline constexpr bool is_firmware = false;
template <bool Fuses> inline constexpr bool is_firmware<float32<simd::portable<1, Fuses>>> = true;

inline constexpr std::string_view engine_of_firmware = R"(
/// The network, ready to run, in read-only memory.
inline constexpr auto engine = taut::compile<taut::float32<taut::simd::LANE>>(parameters);
)";
inline constexpr std::string_view guard_of_firmware = R"(
/// What certify(guard, engine, x) needs, for inputs up to this norm whose stds are no smaller than that.
inline constexpr auto guard =
    taut::pocket_guard<taut::simd::LANE>(parameters, {.largest_norm = NORM, .smallest_std = STD});
)";
inline constexpr std::string_view test_of_firmware = R"(
/// Whether this processor gives test_outputs for test_inputs, bit for bit.
[[nodiscard]] inline bool self_test() { return taut::reproduces<engine>(test_inputs, test_outputs); }
)";

inline constexpr std::string_view proof_apart =
    R"(// The compiler's proof of NAME::lipschitz, written by taut::write_header: compile it once for these weights.
HEADERS
static_assert(CLAIM);
)";

/// A bound that nobody checks again needs no witness.
inline stated_bound without_declarations(stated_bound bound) {
  bound.declarations.clear();
  return bound;
}

inline void write_bound(std::string& text, const stated_bound& bound, const std::filesystem::path& proof) {
  if (!rounded::is_finite(bound.value)) {
    text += "\n/// No Lipschitz constant is known: a layer declares none.\n";
    text += "inline constexpr double lipschitz = taut::rounded::infinity;\n";
    return;
  }
  text += replaced(bound_of_weights, {{"FORMULA", wrapped(bound.formula, " * ", "///   ")},
                                      {"DIGITS", std::string(base::six_digits_up(bound.value).view())},
                                      {"BOUND", literal(bound.value)}});
  text += bound.declarations;
  const place where = place_of_proof(bound, !proof.empty());
  if (where == place::header) text += "static_assert(" + replaced(bound.claim, {{"Q", ""}}) + ");\n";
  else if (where == place::file)
    text += "// Checked by the compiler in a source file of its own, " + proof.filename().string() + ".\n";
  else if (bound.work == infinite_work)
    text +=
        "// Not checked by the compiler: it has networks inside, weights that are folded by iteration, or a matrix\n"
        "// too large to be factorized in a constant expression.\n";
  else if (bound.work > bound.most)
    text += "// Not checked by the compiler: that would take minutes, or exceed the limits of a constant expression.\n";
  else if (!bound.claim.empty())
    text += "// Not checked by the compiler here, it would take long: header_options::proof writes that apart.\n";
}

/// The first lines of a header: `what` the network is, how its engine is made if the header has none, what it includes.
template <class Net> std::string beginning_text(const header_options& options, std::string_view what,
                                                const std::string& making, const std::string& included,
                                                const std::string& network = spelling<Net>()) {
  return replaced(beginning, {{"WHAT", std::string(what)},
                              {"HEADERS", included},
                              {"NAME", options.name},
                              {"HOW", making},
                              {"RUN", making.empty() ? options.name + "::engine" : "engine"},
                              {"OUTPUTS", std::to_string(Net::output_size)},
                              {"NETWORK", wrapped(network, " >> ", "    ")}});
}

/// How a program that includes a header for programs makes the engine.
template <class Net> std::string making_of_engine(const header_options& options) {
  return (proof_work<Net> <= constant_work ? "constexpr" : "static const") +
         (" auto engine = taut::compile(" + options.name + "::parameters);\n//   ");
}

/// Appends the array of a tensor, if it has elements, and its name to the list `arrays`.
template <class Element> void write_array(std::string& text, std::string& arrays, std::string_view key,
                                          const shape& extents, std::span<const Element> values) {
  require_finite<Element>(values, "tensor '" + std::string(key) + "'");
  if (values.empty()) return;
  arrays += (arrays.empty() ? "" : ", ") + array_name(key);
  text += replaced("\n/// SHAPE\ninline constexpr TYPE KEY[SIZE] = {",
                   {{"SHAPE", std::string(extents.name().view())},
                    {"TYPE", std::same_as<Element, float> ? "float" : "std::int64_t"},
                    {"KEY", array_name(key)},
                    {"SIZE", std::to_string(values.size())}});
  write_values<Element>(text, values, "    ");
  text += "};\n";
}

/// How many inputs these are. @throws std::invalid_argument for a part of one, or a number that is not finite
template <class Net> std::size_t count_of_inputs(std::span<const float> inputs) {
  if (inputs.size() % Net::input_size != 0)
    throw std::invalid_argument("test_inputs has " + std::to_string(inputs.size()) + " numbers, not a multiple of " +
                                std::to_string(Net::input_size));
  require_finite(inputs, "test_inputs");
  return inputs.size() / Net::input_size;
}

/// Appends a table of rows of so many floats, in C or C++: "static const float x" for example.
inline void write_table(std::string& text, const std::string& declaration, std::span<const float> values,
                        std::size_t each) {
  text += declaration + "[" + std::to_string(values.size() / each) + "][" + std::to_string(each) + "] = {";
  for (std::size_t at = 0; at < values.size(); at += each) {
    text += at == 0 ? "\n    {" : ",\n    {";
    write_values(text, values.subspan(at, each), "        ");
    text += "}";
  }
  text += "};\n";
}

/// Appends inputs and the outputs of `run`; `everywhere`: other processors give the same bits.
template <class Net, class Engine>
void write_tests(std::string& text, const Engine& run, std::span<const float> inputs, bool everywhere) {
  constexpr std::size_t in = Net::input_size, out = Net::output_size;
  const std::size_t count = count_of_inputs<Net>(inputs);
  std::vector<float> outputs(count * out);
  for (std::size_t i = 0; i < count; ++i)  // one by one, as those who compare will run it
    std::ranges::copy(run(inputs.subspan(i * in, in)), outputs.begin() + static_cast<std::ptrdiff_t>(i * out));
  require_finite(std::span<const float>(outputs), "test_outputs");
  text +=
      !everywhere
          ? "\n/// Inputs, and what the engine gave for them where this was written; other lanes round differently.\n"
          : "\n/// Inputs, and what the engine gives for them.\n";
  write_table(text, "inline constexpr float test_inputs", inputs, in);
  write_table(text, "inline constexpr float test_outputs", outputs, out);
}

}  // namespace exported

/// The two files of an export. The header: a namespace with Net, an array for each tensor, `parameters`, `lipschitz`
/// and, if asked for, test_inputs and test_outputs.
struct exported_text {
  std::string header;
  std::string proof;  ///< empty where the compiler checks the bound in the header, or not at all
};

namespace exported {

/// The header with its end, and the proof if it has a file of its own.
inline exported_text ended(std::string text, const stated_bound& bound, const header_options& options,
                           std::string_view included_as) {
  text += "\n}  // namespace " + options.name + "\n";
  if (place_of_proof(bound, !options.proof.empty()) != place::file) return {text, {}};
  const std::string own = "#include \"" + std::string(included_as) + "\"\n\n#include <" + bound.included + ">\n";
  return {text, replaced(proof_apart, {{"NAME", options.name},
                                       {"HEADERS", own},
                                       {"CLAIM", replaced(bound.claim, {{"Q", options.name + "::"}})}})};
}

template <class Arithmetic, Network Net> exported_text text_of(const parameters<Net>& p, const stated_bound& bound,
                                                               const header_options& options,
                                                               std::string_view included_as) {
  require_identifier(options.name);
  const place where = place_of_proof(bound, !options.proof.empty());
  std::string list_of_headers = headers;
  if (where == place::header) list_of_headers += "#include <" + bound.included + ">\n";
  if (is_firmware<Arithmetic> && options.range.largest_norm > 0)
    list_of_headers += "#include <taut/embed/pocket_guard.hpp>\n";
  list_of_headers += is_firmware<Arithmetic> ? header_of_firmware : header_of_all;
  const std::string making = is_firmware<Arithmetic> ? "" : making_of_engine<Net>(options);
  std::string text = beginning_text<Net>(options, "and its weights, bit for bit", making, list_of_headers) +
                     replaced(count_of_weights, {{"COUNT", std::to_string(Net::parameter_count)}});
  constexpr bool may_pack = [] {
    if constexpr (is_firmware<Arithmetic>) return is_packed<Arithmetic, Net>();
    else return false;
  }();
  const bool packs = may_pack && where == place::nowhere;  // a proof needs the parameters
  std::string arrays;
  for_each_tensor(p, [&](std::string_view key, const shape& extents, auto values) {
    using element = std::remove_const_t<typename decltype(values)::element_type>;
    if (packs) require_finite<element>(values, "tensor '" + std::string(key) + "'");
    else write_array<element>(text, arrays, key, extents, values);
  });
  if (!packs) text += replaced(values_of_all, {{"ARRAYS", wrapped(arrays, " ", "    ")}});
  write_bound(text, packs ? without_declarations(bound) : bound, options.proof);
  if constexpr (is_firmware<Arithmetic>) {
    using lane = typename Arithmetic::lane;
    const std::string name = simd::fuses<lane> ? "fused_scalar" : "scalar";
    if constexpr (may_pack) {
      if (packs) text += packed_text<Arithmetic>(p, name, options.range);
    }
    if (!packs) text += replaced(engine_of_firmware, {{"LANE", name}});
    if (!packs && options.range.largest_norm > 0)
      text += replaced(guard_of_firmware, {{"LANE", name},
                                           {"NORM", literal(options.range.largest_norm)},
                                           {"STD", literal(options.range.smallest_std)}});
  }
  if (!options.test_inputs.empty()) {
    const auto run =
        std::make_unique<engine<Net, std::conditional_t<is_firmware<Arithmetic>, Arithmetic, float32<>>>>();
    compile(p, *run);
    write_tests<Net>(text, *run, options.test_inputs, is_firmware<Arithmetic>);
    if (is_firmware<Arithmetic>) text += test_of_firmware;
  }
  return ended(text, bound, options, included_as);
}

inline void write_files(const exported_text& text, const std::filesystem::path& path, const header_options& options) {
  write_file(path, std::string_view(text.header));
  if (!text.proof.empty()) write_file(options.proof, std::string_view(text.proof));
}

/// Options with a name, and how the proof includes the header.
inline header_options named(header_options options, const std::filesystem::path& path) {
  if (options.name.empty()) options.name = path.stem().string();
  return options;
}
inline std::string included_as(const header_options& options, const std::filesystem::path& path) {
  const std::filesystem::path beside = path.lexically_relative(options.proof.parent_path());
  return (beside.empty() ? path : beside).generic_string();
}

}  // namespace exported

/// The text of a header, its bound the product of certified norms; its proof, if options.proof has a name, includes it
/// by the name given. @throws std::invalid_argument when the namespace is no identifier of its own, and naming the
/// tensor when a value is not finite.
template <class Arithmetic = void, Network Net> [[nodiscard]] exported_text export_text(const parameters<Net>& p,
                                                                                        const header_options& options,
                                                                                        std::string_view included_as) {
  return exported::text_of<Arithmetic>(p, exported::product_bound(p), options, included_as);
}
/// The same with the bound that a witness proves (taut::tighten finds one).
template <class Arithmetic = void, Network Net>
[[nodiscard]] exported_text export_text(const parameters<Net>& p, const witness<Net>& w, const header_options& options,
                                        std::string_view included_as) {
  return exported::text_of<Arithmetic>(p, exported::witness_bound(p, w), options, included_as);
}
/// The header's text alone.
template <class Arithmetic = void, Network Net>
[[nodiscard]] std::string header_text(const parameters<Net>& p, const header_options& options) {
  return export_text<Arithmetic>(p, options, options.name + ".hpp").header;
}

/// Writes the header, and its proof to options.proof if that has a name and the compiler can check it: each completely
/// or not at all. @throws save_error, and std::invalid_argument as export_text does; an older file is then unharmed.
template <class Arithmetic = void, Network Net>
void write_header(const parameters<Net>& p, const std::filesystem::path& path, const header_options& options = {}) {
  const header_options all = exported::named(options, path);
  exported::write_files(export_text<Arithmetic>(p, all, exported::included_as(all, path)), path, all);
}
/// The same with the bound that a witness proves: tighter than the product of norms.
template <class Arithmetic = void, Network Net> void write_header(const parameters<Net>& p, const witness<Net>& w,
                                                                  const std::filesystem::path& path,
                                                                  const header_options& options = {}) {
  const header_options all = exported::named(options, path);
  exported::write_files(export_text<Arithmetic>(p, w, all, exported::included_as(all, path)), path, all);
}

}  // namespace taut
