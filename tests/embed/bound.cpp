// SPDX-License-Identifier: Apache-2.0
// What headers say of their bounds; that compilers agree is shown by tests/embed/round_trip.
#include <filesystem>
#include <random>
#include <taut/certify/tighten.hpp>
#include <taut/embed/bound.hpp>
#include <taut/embed/header.hpp>
#include <taut/layers/layer_norm.hpp>
#include <taut/layers/linear.hpp>
#include <taut/layers/max_pool.hpp>
#include <taut/layers/relu.hpp>
#include <taut/layers/residual.hpp>

#include "support/catch.hpp"

namespace {

using namespace taut;
using namespace taut::exported;
using taut::tests::contains;

struct net : decltype(Input<6> >> Linear<5> >> LN(min_std<0.5>) >> ReLU >> Linear<3>) {};
struct with_block : decltype(Input<6> >> Linear<5> >> Residual(Linear<5>) >> ReLU >> Linear<3>) {};

TEST_CASE("embed.bound: where the compiler checks it") {
  const stated_bound quick{.value = 2,
                           .formula = "f",
                           .declarations = {},
                           .claim = "true",
                           .included = "h",
                           .work = 10,
                           .most = longest_proof};
  CHECK(place_of_proof(quick, false) == place::header);
  CHECK(place_of_proof(quick, true) == place::file);
  stated_bound other = quick;
  other.work = constant_work + 1;
  CHECK(place_of_proof(other, false) == place::nowhere);
  CHECK(place_of_proof(other, true) == place::file);
  other.work = longest_proof + 1;
  CHECK(place_of_proof(other, true) == place::nowhere);
  other = quick;
  other.value = rounded::infinity;
  CHECK(place_of_proof(other, true) == place::nowhere);
  other = quick;
  other.claim.clear();
  CHECK(place_of_proof(other, true) == place::nowhere);
}

TEST_CASE("embed.bound: the product is a little wider than it was proved") {
  parameters<net> p;
  initialise(p, 2);
  const double proved = lipschitz_of(p).value;
  const stated_bound bound = product_bound(p);
  CHECK(bound.value > proved);
  CHECK(bound.value < proved * (1 + 1e-8));
  CHECK(bound.work == proof_work<net>);
  CHECK_THAT(bound.declarations, contains("inline constexpr double lipschitz_factors[4] = {"));
  const auto q = std::make_unique<parameters<with_block>>();
  initialise(*q, 2);
  CHECK(product_bound(*q).claim.empty());
}

TEST_CASE("embed.bound: a witness is written with what it proves") {
  parameters<net> p;
  initialise(p, 2);
  const auto tight = tighten(p);
  const stated_bound bound = witness_bound(p, tight.witness);
  CHECK(bound.value >= tight.value);
  CHECK(bound.value < tight.value * (1 + 1e-3));
  CHECK(bound.value < product_bound(p).value);
  CHECK(bound.formula == tight.formula.view());
  CHECK(bound.work < constant_work);
  CHECK_THAT(bound.declarations, contains("inline constexpr taut::witness<Net> witness = {\n    {taut::tactic::"));

  const header_options options{.name = "tight", .proof = "proof.cpp"};
  const exported_text text = export_text(p, tight.witness, options, "tight.hpp");
  CHECK(text.header == export_text(p, tighten(p).witness, options, "tight.hpp").header);
  CHECK(text.header.find("static_assert(taut::verify") == std::string::npos);
  CHECK_THAT(text.proof, contains("static_assert(taut::verify(tight::parameters, tight::witness).value <= "
                                  "tight::lipschitz);\n"));

  witness<net> false_claim = tight.witness;
  false_claim.tactics[0] = tactic::semidefinite, false_claim.claims[0] = tight.value / 2;
  CHECK_FALSE(rounded::is_finite(witness_bound(p, false_claim).value));

  const auto q = std::make_unique<parameters<with_block>>();
  initialise(*q, 2);
  CHECK(witness_bound(*q, tighten(*q).witness).work == infinite_work);
}

TEST_CASE("embed.bound: the example of the page on proofs") {
  const auto folder =
      std::filesystem::temp_directory_path() / ("taut_proofs_" + std::to_string(std::random_device{}()));
  std::filesystem::create_directories(folder);
  parameters<net> p;
  initialise(p, 2);
  const auto tight = tighten(p);  // { value, formula, method, witness }
  write_header(p, folder / "net.hpp");
  write_header(p, tight.witness, folder / "tight.hpp", {.proof = folder / "tight_proof.cpp"});
  CHECK(std::filesystem::exists(folder / "net.hpp"));
  CHECK(std::filesystem::exists(folder / "tight.hpp"));
  CHECK(std::filesystem::exists(folder / "tight_proof.cpp"));
  std::filesystem::remove_all(folder);
}

}  // namespace
