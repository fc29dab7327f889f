// SPDX-License-Identifier: Apache-2.0
// Agreement with PyTorch: its state_dicts load, and its outputs are reproduced.
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

constexpr auto one = Linear<3> >> LN;
constexpr auto eight = one >> one >> one >> one >> one >> one >> one >> one;
struct DeepLn : decltype(Input<3> >> eight >> eight >> eight >> eight >> Linear<1>) {};
static_assert(DeepLn::depth == 65 && DeepLn::parameter_count == 580);

const std::filesystem::path folder = TAUT_TEST_DATA "/torch";

template <class Element> std::vector<Element> values(const safetensors_file& file, const char* name) {
  const stored_tensor* const tensor = file.find(name);
  REQUIRE(tensor != nullptr);
  std::vector<Element> v(tensor->bytes.size() / sizeof(Element));
  std::memcpy(v.data(), tensor->bytes.data(), tensor->bytes.size());
  return v;
}

struct errors {
  double evaluated = 0, torch = 0, native = 0, scalar = 0, largest_output = 0;
};

template <class Net> errors compare(const std::string& name) {
  const auto p = std::make_unique<parameters<Net>>();
  load_safetensors(folder / (name + ".safetensors"), *p);
  const auto run = std::make_unique<engine<Net>>();
  const auto run_scalar = std::make_unique<engine<Net, float32<simd::portable<1>>>>();
  compile(*p, *run);
  compile(*p, *run_scalar);
  const auto vectors = safetensors_file::read(folder / (name + ".vectors.safetensors"));
  const auto inputs = values<float>(vectors, "input"), outputs = values<float>(vectors, "output");
  const auto exact = values<double>(vectors, "output64");
  const std::size_t samples = inputs.size() / Net::input_size;
  REQUIRE(samples > 0);
  REQUIRE(exact.size() == samples * Net::output_size);
  errors e;
  const auto larger = [](double& most, double value) { most = std::max(most, std::abs(value)); };
  for (std::size_t i = 0; i < samples; ++i) {
    const std::span<const float, Net::input_size> x(&inputs[i * Net::input_size], Net::input_size);
    const auto y = evaluate(*p, x);
    const auto fused = (*run)(x);
    const auto scalar = (*run_scalar)(x);
    for (std::size_t k = 0; k < Net::output_size; ++k) {
      const double truth = exact[i * Net::output_size + k];
      larger(e.largest_output, truth);
      larger(e.evaluated, y[k] - truth);
      larger(e.torch, static_cast<double>(outputs[i * Net::output_size + k]) - truth);
      larger(e.native, static_cast<double>(fused[k]) - truth);
      larger(e.scalar, static_cast<double>(scalar[k]) - truth);
    }
  }
  return e;
}

template <class Net> void check_agreement(const std::string& name) {
  const errors e = compare<Net>(name);
  INFO(name << ": evaluate " << e.evaluated << ", PyTorch " << e.torch << ", engine " << e.native << ", scalar "
            << e.scalar << ", largest output " << e.largest_output);
  CHECK(e.evaluated <= 1e-12 * e.largest_output);
  CHECK(e.native <= 1.5 * e.torch);
  CHECK(e.scalar <= 1.5 * e.torch);
}

}  // namespace

TEST_CASE("laws.torch: digits_ln") { check_agreement<DigitsLn>("digits_ln"); }
TEST_CASE("laws.torch: deep_ln") { check_agreement<DeepLn>("deep_ln"); }
TEST_CASE("laws.torch: mnist_ln") { check_agreement<MnistLn>("mnist_ln"); }
