// SPDX-License-Identifier: Apache-2.0
// A network explains itself: a table with a line a layer, then what it adds up to.
//
//   std::cout << describe<Net>();
//
//      layer       output  parameters  bytes  multiply-adds  Lipschitz
//      Input<64>   64
//   0  Linear<32>  32            2080   8320           2048  norm(W0) <= 2
//   1  LayerNorm   32              64    256             64  gain1 / sqrt(std1^2 + 1e-05) <= 3.99969
//
// Numbers behind <= have six digits and are rounded up. What is undeclared says how to declare it.
#pragma once
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <taut/net/budget.hpp>
#include <taut/net/lipschitz.hpp>
#include <vector>

namespace taut {

namespace base {

/// A number with six significant digits that is no smaller than `value`; the value itself where six digits say it.
constexpr words six_digits_up(double value) {
  if (!(value > 0) || !rounded::is_finite(value)) return say(value);
  int exponent = 0;  // of the last of six digits
  double scaled = value;
  while (scaled >= 1e6) scaled /= 10, ++exponent;
  while (scaled < 1e5) scaled *= 10, --exponent;
  if (exponent < -22 || exponent > 22) return say(value * (1 + 1e-5));  // half a unit of the last digit, or more
  double power = 1;  // exact, and so the number written with these digits is rounded once, as a compiler reads it
  for (int i = exponent < 0 ? -exponent : exponent; i > 0; --i) power *= 10;
  const auto read = [&](double digits) { return exponent < 0 ? digits / power : digits * power; };
  auto digits = static_cast<double>(static_cast<long long>(scaled) - 1);
  while (read(digits) < value) ++digits;
  return say(read(digits));
}

/// One line of the table, as text; numbers are set flush right.
using table_row = std::array<std::string, 7>;

/// The rows under each other, columns aligned.
inline std::string aligned(const std::vector<table_row>& rows) {
  std::array<std::size_t, 7> width{};
  for (const table_row& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) width[i] = std::max(width[i], row[i].size());
  std::string text;
  for (const table_row& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string blanks(width[i] - row[i].size(), ' ');
      const bool number = i == 0 || (i >= 3 && i <= 5);
      line += (i == 0 ? "" : "  ") + (number ? blanks + row[i] : row[i] + blanks);
    }
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

/// The number or the lack of one behind the text of an expression: "norm(W0) <= 2", "norm(W0) is open: declare ...".
template <std::size_t N> std::string bounded_text(const expression<N>& term, std::string_view text) {
  if (const auto* missing = term.first_open(); missing != nullptr)
    return std::string(text) + " is open: declare " + missing->declare;
  const words value = six_digits_up(term.value().upper);
  const bool constant = term.nodes[term.root].what == algebra::operation::constant;
  return constant ? std::string(value.view()) : std::string(text) + " <= " + std::string(value.view());
}

/// The Lipschitz term of layer I with its quantities numbered and its value.
template <class Net, std::size_t I> std::string lipschitz_text() {
  constexpr auto& term = placed_lipschitz_term<Net, I>;
  text<64 * term.capacity> t;
  term.print(t);
  return bounded_text(term, t.view());
}

template <class Net, std::size_t I> table_row row_of_layer() {
  using L = layer_of<Net, I>;
  using P = parameters_of_layer<L, Net::shapes[I]>;
  const auto number = [](std::size_t value) { return std::to_string(value); };
  return {number(I),
          std::string(std::string_view(L::name)),
          std::string(Net::shapes[I + 1].name().view()),
          number(trainable_elements<P>()),
          number(bytes_of_tensors<P>()),
          number(multiply_adds_of_layer<L>(Net::shapes[I])),
          lipschitz_text<Net, I>()};
}

}  // namespace base

/// The network as a table: output shape, parameters, bytes, multiply-adds and Lipschitz term of each layer, their
/// totals, the bytes of activations, the formula and its value, or the declaration that it waits for.
template <Network Net> [[nodiscard]] std::string describe() {
  std::vector<base::table_row> rows{
      {"", "layer", "output", "parameters", "bytes", "multiply-adds", "Lipschitz"},
      {"", std::string(base::title_of_input<typename Net::input>().view()), std::string(Net::shapes[0].name().view())}};
  base::for_each_index<Net::depth>([&rows]<std::size_t I>() { rows.push_back(base::row_of_layer<Net, I>()); });
  rows.push_back({"", "total", "", std::to_string(Net::parameter_count), std::to_string(memory<Net>.weights),
                  std::to_string(operations<Net>.multiply_adds)});
  std::string bound = base::bounded_text(base::lipschitz_of_type<Net>, formula<Net>);
  if (const auto* missing = base::lipschitz_of_type<Net>.first_open(); missing != nullptr) {
    const base::words name = base::name_of_layer<Net>(missing->where.index[0]);
    bound += " (layer " + std::string(missing->where.name().view()) + ", " + std::string(name.view()) + ")";
  }
  return base::aligned(rows) + "activations  " + std::to_string(memory<Net>.activations) + " bytes\nLipschitz    " +
         bound + "\n";
}

}  // namespace taut
