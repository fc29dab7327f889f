// SPDX-License-Identifier: Apache-2.0
// The numbers that we want to show, each with what this run measured. They are stated once, here.
#pragma once
#include <array>
#include <string>
#include <vector>

#include "benchmarks/machine.hpp"
#include "benchmarks/results.hpp"

namespace taut::benchmarks {

/// A number for each compiler of ours and its limit, and who it is compared with. Numbers that were not measured are 0.
struct target {
  std::string what, other;
  double gcc = 0, clang = 0, limit = 0;
  bool at_least = false;
  bool keeps(double v) const { return at_least ? v >= limit : v <= limit; }
  std::string verdict() const {
    if (gcc == 0 && clang == 0) return "not measured";
    const bool first = gcc > 0 && keeps(gcc), second = clang > 0 && keeps(clang);
    if ((first || gcc == 0) && (second || clang == 0)) return "met";
    return first ? "g++ only" : second ? "clang++ only" : "missed";
  }
};

/// All targets, in the order of the report. Targets of networks that were not run are left out.
inline std::vector<target> targets_of(const machine& m, const results& r) {
  std::vector<target> all;
  const auto add = [&](std::string what, std::string other, double limit, auto&& value, bool at_least = false) {
    const target t{std::move(what), std::move(other), value("g++"), value("clang++"), limit, at_least};
    if (t.gcc > 0 || t.clang > 0) all.push_back(t);
  };
  const auto against = [&](const char* net, std::size_t batch, double limit, const result* theirs, const char* whom) {
    add(std::string(net) + ", batch " + std::to_string(batch) + ", against " + whom,
        theirs == nullptr ? "" : theirs->name(), limit,
        [&](const char* compiler) { return ratio(r.find(net, batch, "taut", compiler), theirs); });
  };
  struct limit_of {
    const char* net;
    double limit;
  };
  for (const auto& [net, limit] :
       {limit_of{"N1", 0.65}, limit_of{"N2", 1.0}, limit_of{"N3", 1.05}, limit_of{"N4", 0.9}, limit_of{"N5", 0.6}})
    against(net, 1, limit, r.best_peer(net, 1), "the best peer");
  for (const auto& [net, limit] : {limit_of{"N1", 0.45}, limit_of{"N5", 0.4}, limit_of{"N5_bias_free", 0.45}})
    against(net, 1, limit, r.best_eigen(net, 1), "Eigen");
  for (const auto& [net, limit] :
       {limit_of{"N1", 0.85}, limit_of{"N2", 1.0}, limit_of{"N3", 1.05}, limit_of{"N5", 0.15}})
    against(net, batch_size, limit, r.best_library(net, batch_size), "the best library");
  against("N5", batch_size, 0.8, r.best_plain("N5", batch_size), "plain C");

  struct cost_limits {
    const char* net;
    double zero_offset, offset;
  };
  for (const auto& [net, zero, offset] : {cost_limits{"N1", 1.15, 1.4}, cost_limits{"16x16x6", 1.4, 2.1},
                                          cost_limits{"N2", 1.05, 1.05}, cost_limits{"N3", 1.05, 1.05}})
    for (const bool with : {false, true})
      add(std::string(net) + ", batch 1, cost of normalization, " + (with ? "offsets" : "offsets 0"), "",
          with ? offset : zero, [&, name = std::string(net)](const char* compiler) {
            return ratio(r.find(with ? name : name + "_zero_offset", 1, "taut", compiler),
                         r.find(name + "_no_norm", 1, "taut", compiler));
          });
  for (const char* net : {"N1", "N2", "N3"})
    add(
        std::string(net) + ", batch 64, fraction of the roofline", "", 0.7,
        [&](const char* compiler) {
          const result* const mine = r.find(net, batch_size, "taut", compiler);
          return mine == nullptr ? 0 : m.bound(nets[number_of(net)], batch_size) / mine->ns();
        },
        true);
  for (const result& mine : r.all) {
    if (!mine.is_taut() || mine.compiler != "g++") continue;
    const double between = ratio(&mine, r.find(mine.net, mine.batch, "taut", "clang++"));
    add(mine.net + ", batch " + std::to_string(mine.batch) + ", one compiler against the other", "", 1.25,
        [&](const char* compiler) {
          return between == 0 ? 0 : std::string(compiler) == "g++" ? between : 1 / between;
        });
  }
  return all;
}

}  // namespace taut::benchmarks
