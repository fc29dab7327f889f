// SPDX-License-Identifier: Apache-2.0
// The algebra of rounding steps, the counts of sums in lanes, and normalizers by hand. Attacks are in laws/.
#include <taut/engine/rounding_model.hpp>
#include <taut/layers/gelu_tanh.hpp>
#include <taut/layers/instance_norm.hpp>
#include <taut/layers/layer_norm.hpp>
#include <taut/layers/relu.hpp>
#include <taut/layers/softmax.hpp>
#include <vector>

#include "support/catch.hpp"

namespace {

using namespace taut;
using namespace taut::engine_rounding;

static_assert(longest_sum<simd::portable<1>>(100) == 100);
static_assert(longest_sum<simd::portable<16>>(100) == 7 + 4);
static_assert(longest_sum<simd::portable<4>>(100) == 25 + 2);

// a folded normalizer subtracts nothing; what is subtracted is corrected, so the mean costs the second order only
static_assert(statistics_of<simd::portable<1>>(100, false).centre == 0);
static_assert(statistics_of<simd::portable<1>>(100, true).centre >= 105 * 0x1p-24);
static_assert(statistics_of<simd::portable<1>>(100, true).of_mean < 1e-10);
static_assert(statistics_of<simd::portable<16>>(100, true).scale < statistics_of<simd::portable<1>>(100, true).scale);

// a convolution that adds up its runs is covered as well; one that does not, or runs that it does not, change nothing
constexpr simd::convolution_shape depthwise{2, 19, 20, 2, 2, 3, 3, 1, 1, 1, 1},
    dense{2, 19, 20, 2, 1, 3, 3, 1, 1, 1, 1};
template <simd::convolution_shape S> constexpr statistics_error behind(pooling runs) {
  auto e = statistics_of<simd::portable<16>>(runs.size, true);
  e.behind<simd::portable<16>, layer::instance_norm<>, S>(runs);
  return e;
}
constexpr auto alone = statistics_of<simd::portable<16>>(380, true),
               twice = statistics_of<simd::portable<16>>(760, true);
constexpr auto about = statistics_error::about_pivot(380, 3 * 2 + 5 + 4);
static_assert(about.of_mean == 0 && behind<depthwise>({2, 380}).of_mean == alone.of_mean);
static_assert(behind<depthwise>({2, 380}).scale == std::max(alone.scale, about.scale));
static_assert(behind<depthwise>({2, 380}).centre == std::max(alone.centre, about.centre));
static_assert(behind<dense>({2, 380}).scale == alone.scale && behind<depthwise>({1, 760}).scale == twice.scale);
// short chains: what the pivot costs shows
constexpr simd::convolution_shape small{2, 5, 9, 2, 2, 3, 3, 1, 1, 1, 1};
static_assert(behind<small>({2, 45}).scale > statistics_of<simd::portable<16>>(45, true).scale);
static_assert(behind<small>({2, 45}).std > statistics_of<simd::portable<16>>(45, true).std);
// twice the squares and their errors, and of the mean's; more where the pivot may be further away
static_assert(about.scale > units((2 * (15 + 4) + 2 * 15 * 1.41) / 2) &&
              about.scale < units(2 * (15 + 4) + 2 * 15 * 1.41));
static_assert(about.centre > units(1.41 * (15 + 5)) && about.centre < units(1.6 * (15 + 8)));
static_assert(statistics_error::about_pivot(600, 15).scale > 1.9 * about.scale);
static_assert(statistics_error::about_pivot(380, 16).scale > about.scale);

struct silent : pointwise_layer {};
static_assert(states_accuracy<layer::relu> && states_accuracy<layer::softmax> && !states_accuracy<silent>);
static_assert(accuracy_of<layer::gelu_tanh, simd::scalar>(shape{3}).of_output == 280 &&
              accuracy_of<layer::gelu_tanh, simd::portable<1, simd::target_fuses>>(shape{3}).of_output ==
                  layer::gelu_tanh::accuracy.of_output);
static_assert(accuracy_of<layer::relu>(shape{3}).of_output == 0 &&
              accuracy_of<layer::softmax>(shape{3}).of_output == 11);

constexpr step half{.growth = 0.5, .added = 1, .steepness = 0.5, .of_size = 0.25, .fixed = 0.125};
static_assert(half({4, 8}).size == 3 && half({4, 8}).error == 4 + 1 + 0.125);
static_assert(half.then(half)({4, 8}).size == half(half({4, 8})).size);
static_assert(half.then(half)({4, 8}).error == half(half({4, 8})).error);
static_assert(step{}.then(half)({4, 8}).error == half({4, 8}).error);
static_assert(unknown()({1, 1}).error == rounded::infinity && half.then(unknown())({1, 1}).error == rounded::infinity);

// what is lost of the computed size counts for the error that arrived, too
static_assert(step{.growth = 2, .steepness = 2}.losing(0.25, 0, 0)({4, 8}).error == 2 * 8 + 0.25 * (4 + 8));
static_assert(step{.growth = 2, .steepness = 2}.losing(0, 0.25, 1)({4, 8}).error == 2 * 8 * 1.25 + 0.25 * 8 + 1);

// Sums about a pivot of a run made to lose: each number is, of many near what makes the pivot as far away as it may be,
// the one whose additions round most to the side that `worse` asks for, given errors of the sums of d and of d^2.
template <std::size_t Size> struct losing_run {
  using stage =
      engine_stage::sphere<float, layer::layer_norm<option::no_affine>, shape{Size}, false, engine_stage::epilogue<>>;
  float pivot = 0.3f;
  std::vector<float> x;
  simd::pivoted_sums<float> sums;

  losing_run(auto&& worse) {
    sums.pivot = pivot;
    const auto far = static_cast<std::size_t>(engine_stage::near_pivot(Size) * 0.98f * Size);
    double sum = 0, squares = 0;
    while (x.size() < Size) {
      float best = 0;
      double most = -1e9;
      for (int i = -300; i <= 300; ++i) {
        const float v = pivot + (x.size() < far ? 2 : 0) + static_cast<float>(i) * 0x1.37p-15f;
        const double d = static_cast<double>(v) - static_cast<double>(pivot);
        auto next = sums;
        next.add({v}, [](float kept) { return kept; });
        const double lost =
            worse(static_cast<double>(next.sum) - (sum + d), static_cast<double>(next.squares) - (squares + d * d));
        if (lost > most) most = lost, best = v;
      }
      const double d = static_cast<double>(best) - static_cast<double>(pivot);
      sum += d, squares += d * d;
      sums.add({best}, [](float kept) { return kept; });
      x.push_back(best);
    }
  }
  // The errors of the std and of the mean, in stds.
  [[nodiscard]] std::array<double, 2> errors() const {
    const auto of = stage::template moments_about<float>(sums, x.data());
    REQUIRE(of.mean == pivot);
    double mean = 0, squares = 0;
    for (const float v : x) mean += static_cast<double>(v) / Size;
    for (const float v : x) squares += (static_cast<double>(v) - mean) * (static_cast<double>(v) - mean) / Size;
    const double std = std::sqrt(squares);
    return {std::abs(std::sqrt(static_cast<double>(of.variance)) / std - 1),
            std::abs(static_cast<double>(of.mean) + static_cast<double>(of.rest) - mean) / std};
  }
};

// What was stated is not reached, and is no more than this many times what is.
template <std::size_t Size> void attack_sums(double times) {
  const auto stated = statistics_error::about_pivot(Size, simd::pivoted_sums<float>::longest<1>(Size));
  const double far = static_cast<double>(engine_stage::near_pivot(Size)) * 2;  // the mean of d, about
  std::array<double, 2> worst{};
  for (const double sign : {1.0, -1.0}) {
    const auto by_std = losing_run<Size>([=](double sum, double squares) { return sign * (squares - 2 * far * sum); });
    const auto by_mean = losing_run<Size>([=](double sum, double) { return sign * sum; });
    worst = {std::max(worst[0], by_std.errors()[0]), std::max(worst[1], by_mean.errors()[1])};
  }
  INFO(Size << " numbers: std " << worst[0] / stated.std << " of what is stated, mean " << worst[1] / stated.centre);
  CHECK(worst[0] <= stated.std);
  CHECK(worst[1] <= stated.centre);
  CHECK(worst[0] * times >= stated.std);
  CHECK(worst[1] * times >= stated.centre);
}

constexpr normalizer_step sphere{.root = 2, .sphere = 2, .epsilon = 0.25, .gain = 3, .added = 1, .fixed = 0.5};
static_assert(sphere(0, 1).size == 7 && sphere(0, 1).error == 0.5 + 6 * 0x1p-80);

}  // namespace

TEST_CASE(
    "engine.rounding_model: a normalizer passes errors on by 1 / sqrt(std^2 + epsilon), at most by 1 / sqrt(epsilon)") {
  CHECK(sphere(1e-6, 1).error == Approx(0.5 + 3e-6 / std::sqrt(1.25)));
  CHECK(sphere(1e-6, 0).error == Approx(0.5 + 3e-6 / 0.5));
  CHECK(sphere(1e9, 1).error <= 0.5 + 3 * 4 + 1e-9);  // the diameter of the sphere
  CHECK(sphere.anywhere()({1, 1e-6}).error == Approx(sphere(1e-6, 0).error));
  CHECK(sphere.anywhere()({1, 1e-6}).size == Approx(7));
  auto sharp = sphere;
  sharp.epsilon = 0;
  CHECK_FALSE(rounded::is_finite(sharp(1e-6, 0).error));
  CHECK_FALSE(rounded::is_finite(sharp.anywhere()({1, 1e-6}).error));
  CHECK(sharp(1e-6, 1).error == Approx(0.5 + 3e-6));
}

TEST_CASE("engine.rounding_model: an observed std is lowered by its own error, and by what arrived") {
  auto rough = sphere;
  rough.statistics = statistics_of<simd::portable<1>>(4, true);
  CHECK(rough.std_below(1, 0) < 1);
  CHECK(rough.std_below(1, 0) > 1 - 20 * 0x1p-24);
  CHECK(rough.std_below(1, 0.5) == Approx(0.75));
  CHECK(rough.std_below(1, 3) == 0);
  CHECK(rough.arriving({1e9, 1}) > 1);
}

TEST_CASE("engine.rounding_model: runs made to lose in sums about a pivot lose a good part of what is stated") {
  attack_sums<400>(3.5);
  attack_sums<1000>(3.5);
}
