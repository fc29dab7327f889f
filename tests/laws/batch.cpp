// SPDX-License-Identifier: Apache-2.0
// Training steps: layers that couple the samples of a batch, draw at random, or hold such layers inside.
#include "laws/batch.hpp"

#include <taut/train/tape.hpp>

namespace {

using namespace taut;
using namespace taut::tests;
template <class... Options> using batch_norm = layer::batch_norm<Options...>;

// A layer by its expression: the type that the DSL gives.
template <auto Value> using type_of = std::remove_cvref_t<decltype(Value)>;

}  // namespace

TEST_CASE("laws.batch: batch norm on vectors, signals and images, in batches that fill no register") {
  check_training<batch_norm<>, shape{5}, batch<2>>();
  check_training<batch_norm<>, shape{7}, batch<5>>();
  check_training<batch_norm<option::no_affine>, shape{3}, batch<19>>();
  check_training<batch_norm<option::epsilon<0.5>, option::momentum<0.5>>, shape{3, 4}, batch<5>>();
  check_training<batch_norm<>, shape{2, 3}, batch<1>>();
  check_training<batch_norm<>, shape{2, 3, 3}, batch<19>>();
}

TEST_CASE("laws.batch: dropout") {
  check_training<layer::dropout<0.5>, shape{9}, batch<5>>();
  check_training<layer::dropout<0.1>, shape{2, 5}, batch<19>>();
}

TEST_CASE("laws.batch: layers that do not couple samples") {
  check_training<type_of<Linear<4>>, shape{6}, batch<5>>();
  check_training<type_of<LN>, shape{6}, batch<19>>(0, 1e-5);
  check_training<type_of<Conv2d<4, 3>(padding<1>, groups<2>)>, shape{2, 4, 5}, batch<5>>();
}

TEST_CASE("laws.batch: weights normalized in training") {
  check_training<type_of<WeightNorm(Linear<4>)>, shape{6}, batch<5>>();
  check_training<type_of<CenteredWeightNorm(Conv1d<4, 3>)>, shape{2, 7}, batch<19>>();
  check_training<type_of<SpectralNorm<2.0>(Linear<3>)>, shape{5}, batch<5>>(3000, 1e-5);
}

TEST_CASE("laws.batch: blocks with such layers inside") {
  check_training<type_of<Residual(Linear<6> >> BN >> Tanh >> Linear<4>)>, shape{4}, batch<5>>(0, 1e-5);
  check_training<type_of<Concat(BN >> Tanh, Linear<3> >> BN)>, shape{4}, batch<19>>(0, 1e-5);
  check_training<type_of<Residual(Residual(BN) >> Dropout<0.3>)>, shape{3, 2}, batch<5>>(0, 1e-5);
  check_training<type_of<Residual(SpectralNorm<1.0>(Linear<4>) >> Tanh)>, shape{4}, batch<5>>(3000, 1e-5);
}

TEST_CASE("laws.batch: batch norm by hand: statistics of the batch out, running ones in their place") {
  using L = batch_norm<option::epsilon<1.0>>;
  parameters_of_layer<L, shape{2, 2}, double> p{};
  p.gain = {2, 1}, p.offset = {0, 5};
  // channel 0: 1 2 3 4 (mean 2.5, squares about it 5); channel 1: 7 7 7 7, a constant
  const std::array<double, 8> x{1, 2, 7, 7, 3, 4, 7, 7};
  std::array<double, 8> y{};
  forward<L, shape{2, 2}>(training<batch<2>>{}, p, x.data(), y.data());
  const double root = std::sqrt(5.0 / 4 + 1);  // biased where it normalizes
  for (const std::size_t i : {0u, 1u, 4u, 5u}) CHECK(y[i] == Approx(2 * (x[i] - 2.5) / root));
  for (const std::size_t i : {2u, 3u, 6u, 7u}) CHECK(y[i] == 5);
  CHECK(p.running_mean[0] == Approx(0.1 * 2.5));
  CHECK(p.running_var[0] == Approx(0.9 * 1 + 0.1 * 5.0 / 3));  // unbiased where it runs
  CHECK(p.running_mean[1] == Approx(0.7));
  CHECK(p.running_var[1] == Approx(0.9));
  CHECK(p.batches[0] == 1);
  forward<L, shape{2, 2}>(training<batch<2>>{}, p, x.data(), y.data());
  CHECK(p.running_mean[0] == Approx(0.19 * 2.5));
  CHECK(p.batches[0] == 2);

  const auto before = p;
  forward<L, shape{2, 2}>(inference{}, p, x.data(), y.data());
  CHECK(y[0] == Approx(2 * (1 - p.running_mean[0]) / std::sqrt(p.running_var[0] + 1)));
  CHECK(p.batches == before.batches);
  CHECK(p.running_var == before.running_var);
}

TEST_CASE("laws.batch: a constant channel, even of zeros or of huge numbers, gives finite outputs and gradients") {
  using L = batch_norm<>;
  for (const float value : {0.0f, 1.0f, -3e7f, 1e-30f}) {
    using V = simd::native;
    constexpr std::size_t groups = groups_of<batch<19>, V>;
    parameters_of_layer<L, shape{1}> p{}, dp{};
    std::vector<V> x(groups, V(value)), y(groups), u(groups, V(1.0f)), dx(groups);
    forward<L, shape{1}>(training<batch<19>>{}, p, x.data(), y.data());
    u.back() = simd::select_first(V(1.0f), samples_in_group<batch<19>, V>(groups - 1));
    gradient<L, shape{1}>(training<batch<19>>{}, p, x.data(), y.data(), u.data(), dx.data(), dp);
    for (const auto& values : {y, dx})
      for (const V& v : values) {
        float lanes[simd::width<V>];
        simd::store(v, lanes);
        for (const float lane : lanes) CHECK(std::abs(lane) <= 1e-3f);
      }
    CHECK(p.running_var[0] == Approx(0.9).epsilon(1e-3));
    CHECK(p.running_mean[0] == Approx(0.1 * static_cast<double>(value)));
  }
}

namespace {

// Runs `steps` training steps and their gradients on fixed inputs.
template <class Net> parameters<Net, double> after_steps(int steps) {
  auto p = converted<double>(random_parameters<Net>(3));
  auto dp = p;
  tape<Net, batch<6>, double> record;
  base::random_stream random(5);
  const auto x = random_vector(random, 6 * Net::input_size);
  for (int i = 0; i < steps; ++i) {
    record.load([&](std::size_t s) { return x.data() + s * Net::input_size; });
    record.forward(p, random.next());
    for (std::size_t g = 0; g < 6; ++g)
      for (std::size_t o = 0; o < Net::output_size; ++o) record.output_gradient(g)[o] = 1;
    record.backward(p, dp);
  }
  return p;
}

}  // namespace

TEST_CASE("laws.batch: running statistics inside a block move once a step, as outside") {
  struct outside : decltype(Input<4> >> BN >> Linear<4>) {};
  struct inside : decltype(Input<4> >> Residual(Residual(BN)) >> Linear<4>) {};
  for (const int steps : {1, 3}) {
    const auto p = after_steps<outside>(steps);
    const auto q = after_steps<inside>(steps);
    const auto& bn = get<0>(std::get<0>(get<0>(std::get<0>(get<0>(q).inside)).inside));
    CHECK(get<0>(p).batches[0] == steps);
    CHECK(bn.batches[0] == steps);
    const double share = 1 - std::pow(0.9, steps);  // random statistics at the start differ from net to net
    const auto start_p = converted<double>(random_parameters<outside>(3));
    const auto start_q = converted<double>(random_parameters<inside>(3));
    const auto& start = get<0>(std::get<0>(get<0>(std::get<0>(get<0>(start_q).inside)).inside));
    for (std::size_t i = 0; i < 4; ++i)
      CHECK((get<0>(p).running_mean[i] - (1 - share) * get<0>(start_p).running_mean[i]) ==
            Approx(bn.running_mean[i] - (1 - share) * start.running_mean[i]));
  }
}

TEST_CASE("laws.batch: the gradient of a block is of what its forward computed, though it tracks singular vectors") {
  using inner = type_of<SpectralNorm<1.0>(Linear<4>)>;
  using block = type_of<Residual(SpectralNorm<1.0>(Linear<4>))>;
  const auto from = converted<double>(random_parameters<net_of<shape{4}, inner>>(2));  // far from singular vectors
  auto alone = get<0>(from), dalone = alone;
  parameters_of_layer<block, shape{4}, double> p{}, dp{};
  get<0>(std::get<0>(p.inside)) = alone;
  base::random_stream random(1);
  const auto x = random_vector(random, 5 * 4), u = random_vector(random, 5 * 4);
  std::vector<double> y(20), z(20), dx(20), dz(20);
  constexpr training<batch<5>> mode{};
  forward<block, shape{4}>(mode, p, x.data(), y.data());
  forward<inner, shape{4}>(mode, alone, x.data(), z.data());
  gradient<block, shape{4}>(mode, p, x.data(), y.data(), u.data(), dx.data(), dp);
  dalone.matrix.fill(0);
  gradient<inner, shape{4}>(mode, alone, x.data(), z.data(), u.data(), dz.data(), dalone);
  const auto& inside = get<0>(std::get<0>(p.inside));
  CHECK(inside.left == alone.left);
  for (std::size_t i = 0; i < 20; ++i) {
    CHECK(y[i] == Approx(x[i] + z[i]));
    CHECK(dx[i] == Approx(u[i] + dz[i]));
  }
  using two = type_of<Residual(SpectralNorm<1.0>(Linear<4>) >> SpectralNorm<1.0>(Linear<4>))>;
  parameters_of_layer<two, shape{4}, double> q{}, dq{};
  get<0>(std::get<0>(q.inside)) = get<0>(from), get<1>(std::get<0>(q.inside)) = get<0>(from);
  forward<two, shape{4}>(mode, q, x.data(), y.data());
  gradient<two, shape{4}>(mode, q, x.data(), y.data(), u.data(), dx.data(), dq);
  auto second = get<0>(from), dsecond = second;
  std::vector<double> w(20);
  forward<inner, shape{4}>(mode, second, z.data(), w.data());
  dsecond.matrix.fill(0);
  gradient<inner, shape{4}>(mode, second, z.data(), w.data(), u.data(), dz.data(), dsecond);
  for (std::size_t i = 0; i < 16; ++i) CHECK(get<1>(std::get<0>(dq.inside)).matrix[i] == Approx(dsecond.matrix[i]));
}

TEST_CASE("laws.batch: dropout draws anew in each layer, step and sample, inside blocks too, and keeps the mean") {
  struct net : decltype(Input<40> >> Dropout<0.5> >> Concat(Dropout<0.5>, Dropout<0.5>)) {};
  parameters<net, double> p{}, dp{};
  tape<net, batch<7>, double> record;
  const std::vector<double> ones(40, 1);
  std::vector<std::vector<double>> masks;
  double sum = 0;
  constexpr std::size_t steps = 200;
  for (std::size_t step = 0; step < steps; ++step) {
    record.load([&](std::size_t) { return ones.data(); });
    record.forward(p, 1000 * step);
    for (std::size_t s = 0; s < 7; ++s) {
      for (std::size_t i = 0; i < 80; ++i) record.output_gradient(s)[i] = 1, sum += record.output(s)[i];
      if (step < 2 && s < 2) {
        masks.emplace_back(record.output(s), record.output(s) + 40);
        masks.emplace_back(record.output(s) + 40, record.output(s) + 80);
      }
    }
    std::vector<double> twice(7 * 40);
    for (std::size_t s = 0; s < 7; ++s)
      for (std::size_t i = 0; i < 40; ++i) twice[s * 40 + i] = record.output(s)[i] + record.output(s)[40 + i];
    record.backward(p, dp);
    for (std::size_t s = 0; s < 7; ++s)  // x is 1: dx is the sum of the outputs that x reaches
      for (std::size_t i = 0; i < 40; ++i) CHECK(record.input_gradient(s)[i] == twice[s * 40 + i]);
  }
  for (std::size_t a = 0; a < masks.size(); ++a)
    for (std::size_t b = 0; b < a; ++b) CHECK(masks[a] != masks[b]);
  const double count = steps * 7 * 80;
  CHECK(sum / count == Approx(1).margin(5 * std::sqrt(3 / (count / 2))));
}

TEST_CASE("laws.batch: what layers inside a block drop is independent, between layers, samples and blocks") {
  struct one : decltype(Input<50> >> Residual(Dropout<0.5> >> Dropout<0.5>)) {};
  struct two : decltype(Input<50> >> Residual(ReLU >> Dropout<0.5>) >> Residual(Dropout<0.5>)) {};
  const std::vector<double> ones(50, 1);
  const auto outputs = [&]<class Net>(Net*, std::uint64_t seed) {
    parameters<Net, double> p{};
    tape<Net, batch<16>, double> record;
    record.load([&](std::size_t) { return ones.data(); });
    record.forward(p, seed);
    return std::vector<double>(record.output(0), record.output(0) + 16 * 50);
  };
  double kept = 0, neighbours = 0, both = 0, count = 0, pairs = 0;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const auto y = outputs(static_cast<one*>(nullptr), seed << 32);  // 5 = 1 + 4 where both layers keep
    for (std::size_t i = 0; i < y.size(); ++i, ++count) {
      kept += y[i] > 1;
      if (i >= 50) neighbours += y[i] > 1 && y[i - 50] > 1, ++pairs;
    }
    for (const double v : outputs(static_cast<two*>(nullptr), seed << 32)) both += v == 9;  // (1 + 2) (1 + 2)
  }
  CHECK(kept / count == Approx(0.25).margin(0.01));
  CHECK(neighbours / pairs == Approx(0.0625).margin(0.006));
  CHECK(both / count == Approx(0.25).margin(0.01));
}
