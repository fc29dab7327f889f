// SPDX-License-Identifier: Apache-2.0
// What the laws share: networks of one layer, random parameters that keep what their type declares, random inputs, and
// a network in double that remembers its activations and can be differentiated.
#pragma once
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <taut/inference.hpp>
#include <vector>

namespace taut::tests {

/// The input that gives a shape.
template <shape In> using input_of =
    layer::input<In.extent[0], (In.rank > 1 ? In.extent[1] : 0), (In.rank > 2 ? In.extent[2] : 0)>;
/// Layers behind an input of the given shape.
template <shape In, class... Layers> using net_of = network<input_of<In>, Layers...>;

/// Makes the parameters keep what their type declares: scales matrices and gains.
struct claims_keeper {
  void spectral_norm_at_most(std::string_view, auto& values, std::size_t rows, std::size_t columns,
                             double limit) const {
    std::vector<double> w(values.begin(), values.end());
    const double norm = spectral_norm(w.data(), rows, columns).value;
    if (norm > limit)
      for (auto& v : values) v *= static_cast<float>(limit / norm * (1 - 1e-6));
  }
  void magnitude_at_most(std::string_view, auto& values, double limit) const {
    double largest = 0;
    for (const auto v : values) largest = std::max(largest, std::abs(static_cast<double>(v)));
    if (largest > limit)
      for (auto& v : values) v *= static_cast<float>(limit / largest * (1 - 1e-6));
  }
  void at_least(std::string_view, auto& values, double limit) const {
    for (auto& v : values) v = static_cast<float>(limit * (1 + 1e-6) + std::abs(static_cast<double>(v)));
  }
};

/// Random parameters: weights of variance `scale`^2 / fan-in, gains around 1 of both signs, everything else of size 1;
/// counters and other tensors of whole numbers are left alone. What the type declares is kept.
template <class Net> void randomise(parameters<Net>& p, std::uint64_t seed, double scale = 1) {
  base::random_stream random(seed);
  for_each_tensor(p, [&](std::string_view name, shape extents, auto span) {
    if constexpr (std::same_as<std::remove_cvref_t<decltype(span[0])>, float>) {
      const bool matrix = name.ends_with("weight") && extents.rank >= 2;
      const bool gain = name.ends_with("weight") && !matrix;
      const double size = matrix ? scale / std::sqrt(static_cast<double>(extents.size() / extents.extent[0])) : 1;
      for (float& v : span) {
        const double drawn = random.normal();
        const double value = gain ? (random.below(4) == 0 ? -1 : 1) * (1 + 0.5 * drawn) : size * drawn;
        v = static_cast<float>(value);
      }
    }
  });
  const claims_keeper keeper;
  for_each_claim(p, keeper);
}

/// Random parameters by value.
template <class Net> parameters<Net> random_parameters(std::uint64_t seed, double scale = 1) {
  parameters<Net> p{};
  randomise(p, seed, scale);
  return p;
}

/// A random vector of normal numbers of the given size.
template <class Real = double>
std::vector<Real> random_vector(base::random_stream& random, std::size_t n, double scale = 1) {
  std::vector<Real> x(n);
  for (Real& v : x) v = static_cast<Real>(scale * random.normal());
  return x;
}

/// The Euclidean norm.
inline double norm(std::span<const double> x) {
  double sum = 0;
  for (const double v : x) sum += v * v;
  return std::sqrt(sum);
}

/// A network in double: forward with all activations kept, backward by the chain rule.
template <class Net> class differentiable {
 public:
  static constexpr std::size_t largest = base::largest_activation<Net>();

  explicit differentiable(const parameters<Net>& from) : p(from), waste(from) {}

  /// The output; the activations stay for backward and room().
  std::span<const double> forward(std::span<const double> x) {
    std::copy(x.begin(), x.end(), at[0].begin());
    base::for_each_index<Net::depth>([&]<std::size_t I>() {
      taut::forward<layer_of<Net, I>, Net::shapes[I]>(get<I>(p), at[I].data(), at[I + 1].data());
    });
    return {at[Net::depth].data(), Net::output_size};
  }
  /// J(x)' u for the x of the last forward.
  std::span<const double> backward(std::span<const double> u) {
    std::copy(u.begin(), u.end(), slope[Net::depth].begin());
    base::for_each_index<Net::depth>([&]<std::size_t J>() {
      constexpr std::size_t I = Net::depth - 1 - J;
      taut::gradient<layer_of<Net, I>, Net::shapes[I]>(get<I>(p), at[I].data(), at[I + 1].data(), slope[I + 1].data(),
                                                       slope[I].data(), get<I>(waste));
    });
    return {slope[0].data(), Net::input_size};
  }
  /// The smallest of std - declared floor over all normalizers, at the x of the last forward; infinity without floors.
  double room() const {
    double least = std::numeric_limits<double>::infinity();
    base::for_each_index<Net::depth>([&]<std::size_t I>() {
      using L = layer_of<Net, I>;
      if constexpr (L::reads == fusion::normalizer) {
        if constexpr (certificates::declared_floor<L>() > 0) {
          constexpr pooling runs = L::pooled(Net::shapes[I]);
          for (std::size_t run = 0; run < runs.groups; ++run) {
            const auto s = normalizer::measure<L>(at[I].data() + run * runs.size, runs.size);
            least = std::min(least, std::sqrt(s.variance) - L::min_std);
          }
        }
      }
    });
    return least;
  }

 private:
  parameters<Net> p, waste;
  std::array<std::array<double, largest>, Net::depth + 1> at{}, slope{};
};

}  // namespace taut::tests
