// SPDX-License-Identifier: Apache-2.0
#include <taut/base/random.hpp>
#include <taut/train/loss.hpp>

#include "support/catch.hpp"

using namespace taut;

using logits = std::array<double, 3>;

static double loss_of(const logits& y, std::size_t label) {
  return softmax_cross_entropy<3, double>(y.data(), std::span(&label, 1), 1, nullptr).loss;
}

TEST_CASE("train.loss: the value is log-sum-exp minus the label's output") {
  const logits y{0.5, -1, 2};
  const double sum = std::exp(0.5) + std::exp(-1.0) + std::exp(2.0);
  for (std::size_t label = 0; label < 3; ++label) CHECK(loss_of(y, label) == Approx(std::log(sum) - y[label]));
  CHECK(loss_of({0, 0, 0}, 1) == Approx(std::log(3)));
}

TEST_CASE("train.loss: huge outputs neither overflow nor lose the loss") {
  CHECK(loss_of({1e4, 0, -1e4}, 0) == 0);
  CHECK(loss_of({1e4, 0, -1e4}, 2) == 2e4);
  using V = simd::portable<1>;
  const std::array<V, 2> y{V(-3e4f), V(3e4f)};
  std::array<V, 2> dy{};
  const std::size_t label = 0;
  CHECK(softmax_cross_entropy<2, V>(y.data(), std::span(&label, 1), 1, dy.data()).loss == 6e4);
  CHECK(dy[0].at[0] == -1);
  CHECK(dy[1].at[0] == 1);
  CHECK(std::isnan(loss_of({0, std::nan(""), 0}, 0)));
}

TEST_CASE("train.loss: a hit is the first of the largest outputs") {
  const auto right = [](const logits& y, std::size_t label) {
    return softmax_cross_entropy<3, double>(y.data(), std::span(&label, 1), 1, nullptr).right;
  };
  CHECK(right({0, 2, 1}, 1) == 1);
  CHECK(right({0, 2, 1}, 2) == 0);
  CHECK(right({2, 2, 1}, 0) == 1);
  CHECK(right({2, 2, 1}, 1) == 0);
}

TEST_CASE("train.loss: the gradient is numeric and sums to zero") {
  const logits y{0.3, -0.7, 1.1};
  for (std::size_t label = 0; label < 3; ++label) {
    logits dy{};
    softmax_cross_entropy<3, double>(y.data(), std::span(&label, 1), 0.25, dy.data());
    for (std::size_t i = 0; i < 3; ++i) {
      logits above = y, below = y;
      above[i] += 1e-5;
      below[i] -= 1e-5;
      CHECK(dy[i] == Approx(0.25 * (loss_of(above, label) - loss_of(below, label)) / 2e-5).epsilon(1e-8));
    }
    CHECK(dy[0] + dy[1] + dy[2] == Approx(0).margin(1e-15));
  }
}

TEST_CASE("train.loss: lanes agree with double, and lanes without a sample count for nothing") {
  using V = simd::native;
  constexpr std::size_t width = simd::width<V>;
  base::random_stream random(1);
  std::array<std::array<float, width>, 3> values{};
  std::array<V, 3> y{}, dy{};
  for (auto& lanes : values)
    for (float& value : lanes) value = static_cast<float>(random.uniform(-5, 5));
  for (std::size_t i = 0; i < 3; ++i) y[i] = simd::load<V>(values[i].data());
  std::vector<std::size_t> labels(width);
  for (std::size_t& label : labels) label = random.below(3);

  for (std::size_t count = 1; count <= width; ++count) {
    const auto some = std::span(labels).first(count);
    const tally got = softmax_cross_entropy<3, V>(y.data(), some, 0.125, dy.data());
    tally expected;
    for (std::size_t s = 0; s < width; ++s) {
      const logits one{values[0][s], values[1][s], values[2][s]};
      logits back{};
      const tally its = softmax_cross_entropy<3, double>(one.data(), std::span(&labels[s], 1), 0.125, back.data());
      if (s < count) expected += its;
      for (std::size_t i = 0; i < 3; ++i) {
        float lanes[width];
        simd::store(dy[i], lanes);
        if (s < count) CHECK(lanes[s] == Approx(back[i]).margin(1e-7));
        else CHECK(lanes[s] == 0);
      }
    }
    CHECK(got.loss == Approx(expected.loss).epsilon(1e-6));
    CHECK(got.right == expected.right);
  }
}
