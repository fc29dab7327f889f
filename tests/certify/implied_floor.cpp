// SPDX-License-Identifier: Apache-2.0
// The twin of certify/implied_floor.hpp: no std is ever found below its implied floor, by search from many starts; and
// the floor is close to what the search finds where the theory says that it is exact.
#include <cmath>
#include <taut/certify/implied_floor.hpp>
#include <taut/inference.hpp>

#include "laws/support.hpp"
#include "support/catch.hpp"

namespace {

using namespace taut;
using namespace taut::tests;
using certificates::region;

template <class Net> auto floors(const parameters<Net>& p, bool declared = false) {
  const auto start = declared ? certificates::declared_inputs<Net>() : region(Net::input_size);
  return certificates::implied_floors(p, start, [](auto, const region&) {});
}

/// The smallest std (or root mean square) of normalizer I over inputs that keep the declared floors before it, and the
/// declared input: random ones, then steps downhill by differences of random directions.
template <class Net, std::size_t I> double found(const parameters<Net>& p, std::uint64_t seed, int starts) {
  base::random_stream random(seed);
  const auto std_at = [&](const std::vector<double>& input) {
    using In = typename Net::input;
    std::vector<double> x = input;
    double smallest = 1e300;
    bool kept = !rounded::is_finite(In::ball) || norm(x) <= In::ball;
    if (rounded::is_finite(In::lower))
      for (const double v : x) kept = kept && v >= In::lower && v <= In::upper;
    base::for_each_index<I + 1>([&]<std::size_t J>() {
      using L = layer_of<Net, J>;
      if constexpr (L::reads == fusion::normalizer) {
        constexpr pooling runs = L::pooled(Net::shapes[J]);
        for (std::size_t r = 0; r < runs.groups; ++r) {
          const double s = std::sqrt(normalizer::measure<L>(x.data() + r * runs.size, runs.size).variance);
          if constexpr (J == I) smallest = std::min(smallest, s);
          else kept = kept && s >= certificates::declared_floor<L>();
        }
      }
      std::vector<double> y(Net::shapes[J + 1].size());
      forward<L, Net::shapes[J]>(get<J>(p), x.data(), y.data());
      x = y;
    });
    return kept ? smallest : 1e300;
  };
  double least = 1e300;
  for (int start = 0; start < starts; ++start) {
    auto x = random_vector(random, Net::input_size, std::exp(2 * random.normal()));
    double at = std_at(x), step = 1;
    for (int i = 0; i < 400; ++i) {
      auto y = x;
      const auto d = random_vector(random, Net::input_size, step * norm(x) / std::sqrt(double(Net::input_size)));
      for (std::size_t k = 0; k < y.size(); ++k) y[k] += d[k];
      if (const double there = std_at(y); there < at) at = there, x = y, step *= 1.4;
      else step = std::max(step * 0.9, 1e-4);
    }
    least = std::min(least, at);
  }
  return least;
}

/// Attacks normalizer I of many random networks; returns how many floors were positive, and how many within 5 % of what
/// was found.
struct tally {
  int positive = 0, close = 0;
};
template <class Net, std::size_t I> tally attack(int networks, double scale, bool declared = false, int starts = 6) {
  tally t;
  for (int k = 0; k < networks; ++k) {
    const auto p = random_parameters<Net>(static_cast<std::uint64_t>(k) + 1, scale);
    const double floor = floors(p, declared)[I], least = found<Net, I>(p, static_cast<std::uint64_t>(k), starts);
    INFO("network " << k << ": implied " << floor << ", found " << least);
    REQUIRE(floor <= least * (1 + 1e-9));
    t.positive += floor > 0 ? 1 : 0;
    t.close += floor > 0 && floor >= 0.95 * least ? 1 : 0;
  }
  return t;
}

struct wide : decltype(Input<3> >> Linear<4> >> LN(min_std<1.0>) >> Linear<8> >> LN(min_std<0.5>)) {};
struct sorted : decltype(Input<3> >> Linear<4> >> LN(min_std<0.5>, no_affine) >> MaxMin >> Linear<9> >> LN) {};
struct mixed : decltype(Input<3> >> Linear<6> >> RMSNorm(min_std<0.5>) >> BN >> Linear<8>(no_bias) >> BN >> GN<2>) {};
struct offset : decltype(Input<3> >> LN(min_std<0.5>) >> GroupSort<3> >> Linear<8> >> LN) {};
struct biased : decltype(Input<4>(in_ball<0.5>) >> Linear<6> >> LN >> ReLU >> Linear<5> >> RMSNorm) {};
struct bounded : decltype(Input<4>(in_box<-0.1, 0.1>) >> Linear<6> >> Tanh >> LN) {};

}  // namespace

TEST_CASE("certify.implied_floor: no std below its floor is found, and floors are close to what is found") {
  const tally a = attack<wide, 3>(25, 1);
  CHECK(a.positive >= 20);
  CHECK(a.close >= a.positive * 3 / 4);
  const tally b = attack<sorted, 4>(15, 1);
  CHECK(b.positive >= 8);
  const tally c = attack<mixed, 5>(15, 1);
  CHECK(c.positive >= 3);
  attack<offset, 3>(10, 1);
  const tally d = attack<biased, 1>(15, 0.3, true);
  CHECK(d.positive >= 10);
  CHECK(d.close >= 5);
  attack<biased, 4>(10, 0.3, true);
  const tally e = attack<bounded, 2>(10, 1, true);
  CHECK(e.positive >= 8);
}

TEST_CASE("certify.implied_floor: a floor that is known exactly") {
  // z of norm 2 / sqrt(1 + epsilon) or more is stretched by 3 and gets a bias without variance
  struct net : decltype(Input<4> >> LN(min_std<1.0>, epsilon<1.0>, no_affine) >> Linear<4> >> LN) {};
  parameters<net> p;
  for (std::size_t i = 0; i < 4; ++i) get<1>(p).weight[5 * i] = 3, get<1>(p).bias[i] = 7;
  const double floor = floors(p)[2];
  CHECK(floor <= 3 * std::sqrt(0.5));
  CHECK(floor == Approx(3 * std::sqrt(0.5)).epsilon(1e-6));
  get<1>(p).bias = {100, 0, 0, 0};  // far away: |P b| = 100 sqrt(3/4), less 3 |z|, |z| < 2
  CHECK(floors(p)[2] <= (100 * std::sqrt(0.75) - 6) / 2);
  CHECK(floors(p)[2] == Approx((100 * std::sqrt(0.75) - 6) / 2).epsilon(1e-3));
  volatile float strange = std::numeric_limits<float>::quiet_NaN();  // as a file brings it
  get<1>(p).weight[0] = strange;
  CHECK(floors(p)[2] == 0);
}

TEST_CASE("certify.implied_floor: better than the smallest singular value less the bias") {
  double better = 0;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    auto p = random_parameters<wide>(seed);
    const double with = floors(p)[3];
    // |A z + a| >= sigma |z| - |a|: the best simple bound is the floor without a bias, less the bias
    auto q = p;
    for (float& b : get<2>(q).bias) b = 0;
    for (float& o : get<1>(q).offset) o = 0;
    certificates::buffer a(8);
    const double off = certificates::constant_of<wide, 2>(p, std::array<double, 4>{}.data(), a.at);
    CHECK(off < 1e-12);
    const auto zero_offset = [&] {
      auto r = p;
      for (float& o : get<1>(r).offset) o = 0;
      return floors(r)[3];
    }();
    const double simple = floors(q)[3] - certificates::length_up(a.at, 8) / std::sqrt(8.0);
    CHECK(zero_offset >= simple * (1 - 1e-6));
    better = std::max(better, zero_offset - std::max(simple, 0.0));
    static_cast<void>(with);
  }
  CHECK(better > 0.1);
}

namespace {

constexpr double by_compiler = [] {
  struct net : decltype(Input<4> >> LN(min_std<1.0>, epsilon<1.0>, no_affine) >> Linear<4> >> LN) {};
  parameters<net> p;
  for (std::size_t i = 0; i < 4; ++i) get<1>(p).weight[5 * i] = 3;
  return certificates::implied_floors(p, region(4), [](auto, const region&) {})[2];
}();
static_assert(by_compiler > 2.12 && by_compiler < 2.1213204);

}  // namespace
