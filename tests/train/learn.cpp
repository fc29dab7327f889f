// SPDX-License-Identifier: Apache-2.0
// Networks of the catalogue learn: handwritten digits, 8 x 8 pixels, a few epochs each.
#include <filesystem>
#include <taut/taut.hpp>

#include "support/catch.hpp"

namespace {

using namespace taut;

struct with_batch_norm : decltype(Input<64> >> Linear<32>(no_bias) >> BN >> ReLU >> Linear<10>) {};
struct with_group_norm : decltype(Input<64> >> Linear<32> >> GN<4> >> ReLU >> Linear<10>) {};
struct with_dropout : decltype(Input<64> >> Linear<48> >> LN >> ReLU >> Dropout<0.2> >> Linear<10>) {};
struct with_weight_norm : decltype(Input<64> >> WeightNorm(Linear<32>) >> ReLU >> SpectralNorm<2.0>(Linear<10>)) {};
struct residual : decltype(Input<64> >> Linear<24> >> Residual(LN >> ReLU >> Linear<24>) >>
                           Residual(BN >> ReLU >> Linear<24>) >> Linear<10>) {};
struct convolutional : decltype(Input<1, 8, 8> >> Conv2d<8, 3>(padding<1>, no_bias) >> BN >> ReLU >> MaxPool<2> >>
                                Conv2d<12, 3>(padding<1>) >> GELU >> AvgPool<2> >> Flatten >> Linear<10>) {};

const dataset_parts& digits() {
  static const dataset_parts parts = [] {
    const std::filesystem::path tests = TAUT_TEST_DATA;
    const csv_table table = read_csv(tests / ".." / ".." / "examples" / "data" / "digits.csv.gz");
    return split_at(shuffled(labelled_rows(table.values, table.columns, 1.0 / 16), 20), 1400);
  }();
  return parts;
}

/// Trains for a few epochs; the accuracy on the other digits, of parameters and engine alike.
template <class Net> double learns(const fit_options& options, auto optimizer) {
  parameters<Net> p;
  initialise_orthogonal(p, 1, std::sqrt(2.0));
  const history h = fit(p, digits().first, batch<32>{}, options, optimizer);
  CHECK(h.back().train.loss < h.front().train.loss / 2);
  const double reached = accuracy(p, digits().rest);
  const auto run = compile(p);
  std::size_t right = 0;
  for (std::size_t i = 0; i < digits().rest.size(); ++i) {
    const auto y = run(digits().rest.input(i));
    const auto largest = static_cast<std::size_t>(std::max_element(y.begin(), y.end()) - y.begin());
    right += largest == digits().rest.labels[i] ? 1 : 0;
  }
  CHECK(static_cast<double>(right) / static_cast<double>(digits().rest.size()) == Approx(reached).margin(0.006));
  return reached;
}

}  // namespace

TEST_CASE("train.learn: normalized networks learn digits") {
  const fit_options options{.epochs = 6, .learning_rate = 0.1, .schedule = cosine_rate, .seed = 1};
  const sgd descend{};
  CHECK(learns<with_batch_norm>(options, descend) >= 0.94);
  CHECK(learns<with_group_norm>(options, descend) >= 0.94);
  CHECK(learns<with_dropout>(options, descend) >= 0.94);
  CHECK(learns<residual>(options, descend) >= 0.94);
}

TEST_CASE("train.learn: normalized weights learn digits, and a proved norm stays") {
  CHECK(learns<with_weight_norm>({.epochs = 8, .learning_rate = 0.05, .schedule = cosine_rate, .seed = 1}, sgd{}) >=
        0.93);
}

TEST_CASE("train.learn: a convolutional network learns digits by AdamW") {
  CHECK(learns<convolutional>({.epochs = 10, .learning_rate = 0.01, .schedule = cosine_rate, .seed = 1}, adamw{}) >=
        0.94);
}

TEST_CASE("train.learn: batch norm has moved its statistics once a step, and its inference uses them") {
  parameters<with_batch_norm> p;
  initialise(p, 1);
  fit(p, digits().first, batch<50>{}, {.epochs = 2, .learning_rate = 0.05});
  CHECK(get<1>(p).batches[0] == 2 * (1400 / 50));
  const double before = accuracy(p, digits().rest);
  CHECK(before >= 0.85);
  get<1>(p).running_mean.fill(100);
  CHECK(accuracy(p, digits().rest) < before / 2);
}
