// SPDX-License-Identifier: Apache-2.0
// The contract of a network: everything its type declares that bounds rest on, and who looks whether it holds.
//
//   std::cout << contract<Net>;
//
//   |x| <= 8: for each input, by certify: contract_holds; radii hold either way
//   norm(W0) <= 2: when weights are loaded; at compile time by keeps_declared(p)
//   std1 >= 0.25: for each input, by certify: contract_holds; radii hold either way
//
// What is declared is read off the layers' Lipschitz terms, so no list of layers is kept here; blocks are opened.
#pragma once
#include <array>
#include <cstddef>
#include <string_view>
#include <taut/net/lipschitz.hpp>
#include <taut/net/network.hpp>
#include <taut/net/outline.hpp>

namespace taut {

/// Who looks whether what is declared holds.
enum class checked {
  on_loading,     ///< load_safetensors proves it of the weights, and so does keeps_declared(p), also at compile time
  on_each_input,  ///< certify looks at the input, or at the std that the engine measures
  nowhere         ///< nobody: a std inside a block, or what a layer declares without stating a claim
};

/// One thing that a type declares: quantity <= limit or quantity >= limit.
struct assumption {
  position where{};        ///< the layer's; depth 0 for the input
  base::words quantity{};  ///< "norm(W0)", "std1", "|x|", "x_i"
  double limit = 0;
  bool at_least = false;  ///< quantity >= limit
  checked when = checked::nowhere;
};

namespace base {

/// Calls visit(node) for each quantity at or below a node.
template <std::size_t N> constexpr void each_quantity(const expression<N>& e, std::size_t at, auto&& visit) {
  const algebra::node& n = e.nodes[at];
  if (n.what == algebra::operation::quantity) visit(n);
  for (std::size_t i = n.first; i != algebra::none; i = e.nodes[i].next) each_quantity(e, i, visit);
}

/// Calls report(assumption) for each quantity of layer L's own term that is declared.
template <class L, shape In, class Report>
constexpr void assumptions_of_layer(position where, bool inside, Report& report) {
  using P = parameters_of_layer<L, In>;
  constexpr bool claims = requires(P& p, Report& visitor) { P::claims(p, visitor); };
  constexpr auto term = L::lipschitz(In);
  each_quantity(term, term.root, [&](const algebra::node& n) {
    if (!n.declared) return;
    assumption a{.where = where, .at_least = !rounded::is_finite(n.value.upper)};
    for (const char c : std::string_view(n.name)) {
      if (c == '@') a.quantity += where.name();
      else a.quantity.put(c);
    }
    a.limit = a.at_least ? n.value.lower : n.value.upper;
    if (a.at_least && L::reads == fusion::normalizer) a.when = inside ? checked::nowhere : checked::on_each_input;
    else a.when = claims ? checked::on_loading : checked::nowhere;
    report(a);
  });
}

/// The same for all layers of a network, those of blocks included.
template <class Net, class Report> constexpr void assumptions_of_layers(position around, bool inside, Report& report) {
  for_each_index<Net::depth>([&]<std::size_t I>() {
    using L = layer_of<Net, I>;
    constexpr std::size_t blocks = networks_inside<L>();
    const position where = part_of_place(around, I);
    if constexpr (blocks == 0) assumptions_of_layer<L, Net::shapes[I]>(where, inside, report);
    for_each_index<blocks>([&]<std::size_t K>() {
      assumptions_of_layers<network_inside<L, Net::shapes[I], K>>(blocks == 1 ? where : part_of_place(where, K), true,
                                                                  report);
    });
  });
}

/// Everything that a network's type declares, the input first.
template <class Net, class Report> constexpr void each_assumption(Report&& report) {
  using In = typename Net::input;
  const auto of_input = [&report](const char* quantity, double limit, bool at_least) {
    if (rounded::is_finite(limit)) report(assumption{{}, say(quantity), limit, at_least, checked::on_each_input});
  };
  of_input("|x|", In::ball, false);
  of_input("x_i", In::lower, true);
  of_input("x_i", In::upper, false);
  assumptions_of_layers<Net>({}, false, report);
}

/// A line of the contract.
template <std::size_t N> constexpr void print(text<N>& out, const assumption& a) {
  ((((out += a.quantity) += a.at_least ? " >= " : " <= ") += a.limit) += ": ");
  if (a.when == checked::on_loading) out += "when weights are loaded; at compile time by keeps_declared(p)";
  else if (a.when == checked::on_each_input) out += "for each input, by certify: contract_holds; radii hold either way";
  else if (a.at_least) out += "NOT CHECKED: nobody observes a std inside a block; contract_of(p) may prove it";
  else out += "NOT CHECKED: the layer states no claim of its parameters";
  out += "\n";
}

}  // namespace base

/// What the type of a network declares, the input first, then layer by layer.
template <Network Net> inline constexpr auto assumptions = [] {
  constexpr std::size_t count = [] {
    std::size_t n = 0;
    base::each_assumption<Net>([&n](const assumption&) { ++n; });
    return n;
  }();
  std::array<assumption, count> all{};
  std::size_t at = 0;
  base::each_assumption<Net>([&](const assumption& a) { all[at++] = a; });
  return all;
}();

namespace base {

template <class Net> inline constexpr auto contract_text = [] {
  text<160 * (assumptions<Net>.size() + 1)> t;
  for (const assumption& a : assumptions<Net>) print(t, a);
  if (t.length == 0) t += "nothing is declared\n";
  return t;
}();

}  // namespace base

/// The contract as text, a line for each declaration: what is assumed, and where it is checked.
template <Network Net> inline constexpr std::string_view contract = base::contract_text<Net>.view();

}  // namespace taut
