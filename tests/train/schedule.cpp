// SPDX-License-Identifier: Apache-2.0
#include <taut/train/schedule.hpp>

#include "support/catch.hpp"

using namespace taut;

TEST_CASE("train.schedule: constant and cosine") {
  for (const double t : {0.0, 0.3, 1.0}) CHECK(constant_rate(t) == 1);
  CHECK(cosine_rate(0) == 1);
  CHECK(cosine_rate(0.5) == Approx(0.5));
  CHECK(cosine_rate(1.0 / 3) == Approx(0.75));
  CHECK(cosine_rate(1) == Approx(0).margin(1e-15));
}

TEST_CASE("train.schedule: a warm-up rises linearly, then the rest has its whole schedule") {
  const rate_schedule rate = warm_up(0.2, cosine_rate);
  CHECK(rate(0) == 0);
  CHECK(rate(0.1) == Approx(0.5));
  CHECK(rate(0.2) == 1);
  CHECK(rate(0.6) == Approx(0.5));
  CHECK(rate(1) == Approx(0).margin(1e-15));
  CHECK(warm_up(0, constant_rate)(0) == 1);
}
