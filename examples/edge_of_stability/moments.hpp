// SPDX-License-Identifier: Apache-2.0
// What the parts of the experiment share: its table of moments and the style of its figures.
#pragma once
#include <string>
#include <taut/taut.hpp>
#include <utility>
#include <vector>

#include "../laboratory/experiment.hpp"

namespace edge {

using namespace taut;

/// Keys of the RESULT line.
using results = std::vector<std::pair<std::string, laboratory::value>>;

inline constexpr double nothing = 1e-30;  ///< the epsilon of normalizers: scale invariance is exact

/// The first moment at the edge of stability, after the start; the last one, if it is never reached.
inline const descent_moment& edge_of(const descent& run) {
  const auto reached = [](const descent_moment& m) { return m.step > 0 && m.product >= 2; };
  const auto found = std::ranges::find_if(run.moments, reached);
  return found == run.moments.end() ? run.moments.back() : *found;
}

/// A table of moments, empty.
inline laboratory::table moments() {
  return laboratory::table({"run", "step", "loss", "sharpness", "product", "length", "angle", "measured"});
}
/// Adds a run: gnuplot's next index.
inline void add(laboratory::table& rows, const std::string& run, const descent& d) {
  for (const descent_moment& m : d.moments)
    rows.add({run, m.step, m.loss, m.sharpness, m.product, m.length, m.angle, m.measured});
  rows.separate(), rows.separate();
}

inline constexpr const char* style = R"gp(set style line 1 lc rgb "#0060ad" lw 2
set style line 2 lc rgb "#dd7700" lw 2
set style line 3 lc rgb "#888888" lw 2
set style line 4 lc rgb "#000000" lw 2 dt 2
set style line 5 lc rgb "#aa0000" lw 1
set grid lc rgb "#dddddd"
set xlabel "step (thousands)"
set mytics 1
)gp";

}  // namespace edge
