// SPDX-License-Identifier: Apache-2.0
// The laws of a training step, for layers that couple the samples of a batch or draw at random and for all others:
//
//   check_training<layer::batch_norm<>, shape{3, 4}, batch<19>>();
//
// gradient == numeric difference of the batch; samples in lanes == one sample at a time, running statistics included;
// dx is 0 in lanes without a sample; gradients are added to dp; the same noise gives the same bits.
#pragma once
#include "layers/batch.hpp"

namespace taut::tests {

/// Inputs and slopes of a batch in the lanes of V, random; lanes without a sample repeat the first one, with slope 0.
template <class V, shape In, shape Out, class Batch> struct lanes_of_batch {
  static constexpr std::size_t groups = groups_of<Batch, V>, lanes = simd::width<V>;
  std::vector<V> x, u, y = std::vector<V>(groups * Out.size()), dx = std::vector<V>(groups * In.size());

  explicit lanes_of_batch(std::uint64_t seed)
      : x(drawn(seed, In.size(), true)), u(drawn(seed + 1, Out.size(), false)) {}

  /// The values in the lanes of group `group` behind its last sample.
  static std::vector<double> unused(const std::vector<V>& v, std::size_t size) {
    std::vector<double> found;
    for (std::size_t g = 0; g < groups; ++g)
      for (std::size_t i = 0; i < size; ++i) {
        simd::element<V> line[lanes];
        simd::store(v[g * size + i], line);
        for (std::size_t lane = samples_in_group<Batch, V>(g); lane < lanes; ++lane)
          found.push_back(static_cast<double>(line[lane]));
      }
    return found;
  }

 private:
  static std::vector<V> drawn(std::uint64_t seed, std::size_t size, bool repeat) {
    base::random_stream random(seed);
    const auto values = random_vector<simd::element<V>>(random, Batch::size * size);
    std::vector<V> wide;
    for (std::size_t g = 0; g < groups; ++g)
      for (std::size_t i = 0; i < size; ++i) {
        simd::element<V> line[lanes];
        for (std::size_t lane = 0; lane < lanes; ++lane) {
          const bool used = g * lanes + lane < Batch::size;
          line[lane] = used || repeat ? values[(used ? g * lanes + lane : 0) * size + i] : 0;
        }
        wide.push_back(simd::load<V>(line));
      }
    return wide;
  }
};

/// Lanes without a sample, sums of gradients, and the same bits for the same noise, in registers V.
template <class V, class L, shape In, class Batch> void check_step(const parameters<net_of<In, L>>& from) {
  constexpr shape out = L::output(In);
  lanes_of_batch<V, In, out, Batch> run(7), same(7);
  parameters<net_of<In, L>> p = from, twin = from, dp = from;
  for_each_tensor(dp, [](auto, shape, auto span) {
    for (auto& v : span) v = 0;
  });
  const training<Batch> mode{99};
  forward<L, In>(mode, get<0>(p), run.x.data(), run.y.data());
  forward<L, In>(mode, get<0>(twin), same.x.data(), same.y.data());
  const auto bits = [](const std::vector<V>& v) {
    std::vector<float> all(v.size() * simd::width<V>);
    for (std::size_t i = 0; i < v.size(); ++i) simd::store(v[i], all.data() + i * simd::width<V>);
    return all;
  };
  CHECK(same_bits(bits(run.y), bits(same.y)));
  CHECK(values_of(p) == values_of(twin));

  const auto step = [&] {
    gradient<L, In>(mode, std::as_const(get<0>(p)), run.x.data(), run.y.data(), run.u.data(), run.dx.data(),
                    get<0>(dp));
  };
  step();
  CHECK(values_of(p) == values_of(twin));
  for (const double v : run.unused(run.dx, In.size())) CHECK(v == 0);
  const auto once = values_of(dp);
  step();
  const auto twice = values_of(dp);
  for (std::size_t i = 0; i < once.size(); ++i) CHECK(std::abs(twice[i] - 2 * once[i]) <= 1e-5 * norm(once));
}

/// All laws of a training step for layer L. `warm_up` steps come first: a layer that tracks singular vectors is exact
/// where it has found them.
template <class L, shape In, class Batch> void check_training(int warm_up = 0, double gradient_error = 1e-6) {
  INFO(L::name.view() << " on " << In.name().view() << ", batch of " << Batch::size);
  for (std::uint64_t seed = 1; seed <= 2; ++seed) {
    auto p = random_parameters<net_of<In, L>>(seed);
    lanes_of_batch<simd::native, In, L::output(In), Batch> run(seed);
    for (int i = 0; i < warm_up; ++i) forward<L, In>(training<Batch>{}, get<0>(p), run.x.data(), run.y.data());
    check_batch<L, In, Batch>(p, seed, gradient_error);
    check_step<simd::native, L, In, Batch>(p);
    check_step<simd::portable<4>, L, In, Batch>(p);
    check_step<simd::portable<1>, L, In, Batch>(p);
  }
}

}  // namespace taut::tests
