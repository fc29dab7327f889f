// SPDX-License-Identifier: Apache-2.0
#include <taut/layers/layer_norm.hpp>
#include <taut/layers/linear.hpp>
#include <taut/layers/relu.hpp>
#include <taut/layers/tanh.hpp>
#include <taut/net/compose.hpp>
#include <taut/train/fit.hpp>

#include "support/catch.hpp"
#include "train/clusters.hpp"
#include "train/support.hpp"

using namespace taut;

namespace {

struct exclusive : decltype(Input<2> >> Linear<16> >> Tanh >> Linear<2>) {};
struct bounded
    : decltype(Input<2> >> Linear<24>(at_most<2.0>) >> LN(gain_at_most<1.0>) >> ReLU >> Linear<2>(at_most<3.0>)) {};
struct extended : decltype(Input<2> >> Linear<8> >> tests::damped{} >> Linear<2>) {};
struct centred : decltype(Input<2> >> Linear<8> >> tests::batch_centring{} >> ReLU >> Linear<2>) {};

using tests::clusters;

template <class Net> auto trained(const fit_options& options, history* report = nullptr) {
  parameters<Net> p;
  initialise(p, 1);
  const history h = fit(p, clusters(203, 1), batch<20>{}, options);
  if (report != nullptr) *report = h;
  return p;
}

template <class Net> std::vector<float> values_of(parameters<Net> p) {
  std::vector<float> list;
  for (const float* value : tests::elements(p)) list.push_back(*value);
  return list;
}

struct refuter {
  std::size_t broken = 0;
  void spectral_norm_at_most(std::string_view, const auto& values, std::size_t rows, std::size_t columns,
                             double limit) {
    const std::vector<double> w(values.begin(), values.end());
    broken += taut::spectral_norm_at_most(w.data(), rows, columns, limit) ? 0 : 1;
  }
  void magnitude_at_most(std::string_view, const auto& values, double limit) {
    for (const double value : values) broken += std::abs(value) <= limit ? 0 : 1;
  }
};

}  // namespace

TEST_CASE("train.fit: learns what no linear network can, and the loss decreases") {
  const dataset test = clusters(100, 2);
  history h;
  const auto p = trained<exclusive>({.epochs = 40, .learning_rate = 0.1, .seed = 3, .test = &test}, &h);
  REQUIRE(h.size() == 40);
  CHECK(h.front().train.loss > 3 * h.back().train.loss);
  CHECK(h.back().train.accuracy == 1);
  REQUIRE(h.back().test.has_value());
  CHECK(h.back().test->accuracy == 1);
  CHECK(h.back().test == score_of(p, test));
}

TEST_CASE("train.fit: declared bounds hold and are proved when it ends") {
  history h;
  auto p = trained<bounded>({.epochs = 60, .learning_rate = 0.1, .seed = 3}, &h);
  CHECK(h.back().train.accuracy >= 0.99);
  refuter r;
  for_each_claim(p, r);
  CHECK(r.broken == 0);
  const auto before = values_of(p);
  project(p);
  CHECK(values_of(p) == before);
}

TEST_CASE("train.fit: declared bounds hold while it trains, up to the error of an estimate") {
  parameters<bounded> p;
  initialise(p, 1);
  std::size_t at_the_limit = 0;
  const auto look = [&](const epoch_report&) {
    const std::vector<double> w(get<3>(p).weight.begin(), get<3>(p).weight.end());
    const double norm = spectral_norm(w.data(), 2, 24).value;
    CHECK(norm <= 3.0 * 1.01);
    at_the_limit += norm >= 3.0 * 0.99 ? 1 : 0;
    for (const float gain : get<1>(p).gain) CHECK(std::abs(gain) <= 1);
  };
  fit(p, clusters(203, 1), batch<20>{}, {.epochs = 60, .learning_rate = 0.1, .seed = 3, .on_epoch = look});
  CHECK(at_the_limit > 10);
}

TEST_CASE("train.fit: without training, initial weights are still projected") {
  auto p = trained<bounded>({.epochs = 0});
  refuter r;
  for_each_claim(p, r);
  CHECK(r.broken == 0);
}

TEST_CASE("train.fit: layers written outside the library train, buffers only by their layer") {
  history h;
  const auto q = trained<extended>({.epochs = 60, .learning_rate = 0.1, .seed = 3}, &h);
  CHECK(h.back().train.accuracy == 1);
  CHECK(get<1>(q).strength != get<1>(parameters<extended>{}).strength);

  const auto p = trained<centred>({.epochs = 60, .learning_rate = 0.1, .weight_decay = 1e-3, .seed = 3}, &h);
  CHECK(h.back().train.accuracy == 1);
  CHECK(accuracy(p, clusters(203, 1)) == 1);    // inference with running means
  CHECK(get<1>(p).batches_seen[0] == 60 * 10);  // 203 samples are ten batches of 20, the rest is left out
}

TEST_CASE("train.fit: the optimizer does not touch a buffer") {
  parameters<centred> p, dp;
  tests::randomise(p, 1);
  tests::randomise(dp, 2);
  get<1>(p).running_mean.fill(7);
  get<1>(dp).running_mean.fill(1);
  sgd descend{.weight_decay = 0.1};
  const float before = get<0>(p).weight[0];
  descend.step(trainable(p), trainable(dp), 0.1);
  CHECK(get<0>(p).weight[0] != before);
  for (const float value : get<1>(p).running_mean) CHECK(value == 7);
}

TEST_CASE("train.fit: the same seed gives the same bits, another seed others") {
  const fit_options options{.epochs = 5, .learning_rate = 0.1, .schedule = warm_up(0.1, cosine_rate), .seed = 3};
  history first, second;
  const auto p = values_of(trained<bounded>(options, &first)), q = values_of(trained<bounded>(options, &second));
  CHECK(p == q);
  CHECK(first == second);
  fit_options other = options;
  other.seed = 4;
  CHECK(values_of(trained<bounded>(other)) != p);
}

TEST_CASE("train.fit: an optimizer of one's own, a schedule and a callback") {
  struct recorder {
    std::vector<double>& rates;
    void step(const tensor_list&, const tensor_list&, double rate) { rates.push_back(rate); }
  };
  std::vector<double> rates;
  std::vector<std::size_t> epochs;
  parameters<exclusive> p;
  initialise(p, 1);
  const auto before = values_of(p);
  const fit_options options{.epochs = 2,
                            .learning_rate = 3,
                            .schedule = [](double progress) { return progress; },
                            .on_epoch = [&](const epoch_report& report) { epochs.push_back(report.epoch); }};
  fit(p, clusters(203, 1), batch<100>{}, options, recorder{rates});
  CHECK(values_of(p) == before);
  REQUIRE(rates.size() == 4);
  for (std::size_t i = 0; i < 4; ++i) CHECK(rates[i] == Approx(3 * (static_cast<double>(i) + 0.5) / 4));
  CHECK(epochs == std::vector<std::size_t>{1, 2});
}

TEST_CASE("train.fit: one step is the gradient of the mean loss of the batch") {
  parameters<exclusive> p;
  initialise(p, 1);
  const dataset data = clusters(20, 1);
  const auto mean_loss = [&](const parameters<exclusive>& q) { return score_of(q, data).loss; };
  parameters<exclusive> moved = p;
  fit(moved, data, batch<20>{}, {.epochs = 1, .learning_rate = 1e-2, .momentum = 0});
  const auto values = tests::elements(p), after = tests::elements(moved);
  double square = 0;
  for (std::size_t i = 0; i < values.size(); ++i) square += std::pow(*after[i] - *values[i], 2);
  CHECK(mean_loss(p) - mean_loss(moved) == Approx(square / 1e-2).epsilon(0.1));  // rate * |gradient|^2
}

TEST_CASE("train.fit: mismatches are refused in one sentence") {
  parameters<exclusive> p;
  const auto says = [&](const dataset& data, const fit_options& options, const char* sentence) {
    CHECK_THROWS_WITH(fit(p, data, batch<32>{}, options), sentence);
    CHECK_THROWS_AS(fit(p, data, batch<32>{}, options), std::invalid_argument);
  };
  says(clusters(31, 1), {}, "a batch has 32 samples, but the data only 31");
  says(clusters(40, 1), {.learning_rate = 0}, "the learning rate must be positive and finite");
  says(clusters(40, 1), {.learning_rate = std::nan("")}, "the learning rate must be positive and finite");
  says(labelled_rows(std::vector<double>(400), 4), {}, "the network takes 2 features, but a sample has 3");
  dataset data = clusters(40, 1);
  data.labels[9] = 2;
  says(data, {}, "sample 9 has label 2, but the network has 2 outputs, for labels from 0");
  const dataset good = clusters(40, 1);
  says(good, {.test = &data}, "sample 9 has label 2, but the network has 2 outputs, for labels from 0");
}

TEST_CASE("train.fit: a loss that is not finite ends the training with advice") {
  struct steep : decltype(Input<2> >> Linear<8> >> ReLU >> Linear<8> >> ReLU >> Linear<2>) {};
  parameters<steep> p;
  initialise(p, 1);
  CHECK_THROWS_WITH(fit(p, clusters(40, 1), batch<8>{}, {.epochs = 50, .learning_rate = 1e18}),
                    tests::contains("try a smaller learning rate"));
}

TEST_CASE("train.fit: nor does a last step that leaves the floats pass, which no loss has seen") {
  struct small : decltype(Input<2> >> Linear<2>) {};
  parameters<small> p;
  initialise(p, 1);
  CHECK_THROWS_WITH(fit(p, clusters(8, 1), batch<8>{}, {.epochs = 1, .learning_rate = 1e300}),
                    tests::contains("0.weight is not finite"));
}
