// SPDX-License-Identifier: Apache-2.0
// An a-priori bound of how far the float engine's outputs are from the network's, for every input of a ball: each
// layer's kernel loses what engine/rounding_model.hpp says of it, and passes on the error of what it got by its
// Lipschitz constant; a normalizer by 1 / sqrt(std^2 + epsilon), with the smallest std that the ball allows.
//
// The norms are those of the weights as the engine folds them. Networks inside blocks are composed beforehand, their
// normalizers with 1 / sqrt(epsilon), because nobody observes them.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <taut/certify/limits.hpp>
#include <taut/certify/local.hpp>
#include <taut/engine/engine.hpp>
#include <taut/engine/rounding_model.hpp>
#include <type_traits>

namespace taut::certificates {

/// What rounding does in one layer: a step, or a normalizer's.
struct layer_rounding {
  bool normalizes = false;
  engine_rounding::step step;
  engine_rounding::normalizer_step sphere;

  /// Whether all is known and small enough to compute with.
  [[nodiscard]] constexpr bool known() const {
    bool all = true;
    for (const double v : {step.growth, step.added, step.steepness, step.of_size, step.fixed, sphere.sphere,
                           sphere.gain, sphere.added, sphere.fixed})
      all = all && rounded::is_finite(v) && v < 0x1p100;
    return all;
  }
};
template <class Net> using network_rounding = std::array<layer_rounding, Net::depth>;

/// The largest magnitude of some numbers.
constexpr double largest_of(const double* v, std::size_t n) {
  double most = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const double size = v[i] < 0 ? -v[i] : v[i];
    if (!(size <= most)) most = size;
  }
  return most;
}

/// Builds the steps of a network's layers from its plan. Lane: of the engine.
template <class Net, class Lane, class Real> class rounding_builder {
 public:
  constexpr rounding_builder(const parameters<Net, Real>& from, const std::array<double, Net::depth>& known)
      : p(from), factor(known) {}

  [[nodiscard]] constexpr network_rounding<Net> steps() {
    base::for_each_index<stages>([&]<std::size_t S>() { stage<S>(); });
    return at;
  }

 private:
  using kind = engine_plan::kind;
  using beside = neighbours<Net>;
  static constexpr auto plan = engine_plan::plan_of<Net>;
  static constexpr std::size_t stages = plan.count;
  static constexpr double contracted = simd::fuses<Lane> ? 0 : 1;  // a product rounds by itself, or not

  const parameters<Net, Real>& p;
  const std::array<double, Net::depth>& factor;
  network_rounding<Net> at{};
  double owed = 1;  // what the activations of the stage are multiplied by later, at most

  template <std::size_t S> static constexpr bool carries() {
    if constexpr (S > 0) return plan.at[S - 1].what == kind::carried;
    else return false;
  }
  /// Whether stage S leaves gains and offsets of its normalizer to the matrix of the next one, with nothing between.
  template <std::size_t S> static constexpr bool leaves_gains() {
    return plan.at[S].scale.scale == engine_plan::scheme::owed && plan.at[S].pointwise() == 0;
  }

  template <std::size_t S> constexpr void stage() {
    constexpr auto s = plan.at[S];
    owed = 1;
    if constexpr (s.what == kind::dense) dense<S>();
    else if constexpr (s.what == kind::convolution) convolution<S>();
    else if constexpr (s.what == kind::elementwise && s.scalings > 0) scaling<S>();
    else if constexpr (s.what == kind::mixing) at[s.first].step = mixing<s.first>();
    else if constexpr (s.what == kind::block) at[s.first].step = block<s.first>();
    if constexpr (s.normalized) normalizer<S>();
    base::for_each_index<plan.at[S].pointwise()>([&]<std::size_t K>() {
      constexpr std::size_t layer = plan.at[S].first_pointwise + K;
      at[layer].step = pointwise<layer>();
    });
  }

  /// The scalings of a stage as one.
  template <std::size_t S, std::size_t Rows> constexpr engine_stage::row_scaling<Rows> scalings_of() const {
    engine_stage::row_scaling<Rows> rows;
    base::for_each_index<plan.at[S].scalings>([&]<std::size_t K>() {
      constexpr std::size_t layer = plan.at[S].first_scaling + K;
      rows.template then<layer_of<Net, layer>>(get<layer>(p));
    });
    return rows;
  }

  template <std::size_t S> constexpr void dense() {
    constexpr auto s = plan.at[S];
    constexpr std::size_t I = s.first, rows = Net::shapes[I + 1].size(), columns = Net::shapes[I].size();
    using L = folded_layer_of<Net, I>;
    const auto held = folded<I>(p);
    const auto& raw = *held;
    const auto scale = scalings_of<S, rows>();
    engine_stage::row_scaling<columns> inherited;
    constexpr bool has_normalizer = beside::normalizer_before(I) < Net::depth;
    constexpr bool inherits = S > 0 && [] {
      if constexpr (S > 0) return leaves_gains<S - 1>();
      else return false;
    }();
    if constexpr (carries<S>()) {
      inherited = scalings_of<S - 1, columns>();
    } else if constexpr (inherits) {
      constexpr std::size_t before = plan.at[S - 1].normalizer;
      for (std::size_t i = 0; i < columns; ++i) {
        inherited.scale[i] = layer_of<Net, before>::gain(get<before>(p), i);
        inherited.shift[i] = layer_of<Net, before>::offset(get<before>(p), i);
      }
    }
    const buffer w(rows * columns), b(rows), sums(rows);
    for (std::size_t row = 0; row < rows; ++row) {
      b.at[row] = L::bias(raw, row);
      sums.at[row] = b.at[row] < 0 ? -b.at[row] : b.at[row];
      for (std::size_t column = 0; column < columns; ++column) {
        const double entry = L::weight(raw, row, column);
        w.at[row * columns + column] = scale.scale[row] * entry * inherited.scale[column];
        if constexpr (carries<S>() || inherits) {
          const double shift = entry * inherited.shift[column];
          b.at[row] += shift;
          sums.at[row] += shift < 0 ? -shift : shift;
        }
      }
      b.at[row] = scale.scale[row] * b.at[row] + scale.shift[row];
      const double a = scale.scale[row] < 0 ? -scale.scale[row] : scale.scale[row];
      sums.at[row] = a * sums.at[row] + (scale.shift[row] < 0 ? -scale.shift[row] : scale.shift[row]);
    }
    const double before_centring = frobenius_norm_up(w.at, rows, columns);
    const double magnitudes = rounded::mul_up(1 + 0x1p-30, frobenius_norm_up(sums.at, 1, rows));
    std::size_t roundings = fold_roundings<Net, I>() + columns + 8 * scale_roundings;
    if constexpr (s.normalized) {
      using N = layer_of<Net, s.normalizer>;
      if constexpr (N::centred) {
        centre(w.at, N::pooled(Net::shapes[s.normalizer]), columns, columns, 1);
        centre(b.at, N::pooled(Net::shapes[s.normalizer]), 1, 1, rows);
        roundings += rows;
      }
    }
    engine_rounding::folded_matrix m;
    const double slack = rounded::mul_up(static_cast<double>(roundings) * 0x1p-51, before_centring);
    m.size = rounded::add_up(frobenius_norm_up(w.at, rows, columns), slack);
    m.bias = rounded::add_up(frobenius_norm_up(b.at, 1, rows),
                             rounded::mul_up(static_cast<double>(roundings) * 0x1p-51, magnitudes));
    // the factor of this layer is the norm of the same matrix, perhaps centred on the side of the columns, too
    if constexpr (inherits) {
      using N = layer_of<Net, plan.at[S - 1].normalizer>;
      constexpr pooling runs = N::pooled(Net::shapes[plan.at[S - 1].normalizer]);
      m.norm = N::centred ? with_means(factor[I], w.at, rows, columns, runs, slack) : factor[I];
    } else {
      m.norm = has_normalizer ? m.size : factor[I];
    }
    engine_rounding::round_to_float(m, before_centring, magnitudes, roundings, rows * columns, rows);
    using kernel = simd::matvec<Lane, rows, columns>;
    const double norm = rounded::add_up(m.norm, m.lost);
    double in_sums =
        kernel::rounding(norm, rounded::add_up(in_parts<kernel>(w.at, rows, columns, m.size, slack), m.lost));
    std::size_t longest = kernel::longest;
    if constexpr (simd::width<Lane> >= 4) {  // batches have a kernel of their own
      using in_batches = simd::batch_product<Lane, kernel, rows, columns>;
      in_sums = std::max(in_sums, in_batches::rounding(norm, rounded::add_up(m.size, m.lost)));
      longest = std::max(longest, in_batches::longest);
    }
    // behind a square: products with p are exact, that of the bias and a rounded root is rounded (or added at once)
    constexpr double of_bias = s.scale.arrives == engine_plan::owed_as::square ? 2 : 0;
    at[I].step = engine_rounding::affine_step(m, in_sums, contracted, contracted, of_bias, longest, rows);
    if constexpr (of_bias > 0)  // p b may underflow: 2^-126 times the square's root, which is below 2^64
      at[I].step.fixed = rounded::add_up(at[I].step.fixed, 0x1p-62 * rounded::sqrt_up(static_cast<double>(rows)));
  }

  /// The root of the sum of the squared norms of the columns that a kernel adds up by themselves, where that is worth
  /// its time: never above the Frobenius norm.
  template <class Kernel> static constexpr double in_parts(const double* w, std::size_t rows, std::size_t columns,
                                                           double frobenius, double slack) {
    if (std::is_constant_evaluated() || Kernel::parts() < 16) return frobenius;
    const buffer part(rows * columns);
    double squares = 0;
    for (std::size_t k = 0; k < Kernel::parts(); ++k) {
      std::size_t width = 0;
      for (std::size_t j = 0; j < columns; ++j) width += Kernel::part_of(j) == k ? 1 : 0;
      if (width == 0) continue;
      for (std::size_t row = 0; row < rows; ++row) {
        double* to = part.at + row * width;
        for (std::size_t j = 0; j < columns; ++j)
          if (Kernel::part_of(j) == k) *to++ = w[row * columns + j];
      }
      const double norm = spectral_norm(part.at, rows, width, slack).value;
      squares = rounded::add_up(squares, rounded::mul_up(norm, norm));
    }
    const double all = rounded::sqrt_up(squares);
    return all < frobenius ? all : frobenius;
  }

  /// ||A|| from ||A P||: the rest of A has rows that are constant on each run.
  static constexpr double with_means(double centred, const double* w, std::size_t rows, std::size_t columns,
                                     pooling runs, double slack) {
    double squares = 0;
    for (std::size_t row = 0; row < rows; ++row)
      for (std::size_t first = 0; first < columns; first += runs.size) {
        double sum = 0;
        for (std::size_t i = first; i < first + runs.size; ++i) sum += w[row * columns + i];
        squares += sum * sum / static_cast<double>(runs.size);
      }
    const double rest = rounded::add_up(rounded::mul_up(1 + 0x1p-20, rounded::sqrt_up(squares)), slack);
    return rounded::sqrt_up(rounded::add_up(rounded::mul_up(centred, centred), rounded::mul_up(rest, rest)));
  }

  template <std::size_t S> constexpr void convolution() {
    constexpr auto s = plan.at[S];
    constexpr std::size_t I = s.first, rows = Net::shapes[I + 1].size(), columns = Net::shapes[I].size();
    using L = folded_layer_of<Net, I>;
    constexpr auto kernel = L::kernel(Net::shapes[I]);
    constexpr std::size_t terms = kernel.in_channels / kernel.groups * kernel.kernel_height * kernel.kernel_width;
    const auto held = folded<I>(p);
    const auto scale = scalings_of<S, rows>();
    const buffer b(rows);
    for (std::size_t row = 0; row < rows; ++row) b.at[row] = scale.scale[row] * L::bias(*held, row) + scale.shift[row];
    engine_rounding::folded_matrix m;
    m.size = rounded::mul_up(frobenius_of_operator<Net, I>(*held),
                             rounded::mul_up(1 + 0x1p-40, largest_of(scale.scale.data(), rows)));
    // The factor of this layer counts what its neighbours fold into its matrix; some of it other stages do.
    constexpr bool same = beside::normalizer_before(I) == Net::depth && beside::first_column_scaling(I) == I &&
                          beside::behind(I) == I + 1 + s.scalings;
    m.norm = same ? factor[I] : m.size;
    m.bias = rounded::mul_up(1 + 0x1p-40, frobenius_norm_up(b.at, 1, rows));
    engine_rounding::round_to_float(m, m.size, m.bias, fold_roundings<Net, I>() + 64, rows * columns, rows);
    at[I].step = engine_rounding::affine_step(m, 0, 0, static_cast<double>(terms + 2), static_cast<double>(terms + 2),
                                              terms + 2, rows);
    if (s.normalized) at[I].step.growth = m.size;  // the factor is that of the centred output
  }

  template <std::size_t S> constexpr void scaling() {
    constexpr std::size_t I = plan.at[S].first_scaling, n = Net::shapes[I].size();
    const auto scale = scalings_of<S, n>();
    const double most = rounded::mul_up(1 + 0x1p-40, largest_of(scale.scale.data(), n));
    const double shift = rounded::mul_up(1 + 0x1p-40, frobenius_norm_up(scale.shift.data(), 1, n));
    // a (x - m) + s, m and s next to -b/a and 0, or 0 and b: two roundings of a (x - m), |a m| <= (1 + 2^-24) |b|, one
    // of s, and one of the result; a and m are floats, too
    using engine_rounding::units;
    at[I].step = engine_rounding::step{most, shift, most, 0, 0}.losing(
        rounded::mul_up(units(3.0 + contracted), most), units(1.0),
        rounded::add_up(rounded::mul_up(units(6.0), shift), 0x1p-100 * static_cast<double>(n)));
  }

  template <std::size_t S> constexpr void normalizer() {
    constexpr auto s = plan.at[S];
    constexpr std::size_t I = s.normalizer;
    using N = layer_of<Net, I>;
    using engine_rounding::units, rounded::add_up, rounded::mul_up;
    constexpr pooling runs = N::pooled(Net::shapes[I]);
    constexpr std::size_t n = Net::shapes[I].size();
    at[I].normalizes = true;
    auto& sphere = at[I].sphere;
    sphere.root = rounded::sqrt_down(static_cast<double>(runs.size));
    sphere.sphere = rounded::sqrt_up(static_cast<double>(n));
    sphere.epsilon = N::epsilon;
    sphere.statistics = engine_rounding::statistics_of<Lane>(runs.size, N::centred && s.what != kind::dense);
    if constexpr (s.what == kind::convolution)
      sphere.statistics.template behind<Lane, N, folded_layer_of<Net, s.first>::kernel(Net::shapes[s.first])>(runs);
    if constexpr (leaves_gains<S>()) return;
    const buffer gain(n), offset(n);
    for (std::size_t i = 0; i < n; ++i) {
      gain.at[i] = N::gain(get<I>(p), i);
      offset.at[i] = N::offset(get<I>(p), i);
    }
    sphere.gain = largest_of(gain.at, n);
    sphere.added = frobenius_norm_up(offset.at, 1, n);
    using engine_plan::scheme;
    const bool waits =
        s.scale.scale == scheme::applied || (s.scale.scale == scheme::owed_with_offset && largest_of(offset.at, n) > 0);
    if (s.scale.owes()) owed = mul_up(0x1p41, sphere.gain < 1 ? 1 : sphere.gain);  // no scale is larger
    if (waits) {
      // what waits for the scale: gain and offset are floats, gain z, the scale times one of them, the sum; a root or a
      // quotient that is off beside the scale itself. What underflows is owed 2^41 at most
      sphere.fixed = add_up(add_up(mul_up(units(3.0 + contracted), mul_up(sphere.gain, sphere.sphere)),
                                   mul_up(units(3.0 + contracted), sphere.added)),
                            mul_up(mul_up(0x1p-84, sphere.gain < 1 ? 1 : sphere.gain), sphere.sphere));
    } else {
      sphere.fixed = mul_up(mul_up(owed, 2 * engine_rounding::flushed), sphere.sphere);
    }
  }

  template <std::size_t I> constexpr engine_rounding::step pointwise() const {
    using L = layer_of<Net, I>;
    constexpr std::size_t n = Net::shapes[I].size();
    if constexpr (requires { requires L::identity; }) return {};
    else if constexpr (!engine_rounding::states_accuracy<L>) return engine_rounding::unknown();
    else {
      constexpr auto term = L::lipschitz(Net::shapes[I]);
      const double steepness = term.closed() ? term.value().upper : rounded::infinity;
      const double at_zero = L::apply(0.0), root = rounded::sqrt_up(static_cast<double>(n));
      engine_rounding::step exact{steepness, rounded::mul_up(root, at_zero < 0 ? -at_zero : at_zero), steepness, 0, 0};
      constexpr output_range range = L::range;
      constexpr double most = -range.lower > range.upper ? -range.lower : range.upper;
      if (rounded::is_finite(most)) exact.growth = 0, exact.added = rounded::mul_up(root, most);
      return with_accuracy<L, I>(exact, owed);
    }
  }
  template <class L, std::size_t I>
  static constexpr engine_rounding::step with_accuracy(const engine_rounding::step& exact, double later) {
    constexpr kernel_error e = engine_rounding::accuracy_of<L, Lane>(Net::shapes[I]);
    const double root = rounded::sqrt_up(static_cast<double>(Net::shapes[I + 1].size()));
    // absolute errors, and what was flushed, are multiplied by what the next layer is owed
    const double absolute = rounded::mul_up(later, rounded::add_up(e.absolute, 2 * engine_rounding::flushed));
    return exact.losing(engine_rounding::units(e.of_input), engine_rounding::units(e.of_output),
                        rounded::mul_up(root, absolute));
  }

  template <std::size_t I> constexpr engine_rounding::step mixing() const {
    using L = layer_of<Net, I>;
    if constexpr (!engine_rounding::states_accuracy<L>) {
      return engine_rounding::unknown();
    } else {
      constexpr std::size_t in = Net::shapes[I].size(), out = Net::shapes[I + 1].size();
      const buffer zeros(in), values(out);
      forward<L, Net::shapes[I]>(get<I>(p), zeros.at, values.at);
      const double steepness = other_factor<Net, I>(p);
      return with_accuracy<L, I>(
          {steepness, rounded::mul_up(1 + 0x1p-20, frobenius_norm_up(values.at, 1, out)), steepness, 0, 0}, 1);
    }
  }

  template <std::size_t I> constexpr engine_rounding::step block() const;
};

/// The steps of a network in an engine of such lanes; `known`: its factors.
template <class Lane, class Net, class Real>
constexpr network_rounding<Net> rounding_of(const parameters<Net, Real>& p,
                                            const std::array<double, Net::depth>& known) {
  return rounding_builder<Net, Lane, Real>(p, known).steps();
}

/// All layers as one step, whatever the stds inside.
template <std::size_t Depth> constexpr engine_rounding::step composed(const std::array<layer_rounding, Depth>& layers) {
  engine_rounding::step all;
  for (const auto& layer : layers) all = all.then(layer.normalizes ? layer.sphere.anywhere() : layer.step);
  return all;
}

template <class Net, class Lane, class Real> template <std::size_t I>
constexpr engine_rounding::step rounding_builder<Net, Lane, Real>::block() const {
  using L = layer_of<Net, I>;
  using engine_rounding::units, rounded::add_up, rounded::mul_up;
  engine_rounding::step sum{0, 0, 0, 0, 0};
  base::for_each_index<base::networks_inside<L>()>([&]<std::size_t K>() {
    const auto& inside = L::template inner<Net::shapes[I], K>(get<I>(p));
    const auto one = composed(rounding_of<Lane>(inside, factors(inside)));
    const auto join = [](double& a, double b) { a = rounded::sqrt_up(add_up(mul_up(a, a), mul_up(b, b))); };
    join(sum.growth, one.growth), join(sum.added, one.added), join(sum.steepness, one.steepness);
    join(sum.of_size, one.of_size), join(sum.fixed, one.fixed);
  });
  if (L::adds_input) {
    sum.growth = add_up(sum.growth, 1), sum.steepness = add_up(sum.steepness, 1);
    sum = sum.losing(0, units(1.0), 0x1p-100);
  }
  return sum;
}

/// |computed - true| of the outputs for all inputs up to `size`. seen[i]: the smallest std observed at normalizer i;
/// low[i] becomes a bound of the true one. On the ball it is at least low[i] - move[i] / sqrt(n), or floor[i] if there
/// is no `move`.
template <std::size_t Depth>
constexpr double rounding_on_ball(const std::array<layer_rounding, Depth>& layers, double size, std::size_t inputs,
                                  const std::array<double, Depth>& seen,
                                  const std::type_identity_t<std::array<double, Depth>>* move,
                                  const std::array<double, Depth>& floor, std::array<double, Depth>& low) {
  constexpr double most = 0x1p200;
  engine_rounding::activations x{size, engine_rounding::flushed * static_cast<double>(inputs)};
  for (std::size_t i = 0; i < Depth; ++i) {
    const auto& layer = layers[i];
    if (layer.normalizes) {
      const double arrived = layer.sphere.arriving(x);
      low[i] = layer.sphere.std_below(seen[i], arrived);
      double least = floor[i];
      if (move != nullptr) least = low[i] - (*move)[i] / layer.sphere.root * (1 + 0x1p-40) - 0x1p-40 * seen[i];
      x = layer.sphere(arrived, least > 0 ? least : 0);
    } else {
      x = layer.step(x);
    }
    if (!rounded::is_finite(x.error) || !rounded::is_finite(x.size) || x.error > most || x.size > most)
      return rounded::infinity;
  }
  return x.error * (1 + 0x1p-20);
}

}  // namespace taut::certificates
