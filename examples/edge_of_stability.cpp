// SPDX-License-Identifier: Apache-2.0
// sharpness that falls after the loss has converged: normalized regression in closed form, and a network on digits
//
//   sh examples/run.sh edge_of_stability --out build/out
//
// Lyu, Li, Arora 2022: with normalization and weight decay, gradient descent ends at the edge of stability, effective
// rate * spherical sharpness = 2, and moves from there to flatter minimisers. docs/sharpness.md says what was found.
#include "edge_of_stability/digits.hpp"
#include "edge_of_stability/regression.hpp"
#include "laboratory/data.hpp"
#include "laboratory/experiment.hpp"

using namespace taut;

namespace {

/// A cross-entropy needs scores of any size: only the first weight is invariant.
struct classifier : decltype(Input<64> >> Linear<32>(no_bias) >> BN(epsilon<edge::nothing>) >> ReLU >> Linear<10>) {};

/// Mini-batches by `fit`: means over the last third of the steps, relative to what equilibrium says.
struct equilibrium {
  double length = 0, angle = 0;
};
equilibrium settle(const dataset_parts& data, std::uint64_t seed, std::size_t epochs) {
  constexpr double rate = 0.1, decay = 0.02;
  parameters<classifier> p;
  initialise(p, seed);
  sphere_recorder recorder(invariant_elements<classifier>(), decay);
  fit(p, data.first, batch<50>{}, {.epochs = epochs, .learning_rate = rate, .seed = seed},
      watched(sgd{.momentum = 0, .weight_decay = decay}, std::ref(recorder)));
  const auto all = std::span(recorder.recorded());
  double length = 0, angle = 0, square = 0;
  const auto last = all.subspan(all.size() - all.size() / 3);
  for (const sphere_motion& m : last) length += m.length, angle += m.angle, square += m.gradient * m.gradient;
  const double count = static_cast<double>(last.size());
  return {length / count / equilibrium_length(rate, decay, square / count),
          angle / count / equilibrium_angle(rate, decay)};
}

}  // namespace

int main(int argc, char** argv) {
  laboratory::experiment e{"edge_of_stability", "Sharpness falls after the loss has converged."};
  std::size_t seeds = 10, steps = 12000, digit_steps = 16000, epochs = 150;
  e.options.add_option("--seeds", seeds, "regressions, of seeds from --seed on")->check(CLI::PositiveNumber);
  e.options.add_option("--steps", steps, "of each regression")->check(CLI::PositiveNumber);
  e.options.add_option("--digit-steps", digit_steps, "of each network on digits")->check(CLI::PositiveNumber);
  e.options.add_option("--epochs", epochs, "of mini-batches")->check(CLI::PositiveNumber);
  return e.main(argc, argv, [&] {
    if (e.quick) seeds = 3, steps = 5000, digit_steps = 240, epochs = 60;
    edge::results all = edge::run_regressions(e, seeds, steps);
    for (const auto& r : edge::run_digits(e, digit_steps)) all.push_back(r);
    const equilibrium settled = settle(split_at(laboratory::digits(), 1400), e.seed, epochs);
    std::printf("mini-batches: |w| and the angle of a step are %.3f and %.3f times what equilibrium says\n",
                settled.length, settled.angle);
    all.push_back({"equilibrium_length", settled.length});
    all.push_back({"equilibrium_angle", settled.angle});
    e.result(all);
  });
}
