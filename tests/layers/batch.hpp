// SPDX-License-Identifier: Apache-2.0
// What layers do with a mini-batch in training: gradients against numeric differences, and samples in the lanes of
// registers against one sample a lane. Lanes without a sample repeat one, as net/mode.hpp promises.
#pragma once
#include <taut/net/mode.hpp>

#include "laws/laws.hpp"

namespace taut::tests {

/// A batch in training, x and y as x[group][feature] with samples in the lanes of V.
template <class V, class L, shape In, class Batch> struct trained_batch {
  static constexpr std::size_t lanes = simd::width<V>, groups = groups_of<Batch, V>;
  static constexpr std::size_t inputs = In.size(), outputs = L::output(In).size();
  using real = simd::element<V>;
  using values = parameters<net_of<In, L>, real>;

  std::vector<double> y, dx;  ///< sample by sample
  values after, slope;        ///< the parameters behind forward, and their gradient

  /// Runs a batch given sample by sample, and its gradient for the slopes u of the outputs.
  trained_batch(const values& p, const std::vector<double>& x, const std::vector<double>& u) : after(p), slope(p) {
    clear(slope);
    const auto wide_x = packed(x, inputs, true), wide_u = packed(u, outputs, false);
    std::vector<V> wide_y(groups * outputs), wide_dx(groups * inputs);
    taut::forward<L, In>(training<Batch>{}, get<0>(after), wide_x.data(), wide_y.data());
    taut::gradient<L, In>(training<Batch>{}, std::as_const(get<0>(after)), wide_x.data(), wide_y.data(), wide_u.data(),
                          wide_dx.data(), get<0>(slope));
    y = unpacked(wide_y, outputs), dx = unpacked(wide_dx, inputs);
  }

 private:
  static std::vector<V> packed(const std::vector<double>& x, std::size_t size, bool repeat) {
    std::vector<V> wide;
    for (std::size_t g = 0; g < groups; ++g)
      for (std::size_t i = 0; i < size; ++i) {
        real line[lanes];
        for (std::size_t lane = 0; lane < lanes; ++lane) {
          const std::size_t sample = g * lanes + lane;
          line[lane] = sample < Batch::size ? static_cast<real>(x[sample * size + i])
                       : repeat             ? static_cast<real>(x[(Batch::size - 1) * size + i])
                                            : real(0);
        }
        wide.push_back(simd::load<V>(line));
      }
    return wide;
  }
  static std::vector<double> unpacked(const std::vector<V>& wide, std::size_t size) {
    std::vector<double> x(Batch::size * size);
    for (std::size_t sample = 0; sample < Batch::size; ++sample)
      for (std::size_t i = 0; i < size; ++i) {
        real line[lanes];
        simd::store(wide[sample / lanes * size + i], line);
        x[sample * size + i] = static_cast<double>(line[sample % lanes]);
      }
    return x;
  }
};

/// Each entry of a is next to that of b, measured by the size of b.
[[gnu::noinline]] inline void check_near(const std::vector<double>& a, const std::vector<double>& b, double floor) {
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    INFO("entry " << i);
    CHECK(std::abs(a[i] - b[i]) <= 1e-4 * (norm(b) + floor));
  }
}

/// A training step of layer L with parameters p: its gradient is numeric, and registers agree with one lane.
template <class L, shape In, class Batch>
void check_batch(const parameters<net_of<In, L>>& from, std::uint64_t seed, double gradient_error = 1e-6) {
  INFO(L::name.view() << " on " << In.name().view() << ", batch of " << Batch::size);
  auto p = converted<double>(from);
  base::random_stream random(seed);
  auto x = random_vector(random, Batch::size * In.size());
  const auto u = random_vector(random, Batch::size * L::output(In).size());
  using in_double = trained_batch<double, L, In, Batch>;
  const in_double exact(p, x, u);

  const auto loss = [&] {
    const auto y = in_double(p, x, u).y;
    double sum = 0;
    for (std::size_t i = 0; i < y.size(); ++i) sum += u[i] * y[i];
    return sum;
  };
  const auto stated = values_of(exact.slope);
  double largest = 1e-3;
  for (const double v : stated) largest = std::max(largest, std::abs(v));
  check_slopes(x, exact.dx, tensors_in_double(p), stated, loss, gradient_error, largest);

  const trained_batch<simd::native, L, In, Batch> wide(from, x, u);
  check_near(wide.y, exact.y, 0);
  check_near(wide.dx, exact.dx, norm(u));
  check_near(values_of(wide.slope), stated, norm(u));
  check_near(values_of(wide.after), values_of(exact.after), 0);  // running statistics
}

}  // namespace taut::tests
