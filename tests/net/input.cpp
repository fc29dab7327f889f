// SPDX-License-Identifier: Apache-2.0
// The twin of net/input.hpp: what an input declares are facts of its type; one that declares nothing is as it was.
#include <string>
#include <taut/embed/spelling.hpp>
#include <taut/inference.hpp>
#include <taut/net/describe.hpp>
#include <taut/net/diagram.hpp>

#include "support/catch.hpp"

namespace {

using namespace taut;
using taut::tests::contains;

struct plain : decltype(Input<64> >> Linear<10>) {};
struct declared : decltype(Input<64>(in_ball<8.0>, in_box<-0.5, 1.0>) >> Linear<10>) {};
struct image : decltype(Input<3, 4, 5>(in_box<0.0, 1.0>) >> Flatten) {};

static_assert(std::same_as<plain::input, layer::input<64>> && std::same_as<decltype(Input<64>()), layer::input<64>>);
static_assert(std::is_empty_v<declared> && declared::parameter_count == plain::parameter_count);
static_assert(plain::input::ball == rounded::infinity && plain::input::lower == -rounded::infinity &&
              plain::input::upper == rounded::infinity);
static_assert(declared::input::ball == 8 && declared::input::lower == -0.5 && declared::input::upper == 1);
static_assert(image::input::ball == rounded::infinity && image::input::lower == 0 && image::input::upper == 1);
static_assert(image::shapes[0] == shape{3, 4, 5} && image::input_size == 60);

static_assert(std::same_as<decltype(Input<64>(in_ball<8.0>)(in_box<0.0, 1.0>)),
                           decltype(Input<64>(in_ball<8.0>, in_box<0.0, 1.0>))>);
static_assert(base::is_input<declared::input> && !base::is_part<declared::input>);
static_assert(base::title_of_input<plain::input>().view() == "Input<64>");
static_assert(base::title_of_input<declared::input>().view() == "Input<64>(in_ball<8>, in_box<-0.5, 1>)");

// a box and a ball that have no point in common
static_assert(layer::detail::apart(1, 0.5, 1, 5) && !layer::detail::apart(1, 0.5, 1, 4));
static_assert(layer::detail::apart(1, -2, -1.5, 1) && !layer::detail::apart(1, -2, 0, 100));

TEST_CASE("net.input: what is declared is printed, drawn and spelled") {
  CHECK_THAT(describe<declared>(), contains("   Input<64>(in_ball<8>, in_box<-0.5, 1>)  64"));
  CHECK_THAT(diagram<declared>(), contains("label=\"Input<64>(in_ball<8>, in_box<-0.5, 1>)\""));
  CHECK(spelling<declared>() == "Input<64>(in_ball<8.0>, in_box<-0.5, 1.0>) >> Linear<10>");
  struct half : decltype(Input<2>(in_box<-rounded::infinity, 0.0>) >> ReLU) {};
  CHECK(spelling<half>() == "Input<2>(in_box<-taut::rounded::infinity, 0.0>) >> ReLU");
}

TEST_CASE("net.input: a network computes the same, whatever its input declares") {
  parameters<plain> p;
  initialise(p, 3);
  parameters<declared> q;
  initialise(q, 3);
  std::array<float, 64> x{};
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i % 5) * 0.2f;
  CHECK(compile(p)(x) == compile(q)(x));
  static_assert(lipschitz<decltype(Input<64> >> ReLU)> == lipschitz<decltype(Input<64>(in_ball<1.0>) >> ReLU)>);
}

}  // namespace
