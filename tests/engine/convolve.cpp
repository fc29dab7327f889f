// SPDX-License-Identifier: Apache-2.0
// Convolutions with what follows them: scalings of channels, every normalizer, nonlinearities that keep no zero.
#include <taut/inference.hpp>

#include "laws/laws.hpp"

namespace {

using namespace taut;
using namespace taut::tests;

// Sizes less one that leave every kind of remainder in registers of 4, 8 and 16 floats.
using remainders = std::index_sequence<0, 3, 14, 16>;

template <class Expression> void check(Expression, std::size_t samples = 2) {
  using Net = typename Expression::normal_form;
  for (std::uint64_t seed = 1; seed <= 2; ++seed) check_kernels(random_parameters<Net>(seed), seed, samples);
}

// An elementwise scaling that is not of whole channels: it does not fold into a convolution.
struct ramp : layer_base {
  [[maybe_unused]] static constexpr auto name = base::say("ramp");
  static constexpr fusion reads = fusion::scaling;
  [[maybe_unused]] static constexpr auto wants = base::say("any shape");
  static constexpr bool accepts(shape) { return true; }
  static constexpr shape output(shape in) { return in; }
  static constexpr double scale(const auto&, std::size_t i) { return static_cast<double>(i % 5) - 1.5; }
  static constexpr double shift(const auto&, std::size_t i) { return static_cast<double>(i % 3) * 0.5; }
  static constexpr auto lipschitz(shape) { return constant(2.5); }
};
static_assert(Layer<ramp>);

template <std::size_t... Length> void check_lengths(std::index_sequence<Length...>) {
  (check(Input<2, Length + 1> >> Conv1d<4, 1> >> GN<2> >> Softplus >> Conv1d<3, 1> >> InstanceNorm >> Softplus >>
             Flatten >> Linear<2>,
         1),
   ...);
}

}  // namespace

TEST_CASE("engine.convolve: every normalizer behind a convolution, with a nonlinearity") {
  constexpr auto signal = Input<3, 11> >> Conv1d<6, 3>(padding<1>, stride<2>);
  check(signal >> LN >> ReLU >> Conv1d<4, 3>(padding<1>) >> LN(over_last) >> Tanh);
  check(signal >> RMSNorm >> ReLU >> Conv1d<2, 3> >> RMSNorm(over_last) >> Sigmoid);
  check(signal >> GN<2> >> ReLU >> Conv1d<6, 1> >> GN<6>(no_affine) >> Softplus);
  check(signal >> InstanceNorm >> ReLU >> Conv1d<2, 2> >> BN >> ReLU >> Flatten >> Linear<3>);
  constexpr auto image = Input<2, 6, 7> >> Conv2d<4, 3>(padding<1>);
  check(image >> LN >> Softplus >> MaxPool<2> >> Conv2d<3, 1> >> LN(over_last) >> ReLU);
  check(image >> GN<2> >> ReLU >> AvgPool<2> >> Conv2d<2, 2>(padding<1>) >> InstanceNorm(no_affine) >> Tanh);
  check(image >> RMSNorm >> Flatten >> Linear<2>);
}

TEST_CASE("engine.convolve: scalings before, behind, between, and of single elements") {
  check(Input<2, 9> >> BN >> Conv1d<4, 3>(padding<1>) >> BN >> Conv1d<4, 3>(groups<2>) >> BN >> BN >> GN<2> >> ReLU);
  check(Input<2, 9> >> Conv1d<4, 3> >> ReLU >> BN >> Conv1d<2, 2>(padding<1>));  // padding is 0 behind the scaling
  check(Input<2, 9> >> Conv1d<4, 3> >> BN >> LN >> BN >> ReLU);
  check(Input<2, 9> >> Conv1d<4, 3> >> ramp{} >> BN >> ReLU);
  check(Input<2, 9> >> Conv1d<4, 3> >> BN >> ramp{} >> InstanceNorm >> Flatten >> Linear<2>);
  check(Input<2, 4, 5> >> ramp{} >> Conv2d<3, 2>(no_bias) >> BN >> Tanh >> Flatten >> ramp{} >> Linear<3> >> ramp{} >>
        LN >> ReLU >> Linear<2>);
}

TEST_CASE("engine.convolve: short rows in narrow lanes") {
  check(Input<3, 5, 6> >> Conv2d<3, 3>(padding<1>, groups<3>) >> InstanceNorm >> ReLU >> Conv2d<3, 1>(groups<3>));
  check(Input<2, 10> >> Conv1d<3, 3> >> Softplus);
  using engine_stage::convolution_lane, simd::width;
  constexpr auto depthwise = layer::conv2d<4, 3, 3, option::groups<4>>::kernel(shape{4, 10, 10});
  static_assert(width<convolution_lane<simd::portable<16>, depthwise>> == 8);
  static_assert(width<convolution_lane<simd::portable<4>, depthwise>> == 4);
}

TEST_CASE("engine.convolve: normalized runs of every remainder of a register") { check_lengths(remainders{}); }

TEST_CASE("engine.convolve: what a normalizer subtracts is taken out of the biases in double") {
  const auto check_offset = [](auto expression, auto&& offset_of) {
    using Net = typename decltype(expression)::normal_form;
    const auto p = random_parameters<Net>(1);
    base::random_stream random(1);
    const auto x = random_vector<float>(random, Net::input_size);
    for (const double size : {1e3, 1e5}) {
      auto q = p;
      for (std::size_t c = 0; c < get<0>(q).bias.size(); ++c)
        get<0>(q).bias[c] = static_cast<float>(offset_of(c) * size) + 0.0f * get<0>(p).bias[c];
      const auto y = compile(q)(x);
      const auto truth = evaluate(q, x);
      double worst = 0, largest = 0;
      for (std::size_t i = 0; i < y.size(); ++i) {
        worst = std::max(worst, std::abs(static_cast<double>(y[i]) - truth[i]));
        largest = std::max(largest, std::abs(truth[i]));
      }
      INFO("offset " << size);
      CHECK(worst <= 1e-6 * largest);
    }
  };
  const auto common = [](std::size_t) { return 1.0; };
  check_offset(Input<2, 9> >> Conv1d<4, 3> >> LN(no_affine), common);
  check_offset(Input<2, 4, 4> >> Conv2d<4, 3>(padding<1>) >> LN(no_affine), common);
  check_offset(Input<2, 9> >> Conv1d<4, 3> >> GN<2>(no_affine), [](std::size_t c) { return c < 2 ? 1.0 : -3.0; });
  check_offset(Input<2, 9> >> Conv1d<4, 3> >> InstanceNorm(no_affine),
               [](std::size_t c) { return static_cast<double>(c) + 1; });
  check_offset(Input<2, 9> >> Conv1d<4, 3> >> LN(no_affine, over_last),
               [](std::size_t c) { return static_cast<double>(c) + 1; });
}
