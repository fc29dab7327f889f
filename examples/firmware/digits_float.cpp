// SPDX-License-Identifier: Apache-2.0
// Handwritten digits in float, the same bits on every processor.
#include "digits.hpp"
#include "program.hpp"

extern "C" int bare() { return firmware::bare<digits::engine>(); }
extern "C" int report() {
  const int status = firmware::report<digits::engine>(digits::test_inputs, digits::test_outputs);
  firmware::print_certificate<digits::engine, digits::guard>(digits::test_inputs[0]);
  return status;
}
