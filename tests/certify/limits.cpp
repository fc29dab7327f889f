// SPDX-License-Identifier: Apache-2.0
// Where certificates end: floors that nobody observes, and inputs that might overflow somewhere inside.
#include <taut/inference.hpp>

#include "laws/support.hpp"
#include "support/catch.hpp"

namespace {

using namespace taut;
using namespace taut::tests;
template <class Expression> using net = typename Expression::normal_form;

using certificates::hides_floors, certificates::safe_input_norm;

static_assert(!hides_floors<net<decltype(Input<4> >> LN(min_std<0.5>) >> Linear<2>)>>());
static_assert(!hides_floors<net<decltype(Input<4> >> Residual(LN(min_std<0.5>)) >> Linear<2>)>>());  // floor-free there
static_assert(!hides_floors<net<decltype(Input<4> >> BN(min_std<0.5>) >> Linear<2>)>>());  // checked when loaded

// A normalizer that the engine knows only as a mixing layer: nothing observes its std.
struct unobserved : layer_base {
  static constexpr auto name = base::say("unobserved");
  static constexpr fusion reads = fusion::mixing;
  static constexpr auto wants = base::say("a vector");
  static constexpr bool accepts(shape in) { return in.rank == 1; }
  static constexpr shape output(shape in) { return in; }
  static constexpr std::size_t multiply_adds(shape in) { return in.size(); }
  static constexpr double min_std = 1;
  static constexpr auto lipschitz(shape) { return constant(1); }
};
static_assert(hides_floors<net<decltype(Input<4> >> unobserved{} >> Linear<2>)>>());
static_assert(hides_floors<net<decltype(Input<4> >> Residual(unobserved{}) >> Linear<2>)>>());

constexpr std::array<float, 11> numbers{3, 0, 0, 0, 0, 0, 0, 0, 0, 4, 12};
static_assert(certificates::norm_up(numbers.data(), 11) >= 13 &&
              certificates::norm_up(numbers.data(), 11) < 13 + 1e-12);

// At the safe norm every output and every std is finite, in the direction of each input and all together.
template <class Net> void check(const parameters<Net>& p) {
  const double safe = safe_input_norm(p);
  const auto run = compile(p);
  const auto scalar = compile<float32<simd::portable<1>>>(p);
  CHECK(safe > 0x1p30);
  CHECK(safe <= 0x1p62);
  base::random_stream random(1);
  for (std::size_t sample = 0; sample < 12; ++sample) {
    auto x = random_vector<double>(random, Net::input_size);
    if (sample == 0) x.assign(Net::input_size, 1);
    if (sample == 1) x.assign(Net::input_size, 0), x[0] = 1;
    const double size = norm(x);
    std::vector<float> at;
    for (const double v : x) at.push_back(static_cast<float>(v / size * safe * 0.999));
    const auto finite = [](std::size_t, float std) { CHECK(std::isfinite(std)); };
    for (const float y : run(at, finite)) CHECK(std::isfinite(y));
    for (const float y : scalar(at, finite)) CHECK(std::isfinite(y));
    const auto truth = evaluate(p, at);
    for (std::size_t i = 0; i < truth.size(); ++i) CHECK(std::isfinite(truth[i]));
  }
}

}  // namespace

TEST_CASE("certify.limits: the norm of floats is above the truth, and infinite for what is no number") {
  base::random_stream random(1);
  for (std::size_t n = 0; n < 70; ++n) {
    const auto x = random_vector<float>(random, n, std::exp(random.uniform(-60, 60)));
    long double squares = 0;
    for (const float v : x) squares += static_cast<long double>(v) * static_cast<long double>(v);
    const auto norm = static_cast<double>(std::sqrt(squares));
    CHECK(certificates::norm_up(x.data(), n) >= norm);
    CHECK(certificates::norm_up(x.data(), n) <= norm * (1 + 1e-13));
  }
  for (const float strange : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    const std::array<float, 9> x{1, 2, 3, 4, strange, 6, 7, 8, 9};
    CHECK_FALSE(certificates::norm_up(x.data(), 9) < 1e300);
  }
}

TEST_CASE("certify.limits: the Frobenius norm of operators") {
  auto p = parameters<net<decltype(Input<2> >> Linear<2>)>>{};
  get<0>(p).weight = {3, 0, 0, 4};
  CHECK(certificates::frobenius_of_operator<net<decltype(Input<2> >> Linear<2>)>, 0>(get<0>(p)) >= 5);
  CHECK(certificates::frobenius_of_operator<net<decltype(Input<2> >> Linear<2>)>, 0>(get<0>(p)) < 5.0001);
  using conv = net<decltype(Input<2, 9> >> Conv1d<3, 3>(padding<1>))>;
  const auto q = random_parameters<conv>(1);
  CHECK(lipschitz_of(q).value <= certificates::frobenius_of_operator<conv, 0>(get<0>(q)));
}

TEST_CASE("certify.limits: at the safe norm nothing overflows") {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    check(random_parameters<net<decltype(Input<5> >> Linear<7> >> LN >> ReLU >> Linear<3>)>>(seed));
    check(random_parameters<net<decltype(Input<5> >> Linear<7> >> ReLU >> Linear<7> >> ReLU >> Linear<3>)>>(seed, 30));
    check(random_parameters<net<decltype(Input<5> >> BN >> Linear<7> >> BN >> ReLU >> BN >> Linear<3>)>>(seed));
    check(random_parameters<net<decltype(Input<2, 7> >> Conv1d<4, 3> >> GN<2> >> ReLU >> Flatten >> Linear<3>)>>(seed));
    check(random_parameters<net<decltype(Input<5> >> Residual(Linear<9> >> ReLU >> Linear<5>) >> RMSNorm)>>(seed, 9));
    check(random_parameters<net<decltype(Input<5> >> WeightNorm(Linear<9>) >> Softmax >> Linear<2>)>>(seed));
  }
}

TEST_CASE("certify.limits: large weights, offsets and means leave less room, or none") {
  using Net = net<decltype(Input<3> >> Linear<4> >> BN >> ReLU >> Linear<2>)>;
  const auto p = random_parameters<Net>(1);
  const double room = safe_input_norm(p);
  auto q = p;
  for (float& w : get<0>(q).weight) w *= 0x1p20f;
  CHECK(safe_input_norm(q) < room);
  check(q);
  q = p;
  get<1>(q).running_mean.fill(1e15f);
  CHECK(safe_input_norm(q) < room);
  q = p;
  get<0>(q).bias[2] = 1e30f;
  CHECK(safe_input_norm(q) == 0);
  CHECK(certify(certifier(q), std::array{1.0f, 2.0f, 3.0f}).radius == 0);
  q = p;
  get<1>(q).running_var[1] = std::numeric_limits<float>::quiet_NaN();
  CHECK(safe_input_norm(q) == 0);
  CHECK_FALSE(certify(certifier(q), std::array{1.0f, 2.0f, 3.0f}).contract_holds);
  q = p;
  get<3>(q).weight[0] = std::numeric_limits<float>::infinity();
  CHECK(safe_input_norm(q) == 0);
}

TEST_CASE("certify.limits: what overflows inside a block is seen outside") {
  using Net = net<decltype(Input<2> >> Residual(Linear<2> >> Linear<2>) >> Linear<2>)>;
  auto p = random_parameters<Net>(1);
  const double room = safe_input_norm(p);
  auto& inside = std::get<0>(get<0>(p).inside);
  for (float& w : get<0>(inside).weight) w = 1e12f;
  for (float& w : get<1>(inside).weight) w = 1e-12f;  // the output is tame
  CHECK(safe_input_norm(p) < 1e-8 * room);
}
