// SPDX-License-Identifier: Apache-2.0
// How fast outputs move with the parameters, all of them together as one vector (Euclidean norms), on inputs of norm at
// most R:
//
//   parameter_lipschitz<Net>, parameter_lipschitz<Net, 8.0>    of every network of the type: a double, or an open_bound
//   parameter_lipschitz_of(p, {.input_norm = 8})           { value, of_layer, input, reach }, for networks around p
//
// Both nets keep the domain: norms of layers at most those declared, or those of p; stds at least the declared ones on
// the inputs in question; running statistics do not vary. Without normalizers, biases and offsets the value is
// R sqrt(sum_k prod_{j != k} c_j^2), which W_k = c_k e_1 e_1' attains; certify/sensitivity.hpp has the general case.
#pragma once
#include <array>
#include <cstddef>
#include <taut/certify/sensitivity.hpp>

namespace taut {

/// For which inputs, and for which parameters, a bound is asked.
struct parameter_domain {
  double input_norm = 0;  ///< |x| is at most this
  double radius = 0;      ///< norms of layers are at most those of p, or this much larger: the ball around p is inside
  bool normalizers = true;  ///< false: of the same weights with the layers that normalize left out
};

/// A proved bound of |f(p', x) - f(p'', x)| / |p' - p''| for all parameters p', p'' of the domain.
template <std::size_t Depth> struct parameter_bound {
  double value = 0;                      ///< of all parameters as one vector, rounded upward
  std::array<double, Depth> of_layer{};  ///< of the parameters of one layer: |f' - f''| <= sum_k of_layer[k] |dp_k|
  double input = 0;                      ///< a Lipschitz constant in the input that holds on the whole domain
  double reach = 0;                      ///< no output is larger
};

namespace base {

/// The largest norm of an input in the ball and box that the type declares; infinity where it declares none.
template <class Net> constexpr double declared_input_norm() {
  double norm = rounded::infinity;
  if constexpr (requires { Net::input::ball; }) norm = Net::input::ball;
  if constexpr (requires { Net::input::lower, Net::input::upper; }) {
    constexpr double low = Net::input::lower, high = Net::input::upper, larger = -low > high ? -low : high;
    const double of_box = rounded::mul_up(larger, certificates::root_up(Net::input_size));
    if (of_box < norm) norm = of_box;
  }
  return norm;
}

template <class Net, double InputNorm> constexpr auto close_parameters() {
  using certificates::stated;
  constexpr stated reach =
      rounded::is_finite(InputNorm) ? stated{InputNorm} : stated{0, true, Net::depth, "in_ball<R>"};
  constexpr stated bound =
      certificates::sensitivity_of<Net>(certificates::declared_quantities<Net>{}, reach).parameters;
  if constexpr (!bound.open) {
    return bound.value;
  } else {
    constexpr auto where =
        phrase_of<bound.layer == Net::depth ? say("the input, ", Net::input::name)
                                            : say("layer ", bound.layer, ", ", name_of_layer<Net>(bound.layer))>();
    constexpr auto what = phrase_of<say("declare ", bound.declare)>();
    return typename opened<where, what>::type{};
  }
}

}  // namespace base

/// The same of every network of this type whose parameters keep what it declares: a double, rounded upward, or an
/// open_bound that says what is undeclared. InputNorm: the largest |x|, by default that of the declared ball or box.
template <Network Net, double InputNorm = base::declared_input_norm<Net>()> inline constexpr auto parameter_lipschitz =
    base::close_parameters<Net, InputNorm>();

/// A proved bound for the networks around p. In a constant expression the affine layers share `constant_work` evenly.
template <class Net, class Real>
[[nodiscard]] constexpr auto parameter_lipschitz_of(const parameters<Net, Real>& p, const parameter_domain& domain) {
  std::size_t matrices = 1;
  base::for_each_index<Net::depth>(
      [&]<std::size_t I>() { matrices += certificates::is<Net, I, fusion::affine>() ? 1 : 0; });
  const certificates::quantities_near<Net, Real> source{p, domain.radius, constant_work / matrices};
  const certificates::stated reach{domain.input_norm};
  const auto s = domain.normalizers ? certificates::sensitivity_of<Net, true>(source, reach)
                                    : certificates::sensitivity_of<Net, false>(source, reach);
  parameter_bound<Net::depth> bound{s.parameters.value, {}, s.input.value, s.reach.value};
  for (std::size_t k = 0; k < Net::depth; ++k) bound.of_layer[k] = s.of_layer(k);
  return bound;
}

}  // namespace taut
