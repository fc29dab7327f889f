// SPDX-License-Identifier: Apache-2.0
// Layers run in training, one after the other, as values: many networks are then tried without compiling each of them.
//
//   stages<layer::linear<8, 0>, layer::batch_norm<>>(shape{4})   run(chain, change) gives the outputs of a batch
#pragma once
#include <cmath>
#include <cstddef>
#include <functional>
#include <string_view>
#include <taut/base/random.hpp>
#include <taut/net/mode.hpp>
#include <taut/net/network.hpp>
#include <vector>

namespace taut::tests {

using training_batch = batch<6>;

/// What is done to a tensor of the first layer: a function of its key and its elements.
using change = std::function<void(std::string_view, double&)>;

/// The outputs of one layer, with random parameters, for a batch of samples.
using stage = std::vector<double> (*)(std::vector<double>, std::uint64_t, const change&);

template <class L, shape In> std::vector<double> run_stage(std::vector<double> x, std::uint64_t seed, const change& f) {
  base::random_stream random(seed);
  parameters_of_layer<L, In, double> p{};
  for_each_tensor_of_layer(p, [&](const tensor_info& info, auto& values) {
    if (info.purpose == role::trainable)
      for (auto& v : values) {
        double fresh = random.uniform(0.2, 1) * (random.uniform() < 0.5 ? -1 : 1);
        f(info.key, fresh);
        v = static_cast<std::remove_reference_t<decltype(v)>>(fresh);
      }
  });
  std::vector<double> y(training_batch::size * L::output(In).size());
  forward<L, In>(training<training_batch>{seed}, p, x.data(), y.data());
  return y;
}

inline void keep(std::string_view, double&) {}

/// The outputs of a network, which is a list of stages, with the first layer's parameters changed.
inline std::vector<double> run(const std::vector<stage>& chain, std::size_t inputs, const change& f) {
  base::random_stream random(3);
  std::vector<double> x(training_batch::size * inputs);
  for (double& v : x) v = random.normal();
  std::uint64_t seed = 100;
  for (const stage s : chain) {
    x = s(std::move(x), seed, seed == 100 ? f : keep);
    ++seed;
  }
  return x;
}

/// The largest difference of two outputs, relative to the largest output.
inline double difference(const std::vector<double>& a, const std::vector<double>& b) {
  double most = 0, size = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    most = std::max(most, std::abs(a[i] - b[i]));
    size = std::max(size, std::abs(a[i]));
  }
  return most / size;
}

/// The stages of the layers of a network.
template <class Net> std::vector<stage> stages_of() {
  return []<std::size_t... I>(std::index_sequence<I...>) {
    return std::vector<stage>{&run_stage<layer_of<Net, I>, Net::shapes[I]>...};
  }(std::make_index_sequence<Net::depth>{});
}

/// Calls visit<network<In, A, B, C, Behind...>> for each combination of an A, a B and a C that fit.
template <class In, class... Behind, class... A, class... B, class... C>
void for_each_network(base::list<A...>, base::list<B...>, base::list<C...>, base::list<Behind...>, auto&& visit) {
  const auto with = [&]<class X, class Y, class Z>() {
    if constexpr (fits<network<In, X>, Y>) {
      if constexpr (fits<network<In, X, Y>, Z>) visit.template operator()<network<In, X, Y, Z, Behind...>>();
    }
  };
  const auto each_last = [&]<class X, class Y>() { (with.template operator()<X, Y, C>(), ...); };
  const auto each_middle = [&]<class X>() { (each_last.template operator()<X, B>(), ...); };
  (each_middle.template operator()<A>(), ...);
}

}  // namespace taut::tests
