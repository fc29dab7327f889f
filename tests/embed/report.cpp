// SPDX-License-Identifier: Apache-2.0
// The capacity report: both regimes in words, conditions beside numbers, nothing said where nothing is known.
#include <taut/embed/report.hpp>
#include <taut/inference.hpp>

#include "support/precompiled.hpp"

namespace {

using namespace taut;
using tests::contains;

struct net : decltype(Input<4> >> Linear<4>(no_bias) >> LN(no_affine, min_std<2.0>) >> ReLU >> Linear<3>) {};

parameters<net> drawn() {
  parameters<net> p{};
  initialise(p, 1);
  return p;
}

}  // namespace

TEST_CASE("embed.report: what is reduced is said with its condition") {
  const auto p = drawn();
  const std::vector<float> x{1, 2, 3, 4, -9, 8, -7, 6};
  const auto c = capacity(p, {.input_norm = 20, .samples = 100, .inputs = x});
  const std::string text = text_of(report_of(p, c));
  CHECK_THAT(text, contains("Input<4> >> Linear<4>(no_bias) >> LayerNorm(no_affine, min_std<2.0>) >> ReLU"));
  CHECK_THAT(text, contains("regime                                              reduces"));
  CHECK_THAT(text, contains("For pairs of inputs whose std at each normalizer is at least the declared one."));
  CHECK_THAT(text, contains("on inputs whose std at each normalizer is at least s, normalization divides"));
  CHECK_THAT(text, contains("There is none: slopes jump in layer 2, ReLU"));
  CHECK_THAT(text, contains("It says nothing"));
  CHECK_THAT(text, contains("certified radius"));
  CHECK(text == text_of(report_of(p, capacity(p, {.input_norm = 20, .samples = 100, .inputs = x}))));
  CHECK_THAT(text_of(report_of(p, capacity(p, {.inputs = x}))), contains("the largest norm among the samples"));
  const std::string json = json_of(report_of(p, c));
  CHECK_THAT(json, contains("\"regime\": \"reduces\""));
  CHECK_THAT(json, contains("\"jacobian_lipschitz\": null"));
  CHECK_THAT(json, contains("\"lipschitz\": " + written::exact(c.lipschitz)));
  CHECK_THAT(markdown_of(report_of(p, c)),
             contains("| Lipschitz constant, at most | " + written::six_digits(upper(c.lipschitz)) + " |"));
}

TEST_CASE("embed.report: what is increased is said too, and so is silence") {
  auto c = capacity(drawn());
  c.normalization = regime::increases;
  const std::string text = text_of(report_of(c, "a network"));
  CHECK_THAT(text, contains("normalization INCREASES the product of norms"));
  CHECK_THAT(text, contains("Nothing is said: no largest norm of inputs"));
  CHECK_THAT(text, contains("Nothing is said: it takes the number of training samples"));
  CHECK(text.find("What samples show") == std::string::npos);
  c.normalization = regime::none;
  CHECK_THAT(text_of(report_of(c, "a network")), contains("No layer outside a block normalizes."));
}
