// SPDX-License-Identifier: Apache-2.0
#include <taut/layers/instance_norm.hpp>

#include "laws/laws.hpp"
#include "layers/projected.hpp"

namespace {

using namespace taut;
template <class... Options> using instance_norm = layer::instance_norm<Options...>;

static_assert(Layer<instance_norm<>> && InstanceNorm.name.view() == "InstanceNorm");
static_assert(instance_norm<>::epsilon == 1e-5 && instance_norm<>::centred && instance_norm<>::has_offset);
static_assert(!instance_norm<>::accepts(shape{6}) && instance_norm<>::accepts(shape{6, 1}));
static_assert(instance_norm<>::pooled(shape{6, 4}).groups == 6 && instance_norm<>::pooled(shape{6, 4}).size == 4);
static_assert(instance_norm<>::pooled(shape{6, 2, 5}).size == 10);
static_assert(instance_norm<>::features(shape{6, 2, 5}) == shape{6});
static_assert(instance_norm<>::feature(shape{6, 2, 5}, 29) == 2);

// one position: constant
static_assert(instance_norm<option::no_affine>::lipschitz(shape{4, 1}).value().upper == 0);
static_assert(instance_norm<option::no_affine, option::epsilon<0.25>>::lipschitz(shape{4, 2}).value().upper == 2);
static_assert(instance_norm<>::lipschitz(shape{4, 2}).first_open()->declare == std::string_view("gain_at_most<g>"));

constexpr auto normalized = [] {
  parameters<tests::net_of<shape{2, 2}, instance_norm<option::epsilon<3.0>>>> p{};
  get<0>(p).gain = {2, 4};
  get<0>(p).offset = {0, 1};
  return evaluate(p, std::array{10.0, 12.0, -7.0, -9.0});  // variance 1, root 2
}();
static_assert(normalized == std::array{-1.0, 1.0, 3.0, -1.0});

}  // namespace

namespace taut::tests {
void laws_of_instance_norm() {
  tests::check_laws<instance_norm<option::epsilon<1.0>>, shape{3, 4}>({.tight = 0.98});
  tests::check_laws<instance_norm<option::epsilon<1.0>, option::no_affine>, shape{2, 2, 2}>({.tight = 0.98});
  tests::check_laws<instance_norm<option::min_std<0.25>, option::gain_at_most<2.0>>, shape{3, 17}>({.tight = 0.1});
  tests::check_laws<instance_norm<option::min_std<0.25>>, shape{2, 3, 5}>({.tight = 0.1});
  tests::check_laws<instance_norm<>, shape{5, 1}>();  // one position: constant
}
}  // namespace taut::tests

TEST_CASE("layers.instance_norm: PyTorch's formula, one gain and offset a channel") {
  using Net = tests::net_of<shape{4, 3, 3}, instance_norm<>>;
  const auto p = tests::random_parameters<Net>(3);
  static_assert(Net::parameter_count == 8);
  base::random_stream random(1);
  for (const double mean : {0.0, 1e6}) {
    auto x = tests::random_vector(random, 36);
    for (double& v : x) v += mean;
    const auto z = tests::projected(x, 9, true, 1e-5);
    const auto y = evaluate(p, x);
    for (std::size_t i = 0; i < 36; ++i) {
      const auto g = static_cast<double>(get<0>(p).gain[i / 9]), o = static_cast<double>(get<0>(p).offset[i / 9]);
      CHECK(y[i] == Approx(g * z[i] + o).epsilon(1e-13).margin(1e-12));
    }
  }
}

TEST_CASE("layers.instance_norm: a constant channel gives its offset, NaN stays in its channel") {
  using Net = tests::net_of<shape{3, 5}, instance_norm<>>;
  const auto p = tests::random_parameters<Net>(4);
  std::array<float, 15> x{};
  for (std::size_t i = 0; i < 15; ++i) x[i] = i < 5 ? 0.1f : i < 10 ? 1e7f : static_cast<float>(i);
  x[12] = std::numeric_limits<float>::quiet_NaN();
  const auto y = compile(p)(x);
  const auto exact = evaluate(p, x);
  for (std::size_t i = 0; i < 10; ++i) {
    CHECK(y[i] == get<0>(p).offset[i / 5]);
    CHECK(exact[i] == Approx(static_cast<double>(get<0>(p).offset[i / 5])).epsilon(1e-10));
  }
  for (std::size_t i = 10; i < 15; ++i) CHECK((std::isnan(y[i]) && std::isnan(exact[i])));
}
