// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstddef>
#include <limits>
#include <taut/simd/planes.hpp>
#include <vector>

#include "support/catch.hpp"

namespace taut::simd {
namespace {

constexpr float nan = std::numeric_limits<float>::quiet_NaN(), canary = 12345.678f;

// How many numbers under taps of outputs, or behind the copy, are not those of the definition.
template <class V, convolution_shape S, reading How> constexpr std::size_t wrong() {
  using source = planes<V, S, How>;
  constexpr std::size_t margin = 32;
  std::array<float, S.in_size() + margin> x{};
  std::array<float, source::size + margin> to{};
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = i < S.in_size() ? static_cast<float>(i + 1) : nan;
  for (std::size_t i = 0; i < to.size(); ++i) to[i] = i < source::size ? nan : canary;
  if constexpr (source::size > 0) source::copy(x.data(), to.data());
  const float* const at = source::size > 0 ? to.data() : x.data();
  std::size_t count = 0;
  for (std::size_t c = 0; c < S.in_channels; ++c)
    for (std::size_t tap = 0; tap < S.kernel_height * S.kernel_width; ++tap)
      for (std::size_t oy = 0; oy < S.out_height(); ++oy)
        for (std::size_t ox = 0; ox < S.out_width(); ++ox) {
          const std::size_t i = oy * S.stride_height + tap / S.kernel_width - S.padding_height;
          const std::size_t j = ox * S.stride_width + tap % S.kernel_width - S.padding_width;
          const bool inside = i < S.in_height && j < S.in_width;
          const std::size_t y = How == reading::in_phases ? oy : oy * S.stride_height;
          const std::size_t x_ = How == reading::in_phases ? ox : ox * S.stride_width;
          const float found = at[c * source::channel + source::offsets[tap] + y * source::pitch + x_];
          count += found != (inside ? x[(c * S.in_height + i) * S.in_width + j] : 0.0f);
        }
  for (std::size_t i = source::size; i < to.size(); ++i) count += to[i] != canary;
  if constexpr (source::size > 0)  // a register may be loaded from the last number on
    for (std::size_t i = 0; i < width<V>; ++i) count += to[S.in_channels * source::channel + i] != 0;
  return count;
}

constexpr convolution_shape square{2, 5, 7, 3, 1, 3, 3, 1, 1, 1, 1}, strided{3, 9, 20, 4, 1, 3, 2, 2, 2, 1, 1};
constexpr convolution_shape signal{2, 1, 37, 3, 1, 1, 5, 1, 2, 0, 2}, wide{1, 6, 10, 1, 1, 2, 1, 3, 3, 4, 4};

template <class V> constexpr std::size_t all_wrong() {
  return wrong<V, square, reading::in_phases>() + wrong<V, square, reading::copied>() +
         wrong<V, strided, reading::in_phases>() + wrong<V, strided, reading::copied>() +
         wrong<V, signal, reading::in_phases>() + wrong<V, wide, reading::in_phases>();
}
static_assert(all_wrong<portable<4>>() == 0 && all_wrong<float>() == 0);
static_assert(wrong<portable<4>, convolution_shape{2, 4, 6, 1, 1, 3, 2}, reading::in_place>() == 0);

// Every second of N floats, where what is behind the last one is no one's.
template <class V, std::size_t N> void check_every_other() {
  std::vector<float> from(2 * N - 1);
  for (std::size_t i = 0; i < from.size(); ++i) from[i] = static_cast<float>(i);
  std::array<float, N + 1> to{};
  copy_every<V, N, 2>(from.data(), to.data());
  for (std::size_t i = 0; i < N; ++i) CHECK(to[i] == static_cast<float>(2 * i));
  CHECK(to[N] == 0);
}

}  // namespace

TEST_CASE("simd.planes: what a tap sees, zeros around the input, and nothing behind the copy") {
  CHECK(all_wrong<native>() == 0);
  CHECK(all_wrong<portable<width<native>>>() == 0);
}

TEST_CASE("simd.planes: every other float of a row") {
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (check_every_other<native, I + 1>(), ...);
  }(std::make_index_sequence<20>{});
  check_every_other<native, 40>();
}

}  // namespace taut::simd
