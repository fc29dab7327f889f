// SPDX-License-Identifier: Apache-2.0
#include <taut/layers/layer_norm.hpp>
#include <taut/layers/linear.hpp>
#include <taut/net/compose.hpp>
#include <taut/train/optimizer.hpp>

#include "support/catch.hpp"
#include "train/support.hpp"

using namespace taut;

static_assert(Optimizer<sgd>);
static_assert(!Optimizer<int>);

TEST_CASE("train.optimizer: momentum and weight decay as PyTorch defines them") {
  sgd descend{.momentum = 0.9, .weight_decay = 0.1};
  std::vector<float> w{1, -2}, g{0.5f, 0.25f};
  const tensor_list values{w}, gradients{g};
  double expected[]{1, -2}, velocity[]{0, 0};
  for (const double rate : {0.1, 0.1, 0.05}) {
    descend.step(values, gradients, rate);
    for (std::size_t i = 0; i < 2; ++i) {
      velocity[i] = 0.9 * velocity[i] + (static_cast<double>(g[i]) + 0.1 * expected[i]);
      expected[i] -= rate * velocity[i];
      CHECK(w[i] == Approx(expected[i]).epsilon(1e-6));
    }
  }
  // torch.optim.SGD([1, -2], lr=0.1, momentum=0.9, weight_decay=0.1) after its first step with these gradients
  std::vector<float> v{1, -2};
  sgd{.momentum = 0.9, .weight_decay = 0.1}.step({v}, gradients, 0.1);
  CHECK(v[0] == Approx(0.94));
  CHECK(v[1] == Approx(-2.005));
}

TEST_CASE("train.optimizer: only trainable tensors, in file order") {
  struct net : decltype(Input<3> >> Linear<4> >> tests::batch_centring{} >> LN >> Linear<2>(no_bias)) {};
  parameters<net> p;
  const tensor_list list = trainable(p);
  REQUIRE(list.size() == 5);
  CHECK(list[0].data() == get<0>(p).weight.data());
  CHECK(list[1].data() == get<0>(p).bias.data());
  CHECK(list[2].data() == get<2>(p).gain.data());
  CHECK(list[4].size() == 8);
}
