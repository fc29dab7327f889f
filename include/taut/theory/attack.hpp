// SPDX-License-Identifier: Apache-2.0
// The other side of a certificate: an input close to a sample that the network labels wrongly, searched by projected
// gradient ascent in the Euclidean ball (PGD: Madry and others 2018), d the distance from the sample:
//
//   d <- project(d + stride g / |g|)      g = the gradient of the loss in the input, in inference mode
//
//   const attack_report found = attack(p, test, {.radius = 0.5});      // found.accuracy() is what is left
//
// Every input that counts was checked in double: it lies inside the ball and evaluate(p, input) has another label.
// So whatever certify proves holds for accuracy() too: certified accuracy <= attacked accuracy, sample by sample.
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <stdexcept>
#include <taut/base/random.hpp>
#include <taut/theory/input_gradient.hpp>
#include <taut/train/dataset.hpp>
#include <taut/train/loss.hpp>
#include <taut/train/score.hpp>
#include <utility>
#include <vector>

namespace taut {

/// What an attack climbs.
enum class attack_loss {
  margin,        ///< the largest other output less the label's: its gradient never vanishes because of confidence
  cross_entropy  ///< of the label: nothing is left of it in float where the network is very sure
};

/// How long to search and where.
struct attack_options {
  double radius = 0.5;     ///< of the open ball around each sample, Euclidean
  std::size_t steps = 40;  ///< of ascent from each start
  /// Starts: the sample itself, then points drawn from the ball.
  std::size_t starts = 2;
  attack_loss loss = attack_loss::margin;
  double stride = 2.5;     ///< length of a step in units of radius / steps
  std::uint64_t seed = 1;  ///< of the points drawn: each sample has a stream of its own
};

/// What an attack found.
struct attack_report {
  /// Per sample, how far the input found is: 0 if the sample itself is labelled wrongly, infinity if nothing was found.
  std::vector<double> distance;
  std::vector<float> inputs;  ///< per sample the input found, behind each other; without one the sample itself

  /// Whether sample i is labelled rightly and no input was found that is not.
  [[nodiscard]] bool survived(std::size_t i) const { return distance[i] == std::numeric_limits<double>::infinity(); }
  /// The share of samples that survived: an upper bound of the accuracy under the worst moves inside the ball.
  [[nodiscard]] double accuracy() const {
    std::size_t count = 0;
    for (std::size_t i = 0; i < distance.size(); ++i) count += survived(i) ? 1 : 0;
    return static_cast<double>(count) / static_cast<double>(distance.empty() ? 1 : distance.size());
  }
};

namespace base {

/// The first of the largest of `count` outputs.
inline std::size_t label_of(const double* y, std::size_t count) {
  std::size_t label = 0;
  for (std::size_t j = 1; j < count; ++j)
    if (y[j] > y[label]) label = j;
  return label;
}

/// Attacks as many samples at once as a register has lanes.
template <Network Net> class attacker {
  using V = simd::native;
  static constexpr std::size_t width = simd::width<V>, features = Net::input_size, classes = Net::output_size;

 public:
  template <class Real> attacker(const parameters<Net, Real>& p, const dataset& samples, const attack_options& options)
      : data(samples), how(options), slopes(p), exact(p) {}

  attack_report run() {
    report.distance.assign(data.size(), std::numeric_limits<double>::infinity());
    report.inputs.assign(data.inputs.data(), data.inputs.data() + data.size() * features);
    for (std::size_t i = 0; i < data.size(); ++i)
      if (is_wrong(i, data.input(i).data())) report.distance[i] = 0;
    for (first = 0; first < data.size(); first += width) attack_group();
    return std::move(report);
  }

 private:
  [[nodiscard]] std::size_t sample(std::size_t lane) const { return first + lane < data.size() ? first + lane : first; }
  bool is_wrong(std::size_t i, const float* at) {
    for (std::size_t k = 0; k < features; ++k) point[k] = static_cast<double>(at[k]);
    return label_of(exact.forward(point.data()), classes) != data.labels[i];
  }
  [[nodiscard]] bool all_found() const {
    for (std::size_t l = 0; l < width; ++l)
      if (report.survived(sample(l))) return false;
    return true;
  }

  void attack_group() {
    std::vector<random_stream> random;
    for (std::size_t l = 0; l < width; ++l) random.emplace_back(random_stream(how.seed + sample(l)).next());
    for (std::size_t i = 0; i < features; ++i)
      centre[i] = gathered([&](std::size_t l) { return data.input(sample(l))[i]; });
    for (std::size_t start = 0; start < how.starts && !all_found(); ++start) {
      for (std::size_t i = 0; i < features; ++i)
        move[i] = gathered([&](std::size_t l) { return start == 0 ? 0.0f : static_cast<float>(random[l].normal()); });
      const V part = gathered([&](std::size_t l) { return static_cast<float>(how.radius * random[l].uniform()); });
      if (start > 0) scale_by(part / (length(move) + tiny));
      for (std::size_t step = 0; step <= how.steps; ++step) {
        for (std::size_t i = 0; i < features; ++i) x[i] = centre[i] + move[i];
        const V* const y = slopes.forward(x.data());
        if (note(y); step == how.steps || all_found()) break;
        climb(slopes.backward(uphill(y)));
      }
    }
  }

  // The gradient of the loss in the outputs.
  const V* uphill(const V* y) {
    std::size_t labels[width];
    for (std::size_t l = 0; l < width; ++l) labels[l] = data.labels[sample(l)];
    if (how.loss == attack_loss::cross_entropy) {
      softmax_cross_entropy<classes>(y, std::span<const std::size_t>(labels), 1, dy.data());
      return dy.data();
    }
    std::size_t rival[width];
    float best[width], lanes[width];
    for (std::size_t l = 0; l < width; ++l) rival[l] = labels[l], best[l] = -std::numeric_limits<float>::infinity();
    for (std::size_t j = 0; j < classes; ++j) {
      simd::store(y[j], lanes);
      for (std::size_t l = 0; l < width; ++l)
        if (j != labels[l] && lanes[l] > best[l]) rival[l] = j, best[l] = lanes[l];
    }
    for (std::size_t j = 0; j < classes; ++j)
      dy[j] = gathered([&](std::size_t l) { return (j == rival[l] ? 1.0f : 0.0f) - (j == labels[l] ? 1.0f : 0.0f); });
    return dy.data();
  }
  // A step along g, and back into the ball, a little below its surface so that rounding stays inside.
  void climb(const V* g) {
    const V stride = simd::number<V>(how.stride * how.radius / static_cast<double>(how.steps)) / (length(g) + tiny);
    for (std::size_t i = 0; i < features; ++i) move[i] = move[i] + stride * g[i];
    const V reach = simd::number<V>(how.radius * (1 - 1e-5)) / (length(move) + tiny);
    scale_by(simd::min(reach, V(1)));
  }
  // Samples that seem to be labelled wrongly, checked in double.
  void note(const V* y) {
    std::array<std::array<float, width>, classes> out;
    for (std::size_t j = 0; j < classes; ++j) simd::store(y[j], out[j].data());
    for (std::size_t l = 0; l < width && first + l < data.size(); ++l) {
      const std::size_t i = first + l, label = data.labels[i];
      bool rivalled = false;
      for (std::size_t j = 0; j < classes; ++j) rivalled = rivalled || (j != label && out[j][l] >= out[label][l]);
      if (!rivalled || !report.survived(i)) continue;
      float lanes[width];
      double square = 0;
      for (std::size_t k = 0; k < features; ++k) {
        simd::store(x[k], lanes);
        candidate[k] = lanes[l];
        const double d = static_cast<double>(candidate[k]) - static_cast<double>(data.input(i)[k]);
        square += d * d;
      }
      const double distance = std::sqrt(square) * (1 + 1e-12);  // above all roundings of the sum
      if (!(distance < how.radius) || !is_wrong(i, candidate.data())) continue;
      report.distance[i] = distance;
      std::copy(candidate.begin(), candidate.end(), report.inputs.begin() + static_cast<std::ptrdiff_t>(i * features));
    }
  }

  template <class F> static V gathered(F&& f) {
    float lanes[width];
    for (std::size_t l = 0; l < width; ++l) lanes[l] = f(l);
    return simd::load<V>(lanes);
  }
  static V length(const auto& v) {
    V sum(0);
    for (std::size_t i = 0; i < features; ++i) sum = sum + v[i] * v[i];
    return simd::sqrt(sum);
  }
  void scale_by(V factor) {
    for (V& m : move) m = m * factor;
  }

  const dataset& data;
  const attack_options& how;
  input_gradient<Net, V> slopes;
  input_gradient<Net, double> exact;
  attack_report report;
  std::size_t first = 0;
  V tiny = simd::number<V>(1e-30);
  std::vector<V> centre = std::vector<V>(features, V(0)), move = centre, x = centre, dy = std::vector<V>(classes, V(0));
  std::vector<double> point = std::vector<double>(features);
  std::vector<float> candidate = std::vector<float>(features);
};

}  // namespace base

/// Searches around every sample. A function of its arguments alone.
/// @throws std::invalid_argument if the data does not fit or an option makes no sense.
template <Network Net, class Real>
[[nodiscard]] attack_report attack(const parameters<Net, Real>& p, const dataset& data, const attack_options& options) {
  base::check_data<Net>(data);
  if (!(options.radius > 0) || !std::isfinite(options.radius) || !(options.stride > 0) || options.steps == 0 ||
      options.starts == 0)
    throw std::invalid_argument("an attack needs a radius and a stride above 0, and at least one step and one start");
  return base::attacker<Net>(p, data, options).run();
}

}  // namespace taut
