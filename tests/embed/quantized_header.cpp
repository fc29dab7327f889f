// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <taut/embed/quantized_header.hpp>
#include <taut/taut.hpp>

#include "support/catch.hpp"

using namespace taut;

namespace {

struct Net : decltype(Input<3> >> Linear<2> >> LN >> ReLU >> Linear<2>) {};

quantized<Net> made() {
  parameters<Net> p;
  initialise(p, 1);
  return quantize(p, std::vector<float>{1, 2, 3, -1, 0.5f, 2});
}

}  // namespace

TEST_CASE("embed.quantized_header: it says the type, the values and the engine") {
  const auto q = made();
  const std::vector<float> x{1, 2, 3};
  const std::string text = header_text(q, {.name = "net", .test_inputs = x});
  const auto has = [&text](const std::string& part) { return text.find(part) != text.npos; };
  CHECK(has("using type = decltype(Input<3> >> Linear<2> >> LayerNorm >> ReLU >> Linear<2>);"));
  CHECK(
      has("inline constexpr std::int8_t stage0_weight[6] = {\n    " + std::to_string(std::get<0>(q.stage).weight[0])));
  CHECK(has("inline constexpr std::int32_t stage1_bias[2] = {"));
  CHECK(has("inline constexpr float stage0_gain[2] = {"));
  CHECK(has("q.input_unit = " + exported::literal(q.input_unit) + ";"));
  CHECK(has("std::get<1>(q.stage).epsilon = 0x0p+0f, std::get<1>(q.stage).unit = 0x1p+0f;"));
  CHECK(has("inline constexpr auto engine = taut::compile(parameters);"));
  CHECK(has("inline constexpr float test_outputs[1][2] = {\n    {\n        " + exported::literal(compile(q)(x)[0])));
  CHECK(has("inline bool self_test()"));
  CHECK(text == header_text(q, {.name = "net", .test_inputs = x}));
}

TEST_CASE("embed.quantized_header: with a guard") {
  parameters<Net> p;
  initialise(p, 1);
  const auto q = made();
  const std::string text = header_text(certifier(p, q), {.name = "net"});
  const auto has = [&text](const std::string& part) { return text.find(part) != text.npos; };
  CHECK(has("#include <taut/embed/pocket_bytes.hpp>\n"));
  CHECK(has("inline constexpr taut::pocket_byte_guard<Net> guard = {\n    " + exported::literal(q.input_unit) + ",\n"));
  const auto guard = pocket_guard(certifier(p, q));
  CHECK(has("{" + std::string("\n     ") + exported::literal(guard.distance[0]) + ", " +
            exported::literal(guard.distance[1])));
  CHECK(has(exported::literal(guard.stage[1].slip)));
  CHECK(has(exported::literal(guard.steps[1].root)));
  CHECK(header_text(q, {.name = "net"}).find("guard") == text.npos);
}

TEST_CASE("embed.quantized_header: its namespace is an identifier") {
  CHECK_THROWS_AS(header_text(made(), {.name = "2fast"}), std::invalid_argument);
}
