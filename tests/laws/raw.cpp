// SPDX-License-Identifier: Apache-2.0
// A layer whose parameters are not what is computed with: weight normalization, row i of W is g_i v_i / |v_i|, raw v
// and g in files and training, W folded by the engine in double. And one with buffers: a running mean and an int64
// counter.
#include "laws/file.hpp"
#include "laws/laws.hpp"

namespace {

using namespace taut;
using namespace taut::tests;

template <std::size_t Out> struct weight_normalized : layer_base {
  static constexpr auto name = base::say("weight_normalized<", Out, ">");
  static constexpr fusion reads = fusion::affine;
  static constexpr auto wants = base::say("a vector");
  static constexpr bool accepts(shape in) { return in.rank == 1; }
  static constexpr shape output(shape) { return shape{Out}; }
  static constexpr std::size_t multiply_adds(shape in) { return Out * in.size(); }

  template <shape In, class Real> struct parameters {
    std::array<Real, Out * In.size()> direction{};
    std::array<Real, Out> length{}, bias{};
    static constexpr void tensors(auto&& visit) {
      visit(tensor_info{"weight_v", shape{Out, In.size()}}, &parameters::direction);
      visit(tensor_info{"weight_g", shape{Out, 1}}, &parameters::length);
      visit(tensor_info{"bias", shape{Out}}, &parameters::bias);
    }
  };
  // 1 / |v_row|
  template <class V, shape In, class Real> static V inverse(const parameters<In, Real>& p, std::size_t row) {
    V squares(0);
    for (std::size_t i = 0; i < In.size(); ++i) {
      const V v = simd::number<V>(static_cast<double>(p.direction[row * In.size() + i]));
      squares = squares + v * v;
    }
    return V(1) / simd::sqrt(squares);
  }
  template <shape In, class Real>
  static double weight(const parameters<In, Real>& p, std::size_t row, std::size_t column) {
    return static_cast<double>(p.length[row]) * static_cast<double>(p.direction[row * In.size() + column]) *
           inverse<double>(p, row);
  }
  template <shape In, class Real> static double bias(const parameters<In, Real>& p, std::size_t row) {
    return static_cast<double>(p.bias[row]);
  }
  template <shape In, class Real, class V> static void forward(const parameters<In, Real>& p, const V* x, V* y) {
    for (std::size_t row = 0; row < Out; ++row) {
      V sum(0);
      for (std::size_t i = 0; i < In.size(); ++i)
        sum = sum + simd::number<V>(static_cast<double>(p.direction[row * In.size() + i])) * x[i];
      y[row] = sum * inverse<V>(p, row) * simd::number<V>(static_cast<double>(p.length[row])) +
               simd::number<V>(static_cast<double>(p.bias[row]));
    }
  }
  // with s = <v, x> / |v|: dg = s dy, dv = (g / |v|) (x - s v / |v|) dy
  template <shape In, class Real, class V> static void gradient(const parameters<In, Real>& p, const V* x, const V*,
                                                                const V* dy, V* dx, parameters<In, Real>& dp) {
    for (std::size_t i = 0; i < In.size(); ++i) dx[i] = V(0);
    for (std::size_t row = 0; row < Out; ++row) {
      const V shrink = inverse<V>(p, row), g = simd::number<V>(static_cast<double>(p.length[row]));
      V along(0);
      for (std::size_t i = 0; i < In.size(); ++i)
        along = along + simd::number<V>(static_cast<double>(p.direction[row * In.size() + i])) * shrink * x[i];
      for (std::size_t i = 0; i < In.size(); ++i) {
        const std::size_t k = row * In.size() + i;
        const V unit = simd::number<V>(static_cast<double>(p.direction[k])) * shrink;
        dx[i] = dx[i] + g * unit * dy[row];
        dp.direction[k] += static_cast<Real>(simd::sum(g * shrink * (x[i] - along * unit) * dy[row]));
      }
      dp.length[row] += static_cast<Real>(simd::sum(along * dy[row]));
      dp.bias[row] += static_cast<Real>(simd::sum(dy[row]));
    }
  }
  static constexpr auto lipschitz(shape) { return symbol({.name = "norm(g@)", .declare = "at_most<c>"}); }
};

// y = x - running mean; counts its batches in a file
struct recentred : layer_base {
  static constexpr auto name = base::say("recentred");
  static constexpr fusion reads = fusion::mixing;
  static constexpr auto wants = base::say("any shape");
  static constexpr bool accepts(shape) { return true; }
  static constexpr shape output(shape in) { return in; }
  static constexpr std::size_t multiply_adds(shape) { return 0; }
  template <shape In, class Real> struct parameters {
    std::array<Real, In.size()> running_mean{};
    std::array<std::int64_t, 1> batches{};
    static constexpr void tensors(auto&& visit) {
      visit(tensor_info{"running_mean", In, role::buffer}, &parameters::running_mean);
      visit(tensor_info{"num_batches_tracked", shape{}, role::buffer}, &parameters::batches);
    }
  };
  template <shape In, class P, class V> static constexpr void forward(const P& p, const V* x, V* y) {
    for (std::size_t i = 0; i < In.size(); ++i) y[i] = x[i] - simd::number<V>(static_cast<double>(p.running_mean[i]));
  }
  template <shape In, class P, class V>
  static constexpr void gradient(const P&, const V*, const V*, const V* dy, V* dx, P&) {
    for (std::size_t i = 0; i < In.size(); ++i) dx[i] = dy[i];
  }
  static constexpr auto lipschitz(shape) { return constant(1); }
};

struct net : decltype(Input<7> >> weight_normalized<9>{} >> LN >> ReLU >> recentred{} >> weight_normalized<3>{}) {};
static_assert(net::parameter_count == (63 + 9 + 9) + 18 + (27 + 3 + 3));  // buffers are not counted

}  // namespace

TEST_CASE("laws.raw: a raw parametrization obeys the laws and is folded by the engine") {
  check_laws<weight_normalized<4>, shape{6}>({.tight = 0.9});
  check_laws<weight_normalized<1>, shape{1}>({.tight = 0.9});
  check_laws<recentred, shape{2, 3}>({.tight = 0.99});
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    const auto p = random_parameters<net>(seed);
    check_engines(p, seed);
    check_bound(p, seed, {});
    check_file(p);
  }
}

TEST_CASE("laws.raw: what is folded does not depend on the length of v") {
  auto p = random_parameters<net>(1);
  const auto x = [] {
    base::random_stream random(5);
    return random_vector(random, 7);
  }();
  const auto before = evaluate(p, x);
  for (float& v : get<0>(p).direction) v *= 4;
  CHECK(evaluate(p, x) == before);
}

TEST_CASE("laws.raw: buffers and counters are stored, described, and no parameters") {
  parameters<net> p{};
  get<3>(p).batches[0] = 9'007'199'254'740'993;  // more than a double holds
  get<3>(p).running_mean[8] = 0.1f;
  std::vector<std::string> buffers;
  for_each_described_tensor(p, [&](const tensor_info& info, auto span) {
    if (info.purpose != role::buffer) return;
    buffers.push_back(std::string(info.key) + " " + std::string(info.extents.name().view()));
    using element = std::remove_cvref_t<decltype(span[0])>;
    CHECK(std::same_as<element, std::int64_t> == (info.key == "3.num_batches_tracked"));
  });
  CHECK(buffers == std::vector<std::string>{"3.running_mean 9", "3.num_batches_tracked scalar"});
  const auto path =
      std::filesystem::temp_directory_path() / ("taut_raw_" + std::to_string(::getpid()) + ".safetensors");
  save_safetensors(p, path);
  const auto loaded = load_safetensors<net>(path);
  std::filesystem::remove(path);
  CHECK(get<3>(loaded).batches[0] == 9'007'199'254'740'993);
  CHECK(get<3>(loaded).running_mean[8] == 0.1f);
}
