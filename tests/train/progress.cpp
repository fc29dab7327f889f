// SPDX-License-Identifier: Apache-2.0
#include <sstream>
#include <taut/train/progress.hpp>

#include "support/catch.hpp"

using namespace taut;

TEST_CASE("train.progress: one line an epoch, ended after the last") {
  const epoch_report half{5, 10, {0.25, 0.5}, {}}, last{10, 10, {0.125, 0.75}, score{0.5, 0.625}};
  CHECK(progress_line(half) == "[==========          ] 5/10  loss 0.2500  train 50.0 %");
  CHECK(progress_line(last) == "[====================] 10/10  loss 0.1250  train 75.0 %  test 62.5 %");
  std::ostringstream out;
  const auto bar = progress_bar(out);
  bar(half);
  bar(last);
  CHECK(out.str() == "\r" + progress_line(half) + "\r" + progress_line(last) + "\n");
}
