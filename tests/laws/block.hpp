// SPDX-License-Identifier: Apache-2.0
// A residual block as a user's layer, one element of the flat list: y = x + f(x), f a sequence of layers. It states
// everything the library knows about blocks; nothing in the library is written for it.
//
//   Input<8> >> around(Linear<8> >> Tanh) >> Linear<3>     tensors "0.0.weight", "0.0.bias", "1.weight", "1.bias"
#pragma once
#include "laws/support.hpp"

namespace taut::tests {

template <class Sequence> struct residual;
template <class... Layers> struct residual<sequence<Layers...>> : layer_base {
  template <shape In> using network_for = net_of<In, Layers...>;

  static constexpr auto name = base::say("residual");
  static constexpr fusion reads = fusion::mixing;
  static constexpr auto wants = base::say("what its layers keep");
  static constexpr bool accepts(shape in) {
    shape s = in;
    bool fit = true;
    ((fit = fit && Layers::accepts(s), s = Layers::output(s)), ...);
    return fit && s == in;
  }
  static constexpr shape output(shape in) { return in; }
  static constexpr std::size_t multiply_adds(shape in) {
    std::size_t sum = 0;
    const auto cost = [&]<class L>(std::type_identity<L>) {
      if constexpr (states_cost<L>) sum += L::multiply_adds(in);
      in = L::output(in);
    };
    (cost(std::type_identity<Layers>{}), ...);
    return sum;
  }

  template <shape In, class Real> struct parameters {
    using net = network_for<In>;
    taut::parameters<net, Real> inner{};

    static constexpr void tensors(auto&& visit) {
      base::for_each_index<net::depth>([&]<std::size_t I>() {
        using P = parameters_of_layer<layer_of<net, I>, net::shapes[I], Real>;
        P::tensors([&](const tensor_info& info, auto access) {
          const auto key = base::say(I, ".", info.key);
          visit(tensor_info{key.view(), info.extents, info.purpose},
                [access](auto& self) -> auto& { return std::invoke(access, get<I>(self.inner)); });
        });
      });
    }
    static constexpr void claims(auto& self, auto&& visit) { for_each_claim(self.inner, visit); }
  };
  static constexpr void initialise(auto& p, auto& random) {
    using net = typename std::remove_cvref_t<decltype(p)>::net;
    base::for_each_index<net::depth>([&]<std::size_t I>() {
      using L = layer_of<net, I>;
      if constexpr (requires { L::initialise(get<I>(p.inner), random); }) L::initialise(get<I>(p.inner), random);
    });
  }

  template <shape In, class P, class V> static constexpr void forward(const P& p, const V* x, V* y) {
    const auto at = activations<In>(p, x);
    for (std::size_t i = 0; i < In.size(); ++i) y[i] = x[i] + at[network_for<In>::depth][i];
  }
  template <shape In, class P, class V>
  static constexpr void gradient(const P& p, const V* x, const V*, const V* dy, V* dx, P& dp) {
    using net = network_for<In>;
    const auto at = activations<In>(p, x);
    auto slope = at;
    for (std::size_t i = 0; i < In.size(); ++i) slope[net::depth][i] = dy[i];
    base::for_each_index<net::depth>([&]<std::size_t J>() {
      constexpr std::size_t I = net::depth - 1 - J;
      taut::gradient<layer_of<net, I>, net::shapes[I]>(get<I>(p.inner), at[I].data(), at[I + 1].data(),
                                                       slope[I + 1].data(), slope[I].data(), get<I>(dp.inner));
    });
    for (std::size_t i = 0; i < In.size(); ++i) dx[i] = dy[i] + slope[0][i];
  }

  // 1 + the product of the terms inside; their quantities carry the place inside, "norm(W0.2)"
  static constexpr auto lipschitz(shape in) {
    return constant(1) + inside<0>(in, std::type_identity<sequence<Layers...>>{});
  }

  // what certify/factors.hpp asks of a block
  static constexpr std::size_t blocks = 1;
  template <shape In, std::size_t K> static constexpr const auto& inner(const auto& p) { return p.inner; }
  static constexpr double combined_lipschitz(const std::array<double, 1>& bounds) {
    return rounded::add_up(1, bounds[0]);
  }

 private:
  template <shape In, class P, class V> static constexpr auto activations(const P& p, const V* x) {
    using net = network_for<In>;
    std::array<std::array<V, base::largest_activation<net>()>, net::depth + 1> at{};
    for (std::size_t i = 0; i < In.size(); ++i) at[0][i] = x[i];
    base::for_each_index<net::depth>([&]<std::size_t I>() {
      taut::forward<layer_of<net, I>, net::shapes[I]>(get<I>(p.inner), at[I].data(), at[I + 1].data());
    });
    return at;
  }

  template <std::size_t Place> static constexpr auto placed(const auto& term) {
    constexpr std::size_t place = Place;
    std::remove_cvref_t<decltype(term)> e;
    e.root = e.graft(term, &place);
    return e;
  }
  template <std::size_t I> static constexpr auto inside(shape, std::type_identity<sequence<>>) { return constant(1); }
  template <std::size_t I, class L, class... More>
  static constexpr auto inside(shape in, std::type_identity<sequence<L, More...>>) {
    return placed<I>(L::lipschitz(in)) * inside<I + 1>(L::output(in), std::type_identity<sequence<More...>>{});
  }
};
/// A residual block around a layer or layers: around(Linear<8> >> Tanh).
template <class... Layers> constexpr residual<sequence<Layers...>> around(sequence<Layers...>) { return {}; }
template <Layer L> constexpr residual<sequence<L>> around(L) { return {}; }

}  // namespace taut::tests
