// SPDX-License-Identifier: Apache-2.0
// The twin of theory/prune.hpp: a pruned network computes what the masked one does.
#include <algorithm>
#include <cmath>
#include <taut/inference.hpp>
#include <taut/theory/prune.hpp>

#include "support/catch.hpp"

namespace {

using namespace taut;

/// Parameters none of which is 0 or 1; variances are positive.
template <class Net> parameters<Net> random_parameters(std::uint64_t seed) {
  parameters<Net> p;
  base::random_stream random(seed);
  for_each_tensor(p, [&](std::string_view name, const shape&, auto values) {
    const bool positive = name.ends_with("running_var");
    for (auto& v : values)
      v = static_cast<std::remove_reference_t<decltype(v)>>(random.uniform(positive ? 0.5 : -1, 1));
  });
  return p;
}
template <class Net> std::array<float, Net::input_size> random_input(std::uint64_t seed) {
  base::random_stream random(seed);
  std::array<float, Net::input_size> x{};
  for (float& v : x) v = static_cast<float>(random.normal());
  return x;
}

/// The largest difference, as a share of the largest output.
double difference(const auto& a, const auto& b) {
  double most = 0, size = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    most = std::max(most, std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
    size = std::max(size, std::abs(static_cast<double>(b[i])));
  }
  return most / size;
}

/// Small is what masked(p) computes, in double.
template <class Small, class Net> void check(const parameters<Net>& p) {
  const kept_channels kept = largest_channels<Small>(p);
  const parameters<Net> mask = masked(p, kept);
  const pruned_network<Net> padded = prune(p, kept);
  const parameters<Small> small = prune<Small>(p);
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const auto x = random_input<Net>(seed);
    const auto wanted = evaluate(mask, x);
    CHECK(difference(evaluate(small, x), wanted) < 3e-7);
    CHECK(difference(evaluate(padded.padded, x), wanted) < 3e-7);
    CHECK(difference(evaluate(p, x), wanted) > 1e-3);  // the mask changes something
  }
}

struct dense : decltype(Input<5> >> Linear<9> >> BN >> ReLU >> Linear<9, 7>(no_bias) >> BN >> ReLU >> Linear<3>) {};
struct dense_small : decltype(Input<5> >> Linear<4> >> BN >> ReLU >> Linear<4, 3>(no_bias) >> BN >> ReLU >> Linear<3>) {
};

TEST_CASE("theory.prune: dense layers, constants in biases and in means") {
  check<dense_small>(random_parameters<dense>(1));
  check<dense_small>(random_parameters<dense>(2));
}

struct image : decltype(Input<2, 6, 6> >> Conv2d<6, 3>(padding<1>) >> BN >> Sigmoid >> MaxPool<2> >> Conv2d<5, 2> >>
                        InstanceNorm >> Tanh >> Flatten >> Linear<3>) {};
struct image_small : decltype(Input<2, 6, 6> >> Conv2d<4, 3>(padding<1>) >> BN >> Sigmoid >> MaxPool<2> >>
                              Conv2d<2, 2> >> InstanceNorm >> Tanh >> Flatten >> Linear<3>) {};

TEST_CASE("theory.prune: convolutions; behind Flatten a channel is a block of columns") {
  check<image_small>(random_parameters<image>(1));
  check<image_small>(random_parameters<image>(2));
}

TEST_CASE("theory.prune: engines agree; without constants a scalar engine gives the same bits") {
  parameters<dense> p = random_parameters<dense>(3);
  const auto largest_difference = [&p] {
    const auto small = compile<float32<simd::scalar>>(prune<dense_small>(p));
    const auto mask = compile<float32<simd::scalar>>(masked(p, largest_channels<dense_small>(p)));
    double most = 0;
    for (std::uint64_t seed = 1; seed <= 9; ++seed) {
      const auto x = random_input<dense>(seed);
      most = std::max(most, difference(small(x), mask(x)));
    }
    return most;
  };
  const double with_constants = largest_difference();
  CHECK((with_constants > 0 && with_constants < 1e-6));
  for (float& offset : get<1>(p).offset) offset = -std::abs(offset);
  for (float& offset : get<4>(p).offset) offset = -std::abs(offset);
  CHECK(largest_difference() == 0);
}

TEST_CASE("theory.prune: removed channels are zeros in padded parameters") {
  parameters<dense> p = random_parameters<dense>(4);
  get<1>(p).batches[0] = 17;
  const auto pruned = prune(p, kept_channels{{1, 2}, {0, 6}});
  CHECK(std::ranges::count(get<0>(pruned.padded).weight, 0.0f) == 7 * 5);
  CHECK(std::ranges::count(get<1>(pruned.padded).gain, 0.0f) == 7);
  CHECK(std::ranges::count(get<3>(pruned.padded).weight, 0.0f) == 9 * 7 - 2 * 2);
  CHECK(std::ranges::count(get<6>(pruned.padded).weight, 0.0f) == 3 * 5);
  CHECK(get<0>(pruned.padded).weight[5] == get<0>(p).weight[5]);
  CHECK(get<1>(pruned.padded).batches[0] == 17);
  CHECK(get<1>(pruned.padded).running_var == get<1>(p).running_var);
  CHECK(pruned.kept == kept_channels{{1, 2}, {0, 6}});
  CHECK(parameter_count(pruned) == (2 * 5 + 2) + 2 * 2 + 2 * 2 + 2 * 2 + (3 * 2 + 3));
}

TEST_CASE("theory.prune: nothing removed is the same network") {
  const parameters<dense> p = random_parameters<dense>(5);
  const parameters<dense> same = prune<dense>(p);
  for_each_tensor(p, [&](std::string_view name, const shape&, auto values) {
    for_each_tensor(same, [&](std::string_view other, const shape&, auto others) {
      if (name == other) CHECK(std::ranges::equal(values, others));
    });
  });
}

TEST_CASE("theory.prune: by a threshold") {
  const parameters<dense> p = random_parameters<dense>(6);
  CHECK(prune(p, 0.5).kept == channels_above(p, 0.5));
  CHECK(prune(p, 2.0).kept[0].size() == 1);
}

TEST_CASE("theory.prune: what cannot be removed or does not fit is refused") {
  struct cut : decltype(Input<2, 4> >> Conv1d<3, 3> >> BN >> ReLU >> Conv1d<2, 3>(padding<1>)) {};
  parameters<cut> p = random_parameters<cut>(1);
  get<1>(p).offset = {1, -1, 1};
  CHECK_NOTHROW(static_cast<void>(prune(p, kept_channels{{0, 2}})));
  CHECK_THROWS_WITH(static_cast<void>(prune(p, kept_channels{{1, 2}})),
                    "channel 0 of layer 1 cannot be removed: layer 3 pads with zeros, where the channel would be "
                    "constant but not zero");
  const auto pruned = prune(random_parameters<dense>(7), kept_channels{{1, 2}, {0, 5, 6}});
  CHECK_THROWS_WITH(static_cast<void>(narrowed<dense_small>(pruned)), "layer 1 keeps 2 channels, but the type has 4");
}

}  // namespace
