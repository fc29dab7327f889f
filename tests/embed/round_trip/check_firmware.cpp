// SPDX-License-Identifier: Apache-2.0
// Reads back what generate.cpp wrote for firmware: engines give the outputs of their headers bit for bit, and guards
// certify what guards certify that are made here.
#include <cstdio>
#include <memory>
#include <taut/embed/pocket_byte_constants.hpp>

#include "networks.hpp"
// what firmware includes
#include "bytes.hpp"
#include "packed.hpp"

static_assert(std::is_same_v<packed::Net::normal_form, round_trip::large::normal_form>);
static_assert(std::is_same_v<bytes::Net::normal_form, round_trip::digits::normal_form>);
// An inference at compile time, and a certificate.
static_assert(bytes::engine(bytes::test_inputs[1]) == std::to_array(bytes::test_outputs[1]));
static_assert(certify(bytes::guard, bytes::engine, bytes::test_inputs[0]).output[3] == bytes::test_outputs[0][3]);

int firmware_faults() {
  int faults = 0;
  const auto expect = [&faults](bool holds, const char* what) {
    if (!holds) std::printf("not so: %s\n", what);
    if (!holds) ++faults;
  };
  const auto same = [](const auto& a, const auto& b) {
    return a.output == b.output && a.label == b.label && a.radius == b.radius && a.contract_holds == b.contract_holds;
  };
  expect(packed::self_test(), "packed gives the outputs of its header bit for bit");
  expect(bytes::self_test(), "bytes gives the outputs of its header bit for bit");

  const auto large = std::make_unique<taut::parameters<round_trip::large>>();
  fill(*large);
  using engine = taut::engine<round_trip::large, taut::float32<taut::simd::scalar>>;
  const auto run = std::make_unique<engine>();
  compile(*large, *run);
  const auto of_large = certify(packed::guard, packed::engine, packed::test_inputs[0]);
  expect(same(of_large, certify(taut::pocket_guard(*large, round_trip::range), *run, packed::test_inputs[0])),
         "packed certifies what its parameters do");
  expect(of_large.radius > 0, "packed certifies something");

  taut::parameters<round_trip::digits> digits;
  fill(digits);
  const auto q = quantize(digits, round_trip::inputs<round_trip::digits>(20));
  const auto of_bytes = certify(bytes::guard, bytes::engine, bytes::test_inputs[1]);
  expect(same(of_bytes, certify(pocket_guard(certifier(digits, q)), compile(q), bytes::test_inputs[1])),
         "bytes certifies what its parameters do");
  return faults;
}
