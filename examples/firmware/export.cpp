// SPDX-License-Identifier: Apache-2.0
// Writes the headers that the firmware includes: export FOLDER. The weights are files that PyTorch's users would have.
#include <cstdio>
#include <cstring>
#include <exception>
#include <filesystem>
#include <stdexcept>
#include <taut/taut.hpp>
#include <vector>

using namespace taut;

// MLPerf Tiny's autoencoder.
constexpr auto half =
    Linear<128> >> BN >> ReLU >> Linear<128> >> BN >> ReLU >> Linear<128> >> BN >> ReLU >> Linear<128> >> BN >> ReLU;
struct Autoencoder : decltype(Input<640> >> half >> Linear<8> >> BN >> ReLU >> half >> Linear<640>) {};
struct Digits : decltype(Input<64> >> Linear<32> >> LN >> ReLU >> Linear<10>) {};

// The first `count` inputs of a file of test vectors.
template <class Net> std::vector<float> inputs_of(const std::filesystem::path& file, std::size_t count) {
  const auto vectors = safetensors_file::read(file);
  const stored_tensor* const all = vectors.find("input");
  std::vector<float> inputs(count * Net::input_size);
  if (all == nullptr || all->bytes.size() < inputs.size() * sizeof(float))
    throw std::runtime_error(file.string() + " has too few test vectors");
  std::memcpy(inputs.data(), all->bytes.data(), inputs.size() * sizeof(float));
  return inputs;
}

int main(int argc, char** argv) try {
  const std::filesystem::path folder = argc > 1 ? argv[1] : ".", data = TAUT_MODELS;
  std::filesystem::create_directories(folder);
  const auto digits = load_safetensors<Digits>(data / "digits_ln.safetensors");
  const auto vectors = inputs_of<Digits>(data / "digits_ln.vectors.safetensors", 16);
  constexpr pocket_range range{.largest_norm = 16, .smallest_std = 0.05};
  write_header<float32<simd::scalar>>(digits, folder / "digits.hpp", {.test_inputs = vectors, .range = range});
  write_header<float32<simd::fused_scalar>>(digits, folder / "digits_fused.hpp",
                                            {.test_inputs = vectors, .range = range});
  // calibrated on inputs that are not among the test vectors
  const auto samples = inputs_of<Digits>(data / "digits_ln.vectors.safetensors", 180);
  const auto in_bytes = quantize(digits, std::span<const float>(samples).subspan(vectors.size()));
  write_header(certifier(digits, in_bytes), folder / "digits_int8.hpp", {.test_inputs = vectors});

  const auto autoencoder = std::make_unique<parameters<Autoencoder>>();
  load_safetensors(data / "ad_autoencoder.safetensors", *autoencoder);
  const auto sounds = inputs_of<Autoencoder>(data / "ad_autoencoder.vectors.safetensors", 34);
  const std::vector<float> heard(sounds.begin(), sounds.begin() + 2 * Autoencoder::input_size);
  write_header<float32<simd::scalar>>(*autoencoder, folder / "autoencoder.hpp", {.test_inputs = heard});
  write_header<float32<simd::fused_scalar>>(*autoencoder, folder / "autoencoder_fused.hpp", {.test_inputs = heard});
  const auto bytes = std::make_unique<quantized<Autoencoder>>(
      quantize(*autoencoder, std::span<const float>(sounds).subspan(heard.size())));
  write_header(*bytes, folder / "autoencoder_int8.hpp", {.test_inputs = heard});
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
