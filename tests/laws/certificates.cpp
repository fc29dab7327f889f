// SPDX-License-Identifier: Apache-2.0
// Attacks on certified inputs: nothing inside the radius changes the label, in double or in the float engine; beyond it
// attacks do succeed, so that the test can fail.
#include "laws/certificates.hpp"

#include "support/catch.hpp"

namespace {

using namespace taut;
using namespace taut::tests;

struct plain : decltype(Input<6> >> Linear<8> >> ReLU >> Linear<4>) {};
struct floored : decltype(Input<6> >> Linear<8> >> LN(min_std<1.0>) >> ReLU >> Linear<4>) {};
struct twice : decltype(Input<5> >> Linear<6> >> LN(min_std<0.1>) >> Tanh >> Linear<6> >> LN(min_std<0.1>) >> ReLU >>
                        Linear<3>) {};
struct open_floor : decltype(Input<6> >> Linear<8> >> LN(epsilon<0.5>) >> ReLU >> Linear<4>) {};
struct ends_in_tanh : decltype(Input<4> >> Linear<5> >> Tanh) {};
struct normalized_last : decltype(Input<4> >> Linear<5> >> LN(min_std<0.8>)) {};
struct one_matrix : decltype(Input<3> >> Linear<2>) {};
struct scaled : decltype(Input<5> >> BN >> Linear<6> >> BN >> ReLU >> BN >> Linear<4> >> BN) {};
struct residual
    : decltype(Input<4> >> Residual(Linear<5> >> Tanh >> Linear<4>) >> Concat(BN, GroupSort<2>) >> Linear<3>) {};
struct pooled : decltype(Input<2, 6> >> Conv1d<3, 3>(padding<1>) >> BN >> MaxPool<2> >> GELU >> Flatten >>
                         WeightNorm(Linear<4>) >> Softmax) {};
struct floored_roots : decltype(Input<6> >> Linear<8> >> RMSNorm(min_std<0.8>) >> ReLU >> Linear<4>) {};
struct floored_groups : decltype(Input<6> >> Linear<8> >> BN >> GN<2>(min_std<0.5>) >> BN >> Linear<4>) {};
struct floored_instances : decltype(Input<2, 6> >> Conv1d<2, 3>(padding<1>) >> InstanceNorm(min_std<0.4>) >>
                                    LeakyReLU<0.1> >> GlobalAvgPool >> SpectralNorm<4.0>(Linear<3>)) {};
struct floored_tokens : decltype(Input<2, 5> >> LN(over_last, min_std<0.45>) >> Conv1d<2, 2> >> MaxPool<2> >>
                                 RMSNorm(min_std<0.1>) >> Flatten >> Linear<3>) {};

struct record {
  std::size_t certified = 0, attacks = 0, broken_outside = 0, beyond_constant = 0, beyond_floor = 0;
};

// `beyond`: an attack at so many times the radius must succeed sometimes.
template <class Net> record attack(std::uint64_t first_seed, double beyond = 64) {
  record r;
  for (std::uint64_t seed = first_seed; seed < first_seed + 12; ++seed) {
    const auto p = random_parameters<Net>(seed, 1.5);
    const auto guard = certifier(p);
    const auto engine = compile(p);
    CHECK(guard.lipschitz == lipschitz_of(p).value);
    base::random_stream random(seed);
    for (int sample = 0; sample < 20; ++sample) {
      const auto x = random_vector<float>(random, Net::input_size, std::exp(random.uniform(-1, 1.5)));
      const auto v = certify(guard, x);
      CHECK(v.output == engine(x));
      if (!(v.radius > 0)) continue;
      ++r.certified;
      attacker<Net> enemy(p, x);
      double largest_reach = 0;
      for (std::size_t j = 0; j < Net::output_size; ++j)
        if (j != v.label) {
          const double margin = static_cast<double>(v.output[v.label]) - static_cast<double>(v.output[j]);
          const double reach = margin / guard.slope_of(v.label, j);
          if (largest_reach == 0 || reach < largest_reach) largest_reach = reach;
        }
      // the radius that the declared floors and one constant for all inputs that keep them would give
      const double reach = v.contract_holds ? largest_reach : 0;
      r.beyond_constant += v.radius > 1.001 * reach ? 1 : 0;
      r.beyond_floor += v.contract_holds ? 0 : 1;
      for (std::size_t other = 0; other < Net::output_size; ++other) {
        if (other == v.label) continue;
        const double inside = v.radius * (1 - 1e-12);
        for (int attempt = 0; attempt < 3; ++attempt, ++r.attacks) {
          INFO("seed " << seed << ", sample " << sample << ", toward " << other << ", radius " << v.radius);
          CHECK(enemy.keeps(engine, v.label, enemy.toward(v.label, other, inside, random), v.radius));
          auto blind = random_vector(random, x.size());
          attacker<Net>::project(blind, inside, true);
          CHECK(enemy.keeps(engine, v.label, blind, v.radius));
        }
        const double far = beyond * v.radius;
        if (!enemy.keeps(engine, v.label, enemy.toward(v.label, other, far, random), far)) ++r.broken_outside;
      }
    }
  }
  CHECK(r.certified > 60);
  CHECK(r.attacks > 300);
  CHECK(r.broken_outside >= 10);  // the enemy is no weak one
  return r;
}

}  // namespace

TEST_CASE("laws.certificates: no attack inside the radius changes a label") {
  attack<plain>(1);
  attack<open_floor>(100);
  attack<ends_in_tanh>(200);
  attack<one_matrix>(300);
}

TEST_CASE("laws.certificates: the same where floors are declared, which radii may exceed") {
  const auto of_one = attack<floored>(400), of_two = attack<twice>(500, 3000), of_last = attack<normalized_last>(600);
  CHECK(of_one.beyond_constant + of_two.beyond_constant + of_last.beyond_constant > 300);
  CHECK(of_one.beyond_floor + of_two.beyond_floor + of_last.beyond_floor > 20);
}

TEST_CASE("laws.certificates: batch norm, blocks, pooling and a last softmax") {
  attack<scaled>(700);
  attack<residual>(800);
  attack<pooled>(900, 1000);
}

TEST_CASE("laws.certificates: root mean squares, and several runs, the smallest of which counts") {
  const auto of_roots = attack<floored_roots>(1000), of_groups = attack<floored_groups>(1100),
             of_instances = attack<floored_instances>(1200, 1000), of_tokens = attack<floored_tokens>(1300, 1000);
  CHECK(of_roots.beyond_floor > 0);
  CHECK(of_groups.beyond_floor > 0);
  CHECK(of_instances.beyond_floor > 0);
  CHECK(of_tokens.beyond_floor > 0);
}
