// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <taut/certify/certifier.hpp>
#include <taut/layers/group_norm.hpp>
#include <taut/layers/group_sort.hpp>
#include <taut/layers/layer_norm.hpp>
#include <taut/layers/linear.hpp>
#include <taut/layers/tanh.hpp>
#include <taut/net/compose.hpp>
#include <taut/train/adamw.hpp>
#include <taut/train/fit.hpp>
#include <taut/train/margin_loss.hpp>

#include "support/catch.hpp"
#include "train/clusters.hpp"
#include "train/support.hpp"

using namespace taut;
using tests::elements, tests::randomise;

namespace {

constexpr std::size_t samples = 20, epochs = 60;

// Gains that stand alone, runs, gains that act in the last matrix.
struct tabulated : decltype(Input<5> >> Linear<8> >> LN(epsilon<0.5>) >> GroupSort<2> >> Linear<8> >>
                            GN<2>(epsilon<0.1>) >> Tanh >> Linear<6> >> LN(epsilon<0.1>) >> Linear<3>) {};
// The outputs are not those of an affine layer.
struct squashed : decltype(Input<5> >> Linear<6> >> LN(epsilon<0.5>, no_affine) >> Linear<3> >> Tanh) {};
struct planar : decltype(Input<2> >> Linear<16> >> LN(epsilon<1.0>) >> GroupSort<2> >> Linear<2>) {};

using few = batch<samples>;

// One step on fixed samples: loss and gradient after the power iterations have converged.
template <class Net> struct step {
  tape<Net, few> record;
  std::unique_ptr<parameters<Net>> dp = std::make_unique<parameters<Net>>();
  tally sums;
  double loss = 0;

  step(const parameters<Net>& given, const margin_loss& aim, double progress = 0.5) {
    auto p = std::make_unique<parameters<Net>>(given);
    typename margin_loss::in<Net, few, simd::native> state(aim, *p);
    base::random_stream random(3);
    std::vector<float> x(samples * Net::input_size);
    for (float& value : x) value = static_cast<float>(random.uniform(-1, 1));
    record.load([&](std::size_t s) { return x.data() + s * Net::input_size; });
    record.forward(*p);
    std::vector<std::size_t> labels(samples);
    for (std::size_t s = 0; s < samples; ++s) labels[s] = s % Net::output_size;
    for (int round = 0; round < 60; ++round) {
      state.prepare(*p, progress);
      sums = {};
      for (std::size_t g = 0; g < record.groups; ++g)
        sums +=
            state.loss(record, g, std::span(labels).subspan(g * record.width, samples_in_group<few, simd::native>(g)),
                       1.0 / samples);
      state.backward(record, *p, *dp);
    }
    loss = sums.loss / samples;
  }
};

template <class Net> void check_gradient(std::uint64_t seed, const margin_loss& aim) {
  auto p = std::make_unique<parameters<Net>>();
  randomise(*p, seed);
  const step<Net> here(*p, aim);
  base::random_stream random(5);
  std::size_t tensor = 0;
  for_each_tensor(*here.dp, [&](std::string_view name, auto, auto slopes) {
    std::vector<double> direction(slopes.size());
    double along = 0;
    for (std::size_t i = 0; i < slopes.size(); ++i) {
      direction[i] = random.uniform(-1, 1);
      along += direction[i] * static_cast<double>(slopes[i]);
    }
    const auto moved = [&](double length) {
      auto q = std::make_unique<parameters<Net>>(*p);
      std::size_t at = 0;
      for_each_tensor(*q, [&](std::string_view, auto, auto values) {
        if (at++ != tensor) return;
        for (std::size_t i = 0; i < values.size(); ++i) values[i] += static_cast<float>(length * direction[i]);
      });
      return step<Net>(*q, aim).loss;
    };
    const double h = 2e-3;
    INFO(name);
    CHECK((moved(h) - moved(-h)) / (2 * h) == Approx(along).margin(1e-4).epsilon(1e-3));
    ++tensor;
  });
}

using tests::clusters;

template <class Aim> auto trained(const Aim& aim, history* report = nullptr) {
  auto p = std::make_unique<parameters<planar>>();
  initialise(*p, 1);
  const auto h = fit(*p, clusters(200, 1), batch<20>{}, {.epochs = epochs, .learning_rate = 1e-2, .seed = 3},
                     adamw{.weight_decay = 0.1}, aim);
  if (report != nullptr) *report = h;
  return p;
}

std::vector<double> radii(const parameters<planar>& p, const dataset& data) {
  const auto guard = certifier(p);
  std::vector<double> list;
  for (std::size_t i = 0; i < data.size(); ++i) {
    const auto v = certify(guard, data.input(i));
    list.push_back(v.label == data.labels[i] ? v.radius : -1);
  }
  return list;
}
double share_at_least(const std::vector<double>& list, double radius) {
  const auto count = std::ranges::count_if(list, [&](double r) { return r >= radius; });
  return static_cast<double>(count) / static_cast<double>(list.size());
}

}  // namespace

TEST_CASE("train.margin_loss: the gradient goes through norms, stds and distances of rows") {
  check_gradient<tabulated>(1, {.radius = 0.05});
  check_gradient<tabulated>(2, {.radius = 0.02, .local = false});
  check_gradient<squashed>(3, {.radius = 0.2});
}

TEST_CASE("train.margin_loss: without a radius it is the cross-entropy, bit for bit") {
  history one, other;
  const auto p = trained(margin_loss{.radius = 0}, &one), q = trained(cross_entropy{}, &other);
  for (std::size_t e = 0; e < epochs; ++e) CHECK(one[e] == other[e]);
  const auto first = elements(*p), second = elements(*q);
  for (std::size_t i = 0; i < first.size(); ++i) CHECK(*first[i] == *second[i]);
}

TEST_CASE("train.margin_loss: a label survives in training where certify proves that it does") {
  const auto p = trained(margin_loss{.radius = 0.4});
  const dataset data = clusters(samples, 2);
  const std::vector<double> proved = radii(*p, data);
  tape<planar, few> record;
  record.load([&](std::size_t s) { return data.input(s).data(); });
  record.forward(*p);
  for (const double radius : {0.1, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8}) {
    margin_loss::in<planar, few, simd::native> state({.radius = radius}, *p);
    state.prepare(*p, 0.5);
    for (std::size_t g = 0; g < record.groups; ++g)
      for (std::size_t s = 0; s < samples_in_group<few, simd::native>(g); ++s) {
        // one sample at a time: a lane without a label does not count
        const std::size_t sample = g * record.width + s;
        std::vector<std::size_t> labels(s + 1);
        for (std::size_t l = 0; l <= s; ++l) labels[l] = data.labels[g * record.width + l];
        std::size_t right = state.loss(record, g, labels, 1).right;
        labels.pop_back();
        right -= state.loss(record, g, labels, 1).right;
        INFO("radius " << radius << ", sample " << sample << " proved for " << proved[sample]);
        if (proved[sample] >= radius * 1.001) CHECK(right == 1);
        if (proved[sample] <= radius * 0.99) CHECK(right == 0);
      }
  }
}

TEST_CASE("train.margin_loss: training for a radius proves it for far more samples than training for accuracy") {
  const dataset test = clusters(200, 2);
  history h;
  const std::vector<double> aimed = radii(*trained(margin_loss{.radius = 0.4}, &h), test),
                            plain = radii(*trained(cross_entropy{}), test);
  CHECK(share_at_least(plain, 0) == 1);
  CHECK(share_at_least(aimed, 0) == 1);
  CHECK(share_at_least(aimed, 0.4) >= 0.9);
  CHECK(share_at_least(plain, 0.4) <= 0.5);
  // what training reports is the share that survives in the ball, as measured on the training samples
  const double proved = share_at_least(radii(*trained(margin_loss{.radius = 0.4}), clusters(200, 1)), 0.4);
  CHECK(h.back().train.accuracy == Approx(proved).margin(0.03));
}

TEST_CASE("train.margin_loss: the radius may grow, and a larger one never lowers the loss") {
  auto p = std::make_unique<parameters<tabulated>>();
  randomise(*p, 1);
  const auto grow = [](double progress) { return progress * progress; };
  const double half = step<tabulated>(*p, {.radius = 0.4, .growth = grow}, 0.5).loss;
  CHECK(half == Approx(step<tabulated>(*p, {.radius = 0.1}).loss));
  double before = 0;
  for (const double radius : {0.0, 0.1, 0.2, 0.5, 1.0, 2.0, 10.0}) {
    const double loss = step<tabulated>(*p, {.radius = radius}).loss;
    CHECK(loss > before);
    before = loss;
  }
}
