// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <taut/embed/pocket_byte_constants.hpp>
#include <taut/taut.hpp>
#include <vector>

#include "support/catch.hpp"

using namespace taut;

namespace {

// Their last stages have no table: `move` is then how far outputs are off.
struct Chain : decltype(Input<12> >> Linear<20> >> LN >> ReLU >> Linear<16> >> LeakyReLU<0.5> >> Linear<9> >> RMSNorm >>
                        Linear<10> >> ReLU >> Linear<4> >> ReLU) {};
// So narrow that what each stage loses is about what it can lose.
struct Narrow : decltype(Input<1> >> Linear<1> >> ReLU >> Linear<2> >> LeakyReLU<0.5>) {};
struct Matrix : decltype(Input<2> >> Linear<2> >> LeakyReLU<0.5>) {};
struct Normal : decltype(Input<1> >> Linear<2> >> RMSNorm >> ReLU >> Linear<2> >> LeakyReLU<0.5>) {};

// Inputs of some size; 127: bytes, in which nothing is lost.
template <std::size_t In> std::array<float, In> some_input(base::random_stream& random, double size) {
  std::array<float, In> x;
  for (float& v : x)
    v = static_cast<float>(size == 127 ? std::round(random.uniform(-127, 127)) : size * random.normal());
  return x;
}
template <class Net> parameters<Net> some_network(std::uint64_t seed) {
  parameters<Net> p;
  initialise(p, seed);
  base::random_stream random(seed + 50);
  for_each_tensor(p, [&](std::string_view key, const shape&, auto values) {
    if (key.find("bias") == key.npos && key.find("1.") == key.npos) return;
    for (auto& v : values) v += static_cast<float>(0.5 * random.normal());
  });
  return p;
}
template <class Net> quantized<Net> in_bytes(const parameters<Net>& p, base::random_stream& random, double size) {
  std::vector<float> samples(30 * Net::input_size);
  for (float& v : samples) v = static_cast<float>(random.normal());
  if (size == 127) samples[0] = 127;
  return quantize(p, samples);
}

// The largest part of the bound that an input uses, over many networks and inputs of these sizes.
template <class Net> double attack(std::uint64_t networks, const std::vector<double>& sizes) {
  constexpr std::size_t in = Net::input_size;
  double used = 0;
  for (std::uint64_t seed = 1; seed <= networks; ++seed) {
    const auto p = some_network<Net>(seed);
    base::random_stream random(seed + 70);
    const auto q = in_bytes(p, random, sizes[0]);
    const auto guard = pocket_guard(certifier(p, q));
    const auto run = compile(q);
    for (const double size : sizes) {
      for (int i = 0; i < 20; ++i) {
        const auto x = some_input<in>(random, size);
        certificates::byte_walk<Net> w{guard, run};
        w.walk(x.data());
        CHECK(w.v.output == run(x));
        const auto truth = evaluate(p, x);
        double squares = 0;
        for (std::size_t k = 0; k < truth.size(); ++k)
          squares += std::pow(static_cast<double>(w.v.output[k]) - truth[k], 2);
        CHECK(std::sqrt(squares) <= static_cast<double>(w.move));
        used = std::max(used, std::sqrt(squares) / static_cast<double>(w.move));
      }
    }
  }
  return used;
}

}  // namespace

TEST_CASE("embed.pocket_byte_constants: outputs are no farther from the true ones than the guard reckons") {
  const std::vector<double> sizes{1.0, 0.02, 0.7, 1.5, 4.0};  // also inputs that are cut off
  const double chain = attack<Chain>(4, sizes), narrow = attack<Narrow>(60, sizes), normal = attack<Normal>(60, sizes);
  INFO("chain " << chain << " narrow " << narrow << " normal " << normal);
  CHECK(chain > 0.02);
  CHECK(narrow > 0.9);
  CHECK(attack<Matrix>(60, {127}) > 0.9);
  CHECK(normal > 0.6);
}

namespace {

// The largest part of what is taken from margins that they have really lost, likewise.
template <class Net> double attack_margins(double size) {
  double used = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    const auto p = some_network<Net>(seed);
    base::random_stream random(seed + 70);
    const auto q = in_bytes(p, random, size);
    const auto guard = pocket_guard(certifier(p, q));
    const auto run = compile(q);
    for (int i = 0; i < 20; ++i) {
      const auto x = some_input<Net::input_size>(random, size);
      certificates::byte_walk<Net> w{guard, run};
      w.walk(x.data());
      const auto room = static_cast<double>(w.room());
      if (room == 0) continue;
      const auto truth = evaluate(p, x);
      const std::size_t j = 1 - w.v.label;
      const double lead = static_cast<double>(w.v.output[w.v.label]) - static_cast<double>(w.v.output[j]);
      const double kept = room * static_cast<double>(guard.distance[1]), margin = truth[w.v.label] - truth[j];
      CHECK(kept <= margin);
      used = std::max(used, (lead - margin) / (lead - kept));
    }
  }
  return used;
}

struct Table : decltype(Input<2> >> Linear<2>) {};
struct Behind : decltype(Input<1> >> Linear<2> >> ReLU >> Linear<2>) {};

}  // namespace

TEST_CASE("embed.pocket_byte_constants: margins lose no more than the table says") {
  const double table = attack_margins<Table>(127), behind = attack_margins<Behind>(1);
  INFO("table " << table << " behind " << behind);
  CHECK(table > 0.6);
  CHECK(behind > 0.5);
}

TEST_CASE("embed.pocket_byte_constants: the true stds are not below those it reckons with") {
  double most = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    parameters<Normal> p;
    initialise(p, seed);
    base::random_stream random(seed);
    for (float& v : get<0>(p).bias) v = static_cast<float>(0.2 * random.normal());
    const std::vector<float> samples{1, -1, 0.5f};
    const auto q = quantize(p, samples);
    const auto guard = pocket_guard(certifier(p, q));
    const auto run = compile(q);
    for (int i = 0; i < 40; ++i) {
      const std::array<float, 1> x{static_cast<float>(random.normal())};
      certificates::byte_walk<Normal> w{guard, run};
      w.walk(x.data());
      std::vector<double> values(x.begin(), x.end()), sums;
      quantization::evaluate_stage<Normal, 0>(p, values, sums);
      const double std = std::sqrt((sums[0] * sums[0] + sums[1] * sums[1]) / 2);
      CHECK(static_cast<double>(w.low[1]) <= std);
      most = std::max(most, static_cast<double>(w.low[1]) / std);
    }
  }
  CHECK(most > 0.95);
}

TEST_CASE("embed.pocket_byte_constants: every constant counts") {
  struct Net : decltype(Input<6> >> Linear<8> >> LN >> ReLU >> Linear<3>) {};
  parameters<Net> p;
  initialise(p, 2);
  base::random_stream random(3);
  std::vector<float> samples(20 * 6);
  for (float& v : samples) v = static_cast<float>(random.normal());
  const auto q = quantize(p, samples);
  const auto guard = pocket_guard(certifier(p, q));
  const auto& hidden = guard.stage[0];
  CHECK(hidden.slip > 0);
  CHECK(hidden.slip < 0.1f * hidden.norm);  // bytes are not that bad
  CHECK(hidden.bias_slip > 0);
  CHECK(static_cast<double>(hidden.radius) >= std::sqrt(8.0));
  CHECK(hidden.rounded >= 0.5f * std::sqrt(8.0f) * hidden.unit);
  CHECK(hidden.rounded < 0.55f * std::sqrt(8.0f) * hidden.unit);
  for (std::size_t i = 0; i < 3; ++i) CHECK(guard.row_slip[i] > 0);
  CHECK(guard.fall[1] > 0);
}
