// SPDX-License-Identifier: Apache-2.0
#include <taut/layers/linear.hpp>

#include "laws/laws.hpp"

namespace {

using namespace taut;
template <std::size_t A, std::size_t B = 0, class... Options> using linear = layer::linear<A, B, Options...>;

static_assert(Layer<linear<3>>);
static_assert(Linear<3>.name.view() == "Linear<3>" && Linear<2, 3>.name.view() == "Linear<2, 3>");
static_assert(linear<3>::accepts(shape{7}) && !linear<3>::accepts(shape{7, 1}));
static_assert(linear<2, 3>::accepts(shape{2}) && !linear<2, 3>::accepts(shape{3}));
static_assert(linear<2, 3>::output(shape{2}) == shape{3} && linear<3>::output(shape{2}) == shape{3});
static_assert(linear<3>::multiply_adds(shape{7}) == 21);
static_assert(decltype(Linear<3>(no_bias))::has_bias == false && linear<3>::has_bias);
static_assert(decltype(Linear<3>(at_most<2.5>, no_bias))::limit == 2.5 && linear<3>::limit == 0);
static_assert(std::same_as<decltype(Linear<3>(at_most<2.0>)(no_bias)), decltype(Linear<3>(at_most<2.0>, no_bias))>);
constexpr auto term = linear<3>::lipschitz(shape{7});
static_assert(term.first_open()->declare == std::string_view("at_most<c>"));
static_assert(decltype(Linear<3>(at_most<2.5>))::lipschitz(shape{7}).value().upper == 2.5);

constexpr auto product = [] {
  parameters<tests::net_of<shape{3}, linear<2>>> p{};
  get<0>(p).weight = {1, 2, 3, 4, 5, 6};
  get<0>(p).bias = {0.5f, -0.5f};
  return evaluate(p, std::array{1.0, 10.0, 100.0});
}();
static_assert(product[0] == 321.5 && product[1] == 653.5);  // [out][in], as PyTorch stores it

}  // namespace

namespace taut::tests {
void laws_of_linear() {
  tests::check_laws<linear<1>, shape{1}>({.tight = 0.999});
  tests::check_laws<linear<5>, shape{7}>({.tight = 0.95});
  tests::check_laws<linear<7, 5>, shape{7}>({.tight = 0.95});
  tests::check_laws<linear<33, 0, option::no_bias>, shape{18}>({.tight = 0.8});
  tests::check_laws<linear<4, 0, option::at_most<0.5>>, shape{9}>({.tight = 0.95});
}
}  // namespace taut::tests

TEST_CASE("layers.linear: He initialisation is uniform, of variance 2 / fan-in, and a function of the seed") {
  using Net = tests::net_of<shape{50}, linear<40>>;
  parameters<Net> p{}, same{}, other{};
  get<0>(p).bias[3] = 7;
  initialise(p, 1), initialise(same, 1), initialise(other, 2);
  double sum = 0, squares = 0, largest = 0;
  for (const float w : get<0>(p).weight) {
    const double v = static_cast<double>(w);
    sum += v, squares += v * v, largest = std::max(largest, std::abs(v));
  }
  CHECK(std::abs(sum / 2000) < 0.02);
  CHECK(squares / 2000 == Approx(2.0 / 50).epsilon(0.1));
  CHECK(largest <= std::sqrt(6.0 / 50) * (1 + 1e-7));
  CHECK(get<0>(p).weight == get<0>(same).weight);
  CHECK(get<0>(p).weight != get<0>(other).weight);
  CHECK(get<0>(p).bias[3] == 0);
}
