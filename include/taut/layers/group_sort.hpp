// SPDX-License-Identifier: Apache-2.0
// GroupSort<k>: y = x with each k neighbouring channels (features of a vector) sorted, smallest first, at each
// position. MaxMin is GroupSort<2>. NaN is kept, but where it ends up in its group is not specified.
//
// Lipschitz   1, exact: sorting keeps the norm, and no two inputs are further apart once both are sorted
// Gradient    dx = dy sent back to where each value came from; of equal values the first stays first
// Example     Input<64> >> Linear<32> >> GroupSort<2>
#pragma once
#include <array>
#include <cstddef>
#include <taut/net/layer.hpp>
#include <taut/net/sector.hpp>
#include <taut/net/sweep.hpp>
#include <taut/simd/lane.hpp>

namespace taut::layer {

/// Groups of `Size` channels, sorted.
template <std::size_t Size> struct group_sort : layer_base {
  static constexpr auto name = base::say("GroupSort<", Size, ">");
  static constexpr fusion reads = fusion::mixing;
  static constexpr bool homogeneous = true;
  static constexpr bool permutes = true, keeps_range = true;
  static constexpr auto wants =
      Size < 2 ? base::say("groups of at least 2") : base::say("channels divisible by ", Size);
  static constexpr bool accepts(shape in) { return Size >= 2 && in.channels() % Size == 0; }
  static constexpr shape output(shape in) { return in; }
  static constexpr std::size_t multiply_adds(shape) { return 0; }  // comparisons only

  template <shape In, class V> static constexpr void forward(const auto&, const V* x, V* y) {
    for (std::size_t first = 0; first < In.size(); first += Size * In.positions())
      for (std::size_t at = first; at < first + In.positions(); ++at)
        sort<V>([&](std::size_t i) { return x[at + i * In.positions()]; },
                [&](std::size_t i, V v) { y[at + i * In.positions()] = v; });
  }

  /// One sample, positions in the lanes.
  template <shape In, simd::float_lane W>
    requires(In.positions() >= simd::width<W>)
  static constexpr void run(const auto&, const float* x, float* y) {
    for (std::size_t first = 0; first < In.size(); first += Size * In.positions())
      for_each_whole_block<simd::width<W>, In.positions()>([x, y, first](std::size_t at) {
        sort<W>([&](std::size_t i) { return simd::load<W>(x + first + at + i * In.positions()); },
                [&](std::size_t i, W v) { simd::store(v, y + first + at + i * In.positions()); });
      });
  }

  // The same exchanges, remembered, and undone in reverse order.
  template <shape In, class P, class V>
  static constexpr void gradient(const P&, const V* x, const V*, const V* dy, V* dx, P&) {
    for (std::size_t first = 0; first < In.size(); first += Size * In.positions())
      for (std::size_t at = first; at < first + In.positions(); ++at) {
        std::array<decltype(simd::less(V(0), V(0))), Size*(Size - 1) / 2> exchanged{};
        std::array<V, Size> value{}, slope{};
        for (std::size_t i = 0; i < Size; ++i) {
          value[i] = x[at + i * In.positions()];
          slope[i] = dy[at + i * In.positions()];
        }
        std::size_t count = 0;
        for (std::size_t end = 1; end < Size; ++end)
          for (std::size_t i = end; i-- > 0; ++count) {
            exchanged[count] = simd::less(value[i + 1], value[i]);
            exchange(exchanged[count], value[i], value[i + 1]);
          }
        for (std::size_t end = Size; --end > 0;)
          for (std::size_t i = 0; i < end; ++i) exchange(exchanged[--count], slope[i], slope[i + 1]);
        for (std::size_t i = 0; i < Size; ++i) dx[at + i * In.positions()] = slope[i];
      }
  }

  static constexpr kernel_error accuracy(shape) { return {}; }
  static constexpr auto lipschitz(shape) { return constant(1); }
  /// Each group of a vector is sorted on its own; those of an image are not neighbours.
  static constexpr sector slopes(shape in) { return {-1, 1, in.positions() == 1 ? Size : in.size()}; }

 private:
  // Insertion sort by exchanges of neighbours: stable, and a permutation of the values whatever they are.
  template <class V> [[gnu::always_inline]] static constexpr void exchange(const auto& where, V& a, V& b) {
    const V low = simd::select(where, b, a);
    b = simd::select(where, a, b);
    a = low;
  }
  // Reads a group's elements, writes them sorted.
  template <class V> static constexpr void sort(auto&& read, auto&& write) {
    std::array<V, Size> value{};
    for (std::size_t i = 0; i < Size; ++i) value[i] = read(i);
    for (std::size_t end = 1; end < Size; ++end)
      for (std::size_t i = end; i-- > 0;) exchange(simd::less(value[i + 1], value[i]), value[i], value[i + 1]);
    for (std::size_t i = 0; i < Size; ++i) write(i, value[i]);
  }
};

}  // namespace taut::layer

namespace taut {
/// Sorts groups of k neighbouring features or channels, smallest first: `GroupSort<2>`.
template <std::size_t k> inline constexpr layer::group_sort<k> GroupSort{};
/// Sorts pairs: GroupSort<2>.
inline constexpr layer::group_sort<2> MaxMin{};
}  // namespace taut
