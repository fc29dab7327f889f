// SPDX-License-Identifier: Apache-2.0
#include <taut/layers/group_norm.hpp>

#include "laws/laws.hpp"
#include "layers/projected.hpp"

namespace {

using namespace taut;
template <std::size_t Groups, class... Options> using group_norm = layer::group_norm<Groups, Options...>;

static_assert(Layer<group_norm<2>> && GN<4>.name.view() == "GroupNorm<4>");
static_assert(std::same_as<decltype(GN<3>), decltype(GroupNorm<3>)> && group_norm<2>::family == group_norm<4>::family);
static_assert(group_norm<2>::epsilon == 1e-5 && group_norm<2>::centred && group_norm<2>::has_offset);
static_assert(group_norm<3>::accepts(shape{6}) && !group_norm<3>::accepts(shape{7}));
static_assert(group_norm<3>::accepts(shape{3, 4, 5}) && !group_norm<4>::accepts(shape{6, 4}));
static_assert(group_norm<2>::wants.view() == "channels in 2 equal groups");
static_assert(group_norm<2>::pooled(shape{6}).groups == 2 && group_norm<2>::pooled(shape{6}).size == 3);
static_assert(group_norm<2>::pooled(shape{6, 2, 5}).groups == 2 && group_norm<2>::pooled(shape{6, 2, 5}).size == 30);
static_assert(group_norm<2>::features(shape{6, 2, 5}) == shape{6} && group_norm<2>::feature(shape{6, 2, 5}, 29) == 2);

// groups of one element are constant, of one channel of several positions not
static_assert(group_norm<4, option::no_affine>::lipschitz(shape{4}).value().upper == 0);
static_assert(group_norm<4, option::no_affine, option::epsilon<0.25>>::lipschitz(shape{4, 2}).value().upper == 2);
static_assert(group_norm<2>::lipschitz(shape{4}).first_open()->declare == std::string_view("gain_at_most<g>"));

constexpr auto normalized = [] {
  parameters<tests::net_of<shape{4}, group_norm<2, option::epsilon<3.0>>>> p{};
  get<0>(p).gain = {1, 2, 4, -1};
  get<0>(p).offset = {0, 0, 1, 0.5f};
  return evaluate(p, std::array{10.0, 12.0, -7.0, -9.0});  // variance 1, root 2
}();
static_assert(normalized == std::array{-0.5, 1.0, 3.0, 1.0});

}  // namespace

namespace taut::tests {

void laws_of_group_norm() {
  tests::check_laws<group_norm<1, option::epsilon<1.0>>, shape{5}>({.tight = 0.98});
  tests::check_laws<group_norm<2, option::epsilon<1.0>>, shape{6}>({.tight = 0.98});
  tests::check_laws<group_norm<3, option::min_std<0.5>>, shape{21}>({.tight = 0.2});
  tests::check_laws<group_norm<4>, shape{4}>();  // groups of one: constant
  tests::check_laws<group_norm<9, option::no_affine, option::epsilon<0.1>>, shape{18}>({.tight = 0.2});
  tests::check_laws<group_norm<2, option::epsilon<1.0>>, shape{4, 3}>({.tight = 0.9});
  tests::check_laws<group_norm<3, option::gain_at_most<0.5>>, shape{3, 17}>();
  tests::check_laws<group_norm<2, option::no_affine, option::min_std<0.3>>, shape{4, 3, 5}>({.tight = 0.1});
  tests::check_laws<group_norm<1>, shape{2, 1, 3}>();
}

}  // namespace taut::tests

TEST_CASE("layers.group_norm: PyTorch's formula, one gain and offset a channel") {
  using Net = tests::net_of<shape{6, 2, 3}, group_norm<3>>;
  const auto p = tests::random_parameters<Net>(3);
  static_assert(Net::parameter_count == 12);
  base::random_stream random(1);
  for (const double mean : {0.0, 1e6}) {
    auto x = tests::random_vector(random, 36);
    for (double& v : x) v += mean;
    const auto z = tests::projected(x, 12, true, 1e-5);
    const auto y = evaluate(p, x);
    for (std::size_t i = 0; i < 36; ++i) {
      const auto g = static_cast<double>(get<0>(p).gain[i / 6]), o = static_cast<double>(get<0>(p).offset[i / 6]);
      CHECK(y[i] == Approx(g * z[i] + o).epsilon(1e-13).margin(1e-12));
    }
  }
}

TEST_CASE("layers.group_norm: one group is LayerNorm with gains of channels, a group a channel is InstanceNorm") {
  base::random_stream random(2);
  const auto x = tests::random_vector(random, 24);
  const std::vector<float> floats(x.begin(), x.end());
  using layer::layer_norm, layer::instance_norm;
  const parameters<tests::net_of<shape{4, 6}, group_norm<1>>> whole{};
  const parameters<tests::net_of<shape{4, 6}, layer_norm<>>> plain{};
  CHECK(evaluate(whole, x) == evaluate(plain, x));
  const auto each = tests::random_parameters<tests::net_of<shape{4, 6}, group_norm<4>>>(1);
  parameters<tests::net_of<shape{4, 6}, instance_norm<>>> instance{};
  get<0>(instance).gain = get<0>(each).gain, get<0>(instance).offset = get<0>(each).offset;
  CHECK(evaluate(each, x) == evaluate(instance, x));
  CHECK(tests::same_bits(compile(each)(floats), compile(instance)(floats)));
}

TEST_CASE("layers.group_norm: NaN and infinity stay in their group") {
  using Net = tests::net_of<shape{6}, group_norm<3>>;
  const auto p = tests::random_parameters<Net>(1);
  for (const float strange : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    const std::array x{1.0f, 2.0f, 3.0f, strange, 5.0f, 7.0f};
    const auto y = compile(p)(x);
    const auto exact = evaluate(p, x);
    for (std::size_t i = 0; i < 6; ++i) {
      CHECK(std::isnan(y[i]) == (i / 2 == 1));
      CHECK(std::isnan(exact[i]) == (i / 2 == 1));
    }
  }
}
