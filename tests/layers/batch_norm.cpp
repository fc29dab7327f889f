// SPDX-License-Identifier: Apache-2.0
#include <taut/layers/batch_norm.hpp>

#include "laws/file.hpp"
#include "laws/laws.hpp"
#include "layers/batch.hpp"

namespace {

using namespace taut;
template <class... Options> using batch_norm = layer::batch_norm<Options...>;

static_assert(Layer<batch_norm<>> && BN.name.view() == "BatchNorm" && std::same_as<decltype(BN), decltype(BatchNorm)>);
static_assert(batch_norm<>::epsilon == 1e-5 && batch_norm<>::momentum == 0.1 && batch_norm<>::has_affine);
static_assert(batch_norm<option::momentum<0.25>>::momentum == 0.25 && !batch_norm<option::no_affine>::has_affine);
static_assert(std::same_as<decltype(BN(min_std<0.5>, no_affine)), batch_norm<option::min_std<0.5>, option::no_affine>>);
static_assert(batch_norm<>::smallest_batch(shape{4}) == 2 && batch_norm<>::smallest_batch(shape{4, 3}) == 1);
static_assert(batch_norm<>::smallest_batch(shape{4, 1, 1}) == 2);
static_assert(tests::net_of<shape{4, 3, 2}, batch_norm<>>::parameter_count == 8);  // statistics are no parameters
static_assert(tests::net_of<shape{4}, batch_norm<option::no_affine>>::parameter_count == 0);

// the bound of the type
static_assert(batch_norm<>::lipschitz(shape{4}).first_open()->declare == std::string_view("gain_at_most<g>"));
static_assert(batch_norm<option::no_affine, option::epsilon<0.25>>::lipschitz(shape{4}).value().upper == 2);
constexpr double bounded =
    batch_norm<option::gain_at_most<3.0>, option::min_std<4.0>, option::epsilon<9.0>>::lipschitz(shape{4})
        .value()
        .upper;
static_assert(bounded >= 0.6 && bounded <= 0.6 * (1 + 1e-15));

constexpr auto at_inference = [] {
  parameters<tests::net_of<shape{2, 2}, batch_norm<option::epsilon<5.0>>>> p{};
  get<0>(p).gain = {2, -1};
  get<0>(p).offset = {1, 0};
  get<0>(p).running_mean = {3, -2};
  get<0>(p).running_var = {4, 11};  // roots 3 and 4
  return evaluate(p, std::array{6.0, 0.0, 6.0, -2.0});
}();
static_assert(at_inference == std::array{3.0, -1.0, -2.0, 0.0});

}  // namespace

namespace taut::tests {

void laws_of_batch_norm() {
  tests::check_laws<batch_norm<>, shape{1}>({.tight = 0.98});
  tests::check_laws<batch_norm<>, shape{6}>({.tight = 0.98});
  tests::check_laws<batch_norm<option::no_affine>, shape{19}>({.tight = 0.9});
  tests::check_laws<batch_norm<option::min_std<0.5>, option::gain_at_most<2.0>>, shape{3, 5}>({.tight = 0.9});
  tests::check_laws<batch_norm<option::epsilon<0.1>>, shape{2, 3, 3}>({.tight = 0.98});
}

}  // namespace taut::tests

TEST_CASE("layers.batch_norm: a training step's gradient is numeric, in one lane and in many") {
  constexpr std::size_t width = simd::width<simd::native>;
  const auto check = []<class L, shape In, std::size_t N>() {
    tests::check_batch<L, In, batch<N>>(tests::random_parameters<tests::net_of<In, L>>(N), N);
  };
  check.operator()<batch_norm<>, shape{3}, 2>();
  check.operator()<batch_norm<>, shape{3}, 7>();
  check.operator()<batch_norm<>, shape{2}, width>();
  check.operator()<batch_norm<>, shape{2}, width + 1>();
  check.operator()<batch_norm<option::no_affine, option::momentum<0.5>>, shape{2, 3}, 5>();
  check.operator()<batch_norm<option::epsilon<0.25>>, shape{2, 2, 2}, 1>();
}

TEST_CASE("layers.batch_norm: PyTorch's statistics: biased for the output, unbiased for the running variance") {
  using L = batch_norm<option::momentum<0.25>, option::epsilon<1.0>>;
  parameters<tests::net_of<shape{1}, L>, double> p{};
  get<0>(p).gain = {2}, get<0>(p).offset = {0.5};
  get<0>(p).running_mean = {4}, get<0>(p).running_var = {8};
  const std::vector<double> x{1, 3, 3, 5};  // mean 3, variance 2, unbiased 8/3
  const tests::trained_batch<double, L, shape{1}, batch<4>> step(p, x, {0, 0, 0, 0});
  for (std::size_t i = 0; i < 4; ++i) CHECK(step.y[i] == Approx(2 * (x[i] - 3) / std::sqrt(3.0) + 0.5).epsilon(1e-15));
  CHECK(get<0>(step.after).running_mean[0] == Approx(0.75 * 4 + 0.25 * 3).epsilon(1e-15));
  CHECK(get<0>(step.after).running_var[0] == Approx(0.75 * 8 + 0.25 * 8 / 3).epsilon(1e-15));
  CHECK(get<0>(step.after).batches[0] == 1);
}

TEST_CASE("layers.batch_norm: channels of a batch with mean/std of 1e6 keep their statistics") {
  using L = batch_norm<>;
  using Net = tests::net_of<shape{2, 3}, L>;
  base::random_stream random(1);
  std::vector<double> x = tests::random_vector(random, 11 * 6);
  for (double& v : x) v = static_cast<double>(static_cast<float>(1e4 + 0.01 * v));
  const std::vector<double> u(x.size());
  const tests::trained_batch<double, L, shape{2, 3}, batch<11>> exact(parameters<Net, double>{}, x, u);
  const tests::trained_batch<simd::native, L, shape{2, 3}, batch<11>> wide(parameters<Net>{}, x, u);
  for (std::size_t i = 0; i < x.size(); ++i) CHECK(wide.y[i] == Approx(exact.y[i]).margin(2e-6));
}

TEST_CASE("layers.batch_norm: claims are of gains and running variances") {
  tests::claims_keeper keeper;
  parameters<tests::net_of<shape{3}, batch_norm<option::gain_at_most<0.5>, option::min_std<2.0>>>> p{};
  for_each_claim(p, keeper);
  for (const float g : get<0>(p).gain) CHECK(g == Approx(0.5).epsilon(1e-5));
  for (const float v : get<0>(p).running_var) CHECK(v >= 4);
}

TEST_CASE("layers.batch_norm: a file with a negative variance, or one below the declared floor, is refused") {
  using Free = tests::net_of<shape{3}, batch_norm<>>;
  using Bound = tests::net_of<shape{3}, batch_norm<option::min_std<2.0>>>;
  const auto path = std::filesystem::temp_directory_path() / ("taut_bn_" + std::to_string(::getpid()));
  parameters<Free> p{};
  get<0>(p).running_var = {4, 0, 5};
  save_safetensors(p, path);
  CHECK_NOTHROW(load_safetensors<Free>(path));
  CHECK_THROWS_AS(load_safetensors<Bound>(path), load_error);
  get<0>(p).running_var = {4, 4, 5};
  save_safetensors(p, path);
  CHECK_NOTHROW(load_safetensors<Bound>(path));
  get<0>(p).running_var = {4, -1e-6f, 5};
  save_safetensors(p, path);
  CHECK_THROWS_AS(load_safetensors<Free>(path), load_error);
  std::filesystem::remove(path);
}
