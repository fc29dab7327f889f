// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <random>
#include <taut/simd/convolution.hpp>
#include <taut/simd/lane.hpp>
#include <vector>

#include "support/bits.hpp"
#include "support/catch.hpp"

namespace taut::simd {
namespace {

// The definition, for any number: w has its entries in the order co, ci, ky, kx; add(i, w, x) for each term of output i.
constexpr void definition(const convolution_shape& s, const auto& w, const auto& x, auto&& add) {
  const std::size_t inputs = s.in_channels / s.groups, outputs = s.out_channels / s.groups;
  for (std::size_t co = 0, out = 0; co < s.out_channels; ++co)
    for (std::size_t oy = 0; oy < s.out_height(); ++oy)
      for (std::size_t ox = 0; ox < s.out_width(); ++ox, ++out)
        for (std::size_t ci = 0, at = co * inputs * s.kernel_height * s.kernel_width; ci < inputs; ++ci)
          for (std::size_t ky = 0; ky < s.kernel_height; ++ky)
            for (std::size_t kx = 0; kx < s.kernel_width; ++kx, ++at) {
              const std::size_t i = oy * s.stride_height + ky, j = ox * s.stride_width + kx;  // of the padded input
              if (i < s.padding_height || i >= s.padding_height + s.in_height || j < s.padding_width ||
                  j >= s.padding_width + s.in_width)
                continue;
              const std::size_t channel = co / outputs * inputs + ci;
              add(out, w[at], x[(channel * s.in_height + i - s.padding_height) * s.in_width + j - s.padding_width]);
            }
}
constexpr std::size_t terms(const convolution_shape& s) {
  return s.in_channels / s.groups * s.kernel_height * s.kernel_width;
}

struct problem {
  convolution_shape shape;
  std::vector<double> w;
  std::vector<float> bias, x;
};
problem random_problem(const convolution_shape& s) {
  std::mt19937 random(static_cast<unsigned>(s.in_size() * 1000 + terms(s) * s.out_channels));
  std::normal_distribution<double> normal;
  problem p{s, std::vector<double>(terms(s) * s.out_channels), std::vector<float>(s.out_channels),
            std::vector<float>(s.in_size())};
  for (double& v : p.w) v = static_cast<double>(static_cast<float>(normal(random)));
  for (float& v : p.bias) v = static_cast<float>(normal(random));
  for (float& v : p.x) v = static_cast<float>(normal(random));
  return p;
}

// A kernel in lanes V, without its type.
struct subject {
  std::size_t weights, biases, scratch, reads, writes;
  void (*pack)(const problem&, float* w, float* bias);
  void (*apply)(const float* w, const float* bias, const float* x, float* y, float* scratch);
};
template <class V, convolution_shape S> subject kernel_of() {
  using kernel = convolution<V, S>;
  return {kernel::weight_size,
          kernel::bias_size,
          kernel::scratch_size,
          kernel::reads,
          kernel::writes,
          [](const problem& p, float* w, float* bias) {
            kernel::pack(
                [&p](std::size_t co, std::size_t ci, std::size_t ky, std::size_t kx) {
                  return p.w[((co * (S.in_channels / S.groups) + ci) * S.kernel_height + ky) * S.kernel_width + kx];
                },
                w);
            kernel::pack_bias([&p](std::size_t co) { return static_cast<double>(p.bias[co]); }, bias);
          },
          [](const float* w, const float* bias, const float* x, float* y, float* scratch) {
            kernel::apply(w, bias, x, y, scratch);
          }};
}

// The outputs, with scratch full of `filling`, memory around everything that must be neither read (NaN) nor written.
std::vector<float> outputs_of(const subject& kernel, const problem& p, float filling) {
  constexpr float nan = std::numeric_limits<float>::quiet_NaN(), canary = 12345.678f;
  constexpr std::size_t margin = 64;
  struct alignas(64) line {
    float at[16];
  };
  const std::size_t first_bias = kernel.weights / 16 + 2;
  std::vector<line> packed(first_bias + kernel.biases / 16 + 2);
  float *const w = packed[0].at, *const b = w + first_bias * 16;
  std::fill_n(w, packed.size() * 16, nan);
  kernel.pack(p, w, b);
  CHECK(std::isnan(w[kernel.weights]));
  CHECK(std::isnan(b[kernel.biases]));
  std::vector<float> x(p.x.size() + 2 * margin, nan);
  std::vector<float> y(kernel.writes + 2 * margin, canary), scratch(kernel.scratch + 2 * margin, filling);
  std::copy(p.x.begin(), p.x.end(), &x[margin]);
  kernel.apply(w, b, &x[margin], &y[margin], &scratch[margin]);
  for (std::size_t i = 0; i < margin; ++i) {
    CHECK(y[i] == canary);
    CHECK(y[margin + kernel.writes + i] == canary);
    for (const std::size_t at : {i, margin + kernel.scratch + i})
      CHECK(std::bit_cast<std::uint32_t>(scratch[at]) == std::bit_cast<std::uint32_t>(filling));
  }
  return {&y[margin], &y[margin] + p.shape.out_size()};
}

// The largest error in units of (terms + 8) 2^-24 (|bias| + sum |w| |x|).
double worst_error(const problem& p, const std::vector<float>& y) {
  std::vector<double> sum(y.size()), size(y.size());
  const std::size_t positions = y.size() / p.shape.out_channels;
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] = p.bias[i / positions], size[i] = std::abs(sum[i]);
  definition(p.shape, p.w, p.x, [&](std::size_t i, double w, float x) {
    sum[i] += w * static_cast<double>(x), size[i] += std::abs(w * static_cast<double>(x));
  });
  const auto count = static_cast<double>(terms(p.shape) + 8);
  double worst = 0;
  for (std::size_t i = 0; i < sum.size(); ++i)
    worst = std::max(worst, std::abs(static_cast<double>(y[i]) - sum[i]) / (count * 0x1p-24 * size[i]));
  return worst;
}

void check_kernels(const convolution_shape& s, const subject& in_registers, std::initializer_list<subject> others) {
  CAPTURE(s.in_channels, s.in_height, s.in_width, s.out_channels, s.groups, s.kernel_height, s.kernel_width);
  CAPTURE(s.stride_height, s.stride_width, s.padding_height, s.padding_width);
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  const problem p = random_problem(s);
  const auto y = outputs_of(in_registers, p, nan);
  CHECK(worst_error(p, y) <= 1);
  CHECK(tests::same_bits(y, outputs_of(in_registers, p, 1e30f)));
  // one chain of multiply_adds for each output: the same in every lane
  for (const subject& other : others) CHECK(tests::same_bits(y, outputs_of(other, p, nan)));
}
// OtherLanes: in registers of four and as scalars, too.
template <convolution_shape S, bool OtherLanes = false> void check() {
  const subject widest = kernel_of<native, S>(), emulated = kernel_of<portable<width<native>>, S>();
  if constexpr (OtherLanes) check_kernels(S, widest, {emulated, kernel_of<float, S>(), kernel_of<portable<4>, S>()});
  else check_kernels(S, widest, {emulated});
}

// In constant expressions: small integers, so every sum is exact.
template <class V, convolution_shape S> constexpr bool exact() {
  using kernel = convolution<V, S>;
  const auto entry = [](std::size_t co, std::size_t ci, std::size_t ky, std::size_t kx) {
    return static_cast<double>((co * 3 + ci * 5 + ky * 7 + kx * 2) % 11) - 5;
  };
  std::array<float, kernel::weight_size> w{};
  std::array<float, kernel::bias_size> bias{};
  std::array<float, kernel::reads> x{};
  std::array<float, kernel::writes> y{};
  std::array<float, kernel::scratch_size> scratch{};
  std::array<double, S.out_size()> expected{};
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i * 5 % 9) - 4;
  kernel::pack_bias([](std::size_t co) { return static_cast<double>(co) - 2; }, bias.data());
  for (std::size_t i = 0; i < expected.size(); ++i)
    expected[i] = static_cast<double>(i / (S.out_size() / S.out_channels)) - 2;
  kernel::pack(entry, w.data());
  kernel::apply(w.data(), bias.data(), x.data(), y.data(), scratch.data());
  std::array<double, S.out_channels * terms(S)> in_order{};
  for (std::size_t i = 0; i < in_order.size(); ++i)
    in_order[i] = entry(i / terms(S), i % terms(S) / (S.kernel_height * S.kernel_width),
                        i / S.kernel_width % S.kernel_height, i % S.kernel_width);
  definition(S, in_order, x, [&](std::size_t i, double u, float v) { expected[i] += u * static_cast<double>(v); });
  for (std::size_t i = 0; i < expected.size(); ++i)
    if (static_cast<double>(y[i]) != expected[i]) return false;
  return true;
}

// channels, height, width -> channels in groups; kernel, stride, padding
constexpr convolution_shape image(std::size_t c, std::size_t h, std::size_t w, std::size_t out, std::size_t k,
                                  std::size_t s = 1, std::size_t p = 0, std::size_t groups = 1) {
  return {c, h, w, out, groups, k, k, s, s, p, p};
}
constexpr convolution_shape signal(std::size_t c, std::size_t length, std::size_t out, std::size_t k, std::size_t s = 1,
                                   std::size_t p = 0, std::size_t groups = 1) {
  return {c, 1, length, out, groups, 1, k, 1, s, 0, p};
}
static_assert(exact<portable<4>, image(2, 5, 4, 3, 3, 1, 1)>() && exact<portable<8>, image(1, 6, 7, 2, 2, 2)>());
static_assert(exact<portable<16>, image(3, 2, 2, 17, 3, 1, 1)>() && exact<float, image(2, 3, 3, 4, 2, 1, 0, 2)>());
static_assert(exact<portable<1>, signal(2, 9, 3, 4, 3, 2)>() && exact<portable<4>, signal(4, 11, 4, 3, 1, 1, 4)>());
static_assert(exact<portable<2>, image(1, 1, 1, 1, 1)>());

static_assert(convolution<portable<16>, image(8, 4, 4, 16, 3, 1, 1)>::channels_in_lanes);
static_assert(!convolution<portable<16>, image(1, 8, 8, 8, 3, 1, 1)>::channels_in_lanes);
static_assert(!convolution<portable<16>, image(16, 32, 32, 16, 3, 1, 1)>::channels_in_lanes);
static_assert(convolution<portable<16>, image(1, 8, 8, 8, 3, 1, 1)>::weight_size == 72);

template <std::size_t S, std::size_t P> void check_shapes() {
  check<image(3, 7, 9, 5, 3, S, P), (S == 2)>();
  check<signal(2, 23, 4, 5, S, P), (P == 3)>();
}

}  // namespace

TEST_CASE("simd.convolution: strides and paddings; native equals portable bit for bit and both are accurate") {
  check_shapes<1, 0>();
  check_shapes<1, 3>();
  check_shapes<2, 1>();
  check_shapes<3, 1>();
}

TEST_CASE("simd.convolution: axes that differ") {
  check<convolution_shape{2, 6, 9, 3, 1, 2, 3, 1, 2, 1, 0}>();
  check<convolution_shape{1, 9, 4, 2, 1, 5, 1, 3, 1, 0, 2}>();
  check<convolution_shape{2, 3, 20, 2, 2, 3, 4, 2, 5, 1, 7}>();
  check<convolution_shape{1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2}, true>();  // windows on padding only
  check<image(2, 5, 7, 3, 1, 1, 3)>();
}

TEST_CASE("simd.convolution: groups and depthwise") {
  check<image(4, 6, 6, 6, 3, 1, 1, 2)>();
  check<image(3, 8, 8, 6, 3, 2, 1, 3)>();
  check<signal(5, 40, 5, 7, 1, 3, 5)>();
  check<image(2, 19, 20, 2, 3, 1, 1, 2)>();  // rows of the output share what they load
  check<image(6, 5, 4, 6, 3, 1, 1, 6), true>();
  check<image(3, 10, 13, 3, 3, 1, 2, 3)>();  // and are shorter than a register
}

TEST_CASE("simd.convolution: rows, or all positions, that are no whole registers, where they belong") {
  check<image(1, 5, 30, 2, 3, 1, 1)>();
  check<signal(2, 10, 3, 3), true>();
  check<image(3, 3, 7, 2, 1)>();
  check<signal(1, 21, 5, 5, 1, 2)>();
  check<signal(3, 9, 2, 3, 1, 1)>();
  static_assert(convolution<portable<16>, signal(2, 10, 3, 3)>::reads == 20 + 8);
  static_assert(convolution<portable<16>, signal(2, 10, 3, 3)>::writes == 24 + 8);
  static_assert(convolution<portable<16>, image(2, 20, 20, 5, 3)>::reads == 800);
  static_assert(convolution<portable<16>, image(2, 20, 20, 5, 3, 1, 1)>::writes == 2000);
}

TEST_CASE("simd.convolution: the function behind the sums sees each of them once") {
  const auto check_function = []<convolution_shape S>(std::integral_constant<convolution_shape, S>) {
    using kernel = convolution<portable<4>, S>;
    alignas(16) std::array<float, kernel::weight_size> w{};
    alignas(16) std::array<float, kernel::bias_size> bias{};
    std::array<float, kernel::reads> x{};
    std::array<float, kernel::writes> y{};
    std::array<float, kernel::scratch_size> scratch{};
    kernel::pack_bias([](std::size_t co) { return static_cast<double>(co) - 1; }, bias.data());
    kernel::apply(w.data(), bias.data(), x.data(), y.data(), scratch.data(),
                  [](const portable<4>& z) { return z * portable<4>(3.0f) + portable<4>(1.0f); });
    for (std::size_t i = 0; i < S.out_size(); ++i)
      CHECK(y[i] == 3 * (static_cast<float>(i / (S.out_size() / S.out_channels)) - 1) + 1);
  };
  check_function(std::integral_constant<convolution_shape, image(8, 2, 2, 16, 3, 1, 1)>{});  // channels in the lanes
  check_function(std::integral_constant<convolution_shape, image(1, 5, 5, 3, 3)>{});
  check_function(std::integral_constant<convolution_shape, image(1, 5, 3, 3, 3, 1, 1)>{});
  check_function(std::integral_constant<convolution_shape, image(2, 6, 6, 2, 3, 1, 1, 2)>{});
}

// Every output of a channel is in its sums once: against sums of y, which are as without them; NaN beyond rows, inputs.
template <convolution_shape S> void check_sums() {
  using kernel = convolution<native, S>;
  using replay = convolution<portable<width<native>>, S>;
  if constexpr (kernel::adds_up) {
    CAPTURE(S.in_height, S.in_width, S.padding_width);
    constexpr float nan = std::numeric_limits<float>::quiet_NaN();
    constexpr std::size_t positions = S.out_size() / S.out_channels, lanes = width<native>;
    const problem p = random_problem(S);
    const subject whole = kernel_of<native, S>();
    struct alignas(64) line {
      float at[16];
    };
    std::vector<line> w(whole.weights / 16 + 1), b(whole.biases / 16 + 1);
    whole.pack(p, w[0].at, b[0].at);
    std::vector<float> x(p.x), y(whole.writes), scratch(whole.scratch, nan);
    x.resize(whole.reads + 64, nan);
    struct numbers {
      float pivot;
      std::array<float, lanes> sum, squares;
    };
    std::vector<numbers> told, again;
    const auto teller = [](std::vector<numbers>& to) {
      return [&to](std::size_t channel, const auto& sums) {
        CHECK(channel == to.size());
        to.push_back({sums.pivot, {}, {}});
        store(sums.sum, to.back().sum.data());
        store(sums.squares, to.back().squares.data());
      };
    };
    kernel::apply(w[0].at, b[0].at, x.data(), y.data(), scratch.data(), {}, teller(told));
    y.resize(S.out_size());
    CHECK(tests::same_bits(y, outputs_of(whole, p, nan)));
    REQUIRE(told.size() == S.out_channels);
    for (std::size_t c = 0; c < told.size(); ++c) {
      double sum = 0, squares = 0, expected = 0, expected_squares = 0;
      for (std::size_t l = 0; l < lanes; ++l)
        sum += static_cast<double>(told[c].sum[l]), squares += static_cast<double>(told[c].squares[l]);
      for (std::size_t i = 0; i < positions; ++i) {
        const double d = static_cast<double>(y[c * positions + i]) - static_cast<double>(told[c].pivot);
        expected += d, expected_squares += d * d;
      }
      CHECK(std::abs(sum - expected) <= 1e-6 * std::sqrt(static_cast<double>(positions) * expected_squares));
      CHECK(std::abs(squares - expected_squares) <= 1e-6 * expected_squares);
    }
    std::fill(scratch.begin(), scratch.end(), 1e30f);
    y.resize(whole.writes);
    replay::apply(w[0].at, b[0].at, x.data(), y.data(), scratch.data(), {}, teller(again));
    for (std::size_t c = 0; c < told.size(); ++c)
      CHECK((told[c].pivot == again[c].pivot && told[c].sum == again[c].sum && told[c].squares == again[c].squares));
  }
}

TEST_CASE("simd.convolution: sums of channels count every output once") {
  check_sums<image(2, 19, 20, 2, 3, 1, 1, 2)>();  // the last register of a row overlaps the one before
  check_sums<image(2, 9, 32, 2, 3, 1, 1, 2)>();   // whole registers
  check_sums<image(3, 10, 13, 3, 3, 1, 2, 3)>();  // shorter rows
  check_sums<image(2, 12, 7, 2, 3, 1, 1, 2)>();
  using overlapping = convolution<portable<16>, image(2, 19, 20, 2, 3, 1, 1, 2)>;
  static_assert(overlapping::adds_up && overlapping::longest_sum == 3 * 2 + 4 + 1);  // 7 + 7 + 5 rows, 2 registers each
  static_assert(!convolution<portable<16>, image(2, 20, 20, 5, 3)>::adds_up);
  static_assert(!convolution<portable<8>, image(2, 19, 20, 2, 3, 1, 1, 2)>::adds_up);
}

TEST_CASE("simd.convolution: either way of filling the lanes, blocks that are not full") {
  check<image(1, 8, 8, 8, 3, 1, 1), true>();
  check<image(8, 4, 4, 16, 3, 1, 1), true>();
  check<image(3, 2, 2, 37, 3, 1, 1)>();
  check<image(5, 1, 1, 9, 1)>();
  check<image(2, 14, 14, 11, 3, 1, 1)>();
  check<image(4, 20, 20, 9, 3, 1, 1)>();
}

TEST_CASE("simd.convolution: a NaN or an infinity reaches the outputs whose windows hold it, and no other") {
  constexpr convolution_shape S = image(2, 6, 7, 3, 3, 1, 1);
  for (const float odd : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    problem p = random_problem(S);
    p.x[17] = odd;  // row 2, column 3 of channel 0
    const auto y = outputs_of(kernel_of<native, S>(), p, 0);
    std::vector<bool> reached(S.out_size());
    definition(S, p.w, p.x, [&](std::size_t i, double, float x) { reached[i] = reached[i] || !std::isfinite(x); });
    for (std::size_t i = 0; i < y.size(); ++i) CHECK(std::isfinite(y[i]) == !reached[i]);
  }
}

TEST_CASE("simd.convolution: weights are rounded once from double") {
  using kernel = convolution<portable<4>, signal(1, 9, 1, 2)>;
  float packed[2];
  kernel::pack([](auto, auto, auto, std::size_t kx) { return kx == 0 ? 0.1 : 1 + 0x1p-24 + 0x1p-50; }, packed);
  CHECK(packed[0] == 0.1f);
  CHECK(packed[1] == 1 + 0x1p-23f);
}

}  // namespace taut::simd
