// SPDX-License-Identifier: Apache-2.0
// A network as a picture: the text of a Graphviz digraph, left to right, shapes on the edges.
//
//   std::cout << diagram<Net>();          // program | dot -Tsvg > net.svg
//
// A layer with networks inside (a residual or parallel block) is a frame around them, ending in a node with its name;
// one that adds its own input to theirs states `static constexpr bool adds_input = true`: an edge leads past them.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <taut/net/budget.hpp>
#include <taut/net/network.hpp>

namespace taut {

namespace base {

/// The text of a digraph under construction.
struct drawing {
  std::string text;
  std::size_t depth = 1;  ///< frames that are open

  void line(const std::string& content) { text += std::string(2 * depth, ' ') + content + "\n"; }
  void node(const std::string& id, std::string_view label) { line(id + " [label=" + quoted(label) + "];"); }
  void edge(const std::string& from, const std::string& to, const shape& carried) {
    line(from + " -> " + to + " [label=" + quoted(carried.name().view()) + "];");
  }
  void open(const std::string& id, std::string_view label) {
    line("subgraph cluster_" + id + " {");
    ++depth;
    line("label=" + quoted(label) + ";");
  }
  void close() {
    --depth;
    line("}");
  }

  /// A string of the dot language.
  static std::string quoted(std::string_view label) {
    std::string s = "\"";
    for (const char c : label) {
      if (c == '"' || c == '\\') s += '\\';
      s += c;
    }
    return s + "\"";
  }
};

/// Draws the layers of a network behind the node `from`; returns the last node. `prefix` starts the name of each node.
template <class Net> std::string draw_layers(drawing& out, const std::string& prefix, std::string from) {
  for_each_index<Net::depth>([&]<std::size_t I>() {
    using L = layer_of<Net, I>;
    constexpr shape in = Net::shapes[I];
    const std::string id = prefix + std::to_string(I);
    constexpr std::size_t inside = networks_inside<L>();
    if constexpr (inside == 0) {
      out.node(id, L::name);
      out.edge(from, id, in);
    } else {
      out.open(id, L::name);
      out.node(id, L::name);
      for_each_index<inside>([&]<std::size_t K>() {
        using Inner = network_inside<L, in, K>;
        const std::string part = inside == 1 ? id + "_" : id + "_" + std::to_string(K) + "_";
        out.edge(draw_layers<Inner>(out, part, from), id, Inner::output);
      });
      out.close();
      if constexpr (requires { L::adds_input; }) {
        if (L::adds_input) out.edge(from, id, in);
      }
    }
    from = id;
  });
  return from;
}

}  // namespace base

/// The network in the dot language.
template <Network Net> [[nodiscard]] std::string diagram() {
  base::drawing out{.text = "digraph network {\n"};
  out.line("rankdir=LR;");
  out.line("node [shape=box];");
  out.node("input", base::title_of_input<typename Net::input>());
  const std::string last = base::draw_layers<Net>(out, "layer", "input");
  out.line("output [shape=plaintext];");
  out.edge(last, "output", Net::output);
  return out.text + "}\n";
}

}  // namespace taut
