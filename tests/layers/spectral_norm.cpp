// SPDX-License-Identifier: Apache-2.0
#include <taut/layers/spectral_norm.hpp>

#include "laws/file.hpp"
#include "laws/laws.hpp"
#include "layers/batch.hpp"

namespace {

using namespace taut;
template <double Limit, class Inner> using limited = layer::spectral_norm<Limit, Inner>;
template <std::size_t Out, class... Options> using linear = layer::linear<Out, 0, Options...>;
template <std::size_t Out, std::size_t K, class... Options> using conv1d = layer::conv1d<Out, K, Options...>;
template <std::size_t Out, std::size_t KH, std::size_t KW, class... Options> using conv2d =
    layer::conv2d<Out, KH, KW, Options...>;

static_assert(Layer<limited<1.0, linear<3>>> && Layer<limited<0.5, conv2d<4, 3, 3>>>);
static_assert(std::same_as<decltype(SpectralNorm<2.0>(Linear<3>)), limited<2.0, linear<3>>>);
static_assert(limited<2.0, linear<3>>::name.view() == "SpectralNorm<2>(Linear<3>)");
static_assert(tests::net_of<shape{7}, limited<1.0, linear<3>>>::parameter_count == 21 + 3);
static_assert(limited<2.0, linear<3>>::lipschitz(shape{7}).value().upper == 2);
static_assert(limited<2.0, conv1d<4, 3>>::lipschitz(shape{2, 9}).value().upper == 2);

constexpr double shortened = 1 - 0x1p-16;
constexpr auto product = [] {
  parameters<tests::net_of<shape{2}, limited<6.0, linear<2, option::no_bias>>>> p{};
  get<0>(p).matrix = {3, 0, 0, 1};
  return evaluate(p, std::array{1.0, 10.0});  // the matrix is diag(6, 2)
}();
static_assert(product[0] > 6 * shortened - 1e-12 && product[0] < 6 * shortened + 1e-12);
static_assert(product[1] > 20 * shortened - 1e-12 && product[1] < 20 * shortened + 1e-12);
constexpr auto zeros = evaluate(parameters<tests::net_of<shape{2}, limited<1.0, linear<2>>>>{}, std::array{1.0, 2.0});
static_assert(zeros == std::array{0.0, 0.0});

// ||folded W|| <= c, proved, and not much below
template <class L, shape In> void check_norm(double limit, const parameters<tests::net_of<In, L>>& p) {
  using Inner = typename L::folded_layer;
  constexpr std::size_t rows = L::output(In).size(), columns = In.size();
  const auto held = folded<0>(p);
  const auto& q = *held;
  std::vector<double> w(rows * columns);
  for (std::size_t row = 0; row < rows; ++row)
    for (std::size_t column = 0; column < columns; ++column) w[row * columns + column] = Inner::weight(q, row, column);
  CHECK(spectral_norm_at_most(w.data(), rows, columns, limit));
  CHECK_FALSE(spectral_norm_at_most(w.data(), rows, columns, limit * (1 - 3e-5)));
}

// The file of a layer with these vectors, loaded.
template <class Net> parameters<Net> through_file(const parameters<Net>& p) {
  const auto path = std::filesystem::temp_directory_path() / ("taut_sn_" + std::to_string(::getpid()));
  struct removal {
    const std::filesystem::path& path;
    ~removal() { std::filesystem::remove(path); }
  } const at_the_end{path};
  save_safetensors(p, path);
  return load_safetensors<Net>(path);
}

}  // namespace

namespace taut::tests {
void laws_of_spectral_norm() {
  check_laws<limited<2.0, linear<1>>, shape{1}>({.tight = 0.98});
  check_laws<limited<2.0, linear<3>>, shape{4}>({.tight = 0.98});
  check_laws<limited<0.5, linear<17, option::no_bias>>, shape{6}>({.tight = 0.9});
  check_laws<limited<1.0, conv1d<3, 2, option::stride<2, 2>>>, shape{2, 6}>({.tight = 0.9});
  check_laws<limited<1.0, conv1d<4, 3, option::padding<1, 1>, option::groups<2>>>, shape{2, 5}>({.tight = 0.3});
  check_laws<limited<1.0, conv2d<2, 2, 2, option::no_bias>>, shape{1, 3, 3}>({.tight = 0.3});
}
}  // namespace taut::tests

TEST_CASE("layers.spectral_norm: the folded norm is at most c, proved, and above c (1 - 3e-5)") {
  const auto check = []<class L, shape In>(double limit) {
    for (std::uint64_t seed = 1; seed <= 4; ++seed)
      check_norm<L, In>(limit, tests::random_parameters<tests::net_of<In, L>>(seed));
  };
  check.operator()<limited<2.0, linear<5>>, shape{5}>(2);
  check.operator()<limited<0.1, linear<3>>, shape{20}>(0.1);
  check.operator()<limited<7.0, linear<40>>, shape{1}>(7);
  check.operator()<limited<1.0, conv1d<3, 2, option::stride<2, 2>>>, shape{2, 6}>(1);  // no window overlaps
}

TEST_CASE("layers.spectral_norm: sizes of the raw matrix from 1e-40 to 1e38 vanish, equal singular values too") {
  using L = limited<3.0, linear<4>>;
  using Net = tests::net_of<shape{4}, L>;
  for (const float size : {1e-40f, 1e-30f, 1.0f, 1e30f, 3e37f}) {
    auto p = tests::random_parameters<Net>(7);
    for (float& v : get<0>(p).matrix) v *= size;
    INFO("size " << size);
    check_norm<L, shape{4}>(3, p);
    CHECK_NOTHROW(through_file(p));
  }
  parameters<Net> identity{};
  for (std::size_t i = 0; i < 4; ++i) get<0>(identity).matrix[i * 5] = i % 2 == 0 ? -1.0f : 1.0f;
  check_norm<L, shape{4}>(3, identity);
  auto nearly = identity;  // slow for power iteration: a ratio of 1 - 1e-6
  get<0>(nearly).matrix[0] = 1.000001f;
  check_norm<L, shape{4}>(3, nearly);
  CHECK_NOTHROW(through_file(nearly));
}

TEST_CASE("layers.spectral_norm: a convolution with overlapping windows keeps c as an operator") {
  using L = limited<2.0, conv2d<3, 3, 3, option::padding<1, 1>>>;
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const auto p = tests::random_parameters<tests::net_of<shape{2, 4, 5}, L>>(seed);
    CHECK(lipschitz_of(p).value <= 2);
    CHECK(lipschitz_of(p).value > 0.3);
    CHECK_NOTHROW(through_file(p));
  }
}

TEST_CASE("layers.spectral_norm: zeros stay zeros") {
  using Net = tests::net_of<shape{3}, limited<2.0, linear<2>>>;
  parameters<Net> p{};
  get<0>(p).bias = {1, 2};
  CHECK(compile(p)(std::array{1.0f, 2.0f, 3.0f}) == std::array{1.0f, 2.0f});
  CHECK_NOTHROW(through_file(p));
  tests::check_engines(p, 1);
  const std::vector<double> x{1, 2, 3}, u{1, 1};
  const tests::trained_batch<double, limited<2.0, linear<2>>, shape{3}, batch<1>> step(converted<double>(p), x, u);
  for (const double v : tests::values_of(step.slope)) CHECK(std::isfinite(v));
}

TEST_CASE("layers.spectral_norm: a file whose vectors are those of a smaller singular value is refused") {
  using Net = tests::net_of<shape{3}, limited<2.0, linear<3>>>;
  parameters<Net> p{};
  get<0>(p).matrix = {0, 1, 0, 3, 0, 0, 0, 0, 2};
  get<0>(p).left = {1, 0, 0};  // singular value 1, though there is 3
  get<0>(p).right = {0, 1, 0};
  CHECK_THROWS_WITH(through_file(p), tests::contains("0.weight_orig") && tests::contains("spectral norm of at most 2"));
  CHECK(lipschitz_of(p).value > 5.9);  // what is computed with is what is proved
  get<0>(p).left = {0, 0, 1};
  get<0>(p).right = {0, 0, -1};
  CHECK_THROWS_AS(through_file(p), load_error);
  get<0>(p).right = {0, 1, 1e-30f};  // to the end: 2, not 3
  CHECK_THROWS_AS(through_file(p), load_error);
  get<0>(p).right = {1e-3f, 1, 0};  // the iteration finds its way
  CHECK_NOTHROW(through_file(p));
  get<0>(p).right = {-1, 0, 0};
  CHECK_NOTHROW(through_file(p));
  get<0>(p).right = {0, 0, 0};  // none stored
  CHECK_NOTHROW(through_file(p));
}

TEST_CASE("layers.spectral_norm: a training step moves the vectors once; at singular vectors its gradient is numeric") {
  using L = limited<2.0, linear<4>>;
  using Net = tests::net_of<shape{3}, L>;
  const auto drawn = tests::random_parameters<Net>(3);
  auto p = converted<double>(drawn);
  const std::vector<double> x(6, 1.0), u(8, 1.0);
  const auto step = [&] { return tests::trained_batch<double, L, shape{3}, batch<2>>(p, x, u).after; };
  const auto once = step();
  CHECK(get<0>(once).left != get<0>(p).left);
  CHECK(get<0>(once).matrix == get<0>(p).matrix);
  for (int i = 0; i < 400; ++i) p = step();
  const auto in_training = tests::trained_batch<double, L, shape{3}, batch<2>>(p, x, u).y;
  const auto at_inference = evaluate(p, std::vector<double>(3, 1.0));
  for (std::size_t i = 0; i < 4; ++i) CHECK(in_training[i] == Approx(at_inference[i]).epsilon(1e-13));

  auto settled = drawn;  // in float: u and v are off by 1e-8, and the slope of u'Vv is off by as much
  for (std::size_t i = 0; i < 4; ++i) get<0>(settled).left[i] = static_cast<float>(get<0>(p).left[i]);
  for (std::size_t i = 0; i < 3; ++i) get<0>(settled).right[i] = static_cast<float>(get<0>(p).right[i]);
  tests::check_batch<L, shape{3}, batch<5>>(settled, 1);
}

TEST_CASE("layers.spectral_norm: initial values are those of the layer inside, scaled; PyTorch's tensors") {
  using Plain = tests::net_of<shape{30}, linear<20>>;
  using Net = tests::net_of<shape{30}, limited<1.5, linear<20>>>;
  parameters<Plain> plain{};
  parameters<Net> p{};
  initialise(plain, 3), initialise(p, 3);
  for (std::size_t i = 0; i < 600; ++i) CHECK(get<0>(p).matrix[i] == get<0>(plain).weight[i]);
  check_norm<limited<1.5, linear<20>>, shape{30}>(1.5, p);
  double left = 0, right = 0;
  for (const float v : get<0>(p).left) left += static_cast<double>(v) * static_cast<double>(v);
  for (const float v : get<0>(p).right) right += static_cast<double>(v) * static_cast<double>(v);
  CHECK(left == Approx(1).epsilon(1e-6));
  CHECK(right == Approx(1).epsilon(1e-6));
  std::vector<std::string> found;
  for_each_described_tensor(p, [&](const tensor_info& info, auto) {
    found.push_back(std::string(info.key) + " " + std::string(info.extents.name().view()) +
                    (info.purpose == role::buffer ? " buffer" : ""));
  });
  CHECK(found ==
        std::vector<std::string>{"0.weight_orig 20x30", "0.weight_u 20 buffer", "0.weight_v 30 buffer", "0.bias 20"});
}
