// SPDX-License-Identifier: Apache-2.0
// A network as chains: linear maps with nonlinearities of equal size and known sector between them,
//
//   x -> M_0 x -> f_1 -> M_1 y_1 -> ... -> f_K -> M_K y_K
//
// The maps are dense, as matrix.hpp folds them: scalings, gains and centring included, offsets left out. What is no
// such layer (pooling, blocks, convolutions too large for a dense matrix) ends a chain and brings a factor of its own:
// the product of all chains' constants and these factors is a Lipschitz constant of the network.
// Example: Linear<32> >> LN >> ReLU >> Linear<10> is P W0, the sphere, diag(g) P, ReLU, W3.
#pragma once
#include <array>
#include <cstddef>
#include <taut/certify/factors.hpp>
#include <taut/net/sector.hpp>
#include <utility>
#include <vector>

namespace taut::certificates {

/// A matrix, row-major, and a bound of the Frobenius norm of what rounding did to it.
struct linear_map {
  std::size_t rows = 0, columns = 0;
  buffer entries{0};
  double error = 0;

  constexpr double& at(std::size_t row, std::size_t column) const { return entries.at[row * columns + column]; }
};

/// Elements with one sector, in runs that share a multiplier.
struct nonlinearity {
  std::size_t size = 0;
  sector slopes{};

  [[nodiscard]] constexpr std::size_t runs() const { return size / slopes.run; }
  /// |dy| <= steepest() |dx| on each run.
  [[nodiscard]] constexpr double steepest() const { return slopes.high > -slopes.low ? slopes.high : -slopes.low; }
};

/// Maps and nonlinearities by turns, a map first and last; without maps, the identity.
struct chain {
  std::vector<linear_map> maps;
  std::vector<nonlinearity> bends;

  /// Runs of all nonlinearities.
  [[nodiscard]] constexpr std::size_t multipliers() const {
    std::size_t sum = 0;
    for (const nonlinearity& f : bends) sum += f.runs();
    return sum;
  }
};

/// ||M||_F, upward, with what is not known of M.
constexpr double frobenius_with_error(const linear_map& m) {
  return rounded::add_up(frobenius_norm_up(m.entries.at, m.rows, m.columns), m.error);
}

/// left right, with what is not known of both.
constexpr linear_map product(const linear_map& left, const linear_map& right) {
  linear_map made{left.rows, right.columns, buffer(left.rows * right.columns), 0};
  for (std::size_t row = 0; row < made.rows; ++row)
    for (std::size_t k = 0; k < right.rows; ++k) {
      const double f = left.at(row, k);
      for (std::size_t column = 0; column < made.columns; ++column) made.at(row, column) += f * right.at(k, column);
    }
  // sums of right.rows products; the errors of the factors: A B - (A + a)(B + b) is at most |a| |B + b| + |A| |b|
  const double a = frobenius_with_error(left), b = frobenius_with_error(right);
  const double rounding = rounded::mul_up(static_cast<double>(right.rows + 4) * 0x1p-51, rounded::mul_up(a, b));
  const double inherited = rounded::add_up(rounded::mul_up(left.error, b), rounded::mul_up(a, right.error));
  made.error = rounded::add_up(rounded::add_up(rounding, inherited), 0x1p-900);
  return made;
}

/// diag(factor(0), factor(1), ...), each off by at most so many roundings.
constexpr linear_map diagonal(std::size_t size, std::size_t roundings, auto&& factor) {
  linear_map made{size, size, buffer(size * size), 0};
  for (std::size_t i = 0; i < size; ++i) made.at(i, i) = factor(i);
  if (roundings > 0)
    made.error = rounded::add_up(
        rounded::mul_up(static_cast<double>(roundings) * 0x1p-51, frobenius_norm_up(made.entries.at, size, size)),
        0x1p-900);
  return made;
}

/// P M, each run of rows centred, or M P, each run of columns.
enum class side { rows, columns };
constexpr void centre_map(linear_map& m, pooling runs, side where) {
  const double size = frobenius_norm_up(m.entries.at, m.rows, m.columns);
  if (where == side::rows) centre(m.entries.at, runs, m.columns, m.columns, 1);
  else centre(m.entries.at, runs, 1, m.rows, m.columns);
  const double rounding = rounded::mul_up(static_cast<double>(runs.size + 4) * 0x1p-51, size);  // as in matrix.hpp
  m.error = rounded::add_up(rounded::add_up(m.error, rounding), 0x1p-900);
}

/// What a layer is to a chain.
enum class part { map, bend, nothing, end };

/// Nonlinearities with more elements end a chain: a map between two of them would be too large.
inline constexpr std::size_t widest_bend = 1024;

/// The sector as tactics use it: never of zero width, which would make multipliers infinite.
constexpr sector widened(sector s) {
  const double steepest = s.high > -s.low ? s.high : -s.low;
  if (steepest <= 0x1p-40) return {-0x1p-40, 0x1p-40, s.run};
  const double least = 0x1p-8 * steepest;
  if (s.high - s.low < least) (s.high > 0 ? s.low : s.high) += s.high > 0 ? -least : least;
  return s;
}

/// Where the chains of a network begin and end.
template <class Net> struct chain_layout {
  template <std::size_t I> static constexpr part part_of() {
    using L = layer_of<Net, I>;
    constexpr shape in = Net::shapes[I];
    if constexpr (L::reads == fusion::affine) {
      return is_dense<Net, I>() ? part::map : part::end;
    } else if constexpr (L::reads == fusion::scaling) {
      return neighbours<Net>::merged(I) ? part::nothing : in.size() <= widest_bend ? part::map : part::end;
    } else if constexpr (base::networks_inside<L>() > 0) {
      return part::end;
    } else {
      if constexpr (requires { L::identity; }) {
        if (L::identity) return part::nothing;
      }
      const bool fits = in.size() == Net::shapes[I + 1].size() && in.size() <= widest_bend;
      return fits && sector_of<L>(in).high < rounded::infinity ? part::bend : part::end;
    }
  }
  static constexpr std::array<part, Net::depth> parts = []<std::size_t... I>(std::index_sequence<I...>) {
    return std::array<part, Net::depth>{part_of<I>()...};
  }(std::make_index_sequence<Net::depth>{});
  /// Chains, those without a map included.
  static constexpr std::size_t chains = [] {
    std::size_t count = 1;
    for (const part what : parts) count += what == part::end ? 1 : 0;
    return count;
  }();
  /// Runs of all nonlinearities in chains: each has a number in a witness.
  static constexpr std::size_t multipliers = [] {
    std::size_t count = 0;
    base::for_each_index<Net::depth>([&]<std::size_t I>() {
      if (parts[I] == part::bend) count += Net::shapes[I].size() / sector_of<layer_of<Net, I>>(Net::shapes[I]).run;
    });
    return count;
  }();
  /// Whether the rows of the map into normalizer I are centred where that map is folded.
  static constexpr bool is_centred(std::size_t i) {
    while (i > 0 && neighbours<Net>::reads[i - 1] == fusion::scaling) --i;
    return i > 0 && neighbours<Net>::reads[i - 1] == fusion::affine;
  }
};

/// A chain while it grows.
struct growing_chain {
  chain made;
  linear_map pending;  // without rows: the identity

  constexpr void map(linear_map&& next) {
    if (pending.rows == 0) pending = std::move(next);
    else pending = product(next, pending);
  }
  constexpr void bend(std::size_t size, const sector& slopes) {
    close(size);
    made.bends.push_back({size, widened(slopes)});
  }
  /// Ends the map here; where there is none, it is the identity of this size.
  constexpr void close(std::size_t size) {
    if (pending.rows == 0) pending = diagonal(size, 0, [](std::size_t) { return 1.0; });
    made.maps.push_back(std::move(pending));
    pending = linear_map{};
  }
};

/// The chains of a network in order, and the product of the factors of what stands between them.
struct chains_of_network {
  std::vector<chain> chains;
  double between = 1;
};

/// Folds the parameters of a network into its chains.
template <class Net, class Real> constexpr chains_of_network chains_of(const parameters<Net, Real>& p) {
  using layout = chain_layout<Net>;
  using beside = neighbours<Net>;
  chains_of_network all;
  growing_chain now;
  const auto finish = [&](std::size_t size) {
    if (!now.made.bends.empty() || now.pending.rows > 0) now.close(size);
    all.chains.push_back(std::move(now.made));
    now = growing_chain{};
  };
  base::for_each_index<Net::depth>([&]<std::size_t I>() {
    using L = layer_of<Net, I>;
    constexpr part what = layout::parts[I];
    constexpr std::size_t size = Net::shapes[I].size();
    if constexpr (what == part::end) {
      finish(size);
      all.between = rounded::mul_up(all.between, factor<Net, I>(p, constant_work));
    } else if constexpr (what == part::map && L::reads == fusion::affine) {
      with_matrix<Net, I>(p, [&](const double* w, std::size_t rows, std::size_t columns, double error) {
        linear_map m{rows, columns, buffer(rows * columns), error};
        double* to = m.entries.at;
        for (const double* const end = w + rows * columns; w < end;) *to++ = *w++;
        now.map(std::move(m));
        return 0;
      });
    } else if constexpr (what == part::map) {
      now.map(diagonal(size, scale_roundings, [&](std::size_t i) { return L::scale(get<I>(p), i); }));
    } else if constexpr (what == part::bend) {
      if constexpr (L::reads == fusion::normalizer) {
        constexpr pooling runs = L::pooled(Net::shapes[I]);
        if (L::centred && !layout::is_centred(I)) {
          if (now.pending.rows == 0) now.map(diagonal(size, 0, [](std::size_t) { return 1.0; }));
          centre_map(now.pending, runs, side::rows);
        }
        now.bend(size, sector_of<L>(Net::shapes[I]));
        if constexpr (beside::reads[beside::behind(I)] != fusion::affine) {
          linear_map gains = diagonal(size, 0, [&](std::size_t i) { return L::gain(get<I>(p), i); });
          if (L::centred) centre_map(gains, runs, side::columns);
          now.map(std::move(gains));
        }
      } else {
        now.bend(size, sector_of<L>(Net::shapes[I]));
      }
    }
  });
  finish(Net::output_size);
  return all;
}

}  // namespace taut::certificates
