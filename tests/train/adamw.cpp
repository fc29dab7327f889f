// SPDX-License-Identifier: Apache-2.0
#include <taut/train/adamw.hpp>

#include "support/catch.hpp"

using namespace taut;

static_assert(Optimizer<adamw>);

namespace {

// PyTorch's documented algorithm, word for word, in double: torch.optim.AdamW with amsgrad = maximize = false.
struct documented {
  double beta1, beta2, eps, lambda;
  double m = 0, v = 0;
  int t = 0;
  double step(double theta, double g, double lr) {
    ++t;
    theta = theta - lr * lambda * theta;
    m = beta1 * m + (1 - beta1) * g;
    v = beta2 * v + (1 - beta2) * g * g;
    const double corrected_m = m / (1 - std::pow(beta1, t)), corrected_v = v / (1 - std::pow(beta2, t));
    return theta - lr * corrected_m / (std::sqrt(corrected_v) + eps);
  }
};

}  // namespace

TEST_CASE("train.adamw: the defaults are PyTorch's") {
  const adamw a;
  CHECK(a.beta1 == 0.9);
  CHECK(a.beta2 == 0.999);
  CHECK(a.epsilon == 1e-8);
  CHECK(a.weight_decay == 0.01);
}

TEST_CASE("train.adamw: by hand") {
  // the first step is the sign of the gradient, whatever its size: w (1 - 0.1 * 0.5) - 0.1 g / |g|
  std::vector<float> w{1, -2, 3, 0}, g{1e-3f, -4e5f, 0, 0};
  adamw{.weight_decay = 0.5}.step({w}, {g}, 0.1);
  CHECK(w[0] == Approx(0.95 - 0.1).epsilon(2e-5));  // epsilon: 1e-8 / 1e-3
  CHECK(w[1] == Approx(-1.9 + 0.1));
  CHECK(w[2] == Approx(2.85));  // decay is decoupled: no gradient, still shorter
  CHECK(w[3] == 0);

  // g = 1, then 0, rate 1, betas 1/2 and 3/4, epsilon 0: m = 1/4, s = 3/16, corrected 1/3 and 3/7
  std::vector<float> v{0}, one{1}, none{0};
  adamw a{.beta1 = 0.5, .beta2 = 0.75, .epsilon = 0, .weight_decay = 0};
  a.step({v}, {one}, 1);
  CHECK(v[0] == Approx(-1));
  a.step({v}, {none}, 1);
  CHECK(v[0] == Approx(-1 - (1.0 / 3) / std::sqrt(3.0 / 7)));
  CHECK(a.mean[0][0] == 0.25f);
  CHECK(a.square[0][0] == 0.1875f);
}

TEST_CASE("train.adamw: a long sequence as PyTorch documents it") {
  base::random_stream random(1);
  std::vector<float> w{1, -2, 0.5f}, bias{3}, g(3), h(1);
  adamw a{.weight_decay = 0.1};
  std::vector<documented> expect(4, {0.9, 0.999, 1e-8, 0.1});
  double truth[]{1, -2, 0.5, 3};
  double worst = 0;
  for (int t = 1; t <= 1000; ++t) {
    const double rate = 0.01 * (1 - t / 2000.0);
    for (float& x : g) x = static_cast<float>(random.normal() + 0.1);
    h[0] = static_cast<float>(1e-4 * random.normal());
    a.step({w, bias}, {g, h}, rate);
    for (std::size_t i = 0; i < 4; ++i) {
      truth[i] = expect[i].step(truth[i], static_cast<double>(i < 3 ? g[i] : h[0]), rate);
      worst = std::max(worst, std::abs(truth[i] - static_cast<double>(i < 3 ? w[i] : bias[0])));
    }
  }
  CHECK(worst <= 1e-5);
}

TEST_CASE("train.adamw: a gradient of zero moves nothing but the decay, subnormal ones keep it finite") {
  std::vector<float> w{1, 1}, g{0, 1e-42f};
  adamw a{.weight_decay = 0};
  for (int i = 0; i < 5; ++i) a.step({w}, {g}, 0.1);
  CHECK(w[0] == 1);
  CHECK(std::isfinite(w[1]));
  CHECK(w[1] == Approx(1));
}
