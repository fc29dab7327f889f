// SPDX-License-Identifier: Apache-2.0
// Handwritten digits in float with fused multiply-adds.
#include "digits_fused.hpp"
#include "program.hpp"

extern "C" int bare() { return firmware::bare<digits_fused::engine>(); }
extern "C" int report() {
  const int status = firmware::report<digits_fused::engine>(digits_fused::test_inputs, digits_fused::test_outputs);
  firmware::print_certificate<digits_fused::engine, digits_fused::guard>(digits_fused::test_inputs[0]);
  return status;
}
