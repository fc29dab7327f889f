// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <taut/certify/certifier.hpp>
#include <taut/theory/attack.hpp>
#include <taut/theory/local_slope.hpp>

#include "contender.hpp"
#include "mlp.hpp"

namespace unified {

namespace {

template <class Net> parameters<Net> filled_with(const std::vector<float>& weights) {
  parameters<Net> p;
  std::size_t next = 0;
  for_each_tensor(p, [&](auto, auto, auto values) {
    for (auto& v : values) v = weights.at(next++);
  });
  return p;
}

void add_slopes(const std::vector<local_slope>& seen, examined& found) {
  double x = 0, y = 0, xx = 0, yy = 0, xy = 0, count = 0;
  for (const local_slope& s : seen) {
    if (!(s.slope > 0) || !(s.ratio > 0)) continue;
    const double a = std::log(s.slope), b = std::log(s.ratio);
    x += a, y += b, xx += a * a, yy += b * b, xy += a * b, count += 1;
  }
  if (count == 0) return;
  found.slope = std::exp(x / count), found.ratio = std::exp(y / count);
  const double spread = std::sqrt((xx - x * x / count) * (yy - y * y / count));
  found.correlation = spread > 1e-9 ? (xy - x * y / count) / spread : 0;
}

template <class Net> examined examined_as(const std::vector<float>& weights, const dataset& test,
                                          const std::vector<double>& radii, std::size_t steps) {
  const auto p = filled_with<Net>(weights);
  examined found;
  add_slopes(local_slopes(p, test), found);
  if (radii.empty()) return found;
  const auto guard = certifier(p);
  std::vector<certificate<10>> proved;
  for (std::size_t i = 0; i < test.size(); ++i) proved.push_back(certify(guard, test.input(i)));
  for (const double radius : radii) {
    const auto search = attack(p, test, {.radius = radius, .steps = steps, .starts = 3});
    std::size_t certified = 0;
    for (std::size_t i = 0; i < test.size(); ++i) {
      const bool holds = proved[i].label == test.labels[i] && proved[i].radius >= radius;
      found.consistent = found.consistent && (!holds || search.survived(i));
      certified += holds ? 1 : 0;
    }
    found.certified.push_back(static_cast<double>(certified) / static_cast<double>(test.size()));
    found.attacked.push_back(search.accuracy());
  }
  return found;
}

template <class Net> std::vector<double> sent(const std::vector<double>& points) {
  std::vector<double> images;
  for (std::size_t i = 0; i < points.size(); i += Net::input_size)
    for (const double v : evaluate(parameters<Net>{}, std::span(points).subspan(i, Net::input_size)))
      images.push_back(v);
  return images;
}
struct circle : decltype(Input<3> >> LN(no_affine)) {};
struct sphere : decltype(Input<3> >> RMSNorm(no_affine)) {};
struct two_circles : decltype(Input<6> >> GN<2>(no_affine)) {};

}  // namespace

examined examine(form f, const std::vector<float>& weights, const dataset& test, const std::vector<double>& radii,
                 std::size_t attack_steps) {
  switch (f) {
    case form::layer_norm:
      return examined_as<mlp_ln>(weights, test, radii, attack_steps);
    case form::group_norm:
      return examined_as<mlp_gn>(weights, test, radii, attack_steps);
    case form::rms_norm:
      return examined_as<mlp_rms>(weights, test, radii, attack_steps);
    case form::plain:
      break;
  }
  return examined_as<mlp>(weights, test, radii, attack_steps);
}

std::vector<double> projected(form f, const std::vector<double>& points) {
  if (f == form::layer_norm) return sent<circle>(points);
  if (f == form::rms_norm) return sent<sphere>(points);
  return sent<two_circles>(points);
}

}  // namespace unified
