// SPDX-License-Identifier: Apache-2.0
// Training: epochs of shuffled mini-batches, projection onto what the type declares after every step, and a proving
// projection at the end. Minimised is the softmax cross-entropy, or another objective (train/objective.hpp).
//
//   initialise(p, 7);                                                    // or initialise_orthogonal(p, 7)
//   fit(p, train, batch<32>{}, {.epochs = 60, .learning_rate = 0.05, .schedule = cosine_rate, .seed = 7});
//   fit(p, train, batch<32>{}, {.epochs = 60, .learning_rate = 1e-3}, adamw{});           // train/adamw.hpp
//
// The size of the batch is a type: a layer that needs more samples (smallest_batch) does not compile with it.
// A function of its arguments alone: the same program gives the same bits again.
#pragma once
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <numeric>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <taut/train/augment.hpp>
#include <taut/train/dataset.hpp>
#include <taut/train/objective.hpp>
#include <taut/train/optimizer.hpp>
#include <taut/train/project.hpp>
#include <taut/train/schedule.hpp>
#include <taut/train/score.hpp>
#include <taut/train/tape.hpp>
#include <vector>

namespace taut {

/// What one epoch gave.
struct epoch_report {
  std::size_t epoch = 0;      ///< counted from 1
  std::size_t epochs = 0;     ///< how many there will be
  score train;                ///< over the mini-batches, each before its step
  std::optional<score> test;  ///< after the epoch, in inference mode, if there is test data
  bool operator==(const epoch_report&) const = default;
};

/// One report an epoch.
using history = std::vector<epoch_report>;

/// How to train.
struct fit_options {
  std::size_t epochs = 30;
  double learning_rate = 0.05;
  double momentum = 0.9;                   ///< of sgd; an optimizer of one's own has its own numbers
  double weight_decay = 0;                 ///< the same
  rate_schedule schedule = constant_rate;  ///< the factor of the learning rate
  std::uint64_t seed = 0;                  ///< of the order of samples and of layers that draw at random
  std::function<void(const epoch_report&)> on_epoch = {};  ///< called after each epoch: see train/progress.hpp
  const dataset* test = nullptr;                           ///< scored after each epoch, never trained on
  augmentation augment = {};  ///< what is trained on instead of a sample, drawn anew each time: train/augment.hpp
};

namespace base {

/// Fills a batch with augmented samples, from a stream of its own.
struct augmented_batch {
  const augmentation& change;
  base::random_stream random;
  std::size_t features;
  std::vector<float> held;

  augmented_batch(const fit_options& options, std::size_t samples, std::size_t width)
      : change(options.augment), random(~options.seed), features(width), held(change ? samples * width : 0) {}
  /// What is trained on as sample s of the batch.
  const float* operator()(std::span<const float> sample, std::size_t s) {
    if (!change) return sample.data();
    const std::span<float> into(held.data() + s * features, features);
    change(sample, into, random);
    return into.data();
  }
};

template <Network Net, std::size_t N, Optimizer O, Objective<Net, batch<N>> Aim>
history train(parameters<Net>& p, const dataset& data, const fit_options& options, O& optimizer, const Aim& aim) {
  using V = simd::native;
  base::check_data<Net>(data);
  if (options.test != nullptr) base::check_data<Net>(*options.test);
  if (data.size() < N)
    throw std::invalid_argument("a batch has " + std::to_string(N) + " samples, but the data only " +
                                std::to_string(data.size()));
  if (!(options.learning_rate > 0) || !std::isfinite(options.learning_rate))
    throw std::invalid_argument("the learning rate must be positive and finite");

  tape<Net, batch<N>, V> record;
  const auto dp = std::make_unique<parameters<Net>>();
  const tensor_list values = trainable(p), gradients = trainable(*dp);
  projector keep_claims;
  keep_claims(p);
  typename Aim::template in<Net, batch<N>, V> objective(aim, p);
  augmented_batch draw(options, N, Net::input_size);
  base::random_stream random(options.seed);
  std::vector<std::size_t> order(data.size()), labels(N);
  std::vector<const float*> rows(N);
  std::iota(order.begin(), order.end(), std::size_t{0});
  const std::size_t batches = data.size() / N;
  const double steps = static_cast<double>(batches * options.epochs);
  history reports;

  for (std::size_t epoch = 0; epoch < options.epochs; ++epoch) {
    random.shuffle(order.begin(), order.end());
    tally sums;
    for (std::size_t b = 0; b < batches; ++b) {
      const auto sample = [&](std::size_t s) { return order[b * N + s]; };
      for (std::size_t s = 0; s < N; ++s) rows[s] = draw(data.input(sample(s)), s), labels[s] = data.labels[sample(s)];
      record.load([&](std::size_t s) { return rows[s]; });
      const double progress = (static_cast<double>(epoch * batches + b) + 0.5) / steps;
      objective.prepare(p, progress);
      record.forward(p, random.next());
      for (std::size_t g = 0; g < record.groups; ++g)
        sums += objective.loss(record, g, std::span(labels).subspan(g * record.width, samples_in_group<batch<N>, V>(g)),
                               1.0 / static_cast<double>(N));
      objective.backward(record, p, *dp);
      optimizer.step(values, gradients, options.learning_rate * options.schedule(progress));
      keep_claims(p);
    }
    reports.push_back({epoch + 1, options.epochs, base::mean_of(sums, batches * N), {}});
    if (!std::isfinite(sums.loss))
      throw std::runtime_error("the loss is not finite in epoch " + std::to_string(epoch + 1) +
                               ": try a smaller learning rate");
    if (options.test != nullptr) reports.back().test = score_of(p, *options.test);
    if (options.on_epoch) options.on_epoch(reports.back());
  }
  for_each_tensor(p, [](std::string_view name, auto, auto tensor) {  // the last step is in no loss
    for (const auto value : tensor)
      if (!rounded::is_finite(static_cast<double>(value)))
        throw std::runtime_error(std::string(name) + " is not finite: try a smaller learning rate");
  });
  project(p);
  return reports;
}

}  // namespace base

/// Trains p with an optimizer and an objective of one's own. Each epoch is one pass over the shuffled samples in full
/// batches; the rest that fills no batch is left out (another rest each epoch). @post project(p) changes nothing.
/// @throws std::invalid_argument if the data or the options make no sense, std::runtime_error if the loss is not
/// finite, or what was trained is not.
template <Network Net, std::size_t N, Optimizer O, class Aim = cross_entropy>
history fit(parameters<Net>& p, const dataset& data, batch<N>, const fit_options& options, O optimizer,
            const Aim& aim = {}) {
  static_cast<void>(base::fitting_batch<Net, batch<N>>{});  // <- read the quoted words
  static_cast<void>(base::fitting_objective<Aim, Net>{});   // <- read the quoted words
  if constexpr (base::is_fitting_batch<Net, batch<N>> && std::same_as<base::fitting_objective<Aim, Net>, bool>)
    return base::train<Net, N>(p, data, options, optimizer, aim);
  else return {};
}

/// Trains p by gradient descent with momentum on the cross-entropy.
template <Network Net, std::size_t N>
history fit(parameters<Net>& p, const dataset& data, batch<N>, const fit_options& options) {
  static_cast<void>(base::fitting_batch<Net, batch<N>>{});  // <- read the quoted words
  sgd descend{.momentum = options.momentum, .weight_decay = options.weight_decay};
  if constexpr (base::is_fitting_batch<Net, batch<N>>)
    return base::train<Net, N>(p, data, options, descend, cross_entropy{});
  else return {};
}

/// Never compiles: the size of a batch is part of a type, so that layers can refuse it.
template <Network Net> history fit(parameters<Net>&, const dataset&, std::size_t, const fit_options&) {
  constexpr auto where = base::phrase_of<base::say(Network<Net> ? "the size of a batch" : "")>();
  constexpr auto wants = base::phrase_of<base::say("is a type: batch<32>{}")>();
  batch_error<where, wants>{};  // <- read the quoted words
  return {};
}

}  // namespace taut
