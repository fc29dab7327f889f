// SPDX-License-Identifier: Apache-2.0
// The accuracy of float32 engines on ill-conditioned inputs and weights, relative to the largest output; and that the
// shortcuts which would be simpler (two passes in float, folding in float, one pass) miss the same budgets.
#include <cmath>
#include <taut/inference.hpp>
#include <vector>

#include "laws/support.hpp"
#include "support/catch.hpp"

namespace {

using namespace taut;
using namespace taut::tests;

constexpr double behind_linear = 6e-7, alone = 1e-6;  // the budgets
// That of scalars, which add up a row of 64 in one chain: two chains would end at 6.1e-7 instead of 8.0e-7, and cost
// firmware half a kilobyte of flash.
constexpr double in_one_chain = 1e-6;
constexpr std::size_t width = 64, samples = 200;

using layer::linear, layer::layer_norm, layer::rms_norm, layer::group_norm, layer::instance_norm;
template <class... Options> using folded_net = net_of<shape{width}, linear<width, 0>, Options...>;
using tiny = option::epsilon<1e-12>;

template <class Net, std::size_t I> constexpr std::string_view layer_name = layer_of<Net, I>::name.view();

// The largest error of an engine over some inputs, relative to the largest output of evaluate.
struct worst {
  double native = 0, scalar = 0, largest = 0;

  [[nodiscard]] bool within(double budget) const {
    return native <= budget * largest && scalar <= std::max(budget, in_one_chain) * largest;
  }
};
template <class Net, class Draw> worst errors_of(const parameters<Net>& p, Draw&& draw, std::size_t count = samples) {
  const auto fast = compile(p);
  const auto slow = compile<float32<simd::portable<1>>>(p);
  base::random_stream random(11);
  worst w;
  for (std::size_t sample = 0; sample < count; ++sample) {
    const std::vector<float> x = draw(random);
    const auto y = fast(x), z = slow(x);
    const auto truth = evaluate(p, x);
    for (std::size_t i = 0; i < truth.size(); ++i) {
      w.largest = std::max(w.largest, std::abs(truth[i]));
      w.native = std::max(w.native, std::abs(static_cast<double>(y[i]) - truth[i]));
      w.scalar = std::max(w.scalar, std::abs(static_cast<double>(z[i]) - truth[i]));
      if (!(std::isfinite(y[i]) && std::isfinite(z[i]))) w.native = std::numeric_limits<double>::infinity();
    }
  }
  return w;
}

std::vector<float> inputs(base::random_stream& random, double mean = 0, double std = 1, std::size_t n = width) {
  auto x = random_vector<float>(random, n, std);
  for (float& v : x) v = static_cast<float>(static_cast<double>(v) + mean);
  return x;
}

// One case: what happens to weights and biases, and the mean of the inputs.
struct condition {
  const char* name;
  double bias_offset = 0, column = 0, mean = 0, weight_size = 1;
  bool near_equal = false;
};
constexpr condition benign[] = {{"benign"}, {.name = "x mean 1e3", .mean = 1e3}};
constexpr condition ill[] = {{.name = "b common offset 10", .bias_offset = 10},
                             {.name = "b common offset 1e3", .bias_offset = 1e3},
                             {.name = "b common offset 1e5", .bias_offset = 1e5},
                             {.name = "W common column part 10", .column = 10},
                             {.name = "W common column part 1e3", .column = 1e3},
                             {.name = "W common column part 1e4", .column = 1e4},
                             {.name = "variance 1e-3, b offset 10", .bias_offset = 10, .weight_size = 1e-3}};
constexpr condition equal_rows{.name = "rows equal up to 1e-6", .near_equal = true};

template <class Net> parameters<Net> conditioned(const condition& c, std::uint64_t seed = 5) {
  auto p = random_parameters<Net>(seed);
  base::random_stream random(seed);
  auto& q = get<0>(p);
  std::array<double, width> common;
  for (double& v : common) v = random.normal();
  for (std::size_t row = 0; row < width; ++row) {
    for (std::size_t i = 0; i < width; ++i) {
      const double own = random.normal() / 8;
      q.weight[row * width + i] = static_cast<float>(c.near_equal ? common[i] / 8 + 1e-6 * own
                                                                  : c.weight_size * own + c.column * common[i] / 8);
    }
    q.bias[row] = static_cast<float>(c.near_equal ? 0.5 + 1e-6 * random.normal()
                                                  : c.weight_size * random.normal() + c.bias_offset);
  }
  return p;
}

template <class Net> void is_accurate(const condition& c, double budget = behind_linear) {
  const auto p = conditioned<Net>(c);
  const worst w = errors_of(p, [&](auto& random) { return inputs(random, c.mean); });
  INFO((layer_name<Net, 1>) << ", " << c.name << ": native " << w.native / w.largest << ", scalar "
                            << w.scalar / w.largest);
  CHECK(w.within(budget));
}

// Shortcuts for Linear >> LN without gains: z = W x + b in float, then mean and variance in one pass or two; or the
// mean of the rows subtracted from W and b in float first.
enum class shortcut { two_pass, one_pass, folded_in_float };
template <class Net> double error_of(shortcut how, const condition& c) {
  auto p = conditioned<Net>(c);
  const auto exact = p;
  auto& q = get<0>(p);
  constexpr auto n = static_cast<float>(width);
  if (how == shortcut::folded_in_float) {
    for (std::size_t i = 0; i <= width; ++i) {
      float mean = 0;
      const auto entry = [&](std::size_t row) -> float& { return i < width ? q.weight[row * width + i] : q.bias[row]; };
      for (std::size_t row = 0; row < width; ++row) mean += entry(row);
      mean /= n;
      for (std::size_t row = 0; row < width; ++row) entry(row) -= mean;
    }
  }
  base::random_stream random(11);
  double error = 0, largest = 0;
  for (std::size_t sample = 0; sample < samples; ++sample) {
    const auto x = inputs(random, c.mean);
    std::array<float, width> z{};
    float mean = 0, squares = 0;
    for (std::size_t row = 0; row < width; ++row) {
      z[row] = q.bias[row];
      for (std::size_t i = 0; i < width; ++i) z[row] += q.weight[row * width + i] * x[i];
    }
    if (how != shortcut::folded_in_float)
      for (const float v : z) mean += v / n;
    for (const float v : z) squares += how == shortcut::one_pass ? v * v / n : (v - mean) * (v - mean) / n;
    const float variance = how == shortcut::one_pass ? squares - mean * mean : squares;
    const float r = 1 / std::sqrt(variance + static_cast<float>(layer_of<Net, 1>::epsilon));
    const auto truth = evaluate(exact, x);
    for (std::size_t row = 0; row < width; ++row) {
      const double difference = std::abs(static_cast<double>((z[row] - mean) * r) - truth[row]);
      error = difference <= error ? error : difference;  // NaN is an error
      largest = std::max(largest, std::abs(truth[row]));
    }
  }
  return error / largest;
}

}  // namespace

TEST_CASE("laws.accuracy: Linear >> LN, GN, RMS keep their digits whatever rows and biases have in common") {
  using ln = folded_net<layer_norm<option::no_affine>>;
  using gn = folded_net<group_norm<8, option::no_affine>>;
  using rms = folded_net<rms_norm<option::no_affine>>;
  using affine = folded_net<layer_norm<>, layer::relu, linear<10, 0>>;
  // the square of a scale is handed over, with offsets before a nonlinearity and without
  using squares = folded_net<layer_norm<>, layer::relu, linear<4, 0>, rms_norm<>, linear<4, 0>>;
  using squares_without_offset = folded_net<rms_norm<>, linear<4, 0>, rms_norm<>>;
  static_assert(engine_plan::plan_of<squares>.at[1].scale.arrives == engine_plan::owed_as::square);
  for (const condition& c : benign) is_accurate<squares>(c, alone), is_accurate<squares_without_offset>(c, alone);
  for (const condition& c : ill) is_accurate<squares>(c, alone);
  for (const condition& c : benign) is_accurate<ln>(c), is_accurate<gn>(c), is_accurate<rms>(c), is_accurate<affine>(c);
  for (const condition& c : ill) {
    is_accurate<ln>(c), is_accurate<gn>(c);
    if (c.column == 0) is_accurate<rms>(c);  // it centres nothing: a common part of W is the output, and may cancel
  }
  is_accurate<folded_net<layer_norm<option::no_affine, tiny>>>(equal_rows);
  is_accurate<folded_net<group_norm<8, option::no_affine, tiny>>>(equal_rows);
}

TEST_CASE("laws.accuracy: shortcuts miss the budget on the same cases") {
  using ln = folded_net<layer_norm<option::no_affine>>;
  using close = folded_net<layer_norm<option::no_affine, tiny>>;
  for (const condition& c : ill) {
    INFO(c.name);
    CHECK(error_of<ln>(shortcut::two_pass, c) > 1.5 * behind_linear);
    CHECK_FALSE(error_of<ln>(shortcut::one_pass, c) <= 10 * behind_linear);
    CHECK(error_of<ln>(shortcut::folded_in_float, c) > behind_linear);
  }
  CHECK_FALSE(error_of<close>(shortcut::two_pass, equal_rows) <= 1e-3);
  CHECK_FALSE(error_of<close>(shortcut::one_pass, equal_rows) <= 1e-3);
  CHECK_FALSE(error_of<close>(shortcut::folded_in_float, equal_rows) <= 1e-3);
}

namespace {

template <shape In, class N> using alone_net = net_of<In, N, layer::flatten, linear<16, 0>>;

// A normalizer that is not behind a Linear, followed by one: whatever the mean/std of x.
template <shape In, class N> void is_accurate_alone() {
  auto p = random_parameters<alone_net<In, N>>(3);
  for (const double mean : {0.0, 10.0, 1e3, 1e6}) {
    for (const double std : {1e-6, 1.0, 1e6}) {
      const worst w = errors_of(p, [&](auto& random) { return inputs(random, mean * std, std, In.size()); });
      INFO(N::name.view() << " on " << In.name().view() << ", mean/std " << mean << ", std " << std << ": native "
                          << w.native / w.largest << ", scalar " << w.scalar / w.largest);
      CHECK(w.within(alone));
    }
  }
}

// Two passes without the correction of the mean, followed by a Linear.
double uncorrected(double mean) {
  using Net = alone_net<shape{width}, layer_norm<option::no_affine>>;
  const auto p = random_parameters<Net>(3);
  base::random_stream random(11);
  double error = 0, largest = 0;
  for (std::size_t sample = 0; sample < samples; ++sample) {
    const auto x = inputs(random, mean);
    constexpr auto n = static_cast<float>(width);
    float average = 0, squares = 0;
    for (const float v : x) average += v;
    average /= n;
    for (const float v : x) squares += (v - average) * (v - average);
    const float r = 1 / std::sqrt(squares / n + 1e-5f);
    const auto truth = evaluate(p, x);
    for (std::size_t row = 0; row < 16; ++row) {
      float y = get<2>(p).bias[row];
      for (std::size_t i = 0; i < width; ++i) y += get<2>(p).weight[row * width + i] * ((x[i] - average) * r);
      error = std::max(error, std::abs(static_cast<double>(y) - truth[row]));
      largest = std::max(largest, std::abs(truth[row]));
    }
  }
  return error / largest;
}

// Outputs are finite or NaN, and certify promises nothing.
template <class Net> void is_refused(const parameters<Net>& p, const std::vector<float>& x) {
  const auto guard = certifier(p);
  const auto scalar = certifier<float32<simd::portable<1>>>(p);
  for (const auto& v : {certify(guard, x).output, certify(scalar, x).output})
    for (const float y : v) CHECK((std::isfinite(y) || std::isnan(y)));
  for (const auto& v : {certify(guard, x), certify(scalar, x)}) {
    CHECK(v.radius == 0);
    CHECK_FALSE(v.contract_holds);
  }
}

}  // namespace

TEST_CASE("laws.accuracy: normalizers that are not behind a Linear keep their digits at mean/std up to 1e6") {
  is_accurate_alone<shape{width}, layer_norm<option::no_affine>>();
  is_accurate_alone<shape{width}, layer_norm<>>();
  is_accurate_alone<shape{width}, rms_norm<>>();
  is_accurate_alone<shape{width}, group_norm<4>>();
  is_accurate_alone<shape{6, 17}, instance_norm<>>();
  is_accurate_alone<shape{6, 17}, group_norm<3>>();
  is_accurate_alone<shape{2, 3, 19}, layer_norm<option::over_last>>();
  is_accurate_alone<shape{2, 3, 19}, rms_norm<option::over_last>>();
}

TEST_CASE("laws.accuracy: without the correction of the mean they would not") {
  CHECK(uncorrected(1e3) > 10 * alone);
  CHECK(uncorrected(1e6) > 1000 * alone);
}

TEST_CASE("laws.accuracy: denormal inputs, and variances of 0 and next to it") {
  const auto check = []<class Net>(const parameters<Net>& p) {
    const auto like = [&](auto&& draw) {
      const worst w = errors_of(p, draw, 20);
      INFO((layer_name<Net, 0>) << " " << w.native << " " << w.scalar << " of " << w.largest);
      CHECK(w.within(alone));
    };
    like([](auto& random) { return inputs(random, 0, 1e-41); });
    like([](auto& random) { return inputs(random, 0, 1e-38); });
    like([](auto& random) { return inputs(random, 0, 1e-20); });
    like([](auto&) { return std::vector<float>(width, 0.0f); });
    like([](auto&) { return std::vector<float>(width, -0.1f); });
    like([](auto&) { return std::vector<float>(width, 3e14f); });
    like([](auto&) {  // all equal but one, by a rounding
      std::vector<float> x(width, 1.0f);
      x[7] = 1 + 0x1p-23f;
      return x;
    });
    like([](auto& random) { return inputs(random, 1, 1e-7); });
  };
  check(random_parameters<alone_net<shape{width}, layer_norm<>>>(1));
  check(random_parameters<alone_net<shape{width}, rms_norm<>>>(1));
  check(random_parameters<alone_net<shape{width}, group_norm<8>>>(1));
  check(random_parameters<alone_net<shape{4, 16}, instance_norm<>>>(1));
  check(random_parameters<net_of<shape{width}, linear<24, 0>, layer_norm<>, layer::relu, linear<8, 0>>>(1));
}

TEST_CASE("laws.accuracy: inputs up to 1e15 are computed to the last digits") {
  const auto check = []<class Net>(const parameters<Net>& p, double budget) {
    for (const double size : {1e3, 1e8, 1e15 / 4}) {
      const worst w = errors_of(p, [&](auto& random) { return inputs(random, 0, size); }, 50);
      INFO((layer_name<Net, 0>) << " at " << size << ": " << w.native / w.largest << " " << w.scalar / w.largest);
      CHECK(w.within(budget));
    }
  };
  check(random_parameters<alone_net<shape{width}, layer_norm<>>>(1), alone);
  check(random_parameters<alone_net<shape{width}, rms_norm<>>>(1), alone);
  check(random_parameters<alone_net<shape{width}, group_norm<8>>>(1), alone);
  check(random_parameters<alone_net<shape{4, 16}, instance_norm<>>>(1), alone);
  check(random_parameters<folded_net<layer_norm<>>>(1), behind_linear);
  check(random_parameters<folded_net<layer_norm<option::no_affine>, layer::relu, linear<8, 0>>>(1), alone);
  check(random_parameters<folded_net<rms_norm<>, layer::tanh, linear<8, 0>>>(1), alone);
}

TEST_CASE("laws.accuracy: beyond, every output is finite or NaN, and no certificate is given") {
  const auto check = []<class Net>(const parameters<Net>& p) {
    INFO((layer_name<Net, 0>) << ", " << (layer_name<Net, 1>));
    base::random_stream random(1);
    for (const float size : {1e20f, 1e30f, 3e38f, std::numeric_limits<float>::infinity(),
                             -std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
      INFO("size " << size);
      auto x = inputs(random, 0, 1);
      x[3] = size;
      is_refused(p, x);
      for (float& v : x) v = v < 0 ? -size : size;
      is_refused(p, x);
      x.assign(width, size);
      is_refused(p, x);
    }
  };
  check(random_parameters<alone_net<shape{width}, layer_norm<>>>(1));
  check(random_parameters<alone_net<shape{width}, rms_norm<>>>(1));
  check(random_parameters<alone_net<shape{width}, group_norm<8>>>(1));
  check(random_parameters<alone_net<shape{4, 16}, instance_norm<>>>(1));
  check(random_parameters<alone_net<shape{4, 16}, layer_norm<option::over_last>>>(1));
  check(random_parameters<net_of<shape{width}, linear<24, 0>, layer_norm<>, layer::relu, linear<8, 0>>>(1));
  check(random_parameters<net_of<shape{width}, linear<24, 0>, group_norm<3>, layer::relu, linear<8, 0>>>(1));
  check(random_parameters<net_of<shape{width}, linear<24, 0>, rms_norm<>, layer::tanh, linear<8, 0>>>(1));
}
