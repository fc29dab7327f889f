// SPDX-License-Identifier: Apache-2.0
// Blocks with networks inside: names, shapes, values, gradients, bounds, files.
#include "laws/laws.hpp"

namespace {

using namespace taut;
using namespace taut::tests;

struct net : decltype(Input<5> >> Linear<6>(at_most<2.0>) >> ReLU >>
                      Residual(Linear<4>(at_most<0.5>) >> Tanh >> Linear<6>(at_most<3.0>)) >> Linear<3>(at_most<1.0>)) {
};
struct undeclared : decltype(Input<4> >> Residual(Linear<7> >> ReLU >> Linear<4>(at_most<1.0>))) {};
struct nested : decltype(Input<3> >> Residual(Residual(Linear<3>(at_most<0.25>)) >> Tanh) >> Linear<2>(at_most<1.0>)) {
};

static_assert(net::depth == 4 && net::parameter_count == 36 + (28 + 30) + 21);
static_assert(lipschitz<net> == 5);  // 2 (1 + 0.5 * 3) 1
static_assert(formula<net> == "norm(W0) * (norm(W2.0) * norm(W2.2) + 1) * norm(W3)");
static_assert(formula<nested> == "(norm(W0.0.0) + 2) * norm(W1)");
static_assert(lipschitz<nested> == 2.25);
static_assert(!is_closed<decltype(lipschitz<undeclared>)>);
static_assert(fits<decltype(Input<5> >> Linear<6>), decltype(Residual(Linear<6>))>);
static_assert(!fits<decltype(Input<5> >> Linear<6>), decltype(Residual(Linear<5>))>);

struct names_of_claims {
  std::vector<std::string> names;
  void spectral_norm_at_most(std::string_view name, auto&, std::size_t, std::size_t, double) {
    names.emplace_back(name);
  }
  void magnitude_at_most(std::string_view, auto&, double) {}
  void at_least(std::string_view, auto&, double) {}
};

}  // namespace

TEST_CASE("laws.block: tensors are named by place, as nn.Sequential names them") {
  parameters<net> p{};
  std::vector<std::string> names;
  std::size_t elements = 0;
  for_each_tensor(p,
                  [&](std::string_view name, shape, auto span) { names.emplace_back(name), elements += span.size(); });
  CHECK(names == std::vector<std::string>{"0.weight", "0.bias", "2.0.weight", "2.0.bias", "2.2.weight", "2.2.bias",
                                          "3.weight", "3.bias"});
  CHECK(elements == net::parameter_count);
  names_of_claims visitor;
  for_each_claim(p, visitor);
  CHECK(visitor.names == std::vector<std::string>{"0.weight", "2.0.weight", "2.2.weight", "3.weight"});
  initialise(p, 1);
  CHECK(get<0>(std::get<0>(get<2>(p).inside)).weight[0] != 0);
}

TEST_CASE("laws.block: it obeys the laws of layers") {
  check_laws<layer::residual<sequence<layer::linear<5, 0>, layer::relu, layer::linear<4, 0>>>, shape{4}>(
      {.tight = 0.3, .gradient_error = 1e-5});
  check_laws<layer::residual<sequence<layer::linear<6, 0>, layer::layer_norm<option::min_std<0.3>>, layer::tanh>>,
             shape{6}>({.tight = 0.1});
}

TEST_CASE("laws.block: inside a network, engines agree with evaluate and the bound holds") {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    const auto p = random_parameters<net>(seed), q = random_parameters<net>(seed, 3);
    check_engines(p, seed);
    check_bound(p, seed, {.tight = 0.2});
    check_bound(q, seed, {.tight = 0.2});
    check_engines(random_parameters<nested>(seed), seed);
    check_bound(random_parameters<nested>(seed), seed, {.tight = 0.2});
  }
}

TEST_CASE("laws.block: an open bound inside names the place") {
  constexpr auto missing = *base::lipschitz_of_type<undeclared>.first_open();
  CHECK(missing.where.name().view() == "0.0");
}

TEST_CASE("laws.block: a floor declared inside a block is neither promised nor used, because no observer sees it") {
  struct hidden : decltype(Input<3> >> Residual(LN(min_std<1.0>, no_affine)) >> Linear<2>(no_bias)) {};
  parameters<hidden> p{};
  get<1>(p).weight = {1, -1, 0, -1, 1, 0};
  const auto v = certify(certifier(p), std::array{0.01f, -0.01f, 0.0f});  // 0.0143 away the label is another
  CHECK_FALSE(v.contract_holds);
  CHECK(v.radius > 0);
  CHECK(v.radius < 0.0143);
}
