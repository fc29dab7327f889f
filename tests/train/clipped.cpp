// SPDX-License-Identifier: Apache-2.0
#include <limits>
#include <taut/train/clipped.hpp>

#include "support/catch.hpp"

using namespace taut;

static_assert(Optimizer<clipped<sgd>>);

namespace {

// What w becomes in a step of length 1 against the gradients (3, 4) and (12) with this limit: |g| = 13.
std::vector<float> stepped(double limit) {
  std::vector<float> first{0, 0}, second{0}, g{3, 4}, h{12};
  clipped(sgd{.momentum = 0}, limit).step({first, second}, {g, h}, 1);
  return {first[0], first[1], second[0]};
}

}  // namespace

TEST_CASE("train.clipped: tensors are scaled together, and only if they are too long") {
  CHECK(stepped(13) == std::vector<float>{-3, -4, -12});
  const auto shorter = stepped(6.5);
  CHECK(shorter[0] == Approx(-1.5));
  CHECK(shorter[1] == Approx(-2));
  CHECK(shorter[2] == Approx(-6));
  CHECK(stepped(0) == std::vector<float>{0, 0, 0});
  CHECK_THROWS_AS(stepped(-1), std::invalid_argument);
}

TEST_CASE("train.clipped: the optimizer inside keeps its state") {
  std::vector<float> w{0}, g{2};
  clipped descend(sgd{.momentum = 0.5}, 1.0);
  descend.step({w}, {g}, 1);
  g[0] = 2;
  descend.step({w}, {g}, 1);
  CHECK(w[0] == Approx(-1 - 1.5));
}

TEST_CASE("train.clipped: squares that overflow a float do not, and what is not finite stays so") {
  std::vector<float> large{3e30f, -4e30f};
  CHECK(global_norm({large}) == Approx(5e30));
  std::vector<float> w{1, 1}, g{std::numeric_limits<float>::infinity(), 1};
  clipped(sgd{.momentum = 0}, 1.0).step({w}, {g}, 0.5);
  CHECK(w[0] == -std::numeric_limits<float>::infinity());
  CHECK(w[1] == 0.5f);
}
