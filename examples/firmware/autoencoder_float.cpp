// SPDX-License-Identifier: Apache-2.0
// MLPerf Tiny's autoencoder in float, the same bits on every processor.
#include "autoencoder.hpp"
#include "program.hpp"

extern "C" int bare() { return firmware::bare<autoencoder::engine>(); }
extern "C" int report() {
  return firmware::report<autoencoder::engine>(autoencoder::test_inputs, autoencoder::test_outputs);
}
