// SPDX-License-Identifier: Apache-2.0
// The attacks on one network with parameters: pairs of inputs against its Lipschitz constant, inputs near a certified
// one against its radius, and inputs on both sides of a decision boundary against both of theirs.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "campaign/subject.hpp"
#include "campaign/tally.hpp"

namespace taut::campaign {

/// What was tried against a kind of network.
struct record {
  tally product, tight, tampered, radii, boundaries;
  std::size_t certified = 0;
};

/// Searches for a pair of inputs that is steeper than a proved constant: near pairs and far ones, antipodal around the
/// inputs where a normalizer sees a constant, and on its declared floor; improved by gradient ascent.
void attack_slope(subject& net, std::uint64_t seed, std::size_t starts, record& sum);

/// Certifies inputs of many kinds and searches the float engines for another label inside each radius; follows decision
/// boundaries down to neighbouring floats.
void attack_radius(subject& net, std::uint64_t seed, std::size_t inputs, record& sum);

}  // namespace taut::campaign
