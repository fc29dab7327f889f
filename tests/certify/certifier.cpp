// SPDX-License-Identifier: Apache-2.0
// Labels with radii, by hand: margins, floors, contracts, and what is no certificate. Attacks are in laws/.
#include <taut/inference.hpp>

#include "laws/support.hpp"
#include "support/catch.hpp"

namespace {

using namespace taut;
using namespace taut::tests;

constexpr float infinity = std::numeric_limits<float>::infinity(), no_number = std::numeric_limits<float>::quiet_NaN();

struct identity : decltype(Input<2> >> Linear<2>(no_bias)) {};
constexpr parameters<identity> plane = [] {
  parameters<identity> p{};
  get<0>(p).weight = {1, 0, 0, 1};
  return p;
}();
constexpr auto by_compiler = certify(certifier(plane), std::array{3.0f, 1.0f});
static_assert(by_compiler.label == 0 && by_compiler.contract_holds);
// the distance of (3, 1) from the diagonal is sqrt(2); rounding costs some millionths
static_assert(by_compiler.radius <= 1.4142135623730952 && by_compiler.radius > 1.41420);

// LN of two features with a floor: x -> +-1 and so on; its std is |x0 - x1| / 2
struct floored : decltype(Input<2> >> LN(min_std<0.5>, no_affine) >> Linear<2>(no_bias)) {};
constexpr parameters<floored> pair = [] {
  parameters<floored> p{};
  get<1>(p).weight = {1, 0, 0, 1};
  return p;
}();

}  // namespace

TEST_CASE("certify.certifier: a margin becomes a radius by the slope of the pair of outputs") {
  const auto guard = certifier(plane);
  CHECK(guard.lipschitz >= 1);
  CHECK(guard.slope_of(0, 1) >= std::sqrt(2.0));
  CHECK(guard.slope_of(0, 1) <= std::sqrt(2.0) * (1 + 1e-4));
  const auto v = certify(guard, std::array{1.0f, 5.0f});
  CHECK(v.label == 1);
  CHECK(v.output == std::array{1.0f, 5.0f});
  CHECK(v.radius == Approx(4 / std::sqrt(2.0)).epsilon(1e-4));
}

TEST_CASE("certify.certifier: ties, NaN and infinity have radius 0") {
  const auto guard = certifier(plane);
  CHECK(certify(guard, std::array{2.0f, 2.0f}).radius == 0);
  CHECK(certify(guard, std::array{2.0f, 2.0f}).contract_holds);  // a tie breaks no contract
  for (const float strange : {no_number, infinity, -infinity})
    for (const auto& x : {std::array{strange, 1.0f}, std::array{1.0f, strange}, std::array{strange, strange}}) {
      CHECK(certify(guard, x).radius == 0);
      CHECK_FALSE(certify(guard, x).contract_holds);
      CHECK(certify(certifier(pair), x).radius == 0);
      CHECK_FALSE(certify(certifier(pair), x).contract_holds);
    }
  auto broken = plane;
  get<0>(broken).weight[0] = no_number;
  CHECK(certify(certifier(broken), std::array{1.0f, 2.0f}).radius == 0);
}

TEST_CASE("certify.certifier: a contract speaks of x, and ends exactly at the floor; the radius does not need it") {
  const auto guard = certifier(pair);
  CHECK(certify(guard, std::array{1.0f, -1.0f}).contract_holds);
  CHECK_FALSE(certify(guard, std::array{0.25f, -0.25f}).contract_holds);
  CHECK(certify(guard, std::array{0.5f, -0.5f}).contract_holds);  // std 0.5 is at least 0.5
  // z moves by sqrt(2) at most before the label changes: sqrt(2) q 2 h sqrt(1 - h^2) with h = 1/2, q = |x0|
  for (const float size : {0.25f, 0.5f, 1.0f, 8.0f}) {
    const auto v = certify(guard, std::array{size, -size});
    CHECK(v.radius == Approx(std::sqrt(1.5) * static_cast<double>(size)).epsilon(1e-3));
    CHECK(v.radius < std::sqrt(2.0) * static_cast<double>(size));  // where x0 = x1
  }
}

TEST_CASE("certify.certifier: a constant that was handed in counts where it is the better one, and floors limit it") {
  lipschitz_bound<8> proved;
  proved.value = 0.5;  // not true of this network: what is computed from it shows
  const auto guard = certifier(pair, proved);
  CHECK(guard.lipschitz == 0.5);
  const auto near = certify(guard, std::array{0.6f, -0.6f}), far = certify(guard, std::array{50.0f, -50.0f});
  CHECK(certify(guard, std::array{0.4f, -0.4f}).radius == certify(certifier(pair), std::array{0.4f, -0.4f}).radius);
  CHECK(near.radius == certify(certifier(pair), std::array{0.6f, -0.6f}).radius);
  CHECK(far.radius == certify(certifier(pair), std::array{50.0f, -50.0f}).radius);  // 61 > 2 sqrt(2)
  lipschitz_bound<8> smaller;
  smaller.value = 0.001;
  const auto sharp = certifier(pair, smaller);
  CHECK(certify(sharp, std::array{50.0f, -50.0f}).radius == Approx(std::sqrt(2.0) * 49.5));  // sqrt(n) (std - floor)
  CHECK(certify(sharp, std::array{5000.0f, -5000.0f}).radius ==
        Approx(std::sqrt(1.5) * 5000).epsilon(1e-3));  // the floor allows more, the margin 1414
  proved.value = 1000;
  CHECK(certifier(pair, proved).lipschitz == certifier(pair).lipschitz);
  CHECK_FALSE(certifier(pair, proved).handed);
}

TEST_CASE("certify.certifier: where nothing is declared, nothing is asked of an input") {
  struct undeclared : decltype(Input<3> >> Linear<3>(no_bias) >> LN >> ReLU >> Linear<2>) {};
  const auto p = random_parameters<undeclared>(1);
  const auto v = certify(certifier(p), std::array{0.0f, 0.0f, 0.0f});  // std exactly 0
  CHECK(v.contract_holds);
  CHECK(v.radius > 0);
  CHECK(v.radius < 1);
}

TEST_CASE("certify.certifier: a higher floor gives a smaller constant") {
  const auto constant = [](auto net) {
    parameters<decltype(net)> p{};
    randomise(p, 5);
    return certifier(p).lipschitz;
  };
  struct low : decltype(Input<4> >> Linear<5> >> LN(min_std<0.1>) >> ReLU >> Linear<3>) {};
  struct high : decltype(Input<4> >> Linear<5> >> LN(min_std<1.0>) >> ReLU >> Linear<3>) {};
  CHECK(constant(high{}) < constant(low{}));
  CHECK(constant(low{}) / constant(high{}) == Approx(std::sqrt((1 + 1e-5) / (0.01 + 1e-5))).epsilon(1e-6));
}

TEST_CASE("certify.certifier: many outputs share one slope, a last layer that is not affine too") {
  struct wide : decltype(Input<3> >> Linear<65>) {};
  struct curved : decltype(Input<3> >> Linear<4> >> Tanh) {};
  const auto p = random_parameters<wide>(1);
  const auto q = random_parameters<curved>(1);
  CHECK(certifier(p).distance.size() == 1);
  CHECK(certifier(q).distance.size() == 1);
  CHECK(certifier(q).slope_of(2, 1) >= std::sqrt(2.0) * lipschitz_of(q).value);
  CHECK(certifier(p).slope_of(64, 63) >= std::sqrt(2.0) * lipschitz_of(p).value);
  CHECK(certifier(random_parameters<net_of<shape{3}, layer::linear<64, 0>>>(1)).distance.size() == 64 * 64);
}

TEST_CASE("certify.certifier: any range of floats is certified, in any arithmetic") {
  const std::vector<float> x{3, 1};
  CHECK(certify(certifier(plane), x).radius == certify(certifier(plane), std::array{3.0f, 1.0f}).radius);
  CHECK(certify(certifier<float32<simd::portable<1>>>(plane), x).label == 0);
}

TEST_CASE("certify.certifier: infinities and overflow that a nonlinearity hides give radius 0") {
  struct hiding : decltype(Input<8> >> Linear<16> >> ReLU >> Linear<2>) {};
  auto p = random_parameters<hiding>(1);
  get<0>(p).weight.fill(1);
  std::array<float, 8> x{1, 2, 3};
  CHECK(certify(certifier(p), x).contract_holds);
  x[0] = -std::numeric_limits<float>::infinity();
  CHECK(!certify(certifier(p), x).contract_holds);
  CHECK(certify(certifier(p), x).radius == 0);

  struct overflowing : decltype(Input<8> >> Linear<1>(no_bias) >> ReLU >> Linear<2>) {};
  parameters<overflowing> q;
  get<0>(q).weight.fill(1);
  get<2>(q).weight = {1e-37f, -1e-37f};
  get<2>(q).bias = {-1, 1};
  const std::array<float, 8> large{-3e38f, 3e38f, 3e38f, 0, -3e38f, 0, 0, 3e37f};
  CHECK(certify(certifier(q), large).radius == 0);
  CHECK(!certify(certifier(q), large).contract_holds);
}

namespace {

// A normalizer that the engine knows only as a mixing layer: nothing observes its std.
struct unobserved : layer_base {
  static constexpr auto name = base::say("unobserved");
  static constexpr fusion reads = fusion::mixing;
  static constexpr auto wants = base::say("a vector");
  static constexpr bool accepts(shape in) { return in.rank == 1; }
  static constexpr shape output(shape in) { return in; }
  static constexpr std::size_t multiply_adds(shape in) { return in.size(); }
  static constexpr double min_std = 1;
  template <shape In, class V> static constexpr void forward(const no_parameters&, const V* x, V* y) {
    for (std::size_t i = 0; i < In.size(); ++i) y[i] = x[i];
  }
  static constexpr auto lipschitz(shape) { return constant(1); }
};

}  // namespace

TEST_CASE("certify.certifier: a floor that nothing observes gives radius 0") {
  struct net : decltype(Input<4> >> unobserved{} >> Linear<2>) {};
  const auto p = random_parameters<net>(1);
  CHECK(certify(certifier(p), std::array{9.0f, -9.0f, 5.0f, 1.0f}).radius == 0);
}

TEST_CASE("certify.certifier: overflow at input 0 or in folded weights, and squares that underflow, give radius 0") {
  struct hidden_square : decltype(Input<2> >> Residual(Linear<2> >> LN) >> Linear<2>) {};
  parameters<hidden_square> p;  // the variance inside is infinite, z therefore 0 instead of (1, -1)
  get<0>(std::get<0>(get<0>(p).inside)).bias = {1e30f, -1e30f};
  get<1>(p).weight = {1, 0, 0, 1};
  get<1>(p).bias = {0, 0.5f};
  CHECK(evaluate(p, std::array{0.0f, 0.0f})[0] == Approx(1));
  CHECK(certify(certifier(p), std::array{0.0f, 0.0f}).radius == 0);

  struct folded_weight : decltype(Input<1> >> Linear<1> >> Linear<1> >> BN >> Sigmoid >> Linear<2>) {};
  parameters<folded_weight> q;  // 1e-40 times 5e39, which no float holds
  get<0>(q).weight = {1e-40f};
  get<1>(q).weight = {1e18f};
  get<2>(q).gain = {4e18f};
  get<2>(q).running_var = {0};
  get<4>(q).weight = {1, 0};
  get<4>(q).bias = {0, 0.9f};
  CHECK(evaluate(q, std::array{1.0f})[0] < 0.9);
  CHECK(certify(certifier(q), std::array{1.0f}).radius == 0);

  struct tiny_epsilon : decltype(Input<2> >> LN(epsilon<1e-60>) >> Tanh >> Linear<2>) {};
  parameters<tiny_epsilon> r;  // 1e-50 is 0 in float
  get<2>(r).weight = {1, 0, 0, 0};
  get<2>(r).bias = {0, 0.9f};
  CHECK(evaluate(r, std::array{1e-25f, -1e-25f})[0] == Approx(std::tanh(1.0)));
  CHECK(certify(certifier(r), std::array{1e-25f, -1e-25f}).radius == 0);
}

TEST_CASE("certify.certifier: normalizers keep deep networks far from overflow") {
  struct deep
      : decltype(Input<40> >> Linear<40> >> LN >> ReLU >> Linear<40> >> LN >> ReLU >>
                 Residual(LN >> Linear<40> >> ReLU >> Linear<40>) >> Residual(LN >> Linear<40> >> ReLU >> Linear<40>) >>
                 Residual(LN >> Linear<40> >> ReLU >> Linear<40>) >> LN >> Linear<40> >> RMSNorm >> Linear<3>) {};
  CHECK(certificates::safe_input_norm(random_parameters<deep>(1, 6)) > 1e12);
}

TEST_CASE("certify.certifier: an input outside the declared ball or box breaks the contract, and keeps its radius") {
  struct plain : decltype(Input<2> >> Linear<2>) {};
  struct in_both : decltype(Input<2>(in_ball<2.0>, in_box<0.0, 1.75>) >> Linear<2>) {};
  parameters<plain> p;
  parameters<in_both> q;
  get<0>(p).weight = get<0>(q).weight = {1, 0, 0, 1};
  const auto guard = certifier(p);
  const auto declared = certifier(q);
  const auto check = [&](std::array<float, 2> x, bool holds) {
    const auto v = certify(declared, x);
    CHECK(v.contract_holds == holds);
    CHECK(v.radius == certify(guard, x).radius);
    CHECK(v.radius > 0);
  };
  check({1, 0.5f}, true);
  check({1.5f, 1.4f}, false);  // the ball
  check({1, -0.125f}, false);  // the box
  check({1.875f, 0.5f}, false);
}

namespace {

// behind the first normalizer z is 2 / sqrt(2) long at least, and three times that in front of the second; inside the
// block a bias keeps everything away from 0
struct implies : decltype(Input<4> >> LN(min_std<1.0>, epsilon<1.0>, no_affine) >> Linear<4> >> LN(min_std<2.1>) >>
                          Residual(Linear<4> >> RMSNorm(min_std<0.5>) >> Linear<4>) >> Linear<2>) {};
parameters<implies> implying() {
  auto p = random_parameters<implies>(3);
  get<1>(p) = {};
  for (std::size_t i = 0; i < 4; ++i) get<1>(p).weight[5 * i] = 3;
  get<0>(std::get<0>(get<3>(p).inside)).bias = {30, 30, 30, 30};
  return p;
}

}  // namespace

TEST_CASE("certify.certifier: floors that the weights imply are not checked, in blocks either") {
  auto p = implying();
  const auto guard = certifier(p);
  CHECK((!guard.implied[0] && guard.implied[2] && guard.inside_implied));
  CHECK(certify(guard, std::array{3.0f, -3.0f, 1.0f, 0.0f}).contract_holds);
  CHECK(!certify(guard, std::array{0.3f, -0.3f, 0.1f, 0.0f}).contract_holds);  // the first floor is checked
  // a constant handed in holds as far as the checked floors reach: farther than if all were checked
  lipschitz_bound<8> bound;
  bound.value = guard.lipschitz * 0x1p-10;
  const auto fewer = certifier(p, bound);
  auto all = fewer;
  all.implied = {};
  bool farther = false;
  base::random_stream random(4);
  for (int i = 0; i < 100; ++i) {
    const auto x = random_vector<float>(random, 4, 3);
    const double with = certify(fewer, x).radius, without = certify(all, x).radius;
    CHECK(with >= without);
    farther = farther || with > without;
  }
  CHECK(farther);
  get<0>(std::get<0>(get<3>(p).inside)).bias = {};
  CHECK(!certifier(p).inside_implied);
  CHECK(!certify(certifier(p), std::array{3.0f, -3.0f, 1.0f, 0.0f}).contract_holds);
  get<1>(p).weight[0] = 2;
  CHECK(!certifier(p).implied[2]);
}
