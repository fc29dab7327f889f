// SPDX-License-Identifier: Apache-2.0
// The bound of the type: formula, number, what keeps it open.
#include <string_view>
#include <taut/inference.hpp>

#include "support/catch.hpp"

namespace {

using namespace taut;

struct digits : decltype(Input<64> >> Linear<32>(at_most<2.0>) >> LN(min_std<0.25>, gain_at_most<1.0>) >> ReLU >>
                         Linear<10>(at_most<2.0>)) {};
static_assert(formula<digits> == "norm(W0) * gain1 / sqrt(std1^2 + 1e-05) * norm(W3)");
static_assert(lipschitz<digits> <= 16 && lipschitz<digits> > 15.99);
static_assert(std::same_as<decltype(lipschitz<digits>), const double>);

// 1/3 and 1/10 are no doubles: the product is rounded up, and by no more than two units
struct thirds : decltype(Input<4> >> Linear<4>(at_most<0.1>) >> Linear<4>(at_most<0.1>) >> Linear<4>(at_most<0.1>)) {};
static_assert(lipschitz<thirds> >= 0.001 && lipschitz<thirds> <= 0.001 * (1 + 1e-15));
static_assert(formula<thirds> == "norm(W0) * norm(W1) * norm(W2)");

struct contraction : decltype(Input<4> >> ReLU >> Tanh) {};
static_assert(lipschitz<contraction> == 1 && formula<contraction> == "1");
struct constant_output : decltype(Input<4> >> Linear<1> >> LN >> Linear<3>) {};
static_assert(lipschitz<constant_output> == 0);  // one feature, normalized, is constant: nothing need be declared
struct without_floor : decltype(Input<4> >> Linear<3>(at_most<1.0>) >> LN(no_affine, epsilon<0.0625>)) {};
static_assert(lipschitz<without_floor> == 4);

struct undeclared : decltype(Input<4> >> Linear<3>(at_most<1.0>) >> LN >> Linear<3>) {};
static_assert(!is_closed<decltype(lipschitz<undeclared>)>);
static_assert(base::lipschitz_of_type<undeclared>.first_open()->where.name().view() == "1");
static_assert(base::lipschitz_of_type<undeclared>.first_open()->declare == std::string_view("gain_at_most<g>"));
static_assert(base::name_of_layer<undeclared>(1).view() == "LayerNorm");

// a named model and its normal form are one
static_assert(lipschitz<digits::normal_form> == lipschitz<digits>);

}  // namespace

TEST_CASE("net.lipschitz: the formula evaluates to the bound") {
  const auto value = base::lipschitz_of_type<digits>.value();
  CHECK(value.upper >= lipschitz<digits>);
  CHECK(value.upper <= lipschitz<digits> * (1 + 1e-14));
  CHECK(value.lower == 0);
}
