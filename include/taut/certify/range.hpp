// SPDX-License-Identifier: Apache-2.0
// The ranges of a network's values, proved from its weights and from what its input declares: for each place a bound of
// the Euclidean norm and an interval that no element leaves.
//
//   const auto ranges = ranges_of(p);       // ranges[0]: the input; ranges[i + 1]: what layer i gives
//   ranges[2].norm, ranges[2].lowest, ranges[2].highest
//
// An input that declares neither ball nor box has infinite ranges up to the first layer that bounds its output: a
// normalizer, or one that states a `range`. Costs one pass over the parameters and a spectral norm for each matrix; no
// inference pays for it. Holds in real arithmetic; what is assumed of layers is in region.hpp.
#pragma once
#include <array>
#include <cstddef>
#include <span>
#include <taut/certify/factors.hpp>
#include <taut/certify/limits.hpp>
#include <taut/certify/local.hpp>
#include <taut/certify/region.hpp>
#include <taut/net/evaluate.hpp>
#include <taut/net/sector.hpp>
#include <type_traits>
#include <utility>

namespace taut {

/// Where all values at one place of a network lie.
struct activation_range {
  double norm = rounded::infinity;  ///< Euclidean, of all of them together
  double lowest = -rounded::infinity, highest = rounded::infinity;
};

namespace certificates {

template <class Net, class Real>
constexpr region region_behind(const parameters<Net, Real>& p, const region& x, auto&& visit);

/// What affine layer I gives.
template <class Net, std::size_t I, class Real>
constexpr region region_of_affine(const parameters<Net, Real>& p, const region& x, std::size_t work) {
  using L = folded_layer_of<Net, I>;
  constexpr std::size_t rows = Net::shapes[I + 1].size(), columns = Net::shapes[I].size();
  const auto held = folded<I>(p);
  const auto& raw = *held;
  const auto roundings = static_cast<double>(fold_roundings<Net, I>()) * 0x1p-51;
  if constexpr (is_dense<Net, I>()) {
    const buffer w(rows * columns), b(rows);
    for (std::size_t row = 0; row < rows; ++row) {
      b.at[row] = L::bias(raw, row);
      for (std::size_t column = 0; column < columns; ++column)
        w.at[row * columns + column] = L::weight(raw, row, column);
    }
    const double error = times_up(roundings, frobenius_norm_up(w.at, rows, columns));
    return affine_region(x, w.at, b.at, rows, spectral_norm(w.at, rows, columns, 0, work).value, error);
  } else {  // a large convolution: the ball alone, by the Frobenius norm of the operator
    region y(rows);
    forward<L, Net::shapes[I]>(raw, x.centre.at, y.centre.at);
    const double frobenius = frobenius_of_operator<Net, I>(raw), share = static_cast<double>(columns + 8) * 0x1p-51;
    double off = slack_of(length_up(y.centre.at, rows), 0);
    off = rounded::add_up(off, times_up(rounded::mul_up(share, frobenius), length_up(x.centre.at, columns)));
    off = rounded::add_up(off, times_up(times_up(roundings, frobenius), x.norm));
    y.radius = rounded::add_up(times_up(frobenius, x.radius), off);
    y.settle();
    return y;
  }
}

/// What layer I gives for inputs in x.
template <class Net, std::size_t I, class Real>
constexpr region region_of_layer(const parameters<Net, Real>& p, const region& x, std::size_t work) {
  using L = layer_of<Net, I>;
  constexpr shape in = Net::shapes[I];
  constexpr std::size_t size = in.size(), out = Net::shapes[I + 1].size();
  const auto& own = get<I>(p);
  if constexpr (L::reads == fusion::affine) {
    return region_of_affine<Net, I>(p, x, work);
  } else if constexpr (L::reads == fusion::scaling) {
    return scaled_region(
        x, [&](std::size_t i) { return L::scale(own, i); }, [&](std::size_t i) { return L::shift(own, i); });
  } else if constexpr (L::reads == fusion::normalizer) {
    constexpr pooling runs = L::pooled(in);
    return normalized_region(
        x, runs.groups, runs.size, L::centred, L::epsilon, gain_factor<Net, I>(p),
        [&](std::size_t i) { return L::gain(own, i); }, [&](std::size_t i) { return L::offset(own, i); });
  } else if constexpr (requires {
                         L::identity;
                         requires L::identity;
                       }) {
    region y(size);
    put_region(x, y, 0);
    return y;
  } else if constexpr (requires { L::adds_input; }) {
    region joined(out);
    std::size_t first = 0;
    base::for_each_index<base::networks_inside<L>()>([&]<std::size_t K>() {
      const region inner = region_behind(L::template inner<in, K>(own), x, [](auto, const region&) {});
      put_region(inner, joined, first);
      first += inner.size;
    });
    if constexpr (L::adds_input) {
      return sum_of_regions(x, joined);
    } else {
      joined.settle();
      return joined;
    }
  } else {
    region y = [&] {
      if constexpr (L::reads == fusion::pointwise) {
        constexpr sector slopes = sector_of<L>(in);
        return pointwise_region(x, slopes.low, slopes.high, [](double v) { return L::apply(v); });
      } else {
        region made(out);
        forward<L, in>(own, x.centre.at, made.centre.at);
        follow_centre(x, made, floor_free_factor<Net, I>(p, other_factor<Net, I>(p)));
        if constexpr (requires { L::keeps_range; }) made.within(least(x.lowest(), 0), most(x.highest(), 0));
        return made;
      }
    }();
    if constexpr (requires { L::range.lower; }) y.within(L::range.lower, L::range.upper);
    y.settle();
    return y;
  }
}

/// What a network gives for inputs in x. Calls visit(i, region) with what layer i takes, i an integral constant, then
/// with what the network gives.
template <class Net, class Real>
constexpr region region_behind(const parameters<Net, Real>& p, const region& x, auto&& visit) {
  region here(x.size);
  put_region(x, here, 0);
  base::for_each_index<Net::depth>([&]<std::size_t I>() {
    visit(std::integral_constant<std::size_t, I>{}, here);
    here.become(region_of_layer<Net, I>(p, here, constant_work / (Net::depth + 1)));
  });
  visit(std::integral_constant<std::size_t, Net::depth>{}, here);
  return here;
}

/// How much longer than the declared ball inputs may be, relatively: what plain sums of n squares may miss, and more.
template <class Net> inline constexpr double ball_slack = 0x1p-40 + static_cast<double>(Net::input_size) * 0x1p-51;

/// The inputs that the type of a network declares, and those that look like it to plain sums of squares.
template <class Net> constexpr region declared_inputs() {
  using In = typename Net::input;
  const double ball = rounded::is_finite(In::ball) ? rounded::mul_up(In::ball, 1 + ball_slack<Net>) : endless();
  return region_of_input(Net::input_size, ball, In::lower, In::upper);
}

/// Whether x is an input that the type declares: every element in the box, and the norm, as a plain sum of squares sees
/// it, in the ball. True for some x beyond the ball by a rounding or two, never for one beyond declared_inputs.
template <class Net, class Real> constexpr bool input_contract_holds(std::span<const Real, Net::input_size> x) {
  using In = typename Net::input;
  bool inside = true;
  if constexpr (rounded::is_finite(In::lower) || rounded::is_finite(In::upper))
    for (const Real v : x)
      inside =
          inside && rounded::is_finite(v) && static_cast<double>(v) >= In::lower && static_cast<double>(v) <= In::upper;
  if constexpr (rounded::is_finite(In::ball)) {
    double squares = 0;
    for (const Real v : x) squares += static_cast<double>(v) * static_cast<double>(v);
    inside = inside && rounded::is_finite(squares) && squares <= In::ball * In::ball * (1 + 0x1p-41);
  }
  return inside;
}

}  // namespace certificates

/// The ranges of the input and of what each layer gives, for all inputs that the type declares.
template <class Net, class Real>
[[nodiscard]] constexpr std::array<activation_range, Net::depth + 1> ranges_of(const parameters<Net, Real>& p) {
  std::array<activation_range, Net::depth + 1> ranges{};
  certificates::region_behind(p, certificates::declared_inputs<Net>(), [&](auto at, const certificates::region& r) {
    ranges[at] = {r.norm, r.lowest(), r.highest()};
  });
  return ranges;
}

}  // namespace taut
