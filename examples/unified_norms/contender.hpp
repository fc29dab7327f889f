// SPDX-License-Identifier: Apache-2.0
// What the parts of the experiment unified_norms say to each other: networks as functions from a recipe to what its
// training gave. Behind these functions each network is a type of its own, compiled in mlp.cpp or images.cpp; what is
// measured of trained networks in examine.cpp.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <taut/train/dataset.hpp>
#include <vector>

namespace unified {

/// One training: gradient descent with momentum 0.9 and no weight decay.
struct recipe {
  double rate = 0.1;
  std::size_t epochs = 10;
  std::uint64_t seed = 1;
  double weight_scale = 1;                                    ///< of the initial weights
  double warm_up = 0;                                         ///< share of training in which the rate rises
  double max_norm = std::numeric_limits<double>::infinity();  ///< of the gradient: larger ones are clipped
  bool constant_rate = false;                                 ///< otherwise the cosine
  bool every_epoch = false;                                   ///< a moment each, not only the last
};

/// After an epoch.
struct moment {
  double train_loss = 0, test_accuracy = 0;
  double weight_length = 0;    ///< of all weights but the last layer's
  double fixed_ratio = 1;      ///< batch norm's product of gain / std
  std::vector<float> weights;  ///< of the network at inference, tensor behind tensor: for examine
};

/// The moment behind the last epoch, or one for each; none if the loss became infinite.
struct outcome {
  std::vector<moment> moments;
  [[nodiscard]] bool diverged() const { return moments.empty(); }
  [[nodiscard]] double accuracy() const { return diverged() ? 0 : moments.back().test_accuracy; }
  [[nodiscard]] double train_loss() const {
    return diverged() ? std::numeric_limits<double>::infinity() : moments.back().train_loss;
  }
};

/// What a network is at inference: batch norm and normalized weights are folded.
enum class form { plain, layer_norm, group_norm, rms_norm };

/// A network and the size of its batches.
struct contender {
  std::string norm;
  std::size_t batch = 64;
  form at_inference = form::plain;
  std::function<outcome(const recipe&, const taut::dataset& train, const taut::dataset& test)> train;
};

/// 64-32-32-10 with ReLU, normalized eight ways, in batches of 64; none, BN, LN and GN also in other batches.
std::vector<contender> perceptrons();
std::vector<contender> perceptrons_in_batches();
/// Two convolutions and a linear layer on 3 x 8 x 8 images, normalized nine ways.
std::vector<contender> image_networks();

/// What was found of a trained perceptron.
struct examined {
  std::vector<double> certified, attacked;  ///< accuracy for each radius
  bool consistent = true;                   ///< no sample was certified and attacked with success
  double slope = 0;                         ///< geometric mean of |d margin / d x| over the samples
  double ratio = 1;                         ///< that of the normalizers' gain / std
  double correlation = 0;                   ///< of the logarithms of both over the samples; 0 without normalizers
};
/// Slopes and ratios; for each radius, too, what is certified and what an attack leaves.
examined examine(form f, const std::vector<float>& weights, const taut::dataset& test, const std::vector<double>& radii,
                 std::size_t attack_steps);

/// Points of R^3 under LN and RMS norm, of R^6 under GN<2>: x behind each other, y likewise.
std::vector<double> projected(form f, const std::vector<double>& points);

}  // namespace unified
