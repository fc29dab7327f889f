// SPDX-License-Identifier: Apache-2.0
// Handwritten digits in bytes, the same bits on every processor.
#include "digits_int8.hpp"

#include "program.hpp"

extern "C" int bare() { return firmware::bare<digits_int8::engine>(); }
extern "C" int report() {
  const int status = firmware::report<digits_int8::engine>(digits_int8::test_inputs, digits_int8::test_outputs);
  firmware::print_certificate<digits_int8::engine, digits_int8::guard>(digits_int8::test_inputs[0]);
  return status;
}
