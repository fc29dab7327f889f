// SPDX-License-Identifier: Apache-2.0
#include <taut/layers/conv2d.hpp>

#include "laws/laws.hpp"

namespace {

using namespace taut;
template <std::size_t Out, std::size_t KH, std::size_t KW, class... Options> using conv2d =
    layer::conv2d<Out, KH, KW, Options...>;
template <std::size_t A, std::size_t B = A> using padded = option::padding<A, B>;
template <std::size_t A, std::size_t B = A> using strided = option::stride<A, B>;

static_assert(Layer<conv2d<8, 3, 3>>);
static_assert(Conv2d<8, 3>.name.view() == "Conv2d<8, 3>" && Conv2d<8, 3, 5>.name.view() == "Conv2d<8, 3, 5>");
static_assert(
    std::same_as<decltype(Conv2d<8, 3>(padding<1>)(groups<2>)), decltype(Conv2d<8, 3>(padding<1>, groups<2>))>);
static_assert(Conv2d<8, 3>.wants.view() == "C x H x W of at least 3x3");
static_assert(decltype(Conv2d<8, 3, 5>(padding<1>, groups<4>))::wants.view() == "4n x H x W of at least 1x3");

static_assert(!conv2d<0, 3, 3>::accepts(shape{1, 5, 5}) && !conv2d<1, 3, 0>::accepts(shape{1, 5, 5}));

using three = conv2d<8, 3, 3>;
static_assert(three::accepts(shape{1, 3, 3}) && !three::accepts(shape{1, 2, 9}) && !three::accepts(shape{1, 9, 2}));
static_assert(!three::accepts(shape{9, 9}) && !three::accepts(shape{81}));
static_assert(three::output(shape{5, 9, 12}) == shape{8, 7, 10});
static_assert(conv2d<8, 3, 3, padded<1>>::accepts(shape{1, 1, 1}));
static_assert(conv2d<4, 3, 5, padded<1, 2>, strided<2, 3>>::output(shape{1, 8, 9}) == shape{4, 4, 3});
static_assert(conv2d<4, 1, 1, option::groups<2>>::accepts(shape{6, 2, 2}));
static_assert(!conv2d<4, 1, 1, option::groups<2>>::accepts(shape{5, 2, 2}));
static_assert(three::multiply_adds(shape{5, 9, 12}) == 8 * 70 * 5 * 9);
static_assert(conv2d<6, 3, 3, option::groups<3>>::multiply_adds(shape{3, 4, 4}) == 6 * 4 * 9);
constexpr auto term = three::lipschitz(shape{1, 3, 3});
static_assert(term.first_open()->declare == std::string_view("at_most<c>"));
static_assert(decltype(Conv2d<8, 3>(at_most<2.5>))::lipschitz(shape{1, 3, 3}).value().upper == 2.5);

// [out][in][height][width], as PyTorch stores it; a correlation: the window is not turned around.
constexpr auto correlation = [] {
  parameters<tests::net_of<shape{1, 2, 3}, conv2d<2, 2, 2>>> p{};
  get<0>(p).weight = {1, 2, 3, 4, 0, 0, 0, 1};
  get<0>(p).bias = {0.5f, -1};
  return evaluate(p, std::array{1., 10., 100., 1000., 10000., 100000.});
}();
static_assert(correlation == std::array{1 + 20 + 3000 + 40000.5, 10 + 200 + 30000 + 400000.5, 9999., 99999.});

constexpr auto strided_and_padded = [] {  // windows at -1 and 1 of both axes
  parameters<tests::net_of<shape{1, 3, 3}, conv2d<1, 2, 2, padded<1>, strided<2>, option::no_bias>>> p{};
  get<0>(p).weight = {1, 2, 3, 4};
  return evaluate(p, std::array{1., 2., 3., 4., 5., 6., 7., 8., 9.});
}();
static_assert(strided_and_padded == std::array{4. * 1, 3. * 2 + 4 * 3, 2. * 4 + 4 * 7, 1. * 5 + 2 * 6 + 3 * 8 + 4 * 9});

constexpr auto depthwise = [] {
  parameters<tests::net_of<shape{2, 1, 2}, conv2d<4, 1, 1, option::groups<2>>>> p{};
  get<0>(p).weight = {1, 2, 3, 4};
  return evaluate(p, std::array{1., 2., 10., 20.});
}();
static_assert(depthwise == std::array{1., 2., 2., 4., 30., 60., 40., 80.});

}  // namespace

namespace taut::tests {
void laws_of_conv2d() {
  tests::check_laws<conv2d<1, 1, 1>, shape{1, 1, 1}>({.tight = 0.999});
  tests::check_laws<conv2d<2, 2, 2>, shape{1, 3, 3}>({.tight = 0.98});
  tests::check_laws<conv2d<5, 1, 1, option::no_bias>, shape{3, 2, 3}>({.tight = 0.9});
  tests::check_laws<conv2d<6, 3, 3, padded<1>, strided<2>>, shape{2, 5, 4}>({.tight = 0.9});
  tests::check_laws<conv2d<3, 3, 2, padded<0, 1>, strided<1, 2>, option::at_most<0.75>>, shape{2, 4, 5}>();
}
}  // namespace taut::tests

TEST_CASE("layers.conv2d: the laws of layers, groups and depthwise") {
  tests::check_laws<conv2d<6, 2, 2, option::groups<2>, option::at_most<0.5>>, shape{4, 3, 3}>();
  tests::check_laws<conv2d<3, 3, 3, padded<1>, option::groups<3>>, shape{3, 4, 3}>();
  tests::check_laws<conv2d<2, 1, 1, padded<2>>, shape{1, 1, 1}>();  // most windows on padding only
}

TEST_CASE("layers.conv2d: He initialisation has the fan-in of a window of the group's channels") {
  using Net = tests::net_of<shape{8, 6, 6}, conv2d<20, 3, 3, option::groups<2>>>;
  parameters<Net> p{};
  get<0>(p).bias[3] = 7;
  initialise(p, 1);
  double squares = 0, largest = 0;
  for (const float w : get<0>(p).weight) {
    const auto v = static_cast<double>(w);
    squares += v * v, largest = std::max(largest, std::abs(v));
  }
  CHECK(squares / static_cast<double>(get<0>(p).weight.size()) == Approx(2.0 / 36).epsilon(0.15));
  CHECK(largest <= std::sqrt(6.0 / 36) * (1 + 1e-7));
  for (const float b : get<0>(p).bias) CHECK(b == 0);
}

TEST_CASE("layers.conv2d: tensors are PyTorch's") {
  parameters<tests::net_of<shape{6, 7, 7}, conv2d<4, 3, 2, option::groups<2>>>> p{};
  std::vector<std::string> found;
  for_each_tensor(p, [&](std::string_view name, shape extents, auto span) {
    CHECK(extents.size() == span.size());
    found.push_back(std::string(name) + " " + std::string(extents.name().view()));
  });
  CHECK(found == std::vector<std::string>{"0.weight 4x3x3x2", "0.bias 4"});
}

TEST_CASE("layers.conv2d: NaN reaches the outputs whose windows hold it, and no other") {
  const auto p = tests::random_parameters<tests::net_of<shape{1, 4, 4}, conv2d<1, 2, 2>>>(1);
  std::array<double, 16> x{};
  x[5] = std::numeric_limits<double>::quiet_NaN();
  const auto y = evaluate(p, x);
  for (std::size_t i = 0; i < y.size(); ++i) CHECK(std::isnan(y[i]) == (i % 3 < 2 && i / 3 < 2));
}
