// SPDX-License-Identifier: Apache-2.0
// Attacks in float32, in native and in single lanes: no float input inside a radius changes the engine's label. Inputs
// lie next to where labels change, so that margins are as small as roundings; weights are spoiled in several ways.
#include <cstdio>
#include <taut/certify/tighten.hpp>

#include "laws/certificates.hpp"
#include "support/catch.hpp"

namespace {

using namespace taut;
using namespace taut::tests;

struct relu_net : decltype(Input<24> >> Linear<32> >> ReLU >> Linear<3>) {};
struct normal_net : decltype(Input<24> >> Linear<16> >> LN >> GELU >> Linear<16> >> RMSNorm(epsilon<0.1>) >>
                             GroupSort<2> >> Linear<3>) {};

struct floored_net : decltype(Input<12> >> Linear<16> >> LN(min_std<1.0>) >> ReLU >> Linear<16> >> ReLU >> Linear<3>) {
};

enum class spoiled { not_at_all, large, tiny, rank_one, equal };

template <class Net> parameters<Net> weights(std::uint64_t seed, spoiled how) {
  auto p = random_parameters<Net>(seed);
  base::random_stream random(seed);
  bool first = true;
  for_each_tensor(p, [&](std::string_view name, shape extents, auto span) {
    if (!name.ends_with("weight") || extents.rank < 2) return;
    const std::size_t columns = extents.size() / extents.extent[0];
    std::vector<float> line(columns);
    for (float& v : line) v = static_cast<float>(random.normal());
    for (std::size_t i = 0; i < span.size(); ++i) {
      if (how == spoiled::large && first) span[i] *= 1e12f;
      if (how == spoiled::tiny && first) span[i] *= 1e-36f;
      if (how == spoiled::rank_one) span[i] = line[i % columns] * span[i / columns];
      if (how == spoiled::equal && first) span[i] = 0.7f + 1e-6f * span[i];  // rows that differ in their last digits
    }
    first = false;
  });
  return p;
}

struct tally {
  std::size_t certified = 0, near = 0, points = 0;
};

// Two inputs of different labels, moved together until nothing lies between; then points ever farther from there.
template <class Guard>
std::vector<std::vector<float>> near_boundary(const Guard& guard, base::random_stream& random, std::size_t n) {
  const auto label = [&](const std::vector<double>& x) {
    return label_of(guard.run(std::vector<float>(x.begin(), x.end())));
  };
  auto a = random_vector(random, n), b = random_vector(random, n);
  for (int tries = 0; tries < 50 && label(a) == label(b); ++tries) b = random_vector(random, n);
  const auto start = a;
  for (int step = 0; step < 40; ++step) {
    auto middle = a;
    for (std::size_t i = 0; i < n; ++i) middle[i] = 0.5 * (a[i] + b[i]);
    (label(middle) == label(a) ? a : b) = middle;
  }
  std::vector<std::vector<float>> found;
  for (double back = 1e-8; back < 0.1; back *= 4) {
    std::vector<float> x(n);
    for (std::size_t i = 0; i < n; ++i) x[i] = static_cast<float>(a[i] + back * (start[i] - a[i]));
    found.push_back(x);
  }
  return found;
}

template <class Lane, class Net> void attack(const parameters<Net>& p, std::uint64_t seed, tally& t) {
  const auto guard = certifier<float32<Lane>>(p);
  base::random_stream random(seed);
  for (int line = 0; line < 12; ++line)
    for (const auto& x : near_boundary(guard, random, Net::input_size)) {
      const auto v = certify(guard, x);
      if (!(v.radius > 0)) continue;
      ++t.certified;
      t.near += v.radius < 1e-3 ? 1 : 0;
      attacker<Net> enemy(p, x);
      for (std::size_t other = 0; other < Net::output_size; ++other) {
        if (other == v.label) continue;
        auto delta = enemy.toward(v.label, other, v.radius, random);
        for (int again = 0; again < 8; ++again, ++t.points) {
          CHECK(label_of(guard.run(enemy.nearest(delta, v.radius))) == v.label);
          for (double& d : delta) d *= 1 + 0.01 * random.normal();  // other roundings of the same direction
          attacker<Net>::project(delta, v.radius, true);
        }
      }
    }
}

template <class Net> void attack_all(const char* name, std::uint64_t seed) {
  tally t;
  for (const spoiled how : {spoiled::not_at_all, spoiled::large, spoiled::tiny, spoiled::rank_one, spoiled::equal})
    for (int again = 0; again < 3; ++again) {
      const auto p = weights<Net>(++seed, how);
      INFO("seed " << seed);
      attack<simd::native>(p, seed, t);
      attack<simd::portable<1>>(p, seed, t);
    }
  std::printf("%s: %zu certified, %zu of them within 0.001, %zu points\n", name, t.certified, t.near, t.points);
  CHECK(t.certified > 1000);
  CHECK(t.near > 200);
}

}  // namespace

TEST_CASE("laws.certificates_float: no float input inside a radius changes the engine's label") {
  attack_all<relu_net>("relu", 1);
  attack_all<normal_net>("normalized", 100);
}

TEST_CASE("laws.certificates_float: weights that overflow or vanish in float give no radius") {
  auto p = random_parameters<relu_net>(1);
  for (float& w : get<0>(p).weight) w *= 1e30f;
  for (float& w : get<2>(p).weight) w *= 1e30f;
  base::random_stream random(1);
  CHECK(certify(certifier(p), random_vector<float>(random, 24)).radius == 0);
  auto q = random_parameters<relu_net>(1);
  for (float& w : get<0>(q).weight) w *= 1e-43f;
  for (float& b : get<0>(q).bias) b *= 1e-43f;
  get<2>(q).bias = {0, 1e-44f, 2e-44f};
  CHECK(certify(certifier(q), random_vector<float>(random, 24)).radius == 0);
}

TEST_CASE("laws.certificates_float: a better constant gives larger radii where it holds, and they are kept, too") {
  std::size_t certified = 0, larger = 0, floors = 0, beyond = 0;
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    const auto p = random_parameters<floored_net>(seed, 2);
    const auto own = certifier(p);
    const auto handed = certifier(p, tighten(p));
    CHECK(handed.handed);
    CHECK(handed.lipschitz < own.lipschitz);
    base::random_stream random(seed);
    for (int sample = 0; sample < 60; ++sample) {
      const auto x = random_vector<float>(random, 12, 1 + 0.1 * sample);
      const auto v = certify(handed, x);
      const double without = certify(own, x).radius;
      CHECK(v.radius >= without);
      if (!(v.radius > 0)) continue;
      ++certified;
      larger += v.radius > 1.01 * without ? 1 : 0;
      floors += v.contract_holds ? 0 : 1;
      attacker<floored_net> enemy(p, x);
      for (std::size_t other = 0; other < 3; ++other) {
        if (other == v.label) continue;
        CHECK(enemy.keeps(handed.run, v.label, enemy.toward(v.label, other, v.radius, random), v.radius));
        const auto far = enemy.toward(v.label, other, 20 * v.radius, random);
        beyond += enemy.keeps(handed.run, v.label, far, 20 * v.radius) ? 0 : 1;
      }
    }
  }
  INFO(certified << " certified, " << larger << " larger, " << floors << " below a floor, " << beyond
                 << " broken beyond");
  CHECK(larger > 10);
  CHECK(beyond > 20);
}
