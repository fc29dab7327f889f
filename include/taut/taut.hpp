// SPDX-License-Identifier: Apache-2.0
// Everything for hosts: inference and certificates, weight files, training, descriptions, header export.
#pragma once
#include <taut/base/macros_aside.hpp>  // first
// clang-format off: what stands alone first, so that a message's path through the headers stays short
#include <taut/inference.hpp>
// clang-format on
#include <taut/certify/barrier.hpp>
#include <taut/certify/capacity.hpp>
#include <taut/certify/generalization.hpp>
#include <taut/certify/lipschitz_bounds.hpp>
#include <taut/certify/sampled.hpp>
#include <taut/certify/tighten.hpp>
#include <taut/embed/assurance.hpp>
#include <taut/embed/bound.hpp>
#include <taut/embed/c_source.hpp>
#include <taut/embed/document.hpp>
#include <taut/embed/export_command.hpp>
#include <taut/embed/from_arrays.hpp>
#include <taut/embed/from_words.hpp>
#include <taut/embed/header.hpp>
#include <taut/embed/literal.hpp>
#include <taut/embed/packed_text.hpp>
#include <taut/embed/pocket_byte_constants.hpp>
#include <taut/embed/pocket_bytes.hpp>
#include <taut/embed/pocket_guard.hpp>
#include <taut/embed/proof.hpp>
#include <taut/embed/quantization_error.hpp>
#include <taut/embed/quantize.hpp>
#include <taut/embed/quantized_header.hpp>
#include <taut/embed/report.hpp>
#include <taut/embed/self_test.hpp>
#include <taut/embed/sha256.hpp>
#include <taut/embed/spelling.hpp>
#include <taut/embed/toolchain.hpp>
#include <taut/engine/budget.hpp>
#include <taut/engine/byte_scale.hpp>
#include <taut/engine/int8.hpp>
#include <taut/engine/quantized.hpp>
#include <taut/net/describe.hpp>
#include <taut/net/diagram.hpp>
#include <taut/net/orthogonal.hpp>
#include <taut/simd/integer.hpp>
#include <taut/simd/integer_matvec.hpp>
#include <taut/theory/attack.hpp>
#include <taut/theory/batch_loss.hpp>
#include <taut/theory/channel_choice.hpp>
#include <taut/theory/channel_gates.hpp>
#include <taut/theory/fold.hpp>
#include <taut/theory/folding.hpp>
#include <taut/theory/grouped_folding.hpp>
#include <taut/theory/grouped_ln_net.hpp>
#include <taut/theory/hessian.hpp>
#include <taut/theory/inference_form.hpp>
#include <taut/theory/input_gradient.hpp>
#include <taut/theory/invariant_elements.hpp>
#include <taut/theory/jacobian.hpp>
#include <taut/theory/jet.hpp>
#include <taut/theory/lanczos.hpp>
#include <taut/theory/landscape.hpp>
#include <taut/theory/learning_rate.hpp>
#include <taut/theory/linear_classifier.hpp>
#include <taut/theory/ln_net.hpp>
#include <taut/theory/local_slope.hpp>
#include <taut/theory/nonlinearity.hpp>
#include <taut/theory/normalized_regression.hpp>
#include <taut/theory/observed_region.hpp>
#include <taut/theory/prune.hpp>
#include <taut/theory/pruned_header.hpp>
#include <taut/theory/separability.hpp>
#include <taut/theory/sharpness.hpp>
#include <taut/theory/slimming.hpp>
#include <taut/theory/sphere_motion.hpp>
#include <taut/theory/symmetric_eigen.hpp>
#include <taut/theory/vectors.hpp>
#include <taut/theory/weight_length.hpp>
// clang-format off
#include <taut/train/array.hpp>
#include <taut/train/dataset.hpp>
#include <taut/train/loss.hpp>
#include <taut/train/schedule.hpp>
#include <taut/train/optimizer.hpp>
#include <taut/train/adamw.hpp>
#include <taut/train/clipped.hpp>
#include <taut/train/watched.hpp>
#include <taut/train/project.hpp>
#include <taut/train/score.hpp>
#include <taut/train/tape.hpp>
#include <taut/train/objective.hpp>
#include <taut/train/augment.hpp>
#include <taut/train/norm_estimate.hpp>
#include <taut/train/margin_loss.hpp>
#include <taut/train/fit.hpp>
#include <taut/train/progress.hpp>
// clang-format on
#include <taut/weights/atomic_file.hpp>
#include <taut/weights/csv.hpp>
#include <taut/weights/error.hpp>
#include <taut/weights/gzip.hpp>
#include <taut/weights/idx.hpp>
#include <taut/weights/load.hpp>
#include <taut/weights/npy.hpp>
#include <taut/weights/safetensors.hpp>
#include <taut/weights/save.hpp>
// clang-format off
#include <taut/base/macros_back.hpp>  // last
// clang-format on
