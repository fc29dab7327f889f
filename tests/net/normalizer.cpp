// SPDX-License-Identifier: Apache-2.0
// The projection that all normalizers share: several runs, centred or not, against the formula written out.
#include <cmath>
#include <taut/inference.hpp>
#include <vector>

#include "laws/laws.hpp"

namespace {

using namespace taut;

// Groups of channels, centred or not: group norm and its root-mean-square relative, as user layers.
template <std::size_t Groups, bool Centred, double Floor = 0.3> struct grouped : layer_base {
  static constexpr auto name = base::say("grouped<", Groups, ">");
  static constexpr fusion reads = fusion::normalizer;
  static constexpr auto wants = base::say("channels divisible by ", Groups);
  static constexpr bool accepts(shape in) { return in.channels() % Groups == 0; }
  static constexpr shape output(shape in) { return in; }
  static constexpr pooling pooled(shape in) { return {Groups, in.size() / Groups}; }
  static constexpr bool centred = Centred;
  static constexpr double epsilon = 0.05;
  static constexpr double min_std = Floor;
  template <shape In, class Real> struct parameters {
    std::array<Real, In.extent[0]> gain = filled<Real, In.extent[0]>(1);
    std::array<Real, In.extent[0]> offset{};
    static constexpr void tensors(auto&& visit) {
      visit(tensor_info{"weight", shape{In.extent[0]}}, &parameters::gain);
      visit(tensor_info{"bias", shape{In.extent[0]}}, &parameters::offset);
    }
    static constexpr std::size_t channel(std::size_t i) { return i / In.positions(); }
  };
  template <class P> static constexpr double gain(const P& p, std::size_t i) {
    return static_cast<double>(p.gain[P::channel(i)]);
  }
  template <class P> static constexpr double offset(const P& p, std::size_t i) {
    return static_cast<double>(p.offset[P::channel(i)]);
  }
  template <class P> static constexpr void accumulate(P& dp, std::size_t i, auto dgain, auto doffset) {
    using real = std::remove_cvref_t<decltype(dp.gain[0])>;
    dp.gain[P::channel(i)] += static_cast<real>(dgain);
    dp.offset[P::channel(i)] += static_cast<real>(doffset);
  }
  static constexpr auto lipschitz(shape) { return symbol({.name = "gain@", .declare = "gain_at_most<g>"}); }
};

static_assert(Layer<grouped<2, true>>);

}  // namespace

TEST_CASE("net.normalizer: groups are normalized one by one") {
  using Net = tests::net_of<shape{4, 3}, grouped<2, true>>;
  parameters<Net> p{};
  get<0>(p).gain = {1, 2, -1, 0.5f};
  get<0>(p).offset = {0, 1, 0, -1};
  base::random_stream random(1);
  const auto x = tests::random_vector(random, 12);
  const auto y = evaluate(p, x);
  for (std::size_t group = 0; group < 2; ++group) {
    double mean = 0, variance = 0;
    for (std::size_t i = 0; i < 6; ++i) mean += x[group * 6 + i] / 6;
    for (std::size_t i = 0; i < 6; ++i) variance += (x[group * 6 + i] - mean) * (x[group * 6 + i] - mean) / 6;
    for (std::size_t i = group * 6; i < group * 6 + 6; ++i) {
      const double z = (x[i] - mean) / std::sqrt(variance + 0.05);
      CHECK(y[i] ==
            Approx(static_cast<double>(get<0>(p).gain[i / 3]) * z + static_cast<double>(get<0>(p).offset[i / 3]))
                .epsilon(1e-13)
                .margin(1e-13));
    }
  }
}

TEST_CASE("net.normalizer: groups obey the laws of layers, centred or not") {
  tests::check_laws<grouped<3, true>, shape{6}>({.tight = 0.3});
  tests::check_laws<grouped<2, true>, shape{4, 3}>({.tight = 0.3});
  tests::check_laws<grouped<2, false>, shape{4, 3}>({.tight = 0.3});
  tests::check_laws<grouped<1, false>, shape{5}>({.tight = 0.3});
  tests::check_laws<grouped<4, true, 0.0>, shape{4}>();  // groups of one: constant
}

TEST_CASE("net.normalizer: engines fuse or keep a grouped normalizer, the observer sees each group") {
  struct net : decltype(Input<5> >> Linear<6> >> grouped<3, true>{} >> ReLU >> Linear<4> >> grouped<1, false>{} >>
                        ReLU >> Linear<3>) {};
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    const auto p = tests::random_parameters<net>(seed);
    tests::check_engines(p, seed);
    tests::check_bound(p, seed, {});
    base::random_stream random(seed);
    const auto x = tests::random_vector<float>(random, 5);
    std::vector<std::size_t> layers;
    compile(p)(x, [&](std::size_t layer, float std) {
      layers.push_back(layer);
      CHECK(std > 0);
    });
    CHECK(layers == std::vector<std::size_t>{1, 1, 1, 4});
  }
}

TEST_CASE("net.normalizer: a mean much larger than the std does not spoil the variance") {
  std::vector<double> x;
  for (int i = 0; i < 8; ++i) x.push_back(1e9 + (i % 2 == 0 ? 1.0 : -1.0));
  const auto s = normalizer::measure<layer::layer_norm<>>(x.data(), x.size());
  CHECK(s.mean == 1e9);
  CHECK(s.variance == 1);
  CHECK(s.inverse == Approx(1 / std::sqrt(1 + 1e-5)).epsilon(1e-14));
}
