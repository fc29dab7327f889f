// SPDX-License-Identifier: Apache-2.0
#include <taut/certify/certifier.hpp>
#include <taut/layers/layer_norm.hpp>
#include <taut/layers/linear.hpp>
#include <taut/layers/relu.hpp>
#include <taut/net/compose.hpp>
#include <taut/theory/attack.hpp>

#include "support/catch.hpp"

using namespace taut;

namespace {

struct linear_net : decltype(Input<3> >> Linear<2>) {};
struct net : decltype(Input<4> >> Linear<6> >> LN >> ReLU >> Linear<3>) {};

constexpr std::size_t samples = 21;  // no multiple of a register's lanes

template <class Net> dataset drawn(const parameters<Net>& p) {
  base::random_stream random(4);
  dataset data{array<float, 2>::from_shape({samples, Net::input_size}), {}};
  for (std::size_t i = 0; i < samples; ++i) {
    for (std::size_t k = 0; k < Net::input_size; ++k) data.inputs(i, k) = static_cast<float>(random.normal());
    data.labels.push_back(base::label_of(evaluate(p, data.input(i)).data(), Net::output_size));
  }
  return data;
}

double distance(std::span<const float> a, const float* b) {
  double square = 0;
  for (std::size_t k = 0; k < a.size(); ++k)
    square += (static_cast<double>(a[k]) - static_cast<double>(b[k])) *
              (static_cast<double>(a[k]) - static_cast<double>(b[k]));
  return std::sqrt(square);
}

}  // namespace

TEST_CASE("theory.attack: a linear classifier's labels change exactly beyond the margin") {
  parameters<linear_net> p;
  get<0>(p).weight = {1, 2, -1, 0.5f, -1, 0};
  get<0>(p).bias = {0.25f, 0};
  const double w = std::sqrt(0.25 + 9 + 1);  // |w_0 - w_1|
  const dataset data = drawn(p);
  for (const attack_loss loss : {attack_loss::margin, attack_loss::cross_entropy})
    for (const double radius : {0.1, 0.3, 1.0}) {
      const auto found = attack(p, data, {.radius = radius, .steps = 10, .starts = 1, .loss = loss});
      for (std::size_t i = 0; i < samples; ++i) {
        const auto y = evaluate(p, data.input(i));
        const double margin = std::abs(y[0] - y[1]) / w;
        if (margin < radius * 0.999) CHECK(found.distance[i] >= margin);
        CHECK(found.survived(i) == (margin >= radius * 0.999));
      }
    }
}

TEST_CASE("theory.attack: what it finds lies in the ball and has another label; no certificate is contradicted") {
  parameters<net> p;
  initialise(p, 3);
  dataset data = drawn(p);
  data.labels[2] = (data.labels[2] + 1) % 3;  // a wrong one
  const auto guard = certifier(p);
  std::size_t found_in_all = 0, certified_in_all = 0;
  for (const double radius : {0.1, 0.5, 1.0}) {
    const auto found = attack(p, data, {.radius = radius});
    CHECK(found.distance[2] == 0);
    for (std::size_t i = 0; i < samples; ++i) {
      const float* const input = found.inputs.data() + i * 4;
      const auto v = certify(guard, data.input(i));
      if (found.survived(i)) {
        CHECK(distance(data.input(i), input) == 0);
      } else if (found.distance[i] > 0) {
        ++found_in_all;
        const std::span<const float, 4> at(input, 4);
        CHECK(base::label_of(evaluate(p, at).data(), 3) != data.labels[i]);
        CHECK(distance(data.input(i), input) < radius);
        CHECK(distance(data.input(i), input) == Approx(found.distance[i]));
        CHECK(v.radius <= found.distance[i]);
      }
      certified_in_all += v.radius >= radius ? 1 : 0;
    }
    std::size_t survivors = 0;
    for (std::size_t i = 0; i < samples; ++i) survivors += found.survived(i) ? 1 : 0;
    CHECK(found.accuracy() == Approx(static_cast<double>(survivors) / samples));
  }
  CHECK(found_in_all > 10);
  CHECK(certified_in_all > 10);
}

TEST_CASE("theory.attack: more starts never find less, and each sample's search is its own") {
  parameters<net> p;
  initialise(p, 8);
  const dataset data = drawn(p);
  const attack_options once{.radius = 0.4, .steps = 8, .starts = 1}, often{.radius = 0.4, .steps = 8, .starts = 6};
  const auto few = attack(p, data, once), many = attack(p, data, often);
  for (std::size_t i = 0; i < samples; ++i)
    if (!few.survived(i)) CHECK(many.distance[i] == few.distance[i]);
  const std::vector<std::size_t> head{0, 1, 2};
  const auto part = attack(p, subset(data, head), often);
  for (const std::size_t i : head) CHECK(part.distance[i] == many.distance[i]);
}

TEST_CASE("theory.attack: options that make no sense are refused") {
  parameters<net> p;
  initialise(p, 1);
  const dataset data = drawn(p);
  CHECK_THROWS_AS(attack(p, data, {.radius = 0}), std::invalid_argument);
  CHECK_THROWS_AS(attack(p, data, {.steps = 0}), std::invalid_argument);
  CHECK_THROWS_AS(attack(p, data, {.starts = 0}), std::invalid_argument);
  dataset other = data;
  other.labels[0] = 3;
  CHECK_THROWS_AS(attack(p, other, {}), std::invalid_argument);
}
