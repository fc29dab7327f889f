// SPDX-License-Identifier: Apache-2.0
// How the soundness campaign counts: checks, violations, and how near a bound came to the truth. With TAUT_CAMPAIGN=full
// in the environment it runs for minutes, otherwise for seconds; seeds are fixed either way.
//
//   tally t{"Schur"};  t.bound(is_below_the_truth, bound / truth);  report("matrices", all);
#pragma once
#include <cstddef>
#include <cstdlib>
#include <iomanip>
#include <iostream>
#include <span>
#include <sstream>
#include <string>

namespace taut::campaign {

/// Whether the long campaign was asked for.
inline bool is_full() {
  const char* const asked = std::getenv("TAUT_CAMPAIGN");
  return asked != nullptr && std::string(asked) == "full";
}
/// The first number in the short campaign, the second in the long one.
inline std::size_t effort(std::size_t quick, std::size_t full) { return is_full() ? full : quick; }

/// What was tried against one promise.
struct tally {
  std::string name;
  std::size_t checks = 0, violations = 0;
  long double nearest = -1;  ///< the smallest bound / truth; negative: none was measured
  std::string worst{};       ///< what the first violation was

  /// One check; `ratio` is bound / truth where the truth is known and not zero.
  void check(bool violated, long double ratio = -1) {
    ++checks;
    violations += violated ? 1 : 0;
    if (ratio >= 0 && (nearest < 0 || ratio < nearest)) nearest = ratio;
  }
  /// The same, and words for the first violation.
  template <class Words> void check(bool violated, long double ratio, Words&& words) {
    if (violated && violations == 0) worst = words();
    check(violated, ratio);
  }
};

/// The counts of some tallies as text, one a line, and their sums on the last.
inline std::string report(const std::string& title, std::span<const tally> all) {
  std::ostringstream out;
  std::size_t checks = 0, violations = 0;
  for (const tally& t : all) {
    out << "  " << std::left << std::setw(52) << t.name << std::right << std::setw(10) << t.checks << " checks  "
        << t.violations << " violations";
    if (t.nearest >= 0) out << "  nearest " << std::setprecision(9) << static_cast<double>(t.nearest);
    if (!t.worst.empty()) out << "  first: " << t.worst;
    out << "\n";
    checks += t.checks, violations += t.violations;
  }
  out << "campaign." << title << ": " << checks << " checks, " << violations << " violations\n";
  return out.str();
}

/// Prints the counts; returns all violations.
inline std::size_t conclude(const std::string& title, std::span<const tally> all) {
  std::cout << report(title, all) << std::flush;
  std::size_t violations = 0;
  for (const tally& t : all) violations += t.violations;
  return violations;
}

}  // namespace taut::campaign
