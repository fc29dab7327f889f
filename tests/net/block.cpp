// SPDX-License-Identifier: Apache-2.0
// The base of blocks: chains of layers, networks inside, names of tensors, places of quantities.
#include <taut/inference.hpp>

#include "laws/laws.hpp"

namespace {

using namespace taut;
using namespace taut::tests;
using base::chain, base::list;

template <std::size_t Out> using linear = layer::linear<Out, 0>;
using unbiased = layer::linear<4, 0, option::no_bias>;

// a chain is a sequence's view of shapes and costs
static_assert(chain<list<>>::accepts(shape{3}) && chain<list<>>::output(shape{3}) == shape{3});
static_assert(chain<list<>>::multiply_adds(shape{3}) == 0);
static_assert(chain<list<linear<5>, layer::relu, linear<2>>>::accepts(shape{3}));
static_assert(chain<list<linear<5>, layer::relu, linear<2>>>::output(shape{3}) == shape{2});
static_assert(chain<list<linear<5>, layer::relu, linear<2>>>::multiply_adds(shape{3}) == 25);
static_assert(!chain<list<linear<5>, layer::instance_norm<>, linear<2>>>::accepts(shape{3}));
static_assert(chain<list<unbiased, layer::relu>>::homogeneous && !chain<list<linear<5>>>::homogeneous);

static_assert(std::same_as<base::layers_of_part<sequence<linear<5>, layer::relu>>, list<linear<5>, layer::relu>>);
static_assert(std::same_as<base::layers_of_part<layer::relu>, list<layer::relu>>);
static_assert(std::same_as<base::network_on<shape{2, 3}, list<layer::relu>>::type, net_of<shape{2, 3}, layer::relu>>);
static_assert(base::is_part<layer::relu> && base::is_part<sequence<linear<5>>> && !base::is_part<layer::input<3>>);
static_assert(!base::is_part<int>);

// the outputs behind each other, thrice the input: a block of this test, of one screen
struct thrice : base::block<false, layer::relu, sequence<linear<2>, layer::tanh>, layer::relu> {
  static constexpr auto name = base::say("thrice");
  static constexpr auto wants = base::say("a vector");
  static constexpr bool accepts(shape in) { return in.rank == 1; }
  static constexpr shape output(shape in) { return shape{2 * in.size() + 2}; }
  static constexpr auto lipschitz(shape) { return symbol({.name = "norm(W@)", .declare = "at_most<c>"}); }
  static constexpr double combined_lipschitz(const std::array<double, 3>& b) {
    return rounded::sqrt_up(rounded::add_up(rounded::mul_up(b[0], b[0]),
                                            rounded::add_up(rounded::mul_up(b[1], b[1]), rounded::mul_up(b[2], b[2]))));
  }
};
static_assert(Layer<thrice> && thrice::blocks == 3 && !thrice::adds_input && !thrice::homogeneous);
static_assert(base::networks_inside<thrice>() == 3 && base::networks_inside<layer::relu>() == 0);
static_assert(std::same_as<base::network_inside<thrice, shape{3}, 1>, net_of<shape{3}, linear<2>, layer::tanh>>);
static_assert(thrice::multiply_adds(shape{3}) == 6);

constexpr auto joined = [] {
  parameters<net_of<shape{2}, thrice>> p{};
  get<0>(std::get<1>(get<0>(p).inside)).bias = {0, 100};
  return evaluate(p, std::array{1.0, -2.0});
}();
static_assert(joined == std::array{1.0, 0.0, 0.0, 1.0, 1.0, 0.0});

struct claim_names {
  std::vector<std::string> names;
  void spectral_norm_at_most(std::string_view name, auto&, std::size_t, std::size_t, double) {
    names.emplace_back(name);
  }
  void magnitude_at_most(std::string_view name, auto&, double) { names.emplace_back(name); }
  void at_least(std::string_view name, auto&, double) { names.emplace_back(name); }
};

}  // namespace

TEST_CASE("net.block: a block of three networks obeys the laws of layers") {
  check_laws<thrice, shape{1}>({.tight = 0.3});
  check_laws<thrice, shape{5}>({.tight = 0.3, .gradient_error = 1e-5});
}

TEST_CASE("net.block: tensors and claims are named by network and place, and are those inside") {
  using L = layer::concat<sequence<layer::relu, layer::linear<2, 0, option::at_most<1.0>>>,
                          sequence<layer::batch_norm<option::gain_at_most<2.0>>>>;
  parameters<net_of<shape{3}, L>> p{};
  std::vector<std::string> names;
  for_each_described_tensor(p, [&](const tensor_info& info, auto) {
    names.push_back(std::string(info.key) + (info.purpose == role::buffer ? " buffer" : ""));
  });
  CHECK(names == std::vector<std::string>{"0.0.1.weight", "0.0.1.bias", "0.1.0.weight", "0.1.0.bias",
                                          "0.1.0.running_mean buffer", "0.1.0.running_var buffer",
                                          "0.1.0.num_batches_tracked buffer"});
  claim_names claims;
  for_each_claim(p, claims);
  CHECK(claims.names == std::vector<std::string>{"0.0.1.weight", "0.1.0.weight", "0.1.0.running_var"});
}

TEST_CASE("net.block: layers inside are initialised from the same stream, one after the other") {
  parameters<net_of<shape{3}, layer::concat<linear<3>, linear<3>>>> p{};
  parameters<net_of<shape{3}, linear<3>, linear<3>>> plain{};
  initialise(p, 5), initialise(plain, 5);
  const auto& inside = get<0>(p).inside;
  CHECK(get<0>(std::get<0>(inside)).weight == get<0>(plain).weight);
  CHECK(get<0>(std::get<1>(inside)).weight == get<1>(plain).weight);
}

TEST_CASE("net.block: an expression moves one level deeper") {
  constexpr auto term = layer::linear<3, 0>::lipschitz(shape{3});
  constexpr auto missing = *base::placed_at(base::placed_at(term, 2), 7).first_open();
  CHECK(missing.where.name().view() == "7.2");
}
