// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <limits>
#include <random>
#include <taut/simd/batch_convolution.hpp>
#include <taut/simd/lane.hpp>
#include <vector>

#include "support/catch.hpp"

namespace taut::simd {
namespace {

// One sample in each lane of V, against the same samples one by one in the lanes Packed; NaN and canaries around them.
template <class V, class Packed, convolution_shape S> std::size_t differences() {
  constexpr std::size_t taps = S.in_channels / S.groups * S.kernel_height * S.kernel_width, room = 64;
  constexpr float nan = std::numeric_limits<float>::quiet_NaN(), canary = 12345.678f;
  using kernel = convolution<Packed, S>;
  std::mt19937 random(static_cast<unsigned>(S.in_size() * 100 + taps));
  std::normal_distribution<float> normal;
  std::vector<float> raw(S.out_channels * taps);
  for (float& v : raw) v = normal(random);
  struct alignas(64) line {
    float at[16];
  };
  std::vector<line> packed(kernel::weight_size / 16 + kernel::bias_size / 16 + 4);
  float* const w = packed[0].at;
  float* const bias = packed[kernel::weight_size / 16 + 1].at;
  kernel::pack(
      [&](std::size_t co, std::size_t ci, std::size_t ky, std::size_t kx) {
        return static_cast<double>(raw[co * taps + (ci * S.kernel_height + ky) * S.kernel_width + kx]);
      },
      w);
  kernel::pack_bias([&](std::size_t co) { return static_cast<double>(raw[co]); }, bias);

  std::vector<V> x(S.in_size() + 2 * room, V(nan)), y(S.out_size() + 2 * room, V(canary));
  std::vector<std::vector<float>> alone(width<V>, std::vector<float>(S.in_size()));
  for (std::size_t i = 0; i < S.in_size(); ++i) {
    std::array<float, width<V>> each;
    for (std::size_t l = 0; l < width<V>; ++l) each[l] = alone[l][i] = normal(random);
    x[room + i] = load<V>(each.data());
  }
  const auto f = [](const auto& z) { return max(z, 0.5f); };
  batch_convolution<V, kernel, S>::apply(w, bias, &x[room], &y[room], f);

  std::size_t wrong = 0;
  for (std::size_t l = 0; l < width<V>; ++l) {
    std::vector<float> expected(kernel::writes), scratch(kernel::scratch_size);
    alone[l].resize(kernel::reads);
    kernel::apply(w, bias, alone[l].data(), expected.data(), scratch.data(), f);
    for (std::size_t i = 0; i < S.out_size(); ++i) {
      std::array<float, width<V>> each;
      store(y[room + i], each.data());
      wrong += std::bit_cast<std::uint32_t>(each[l]) == std::bit_cast<std::uint32_t>(expected[i]) ? 0 : 1;
    }
  }
  for (std::size_t i = 0; i < room; ++i) {
    std::array<float, width<V>> before, behind;
    store(y[i], before.data());
    store(y[room + S.out_size() + i], behind.data());
    wrong += before[0] == canary && behind[width<V> - 1] == canary ? 0 : 1;
  }
  return wrong;
}

template <convolution_shape S> void check() {
  CAPTURE(S.in_channels, S.in_height, S.in_width, S.out_channels, S.groups, S.kernel_height, S.kernel_width);
  CHECK(differences<native, native, S>() == 0);
  CHECK(differences<portable<4>, portable<4>, S>() == 0);
}

}  // namespace

TEST_CASE("simd.batch_convolution: bit for bit what each sample gives by itself") {
  check<convolution_shape{1, 1, 21, 5, 1, 1, 5, 1, 1, 0, 2}>();
  check<convolution_shape{3, 6, 5, 19, 1, 3, 2, 2, 1, 1, 1}>();  // more channels than a tile
  check<convolution_shape{4, 2, 2, 37, 1, 3, 3, 1, 1, 1, 1}>();  // packed as channels in the lanes
  check<convolution_shape{6, 5, 4, 6, 6, 3, 3, 1, 1, 1, 1}>();   // depthwise
  check<convolution_shape{4, 7, 3, 10, 2, 2, 1, 1, 2, 0, 0}>();  // read where it is
}

TEST_CASE("simd.batch_convolution: weights are found in the layout of other lanes") {
  constexpr convolution_shape S{5, 1, 9, 35, 1, 1, 3, 1, 1, 0, 1};
  CHECK(differences<portable<4>, portable<8>, S>() == 0);
  CHECK(differences<portable<1>, portable<16>, S>() == 0);
  CHECK(differences<portable<8>, portable<1>, S>() == 0);
}

}  // namespace taut::simd
