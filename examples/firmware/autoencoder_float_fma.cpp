// SPDX-License-Identifier: Apache-2.0
// MLPerf Tiny's autoencoder in float with fused multiply-adds.
#include "autoencoder_fused.hpp"
#include "program.hpp"

extern "C" int bare() { return firmware::bare<autoencoder_fused::engine>(); }
extern "C" int report() {
  return firmware::report<autoencoder_fused::engine>(autoencoder_fused::test_inputs, autoencoder_fused::test_outputs);
}
