// SPDX-License-Identifier: Apache-2.0
// Every layer of equal size keeps its sector on random pairs, and nearly leaves it somewhere; least slopes are the
// least that a dense search finds.
#include <taut/inference.hpp>

#include "laws/support.hpp"
#include "support/catch.hpp"

namespace {

using namespace taut;
using namespace taut::tests;

static_assert(sector_of<layer::relu>(shape{4}) == sector{0, 1, 1});
static_assert(sector_of<layer::leaky_relu<0.25>>(shape{4}) == sector{0.25, 1, 1});
static_assert(sector_of<layer::leaky_relu<3.0>>(shape{4}) == sector{1, 3, 1});
static_assert(sector_of<layer::group_sort<2>>(shape{6}) == sector{-1, 1, 2});
static_assert(sector_of<layer::group_sort<2>>(shape{6, 2}) == sector{-1, 1, 12});
static_assert(sector_of<layer::softmax>(shape{6}) == sector{0, 0.5, 6});
static_assert(sector_of<decltype(GN<2>(epsilon<0.25>))>(shape{6}) == sector{0, 2, 3});
static_assert(sector_of<decltype(Linear<6>(at_most<2.0>))>(shape{6}) == sector{-2, 2, 6});
static_assert(sector_of<decltype(Linear<6>)>(shape{6}).high == rounded::infinity);

// The largest <dy - low dx, dy - high dx> / |dx|^2 over all runs of random pairs that keep the declared floor.
template <class L, shape In> double worst(std::size_t pairs) {
  constexpr sector s = sector_of<L>(In);
  constexpr std::size_t n = In.size();
  static_assert(L::output(In).size() == n && n % s.run == 0);
  const parameters_of_layer<L, In> p{};
  base::random_stream random(n);
  double most = -rounded::infinity;
  std::size_t kept = 0;
  while (kept < pairs) {
    const double scale = std::exp(random.uniform(-3, 2));
    auto a = random_vector(random, n, scale), b = random_vector(random, n, scale);
    if (random.below(2) == 0)
      for (std::size_t i = 0; i < n; ++i) b[i] = a[i] + 1e-3 * b[i];
    if (random.below(8) == 0)
      for (std::size_t i = 0; i < n; ++i) b[i] = -a[i];
    if constexpr (L::reads == fusion::normalizer) {
      bool holds = true;
      for (std::size_t first = 0; first < n; first += s.run)
        for (const double* x : {a.data(), b.data()})
          holds = holds && std::sqrt(normalizer::measure<L>(x + first, s.run).variance) >= declared_floor<L>();
      if (!holds) continue;
    }
    ++kept;
    std::vector<double> y(n), z(n);
    forward<L, In>(p, a.data(), y.data());
    forward<L, In>(p, b.data(), z.data());
    for (std::size_t first = 0; first < n; first += s.run) {
      double product = 0, distance = 0;
      for (std::size_t i = first; i < first + s.run; ++i) {
        const double dx = a[i] - b[i], dy = y[i] - z[i];
        product += (dy - s.low * dx) * (dy - s.high * dx), distance += dx * dx;
      }
      most = std::max(most, product / distance);
    }
  }
  return most;
}

template <class L, shape In = shape{6}> void check_sector(double reached = -1e-2) {
  const double most = worst<L, In>(4000);
  INFO(L::name.view() << ": " << most);
  CHECK(most <= 1e-7);  // what rounding makes of close pairs
  CHECK(most >= reached);
}

// What L states is the least slope over [-20, 20], less at most 1e-15.
template <class L> void check_least_slope() {
  double least = rounded::infinity;
  for (double x = -20; x < 20; x += 1e-4) least = std::min(least, L::derivative(x, L::apply(x)));
  INFO(L::name.view() << ": " << least);
  CHECK(L::least_slope <= least + 1e-15);
  CHECK(L::least_slope >= least - 1e-8);
}

}  // namespace

TEST_CASE("net.sector: no pair of inputs leaves the sector of a layer, and some come close") {
  check_sector<layer::relu>();
  check_sector<layer::leaky_relu<0.1>>();
  check_sector<layer::leaky_relu<2.5>>();
  check_sector<layer::tanh>();
  check_sector<layer::elu>();
  check_sector<layer::sigmoid>();
  check_sector<layer::softplus>();
  check_sector<layer::softsign>();
  check_sector<layer::gelu>();
  check_sector<layer::gelu_tanh>();
  check_sector<layer::silu>();
  check_sector<layer::mish>();
  check_sector<layer::softmax>();
  check_sector<layer::softmax, shape{3, 4}>();
  check_sector<layer::group_sort<2>>();
  check_sector<layer::group_sort<3>, shape{3, 2}>();
  check_sector<decltype(LN(min_std<0.5>))>(-0.1);
  check_sector<decltype(LN(epsilon<1.0>))>();
  check_sector<decltype(RMSNorm(min_std<0.5>)), shape{4}>(-0.1);
  check_sector<decltype(GN<2>(min_std<0.2>, epsilon<0.1>)), shape{6}>(-0.1);
  check_sector<decltype(LN(min_std<0.2>, over_last)), shape{2, 3}>(-0.1);
}

TEST_CASE("net.sector: least slopes are those that a dense search finds") {
  check_least_slope<layer::gelu>();
  check_least_slope<layer::gelu_tanh>();
  check_least_slope<layer::silu>();
  check_least_slope<layer::mish>();
  CHECK(layer::tanh::least_slope == 0);
}
