// SPDX-License-Identifier: Apache-2.0
// The twin of certify/range.hpp: inputs in the declared ball and box, the extreme ones among them, never give a value
// outside the proved ranges; and the ranges are what they should be where that is known.
#include <taut/inference.hpp>

#include "laws/support.hpp"
#include "support/catch.hpp"

namespace {

using namespace taut;
using namespace taut::tests;

/// An input of the type's ball and box: inside, on the sphere, or at a corner.
template <class Net> std::vector<double> draw(base::random_stream& random) {
  using In = typename Net::input;
  auto x = random_vector(random, Net::input_size);
  const auto kind = random.below(3);
  if (rounded::is_finite(In::lower))
    for (double& v : x)
      v = kind == 0 ? random.uniform(In::lower, In::upper) : random.below(2) == 0 ? In::lower : In::upper;
  if (const double size = norm(x); rounded::is_finite(In::ball) && (size > In::ball || kind == 1))
    for (double& v : x) v *= In::ball / size * (1 - 1e-15);
  if (rounded::is_finite(In::lower))
    for (double& v : x) v = std::clamp(v, In::lower, In::upper);
  return x;
}

/// How much of the range was seen: the largest share, of norms or ends, over all places with a finite range.
template <class Net> void attack(std::uint64_t seed, double scale = 1, int samples = 300) {
  const auto p = random_parameters<Net>(seed, scale);
  const auto ranges = ranges_of(p);
  base::random_stream random(seed);
  for (int s = 0; s < samples; ++s) {
    std::vector<double> x = draw<Net>(random);
    base::for_each_index<Net::depth + 1>([&]<std::size_t I>() {
      const activation_range& r = ranges[I];
      INFO("seed " << seed << ", place " << I << ": " << r.norm << " [" << r.lowest << ", " << r.highest << "]");
      // sums of up to 70 roundings in the reference itself
      REQUIRE(norm(x) <= r.norm * (1 + 1e-13));
      for (const double v : x) REQUIRE((v >= r.lowest - 1e-13 * r.norm && v <= r.highest + 1e-13 * r.norm));
      if constexpr (I < Net::depth) {
        std::vector<double> y(Net::shapes[I + 1].size());
        forward<layer_of<Net, I>, Net::shapes[I]>(get<I>(p), x.data(), y.data());
        x = y;
      }
    });
  }
}

struct boxed : decltype(Input<12>(in_box<0.0, 1.0>) >> Linear<9> >> GELU >> Linear<8> >> LN >> ReLU >> MaxMin >>
                        Linear<6> >> Tanh >> Linear<3> >> Softmax) {};
struct balled : decltype(Input<6>(in_ball<2.0>) >> Linear<8> >> BN >> LeakyReLU<0.2> >> WeightNorm(Linear<6>) >>
                         Residual(Linear<4> >> RMSNorm >> Linear<6>) >> Concat(SiLU, Linear<2> >> Softplus)) {};
struct both : decltype(Input<2, 9>(in_ball<1.5>, in_box<-0.5, 1.0>) >> Conv1d<4, 3>(padding<1>) >> GN<2> >> ELU >>
                       MaxPool<3>(stride<2>) >> AvgPool<2>(padding<1>) >> Mish >> GlobalAvgPool >> LogSoftmax) {};
struct open : decltype(Input<5> >> Linear<7> >> Sigmoid >> Linear<4> >> LN(epsilon<0.5>) >> Dropout<0.5> >> Linear<4>) {
};

}  // namespace

TEST_CASE("certify.range: no value leaves its range") {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    attack<boxed>(seed);
    attack<balled>(seed, 2);
    attack<both>(seed);
    attack<open>(seed, 0.1);
  }
}

TEST_CASE("certify.range: without a declaration, ranges are infinite until a layer bounds them") {
  const auto r = ranges_of(random_parameters<open>(1));
  CHECK((!rounded::is_finite(r[0].norm) && !rounded::is_finite(r[1].highest)));
  CHECK((r[2].lowest == 0 && r[2].highest == 1));
  CHECK(r[2].norm == Approx(std::sqrt(7.0)));
  CHECK(rounded::is_finite(r[3].norm));
}

namespace {

// A net whose ranges are known: x in [0, 1]^2, y = (x0 + 2 x1 - 1, -x0), relu.
struct known : decltype(Input<2>(in_box<0.0, 1.0>) >> Linear<2> >> ReLU) {};
constexpr parameters<known> known_parameters() {
  parameters<known> p;
  get<0>(p).weight = {1, 2, -1, 0};
  get<0>(p).bias = {-1, 0};
  return p;
}
constexpr bool close(double a, double b) { return a - b < 1e-5 && b - a < 1e-5; }
constexpr auto known_ranges = ranges_of(known_parameters());
static_assert(known_ranges[0].lowest == 0 && known_ranges[0].highest == 1 && close(known_ranges[0].norm, 1.414214));
static_assert(known_ranges[1].lowest <= -1 && close(known_ranges[1].lowest, -1) && known_ranges[1].highest >= 2 &&
              close(known_ranges[1].highest, 2));
static_assert(known_ranges[2].lowest == 0 && known_ranges[2].highest >= 2 && close(known_ranges[2].highest, 2));
static_assert(close(known_ranges[2].norm, 2));

}  // namespace

TEST_CASE("certify.range: the bound of each element is attained by a corner of the box and a point of the sphere") {
  struct corner : decltype(Input<5>(in_box<-1.0, 1.0>) >> Linear<1>) {};
  struct sphere : decltype(Input<5>(in_ball<1.0>) >> Linear<1>) {};
  parameters<corner> p;
  parameters<sphere> q;
  get<0>(p).weight = get<0>(q).weight = {1, -2, 3, 0, 0.5f};
  get<0>(p).bias = get<0>(q).bias = {0.25f};
  CHECK(ranges_of(p)[1].highest == Approx(6.75).epsilon(1e-12));
  CHECK(ranges_of(p)[1].lowest == Approx(-6.25).epsilon(1e-12));
  CHECK(ranges_of(q)[1].highest == Approx(0.25 + std::sqrt(14.25)).epsilon(1e-8));
  CHECK(ranges_of(q)[1].norm == Approx(0.25 + std::sqrt(14.25)).epsilon(1e-8));
}

TEST_CASE("certify.range: a normalizer's output is on its sphere, and inside it where the input is small") {
  struct net : decltype(Input<4>(in_ball<0.01>) >> LN(no_affine, epsilon<1.0>)) {};
  struct far : decltype(Input<4> >> LN(no_affine)) {};
  const auto near = ranges_of(parameters<net>{})[1], on = ranges_of(parameters<far>{})[1];
  CHECK(on.norm == Approx(2).epsilon(1e-12));
  CHECK(on.highest == Approx(std::sqrt(3.0)).epsilon(1e-12));
  CHECK(near.norm == Approx(0.01 / std::sqrt(1e-4 / 4 + 1)).epsilon(1e-9));
  CHECK(near.highest == Approx(0.01 / std::sqrt(1e-4 / 4 + 1) * std::sqrt(0.75)).epsilon(1e-9));
}

TEST_CASE("certify.range: a weight that is no number makes everything infinite") {
  for (const std::uint32_t bits : {0x7fc00000u, 0x7f800000u}) {
    auto p = random_parameters<boxed>(1);
    volatile std::uint32_t strange = bits;  // not a number, infinity: as a file brings them
    get<0>(p).weight[7] = std::bit_cast<float>(std::uint32_t{strange});
    CHECK(!rounded::is_finite(ranges_of(p)[1].norm));
    CHECK(!rounded::is_finite(ranges_of(p)[1].highest));
    CHECK(!rounded::is_finite(ranges_of(p)[2].norm));
    CHECK(rounded::is_finite(ranges_of(p)[4].norm));  // a normalizer would give NaN or be on its sphere
  }
}
