// SPDX-License-Identifier: Apache-2.0
// One matrix as proof: what holds is accepted, what does not is refused, whatever the numbers.
#include <taut/certify/barrier.hpp>
#include <taut/inference.hpp>

#include "laws/slope.hpp"
#include "support/catch.hpp"

namespace {

using namespace taut;
using namespace taut::tests;
using certificates::semidefinite_proves;

// f = |x| in two neurons, relu(x) + relu(-x): L = 1, though the product of norms is 2
struct modulus : decltype(Input<1> >> Linear<2>(no_bias) >> ReLU >> Linear<1>(no_bias)) {};
constexpr parameters<modulus> by_hand = [] {
  parameters<modulus> p{};
  get<0>(p).weight = {1, -1};
  get<2>(p).weight = {1, 1};
  return p;
}();
constexpr bool proves(double t, double claim) {
  const double multiplier[] = {t, t};
  return semidefinite_proves(certificates::chains_of(by_hand).chains[0], multiplier, claim);
}
// 2 T - 11' - t^2 [1 -1; -1 1] / L^2 >= 0: eigenvalues 2 t - 2 and 2 t - 2 t^2 / L^2, so t = 1 + e, L^2 >= 1 + e
static_assert(proves(1.0001, 1.0001) && proves(4, 2.0001) && !proves(1.0001, 1) && !proves(0.9999, 10) &&
              !proves(4, 1.9999));

struct smooth : decltype(Input<3> >> Linear<6> >> GELU >> Linear<5> >> Tanh >> Linear<2>) {};
struct normal : decltype(Input<6> >> Linear<5> >> LN(min_std<0.3>) >> ReLU >> Linear<4> >> MaxMin >> Linear<3>) {};
struct leaky : decltype(Input<6> >> LeakyReLU<0.2> >> Linear<5> >> LeakyReLU<0.1> >> Linear<2>) {};
struct narrowing : decltype(Input<9> >> Linear<4> >> GELU >> Linear<6> >> MaxMin >> Linear<2>) {};

// The least L^2 with its multipliers, from steep enough a start.
template <class Net> certificates::multipliers least(const certificates::chain& c) {
  certificates::barrier program(c, certificates::sectors::own);
  certificates::multipliers at{0, std::vector<double>(c.multipliers())};
  for (double ratio = 4; ratio < 1e5; ratio *= 4) {  // multipliers that fall from layer to layer, by any ratio
    std::size_t run = 0;
    double t = 1;
    for (std::size_t k = c.bends.size(); k-- > 0; t *= ratio) {
      std::size_t first = 0;
      for (std::size_t j = 0; j < k; ++j) first += c.bends[j].runs();
      for (std::size_t r = 0; r < c.bends[k].runs(); ++r, ++run) at.of_run[first + r] = ratio * t;
    }
    at.square = ratio * t * ratio * 10;
    if (program.minimise(at)) return at;
  }
  return {};
}

template <class Net> void attack(double reached) {
  base::random_stream random(3);
  double nearest = 0;
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    const auto p = random_parameters<Net>(seed);
    const auto all = certificates::chains_of(p);
    REQUIRE(all.chains.size() == 1);
    const auto at = least<Net>(all.chains[0]);
    REQUIRE(!at.of_run.empty());
    const double best = std::sqrt(at.square), slope = steepest_pair(p, seed, {.starts = 10, .steps = 150}).climbed;
    INFO("seed " << seed << ": proved " << best << ", observed " << slope);
    CHECK(semidefinite_proves(all.chains[0], at.of_run.data(), best * (1 + 1e-6)));
    CHECK(is_below(slope, best * (1 + 1e-6)));
    CHECK_FALSE(semidefinite_proves(all.chains[0], at.of_run.data(), best * (1 - 1e-4)));
    nearest = std::max(nearest, slope / best);
    for (int trial = 0; trial < 200; ++trial) {  // no multipliers prove what is false
      auto wrong = at.of_run;
      for (double& t : wrong) t *= std::exp(random.uniform(0, 3) * random.normal());
      CHECK_FALSE(semidefinite_proves(all.chains[0], wrong.data(), slope * (1 - 1e-6)));
    }
  }
  INFO(nearest);
  CHECK(nearest >= reached);
}

}  // namespace

TEST_CASE("certify.semidefinite: |x| has the constant 1") {
  CHECK(proves(1.0001, 1.0001));
  CHECK_FALSE(proves(1.0001, 1));
  CHECK_FALSE(proves(1, 0.9));
  CHECK_FALSE(proves(1e-3, 5));
}

TEST_CASE("certify.semidefinite: bounds lie above every observed slope; smaller claims and other numbers are refused") {
  attack<smooth>(0.6);
  attack<normal>(0.5);
  attack<leaky>(0.9);
  attack<narrowing>(0.6);  // the input stays in the form, reduced to four elements
}

// Multipliers that couple neurons (lambda (e_1 - e_2)(e_1 - e_2)', "LipSDP-Network" in the literature) would say that
// relu(10 x) - relu(x - 100) rises by 9 at most: they bound dy_1 - dy_2 by da_1 - da_2. It rises by 10 below 100.
TEST_CASE("certify.semidefinite: what coupled multipliers claim is refused") {
  parameters<modulus> p{};
  get<0>(p).weight = {10, 1};
  get<2>(p).weight = {1, -1};
  const auto all = certificates::chains_of(p);
  bool proved = false;
  for (double first = 1e-3; first < 1e3; first *= 1.25)
    for (double second = 1e-3; second < 1e3; second *= 1.25) {
      const double t[] = {first, second};
      REQUIRE_FALSE(semidefinite_proves(all.chains[0], t, 9.999));
      proved = proved || semidefinite_proves(all.chains[0], t, 10.5);
    }
  CHECK(proved);
}

TEST_CASE("certify.semidefinite: what is no number, and matrices out of range, prove nothing") {
  const auto all = certificates::chains_of(by_hand);
  for (const double wrong : {0.0, -1.0, 1e-310, rounded::infinity, std::numeric_limits<double>::quiet_NaN()}) {
    const double one[] = {1.0001, wrong}, right[] = {2, 2};
    CHECK_FALSE(semidefinite_proves(all.chains[0], one, 100));
    CHECK_FALSE(semidefinite_proves(all.chains[0], right, wrong));
  }
  auto p = random_parameters<smooth>(1);
  for (const float wrong : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    get<0>(p).weight[3] = wrong;
    const auto broken = certificates::chains_of(p);
    const std::vector<double> ones(broken.chains[0].multipliers(), 1);
    CHECK_FALSE(semidefinite_proves(broken.chains[0], ones.data(), 1e30));
  }
}

TEST_CASE("certify.semidefinite: R R' covers M M', what is not known of M included") {
  base::random_stream random(4);
  for (const double error : {0.0, 1e-6, 0.5}) {
    certificates::linear_map m{5, 12, certificates::buffer(60), error};
    for (std::size_t i = 0; i < 60; ++i) m.entries.at[i] = i < 12 || i >= 24 ? random.normal() : m.entries.at[i - 12];
    const auto root = certificates::gram_root(m);  // of two equal rows, so M M' is singular
    REQUIRE(root.rows == 5);
    for (int trial = 0; trial < 200; ++trial) {  // |R'v|^2 >= (|M'v| + error |v|)^2
      const auto v = random_vector(random, 5);
      double through_root = 0, through_map = 0;
      for (std::size_t j = 0; j < 12; ++j) {
        double by_map = 0, by_root = 0;
        for (std::size_t i = 0; i < 5; ++i) by_map += m.at(i, j) * v[i], by_root += j < 5 ? root.at(i, j) * v[i] : 0;
        through_map += by_map * by_map, through_root += by_root * by_root;
      }
      CHECK(through_root >= std::pow(std::sqrt(through_map) + error * norm(v), 2) * (1 - 1e-12));
      CHECK(through_root <= through_map + (error * 60 + 1e-9) * norm(v) * norm(v));
    }
  }
}

TEST_CASE("certify.semidefinite: an error of a map is paid for") {
  auto all = certificates::chains_of(by_hand);
  const double t[] = {1.01, 1.01};
  CHECK(semidefinite_proves(all.chains[0], t, 1.01));
  all.chains[0].maps[0].error = 0.1;
  CHECK_FALSE(semidefinite_proves(all.chains[0], t, 1.01));
  const double room[] = {2, 2};
  CHECK(semidefinite_proves(all.chains[0], room, 5));
  all.chains[0].maps[0].error = 0, all.chains[0].maps[1].error = 0.1;
  CHECK_FALSE(semidefinite_proves(all.chains[0], t, 1.01));
}
