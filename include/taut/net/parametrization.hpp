// SPDX-License-Identifier: Apache-2.0
// Normalized weights: an affine layer whose matrix W is the projection of a raw matrix on a sphere, row by row or as a
// whole. Everything but the projection is here; a Kind (layers/weight_norm.hpp, ...) states
//
//   name, row_gain, roundings(columns), lipschitz<Inner>(shape)
//   raw<Rows, Columns, Real>                 the raw tensors: tensors(extents, visit)
//   fold(raw, W), train(raw, W)              W at inference, and in training; settle(raw), step(raw) before training's
//   gradient(raw, dW, draw), initialise(raw, W, random), claims(raw, limit, visit)
// the last three lines in projection<Rows, Columns, Factor>: the operator's norm is at most Factor ||W||.
//
// Files and training see the raw tensors; evaluate, engines and certificates the folded layer, in double
// (net/folded.hpp).
#pragma once
#include <array>
#include <cstddef>
#include <taut/base/buffer.hpp>
#include <taut/net/folded.hpp>
#include <taut/net/mode.hpp>
#include <taut/net/option.hpp>
#include <taut/net/parameters.hpp>

namespace taut {

namespace base {

/// The extents of the tensor "weight" of an affine layer.
template <class L, shape In> constexpr shape weight_extents() {
  shape found;
  parameters_of_layer<L, In>::tensors([&found](const tensor_info& info, auto&&) {
    if (info.key == "weight") found = info.extents;
  });
  return found;
}

/// The norm of an affine layer's operator is at most this times the norm of its weight as [out][rest]: 1, or the root
/// of how many windows share an input.
template <class L> constexpr double operator_factor(shape in) {
  if constexpr (requires { L::geometry(in); }) return rounded::sqrt_up(static_cast<double>(L::geometry(in).overlap()));
  else return 1;
}

/// Whether a layer can be parametrized: affine, and not so already.
template <class L> constexpr bool is_plain_affine() {
  if constexpr (std::derived_from<L, layer_base> && states_reads<L>)
    return L::reads == fusion::affine && !requires { typename L::folded_layer; };
  else return false;
}
template <class L> constexpr double declared_limit() {
  if constexpr (requires { L::limit; }) return L::limit;
  else return 0;
}

}  // namespace base

/// An affine layer with a normalized weight.
template <class Kind, class Inner> struct parametrized : layer_base {
  using kind = Kind;
  using folded_layer = Inner;
  static constexpr bool row_gain = Kind::row_gain, has_bias = Inner::has_bias;
  /// The output does not depend on the length of the raw weight.
  static constexpr bool raw_scale_free = true;

  static constexpr auto name = base::say(Kind::name, "(", Inner::name, ")");
  static constexpr void spelling(auto& out) {
    Kind::spelling(out);
    out += "(", out.layers(base::list<Inner>{}), out += ")";
  }
  static constexpr fusion reads = fusion::affine;
  static constexpr auto wants = Inner::wants;
  static constexpr bool accepts(shape in) { return Inner::accepts(in); }
  static constexpr shape output(shape in) { return Inner::output(in); }
  static constexpr std::size_t multiply_adds(shape in) { return Inner::multiply_adds(in); }
  /// Cheap enough for a constant expression.
  static constexpr bool folds_in_one_pass = requires { requires Kind::one_pass; };
  static constexpr std::size_t fold_roundings(shape in) { return Kind::roundings(Inner::multiply_adds(in)); }

  template <shape In, class Real> using inner_parameters = parameters_of_layer<Inner, In, Real>;
  template <shape In> static constexpr shape extents = base::weight_extents<Inner, In>();
  template <shape In> static constexpr std::size_t rows = extents<In>.extent[0];
  template <shape In> static constexpr std::size_t columns = extents<In>.size() / rows<In>;
  /// The projection, for inputs of shape In.
  template <shape In> using made_of =
      typename Kind::template projection<rows<In>, columns<In>, base::operator_factor<Inner>(In)>;
  template <shape In, class Real> using raw = typename Kind::template raw<rows<In>, columns<In>, Real>;

  template <shape In, class Real> struct parameters : raw<In, Real> {
    std::array<Real, has_bias ? rows<In> : 0> bias{};
    static constexpr void tensors(auto&& visit) {
      raw<In, Real>::tensors(extents<In>, visit);
      if constexpr (has_bias) visit(tensor_info{"bias", shape{rows<In>}}, &parameters::bias);
    }
    /// What the type declares of the values: for provers and projectors.
    static constexpr void claims(auto& self, auto&& visit) {
      made_of<In>::claims(self, base::declared_limit<Inner>(), visit);
    }
  };

  /// The layer that this one is at inference.
  template <shape In, class Real>
  static constexpr void fold(const parameters<In, Real>& p, inner_parameters<In, double>& into) {
    made_of<In>::fold(p, into.weight.data());
    for (std::size_t i = 0; i < p.bias.size(); ++i) into.bias[i] = static_cast<double>(p.bias[i]);
  }

  /// A raw weight that gives, as far as the kind can, what the layer inside would be initialised to.
  template <shape In, class Real> static constexpr void initialise(parameters<In, Real>& p, auto& random) {
    const base::buffer<inner_parameters<In, Real>> q(1);
    Inner::initialise(q.at[0], random);
    made_of<In>::initialise(p, q.at[0].weight.data(), random);
    for (Real& b : p.bias) b = 0;
  }

  template <shape In, class Real, class V>
  static constexpr void forward(const parameters<In, Real>& p, const V* x, V* y) {
    const plain<In, V> q(p, [&p](double* w) { made_of<In>::fold(p, w); });
    Inner::template forward<In>(q.held.at[0], x, y);
  }
  template <shape In, class Real, class V> static constexpr void gradient(const parameters<In, Real>& p, const V* x,
                                                                          const V* y, const V* dy, V* dx,
                                                                          parameters<In, Real>& dp) {
    const base::buffer<parameters<In, Real>> settled(1);
    settled.at[0] = p;
    made_of<In>::settle(settled.at[0]);
    back<In>(settled.at[0], x, y, dy, dx, dp, 1);
  }

  /// Training: the weight is folded once for a whole batch.
  template <shape In, class Batch, class Real, class V>
  static constexpr void forward_batch(training<Batch> mode, parameters<In, Real>& p, const V* x, V* y,
                                      std::size_t groups) {
    if (!mode.repeats) made_of<In>::step(p);
    const plain<In, V> q(p, [&p](double* w) { made_of<In>::train(p, w); });
    for (std::size_t g = 0; g < groups; ++g)
      Inner::template forward<In>(q.held.at[0], x + g * In.size(), y + g * output(In).size());
  }
  template <shape In, class Batch, class Real, class V>
  static constexpr void gradient_batch(training<Batch>, const parameters<In, Real>& p, const V* x, const V* y,
                                       const V* dy, V* dx, parameters<In, Real>& dp, std::size_t groups) {
    back<In>(p, x, y, dy, dx, dp, groups);
  }

  static constexpr auto lipschitz(shape in) { return Kind::template lipschitz<Inner>(in); }

 private:
  // The plain layer's parameters in the element type of V: on the heap, for reference and training only.
  template <shape In, class V> struct plain {
    using real = simd::element<V>;
    base::buffer<inner_parameters<In, real>> held{1};

    template <class Fold> constexpr plain(const auto& p, Fold&& fold) {
      const base::buffer<double> w(extents<In>.size());
      fold(w.at);
      for (std::size_t i = 0; i < extents<In>.size(); ++i) held.at[0].weight[i] = static_cast<real>(w.at[i]);
      for (std::size_t i = 0; i < p.bias.size(); ++i) held.at[0].bias[i] = static_cast<real>(p.bias[i]);
    }
  };

  template <shape In, class Real, class V> static constexpr void back(const parameters<In, Real>& p, const V* x,
                                                                      const V* y, const V* dy, V* dx,
                                                                      parameters<In, Real>& dp, std::size_t groups) {
    const plain<In, V> q(p, [&p](double* w) { made_of<In>::train(p, w); });
    const base::buffer<inner_parameters<In, simd::element<V>>> slope(1);
    auto& dq = slope.at[0];
    for (auto& v : dq.weight) v = 0;
    for (auto& v : dq.bias) v = 0;
    for (std::size_t g = 0; g < groups; ++g) {
      const std::size_t in = g * In.size(), out = g * output(In).size();
      Inner::template gradient<In>(q.held.at[0], x + in, y + out, dy + out, dx + in, dq);
    }
    const base::buffer<double> dw(extents<In>.size());
    for (std::size_t i = 0; i < extents<In>.size(); ++i) dw.at[i] = static_cast<double>(dq.weight[i]);
    made_of<In>::gradient(p, dw.at, dp);
    for (std::size_t i = 0; i < p.bias.size(); ++i) dp.bias[i] += static_cast<Real>(dq.bias[i]);
  }
};

namespace base {

/// Makes a parametrized layer: WeightNorm(Linear<32>). `TakesLimits`: whether the layer inside may declare at_most<c>.
template <class Kind, bool TakesLimits> struct make_parametrized {
  template <class Inner> constexpr auto operator()(Inner) const {
    if constexpr (!is_plain_affine<Inner>()) {
      constexpr auto where = phrase_of<say(Kind::name)>();
      constexpr auto wants = phrase_of<is_plain_affine<Inner>() ? words{} : say("takes a plain affine layer")>();
      layer_error<where, wants>{};  // <- read the quoted words
      return sequence<>{};          // left out: nothing follows from it
    } else if constexpr (declared_limit<Inner>() > 0 && !(TakesLimits && !requires(shape s) { Inner::geometry(s); })) {
      constexpr auto where = phrase_of<say(Kind::name)>();
      constexpr auto wants = phrase_of<is_plain_affine<Inner>() ? say("takes a layer without at_most<c>") : words{}>();
      option_error<where, wants>{};  // <- read the quoted words
      return sequence<>{};           // left out: nothing follows from it
    } else {
      return parametrized<Kind, Inner>{};
    }
  }
};

}  // namespace base

}  // namespace taut
