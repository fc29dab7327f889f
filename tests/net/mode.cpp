// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <concepts>
#include <taut/inference.hpp>

#include "support/catch.hpp"
#include "train/support.hpp"

using namespace taut;
using tests::batch_centring;

static_assert(batch<32>::size == 32);
static_assert(std::same_as<training<batch<8>>::batch_type, batch<8>>);
static_assert(groups_of<batch<32>, double> == 32 && groups_of<batch<1>, simd::portable<8>> == 1);
static_assert(groups_of<batch<32>, simd::portable<8>> == 4 && groups_of<batch<33>, simd::portable<8>> == 5);
static_assert(samples_in_group<batch<33>, simd::portable<8>>(3) == 8);
static_assert(samples_in_group<batch<33>, simd::portable<8>>(4) == 1);
static_assert(samples_in_group<batch<3>, double>(2) == 1);

template <class L>
concept couples = CouplesSamples<L, shape{2}, batch<4>, parameters_of_layer<L, shape{2}, double>, double>;
static_assert(couples<batch_centring> && !couples<layer::relu> && !couples<layer::linear<3, 0>>);

// What a trained network is run by knows no training, and what trains takes no constants.
struct trained : decltype(Input<4> >> Linear<3> >> BN) {};
using numbers_of_one = std::array<float, 4>;
template <class... Arguments>
concept evaluates = requires(const Arguments&... arguments) { evaluate(arguments...); };
static_assert(evaluates<parameters<trained>, numbers_of_one>);
static_assert(!evaluates<training<batch<8>>, parameters<trained>, numbers_of_one>);
static_assert(!evaluates<parameters<trained>, numbers_of_one, training<batch<8>>>);
static_assert(std::invocable<const engine<trained>&, const numbers_of_one&>);
static_assert(!std::invocable<const engine<trained>&, training<batch<8>>, const numbers_of_one&>);
static_assert(!std::convertible_to<training<batch<8>>, inference> &&
              !std::convertible_to<inference, training<batch<8>>>);
static_assert(!std::convertible_to<training<batch<8>>, training<batch<9>>>);

// The first layer that needs a larger batch, inside blocks too.
template <class Net> constexpr bool refuses(std::size_t samples, std::string_view place, std::string_view name) {
  const auto need = base::first_need<Net>(samples);
  return need.samples > samples && need.place.view() == place && need.name.view() == name;
}
template <class Net> constexpr bool takes_all = base::first_need<Net>(1).samples == 1;
struct greedy : layer::relu {
  static constexpr auto name = base::say("Greedy");
  static constexpr std::size_t smallest_batch(shape in) { return in.size(); }
};
static_assert(refuses<trained>(1, "1", "BatchNorm") && !refuses<trained>(2, "1", "BatchNorm"));
static_assert(takes_all<decltype(Input<4> >> LN >> Dropout<0.5> >> Linear<2>)>);
static_assert(takes_all<decltype(Input<4, 3> >> BN)>);  // three values a channel in each sample
static_assert(refuses<decltype(Input<4> >> Residual(LN >> BN) >> BN)>(1, "0.1", "BatchNorm"));
static_assert(refuses<decltype(Input<4> >> Concat(LN, Residual(BN)) >> BN)>(1, "0.1.0.0", "BatchNorm"));
static_assert(refuses<decltype(Input<4> >> BN >> greedy{})>(3, "1", "Greedy"));
static_assert(takes_all<network<layer::input<2>>>);
static_assert(base::is_fitting_batch<trained, batch<2>> && !base::is_fitting_batch<trained, batch<1>>);

TEST_CASE("net.mode: a layer that does not couple samples is lifted sample by sample") {
  using L = layer::linear<3, 0>;
  parameters_of_layer<L, shape{2}, double> p{{1, 2, 3, 4, 5, 6}, {7, 8, 9}}, dp{};
  const std::array<double, 8> x{1, 0, 0, 1, 2, -1, 0.5, 3};  // four samples
  std::array<double, 12> y{}, dy{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  std::array<double, 8> dx{};
  forward<L, shape{2}>(training<batch<4>>{}, p, x.data(), y.data());
  gradient<L, shape{2}>(training<batch<4>>{}, p, x.data(), y.data(), dy.data(), dx.data(), dp);

  decltype(p) sum{};
  for (std::size_t s = 0; s < 4; ++s) {
    std::array<double, 3> one{};
    std::array<double, 2> back{};
    forward<L, shape{2}>(p, x.data() + 2 * s, one.data());
    gradient<L, shape{2}>(p, x.data() + 2 * s, one.data(), dy.data() + 3 * s, back.data(), sum);
    for (std::size_t i = 0; i < 3; ++i) CHECK(y[3 * s + i] == one[i]);
    for (std::size_t i = 0; i < 2; ++i) CHECK(dx[2 * s + i] == back[i]);
  }
  CHECK(dp.weight == sum.weight);
  CHECK(dp.bias == sum.bias);
}

TEST_CASE("net.mode: training and inference of a layer that couples samples are two functions") {
  parameters_of_layer<batch_centring, shape{2}, double> p{};
  const std::array<double, 8> x{1, 10, 2, 20, 3, 30, 6, 40};
  std::array<double, 8> y{};
  forward<batch_centring, shape{2}>(training<batch<4>>{}, p, x.data(), y.data());
  CHECK(y == std::array<double, 8>{-2, -15, -1, -5, 0, 5, 3, 15});
  CHECK(p.running_mean[0] == Approx(0.3));  // 0.9 * 0 + 0.1 * 3
  CHECK(p.running_mean[1] == Approx(2.5));
  CHECK(p.batches_seen[0] == 1);

  const auto before = p.running_mean;
  forward<batch_centring, shape{2}>(p, x.data(), y.data());
  CHECK(y[0] == Approx(0.7));
  CHECK(p.running_mean == before);
}

TEST_CASE("net.mode: lanes without a sample do not count") {
  using V = simd::portable<4>;
  const auto lanes = [](auto... values) {
    const float held[]{static_cast<float>(values)...};
    return V::load(held);
  };
  parameters_of_layer<batch_centring, shape{1}, float> p{};
  const std::array<V, 2> x{lanes(1, 2, 3, 4), lanes(5, 99, 99, 99)};  // five samples, mean 3
  std::array<V, 2> y{}, dx{};
  forward<batch_centring, shape{1}>(training<batch<5>>{}, p, x.data(), y.data());
  CHECK(y[0].at[0] == -2);
  CHECK(y[1].at[0] == 2);
  CHECK(p.running_mean[0] == Approx(0.3));
  const std::array<V, 2> dy{lanes(5, 0, 0, 0), lanes(0, 0, 0, 0)};
  auto dp = p;
  gradient<batch_centring, shape{1}>(training<batch<5>>{}, p, x.data(), y.data(), dy.data(), dx.data(), dp);
  CHECK(dx[0].at[0] == 4);
  CHECK(dx[0].at[1] == -1);
  CHECK(dx[1].at[0] == -1);
  CHECK(dx[1].at[1] == 0);
}

TEST_CASE("net.mode: inference has a word too, and it is what evaluate runs") {
  using L = layer::batch_norm<>;
  parameters_of_layer<L, shape{2}, double> p{};
  p.running_mean = {1, 2}, p.running_var = {4, 9};
  const std::array<double, 2> x{3, 4};
  std::array<double, 2> y{}, z{};
  forward<L, shape{2}>(inference{}, p, x.data(), y.data());
  forward<L, shape{2}>(p, x.data(), z.data());
  CHECK(y == z);
  CHECK(y[0] == Approx(2 / std::sqrt(4.00001)));
  CHECK(p.batches[0] == 0);
}
