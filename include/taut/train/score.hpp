// SPDX-License-Identifier: Apache-2.0
// How well a network tells labelled samples apart, in inference mode.
//
//   const score s = score_of(p, test);      s.loss (mean cross-entropy), s.accuracy in [0, 1]
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <taut/net/evaluate.hpp>
#include <taut/simd/lane.hpp>
#include <taut/train/dataset.hpp>
#include <taut/train/loss.hpp>
#include <vector>

namespace taut {

/// Means over samples.
struct score {
  double loss = 0;      ///< cross-entropy
  double accuracy = 0;  ///< share of samples whose largest output is that of their label
  bool operator==(const score&) const = default;
};

namespace base {

/// Means from sums over `samples` samples.
constexpr score mean_of(const tally& sums, std::size_t samples) {
  const double count = static_cast<double>(samples == 0 ? 1 : samples);
  return {sums.loss / count, static_cast<double>(sums.right) / count};
}

/// Checks that a dataset fits a classifier. @throws std::invalid_argument that says what does not.
template <Network Net> void check_data(const dataset& data) {
  const auto refuse = [](auto... parts) {
    const auto text = [](auto part) {
      if constexpr (std::integral<decltype(part)>) return std::to_string(part);
      else return std::string(part);
    };
    throw std::invalid_argument((text(parts) + ...));
  };
  if (data.labels.size() != data.size())
    refuse("the data has ", data.size(), " samples, but ", data.labels.size(), " labels");
  if (data.features() != Net::input_size)
    refuse("the network takes ", Net::input_size, " features, but a sample has ", data.features());
  for (std::size_t i = 0; i < data.size(); ++i) {
    if (data.labels[i] >= Net::output_size)
      refuse("sample ", i, " has label ", data.labels[i], ", but the network has ", Net::output_size,
             " outputs, for labels from 0");
    for (const float value : data.input(i))
      if (!rounded::is_finite(static_cast<double>(value))) refuse("sample ", i, " has a feature that is not finite");
  }
}

}  // namespace base

/// Loss and accuracy on a dataset; 0 for none. @throws std::invalid_argument if the data does not fit.
template <Network Net> [[nodiscard]] score score_of(const parameters<Net>& p, const dataset& data) {
  using V = simd::native;
  constexpr std::size_t width = simd::width<V>;
  base::check_data<Net>(data);
  std::vector<V> here(base::largest_activation<Net>()), next(here.size());
  tally sums;
  for (std::size_t first = 0; first < data.size(); first += width) {
    const std::size_t count = std::min(width, data.size() - first);
    for (std::size_t i = 0; i < Net::input_size; ++i) {
      float lanes[width];
      for (std::size_t l = 0; l < width; ++l) lanes[l] = data.input(first + (l < count ? l : 0))[i];
      here[i] = simd::load<V>(lanes);
    }
    base::for_each_index<Net::depth>([&]<std::size_t I>() {
      forward<layer_of<Net, I>, Net::shapes[I]>(get<I>(p), here.data(), next.data());
      here.swap(next);
    });
    sums += softmax_cross_entropy<Net::output_size, V>(here.data(), std::span(data.labels).subspan(first, count), 1,
                                                       nullptr);
  }
  return base::mean_of(sums, data.size());
}

/// The share of samples whose largest output is that of their label.
template <Network Net> [[nodiscard]] double accuracy(const parameters<Net>& p, const dataset& data) {
  return score_of(p, data).accuracy;
}

}  // namespace taut
