// SPDX-License-Identifier: Apache-2.0
// The condition of exponential capacity control, observed: the stds that samples have at the normalizers of a network,
// and the Lipschitz constants that hold for all inputs with stds at least that large.
//
//   const auto seen = observed_region_of(p, samples);              // seen.smallest_std[k], seen.median_std[k]
//   const auto bound = lipschitz_above(p, seen.smallest_std, {.input_norm = 8});     // bound.input, bound.value
//
// lipschitz_of(p) and parameter_lipschitz_of(p) take the stds that the type declares; these are theirs with other
// numbers, for pairs of inputs of which each keeps them. They say nothing of inputs with smaller stds, and so nothing
// of unseen data: a region read off samples is not fixed before them.
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <taut/certify/parameter_lipschitz.hpp>
#include <taut/theory/input_gradient.hpp>
#include <vector>

namespace taut {

/// The stds at each layer that normalizes; 0 at all others. The median of an even number is the upper one. Batch norm
/// at inference has those of its running variances, one a channel, whatever the samples are.
template <std::size_t Depth> struct observed_region {
  std::array<double, Depth> smallest_std{}, median_std{};  ///< over samples and pooled runs
};

/// The stds at the normalizers on samples, one behind the other, in inference mode and double. Normalizers inside
/// blocks are not looked at. @throws std::invalid_argument if the numbers do not fill samples.
template <Network Net, class Real>
[[nodiscard]] observed_region<Net::depth> observed_region_of(const parameters<Net, Real>& p,
                                                             std::span<const float> inputs) {
  if (inputs.size() % Net::input_size != 0)
    throw std::invalid_argument(std::to_string(inputs.size()) + " numbers are no samples of " +
                                std::to_string(Net::input_size));
  std::array<std::vector<double>, Net::depth> stds;
  input_gradient<Net, double> network(p);
  std::array<double, Net::input_size> x;
  for (std::size_t first = 0; first < inputs.size(); first += Net::input_size) {
    std::copy_n(inputs.begin() + static_cast<std::ptrdiff_t>(first), Net::input_size, x.begin());
    network.forward(x.data());
    base::for_each_index<Net::depth>([&]<std::size_t I>() {
      using L = layer_of<Net, I>;
      if constexpr (L::reads == fusion::normalizer) {
        constexpr pooling runs = L::pooled(Net::shapes[I]);
        for (std::size_t run = 0; run < runs.groups; ++run)
          stds[I].push_back(std::sqrt(normalizer::measure<L>(network.input(I) + run * runs.size, runs.size).variance));
      }
    });
  }
  base::for_each_index<Net::depth>([&]<std::size_t I>() {
    if constexpr (requires { get<I>(p).running_var; })
      for (const auto variance : get<I>(p).running_var) stds[I].push_back(std::sqrt(static_cast<double>(variance)));
  });
  observed_region<Net::depth> region;
  for (std::size_t k = 0; k < Net::depth; ++k) {
    if (stds[k].empty()) continue;
    const auto middle = stds[k].begin() + static_cast<std::ptrdiff_t>(stds[k].size() / 2);
    std::ranges::nth_element(stds[k], middle);
    region.median_std[k] = *middle, region.smallest_std[k] = std::ranges::min(stds[k]);
  }
  return region;
}

namespace certificates {

/// The quantities near p for inputs whose stds are at least the given ones, or the declared ones where these are
/// larger.
template <class Net, class Real> struct quantities_above : quantities_near<Net, Real> {
  const std::array<double, Net::depth>& stds;

  /// 1 / sqrt(s^2 + epsilon), upward.
  template <std::size_t I> [[nodiscard]] double radial() const {
    using L = layer_of<Net, I>;
    const double s = declared_floor<L>() < stds[I] ? stds[I] : declared_floor<L>();
    return rounded::div_up(1, rounded::sqrt_down(rounded::add_down(rounded::mul_down(s, s), L::epsilon)));
  }
  template <std::size_t I> [[nodiscard]] stated slope() const {
    if constexpr (layer_of<Net, I>::reads == fusion::normalizer)
      return product({radial<I>()}, this->template gain<I>());
    else return quantities_near<Net, Real>::template slope<I>();
  }
};

}  // namespace certificates

/// parameter_lipschitz_of for inputs whose stds are at least stds[k] at normalizer k (or what it declares, if that is
/// more). `input` is the smaller one of the product of norms and of the product that lipschitz_of takes, whose norms
/// are centred; it is the first with a radius, and where normalizers are left out. @pre no std is negative
template <Network Net, class Real>
[[nodiscard]] parameter_bound<Net::depth> lipschitz_above(const parameters<Net, Real>& p,
                                                          const std::array<double, Net::depth>& stds,
                                                          const parameter_domain& domain) {
  const certificates::quantities_above<Net, Real> source{{p, domain.radius}, stds};
  const certificates::stated reach{domain.input_norm};
  const auto s = domain.normalizers ? certificates::sensitivity_of<Net, true>(source, reach)
                                    : certificates::sensitivity_of<Net, false>(source, reach);
  parameter_bound<Net::depth> bound{s.parameters.value, {}, s.input.value, s.reach.value};
  for (std::size_t k = 0; k < Net::depth; ++k) bound.of_layer[k] = s.of_layer(k);
  if (domain.radius > 0 || !domain.normalizers) return bound;
  double centred = 1;
  const auto factors = certificates::factors(p);
  base::for_each_index<Net::depth>([&]<std::size_t I>() {
    using L = layer_of<Net, I>;
    double factor = factors[I];
    if constexpr (L::reads == fusion::normalizer)  // the same factor with another std
      factor = rounded::mul_up(rounded::div_up(factor, radial_slope<L>()), source.template radial<I>());
    centred = rounded::mul_up(centred, factor);
  });
  bound.input = certificates::lesser(bound.input, centred);
  return bound;
}

}  // namespace taut
