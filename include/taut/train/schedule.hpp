// SPDX-License-Identifier: Apache-2.0
// Learning-rate schedules: functions from the progress of training, in [0, 1], to a factor of the learning rate.
//
//   constant_rate                  1
//   cosine_rate                    (1 + cos(pi t)) / 2
//   warm_up(0.1, cosine_rate)      rises from 0 to 1 in the first tenth, then the cosine over the rest
#pragma once
#include <cmath>
#include <functional>
#include <numbers>
#include <utility>

namespace taut {

/// A factor of the learning rate for each progress in [0, 1].
using rate_schedule = std::function<double(double)>;

/// The same learning rate throughout.
inline double constant_rate(double) { return 1; }

/// Half a period of the cosine, from 1 to 0.
inline double cosine_rate(double progress) { return 0.5 * (1 + std::cos(std::numbers::pi * progress)); }

/// A linear rise from 0 over the first `share` of training, then `after` over the rest. @pre 0 <= share < 1
inline rate_schedule warm_up(double share, rate_schedule after) {
  return [share, after = std::move(after)](double progress) {
    return progress < share ? progress / share : after((progress - share) / (1 - share));
  };
}

}  // namespace taut
