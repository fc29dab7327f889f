// SPDX-License-Identifier: Apache-2.0
#include <taut/layers/linear.hpp>
#include <taut/layers/tanh.hpp>
#include <taut/net/compose.hpp>
#include <taut/train/score.hpp>

#include "support/catch.hpp"
#include "train/support.hpp"

using namespace taut;

namespace {

struct small : decltype(Input<3> >> Linear<4> >> Tanh >> Linear<3>) {};

dataset noise(std::size_t count) {
  base::random_stream random(5);
  std::vector<double> rows;
  for (std::size_t i = 0; i < count; ++i) {
    for (int k = 0; k < 3; ++k) rows.push_back(random.uniform(-2, 2));
    rows.push_back(static_cast<double>(random.below(3)));
  }
  return labelled_rows(rows, 4);
}

}  // namespace

TEST_CASE("train.score: means over samples, as evaluate gives them, for any number of samples") {
  parameters<small> p;
  tests::randomise(p, 1);
  for (const std::size_t count : std::array<std::size_t, 4>{1, 7, 16, 33}) {
    const dataset data = noise(count);
    double loss = 0, right = 0;
    for (std::size_t s = 0; s < count; ++s) {
      const auto y = evaluate(p, data.input(s));
      const double sum = std::exp(y[0]) + std::exp(y[1]) + std::exp(y[2]);
      loss += std::log(sum) - y[data.labels[s]];
      right += std::max_element(y.begin(), y.end()) - y.begin() == static_cast<std::ptrdiff_t>(data.labels[s]) ? 1 : 0;
    }
    const score s = score_of(p, data);
    CHECK(s.loss == Approx(loss / static_cast<double>(count)).epsilon(1e-6));
    CHECK(s.accuracy == right / static_cast<double>(count));
    CHECK(accuracy(p, data) == s.accuracy);
  }
  CHECK(score_of(p, noise(0)).loss == 0);
}

TEST_CASE("train.score: inference uses running statistics, not the samples scored") {
  struct net : decltype(Input<3> >> tests::batch_centring{}) {};
  parameters<net> p;
  const dataset data = noise(20);
  const score before = score_of(p, data);
  get<0>(p).running_mean = {5, 0, 0};
  CHECK(score_of(p, data).loss > before.loss);
}

TEST_CASE("train.score: data that does not fit is refused in one sentence") {
  const parameters<small> p;
  const auto says = [&](const dataset& data, const char* sentence) {
    CHECK_THROWS_WITH((void)score_of(p, data), sentence);
    CHECK_THROWS_AS((void)score_of(p, data), std::invalid_argument);
  };
  dataset data = noise(20);
  data.labels.pop_back();
  says(data, "the data has 20 samples, but 19 labels");
  data.labels.push_back(3);
  says(data, "sample 19 has label 3, but the network has 3 outputs, for labels from 0");
  data.labels.back() = 0;
  data.inputs(4, 1) = std::numeric_limits<float>::infinity();
  says(data, "sample 4 has a feature that is not finite");
  says(labelled_rows(std::vector<double>{1, 2, 0}, 3), "the network takes 3 features, but a sample has 2");
}
