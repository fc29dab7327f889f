// SPDX-License-Identifier: Apache-2.0
// Options by call: what a layer keeps of them, and options that a user's layer brings along. Mistakes are in rejects/.
#include <taut/inference.hpp>

#include "support/catch.hpp"

namespace {

using namespace taut;

// a user's option and a user's layer that takes it
struct slope_key {};
template <double Value> struct slope_option : option::base {
  using key = slope_key;
  static constexpr double value = Value;
  static constexpr const char* name = "slope";
};
template <double s> inline constexpr slope_option<s> slope{};

template <class... Options> struct leaky : configurable<leaky<Options...>> {
  static constexpr double steepness = option::value_of<slope_key, Options...>(0.01);
  static constexpr auto name = base::say("leaky");
  using options = base::list<Options...>;
  using takes = base::list<slope_key>;
  template <class... More> using with = leaky<More...>;
  static constexpr fusion reads = fusion::pointwise;
  static constexpr auto wants = base::say("any shape");
  static constexpr bool accepts(shape) { return true; }
  static constexpr shape output(shape in) { return in; }
  static constexpr bool homogeneous = true;
  static constexpr output_range range{};
  template <class V> static constexpr V apply(V x) { return simd::max(x, x * simd::number<V>(steepness)); }
  template <class V> static constexpr V derivative(V x, V) {
    return simd::select(simd::less(x, V(0)), simd::number<V>(steepness), V(1));
  }
  static constexpr auto lipschitz(shape) { return constant(1); }
};
inline constexpr leaky<> Leaky{};

static_assert(leaky<>::steepness == 0.01 && decltype(Leaky(slope<0.5>))::steepness == 0.5);
static_assert(Layer<decltype(Leaky(slope<0.5>))>);
struct net : decltype(Input<2> >> Leaky(slope<0.25>) >> Leaky) {};
static_assert(evaluate(parameters<net>{}, std::array{-8.0, 8.0}) == std::array{-8.0 * 0.25 * 0.01, 8.0});

using both = decltype(LN(epsilon<0.5>, min_std<0.25>));
static_assert(both::epsilon == 0.5 && both::min_std == 0.25 && both::has_affine);
static_assert(std::same_as<decltype(LN()), layer::layer_norm<>>);  // no option: the same layer
static_assert(std::same_as<decltype(LN(epsilon<0.5>)(min_std<0.25>)), both>);

static_assert(option::has<option::no_bias, option::no_bias> && !option::has<option::no_bias, option::no_affine>);
static_assert(!option::has<option::no_bias>);
static_assert(option::value_of<option::epsilon_key, option::min_std<3.0>>(7) == 7);
static_assert(option::value_of<option::min_std_key, option::min_std<3.0>>(7) == 3);
static_assert(option::Option<option::no_bias> && !option::Option<int> && !option::Option<option::base>);
static_assert(option::spelling<option::no_bias>().view() == "no_bias");
static_assert(option::spelling<option::at_most<2.0>>().view() == "at_most<2>");
static_assert(option::spelling<double>().view() == "something else");

// the judge, in words
template <class L, class O, class... Before> constexpr auto words = option::objection<L, O, Before...>();
static_assert(words<layer::linear<3, 0>, option::at_most<1.0>>.length == 0);
static_assert(words<layer::linear<3, 0>, option::epsilon<1.0>>.view() == "does not take the option");
static_assert(words<layer::linear<3, 0>, option::no_bias, option::no_bias>.view() == "was given twice the option");
static_assert(words<layer::linear<3, 0>, option::at_most<0.0>>.view() == "needs a positive number, not");
static_assert(words<layer::linear<3, 0>, option::at_most<-rounded::infinity>>.view() == "needs a positive number, not");
static_assert(words<layer::linear<3, 0>, int>.view() == "takes options, but was given");

}  // namespace

TEST_CASE("net.option: a user's option reaches the engine") {
  const auto engine = compile(parameters<net>{});
  const auto y = engine(std::array{-8.0f, 8.0f});
  CHECK(y[0] == Approx(-0.02));
  CHECK(y[1] == 8);
}
