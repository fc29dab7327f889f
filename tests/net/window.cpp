// SPDX-License-Identifier: Apache-2.0
#include <taut/net/window.hpp>
#include <vector>

#include "support/catch.hpp"

namespace {

using namespace taut;

constexpr window_geometry image = windows(shape{3, 8, 9}, {3, 2}, {2, 1}, {1, 0});
static_assert(image == window_geometry{3, 8, 9, 3, 2, 2, 1, 1, 0} && image.fits());
static_assert(image.out_height() == 4 && image.out_width() == 8 && image.window() == 6);
static_assert(image.overlap() == 2 * 2 && image.covered() == 3 * 2);
static_assert(image.rows().begin(0) == 0 && image.rows().end(0) == 2 && image.rows().offset(0) == 1);
static_assert(image.rows().begin(3) == 5 && image.rows().end(3) == 8 && image.rows().offset(3) == 0);

constexpr window_geometry signal = windows(shape{2, 10}, {3, 7}, {2, 7}, {1, 7});
static_assert(signal == window_geometry{2, 1, 10, 1, 3, 1, 2, 0, 1});
static_assert(signal.out_height() == 1 && signal.out_width() == 5 && signal.overlap() == 2);

static_assert(!windows(shape{1, 3}, {4, 4}, {1, 1}, {0, 0}).fits());
static_assert(windows(shape{1, 3}, {4, 4}, {1, 1}, {1, 1}).fits());
static_assert(!windows(shape{1, 3, 3}, {0, 1}, {1, 1}, {0, 0}).fits());
static_assert(!windows(shape{1, 3, 3}, {1, 1}, {1, 0}, {0, 0}).fits());
static_assert(windows(shape{1, 1}, {3, 3}, {1, 1}, {1, 1}).covered() == 1);  // the rest is padding

}  // namespace

TEST_CASE("net.window: every axis agrees with its windows counted one by one") {
  for (std::size_t size = 1; size <= 9; ++size)
    for (std::size_t kernel = 1; kernel <= 7; ++kernel)
      for (std::size_t stride = 1; stride <= 4; ++stride)
        for (std::size_t padding = 0; padding <= 3; ++padding) {
          const window_axis axis{size, kernel, stride, padding};
          REQUIRE(axis.fits() == (size + 2 * padding >= kernel));
          if (!axis.fits()) continue;
          INFO(size << ", window " << kernel << ", stride " << stride << ", padding " << padding);
          std::vector<std::size_t> windows_at(size, 0);
          std::size_t count = 0, covered = 0;
          for (std::size_t start = 0; start + kernel <= size + 2 * padding; start += stride, ++count) {
            std::vector<std::size_t> inside, offsets;
            for (std::size_t k = 0; k < kernel; ++k)
              if (start + k >= padding && start + k < padding + size)
                inside.push_back(start + k - padding), offsets.push_back(k);
            for (const std::size_t i : inside) ++windows_at[i];
            covered = std::max(covered, inside.size());
            CHECK(axis.end(count) - axis.begin(count) == inside.size());
            if (inside.empty()) continue;
            CHECK(axis.begin(count) == inside.front());
            CHECK(axis.end(count) == inside.back() + 1);
            CHECK(axis.offset(count) == offsets.front());
          }
          CHECK(axis.out() == count);
          CHECK(axis.covered() == covered);
          CHECK(axis.overlap() == *std::max_element(windows_at.begin(), windows_at.end()));
        }
}

TEST_CASE("net.window: the positions of each window, row by row") {
  std::vector<std::vector<std::size_t>> seen;
  for_each_window(windows(shape{2, 2, 3}, {2, 2}, {1, 2}, {0, 1}), [&](std::size_t o, auto&& positions) {
    CHECK(o == seen.size());
    seen.emplace_back();
    positions([&](std::size_t i) { seen.back().push_back(i); });
  });
  CHECK(seen == std::vector<std::vector<std::size_t>>{{0, 3}, {1, 2, 4, 5}, {6, 9}, {7, 8, 10, 11}});
}
