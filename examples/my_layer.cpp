// SPDX-License-Identifier: Apache-2.0
// write a layer of your own outside the library: it composes, runs in fused kernels, is bounded, trains and is
// certified
//
// Softsign, y = x / (1 + |x|): one struct states everything; no file of the library knows of it.
#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdio>
#include <taut/taut.hpp>

namespace mine {

/// y = x / (1 + |x|). Slope 1 / (1 + |x|)^2 <= 1, attained at 0.
struct softsign : taut::layer_base {
  static constexpr auto name = taut::base::say("Softsign");
  static constexpr taut::fusion reads = taut::fusion::pointwise;
  static constexpr auto wants = taut::base::say("any shape");
  static constexpr bool accepts(taut::shape) { return true; }
  static constexpr taut::shape output(taut::shape in) { return in; }

  static constexpr bool homogeneous = false;
  static constexpr taut::output_range range{-1, 1};
  template <class V> static constexpr V apply(V x) { return x / (V(1) + taut::simd::abs(x)); }
  template <class V> static constexpr V derivative(V, V y) {
    const V rest = V(1) - taut::simd::abs(y);  // 1 / (1 + |x|)
    return rest * rest;
  }

  static constexpr auto lipschitz(taut::shape) { return taut::constant(1); }
  /// One rounding of 1 + |x|, one of the quotient, in units of 2^-24: without this, certificates would have radius 0.
  static constexpr taut::kernel_error accuracy{.of_output = 3};
};
inline constexpr softsign Softsign{};

/// y = c x with one trained number per feature, |c| <= Limit: an affine layer with a parameter of its own. What it
/// claims is proved when weights are loaded and enforced while training, like the library's own options.
template <double Limit> struct scale : taut::layer_base {
  static constexpr auto name = taut::base::say("Scale");
  static constexpr taut::fusion reads = taut::fusion::affine;
  static constexpr auto wants = taut::base::say("a vector");
  static constexpr bool accepts(taut::shape in) { return in.rank == 1; }
  static constexpr taut::shape output(taut::shape in) { return in; }
  static constexpr std::size_t multiply_adds(taut::shape in) { return in.size(); }

  template <taut::shape In, class Real> struct parameters {
    std::array<Real, In.size()> factor = taut::filled<Real, In.size()>(1);
    static constexpr void tensors(auto&& visit) {
      visit(taut::tensor_info{"factor", taut::shape{In.size()}}, &parameters::factor);
    }
    static constexpr void claims(auto& self, auto&& visit) { visit.magnitude_at_most("factor", self.factor, Limit); }
  };
  template <taut::shape In, class Real>
  static constexpr double weight(const parameters<In, Real>& p, std::size_t row, std::size_t column) {
    return row == column ? static_cast<double>(p.factor[row]) : 0;
  }
  template <taut::shape In, class Real> static constexpr double bias(const parameters<In, Real>&, std::size_t) {
    return 0;
  }
  template <taut::shape In, class Real, class V>
  static constexpr void forward(const parameters<In, Real>& p, const V* x, V* y) {
    for (std::size_t i = 0; i < In.size(); ++i) y[i] = taut::simd::number<V>(p.factor[i]) * x[i];
  }
  template <taut::shape In, class Real, class V> static constexpr void gradient(const parameters<In, Real>& p,
                                                                                const V* x, const V*, const V* dy,
                                                                                V* dx, parameters<In, Real>& dp) {
    for (std::size_t i = 0; i < In.size(); ++i) {
      dx[i] = taut::simd::number<V>(p.factor[i]) * dy[i];
      dp.factor[i] += static_cast<Real>(taut::simd::sum(dy[i] * x[i]));
    }
  }
  static constexpr auto lipschitz(taut::shape) {
    return taut::symbol({.name = "largest(c@)", .range = {0, Limit}, .declared = true});
  }
};
template <double Limit> inline constexpr scale<Limit> Scale{};

}  // namespace mine

using namespace taut;

struct Net : decltype(Input<2> >> Linear<16>(at_most<4.0>) >> LN(no_affine, min_std<0.1>) >> mine::Softsign >>
                      mine::Scale<2.0> >> Linear<2>(at_most<4.0>)) {};

static_assert(fits<Net, mine::softsign>);
static_assert(lipschitz<Net> <= 320);
static_assert(formula<Net> == "norm(W0) / sqrt(std1^2 + 1e-05) * largest(c3) * norm(W4)");

int main(int argc, char** argv) {
  bool quick = false;
  std::size_t epochs = 60;
  CLI::App app{"A layer defined in this file, composed, trained, bounded and certified."};
  app.add_option("--epochs", epochs, "passes over the samples")->capture_default_str();
  app.add_flag("--quick", quick, "20 epochs");
  CLI11_PARSE(app, argc, argv);
  if (quick) epochs = 20;

  // Two classes that no line separates: inside and outside a circle.
  base::random_stream random(5);
  dataset data{array<float, 2>::from_shape({1024, 2}), std::vector<std::size_t>(1024)};
  for (std::size_t i = 0; i < data.size(); ++i) {
    const double x = random.uniform(-1, 1), y = random.uniform(-1, 1);
    data.inputs(i, 0) = static_cast<float>(x);
    data.inputs(i, 1) = static_cast<float>(y);
    data.labels[i] = x * x + y * y < 0.6 ? 1 : 0;
  }

  parameters<Net> p;
  initialise(p, 1);
  fit(p, data, batch<32>{}, {.epochs = epochs, .schedule = cosine_rate, .seed = 1});

  const auto guard = certifier(p);
  double fused_against_reference = 0, mean_radius = 0;
  for (std::size_t i = 0; i < data.size(); ++i) {
    const auto verdict = certify(guard, data.input(i));
    const auto reference = evaluate(p, data.input(i));
    for (std::size_t k = 0; k < reference.size(); ++k)
      fused_against_reference = std::max(fused_against_reference, std::abs(verdict.output[k] - reference[k]));
    mean_radius += verdict.radius / static_cast<double>(data.size());
  }
  std::printf("%s\n", describe<Net>().c_str());
  std::printf("bound %.4g = %s\n", guard.lipschitz, lipschitz_of(p).formula.characters);
  std::printf("RESULT accuracy=%.4f lipschitz=%.4g mean_radius=%.3g fused_error=%.2g\n", accuracy(p, data),
              guard.lipschitz, mean_radius, fused_against_reference);
}
