// SPDX-License-Identifier: Apache-2.0
// Parameters as an adversary would choose them: subnormal, huge, of rank one, Hadamard, with equal rows, with gains of
// very different size. What the type declares of them is kept.
#pragma once
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <taut/inference.hpp>

#include "laws/support.hpp"

namespace taut::campaign {

/// How parameters are drawn.
enum class weight_kind {
  gaussian,
  small,
  large,
  rank_one,
  aligned,
  hadamard,
  equal_rows,
  steep_gains,
  large_biases,
  no_biases,
  sparse,
  subnormal,
  tiny,
  huge,
  zero,
  last
};
inline constexpr auto weight_kinds = static_cast<std::size_t>(weight_kind::last);

/// A name to print.
inline const char* name_of(weight_kind kind) {
  constexpr std::array names{"gaussian", "small",      "large",       "rank one",     "aligned",
                             "Hadamard", "equal rows", "steep gains", "large biases", "no biases",
                             "sparse",   "subnormal",  "1e-30",       "1e30",         "zero"};
  return names[static_cast<std::size_t>(kind)];
}

/// Fills one tensor.
inline void fill_tensor(std::span<float> values, std::string_view name, shape extents, weight_kind kind,
                        base::random_stream& random) {
  const bool matrix = name.ends_with("weight") || name.ends_with("weight_v") || name.ends_with("weight_orig");
  const bool affine = matrix && extents.rank >= 2, gain = matrix && !affine, variance = name.ends_with("running_var");
  const bool offset = name.ends_with("bias");
  const std::size_t rows = affine ? extents.extent[0] : 1, columns = values.size() / (rows == 0 ? 1 : rows);
  const double usual = affine ? 1 / std::sqrt(static_cast<double>(columns)) : 1;
  for (float& v : values) {
    const double drawn = random.normal();
    v = static_cast<float>(gain       ? (random.below(4) == 0 ? -1 : 1) * (1 + 0.5 * drawn)
                           : variance ? std::exp(drawn)
                                      : usual * drawn);
  }
  const auto scale = [&](double factor) {
    for (float& v : values) v = static_cast<float>(factor * static_cast<double>(v));
  };
  const double sign = random.below(2) == 0 ? -1 : 1;
  switch (kind) {
    case weight_kind::small:
      if (affine) scale(0.2);
      break;
    case weight_kind::large:
      if (affine) scale(5);
      break;
    case weight_kind::rank_one:
      for (std::size_t i = columns; affine && i < values.size(); ++i)
        values[i] = values[i % columns] * (i / columns % 2 == 0 ? 0.75f : -1.25f);
      break;
    case weight_kind::aligned: {  // u v' with v the u of the layer before: bounds are nearly attained
      const auto element = [](std::size_t i) { return (i % 2 == 0 ? 1.0 : -1.0) * (i % 4 < 2 ? 1 : 0.5); };
      for (std::size_t i = 0; affine && i < values.size(); ++i)
        values[i] = static_cast<float>(element(i / columns) * element(i % columns));
      if (offset) scale(0);
      break;
    }
    case weight_kind::hadamard:
      for (std::size_t i = 0; affine && i < values.size(); ++i)
        values[i] = std::popcount((i / columns) & (i % columns)) % 2 == 0 ? 0.5f : -0.5f;
      break;
    case weight_kind::equal_rows:
      for (std::size_t i = columns; affine && i < values.size(); ++i)
        if (i / columns % 3 != 1) values[i] = values[i % columns];
      if (offset)
        for (std::size_t i = 0; i < values.size(); ++i)
          if (i % 3 != 1) values[i] = values[0];
      break;
    case weight_kind::steep_gains:
      if (gain) {
        scale(0.1);
        if (!values.empty()) values[random.below(values.size())] = static_cast<float>(10 * sign);
      }
      break;
    case weight_kind::large_biases:
      if (offset) scale(100);
      break;
    case weight_kind::no_biases:
      if (offset) scale(0);
      break;
    case weight_kind::sparse:
      for (float& v : values)
        if (!variance && random.below(2) == 0) v = 0;
      break;
    case weight_kind::subnormal:
      if (affine) scale(random.below(2) == 0 ? 1e-40 : 1);
      break;
    case weight_kind::tiny:
      if (affine) scale(random.below(2) == 0 ? 1e-30 : 1);
      break;
    case weight_kind::huge:
      if (affine) scale(random.below(2) == 0 ? 1e30 : 1);
      break;
    case weight_kind::zero:
      if (affine && random.below(2) == 0) scale(0);
      break;
    default:
      break;
  }
}

/// Fills all tensors of real numbers, then makes them keep what the type declares.
template <class Net> void draw_weights(parameters<Net>& p, weight_kind kind, std::uint64_t seed) {
  base::random_stream random(seed * 64 + static_cast<std::uint64_t>(kind));
  for_each_tensor(p, [&](std::string_view name, shape extents, auto span) {
    if constexpr (std::same_as<std::remove_cvref_t<decltype(span[0])>, float>)
      fill_tensor(span, name, extents, kind, random);
  });
  const tests::claims_keeper keeper;
  for_each_claim(p, keeper);
}

}  // namespace taut::campaign
