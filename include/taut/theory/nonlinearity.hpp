// SPDX-License-Identifier: Apache-2.0
// How far a map is from linear at x (Ni, Guo, Jia, Huang 2024, arXiv 2406.01255):
//
//   H(f; x) = sum over outputs i of |Hessian of f_i at x|_F^2
//
// In closed form for a normalizer: 3 (n - 2) / (n s^4) for a centred run of n elements of standard deviation s without
// epsilon or gain, summed over the runs. So g groups are g (1 - 2/m) / (1 - 2/n) times as nonlinear as one, m = n/g.
// By differentiation for a whole network (theory/jet.hpp). Example: nonlinearity(p, x).
#pragma once
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <taut/base/random.hpp>
#include <taut/net/evaluate.hpp>
#include <taut/theory/jet.hpp>
#include <vector>

namespace taut {

/// H of the normalization of one run of n elements with this standard deviation (root mean square, if not centred): no
/// gain. For epsilon = 0 and a centred run 3 (n - 2) / (n s^4).
[[nodiscard]] constexpr double normalization_nonlinearity(std::size_t n, double std, double epsilon = 0,
                                                          bool centred = true) {
  // With q^2 = s^2 + epsilon and c the centred input, D^2 z(a, b) = -(a <c,b> + b <c,a> + c <a,b>) / (n q^3)
  // + 3 c <c,a> <c,b> / (n^2 q^5). Summed over an orthonormal basis that has c/|c| in it.
  const double across = static_cast<double>(n) - (centred ? 2 : 1), q = std * std + epsilon, radial = epsilon / q;
  return std * std / (static_cast<double>(n) * q * q * q) * (3 * across + 9 * radial * radial);
}

/// How many times as nonlinear n elements in `groups` equal groups are as in one, at equal standard deviation, without
/// epsilon: groups (1 - 2/m) / (1 - 2/n), m elements a group; 0 for groups of 2. @pre n > 2, and groups divides n
[[nodiscard]] constexpr double grouping_amplification(std::size_t n, std::size_t groups) {
  return static_cast<double>(groups) * normalization_nonlinearity(n / groups, 1) / normalization_nonlinearity(n, 1);
}

/// H of normalizer L at x, In.size() doubles, by its closed form: with its epsilon and gains, over all its runs.
template <class L, shape In, class P> [[nodiscard]] constexpr double layer_nonlinearity(const P& p, const double* x) {
  static_assert(L::reads == fusion::normalizer, "the closed form is that of normalizers; take nonlinearity(p, x)");
  constexpr pooling runs = L::pooled(In);
  constexpr double n = static_cast<double>(runs.size), held = L::centred ? 1 : 0;
  double sum = 0;
  for (std::size_t r = 0; r < runs.groups; ++r) {
    const std::size_t first = r * runs.size;
    const auto s = normalizer::measure<L>(x + first, runs.size);
    if (!(s.variance > 0)) continue;
    const double q = s.variance + L::epsilon, radial = L::epsilon / q;
    const double size = s.variance / (n * q * q * q);
    for (std::size_t i = first; i < first + runs.size; ++i) {
      const double c = s.centre(x[i]), along = c * c / (n * s.variance);  // the square of element i of c/|c|
      const double gain = L::gain(p, i);
      sum += gain * gain * size * ((n - 1 - held + 9 * radial * radial) * along + 2 * (1 - held / n - along));
    }
  }
  return sum;
}

namespace base {

/// Calls use(output i, f_i with its derivatives) after a run on x + inputs, whose derivatives `seed(here)` writes.
template <std::size_t N, Network Net, class Real, numbers Range>
constexpr void differentiate(const parameters<Net, Real>& p, const Range& x, auto&& seed, auto&& use) {
  std::vector<jet<N>> here(largest_activation<Net>()), next(here.size());
  for (std::size_t i = 0; i < Net::input_size; ++i) here[i] = static_cast<double>(std::data(x)[i]);
  seed(here);
  evaluate_in(p, here.data(), next.data());
  for (std::size_t i = 0; i < Net::output_size; ++i) use(i, here[i]);
}

}  // namespace base

/// H of a network at x, Net::input_size numbers: the squares of all second derivatives of its outputs, exact but for
/// rounding. n^2/16 evaluations of n inputs, each 20 times as long as one in double: for tens or hundreds of inputs.
/// @throws std::invalid_argument if x has not the network's size.
template <Network Net, class Real, base::numbers Range>
[[nodiscard]] double nonlinearity(const parameters<Net, Real>& p, const Range& x) {
  constexpr std::size_t together = 8, inputs = Net::input_size;
  if (std::size(x) != inputs) throw std::invalid_argument("nonlinearity: x has not the size of the network's input");
  double sum = 0;
  for (std::size_t u = 0; u < inputs; ++u)  // v <= u: the Hessian is symmetric
    for (std::size_t v = 0; v <= u; v += together)
      base::differentiate<together>(
          p, x,
          [&](auto& here) {
            here[u].first = 1;
            for (std::size_t k = 0; k < together && v + k <= u; ++k) here[v + k].second[k] = 1;
          },
          [&](std::size_t, const auto& f) {
            for (std::size_t k = 0; k < together && v + k <= u; ++k)
              sum += (v + k == u ? 1 : 2) * f.mixed[k] * f.mixed[k];
          });
  return sum;
}

/// An estimate of H for networks with many inputs: the mean of sum_i (u' Hessian_i v)^2 over `rounds` rounds of one u
/// and eight v, all normal and independent, whose expectation is H. The same number for the same seed.
/// @throws std::invalid_argument if x has not the network's size or rounds is 0.
template <Network Net, class Real, base::numbers Range>
[[nodiscard]] double nonlinearity_estimate(const parameters<Net, Real>& p, const Range& x, std::size_t rounds,
                                           std::uint64_t seed) {
  constexpr std::size_t together = 8;
  if (std::size(x) != Net::input_size)
    throw std::invalid_argument("nonlinearity_estimate: x has not the size of the network's input");
  if (rounds == 0) throw std::invalid_argument("nonlinearity_estimate: at least one round");
  base::random_stream random(seed);
  double sum = 0;
  for (std::size_t round = 0; round < rounds; ++round)
    base::differentiate<together>(
        p, x,
        [&](auto& here) {
          for (std::size_t i = 0; i < Net::input_size; ++i) {
            here[i].first = random.normal();
            for (double& v : here[i].second) v = random.normal();
          }
        },
        [&](std::size_t, const auto& f) {
          for (const double h : f.mixed) sum += h * h;
        });
  return sum / static_cast<double>(rounds * together);
}

}  // namespace taut
