// SPDX-License-Identifier: Apache-2.0
// A trained network forward and back to its inputs, in inference mode: weights folded once, running statistics
// constant, nothing drawn at random. (The gradients of train/tape.hpp are those of training mode: batch normalization
// couples the samples there and changes its statistics.)
//
//   input_gradient<Net> slopes(p);                       // samples in the lanes of simd::native; or <Net, double>
//   const auto* y = slopes.forward(x);                   // x[feature], y[output]
//   const auto* dx = slopes.backward(dy);                // J(x)' dy;  slopes.take_parameter_gradient(f)
#pragma once
#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <memory>
#include <span>
#include <taut/net/evaluate.hpp>
#include <taut/simd/lane.hpp>
#include <tuple>
#include <utility>
#include <vector>

namespace taut {

/// The trained network of some parameters, which it copies, with its activations for one group of samples.
template <Network Net, simd::lane V = simd::native> class input_gradient {
  template <std::size_t I> using layer_parameters =
      parameters_of_layer<folded_layer_of<Net, I>, Net::shapes[I], simd::element<V>>;
  template <class Indices> struct all_parameters;
  template <std::size_t... I> struct all_parameters<std::index_sequence<I...>> {
    using type = std::tuple<layer_parameters<I>...>;
  };
  using storage = typename all_parameters<std::make_index_sequence<Net::depth>>::type;

 public:
  template <class Real> explicit input_gradient(const parameters<Net, Real>& p)
      : held(std::make_unique<storage>()), slopes(std::make_unique<storage>()) {
    base::for_each_index<Net::depth>([&]<std::size_t I>() {
      const auto folded_here = folded<I>(p);
      convert_tensors(std::get<I>(*held), *folded_here);
      clear(std::get<I>(*slopes));
      activations[I].resize(Net::shapes[I].size(), V(0));
    });
    activations[Net::depth].resize(Net::output_size, V(0));
    here.resize(base::largest_activation<Net>(), V(0)), next.resize(here.size(), V(0));
  }

  /// The outputs for Net::input_size registers x; what each layer took is kept.
  const V* forward(const V* x) {
    std::copy_n(x, Net::input_size, activations[0].begin());
    base::for_each_index<Net::depth>([&]<std::size_t I>() {
      through<folded_layer_of<Net, I>, Net::shapes[I]>(std::get<I>(*held), activations[I].data(),
                                                       activations[I + 1].data());
    });
    return activations[Net::depth].data();
  }
  /// What layer `layer` took in the last forward; of the layer behind the last: the outputs.
  [[nodiscard]] const V* input(std::size_t layer) const { return activations[layer].data(); }

  /// J' dy at the x of the last forward: dy has Net::output_size registers, the result Net::input_size.
  const V* backward(const V* dy) {
    std::copy_n(dy, Net::output_size, here.begin());
    base::for_each_index<Net::depth>([&]<std::size_t J>() {
      constexpr std::size_t I = Net::depth - 1 - J;
      back<folded_layer_of<Net, I>, Net::shapes[I]>(std::get<I>(*held), activations[I].data(),
                                                    activations[I + 1].data(), here.data(), next.data(),
                                                    std::get<I>(*slopes));
      here.swap(next);
    });
    return here.data();
  }
  /// Calls f(values) for the gradient with respect to each trainable tensor, as folded, in file order: what all calls
  /// of backward since the last call of this added up, over samples too. Afterwards it is 0.
  void take_parameter_gradient(auto&& f) {
    base::for_each_index<Net::depth>([&]<std::size_t I>() {
      for_each_tensor_of_layer(std::get<I>(*slopes), [&f](const tensor_info& info, const auto& values) {
        if constexpr (std::same_as<decltype(values[0]), const simd::element<V>&>)
          if (info.purpose == role::trainable) f(std::span<const simd::element<V>>(values));
      });
      clear(std::get<I>(*slopes));
    });
  }

 private:
  // compiled once for all layers alike
  template <class L, shape In, class P> [[gnu::noinline]] static void through(const P& p, const V* x, V* y) {
    taut::forward<L, In>(p, x, y);
  }
  template <class L, shape In, class P>
  [[gnu::noinline]] static void back(const P& p, const V* x, const V* y, const V* dy, V* dx, P& dp) {
    taut::gradient<L, In>(p, x, y, dy, dx, dp);
  }
  static void clear(auto& layer) {
    for_each_tensor_of_layer(layer, [](const tensor_info&, auto& values) { std::ranges::fill(values, 0); });
  }

  std::unique_ptr<storage> held, slopes;  // slopes: the parameters' gradients
  std::array<std::vector<V>, Net::depth + 1> activations;
  std::vector<V> here, next;
};

}  // namespace taut
