// SPDX-License-Identifier: Apache-2.0
// Engines in simd::scalar and simd::fused_scalar: programs have the bits of constant expressions, which know no
// processor. Here compilers may contract, so a stage that computes with plain floats would show.
#include <array>
#include <bit>
#include <cstdint>
#include <taut/inference.hpp>

#include "support/catch.hpp"

using namespace taut;

namespace {

struct Dense : decltype(Input<7> >> Linear<9> >> LN >> LeakyReLU<0.1> >> Linear<5> >> BN >> GELU >> Linear<3>) {};
struct Signal
    : decltype(Input<2, 9> >> Conv1d<4, 3> >> GN<2> >> ReLU >> AvgPool<2> >> Flatten >> Linear<4> >> Softmax) {};
struct Norms : decltype(Input<3, 4> >> InstanceNorm >> Flatten >> RMSNorm >> SiLU >> Linear<3> >> LogSoftmax) {};
struct Blocks : decltype(Input<6> >> Residual(LN >> Linear<6> >> Tanh) >> Linear<8> >> GN<2> >> Linear<2>) {};

template <class Net> constexpr parameters<Net> values() {
  parameters<Net> p;
  std::uint32_t state = 1;
  for_each_described_tensor(p, [&state](const tensor_info& info, auto span) {
    for (auto& v : span) {
      state = state * 1664525u + 1013904223u;
      using element = std::remove_reference_t<decltype(v)>;
      const float random = static_cast<float>(state >> 9) * 0x1p-23f;
      v = static_cast<element>(info.purpose == role::buffer ? 0.5f + random : random - 0.4f);
    }
  });
  return p;
}
template <class Net> constexpr std::array<float, Net::input_size> input() {
  std::array<float, Net::input_size> x{};
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = 1.0f / static_cast<float>(3 * i + 2) - 0.1f;
  return x;
}
template <std::size_t N> std::array<std::uint32_t, N> bits(const std::array<float, N>& y) {
  return std::bit_cast<std::array<std::uint32_t, N>>(y);
}

template <class Net, class Lane> void check() {
  static constexpr auto run = compile<float32<Lane>>(values<Net>());
  constexpr auto compiled = run(input<Net>());
  volatile float one = 1;
  auto x = input<Net>();
  for (float& v : x) v *= one;
  CHECK(bits(run(x)) == bits(compiled));
}
template <class Net> void check_both() {
  check<Net, simd::scalar>();
  check<Net, simd::fused_scalar>();
}

}  // namespace

TEST_CASE("engine.scalar: dense stages") { check_both<Dense>(); }
TEST_CASE("engine.scalar: convolutions and pools") { check_both<Signal>(); }
TEST_CASE("engine.scalar: normalizers on their own") { check_both<Norms>(); }
TEST_CASE("engine.scalar: blocks") { check_both<Blocks>(); }
