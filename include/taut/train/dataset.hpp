// SPDX-License-Identifier: Apache-2.0
// Labelled samples in memory.
//
//   const dataset digits = labelled_rows(table.values, 65, 1.0 / 16);        // 64 features and the label in each row
//   const auto [first, rest] = split_at(shuffled(digits, 1), 1400);          // the same split for the same seed
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <stdexcept>
#include <string>
#include <taut/base/random.hpp>
#include <taut/train/array.hpp>
#include <vector>

namespace taut {

/// Samples and their labels: labels[i], a class counted from 0, belongs to row i of the inputs.
struct dataset {
  array<float, 2> inputs = array<float, 2>::from_shape({0, 0});  ///< [sample][feature]
  std::vector<std::size_t> labels;

  /// Number of samples.
  [[nodiscard]] std::size_t size() const { return inputs.shape(0); }
  /// Number of features of a sample.
  [[nodiscard]] std::size_t features() const { return inputs.shape(1); }
  /// The features of sample i.
  [[nodiscard]] std::span<const float> input(std::size_t i) const {
    return {inputs.data() + i * features(), features()};
  }
};

/// Two parts of a dataset.
struct dataset_parts {
  dataset first, rest;
};

/// Samples from rows of numbers that end in the label; features are multiplied by `scale`.
/// @throws std::invalid_argument if the numbers do not fill whole rows or a label is not a whole number >= 0.
[[nodiscard]] inline dataset labelled_rows(std::span<const double> numbers, std::size_t columns, double scale = 1) {
  if (columns < 2 || numbers.size() % columns != 0)
    throw std::invalid_argument(std::to_string(numbers.size()) + " numbers do not fill rows of " +
                                std::to_string(columns));
  const std::size_t rows = numbers.size() / columns, features = columns - 1;
  dataset data{array<float, 2>::from_shape({rows, features}), std::vector<std::size_t>(rows)};
  for (std::size_t i = 0; i < rows; ++i) {
    const auto row = numbers.subspan(i * columns, columns);
    for (std::size_t k = 0; k < features; ++k) data.inputs(i, k) = static_cast<float>(row[k] * scale);
    const double label = row[features];
    if (!(label >= 0 && label < 0x1p32) || label != static_cast<double>(static_cast<std::size_t>(label)))
      throw std::invalid_argument("row " + std::to_string(i) + " ends in " + std::to_string(label) +
                                  ", which is no label");
    data.labels[i] = static_cast<std::size_t>(label);
  }
  return data;
}

/// The samples with these numbers, in this order. @throws std::invalid_argument if there is no such sample.
[[nodiscard]] inline dataset subset(const dataset& data, std::span<const std::size_t> which) {
  dataset part{array<float, 2>::from_shape({which.size(), data.features()}), {}};
  part.labels.reserve(which.size());
  for (std::size_t i = 0; i < which.size(); ++i) {
    if (which[i] >= data.size() || which[i] >= data.labels.size())
      throw std::invalid_argument("sample " + std::to_string(which[i]) + " of " + std::to_string(data.size()));
    std::ranges::copy(data.input(which[i]), part.inputs.data() + i * data.features());
    part.labels.push_back(data.labels[which[i]]);
  }
  return part;
}

/// The numbers 0 .. count-1 in an order that depends on the seed alone.
[[nodiscard]] inline std::vector<std::size_t> permutation(std::size_t count, std::uint64_t seed) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  base::random_stream(seed).shuffle(order.begin(), order.end());
  return order;
}

/// All samples in an order that depends on the seed alone.
[[nodiscard]] inline dataset shuffled(const dataset& data, std::uint64_t seed) {
  return subset(data, permutation(data.size(), seed));
}

/// The first `count` samples and the rest. @throws std::invalid_argument if there are fewer.
[[nodiscard]] inline dataset_parts split_at(const dataset& data, std::size_t count) {
  if (count > data.size())
    throw std::invalid_argument("cannot take " + std::to_string(count) + " of " + std::to_string(data.size()) +
                                " samples");
  std::vector<std::size_t> order(data.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  return {subset(data, std::span(order).first(count)), subset(data, std::span(order).subspan(count))};
}

}  // namespace taut
