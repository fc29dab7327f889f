// SPDX-License-Identifier: Apache-2.0
// An engine is a network in an arithmetic: other lanes, the same network; and an arithmetic that the library has not.
#include "laws/laws.hpp"

namespace {

using namespace taut;
using namespace taut::tests;

// Whole numbers instead of weights, as an int8 engine would have them: only the door is tried, with the double oracle.
template <int Bits> struct fixed_point {};

}  // namespace

namespace taut {

template <Network Net, int Bits> class engine<Net, fixed_point<Bits>> {
 public:
  using network_type = Net;
  using output = std::array<float, Net::output_size>;
  constexpr void load(const parameters<Net>& from) {
    p = from;
    for_each_tensor(p, [](std::string_view, shape, auto span) {
      for (auto& v : span) {
        const double steps = static_cast<double>(v) * (1 << Bits);
        v = static_cast<float>(static_cast<double>(static_cast<long>(steps + (steps < 0 ? -0.5 : 0.5))) / (1 << Bits));
      }
    });
  }
  template <base::numbers Range> constexpr output operator()(const Range& x) const {
    output y;
    const auto exact = evaluate(p, x);
    std::copy(exact.begin(), exact.end(), y.begin());
    return y;
  }

 private:
  parameters<Net> p{};
};

}  // namespace taut

namespace {

struct net : decltype(Input<11> >> Linear<13> >> LN >> ReLU >> Linear<5> >> Tanh) {};

template <class Lane> void agrees(const parameters<net>& p, std::span<const float> x) {
  const auto y = compile<float32<Lane>>(p)(x);
  const auto truth = evaluate(p, x);
  for (std::size_t i = 0; i < y.size(); ++i) CHECK(std::abs(static_cast<double>(y[i]) - truth[i]) <= float_error(p, x));
}

}  // namespace

TEST_CASE("laws.arithmetic: every width of lanes gives the network") {
  const auto p = random_parameters<net>(3);
  base::random_stream random(4);
  for (int sample = 0; sample < 5; ++sample) {
    const auto x = random_vector<float>(random, 11);
    agrees<simd::portable<1>>(p, x);
    agrees<simd::portable<2>>(p, x);
    agrees<simd::portable<4>>(p, x);
    agrees<simd::portable<8>>(p, x);
    agrees<simd::portable<16>>(p, x);
    agrees<simd::native>(p, x);
  }
}

TEST_CASE("laws.arithmetic: compile takes another arithmetic by name") {
  const auto p = random_parameters<net>(3);
  base::random_stream random(4);
  const auto x = random_vector<float>(random, 11);
  const auto coarse = compile<fixed_point<4>>(p)(x), fine = compile<fixed_point<16>>(p)(x);
  const auto truth = evaluate(p, x);
  double coarse_error = 0, fine_error = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    coarse_error = std::max(coarse_error, std::abs(static_cast<double>(coarse[i]) - truth[i]));
    fine_error = std::max(fine_error, std::abs(static_cast<double>(fine[i]) - truth[i]));
  }
  CHECK(fine_error < 1e-3);
  CHECK(coarse_error > 10 * fine_error);
}

TEST_CASE("laws.arithmetic: a bound has room for a witness") {
  struct multipliers {
    std::array<double, 3> at{};
  };
  constexpr lipschitz_bound<32, multipliers> bound{
      .value = 2, .formula = {}, .method = "semidefinite", .witness = {{1, 2, 3}}};
  STATIC_REQUIRE(bound.witness.at[2] == 3);
  STATIC_REQUIRE(std::same_as<decltype(lipschitz_of(parameters<net>{}).witness), no_witness>);
}
