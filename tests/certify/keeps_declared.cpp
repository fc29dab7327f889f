// SPDX-License-Identifier: Apache-2.0
// The twin of certify/keeps_declared.hpp: each kind of claim, kept and broken by one value.
#include <taut/inference.hpp>

#include "support/catch.hpp"

namespace {

using namespace taut;

struct net : decltype(Input<3> >> Linear<2>(at_most<2.0>) >> BN(min_std<0.5>, gain_at_most<1.5>) >>
                      Residual(LN(gain_at_most<1.0>)) >> SpectralNorm<3.0>(Linear<4>)) {};

// weights of a norm just below 2, gains at their limits, variances at theirs
constexpr parameters<net> at_the_limits() {
  parameters<net> p;
  get<0>(p).weight = {1.999f, 0, 0, 0, -1.999f, 0};
  get<1>(p).gain = {1.5f, -1.5f};
  get<1>(p).running_var = {0.25f, 7};
  get<3>(p).matrix = {1, 2, 3, 4, 5, 6, 7, 8};
  return p;
}
static_assert(keeps_declared(parameters<net>{}) && keeps_declared(parameters<decltype(Input<3> >> LN)>{}));
constexpr bool broken(auto&& breaks) {
  auto p = at_the_limits();
  breaks(p);
  return !keeps_declared(p);
}
static_assert(!broken([](auto& p) { get<0>(p).weight[1] = 0.0f; }));
static_assert(broken([](auto& p) { get<0>(p).weight[0] = 2.001f; }));
static_assert(broken([](auto& p) { get<1>(p).gain[1] = -1.51f; }));
static_assert(broken([](auto& p) { get<1>(p).running_var[0] = 0.2499f; }));
static_assert(broken([](auto& p) { get<0>(std::get<0>(get<2>(p).inside)).gain[0] = 1.001f; }));

TEST_CASE("certify.keeps_declared: the same at run time, and what is not finite keeps nothing") {
  CHECK(!broken([](auto& p) { get<0>(p).weight[1] = 0.0f; }));
  CHECK(broken([](auto& p) { get<0>(p).weight[0] = 2.001f; }));
  for (const float strange : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    CHECK(broken([=](auto& p) { get<0>(p).weight[5] = strange; }));
    CHECK(broken([=](auto& p) { get<1>(p).gain[0] = strange; }));
    CHECK(broken([=](auto& p) { get<1>(p).running_var[1] = strange; }));
  }
}

TEST_CASE("certify.keeps_declared: every layer that declares a limit has it checked") {
  struct all : decltype(Input<4, 6> >> Conv1d<4, 3>(at_most<2.0>, groups<2>) >> GN<2>(gain_at_most<1.0>) >>
                        InstanceNorm(gain_at_most<1.0>) >> SpectralNorm<2.0>(Conv1d<2, 3>) >> Flatten >>
                        WeightNorm(Linear<3>(at_most<2.0>)) >> RMSNorm(gain_at_most<1.0>)) {};
  parameters<all> p;
  initialise(p, 3);
  for (float& w : get<0>(p).weight) w *= 0.25f;
  for (float& g : get<5>(p).length) g = 1;
  CHECK(keeps_declared(p));
  for (const assumption& a : assumptions<all>) CHECK(a.when == checked::on_loading);
  CHECK(assumptions<all>.size() == 6);
  const auto breaks = [&p](auto&& change) {
    auto q = p;
    change(q);
    return !keeps_declared(q);
  };
  CHECK(breaks([](auto& q) { get<0>(q).weight[23] = 3; }));  // of the last group
  CHECK(breaks([](auto& q) { get<1>(q).gain[3] = 1.01f; }));
  CHECK(breaks([](auto& q) { get<2>(q).gain[0] = -1.01f; }));
  CHECK(breaks([](auto& q) { get<3>(q).matrix[5] = std::numeric_limits<float>::infinity(); }));
  CHECK(breaks([](auto& q) { get<5>(q).length[2] = 3; }));
  CHECK(breaks([](auto& q) { get<6>(q).gain[1] = 2; }));
}

}  // namespace
