// SPDX-License-Identifier: Apache-2.0
// Shapes of rank 1 to 3 through every path: composition, evaluate, engine, bounds, certificates, files.
#include "laws/laws.hpp"

namespace {

using namespace taut;
using namespace taut::tests;

struct signal : decltype(Input<2, 5> >> LN(min_std<0.25>, gain_at_most<2.0>) >> ReLU) {};
struct image : decltype(Input<2, 3, 4> >> Tanh >> LN(epsilon<0.01>) >> ReLU >> LN(no_affine, min_std<0.5>)) {};

static_assert(signal::input_size == 10 && signal::output == shape{2, 5} && signal::parameter_count == 20);
static_assert(image::output == shape{2, 3, 4} && image::shapes[2].rank == 3 && image::parameter_count == 48);
static_assert(parameters_of_layer<layer_of<image, 1>, shape{2, 3, 4}>{}.gain.size() == 24);
static_assert(lipschitz<signal> > 7.9 && lipschitz<signal> < 8);  // 2 / sqrt(0.25^2 + 1e-5)
static_assert(fits<signal, decltype(LN)> && !fits<signal, decltype(Linear<3>)>);

template <class Net> void check_all() {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const auto p = random_parameters<Net>(seed);
    check_engines(p, seed);
    check_bound(p, seed, {.tight = 0.3});
  }
}

}  // namespace

TEST_CASE("laws.ranks: a signal and an image pass through every path") {
  check_all<signal>();
  check_all<image>();
}

TEST_CASE("laws.ranks: tensors have the shape of the activations") {
  const parameters<image> p{};
  std::vector<std::string> seen;
  for_each_tensor(p, [&](std::string_view name, shape extents, auto span) {
    seen.push_back(std::string(name) + " " + std::string(extents.name().view()));
    CHECK(span.size() == 24);
  });
  CHECK(seen == std::vector<std::string>{"1.weight 2x3x4", "1.bias 2x3x4"});
}

TEST_CASE("laws.ranks: an image is normalized over all of its elements") {
  const auto p = random_parameters<net_of<shape{2, 3, 4}, layer::layer_norm<option::no_affine>>>(1);
  base::random_stream random(1);
  const auto y = evaluate(p, random_vector(random, 24));
  double sum = 0, squares = 0;
  for (const double v : y) sum += v, squares += v * v;
  CHECK(std::abs(sum) < 1e-12);
  CHECK(squares == Approx(24).epsilon(1e-3));
}
