// SPDX-License-Identifier: Apache-2.0
// Residual and Concat around the catalogue, networks that the compiler draws from all of it, and an engine inside a
// constant expression.
#include "laws/laws.hpp"

namespace {

using namespace taut;
using namespace taut::tests;

struct residual_first : decltype(Input<9> >> Residual(LN >> Linear<17> >> ReLU >> Linear<9>) >> LN >> Linear<4>) {};
struct residual_kernels
    : decltype(Input<4, 6> >> Residual(Conv1d<4, 3>(padding<1>) >> BN >> ReLU >> Conv1d<4, 3>(padding<1>) >> BN) >>
               ReLU >> BN >> GlobalAvgPool >> Linear<3>) {};
struct concat_first : decltype(Input<2, 5, 4> >>
                               Concat(Conv2d<3, 1> >> BN, Conv2d<2, 3>(padding<1>) >> GN<2>, BN, ReLU, InstanceNorm) >>
                               Conv2d<3, 2> >> Concat(RMSNorm, LN(over_last)) >> Flatten) {};
struct nested : decltype(Input<10> >> BN >>
                         Residual(Concat(Linear<3> >> LN, Residual(Linear<10> >> RMSNorm) >> Linear<7>) >> ReLU) >>
                         BN >> Softmax) {};
struct between_normalizers
    : decltype(Input<5> >> Linear<18> >> LN >> Residual(BN) >> GN<6> >> Residual(WeightNorm(Linear<18>)) >> Tanh >>
               Concat(SpectralNorm<1.0>(Linear<2>), Linear<1> >> GELU) >> RMSNorm >> Linear<2>) {};

namespace drawing {

constexpr std::size_t draw(std::uint64_t seed, std::uint64_t step, std::size_t below) {
  base::random_stream random(seed * 1000033 + step * 8191);
  random.next();
  return random.below(below);
}

/// One of the layers that take any shape.
template <std::size_t What> constexpr auto anywhere() {
  if constexpr (What == 0) return ReLU;
  else if constexpr (What == 1) return BN(no_affine);
  else if constexpr (What == 2) return RMSNorm(epsilon<0.01>);
  else if constexpr (What == 3) return LN(epsilon<0.01>);
  else if constexpr (What == 4) return LeakyReLU<0.1> >> Dropout<0.5>;
  else if constexpr (What == 5) return LN(over_last, epsilon<0.01>);
  else if constexpr (What == 6) return Residual(RMSNorm(epsilon<0.01>) >> Tanh);
  else return BN;
}
/// A layer for what a network ends in.
template <class Net, std::uint64_t Seed, std::size_t Step> constexpr auto next() {
  constexpr std::size_t what = draw(Seed, Step, 12), width = 1 + draw(Seed, Step + 50, 35);
  constexpr shape in = Net::output;
  if constexpr (in.rank == 1) {
    if constexpr (what < 4) return Linear<width>;
    else if constexpr (what == 4 && in.size() % 2 == 0) return GN<2>(epsilon<0.01>);
    else return anywhere<draw(Seed, Step + 90, 8)>();
  } else if constexpr (what < 3 && in.extent[1] > 2) {
    constexpr std::size_t out = 2 + width % 5;
    if constexpr (in.rank == 2) return Conv1d<out, 3>(padding<1>, stride<1 + width % 2>);
    else return Conv2d<out, 2>(padding<0, 1>);
  } else if constexpr (what == 3 && in.channels() % 2 == 0) return GN<2>(epsilon<0.01>);
  else if constexpr (what == 4) return InstanceNorm(epsilon<0.01>);
  else if constexpr (what == 5 && in.extent[1] > 3) return MaxPool<2>;
  else if constexpr (what == 6) return Flatten;
  else if constexpr (what == 7) return GlobalAvgPool;
  else return anywhere<draw(Seed, Step + 90, 8)>();
}
template <std::uint64_t Seed, std::size_t Step, class Net> constexpr auto grow(Net net) {
  if constexpr (Step == 6) return net;
  else return grow<Seed, Step + 1>(net >> next<Net, Seed, Step>());
}
template <std::uint64_t Seed> constexpr auto start() {
  constexpr std::size_t a = 2 + draw(Seed, 900, 5), b = 3 + draw(Seed, 901, 6);
  constexpr auto first = anywhere<draw(Seed, 902, 8)>();
  if constexpr (Seed % 3 == 0) return Input<a * b> >> first;
  else if constexpr (Seed % 3 == 1) return Input<a, b + 4> >> first;
  else return Input<a, 4, b> >> first;
}

}  // namespace drawing

template <std::uint64_t Seed> struct drawn : decltype(drawing::grow<Seed, 0>(drawing::start<Seed>())) {};

template <class Net> void check() {
  std::string layers(Net::input::name.view());
  base::for_each_index<Net::depth>(
      [&]<std::size_t I>() { layers += " >> " + std::string(layer_of<Net, I>::name.view()); });
  INFO(layers);
  for (std::uint64_t seed = 1; seed <= 3; ++seed) check_kernels(random_parameters<Net>(seed * 17), seed, 3);
}

struct small : decltype(Input<2, 4, 3> >> Conv2d<4, 2>(padding<1>) >> BN >> GN<2> >> ReLU >>
                        Residual(Conv2d<4, 1> >> LN >> SiLU) >> MaxPool<2> >> Flatten >> BN >> Linear<6> >> LN >>
                        ReLU >> Linear<3>) {};
constexpr parameters<small> filled_by_compiler = [] {
  parameters<small> p{};
  base::random_stream random(3);
  for_each_tensor(p, [&random](std::string_view name, shape, auto span) {
    for (auto& v : span)
      v = static_cast<std::remove_cvref_t<decltype(v)>>(name.ends_with("running_var") ? random.uniform(0.5, 2)
                                                                                      : 0.5 * random.normal());
  });
  return p;
}();
constexpr std::array<float, small::input_size> x = [] {
  std::array<float, small::input_size> values{};
  base::random_stream random(4);
  for (float& v : values) v = static_cast<float>(random.normal());
  return values;
}();
constexpr auto engine_of_compiler = compile(filled_by_compiler);
constexpr auto output_of_compiler = engine_of_compiler(x);

}  // namespace

TEST_CASE("laws.catalogue_blocks: blocks with normalizers, convolutions and blocks inside run as evaluate does") {
  check<residual_first>();
  check<residual_kernels>();
  check<concat_first>();
  check<nested>();
  check<between_normalizers>();
}

TEST_CASE("laws.catalogue_blocks: 8 networks drawn from the catalogue run as evaluate does, in every lane") {
  [&]<std::uint64_t... I>(std::integer_sequence<std::uint64_t, I...>) {
    (check<drawn<I>>(), ...);
  }(std::make_integer_sequence<std::uint64_t, 8>{});
}

TEST_CASE("laws.catalogue_blocks: the compiler folds and runs an engine as the machine does, bit for bit") {
  constexpr std::size_t width = simd::width<simd::native>;
  CHECK(same_bits(engine_of_compiler(x), output_of_compiler));
  CHECK(same_bits(compile<float32<simd::portable<width>>>(filled_by_compiler)(x), output_of_compiler));
  const auto truth = evaluate(filled_by_compiler, x);
  for (std::size_t i = 0; i < truth.size(); ++i) CHECK(output_of_compiler[i] == Approx(truth[i]).epsilon(1e-5));
}
