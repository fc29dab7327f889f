// SPDX-License-Identifier: Apache-2.0
#include <taut/layers/linear.hpp>
#include <taut/layers/tanh.hpp>
#include <taut/net/compose.hpp>
#include <taut/train/fit.hpp>
#include <taut/train/margin_loss.hpp>
#include <taut/train/objective.hpp>

#include "support/catch.hpp"
#include "train/support.hpp"

using namespace taut;

namespace {

struct small : decltype(Input<2> >> Linear<4> >> Tanh >> Linear<2>) {};

// Squared distance of the outputs to 1 at the label and 0 elsewhere, and a penalty of the activations behind Tanh:
// what a loss of one's own can do. It writes down in which order it is called.
struct squares {
  double penalty = 0;
  std::vector<std::string>* calls = nullptr;

  template <Network Net, class Batch, simd::lane V> struct in {
    double penalty;
    std::vector<std::string>* calls;
    in(const squares& objective, const parameters<Net>&) : penalty(objective.penalty), calls(objective.calls) {
      note("make");
    }
    void note(const char* what) const {
      if (calls != nullptr) calls->push_back(what);
    }
    void prepare(const parameters<Net>&, double progress) { note(progress < 0.5 ? "early" : "late"); }
    tally loss(tape<Net, Batch, V>& record, std::size_t group, std::span<const std::size_t> labels, double share) {
      note("loss");
      tally sums;
      for (std::size_t i = 0; i < Net::output_size; ++i) {
        float lanes[simd::width<V>], slopes[simd::width<V>]{};
        simd::store(record.output(group)[i], lanes);
        for (std::size_t s = 0; s < labels.size(); ++s) {
          const float miss = lanes[s] - (labels[s] == i ? 1.0f : 0.0f);
          sums.loss += static_cast<double>(miss * miss);
          slopes[s] = static_cast<float>(2 * share) * miss;
        }
        record.output_gradient(group)[i] = simd::load<V>(slopes);
      }
      return sums;
    }
    void backward(tape<Net, Batch, V>& record, const parameters<Net>& p, parameters<Net>& dp) {
      note("backward");
      record.backward(p, dp, [&]<std::size_t I>(V* dx) {
        if constexpr (I == 2)
          for (std::size_t g = 0; g < record.groups; ++g)
            for (std::size_t i = 0; i < 4; ++i)
              dx[g * 4 + i] = dx[g * 4 + i] + simd::number<V>(penalty) * record.input(I, g)[i];
      });
    }
  };
};

dataset two_sides(std::size_t count) {
  base::random_stream random(1);
  std::vector<double> rows;
  for (std::size_t i = 0; i < count; ++i) {
    const double x = random.uniform(-1, 1);
    for (const double value : {x, random.uniform(-1, 1), x > 0 ? 1.0 : 0.0}) rows.push_back(value);
  }
  return labelled_rows(rows, 3);
}

std::vector<float> trained(const fit_options& options, const auto&... aim) {
  parameters<small> p;
  initialise(p, 1);
  fit(p, two_sides(32), batch<16>{}, options, sgd{}, aim...);
  std::vector<float> list;
  for (const float* value : tests::elements(p)) list.push_back(*value);
  return list;
}

}  // namespace

static_assert(Objective<cross_entropy, small, batch<16>> && Objective<squares, small, batch<16>>);
static_assert(Objective<margin_loss, small, batch<16>>);
static_assert(!Objective<sgd, small, batch<16>>);

TEST_CASE("train.objective: cross-entropy is what is trained unless told otherwise") {
  const fit_options options{.epochs = 3, .seed = 2};
  CHECK(trained(options) == trained(options, cross_entropy{}));
  CHECK(trained(options) != trained(options, squares{}));
}

TEST_CASE("train.objective: one of one's own is prepared, asked for each group of samples, then goes backward") {
  std::vector<std::string> calls;
  trained({.epochs = 1, .seed = 2}, squares{.calls = &calls});
  std::vector<std::string> expected{"make"};
  for (const char* progress : {"early", "late"}) {
    expected.push_back(progress);
    for (std::size_t g = 0; g < groups_of<batch<16>, simd::native>; ++g) expected.push_back("loss");
    expected.push_back("backward");
  }
  CHECK(calls == expected);
}

TEST_CASE("train.objective: it may add to the gradient of activations inside") {
  // A penalty of what Linear takes shrinks what feeds it.
  const auto size = [](const std::vector<float>& values) {
    double sum = 0;
    for (std::size_t i = 0; i < 12; ++i) sum += static_cast<double>(values[i] * values[i]);  // layer 0
    return sum;
  };
  const fit_options options{.epochs = 30, .learning_rate = 0.02, .seed = 2};
  CHECK(size(trained(options, squares{.penalty = 1})) < 0.5 * size(trained(options, squares{})));
}

TEST_CASE("train.objective: augmentation changes what is trained on, and nothing else that is drawn") {
  const fit_options plain{.epochs = 3, .seed = 2};
  fit_options same = plain, turned = plain;
  std::size_t calls = 0;
  same.augment = [&](std::span<const float> sample, std::span<float> into, base::random_stream& random) {
    std::ranges::copy(sample, into.begin());
    random.next();
    ++calls;
  };
  turned.augment = [](std::span<const float> sample, std::span<float> into, base::random_stream& random) {
    const float sign = random.below(2) == 0 ? 1.0f : -1.0f;
    for (std::size_t i = 0; i < sample.size(); ++i) into[i] = sign * sample[i];
  };
  CHECK(trained(plain) == trained(same));
  CHECK(calls == 3 * 32);
  CHECK(trained(plain) != trained(turned));
  CHECK(trained(turned) == trained(turned));
}
