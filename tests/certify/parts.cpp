// SPDX-License-Identifier: Apache-2.0
// Norms proved in parts: the compiler's verdict is that of the whole matrix at once, on both sides of the norm.
#include <taut/certify/factors.hpp>
#include <taut/certify/parts.hpp>
#include <taut/layers/batch_norm.hpp>
#include <taut/layers/group_norm.hpp>
#include <taut/layers/layer_norm.hpp>
#include <taut/layers/linear.hpp>
#include <taut/layers/relu.hpp>
#include <taut/layers/weight_norm.hpp>

#include "support/catch.hpp"

namespace {

using namespace taut;

template <class Net> constexpr parameters<Net> made(std::uint64_t seed) {
  parameters<Net> p;
  initialise(p, seed);
  base::random_stream random(seed);
  for_each_tensor(p, [&random](std::string_view name, const shape&, auto values) {
    if constexpr (std::floating_point<typename decltype(values)::value_type>) {
      if (name.ends_with("weight") && values.size() < 64)
        for (auto& v : values) v = static_cast<float>(random.uniform(-1, 1));
    }
  });
  return p;
}

// Several strips on each side, more rows than columns and fewer, centred on either side, in runs, scaled.
struct net : decltype(Input<24> >> Linear<40> >> BN >> LN(min_std<0.5>) >> ReLU >> Linear<36> >> GN<3> >> Linear<18> >>
                      ReLU >> Linear<1>(no_bias)) {};
constexpr auto p = made<net>(3);
constexpr auto factors = certificates::factors(p);

template <std::size_t I> constexpr bool decides() {
  return certificates::norm_proved<p, I, factors[I] * (1 + 1e-9)> &&
         !certificates::norm_proved<p, I, factors[I] * (1 - 1e-4)>;
}
static_assert(decides<0>() && decides<4>() && decides<6>() && decides<8>());
static_assert(!certificates::norm_proved<p, 0, 0.0> && !certificates::norm_proved<p, 0, -1.0>);

struct zero : decltype(Input<3> >> Linear<2>) {};
constexpr parameters<zero> nothing{};
static_assert(certificates::norm_proved<nothing, 0, 0.0> && certificates::norm_proved<nothing, 0, 1.0>);
constexpr auto with(float entry) {
  parameters<zero> q{};
  get<0>(q).weight[4] = entry;
  return q;
}
constexpr auto least = with(0x1p-149f), largest = with(0x1.fffffep127f);
static_assert(certificates::norm_proved<least, 0, 0x1.0001p-149> && !certificates::norm_proved<least, 0, 0x1p-150>);
static_assert(!certificates::norm_proved<least, 0, 0.0>);
static_assert(certificates::norm_proved<largest, 0, 0x1p128> && !certificates::norm_proved<largest, 0, 0x1.fp127>);

// Equal rows before centring leave nothing but rounding: no claim below its bound is proved.
struct level : decltype(Input<3> >> Linear<5> >> LN(min_std<0.5>)) {};
constexpr auto equal_rows = [] {
  parameters<level> q{};
  for (float& v : get<0>(q).weight) v = 0.1f;
  return q;
}();
static_assert(!certificates::norm_proved<equal_rows, 0, 1e-18> && !certificates::norm_proved<equal_rows, 0, 0.0>);
static_assert(certificates::norm_proved<equal_rows, 0, 1e-13>);

struct raw : decltype(Input<20> >> WeightNorm(Linear<17>)) {};
constexpr auto directions = made<raw>(5);
constexpr double raw_norm = certificates::factors(directions)[0];
static_assert(certificates::norm_proved<directions, 0, raw_norm * (1 + 1e-9)>);
static_assert(!certificates::norm_proved<directions, 0, raw_norm * (1 - 1e-4)>);

}  // namespace

TEST_CASE("certify.parts: the compiler's norms are those of run time") {
  const auto at_run_time = certificates::factors(p);
  for (std::size_t i = 0; i < net::depth; ++i) CHECK(factors[i] == Approx(at_run_time[i]).epsilon(1e-5));
  CHECK(raw_norm == Approx(certificates::factors(directions)[0]).epsilon(1e-5));
}
