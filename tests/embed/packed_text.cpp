// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <string>
#include <taut/embed/header.hpp>
#include <taut/embed/packed_text.hpp>
#include <taut/layers/layer_norm.hpp>
#include <taut/layers/linear.hpp>
#include <taut/layers/relu.hpp>
#include <taut/layers/residual.hpp>
#include <vector>

#include "support/catch.hpp"

namespace {

using namespace taut;
using taut::tests::contains;
using scalar_arithmetic = float32<simd::scalar>;

struct Large : decltype(Input<400> >> Linear<80> >> LN >> ReLU >> Linear<3>) {};
struct Blocks : decltype(Input<180> >> Residual(Linear<180>) >> Linear<3>) {};
struct Small : decltype(Input<30> >> Linear<80> >> LN >> ReLU >> Linear<3>) {};

template <class Net> std::unique_ptr<parameters<Net>> values() {
  auto p = std::make_unique<parameters<Net>>();
  initialise(*p, 1);
  return p;
}

}  // namespace

TEST_CASE("embed.packed_text: what lies between members is not written") {
  using engine_type = engine<Large, scalar_arithmetic>;
  const auto p = values<Large>();
  const auto run = std::make_unique<engine_type>();
  compile(*p, *run);
  const auto words = exported::words_of(*run);
  // before the three bools of the last stage: where an array of no epsilons is
  auto& unused = reinterpret_cast<unsigned char*>(run.get())[sizeof(engine_type) - 4];
  unused = static_cast<unsigned char>(unused + 1);
  CHECK((exported::words_of(*run) == words));  // in parentheses: Catch would print all of them
  CHECK((words.back() & 0xff) == 0);
}

TEST_CASE("embed.packed_text: a large network is exported so") {
  const auto p = values<Large>();
  const std::vector<float> x(400, 0.5f);
  const header_options options{.name = "large", .test_inputs = x, .range = {.largest_norm = 20, .smallest_std = 0.1}};
  const std::string text = header_text<scalar_arithmetic>(*p, options);
  CHECK((text == header_text<scalar_arithmetic>(*p, options)));
  const auto count = std::to_string(sizeof(engine<Large, scalar_arithmetic>) / 4);
  CHECK_THAT(text, contains("inline constexpr std::uint32_t engine_words[" + count + "] = {\n"));
  CHECK_THAT(text, contains("taut::from_words<taut::engine<Net, taut::float32<taut::simd::scalar>>>(engine_words);"));
  CHECK_THAT(text, contains("inline constexpr taut::pocket_guarded<Net, taut::simd::scalar> guard = {\n"));
  CHECK_THAT(text, contains("self_test()"));
  CHECK_THAT(text, contains("// Not checked by the compiler"));
  CHECK_THAT(text, !contains("parameters = ") && !contains("lipschitz_factors"));
}

TEST_CASE("embed.packed_text: small networks, and those with a proof, keep their parameters") {
  CHECK_THAT(header_text<scalar_arithmetic>(*values<Small>(), {.name = "small"}), !contains("engine_words"));
  static_assert(exported::is_packed<scalar_arithmetic, Large>() && !exported::is_packed<scalar_arithmetic, Blocks>());
  const auto apart = export_text<scalar_arithmetic>(*values<Large>(), {.name = "large", .proof = "p.cpp"}, "large.hpp");
  CHECK(!apart.proof.empty());
  CHECK_THAT(apart.header, !contains("engine_words") && contains("taut::compile<"));
}
