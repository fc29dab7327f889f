// SPDX-License-Identifier: Apache-2.0
// What a layer must state, kind by kind, and what is said of one that does not.
#include <string_view>
#include <taut/net/layer.hpp>

#include "support/catch.hpp"

namespace {

using namespace taut;

struct named : layer_base {
  static constexpr auto name = base::say("named");
};
struct reading : named {
  static constexpr fusion reads = fusion::pointwise;
};
struct shaped : reading {
  static constexpr auto wants = base::say("any shape");
  static constexpr bool accepts(shape) { return true; }
  static constexpr shape output(shape in) { return in; }
};
struct bounded : shaped {
  static constexpr auto lipschitz(shape) { return constant(2); }
};
struct pointwise : bounded {
  template <class V> static constexpr V apply(V x) { return x + x; }
  template <class V> static constexpr V derivative(V, V) { return V(2); }
  static constexpr bool homogeneous = true;
  static constexpr output_range range{};
};
struct normalizer : bounded {
  static constexpr fusion reads = fusion::normalizer;
};
struct pooling_normalizer : normalizer {
  static constexpr pooling pooled(shape in) { return {1, in.size()}; }
  static constexpr bool centred = true;
  static constexpr double epsilon = 1;
};
struct affine : bounded {
  static constexpr fusion reads = fusion::affine;
};
struct counted : affine {
  static constexpr std::size_t multiply_adds(shape in) { return in.size(); }
};
struct mixing : bounded {
  static constexpr fusion reads = fusion::mixing;
};
struct foreign : pointwise {};
struct unrelated {
  [[maybe_unused]] static constexpr auto name = base::say("unrelated");
};

template <class L> constexpr std::string_view missing() {
  const char* what = base::first_missing<L>();
  return what == nullptr ? "nothing" : what;
}
static_assert(missing<layer_base>() == "name" && missing<named>() == "reads (a taut::fusion)");
static_assert(missing<reading>() == "wants, accepts and output (shape)" && missing<shaped>() == "lipschitz(shape)");
static_assert(missing<bounded>() == "apply derivative homogeneous range" && missing<pointwise>() == "nothing");
static_assert(missing<normalizer>() == "pooled(shape), centred, epsilon" && missing<pooling_normalizer>() == "nothing");
static_assert(missing<affine>() == "multiply_adds(shape)" && missing<counted>() == "nothing");
static_assert(missing<mixing>() == "multiply_adds(shape)");
static_assert(Layer<pointwise> && Layer<foreign> && Layer<pooling_normalizer> && Layer<counted>);
static_assert(!Layer<bounded> && !Layer<affine> && !Layer<mixing> && !Layer<unrelated> && !Layer<int>);

// what is missing is a phrase that compilers print in full
template <class... L> constexpr bool printable = ((missing<L>().size() <= 36) && ...);
static_assert(printable<layer_base, named, reading, shaped, bounded, normalizer, affine, mixing>);

static_assert(states_name<unrelated> && !states_reads<unrelated>);
static_assert(output_range{}.lower == -rounded::infinity && output_range{}.upper == rounded::infinity);
static_assert(tensor_info{"weight", shape{2}}.purpose == role::trainable);

}  // namespace

TEST_CASE("net.layer: a layer without tensors visits none") {
  std::size_t visited = 0;
  no_parameters::tensors([&](auto&&...) { ++visited; });
  CHECK(visited == 0);
}
