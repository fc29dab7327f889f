// SPDX-License-Identifier: Apache-2.0
// The twin of net/diagram.hpp: the text of the digraph, and frames around networks inside layers.
#include <algorithm>
#include <taut/layers/layer_norm.hpp>
#include <taut/layers/linear.hpp>
#include <taut/layers/relu.hpp>
#include <taut/net/diagram.hpp>

#include "support/catch.hpp"

namespace {

using namespace taut;

TEST_CASE("net.diagram: a chain") {
  struct chain : decltype(Input<2, 3> >> LN >> ReLU) {};
  REQUIRE(diagram<chain>() == R"(digraph network {
  rankdir=LR;
  node [shape=box];
  input [label="Input<2, 3>"];
  layer0 [label="LayerNorm"];
  input -> layer0 [label="2x3"];
  layer1 [label="ReLU"];
  layer0 -> layer1 [label="2x3"];
  output [shape=plaintext];
  layer1 -> output [label="2x3"];
}
)");
}

/// x + f(x), or two networks side by side.
template <std::size_t Blocks, bool Adds> struct block : layer_base {
  using inside = network<layer::input<4>, layer::linear<4, 0>, layer::relu>;
  static constexpr std::size_t blocks = Blocks;
  static constexpr bool adds_input = Adds;
  static constexpr auto name = base::say("Block \"", Blocks, "\"");
  static constexpr fusion reads = fusion::mixing;
  static constexpr auto wants = base::say("a vector of 4");
  static constexpr bool accepts(shape in) { return in == shape{4}; }
  static constexpr shape output(shape in) { return in; }
  static constexpr std::size_t multiply_adds(shape) { return 16 * Blocks; }
  static constexpr auto lipschitz(shape) { return constant(2); }
  template <shape, class Real> struct parameters {
    std::array<taut::parameters<inside, Real>, Blocks> all;
    static constexpr void tensors(auto&&) {}
  };
  template <shape In, std::size_t K> static constexpr const auto& inner(const parameters<In, float>& p) {
    return p.all[K];
  }
};

TEST_CASE("net.diagram: a block that adds its input is a frame with an edge past it") {
  struct residual : network<layer::input<4>, layer::relu, block<1, true>> {};
  REQUIRE(diagram<residual>() == R"(digraph network {
  rankdir=LR;
  node [shape=box];
  input [label="Input<4>"];
  layer0 [label="ReLU"];
  input -> layer0 [label="4"];
  subgraph cluster_layer1 {
    label="Block \"1\"";
    layer1 [label="Block \"1\""];
    layer1_0 [label="Linear<4>"];
    layer0 -> layer1_0 [label="4"];
    layer1_1 [label="ReLU"];
    layer1_0 -> layer1_1 [label="4"];
    layer1_1 -> layer1 [label="4"];
  }
  layer0 -> layer1 [label="4"];
  output [shape=plaintext];
  layer1 -> output [label="4"];
}
)");
}

TEST_CASE("net.diagram: networks side by side have nodes of their own") {
  struct parallel : network<layer::input<4>, block<2, false>> {};
  const std::string text = diagram<parallel>();
  for (const char* line : {"    input -> layer0_0_0 [label=\"4\"];\n", "    input -> layer0_1_0 [label=\"4\"];\n",
                           "    layer0_0_1 -> layer0 [label=\"4\"];\n", "    layer0_1_1 -> layer0 [label=\"4\"];\n"})
    REQUIRE_THAT(text, taut::tests::contains(line));
  REQUIRE(text.find("input -> layer0 ") == text.npos);
  REQUIRE(std::ranges::count(text, '{') == std::ranges::count(text, '}'));
}

}  // namespace
