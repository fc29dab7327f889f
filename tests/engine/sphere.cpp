// SPDX-License-Identifier: Apache-2.0
// The normalization of one sample on its own: every remainder, whatever lies behind the input, in place, observed.
#include <taut/engine/sphere.hpp>
#include <taut/inference.hpp>

#include "laws/laws.hpp"
#include "layers/projected.hpp"

namespace {

using namespace taut;
using namespace taut::tests;
using engine_stage::gains_of, engine_stage::sphere, engine_stage::epilogue;
using four = simd::portable<4>;

template <class N, shape In> using of = sphere<four, N, In, false, epilogue<>>;
static_assert(of<layer::layer_norm<>, shape{2, 3}>::which == gains_of::element);
static_assert(of<layer::group_norm<2>, shape{4}>::which == gains_of::element);
static_assert(of<layer::group_norm<2>, shape{4, 3}>::which == gains_of::channel);
static_assert(of<layer::instance_norm<>, shape{4, 3, 2}>::which == gains_of::channel);
static_assert(of<layer::layer_norm<option::over_last>, shape{4, 3}>::which == gains_of::token);
static_assert(of<layer::instance_norm<>, shape{4, 3, 2}>::gains == 4);
static_assert(of<layer::layer_norm<option::over_last>, shape{4, 3}>::gains == 3);
static_assert(of<layer::layer_norm<>, shape{2, 3}>::stored >= 6 + 3);  // a whole register behind the last run's gains

// Against the formula: y apart from x and in place, NaN behind the input, zeros behind the output.
template <class V, class N, shape In, class... Acts> void check_one(float mean, bool centred) {
  using S = sphere<V, N, In, false, epilogue<Acts...>>;
  using Net = net_of<In, N>;
  constexpr std::size_t size = In.size(), room = engine_stage::padded<V>(size) + 2 * simd::width<V>;
  const auto p = random_parameters<Net>(size);
  S stage;
  stage.load(get<0>(p));
  base::random_stream random(1);
  std::vector<float> x = random_vector<float>(random, size);
  for (float& v : x) v += mean;
  const std::vector<double> exact(x.begin(), x.end());
  const std::size_t run = N::pooled(In).size;
  const auto z = projected(exact, run, centred, N::epsilon);
  x.resize(room, std::numeric_limits<float>::quiet_NaN());
  std::vector<float> y(room, std::numeric_limits<float>::quiet_NaN()), variances;
  stage.template apply<V>(x.data(), y.data(), [&](float variance) { variances.push_back(variance); });
  INFO(N::name.view() << " on " << In.name().view() << ", mean " << mean);
  CHECK(variances.size() == N::pooled(In).groups);
  for (std::size_t i = 0; i < size; ++i) {
    double truth = N::gain(get<0>(p), i) * z[i] + N::offset(get<0>(p), i);
    ((truth = Acts::apply(truth)), ...);
    CHECK(static_cast<double>(y[i]) == Approx(truth).epsilon(2e-6).margin(4e-6));
  }
  for (std::size_t i = size; i < engine_stage::padded<V>(size); ++i) CHECK(y[i] == 0);
  stage.template apply<V>(x.data(), x.data(), no_observer{});
  CHECK(same_bits(std::span(x).first(size), std::span(y).first(size)));
  for (std::size_t r = 0; r < variances.size(); ++r) {
    const auto s = normalizer::measure<N>(exact.data() + r * run, run);
    CHECK(static_cast<double>(variances[r]) == Approx(s.variance).epsilon(1e-5).margin(1e-12));
  }
}

template <class V, std::size_t N> void check_size() {
  using over_last = option::over_last;
  for (const float mean : {0.0f, 1e4f}) {
    check_one<V, layer::layer_norm<>, shape{N}>(mean, true);
    check_one<V, layer::rms_norm<>, shape{N}, layer::sigmoid>(mean, false);
    check_one<V, layer::layer_norm<over_last>, shape{3, N}, layer::sigmoid>(mean, true);
    check_one<V, layer::instance_norm<>, shape{3, N}, layer::sigmoid>(mean, true);
    check_one<V, layer::group_norm<2>, shape{4, N}>(mean, true);
  }
}
template <class V, std::size_t... N> void check_sizes(std::index_sequence<N...>) { (check_size<V, N + 1>(), ...); }

}  // namespace

TEST_CASE("engine.sphere: every normalizer at every remainder, in one lane, four and the widest") {
  using sizes = std::index_sequence<0, 1, 2, 3, 6, 8, 14, 15, 16>;
  check_sizes<simd::portable<1>>(std::index_sequence<0, 4>{});
  check_sizes<four>(sizes{});
  check_sizes<simd::native>(sizes{});
}

TEST_CASE("engine.sphere: runs that are centred already are not centred again") {
  using N = layer::layer_norm<option::no_affine>;
  sphere<four, N, shape{6}, true, epilogue<>> stage;
  stage.load(parameters_of_layer<N, shape{6}>{});
  std::array<float, 16> x{3, 1, 2, 2, 1, 3}, y{};  // mean 2: the caller promised 0
  stage.apply<four>(x.data(), y.data(), [](float variance) { CHECK(variance == Approx(28.0 / 6)); });
  for (std::size_t i = 0; i < 6; ++i)
    CHECK(y[i] == Approx(static_cast<double>(x[i]) / std::sqrt(28.0 / 6)).epsilon(1e-5));
}

// `near` and `far`: pivots on either side of where another look begins, in stds.
template <std::size_t Size> void check_moments_about(float near, float far) {
  using N = layer::layer_norm<option::no_affine>;
  using S = of<N, shape{Size}>;
  base::random_stream random(1);
  const auto x = random_vector<float>(random, Size);
  const auto truth = normalizer::measure<N>(std::vector<double>(x.begin(), x.end()).data(), Size);
  const auto mean = static_cast<float>(truth.mean), std = static_cast<float>(std::sqrt(truth.variance));
  const auto looked_again = [&](float pivot, float sum) {
    simd::pivoted_sums<four> lost;
    lost.pivot = pivot;
    lost.sum = four(sum);
    lost.squares = four(sum * sum);
    return S::template moments_about<four>(lost, x.data());
  };
  const auto apart = looked_again(std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::quiet_NaN());
  CHECK(apart.mean + apart.rest == Approx(truth.mean).margin(1e-8));
  CHECK(apart.variance == Approx(truth.variance).epsilon(1e-6));
  const auto is_apart = [&](const auto& of) {
    return of.mean == apart.mean && of.rest == apart.rest && of.variance == apart.variance;
  };
  CHECK(is_apart(looked_again(0, std::numeric_limits<float>::infinity())));
  CHECK(is_apart(looked_again(0, 1e25f)));  // its square is infinite
  CHECK(is_apart(looked_again(1e30f, -std::numeric_limits<float>::infinity())));
  for (const float stds : {0.0f, near, -near, far, -far, 30.0f, -1e3f, 1e5f}) {
    simd::pivoted_sums<four> sums;
    sums.pivot = mean + stds * std;
    for (std::size_t i = 0; i < Size; i += 4) sums.add({simd::load<four>(&x[i])}, [](const four& v) { return v; });
    const auto about = S::template moments_about<four>(sums, x.data());
    INFO(Size << " numbers, pivot " << stds);
    CHECK((about.mean == sums.pivot) == (std::abs(stds) <= near));
    CHECK(is_apart(about) == (std::abs(stds) > near));
    CHECK(static_cast<double>(about.mean) + static_cast<double>(about.rest) == Approx(truth.mean).margin(1e-6));
    CHECK(about.variance == Approx(truth.variance).epsilon(2e-6));
  }
}

TEST_CASE("engine.sphere: moments about a pivot, and from the run itself where that is far from the mean") {
  check_moments_about<500>(0.98f, 1.02f);   // rest^2 is half of the mean of d^2
  check_moments_about<1000>(1.71f, 1.75f);  // and three quarters
}

TEST_CASE("engine.sphere: a NaN stays in its run, and in the run's variance") {
  using N = layer::group_norm<3, option::no_affine>;
  of<N, shape{6}> stage;
  stage.load(parameters_of_layer<N, shape{6}>{});
  std::array<float, 16> x{1, 2, 3, std::numeric_limits<float>::quiet_NaN(), 5, 7}, y{};
  std::vector<float> variances;
  stage.apply<four>(x.data(), y.data(), [&](float variance) { variances.push_back(variance); });
  REQUIRE(variances.size() == 3);
  for (std::size_t i = 0; i < 6; ++i) CHECK(std::isnan(y[i]) == (i / 2 == 1));
  for (std::size_t i = 0; i < 3; ++i) CHECK(std::isnan(variances[i]) == (i == 1));
}
