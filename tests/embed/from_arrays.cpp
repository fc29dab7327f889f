// SPDX-License-Identifier: Apache-2.0
// The twin of embed/from_arrays.hpp: arrays land in their tensors, in constant expressions and at run time.
#include <cstdint>
#include <taut/embed/from_arrays.hpp>
#include <taut/layers/layer_norm.hpp>
#include <taut/layers/linear.hpp>
#include <taut/layers/relu.hpp>

#include "support/catch.hpp"

namespace {

using namespace taut;

struct small : decltype(Input<2> >> Linear<3> >> LN >> ReLU >> Linear<1>(no_bias)) {};
constexpr float weight0[6] = {1, 2, 3, 4, 5, 6}, bias0[3] = {7, 8, 9}, gain[3] = {-1, -2, -3}, offset[3] = {4, 5, 6},
                weight3[3] = {0.5f, -0.0f, 1e-45f};
constexpr auto p = from_arrays<small>(weight0, bias0, gain, offset, weight3);
static_assert(get<0>(p).weight[5] == 6 && get<0>(p).bias[0] == 7 && get<1>(p).gain[2] == -3);
static_assert(get<1>(p).offset[1] == 5 && get<3>(p).weight[0] == 0.5f && get<3>(p).weight[2] == 1e-45f);

struct none : decltype(Input<2> >> ReLU) {};
constexpr auto nothing = from_arrays<none>();
static_assert(std::same_as<decltype(nothing), const parameters<none>>);

// The wrong number, size, order or type of arrays is found before anything is copied.
static_assert(base::arrays_fit<small, float, float, float, float, float>({6, 3, 3, 3, 3}));
static_assert(!base::arrays_fit<small, float, float, float, float>({6, 3, 3, 3}));
static_assert(!base::arrays_fit<small, float, float, float, float, float, float>({6, 3, 3, 3, 3, 3}));
static_assert(!base::arrays_fit<small, float, float, float, float, float>({3, 6, 3, 3, 3}));
static_assert(!base::arrays_fit<small, float, float, std::int64_t, float, float>({6, 3, 3, 3, 3}));

// Within default limits although every element is copied: 100,000 are.
struct large : decltype(Input<1000> >> Linear<100>(no_bias)) {};
struct hundred_thousand {
  float values[100000];
};
constexpr hundred_thousand ramp = [] {
  hundred_thousand r{};
  for (int i = 0; i < 100000; ++i) r.values[i] = static_cast<float>(i);
  return r;
}();
constexpr auto large_parameters = from_arrays<large>(ramp.values);
static_assert(get<0>(large_parameters).weight[99999] == 99999 && get<0>(large_parameters).weight[15] == 15);

TEST_CASE("embed.from_arrays: run time and constant expressions agree") {
  const parameters<small> q = from_arrays<small>(weight0, bias0, gain, offset, weight3);
  const auto all_of = [](const parameters<small>& of) {
    std::vector<float> values;
    for_each_tensor(of, [&values](std::string_view, const shape&, auto span) {
      for (const float v : span) values.push_back(v);
    });
    return values;
  };
  const std::vector<float> constant_values = all_of(p), values = all_of(q);
  REQUIRE(values == constant_values);
  REQUIRE(values.size() == 18);
  REQUIRE(std::signbit(values[16]));
}

}  // namespace
