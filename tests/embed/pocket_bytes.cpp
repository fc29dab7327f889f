// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <taut/embed/pocket_byte_constants.hpp>
#include <taut/embed/pocket_bytes.hpp>
#include <taut/taut.hpp>
#include <vector>

#include "support/catch.hpp"

using namespace taut;

namespace {

struct Digits : decltype(Input<64> >> Linear<32> >> LN(min_std<0.2>) >> ReLU >> Linear<10>) {};
struct Convolved : decltype(Input<1, 8> >> Conv1d<2, 3> >> ReLU >> Flatten >> Linear<2>) {};
struct Curved : decltype(Input<8> >> Linear<4> >> Tanh >> Linear<2>) {};
struct Single : decltype(Input<8> >> Linear<1>) {};
static_assert(fits_pocket_bytes<Digits>());
static_assert(!fits_pocket_bytes<Convolved>() && !fits_pocket_bytes<Curved>() && !fits_pocket_bytes<Single>());

std::size_t label_of(const auto& y) { return static_cast<std::size_t>(std::ranges::max_element(y) - y.begin()); }

struct subject {
  parameters<Digits> p = load_safetensors<Digits>(TAUT_TEST_DATA "/torch/digits_ln.safetensors");
  std::vector<float> inputs;
  quantized<Digits> q;

  subject() {
    const auto file = safetensors_file::read(TAUT_TEST_DATA "/torch/digits_ln.vectors.safetensors");
    const auto& stored = *file.find("input");
    inputs.resize(stored.bytes.size() / sizeof(float));
    std::memcpy(inputs.data(), stored.bytes.data(), stored.bytes.size());
    q = quantize(p, std::span<const float>(inputs).subspan(inputs.size() / 2 / 64 * 64));
  }
};

}  // namespace

TEST_CASE("embed.pocket_bytes: the label is that of the true network, and the radius below the host's") {
  const subject s;
  const auto whole = certifier(s.p, s.q);
  const auto guard = pocket_guard(whole);
  const auto floats = certifier<float32<simd::scalar>>(s.p);
  const auto run = compile(s.q);
  std::size_t samples = 0, proved = 0, on_host = 0;
  for (std::size_t at = 0; at < s.inputs.size(); at += 64, ++samples) {
    const std::span<const float> x(&s.inputs[at], 64);
    const auto v = certify(guard, run, x);
    const auto host = certify(floats, x);
    CHECK(v.output == run(x));
    CHECK(v.label == label_of(v.output));
    CHECK(static_cast<double>(v.radius) <= host.radius);
    if (v.contract_holds) CHECK(host.contract_holds);
    if (v.radius > 0) CHECK(label_of(evaluate(s.p, x)) == v.label);
    proved += v.radius > 0 ? 1 : 0;
    on_host += certify(whole, x).same_label ? 1 : 0;
  }
  CHECK(proved <= on_host);
  CHECK(proved * 100 >= samples * 90);
}

TEST_CASE("embed.pocket_bytes: no input within the radius has another label in the true network") {
  const subject s;
  const auto guard = pocket_guard(certifier(s.p, s.q));
  const auto run = compile(s.q);
  std::size_t attacked = 0, crossed = 0;
  for (std::size_t at = 0; at < 60 * 64; at += 64) {
    std::vector<double> x(&s.inputs[at], &s.inputs[at] + 64);
    const auto v = certify(guard, run, std::span<const float>(&s.inputs[at], 64));
    if (!(v.radius > 0)) continue;
    ++attacked;
    // down the steepest way of the margin, again and again, each time back to the sphere
    const auto margin = [&](const std::vector<double>& z, std::size_t j) {
      const auto y = evaluate(s.p, z);
      return y[v.label] - y[j];
    };
    const auto worst = [&](const std::vector<double>& z) {
      std::size_t best = v.label == 0 ? 1 : 0;
      for (std::size_t j = 0; j < 10; ++j)
        if (j != v.label && margin(z, j) < margin(z, best)) best = j;
      return best;
    };
    for (const double part : {0.9999, 12.0}) {
      std::vector<double> z = x;
      for (int turn = 0; turn < 3; ++turn) {
        const std::size_t j = worst(z);
        std::vector<double> slope(64);
        double norm = 0;
        for (std::size_t i = 0; i < 64; ++i) {
          auto to = z;
          to[i] += 1e-6;
          slope[i] = (margin(to, j) - margin(z, j)) / 1e-6;
          norm += slope[i] * slope[i];
        }
        for (std::size_t i = 0; i < 64; ++i)
          z[i] = x[i] - slope[i] / std::sqrt(norm) * static_cast<double>(v.radius) * part;
      }
      const bool other = margin(z, worst(z)) <= 0;
      if (part < 1) CHECK(!other);
      else crossed += other ? 1 : 0;
    }
  }
  CHECK(attacked > 30);
  CHECK(crossed * 2 > attacked);
}

TEST_CASE("embed.pocket_bytes: nothing is promised of no numbers, of ties, or without the contract") {
  const subject s;
  const auto guard = pocket_guard(certifier(s.p, s.q));
  const auto run = compile(s.q);
  std::vector<float> x(&s.inputs[0], &s.inputs[0] + 64);
  CHECK(certify(guard, run, x).contract_holds);
  x[5] = std::numeric_limits<float>::quiet_NaN();
  CHECK(certify(guard, run, x).radius == 0);
  CHECK(!certify(guard, run, x).contract_holds);
  x[5] = std::numeric_limits<float>::infinity();
  CHECK(certify(guard, run, x).radius == 0);
  x[5] = 1e30f;
  CHECK(certify(guard, run, x).radius == 0);
  const std::vector<float> zero(64);
  CHECK(!certify(guard, run, zero).contract_holds);  // a std below 0.2
  auto p = s.p;
  get<3>(p) = {};  // all outputs are equal
  const auto q = quantize(p, s.inputs);
  CHECK(certify(pocket_guard(certifier(p, q)), compile(q), zero).radius == 0);
}
