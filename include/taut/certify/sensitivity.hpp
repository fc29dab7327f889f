// SPDX-License-Identifier: Apache-2.0
// How a network moves with its parameters: for two networks of one type whose parameters lie in the same domain, with
// activations h and h' on the same input,
//
//   |h_k - h'_k| <= slope_k |h_{k-1} - h'_{k-1}| + effect_k |dp_k|,      |h_k|, |h'_k| <= reach_k
//
// slope_k a Lipschitz constant of layer k on the domain, effect_k that of its output in its own parameters at inputs of
// norm reach_{k-1}: sqrt(reach^2 + 1) for (W, b) jointly. A normalizer forgets the reach: sqrt(n) ||diag(g) P|| + |o|
// is all it gives, so the forward product restarts there. By induction and Cauchy and Schwarz
//
//   |f - f'| <= sqrt(sum_k (effect_k prod_{j>k} slope_j)^2) |dp|.
#pragma once
#include <array>
#include <cstddef>
#include <taut/certify/factors.hpp>
#include <taut/net/evaluate.hpp>

namespace taut::certificates {

/// The larger of two numbers that are not negative, by their bits: infinities survive -ffinite-math-only.
constexpr double larger(double a, double b) {
  const auto x = rounded::detail::bits_of(a), y = rounded::detail::bits_of(b);
  return rounded::detail::from_bits(x < y ? y : x);
}
/// The smaller of them.
constexpr double lesser(double a, double b) {
  const auto x = rounded::detail::bits_of(a), y = rounded::detail::bits_of(b);
  return rounded::detail::from_bits(x < y ? x : y);
}

/// A number that is not negative, rounded upward; or, if open, what a user would declare, and where, to make it one.
struct stated {
  double value = 0;
  bool open = false;
  std::size_t layer = 0;
  const char* declare = "";

  [[nodiscard]] constexpr bool vanishes() const { return !open && rounded::detail::is_zero(value); }
};
/// The first of what is open. @pre one is
constexpr stated first_open(const stated& a, const stated& b) {
  return a.open && (!b.open || a.layer <= b.layer) ? a : b;
}
/// a + b; open if one is.
constexpr stated sum(const stated& a, const stated& b) {
  return a.open || b.open ? first_open(a, b) : stated{rounded::add_up(a.value, b.value)};
}
/// a b; open if one is, unless the other is 0.
constexpr stated product(const stated& a, const stated& b) {
  if (a.vanishes() || b.vanishes()) return {};
  return a.open || b.open ? first_open(a, b) : stated{rounded::mul_up(a.value, b.value)};
}
/// The smaller bound of the same thing; an open one bounds nothing.
constexpr stated smaller(const stated& a, const stated& b) {
  return a.open ? b : b.open ? a : stated{lesser(a.value, b.value)};
}
/// sqrt(a^2 + b^2) without overflow.
constexpr stated root_of_squares(const stated& a, const stated& b) {
  if (a.open || b.open) return first_open(a, b);
  if (a.vanishes() || b.vanishes()) return b.vanishes() ? a : b;
  const double high = larger(a.value, b.value), low = lesser(a.value, b.value);
  if (!rounded::is_finite(high)) return {rounded::detail::unbounded()};
  const double ratio = rounded::div_up(low, high);
  return {rounded::mul_up(high, rounded::sqrt_up(rounded::add_up(1, rounded::mul_up(ratio, ratio))))};
}

/// sqrt(n), upward.
constexpr double root_up(std::size_t n) { return rounded::sqrt_up(static_cast<double>(n)); }

/// What a network of `Depth` layers does to changes of its parameters and of its input.
template <std::size_t Depth> struct sensitivity {
  std::array<stated, Depth> slope{}, effect{};  ///< of each layer, as above
  stated reach;                                 ///< no output is larger
  stated input{1};                              ///< Lipschitz constant in the input: the product of the slopes
  stated parameters;                            ///< Lipschitz constant in all parameters together

  /// |f - f'| <= sum_k of_layer(k) |dp_k|
  [[nodiscard]] constexpr double of_layer(std::size_t k) const {
    stated total = effect[k];
    for (std::size_t j = k + 1; j < Depth; ++j) total = product(total, slope[j]);
    return total.open ? rounded::detail::unbounded() : total.value;
  }
};

/// How many outputs of affine layer L one bias is added to, and how many windows share an input.
template <class L> constexpr std::size_t outputs_of_a_bias(shape in) {
  if constexpr (requires { L::has_bias; }) {
    if (!L::has_bias) return 0;
  }
  return engine_plan::is_convolution<L> ? L::output(in).positions() : 1;
}
template <class L> constexpr std::size_t sharing_windows(shape in) {
  if constexpr (engine_plan::is_convolution<L>) return L::geometry(in).overlap();
  else return 1;
}

/// |layer(0)| of a layer without parameters, upward.
template <class L, shape In> constexpr double norm_at_zero() {
  if constexpr (requires { L::homogeneous; }) {
    if (L::homogeneous) return 0;
  }
  constexpr double slack = 1 + 1e-9;  // exp and log of double lanes are off by a few 2^-53
  if constexpr (L::reads == fusion::pointwise) {
    const double y = L::apply(0.0);
    return rounded::mul_up(rounded::mul_up(y < 0 ? -y : y, slack), root_up(In.size()));
  } else {
    constexpr std::size_t size = L::output(In).size();
    const buffer zeros(In.size()), values(size);
    for (std::size_t i = 0; i < In.size(); ++i) zeros.at[i] = 0;
    for (std::size_t i = 0; i < size; ++i) values.at[i] = 0;
    forward<L, In>(no_parameters{}, zeros.at, values.at);
    return rounded::mul_up(frobenius_norm_up(values.at, 1, size), slack);
  }
}

/// The largest norm of outputs that all lie in the stated range of the layer; infinity where there is none.
template <class L> constexpr double norm_of_range(std::size_t size) {
  if constexpr (requires { L::range; }) {
    const double low = L::range.lower, high = L::range.upper, larger = -low > high ? -low : high;
    return rounded::mul_up(larger, root_up(size));
  } else {
    return rounded::detail::unbounded();
  }
}

/// The same for a network whose quantities are what its type declares: bounds hold for every network of the type that
/// respects the declarations.
template <class Net> struct declared_quantities {
  template <std::size_t I> static constexpr stated slope() {
    constexpr auto& term = base::lipschitz_term<Net, I>;
    if constexpr (term.closed()) return {term.value().upper};
    else return {0, true, I, term.first_open()->declare};
  }
  /// The norm of what layer I adds: biases, offsets.
  template <std::size_t I> static constexpr stated shift() {
    using L = folded_layer_of<Net, I>;
    if constexpr (L::reads == fusion::affine) {
      if constexpr (requires { L::has_bias; }) {
        if (!L::has_bias) return {};
      }
      return {0, true, I, "no_bias"};
    } else if constexpr (requires { L::offset_free; }) {
      if (L::offset_free && L::reads == fusion::normalizer) return {};
      return {0, true, I, "no_affine"};
    } else {
      return {0, true, I, "no offset"};
    }
  }
  template <std::size_t I> static constexpr stated gain() {
    using L = layer_of<Net, I>;
    if constexpr (requires { L::has_affine, L::gain_limit; }) {
      if (!L::has_affine) return {1};
      if (L::gain_limit > 0) return {L::gain_limit};
    }
    return {0, true, I, "gain_at_most<g>"};
  }
  /// The norm of what batch norm multiplies by its gains.
  template <std::size_t I> static constexpr stated standardized(const stated&) {
    return {0, true, I, "no running mean"};
  }
  template <std::size_t I, std::size_t K> static constexpr auto inside() {
    return declared_quantities<base::network_inside<layer_of<Net, I>, Net::shapes[I], K>>{};
  }
};

/// ||W|| of a matrix that was folded with so many roundings.
[[gnu::noinline]] constexpr double norm_of_folded(const double* w, std::size_t rows, std::size_t columns,
                                                  std::size_t roundings, std::size_t work) {
  const double size = roundings == 0 ? 0 : frobenius_norm_up(w, rows, columns);
  return spectral_norm(w, rows, columns, rounded::mul_up(static_cast<double>(roundings) * 0x1p-51, size), work).value;
}

/// The quantities of all networks whose parameters are, layer by layer, at most `radius` away from p or no larger in
/// norm: ||W|| <= ||W_p|| + radius and so on. Parametrized weights (weight norm, spectral norm) vary as folded.
template <class Net, class Real> struct quantities_near {
  const parameters<Net, Real>& p;
  double radius = 0;
  std::size_t work = constant_work;

  template <std::size_t I> constexpr stated slope() const {
    using L = layer_of<Net, I>;
    constexpr shape in = Net::shapes[I];
    if constexpr (L::reads == fusion::affine) {
      const double wider = rounded::mul_up(root_up(sharing_windows<folded_layer_of<Net, I>>(in)), radius);
      return {rounded::add_up(operator_norm<I>(), wider)};
    } else if constexpr (L::reads == fusion::normalizer) {
      return product({radial_slope<L>()}, gain<I>());
    } else if constexpr (L::reads == fusion::scaling) {
      return {rounded::add_up(scale_factor<Net, I>(p), rounded::mul_up(largest_inverse<I>(), radius))};
    } else {
      return {other_factor<Net, I>(p)};
    }
  }
  template <std::size_t I> constexpr stated shift() const {
    using L = layer_of<Net, I>;
    constexpr std::size_t size = Net::shapes[I + 1].size();
    const buffer values(size);
    double wider = radius;
    if constexpr (L::reads == fusion::affine) {
      using F = folded_layer_of<Net, I>;
      const auto held = folded<I>(p);
      for (std::size_t row = 0; row < size; ++row) values.at[row] = F::bias(*held, row);
      wider = rounded::mul_up(root_up(outputs_of_a_bias<F>(Net::shapes[I])), radius);
    } else if constexpr (L::reads == fusion::normalizer) {
      for (std::size_t i = 0; i < size; ++i) values.at[i] = L::offset(get<I>(p), i);
      wider = rounded::mul_up(root_up(size), radius);
    } else {
      const double steeper = rounded::add_up(1, standardized<I>({}).value);
      for (std::size_t i = 0; i < size; ++i) values.at[i] = L::shift(get<I>(p), i) * (1 + 0x1p-40);
      wider = rounded::mul_up(rounded::mul_up(root_up(size), steeper), radius);
    }
    return {rounded::add_up(frobenius_norm_up(values.at, 1, size), wider)};
  }
  template <std::size_t I> constexpr stated gain() const { return {rounded::add_up(gain_factor<Net, I>(p), radius)}; }
  template <std::size_t I> constexpr stated standardized(const stated& reach) const {
    if constexpr (requires { get<I>(p).running_mean; }) {
      constexpr std::size_t positions = Net::shapes[I].positions();
      const auto& mean = get<I>(p).running_mean;
      const buffer values(mean.size());
      for (std::size_t c = 0; c < mean.size(); ++c) values.at[c] = static_cast<double>(mean[c]);
      const double far = rounded::mul_up(root_up(positions), frobenius_norm_up(values.at, 1, mean.size()));
      return product({largest_inverse<I>()}, sum(reach, {far}));
    } else {
      return {rounded::detail::unbounded()};
    }
  }
  template <std::size_t I, std::size_t K> constexpr auto inside() const {
    using inner = base::network_inside<layer_of<Net, I>, Net::shapes[I], K>;
    return quantities_near<inner, Real>{layer_of<Net, I>::template inner<Net::shapes[I], K>(get<I>(p)), radius, work};
  }

 private:
  /// ||W|| of affine layer I alone, whatever its neighbours are.
  template <std::size_t I> constexpr double operator_norm() const {
    using L = folded_layer_of<Net, I>;
    const auto held = folded<I>(p);
    const auto& raw = *held;
    const auto norm = [&](auto&& entry, std::size_t rows, std::size_t columns) {
      const buffer w(rows * columns);
      for (std::size_t row = 0; row < rows; ++row)
        for (std::size_t column = 0; column < columns; ++column) w.at[row * columns + column] = entry(row, column);
      return norm_of_folded(w.at, rows, columns, fold_roundings<Net, I>(), work);
    };
    if constexpr (is_dense<Net, I>()) {
      return norm([&](std::size_t row, std::size_t column) { return L::weight(raw, row, column); },
                  Net::shapes[I + 1].size(), Net::shapes[I].size());
    } else {
      std::array<double, 2> bound{};
      L::template unfoldings<Net::shapes[I]>(
          raw, [&](std::size_t way, std::size_t, auto&& entry, std::size_t rows, std::size_t columns, double factor) {
            const double of_group = rounded::mul_up(factor, norm(entry, rows, columns));
            if (!(of_group <= bound[way])) bound[way] = of_group;
          });
      return bound[0] < bound[1] ? bound[0] : bound[1];
    }
  }
  /// The largest 1 / sqrt(running variance + epsilon).
  template <std::size_t I> constexpr double largest_inverse() const {
    if constexpr (requires { get<I>(p).running_var; }) {
      double least = rounded::largest;
      for (const auto v : get<I>(p).running_var) {
        if (!rounded::is_finite(v)) return rounded::detail::unbounded();
        if (static_cast<double>(v) < least) least = static_cast<double>(v);
      }
      return rounded::div_up(1, rounded::sqrt_down(rounded::add_down(least, layer_of<Net, I>::epsilon)));
    } else {
      return rounded::detail::unbounded();
    }
  }
};

/// Whether a layer has parameters that training changes.
template <class Net, std::size_t I> constexpr bool is_trained() {
  return base::trainable_elements<parameters_of_layer<folded_layer_of<Net, I>, Net::shapes[I]>>() > 0;
}

/// The sensitivity of a network on inputs of norm at most `reach`. Without `Normalized` layers that normalize are left
/// out: the same weights, and nothing between them but the rest.
template <class Net, bool Normalized = true, class Source>
constexpr sensitivity<Net::depth> sensitivity_of(const Source& source, stated reach) {
  sensitivity<Net::depth> s;
  base::for_each_index<Net::depth>([&]<std::size_t I>() {
    using L = layer_of<Net, I>;
    using F = folded_layer_of<Net, I>;
    constexpr shape in = Net::shapes[I];
    constexpr std::size_t size = Net::shapes[I + 1].size();
    stated slope{1}, effect;
    if constexpr (!Normalized && (L::reads == fusion::normalizer || L::reads == fusion::scaling)) {
      // nothing happens
    } else if constexpr (requires { L::adds_input; }) {
      stated joined;
      std::array<double, L::blocks> slopes{};
      base::for_each_index<L::blocks>([&]<std::size_t K>() {
        using inner = base::network_inside<L, in, K>;
        auto moved = sensitivity_of<inner, Normalized>(source.template inside<I, K>(), reach);
        moved.input.layer = moved.reach.layer = moved.parameters.layer = I;
        slopes[K] = moved.input.value;
        if (moved.input.open) slope = moved.input;
        if (!effect.open)  // each network has its own share of |dp|
          effect = moved.parameters.open ? moved.parameters : stated{larger(effect.value, moved.parameters.value)};
        joined = root_of_squares(joined, moved.reach);
      });
      if (!slope.open) slope = {L::combined_lipschitz(slopes)};
      reach = L::adds_input ? sum(reach, joined) : joined;
    } else {
      slope = source.template slope<I>();
      if constexpr (L::reads == fusion::affine) {
        if constexpr (is_trained<Net, I>())
          effect =
              root_of_squares(product({root_up(sharing_windows<F>(in))}, reach), {root_up(outputs_of_a_bias<F>(in))});
        reach = sum(product(slope, reach), source.template shift<I>());
      } else if constexpr (L::reads == fusion::normalizer) {
        if constexpr (is_trained<Net, I>()) {
          if constexpr (requires { L::features(in); }) {  // so many elements share a gain, each |z_i| <= largest
            constexpr std::size_t shared = size / L::features(in).size();
            effect = root_of_squares({rounded::mul_up(root_up(shared), L::largest(in))},
                                     {L::has_offset ? root_up(shared) : 0});
          } else {
            effect = {rounded::detail::unbounded()};
          }
        }
        reach = sum(product({root_up(size)}, source.template gain<I>()), source.template shift<I>());
      } else if constexpr (L::reads == fusion::scaling) {
        if constexpr (is_trained<Net, I>())
          effect = root_of_squares(source.template standardized<I>(reach), {root_up(in.positions())});
        reach = sum(product(slope, reach), source.template shift<I>());
      } else if constexpr (is_trained<Net, I>()) {  // a layer of somebody else's, who says nothing of its parameters
        effect = reach = {rounded::detail::unbounded()};
      } else {
        reach = sum(product(slope, reach), {norm_at_zero<L, in>()});
        if (const double most = norm_of_range<L>(size); rounded::is_finite(most)) reach = smaller(reach, {most});
      }
    }
    s.slope[I] = slope, s.effect[I] = effect;
    s.input = product(s.input, slope);
    s.parameters = root_of_squares(product(slope, s.parameters), effect);
  });
  s.reach = reach;
  return s;
}

}  // namespace taut::certificates
