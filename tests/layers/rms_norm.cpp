// SPDX-License-Identifier: Apache-2.0
#include <taut/layers/rms_norm.hpp>

#include "laws/laws.hpp"
#include "layers/projected.hpp"

namespace {

using namespace taut;
template <class... Options> using rms_norm = layer::rms_norm<Options...>;

static_assert(Layer<rms_norm<>> && RMSNorm.name.view() == "RMSNorm" && rms_norm<>::family == "RMSNorm");
static_assert(rms_norm<>::epsilon == 0x1p-23 && rms_norm<option::epsilon<0.5>>::epsilon == 0.5);
static_assert(!rms_norm<>::centred && rms_norm<>::has_affine && !rms_norm<>::has_offset && rms_norm<>::offset_free);
static_assert(rms_norm<>::pooled(shape{2, 5}).groups == 1 && rms_norm<>::pooled(shape{2, 5}).size == 10);
static_assert(rms_norm<option::over_last>::pooled(shape{2, 5}).groups == 2);
static_assert(rms_norm<option::over_last>::pooled(shape{2, 5}).size == 5);
static_assert(rms_norm<>::features(shape{2, 5}) == shape{2, 5});
static_assert(rms_norm<option::over_last>::features(shape{2, 3, 5}) == shape{5});
static_assert(rms_norm<>::largest(shape{9}) == 3);

// nothing is centred: one feature is no constant
constexpr double bounded =
    rms_norm<option::gain_at_most<3.0>, option::min_std<4.0>, option::epsilon<9.0>>::lipschitz(shape{1}).value().upper;
static_assert(bounded >= 0.6 && bounded <= 0.6 * (1 + 1e-15));
static_assert(rms_norm<option::no_affine, option::epsilon<0.25>>::lipschitz(shape{1}).value().upper == 2);
static_assert(rms_norm<>::lipschitz(shape{4}).first_open()->declare == std::string_view("gain_at_most<g>"));

constexpr auto normalized = [] {
  parameters<tests::net_of<shape{2}, rms_norm<option::epsilon<3.5>>>> p{};
  get<0>(p).gain = {2, -1};
  return evaluate(p, std::array{3.0, 4.0});  // mean square 12.5, root 4
}();
static_assert(normalized == std::array{1.5, -1.0});

constexpr auto tokens = [] {
  parameters<tests::net_of<shape{2, 2}, rms_norm<option::epsilon<3.5>, option::over_last>>> p{};
  get<0>(p).gain = {2, -1};
  return evaluate(p, std::array{3.0, 4.0, -3.0, -4.0});
}();
static_assert(tokens == std::array{1.5, -1.0, -1.5, 1.0});

}  // namespace

namespace taut::tests {
void laws_of_rms_norm() {
  tests::check_laws<rms_norm<option::epsilon<0.5>>, shape{1}>({.tight = 0.98});
  tests::check_laws<rms_norm<option::epsilon<1.0>>, shape{5}>({.tight = 0.98});
  tests::check_laws<rms_norm<option::no_affine, option::min_std<0.3>>, shape{17}>({.tight = 0.3});
  tests::check_laws<rms_norm<option::gain_at_most<1.5>, option::min_std<0.5>>, shape{2, 3, 4}>({.tight = 0.3});
}
}  // namespace taut::tests

TEST_CASE("layers.rms_norm: the laws of layers, over the last axis") {
  tests::check_laws<rms_norm<option::over_last, option::epsilon<1.0>>, shape{3, 5}>({.tight = 0.9});
  tests::check_laws<rms_norm<option::over_last, option::epsilon<1.0>>, shape{7, 1}>({.tight = 0.9});
  tests::check_laws<rms_norm<option::over_last, option::min_std<0.2>>, shape{2, 2, 19}>({.tight = 0.1});
}

TEST_CASE("layers.rms_norm: PyTorch's formula; scales of x vanish, shifts do not") {
  const auto p = tests::random_parameters<tests::net_of<shape{3, 7}, rms_norm<>>>(2);
  base::random_stream random(1);
  for (const double mean : {0.0, 1e3}) {
    auto x = tests::random_vector(random, 21);
    for (double& v : x) v += mean;
    const auto z = tests::projected(x, 21, false, 0x1p-23);
    const auto y = evaluate(p, x);
    for (std::size_t i = 0; i < 21; ++i)
      CHECK(y[i] == Approx(static_cast<double>(get<0>(p).gain[i]) * z[i]).epsilon(1e-13));
    for (double& v : x) v *= 1024;
    const auto scaled = evaluate(p, x);
    for (std::size_t i = 0; i < 21; ++i) CHECK(scaled[i] == Approx(y[i]).epsilon(1e-6));
  }
}

TEST_CASE("layers.rms_norm: zeros stay zeros, a NaN reaches its token and no other") {
  using Net = tests::net_of<shape{3, 4}, rms_norm<option::over_last>>;
  const auto p = tests::random_parameters<Net>(1);
  std::array<float, 12> x{};
  for (const double v : evaluate(p, x)) CHECK(v == 0);
  for (const float v : compile(p)(x)) CHECK(v == 0);
  x.fill(1);
  x[6] = std::numeric_limits<float>::quiet_NaN();
  const auto y = evaluate(p, x);
  const auto z = compile(p)(x);
  for (std::size_t i = 0; i < 12; ++i) {
    CHECK(std::isnan(y[i]) == (i / 4 == 1));
    CHECK(std::isnan(z[i]) == (i / 4 == 1));
  }
}
