// SPDX-License-Identifier: Apache-2.0
// Matrices whose spectral norm is known exactly, ||W||^2 = square 4^exponent, and the question whether a double is below
// that norm, answered in whole numbers: no flag of a compiler changes the answer. Entries are exact doubles.
//
//   exact_matrix m = make_exact(random, kind, 8, 5);   is_below(spectral_norm(m).value, m.square, m.exponent)
#pragma once
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <taut/base/random.hpp>
#include <taut/base/rounding.hpp>
#include <vector>

namespace taut::campaign {

__extension__ using wide = unsigned __int128;

/// Whether bound < sqrt(square) 2^exponent, for square < 2^127; NaN is below everything.
inline bool is_below(double bound, wide square, int exponent) {
  const std::uint64_t bits = rounded::detail::bits_of(bound), size = bits & ~rounded::detail::sign_bit;
  if (size > rounded::detail::infinity_bits) return true;
  if (size != bits) return square != 0 || size != 0;
  if (size == rounded::detail::infinity_bits) return false;
  const std::uint64_t stored = size >> 52, fraction = size & (rounded::detail::normal_bits - 1);
  const std::uint64_t whole = stored == 0 ? fraction : fraction | rounded::detail::normal_bits;
  const int power = (stored == 0 ? 1 : static_cast<int>(stored)) - 1075;  // bound = whole 2^power
  const int shift = 2 * (power - exponent);
  const wide left = wide{whole} * whole;
  if (left == 0 || square == 0) return square != 0;
  if (shift < 0) return -shift >= 127 || (left >> -shift) < square;
  return shift < 127 && left < (square >> shift) + ((square & ((wide{1} << shift) - 1)) != 0 ? 1 : 0);
}

/// A matrix and its norm sqrt(square) 2^exponent.
struct exact_matrix {
  std::size_t rows = 0, columns = 0;
  std::vector<double> entries;
  wide square = 0;
  int exponent = 0;

  [[nodiscard]] long double norm() const { return std::ldexp(std::sqrt(static_cast<long double>(square)), exponent); }
  /// The largest double below the norm.
  [[nodiscard]] double claim_below() const {
    double claim = static_cast<double>(norm());
    if (!rounded::is_finite(claim)) claim = rounded::largest;
    while (!is_below(claim, square, exponent)) claim = rounded::next_down(claim);
    while (is_below(rounded::next_up(claim), square, exponent)) claim = rounded::next_up(claim);
    return claim;
  }
};

/// How an exactly known matrix is made.
enum class exact_kind { rank_one, hadamard, reflected, permutation, constant, blocks, scales, zero, last };

/// A name to print.
inline const char* name_of(exact_kind kind) {
  constexpr std::array names{"rank one", "Hadamard", "reflected", "permutation",
                             "constant", "blocks",   "scales",    "zero"};
  return names[static_cast<std::size_t>(kind)];
}

namespace whole {

struct integers {
  std::size_t rows, columns;
  std::vector<std::int64_t> at = std::vector<std::int64_t>(rows * columns);
  std::uint64_t square = 0;
};

inline std::int64_t between(base::random_stream& random, std::int64_t low, std::int64_t high) {
  return low + static_cast<std::int64_t>(random.below(static_cast<std::size_t>(high - low + 1)));
}

inline integers rank_one(base::random_stream& random, std::size_t rows, std::size_t columns) {
  integers m{rows, columns};
  std::vector<std::int64_t> u(rows), v(columns);
  const std::int64_t size = random.below(2) == 0 ? 3 : 1000;
  for (auto& x : u) x = between(random, -size, size);
  for (auto& x : v) x = between(random, -size, size);
  u[random.below(rows)] = v[random.below(columns)] = size;
  std::uint64_t of_u = 0, of_v = 0;
  for (const auto x : u) of_u += static_cast<std::uint64_t>(x * x);
  for (const auto x : v) of_v += static_cast<std::uint64_t>(x * x);
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t j = 0; j < columns; ++j) m.at[i * columns + j] = u[i] * v[j];
  m.square = of_u * of_v;
  return m;
}

// rows of a Hadamard matrix (Sylvester), cut to the given size where that leaves them orthogonal, else padded with zeros
inline integers hadamard(base::random_stream& random, std::size_t rows, std::size_t columns) {
  integers m{rows, columns};
  const std::size_t across = std::bit_floor(std::max(rows, columns)), along = std::min({rows, columns, across});
  const auto factor = between(random, 1, 1 << 20);
  for (std::size_t i = 0; i < along; ++i)
    for (std::size_t j = 0; j < across; ++j)
      m.at[rows > columns ? j * columns + i : i * columns + j] = std::popcount(i & j) % 2 == 0 ? factor : -factor;
  m.square = across * static_cast<std::uint64_t>(factor) * static_cast<std::uint64_t>(factor);
  return m;
}

// (v'v) I - 2 v v', which is v'v times an orthogonal matrix, applied to the columns (left) or the rows of m
inline std::int64_t reflect(base::random_stream& random, integers& m, bool left) {
  const std::size_t n = left ? m.rows : m.columns, lines = left ? m.columns : m.rows;
  const std::size_t step = left ? m.columns : 1, next = left ? 1 : m.columns;
  std::vector<std::int64_t> v(n);
  for (auto& x : v) x = between(random, -1, 2);
  v[random.below(n)] = 1;
  std::int64_t square = 0;
  for (const auto x : v) square += x * x;
  for (std::size_t line = 0; line < lines; ++line) {
    std::int64_t* const first = &m.at[line * next];
    std::int64_t along = 0;
    for (std::size_t i = 0; i < n; ++i) along += v[i] * first[i * step];
    for (std::size_t i = 0; i < n; ++i) first[i * step] = square * first[i * step] - 2 * along * v[i];
  }
  return square;
}

// whole singular values, seen through two reflections: repeated largest ones, near ones, gaps
inline integers reflected(base::random_stream& random, std::size_t rows, std::size_t columns) {
  integers m{rows, columns};
  const std::int64_t top = random.below(2) == 0 ? 1000000 : 7;
  const std::size_t shape = random.below(4);
  for (std::size_t i = 0; i < std::min(rows, columns); ++i)
    m.at[i * columns + i] = i == 0       ? top
                            : shape == 0 ? between(random, 0, top)
                            : shape == 1 ? top - 1
                            : shape == 2 ? (i % 2 == 0 ? top : -top)
                                         : between(random, 0, 1);
  const auto norm = top * reflect(random, m, true) * reflect(random, m, false);
  m.square = static_cast<std::uint64_t>(norm);
  if (m.square >= std::uint64_t{1} << 32) {  // its square would not fit: the same with smaller numbers
    return reflected(random, rows, columns);
  }
  m.square *= m.square;
  return m;
}

inline integers permutation(base::random_stream& random, std::size_t rows, std::size_t columns) {
  integers m{rows, columns};
  std::vector<std::size_t> place(std::max(rows, columns));
  for (std::size_t i = 0; i < place.size(); ++i) place[i] = i;
  random.shuffle(place.begin(), place.end());
  std::uint64_t largest = 0;
  for (std::size_t i = 0, k = 0; i < place.size() && k < std::min(rows, columns); ++i, ++k) {
    const std::int64_t value = between(random, -(std::int64_t{1} << 30), std::int64_t{1} << 30) | 1;
    m.at[rows > columns ? place[i] * columns + k : k * columns + place[i]] = value;
    largest = std::max(largest, static_cast<std::uint64_t>(value < 0 ? -value : value));
  }
  m.square = largest * largest;
  return m;
}

// all entries the same odd number: every partial sum of squares is rounded, and many of them downward
inline integers constant(base::random_stream& random, std::size_t rows, std::size_t columns) {
  integers m{rows, columns};
  const auto value = between(random, std::int64_t{1} << 24, std::int64_t{1} << 25) | 1;
  for (auto& x : m.at) x = value;
  m.square = rows * columns * static_cast<std::uint64_t>(value) * static_cast<std::uint64_t>(value);
  return m;
}

inline integers simple(base::random_stream& random, std::size_t kind, std::size_t rows, std::size_t columns) {
  switch (kind) {
    case 0:
      return rank_one(random, rows, columns);
    case 1:
      return hadamard(random, rows, columns);
    case 2:
      return reflected(random, rows, columns);
    case 3:
      return permutation(random, rows, columns);
    default:
      return constant(random, rows, columns);
  }
}

}  // namespace whole

/// A matrix of this kind and size times 2^exponent; where that could not be exact, times a nearer power of two.
inline exact_matrix make_exact(base::random_stream& random, exact_kind kind, std::size_t rows, std::size_t columns,
                               int exponent) {
  exact_matrix made{rows, columns, std::vector<double>(rows * columns)};
  made.exponent = std::clamp(exponent, -1074, 990);
  const auto place = [&](const whole::integers& m, std::size_t row, std::size_t column, int scale) {
    for (std::size_t i = 0; i < m.rows; ++i)
      for (std::size_t j = 0; j < m.columns; ++j)
        made.entries[(row + i) * columns + column + j] =
            rounded::scale_up(static_cast<double>(m.at[i * m.columns + j]), scale);
  };
  const std::size_t top = (rows + 1) / 2, left = (columns + 1) / 2;
  if ((kind == exact_kind::blocks || kind == exact_kind::scales) && rows > 1 && columns > 1) {
    const auto first = whole::simple(random, random.below(5), top, left);
    const auto second = whole::simple(random, random.below(5), rows - top, columns - left);
    made.square = first.square;
    int lower = made.exponent;
    if (kind == exact_kind::blocks) made.square = std::max(first.square, second.square);
    else lower = std::max(-1074, made.exponent - 33 - static_cast<int>(random.below(1000)));
    if (kind == exact_kind::scales && made.exponent < lower + 33) made.exponent = lower + 33;
    place(first, 0, 0, made.exponent);
    place(second, top, left, lower);
  } else if (kind != exact_kind::zero) {
    const auto m = whole::simple(random, static_cast<std::size_t>(kind) % 5, rows, columns);
    made.square = m.square;
    place(m, 0, 0, made.exponent);
  }
  return made;
}

/// A matrix of equal entries, so long that rounding shows: nearly every partial sum of the squares of a row, taken
/// sixteen at a time, loses half a unit, and all of them together about `columns` / 50 units.
inline exact_matrix make_losing(base::random_stream& random, std::size_t rows, std::size_t columns) {
  exact_matrix made{rows, columns, std::vector<double>(rows * columns)};
  const std::uint64_t first = (std::uint64_t{1} << 29) + random.below(std::size_t{1} << 28);
  for (std::uint64_t value = first | 1;; value += 2) {
    const double entry = static_cast<double>(value), product = entry * entry;
    const int lost = rounded::exponent_of(product * static_cast<double>(columns / 16)) - rounded::exponent_of(product);
    const std::uint64_t low = (std::uint64_t{1} << lost) - 1;
    if ((rounded::detail::bits_of(product) & low) != low / 2) continue;
    std::fill(made.entries.begin(), made.entries.end(), entry);
    made.square = wide{value} * value * rows * columns;
    return made;
  }
}

}  // namespace taut::campaign
