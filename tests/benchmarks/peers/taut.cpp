// SPDX-License-Identifier: Apache-2.0
// taut: the networks of net.hpp as its users write them. BENCHMARK_NET names the one that this library runs. Small ones run
// with registers of 8 floats, too, where the widest have 16.
#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <taut/inference.hpp>

#include "benchmarks/plugin.hpp"

namespace taut::benchmarks {
namespace {

constexpr std::size_t number = number_of(BENCHMARK_NET);
constexpr net described = nets[number];

template <auto Block, std::size_t Times> constexpr auto repeat(auto chain) {
  if constexpr (Times == 0) return chain;
  else return repeat<Block, Times - 1>(chain >> Block);
}

template <std::size_t N> constexpr auto model() {
  constexpr auto is = [](std::string_view name) { return N == number_of(name); };
  if constexpr (is("N1")) {
    return Input<64> >> Linear<32> >> LN >> ReLU >> Linear<10>;
  } else if constexpr (is("N1_no_norm")) {
    return Input<64> >> Linear<32> >> ReLU >> Linear<10>;
  } else if constexpr (is("N2")) {
    return Input<784> >> Linear<128> >> LN >> ReLU >> Linear<64> >> LN >> ReLU >> Linear<10>;
  } else if constexpr (is("N2_no_norm")) {
    return Input<784> >> Linear<128> >> ReLU >> Linear<64> >> ReLU >> Linear<10>;
  } else if constexpr (is("N3")) {
    return repeat<(Linear<256> >> LN >> ReLU), 4>(Input<256>) >> Linear<10>;
  } else if constexpr (is("N3_no_norm")) {
    return repeat<(Linear<256> >> ReLU), 4>(Input<256>) >> Linear<10>;
  } else if constexpr (is("N4")) {
    return repeat<(Linear<16> >> Tanh), 3>(Input<16>) >> Linear<1>;
  } else if constexpr (is("N5")) {
    return repeat<(Linear<3> >> LN), 32>(Input<3>) >> Linear<1>;
  } else if constexpr (is("N5_bias_free")) {
    return repeat<(Linear<3>(no_bias) >> LN(no_affine)), 32>(Input<3>) >> Linear<1>(no_bias);
  } else if constexpr (is("16x16x6")) {
    return repeat<(Linear<16> >> LN >> ReLU), 6>(Input<16>);
  } else if constexpr (is("16x16x6_no_norm")) {
    return repeat<(Linear<16> >> ReLU), 6>(Input<16>);
  } else if constexpr (is("autoencoder")) {
    constexpr auto hidden = Linear<128> >> BN >> ReLU;
    return repeat<hidden, 4>(repeat<hidden, 4>(Input<640>) >> Linear<8> >> BN >> ReLU) >> Linear<640>;
  } else {
    static_assert(is("signal"));
    return Input<6, 128> >> Conv1d<16, 5>(padding<2>, stride<2>) >> GN<4> >> ReLU >>
           Conv1d<32, 5>(padding<2>, stride<2>) >> GN<4> >> ReLU >> GlobalAvgPool >> Linear<6>;
  }
}

struct Model : decltype(model<number>()) {};
static_assert(Model::input_size == described.inputs() && Model::output_size == described.outputs());

template <class Arithmetic> struct instance {
  using compiled = engine<Model, Arithmetic>;
  compiled run;

  explicit instance(const problem& given) {
    const auto p = std::make_unique<parameters<Model>>();
    const block_weights* w = given.raw;
    base::for_each_index<Model::depth>([&]<std::size_t I>() {
      auto& layer = get<I>(*p);
      const auto take = [](auto& to, const float* from) {
        if (from != nullptr) std::copy_n(from, to.size(), to.begin());
      };
      if constexpr (requires { layer.weight; }) {
        if (I > 0) ++w;  // an affine layer begins a block
        take(layer.weight, w->weight);
        take(layer.bias, w->bias);
      } else if constexpr (requires { layer.gain; }) {
        take(layer.gain, w->gain);
        take(layer.offset, w->offset);
        if constexpr (requires { layer.running_mean; }) {
          take(layer.running_mean, w->mean);
          take(layer.running_var, w->variance);
        }
      }
    });
    compile(*p, run);
  }

  void one(const float* x, float* y) const {  // into storage of the caller, as every peer does
    typename compiled::scratch s;
    run.run(x, y, s, no_observer{});
  }
  void many(const float* x, float* y) const {
    run.batch(std::span(x, batch_size * Model::input_size), std::span(y, batch_size * Model::output_size));
  }
  static bool accepts(const net& n) { return n.name == described.name; }
};

bool open_8([[maybe_unused]] const problem& p, [[maybe_unused]] runner& r) {
#if defined(__AVX512F__)
  if constexpr (described.dense() && described.bytes() < 16e3) return open<instance<float32<simd::vector<8>>>>(p, r);
#endif
  return false;
}

}  // namespace
}  // namespace taut::benchmarks

using namespace taut::benchmarks;
BENCHMARK_PEERS({"taut", kind::ours, open<instance<taut::float32<>>>}, {"taut_8", kind::ours, open_8})
