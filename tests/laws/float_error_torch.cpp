// SPDX-License-Identifier: Apache-2.0
// What the rounding of trained networks costs their certificates: e, the bound of |computed - true| of all outputs on
// the certified ball, against the margin, and the share of the radius that is lost.
#include <cstdio>
#include <cstring>
#include <memory>
#include <taut/inference.hpp>
#include <taut/weights/load.hpp>
#include <vector>

#include "support/catch.hpp"

namespace {

using namespace taut;

struct DigitsLn : decltype(Input<64> >> Linear<32> >> LN >> ReLU >> Linear<10>) {};

struct MnistLn : decltype(Input<784> >> Linear<128> >> LN >> ReLU >> Linear<64> >> LN >> ReLU >> Linear<10>) {};

struct costs {
  double error = 0, radius = 0;  // means: e / margin, the part of the radius that rounding takes
};

template <class Net> costs costs_of(const std::string& name) {
  const std::filesystem::path folder = TAUT_TEST_DATA "/torch";
  const auto p = std::make_unique<parameters<Net>>();
  load_safetensors(folder / (name + ".safetensors"), *p);
  const auto file = safetensors_file::read(folder / (name + ".vectors.safetensors"));
  const stored_tensor* const inputs = file.find("input");
  REQUIRE(inputs != nullptr);
  std::vector<float> all(inputs->bytes.size() / sizeof(float));
  std::memcpy(all.data(), inputs->bytes.data(), inputs->bytes.size());
  const auto guard = std::make_unique<guarded<Net>>(certifier(*p));
  costs mean;
  const std::size_t count = all.size() / Net::input_size;
  for (std::size_t i = 0; i < count; ++i) {
    const std::vector<float> x(&all[i * Net::input_size], &all[i * Net::input_size] + Net::input_size);
    const auto v = certify(*guard, x);
    auto seen = filled<double, Net::depth>(certificates::farthest);
    static_cast<void>(guard->run(x, [&](std::size_t layer, float std) { seen[layer] = static_cast<double>(std); }));
    const auto rate = [&](std::size_t j) { return guard->distance_of(v.label, j); };
    std::array<double, Net::depth> moves{};
    const double least = certificates::smallest_move(v, 0, rate);
    const double unrounded = certificates::moves_back(*guard, seen, least, false, moves);
    auto low = seen;
    const double error =
        certificates::rounding_on_ball(guard->rounding, certificates::norm_up(x.data(), x.size()) + v.radius, x.size(),
                                       seen, &moves, guard->floor, low);
    double margin = certificates::farthest;
    for (std::size_t j = 0; j < Net::output_size; ++j)
      if (j != v.label) margin = std::min(margin, static_cast<double>(v.output[v.label] - v.output[j]));
    mean.error += error / margin / static_cast<double>(count);
    mean.radius += (1 - v.radius / unrounded) / static_cast<double>(count);
  }
  std::printf("%s: rounding is bounded by %.2g of the margin and takes %.2g of the radius\n", name.c_str(), mean.error,
              mean.radius);
  return mean;
}

}  // namespace

TEST_CASE("laws.float_error_torch: rounding costs a trained network next to nothing") {
  const costs digits = costs_of<DigitsLn>("digits_ln");
  CHECK(digits.error < 3e-4);
  CHECK(digits.radius < 1e-3);
  CHECK(digits.radius > 0);
  // of its wide products batches lose more than single samples, and what is certified holds for both
  const costs mnist = costs_of<MnistLn>("mnist_ln");
  CHECK(mnist.error < 1.6e-3);
  CHECK(mnist.radius < 5e-3);
}
