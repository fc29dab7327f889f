// SPDX-License-Identifier: Apache-2.0
//
// Pieces of lanes: lanes of another width, blocks of columns repeated from memory or from a register, the first floats
// of a lane, and activations that wait in registers for the next layer: a shuffle takes 1 to 4 cycles, a store and the
// load behind it 12 and more. Every word for vector<N> gives the result of portable<N>. Example, columns 4 to 7:
//   registers<native, 1> x = ...;
//   native block = columns_of<native, 4>(x, std::integral_constant<std::size_t, 1>{});
#pragma once

#include <cstddef>
#include <taut/simd/lane.hpp>
#include <type_traits>
#include <utility>

namespace taut::simd {

namespace detail {

template <class V, std::size_t Width> struct resize {
  using type = V;
};
template <std::size_t Old, bool F, std::size_t Width> struct resize<portable<Old, F>, Width> {
  using type = portable<Width, F>;
};
#if defined(XSIMD_VERSION_MAJOR) && !defined(XSIMD_NO_SUPPORTED_ARCHITECTURE)
template <std::size_t Old, std::size_t Width> struct resize<vector<Old>, Width> {
  using type = vector<Width>;
};
#endif

// A lane that is a register, not an array of floats.
template <class V>
concept in_register = requires(V v) { v.raw(); };

}  // namespace detail

/// The lane of the same kind with so many floats; scalars stay scalars.
template <float_lane V, std::size_t Width> using resized = typename detail::resize<V, Width>::type;

/// Floats [first, first + Columns) of v, repeated all over V.
template <float_lane V, std::size_t Columns, std::size_t First = 0, float_lane U>
[[gnu::always_inline]] constexpr V repeated(const U& v) {
  static_assert(First + Columns <= width<U>);
  if constexpr (First == 0 && Columns == width<U> && width<V> == width<U>) {
    return v;
  } else if constexpr (detail::in_register<U>) {
#if defined(__AVX512F__)  // g++ 12 widens through memory
    if constexpr (width<U> == 8 && width<V> == 16 && Columns == 8)
      return V(typename V::batch(_mm512_castpd_ps(_mm512_broadcast_f64x4(_mm256_castps_pd(v.value)))));
    if constexpr (width<U> == 4 && width<V> == 16) return V(typename V::batch(_mm512_broadcast_f32x4(v.value)));
    if constexpr (width<U> == 8 && width<V> == 16)
      return repeated<V, Columns, First>(V(typename V::batch(_mm512_castps256_ps512(v.value))));
#endif
#if defined(__AVX__)
    if constexpr (width<U> == 4 && width<V> == 8)
      return V(typename V::batch(_mm256_insertf128_ps(_mm256_castps128_ps256(v.value), v.value, 1)));
#endif
    return [&]<std::size_t... I>(std::index_sequence<I...>) __attribute__((always_inline)) {
      const auto raw = v.raw();
      return V(__builtin_shufflevector(raw, raw, (First + I % Columns)...));
    }(std::make_index_sequence<width<V>>{});
  } else {
    V r;
    for (std::size_t i = 0; i < width<V>; ++i) r.at[i] = v.at[First + i % Columns];
    return r;
  }
}

/// The Count floats at p and zeros behind; nothing behind them is read.
template <float_lane V, std::size_t Count>
  requires(Count <= width<V>)
[[gnu::always_inline]] constexpr V load_first(const float* p) {
  if constexpr (Count == width<V>) {
    return load<V>(p);
  } else if constexpr (detail::in_register<V>) {
#if defined(__AVX512VL__)
    if constexpr (width<V> == 16) return V(typename V::batch(_mm512_maskz_loadu_ps((1u << Count) - 1, p)));
    if constexpr (width<V> == 8) return V(typename V::batch(_mm256_maskz_loadu_ps((1u << Count) - 1, p)));
#endif
    return [&]<std::size_t... I>(std::index_sequence<I...>) __attribute__((always_inline)) {
      return V(typename V::floats{p[I]...});
    }(std::make_index_sequence<Count>{});
  } else {
    V r(0.0f);
    for (std::size_t i = 0; i < Count; ++i) r.at[i] = p[i];
    return r;
  }
}

/// The Count floats at p from float First on, zeros before and behind; nothing else is read.
template <float_lane V, std::size_t First, std::size_t Count>
  requires(First + Count <= width<V>)
[[gnu::always_inline]] constexpr V load_inside(const float* p) {
  if constexpr (First == 0 || Count == 0) {
    return load_first<V, Count>(p);
  } else if constexpr (detail::in_register<V>) {
#if defined(__AVX512VL__)
    constexpr unsigned inside = ((1u << Count) - 1) << First;
    if constexpr (width<V> == 16) return V(typename V::batch(_mm512_maskz_loadu_ps(inside, p - First)));
    if constexpr (width<V> == 8) return V(typename V::batch(_mm256_maskz_loadu_ps(inside, p - First)));
#endif
    return [&]<std::size_t... I>(std::index_sequence<I...>) __attribute__((always_inline)) {
      const auto behind = load_first<V, Count>(p).raw(), zeros = V(0.0f).raw();
      return V(__builtin_shufflevector(behind, zeros, (I < First ? width<V> : I - First)...));
    }(std::make_index_sequence<width<V>>{});
  } else {
    V r(0.0f);
    for (std::size_t i = 0; i < Count; ++i) r.at[First + i] = p[i];
    return r;
  }
}

/// Writes the first Count floats of v to p, and nothing behind.
template <std::size_t Count, float_lane V>
  requires(Count <= width<V>)
[[gnu::always_inline]] constexpr void store_first(const V& v, float* p) {
  if constexpr (Count == width<V>) {
    store(v, p);
  } else if constexpr (detail::in_register<V>) {
    constexpr std::size_t half = width<V> / 2;
    if constexpr (width<V> > 4) {  // masked stores delay the loads of what they have written
      using narrow = resized<V, half>;
      const narrow lower(detail::lower_half<width<V>>(v.raw()));
      if constexpr (Count <= half) {
        store_first<Count>(lower, p);
      } else {
        store(lower, p);
        store_first<Count - half>(narrow(detail::upper_half<width<V>>(v.raw())), p + half);
      }
    } else {
      const auto raw = v.raw();
      if constexpr (Count >= 2) {
        const auto two = __builtin_shufflevector(raw, raw, 0, 1);
        __builtin_memcpy(p, &two, sizeof two);
      }
      if constexpr (Count % 2 != 0) p[Count - 1] = raw[Count - 1];
    }
  } else {
    for (std::size_t i = 0; i < Count; ++i) p[i] = v.at[i];
  }
}

/// The lower half of v plus its upper half.
template <float_lane V> [[gnu::always_inline]] constexpr auto halves_added(const V& v) {
  constexpr std::size_t half = width<V> / 2;
  using narrow = resized<V, half>;
  if constexpr (detail::in_register<V>) {
    return narrow(detail::lower_half<width<V>>(v.raw())) + narrow(detail::upper_half<width<V>>(v.raw()));
  } else {
    narrow r;
    for (std::size_t i = 0; i < half; ++i) r.at[i] = v.at[i] + v.at[i + half];
    return r;
  }
}

/// Its halves added twice: the first and third quarter plus the second and fourth.
template <float_lane V> [[gnu::always_inline]] constexpr auto quarters_added(const V& v) {
  if constexpr (detail::in_register<V>) return resized<V, width<V> / 4>(detail::quarters_added<width<V>>(v.raw()));
  else return halves_added(halves_added(v));
}

/// The bits of sum(v) in all places of four lanes, or of a narrower V: a root of them needs no broadcast before it.
template <float_lane V> [[gnu::always_inline]] constexpr auto sum_everywhere(const V& v) {
  if constexpr (width<V> == 16) {
    return sum_everywhere(quarters_added(v));
  } else if constexpr (width<V> > 4) {
    return sum_everywhere(halves_added(v));
  } else if constexpr (detail::in_register<V>) {
    const auto raw = v.raw();
    const auto pairs = raw + __builtin_shufflevector(raw, raw, 2, 3, 0, 1);
    return V(pairs + __builtin_shufflevector(pairs, pairs, 1, 0, 3, 2));
  } else {
    return broadcast<V>(sum(v));
  }
}

/// Of the groups of four floats, the even ones plus the odd ones.
template <float_lane V> [[gnu::always_inline]] constexpr auto fours_added(const V& v) {
  constexpr std::size_t half = width<V> / 2;
  using narrow = resized<V, half>;
  if constexpr (half == 4) {
    return halves_added(v);
  } else if constexpr (detail::in_register<V>) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) __attribute__((always_inline)) {
      const auto raw = v.raw();
      return narrow(__builtin_shufflevector(raw, raw, (I / 4 * 8 + I % 4)...)) +
             narrow(__builtin_shufflevector(raw, raw, (I / 4 * 8 + 4 + I % 4)...));
    }(std::make_index_sequence<half>{});
  } else {
    narrow r;
    for (std::size_t i = 0; i < half; ++i) r.at[i] = v.at[i / 4 * 8 + i % 4] + v.at[i / 4 * 8 + 4 + i % 4];
    return r;
  }
}

/// The floats of v as a matrix with rows of four, transposed: 0, 4, 8, ..., 1, 5, 9, ...
template <float_lane V> [[gnu::always_inline]] constexpr V columns_first(const V& v) {
  constexpr std::size_t rows = width<V> / 4;
  if constexpr (detail::in_register<V>) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) __attribute__((always_inline)) {
      const auto raw = v.raw();
      return V(__builtin_shufflevector(raw, raw, (I % rows * 4 + I / rows)...));
    }(std::make_index_sequence<width<V>>{});
  } else {
    V r;
    for (std::size_t i = 0; i < width<V>; ++i) r.at[i] = v.at[i % rows * 4 + i / rows];
    return r;
  }
}

/// The first float of v.
template <float_lane V> [[gnu::always_inline]] constexpr float first_of(const V& v) {
  if constexpr (detail::in_register<V>) return v.raw()[0];
  else if constexpr (requires { v.at[0]; }) return v.at[0];
  else return v;
}

/// Float number Column of each group of four, in all places of its group.
template <std::size_t Column, float_lane V> [[gnu::always_inline]] constexpr V column_of_fours(const V& v) {
  if constexpr (detail::in_register<V>) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) __attribute__((always_inline)) {
      const auto raw = v.raw();
      return V(__builtin_shufflevector(raw, raw, (I / 4 * 4 + Column)...));
    }(std::make_index_sequence<width<V>>{});
  } else {
    V r;
    for (std::size_t i = 0; i < width<V>; ++i) r.at[i] = v.at[i / 4 * 4 + Column];
    return r;
  }
}

/// Activations in registers: element i is float i % width<V> of at[i / width<V>]; behind the last are zeros.
template <float_lane V, std::size_t Count> struct registers {
  using lane = V;
  static constexpr std::size_t count = Count;
  V at[Count];
};
/// Activations of a caller: exactly Size floats, no more may be written.
template <std::size_t Size> struct exactly {
  float* at;
};

/// Block number `block` of `Columns` columns of the `Size` floats of x, repeated all over V, with zeros from Size on;
/// reads nothing behind them. The block of registers is a constant: std::integral_constant.
template <float_lane V, std::size_t Columns, std::size_t Size, class Block>
[[gnu::always_inline]] constexpr V columns_of(const float* x, Block block) {
  if constexpr (requires { Block::value; }) {
    constexpr std::size_t first = Block::value * Columns;
    if constexpr (Columns == 1 || width<V> == Columns) {
      if constexpr (Columns == 1) return broadcast<V>(x[first]);
      else return load_first<V, (Size - first < Columns ? Size - first : Columns)>(x + first);
    } else if constexpr (Size - first < Columns) {
      return repeated<V, Columns>(load_first<resized<V, Columns>, Size - first>(x + first));
    }
  }
  if constexpr (Columns == 1) return broadcast<V>(x[block]);
  else if constexpr (Columns == 4) return broadcast_block<V>(x + block * Columns);
  else return repeated<V, Columns>(load<resized<V, Columns>>(x + block * Columns));
}
template <float_lane V, std::size_t Columns, std::size_t Size, float_lane U, std::size_t Count, class Block>
[[gnu::always_inline]] constexpr V columns_of(const registers<U, Count>& x, Block) {
  constexpr std::size_t first = Block::value * Columns;
  return repeated<V, Columns, first % width<U>>(x.at[first / width<U>]);
}

}  // namespace taut::simd
