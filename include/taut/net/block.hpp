// SPDX-License-Identifier: Apache-2.0
// Blocks: layers with networks inside, one element of the flat list. Their outputs are put behind each other, and the
// input may be added: y = (f_1(x), ..., f_k(x)) or y = x + f(x). All but name, shapes and Lipschitz term is here.
//
//   struct residual : base::block<true, sequence<linear<8>, relu>> { name, wants, accepts, output, lipschitz, ... };
//
// Tensors are named by place, as nn.Sequential names them: "2.0.weight", with several networks "2.1.0.weight". Training
// runs the layers inside again for the gradient instead of keeping their activations.
#pragma once
#include <array>
#include <cstddef>
#include <taut/base/buffer.hpp>
#include <taut/base/random.hpp>
#include <taut/net/budget.hpp>
#include <taut/net/lipschitz.hpp>
#include <taut/net/mode.hpp>
#include <tuple>

namespace taut::base {

/// The layers of a part of a network: a layer, or a sequence of layers.
template <class P> using layers_of_part = typename part_of<P>::layers;

/// The network that layers make on an input of shape In.
template <shape In, class List> struct network_on;
template <shape In, class... Ls> struct network_on<In, list<Ls...>> {
  static constexpr auto& e = In.extent;
  using type = network<layer::input<e[0], (In.rank > 1 ? e[1] : 0), (In.rank > 2 ? e[2] : 0)>, Ls...>;
};

/// What a list of layers does to shapes and costs.
template <class List> struct chain;
template <class... Ls> struct chain<list<Ls...>> {
  static constexpr std::size_t depth = sizeof...(Ls);
  static constexpr bool homogeneous = (is_homogeneous<Ls>() && ...);
  /// Whether each layer takes what the one before gives.
  static constexpr bool accepts([[maybe_unused]] shape in) {
    bool fit = true;
    ((fit = fit && Ls::accepts(in), in = fit ? Ls::output(in) : in), ...);
    return fit;
  }
  static constexpr shape output(shape in) {
    ((in = Ls::output(in)), ...);
    return in;
  }
  static constexpr std::size_t multiply_adds([[maybe_unused]] shape in) {
    std::size_t sum = 0;
    ((sum += multiply_adds_of_layer<Ls>(in), in = Ls::output(in)), ...);
    return sum;
  }
  static constexpr auto lipschitz(shape in) { return product_of_terms<Ls...>(in); }
};

/// A block around the networks that Parts make (layers or sequences). With AddsInput it has one, whose output is added
/// to the input.
template <bool AddsInput, class... Parts> struct block : layer_base {
  static_assert(sizeof...(Parts) > 0 && (!AddsInput || sizeof...(Parts) == 1));
  static constexpr fusion reads = fusion::mixing;
  static constexpr std::size_t blocks = sizeof...(Parts);
  static constexpr bool combines = true, adds_input = AddsInput;
  static constexpr bool homogeneous = (chain<layers_of_part<Parts>>::homogeneous && ...);
  template <std::size_t K> using chain_of = chain<layers_of_part<at<list<Parts...>, K>>>;
  template <shape In, std::size_t K> using network_of =
      typename network_on<In, layers_of_part<at<list<Parts...>, K>>>::type;

  static constexpr std::size_t multiply_adds(shape in) {
    return (chain<layers_of_part<Parts>>::multiply_adds(in) + ...);
  }

  template <shape In, class Real> struct parameters {
    template <std::size_t... K> static auto nets(std::index_sequence<K...>)
        -> std::tuple<taut::parameters<network_of<In, K>, Real>...>;
    decltype(nets(std::make_index_sequence<blocks>{})) inside{};

    static constexpr void tensors(auto&& visit) {
      for_each_index<blocks>([&]<std::size_t K>() {
        using inner_net = network_of<In, K>;
        for_each_index<inner_net::depth>([&]<std::size_t I>() {
          using P = parameters_of_layer<layer_of<inner_net, I>, inner_net::shapes[I], Real>;
          P::tensors([&](const tensor_info& info, auto access) {
            const auto key = blocks == 1 ? say(I, ".", info.key) : say(K, ".", I, ".", info.key);
            visit(tensor_info{key.view(), info.extents, info.purpose},
                  [access](auto& self) -> auto& { return tensor_of(access, get<I>(std::get<K>(self.inside))); });
          });
        });
      });
    }
    static constexpr void claims(auto& self, auto&& visit) {
      for_each_index<blocks>([&]<std::size_t K>() {
        if constexpr (blocks == 1) {
          for_each_claim(std::get<K>(self.inside), visit);
        } else {
          claims_of_layer<std::remove_reference_t<decltype(visit)>> named{visit, K};
          for_each_claim(std::get<K>(self.inside), named);
        }
      });
    }
  };
  /// The parameters of network K.
  template <shape In, std::size_t K> static constexpr const auto& inner(const auto& p) { return std::get<K>(p.inside); }
  template <shape In, class Real> static constexpr void initialise(parameters<In, Real>& p, auto& random) {
    for_each_index<blocks>([&]<std::size_t K>() { initialise_from(std::get<K>(p.inside), random); });
  }

  /// y from the outputs of the networks; x and y of In.size() and output elements.
  template <shape In, class V, class... Outputs>
  static constexpr void combine(const V* x, V* y, const Outputs*... outputs) {
    const V* const each[] = {outputs...};
    for_each_index<blocks>([&]<std::size_t K>() {
      for (std::size_t i = 0; i < size<In, K>(); ++i) y[start<In>(K) + i] = AddsInput ? x[i] + each[K][i] : each[K][i];
    });
  }

  template <shape In, class P, class V> static constexpr void forward(const P& p, const V* x, V* y) {
    for_each_index<blocks>([&]<std::size_t K>() {
      const activations<In, K, V> at(1);
      at.forward(
          [&]<std::size_t I, class L>(const V* from, V* to) {
            taut::forward<L, network_of<In, K>::shapes[I]>(get<I>(inner<In, K>(p)), from, to);
          },
          x);
      put<In, K>(x, at.output(), y, 1);
    });
  }
  template <shape In, class P, class V>
  static constexpr void gradient(const P& p, const V* x, const V*, const V* dy, V* dx, P& dp) {
    backward<In>(
        x, dy, dx, 1,
        [&]<std::size_t K, std::size_t I, class L>(const V* from, V* to) {
          taut::forward<L, network_of<In, K>::shapes[I]>(get<I>(inner<In, K>(p)), from, to);
        },
        [&]<std::size_t K, std::size_t I, class L>(const V* from, const V* to, const V* dto, V* dfrom) {
          taut::gradient<L, network_of<In, K>::shapes[I]>(get<I>(inner<In, K>(p)), from, to, dto, dfrom,
                                                          get<I>(std::get<K>(dp.inside)));
        });
  }

  template <shape In, class Batch, class P, class V>
  static constexpr void forward_batch(training<Batch> mode, P& p, const V* x, V* y, std::size_t groups) {
    for_each_index<blocks>([&]<std::size_t K>() {
      const activations<In, K, V> at(groups);
      at.forward(
          [&]<std::size_t I, class L>(const V* from, V* to) {
            taut::forward<L, network_of<In, K>::shapes[I]>(inside(mode, K, I), get<I>(std::get<K>(p.inside)), from, to);
          },
          x);
      put<In, K>(x, at.output(), y, groups);
    });
  }
  template <shape In, class Batch, class P, class V>
  static constexpr void gradient_batch(training<Batch> mode, const P& p, const V* x, const V*, const V* dy, V* dx,
                                       P& dp, std::size_t groups) {
    const buffer<P> copies(1);  // running statistics move in the copy only: they moved in forward already
    P& copy = copies.at[0];
    copy = p;
    const training<Batch> again{mode.noise, true};
    backward<In>(
        x, dy, dx, groups,
        [&]<std::size_t K, std::size_t I, class L>(const V* from, V* to) {
          taut::forward<L, network_of<In, K>::shapes[I]>(inside(again, K, I), get<I>(std::get<K>(copy.inside)), from,
                                                         to);
        },
        [&]<std::size_t K, std::size_t I, class L>(const V* from, const V* to, const V* dto, V* dfrom) {
          taut::gradient<L, network_of<In, K>::shapes[I]>(inside(mode, K, I), get<I>(inner<In, K>(p)), from, to, dto,
                                                          dfrom, get<I>(std::get<K>(dp.inside)));
        });
  }

 private:
  template <shape In, std::size_t K> static constexpr std::size_t size() { return network_of<In, K>::output_size; }
  // Where the output of network K begins.
  template <shape In> static constexpr std::size_t start(std::size_t k) {
    std::size_t sum = 0;
    for_each_index<blocks>([&]<std::size_t K>() { sum += K < k ? size<In, K>() : 0; });
    return sum;
  }
  template <shape In> static constexpr std::size_t outputs = start<In>(blocks);

  // Another number for each layer inside, mixed twice: sums alone would give layers shifted streams of each other.
  template <class Batch> static constexpr training<Batch> inside(training<Batch> mode, std::size_t k, std::size_t i) {
    return {random_stream(random_stream(mode.noise).next() + k * 1024 + i).next(), mode.repeats};
  }

  // Everything between x and the output of network K, for `groups` groups of samples: at[I] is what layer I takes.
  template <shape In, std::size_t K, class V> struct activations {
    using inner_net = network_of<In, K>;
    static constexpr std::array<std::size_t, inner_net::depth + 2> first = [] {
      std::array<std::size_t, inner_net::depth + 2> f{};
      for (std::size_t i = 0; i <= inner_net::depth; ++i) f[i + 1] = f[i] + inner_net::shapes[i].size();
      return f;
    }();
    std::size_t groups;
    buffer<V> values;

    constexpr explicit activations(std::size_t n) : groups(n), values(n * first[inner_net::depth + 1]) {}
    [[nodiscard]] constexpr V* at(std::size_t i) const { return values.at + groups * first[i]; }
    [[nodiscard]] constexpr const V* output() const { return at(inner_net::depth); }
    constexpr void forward(auto&& step, const V* x) const {
      for (std::size_t i = 0; i < groups * In.size(); ++i) at(0)[i] = x[i];
      for_each_index<inner_net::depth>(
          [&]<std::size_t I>() { step.template operator()<I, layer_of<inner_net, I>>(at(I), at(I + 1)); });
    }
  };

  template <shape In, std::size_t K, class V>
  static constexpr void put(const V* x, const V* from, V* y, std::size_t groups) {
    for (std::size_t g = 0; g < groups; ++g)
      for (std::size_t i = 0; i < size<In, K>(); ++i) {
        V& to = y[g * outputs<In> + start<In>(K) + i];
        to = from[g * size<In, K>() + i];
        if constexpr (AddsInput) to = x[g * In.size() + i] + to;
      }
  }

  template <shape In, class V> static constexpr void backward(const V* x, const V* dy, V* dx, std::size_t groups,
                                                              auto&& forward_step, auto&& gradient_step) {
    for (std::size_t i = 0; i < groups * In.size(); ++i) dx[i] = AddsInput ? dy[i] : V(0);
    for_each_index<blocks>([&]<std::size_t K>() {
      using inner_net = network_of<In, K>;
      const activations<In, K, V> at(groups), slope(groups);
      at.forward(
          [&]<std::size_t I, class L>(const V* from, V* to) { forward_step.template operator()<K, I, L>(from, to); },
          x);
      for (std::size_t g = 0; g < groups; ++g)
        for (std::size_t i = 0; i < size<In, K>(); ++i)
          slope.at(inner_net::depth)[g * size<In, K>() + i] = dy[g * outputs<In> + start<In>(K) + i];
      for_each_index<inner_net::depth>([&]<std::size_t J>() {
        constexpr std::size_t I = inner_net::depth - 1 - J;
        gradient_step.template operator()<K, I, layer_of<inner_net, I>>(at.at(I), at.at(I + 1), slope.at(I + 1),
                                                                        slope.at(I));
      });
      for (std::size_t i = 0; i < groups * In.size(); ++i) dx[i] = dx[i] + slope.at(0)[i];
    });
  }
};

/// What Residual and Concat say to an argument that is no part of a network.
template <class P> inline constexpr bool is_part = std::derived_from<P, layer_base> && !is_input<P>;
template <class... Ls> inline constexpr bool is_part<sequence<Ls...>> = true;

/// Words that depend on types, so that an error made of them waits for the types.
template <class...> constexpr words words_for(const char* text) { return say(text); }

/// The same expression with its quantities one level deeper, at `place`.
template <class Term> constexpr auto placed_at(const Term& term, std::size_t place) {
  Term e;
  e.root = e.graft(term, &place);
  return e;
}

}  // namespace taut::base
