// SPDX-License-Identifier: Apache-2.0
// Training for a certified radius r (in the manner of GloRo nets: Leino, Wang, Fredrikson 2021): cross-entropy of the
// worst that the bound allows inside the ball,
//
//   y_j + |w_c - w_j| d    for each class j other than the label c,     y_c as it is
//
// d bounds how far the input of the last affine layer can move. It starts as r; an affine layer multiplies it by its
// norm; a normalizer of n elements whose std is s at x sends it to 2 sqrt(n) |G P| sin(a/2), sin a = d/sqrt(n (s^2 +
// epsilon)): what certify does backward. All of it is differentiated, the norms (train/norm_estimate.hpp) and the stds.
//
//   fit(p, train, batch<64>{}, options, adamw{}, margin_loss{.radius = 0.5});
#pragma once
#include <array>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <span>
#include <taut/certify/certifier.hpp>
#include <taut/train/norm_estimate.hpp>
#include <taut/train/objective.hpp>
#include <taut/train/schedule.hpp>
#include <tuple>
#include <utility>
#include <vector>

namespace taut {

namespace base {

/// A factor that training cannot change.
template <class Net, std::size_t I> struct fixed_factor {
  explicit fixed_factor(const parameters<Net>&) {}
  static double value(const parameters<Net>&) { return layer_of<Net, I>::lipschitz(Net::shapes[I]).value().upper; }
  void backward(const parameters<Net>&, parameters<Net>&, double) {}
};

/// Gains that are 1, or part of the next matrix.
template <class Net, std::size_t I> struct no_factor {
  explicit no_factor(const parameters<Net>&) {}
  static double value(const parameters<Net>&) { return 1; }
  void backward(const parameters<Net>&, parameters<Net>&, double) {}
};

/// Whether the factor of layer I does not depend on parameters.
template <class Net, std::size_t I> constexpr bool is_fixed() {
  constexpr auto term = layer_of<Net, I>::lipschitz(Net::shapes[I]);
  if constexpr (!term.closed()) return false;
  else return term.value().lower == term.value().upper;
}

template <class Net, std::size_t I> constexpr auto factor_estimate() {
  using L = layer_of<Net, I>;
  if constexpr (L::reads == fusion::normalizer) {
    constexpr std::size_t behind = certificates::neighbours<Net>::behind(I);
    constexpr bool passed_on = certificates::neighbours<Net>::reads[behind] == fusion::affine;
    if constexpr (passed_on || !L::has_affine) return std::type_identity<no_factor<Net, I>>{};
    else return std::type_identity<gain_estimate<Net, I>>{};
  } else if constexpr (is_fixed<Net, I>()) {
    return std::type_identity<fixed_factor<Net, I>>{};
  } else {
    static_assert(L::reads == fusion::affine);
    return std::type_identity<norm_estimate<Net, I>>{};
  }
}

/// The first layer whose bound depends on parameters in another way than an affine layer's or a normalizer's; depth if
/// there is none.
template <class Net> constexpr std::size_t first_without_estimate() {
  std::size_t found = Net::depth;
  for_each_index<Net::depth>([&]<std::size_t I>() {
    constexpr fusion reads = layer_of<Net, I>::reads;
    if (found == Net::depth && reads != fusion::affine && reads != fusion::normalizer && !is_fixed<Net, I>()) found = I;
  });
  return found;
}

template <class Net, class Indices> struct factor_estimates;
template <class Net, std::size_t... I> struct factor_estimates<Net, std::index_sequence<I...>> {
  using type = std::tuple<typename decltype(factor_estimate<Net, I>())::type...>;
};

/// 2 sqrt(n) sin(a/2) with sin a = t, and its derivative; from t = 0.9 a straight line, as training needs a slope
/// where the bound jumps to the diameter of the sphere.
template <class V> struct chord {
  V value, slope;
  chord(V t, double n) {
    constexpr double knee = 0.9;
    const auto cut = simd::min(t, simd::number<V>(knee));
    const V cosine = simd::sqrt(V(1) - cut * cut), root = simd::number<V>(std::sqrt(n));
    const V half = simd::sqrt((V(1) + cosine) * simd::number<V>(0.5));  // cos(a/2)
    slope = root * half / cosine;
    value = root * cut / half + slope * (t - cut);
  }
};

}  // namespace base

/// Cross-entropy of the worst outputs within a ball. The accuracy that training reports is the share of samples whose
/// label survives, as far as estimated norms tell.
struct margin_loss {
  double radius = 0.5;                   ///< Euclidean, around each training sample
  rate_schedule growth = constant_rate;  ///< the factor of the radius for each progress in [0, 1]
  bool local = true;  ///< stds as the sample has them; otherwise normalizers enter with 1/sqrt(epsilon)

  /// bool, or an error that names the layer whose bound it does not know.
  template <class Net> static consteval auto judge() {
    constexpr std::size_t place = base::first_without_estimate<Net>();
    if constexpr (place < Net::depth) {
      constexpr auto where = base::phrase_of<base::say("layer ", place, ", ", layer_of<Net, place>::name)>();
      constexpr auto wants = base::phrase_of<base::say("has no bound that margin_loss trains")>();
      return std::type_identity<objective_error<where, wants>>{};
    } else {
      return std::type_identity<bool>{};
    }
  }

  /// What it keeps: the estimates and their slopes.
  template <Network Net, class Batch, simd::lane V> class in;
};

template <Network Net, class Batch, simd::lane V> class margin_loss::in {
 public:
  in(const margin_loss& objective, const parameters<Net>& p)
      : aim(objective), estimate(make(p, std::make_index_sequence<steps>{})), rows(p) {}

  void prepare(const parameters<Net>& p, double progress) {
    radius = aim.radius * aim.growth(progress);
    base::for_each_index<steps>([&]<std::size_t I>() {
      factor[I] = std::get<I>(estimate).value(p);
      slope[I] = 0;
    });
    if constexpr (tabulates) rows.prepare(p);
  }

  tally loss(tape<Net, Batch, V>& record, std::size_t group, std::span<const std::size_t> labels, double share) {
    // Forward: d, and the derivatives of each step with respect to d, the factor and the root.
    std::array<V, steps + 1> d, by_d, by_factor, by_root;
    d[0] = simd::number<V>(radius);
    base::for_each_index<steps>([&]<std::size_t I>() {
      using L = layer_of<Net, I>;
      const V f = simd::number<V>(factor[I]);
      by_root[I] = V(0);
      if constexpr (L::reads == fusion::normalizer) {
        const double n = static_cast<double>(L::pooled(Net::shapes[I]).size);
        const V q = aim.local
                        ? smallest_root<I>(record.input(I, group))
                        : simd::number<V>(std::sqrt(
                              certificates::declared_floor<L>() * certificates::declared_floor<L>() + L::epsilon));
        if (aim.local) {
          const V per = V(1) / (q * simd::number<V>(std::sqrt(n))), t = d[I] * per;
          const base::chord<V> c(t, n);
          by_d[I] = f * c.slope * per, by_factor[I] = c.value, by_root[I] = V(0) - f * c.slope * t / q;
        } else {
          by_d[I] = f / q, by_factor[I] = d[I] / q;
        }
      } else {
        by_d[I] = f, by_factor[I] = d[I];
      }
      d[I + 1] = f * by_factor[I];
    });
    // The outputs, raised.
    constexpr std::size_t classes = Net::output_size;
    std::array<V, classes> worst, distance;
    for (std::size_t j = 0; j < classes; ++j) {
      distance[j] = distances_to(j, labels);
      worst[j] = record.output(group)[j] + distance[j] * d[steps];
    }
    V* const dy = record.output_gradient(group);
    const tally sums = softmax_cross_entropy<classes>(worst.data(), labels, share, dy);
    // Backward.
    V dd(0);
    for (std::size_t j = 0; j < classes; ++j) {
      dd = dd + dy[j] * distance[j];
      if constexpr (tabulates) {
        simd::element<V> lanes[simd::width<V>];
        simd::store(dy[j] * d[steps], lanes);
        for (std::size_t s = 0; s < labels.size(); ++s)
          if (labels[s] != j) rows.slope(labels[s], j) += static_cast<double>(lanes[s]);
      }
    }
    base::for_each_index<steps>([&]<std::size_t J>() {
      constexpr std::size_t I = steps - 1 - J;
      slope[I] += static_cast<double>(simd::sum(dd * by_factor[I]));
      root_slope[group * steps + I] = dd * by_root[I];
      dd = dd * by_d[I];
    });
    return sums;
  }

  void backward(tape<Net, Batch, V>& record, const parameters<Net>& p, parameters<Net>& dp) {
    record.backward(p, dp, [&]<std::size_t I>(V* dx) {
      if constexpr (I < steps && layer_of<Net, I>::reads == fusion::normalizer)
        for (std::size_t g = 0; aim.local && g < record.groups; ++g)
          add_root_slope<I>(record.input(I, g), root_slope[g * steps + I], dx + g * Net::shapes[I].size());
    });
    base::for_each_index<steps>([&]<std::size_t I>() { std::get<I>(estimate).backward(p, dp, slope[I]); });
    if constexpr (tabulates) rows.backward(p, dp);
  }

 private:
  static constexpr bool tabulates = guarded<Net>::tabulates;
  static constexpr std::size_t steps = Net::depth - (tabulates ? 1 : 0);  // through which d goes
  using estimates = typename base::factor_estimates<Net, std::make_index_sequence<steps>>::type;
  struct nothing {
    explicit nothing(const parameters<Net>&) {}
  };

  template <std::size_t... I> static estimates make(const parameters<Net>& p, std::index_sequence<I...>) {
    return estimates{std::tuple_element_t<I, estimates>(p)...};
  }

  // |w_c - w_j| with c the label in each lane; 0 for the label itself.
  V distances_to(std::size_t j, std::span<const std::size_t> labels) const {
    simd::element<V> lanes[simd::width<V>]{};
    for (std::size_t s = 0; s < labels.size(); ++s) {
      if (labels[s] == j) continue;
      if constexpr (tabulates) lanes[s] = static_cast<simd::element<V>>(rows.value(labels[s], j));
      else lanes[s] = static_cast<simd::element<V>>(std::numbers::sqrt2);
    }
    return simd::load<V>(lanes);
  }

  // sqrt(variance + epsilon), the smallest of the runs: a Lipschitz constant of all of them.
  template <std::size_t I> static V smallest_root(const V* x) {
    using L = layer_of<Net, I>;
    constexpr pooling runs = L::pooled(Net::shapes[I]);
    V largest(0);
    for (std::size_t r = 0; r < runs.groups; ++r)
      largest = simd::max(largest, normalizer::measure<L>(x + r * runs.size, runs.size).inverse);
    return V(1) / largest;
  }
  // dx += slope d root / dx, in the runs whose root is the smallest, within what two ways of rounding it may differ.
  template <std::size_t I> static void add_root_slope(const V* x, V slope, V* dx) {
    using L = layer_of<Net, I>;
    constexpr pooling runs = L::pooled(Net::shapes[I]);
    const V limit = smallest_root<I>(x) * simd::number<V>(1 + 1e-5),
            share = simd::number<V>(1 / static_cast<double>(runs.size));
    for (std::size_t r = 0; r < runs.groups; ++r) {
      const auto s = normalizer::measure<L>(x + r * runs.size, runs.size);
      const V each = simd::select(simd::less(limit, V(1) / s.inverse), V(0), slope * s.inverse * share);
      for (std::size_t i = r * runs.size; i < (r + 1) * runs.size; ++i) dx[i] = dx[i] + each * s.centre(x[i]);
    }
  }

  margin_loss aim;
  estimates estimate;
  std::conditional_t<tabulates, row_distances<Net>, nothing> rows;
  double radius = 0;
  std::array<double, steps> factor{}, slope{};
  std::vector<V> root_slope = std::vector<V>(groups_of<Batch, V> * steps);
};

}  // namespace taut
