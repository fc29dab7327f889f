// SPDX-License-Identifier: Apache-2.0
// The second part of capacity_control: trained networks, with normalizers behind every layer and without.
#pragma once
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "../laboratory/experiment.hpp"

/// How the networks are trained.
struct training_settings {
  std::size_t epochs = 100;
  std::size_t samples = 600;  ///< to train on; the other digits are for the test
  std::size_t seeds = 5;      ///< networks of each kind
  double rate = 0.05, weight_decay = 0;
};

/// Trains, measures, writes the tables and figures capacity_training and capacity_landscape, and gives keys of RESULT.
std::vector<std::pair<std::string, laboratory::value>> trained_networks(const laboratory::experiment& e,
                                                                        const training_settings& s);
