// SPDX-License-Identifier: Apache-2.0
// The reference in double: ranges it takes, values by hand, constant expressions.
#include <span>
#include <taut/inference.hpp>
#include <vector>

#include "support/catch.hpp"

namespace {

using namespace taut;

struct net : decltype(Input<2> >> Linear<3> >> ReLU >> Linear<2>) {};

constexpr parameters<net> by_hand = [] {
  parameters<net> p{};
  get<0>(p).weight = {1, 1, -1, 2, 0.5f, 0};
  get<0>(p).bias = {0, 1, -2};
  get<2>(p).weight = {1, 2, 3, -1, 0, 1};
  get<2>(p).bias = {0.25f, 0};
  return p;
}();
// hidden: relu(3 + 1), relu(-3 + 2 + 1), relu(1.5 - 2) = 4, 0, 0
static_assert(evaluate(by_hand, std::array{3.0, 1.0}) == std::array{4.25, -4.0});
static_assert(evaluate(by_hand, std::array{3.0f, 1.0f}) == std::array{4.25, -4.0});

static_assert(base::largest_activation<net>() == 3);
static_assert(base::numbers<std::vector<float>> && base::numbers<std::span<const double>> &&
              !base::numbers<std::array<int, 2>>);
static_assert(base::extent_of<const std::array<float, 5>> == 5 && base::extent_of<const std::span<float, 4>> == 4);
static_assert(base::extent_of<const float[6]> == 6 && base::extent_of<const std::vector<float>> == std::dynamic_extent);

}  // namespace

TEST_CASE("net.evaluate: arrays, vectors, spans of float and double are taken") {
  const std::array expected{4.25, -4.0};
  const std::vector<double> doubles{3, 1};
  const std::vector<float> floats{3, 1};
  const float plain[]{3, 1};
  CHECK(evaluate(by_hand, doubles) == expected);
  CHECK(evaluate(by_hand, floats) == expected);
  CHECK(evaluate(by_hand, std::span(doubles)) == expected);
  CHECK(evaluate(by_hand, std::span<const float, 2>(floats)) == expected);
  CHECK(evaluate(by_hand, plain) == expected);
  CHECK(compile(by_hand)(plain) == std::array{4.25f, -4.0f});
  CHECK(compile(by_hand)(floats) == std::array{4.25f, -4.0f});
}

TEST_CASE("net.evaluate: parameters in double are used in double") {
  parameters<net, double> p{};
  get<2>(p).bias[0] = 1 + 0x1p-40;  // more than a float holds
  CHECK(evaluate(p, std::array{0.0, 0.0})[0] == 1 + 0x1p-40);
}
