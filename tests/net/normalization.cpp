// SPDX-License-Identifier: Apache-2.0
// The layer that all normalizers are, around a kind of this test: pairs of neighbours, centred, one gain a channel.
#include <taut/inference.hpp>

#include "laws/laws.hpp"

namespace {

using namespace taut;
using namespace taut::tests;

struct pair_norm_kind : normalizer::kind {
  static constexpr const char* name = "PairNorm";
  static constexpr bool per_channel = true;
  static constexpr double epsilon = 0.5;
  static constexpr auto wants = base::say("an even number");
  static constexpr bool accepts(shape in) { return in.size() % 2 == 0; }
  static constexpr pooling pooled(shape in) { return {in.size() / 2, 2}; }
  using takes = base::list<option::epsilon_key, option::min_std_key, option::gain_at_most_key, option::no_affine,
                           option::over_last>;
};
template <class... Options> using pair_norm = normalization<pair_norm_kind, Options...>;
inline constexpr pair_norm<> PairNorm{};

static_assert(Layer<pair_norm<>> && pair_norm<>::family == "PairNorm" && pair_norm<>::reads == fusion::normalizer);
static_assert(pair_norm<>::epsilon == 0.5 && decltype(PairNorm(epsilon<0.25>))::epsilon == 0.25);
static_assert(decltype(PairNorm(min_std<2.0>)(gain_at_most<3.0>))::gain_limit == 3 && pair_norm<>::floor == 0);
static_assert(std::same_as<decltype(PairNorm(no_affine)), pair_norm<option::no_affine>>);
static_assert(pair_norm<>::contradicts<option::no_affine, option::gain_at_most<1.0>>);
static_assert(!pair_norm<>::contradicts<option::no_affine, option::min_std<1.0>>);
static_assert(pair_norm<>::accepts(shape{6}) && !pair_norm<>::accepts(shape{7}) && pair_norm<>::largest(shape{6}) == 1);

// gains: one a channel; over the last axis one a place; of neither none
static_assert(pair_norm<>::features(shape{2, 4}) == shape{2} && pair_norm<>::feature(shape{2, 4}, 5) == 1);
static_assert(pair_norm<option::over_last>::features(shape{2, 4}) == shape{4});
static_assert(pair_norm<option::over_last>::feature(shape{2, 4}, 5) == 1);
static_assert(pair_norm<option::over_last>::pooled(shape{2, 4}).size == 4);
static_assert(net_of<shape{2, 4}, pair_norm<>>::parameter_count == 4);
static_assert(net_of<shape{2, 4}, pair_norm<option::no_affine>>::parameter_count == 0);
static_assert(pair_norm<>::parameters<shape{2, 4}, float>{}.gain == std::array{1.0f, 1.0f});

// the bound of the type: gain / sqrt(floor^2 + epsilon)
constexpr double bounded =
    decltype(PairNorm(epsilon<9.0>, min_std<4.0>, gain_at_most<3.0>))::lipschitz(shape{2}).value().upper;
static_assert(bounded >= 0.6 && bounded <= 0.6 * (1 + 1e-15));

constexpr auto pairs = [] {
  parameters<net_of<shape{2, 2}, pair_norm<option::epsilon<3.0>>>> p{};
  get<0>(p).gain = {2, 4};
  get<0>(p).offset = {0, 1};
  return evaluate(p, std::array{10.0, 12.0, -7.0, -9.0});
}();
static_assert(pairs == std::array{-1.0, 1.0, 3.0, -1.0});

}  // namespace

TEST_CASE("net.normalization: a kind of a few lines obeys all laws") {
  check_laws<pair_norm<>, shape{2}>({.tight = 0.98});
  check_laws<pair_norm<>, shape{6, 3}>({.tight = 0.5});
  check_laws<pair_norm<option::no_affine, option::min_std<0.2>>, shape{10}>({.tight = 0.5});
  check_laws<pair_norm<option::over_last, option::gain_at_most<2.0>>, shape{2, 5}>();
}

TEST_CASE("net.normalization: no output exceeds gain times the stated largest, and the bound is approached") {
  const auto check = []<class L, shape In>() {
    const parameters<net_of<In, L>> p{};
    const double largest = L::largest(In);
    double reached = 0;
    for (std::size_t i = 0; i < In.size(); ++i) {
      std::vector<double> x(In.size());
      x[i] = 1e8;
      for (const double v : evaluate(p, x)) reached = std::max(reached, std::abs(v));
    }
    CHECK(reached <= largest * (1 + 1e-15));
    CHECK(reached >= largest * (1 - 1e-6));
  };
  check.operator()<pair_norm<>, shape{6}>();
  check.operator()<layer::layer_norm<>, shape{9}>();
  check.operator()<layer::rms_norm<>, shape{9}>();
  check.operator()<layer::group_norm<2>, shape{4, 5}>();
  check.operator()<layer::instance_norm<>, shape{4, 5}>();
  check.operator()<layer::layer_norm<option::over_last>, shape{4, 5}>();
}

TEST_CASE("net.normalization: claims limit gains, if any") {
  parameters<net_of<shape{2, 4}, pair_norm<option::gain_at_most<0.5>>>> p{};
  claims_keeper keeper;
  for_each_claim(p, keeper);
  for (const float g : get<0>(p).gain) CHECK(g <= 0.5f);
}
