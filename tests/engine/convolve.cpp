// SPDX-License-Identifier: Apache-2.0
// Convolutions with what follows them: scalings of channels, every normalizer, nonlinearities that keep no zero.
#include <taut/inference.hpp>

#include "laws/laws.hpp"
#include "layers/projected.hpp"

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

namespace {

// A stage whose convolution adds up the channels that InstanceNorm pools; as wide as a register of 16 and a half.
constexpr std::size_t rows = 18, columns = 24, channels = 2, positions = rows * columns;
struct summed_net : decltype(Input<channels, rows, columns> >> Conv2d<channels, 3>(padding<1>, groups<channels>) >>
                             InstanceNorm(no_affine)) {};

// The network with convolutions that do nothing.
parameters<summed_net> that_copy() {
  parameters<summed_net> p{};
  for (std::size_t c = 0; c < channels; ++c) get<0>(p).weight[c * 9 + 4] = 1;
  return p;
}

// The same in a constant expression.
struct short_rows_net : decltype(Input<2, 5, 9> >> Conv2d<2, 3>(padding<1>, groups<2>) >> InstanceNorm >> Sigmoid) {};
constexpr auto short_rows = [] {
  parameters<short_rows_net> p{};
  for (std::size_t i = 0; i < 18; ++i) get<0>(p).weight[i] = 0.1f * static_cast<float>(i * 7 % 11) - 0.4f;
  get<1>(p).gain = {1, -2};
  return compile(p);
}();
constexpr auto some_input = [] {
  std::array<float, short_rows_net::input_size> x{};
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i * i % 17) + (i < 45 ? 1e3f : 0.0f);
  return x;
}();
constexpr auto by_the_compiler = short_rows(some_input);

template <class Kernel> constexpr bool adds_up(pooling runs) {
  return engine_stage::adds_up_runs<Kernel>(true, runs) && !engine_stage::adds_up_runs<Kernel>(false, runs);
}

}  // namespace

TEST_CASE("engine.convolve: sums about a pivot are as accurate as looking again, whatever the pivot is") {
  constexpr auto depthwise = layer::conv2d<channels, 3, 3, option::padding<1, 1>, option::groups<channels>>::kernel(
      shape{channels, rows, columns});
  using kernel = simd::convolution<simd::portable<16>, depthwise>;
  static_assert(adds_up<kernel>({channels, positions}));
  static_assert(!adds_up<kernel>({1, channels * positions}) && !adds_up<kernel>({channels * rows, columns}));
  static_assert(!adds_up<simd::convolution<simd::portable<8>, depthwise>>({channels, positions}));

  const auto p = that_copy();
  const auto wide = compile(p);
  const auto replay = compile<float32<simd::portable<simd::width<simd::native>>>>(p);
  const auto check_input = [&](const char* what, auto&& value) {
    base::random_stream random(1);
    std::vector<float> x(summed_net::input_size);
    for (std::size_t i = 0; i < x.size(); ++i)
      x[i] = static_cast<float>(value(i % positions / columns, i % columns) + random.normal());
    const auto y = wide(x);
    CHECK(same_bits(y, replay(x)));
    const auto z = projected(std::vector<double>(x.begin(), x.end()), positions, true, 1e-5);
    double worst = 0;
    for (std::size_t i = 0; i < z.size(); ++i)
      worst = std::max(worst, std::abs(static_cast<double>(y[i]) - z[i]) / (1 + std::abs(z[i])));
    INFO(what);
    CHECK(worst <= 1e-6);
  };
  for (const double offset : {0.0, 1e3, -1e5, 1e7}) check_input("offset", [=](auto...) { return offset; });
  check_input("a ramp", [](std::size_t i, std::size_t j) { return 1e3 + static_cast<double>(30 * i + j); });
  for (const double far : {20.0, 1e3, 1e6, 1.5e18}) {  // the last: squares about the pivot overflow, about the mean not
    check_input("what comes first is an outlier",
                [=](std::size_t i, std::size_t j) { return i < 8 && j < 16 ? far : 0.0; });
    check_input("the first row is", [=](std::size_t i, std::size_t) { return i == 0 ? far : 1e3; });
    check_input("a spike", [=](std::size_t i, std::size_t j) { return i == 0 && j == 0 ? far : 0.0; });
    check_input("a late spike", [=](std::size_t i, std::size_t j) { return i == 17 && j == 23 ? far : 1e3; });
  }
}

TEST_CASE("engine.convolve: sums about a pivot in constant expressions are those of the program") {
  auto x = some_input;
  CHECK(same_bits(short_rows(x), by_the_compiler));
}

TEST_CASE("engine.convolve: sums about a pivot of constant channels, and of a NaN and an infinity in one of them") {
  const auto wide = compile(that_copy());
  for (const float value : {0.0f, 3.0f, -1e6f, 1e-30f, 1e30f}) {
    const auto y = wide(std::vector<float>(summed_net::input_size, value));
    for (const float v : y) CHECK(std::abs(v) <= 1e-6f);
  }
  for (const float odd : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()})
    for (const std::size_t at : {positions, positions + 20, 2 * positions - 1}) {  // padding makes windows of NaNs
      base::random_stream random(1);
      auto x = random_vector<float>(random, summed_net::input_size);
      x[at] = odd;
      const auto y = wide(x);
      for (std::size_t i = 0; i < y.size(); ++i) CHECK(std::isnan(y[i]) == (i >= positions));
    }
}
