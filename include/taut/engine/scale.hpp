// SPDX-License-Identifier: Apache-2.0
// What a dense stage does with its sums, its bias and the scales of normalizers, in lanes V: elements of one sample, or
// samples of a batch. The input is x times a factor, or x / sqrt(square):
//
//   factor r:    z = r W x + b                        square q = s^2:  z = p W x + p b s,  p a power of two next to 1/s
//                S^2 = |z|^2 + n epsilon                               S^2 = |z|^2 + n epsilon p^2 q
//
// The normalized output is sqrt(n) z / S with gains and offsets. An owed scale costs no division on the way, a square
// no root where there is no bias; p keeps everything in range, is exact, and is ready before the root is.
#pragma once
#include <concepts>
#include <taut/engine/plan.hpp>
#include <taut/simd/lane.hpp>
#include <type_traits>

namespace taut::engine_stage {

/// What a stage owes whose outputs are the true ones: the factor 1, and the square 1.
struct nothing_owed {
  constexpr operator float() const { return 1.0f; }
};

/// A scale handed over as its square, with the root.
struct square_and_root {
  float square, root;
  constexpr operator float() const { return square; }
};

/// The scale of a stage's input.
template <class V, engine_plan::owed_as Form> struct arriving;

template <class V> struct arriving<V, engine_plan::owed_as::factor> {
  V factor;

  [[gnu::always_inline]] explicit constexpr arriving(float owed) : factor(simd::broadcast<V>(owed)) {}
  [[gnu::always_inline]] explicit constexpr arriving(V owed)
    requires(!std::same_as<V, float>)
      : factor(owed) {}
  /// z; `biased`: whether b is not 0; `waited`: whether x has waited for the root of its scale, so that W x comes last.
  [[gnu::always_inline]] constexpr V affine(V sums, V bias, bool, bool) const {
    return simd::multiply_add(sums, factor, bias);
  }
  /// What n epsilon is in the units of |z|^2, and |z|^2 in those of the true activations.
  [[gnu::always_inline]] constexpr V in_units(V epsilon) const { return epsilon; }
  [[gnu::always_inline]] constexpr V in_true_units(V squares) const { return squares; }
};

/// Range: with p^2 q in [1/2, 2), S^2 >= n epsilon / 2 >= 2^-81 is a normal number, whatever the weights, and p, at most
/// 2^41, makes of u = W x what a network has whose activations are divided as they come: nothing overflows that does
/// not there. p u, p^2 q and n epsilon p^2 q lose nothing but one rounding of the last; p b underflows by 2^-126 at most.
template <class V> struct arriving<V, engine_plan::owed_as::square> {
  V root, power, rest;  // rest = p^2 q in [1/2, 2), exactly

  [[gnu::always_inline]] explicit constexpr arriving(float square)
    requires(!std::same_as<V, float>)
      : arriving(simd::broadcast<V>(square)) {}
  [[gnu::always_inline]] explicit constexpr arriving(V square) : arriving(square, simd::sqrt(square)) {}
  [[gnu::always_inline]] explicit constexpr arriving(const square_and_root& owed)
      : arriving(simd::broadcast<V>(owed.square), simd::broadcast<V>(owed.root)) {}
  /// What comes last is multiplied and added at once.
  [[gnu::always_inline]] constexpr V affine(V sums, V bias, bool biased, bool waited) const {
    if (!biased) return sums * power;
    if (waited) return simd::multiply_add(sums, power, (bias * power) * root);
    return simd::multiply_add(bias * power, root, sums * power);
  }
  [[gnu::always_inline]] constexpr V in_units(V epsilon) const { return epsilon * rest; }
  [[gnu::always_inline]] constexpr V in_true_units(V squares) const { return squares / rest; }

 private:
  [[gnu::always_inline]] constexpr arriving(V square, V its_root)
      : root(its_root), power(simd::inverse_root_power(square)), rest((square * power) * power) {}
};

/// The same where nothing is owed: what the others compute from a 1, without its products.
template <class V> struct arriving_true {
  [[gnu::always_inline]] explicit constexpr arriving_true(nothing_owed) {}
  [[gnu::always_inline]] constexpr V affine(V sums, V bias, bool, bool) const { return sums + bias; }
  [[gnu::always_inline]] constexpr V in_units(V epsilon) const { return epsilon; }
  [[gnu::always_inline]] constexpr V in_true_units(V squares) const { return squares; }
};
template <class V, engine_plan::owed_as Form, class Owed> using arriving_as =
    std::conditional_t<std::same_as<Owed, nothing_owed>, arriving_true<V>, arriving<V, Form>>;

/// y = f(gain z / S + offset), of gain z.
template <class Epilogue, class V> [[gnu::always_inline]] constexpr V applied(V scaled, V inverse, V offset) {
  return Epilogue::apply(simd::multiply_add(scaled, inverse, offset));
}
/// y = f(gain z + offset S), of gain z: it is owed 1 / S.
template <class Epilogue, class V> [[gnu::always_inline]] constexpr V lifted(V scaled, V root, V offset) {
  return Epilogue::apply(simd::multiply_add(offset, root, scaled));
}

}  // namespace taut::engine_stage
