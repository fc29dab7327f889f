// SPDX-License-Identifier: Apache-2.0
// Parameters: places, names, shapes, seeds.
#include <string>
#include <taut/inference.hpp>
#include <vector>

#include "support/catch.hpp"

namespace {

using namespace taut;

struct net : decltype(Input<3> >> Linear<2>(at_most<1.5>) >> LN(gain_at_most<2.0>) >> ReLU >> Linear<4>(no_bias)) {};

static_assert(std::same_as<parameters<net>::network_type, net>);
static_assert(get<1>(parameters<net>{}).gain == std::array{1.0f, 1.0f});  // gains are 1, the rest 0
static_assert(get<0>(parameters<net>{}).weight == std::array<float, 6>{});
static_assert(std::same_as<parameters_of_layer<layer::relu, shape{2}>, no_parameters>);
static_assert(std::same_as<decltype(get<0>(std::declval<parameters<net, double>&>()).weight), std::array<double, 6>>);
static_assert(filled<int, 3>(7) == std::array{7, 7, 7});
static_assert(base::trainable_elements<no_parameters>() == 0);

constexpr float seeded = [] {
  parameters<net> p{};
  initialise(p, 7);
  return get<0>(p).weight[5];
}();

struct claim_list {
  std::vector<std::string> names;
  std::vector<double> limits;
  void spectral_norm_at_most(std::string_view name, auto& values, std::size_t rows, std::size_t columns, double limit) {
    CHECK(values.size() == rows * columns);
    names.emplace_back(name), limits.push_back(limit);
  }
  void magnitude_at_most(std::string_view name, auto&, double limit) {
    names.emplace_back(name), limits.push_back(limit);
  }
};

// A stream with a way of its own to make matrices.
struct counting : base::random_stream {
  using random_stream::random_stream;
  std::vector<std::size_t> columns;
  void fill_matrix(auto& weights, std::size_t fan_in) {
    columns.push_back(fan_in);
    for (auto& w : weights) w = 3;
  }
};

}  // namespace

TEST_CASE("net.parameters: tensors have PyTorch's names and shapes, in file order") {
  parameters<net> p{};
  std::vector<std::string> seen;
  for_each_tensor(p, [&](std::string_view name, shape extents, auto span) {
    seen.push_back(std::string(name) + " " + std::string(extents.name().view()));
    for (auto& v : span) v = 9;  // mutable for mutable p
  });
  CHECK(seen == std::vector<std::string>{"0.weight 2x3", "0.bias 2", "1.weight 2", "1.bias 2", "3.weight 4x2"});
  CHECK(get<0>(p).bias[1] == 9);
  CHECK(get<3>(p).weight[7] == 9);
  const auto& fixed = p;
  for_each_tensor(fixed, [](std::string_view, shape, auto span) {
    CHECK(std::is_const_v<std::remove_reference_t<decltype(span[0])>>);
    for (const auto v : span) CHECK(v == 9);
  });
}

TEST_CASE("net.parameters: a seed gives the same numbers at compile time and at run time") {
  parameters<net> p{}, other{};
  initialise(p, 7), initialise(other, 8);
  CHECK(get<0>(p).weight[5] == seeded);
  CHECK(seeded != 0);
  CHECK(get<0>(other).weight != get<0>(p).weight);
  CHECK(get<1>(p).gain[0] == 1);
}

TEST_CASE("net.parameters: claims are visited with full names") {
  parameters<net> p{};
  claim_list claims;
  for_each_claim(p, claims);
  CHECK(claims.names == std::vector<std::string>{"0.weight", "1.weight"});
  CHECK(claims.limits == std::vector<double>{1.5, 2.0});
}

TEST_CASE("net.parameters: weights are as He has them, or as the stream makes matrices") {
  parameters<net> p{}, q{};
  counting mine(1);
  base::initialise_from(p, mine);
  CHECK(mine.columns == std::vector<std::size_t>{3, 2});
  CHECK(get<3>(p).weight[0] == 3);

  initialise(q, 1);
  double squares = 0;
  std::array<float, 3000> w{};
  base::random_stream random(1);
  base::fill_weights(w, 24, random);
  for (const float v : w) {
    CHECK(std::abs(v) <= 0.5f);  // sqrt(6 / 24)
    squares += static_cast<double>(v * v);
  }
  CHECK(squares / 3000 == Approx(2.0 / 24).epsilon(0.05));
}
