// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>
#include <taut/base/random.hpp>
#include <taut/net/softmax.hpp>
#include <taut/simd/lane.hpp>
#include <utility>

#include "support/catch.hpp"

using namespace taut;
using simd::native, simd::portable;

static_assert(exponentials::relative(3.0, 3.0) == 1 && exponentials::relative(3.0f, 3.0f) == 1);
static_assert(exponentials::relative(portable<2>(-1e4f), portable<2>(1.0f)).at[1] == 0);
constexpr float numbers[]{3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5};
static_assert(exponentials::largest<portable<4>, 11>(numbers) == 9 &&
              exponentials::largest<portable<4>, 5>(numbers) == 5);
static_assert(exponentials::largest<portable<4>, 3>(numbers) == 4 && exponentials::largest<float, 3>(numbers) == 4);

TEST_CASE("net.softmax: e^(x - most) to the last digit, however much x - most is rounded") {
  base::random_stream random(1);
  double worst = 0;
  for (int i = 0; i < 200000; ++i) {
    const double scale = std::exp(random.uniform(-8, 4.5));
    const auto most = static_cast<float>(scale * random.normal());
    const auto x = static_cast<float>(static_cast<double>(most) - std::abs(scale * random.normal()));
    const double truth = std::exp(static_cast<double>(x) - static_cast<double>(most));
    if (truth < 2e-38) continue;
    const float e = exponentials::relative(x, most);
    CHECK(e <= 1);
    worst = std::max(worst, std::abs(static_cast<double>(e) - truth) / std::exp2(std::floor(std::log2(truth)) - 23));
    CHECK(exponentials::relative(portable<1>(x), portable<1>(most)).at[0] == e);
    float wide[native::width];
    simd::store(exponentials::relative(native(x), native(most)), wide);
    CHECK(wide[native::width - 1] == e);
  }
  INFO(worst << " ulp");
  CHECK(worst < 1.4);
}

TEMPLATE_TEST_CASE("net.softmax: infinities and NaN", "", float, double, portable<2>, native) {
  using V = TestType;
  constexpr double infinity = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  const auto relative = [](double x, double most) {
    return static_cast<double>(simd::sum(exponentials::relative(simd::number<V>(x), simd::number<V>(most))));
  };
  CHECK(relative(-infinity, 0) == 0);
  CHECK(relative(-3e38, 3e38) == 0);
  for (const double most : {0.0, infinity, -infinity, nan}) CHECK(std::isnan(relative(nan, most)));
  for (const double x : {0.0, -infinity, nan}) CHECK(std::isnan(relative(x, nan)));
  CHECK(std::isnan(relative(infinity, infinity)));
  CHECK(std::isnan(relative(-infinity, -infinity)));
}
