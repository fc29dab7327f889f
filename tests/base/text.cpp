// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <string>
#include <taut/base/random.hpp>
#include <taut/base/text.hpp>

#include "support/catch.hpp"

namespace {

using namespace taut::base;

static_assert(say("layer ", 3, ", ", "Linear<32>").view() == "layer 3, Linear<32>");
static_assert(say().view().empty());
static_assert(say(-7).view() == "-7" && say(std::size_t{18446744073709551615u}).view() == "18446744073709551615");
static_assert(say(0.0).view() == "0" && say(1e-5).view() == "1e-05" && say(2.0).view() == "2");
static_assert(say(0.25).view() == "0.25" && say(1234567.0).view() == "1.23457e+06" && say(-0.001).view() == "-0.001");
static_assert(say(9.999999).view() == "10" && say(999999.6).view() == "1e+06" && say(1e300).view() == "1e+300");

// text longer than its capacity is cut, and says so
constexpr auto cut = [] {
  text<8> t;
  t += "12345678";
  return t;
}();
static_assert(cut.view() == "12345678");
constexpr auto shortened = [] {
  text<8> t;
  t += "123456789";
  return t;
}();
static_assert(shortened.view() == "123456..");

}  // namespace

TEST_CASE("base.text: real numbers are written as printf does with %g") {
  random_stream random(1);
  std::size_t different = 0;
  for (int i = 0; i < 20000; ++i) {
    double value = random.uniform(-1, 1);
    for (auto steps = random.below(60); steps > 0; --steps) value *= random.below(2) == 0 ? 7.3 : 0.11;
    if (random.below(3) == 0) value = static_cast<double>(static_cast<int>(value * 1000)) / 8;
    char expected[40];
    std::snprintf(expected, sizeof expected, "%g", value == 0 ? 0 : value);
    const std::string written(say(value).view());
    if (written == expected) continue;
    ++different;  // a tie of the seventh digit may be broken otherwise: then the values agree to 6 digits
    CHECK(std::stod(written) == Approx(value).epsilon(1.01e-5));
  }
  CHECK(different < 200);
}

TEST_CASE("base.text: what is no number is named") {
  CHECK(say(1e308 * 10).view() == "infinity");
  CHECK(say(-1e308 * 10).view() == "-infinity");
  CHECK(say(0.0 * (1e308 * 10)).view() == "nan");
}

TEST_CASE("base.text: texts of other capacity are appended") {
  text<4> small;
  small += "abc";
  text<20> large;
  ((large += small) += "-") += small;
  CHECK(large.view() == "abc-abc");
  CHECK(std::string_view(large) == large.view());
}
