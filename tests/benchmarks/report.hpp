// SPDX-License-Identifier: Apache-2.0
// The report: RESULT lines on the terminal, tables in Markdown, everything in JSON.
#pragma once
#include <cstdio>
#include <filesystem>
#include <string>

#include "benchmarks/machine.hpp"
#include "benchmarks/results.hpp"

namespace taut::benchmarks {

/// A number with three significant digits, "-" for none.
inline std::string digits(double v) {
  if (!(v > 0)) return "-";
  char text[32];
  std::snprintf(text, sizeof(text), v >= 1000 ? "%.0f" : v >= 100 ? "%.0f" : v >= 10 ? "%.1f" : "%.2f", v);
  return text;
}

/// One line for each net and batch, for the cost of normalization, and for the bias-free chain.
inline std::vector<std::string> result_lines(const machine& m, const results& r) {
  std::vector<std::string> lines;
  for (const result& mine : r.all) {
    if (mine.what != kind::ours || mine.compiler != "g++") continue;
    const auto at = std::find_if(nets.begin(), nets.end(), [&](const net& n) { return n.name == mine.net; });
    if (at == nets.end() || at->name.ends_with("_no_norm")) continue;
    const result* const best = mine.batch == 1 ? r.best_peer(mine.net, 1) : r.best_library(mine.net, mine.batch);
    const result* const clang = r.find(mine.net, mine.batch, "taut", "clang++");
    std::string line = "RESULT net=" + mine.net + " batch=" + std::to_string(mine.batch) + " ns=" + digits(mine.ns());
    if (best != nullptr) {
      std::string name = best->name();
      std::replace(name.begin(), name.end(), ' ', '/');
      line += " best_peer=" + name + " ratio=" + digits(ratio(&mine, best));
    }
    line += " roofline=" + digits(m.bound(*at, mine.batch) / mine.ns());
    if (clang != nullptr) line += " clang_ns=" + digits(clang->ns());
    if (const double plain = ratio(&mine, r.best_plain(mine.net, mine.batch)); plain > 0)
      line += " plain_c_ratio=" + digits(plain);
    if (const double eigen = ratio(&mine, r.best_eigen(mine.net, mine.batch)); eigen > 0)
      line += " eigen_ratio=" + digits(eigen);
    lines.push_back(line);
  }
  for (const result& bare : r.all) {
    if (bare.what != kind::ours || bare.compiler != "g++" || !bare.net.ends_with("_no_norm")) continue;
    const std::string name = bare.net.substr(0, bare.net.size() - 8);
    for (const bool offset : {false, true}) {
      const result* const normed = r.ours(offset ? name : name + "_zero_offset", 1);
      lines.push_back("RESULT net=" + name + " norm_cost=" + digits(ratio(normed, &bare)) +
                      " offset=" + (offset ? "1" : "0"));
    }
  }
  return lines;
}

inline void write_report(const std::filesystem::path&, const machine& m, const results& r) {
  std::printf("%s, cpu %d: peak %.0f GFLOP/s (256 bit: %.0f), reads %.0f / %.0f / %.0f GB/s of 16 K, 256 K, 4 M\n",
              m.processor.c_str(), m.cpu, m.peak_widest, m.peak_256, m.l1, m.l2, m.l3);
  for (const result& one : r.all)
    std::printf("%-18s %3zu  %-22s %9s ns   error %.1e\n", one.net.c_str(), one.batch, one.name().c_str(),
                digits(one.ns()).c_str(), one.error);
  for (const std::string& line : result_lines(m, r)) std::printf("%s\n", line.c_str());
}

}  // namespace taut::benchmarks
