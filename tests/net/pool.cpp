// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <limits>
#include <taut/net/pool.hpp>
#include <taut/simd/lane.hpp>
#include <vector>

#include "support/catch.hpp"

namespace {

using namespace taut;
template <std::size_t A, std::size_t B, class... Options> using pool = pool_windows<A, B, Options...>;
using half_padded = pool<3, 3, option::padding<1, 1>>;

static_assert(pool<2, 2>::stride.first == 2 && pool<2, 3>::stride.second == 3);  // by default the window
static_assert(pool<2, 3, option::stride<1, 2>>::stride.first == 1 &&
              pool<2, 3, option::stride<1, 2>>::stride.second == 2);
static_assert(pool<2, 2>::output(shape{3, 9}) == shape{3, 4} && pool<2, 2>::output(shape{3, 4, 7}) == shape{3, 2, 3});
static_assert(half_padded::output(shape{1, 4, 4}) == shape{1, 2, 2} && half_padded::accepts(shape{1, 1, 1}));

static_assert(pool<2, 2>::accepts(shape{3, 2}) && !pool<2, 2>::accepts(shape{3, 1}) && !pool<2, 2>::accepts(shape{8}));
static_assert(pool<2, 3>::accepts(shape{1, 2, 3}) && !pool<2, 3>::accepts(shape{1, 6}));
static_assert(!pool<2, 2, option::stride<1, 2>>::accepts(shape{1, 6}) && !pool<0, 0>::accepts(shape{1, 6}));
static_assert(!pool<3, 3, option::padding<2, 2>>::accepts(shape{1, 6}));

}  // namespace

TEST_CASE("net.pool: what is said to a wrong input") {
  CHECK(pool<2, 2>::wants.view() == "C x L or C x H x W, min 2");
  CHECK(half_padded::wants.view() == "C x L or C x H x W, min 1");
  CHECK(pool<2, 3>::wants.view() == "C x H x W, at least 2 x 3");
  CHECK(pool<3, 3, option::padding<2, 2>>::wants.view() == "padding <= half the window");
  CHECK(pool<0, 3>::wants.view() == "a window of at least 1");
  CHECK(pool<2, 2>::name("MaxPool").view() == "MaxPool<2>");
  CHECK(pool<2, 3>::name("MaxPool").view() == "MaxPool<2, 3>");
}

namespace {

// Sums and maxima of the windows of small integers, exact in any order, in lanes W; what is looked at; NaN around x.
template <window_geometry G, class W> void check_pool_in_lanes() {
  CAPTURE(G.height, G.width, G.kernel_height, G.kernel_width, G.stride_width, G.padding_width);
  constexpr std::size_t inputs = G.channels * G.height * G.width, margin = 2 * simd::width<W>;
  constexpr std::size_t outputs = G.channels * G.out_height() * G.out_width();
  std::vector<float> x(inputs + margin, std::numeric_limits<float>::quiet_NaN()), y(outputs + margin, 0.5f);
  for (std::size_t i = 0; i < inputs; ++i) x[i] = static_cast<float>(i * 7 % 23) - 11;
  bool seen[2]{};
  std::size_t wrong = 0;
  const auto look = [&](const W& v, std::size_t k) {
    const float sum = simd::sum(v);
    wrong += sum == sum && k < 2 ? 0 : 1;
    if (k < 2) seen[k] = true;
  };
  pool_in_lanes<in_long_rows(G), W>(
      x.data(), y.data(), 0, [](const auto& a, const auto& b) { return a + b; }, [](const auto& v) { return v + v; },
      look);
  for_each_window(G, [&](std::size_t o, auto&& positions) {
    float sum = 0;
    positions([&](std::size_t i) { sum += x[i]; });
    wrong += y[o] == 2 * sum ? 0 : 1;
  });
  pool_in_lanes<in_long_rows(G), W>(
      x.data(), y.data(), -100, [](const auto& a, const auto& b) { return simd::max(a, b); },
      [](const auto& v) { return v; }, look);
  for_each_window(G, [&](std::size_t o, auto&& positions) {
    float most = -100;
    positions([&](std::size_t i) { most = std::max(most, x[i]); });
    wrong += y[o] == most ? 0 : 1;
  });
  for (std::size_t i = outputs + simd::width<W>; i < y.size(); ++i) wrong += y[i] == 0.5f ? 0 : 1;
  CHECK(wrong == 0);
  CHECK(seen[0]);
}
template <window_geometry G> void check_pool() {
  check_pool_in_lanes<G, simd::native>();
  check_pool_in_lanes<G, simd::portable<4>>();
  check_pool_in_lanes<G, simd::portable<1>>();
}

}  // namespace

TEST_CASE("net.pool: the kernel joins every window, whatever its stride, its padding and the width of a row") {
  check_pool<window_geometry{3, 1, 66, 1, 2, 1, 2, 0, 0}>();  // pairs in long rows
  check_pool<window_geometry{2, 1, 37, 1, 2, 1, 2, 0, 0}>();
  check_pool<window_geometry{2, 6, 10, 2, 2, 2, 2, 0, 0}>();
  check_pool<window_geometry{2, 5, 70, 3, 3, 1, 1, 1, 1}>();
  check_pool<window_geometry{2, 7, 41, 3, 3, 2, 2, 1, 1}>();
  check_pool<window_geometry{1, 9, 17, 2, 4, 3, 3, 0, 1}>();
  check_pool<window_geometry{1, 4, 5, 1, 1, 2, 5, 0, 0}>();
}

namespace {

// The same for registers of samples.
template <window_geometry G, class W> constexpr std::size_t wrong_samples() {
  constexpr std::size_t inputs = G.channels * G.height * G.width, lanes = simd::width<W>;
  constexpr std::size_t outputs = G.channels * G.out_height() * G.out_width();
  std::array<std::array<float, lanes>, inputs> x{};
  std::array<W, inputs> in{};
  std::array<W, outputs> sums{}, largest{};
  for (std::size_t i = 0; i < inputs; ++i) {
    for (std::size_t l = 0; l < lanes; ++l) x[i][l] = static_cast<float>((i * 7 + l * 5) % 23) - 11;
    in[i] = simd::load<W>(x[i].data());
  }
  bool looked = true;
  W seen(0.0f), ignored(0.0f);
  pool_of_samples<G, W>(
      in.data(), sums.data(), [](const W& a, const W& b) { return a + b; }, [](const W& v) { return v + v; },
      [&](const W& v) { seen = seen + v; });
  pool_of_samples<G, W>(
      in.data(), largest.data(), [](const W& a, const W& b) { return simd::max(a, b); }, [](const W& v) { return v; },
      [&](const W& v) { ignored = ignored + v; });
  std::size_t count = 0;
  for_each_window(G, [&](std::size_t o, auto&& positions) {
    std::array<float, lanes> found{}, most{};
    simd::store(sums[o], found.data());
    simd::store(largest[o], most.data());
    for (std::size_t l = 0; l < lanes; ++l) {
      float sum = 0, top = -100;
      positions([&](std::size_t i) { sum += x[i][l], top = std::max(top, x[i][l]); });
      count += (found[l] != 2 * sum) + (most[l] != top);
    }
  });
  // each element under a window is looked at: the sum of all that is looked at depends on it
  for (std::size_t at = 0; at < inputs; ++at) {
    bool under = false;
    for_each_window(G, [&](std::size_t, auto&& positions) { positions([&](std::size_t i) { under |= i == at; }); });
    auto other = in;
    other[at] = other[at] + W(0x1p20f);
    W now(0.0f);
    pool_of_samples<G, W>(
        other.data(), sums.data(), [](const W& a, const W&) { return a; }, [](const W& v) { return v; },
        [&](const W& v) { now = now + v; });
    looked &= !under || simd::sum(now - seen) > 0;
  }
  return count + (looked ? 0 : 1);
}
template <window_geometry G> void check_samples() {
  CHECK(wrong_samples<G, simd::portable<2>>() == 0);
  CHECK(wrong_samples<G, simd::native>() == 0);
}

}  // namespace

TEST_CASE("net.pool: a register of samples") {
  static_assert(wrong_samples<window_geometry{1, 2, 3, 2, 2, 1, 1, 0, 1}, simd::portable<2>>() == 0);
  check_samples<window_geometry{2, 1, 9, 1, 2, 1, 2, 0, 0}>();
  check_samples<window_geometry{2, 5, 6, 3, 3, 1, 1, 1, 1}>();
  check_samples<window_geometry{1, 6, 7, 3, 4, 2, 3, 1, 2}>();
}

TEST_CASE("net.pool: an infinity or NaN goes to its windows, and is looked at") {
  constexpr window_geometry g{1, 2, 19, 2, 3, 1, 2, 0, 1};
  std::array<float, 38 + 2 * simd::width<simd::native>> x{};
  x[25] = std::numeric_limits<float>::infinity();  // row 1, column 6: windows 3 (5, 6, 7)
  std::array<float, 10 + 2 * simd::width<simd::native>> y{};
  simd::native sum(0.0f);
  pool_in_lanes<g, simd::native>(
      x.data(), y.data(), 0, [](const auto& a, const auto& b) { return a + b; }, [](const auto& v) { return v; },
      [&](const simd::native& v, std::size_t) { sum += v; });
  for (std::size_t o = 0; o < 10; ++o) CHECK((y[o] > 1) == (o == 3));
  CHECK(simd::sum(sum) > 1);
}
