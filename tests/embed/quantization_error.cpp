// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <memory>
#include <taut/embed/quantization_error.hpp>
#include <taut/taut.hpp>
#include <vector>

#include "support/catch.hpp"

using namespace taut;

namespace {

struct Digits : decltype(Input<64> >> Linear<32> >> LN >> ReLU >> Linear<10>) {};
struct Mnist : decltype(Input<784> >> Linear<128> >> LN >> ReLU >> Linear<64> >> LN >> ReLU >> Linear<10>) {};

double distance(const auto& y, const auto& truth) {
  double sum = 0;
  for (std::size_t i = 0; i < y.size(); ++i) sum += std::pow(static_cast<double>(y[i]) - truth[i], 2);
  return std::sqrt(sum);
}
std::size_t label_of(const auto& y) { return static_cast<std::size_t>(std::ranges::max_element(y) - y.begin()); }

struct counts {
  std::size_t samples = 0, same = 0, proved = 0;
  double used = 0;  // of the bound, at most
};

// The network of a file in bytes on its test vectors, calibrated on the second half of them; `scale`: of the inputs.
template <class Net> counts compare(const std::string& name, float scale = 1) {
  const std::filesystem::path folder(TAUT_TEST_DATA "/torch");
  const auto p = std::make_unique<parameters<Net>>();
  load_safetensors(folder / (name + ".safetensors"), *p);
  const auto vectors = safetensors_file::read(folder / (name + ".vectors.safetensors"));
  const auto& stored = *vectors.find("input");
  std::vector<float> x(stored.bytes.size() / sizeof(float));
  std::memcpy(x.data(), stored.bytes.data(), stored.bytes.size());
  const auto q = std::make_unique<quantized<Net>>(
      quantize(*p, std::span<const float>(x).subspan(x.size() / 2 / Net::input_size * Net::input_size)));
  const auto guard = certifier(*p, *q);
  const auto run = std::make_unique<engine<Net, int8>>(compile(*q));
  counts c;
  for (std::size_t at = 0; at < x.size(); at += Net::input_size, ++c.samples) {
    std::vector<float> here(&x[at], &x[at] + Net::input_size);
    for (float& v : here) v *= scale;
    const auto v = certify(guard, here);
    const auto truth = evaluate(*p, here);
    CHECK(v.output == (*run)(here));
    const double used = distance(v.output, truth) / v.deviation;
    CHECK(used <= 1);
    c.used = std::max(c.used, used);
    const bool same = label_of(truth) == v.label;
    CHECK((same || !v.same_label));
    c.same += same ? 1 : 0;
    c.proved += v.same_label ? 1 : 0;
  }
  std::printf(
      "%s in bytes%s: %zu inputs, %zu labels as in float, %zu of them proved, deviations at most %.2f of their "
      "bounds\n",
      name.c_str(), scale == 1 ? "" : ", inputs cut off", c.samples, c.same, c.proved, c.used);
  return c;
}

}  // namespace

TEST_CASE("embed.quantization_error: digits keep their labels, most of them provably") {
  const counts c = compare<Digits>("digits_ln");
  CHECK(c.same * 100 >= c.samples * 99);
  CHECK(c.proved * 100 >= c.samples * 90);
  CHECK(c.used > 0.1);
}

TEST_CASE("embed.quantization_error: and behind two normalizers") {
  const counts c = compare<Mnist>("mnist_ln");
  CHECK(c.same * 100 >= c.samples * 99);
  CHECK(c.proved * 100 >= c.samples * 80);
}

TEST_CASE("embed.quantization_error: what is cut off counts") {
  const counts c = compare<Digits>("digits_ln", 3);
  CHECK(c.same < c.samples);
  CHECK(c.used > 0.1);
}

TEST_CASE("embed.quantization_error: rounded weights and activations count where inputs are exact") {
  struct Net : decltype(Input<4> >> Linear<6> >> ReLU >> Linear<3>) {};
  parameters<Net> p;
  initialise(p, 9);
  const std::vector<float> x{127, -3, 55, -127};  // the step is 1
  const auto q = quantize(p, x);
  const auto guard = certifier(p, q);
  const auto v = certify(guard, x);
  const double off = distance(v.output, evaluate(p, x));
  CHECK(off > 0);
  CHECK(off <= v.deviation);
  CHECK(v.deviation < 10 * off);
}
