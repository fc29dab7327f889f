// SPDX-License-Identifier: Apache-2.0
// A parametrization of this test, W = tanh(V): what a kind states, and what the layer around it does with it.
#include <taut/inference.hpp>

#include "laws/laws.hpp"
#include "layers/batch.hpp"

namespace {

using namespace taut;
using namespace taut::tests;

struct bounded_kind {
  static constexpr const char* name = "Bounded";
  [[maybe_unused]] static constexpr bool row_gain = false;
  static constexpr std::size_t roundings(std::size_t) { return 8; }
  template <class Inner> static constexpr auto lipschitz(shape in) { return Inner::lipschitz(in); }
  template <std::size_t Rows, std::size_t Columns, class Real> struct raw {
    std::array<Real, Rows * Columns> matrix{};
    static constexpr void tensors(shape extents, auto&& visit) {
      visit(tensor_info{"weight_raw", extents}, &raw::matrix);
    }
  };
  template <std::size_t Rows, std::size_t Columns, double Factor> struct projection {
    static constexpr double factor = Factor;
    static constexpr void fold(const auto& p, double* w) {
      for (std::size_t i = 0; i < Rows * Columns; ++i) w[i] = simd::tanh(static_cast<double>(p.matrix[i]));
    }
    static constexpr void train(const auto& p, double* w) { fold(p, w); }
    static constexpr void settle(auto&) {}
    static constexpr void step(auto&) {}
    static constexpr void gradient(const auto& p, const double* dw, auto& dp) {
      using real = std::remove_cvref_t<decltype(dp.matrix[0])>;
      for (std::size_t i = 0; i < Rows * Columns; ++i) {
        const double t = simd::tanh(static_cast<double>(p.matrix[i]));
        dp.matrix[i] += static_cast<real>(dw[i] * (1 - t * t));
      }
    }
    static constexpr void initialise(auto& p, const auto* w, auto&) {
      for (std::size_t i = 0; i < Rows * Columns; ++i) p.matrix[i] = w[i];
    }
    static constexpr void claims(auto&, double, auto&&) {}
  };
};
template <class Inner> using bounded = parametrized<bounded_kind, Inner>;
inline constexpr base::make_parametrized<bounded_kind, false> Bounded{};

template <std::size_t Out, class... Options> using linear = layer::linear<Out, 0, Options...>;
using conv = layer::conv1d<4, 3, option::stride<2, 2>, option::groups<2>>;

static_assert(Layer<bounded<linear<3>>> && std::same_as<decltype(Bounded(Linear<3>)), bounded<linear<3>>>);
static_assert(bounded<linear<3>>::name.view() == "Bounded(Linear<3>)" && bounded<linear<3>>::raw_scale_free);
static_assert(bounded<conv>::accepts(shape{2, 7}) && !bounded<conv>::accepts(shape{3, 7}));
static_assert(bounded<conv>::output(shape{2, 7}) == conv::output(shape{2, 7}));
static_assert(bounded<conv>::multiply_adds(shape{2, 7}) == conv::multiply_adds(shape{2, 7}));

// the weight as [out][rest], and the factor from its norm to the operator's
static_assert(base::weight_extents<linear<3>, shape{5}>() == shape{3, 5});
static_assert(base::weight_extents<conv, shape{2, 7}>() == shape{4, 1, 3});
static_assert(bounded<conv>::rows<shape{2, 7}> == 4 && bounded<conv>::columns<shape{2, 7}> == 3);
static_assert(base::operator_factor<linear<3>>(shape{5}) == 1);
static_assert(bounded<conv>::made_of<shape{2, 7}>::factor * bounded<conv>::made_of<shape{2, 7}>::factor >= 2);

static_assert(base::is_plain_affine<linear<3>>() && base::is_plain_affine<conv>());
static_assert(!base::is_plain_affine<layer::relu>() && !base::is_plain_affine<bounded<linear<3>>>());
static_assert(!base::is_plain_affine<layer::input<3>>() && !base::is_plain_affine<int>());
static_assert(base::declared_limit<linear<3>>() == 0);
static_assert(base::declared_limit<linear<3, option::at_most<2.0>>>() == 2);

}  // namespace

TEST_CASE("net.parametrization: a parametrized layer obeys the laws of layers") {
  check_laws<bounded<linear<3>>, shape{5}>({.tight = 0.98});
  check_laws<bounded<linear<17, option::no_bias>>, shape{3}>({.tight = 0.9});
  check_laws<bounded<conv>, shape{2, 7}>({.tight = 0.9});
}

TEST_CASE("net.parametrization: in training the weight is folded, too, and its gradient goes through") {
  check_batch<bounded<linear<3>>, shape{5}, batch<6>>(random_parameters<net_of<shape{5}, bounded<linear<3>>>>(1), 1);
  check_batch<bounded<conv>, shape{2, 7}, batch<3>>(random_parameters<net_of<shape{2, 7}, bounded<conv>>>(2), 2);
}

TEST_CASE("net.parametrization: raw tensors, then the bias; initial values are made of the layer's inside") {
  parameters<net_of<shape{2, 7}, bounded<conv>>> p{};
  std::vector<std::string> names;
  for_each_tensor(p, [&](std::string_view name, shape extents, auto) {
    names.push_back(std::string(name) + " " + std::string(extents.name().view()));
  });
  CHECK(names == std::vector<std::string>{"0.weight_raw 4x1x3", "0.bias 4"});
  parameters<net_of<shape{2, 7}, conv>> plain{};
  get<0>(p).bias[1] = 5;
  initialise(p, 3), initialise(plain, 3);
  CHECK(get<0>(p).matrix == get<0>(plain).weight);
  CHECK(get<0>(p).bias == get<0>(plain).bias);
}
