// SPDX-License-Identifier: Apache-2.0
// Everything that firmware needs to run a trained network, floors 0 to 5, bytes, and what reads exported weights: a
// program made with it needs no heap, exceptions, RTTI, files, static construction and no library but the compiler's own.
//
//   static constexpr auto engine = taut::compile<taut::float32<taut::simd::scalar>>(digits::parameters);   // in flash
//
// Lanes: simd::scalar computes the same bits on every processor, simd::fused_scalar contracts where its processor can.
// What belongs to a program for a Cortex-M: docs/firmware.md.
#pragma once
#include <taut/base/macros_aside.hpp>  // first
// clang-format off
#include <taut/base/text.hpp>
#include <taut/base/version.hpp>
#include <taut/base/error.hpp>
#include <taut/base/buffer.hpp>
#include <taut/base/meta.hpp>
#include <taut/base/random.hpp>
#include <taut/base/repetition.hpp>
#include <taut/base/rounding.hpp>

#include <taut/algebra/shape.hpp>
#include <taut/algebra/expression.hpp>
#include <taut/algebra/bound.hpp>

#include <taut/simd/fused_sum.hpp>
#include <taut/simd/soft_root.hpp>
#include <taut/simd/portable.hpp>
#include <taut/simd/lane.hpp>
#include <taut/simd/math.hpp>
#include <taut/simd/logarithm.hpp>
#include <taut/simd/error_function.hpp>
#include <taut/simd/piece.hpp>
#include <taut/simd/scalar_matvec.hpp>
#include <taut/simd/matvec.hpp>
#include <taut/simd/integer.hpp>
#include <taut/simd/integer_matvec.hpp>
#include <taut/simd/batch_product.hpp>
#include <taut/simd/transpose.hpp>
#include <taut/simd/planes.hpp>
#include <taut/simd/pivoted_sums.hpp>
#include <taut/simd/convolution.hpp>
#include <taut/simd/batch_convolution.hpp>

#include <taut/net/layer.hpp>
#include <taut/net/sector.hpp>
#include <taut/net/option.hpp>
#include <taut/net/input.hpp>
#include <taut/net/compose.hpp>
#include <taut/net/flat.hpp>
#include <taut/net/parameters.hpp>
#include <taut/net/network.hpp>
#include <taut/net/normalizer.hpp>
#include <taut/net/normalization.hpp>
#include <taut/net/folded.hpp>
#include <taut/net/evaluate.hpp>
#include <taut/net/lipschitz.hpp>
#include <taut/net/budget.hpp>
#include <taut/net/mode.hpp>
#include <taut/net/window.hpp>
#include <taut/net/pool.hpp>
#include <taut/net/sweep.hpp>
#include <taut/net/softmax.hpp>
#include <taut/net/block.hpp>
#include <taut/net/outline.hpp>
#include <taut/net/contract.hpp>
#include <taut/net/advice.hpp>
#include <taut/net/scale_invariance.hpp>
#include <taut/net/parametrization.hpp>
#include <taut/net/row_projection.hpp>
#include <taut/net/convolution.hpp>

#include <taut/layers/linear.hpp>
#include <taut/layers/conv1d.hpp>
#include <taut/layers/conv2d.hpp>
#include <taut/layers/layer_norm.hpp>
#include <taut/layers/rms_norm.hpp>
#include <taut/layers/group_norm.hpp>
#include <taut/layers/instance_norm.hpp>
#include <taut/layers/batch_norm.hpp>
#include <taut/layers/weight_norm.hpp>
#include <taut/layers/centered_weight_norm.hpp>
#include <taut/layers/spectral_norm.hpp>
#include <taut/layers/max_pool.hpp>
#include <taut/layers/avg_pool.hpp>
#include <taut/layers/global_avg_pool.hpp>
#include <taut/layers/flatten.hpp>
#include <taut/layers/dropout.hpp>
#include <taut/layers/softmax.hpp>
#include <taut/layers/log_softmax.hpp>
#include <taut/layers/group_sort.hpp>
#include <taut/layers/residual.hpp>
#include <taut/layers/concat.hpp>
#include <taut/layers/relu.hpp>
#include <taut/layers/tanh.hpp>
#include <taut/layers/leaky_relu.hpp>
#include <taut/layers/elu.hpp>
#include <taut/layers/sigmoid.hpp>
#include <taut/layers/gelu.hpp>
#include <taut/layers/gelu_tanh.hpp>
#include <taut/layers/silu.hpp>
#include <taut/layers/softplus.hpp>
#include <taut/layers/softsign.hpp>
#include <taut/layers/mish.hpp>

#include <taut/engine/plan.hpp>
#include <taut/engine/stage.hpp>
#include <taut/engine/scale.hpp>
#include <taut/engine/sphere.hpp>
#include <taut/engine/dense.hpp>
#include <taut/engine/convolve.hpp>
#include <taut/engine/single.hpp>
#include <taut/engine/batch_stage.hpp>
#include <taut/engine/batch.hpp>
#include <taut/engine/run.hpp>
#include <taut/engine/engine.hpp>
#include <taut/engine/rounding_model.hpp>
#include <taut/engine/quantized.hpp>
#include <taut/engine/byte_scale.hpp>
#include <taut/engine/int8.hpp>
#include <taut/engine/budget.hpp>

#include <taut/embed/from_arrays.hpp>
#include <taut/embed/from_words.hpp>
#include <taut/embed/self_test.hpp>
// clang-format on
#include <taut/base/macros_back.hpp>  // last
