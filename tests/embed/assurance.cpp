// SPDX-License-Identifier: Apache-2.0
// The assurance report: what it promises is what is proved, what is not checked is said, one weight changes the hash.
#include <taut/embed/assurance.hpp>
#include <taut/inference.hpp>

#include "support/precompiled.hpp"

namespace {

using namespace taut;
using tests::contains;

struct net : decltype(Input<4> >> Linear<4>(at_most<2.0>) >> LN(min_std<0.5>, gain_at_most<1.0>) >> ReLU >>
                      Residual(LN(no_affine, min_std<0.1>)) >> Linear<3>) {};
struct plain : decltype(Input<2> >> Linear<2>) {};
struct half : pointwise_layer {  // a layer of one's own that does not state how accurate its kernel is
  static constexpr auto name = base::say("Half");
  static constexpr bool homogeneous = true;
  static constexpr output_range range{};
  template <class V> static constexpr V apply(V x) { return x * V(0.5f); }
  template <class V> static constexpr V derivative(V, V) { return V(0.5f); }
  static constexpr auto lipschitz(shape) { return constant(0.5); }
};

}  // namespace

TEST_CASE("embed.assurance: theorem, assumptions, rounding, weights, tools") {
  parameters<net> p{};
  initialise(p, 1);
  for (float& w : get<0>(p).weight) w *= 0.25f;
  const std::string text = text_of(assurance(p));
  CHECK_THAT(text, contains(written::six_digits(upper(lipschitz_of(p).value))));
  CHECK_THAT(text, contains("whose values and stds are as assumed below"));
  CHECK_THAT(text, contains("std1 >= "));
  CHECK_THAT(text, contains("nowhere"));  // the std inside the block
  CHECK_THAT(text, contains("everything declared is checked somewhere        no"));
  CHECK_THAT(text, contains("these weights keep what is declared of weights  yes"));
  CHECK_THAT(text, contains(fingerprint(p)));
  CHECK_THAT(text, contains(std::string(library_version)));
  CHECK_THAT(text, contains("radii hold for the float32 engine  yes"));
  CHECK(text == text_of(assurance(p)));

  get<0>(p).weight[0] = 5;  // at_most<2> is broken
  const std::string broken = text_of(assurance(p));
  CHECK_THAT(broken, contains("these weights keep what is declared of weights  no"));
  CHECK(broken.find(fingerprint(p)) != std::string::npos);
  CHECK(text.find(fingerprint(p)) == std::string::npos);
}

TEST_CASE("embed.assurance: a floor that the weights imply is proved, not assumed") {
  struct implied : decltype(Input<4> >> Linear<4>(no_bias) >> LN(no_affine, min_std<0.5>) >> Linear<6>(no_bias) >>
                            LN(no_affine, min_std<0.25>)) {};
  parameters<implied> p{};
  for (std::size_t i = 0; i < 4; ++i) get<0>(p).weight[i * 5] = 1, get<2>(p).weight[i * 5] = 1;
  CHECK_THAT(text_of(assurance(p)), contains("std3 >=  0.25   proved of these weights, if the floors before hold"));
  CHECK_THAT(text_of(assurance(p)), contains("std1 >=  0.5    for each input, by certify"));
}

TEST_CASE("embed.assurance: rounding that nobody bounds is said") {
  struct halved : decltype(Input<2> >> Linear<2> >> half{}) {};
  parameters<halved> p{};
  CHECK_THAT(text_of(assurance(p)), contains("radii hold for the float32 engine  no"));
  CHECK_THAT(text_of(assurance(p)), contains("certify gives radius 0"));
}

TEST_CASE("embed.assurance: without declarations, without conditions; with a constant of one's own") {
  parameters<plain> p{};
  get<0>(p).weight = {1, 0, 0, 1};
  CHECK_THAT(text_of(assurance(p)), contains("<= L |x - x'| for all x, x'."));
  CHECK_THAT(text_of(assurance(p)), contains("The type declares nothing."));
  lipschitz_bound<8> mine;
  mine.value = 1.5;
  mine.method = "by hand";
  CHECK_THAT(json_of(assurance(p, mine)), contains("\"lipschitz\": 1.5"));
  CHECK_THAT(json_of(assurance(p, mine)), contains("\"method\": \"by hand\""));
}
