// SPDX-License-Identifier: Apache-2.0
// The twin of embed/proof.hpp: true claims are proved, in constant expressions too; false ones are not.
#include <taut/embed/proof.hpp>
#include <taut/layers/layer_norm.hpp>
#include <taut/layers/linear.hpp>
#include <taut/layers/relu.hpp>
#include <taut/layers/residual.hpp>
#include <taut/layers/spectral_norm.hpp>
#include <taut/layers/weight_norm.hpp>

#include "support/catch.hpp"

namespace {

using namespace taut;

struct net : decltype(Input<6> >> Linear<5> >> LN(min_std<0.5>) >> ReLU >> Linear<3>) {};
constexpr auto p = [] {
  parameters<net> made;
  initialise(made, 3);
  get<1>(made).gain[2] = -1.75f;
  return made;
}();

struct claims {
  double factors[4], bound;
};
// The factors as they are found, each wider by `slack`, factor `at` by `more` as well.
constexpr claims found(double slack, std::size_t at = 0, double more = 1) {
  claims c{{}, 1};
  const auto factors = certificates::factors(p);
  for (std::size_t i = 0; i < 4; ++i) {
    c.factors[i] = factors[i] * (i == at ? slack * more : slack);
    c.bound = rounded::mul_up(c.bound, c.factors[i]);
  }
  return c;
}
constexpr bool proved(const claims& c, double bound) { return proves_lipschitz(p, c.factors, bound); }
constexpr bool proved(const claims& c) { return proved(c, c.bound); }

static_assert(compiler_can_prove<net>);
static_assert(proved(found(1 + 1e-9)));
static_assert(!proved(found(1 + 1e-9), found(1).bound));  // the product exceeds the bound
static_assert(!proved(found(1 + 1e-9, 0, 1 - 1e-4)));     // the norm of the first matrix is larger
static_assert(!proved(found(1 + 1e-9, 1, 1 - 1e-4)));     // the normalizer's factor is larger
static_assert(!proved(found(1 + 1e-9, 3, 1 - 1e-4)));

// The same claims in parts, of constants with names.
constexpr claims wider = found(1 + 1e-9), too_small = found(1 + 1e-9, 3, 1 - 1e-4),
                 other = found(1 + 1e-9, 1, 1 - 1e-4);
static_assert(proves_lipschitz<p, wider.factors>(wider.bound));
static_assert(!proves_lipschitz<p, wider.factors>(found(1).bound));
static_assert(!proves_lipschitz<p, too_small.factors>(wider.bound));
static_assert(!proves_lipschitz<p, other.factors>(wider.bound));

struct large : decltype(Input<784> >> Linear<128> >> LN >> ReLU >> Linear<10>) {};
static_assert(compiler_can_prove<large> && proof_work<large> > constant_work);
static_assert(!compiler_can_prove<decltype(Input<300> >> Linear<200>)::normal_form>, "too large a factorization");
static_assert(!compiler_can_prove<decltype(Input<4000> >> Linear<128>)::normal_form>, "too long");
static_assert(compiler_can_prove<decltype(Input<30> >> WeightNorm(Linear<20>))::normal_form>);
static_assert(proof_work<decltype(Input<30> >> SpectralNorm<1.0>(Linear<20>))::normal_form> == infinite_work);
static_assert(proof_work<decltype(Input<30> >> Residual(Linear<30>))::normal_form> == infinite_work);

TEST_CASE("embed.proof: run time agrees with constant expressions") {
  REQUIRE(proved(found(1 + 1e-9)));
  for (const std::size_t at : {std::size_t{0}, std::size_t{1}, std::size_t{2}, std::size_t{3}})
    REQUIRE_FALSE(proved(found(1 + 1e-9, at, 1 - 1e-4)));
}

TEST_CASE("embed.proof: what is not a number proves nothing") {
  claims c = found(1.5);
  REQUIRE(proved(c));
  for (const double nonsense : {std::numeric_limits<double>::quiet_NaN(), -1.0, 0.0}) {
    claims wrong = c;
    wrong.factors[0] = nonsense;
    REQUIRE_FALSE(proved(wrong));
    REQUIRE_FALSE(proved(c, nonsense));
  }
}

TEST_CASE("embed.proof: weights that are no numbers have no bound") {
  const claims c = found(1e6);
  parameters<net> broken = p;
  get<3>(broken).weight[4] = std::numeric_limits<float>::quiet_NaN();
  REQUIRE_FALSE(proves_lipschitz(broken, c.factors, c.bound));
  get<3>(broken).weight[4] = std::numeric_limits<float>::infinity();
  REQUIRE_FALSE(proves_lipschitz(broken, c.factors, c.bound));
}

TEST_CASE("embed.proof: large networks are proved at run time") {
  static parameters<large> q;
  initialise(q, 1);
  double factors[4], bound = 1;
  const auto exact = certificates::factors(q);
  for (std::size_t i = 0; i < 4; ++i) bound = rounded::mul_up(bound, factors[i] = exact[i] * (1 + 1e-9));
  REQUIRE(proves_lipschitz(q, factors, bound));
  factors[0] *= 1 - 1e-3;
  REQUIRE_FALSE(proves_lipschitz(q, factors, bound));
}

}  // namespace
