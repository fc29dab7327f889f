// SPDX-License-Identifier: Apache-2.0
// The twin of net/budget.hpp: bytes and multiply-adds, known to the compiler.
#include <cstdint>
#include <taut/layers/layer_norm.hpp>
#include <taut/layers/linear.hpp>
#include <taut/layers/relu.hpp>
#include <taut/layers/tanh.hpp>
#include <taut/net/budget.hpp>

#include "support/catch.hpp"

namespace {

using namespace taut;

struct digits : decltype(Input<64> >> Linear<32> >> LN >> ReLU >> Linear<10>) {};
static_assert(memory<digits>.weights == 9896);  // 2474 floats
static_assert(memory<digits>.activations == (64 + 32) * sizeof(float));
static_assert(operations<digits>.multiply_adds == 64 * 32 + 2 * 32 + 32 * 10);
static_assert(operations<digits>.loads == 2 * operations<digits>.multiply_adds + 32 + 32 + 32 + 10);

struct widest_in_the_middle : decltype(Input<2, 3> >> Tanh >> LN(no_affine) >> ReLU) {};
static_assert(memory<widest_in_the_middle>.weights == 0);
static_assert(memory<widest_in_the_middle>.activations == 12 * sizeof(float));
static_assert(operations<widest_in_the_middle>.multiply_adds == 12);

struct input_only : network<layer::input<5>> {};
static_assert(memory<input_only>.activations == 5 * sizeof(float) && operations<input_only>.multiply_adds == 0);

// A layer that costs something although it is pointwise, and that has a counter of eight bytes.
struct counting : layer_base {
  static constexpr auto name = base::say("Counting");
  static constexpr fusion reads = fusion::mixing;
  static constexpr auto wants = base::say("any shape");
  static constexpr bool accepts(shape) { return true; }
  static constexpr shape output(shape in) { return in; }
  static constexpr std::size_t multiply_adds(shape in) { return 7 * in.size(); }
  static constexpr auto lipschitz(shape) { return constant(1); }
  template <shape In, class Real> struct parameters {
    std::array<Real, In.size()> mean{};
    std::array<std::int64_t, 1> batches{};
    static constexpr void tensors(auto&& visit) {
      visit(tensor_info{"running_mean", In, role::buffer}, &parameters::mean);
      visit(tensor_info{"num_batches_tracked", shape{}, role::buffer}, &parameters::batches);
    }
  };
};
static_assert(Layer<counting>);
struct counted : decltype(Input<3> >> counting{}) {};
static_assert(counted::parameter_count == 0 && memory<counted>.weights == 3 * 4 + 8);
static_assert(operations<counted>.multiply_adds == 21);

// A block with networks inside.
struct block : layer_base {
  using left = network<layer::input<4>, layer::linear<6, 0>, layer::linear<4, 0>>;
  using right = network<layer::input<4>, layer::linear<4, 0>>;
  static constexpr std::size_t blocks = 2;
  static constexpr auto name = base::say("Block");
  static constexpr fusion reads = fusion::mixing;
  static constexpr auto wants = base::say("a vector of 4");
  static constexpr bool accepts(shape in) { return in == shape{4}; }
  static constexpr shape output(shape in) { return in; }
  static constexpr std::size_t multiply_adds(shape) {
    return operations<left>.multiply_adds + operations<right>.multiply_adds;
  }
  static constexpr auto lipschitz(shape) { return constant(1); }
  template <shape, class Real> struct parameters {
    taut::parameters<left, Real> first;
    taut::parameters<right, Real> second;
    static constexpr void tensors(auto&&) {}
  };
  template <shape In, std::size_t K> static constexpr const auto& inner(const parameters<In, float>& p) {
    if constexpr (K == 0) return p.first;
    else return p.second;
  }
};
static_assert(Layer<block>);
struct with_block : decltype(Input<4> >> block{}) {};
static_assert(base::networks_inside<block>() == 2 && base::networks_inside<layer::relu>() == 0);
static_assert(std::same_as<base::network_inside<block, shape{4}, 1>, block::right>);
static_assert(operations<with_block>.multiply_adds == 24 + 24 + 16);
static_assert(memory<with_block>.activations == (4 + 4 + (6 + 4)) * sizeof(float));

TEST_CASE("net.budget: the bytes are those of the tensors that files hold") {
  parameters<counted> p;
  std::size_t bytes = 0;
  for_each_tensor(p, [&bytes](std::string_view, const shape&, auto values) { bytes += values.size_bytes(); });
  REQUIRE(bytes == memory<counted>.weights);
}

}  // namespace
