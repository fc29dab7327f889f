// SPDX-License-Identifier: Apache-2.0
//
// `native`: the widest lane of floats of the target (AVX-512, AVX, SSE, NEON, WebAssembly), spoken to in the words of
// portable.hpp, with which it agrees bit for bit: every word for vector<N> gives the result of portable<N>. Narrower
// registers of the target are lanes, too: vector<4> and vector<8> where native has 16 floats. Without vector
// registers, native is portable<1>. The only file that includes xsimd. Example:
//   float dot = sum(load<native>(x) * load<native>(y));
#pragma once

#include <taut/simd/portable.hpp>

#if defined(__SSE2__) || (defined(__ARM_NEON) && defined(__aarch64__)) || defined(__wasm_simd128__)
#if defined(__GNUC__) && !defined(__clang__)  // g++ 12 warns inside its own AVX-512 headers
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <xsimd/xsimd.hpp>
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
#endif

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace taut::simd {

#if defined(XSIMD_VERSION_MAJOR) && !defined(XSIMD_NO_SUPPORTED_ARCHITECTURE)

namespace detail {

// The compiler's own vectors, for shuffles and integer views.
template <std::size_t Width> struct compiler_vector {
  using floats [[gnu::vector_size(sizeof(float) * Width)]] = float;
  using words [[gnu::vector_size(sizeof(float) * Width)]] = std::uint32_t;
};

template <std::size_t Width> struct positions {
  alignas(sizeof(float) * Width) float at[Width];
  constexpr positions() {
    for (std::size_t i = 0; i < Width; ++i) at[i] = static_cast<float>(i);
  }
};
template <std::size_t Width> inline constexpr positions<Width> positions_of{};

// The first of the two neighbours that add_pairs puts at this position, counted through both operands.
template <std::size_t Width> constexpr std::size_t pair(std::size_t position) {
  return position / 4 * 4 + position % 2 * 2 + (position % 4 < 2 ? 0 : Width);
}

// The upper half of a register: an extraction is shorter than the permutation g++ finds for the shuffle.
template <std::size_t Width>
[[gnu::always_inline]] inline auto upper_half([[maybe_unused]] typename compiler_vector<Width>::floats x) {
  using half [[maybe_unused]] = typename compiler_vector<Width / 2>::floats;
#if defined(__AVX512F__)
  if constexpr (Width == 16) return __builtin_bit_cast(half, _mm512_extractf64x4_pd(__builtin_bit_cast(__m512d, x), 1));
#endif
#if defined(__AVX__)
  if constexpr (Width == 8) return __builtin_bit_cast(half, _mm256_extractf128_ps(__builtin_bit_cast(__m256, x), 1));
#endif
}
template <std::size_t Width> [[gnu::always_inline]] inline auto lower_half(typename compiler_vector<Width>::floats x) {
  return [&]<std::size_t... I>(std::index_sequence<I...>) __attribute__((always_inline)) {
    return __builtin_shufflevector(x, x, I...);
  }(std::make_index_sequence<Width / 2>{});
}

// The lower half plus the upper half, and the same again.
template <std::size_t Width>
[[gnu::always_inline]] inline auto quarters_added(typename compiler_vector<Width>::floats x) {
#if defined(__AVX512F__)
  if constexpr (Width == 16) {  // extractions side by side
    const auto raw = __builtin_bit_cast(__m512, x);
    const auto quarter = [](__m128 floats) __attribute__((always_inline)) {
      return __builtin_bit_cast(compiler_vector<4>::floats, floats);
    };
    return (quarter(_mm512_castps512_ps128(raw)) + quarter(_mm512_extractf32x4_ps(raw, 2))) +
           (quarter(_mm256_extractf128_ps(_mm512_castps512_ps256(raw), 1)) + quarter(_mm512_extractf32x4_ps(raw, 3)));
  }
#endif
  const auto half = lower_half<Width>(x) + upper_half<Width>(x);
  return lower_half<Width / 2>(half) + upper_half<Width / 2>(half);
}

template <std::size_t Width> [[gnu::always_inline]] inline float sum_of(typename compiler_vector<Width>::floats x) {
  if constexpr (Width == 4) return (x[0] + x[2]) + (x[1] + x[3]);
  else if constexpr (Width == 16) return sum_of<4>(quarters_added<Width>(x));
  else return sum_of<Width / 2>(lower_half<Width>(x) + upper_half<Width>(x));
}

}  // namespace detail

/// A vector register of Width floats; the words are those of portable<Width>.
template <std::size_t Width> struct vector {
  static constexpr std::size_t width = Width;
  using batch = xsimd::make_sized_batch_t<float, Width>;
  using floats = typename detail::compiler_vector<Width>::floats;
  using words = typename detail::compiler_vector<Width>::words;
  /// The result of a comparison.
  struct mask {
    typename batch::batch_bool_type value;
  };
  batch value;

  vector() = default;
  /// All floats equal to x.
  [[gnu::always_inline]] vector(float everywhere) : value(everywhere) {}
  [[gnu::always_inline]] explicit vector(batch contents) : value(contents) {}
  [[gnu::always_inline]] explicit vector(floats contents)
      : value(__builtin_bit_cast(typename batch::register_type, contents)) {}

  /// The register as the compiler's own vector.
  [[gnu::always_inline]] floats raw() const {
    const typename batch::register_type r = value;
    return __builtin_bit_cast(floats, r);
  }

  [[gnu::always_inline]] static vector load(const float* p) { return vector(batch::load_unaligned(p)); }
  [[gnu::always_inline]] static vector load_aligned(const float* p) { return vector(batch::load_aligned(p)); }
  [[gnu::always_inline]] static vector load_block(const float* p) {
#if defined(__AVX512F__)
    if constexpr (Width == 16) return vector(batch(_mm512_broadcast_f32x4(_mm_loadu_ps(p))));
#endif
#if defined(__AVX__)
    if constexpr (Width == 8) return vector(batch(_mm256_broadcast_ps(reinterpret_cast<const __m128*>(p))));
#endif
    if constexpr (Width == 4) return load(p);
  }
  [[gnu::always_inline]] void store(float* p) const { value.store_unaligned(p); }
  [[gnu::always_inline]] void store_aligned(float* p) const { value.store_aligned(p); }

  [[gnu::always_inline]] friend vector operator+(vector a, vector b) { return vector(a.value + b.value); }
  [[gnu::always_inline]] friend vector operator-(vector a, vector b) { return vector(a.value - b.value); }
  [[gnu::always_inline]] friend vector operator*(vector a, vector b) { return as_written(vector(a.value * b.value)); }
  [[gnu::always_inline]] friend vector operator/(vector a, vector b) {
#if defined(__aarch64__)  // there xsimd 8.1 approximates quotients and roots
    return vector(floats(a.raw() / b.raw()));
#else
    return vector(a.value / b.value);
#endif
  }
  [[gnu::always_inline]] friend vector operator-(vector a) { return vector(-0.0f) - a; }
  [[gnu::always_inline]] vector& operator+=(vector b) { return *this = *this + b; }
  [[gnu::always_inline]] vector& operator-=(vector b) { return *this = *this - b; }
  [[gnu::always_inline]] vector& operator*=(vector b) { return *this = *this * b; }
  [[gnu::always_inline]] vector& operator/=(vector b) { return *this = *this / b; }
};

/// The words of portable.hpp, defined there.
template <std::size_t Width> [[gnu::always_inline]] inline vector<Width> as_written(vector<Width> x) {
  auto raw = x.raw();  // an empty instruction that claims to change it (g++ 12 takes __builtin_assoc_barrier apart)
#if defined(__SSE2__)
  asm("" : "+v"(raw));
#elif defined(__ARM_NEON)
  asm("" : "+w"(raw));
#endif
  return vector<Width>(raw);
}
template <std::size_t Width> [[gnu::always_inline]] inline vector<Width> fma(vector<Width> a,
                                                                             std::type_identity_t<vector<Width>> b,
                                                                             std::type_identity_t<vector<Width>> c) {
#if defined(__FMA__)  // xsimd 8.1 has no kernel for AVX-512
  using batch = typename vector<Width>::batch;
#if defined(__AVX512F__)
  if constexpr (Width == 16) return vector<Width>(batch(_mm512_fmadd_ps(a.value, b.value, c.value)));
#endif
  if constexpr (Width == 8) return vector<Width>(batch(_mm256_fmadd_ps(a.value, b.value, c.value)));
  if constexpr (Width == 4) return vector<Width>(batch(_mm_fmadd_ps(a.value, b.value, c.value)));
#elif defined(__ARM_FEATURE_FMA) && defined(__aarch64__)
  return vector<Width>(xsimd::fma(a.value, b.value, c.value));
#else
  const auto x = a.raw(), y = b.raw();
  auto z = c.raw();
  for (std::size_t i = 0; i < Width; ++i) z[i] = fma(float{x[i]}, float{y[i]}, float{z[i]});
  return vector<Width>(z);
#endif
}
template <std::size_t Width>
[[gnu::always_inline]] inline vector<Width> multiply_add(vector<Width> a, std::type_identity_t<vector<Width>> b,
                                                         std::type_identity_t<vector<Width>> c) {
  if constexpr (target_fuses) return fma(a, b, c);
  else return a * b + c;
}
template <std::size_t Width>
[[gnu::always_inline]] inline auto less(vector<Width> a, std::type_identity_t<vector<Width>> b) {
  return typename vector<Width>::mask{a.value < b.value};
}
template <std::size_t Width>
[[gnu::always_inline]] inline vector<Width> select(const typename vector<Width>::mask& mask, vector<Width> x,
                                                   std::type_identity_t<vector<Width>> y) {
  return vector<Width>(xsimd::select(mask.value, x.value, y.value));
}
template <std::size_t Width>
[[gnu::always_inline]] inline vector<Width> max(vector<Width> a, std::type_identity_t<vector<Width>> b) {
#if defined(__SSE2__)  // the instruction returns its second operand unless first > second; release 14 swaps them
  return vector<Width>(XSIMD_VERSION_MAJOR < 14 ? xsimd::max(b.value, a.value) : xsimd::max(a.value, b.value));
#else
  return select(less(a, b), b, a);
#endif
}
template <std::size_t Width>
[[gnu::always_inline]] inline vector<Width> min(vector<Width> a, std::type_identity_t<vector<Width>> b) {
#if defined(__SSE2__)
  return vector<Width>(XSIMD_VERSION_MAJOR < 14 ? xsimd::min(b.value, a.value) : xsimd::min(a.value, b.value));
#else
  return select(less(b, a), b, a);
#endif
}
template <std::size_t Width> [[gnu::always_inline]] inline vector<Width> abs(vector<Width> x) {
  return vector<Width>(xsimd::abs(x.value));
}
template <std::size_t Width> [[gnu::always_inline]] inline vector<Width> sqrt(vector<Width> x) {
#if defined(__aarch64__)
  return vector<Width>(__builtin_bit_cast(typename vector<Width>::floats, vsqrtq_f32(x.value)));
#else
  return vector<Width>(xsimd::sqrt(x.value));
#endif
}
template <std::size_t Width> [[gnu::always_inline]] inline vector<Width> power_of_two(vector<Width> shifted) {
  using words = typename vector<Width>::words;
  const words bits = (__builtin_bit_cast(words, shifted.raw()) << 23) + 0x3f800000u;
  return vector<Width>(__builtin_bit_cast(typename vector<Width>::floats, bits));
}
template <std::size_t Width> [[gnu::always_inline]] inline vector<Width> nearest_exponent(vector<Width> x) {
  using words = typename vector<Width>::words;
  const words bits = ((__builtin_bit_cast(words, x.raw()) + 0x4afb0du) >> 23) + (0x4b400000u - 127);
  return vector<Width>(__builtin_bit_cast(typename vector<Width>::floats, bits));
}
template <std::size_t Width> [[gnu::always_inline]] inline vector<Width> inverse_root_power(vector<Width> x) {
  using words = typename vector<Width>::words;
  const words bits = (190u << 23) - (__builtin_bit_cast(words, x.raw()) >> 24 << 23);
  return vector<Width>(__builtin_bit_cast(typename vector<Width>::floats, bits));
}
template <std::size_t Width> [[gnu::always_inline]] inline vector<Width> select_first(vector<Width> v, std::size_t n) {
  const auto position = vector<Width>::load_aligned(detail::positions_of<Width>.at);
  return select(less(position, static_cast<float>(n)), v, 0.0f);
}
template <std::size_t Width> [[gnu::always_inline]] inline vector<Width> add_pairs(vector<Width> x, vector<Width> y) {
  return [&]<std::size_t... I>(std::index_sequence<I...>) __attribute__((always_inline)) {
    const auto a = x.raw(), b = y.raw();  // position I of the result adds two neighbours from x or from y
    return vector<Width>(__builtin_shufflevector(a, b, detail::pair<Width>(I)...)) +
           vector<Width>(__builtin_shufflevector(a, b, (detail::pair<Width>(I) + 1)...));
  }(std::make_index_sequence<Width>{});
}
template <std::size_t Width> [[gnu::always_inline]] inline vector<Width> evens(vector<Width> x, vector<Width> y) {
  return [&]<std::size_t... I>(std::index_sequence<I...>) __attribute__((always_inline)) {
    return vector<Width>(__builtin_shufflevector(x.raw(), y.raw(), (2 * I)...));
  }(std::make_index_sequence<Width>{});
}
template <std::size_t Width> [[gnu::always_inline]] inline vector<Width> odds(vector<Width> x, vector<Width> y) {
  return [&]<std::size_t... I>(std::index_sequence<I...>) __attribute__((always_inline)) {
    return vector<Width>(__builtin_shufflevector(x.raw(), y.raw(), (2 * I + 1)...));
  }(std::make_index_sequence<Width>{});
}
template <std::size_t Width> [[gnu::always_inline]] inline float sum(vector<Width> v) {
  return detail::sum_of<Width>(v.raw());
}

/// The lane of this target.
using native = vector<xsimd::batch<float>::size>;

#else

namespace detail {
// Named where there are no registers, and never called.
template <std::size_t Width, class Floats> void lower_half(Floats);
template <std::size_t Width, class Floats> void upper_half(Floats);
template <std::size_t Width, class Floats> void quarters_added(Floats);
}  // namespace detail

/// The lane of this target.
using native = portable<1>;

#endif

/// How many registers the target has for lanes V.
template <class V> inline constexpr std::size_t register_count =
#if defined(__AVX512VL__) || defined(__aarch64__)
    32;
#elif defined(__AVX512F__)
    width<V> >= 16 ? 32 : 16;
#else
    16;
#endif

/// Whether the target computes lanes V in two steps, as Zen 4 does 16 floats: then half as many sums side by side keep
/// its multiply-adds busy. g++ 12 takes it for a Zen 3 with AVX-512, and Zen 5 for one that has VP2INTERSECT.
template <class V> inline constexpr bool in_two_steps =
#if defined(__znver4__) || (defined(__znver3__) && !defined(__AVX512VP2INTERSECT__))
    width<V> >= 16;
#else
    false;
#endif

}  // namespace taut::simd
