// SPDX-License-Identifier: Apache-2.0
#include "campaign/attack.hpp"

#include <algorithm>
#include <cmath>

namespace taut::campaign {

namespace {

using vector = std::vector<double>;
using base::random_stream;
using tests::norm;
using tests::random_vector;

vector along(const vector& x, double t, const vector& d) {
  vector y = x;
  for (std::size_t i = 0; i < y.size(); ++i) y[i] += t * d[i];
  return y;
}
vector minus(std::span<const double> a, std::span<const double> b) {
  vector y(a.begin(), a.end());
  for (std::size_t i = 0; i < y.size(); ++i) y[i] -= b[i];
  return y;
}
void rescale(vector& v, double size) {
  const double now = norm(v);
  if (now > 0)
    for (double& x : v) x *= size / now;
}

// The input of least std that a pattern search finds from x: there normalizers are steepest.
vector flattest(subject& net, vector x, double reach) {
  const auto std_at = [&](const vector& at) {
    net.forward(at);
    return net.least_std();
  };
  double least = std_at(x);
  for (int step = 0; step < 60 && reach > 1e-9 && least > 0; ++step) {
    bool better = false;
    for (std::size_t i = 0; i < x.size(); ++i)
      for (const double move : {reach, -reach}) {
        x[i] += move;
        const double std = std_at(x);
        if (std < least) {
          least = std, better = true;
          break;
        }
        x[i] -= move;
      }
    reach *= better ? 1.3 : 0.5;
  }
  return x;
}

// A pair and what it shows.
struct pair_of_inputs {
  vector a, b;
  double slope = -1;  // -1: too close for double, or a floor is broken
};

class slope_search {
 public:
  explicit slope_search(subject& its_net) : net(its_net) {}

  double measure(pair_of_inputs& pair) {
    pair.slope = -1;
    const auto at_a = net.forward(pair.a);
    const vector y(at_a.begin(), at_a.end());
    const double room = net.room();
    const auto z = net.forward(pair.b);
    if (!(room >= 0) || !(net.room() >= 0)) return -1;
    rise = minus(y, z), gap = minus(pair.a, pair.b);
    const double distance = norm(gap);
    if (distance < 1e-4 * (norm(pair.a) + 1e-30)) return -1;
    return pair.slope = norm(rise) / distance;
  }
  // How far rounding may move an output: what moves of an ulp of the inputs show, and an ulp of the outputs.
  double noise(const vector& x, random_stream& random) {
    const auto at_x = net.forward(x);
    const vector y(at_x.begin(), at_x.end());
    double worst = 1e-15 * norm(y);
    for (int trial = 0; trial < 6; ++trial) {
      vector near = x;
      for (double& v : near) v *= 1 + 4e-16 * random.normal();
      worst = std::max(worst, norm(minus(net.forward(near), y)));
    }
    return worst;
  }
  void climb(pair_of_inputs& best, std::size_t steps) {
    double length = 0.3;
    for (std::size_t step = 0; step < steps && length > 1e-5; ++step) {
      measure(best);
      const double height = norm(rise), distance = norm(gap);
      if (!(height > 0)) return;
      vector u = rise;
      for (double& v : u) v /= height;
      const auto of_b = net.backward(u);  // the last forward was at b
      const vector at_b(of_b.begin(), of_b.end());
      net.forward(best.a);
      const auto at_a = net.backward(u);
      vector toward_a(gap.size()), toward_b(gap.size());
      for (std::size_t i = 0; i < gap.size(); ++i) {
        const double outward = gap[i] / distance * (height / distance);
        toward_a[i] = at_a[i] - outward, toward_b[i] = outward - at_b[i];
      }
      const double size = std::hypot(norm(toward_a), norm(toward_b));
      if (!(size > 0)) return;
      const double move = length * std::max(distance, 0.01 * norm(best.a)) / size;
      pair_of_inputs next{along(best.a, move, toward_a), along(best.b, move, toward_b)};
      const bool better = measure(next) > best.slope;
      if (better) best = next;
      length *= better ? 1.6 : 0.4;
    }
  }

 private:
  subject& net;
  vector rise, gap;
};

}  // namespace

void attack_slope(subject& net, std::uint64_t seed, std::size_t starts, record& sum) {
  random_stream random(seed);
  slope_search search(net);
  const std::size_t n = net.inputs;
  for (std::size_t start = 0; start < starts; ++start) {
    pair_of_inputs best;
    for (int attempt = 0; attempt < 12 && best.slope < 0; ++attempt) {
      const double scale = std::exp(random.uniform(-4, 4)), reach = scale * std::exp(random.uniform(-7, 3));
      best.a = random_vector(random, n, scale);
      best.b = along(best.a, reach, random_vector(random, n));
      if (start % 4 == 1)  // antipodal around 0
        for (std::size_t i = 0; i < n; ++i) best.b[i] = -best.a[i];
      if (start % 4 == 2) {  // antipodal around the flattest input, as near to it as the floors allow
        const vector middle = flattest(net, best.a, scale), direction = random_vector(random, n);
        double near = 0, far = 1e3 * (1 + norm(middle));
        const auto keeps = [&](double t) {
          net.forward(along(middle, t, direction));
          if (!(net.room() >= 0)) return false;
          net.forward(along(middle, -t, direction));
          return net.room() >= 0;
        };
        if (std::isinf(net.room())) {
          far = std::exp(random.uniform(-9, 1));  // no floor: where epsilon decides
        } else {
          if (!keeps(far)) continue;
          for (int step = 0; step < 60; ++step) {
            const double half = 0.5 * (near + far);
            (keeps(half) ? far : near) = half;
          }
        }
        best.a = along(middle, far, direction), best.b = along(middle, -far, direction);
      }
      search.measure(best);
    }
    if (best.slope < 0) continue;
    search.climb(best, 60);
    const constants& bounds = net.proved();
    double doubt = 0;
    if (best.slope > std::min({bounds.product, bounds.tight, bounds.tampered}) * (1 - 1e-9))
      doubt = 30 * (search.noise(best.a, random) + search.noise(best.b, random)) / norm(minus(best.a, best.b));
    const auto check = [&](double bound, tally& of) {
      if (!rounded::is_finite(bound)) return;  // nothing is promised
      of.check(!(best.slope <= bound * (1 + 1e-9) + doubt), best.slope > 0 ? bound / best.slope : -1, [&] {
        return net.name + ", seed " + std::to_string(seed) + ": slope " + std::to_string(best.slope) + " of bound " +
               std::to_string(bound);
      });
    };
    check(bounds.product, sum.product), check(bounds.tight, sum.tight), check(bounds.tampered, sum.tampered);
  }
}

namespace {

using floats = std::vector<float>;

long double distance(const floats& a, const floats& b) {
  long double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const auto d = static_cast<long double>(a[i]) - static_cast<long double>(b[i]);
    sum += d * d;
  }
  return std::sqrt(sum);
}

floats draw_input(random_stream& random, std::size_t n) {
  floats x(n);
  const std::size_t kind = random.below(12);
  const double scale = kind == 0 ? 1e-40 : kind == 1 ? 1e10 : kind == 2 ? 1e-6 : std::exp(random.uniform(-2, 3));
  const double middle = kind == 3 ? 1e4 : 0, shade = kind == 4 ? 0 : 1;  // far from the origin; constant
  const double common = scale * random.normal();
  for (float& v : x) v = static_cast<float>(middle + common * (1 - shade) + shade * scale * random.normal());
  if (kind == 5) std::fill(x.begin(), x.end(), 0.0f);
  if (kind == 6)
    for (std::size_t i = 1; i < n; ++i) x[i] = x[0];
  return x;
}

class radius_attack {
 public:
  radius_attack(subject& its_net, record& its_sum, std::uint64_t its_seed)
      : net(its_net), sum(its_sum), random(its_seed), seed(its_seed) {}

  void at(const floats& x, std::size_t arithmetic) {
    const verdict v = net.certify(arithmetic, x);
    if (!(v.radius > 0)) return;
    ++sum.certified;
    const vector middle(x.begin(), x.end());
    const double reach = std::min(v.radius, 1e30) * (1 - 1e-7);
    for (std::size_t other = 0, tried = 0; other < net.outputs && tried < 4; ++other) {
      if (other == v.label) continue;
      ++tried;
      inside(x, v, toward(middle, v.label, other, reach), arithmetic);
      const vector near = closest(middle, v.label, other, toward(middle, v.label, other, 8 * reach));
      inside(x, v, near, arithmetic);
      follow(x, v, near, arithmetic);
    }
    for (int blind = 0; blind < 2; ++blind) inside(x, v, random_vector(random, x.size()), arithmetic);
    vector axis(x.size());
    axis[random.below(axis.size())] = random.below(2) == 0 ? 1 : -1;
    inside(x, v, axis, arithmetic);
    inside(x, v, minus(flattest(net, middle, reach), middle), arithmetic);
  }

 private:
  // The direction in which descent on the margin of `label` over `other` ends on the sphere of this radius.
  vector toward(const vector& x, std::size_t label, std::size_t other, double radius) {
    vector delta = random_vector(random, x.size()), u(net.outputs);
    rescale(delta, radius * random.uniform());
    u[label] = 1, u[other] = -1;
    for (int step = 0; step < 16; ++step) {
      net.forward(along(x, 1, delta));
      vector slope;
      for (const double s : net.backward(u)) slope.push_back(s);
      const double size = norm(slope);
      if (!(size > 0) || !std::isfinite(size)) break;
      for (std::size_t i = 0; i < delta.size(); ++i) delta[i] -= slope[i] / size * radius * 0.4;
      if (norm(delta) > radius) rescale(delta, radius);
    }
    return delta;
  }
  // The nearest input with another label that repeated projections on the boundary find: from where the way `delta`
  // meets it, along the gradient of the margin there.
  vector closest(const vector& x, std::size_t label, std::size_t other, vector delta) {
    vector best = delta;
    double least = std::numeric_limits<double>::infinity();
    const auto margin = [&](const vector& way, double t) {
      const auto y = net.forward(along(x, t, way));
      return y[label] - y[other];
    };
    for (int step = 0; step < 8; ++step) {
      double before = 0, behind = 1;
      while (behind < 1e3 && margin(delta, behind) > 0) before = behind, behind *= 2;
      if (behind >= 1e3) break;
      for (int half = 0; half < 26; ++half) {
        const double middle = 0.5 * (before + behind);
        (margin(delta, middle) > 0 ? before : behind) = middle;
      }
      for (double& d : delta) d *= behind;
      const double size = norm(delta);
      if (size < least) best = delta, least = size;
      vector u(net.outputs);
      u[label] = 1, u[other] = -1;
      net.forward(along(x, 1, delta));
      const auto slope = net.backward(u);
      double product = 0, square = 0;
      for (std::size_t i = 0; i < delta.size(); ++i) product += slope[i] * delta[i], square += slope[i] * slope[i];
      if (!(square > 0) || !std::isfinite(product / square)) break;
      const double far = size > least * (1 + 1e-9) ? 0.5 : 1;  // overshot: only half of the way
      for (std::size_t i = 0; i < delta.size(); ++i)
        delta[i] = far * (product / square) * slope[i] + (1 - far) * best[i];
    }
    return best;
  }
  // The float input that is farthest in this direction and closer than the radius.
  floats nearest(const floats& x, vector delta, double radius) const {
    double size = radius;
    floats y(x.size());
    for (int attempt = 0; attempt < 40; ++attempt, size *= attempt < 6 ? 1 - 1e-7 : 0.7) {
      rescale(delta, size);
      for (std::size_t i = 0; i < x.size(); ++i) y[i] = static_cast<float>(static_cast<double>(x[i]) + delta[i]);
      if (distance(x, y) < static_cast<long double>(radius)) return y;
    }
    return x;
  }
  void inside(const floats& x, const verdict& v, const vector& delta, std::size_t arithmetic) {
    const floats y = nearest(x, delta, std::min(v.radius, 1e30) * (1 - 1e-7));
    for (std::size_t by = 0; by < 2; ++by)  // the rounding of either engine is allowed for
      sum.radii.check(net.label(by, y) != v.label, -1, [&] {
        return net.name + ", seed " + std::to_string(seed) + ": radius " + std::to_string(v.radius) + " of engine " +
               std::to_string(arithmetic) + " broken in engine " + std::to_string(by) + " at distance " +
               std::to_string(static_cast<double>(distance(x, y)));
      });
  }
  // If the label changes somewhere on this way: neighbouring floats with different labels. Neither may have a radius
  // that holds the other.
  void follow(const floats& x, const verdict& v, const vector& delta, std::size_t arithmetic) {
    const vector middle(x.begin(), x.end());
    const auto at = [&](double t) {
      const vector y = along(middle, t, delta);
      return floats(y.begin(), y.end());
    };
    double near = 0, far = 1;
    while (far < 1e4 && net.label(arithmetic, at(far)) == v.label) near = far, far *= 8;
    floats same = x, changed = at(far);
    if (net.label(arithmetic, changed) == v.label) return;
    for (int step = 0; step < 60; ++step) {
      const double half = 0.5 * (near + far);
      const floats y = at(half);
      if (net.label(arithmetic, y) == v.label) near = half, same = y;
      else far = half, changed = y;
    }
    const auto apart = [&](const floats& a, const floats& b) {
      const double promised = net.certify(arithmetic, a).radius;
      const long double found = distance(a, b);
      const bool broken = static_cast<long double>(promised) > found;
      sum.boundaries.check(broken, promised > 0 ? found / promised : -1, [&] {
        return net.name + ", seed " + std::to_string(seed) + ", engine " + std::to_string(arithmetic) + ": radius " +
               std::to_string(promised) + ", other label at " + std::to_string(static_cast<double>(found));
      });
    };
    apart(x, changed), apart(same, changed), apart(changed, same);
    // and from halfway, where the margin is small but not nothing
    const floats halfway = at(near * (1 - std::exp(random.uniform(-12, -1))));
    if (net.label(arithmetic, halfway) == v.label) apart(halfway, changed);
  }

  subject& net;
  record& sum;
  random_stream random;
  std::uint64_t seed;
};

}  // namespace

void attack_radius(subject& net, std::uint64_t seed, std::size_t inputs, record& sum) {
  random_stream random(seed);
  radius_attack enemy(net, sum, seed);
  for (std::size_t i = 0; i < inputs; ++i) {
    const floats x = draw_input(random, net.inputs);
    for (std::size_t arithmetic = 0; arithmetic < 2; ++arithmetic) enemy.at(x, arithmetic);
  }
}

}  // namespace taut::campaign
