// SPDX-License-Identifier: Apache-2.0
// Progress of training for people: Boost's progress bar, one step an epoch, and a line of figures at the end.
//
//   fit(p, train, batch<32>{}, {.on_epoch = progress_bar(std::cout)});
#pragma once
#include <cstdio>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <taut/train/fit.hpp>
#if __has_include(<boost/timer/progress_display.hpp>)
#include <boost/timer/progress_display.hpp>
#endif

namespace taut {

/// The line that describes an epoch: "epoch 5 of 10  loss 0.2500  train 50.0 %", and the test accuracy if there is one.
[[nodiscard]] inline std::string progress_line(const epoch_report& report) {
  char text[120];
  std::snprintf(text, sizeof text, "epoch %zu of %zu  loss %.4f  train %.1f %%", report.epoch, report.epochs,
                report.train.loss, 100 * report.train.accuracy);
  std::string line = text;
  if (report.test) {
    std::snprintf(text, sizeof text, "  test %.1f %%", 100 * report.test->accuracy);
    line += text;
  }
  return line;
}

/// Draws a bar from the first epoch to the last, then the line of the last; only lines where Boost.Timer is missing.
/// @pre `out` outlives its use.
[[nodiscard]] inline std::function<void(const epoch_report&)> progress_bar(std::ostream& out) {
#if __has_include(<boost/timer/progress_display.hpp>)
  return [&out, bar = std::shared_ptr<boost::timer::progress_display>()](const epoch_report& report) mutable {
    if (!bar) bar = std::make_shared<boost::timer::progress_display>(static_cast<unsigned long>(report.epochs), out);
    ++*bar;
    out << std::flush;
    if (report.epoch == report.epochs) {
      out << progress_line(report) << "\n";
      bar.reset();
    }
  };
#else
  return [&out](const epoch_report& report) { out << progress_line(report) << "\n" << std::flush; };
#endif
}

}  // namespace taut
