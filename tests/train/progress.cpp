// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <sstream>
#include <taut/train/progress.hpp>

#include "support/catch.hpp"

using namespace taut;

TEST_CASE("train.progress: a bar that is full after the last epoch, and the figures of that epoch") {
  const epoch_report half{1, 2, {0.25, 0.5}, {}}, last{2, 2, {0.125, 0.75}, score{0.5, 0.625}};
  CHECK(progress_line(half) == "epoch 1 of 2  loss 0.2500  train 50.0 %");
  CHECK(progress_line(last) == "epoch 2 of 2  loss 0.1250  train 75.0 %  test 62.5 %");
  std::ostringstream out;
  const auto bar = progress_bar(out);
  const auto stars = [&out] {
    const std::string text = out.str();
    return std::count(text.begin(), text.end(), '*');
  };
  bar(half);
  const auto halfway = stars();
  CHECK(halfway >= 20);
  CHECK(out.str().find("loss") == std::string::npos);
  bar(last);
  CHECK(stars() > halfway);
  CHECK(out.str().find(progress_line(last) + "\n") != std::string::npos);
}
