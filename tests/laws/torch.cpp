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

struct DigitsBn : decltype(Input<64> >> Linear<32> >> BN >> ReLU >> Linear<10>) {};
struct DigitsMixed : decltype(Input<64> >> Linear<48> >> GN<6> >> GELU >> Linear<32> >> LN >> SiLU >> Linear<10>) {};
struct MlpRms : decltype(Input<64> >> Linear<40> >> RMSNorm(epsilon<1e-6>) >> Tanh >> Linear<10>) {};
struct Wn
    : decltype(Input<16> >> WeightNorm(Linear<24>) >> ReLU >> WeightNorm(Linear<12>) >> Tanh >> WeightNorm(Linear<4>)) {
};
struct Sn : decltype(Input<16> >> Linear<24> >> ReLU >> Linear<12> >> Tanh >> Linear<4>) {};
struct Conv1dIn : decltype(Input<1, 32> >> Conv1d<8, 3>(padding<1>) >> InstanceNorm >> ReLU >>
                           Conv1d<4, 3>(stride<2>) >> Flatten >> Linear<5>) {};
struct Conv2dBn : decltype(Input<1, 8, 8> >> Conv2d<8, 3>(padding<1>) >> BN >> ReLU >> MaxPool<2> >> Conv2d<16, 3> >>
                           GN<4> >> ReLU >> AvgPool<2> >> Flatten >> Linear<10>) {};
constexpr auto hidden = Linear<128> >> BN >> ReLU;
struct AdAutoencoder : decltype(Input<640> >> hidden >> hidden >> hidden >> hidden >> Linear<8> >> BN >> ReLU >>
                                hidden >> hidden >> hidden >> hidden >> Linear<640>) {};
static_assert(Wn::parameter_count == 800 && Conv1dIn::parameter_count == 453 && Conv2dBn::parameter_count == 1466);
static_assert(AdAutoencoder::parameter_count == 267928);

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

template <class Net, class Real> errors compare(const std::string& name) {
  const auto p = std::make_unique<parameters<Net, Real>>();
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

// Real: what the parameters are loaded into. PyTorch's spectral_norm divides, and double keeps the quotient's digits.
template <class Net, class Real = float> void check_agreement(const std::string& name) {
  const errors e = compare<Net, Real>(name);
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
TEST_CASE("laws.torch: digits_bn") { check_agreement<DigitsBn>("digits_bn"); }
TEST_CASE("laws.torch: digits_mixed") { check_agreement<DigitsMixed>("digits_mixed"); }
TEST_CASE("laws.torch: mlp_rms") { check_agreement<MlpRms>("mlp_rms"); }
TEST_CASE("laws.torch: wn") { check_agreement<Wn>("wn"); }
TEST_CASE("laws.torch: sn") { check_agreement<Sn, double>("sn"); }
TEST_CASE("laws.torch: sn_hook") { check_agreement<Sn, double>("sn_hook"); }
TEST_CASE("laws.torch: conv1d_in") { check_agreement<Conv1dIn>("conv1d_in"); }
TEST_CASE("laws.torch: conv2d_bn") { check_agreement<Conv2dBn>("conv2d_bn"); }
TEST_CASE("laws.torch: ad_autoencoder") { check_agreement<AdAutoencoder>("ad_autoencoder"); }

TEST_CASE("laws.torch: in float, an estimated spectral norm costs the rounding of the quotient only") {
  for (const char* name : {"sn", "sn_hook"}) {
    const errors e = compare<Sn, float>(name);
    INFO(name << ": evaluate " << e.evaluated << ", PyTorch " << e.torch << ", engine " << e.native);
    CHECK(e.evaluated <= 2e-7 * e.largest_output);
    CHECK(e.native <= 1.5 * e.torch);
  }
}
