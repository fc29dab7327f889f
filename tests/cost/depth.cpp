// SPDX-License-Identifier: Apache-2.0
// (Linear >> LN >> ReLU)^DEPTH with everything a user asks of a model: its bound, its parameters, its engine. Depth 0 is
// what including the library costs.
#include <array>
#include <taut/inference.hpp>

#if DEPTH > 0
#define BLOCK >> taut::Linear<16>(taut::at_most<1.0>) >> taut::LN(taut::no_affine, taut::min_std<1.0>) >> taut::ReLU
#define BLOCKS_2 BLOCK BLOCK
#define BLOCKS_4 BLOCKS_2 BLOCKS_2
#define BLOCKS_8 BLOCKS_4 BLOCKS_4
#define BLOCKS_16 BLOCKS_8 BLOCKS_8
#define BLOCKS_32 BLOCKS_16 BLOCKS_16
#define BLOCKS_64 BLOCKS_32 BLOCKS_32
#define BLOCKS_128 BLOCKS_64 BLOCKS_64
#define BLOCKS_256 BLOCKS_128 BLOCKS_128
#define JOIN(left, right) left##right
#define BLOCKS(depth) JOIN(BLOCKS_, depth)

struct Net : decltype(taut::Input<16> BLOCKS(DEPTH)) {};

static_assert(taut::lipschitz<Net> > 0);
static_assert(Net::parameter_count == DEPTH * (16 * 16 + 16));

std::array<float, 16> infer(const taut::parameters<Net>& parameters, const std::array<float, 16>& input) {
  auto engine = taut::compile(parameters);
  return engine(input);
}
#endif
