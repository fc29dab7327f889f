// SPDX-License-Identifier: Apache-2.0
// The plan follows from what layers state: which become one stage, and where 1/std is applied.
#include <taut/inference.hpp>

#include "support/catch.hpp"

namespace {

using namespace taut;
using engine_plan::kind, engine_plan::scheme;

struct expected {
  kind what;
  std::size_t first, count;
  bool normalized = false;
  scheme scale = scheme::none;
};
template <class Net, std::size_t N> constexpr bool plans(const expected (&stages)[N]) {
  const auto& plan = engine_plan::plan_of<Net>;
  if (plan.count != N) return false;
  for (std::size_t i = 0; i < N; ++i) {
    const auto& s = plan.at[i];
    if (s.what != stages[i].what || s.first != stages[i].first || s.count != stages[i].count) return false;
    if (s.normalized != stages[i].normalized || s.scale.scale != stages[i].scale) return false;
  }
  return true;
}
template <class N> using net = typename N::normal_form;

// the scale is owed to the next affine layer through ReLU, for which offsets wait, unless they turn out to be 0
static_assert(plans<net<decltype(Input<4> >> Linear<4> >> LN >> ReLU >> Linear<2>)>>(
    {{kind::dense, 0, 3, true, scheme::owed_with_offset}, {kind::dense, 3, 1}}));
static_assert(plans<net<decltype(Input<4> >> Linear<4> >> LN(no_affine) >> ReLU >> Linear<2>)>>(
    {{kind::dense, 0, 3, true, scheme::owed}, {kind::dense, 3, 1}}));
// without a nonlinearity between, offsets fold into the next bias
static_assert(plans<net<decltype(Input<4> >> Linear<4> >> LN >> Linear<2>)>>({{kind::dense, 0, 2, true, scheme::owed},
                                                                              {kind::dense, 2, 1}}));
// tanh(r z) is not r tanh(z); an output is owed nothing
static_assert(plans<net<decltype(Input<4> >> Linear<4> >> LN >> ReLU >> Tanh >> Linear<2>)>>(
    {{kind::dense, 0, 4, true, scheme::applied}, {kind::dense, 4, 1}}));
static_assert(plans<net<decltype(Input<4> >> Linear<4> >> LN >> ReLU)>>({{kind::dense, 0, 3, true, scheme::applied}}));
// all pointwise layers behind an affine one join it; on their own they are one stage
static_assert(plans<net<decltype(Input<4> >> Linear<4> >> ReLU >> Tanh >> ReLU)>>({{kind::dense, 0, 4}}));
static_assert(plans<net<decltype(Input<4> >> ReLU >> Tanh >> Linear<2>)>>({{kind::elementwise, 0, 2},
                                                                           {kind::dense, 2, 1}}));
// a normalizer behind anything else stands alone, with the pointwise layers behind it
static_assert(plans<net<decltype(Input<4> >> LN >> ReLU >> Linear<2>)>>({{kind::normalize, 0, 2, true, scheme::applied},
                                                                         {kind::dense, 2, 1}}));
static_assert(plans<net<decltype(Input<4> >> Linear<4> >> LN >> LN >> Linear<2>)>>(
    {{kind::dense, 0, 2, true, scheme::applied}, {kind::normalize, 2, 1, true, scheme::applied}, {kind::dense, 3, 1}}));
static_assert(plans<net<decltype(Input<4> >> Linear<4> >> ReLU >> LN >> Linear<2>)>>(
    {{kind::dense, 0, 2}, {kind::normalize, 2, 1, true, scheme::applied}, {kind::dense, 3, 1}}));
// a scaling before a dense layer folds into its columns: its stage computes nothing
constexpr auto& behind_scaling = engine_plan::plan_of<net<decltype(Input<4> >> BN >> Linear<4> >> Tanh >> Linear<2>)>>;
static_assert(!behind_scaling.at[0].computes() && behind_scaling.at[1].computes() && behind_scaling.count == 3);
static_assert(behind_scaling.computed_before(1) == 0 && behind_scaling.computed_before(3) == 2);

// As a square to a small matrix that is normalized itself, as a factor to all others: no epsilon, no square.
template <class N> constexpr bool squares(std::size_t from) {
  const auto& plan = engine_plan::plan_of<N>;
  const bool leaves = plan.at[from].scale.leaves == engine_plan::owed_as::square;
  const bool arrives = plan.at[from + 1].scale.arrives == engine_plan::owed_as::square;
  return leaves && arrives;
}
template <class N> constexpr bool factors(std::size_t from) {
  const auto& plan = engine_plan::plan_of<N>;
  return plan.at[from].scale.leaves == engine_plan::owed_as::factor &&
         plan.at[from + 1].scale.arrives == engine_plan::owed_as::factor;
}
using tiny_chain =
    net<decltype(Input<3> >> Linear<3> >> LN >> Linear<4> >> LN >> ReLU >> Linear<3> >> RMSNorm >> Tanh >> Linear<2>)>;
static_assert(engine_plan::plan_of<tiny_chain>.at[0].scale.arrives == engine_plan::owed_as::square);
static_assert(squares<tiny_chain>(0) && squares<tiny_chain>(1) && factors<tiny_chain>(2));
static_assert(squares<net<decltype(Input<3> >> Linear<16> >> LN >> ReLU >> Linear<16> >> LN >> Linear<2>)>>(0));
static_assert(factors<net<decltype(Input<3> >> Linear<32> >> LN >> ReLU >> Linear<16> >> LN >> Linear<2>)>>(0));
static_assert(factors<net<decltype(Input<3> >> Linear<4> >> LN >> ReLU >> Linear<4> >> GN<2> >> Linear<2>)>>(0));
static_assert(factors<net<decltype(Input<3> >> Linear<4> >> LN(epsilon<1e-30>) >> Linear<4> >> LN)>>(0));

}  // namespace

namespace {

// A normalizer without parameters but with an offset: it does not state offset_free.
struct fixed_offset : layer::layer_norm<option::no_affine> {
  static constexpr bool offset_free = false;
  template <class P> static constexpr double offset(const P&, std::size_t) { return 0.5; }
};

}  // namespace

TEST_CASE("engine.plan: an offset that is no parameter is not lost") {
  struct net : decltype(Input<3> >> Linear<4> >> fixed_offset{} >> ReLU >> Linear<3>) {};
  parameters<net> p;
  initialise(p, 3);
  const std::array<float, 3> x{1, -2, 0.5f};
  const auto fused = compile(p)(x);
  const auto truth = evaluate(p, x);
  for (std::size_t i = 0; i < 3; ++i) CHECK(fused[i] == Approx(truth[i]).margin(1e-5));
}

TEST_CASE("engine.plan: the stages of a deep network cover each layer once") {
  struct deep
      : decltype(Input<4> >> Linear<4> >> LN >> ReLU >> Linear<4> >> Tanh >> LN >> ReLU >> Linear<3> >> Linear<2>) {};
  const auto& plan = engine_plan::plan_of<deep>;
  std::size_t next = 0;
  for (std::size_t s = 0; s < plan.count; ++s) {
    CHECK(plan.at[s].first == next);
    next += plan.at[s].count;
  }
  CHECK(next == deep::depth);
}

TEST_CASE("engine.plan: equal stages repeat, on layers that repeat") {
  // The last LN stands before no dense layer: its stage does not owe and is another.
  struct deep
      : decltype(Input<4> >> Tanh >> Linear<4> >> LN >> ReLU >> Linear<4> >> LN >> ReLU >> Linear<4> >> LN >> ReLU) {};
  constexpr auto& stretches = engine_plan::stage_repetitions<deep>;
  CHECK(stretches.count == 3);
  CHECK(stretches.at[0] == base::repetition{0, 1, 1});
  CHECK(stretches.at[1] == base::repetition{1, 1, 2});
  CHECK(stretches.at[2] == base::repetition{3, 1, 1});
  // Another shape, another gain: equal layers by name only.
  struct different : decltype(Input<3> >> Linear<4> >> LN >> Linear<4> >> LN(no_affine) >> Linear<4>) {};
  CHECK(engine_plan::stage_repetitions<different>.count == 1);
}
