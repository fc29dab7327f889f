// SPDX-License-Identifier: Apache-2.0
// The same facts in three formats, digits rounded to the safe side, and characters that formats give a meaning.
#include <taut/embed/document.hpp>

#include "support/precompiled.hpp"

namespace {

using namespace taut;

const document small{
    "two facts",
    {{"one",
      "First",
      {{"bound", "a bound", upper(1.0 / 3)}, {"name", "a \"name\"", std::string("a|b\nc\\")}},
      {{"rows", {{"n", "number"}, {"ok", "fine"}}, {{std::uint64_t{1}, true}, {std::uint64_t{20}, false}}}},
      {"a note"}},
     {"two", "Second", {{"none", "no bound", upper(rounded::infinity)}, {"unseen", "not seen", std::monostate{}}}}}};

}  // namespace

TEST_CASE("embed.document: text") {
  CHECK(text_of(small) ==
        "two facts\n=========\n\nFirst\n  a bound   0.333334\n  a \"name\"  a|b\nc\\\n\n  number  fine\n  1       yes\n"
        "  20      no\n  * a note\n\nSecond\n  no bound  infinity\n  not seen  -\n");
}

TEST_CASE("embed.document: Markdown") {
  CHECK(markdown_of(small) ==
        "# two facts\n\n## First\n\n| fact | value |\n|---|---|\n| a bound | 0.333334 |\n| a \"name\" | a\\|b c\\ |\n\n"
        "| number | fine |\n| --- | --- |\n| 1 | yes |\n| 20 | no |\n\n* a note\n\n## Second\n\n| fact | value |\n"
        "|---|---|\n| no bound | infinity |\n| not seen | - |\n");
}

TEST_CASE("embed.document: JSON") {
  CHECK(json_of(small) ==
        "{\n  \"title\": \"two facts\",\n  \"one\": {\n    \"bound\": 0.3333333333333333,\n    \"name\": "
        "\"a|b\\nc\\\\\",\n    \"rows\": [\n      {\"n\": 1, \"ok\": true},\n      {\"n\": 20, \"ok\": false}\n    ],\n"
        "    \"notes\": [\n      \"a note\"\n    ]\n  },\n  \"two\": {\n    \"none\": null,\n    \"unseen\": null\n  "
        "}\n}\n");
  CHECK(written::json_string("\x01\t") == "\"\\u0001\\u0009\"");
}

TEST_CASE("embed.document: six digits are on the safe side") {
  std::mt19937 random(1);
  std::uniform_real_distribution<double> exponent(-40, 40), sign(-1, 1);
  for (int i = 0; i < 2000; ++i) {
    const double v = std::pow(10, exponent(random)) * (sign(random) < 0 ? -1 : 1);
    const double up = std::stod(written::six_digits(upper(v))), down = std::stod(written::six_digits(lower(v)));
    CHECK(up >= v);
    CHECK(down <= v);
    CHECK(std::abs(up - v) <= 1.5e-5 * std::abs(v));
    CHECK(std::abs(down - v) <= 1.5e-5 * std::abs(v));
  }
  CHECK(written::six_digits(upper(0.25)) == "0.25");
  CHECK(written::six_digits(lower(1234567)) == "1.23456e+06");
}
