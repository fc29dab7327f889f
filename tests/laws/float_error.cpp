// SPDX-License-Identifier: Apache-2.0
// The a-priori bound of rounding against engines: no output of a float engine is farther from the network in double,
// for weights and inputs of many kinds, in native and in single lanes; and the bound is no wild guess.
#include <cstdio>

#include "laws/support.hpp"
#include "support/catch.hpp"

namespace {

using namespace taut;
using namespace taut::tests;

struct plain_net : decltype(Input<19> >> Linear<13> >> ReLU >> Linear<7>) {};
struct normalized_net : decltype(Input<64> >> Linear<32> >> LN >> ReLU >> Linear<32> >> LN >> GELU >> Linear<10>) {};
struct groups_net : decltype(Input<30> >> LN >> Linear<24> >> BN >> GN<4> >> LeakyReLU<0.2> >> Linear<8> >> Softmax) {};
struct roots_net : decltype(Input<12> >> BN >> RMSNorm >> Linear<20> >> RMSNorm >> Linear<16> >> GroupSort<2> >> BN >>
                            Linear<5> >> LogSoftmax) {};
struct square_net : decltype(Input<6> >> Linear<4> >> LN >> Linear<4> >> LN) {};
struct squares_net : decltype(Input<6> >> Linear<8> >> LN >> Linear<16> >> LN >> ReLU >> Linear<9> >> RMSNorm >>
                              LeakyReLU<0.5> >> Linear<7>(no_bias) >> LN >> Tanh >> Linear<4>) {};
struct windows_net : decltype(Input<2, 7, 7> >> Conv2d<6, 3>(padding<1>) >> GN<3> >> SiLU >> MaxPool<2> >>
                              Conv2d<4, 2> >> BN >> InstanceNorm >> AvgPool<2> >> Flatten >> Linear<4>) {};
struct channels_net
    : decltype(Input<2, 6, 6> >> Conv2d<2, 3>(padding<1>, groups<2>) >> InstanceNorm >> ReLU >> Flatten >> Linear<4>) {
};
struct blocks_net : decltype(Input<16> >> Residual(Linear<16> >> LN(epsilon<0.1>) >> Tanh >> Linear<16>) >>
                             Concat(Softsign, Linear<8> >> ELU) >> LN >> Linear<6> >> Mish) {};
struct parametrized_net : decltype(Input<16> >> WeightNorm(Linear<24>) >> RMSNorm(no_affine) >> Linear<12> >> Sigmoid >>
                                   SpectralNorm<2.0>(Linear<9>) >> Softplus >> Linear<4> >> GELUTanh) {};

// Networks whose batches are attacked, too: they have kernels of their own.
template <class Net> inline constexpr bool in_batches =
    std::same_as<Net, normalized_net> || std::same_as<Net, groups_net>;

struct tally {
  std::size_t runs = 0;
  double closest = 0;  // the largest part of the bound that an error used
};

// An engine, and what is known of its rounding.
template <class Net, class Lane> struct judged {
  engine<Net, float32<Lane>> run;
  certificates::network_rounding<Net> rounding;

  explicit judged(const parameters<Net>& p) : rounding(certificates::rounding_of<Lane>(p, certificates::factors(p))) {
    compile(p, run);
    for (const auto& layer : rounding) CHECK(layer.known());
  }
};

void check(std::span<const float> y, std::span<const double> truth, double bound, tally& t) {
  double squares = 0, size = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    squares += (y[i] - truth[i]) * (y[i] - truth[i]);
    size += truth[i] * truth[i];
  }
  const double error = std::sqrt(squares) - 1e-13 * std::sqrt(size);  // double rounds, too
  for (const float v : y)
    if (!std::isfinite(v)) return;  // overflow is refused elsewhere
  CHECK(error <= bound);
  ++t.runs;
  t.closest = std::max(t.closest, error / bound);
}

// The bound at x alone, and the error there.
template <class Net, class Lane>
void compare(const judged<Net, Lane>& judge, const parameters<Net>& p, const std::vector<float>& x, tally& t) {
  auto seen = filled<double, Net::depth>(certificates::farthest);
  const auto y = judge.run(
      x, [&](std::size_t layer, float std) { seen[layer] = std::min(seen[layer], static_cast<double>(std)); });
  const std::array<double, Net::depth> stays{};
  auto low = seen;
  const double bound = certificates::rounding_on_ball(judge.rounding, certificates::norm_up(x.data(), x.size()),
                                                      x.size(), seen, &stays, stays, low);
  const auto truth = evaluate(p, x);
  check(y, truth, bound, t);
  if constexpr (std::same_as<Lane, simd::native> && in_batches<Net>) {
    constexpr std::size_t samples = simd::width<Lane>;
    std::vector<float> inputs, outputs(samples * Net::output_size);
    for (std::size_t i = 0; i < samples; ++i) inputs.insert(inputs.end(), x.begin(), x.end());
    judge.run.batch(inputs, outputs);
    check(std::span(outputs).last(Net::output_size), truth, bound, t);
  }
}

// How the weights are spoiled.
enum class spoiled { not_at_all, large, tiny, rank_one, equal, shifted };
template <class Net> parameters<Net> weights(std::uint64_t seed, spoiled how) {
  auto p = random_parameters<Net>(seed, how == spoiled::large ? 1e3 : 1.2);
  base::random_stream random(seed);
  for_each_tensor(p, [&](std::string_view name, shape extents, auto span) {
    if constexpr (std::same_as<std::remove_cvref_t<decltype(span[0])>, float>) {
      if (!name.ends_with("weight") || extents.rank < 2) return;
      const std::size_t columns = extents.size() / extents.extent[0];
      std::vector<float> line(columns);
      for (float& v : line) v = static_cast<float>(random.normal() / std::sqrt(static_cast<double>(columns)));
      for (std::size_t i = 0; i < span.size(); ++i) {
        if (how == spoiled::tiny) span[i] *= 1e-38f;
        if (how == spoiled::rank_one) span[i] = line[i % columns] * span[i / columns];
        if (how == spoiled::equal) span[i] = 1 / 3.0f;
        if (how == spoiled::shifted) span[i] += 1e4f * line[i % columns];
      }
    }
  });
  const claims_keeper keeper;
  for_each_claim(p, keeper);
  return p;
}

template <class Net> tally attack(std::uint64_t seed) {
  tally t;
  for (const spoiled how : {spoiled::not_at_all, spoiled::not_at_all, spoiled::large, spoiled::tiny, spoiled::rank_one,
                            spoiled::equal, spoiled::shifted}) {
    const auto p = weights<Net>(++seed, how);
    const judged<Net, simd::native> wide(p);
    const judged<Net, simd::portable<1>> narrow(p);
    base::random_stream random(seed);
    for (std::size_t sample = 0; sample < 60; ++sample) {
      auto x = random_vector<float>(random, Net::input_size, std::exp(random.uniform(-3, 3)));
      if (sample % 4 == 1)  // all of one size: roundings go the same way
        for (float& v : x) v = static_cast<float>(0.1 * static_cast<double>(sample));
      if (sample % 4 == 2)  // next to a constant: stds are small
        for (float& v : x) v = 1 + 1e-4f * v;
      if (sample == 3) x.assign(Net::input_size, 1e-39f);
      INFO("seed " << seed << ", sample " << sample);
      compare(wide, p, x, t);
      compare(narrow, p, x, t);
    }
  }
  return t;
}

template <class Net> void attack_all(const char* name, std::uint64_t seed, double used) {
  const tally t = attack<Net>(seed);
  std::printf("%s: %zu runs, at most %.2g of the bound\n", name, t.runs, t.closest);
  CHECK(t.runs > 500);
  CHECK(t.closest > used);
}

}  // namespace

TEST_CASE("laws.float_error: no engine is farther from its network than the bound") {
  attack_all<plain_net>("plain", 100, 1e-3);
  attack_all<normalized_net>("normalized", 200, 1e-3);
  attack_all<square_net>("square", 900, 1e-3);
  attack_all<squares_net>("squares", 800, 1e-5);
  attack_all<groups_net>("groups", 300, 1e-5);
  attack_all<roots_net>("roots", 400, 1e-5);
}

TEST_CASE("laws.float_error: the same with windows, blocks and parametrized weights") {
  attack_all<windows_net>("windows", 500, 1e-5);
  attack_all<channels_net>("channels", 1000, 1e-5);
  attack_all<blocks_net>("blocks", 600, 1e-5);
  attack_all<parametrized_net>("parametrized", 700, 1e-5);
}
