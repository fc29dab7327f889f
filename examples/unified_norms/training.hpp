// SPDX-License-Identifier: Apache-2.0
// A contender from the type of a network. `Form` is what it is at inference.
#pragma once
#include <memory>
#include <taut/theory/inference_form.hpp>
#include <taut/theory/learning_rate.hpp>
#include <taut/theory/local_slope.hpp>
#include <taut/theory/weight_length.hpp>
#include <taut/train/clipped.hpp>
#include <taut/train/fit.hpp>

#include "contender.hpp"

namespace unified {

/// Trains by a recipe.
template <class Net, class Form, std::size_t Batch>
outcome trained(const recipe& how, const taut::dataset& train, const taut::dataset& test) {
  const auto p = std::make_unique<taut::parameters<Net>>();
  taut::initialise(*p, how.seed);
  taut::scale_weights(*p, how.weight_scale);
  outcome found;
  const auto note = [&](const taut::epoch_report& report) {
    if (!how.every_epoch && report.epoch < report.epochs) return;
    const auto q = taut::inference_form<Form>(*p);  // folded once, not for each group of samples
    moment now;
    now.train_loss = report.train.loss, now.test_accuracy = taut::accuracy(q, test);
    now.weight_length = taut::weight_length(*p, Net::depth - 1), now.fixed_ratio = taut::fixed_ratio(*p);
    taut::for_each_tensor(q, [&](auto, auto, auto values) {
      for (const auto v : values) now.weights.push_back(static_cast<float>(v));
    });
    found.moments.push_back(std::move(now));
  };
  taut::rate_schedule schedule = how.constant_rate ? taut::constant_rate : taut::cosine_rate;
  if (how.warm_up > 0) schedule = taut::warm_up(how.warm_up, schedule);
  try {
    taut::fit(
        *p, train, taut::batch<Batch>{},
        {.epochs = how.epochs, .learning_rate = how.rate, .schedule = schedule, .seed = how.seed, .on_epoch = note},
        taut::clipped(taut::sgd{.momentum = 0.9}, how.max_norm));
  } catch (const std::runtime_error&) {  // the loss is not finite
    found.moments.clear();
  }
  return found;
}

/// A contender.
template <class Net, class Form, std::size_t Batch> contender made(std::string norm, form at_inference = form::plain) {
  return {std::move(norm), Batch, at_inference, trained<Net, Form, Batch>};
}

}  // namespace unified
