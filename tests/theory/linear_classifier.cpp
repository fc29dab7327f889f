// SPDX-License-Identifier: Apache-2.0
#include <limits>
#include <taut/base/random.hpp>
#include <taut/theory/linear_classifier.hpp>

#include "support/catch.hpp"

using namespace taut;

namespace {

dataset make(const std::vector<std::vector<float>>& rows, std::vector<std::size_t> labels) {
  dataset data{array<float, 2>::from_shape({rows.size(), rows[0].size()}), std::move(labels)};
  for (std::size_t i = 0; i < rows.size(); ++i) std::ranges::copy(rows[i], data.inputs.data() + i * rows[0].size());
  return data;
}

dataset random_labels(std::size_t samples, std::size_t features, std::size_t classes, std::uint64_t seed) {
  base::random_stream random(seed);
  std::vector<std::vector<float>> rows(samples, std::vector<float>(features));
  std::vector<std::size_t> labels(samples);
  for (auto& row : rows)
    for (float& x : row) x = static_cast<float>(random.normal());
  for (auto& label : labels) label = random.below(classes);
  return make(rows, labels);
}

}  // namespace

TEST_CASE("theory.linear_classifier: with one yes-or-no feature both give the frequencies of the classes") {
  // x = 0: 5, 3, 2 samples of the classes 0, 1, 2; x = 1: 1, 2, 7
  std::vector<std::vector<float>> rows;
  std::vector<std::size_t> labels;
  const std::size_t counts[2][3]{{5, 3, 2}, {1, 2, 7}};
  double entropy = 0;
  for (std::size_t x = 0; x < 2; ++x)
    for (std::size_t c = 0; c < 3; ++c) {
      const auto count = static_cast<double>(counts[x][c]);
      entropy -= count / 20 * std::log(count / 10);
      for (std::size_t i = 0; i < counts[x][c]; ++i) rows.push_back({static_cast<float>(x)}), labels.push_back(c);
    }
  const dataset data = make(rows, labels);
  const linear_classifier squares = least_squares_classifier(data);
  REQUIRE(squares.weights.size() == 6);
  for (std::size_t c = 0; c < 3; ++c) {
    CHECK(squares.weights[3 + c] == Approx(static_cast<double>(counts[0][c]) / 10).epsilon(1e-8));
    CHECK(squares.weights[c] + squares.weights[3 + c] == Approx(static_cast<double>(counts[1][c]) / 10).epsilon(1e-8));
  }
  const logistic_fit fit = logistic_classifier(data, {.tolerance = 1e-14, .gain = 0});
  CHECK(fit.converged);
  CHECK(fit.loss == Approx(entropy).epsilon(1e-10));
  CHECK(fit.classifier(rows.front()) == 0);
  CHECK(fit.classifier(rows.back()) == 2);
  CHECK(best_linear_classifier(data).accuracy == 12.0 / 20);
}

TEST_CASE("theory.linear_classifier: logistic regression is at the minimum of a convex loss") {
  const dataset data = random_labels(120, 6, 9, 3);
  const logistic_fit fit = logistic_classifier(data, {.tolerance = 1e-16, .gain = 0});
  CHECK(fit.converged);
  CHECK(fit.iterations < 100);
  const auto value = base::logistic_loss(data, 9, fit.classifier.weights);
  CHECK(value.loss == fit.loss);
  for (const double g : value.gradient) CHECK(std::fabs(g) < 1e-8);
  base::random_stream random(1);
  for (int trial = 0; trial < 20; ++trial) {  // the gradient is that of the loss
    auto weights = fit.classifier.weights;
    for (double& w : weights) w += random.normal();
    const auto there = base::logistic_loss(data, 9, weights);
    CHECK(there.loss > fit.loss);
    const std::size_t k = random.below(weights.size());
    weights[k] += 1e-6;
    const double after = base::logistic_loss(data, 9, weights).loss;
    CHECK((after - there.loss) / 1e-6 == Approx(there.gradient[k]).margin(1e-5));
  }
}

TEST_CASE("theory.linear_classifier: least squares has normal residuals and loses a class between two others") {
  const dataset data = random_labels(50, 4, 3, 5);
  const linear_classifier squares = least_squares_classifier(data);
  for (std::size_t c = 0; c < 3; ++c)
    for (std::size_t k = 0; k <= 4; ++k) {
      double sum = 0;  // of residuals times feature k, or 1
      for (std::size_t i = 0; i < data.size(); ++i) {
        double residual = squares.weights[4 * 3 + c] - (data.labels[i] == c ? 1 : 0);
        for (std::size_t j = 0; j < 4; ++j)
          residual += static_cast<double>(data.inputs(i, j)) * squares.weights[j * 3 + c];
        sum += residual * (k < 4 ? static_cast<double>(data.inputs(i, k)) : 1);
      }
      CHECK(std::fabs(sum) < 1e-7);
    }

  const dataset line = make({{0}, {0.1f}, {0.9f}, {1.1f}, {1.9f}, {2}}, {0, 0, 1, 1, 2, 2});
  const linear_reference r = best_linear_classifier(line);
  CHECK(r.least_squares_accuracy < 1);
  CHECK(r.logistic_accuracy == 1);
  CHECK(r.accuracy == 1);
  CHECK(r.logistic.converged);  // there is no minimum: every sample is right
}

TEST_CASE("theory.linear_classifier: features that never differ, or depend on others, do no harm") {
  std::vector<std::vector<float>> rows;
  std::vector<std::size_t> labels;
  base::random_stream random(8);
  for (std::size_t i = 0; i < 60; ++i) {
    const auto x = static_cast<float>(random.normal()), y = static_cast<float>(random.normal());
    rows.push_back({x, 0, y, 3, x + y, x});
    labels.push_back(x + 2 * y > 0.3f ? 1 : 0);
  }
  const linear_reference r = best_linear_classifier(make(rows, labels));
  CHECK(r.logistic_accuracy == 1);
  CHECK(r.least_squares_accuracy > 0.85);
  for (const double w : r.logistic.classifier.weights) CHECK(std::isfinite(w));
}

TEST_CASE("theory.linear_classifier: it stops when told, and refuses what is no labelled data") {
  const dataset data = random_labels(200, 8, 4, 9);
  CHECK(logistic_classifier(data, {.iterations = 3, .tolerance = 0, .gain = 0}).iterations == 3);
  CHECK_FALSE(logistic_classifier(data, {.iterations = 3, .tolerance = 0, .gain = 0}).converged);
  dataset marked = data;  // feature 0 marks one sample: the loss falls forever as its weight grows
  for (std::size_t i = 0; i < marked.size(); ++i) marked.inputs(i, 0) = i == 0 ? 1.0f : 0.0f;
  const auto early = logistic_classifier(marked, {.tolerance = 0, .gain = 1});
  CHECK(early.converged);
  CHECK(early.iterations == 20);
  CHECK(logistic_classifier(marked, {.tolerance = 0, .gain = 0}).iterations > 20);
  CHECK_THROWS_AS(best_linear_classifier(dataset{}), std::invalid_argument);
  dataset unlabelled = data;
  unlabelled.labels.pop_back();
  CHECK_THROWS_AS(least_squares_classifier(unlabelled), std::invalid_argument);
  CHECK_THROWS_AS(logistic_classifier(unlabelled), std::invalid_argument);
  dataset infinite = data;
  infinite.inputs(7, 2) = std::numeric_limits<float>::infinity();
  CHECK_THROWS_WITH(logistic_classifier(infinite), tests::contains("finite"));
  CHECK_THROWS_WITH(least_squares_classifier(infinite), tests::contains("finite"));

  const linear_classifier classifier = least_squares_classifier(data);
  CHECK_THROWS_AS(accuracy(classifier, dataset{}), std::invalid_argument);
  CHECK_THROWS_AS(accuracy(classifier, unlabelled), std::invalid_argument);
  CHECK_THROWS_AS(accuracy(classifier, random_labels(20, 7, 4, 9)), std::invalid_argument);
}
