// SPDX-License-Identifier: Apache-2.0
// What the laws share: networks of one layer, random parameters that keep what their type declares, random inputs, and
// a network in double that remembers its activations and can be differentiated.
#pragma once
#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <taut/inference.hpp>
#include <vector>

namespace taut::tests {

/// The input that gives a shape.
template <shape In> using input_of =
    layer::input<In.extent[0], (In.rank > 1 ? In.extent[1] : 0), (In.rank > 2 ? In.extent[2] : 0)>;
/// Layers behind an input of the given shape.
template <shape In, class... Layers> using net_of = network<input_of<In>, Layers...>;

/// A reference to something that can be called, without its type: what the laws compare is compiled once a file and not
/// for each network, and only the calls are made for each.
template <class Signature> class callable;
template <class Result, class... Arguments> class callable<Result(Arguments...)> {
 public:
  template <class F>
    requires(!std::same_as<F, callable>)
  callable(const F& f)
      : object(&f), function([](const void* at, Arguments... arguments) -> Result {
          return (*static_cast<const F*>(at))(arguments...);
        }) {}
  Result operator()(Arguments... arguments) const { return function(object, arguments...); }

 private:
  const void* object;
  Result (*function)(const void*, Arguments...);
};

/// The values of all tensors, one after the other.
template <class Parameters> [[gnu::noinline]] std::vector<double> values_of(const Parameters& p) {
  std::vector<double> all;
  for_each_tensor(p, [&](auto, shape, auto span) {
    for (const auto v : span) all.push_back(static_cast<double>(v));
  });
  return all;
}

/// All values 0.
template <class Parameters> [[gnu::noinline]] void clear(Parameters& p) {
  for_each_tensor(p, [](auto, shape, auto span) {
    for (auto& v : span) v = 0;
  });
}

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

/// A network in double, without its type.
class differentiable_network {
 public:
  virtual ~differentiable_network() = default;
  /// The output; the activations stay for backward and room().
  virtual std::span<const double> forward(std::span<const double> x) = 0;
  /// J(x)' u for the x of the last forward.
  virtual std::span<const double> backward(std::span<const double> u) = 0;
  /// The smallest of std - declared floor over all normalizers, at the x of the last forward; infinity without floors.
  [[nodiscard]] virtual double room() const = 0;
};

/// A network in double: forward with all activations kept, backward by the chain rule.
template <class Net> class differentiable final : public differentiable_network {
 public:
  static constexpr std::size_t largest = base::largest_activation<Net>();

  explicit differentiable(const parameters<Net>& from) : p(from), waste(from) {}

  std::span<const double> forward(std::span<const double> x) override {
    std::copy(x.begin(), x.end(), at[0].begin());
    base::for_each_index<Net::depth>([&]<std::size_t I>() {
      taut::forward<layer_of<Net, I>, Net::shapes[I]>(get<I>(p), at[I].data(), at[I + 1].data());
    });
    return {at[Net::depth].data(), Net::output_size};
  }
  std::span<const double> backward(std::span<const double> u) override {
    std::copy(u.begin(), u.end(), slope[Net::depth].begin());
    base::for_each_index<Net::depth>([&]<std::size_t J>() {
      constexpr std::size_t I = Net::depth - 1 - J;
      taut::gradient<layer_of<Net, I>, Net::shapes[I]>(get<I>(p), at[I].data(), at[I + 1].data(), slope[I + 1].data(),
                                                       slope[I].data(), get<I>(waste));
    });
    return {slope[0].data(), Net::input_size};
  }
  [[nodiscard]] double room() const override {
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
