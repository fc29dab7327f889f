// SPDX-License-Identifier: Apache-2.0
// What convolutions of signals and images share: all but their names, shapes and sentences. As linear maps, with m the
// largest number of windows over one position and n the largest number of positions under one window (of k taps),
//
//   ||conv|| <= sqrt(m) ||W_g as outputs x (inputs k)||    |y|^2 <= ||W_g||^2 sum over windows |patch|^2 <= .. m |x|^2
//   ||conv|| <= sqrt(n) ||W_g as inputs x (outputs k)||    |y_o|^2 <= n sum of |W_g' part|^2 over taps, each of one x_i
//
// largest over the groups g, which act on channels of their own. at_most<c> is claimed by the first; weight(p, row,
// column) are the entries of the dense unrolled operator, whose spectral norm is exact.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <taut/net/layer.hpp>
#include <taut/net/option.hpp>
#include <taut/net/parameters.hpp>
#include <taut/net/window.hpp>
#include <taut/simd/convolution.hpp>
#include <taut/simd/lane.hpp>

namespace taut {

/// The smallest extent of an input that a window of this size and padding fits.
constexpr std::size_t least_extent(std::size_t kernel, std::size_t padding) {
  return std::max<std::size_t>(kernel - std::min(kernel, 2 * padding), 1);
}

/// What a convolution wants that has no output or no window; empty if it has both.
constexpr base::words missing_part(std::size_t out, std::size_t window) {
  return out == 0      ? base::say("1 output channel or more")
         : window == 0 ? base::say("a window of at least 1")
                       : base::words{};
}

/// The part of a convolution L that does not depend on the number of axes: Rank is 2 for signals, 3 for images.
template <class L, std::size_t Rank, std::size_t Out, std::size_t KH, std::size_t KW, class... Options>
struct convolution : configurable<L> {
  /// Channels of the output, taps of a window in one channel.
  static constexpr std::size_t out_channels = Out, taps = KH * KW;
  /// The number of groups of channels that are convolved on their own.
  static constexpr auto channel_groups = static_cast<std::size_t>(option::value_of<option::groups_key, Options...>(1));
  static constexpr bool has_bias = !option::has<option::no_bias, Options...>;
  /// Without padding, a constant added to each channel adds constants to the channels of the output.
  static constexpr bool carries_shifts = [] {
    constexpr auto padding = option::sizes_of<option::padding_key, Options...>(0);
    return padding.first == 0 && padding.second == 0;
  }();
  /// The declared limit of the operator's norm; 0 where none is declared.
  static constexpr double limit = option::value_of<option::at_most_key, Options...>(0);

  using options = base::list<Options...>;
  using takes =
      base::list<option::padding_key, option::stride_key, option::groups_key, option::no_bias, option::at_most_key>;
  /// Groups that do not divide the outputs; a second axis that a signal does not have.
  template <class... All> static constexpr bool contradicts = [] {
    constexpr auto groups = static_cast<std::size_t>(option::value_of<option::groups_key, All...>(1));
    constexpr auto stride = option::sizes_of<option::stride_key, All...>(1);
    constexpr auto padding = option::sizes_of<option::padding_key, All...>(0);
    return Out % groups != 0 || (Rank == 2 && (stride.first != stride.second || padding.first != padding.second));
  }();

  /// The windows over an input of this shape.
  static constexpr window_geometry geometry(shape in) {
    return windows(in, Rank == 2 ? option::sizes{KW, 1} : option::sizes{KH, KW},
                   option::sizes_of<option::stride_key, Options...>(1),
                   option::sizes_of<option::padding_key, Options...>(0));
  }
  static constexpr fusion reads = fusion::affine;
  static constexpr bool accepts(shape in) {
    return Out > 0 && in.rank == Rank && in.channels() % channel_groups == 0 && geometry(in).fits();
  }
  static constexpr shape output(shape in) {
    const window_geometry g = geometry(in);
    return Rank == 2 ? shape{Out, g.out_width()} : shape{Out, g.out_height(), g.out_width()};
  }
  static constexpr std::size_t multiply_adds(shape in) {
    return output(in).size() * (in.channels() / channel_groups) * taps;
  }
  /// The kernel that runs this layer on inputs of this shape: simd::convolution<V, kernel(In)>.
  static constexpr simd::convolution_shape kernel(shape in) {
    const window_geometry g = geometry(in);
    return {g.channels,     g.height,         g.width,        Out,
            channel_groups, g.kernel_height,  g.kernel_width, g.stride_height,
            g.stride_width, g.padding_height, g.padding_width};
  }

  template <shape In, class Real> struct parameters {
    std::array<Real, Out*(In.channels() / channel_groups) * taps> weight{};  ///< [out][in of its group][kernel]
    std::array<Real, has_bias ? Out : 0> bias{};                             ///< empty with no_bias
    static constexpr void tensors(auto&& visit) {
      constexpr std::size_t of_group = In.channels() / channel_groups;
      visit(tensor_info{"weight", Rank == 2 ? shape{Out, of_group, KW} : shape{Out, of_group, KH, KW}},
            &parameters::weight);
      if constexpr (has_bias) visit(tensor_info{"bias", shape{Out}}, &parameters::bias);
    }
    /// What the type declares of the values: for provers and projectors. Each group is a matrix of its own.
    static constexpr void claims(auto& self, auto&& visit) {
      if constexpr (limit > 0) {
        constexpr std::size_t columns = inputs<In> * taps;
        constexpr double of_matrix = rounded::div_down(limit, overlap_factor<In>);
        for (std::size_t group = 0; group < channel_groups; ++group) {
          auto values = std::span(self.weight).subspan(group * outputs * columns, outputs * columns);
          visit.spectral_norm_at_most("weight", values, outputs, columns, of_matrix);
        }
      }
    }
  };
  /// Weights as the stream makes them (He), biases 0.
  template <shape In, class Real> static constexpr void initialise(parameters<In, Real>& p, auto& random) {
    base::fill_weights(p.weight, inputs<In> * taps, random);
    for (Real& b : p.bias) b = 0;
  }

  template <shape In, class Real>
  static constexpr double weight(const parameters<In, Real>& p, std::size_t row, std::size_t column) {
    constexpr window_geometry g = geometry(In);
    const std::size_t co = row / positions<In>, o = row % positions<In>;
    const std::size_t ci = column / In.positions(), i = column % In.positions();
    if (co / outputs != ci / inputs<In>) return 0;
    // beyond the kernel, perhaps by wrapping around, where the window does not hold the position
    const std::size_t ky = i / g.width + g.padding_height - o / g.out_width() * g.stride_height;
    const std::size_t kx = i % g.width + g.padding_width - o % g.out_width() * g.stride_width;
    return ky < KH && kx < KW ? static_cast<double>(p.weight[at<In>(co, ci % inputs<In>) + ky * KW + kx]) : 0.0;
  }
  template <shape In, class Real> static constexpr double bias(const parameters<In, Real>& p, std::size_t row) {
    if constexpr (has_bias) return static_cast<double>(p.bias[row / positions<In>]);
    else return 0;
  }

  /// Calls visit(way, group, entry, rows, columns, factor) for both ways (0, 1) to unfold the weights of each group:
  /// the operator's norm is at most factor ||entry(row, column)||, largest over the groups, for either way.
  template <shape In> static constexpr void unfoldings(const auto& p, auto&& visit) {
    for (std::size_t group = 0; group < channel_groups; ++group) {
      const auto* w = &p.weight[at<In>(group * outputs, 0)];
      const auto by_output = [w](std::size_t row, std::size_t column) {
        return static_cast<double>(w[row * inputs<In> * taps + column]);
      };
      const auto by_input = [w](std::size_t row, std::size_t column) {
        return static_cast<double>(w[(column / taps * inputs<In> + row) * taps + column % taps]);
      };
      visit(std::size_t{0}, group, by_output, outputs, inputs<In> * taps, overlap_factor<In>);
      visit(std::size_t{1}, group, by_input, inputs<In>, outputs * taps, covered_factor<In>);
    }
  }

  template <shape In, class Real, class V>
  static constexpr void forward(const parameters<In, Real>& p, const V* x, V* y) {
    for_each_block<In>([&]<std::size_t Count>(std::size_t co, std::size_t first) {
      for_each_position<In>([&](std::size_t o, auto&& window) {
        V sum[Count];
        for (std::size_t r = 0; r < Count; ++r) sum[r] = simd::number<V>(bias(p, (co + r) * positions<In>));
        for (std::size_t ci = 0; ci < inputs<In>; ++ci)
          window([&](std::size_t tap, std::size_t i) {
            const V in = x[(first + ci) * In.positions() + i];
            for (std::size_t r = 0; r < Count; ++r)
              sum[r] = simd::multiply_add(simd::number<V>(p.weight[at<In>(co + r, ci) + tap]), in, sum[r]);
          });
        for (std::size_t r = 0; r < Count; ++r) y[(co + r) * positions<In> + o] = sum[r];
      });
    });
  }
  template <shape In, class Real, class V> static constexpr void gradient(const parameters<In, Real>& p, const V* x,
                                                                          const V*, const V* dy, V* dx,
                                                                          parameters<In, Real>& dp) {
    for (std::size_t i = 0; i < In.size(); ++i) dx[i] = V(0);
    for_each_block<In>([&]<std::size_t Count>(std::size_t co, std::size_t first) {
      for_each_position<In>([&](std::size_t o, auto&& window) {
        for (std::size_t ci = 0; ci < inputs<In>; ++ci)
          window([&](std::size_t tap, std::size_t i) {
            V& slope = dx[(first + ci) * In.positions() + i];
            V sum = slope;
            for (std::size_t r = 0; r < Count; ++r)
              sum = simd::multiply_add(simd::number<V>(p.weight[at<In>(co + r, ci) + tap]),
                                       dy[(co + r) * positions<In> + o], sum);
            slope = sum;
          });
      });
      for (std::size_t ci = 0; ci < inputs<In>; ++ci)
        for (std::size_t tap = 0; tap < taps; ++tap) {
          V sum[Count];  // over positions first: one sum across lanes for each weight
          for (std::size_t r = 0; r < Count; ++r) sum[r] = V(0);
          for_each_position_of_tap<In>(tap, [&](std::size_t o, std::size_t i) {
            const V in = x[(first + ci) * In.positions() + i];
            for (std::size_t r = 0; r < Count; ++r)
              sum[r] = simd::multiply_add(dy[(co + r) * positions<In> + o], in, sum[r]);
          });
          for (std::size_t r = 0; r < Count; ++r)
            dp.weight[at<In>(co + r, ci) + tap] += static_cast<Real>(simd::sum(sum[r]));
        }
    });
    if constexpr (has_bias)
      for (std::size_t co = 0; co < Out; ++co) {
        V sum(0);
        for (std::size_t o = 0; o < positions<In>; ++o) sum = sum + dy[co * positions<In> + o];
        dp.bias[co] += static_cast<Real>(simd::sum(sum));
      }
  }

  static constexpr auto lipschitz(shape) {
    return symbol({.name = "norm(W@)", .declare = "at_most<c>", .range = {0, limit}, .declared = limit > 0});
  }

 private:
  static constexpr std::size_t outputs = Out / channel_groups;
  template <shape In> static constexpr std::size_t inputs = In.channels() / channel_groups;
  template <shape In> static constexpr std::size_t positions = output(In).positions();
  // sqrt(m) and sqrt(n); 1 where all windows lie on padding and the operator is 0
  static constexpr double root(std::size_t count) {
    return rounded::sqrt_up(static_cast<double>(std::max<std::size_t>(count, 1)));
  }
  template <shape In> static constexpr double overlap_factor = root(geometry(In).overlap());
  template <shape In> static constexpr double covered_factor = root(geometry(In).covered());

  // The first weight that output co has for input ci of its group.
  template <shape In> static constexpr std::size_t at(std::size_t co, std::size_t ci) {
    return (co * inputs<In> + ci) * taps;
  }
  // f<Count>(co, ci): the outputs co, ..., co + Count - 1 read the inputs of a group that begins at ci.
  template <shape In, class F> static constexpr void for_each_block(F&& f) {
    constexpr std::size_t together = 4, whole = outputs / together * together;  // g++ sees that there may be no rest
    for (std::size_t group = 0; group < channel_groups; ++group) {
      const std::size_t co = group * outputs, first = group * inputs<In>;
      for (std::size_t k = 0; k < whole; k += together) f.template operator()<together>(co + k, first);
      for (std::size_t k = whole; k < outputs; ++k) f.template operator()<1>(co + k, first);
    }
  }
  // f(o, window) for each position o of the output; window(g) calls g(tap, i) for each position i of the input in it.
  template <shape In, class F> static constexpr void for_each_position(F&& f) {
    constexpr window_axis rows = geometry(In).rows(), columns = geometry(In).columns();
    for (std::size_t oy = 0; oy < rows.out(); ++oy)
      for (std::size_t ox = 0; ox < columns.out(); ++ox)
        f(oy * columns.out() + ox, [=](auto&& g) {
          for (std::size_t y = rows.begin(oy), ky = rows.offset(oy); y < rows.end(oy); ++y, ++ky)
            for (std::size_t i = columns.begin(ox), kx = columns.offset(ox); i < columns.end(ox); ++i, ++kx)
              g(ky * KW + kx, y * columns.size + i);
        });
  }
  // f(o, i) for each window o that holds a position i of the input under this tap.
  template <shape In, class F> static constexpr void for_each_position_of_tap(std::size_t tap, F&& f) {
    constexpr window_axis rows = geometry(In).rows(), columns = geometry(In).columns();
    for (std::size_t oy = 0; oy < rows.out(); ++oy) {
      const std::size_t y = oy * rows.stride + tap / KW - rows.padding;  // beyond the input, perhaps by wrapping around
      for (std::size_t ox = 0; y < rows.size && ox < columns.out(); ++ox) {
        const std::size_t i = ox * columns.stride + tap % KW - columns.padding;
        if (i < columns.size) f(oy * columns.out() + ox, y * columns.size + i);
      }
    }
  }
};

}  // namespace taut
