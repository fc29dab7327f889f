// SPDX-License-Identifier: Apache-2.0
#include <taut/layers/max_pool.hpp>

#include "laws/laws.hpp"

namespace {

using namespace taut;
template <std::size_t A, std::size_t B = A, class... Options> using max_pool = layer::max_pool<A, B, Options...>;

static_assert(Layer<max_pool<2>> && MaxPool<2>.name.view() == "MaxPool<2>");
static_assert(MaxPool<2, 3>.name.view() == "MaxPool<2, 3>" && max_pool<2>::homogeneous);
static_assert(std::same_as<decltype(MaxPool<3>(stride<2>, padding<1>)),
                           max_pool<3, 3, option::stride<2, 2>, option::padding<1, 1>>>);
static_assert(max_pool<2>::output(shape{3, 8, 9}) == shape{3, 4, 4} && max_pool<2>::multiply_adds(shape{2, 4}) == 0);
static_assert(max_pool<2>::lipschitz(shape{3, 8, 8}).value().upper == 1);
static_assert(max_pool<3, 3, option::stride<1, 1>>::lipschitz(shape{3, 8, 8}).value().upper == 3);
static_assert(max_pool<3, 3, option::stride<1, 1>>::lipschitz(shape{3, 4, 8}).value().upper < 2.4495);  // sqrt(2 3)
static_assert(max_pool<4, 4, option::stride<1, 1>>::lipschitz(shape{3, 9}).value().upper == 2);

constexpr auto largest = [] {
  const parameters<tests::net_of<shape{1, 3, 4}, max_pool<2, 2, option::stride<1, 2>, option::padding<1, 0>>>> p{};
  return evaluate(p, std::array<double, 12>{-1, -2, -3, -4, -5, 6, -7, 8, -9, -10, 11, -12});
}();
static_assert(largest ==
              std::array<double, 8>{-1, -3, 6, 8, 6, 11, -9, 11});  // padding does not win over negative numbers

// a pair that attains the constant: the middle lies in all four windows
constexpr auto four = [](double middle) {
  return evaluate(parameters<tests::net_of<shape{1, 3, 3}, max_pool<2, 2, option::stride<1, 1>>>>{},
                  std::array<double, 9>{0, 0, 0, 0, middle, 0, 0, 0, 0});
};
static_assert(four(1) == std::array<double, 4>{1, 1, 1, 1} && four(0) == std::array<double, 4>{});
static_assert(max_pool<2, 2, option::stride<1, 1>>::lipschitz(shape{1, 3, 3}).value().upper == 2);

constexpr auto sent_back = [] {
  const no_parameters p{};
  no_parameters dp{};
  std::array<double, 6> x{2.0, 5, 5, 5, 1, 1};
  std::array<double, 3> y{5.0, 5, 5};
  std::array<double, 3> dy{1.0, 10, 100};
  std::array<double, 6> dx{9.0, 9, 9, 9, 9, 9};
  gradient<max_pool<3, 3, option::stride<2, 2>, option::padding<1, 1>>, shape{1, 6}>(p, x.data(), y.data(), dy.data(),
                                                                                     dx.data(), dp);
  return dx;
}();
static_assert(sent_back == std::array<double, 6>{0, 11, 0, 100, 0, 0});  // of equal values the first, as PyTorch

}  // namespace

namespace taut::tests {
void laws_of_max_pool() {
  tests::check_laws<max_pool<1>, shape{3, 5}>({.tight = 0.98});
  tests::check_laws<max_pool<2>, shape{2, 6}>({.tight = 0.98});
  tests::check_laws<max_pool<3, 3, option::stride<1, 1>>, shape{1, 5}>({.tight = 0.98});
  tests::check_laws<max_pool<3, 3, option::stride<2, 2>, option::padding<1, 1>>, shape{2, 17}>({.tight = 0.98});
  tests::check_laws<max_pool<2>, shape{2, 5, 7}>({.tight = 0.98});
  tests::check_laws<max_pool<2, 2, option::stride<1, 1>>, shape{1, 3, 3}>({.tight = 0.7});
  tests::check_laws<max_pool<2, 3, option::padding<1, 0>>, shape{1, 4, 6}>({.tight = 0.98});
  tests::check_laws<max_pool<3, 3, option::stride<2, 1>, option::padding<1, 1>>, shape{3, 6, 5}>({.tight = 0.5});
}
}  // namespace taut::tests

TEST_CASE("layers.max_pool: NaN in a window gives NaN, wherever it lies and whatever else is in it") {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();
  const parameters<tests::net_of<shape{1, 3}, max_pool<3>>> p{};
  for (const double other : {-infinity, -1e300, -1.0, 0.0, 1.0, 1e300, infinity})
    for (std::size_t at = 0; at < 3; ++at) {
      std::array x{other, other, other};
      CHECK(evaluate(p, x)[0] == other);
      x[at] = nan;
      CHECK(std::isnan(evaluate(p, x)[0]));
      std::array<simd::native, 3> wide;
      for (std::size_t i = 0; i < 3; ++i) wide[i] = simd::native(static_cast<float>(x[i]));
      simd::native y(0.0f);
      forward<max_pool<3>, shape{1, 3}>(no_parameters{}, wide.data(), &y);
      CHECK(std::isnan(simd::sum(y)));
    }
}

TEST_CASE("layers.max_pool: a register of samples gives the definition's results, not numbers included") {
  using L = max_pool<3, 3, option::stride<1, 1>, option::padding<1, 1>>;
  constexpr shape in{1, 4, 5};
  constexpr std::size_t lanes = simd::width<simd::native>;
  constexpr float nan = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();
  for (const float odd : {1.0f, infinity, -infinity, nan})
    for (std::size_t at = 0; at < in.size(); ++at) {
      std::array<simd::native, in.size()> x{}, y{}, expected{};
      for (std::size_t i = 0; i < x.size(); ++i) {
        std::array<float, lanes> line{};
        for (std::size_t l = 0; l < lanes; ++l) line[l] = static_cast<float>((i * 5 + l * 3) % 11) - 14;
        if (i == at) line[at % lanes] = odd;
        x[i] = simd::load<simd::native>(line.data());
      }
      L::run_lanes<in>(no_parameters{}, x.data(), y.data());
      forward<L, in>(no_parameters{}, x.data(), expected.data());
      for (std::size_t o = 0; o < y.size(); ++o) {
        std::array<float, lanes> a{}, b{};
        simd::store(y[o], a.data());
        simd::store(expected[o], b.data());
        for (std::size_t l = 0; l < lanes; ++l) CHECK((a[l] == b[l] || (std::isnan(a[l]) && std::isnan(b[l]))));
      }
    }
}

TEST_CASE("layers.max_pool: sums of gradients are conserved, ties or not, and a positive factor passes through") {
  using L = max_pool<3, 3, option::stride<2, 2>, option::padding<1, 1>>;
  constexpr shape in{2, 5, 6}, out = L::output(in);
  base::random_stream random(3);
  const no_parameters p{};
  no_parameters dp{};
  for (int sample = 0; sample < 20; ++sample) {
    std::vector<double> x(in.size()), y(out.size()), dy(out.size()), dx(in.size()), doubled(out.size());
    for (double& v : x) v = static_cast<double>(random.below(4));
    for (double& v : dy) v = static_cast<double>(random.below(100));
    forward<L, in>(p, x.data(), y.data());
    gradient<L, in>(p, x.data(), y.data(), dy.data(), dx.data(), dp);
    double given = 0, received = 0;
    for (const double v : dy) given += v;
    for (const double v : dx) received += v;
    CHECK(given == received);
    for (double& v : x) v *= 3;
    forward<L, in>(p, x.data(), doubled.data());
    for (std::size_t i = 0; i < out.size(); ++i) CHECK(doubled[i] == 3 * y[i]);
  }
}

TEST_CASE("layers.max_pool: the engine finds NaN and infinities in the windows that hold them, and in no other") {
  constexpr float nan = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();
  const parameters<tests::net_of<shape{2, 5, 38}, max_pool<2>>> p{};
  const auto engine = compile(p);
  std::array<float, 380> x;
  for (const float odd : {nan, infinity, -infinity})
    for (std::size_t at = 0; at < x.size(); at += 7) {
      for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i % 11) - 5;
      x[at] = odd, x[(at + 190) % 380] = -infinity;
      const auto y = engine(x);
      const auto truth = evaluate(p, x);
      bool same = true;
      for (std::size_t i = 0; i < y.size(); ++i)
        same = same && (truth[i] == static_cast<double>(y[i]) || (truth[i] != truth[i] && y[i] != y[i]));
      CHECK(same);
    }
}
