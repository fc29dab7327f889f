// SPDX-License-Identifier: Apache-2.0
// The report: RESULT lines on the terminal, tables in Markdown, everything in JSON, the data of the figure.
#pragma once
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "benchmarks/machine.hpp"
#include "benchmarks/results.hpp"
#include "benchmarks/targets.hpp"

namespace taut::benchmarks {

/// A positive number with three significant digits or more, "-" for none.
inline std::string digits(double v) {
  if (!(v > 0)) return "-";
  char text[32];
  std::snprintf(text, sizeof(text), v >= 100 ? "%.0f" : v >= 10 ? "%.1f" : v >= 0.1 ? "%.2f" : "%.3f", v);
  return text;
}

/// The network of that name, with weights as they are or with offsets 0. @pre there is one.
inline const net& network_of(const std::string& name) {
  return nets[number_of(name.substr(0, name.find("_zero_offset")))];
}

/// One line for each net and batch, and one for each cost of normalization.
inline std::vector<std::string> result_lines(const machine& m, const results& r) {
  std::vector<std::string> lines;
  const auto say = [](std::string& line, const char* key, double value) {
    if (value > 0) line += std::string(" ") + key + "=" + digits(value);
  };
  for (const result& mine : r.all) {
    if (!mine.is_taut() || mine.compiler != "g++" || mine.net.ends_with("_no_norm")) continue;
    const result* const best = mine.batch == 1 ? r.best_peer(mine.net, 1) : r.best_library(mine.net, mine.batch);
    const result* const clang = r.find(mine.net, mine.batch, "taut", "clang++");
    std::string line = "RESULT net=" + mine.net + " batch=" + std::to_string(mine.batch) + " ns=" + digits(mine.ns());
    if (best != nullptr) {
      std::string name = best->name();
      std::replace(name.begin(), name.end(), ' ', '/');
      line += " best_peer=" + name;
    }
    say(line, "ratio", ratio(&mine, best));
    say(line, "gcc_ratio", ratio(&mine, r.fastest(mine.net, mine.batch, [&](const result& one) {
          return one.compiler == "g++" && (one.what == kind::library || (mine.batch == 1 && one.what != kind::ours));
        })));
    say(line, "roofline", m.bound(network_of(mine.net), mine.batch) / mine.ns());
    if (clang != nullptr) say(line, "clang_ns", clang->ns());
    if (const result* const narrow = r.find(mine.net, mine.batch, "taut_8", "g++"); narrow != nullptr)
      say(line, "lanes_8_ns", narrow->ns());
    say(line, "plain_c_ratio", ratio(&mine, r.best_plain(mine.net, mine.batch)));
    say(line, "eigen_ratio", ratio(&mine, r.best_eigen(mine.net, mine.batch)));
    lines.push_back(line);
  }
  for (const result& bare : r.all) {
    if (!bare.is_taut() || bare.compiler != "g++" || !bare.net.ends_with("_no_norm")) continue;
    const std::string name = bare.net.substr(0, bare.net.size() - 8);
    for (const bool offset : {false, true}) {
      const double cost = ratio(r.ours(offset ? name : name + "_zero_offset", 1), &bare);
      if (cost > 0)
        lines.push_back("RESULT net=" + name + " norm_cost=" + digits(cost) + " offset=" + (offset ? "1" : "0"));
    }
  }
  return lines;
}

namespace detail {

/// The nets of these results at one batch size, and the peers, each once, in order.
inline std::vector<std::string> nets_at(const results& r, std::size_t batch, bool of_peers) {
  std::vector<std::string> names;
  for (const result& one : r.all)
    if (one.batch == batch && (!of_peers || one.what != kind::ours) &&
        std::find(names.begin(), names.end(), one.net) == names.end())
      names.push_back(one.net);
  return names;
}
inline std::vector<std::string> peers_at(const results& r, std::size_t batch) {
  std::vector<std::string> names;
  for (const kind what : {kind::ours, kind::library, kind::plain, kind::other})
    for (const result& one : r.all)
      if (one.batch == batch && one.what == what && std::find(names.begin(), names.end(), one.name()) == names.end())
        names.push_back(one.name());
  return names;
}
inline std::string row(const std::vector<std::string>& cells) {
  std::string line = "|";
  for (const std::string& c : cells) line += " " + c + " |";
  return line + "\n";
}
inline std::string head(const std::vector<std::string>& cells) {
  std::string line = row(cells) + "|";
  for (std::size_t i = 0; i < cells.size(); ++i) line += i == 0 ? "---|" : "---:|";
  return line + "\n";
}

/// The times of all peers on all nets.
inline std::string times(const results& r, std::size_t batch) {
  const auto names = nets_at(r, batch, false);
  std::vector<std::string> cells{"ns a sample"};
  cells.insert(cells.end(), names.begin(), names.end());
  std::string text = head(cells);
  for (const std::string& peer : peers_at(r, batch)) {
    cells = {peer};
    for (const std::string& net : names) {
      const result* const found = r.fastest(net, batch, [&](const result& one) { return one.name() == peer; });
      cells.push_back(found == nullptr ? "" : digits(found->ns()));
    }
    text += row(cells);
  }
  return text;
}

/// Ours against the best of each sort.
inline std::string comparison(const machine& m, const results& r, std::size_t batch) {
  std::string text = head({"net", "g++ ns", "clang++ ns", "bound ns", "g++ roofline", "clang++ roofline", "best peer",
                           "g++ ratio", "clang++ ratio", "best library", "g++ ratio", "to plain C", "to Eigen"});
  for (const std::string& net : nets_at(r, batch, true)) {
    const result* const mine = r.ours(net, batch);
    const result* const clang = r.find(net, batch, "taut", "clang++");
    const result *const best = r.best_peer(net, batch), *const library = r.best_library(net, batch);
    const double bound = m.bound(network_of(net), batch);
    const auto ns = [](const result* one) { return one == nullptr ? 0 : one->ns(); };
    text +=
        row({net, digits(ns(mine)), digits(ns(clang)), digits(bound), digits(mine == nullptr ? 0 : bound / ns(mine)),
             digits(clang == nullptr ? 0 : bound / ns(clang)), best->name(), digits(ratio(mine, best)),
             digits(ratio(clang, best)), library == nullptr ? "-" : library->name(), digits(ratio(mine, library)),
             digits(ratio(mine, r.best_plain(net, batch))), digits(ratio(mine, r.best_eigen(net, batch)))});
  }
  return text;
}

/// How rounds differ: ours by each compiler, in ns a sample and against the fastest peer of all.
inline std::string spread(const results& r) {
  std::string text = head({"net", "batch", "compiler", "ns: best round", "median", "worst", "against",
                           "ratio: best round", "median", "worst"});
  const auto three = [](std::vector<std::string>& cells, const std::vector<double>& values) {
    const auto [least, most] = std::minmax_element(values.begin(), values.end());
    for (const double v : {*least, median(values), *most}) cells.push_back(digits(v));
  };
  for (const result& mine : r.all) {
    if (!mine.is_taut()) continue;
    std::vector<std::string> cells{mine.net, std::to_string(mine.batch), mine.compiler};
    three(cells, mine.rounds);
    if (const result* const best = r.best_peer(mine.net, mine.batch); best != nullptr) {
      cells.push_back(best->name());
      three(cells, ratios(mine.rounds, best->rounds));
    } else {
      cells.resize(10);
    }
    text += row(cells);
  }
  return text;
}

/// Targets with what was measured; all, or those that were not met.
inline std::string judged(const std::vector<target>& targets, bool all) {
  std::string text = head({"target", "limit", "g++", "clang++", "who", "verdict"});
  for (const target& t : targets)
    if (all || t.verdict() != "met")
      text += row({t.what, (t.at_least ? ">= " : "<= ") + digits(t.limit), digits(t.gcc), digits(t.clang), t.other,
                   t.verdict()});
  return text;
}

/// Where this was measured.
inline std::string place(const machine& m, const std::map<std::string, std::string>& compilers) {
  std::string text = m.processor + "; ";
  for (const auto& [name, version] : compilers) text += name + " is " + version + "; ";
  return text + "one thread.\nMultiply-adds: " + digits(m.peak_widest) + " GFLOP/s in registers of " +
         std::to_string(8 * widest_register) + " bits, " + digits(m.peak_256) +
         " of 256. Reading 16 KB, 256 KB, 4 MB again and again: " + digits(m.l1) + ", " + digits(m.l2) + ", " +
         digits(m.l3) +
         " GB/s.\nMedians over rounds; ratios are taken inside rounds, below 1 is faster than the peer.\n";
}

/// For the figure: of each net and each family of peers, the time of its fastest over ours.
inline void write_figure_data(std::ostream& out, const results& r, std::size_t batch) {
  std::vector<std::string> families;
  for (const char* family : {"plain", "eigen", "onednn", "xnnpack", "openblas", "libxsmm", "rtneural"})
    if (std::any_of(r.all.begin(), r.all.end(),
                    [&](const result& one) { return one.batch == batch && one.peer.starts_with(family); }))
      families.emplace_back(family);
  out << "net";
  for (const std::string& family : families) out << ' ' << family;
  out << '\n';
  for (const std::string& net : nets_at(r, batch, true)) {
    if (net.ends_with("_zero_offset")) continue;
    out << net;
    for (const std::string& family : families) {
      const result* const best = r.fastest(net, batch, [&](const result& one) { return one.peer.starts_with(family); });
      const double times = ratio(best, r.ours(net, batch));
      out << ' ' << (times > 0 ? std::to_string(times) : "?");
    }
    out << '\n';
  }
}

}  // namespace detail

/// Writes report.md, summary.md (the last section of docs/speed.md), report.json and figure_*.dat, and prints the RESULT
/// lines.
inline void write_report(const std::filesystem::path& folder, const machine& m, const results& r,
                         const std::map<std::string, std::string>& compilers) {
  const std::vector<std::string> lines = result_lines(m, r);
  const std::vector<target> targets = targets_of(m, r);
  const auto missed =
      std::count_if(targets.begin(), targets.end(), [](const target& t) { return t.verdict() != "met"; });
  const std::string verdict =
      std::to_string(missed) + " of " + std::to_string(targets.size()) + " targets are missed by a compiler";
  std::ofstream text(folder / "report.md"), summary(folder / "summary.md");
  text << "# Times of one run\n\n" << detail::place(m, compilers);
  summary << detail::place(m, compilers) << "\n```\n";
  for (const std::string& line : lines) summary << line << "\n";
  summary << "```\n\n" << verdict << ".\n";
  if (missed > 0) summary << "\n" << detail::judged(targets, false);
  for (const std::size_t batch : {std::size_t{1}, batch_size}) {
    if (detail::nets_at(r, batch, false).empty()) continue;
    text << "\n## Batch " << batch << "\n\n" << detail::comparison(m, r, batch) << "\n" << detail::times(r, batch);
  }
  text << "\n## Rounds\n\n"
       << detail::spread(r) << "\n## Targets\n\n"
       << verdict << ".\n\n"
       << detail::judged(targets, true) << "\n## Result lines\n\n```\n";
  for (const std::string& line : lines) text << line << "\n";
  text << "```\n";

  nlohmann::ordered_json json;
  json["machine"] = {{"processor", m.processor}, {"cpu", m.cpu},          {"gflops", m.peak_widest},
                     {"gflops_256", m.peak_256}, {"l1_gb_per_s", m.l1},   {"l2_gb_per_s", m.l2},
                     {"l3_gb_per_s", m.l3},      {"compilers", compilers}};
  json["results"] = nlohmann::ordered_json::array();
  for (const result& one : r.all) {
    nlohmann::ordered_json entry = {{"net", one.net},
                                    {"batch", one.batch},
                                    {"peer", one.peer},
                                    {"compiler", one.compiler},
                                    {"ns", one.ns()},
                                    {"error", one.error},
                                    {"bound_ns", m.bound(network_of(one.net), one.batch)},
                                    {"rounds", one.rounds}};
    json["results"].push_back(std::move(entry));
  }
  for (const target& t : targets)
    json["targets"].push_back({{"what", t.what},
                               {"other", t.other},
                               {"limit", t.limit},
                               {"at_least", t.at_least},
                               {"gcc", t.gcc},
                               {"clang", t.clang},
                               {"verdict", t.verdict()}});
  std::ofstream(folder / "report.json") << json.dump(1) << "\n";
  for (const std::size_t batch : {std::size_t{1}, batch_size}) {
    std::ofstream figure(folder / ("figure_" + std::to_string(batch) + ".dat"));
    detail::write_figure_data(figure, r, batch);
  }
  for (const result& one : r.all)
    std::printf("%-18s %3zu  %-22s %9s ns   error %.1e\n", one.net.c_str(), one.batch, one.name().c_str(),
                digits(one.ns()).c_str(), one.error);
  for (const target& t : targets)
    if (t.verdict() != "met") std::printf("TARGET %s: %s\n", t.verdict().c_str(), t.what.c_str());
  std::printf("%s\n", verdict.c_str());
  for (const std::string& line : lines) std::printf("%s\n", line.c_str());
}

}  // namespace taut::benchmarks
