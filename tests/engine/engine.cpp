// SPDX-License-Identifier: Apache-2.0
// The engine as a whole: constant expressions, observers, batches, existing storage, deep networks.
#include <taut/inference.hpp>

#include "laws/laws.hpp"

namespace {

using namespace taut;
using namespace taut::tests;

struct net : decltype(Input<5> >> Linear<6> >> LN >> ReLU >> LN(no_affine) >> Tanh >> Linear<7> >> LN >> Linear<3>) {};

constexpr auto drawn = [] {
  parameters<net> p{};
  initialise(p, 3);
  get<1>(p).gain = {1, -0.5f, 2, 0.25f, 1, 1};
  get<1>(p).offset = {0, 0.5f, 0, -0.25f, 0, 0.125f};
  get<7>(p).bias = {0.5f, 0, -1};
  return p;
};
constexpr parameters<net> p = drawn();
constexpr std::array<float, 5> x{0.5f, -1.25f, 2, 0.75f, -0.1f};
constexpr auto compiled = compile(p)(x);  // the same text, run by the compiler
constexpr auto labelled = [] {
  std::array<float, 3> stds{};
  std::size_t count = 0;
  compile(p)(x, [&](float std) { stds[count++] = std; });
  return stds;
}();

static_assert(std::same_as<decltype(compile(p))::lane, simd::native>);
static_assert(std::same_as<decltype(compile<float32<simd::portable<4>>>(p)), engine<net, float32<simd::portable<4>>>>);
static_assert(std::is_trivially_copyable_v<engine<net>>);
static_assert(noexcept(std::declval<engine<net>&>() = std::declval<const engine<net>&>()));

template <std::size_t N, class Whole> constexpr auto blocks(Whole whole) {
  if constexpr (N == 0) return whole;
  else return blocks<N - 1>(whole >> Linear<9> >> LN >> ReLU);
}
struct deep : decltype(blocks<14>(Input<9>)) {};  // beyond the depth that is inlined

// Turns of several stages, between stages that do not repeat and behind a scaling that is carried.
template <std::size_t N, class Whole> constexpr auto turns(Whole whole) {
  if constexpr (N == 0) return whole;
  else return turns<N - 1>(whole >> Linear<6> >> LN >> BN >> Linear<5> >> Tanh >> RMSNorm);
}
struct turning : decltype(turns<5>(Input<7> >> BN >> Linear<5> >> ReLU) >> Linear<6> >> LN >> Linear<2>) {};

}  // namespace

TEST_CASE("engine.engine: what the compiler computes is what runs, bit for bit") {
  const auto engine = compile(p);
  CHECK(same_bits(engine(x), compiled));
  std::vector<float> stds;
  engine(x, [&](float std) { stds.push_back(std); });
  CHECK(same_bits(stds, labelled));
}

TEST_CASE("engine.engine: both forms of an observer see every normalizer in order") {
  const auto engine = compile(p);
  std::vector<float> plain, numbered;
  std::vector<std::size_t> layers;
  engine(x, [&](float std) { plain.push_back(std); });
  struct recorder {
    std::vector<std::size_t>& layers;
    std::vector<float>& stds;
    void operator()(std::size_t layer, float std) const { layers.push_back(layer), stds.push_back(std); }
  };
  engine(x, recorder{layers, numbered});
  CHECK(layers == std::vector<std::size_t>{1, 3, 6});
  CHECK(plain == numbered);

  // against the reference
  differentiable<net> reference(p);
  const std::vector<double> exact(x.begin(), x.end());
  reference.forward(exact);
  std::array<double, 7> at{}, next{};
  std::copy(x.begin(), x.end(), at.begin());
  std::size_t seen = 0;
  base::for_each_index<net::depth>([&]<std::size_t I>() {
    using L = layer_of<net, I>;
    if constexpr (L::reads == fusion::normalizer) {
      const auto s = normalizer::measure<L>(at.data(), net::shapes[I].size());
      CHECK(static_cast<double>(plain.at(seen++)) == Approx(std::sqrt(s.variance)).epsilon(1e-5));
    }
    forward<L, net::shapes[I]>(get<I>(p), at.data(), next.data());
    at = next;
  });
  CHECK(seen == 3);
}

TEST_CASE("engine.engine: NaN and infinity are not lost") {
  const auto engine = compile(p);
  for (const float strange : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    auto y = x;
    y[2] = strange;
    for (const float v : engine(y)) CHECK_FALSE(std::isfinite(v));
    std::size_t strange_stds = 0;
    engine(y, [&](float std) { strange_stds += std::isfinite(std) ? 0 : 1; });
    CHECK(strange_stds > 0);
  }
}

TEST_CASE("engine.engine: a deep network runs shared stages to the same result") {
  for (std::uint64_t seed = 1; seed <= 2; ++seed) check_engines(random_parameters<deep>(seed), seed, 3);
}

TEST_CASE("engine.engine: turns of several stages run as a loop to the same result, and observers see each layer") {
  const auto drawn_turns = random_parameters<turning>(3);
  check_kernels(drawn_turns, 3, 3);
  const std::array<float, 7> sample{1, -2, 0.5f, 0, 3};
  CHECK(distance(compile(drawn_turns)(sample), evaluate(drawn_turns, sample)) < 1e-4);
  std::vector<std::size_t> seen, expected;
  compile(drawn_turns)(sample, [&](std::size_t layer, float) { seen.push_back(layer); });
  for (std::size_t turn = 0; turn < 5; ++turn) expected.insert(expected.end(), {3 + 6 * turn + 1, 3 + 6 * turn + 5});
  expected.push_back(3 + 6 * 5 + 1);
  CHECK(seen == expected);
}

TEST_CASE("engine.engine: an empty batch is no error, inputs are not changed") {
  const auto engine = compile(p);
  engine.batch({}, {});
  const std::vector<float> inputs(10, 1.5f);
  std::vector<float> outputs(6);
  engine.batch(inputs, outputs);
  CHECK(inputs == std::vector<float>(10, 1.5f));
  CHECK(same_bits(std::span(outputs).first(3), std::span(outputs).last(3)));
}
