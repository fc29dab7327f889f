// SPDX-License-Identifier: Apache-2.0
// What full-batch training minimises, as a function of one vector: the mean loss of a network in training mode on a
// batch that stays the same, cross-entropy or squared error. The vector holds the trainable parameters, tensor by
// tensor in file order. The singular vectors of SpectralNorm stay those of the parameters that it was made from.
//
//   batch_loss<Net, batch<256>, double> loss(p, data);           // the first 256 samples
//   std::vector<double> w = loss.vector_of(p), g(w.size());
//   const double l = loss.gradient(w, g);                        // the loss, and its gradient in g;  loss.value(w)
//
// V = double computes in double; simd::native in float, several samples at a time.
#pragma once
#include <cassert>
#include <concepts>
#include <cstddef>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <taut/train/dataset.hpp>
#include <taut/train/loss.hpp>
#include <taut/train/score.hpp>
#include <taut/train/tape.hpp>
#include <type_traits>
#include <utility>
#include <vector>

namespace taut {

/// A part of a vector of parameters: the row of a matrix, or the kernel of an output channel.
struct filter {
  std::size_t first = 0, size = 0;
  bool operator==(const filter&) const = default;
};

namespace base {

/// Calls f(info, values) for each tensor that training changes, in file order.
template <class Net, class Real> void for_each_trainable(auto& p, auto&& f) {
  for_each_described_tensor(p, [&f](const tensor_info& info, auto values) {
    if constexpr (std::same_as<std::remove_const_t<typename decltype(values)::element_type>, Real>)
      if (info.purpose == role::trainable) f(info, values);
  });
}

}  // namespace base

/// The filters of a network's vector of parameters. Biases, gains and offsets belong to none, nor do the lengths
/// that weight norm keeps.
template <Network Net> [[nodiscard]] std::vector<filter> filters_of() {
  const auto p = std::make_unique<parameters<Net>>();
  std::vector<filter> filters;
  std::size_t first = 0;
  base::for_each_trainable<Net, float>(*p, [&](const tensor_info& info, auto values) {
    const bool none = info.extents.rank < 2 || info.key.ends_with("weight_g");
    const std::size_t rows = none ? 0 : info.extents.extent[0];
    for (std::size_t r = 0; r < rows; ++r)
      filters.push_back({first + r * (values.size() / rows), values.size() / rows});
    first += values.size();
  });
  return filters;
}

/// Softmax cross-entropy: a loss of the `count` samples from `first` on, in the lanes of V; dy, unless it is null,
/// receives the gradient of share * loss.
struct class_error {
  std::vector<std::size_t> labels;

  /// @throws std::invalid_argument unless there are `samples` labels below Outputs
  template <std::size_t Outputs> void check(std::size_t samples) const {
    if (labels.size() != samples)
      throw std::invalid_argument(std::to_string(labels.size()) + " labels for a batch of " + std::to_string(samples));
    for (const std::size_t label : labels)
      if (label >= Outputs)
        throw std::invalid_argument("label " + std::to_string(label) + " of " + std::to_string(Outputs) + " outputs");
  }
  template <std::size_t Outputs, simd::lane V>
  double of(const V* y, std::size_t first, std::size_t count, double share, V* dy) const {
    return softmax_cross_entropy<Outputs>(y, std::span(labels).subspan(first, count), share, dy).loss;
  }
};

/// |y - target|^2, summed over outputs; targets[sample][output].
struct squared_error {
  std::vector<double> targets;

  /// @throws std::invalid_argument unless there are Outputs targets for each of `samples`
  template <std::size_t Outputs> void check(std::size_t samples) const {
    if (targets.size() != samples * Outputs)
      throw std::invalid_argument(std::to_string(targets.size()) + " targets for a batch of " +
                                  std::to_string(samples) + ", " + std::to_string(Outputs) + " each");
  }
  template <std::size_t Outputs, simd::lane V>
  double of(const V* y, std::size_t first, std::size_t count, double share, V* dy) const {
    double sum = 0;
    for (std::size_t k = 0; k < Outputs; ++k) {
      simd::element<V> lanes[simd::width<V>];
      simd::store(y[k], lanes);
      for (std::size_t s = 0; s < simd::width<V>; ++s) {
        const double error = s < count ? static_cast<double>(lanes[s]) - targets[(first + s) * Outputs + k] : 0;
        sum += error * error;
        lanes[s] = static_cast<simd::element<V>>(2 * share * error);
      }
      if (dy != nullptr) dy[k] = simd::load<V>(lanes);
    }
    return sum;
  }
};

/// The mean loss on one batch. Layers that draw at random draw the same each time.
template <Network Net, class Batch, simd::lane V = simd::native, class Loss = class_error> class batch_loss {
  using real = simd::element<V>;

 public:
  /// Buffers are those of p; the batch: the first Batch::size samples.
  /// @throws std::invalid_argument if they do not fit
  template <class Real>
    requires std::same_as<Loss, class_error>
  batch_loss(const parameters<Net, Real>& p, const dataset& data)
      : weights(std::make_unique<parameters<Net, real>>(converted<real>(p))),
        slopes(std::make_unique<parameters<Net, real>>()) {
    base::check_data<Net>(data);
    if (data.size() < Batch::size)
      throw std::invalid_argument("a batch has " + std::to_string(Batch::size) + " samples, but the data only " +
                                  std::to_string(data.size()));
    loss.labels.assign(data.labels.begin(), data.labels.begin() + Batch::size);
    record.load([&data](std::size_t sample) { return data.input(sample).data(); });
  }
  /// The samples are the rows of `inputs`, in double.
  /// @throws std::invalid_argument unless there are Batch::size rows, and labels or targets for each
  template <class Real> batch_loss(const parameters<Net, Real>& p, std::span<const double> inputs, Loss its_loss)
      : weights(std::make_unique<parameters<Net, real>>(converted<real>(p))),
        slopes(std::make_unique<parameters<Net, real>>()),
        loss(std::move(its_loss)) {
    if (inputs.size() != Batch::size * Net::input_size)
      throw std::invalid_argument(std::to_string(inputs.size()) + " numbers are not a batch of " +
                                  std::to_string(Batch::size) + " rows of " + std::to_string(Net::input_size));
    loss.template check<Net::output_size>(Batch::size);
    record.load([inputs](std::size_t sample) { return inputs.data() + sample * Net::input_size; });
  }

  /// The trainable parameters of p.
  template <class Real> [[nodiscard]] static std::vector<double> vector_of(const parameters<Net, Real>& p) {
    std::vector<double> w;
    base::for_each_trainable<Net, Real>(p, [&w](const tensor_info&, auto values) {
      for (const Real value : values) w.push_back(static_cast<double>(value));
    });
    return w;
  }

  /// The loss at w. @pre w has as many elements as vector_of gives
  double value(std::span<const double> w) { return evaluated(w, false); }
  /// The same, and its gradient in g.
  double gradient(std::span<const double> w, std::span<double> g) {
    const double value = evaluated(w, true);
    record.backward(*weights, *slopes);
    std::size_t at = 0;
    base::for_each_trainable<Net, real>(*slopes, [&](const tensor_info&, auto values) {
      for (const real slope : values) g[at++] = static_cast<double>(slope);
    });
    assert(at == g.size());
    return value;
  }
  /// What the network gave, at the last w, for the samples of a group.
  [[nodiscard]] const V* output(std::size_t group) const { return record.output(group); }
  /// The network at the last w; its running statistics have moved towards those of the batch with every call.
  [[nodiscard]] const parameters<Net, real>& at_last() const { return *weights; }

 private:
  double evaluated(std::span<const double> w, bool backward) {
    std::size_t at = 0;
    base::for_each_trainable<Net, real>(*weights, [&](const tensor_info&, auto values) {
      for (real& value : values) value = static_cast<real>(w[at++]);
    });
    assert(at == w.size());
    record.forward(*weights, 0, true);
    double sum = 0;
    for (std::size_t g = 0; g < record.groups; ++g)
      sum += loss.template of<Net::output_size>(record.output(g), g * record.width, samples_in_group<Batch, V>(g),
                                                1.0 / static_cast<double>(Batch::size),
                                                backward ? record.output_gradient(g) : nullptr);
    return sum / static_cast<double>(Batch::size);
  }

  std::unique_ptr<parameters<Net, real>> weights, slopes;
  Loss loss;
  tape<Net, Batch, V> record;
};

}  // namespace taut
