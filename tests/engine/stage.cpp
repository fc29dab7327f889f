// SPDX-License-Identifier: Apache-2.0
// Single stages at the edges: every width of padding, gains of both signs, offsets that are or are not zero.
#include <taut/inference.hpp>

#include "laws/laws.hpp"

namespace {

using namespace taut;
using namespace taut::tests;

static_assert(engine_stage::padded<simd::portable<4>>(1) == 4 && engine_stage::padded<simd::portable<4>>(8) == 8);
static_assert(engine_stage::padded<simd::portable<1>>(7) == 7 && engine_stage::padded<simd::portable<16>>(17) == 32);
static_assert(engine_stage::epilogue<>::empty && engine_stage::epilogue<layer::relu>::keeps_zero);
static_assert(!engine_stage::epilogue<layer::relu, layer::tanh>::keeps_zero);
static_assert(engine_stage::epilogue<layer::relu, layer::tanh>::apply(-3.0f) == 0);

// exp keeps no zero: padding must not leak into sums behind it
struct shifted : layer_base {
  [[maybe_unused]] static constexpr auto name = base::say("shifted");
  static constexpr fusion reads = fusion::pointwise;
  [[maybe_unused]] static constexpr auto wants = base::say("any shape");
  static constexpr bool accepts(shape) { return true; }
  static constexpr shape output(shape in) { return in; }
  static constexpr bool homogeneous = false;
  [[maybe_unused]] static constexpr output_range range{};
  template <class V> static constexpr V apply(V x) { return x + V(1); }
  template <class V> static constexpr V derivative(V, V) { return V(1); }
  static constexpr auto lipschitz(shape) { return constant(1); }
};

// 1 / 0 is infinite: in the padding it would make every sum behind it NaN
struct inverted : shifted {
  [[maybe_unused]] static constexpr auto name = base::say("inverted");
  template <class V> static constexpr V apply(V x) { return V(1) / x; }
  template <class V> static constexpr V derivative(V x, V) { return V(-1) / (x * x); }
};

static_assert(Layer<shifted> && Layer<inverted>);

template <std::size_t In, std::size_t Out> void check_widths() {
  INFO(In << " to " << Out);
  check_kernels(random_parameters<net_of<shape{In}, layer::linear<Out, 0>, shifted, layer::linear<2, 0>>>(In), Out, 2);
  check_kernels(random_parameters<net_of<shape{In}, shifted, layer::layer_norm<>, shifted, layer::linear<Out, 0>>>(In),
                Out, 2);
}

template <std::size_t Out> void check_infinite_padding() {
  using Net = net_of<shape{3}, layer::linear<Out, 0>, inverted, layer::linear<2, 0>>;
  const auto p = random_parameters<Net>(Out);
  const std::array x{0.5f, -2.0f, 1.5f};
  const auto y = compile(p)(x);
  const auto truth = evaluate(p, x);
  for (std::size_t i = 0; i < 2; ++i) CHECK(static_cast<double>(y[i]) == Approx(truth[i]).epsilon(1e-3));
}

using plain = net_of<shape{6}, layer::linear<9, 0>, layer::layer_norm<>, layer::relu, layer::linear<4, 0>>;

}  // namespace

TEST_CASE("engine.stage: padding does not leak, at every remainder of a register") {
  check_widths<1, 1>();
  check_widths<2, 17>();
  check_widths<3, 15>();
  check_widths<5, 2>();
  check_widths<13, 33>();
  check_widths<16, 16>();
  check_widths<19, 7>();
  check_widths<70, 31>();
  check_infinite_padding<1>();
  check_infinite_padding<5>();
  check_infinite_padding<23>();
}

TEST_CASE("engine.stage: gains of every sign and zero, with and without offsets") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    auto p = random_parameters<plain>(seed);
    get<1>(p).gain = {-1, 0, 2, -0.5f, 1, 0, -3, 1e-3f, 1};
    check_kernels(p, seed, 3);
    get<1>(p).offset.fill(0);
    check_kernels(p, seed, 3);
    get<1>(p).offset[8] = 0.5f;  // a single offset forbids that the scale is owed
    check_kernels(p, seed, 3);
    get<1>(p).gain.fill(0);
    check_kernels(p, seed, 3);
  }
}

TEST_CASE("engine.stage: an engine that is loaded again forgets what it held") {
  auto p = random_parameters<plain>(1);
  const auto fresh = compile(random_parameters<plain>(2));
  auto engine = compile(p);
  get<1>(p).offset.fill(0);
  compile(p, engine);  // now the scale is owed
  compile(random_parameters<plain>(2), engine);
  base::random_stream random(1);
  const auto x = random_vector<float>(random, 6);
  CHECK(same_bits(engine(x), fresh(x)));
}
