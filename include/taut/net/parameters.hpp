// SPDX-License-Identifier: Apache-2.0
// The parameters of a network: one struct a layer, reached by position, walked tensor by tensor.
//
//   parameters<Net> p;                          // zero weights, unit gains
//   initialise(p, 7);                           // He, by seed
//   get<0>(p).weight[3] = 1;                    // row-major, [out][in]
//   for_each_tensor(p, [](std::string_view name, shape extents, auto span) { ... });
//                                               // "0.weight", 32x64, 2048 floats
#pragma once
#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <taut/base/meta.hpp>
#include <taut/base/random.hpp>
#include <taut/base/repetition.hpp>
#include <taut/net/flat.hpp>
#include <taut/net/layer.hpp>
#include <type_traits>

namespace taut {

namespace base {

/// What `filled` is at run time.
template <class Real, std::size_t N> [[gnu::noinline]] std::array<Real, N> filled_at_run_time(Real value) {
  std::array<Real, N> a;
  a.fill(value);
  return a;
}

}  // namespace base

/// An array with the same value everywhere: the default of gains.
/// At run time a call of a plain function: what is constexpr g++ evaluates wherever the default stands, and writes as one
/// store for each element (parameters of 65,536 gains: minutes).
template <class Real, std::size_t N> constexpr std::array<Real, N> filled(Real value) {
  if (!__builtin_is_constant_evaluated()) return base::filled_at_run_time<Real, N>(value);
  std::array<Real, N> a{};
  for (Real& v : a) v = value;
  return a;
}

namespace base {

template <class L, shape In, class Real> struct parameters_of {
  using type = no_parameters;
};
template <class L, shape In, class Real>
  requires requires { typename L::template parameters<In, Real>; }
struct parameters_of<L, In, Real> {
  using type = typename L::template parameters<In, Real>;
};

/// The trainable elements of one layer.
template <class P> constexpr std::size_t trainable_elements() {
  std::size_t count = 0;
  P::tensors([&count](const tensor_info& info, auto&&) {
    if (info.purpose == role::trainable) count += info.extents.size();
  });
  return count;
}

/// The first place of layer L in a network: equal for equal types only.
template <class L, class Net> inline constexpr std::size_t first_place = []<class... Ls>(list<Ls...>) {
  constexpr bool equal[] = {std::is_same_v<L, Ls>..., true};
  std::size_t i = 0;
  while (!equal[i]) ++i;
  return i;
}(layers_of<Net>{});

/// The layers of a network as stretches that repeat: equal layers on inputs of equal shapes.
template <class Net> inline constexpr auto layer_repetitions = []<class... Ls>(list<Ls...>) {
  const std::size_t places[] = {first_place<Ls, Net>..., 0};
  return repetitions_of<sizeof...(Ls)>(
      [&](std::size_t i, std::size_t j) { return places[i] == places[j] && Net::shapes[i] == Net::shapes[j]; });
}(layers_of<Net>{});

template <std::size_t Position, class P> struct slot {
  P value;
};

/// The parameters of one turn of a stretch whose first layer is `First`.
template <class Net, class Real, std::size_t First, class Indices> struct turn;
template <class Net, class Real, std::size_t First, std::size_t... J>
struct turn<Net, Real, First, std::index_sequence<J...>>
    : slot<J, typename parameters_of<layer_at<Net, First + J>, Net::shapes[First + J], Real>::type>... {};

/// The parameters of stretch S.
template <class Net, class Real, std::size_t S> struct stretch {
  static constexpr repetition where = layer_repetitions<Net>.at[S];
  std::array<turn<Net, Real, where.first, std::make_index_sequence<where.period>>, where.count> turns;
};

template <class Net, class Real, class Indices> struct storage;
template <class Net, class Real, std::size_t... S> struct storage<Net, Real, std::index_sequence<S...>>
    : stretch<Net, Real, S>... {};

}  // namespace base

/// The parameters of layer L for inputs of shape In; no_parameters where it has none.
template <class L, shape In, class Real = float> using parameters_of_layer =
    typename base::parameters_of<L, In, Real>::type;

/// All parameters and buffers of a network, as values. `Real` is float; gradients and folded parameters may use double.
template <class Net, class Real = float> struct parameters
    : base::storage<Net, Real, std::make_index_sequence<base::layer_repetitions<Net>.count>> {
  using network_type = Net;
};

namespace base {

template <std::size_t S, class Net, class Real> constexpr auto& stretch_of(parameters<Net, Real>& p) {
  return static_cast<stretch<Net, Real, S>&>(p).turns;
}
template <std::size_t S, class Net, class Real> constexpr const auto& stretch_of(const parameters<Net, Real>& p) {
  return static_cast<const stretch<Net, Real, S>&>(p).turns;
}
template <std::size_t J, class P> constexpr P& value_at(slot<J, P>& s) { return s.value; }
template <std::size_t J, class P> constexpr const P& value_at(const slot<J, P>& s) { return s.value; }

/// The parameters of layer `number`, which is layer I or a repetition of it: at the same position of a turn of the same
/// stretch.
template <std::size_t I, class P> constexpr auto& parameters_at(P& p, std::size_t number) {
  constexpr auto& all = layer_repetitions<typename P::network_type>;
  constexpr place_in_repetitions place = all.place(I);
  constexpr repetition here = all.at[place.stretch];
  return value_at<place.position>(stretch_of<place.stretch>(p)[(number - here.first) / here.period]);
}

/// Calls f.template operator()<I>(number) for each layer, in order: layer `number` is layer I or a repetition of it.
/// f is compiled once for all repetitions.
template <class Net, class F> constexpr void for_each_layer(F&& f) {
  for_each_index<layer_repetitions<Net>.count>([&]<std::size_t S>() {
    constexpr repetition here = layer_repetitions<Net>.at[S];
    for (std::size_t turn = 0; turn < here.count; ++turn)
      for_each_index<here.period>(
          [&]<std::size_t J>() { f.template operator()<here.first + J>(here.first + turn * here.period + J); });
  });
}

}  // namespace base

/// The parameters of layer I (counted without the input): its members are what the layer declares, `.weight`, `.bias`,
/// `.gain`, `.offset`, ...
template <std::size_t I, class Net, class Real> constexpr auto& get(parameters<Net, Real>& p) {
  return base::parameters_at<I>(p, I);
}
template <std::size_t I, class Net, class Real> constexpr const auto& get(const parameters<Net, Real>& p) {
  return base::parameters_at<I>(p, I);
}

namespace base {

/// The tensor of p that `access` names: a pointer to a member, or a function of p.
template <class Access, class P> constexpr auto& tensor_of(const Access& access, P& p) {
  if constexpr (std::is_member_object_pointer_v<Access>) return p.*access;
  else return access(p);
}

}  // namespace base

/// Calls f(info, array) for each tensor of one layer's parameters; `info.key` is the layer's own name of it ("weight").
template <class P, class F> constexpr void for_each_tensor_of_layer(P& p, F&& f) {
  std::remove_const_t<P>::tensors([&](const tensor_info& info, auto&& access) { f(info, base::tensor_of(access, p)); });
}

/// Copies the tensors of one layer into the same layer's of another element type, rounding each value once.
template <class To, class From> constexpr void convert_tensors(To& to, const From& from) {
  std::size_t wanted = 0;
  for_each_tensor_of_layer(to, [&](const tensor_info&, auto& target) {
    using element = typename std::remove_cvref_t<decltype(target)>::value_type;
    std::size_t at = 0;
    for_each_tensor_of_layer(from, [&](const tensor_info&, const auto& source) {
      // of equal sizes where it is wanted; g++ 12 warns where it is not
      const std::size_t size = source.size() < target.size() ? source.size() : target.size();
      if (at++ == wanted)
        for (std::size_t i = 0; i < size; ++i) target[i] = static_cast<element>(source[i]);
    });
    ++wanted;
  });
}

/// Calls f(name, extents, span) for each tensor, in file order. Names are those of PyTorch's nn.Sequential
/// ("0.weight"); extents have rank 0 to 4; the span is mutable where p is. Elements are `Real`, counters are
/// std::int64_t.
template <class P, class F>
  requires requires { typename P::network_type; }
constexpr void for_each_tensor(P& p, F&& f) {
  for_each_described_tensor(p, [&](const tensor_info& info, auto span) { f(info.key, info.extents, span); });
}

/// The same with the whole description: f(info, span), where info.key is the full name.
template <class P, class F>
  requires requires { typename P::network_type; }
constexpr void for_each_described_tensor(P& p, F&& f) {
  base::for_each_layer<typename P::network_type>([&]<std::size_t I>(std::size_t number) {
    for_each_tensor_of_layer(base::parameters_at<I>(p, number), [&](const tensor_info& info, auto& values) {
      const auto name = base::say(number, ".", info.key);
      f(tensor_info{name.view(), info.extents, info.purpose},
        std::span<std::remove_reference_t<decltype(values[0])>>(values));  // of dynamic extent: f is compiled once
    });
  });
}

/// A visitor of claims that sees full names: "0.weight" for the "weight" of layer 0.
template <class Visitor> struct claims_of_layer {
  Visitor& visit;
  std::size_t layer;
  constexpr void spectral_norm_at_most(std::string_view key, auto& values, std::size_t rows, std::size_t columns,
                                       double limit) {
    const auto name = base::say(layer, ".", key);
    visit.spectral_norm_at_most(name.view(), values, rows, columns, limit);
  }
  constexpr void magnitude_at_most(std::string_view key, auto& values, double limit) {
    const auto name = base::say(layer, ".", key);
    visit.magnitude_at_most(name.view(), values, limit);
  }
  constexpr void at_least(std::string_view key, auto& values, double limit) {
    const auto name = base::say(layer, ".", key);
    visit.at_least(name.view(), values, limit);
  }
};

/// Visits what the type declares of the values: visit.spectral_norm_at_most(name, array, rows, columns, limit) for
/// at_most<c>, visit.magnitude_at_most(name, array, limit) for gain_at_most<g>, visit.at_least(name, array, limit) for
/// variances. Provers check it, projectors enforce it. What is claimed of values that are not stored is visited for
/// constant p only: no projector can enforce it.
template <class P, class Visitor>
  requires requires { typename P::network_type; }
constexpr void for_each_claim(P& p, Visitor& visit) {
  base::for_each_layer<typename P::network_type>([&]<std::size_t I>(std::size_t number) {
    auto& layer = base::parameters_at<I>(p, number);
    claims_of_layer<Visitor> named{visit, number};
    if constexpr (requires { layer.claims(layer, named); }) layer.claims(layer, named);
  });
}

/// The same parameters with another element type, each value rounded once: `converted<double>(p)`.
template <class To, class Net, class From>
[[nodiscard]] constexpr parameters<Net, To> converted(const parameters<Net, From>& p) {
  parameters<Net, To> made;
  base::for_each_layer<Net>([&]<std::size_t I>(std::size_t number) {
    convert_tensors(base::parameters_at<I>(made, number), base::parameters_at<I>(p, number));
  });
  return made;
}

namespace base {

/// Initial weights of an affine layer, rows of `fan_in` numbers: as the stream makes matrices (net/orthogonal.hpp), else
/// as He does, uniform with variance 2 / fan-in.
template <class Weights, class Random>
constexpr void fill_weights(Weights& weights, std::size_t fan_in, Random& random) {
  if constexpr (requires { random.fill_matrix(weights, fan_in); }) {
    random.fill_matrix(weights, fan_in);
  } else {
    const double bound = rounded::sqrt_nearest(6.0 / static_cast<double>(fan_in));
    for (auto& w : weights) w = static_cast<typename Weights::value_type>(random.uniform(-bound, bound));
  }
}

/// Every layer fills its parameters from this stream; those of a layer that states no initial values become what they
/// are when made: gains 1, offsets 0, running statistics and counters as before the first batch.
template <class Net, class Real, class Random>
constexpr void initialise_from(parameters<Net, Real>& p, Random& random) {
  for_each_layer<Net>([&]<std::size_t I>(std::size_t number) {
    using L = layer_at<Net, I>;
    auto& layer = parameters_at<I>(p, number);
    if constexpr (requires { L::initialise(layer, random); }) L::initialise(layer, random);
    else layer = {};
  });
}

}  // namespace base

/// Fills every layer with what it states as its initial values (He for weights that feed a nonlinearity; gains 1,
/// offsets and biases 0): a function of the seed alone, the same on every machine.
template <class Net> constexpr void initialise(parameters<Net>& p, std::uint64_t seed) {
  base::random_stream random(seed);
  base::initialise_from(p, random);
}

}  // namespace taut
