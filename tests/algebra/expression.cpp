// SPDX-License-Identifier: Apache-2.0
// The normal form of symbolic expressions: equal things become one, the order of writing does not matter, and the value
// contains what plain arithmetic gives.
#include <cmath>
#include <string>
#include <taut/algebra/expression.hpp>
#include <taut/base/random.hpp>
#include <vector>

#include "support/catch.hpp"

namespace {

using namespace taut;

constexpr auto quantity_of(const char* name, double upper, bool declared = true) {
  return symbol({.name = name, .declare = "say<so>", .range = {0, upper}, .declared = declared});
}
constexpr auto a = quantity_of("a@", 2), b = quantity_of("b@", 3), c = quantity_of("c@", 5);
constexpr auto unknown = quantity_of("u@", 0, false);

template <std::size_t N> constexpr auto written(const expression<N>& e) {
  base::text<200> t;
  e.print(t);
  return t;
}
template <std::size_t N> constexpr bool reads(const expression<N>& e, std::string_view expected) {
  return written(e).view() == expected;
}

// products and sums: flat, sorted, without order of writing
static_assert(reads(a, "a") && reads(constant(2.5), "2.5"));
static_assert(reads(a * b, "a * b") && reads(b * a, "a * b") && reads((b * c) * a, "a * b * c"));
static_assert(reads(c * (b * a), "a * b * c") && reads(a + b, "a + b") && reads((c + b) + a, "a + b + c"));
// powers, coefficients, neutral elements, zero
static_assert(reads(a * a, "a^2") && reads(a * b * a, "a^2 * b") && reads(a + a, "2 * a") && reads(square(a), "a^2"));
static_assert(reads(a * constant(1), "a") && reads(a + constant(0), "a") && reads(constant(0) * a, "0"));
static_assert(reads(constant(2) * constant(3), "6") && reads(constant(2) * a * constant(3), "6 * a"));
static_assert(reads(a + constant(1), "a + 1") && reads(constant(1) + a, "a + 1"));  // people write the constant last
// roots and reciprocals
static_assert(reads(sqrt(square(a)), "a") && reads(sqrt(constant(4)), "2") && reads(sqrt(a), "sqrt(a)"));
static_assert(reads(reciprocal(a), "1 / a") && reads(reciprocal(reciprocal(a)), "a") && reads(a / b, "a / b"));
static_assert(reads(reciprocal(a * b), "1 / a / b") && reads(reciprocal(square(a)), "1 / a^2"));
static_assert(reads(reciprocal(reciprocal(square(a))), "a^2"));
static_assert(reads(a / sqrt(square(b) + constant(0.5)), "a / sqrt(b^2 + 0.5)"));
// brackets where they are needed
static_assert(reads((a + b) * c, "c * (a + b)"));
static_assert(reads(square(a + b), "(a + b)^2"));
// the larger of two
static_assert(reads(maximum(a, b), "max(a, b)") && reads(maximum(a, a), "a") &&
              reads(maximum(a, maximum(b, c)), "max(a, b, c)"));

static_assert((a * b).value().upper == 6 && (a * b).value().lower == 0 && (a + b).value().upper == 5);
static_assert(maximum(a, b).value().upper == 3 && square(a + b).value().upper == 25 &&
              sqrt(square(c)).value().upper == 5);
static_assert((a / b).value().upper == rounded::infinity);  // b may be 0

// places: the same name in another layer is another quantity
constexpr auto moved(const auto& e, std::size_t where) {
  std::remove_cvref_t<decltype(e)> at;
  at.root = at.graft(e, &where);
  return at;
}
static_assert(reads(moved(a, 3) * moved(a, 0), "a0 * a3") && reads(moved(a, 1) * moved(a, 1), "a1^2"));
static_assert(reads(moved(moved(a, 2), 5), "a5.2"));
static_assert(reads(moved(b, 0) * moved(a, 1), "b0 * a1"));  // sorted by place, then by name

// what is open is found, unless a zero makes it irrelevant
constexpr auto with_unknown = a * sqrt(unknown + b);
static_assert(with_unknown.first_open()->declare == std::string_view("say<so>"));
constexpr auto without = a * sqrt(b);
constexpr auto vanished = constant(0) * unknown;
static_assert(without.closed() && vanished.closed() && !with_unknown.closed());

// deeper than places are kept: quantities with other values stay apart
constexpr auto deep = [](double value, std::size_t last) {
  return moved(moved(moved(moved(quantity_of("n@", value), last), 0), 0), 0);
};
static_assert((deep(2, 0) * deep(3, 1)).value().upper == 6);

static_assert(sqrt(square(a) + square(b)).value().upper >= 3.605551275463989);  // outward: the root of 13 is below

}  // namespace

TEST_CASE("algebra.expression: the value contains plain arithmetic, for random expressions and values") {
  base::random_stream random(1);
  for (int sample = 0; sample < 2000; ++sample) {
    double x = std::exp(random.uniform(-5, 5)), y = std::exp(random.uniform(-5, 5)),
           z = std::exp(random.uniform(-5, 5));
    const auto exact = [](const char* name, double v) {
      return symbol({.name = name, .range = {v, v}, .declared = true});
    };
    const auto p = exact("p@", x), q = exact("q@", y), r = exact("r@", z);
    const auto inside = [](const auto& e, double value) {
      const auto bounds = e.value();
      CHECK(bounds.lower <= value * (1 + 1e-15));
      CHECK(bounds.upper >= value * (1 - 1e-15));
      CHECK(bounds.upper <= value * (1 + 1e-13));
    };
    inside(p * q / sqrt(square(r) + constant(0.1)), x * y / std::sqrt(z * z + 0.1));
    inside(maximum(p * p, q + r), std::max(x * x, y + z));
    inside(p / (q * r) + p + p, x / (y * z) + 2 * x);
    inside(square(p + q) * reciprocal(r * r), (x + y) * (x + y) / (z * z));
    inside(sqrt(square(p)) * sqrt(p * q), x * std::sqrt(x * y));
    inside((p + q) * (q + p), (x + y) * (x + y));
    inside(maximum(p, q) * r / maximum(q, p), z);
  }
}

TEST_CASE("algebra.expression: quantities can be looked up with other values") {
  constexpr auto e = a * b + c;
  const auto value = e.value([](const auto& node) {
    const double v = std::string_view(node.name) == "a@" ? 10 : 1;
    return rounded::interval{v, v};
  });
  CHECK(value.upper >= 11);
  CHECK(value.upper <= 11 * (1 + 1e-14));
}
