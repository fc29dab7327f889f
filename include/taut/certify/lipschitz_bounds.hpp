// SPDX-License-Identifier: Apache-2.0
// Every method's number for one network: upper bounds from the loosest to the tightest, and the sampled lower bound.
//
//   const auto table = lipschitz_bounds(p);
//   for (const auto& row : table.rows) print(row.name, row.value, row.seconds);
//   table.best.value, table.best.method                          // the least of them, verified
//
// "naive" is the product of uncentred norms and largest gains; all others are those of tighten.
#pragma once
#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string_view>
#include <taut/certify/sampled.hpp>
#include <taut/certify/tighten.hpp>
#include <taut/net/block.hpp>
#include <vector>

namespace taut {

/// One method's number.
struct named_bound {
  std::string_view name;
  double value = 0, seconds = 0;
};

/// The methods' numbers, and the least upper bound with its witness.
template <class Net> struct table_of_bounds {
  std::array<named_bound, 5> rows;  ///< naive, product, rescaled, absolute, semidefinite
  named_bound sampled;
  lipschitz_bound<64 * (Net::depth + 1), witness<Net>> best;

  /// The number of a method, infinity if there is no such row.
  [[nodiscard]] double value(std::string_view name) const {
    for (const named_bound& row : rows)
      if (row.name == name) return row.value;
    return rounded::infinity;
  }
};

/// The product over all layers of what each is bounded by on its own: nothing is centred, nothing folded.
template <class Net, class Real> double naive_bound(const parameters<Net, Real>& p) {
  double bound = 1;
  base::for_each_index<Net::depth>([&]<std::size_t I>() {
    using L = layer_of<Net, I>;
    if constexpr (L::reads == fusion::normalizer) {
      double largest = 0;
      for (std::size_t i = 0; i < Net::shapes[I].size(); ++i)
        largest = std::max(largest, std::abs(L::gain(get<I>(p), i)));
      bound = rounded::mul_up(bound, rounded::mul_up(radial_slope<L>(), largest));
    } else {
      using alone = typename base::network_on<Net::shapes[I], base::list<L>>::type;
      const auto q = std::make_unique<parameters<alone, Real>>();
      get<0>(*q) = get<I>(p);
      bound = rounded::mul_up(bound, certificates::factor<alone, 0>(*q, constant_work));
    }
  });
  return bound;
}

/// All methods on one network. Sampling is restricted to the region that the declared floors name.
template <class Net, class Real> table_of_bounds<Net> lipschitz_bounds(const parameters<Net, Real>& p,
                                                                       const sampling_options& sampling = {},
                                                                       const tighten_options& options = {}) {
  using clock = std::chrono::steady_clock;
  auto since = clock::now();
  const auto lap = [&since] {
    const auto now = clock::now();
    const double seconds = std::chrono::duration<double>(now - since).count();
    since = now;
    return seconds;
  };
  table_of_bounds<Net> table;
  table.rows[0] = {"naive", naive_bound(p), 0};
  table.rows[0].seconds = lap();
  const auto all = certificates::chains_of(p);
  std::vector<certificates::chain_bounds> found;
  for (const certificates::chain& c : all.chains) found.push_back(certificates::bounds_of(c, options));
  for (const tactic t : {tactic::product, tactic::rescaled, tactic::absolute, tactic::semidefinite}) {
    named_bound& row = table.rows[1 + static_cast<std::size_t>(t)];
    row = {name_of(t), all.between, 0};
    for (const certificates::chain_bounds& c : found) {
      row.value = rounded::mul_up(row.value, c.value(t));
      row.seconds += c.seconds[static_cast<std::size_t>(t)];
    }
  }
  table.best = verify(p, certificates::witness_of<Net>(all.chains, found));
  lap();
  table.sampled = {"sampled", sampled_slope(p, sampling).value, 0};
  table.sampled.seconds = lap();
  return table;
}

}  // namespace taut
