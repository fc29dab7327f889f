// SPDX-License-Identifier: Apache-2.0
// The twin of embed/header.hpp: the text, its errors, and the file. That it compiles and means the same is shown by
// tests/embed/round_trip.
#include <cstdint>
#include <filesystem>
#include <limits>
#include <random>
#include <sstream>
#include <taut/embed/header.hpp>
#include <taut/layers/layer_norm.hpp>
#include <taut/layers/linear.hpp>
#include <taut/layers/relu.hpp>
#include <taut/layers/tanh.hpp>

#include "support/catch.hpp"

namespace {

using namespace taut;
using taut::tests::contains;
namespace fs = std::filesystem;

struct net : decltype(Input<3> >> Linear<2>(at_most<9.0>) >> LN(min_std<0.25>) >> ReLU >> Linear<2>(no_bias)) {};

parameters<net> values() {
  parameters<net> p;
  get<0>(p).weight = {1, -0.5f, 0.1f, 0, -0.0f, 3};
  get<0>(p).bias = {0.75f, -2};
  get<3>(p).weight = {1, 2, 3, 4};
  return p;
}

std::string fault(const parameters<net>& p, const header_options& options) {
  try {
    static_cast<void>(header_text(p, options));
  } catch (const std::invalid_argument& error) { return error.what(); }
  return "no error";
}

TEST_CASE("embed.header: the text") {
  const std::string text = header_text(values(), {.name = "tiny"});
  REQUIRE_THAT(text, contains(R"(
#pragma once
#include <cstdint>
#include <taut/base/macros_aside.hpp>
#include <taut/embed/from_arrays.hpp>
#include <taut/embed/proof.hpp>
#include <taut/inference.hpp>
#include <taut/base/macros_back.hpp>

namespace tiny {

namespace architecture {
using namespace taut;
using type = decltype(Input<3> >> Linear<2>(at_most<9.0>) >> LayerNorm(min_std<0.25>) >> ReLU
    >> Linear<2>(no_bias));
}  // namespace architecture

/// The network.
struct Net : architecture::type {};
static_assert(Net::parameter_count == 16);

/// 2x3
inline constexpr float layer0_weight[6] = {
    0x1p+0f, -0x1p-1f, 0x1.99999ap-4f, 0x0p+0f, -0x0p+0f, 0x1.8p+1f};

/// 2
inline constexpr float layer0_bias[2] = {
    0x1.8p-1f, -0x1p+1f};
)"));
  REQUIRE_THAT(text, contains("taut::from_arrays<Net>(\n    layer0_weight, layer0_bias, layer1_weight, layer1_bias, "
                              "layer3_weight);\n"));
  REQUIRE_THAT(text, contains("static_assert(taut::proves_lipschitz<parameters, lipschitz_factors>(lipschitz));\n"));
  REQUIRE(text.ends_with("\n\n}  // namespace tiny\n"));
  REQUIRE(text.find("test_inputs") == text.npos);
}

TEST_CASE("embed.header: the same parameters give the same text") {
  header_options options{.name = "tiny", .test_inputs = {1, 2, 3, -4, 0.5f, 6}};
  REQUIRE(header_text(values(), options) == header_text(values(), options));
  parameters<net> other = values();
  get<3>(other).weight[3] = std::nextafter(4.0f, 5.0f);
  REQUIRE(header_text(values(), options) != header_text(other, options));
}

TEST_CASE("embed.header: the bound is the proved one") {
  const std::string text = header_text(values(), {.name = "tiny"});
  const std::string before = "inline constexpr double lipschitz = ";
  const double written = std::strtod(text.c_str() + text.find(before) + before.size(), nullptr);
  const double proved = lipschitz_of(values()).value;
  REQUIRE(written >= proved);
  REQUIRE(written <= proved * (1 + 1e-8));
  REQUIRE_THAT(text, contains("/// " + std::string(lipschitz_of(values()).formula.view()) + " <= "));
}

TEST_CASE("embed.header: a proof is written where it was asked for, or the text says why not") {
  struct large : decltype(Input<784> >> Linear<128> >> ReLU) {};
  const auto p = std::make_unique<parameters<large>>();
  initialise(*p, 1);
  const std::string text = header_text(*p, {.name = "large"});
  REQUIRE((text.find("proves_lipschitz") == text.npos && text.find("embed/proof.hpp") == text.npos));
  const bool says =
      text.find("// Not checked by the compiler here, it would take long: header_options::proof") != text.npos;
  REQUIRE(says);
  const bool states = text.find("inline constexpr double lipschitz = 0x1.") != text.npos;
  REQUIRE(states);
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) REQUIRE(line.size() <= 120);

  header_options apart{.name = "tiny", .proof = "some/where/tiny_proof.cpp"};
  REQUIRE_THAT(header_text(values(), apart), contains("// Checked by the compiler in a source file of its own, "
                                                      "tiny_proof.cpp.\n"));
  REQUIRE(header_text(values(), apart).find("embed/proof.hpp") == std::string::npos);
  REQUIRE(export_text(values(), apart, "tiny.hpp").proof ==
          "// The compiler's proof of tiny::lipschitz, written by taut::write_header: compile it once for these "
          "weights.\n#include \"tiny.hpp\"\n\n#include <taut/embed/proof.hpp>\n\n"
          "static_assert(taut::proves_lipschitz<tiny::parameters, tiny::lipschitz_factors>(tiny::lipschitz));\n");
  REQUIRE(export_text(values(), {.name = "tiny"}, "tiny.hpp").proof.empty());

  struct wide : decltype(Input<300> >> Linear<200>) {};
  const auto q = std::make_unique<parameters<wide>>();
  REQUIRE(export_text(*q, apart, "wide.hpp").proof.empty());
  const bool why = header_text(*q, apart).find("or a matrix\n// too large to be factorized") != std::string::npos;
  REQUIRE(why);
}

// A layer that has a counter and declares no bound.
struct counting : layer_base {
  static constexpr auto name = base::say("Counting");
  static constexpr fusion reads = fusion::mixing;
  static constexpr auto wants = base::say("any shape");
  static constexpr bool accepts(shape) { return true; }
  static constexpr shape output(shape in) { return in; }
  static constexpr std::size_t multiply_adds(shape) { return 0; }
  static constexpr auto lipschitz(shape) { return symbol({.name = "unknown@", .declare = "something"}); }
  template <shape In, class Real> struct parameters {
    std::array<std::int64_t, 2> seen{};
    static constexpr void tensors(auto&& visit) {
      visit(tensor_info{"seen", shape{2}, role::buffer}, &parameters::seen);
    }
  };
  template <shape In, class P, class V> static constexpr void forward(const P&, const V* x, V* y) {
    for (std::size_t i = 0; i < In.size(); ++i) y[i] = x[i];
  }
};
static_assert(Layer<counting>);
struct counted : decltype(Input<2> >> counting{}) {};

TEST_CASE("embed.header: counters are integers; where nothing is bounded the header says so") {
  parameters<counted> p;
  get<0>(p).seen = {-3, std::numeric_limits<std::int64_t>::min()};
  const std::string text = header_text(p, {.name = "c"});
  REQUIRE_THAT(text,
               contains("inline constexpr std::int64_t layer0_seen[2] = {\n    -3, -9223372036854775807 - 1};\n"));
  REQUIRE_THAT(text, contains("inline constexpr double lipschitz = taut::rounded::infinity;\n"));
  REQUIRE(text.find("static_assert(taut::proves") == text.npos);
}

TEST_CASE("embed.header: test vectors are the engine's") {
  const std::string text = header_text(values(), {.name = "tiny", .test_inputs = {1, 2, 3, -4, 0.5f, 6}});
  REQUIRE_THAT(text,
               contains("inline constexpr float test_inputs[2][3] = {\n    {\n        0x1p+0f, 0x1p+1f, 0x1.8p+1f},\n"
                        "    {\n        -0x1p+2f, 0x1p-1f, 0x1.8p+2f}};\n"));
  const auto output = compile(values())(std::array<float, 3>{-4, 0.5f, 6});
  REQUIRE_THAT(text, contains(exported::literal(output[0]) + ", " + exported::literal(output[1]) + "}};\n"));
}

TEST_CASE("embed.header: what cannot be written is refused by name") {
  REQUIRE(fault(values(), {.name = "class"}) ==
          "the namespace of a header must be an unreserved C++ identifier, not 'class'");
  REQUIRE_THAT(fault(values(), {}), contains("not ''"));
  REQUIRE(fault(values(), {.name = "a", .test_inputs = {1, 2, 3, 4}}) ==
          "test_inputs has 4 numbers, not a multiple of 3");
  REQUIRE(fault(values(), {.name = "a", .test_inputs = {1, INFINITY, 3}}) ==
          "cannot write test_inputs: infinity at position 1");
  parameters<net> p = values();
  get<1>(p).offset[1] = std::numeric_limits<float>::quiet_NaN();
  REQUIRE(fault(p, {.name = "a"}) == "cannot write tensor '1.bias': NaN at position 1");
  p = values();
  get<3>(p).weight[2] = -INFINITY;
  REQUIRE(fault(p, {.name = "a"}) == "cannot write tensor '3.weight': infinity at position 2");
}

TEST_CASE("embed.header: the file is complete or as it was, and names the namespace") {
  const fs::path folder = fs::temp_directory_path() / ("taut-header-" + std::to_string(std::random_device{}()));
  fs::create_directory(folder);
  const fs::path file = folder / "tiny.hpp";
  const auto content = [&file] {
    const std::vector<std::byte> bytes = read_file(file);
    return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  };
  write_header(values(), file);
  REQUIRE(content() == header_text(values(), {.name = "tiny"}));
  write_header(values(), file, {.name = "other"});
  const std::string before = content();
  REQUIRE(before == header_text(values(), {.name = "other"}));

  parameters<net> broken = values();
  get<0>(broken).bias[0] = INFINITY;
  REQUIRE_THROWS_AS(write_header(broken, file), std::invalid_argument);
  REQUIRE_THROWS_AS(write_header(values(), folder / "my-net.hpp"), std::invalid_argument);
  REQUIRE_THROWS_AS(write_header(values(), folder / "missing" / "tiny.hpp"), save_error);
  REQUIRE(content() == before);
  REQUIRE(std::distance(fs::directory_iterator(folder), fs::directory_iterator()) == 1);
  fs::remove_all(folder);
}

}  // namespace

TEST_CASE("embed.header: for firmware") {
  const std::vector<float> x{1, 2, 3};
  const header_options options{.name = "tiny", .test_inputs = x, .range = {.largest_norm = 8, .smallest_std = 0.25}};
  const std::string text = header_text<float32<simd::scalar>>(values(), options);
  REQUIRE_THAT(text, contains("//   std::array<float, 2> y = tiny::engine(x);\n#pragma once\n"));
  REQUIRE_THAT(text,
               contains("#include <taut/embedded.hpp>\n") && contains("#include <taut/embed/pocket_guard.hpp>\n"));
  CHECK(text.find("#include <taut/inference.hpp>") == text.npos);
  REQUIRE_THAT(
      text,
      contains("\ninline constexpr auto engine = taut::compile<taut::float32<taut::simd::scalar>>(parameters);\n"));
  REQUIRE_THAT(
      text,
      contains(
          "taut::pocket_guard<taut::simd::scalar>(parameters, {.largest_norm = 0x1p+3, .smallest_std = 0x1p-2});"));
  const auto y = compile<float32<simd::scalar>>(values())(x);
  REQUIRE_THAT(text, contains("test_outputs[1][2] = {\n    {\n        " + exported::literal(y[0]) + ", " +
                              exported::literal(y[1])));
  REQUIRE_THAT(text, contains("return taut::reproduces<engine>(test_inputs, test_outputs);"));
  const std::string fused = header_text<float32<simd::fused_scalar>>(values(), {.name = "tiny"});
  REQUIRE_THAT(fused, contains("taut::compile<taut::float32<taut::simd::fused_scalar>>(parameters)"));
  CHECK(fused.find("guard") == fused.npos);
  CHECK(fused.find("self_test") == fused.npos);
}
