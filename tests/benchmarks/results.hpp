// SPDX-License-Identifier: Apache-2.0
// What was measured, and what follows: medians, ratios to peers, the targets.
#pragma once
#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "benchmarks/plugin.hpp"
#include "benchmarks/timing.hpp"

namespace taut::benchmarks {

/// The times of one peer on one net: ns per sample, one of each round.
struct result {
  std::string net, peer, compiler;
  kind what = kind::other;
  std::size_t batch = 1;
  double error = 0;
  std::vector<double> rounds;
  double ns() const { return median(rounds); }
  /// The library as its users have it: not with lanes chosen by hand.
  bool is_taut() const { return peer == "taut"; }
  std::string name() const { return peer + " " + compiler; }
};

/// All that was measured. A net's results of one batch size stand in the same rounds.
struct results {
  std::vector<result> all;

  const result* find(const std::string& net, std::size_t batch, const std::string& peer,
                     const std::string& compiler) const {
    for (const result& r : all)
      if (r.net == net && r.batch == batch && r.peer == peer && r.compiler == compiler) return &r;
    return nullptr;
  }
  const result* ours(const std::string& net, std::size_t batch) const { return find(net, batch, "taut", "g++"); }

  /// The fastest of those that `accept` holds for, or null.
  template <class Accept> const result* fastest(const std::string& net, std::size_t batch, Accept&& accept) const {
    const result* best = nullptr;
    for (const result& r : all)
      if (r.net == net && r.batch == batch && accept(r) && (best == nullptr || r.ns() < best->ns())) best = &r;
    return best;
  }
  const result* best_peer(const std::string& net, std::size_t batch) const {
    return fastest(net, batch, [](const result& r) { return r.what != kind::ours; });
  }
  const result* best_library(const std::string& net, std::size_t batch) const {
    return fastest(net, batch, [](const result& r) { return r.what == kind::library; });
  }
  const result* best_plain(const std::string& net, std::size_t batch) const {
    return fastest(net, batch, [](const result& r) { return r.what == kind::plain; });
  }
  const result* best_eigen(const std::string& net, std::size_t batch) const {
    return fastest(net, batch, [](const result& r) { return r.peer.starts_with("eigen"); });
  }
};

/// The median over rounds of ours / theirs; 0 when one of them is missing.
inline double ratio(const result* ours, const result* theirs) {
  return ours == nullptr || theirs == nullptr ? 0 : median(ratios(ours->rounds, theirs->rounds));
}

}  // namespace taut::benchmarks
