// SPDX-License-Identifier: Apache-2.0
// The bound in the parameters: attained where it should be, never exceeded by pairs of parameters nor by gradients.
#include <taut/inference.hpp>

#include "laws/support.hpp"
#include "support/catch.hpp"

namespace {

using namespace taut;
using namespace taut::tests;

// R sqrt(K) c^(K-1) with K = 5, c = 1.7, R = 2
struct chain : decltype(Input<3> >> Linear<3>(no_bias, at_most<1.7>) >> ReLU >> Linear<3>(no_bias, at_most<1.7>) >>
                        ReLU >> Linear<3>(no_bias, at_most<1.7>) >> ReLU >> Linear<3>(no_bias, at_most<1.7>) >> ReLU >>
                        Linear<3>(no_bias, at_most<1.7>)) {};
static_assert(parameter_lipschitz<chain, 2.0> >= 37.35171 && parameter_lipschitz<chain, 2.0> <= 37.35173);
static_assert(!is_closed<decltype(parameter_lipschitz<chain>)>);  // nothing says how large inputs are

// a declared ball or box says how large inputs are
struct in_a_ball : decltype(Input<3>(in_ball<2.0>) >> Linear<3>(no_bias, at_most<1.5>)) {};
struct in_a_box : decltype(Input<4>(in_box<-1.0, 0.5>) >> Linear<3>(no_bias, at_most<1.5>)) {};
static_assert(parameter_lipschitz<in_a_ball> == 2 && parameter_lipschitz<in_a_box> == 2);

// after the normalizer the norm starts again: what stands before it is forgotten
struct normed : decltype(Input<4> >> Linear<4>(no_bias) >> LN(no_affine, min_std<0.5>) >> ReLU >>
                         Linear<2>(no_bias, at_most<1.5>)) {};
constexpr double restarted = parameter_lipschitz<normed, 3.0>;  // sqrt((1.5 / sqrt(0.25 + 1e-5) 3)^2 + (sqrt 4)^2)
static_assert(restarted >= 9.2193 && restarted <= 9.2197);
struct unbounded : decltype(Input<4> >> Linear<4>(at_most<1.0>) >> ReLU >> Linear<2>(no_bias, at_most<1.5>)) {};
static_assert(!is_closed<decltype(parameter_lipschitz<unbounded, 3.0>)>);  // a bias without a limit

/// The gradient of u'f in all parameters, and f(x): by the chain rule, in float.
template <class Net> class in_parameters {
 public:
  explicit in_parameters(const parameters<Net>& from) : p(from), slopes(from) {}

  /// |J_p(x)'u|, the slope of u'f in the parameters.
  double gradient(std::span<const double> x, std::span<const double> u) {
    static constexpr std::size_t largest = base::largest_activation<Net>();
    std::array<std::array<double, largest>, Net::depth + 1> at{}, up{};
    std::copy(x.begin(), x.end(), at[0].begin());
    base::for_each_index<Net::depth>(
        [&]<std::size_t I>() { forward<layer_of<Net, I>, Net::shapes[I]>(get<I>(p), at[I].data(), at[I + 1].data()); });
    for_each_tensor(slopes, [](auto, auto, auto values) {
      for (auto& v : values) v = 0;
    });
    std::copy(u.begin(), u.end(), up[Net::depth].begin());
    base::for_each_index<Net::depth>([&]<std::size_t J>() {
      constexpr std::size_t I = Net::depth - 1 - J;
      taut::gradient<layer_of<Net, I>, Net::shapes[I]>(get<I>(p), at[I].data(), at[I + 1].data(), up[I + 1].data(),
                                                       up[I].data(), get<I>(slopes));
    });
    double squares = 0;
    for_each_described_tensor(slopes, [&](const tensor_info& info, auto values) {
      if (info.purpose == role::trainable)
        for (const auto v : values) squares += static_cast<double>(v) * static_cast<double>(v);
    });
    return std::sqrt(squares);
  }

 private:
  parameters<Net> p, slopes;
};

/// Moves every trainable parameter; gives the length of the whole move and, per layer, the longest.
template <class Net> double moved(parameters<Net>& p, base::random_stream& random, double length) {
  double squares = 0;
  for_each_described_tensor(p, [&](const tensor_info& info, auto values) {
    if (info.purpose != role::trainable) return;
    const double share = random.below(3) == 0 ? length : 0.1 * length;
    for (auto& v : values) {
      const auto before = static_cast<double>(v);
      v = static_cast<std::remove_cvref_t<decltype(v)>>(before + share * random.normal());
      squares += (static_cast<double>(v) - before) * (static_cast<double>(v) - before);
    }
  });
  return std::sqrt(squares);
}

/// Attacks the bound around random parameters; the largest share of it that was found.
template <class Net> double attacked(std::uint64_t seeds, double input_norm) {
  double closest = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    base::random_stream random(seed);
    const auto p = random_parameters<Net>(seed, 1.5);
    const auto here = parameter_lipschitz_of(p, {.input_norm = input_norm});
    in_parameters<Net> slope(p);
    differentiable<Net> f(p);
    for (int attempt = 0; attempt < 30; ++attempt) {
      auto x = random_vector(random, Net::input_size);
      const double far = input_norm * (attempt % 3 == 0 ? random.uniform() : 1) * (1 - 1e-12) / norm(x);
      for (double& v : x) v *= far;
      const std::span<const double> output = f.forward(x);
      CHECK(norm(output) <= here.reach);
      const std::vector<double> y(output.begin(), output.end());
      if (f.room() < 0) continue;
      auto u = random_vector(random, Net::output_size);
      const double length = norm(u);
      for (double& v : u) v /= length;
      const double steep = slope.gradient(x, u);
      CHECK(steep <= here.value * (1 + 1e-6));
      closest = std::max(closest, steep / here.value);

      auto q = p;
      const double distance = moved(q, random, std::exp(random.uniform(-5, -1)));
      const auto around = parameter_lipschitz_of(p, {.input_norm = input_norm, .radius = distance});
      differentiable<Net> g(q);
      const auto z = g.forward(x);
      if (g.room() < 0) continue;
      double squares = 0;
      for (std::size_t i = 0; i < y.size(); ++i) squares += (y[i] - z[i]) * (y[i] - z[i]);
      CHECK(std::sqrt(squares) <= around.value * distance * (1 + 1e-9));
      closest = std::max(closest, std::sqrt(squares) / (around.value * distance));
    }
  }
  return closest;
}

}  // namespace

TEST_CASE("certify.parameter_lipschitz: attained by powers of one direction") {
  parameters<chain> p{};
  base::for_each_index<chain::depth>([&]<std::size_t I>() {
    if constexpr (I % 2 == 0) get<I>(p).weight[0] = 1.7f;
  });
  const double x[] = {2, 0, 0}, u[] = {1, 0, 0};
  const double found = in_parameters<chain>(p).gradient(x, u);
  const double bound = parameter_lipschitz_of(p, {.input_norm = 2}).value;
  CHECK(found >= 37.35168);
  CHECK(found <= bound * (1 + 1e-6));
  CHECK(bound <= 37.3518);
  CHECK(parameter_lipschitz_of(p, {.input_norm = 2}).of_layer[4] <= 2 * std::pow(1.7f, 4) * (1 + 1e-5));
}

TEST_CASE("certify.parameter_lipschitz: attained behind a shift, a sum and a range") {
  struct halves : decltype(Input<3> >> Linear<3>(no_bias) >> Sigmoid >> Linear<1>(no_bias)) {};
  parameters<halves> h{};  // weights 0: the last layer receives (1/2, 1/2, 1/2)
  const double x[] = {3, 0, 0}, one[] = {1};
  CHECK(parameter_lipschitz_of(h, {.input_norm = 3}).value >= in_parameters<halves>(h).gradient(x, one));
  CHECK(parameter_lipschitz_of(h, {.input_norm = 3}).value <= 0.5 * std::sqrt(3) * (1 + 1e-6));

  struct twice : decltype(Input<3> >> Residual(Linear<3>(no_bias)) >> Linear<1>(no_bias)) {};
  parameters<twice> t{};
  for (std::size_t i = 0; i < 3; ++i) get<0>(std::get<0>(get<0>(t).inside)).weight[i * 4] = 1;
  get<1>(t).weight[0] = 1;
  const double of_twice = parameter_lipschitz_of(t, {.input_norm = 3}).value;
  CHECK(of_twice >= in_parameters<twice>(t).gradient(x, one));
  CHECK(of_twice <= 3 * std::sqrt(5) * (1 + 1e-6));

  struct scaled : decltype(Input<3> >> BN) {};
  parameters<scaled> b{};
  get<0>(b).running_var = {0.25f, 0.5f, 1};
  get<0>(b).running_mean = {-1, 0, 0};
  const double along[] = {1, 0, 0}, seen = in_parameters<scaled>(b).gradient(x, along);  // sqrt(((3 + 1) / 0.5)^2 + 1)
  CHECK(seen > 8);
  CHECK(parameter_lipschitz_of(b, {.input_norm = 3}).value >= seen * (1 - 1e-7));
  CHECK(parameter_lipschitz_of(b, {.input_norm = 3}).value <= seen * (1 + 1e-6));
}

TEST_CASE("certify.parameter_lipschitz: never exceeded, dense layers and normalizers") {
  struct smooth : decltype(Input<5> >> Linear<6> >> Sigmoid >> Linear<5> >> Tanh >> Linear<3>) {};
  struct sphere
      : decltype(Input<5> >> Linear<6> >> LN(min_std<0.2>) >> GELU >> Linear<6> >> RMSNorm(epsilon<0.5>) >> Linear<3>) {
  };
  CHECK(attacked<smooth>(4, 3) > 0.3);
  CHECK(attacked<sphere>(4, 3) > 0.01);
}

TEST_CASE("certify.parameter_lipschitz: never exceeded, shared weights and blocks") {
  struct shared : decltype(Input<2, 6> >> Conv1d<4, 3>(padding<1>) >> BN >> Tanh >> GN<2>(min_std<0.2>) >> AvgPool<2> >>
                           Flatten >> Linear<3> >> Softmax) {};
  struct blocks : decltype(Input<5> >> Residual(Linear<4> >> LN(epsilon<0.3>) >> Softplus >> Linear<5>) >>
                           Concat(Linear<3> >> ReLU, Linear<2>)) {};
  CHECK(attacked<shared>(3, 3) > 0.005);
  CHECK(attacked<blocks>(4, 3) > 0.1);
}

TEST_CASE("certify.parameter_lipschitz: the type's bound covers parameters that keep its declarations") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    auto p = random_parameters<chain>(seed, 3);
    CHECK(parameter_lipschitz_of(p, {.input_norm = 2}).value <= parameter_lipschitz<chain, 2.0> * (1 + 1e-12));
  }
}

TEST_CASE("certify.parameter_lipschitz: normalizers left out, the plain product is left") {
  auto p = random_parameters<normed>(3, 1);
  const auto plain = parameter_lipschitz_of(p, {.input_norm = 3, .normalizers = false});
  std::vector<double> first(get<0>(p).weight.begin(), get<0>(p).weight.end()),
      last(get<3>(p).weight.begin(), get<3>(p).weight.end());
  const double a = spectral_norm(first.data(), 4, 4).value, b = spectral_norm(last.data(), 2, 4).value;
  CHECK(plain.value == Approx(3 * std::sqrt(a * a + b * b)).epsilon(1e-5));
  CHECK(plain.input == Approx(a * b).epsilon(1e-5));
  CHECK(plain.reach == Approx(3 * a * b).epsilon(1e-5));
}
