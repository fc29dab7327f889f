// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <taut/layers/conv1d.hpp>
#include <taut/layers/conv2d.hpp>
#include <taut/net/convolution.hpp>
#include <taut/train/project.hpp>

#include "laws/support.hpp"
#include "support/catch.hpp"

namespace {

using namespace taut;
using namespace taut::tests;
template <std::size_t Out, std::size_t KH, std::size_t KW, class... Options> using conv2d =
    layer::conv2d<Out, KH, KW, Options...>;
template <std::size_t Out, std::size_t K, class... Options> using conv1d = layer::conv1d<Out, K, Options...>;
template <std::size_t A, std::size_t B = A> using padded = option::padding<A, B>;
template <std::size_t A, std::size_t B = A> using strided = option::stride<A, B>;
template <std::size_t N> using grouped = option::groups<N>;

static_assert(least_extent(3, 0) == 3 && least_extent(5, 1) == 3 && least_extent(3, 2) == 1);
static_assert(missing_part(0, 9).view() == "1 output channel or more" && missing_part(1, 9).length == 0);
static_assert(conv2d<6, 3, 5, grouped<2>>::channel_groups == 2 && conv2d<6, 3, 5>::out_channels == 6);
static_assert(conv2d<6, 3, 5>::geometry(shape{1, 8, 9}) == windows(shape{1, 8, 9}, {3, 5}, {1, 1}, {0, 0}));
static_assert(conv1d<6, 3, padded<1>, strided<2>>::geometry(shape{1, 8}).overlap() == 2);
static_assert(conv2d<6, 3, 5, grouped<3>, strided<2, 1>, padded<1, 2>>::kernel(shape{3, 8, 9}).out_size() == 6 * 4 * 9);
static_assert(conv1d<6, 3, strided<2>>::kernel(shape{2, 9}).in_height == 1);
static_assert(conv2d<6, 3, 3>::contradicts<grouped<4>> && !conv2d<6, 3, 3>::contradicts<grouped<3>>);
static_assert(conv1d<6, 3>::contradicts<strided<2, 1>> && !conv2d<6, 3, 3>::contradicts<strided<2, 1>>);

template <class L, shape In> std::vector<double> dense(const parameters_of_layer<L, In>& p) {
  std::vector<double> w;
  for (std::size_t row = 0; row < L::output(In).size(); ++row)
    for (std::size_t column = 0; column < In.size(); ++column) w.push_back(L::weight(p, row, column));
  return w;
}
template <class L, shape In> double dense_norm(const parameters_of_layer<L, In>& p) {
  return spectral_norm(dense<L, In>(p).data(), L::output(In).size(), In.size()).value;
}

// The bound that each way of unfolding gives.
template <class L, shape In> std::array<double, 2> unfolded_norms(const parameters_of_layer<L, In>& p) {
  std::array<double, 2> largest{};
  std::size_t calls = 0;
  L::template unfoldings<In>(
      p, [&](std::size_t way, std::size_t group, auto&& entry, std::size_t rows, std::size_t columns, double factor) {
        CHECK(group == calls++ / 2);
        std::vector<double> w;
        for (std::size_t row = 0; row < rows; ++row)
          for (std::size_t column = 0; column < columns; ++column) w.push_back(entry(row, column));
        largest[way] = std::max(largest[way], factor * spectral_norm(w.data(), rows, columns).value);
      });
  CHECK(calls == 2 * L::channel_groups);
  return largest;
}

// forward of unit vectors gives the columns of weight(); forward of 0 gives bias(); the kernel gives forward.
template <class L, shape In> void check_entries() {
  INFO(L::name.view() << " on " << In.name().view());
  constexpr std::size_t outputs = L::output(In).size();
  const auto p = get<0>(random_parameters<net_of<In, L>>(In.size()));
  std::vector<double> zero(In.size()), x(In.size()), b(outputs), y(outputs);
  L::template forward<In>(p, zero.data(), b.data());
  for (std::size_t row = 0; row < outputs; ++row) CHECK(b[row] == L::bias(p, row));
  for (std::size_t column = 0; column < In.size(); ++column) {
    x = zero, x[column] = 1;
    L::template forward<In>(p, x.data(), y.data());
    for (std::size_t row = 0; row < outputs; ++row)
      CHECK(std::abs(y[row] - b[row] - L::weight(p, row, column)) <= 1e-15 * (std::abs(b[row]) + std::abs(y[row])));
  }

  using kernel = simd::convolution<simd::native, L::kernel(In)>;
  struct alignas(64) line {
    float at[16];
  };
  std::vector<line> packed(kernel::weight_size / 16 + 1);
  constexpr std::size_t of_group = In.channels() / L::channel_groups;
  kernel::pack(
      [&p](std::size_t co, std::size_t ci, std::size_t ky, std::size_t kx) {
        constexpr window_geometry g = L::geometry(In);
        const std::size_t tap = (co * of_group + ci) * g.window() + ky * g.kernel_width + kx;
        return static_cast<double>(p.weight[tap]);
      },
      packed[0].at);
  std::vector<line> bias(kernel::bias_size / 16 + 1);
  kernel::pack_bias([&p](std::size_t co) { return L::bias(p, co * (outputs / L::out_channels)); }, bias[0].at);
  std::vector<float> in(std::max(In.size(), kernel::reads)), out(std::max(outputs, kernel::writes)),
      scratch(kernel::scratch_size);
  base::random_stream random(7);
  for (std::size_t i = 0; i < In.size(); ++i) x[i] = in[i] = static_cast<float>(random.normal());
  L::template forward<In>(p, x.data(), y.data());
  kernel::apply(packed[0].at, bias[0].at, in.data(), out.data(), scratch.data());
  for (std::size_t row = 0; row < outputs; ++row) {
    double size = std::abs(L::bias(p, row)), terms = 8;
    for (std::size_t column = 0; column < In.size(); ++column) {
      const double term = std::abs(L::weight(p, row, column) * x[column]);
      size += term, terms += term == 0 ? 0 : 1;
    }
    CHECK(std::abs(static_cast<double>(out[row]) - y[row]) <= terms * 0x1p-24 * size);
  }
}

// Both unfoldings bound the dense operator (spectral_norm may be 1e-6 above a norm); the better of them by no more than
// `loose` times.
template <class L, shape In> void check_unfoldings(double loose) {
  INFO(L::name.view() << " on " << In.name().view());
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const auto p = get<0>(random_parameters<net_of<In, L>>(seed));
    const double norm = dense_norm<L, In>(p);
    const auto bounds = unfolded_norms<L, In>(p);
    for (const double bound : bounds) CHECK(bound >= norm * (1 - 1e-5));
    CHECK(std::min(bounds[0], bounds[1]) <= loose * norm);
  }
}

struct counting_prover {
  std::size_t proved = 0, refuted = 0;
  void spectral_norm_at_most(std::string_view name, const auto& values, std::size_t rows, std::size_t columns,
                             double limit) {
    CHECK(name == "0.weight");
    REQUIRE(values.size() == rows * columns);
    const std::vector<double> w(values.begin(), values.end());
    ++(taut::spectral_norm_at_most(w.data(), rows, columns, limit) ? proved : refuted);
  }
  void magnitude_at_most(std::string_view, const auto&, double) {}
  void at_least(std::string_view, const auto&, double) {}
};

// What is declared holds for the dense operator after projection, proved group by group.
template <class L, shape In> void check_claims() {
  INFO(L::name.view() << " on " << In.name().view());
  static_assert(L::limit > 0);
  using Net = net_of<In, L>;
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    parameters<Net> p{};
    base::random_stream random(seed);
    for (float& w : get<0>(p).weight) w = static_cast<float>(3 * random.normal());
    counting_prover before, after;
    for_each_claim(std::as_const(p), before);
    CHECK(before.refuted == L::channel_groups);
    auto estimated = p;
    projector each_step;
    for (int step = 0; step < 50; ++step) each_step(estimated);
    CHECK(dense_norm<L, In>(get<0>(estimated)) <= L::limit * 1.01);
    project(p);
    for_each_claim(std::as_const(p), after);
    CHECK(after.proved == L::channel_groups);
    CHECK(dense_norm<L, In>(get<0>(p)) <= L::limit);
  }
}

}  // namespace

TEST_CASE("net.convolution: weight, bias, forward and the kernel say the same") {
  check_entries<conv1d<3, 3, padded<1>>, shape{2, 7}>();
  check_entries<conv1d<4, 2, strided<3>, grouped<2>>, shape{2, 9}>();
  check_entries<conv1d<2, 4, padded<5>, option::no_bias>, shape{1, 3}>();
  check_entries<conv2d<5, 3, 3, padded<1>, strided<2>>, shape{3, 5, 6}>();
  check_entries<conv2d<6, 2, 3, strided<1, 2>, grouped<3>>, shape{3, 4, 7}>();
  check_entries<conv2d<4, 3, 3, padded<1>, grouped<4>>, shape{4, 4, 4}>();
  check_entries<conv2d<9, 1, 1>, shape{5, 2, 3}>();
  check_entries<conv2d<1, 2, 2, padded<3, 0>, strided<4, 1>>, shape{1, 3, 2}>();
}

TEST_CASE("net.convolution: unfolded weights bound the operator") {
  check_unfoldings<conv2d<4, 1, 1>, shape{3, 2, 3}>(1 + 1e-5);              // exact: one tap
  check_unfoldings<conv2d<4, 2, 2, strided<2>>, shape{3, 4, 6}>(1 + 1e-5);  // exact: no overlap
  check_unfoldings<conv1d<3, 3, padded<1>, strided<3>, grouped<3>>, shape{6, 12}>(1 + 1e-5);
  check_unfoldings<conv2d<5, 3, 3, padded<1>>, shape{2, 5, 5}>(3);
  check_unfoldings<conv2d<3, 3, 3, padded<1>, grouped<3>>, shape{3, 5, 4}>(3);
  check_unfoldings<conv1d<3, 5>, shape{2, 11}>(2.3);
  check_unfoldings<conv2d<3, 3, 3, padded<1>>, shape{2, 2, 2}>(2.5);  // no window inside the input
}

TEST_CASE("net.convolution: the factors of the unfoldings are roots, rounded upward") {
  using layer = conv2d<2, 3, 2, padded<1, 0>>;
  const auto p = get<0>(random_parameters<net_of<shape{1, 2, 5}, layer>>(1));
  layer::unfoldings<shape{1, 2, 5}>(p, [](std::size_t way, auto, auto&&, std::size_t, std::size_t, double factor) {
    // two rows of windows meet; each covers both rows of the input and two columns, each column lies in two
    CHECK(factor >= 2);
    CHECK(factor <= 2 * (1 + 1e-15));
    CHECK(way < 2);
  });
}

TEST_CASE("net.convolution: at_most holds for the operator once the claims are enforced") {
  check_claims<conv1d<3, 3, padded<1>, option::at_most<0.5>>, shape{2, 8}>();
  check_claims<conv2d<4, 3, 3, padded<1>, option::at_most<2.0>>, shape{3, 5, 5}>();
  check_claims<conv2d<4, 3, 3, padded<1>, grouped<2>, option::at_most<1.0>>, shape{6, 4, 4}>();
  check_claims<conv2d<3, 2, 2, grouped<3>, option::at_most<1.0>>, shape{3, 4, 4}>();
  check_claims<conv2d<3, 2, 2, strided<2>, option::at_most<1.0>>, shape{3, 4, 4}>();
}

TEST_CASE("net.convolution: where no window holds an input the operator is 0") {
  using layer = conv1d<2, 1, padded<1>, strided<2>, option::at_most<1.0>>;  // windows at -1 and 1
  constexpr shape in{1, 1};
  static_assert(layer::output(in) == shape{2, 2} && layer::geometry(in).overlap() == 0);
  const auto p = get<0>(random_parameters<net_of<in, layer>>(1));
  for (const double w : dense<layer, in>(p)) CHECK(w == 0);
  for (const double bound : unfolded_norms<layer, in>(p)) CHECK(bound >= 0);
}
