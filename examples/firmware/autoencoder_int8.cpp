// SPDX-License-Identifier: Apache-2.0
// MLPerf Tiny's autoencoder in bytes, the same bits on every processor.
#include "autoencoder_int8.hpp"

#include "program.hpp"

extern "C" int bare() { return firmware::bare<autoencoder_int8::engine>(); }
extern "C" int report() {
  return firmware::report<autoencoder_int8::engine>(autoencoder_int8::test_inputs, autoencoder_int8::test_outputs);
}
