// SPDX-License-Identifier: Apache-2.0
// What layers state of their float kernels (`accuracy`), against double: pointwise ones over all floats, element by
// element; others on random inputs, in the Euclidean norm.
#include "laws/support.hpp"
#include "simd/sweep.hpp"
#include "support/catch.hpp"

namespace {

using namespace taut;
using namespace taut::tests;

// Every 9973rd float of both signs up to 1e30, in native lanes.
template <class L> void check_pointwise(double least_used) {
  constexpr std::size_t width = simd::width<simd::native>;
  constexpr kernel_error stated = L::accuracy;
  double used = 0;
  alignas(64) float x[width], y[width];
  for (const std::uint32_t sign : {0u, 0x80000000u}) {
    for (std::uint32_t bits = 0; bits < std::bit_cast<std::uint32_t>(1e30f);) {
      for (std::size_t i = 0; i < width; ++i, bits += 9973) x[i] = std::bit_cast<float>(bits | sign);
      simd::store_aligned(L::apply(simd::load_aligned<simd::native>(x)), y);
      for (std::size_t i = 0; i < width; ++i) {
        const double in = x[i], truth = L::apply(in), error = std::abs(static_cast<double>(y[i]) - truth);
        const double allowed =
            0x1p-24 * (stated.of_output * std::abs(truth) + stated.of_input * std::abs(in)) + stated.absolute;
        if (!(error <= allowed + 0x1p-126 + 1e-14 * std::abs(truth))) FAIL(L::name.view() << " at " << x[i]);
        if (allowed > 0x1p-100) used = std::max(used, error / allowed);
      }
    }
  }
  INFO(L::name.view() << " uses " << used);
  CHECK(used >= least_used);
}

template <class L, shape In> void check_mixing(double least_used) {
  using Net = net_of<In, L>;
  constexpr kernel_error stated = L::accuracy(In);
  const parameters<Net> p{};
  const auto wide = compile(p);
  const auto narrow = compile<float32<simd::portable<1>>>(p);
  base::random_stream random(1);
  double used = 0;
  for (int sample = 0; sample < 2000; ++sample) {
    auto x = random_vector<float>(random, Net::input_size, std::exp(random.uniform(-9, 5)));
    if (sample % 3 == 0)
      for (float& v : x) v = std::abs(v);
    const auto truth = evaluate(p, x);
    const double in = certificates::norm_up(x.data(), x.size());
    double size = 0;
    for (const double v : truth) size += v * v;
    const double allowed = 0x1p-24 * (stated.of_output * std::sqrt(size) + stated.of_input * in) + 1e-30;
    for (const auto& y : {wide(x), narrow(x)}) {
      double error = 0;
      for (std::size_t i = 0; i < truth.size(); ++i) error += (y[i] - truth[i]) * (y[i] - truth[i]);
      CHECK(std::sqrt(error) <= allowed);
      used = std::max(used, std::sqrt(error) / allowed);
    }
  }
  INFO(L::name.view() << " uses " << used);
  CHECK(used >= least_used);
}

}  // namespace

TEST_CASE("laws.float_error_kernels: pointwise kernels are as accurate as they state, over all floats") {
  check_pointwise<layer::relu>(0);
  check_pointwise<layer::leaky_relu<0.01>>(0.3);
  check_pointwise<layer::tanh>(0.3);
  check_pointwise<layer::elu>(0.3);
  check_pointwise<layer::sigmoid>(0.3);
  check_pointwise<layer::gelu>(0.3);
  check_pointwise<layer::gelu_tanh>(simd::target_fuses ? 0.3 : 0.1);
  check_pointwise<layer::silu>(0.3);
  check_pointwise<layer::softplus>(0.3);
  check_pointwise<layer::softsign>(0.3);
  check_pointwise<layer::mish>(0.3);
}

TEST_CASE("laws.float_error_kernels: mixing kernels are as accurate as they state") {
  check_mixing<layer::softmax, shape{10}>(0.05);
  check_mixing<layer::softmax, shape{5, 4}>(0.05);
  check_mixing<layer::log_softmax, shape{10}>(0.05);
  check_mixing<layer::log_softmax, shape{70}>(0.005);
  check_mixing<layer::avg_pool<3, 3, option::padding<1, 1>>, shape{2, 7, 7}>(0.05);
  check_mixing<layer::global_avg_pool, shape{3, 40}>(0.02);
  check_mixing<layer::group_sort<4>, shape{12}>(0);
  check_mixing<layer::max_pool<2, 2>, shape{2, 6, 6}>(0);
}
