// SPDX-License-Identifier: Apache-2.0
#include <taut/layers/weight_norm.hpp>

#include "laws/file.hpp"
#include "laws/laws.hpp"
#include "layers/batch.hpp"

namespace {

using namespace taut;
template <class Inner> using weight_norm = layer::weight_norm<Inner>;
template <std::size_t Out, class... Options> using linear = layer::linear<Out, 0, Options...>;
template <std::size_t Out, std::size_t K, class... Options> using conv1d = layer::conv1d<Out, K, Options...>;
template <std::size_t Out, std::size_t KH, std::size_t KW, class... Options> using conv2d =
    layer::conv2d<Out, KH, KW, Options...>;

static_assert(Layer<weight_norm<linear<3>>> && Layer<weight_norm<conv2d<4, 3, 3>>>);
static_assert(std::same_as<decltype(WeightNorm(Linear<3>(no_bias))), weight_norm<linear<3, option::no_bias>>>);
static_assert(weight_norm<linear<3>>::name.view() == "WeightNorm(Linear<3>)");
static_assert(weight_norm<conv2d<4, 3, 3>>::accepts(shape{2, 3, 3}) && !weight_norm<linear<3>>::accepts(shape{2, 2}));
static_assert(weight_norm<linear<3>>::output(shape{7}) == shape{3});
static_assert(tests::net_of<shape{7}, weight_norm<linear<3>>>::parameter_count == 21 + 3 + 3);
static_assert(tests::net_of<shape{4, 9}, weight_norm<conv1d<6, 3, option::groups<2>>>>::parameter_count == 36 + 6 + 6);
static_assert(weight_norm<linear<3>>::lipschitz(shape{7}).first_open()->declare == std::string_view("at_most<c>"));
static_assert(decltype(WeightNorm(Linear<3>(at_most<2.0>)))::lipschitz(shape{7}).value().upper == 2);

constexpr auto product = [] {
  parameters<tests::net_of<shape{2}, weight_norm<linear<2>>>> p{};
  get<0>(p).direction = {3, 4, 0, -2};
  get<0>(p).length = {10, 3};
  get<0>(p).bias = {0.5f, -1};
  return evaluate(p, std::array{1.0, 10.0});
}();
static_assert(product[0] > 86.5 - 1e-13 && product[0] < 86.5 + 1e-13 && product[1] > -31 - 1e-13);

// a raw row of zeros is no mistake, in constant expressions neither: this is how parameters are made
constexpr auto zeros = evaluate(parameters<tests::net_of<shape{2}, weight_norm<linear<2>>>>{}, std::array{1.0, 2.0});
static_assert(zeros == std::array{0.0, 0.0});

}  // namespace

namespace taut::tests {
void laws_of_weight_norm() {
  check_laws<weight_norm<linear<1>>, shape{1}>({.tight = 0.98});
  check_laws<weight_norm<linear<5>>, shape{7}>({.tight = 0.98});
  check_laws<weight_norm<linear<33, option::no_bias>>, shape{18}>({.tight = 0.8});
  check_laws<weight_norm<linear<4, option::at_most<0.5>>>, shape{9}>({.tight = 0.9});
  check_laws<weight_norm<conv1d<4, 3, option::padding<1, 1>, option::stride<2, 2>>>, shape{2, 9}>({.tight = 0.9});
  check_laws<weight_norm<conv1d<4, 2, option::groups<2>>>, shape{6, 5}>({.tight = 0.9});
  check_laws<weight_norm<conv2d<3, 2, 3, option::no_bias>>, shape{2, 4, 5}>({.tight = 0.9});
}
}  // namespace taut::tests

TEST_CASE("layers.weight_norm: rows have the lengths g, whatever the lengths of v; a row of zeros gives zeros") {
  using Net = tests::net_of<shape{5}, weight_norm<linear<4>>>;
  auto p = tests::random_parameters<Net>(1);
  for (std::size_t i = 0; i < 5; ++i) {
    get<0>(p).direction[i] *= 1e-30f;
    get<0>(p).direction[5 + i] *= 1e30f;
    get<0>(p).direction[10 + i] = 0;
    get<0>(p).direction[15 + i] *= 1e-42f;  // denormal
  }
  const auto held = folded<0>(p);
  const auto& w = *held;
  for (std::size_t row = 0; row < 4; ++row) {
    const double length = tests::norm(std::span(w.weight).subspan(row * 5, 5));
    CHECK(length == Approx(row == 2 ? 0 : std::abs(static_cast<double>(get<0>(p).length[row]))).epsilon(1e-14));
  }
  tests::check_engines(p, 1);
  tests::check_bound(p, 1, {.tight = 0.9});
  parameters<Net, double> dp{};
  std::array<double, 5> x{1, 2, 3, 4, 5}, dx{};
  std::array<double, 4> dy{1, 1, 1, 1}, y{};
  const auto q = converted<double>(p);
  forward<layer_of<Net, 0>, shape{5}>(get<0>(q), x.data(), y.data());
  gradient<layer_of<Net, 0>, shape{5}>(get<0>(q), x.data(), y.data(), dy.data(), dx.data(), get<0>(dp));
  for (const double v : tests::values_of(dp)) CHECK(std::isfinite(v));
}

TEST_CASE("layers.weight_norm: max|g| <= ||W|| <= |g|") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const auto p = tests::random_parameters<tests::net_of<shape{6}, weight_norm<linear<8>>>>(seed);
    double largest = 0, squares = 0;
    for (const float g : get<0>(p).length) {
      const auto v = static_cast<double>(g);
      largest = std::max(largest, std::abs(v)), squares += v * v;
    }
    CHECK(lipschitz_of(p).value >= largest);
    CHECK(lipschitz_of(p).value <= std::sqrt(squares) * (1 + 1e-9));
  }
}

TEST_CASE("layers.weight_norm: at_most<c> limits |g| in files and projections") {
  using Net = tests::net_of<shape{3}, weight_norm<linear<2, option::at_most<5.0>>>>;
  const auto path = std::filesystem::temp_directory_path() / ("taut_wn_" + std::to_string(::getpid()));
  auto p = tests::random_parameters<Net>(1);
  get<0>(p).length = {3, 3.9f};
  save_safetensors(p, path);
  CHECK_NOTHROW(load_safetensors<Net>(path));
  get<0>(p).length = {3, 4.1f};
  save_safetensors(p, path);
  CHECK_THROWS_WITH(load_safetensors<Net>(path), tests::contains("0.weight_g"));
  std::filesystem::remove(path);
  const tests::claims_keeper keeper;
  for_each_claim(p, keeper);
  CHECK(std::hypot(get<0>(p).length[0], get<0>(p).length[1]) <= 5);
}

TEST_CASE("layers.weight_norm: initial rows are those of the layer inside") {
  using Plain = tests::net_of<shape{50}, linear<40>>;
  using Net = tests::net_of<shape{50}, weight_norm<linear<40>>>;
  parameters<Plain> plain{};
  parameters<Net> p{};
  initialise(plain, 3), initialise(p, 3);
  const auto held = folded<0>(p);
  const auto& w = *held;
  for (std::size_t i = 0; i < 2000; ++i)
    CHECK(w.weight[i] == Approx(static_cast<double>(get<0>(plain).weight[i])).epsilon(1e-6));
}

TEST_CASE("layers.weight_norm: training goes through the normalization") {
  const auto check = []<class L, shape In, std::size_t N>() {
    tests::check_batch<L, In, batch<N>>(tests::random_parameters<tests::net_of<In, L>>(N), N);
  };
  check.operator()<weight_norm<linear<3>>, shape{4}, 5>();
  check.operator()<weight_norm<conv1d<2, 2, option::stride<2, 2>>>, shape{2, 5}, 3>();
}

TEST_CASE("layers.weight_norm: tensors are PyTorch's, whose g keeps the axes") {
  parameters<tests::net_of<shape{6, 7, 7}, weight_norm<conv2d<4, 3, 2, option::groups<2>>>>> p{};
  std::vector<std::string> found;
  for_each_tensor(p, [&](std::string_view name, shape extents, auto span) {
    CHECK(extents.size() == span.size());
    found.push_back(std::string(name) + " " + std::string(extents.name().view()));
  });
  CHECK(found == std::vector<std::string>{"0.weight_g 4x1x1x1", "0.weight_v 4x3x3x2", "0.bias 4"});
}
