// SPDX-License-Identifier: Apache-2.0
// The twin of theory/pruned_header.hpp: what is written of widths known at run time is, letter for letter, what is
// written of the static type. That it compiles: examples/use_pruned.cpp.
#include <cstdlib>
#include <taut/inference.hpp>
#include <taut/theory/pruned_header.hpp>

#include "support/catch.hpp"

namespace {

using namespace taut;

struct net : decltype(Input<2, 6> >> Conv1d<5, 3>(at_most<90.0>) >> BN(epsilon<1e-3>) >> ReLU >> Flatten >>
                      Linear<20, 4>(no_bias) >> BN >> Tanh >> Linear<3>) {};
struct small : decltype(Input<2, 6> >> Conv1d<2, 3>(at_most<90.0>) >> BN(epsilon<1e-3>) >> ReLU >> Flatten >>
                        Linear<8, 3>(no_bias) >> BN >> Tanh >> Linear<3>) {};

parameters<net> random_parameters() {
  parameters<net> p;
  base::random_stream random(5);
  for_each_tensor(p, [&](std::string_view name, const shape&, auto values) {
    const bool positive = name.ends_with("running_var");
    for (auto& v : values)
      v = static_cast<std::remove_reference_t<decltype(v)>>(random.uniform(positive ? 0.5 : -1, 1));
  });
  return p;
}

/// What is before the bound, and what stands behind these words.
std::string before_bound(const std::string& text) { return text.substr(0, text.find("/// A Lipschitz constant")); }
double number_behind(const std::string& text, const std::string& words) {
  return std::strtod(text.c_str() + text.find(words) + words.size(), nullptr);
}

TEST_CASE("theory.pruned_header: the text is that of the smaller type") {
  const parameters<net> p = random_parameters();
  const pruned_network<net> pruned = prune(p, largest_channels<small>(p));
  const parameters<small> narrow = narrowed<small>(pruned);
  CHECK(spelling(pruned) == spelling<small>());
  const header_options options{.name = "tiny"};
  const std::string text = header_text(pruned, options), wanted = header_text(narrow, options);
  CHECK(before_bound(text) == before_bound(wanted));
  const std::string bound = "inline constexpr double lipschitz = ";
  CHECK(number_behind(text, bound) == Approx(number_behind(wanted, bound)).epsilon(1e-7));
  CHECK(number_behind(text, bound) >= lipschitz_of(narrow).value);
  CHECK(text.find("static_assert(taut::proves_lipschitz<parameters, lipschitz_factors>(lipschitz));") != text.npos);
}

TEST_CASE("theory.pruned_header: nothing removed is the same text; tests and proof are written") {
  const parameters<net> p = random_parameters();
  const pruned_network<net> all = prune(p, 0.0);
  header_options options{.name = "tiny", .proof = "tiny_proof.cpp"};
  for (int i = 0; i < 24; ++i) options.test_inputs.push_back(static_cast<float>(i % 5) - 2);
  const exported_text text = export_text(all, options, "tiny.hpp"), wanted = export_text(p, options, "tiny.hpp");
  CHECK(text.header == wanted.header);
  CHECK(text.proof == wanted.proof);
  CHECK(text.header.find("float test_outputs[2][3]") != text.header.npos);
}

TEST_CASE("theory.pruned_header: what cannot be written is refused") {
  parameters<net> p = random_parameters();
  CHECK_THROWS_WITH(header_text(prune(p, 0.0), {.name = "a b"}), tests::contains("'a b'"));
  get<4>(p).weight[0] = INFINITY;
  CHECK_THROWS_WITH(header_text(prune(p, 0.0), {.name = "a"}), tests::contains("tensor '4.weight': infinity"));
}

}  // namespace
