// SPDX-License-Identifier: Apache-2.0
// The twin of embed/literal.hpp: exact numbers, admissible names, lines that are not too long.
#include <bit>
#include <cstdlib>
#include <limits>
#include <random>
#include <sstream>
#include <taut/embed/literal.hpp>

#include "support/catch.hpp"

namespace {

using namespace taut::exported;

TEST_CASE("embed.literal: floats are written bit for bit") {
  REQUIRE(literal(-0.25f) == "-0x1p-2f");
  REQUIRE(literal(0.0f) == "0x0p+0f");
  REQUIRE(literal(-0.0f) == "-0x0p+0f");
  REQUIRE(literal(0.1) == "0x1.999999999999ap-4");
  std::mt19937 random(5);
  for (int i = 0; i < 20000; ++i) {
    const std::uint32_t bits = i < 100 ? static_cast<std::uint32_t>(i) : static_cast<std::uint32_t>(random());
    const auto value = std::bit_cast<float>(bits);
    if (!(value - value == 0)) continue;
    const std::string text = literal(value);
    REQUIRE(text.back() == 'f');
    REQUIRE(std::bit_cast<std::uint32_t>(std::strtof(text.c_str(), nullptr)) == bits);
  }
}

TEST_CASE("embed.literal: counters have all their values") {
  REQUIRE(literal(std::int64_t{-7}) == "-7");
  REQUIRE(literal(std::numeric_limits<std::int64_t>::max()) == "9223372036854775807");
  REQUIRE(literal(std::numeric_limits<std::int64_t>::min()) == std::string("-9223372036854775807 - 1"));
}

TEST_CASE("embed.literal: names that a namespace can have") {
  for (const char* name : {"digits", "D", "net_2", "a1", "alignasx", "classes", "xo"}) {
    INFO(name);
    REQUIRE(is_identifier(name));
  }
  for (const char* name : {"", "2fast", "a-b", "a b", "a::b", "class", "alignas", "xor_eq", "namespace", "std", "taut",
                           "_a", "a__b", "naïve", "x;", " digits", "or or_eq"}) {
    INFO(name);
    REQUIRE_FALSE(is_identifier(name));
  }
}

TEST_CASE("embed.literal: lines have at most 120 columns and lose nothing") {
  std::vector<float> values(1000);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = -1.0f / static_cast<float>(i + 1);
  std::string text;
  write_values<float>(text, values, "    ");
  std::istringstream lines(text);
  std::string line;
  std::getline(lines, line);
  REQUIRE(line.empty());
  std::size_t numbers = 0;
  while (std::getline(lines, line)) {
    REQUIRE(line.size() <= 120);
    REQUIRE(line.starts_with("    -"));
    REQUIRE(line.back() != ' ');
    for (const char* at = line.c_str(); *at != '\0';) {
      char* end = nullptr;
      REQUIRE(std::strtof(at, &end) == values[numbers++]);
      at = end + 1;
      if (*at == ',') ++at;
    }
  }
  REQUIRE(numbers == values.size());
}

TEST_CASE("embed.literal: sentences break before their separator only") {
  std::string sentence = "first";
  for (int i = 0; i < 40; ++i) sentence += " >> Linear<" + std::to_string(i) + ", 2>";
  const std::string text = wrapped(sentence, " >> ", "  ");
  std::istringstream lines(text);
  std::string together;
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    REQUIRE(line.size() <= 120);
    if (count > 0) REQUIRE(line.starts_with("  >> "));
    together += count > 0 ? line.substr(1) : line;
  }
  REQUIRE(together == sentence);
  REQUIRE(count > 3);
  REQUIRE(wrapped("", " ", "  ").empty());
}

TEST_CASE("embed.literal: words are replaced once, by text that is not searched") {
  REQUIRE(replaced("NAME is NAME, not NAM", {{"NAME", "SIZE"}, {"SIZE", "no"}}) == "SIZE is SIZE, not NAM");
}

}  // namespace
