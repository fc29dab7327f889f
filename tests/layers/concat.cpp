// SPDX-License-Identifier: Apache-2.0
#include <taut/layers/concat.hpp>

#include "laws/laws.hpp"
#include "layers/batch.hpp"

namespace {

using namespace taut;
template <class... Parts> using concat = layer::concat<Parts...>;
template <std::size_t Out, class... Options> using linear = layer::linear<Out, 0, Options...>;
template <std::size_t Out, std::size_t K, class... Options> using conv1d = layer::conv1d<Out, K, Options...>;

using two = concat<sequence<linear<2>, layer::relu>, layer::tanh>;
static_assert(Layer<two> && two::name.view() == "Concat" && Layer<concat<layer::relu>>);
static_assert(std::same_as<decltype(Concat(Linear<2> >> ReLU, Tanh)), two>);
static_assert(two::accepts(shape{3}) && two::output(shape{3}) == shape{5} && two::multiply_adds(shape{3}) == 6);

// channels are joined: the other extents must be equal
using signals = concat<conv1d<4, 3, option::padding<1, 1>>, conv1d<2, 1>, layer::relu>;
static_assert(signals::accepts(shape{3, 9}) && signals::output(shape{3, 9}) == shape{9, 9});
static_assert(!concat<conv1d<4, 3>, conv1d<2, 1>>::accepts(shape{3, 9}));
static_assert(!concat<layer::flatten, layer::relu>::accepts(shape{3, 9}));  // ranks differ
static_assert(!concat<layer::linear<4, 2>, layer::relu>::accepts(shape{3}));
static_assert(two::combined_lipschitz({3, 4}) >= 5 && two::combined_lipschitz({3, 4}) <= 5 + 1e-14);

// the bound of the type; quantities of block k are named k.i
struct net : decltype(Input<3> >> Concat(Linear<2>(at_most<3.0>), Linear<4>(at_most<4.0>) >> Tanh) >>
                      Linear<2>(at_most<2.0>)) {};
static_assert(lipschitz<net> >= 10 && lipschitz<net> <= 10 + 1e-13);
static_assert(net::parameter_count == 8 + 16 + 14 && !two::lipschitz(shape{3}).closed());

constexpr auto joined = [] {
  parameters<tests::net_of<shape{2}, concat<linear<1>, layer::relu, linear<1>>>> p{};
  get<0>(std::get<0>(get<0>(p).inside)).weight = {1, 2};
  get<0>(std::get<2>(get<0>(p).inside)).weight = {3, 4};
  get<0>(std::get<2>(get<0>(p).inside)).bias = {0.5f};
  return evaluate(p, std::array{1.0, -10.0});
}();
static_assert(joined == std::array{-19.0, 1.0, 0.0, -36.5});

}  // namespace

namespace taut::tests {
void laws_of_concat() {
  check_laws<concat<layer::relu>, shape{3}>({.tight = 0.98});
  check_laws<two, shape{3}>({.tight = 0.4, .gradient_error = 1e-5});
  check_laws<concat<linear<17>, linear<3>>, shape{5}>({.tight = 0.7});
  check_laws<signals, shape{3, 5}>({.tight = 0.3});
  check_laws<concat<layer::layer_norm<option::epsilon<1.0>>, sequence<linear<4>, layer::batch_norm<>>>, shape{6}>(
      {.tight = 0.2});
  check_laws<concat<concat<layer::tanh, linear<2>>, layer::relu>, shape{4}>({.tight = 0.4, .gradient_error = 1e-5});
}
}  // namespace taut::tests

TEST_CASE("layers.concat: two identities stack to sqrt(2), attained") {
  const parameters<tests::net_of<shape{3}, concat<layer::relu, layer::relu>>> p{};
  CHECK(lipschitz_of(p).value == Approx(std::sqrt(2.0)).epsilon(1e-14));
  CHECK(lipschitz_of(p).value >= std::sqrt(2.0));
  tests::check_bound(p, 1, {.tight = 0.98});
}

TEST_CASE("layers.concat: tensors are named by block and place") {
  parameters<net> p{};
  std::vector<std::string> names;
  for_each_tensor(p, [&](std::string_view name, shape, auto) { names.emplace_back(name); });
  CHECK(names ==
        std::vector<std::string>{"0.0.0.weight", "0.0.0.bias", "0.1.0.weight", "0.1.0.bias", "1.weight", "1.bias"});
}

TEST_CASE("layers.concat: an engine inside a network, and a training step") {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const auto p = tests::random_parameters<net>(seed);
    tests::check_engines(p, seed);
    tests::check_bound(p, seed, {.tight = 0.2});
  }
  using L = concat<sequence<linear<4>, layer::batch_norm<>>, layer::tanh, layer::batch_norm<option::no_affine>>;
  tests::check_batch<L, shape{3}, batch<6>>(tests::random_parameters<tests::net_of<shape{3}, L>>(2), 2);
}
