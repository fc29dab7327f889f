// SPDX-License-Identifier: Apache-2.0
// The attack on a list of networks, with every kind of weights: what networks.cpp and more_networks.cpp share.
#pragma once
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <memory>
#include <vector>

#include "campaign/attack.hpp"
#include "support/catch.hpp"

namespace taut::campaign {

template <class Net> std::unique_ptr<subject> make(const char* name) { return std::make_unique<subject_of<Net>>(name); }

/// Attacks each network `seeds` times with each kind of weights; nothing may give way.
inline void attack_all(const char* campaign, const std::vector<std::unique_ptr<subject>>& nets, std::size_t seeds) {
  std::vector<tally> all;
  std::size_t networks = 0, certified = 0;
  for (const auto& net : nets) {
    record r{{net->name + ": product"},
             {net->name + ": tighten"},
             {net->name + ": false witnesses"},
             {net->name + ": radii"},
             {net->name + ": boundaries"}};
    for (std::uint64_t seed = 1; seed <= seeds; ++seed)
      for (std::size_t kind = 0; kind < weight_kinds; ++kind) {
        const std::uint64_t unique = seed * weight_kinds + kind;
        net->draw(static_cast<weight_kind>(kind), seed, seed % 5 == 1);
        ++networks;
        attack_slope(*net, unique, 8, r);
        attack_radius(*net, unique, 6, r);
      }
    certified += r.certified;
    for (const tally& t : {r.product, r.tight, r.tampered, r.radii, r.boundaries}) all.push_back(t);
    CHECK(r.boundaries.checks > 0);
  }
  CHECK(conclude(campaign, all) == 0);
  std::cout << "campaign." << campaign << ": " << networks << " networks, " << certified << " certified inputs\n";
}

}  // namespace taut::campaign
