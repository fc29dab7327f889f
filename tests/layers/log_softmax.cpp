// SPDX-License-Identifier: Apache-2.0
#include <taut/layers/log_softmax.hpp>

#include "laws/laws.hpp"

namespace {

using namespace taut;
using layer::log_softmax;

static_assert(Layer<log_softmax> && LogSoftmax.name.view() == "LogSoftmax" && !log_softmax::homogeneous);
static_assert(log_softmax::range.lower == -rounded::infinity && log_softmax::range.upper == 0);
static_assert(log_softmax::lipschitz(shape{4}).value().upper == 2 &&
              log_softmax::lipschitz(shape{1}).value().upper == 0);
static_assert(log_softmax::lipschitz(shape{9, 5}).value().upper == 3);
static_assert(log_softmax::output(shape{2, 3}) == shape{2, 3} && log_softmax::multiply_adds(shape{2, 3}) == 96);

constexpr auto logs =
    evaluate(parameters<tests::net_of<shape{2, 2}, log_softmax>>{}, std::array<double, 4>{5, 0, 5, -1e4});
static_assert(logs[1] == 0 && logs[3] == -1e4);  // over the channels, at each position
static_assert(logs[0] == logs[2] && logs[0] < -0.69314718055994 && logs[0] > -0.69314718055995);

// run with elements in lanes: the same bits in the register and its replay, digits of double, no word beyond the block.
template <shape In> double worst_of_run(double scale) {
  constexpr std::size_t n = In.size(), width = simd::width<simd::native>, padded = (n + width - 1) / width * width;
  base::random_stream random(n);
  double worst = 0;
  for (int sample = 0; sample < 200; ++sample) {
    std::vector<float> x = tests::random_vector<float>(random, padded, scale), y(padded + 1, 77), replay(y);
    log_softmax::run<In, simd::native>(no_parameters{}, x.data(), y.data());
    log_softmax::run<In, simd::portable<width>>(no_parameters{}, x.data(), replay.data());
    CHECK(tests::same_bits({y.data(), n}, {replay.data(), n}));
    CHECK(y[padded] == 77);
    std::vector<double> truth(n), wide(x.begin(), x.begin() + n);
    std::vector<float> one(n);
    forward<log_softmax, In>(no_parameters{}, wide.data(), truth.data());
    forward<log_softmax, In>(no_parameters{}, x.data(), one.data());
    for (std::size_t i = 0; i < n; ++i) {
      CHECK(y[i] <= 0);
      if (std::abs(truth[i]) < 1e-30) continue;  // exp is 0 below 1.8e-38
      for (const float v : {y[i], one[i]})
        worst = std::max(worst, std::abs(static_cast<double>(v) / truth[i] - 1) * 0x1p23);
    }
  }
  return worst;
}

}  // namespace

namespace taut::tests {
void laws_of_log_softmax() {
  tests::check_laws<log_softmax, shape{1}>();
  tests::check_laws<log_softmax, shape{2}>({.tight = 0.98});
  tests::check_laws<log_softmax, shape{7}>({.tight = 0.7});
  tests::check_laws<log_softmax, shape{33}>({.tight = 0.5});
  tests::check_laws<log_softmax, shape{3, 5}>({.tight = 0.5});
  tests::check_laws<log_softmax, shape{2, 3, 4}>({.tight = 0.5});
}
}  // namespace taut::tests

TEST_CASE("layers.log_softmax: at a corner of the simplex its Jacobian has norm sqrt(n)") {
  // J v for v = s - 1/n, the steepest direction, by the gradient's transpose: J' u with u = 1 is s-free, so by
  // difference
  constexpr std::size_t n = 5;
  const parameters<tests::net_of<shape{n}, log_softmax>> p{};
  std::array<double, n> x{40, 0, 0, 0, 0}, moved = x;
  constexpr double h = 1.0 / 8;
  for (std::size_t i = 0; i < n; ++i) moved[i] += h * ((i == 0 ? 1.0 : 0.0) - 1.0 / n);
  const auto y = evaluate(p, x), z = evaluate(p, moved);
  double rise = 0, run = 0;
  for (std::size_t i = 0; i < n; ++i) {
    rise += (y[i] - z[i]) * (y[i] - z[i]);
    run += (x[i] - moved[i]) * (x[i] - moved[i]);
  }
  CHECK(std::sqrt(rise / run) == Approx(std::sqrt(5.0)).epsilon(1e-12));
}

TEST_CASE("layers.log_softmax: e^y sums to 1, and y near 0 keeps its digits") {
  base::random_stream random(4);
  const parameters<tests::net_of<shape{9}, log_softmax>> p{};
  for (int sample = 0; sample < 20; ++sample) {
    double sum = 0;
    for (const double v : evaluate(p, tests::random_vector(random, 9, 5))) sum += std::exp(v);
    CHECK(sum == Approx(1).epsilon(1e-13));
  }
  const parameters<tests::net_of<shape{3}, log_softmax>> q{};
  const auto dominated = compile(q)(std::array{30.0f, 0.0f, 0.0f});
  CHECK(static_cast<double>(dominated[0]) == Approx(-2 * std::exp(-30.0)).epsilon(1e-6));
  constexpr float largest = std::numeric_limits<float>::max();
  CHECK(compile(q)(std::array{largest, 0.0f, -1.0f}) == std::array{0.0f, -largest, -largest});
  const auto tied = evaluate(q, std::array{largest, largest, largest});
  for (const double v : tied) CHECK(v == Approx(-std::log(3.0)).epsilon(1e-15));
}

TEST_CASE("layers.log_softmax: a masked feature stays -infinity; NaN or +infinity makes all NaN, as in PyTorch") {
  constexpr float infinity = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  const parameters<tests::net_of<shape{3}, log_softmax>> p{};
  const auto f = compile(p);
  const auto masked = f(std::array{1.0f, -infinity, 1.0f});
  CHECK(masked[1] == -infinity);
  CHECK(masked[0] == Approx(-std::log(2.0)).epsilon(1e-7));
  CHECK(evaluate(p, std::array{1.0f, -infinity, 1.0f})[1] == static_cast<double>(-infinity));
  for (const auto& x : {std::array{nan, 1.0f, 2.0f},
                        {1.0f, nan, 2.0f},
                        {1.0f, 2.0f, infinity},
                        {1.0f, nan, infinity},
                        {-infinity, -infinity, -infinity}}) {
    for (const double v : evaluate(p, x)) CHECK(std::isnan(v));
    for (const float v : f(x)) CHECK(std::isnan(v));
  }
}

TEST_CASE("layers.log_softmax: with elements in lanes, every output is good to its last digits, the tails too") {
  for (const double scale : {0.01, 1.0, 10.0, 60.0}) {
    const double small = std::max({worst_of_run<shape{1}>(scale), worst_of_run<shape{5}>(scale),
                                   worst_of_run<shape{10}>(scale), worst_of_run<shape{16}>(scale),
                                   worst_of_run<shape{3, 17}>(scale), worst_of_run<shape{4, 4, 8}>(scale)});
    const double large = worst_of_run<shape{1000}>(scale);
    INFO("scale " << scale << ": " << small << " ulp, 1000 features " << large << " ulp");
    CHECK(small < 4);
    CHECK(large < 20);
  }
}
