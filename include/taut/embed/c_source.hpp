// SPDX-License-Identifier: Apache-2.0
// A network in float as plain C, for toolchains without C++20: weights with everything folded, and three functions.
//
//   write_file("digits.c", std::string_view(c_source(p, {.name = "digits", .test_inputs = samples})));
//   void digits_infer(const float x[64], float y[10]);      int digits_self_test(void);      // 0: outputs differ
//
// It needs sqrtf alone. Compiled without contraction (-std=c99, or -ffp-contract=off) its outputs have the same bits on
// every processor: the order of sums is that of simd/scalar_matvec.hpp.
#pragma once
#include <cstddef>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <taut/embed/header.hpp>
#include <taut/embed/quantize.hpp>
#include <vector>

namespace taut {

namespace exported {

inline constexpr std::string_view c_beginning = R"(/* A network and its weights, written by taut::c_source. NETWORK */
#include <math.h>
#include <string.h>

/* y = W x + b; long sums are added in stretches of STRETCH columns. */
static void NAME_dense(const float *w, const float *b, const float *x, float *y, int rows, int columns) {
  const int stretches = columns >= 2 * STRETCH ? columns / STRETCH : 0;
  for (int row = 0; row < rows; ++row) {
    float total = 0.0f, sum = 0.0f;
    int column = 0;
    for (int s = 0; s < stretches; ++s) {
      for (const int end = column + STRETCH; column < end; ++column) sum += w[column] * x[column];
      total += sum;
      sum = 0.0f;
    }
    for (; column < columns; ++column) sum += w[column] * x[column];
    y[row] = (stretches > 0 ? total + sum : sum) + b[row];
    w += columns;
  }
}
)";
inline constexpr std::string_view c_normalize = R"(
/* z = gain z / sqrt(|z|^2 + epsilon) + offset; its mean is 0 already, or is not subtracted. */
static void NAME_normalize(float *z, const float *gain, const float *offset, float epsilon, int rows) {
  float squares = epsilon;
  for (int row = 0; row < rows; ++row) squares += z[row] * z[row];
  const float inverse = 1.0f / sqrtf(squares);
  for (int row = 0; row < rows; ++row) z[row] = (z[row] * gain[row]) * inverse + offset[row];
}
)";
inline constexpr std::string_view c_test = R"(
int NAME_self_test(void) {
  for (int i = 0; i < COUNT; ++i) {
    float y[OUT];
    NAME_infer(NAME_test_inputs[i], y);
    if (memcmp(y, NAME_test_outputs[i], sizeof y) != 0) return 0;
  }
  return 1;
}
)";

/// What a homogeneous pointwise layer multiplies positive and negative numbers by.
template <class... Acts> constexpr std::pair<double, double> slopes(engine_stage::epilogue<Acts...>) {
  double up = 1, down = 1;
  ((up = Acts::apply(up), down = -Acts::apply(-down)), ...);
  return {up, down};
}

template <class Values> void c_array(std::string& text, const std::string& name, const Values& values) {
  text += "static const float " + name + "[" + std::to_string(std::size(values)) + "] = {";
  write_values<float>(text, std::span<const float>(values), "    ");
  text += "};\n";
}

}  // namespace exported

/// Whether a network can be plain C: affine layers (not convolutions), normalizers over all of their outputs, ReLU and
/// its like.
template <class Net> constexpr bool fits_c() {
  return engine_plan::fits_bytes<Net>() && engine_plan::is_homogeneous<Net>();
}

/// The text of the C file. @throws std::invalid_argument when the name is no identifier, or a number is not finite.
template <Network Net> [[nodiscard]] std::string c_source(const parameters<Net>& p, const header_options& options) {
  static_assert(fits_c<Net>(),
                "plain C is written of affine layers (not convolutions), normalizers over all of their outputs, and "
                "pointwise layers with f(r x) = r f(x)");
  using namespace exported;
  require_identifier(options.name);
  constexpr std::size_t stages = quantized<Net>::stages, in = Net::input_size, out = Net::output_size;
  const std::string& name = options.name;
  const std::size_t tests = count_of_inputs<Net>(options.test_inputs);
  const auto written = [&](std::string_view part) {
    return replaced(part, {{"NAME", name},
                           {"STRETCH", std::to_string(simd::scalar_matvec<simd::scalar, 1, 1>::stretch)},
                           {"NETWORK", spelling<Net>()},
                           {"COUNT", std::to_string(tests)},
                           {"OUT", std::to_string(out)}});
  };
  std::string text = written(c_beginning), arrays, calls;
  std::vector<float> values = options.test_inputs;
  bool normalizes = false;
  std::string from = "x";
  base::for_each_index<stages>([&]<std::size_t S>() {
    using folded = quantization::folded_stage<Net, S>;
    const auto s = std::make_unique<folded>(p);
    const std::string stage = name + "_stage" + std::to_string(S), rows = std::to_string(folded::rows);
    const std::vector<float> w = s->template weights<float>();
    std::vector<float> next(values.size() / folded::columns * folded::rows);
    require_finite(std::span<const float>(w), "the weights of stage " + std::to_string(S));
    c_array(arrays, stage + "_weight", w);
    c_array(arrays, stage + "_bias", s->stage.bias);
    const std::string to = S + 1 == stages ? "y" : S % 2 == 0 ? "even" : "odd";
    calls += "  " + name + "_dense(" + stage + "_weight, " + stage + "_bias, " + from + ", " + to + ", " + rows + ", " +
             std::to_string(folded::columns) + ");\n";
    if constexpr (folded::plan.normalized) {
      normalizes = true;
      c_array(arrays, stage + "_gain", s->stage.gain);
      c_array(arrays, stage + "_offset", s->stage.offset);
      calls += "  " + name + "_normalize(" + to + ", " + stage + "_gain, " + stage + "_offset, " +
               literal(s->stage.epsilon[0]) + ", " + rows + ");\n";
    }
    constexpr auto slope = slopes(typename folded::acts{});
    if constexpr (slope != std::pair(1.0, 1.0)) {
      const auto times = [](double factor) {
        return factor == 0   ? std::string("0.0f")
               : factor == 1 ? std::string("v")
                             : "v * " + literal(static_cast<float>(factor));
      };
      calls += "  for (int i = 0; i < " + rows + "; ++i) {\n    const float v = " + to + "[i];\n    " + to +
               "[i] = v < 0.0f ? " + times(slope.second) + " : " + times(slope.first) + ";\n  }\n";
    }
    for (std::size_t i = 0; i < values.size() / folded::columns; ++i)
      s->run(&values[i * folded::columns], &next[i * folded::rows]);
    values = std::move(next);
    from = to;
  });
  if (normalizes) text += written(c_normalize);
  constexpr std::size_t most = base::largest_activation<Net>();
  text += "\n" + arrays + "\n/* y = the network of x. */\nvoid " + name + "_infer(const float *x, float *y) {\n";
  if (stages > 1)
    text += "  float even[" + std::to_string(most) + "]" + (stages > 2 ? ", odd[" + std::to_string(most) + "]" : "") +
            ";\n";
  text += calls + "}\n";
  if (options.test_inputs.empty()) return text;
  text += "\n/* Inputs, and what the functions above give for them. */\n";
  write_table(text, "static const float " + name + "_test_inputs", options.test_inputs, in);
  write_table(text, "static const float " + name + "_test_outputs", values, out);
  return text + written(c_test);
}

}  // namespace taut
