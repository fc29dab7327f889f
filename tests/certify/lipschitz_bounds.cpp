// SPDX-License-Identifier: Apache-2.0
// The table of all methods, and what it shows of networks that others trained.
#include <cstring>
#include <taut/certify/lipschitz_bounds.hpp>
#include <taut/inference.hpp>
#include <taut/weights/load.hpp>

#include "laws/support.hpp"
#include "support/catch.hpp"

namespace {

using namespace taut;
using namespace taut::tests;

struct small : decltype(Input<2, 6> >> Conv1d<4, 3> >> ReLU >> MaxPool<2> >> Flatten >>
                        Residual(Linear<8> >> LN(min_std<0.5>) >> ReLU) >> Linear<3>) {};
// 0.125: every one of the 360 test samples has a larger std
struct digits_ln : decltype(Input<64> >> Linear<32> >> LN(min_std<0.125>) >> ReLU >> Linear<10>) {};

const std::filesystem::path folder = TAUT_TEST_DATA "/torch";

}  // namespace

TEST_CASE("certify.lipschitz_bounds: rows are named and ordered, the best is verified") {
  const auto p = random_parameters<small>(4);
  const auto table = lipschitz_bounds(p, {.random_starts = 4, .steps = 30});
  CHECK(table.rows[0].name == "naive");
  CHECK(table.value("product") <= table.value("naive") * (1 + 1e-5));
  CHECK(table.value("product") == Approx(lipschitz_of(p).value).epsilon(1e-5));
  CHECK(table.value("rescaled") <= table.value("product"));
  CHECK(table.value("no such method") == rounded::infinity);
  CHECK(table.best.value <= table.value("semidefinite") * (1 + 1e-9));
  CHECK(table.sampled.value <= table.best.value);
  CHECK(table.sampled.value > 0);
}

TEST_CASE("certify.lipschitz_bounds: trained digits_ln is bounded within 1.5 times what is reached") {
  const auto p = load_safetensors<digits_ln>(folder / "digits_ln.safetensors");
  const auto vectors = safetensors_file::read(folder / "digits_ln.vectors.safetensors");
  std::vector<float> inputs(360 * 64);
  REQUIRE(vectors.find("input")->bytes.size() == inputs.size() * sizeof(float));
  std::memcpy(inputs.data(), vectors.find("input")->bytes.data(), inputs.size() * sizeof(float));
  certificates::slopes_of_network<digits_ln, float> net(p);
  for (std::size_t i = 0; i < 360; ++i) {
    net.forward({&inputs[i * 64], &inputs[i * 64] + 64});
    net.broken_floors(0, [](double, double, const auto&) { FAIL_CHECK("the floor is broken"); });
  }

  const auto table = lipschitz_bounds(p, {.starts = std::span(inputs).first(4 * 64), .random_starts = 8, .steps = 80});
  INFO("naive " << table.value("naive") << ", product " << table.value("product") << ", rescaled "
                << table.value("rescaled") << ", proved " << table.best.value << ", sampled " << table.sampled.value);
  CHECK(table.best.method == "semidefinite");
  CHECK(table.best.value <= 1.5 * table.sampled.value);
  CHECK(table.sampled.value <= table.best.value);
  CHECK(table.best.value * 1.4 <= table.value("naive"));
  CHECK(verify(p, table.best.witness).value == table.best.value);

  auto claimed_less = table.best.witness;
  claimed_less.claims[0] *= 1 - 2e-5;
  CHECK_FALSE(rounded::is_finite(verify(p, claimed_less).value));
}
