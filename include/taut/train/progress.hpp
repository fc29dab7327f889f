// SPDX-License-Identifier: Apache-2.0
// A progress bar for training: one line that is written again after each epoch.
//
//   fit(p, data, batch<32>{}, {.epochs = 60, .on_epoch = progress_bar(std::cerr)});
//   [==========          ] 30/60  loss 0.0412  train 99.1 %  test 97.7 %
#pragma once
#include <cstddef>
#include <cstdio>
#include <functional>
#include <ostream>
#include <string>
#include <taut/train/fit.hpp>

namespace taut {

/// The line that describes an epoch.
[[nodiscard]] inline std::string progress_line(const epoch_report& report) {
  constexpr std::size_t width = 20;
  const std::size_t done = report.epochs == 0 ? width : report.epoch * width / report.epochs;
  char text[160];
  std::snprintf(text, sizeof text, "] %zu/%zu  loss %.4f  train %.1f %%", report.epoch, report.epochs,
                report.train.loss, 100 * report.train.accuracy);
  std::string line = "[" + std::string(done, '=') + std::string(width - done, ' ') + text;
  if (report.test) {
    std::snprintf(text, sizeof text, "  test %.1f %%", 100 * report.test->accuracy);
    line += text;
  }
  return line;
}

/// Writes the line after each epoch over the one before, and ends it after the last. @pre `out` outlives its use.
[[nodiscard]] inline std::function<void(const epoch_report&)> progress_bar(std::ostream& out) {
  return [&out](const epoch_report& report) {
    out << '\r' << progress_line(report) << (report.epoch == report.epochs ? "\n" : "") << std::flush;
  };
}

}  // namespace taut
