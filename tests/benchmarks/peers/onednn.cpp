// SPDX-License-Identifier: Apache-2.0
// oneDNN: inner products, convolutions, layer normalizations and activations as primitives, all made beforehand, weights
// in the format that it asks for. It has no group normalization, which is a plain loop.
#include <algorithm>
#include <cstddef>
#include <oneapi/dnnl/dnnl.hpp>
#include <unordered_map>
#include <utility>
#include <vector>

#include "benchmarks/peers/finish.hpp"

namespace taut::benchmarks {
namespace {

using dnnl::memory;
using tag = memory::format_tag;
constexpr auto forward = dnnl::prop_kind::forward_inference;

const dnnl::engine& processor() {
  static const dnnl::engine made(dnnl::engine::kind::cpu, 0);
  return made;
}
memory::desc described(memory::dims extents, tag format) { return {extents, memory::data_type::f32, format}; }
memory::dim extent(std::size_t n) { return static_cast<memory::dim>(n); }

struct step {
  dnnl::primitive run;
  std::unordered_map<int, memory> arguments;
};

// The primitives of a network for so many samples.
struct pipeline {
  const net* network;
  std::size_t samples;
  std::vector<block_weights> others;
  dnnl::stream stream{processor()};
  std::vector<std::vector<step>> steps;  // of each block
  memory first, last, unordered;         // what the caller's floats are
  std::vector<memory> signals, averages;

  pipeline(const problem& p, std::size_t count)
      : network(p.network), samples(count), others(p.folded, p.folded + network->depth) {
    const block& start = network->blocks[0];
    memory x;
    steps.emplace_back();
    if (start.dense()) {
      x = first = outside({extent(samples), extent(start.in)}, tag::nc);
    } else {
      const memory::dims extents{extent(samples), extent(start.in), extent(start.length)};
      first = outside(extents, tag::ncw);
      x = inside(described(extents, tag::nwc));
      steps.back().push_back({dnnl::reorder(first, x), {{DNNL_ARG_FROM, first}, {DNNL_ARG_TO, x}}});
    }
    for (std::size_t l = 0; l < network->depth; ++l) {
      if (l > 0) steps.emplace_back();
      x = add(network->blocks[l], p.folded[l], x, l + 1 == network->depth);
    }
  }

  void run(const float* x, float* y) {
    first.set_data_handle(const_cast<float*>(x));
    last.set_data_handle(y);
    for (std::size_t l = 0; l < network->depth; ++l) {
      for (const step& s : steps[l]) s.run.execute(stream, s.arguments);
      const block& b = network->blocks[l];
      if (b.norm != normalization::group) continue;
      float* const signal = static_cast<float*>(signals[l].get_data_handle());
      for (std::size_t s = 0; s < samples; ++s) {
        finish_signal(b, others[l], signal + s * b.out * b.positions());
        if (b.averaged)
          average(b, signal + s * b.out * b.positions(),
                  static_cast<float*>(averages[l].get_data_handle()) + s * b.out);
      }
    }
  }

 private:
  static memory outside(const memory::dims& extents, tag format) {
    return memory(described(extents, format), processor(), nullptr);
  }
  static memory inside(const memory::desc& of) { return memory(of, processor()); }
  memory holding(const memory::desc& wanted, const float* values, const memory::dims& extents, tag format) {
    memory given(described(extents, format), processor(), const_cast<float*>(values)), kept = inside(wanted);
    dnnl::reorder(given, kept).execute(stream, given, kept);
    stream.wait();
    return kept;
  }

  memory add(const block& b, const block_weights& w, const memory& x, bool at_end) {
    const memory::dims bias_extents{extent(b.out)};
    const std::vector<float> none(b.out, 0.0f);
    const memory bias = holding(described(bias_extents, tag::x), b.bias ? w.bias : none.data(), bias_extents, tag::x);
    dnnl::primitive_attr fused;
    if (!b.normalizes() && b.act != activation::none) {
      dnnl::post_ops then;
      then.append_eltwise(1.0f, algorithm_of(b), 0.0f, 0.0f);
      fused.set_post_ops(then);
    }
    signals.emplace_back();
    averages.emplace_back();
    memory y;
    if (b.dense()) {
      const memory::dims extents{extent(samples), extent(b.out)}, weights{extent(b.out), extent(b.in)};
      y = at_end ? last = outside(extents, tag::nc) : inside(described(extents, tag::nc));
      const dnnl::inner_product_forward::primitive_desc what(
          {forward, x.get_desc(), described(weights, tag::any), bias.get_desc(), y.get_desc()}, fused, processor());
      const memory kept = holding(what.weights_desc(), w.weight, weights, tag::oi);
      then(dnnl::inner_product_forward(what),
           {{DNNL_ARG_SRC, x}, {DNNL_ARG_WEIGHTS, kept}, {DNNL_ARG_BIAS, bias}, {DNNL_ARG_DST, y}});
      if (b.normalizes()) normalize(b, w, y);
      return y;
    }
    const memory::dims extents{extent(samples), extent(b.out), extent(b.positions())};
    const memory::dims weights{extent(b.out), extent(b.in), extent(b.kernel)};
    y = inside(described(extents, tag::nwc));
    const memory::dims strides{extent(b.stride)}, padding{extent(b.padding)};
    const dnnl::convolution_forward::primitive_desc what(
        {forward, dnnl::algorithm::convolution_auto, x.get_desc(), described(weights, tag::any), bias.get_desc(),
         y.get_desc(), strides, padding, padding},
        fused, processor());
    const memory kept = holding(what.weights_desc(), w.weight, weights, tag::oiw);
    then(dnnl::convolution_forward(what),
         {{DNNL_ARG_SRC, x}, {DNNL_ARG_WEIGHTS, kept}, {DNNL_ARG_BIAS, bias}, {DNNL_ARG_DST, y}});
    signals.back() = y;
    if (!b.averaged) return y;
    return averages.back() = inside(described({extent(samples), extent(b.out)}, tag::nc));
  }

  void normalize(const block& b, const block_weights& w, const memory& y) {
    using flags = dnnl::normalization_flags;
    const dnnl::layer_normalization_forward::primitive_desc what(
        {forward, y.get_desc(), static_cast<float>(epsilon),
         b.affine ? flags::use_scale | flags::use_shift : flags::none},
        processor());
    std::unordered_map<int, memory> arguments{{DNNL_ARG_SRC, y}, {DNNL_ARG_DST, y}};
    const memory::dims extents{extent(b.out)};
    if (b.affine) {
      arguments.emplace(DNNL_ARG_SCALE, holding(described(extents, tag::x), w.gain, extents, tag::x));
      arguments.emplace(DNNL_ARG_SHIFT, holding(described(extents, tag::x), w.offset, extents, tag::x));
    }
    then(dnnl::layer_normalization_forward(what), std::move(arguments));
    if (b.act == activation::none) return;
    const dnnl::eltwise_forward::primitive_desc act({forward, algorithm_of(b), y.get_desc(), 0.0f}, processor());
    then(dnnl::eltwise_forward(act), {{DNNL_ARG_SRC, y}, {DNNL_ARG_DST, y}});
  }

  static dnnl::algorithm algorithm_of(const block& b) {
    return b.act == activation::tanh ? dnnl::algorithm::eltwise_tanh : dnnl::algorithm::eltwise_relu;
  }
  void then(dnnl::primitive what, std::unordered_map<int, memory> arguments) {
    steps.back().push_back({std::move(what), std::move(arguments)});
  }
};

struct instance {
  pipeline single, batch;
  explicit instance(const problem& p) : single(p, 1), batch(p, batch_size) {}
  void one(const float* x, float* y) { single.run(x, y); }
  void many(const float* x, float* y) { batch.run(x, y); }
};

}  // namespace
}  // namespace taut::benchmarks

BENCHMARK_PEERS({"onednn", taut::benchmarks::kind::library, taut::benchmarks::open<taut::benchmarks::instance>})
