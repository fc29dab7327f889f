// SPDX-License-Identifier: Apache-2.0
#include <taut/layers/linear.hpp>
#include <taut/net/compose.hpp>
#include <taut/train/fit.hpp>
#include <taut/train/watched.hpp>

#include "support/catch.hpp"
#include "train/clusters.hpp"

using namespace taut;

TEST_CASE("train.watched: every step is shown, and training is the same") {
  using net = decltype(Input<2> >> Linear<2>);
  const dataset data = tests::clusters(16, 1);
  const fit_options options{.epochs = 3, .learning_rate = 0.1, .seed = 5};
  parameters<net> plain, shown;
  initialise(plain, 2);
  initialise(shown, 2);
  fit(plain, data, batch<8>{}, options, sgd{.momentum = 0, .weight_decay = 0.01});

  const std::size_t steps = 3 * (data.size() / 8);
  std::size_t seen = 0;
  std::vector<std::vector<float>> last;
  fit(shown, data, batch<8>{}, options, watched(sgd{.momentum = 0, .weight_decay = 0.01}, [&](const step_report& s) {
        CHECK(s.step == seen++);
        CHECK(s.rate == 0.1);
        REQUIRE(s.before.size() == 2);
        if (!last.empty()) CHECK(s.before == last);
        for (std::size_t t = 0; t < 2; ++t)
          for (std::size_t i = 0; i < s.before[t].size(); ++i)
            CHECK(s.after[t][i] ==
                  Approx(s.before[t][i] - 0.1f * (s.gradients[t][i] + 0.01f * s.before[t][i])).epsilon(1e-5));
        last = {{s.after[0].begin(), s.after[0].end()}, {s.after[1].begin(), s.after[1].end()}};
      }));
  CHECK(seen == steps);
  CHECK(get<0>(plain).weight == get<0>(shown).weight);
  CHECK(get<0>(plain).bias == get<0>(shown).bias);
}
