// SPDX-License-Identifier: Apache-2.0
#include <taut/layers/softmax.hpp>

#include "laws/laws.hpp"

namespace {

using namespace taut;
using layer::softmax;

static_assert(Layer<softmax> && Softmax.name.view() == "Softmax" && !softmax::homogeneous);
static_assert(softmax::range.lower == 0 && softmax::range.upper == 1);
static_assert(softmax::lipschitz(shape{7}).value().upper == 0.5 && softmax::lipschitz(shape{1, 9}).value().upper == 0);
static_assert(softmax::output(shape{2, 3}) == shape{2, 3} && softmax::multiply_adds(shape{2, 3}) == 72);

constexpr auto shares =
    evaluate(parameters<tests::net_of<shape{2, 2}, softmax>>{}, std::array<double, 4>{5, 0, 5, -1e4});
static_assert(shares == std::array<double, 4>{0.5, 1, 0.5, 0});  // over the channels, at each position

// run with elements in lanes: the same bits in the register and its replay, digits of double, no word beyond the block.
template <shape In> double worst_of_run(double scale) {
  constexpr std::size_t n = In.size(), width = simd::width<simd::native>, padded = (n + width - 1) / width * width;
  base::random_stream random(n);
  double worst = 0;
  for (int sample = 0; sample < 200; ++sample) {
    std::vector<float> x = tests::random_vector<float>(random, padded, scale), y(padded + 1, 77), replay(y);
    softmax::run<In, simd::native>(no_parameters{}, x.data(), y.data());
    softmax::run<In, simd::portable<width>>(no_parameters{}, x.data(), replay.data());
    CHECK(tests::same_bits({y.data(), n}, {replay.data(), n}));
    CHECK(y[padded] == 77);
    std::vector<double> truth(n), wide(x.begin(), x.begin() + n);
    std::vector<float> one(n);
    forward<softmax, In>(no_parameters{}, wide.data(), truth.data());
    forward<softmax, In>(no_parameters{}, x.data(), one.data());
    for (std::size_t i = 0; i < n; ++i) {
      CHECK((y[i] >= 0 && y[i] <= 1));
      if (std::abs(truth[i]) < 1e-30) continue;  // exp is 0 below 1.8e-38
      for (const float v : {y[i], one[i]})
        worst = std::max(worst, std::abs(static_cast<double>(v) / truth[i] - 1) * 0x1p23);
    }
  }
  return worst;
}

}  // namespace

namespace taut::tests {
void laws_of_softmax() {
  tests::check_laws<softmax, shape{1}>();
  tests::check_laws<softmax, shape{2}>({.tight = 0.98});
  tests::check_laws<softmax, shape{7}>({.tight = 0.8});
  tests::check_laws<softmax, shape{33}>({.tight = 0.4});
  tests::check_laws<softmax, shape{3, 5}>({.tight = 0.8});
  tests::check_laws<softmax, shape{2, 3, 4}>({.tight = 0.8});
}
}  // namespace taut::tests

TEST_CASE("layers.softmax: sums to 1, does not see what all have in common, overflows for no finite input") {
  base::random_stream random(4);
  const parameters<tests::net_of<shape{9}, softmax>> p{};
  for (int sample = 0; sample < 20; ++sample) {
    auto x = tests::random_vector(random, 9, 5);
    const auto y = evaluate(p, x);
    double sum = 0;
    for (const double v : y) sum += v;
    CHECK(sum == Approx(1).epsilon(1e-14));
    for (double& v : x) v += 1024;
    const auto moved = evaluate(p, x);
    for (std::size_t i = 0; i < 9; ++i) CHECK(moved[i] == Approx(y[i]).epsilon(1e-11));
  }
  constexpr float largest = std::numeric_limits<float>::max();
  const parameters<tests::net_of<shape{3}, softmax>> q{};
  CHECK(evaluate(q, std::array{largest, -largest, largest}) == std::array{0.5, 0.0, 0.5});
  CHECK(compile(q)(std::array{largest, -largest, largest}) == std::array{0.5f, 0.0f, 0.5f});
}

TEST_CASE("layers.softmax: a masked feature (-infinity) has share 0; NaN or +infinity makes all NaN, as in PyTorch") {
  constexpr float infinity = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  const parameters<tests::net_of<shape{3}, softmax>> p{};
  const auto f = compile(p);
  CHECK(evaluate(p, std::array{1.0f, -infinity, 1.0f}) == std::array{0.5, 0.0, 0.5});
  CHECK(f(std::array{1.0f, -infinity, 1.0f}) == std::array{0.5f, 0.0f, 0.5f});
  for (const auto& x : {std::array{nan, 1.0f, 2.0f},
                        {1.0f, nan, 2.0f},
                        {1.0f, 2.0f, infinity},
                        {1.0f, nan, infinity},
                        {-infinity, -infinity, -infinity}}) {
    for (const double v : evaluate(p, x)) CHECK(std::isnan(v));
    for (const float v : f(x)) CHECK(std::isnan(v));
  }
}

TEST_CASE("layers.softmax: with elements in lanes, every output is good to its last digits, the tails too") {
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
