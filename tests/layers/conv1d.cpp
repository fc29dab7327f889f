// SPDX-License-Identifier: Apache-2.0
#include <taut/layers/conv1d.hpp>

#include "laws/laws.hpp"

namespace {

using namespace taut;
template <std::size_t Out, std::size_t K, class... Options> using conv1d = layer::conv1d<Out, K, Options...>;

static_assert(Layer<conv1d<4, 3>>);
static_assert(Conv1d<4, 3>.name.view() == "Conv1d<4, 3>");
static_assert(Conv1d<4, 3>.wants.view() == "C x L with L at least 3");
static_assert(decltype(Conv1d<4, 3>(padding<1>, groups<2>))::wants.view() == "2n x L with L at least 1");
static_assert(conv1d<4, 3>::accepts(shape{2, 3}) && !conv1d<4, 3>::accepts(shape{2, 2}));
static_assert(!conv1d<4, 3>::accepts(shape{2, 3, 3}) && !conv1d<4, 3>::accepts(shape{9}));
static_assert(!conv1d<0, 3>::accepts(shape{1, 5}) && !conv1d<1, 0>::accepts(shape{1, 5}));
static_assert(conv1d<4, 3>::output(shape{2, 9}) == shape{4, 7});
static_assert(decltype(Conv1d<4, 3>(padding<1>, stride<2>))::output(shape{2, 9}) == shape{4, 5});
static_assert(conv1d<4, 3>::multiply_adds(shape{2, 9}) == 4 * 7 * 2 * 3);
static_assert(!conv1d<4, 3, option::groups<4>>::accepts(shape{2, 9}));
static_assert(decltype(Conv1d<4, 3>(no_bias))::has_bias == false && conv1d<4, 3>::has_bias);
static_assert(decltype(Conv1d<8, 3>(at_most<2.5>))::lipschitz(shape{1, 3}).value().upper == 2.5);

// [out][in][kernel], as PyTorch stores it; a correlation: the window is not turned around.
constexpr auto correlation = [] {
  parameters<tests::net_of<shape{2, 3}, conv1d<1, 2, option::padding<1, 1>>>> p{};
  get<0>(p).weight = {1, 2, 3, 4};
  get<0>(p).bias = {0.5f};
  return evaluate(p, std::array{1., 10., 100., 1000., 10000., 100000.});
}();
static_assert(correlation ==
              std::array{2 + 4000.5, 1 + 20 + 3000 + 40000.5, 10 + 200 + 30000 + 400000.5, 100 + 300000.5});

}  // namespace

namespace taut::tests {
void laws_of_conv1d() {
  tests::check_laws<conv1d<1, 2>, shape{1, 3}>({.tight = 0.98});
  tests::check_laws<conv1d<3, 3, option::padding<1, 1>>, shape{2, 7}>({.tight = 0.9});
  tests::check_laws<conv1d<5, 3, option::stride<2, 2>, option::at_most<0.5>>, shape{3, 9}>();
  tests::check_laws<conv1d<4, 1, option::no_bias>, shape{2, 5}>({.tight = 0.9});
}
}  // namespace taut::tests

TEST_CASE("layers.conv1d: the laws of layers, groups and depthwise") {
  tests::check_laws<conv1d<6, 2, option::groups<2>, option::at_most<2.0>>, shape{4, 5}>();
  tests::check_laws<conv1d<3, 5, option::padding<2, 2>, option::groups<3>>, shape{3, 17}>();
  tests::check_laws<conv1d<4, 3, option::padding<3, 3>, option::stride<3, 3>, option::groups<2>>, shape{2, 4}>();
}

TEST_CASE("layers.conv1d: tensors are PyTorch's") {
  parameters<tests::net_of<shape{6, 7}, conv1d<4, 3, option::groups<2>>>> p{};
  std::vector<std::string> found;
  for_each_tensor(p, [&](std::string_view name, shape extents, auto span) {
    CHECK(extents.size() == span.size());
    found.push_back(std::string(name) + " " + std::string(extents.name().view()));
  });
  CHECK(found == std::vector<std::string>{"0.weight 4x3x3", "0.bias 4"});
}
