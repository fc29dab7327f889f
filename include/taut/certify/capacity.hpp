// SPDX-License-Identifier: Apache-2.0
// What a trained network can do to its inputs and its parameters, with its normalizers and without, in one struct:
//
//   const capacity_report c = capacity(p, {.input_norm = 8, .samples = 1400, .inputs = x, .labels = y});
//   c.lipschitz, c.lipschitz_without, c.normalizer_factor, c.parameters.value, c.generalization.gap, c.margin.median
//
// Than's theorem (exponential capacity control): a normalizer behind each of K layers whose inputs have std >= s_k
// divides the product of norms by prod_k sqrt(s_k^2 + epsilon) / g_k. Where that factor is below 1 - small stds, or
// none declared - normalization *increases* the constants, up to epsilon^(-K/2). The report has the factor of each
// normalizer and says which regime it is; it holds for inputs whose stds are at least s_k, which `smallest_std` observes.
#pragma once
#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <taut/certify/certifier.hpp>
#include <taut/certify/generalization.hpp>
#include <taut/certify/parameter_lipschitz.hpp>
#include <taut/certify/smoothness.hpp>
#include <vector>

namespace taut {

/// What capacity(p, options) is to speak of.
struct capacity_options {
  double input_norm = 0;    ///< the largest |x|; 0: the ball that the type declares, else the largest of `inputs`
  double radius = 0;        ///< of the ball of parameters around p (parameter_domain)
  double lipschitz = 0;     ///< a constant proved by other means for the same inputs, as tighten(p).value; 0: none
  std::size_t samples = 0;  ///< for the generalization bound: how many the network was trained on; 0: none
  double failure = 0.05;    ///< how often that bound may be false
  double loss_margin = 1;   ///< of the loss clamp(1 - margin / loss_margin, 0, 1) that it speaks of
  std::span<const float> inputs = {};        ///< samples to measure margins, radii and stds on, one after the other
  std::span<const std::size_t> labels = {};  ///< their classes; empty: margins of the predicted class
};

/// Seven quantiles of what was measured.
struct quantiles {
  double least = 0, twentieth = 0, quarter = 0, median = 0, three_quarters = 0, all_but_twentieth = 0, most = 0;
};
/// The quantiles of some numbers: the smallest value that at least the share is at most.
[[nodiscard]] inline quantiles quantiles_of(std::vector<double> values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  const auto at = [&](std::size_t twentieths) {
    const std::size_t rank = (values.size() * twentieths + 19) / 20;  // of values 1, 2, ...
    return values[rank == 0 ? 0 : rank - 1];
  };
  return {at(0), at(1), at(5), at(10), at(15), at(19), at(20)};
}

/// One layer in the report.
struct layer_capacity {
  std::string name;
  double slope = 1;          ///< Lipschitz constant of the layer alone, at most this
  double in_parameters = 0;  ///< |f' - f''| <= this |dp| for changes of this layer's parameters
  bool normalizes = false;   ///< the rest is of normalizers
  double epsilon = 0;
  double floor = 0;         ///< s_k, the declared std; 0: none
  double gain = 1;          ///< g_k, the norm of the gains
  double factor = 1;        ///< sqrt(s_k^2 + epsilon) / g_k: what it divides the product by
  double smallest_std = 0;  ///< observed on the inputs; 0: not observed
};

/// Which of the two regimes the normalizers are in, by the factor they divide by.
enum class regime { none, reduces, increases };

/// Everything that capacity(p) finds. Bounds are rounded upward; infinity where there is none.
struct capacity_report {
  std::size_t depth = 0, inputs = 0, outputs = 0, parameter_count = 0;
  std::vector<layer_capacity> layers;
  double input_norm = 0;         ///< R; 0: nothing is known, and nothing said about parameters and generalization
  bool input_norm_seen = false;  ///< R is that of the samples: then nothing is said about generalization
  double radius = 0;             ///< of the ball of parameters
  double lipschitz = 0;          ///< in the input, as lipschitz_of(p): for stds at least those declared
  double lipschitz_product = 0;  ///< the plain product: norms not centred
  double lipschitz_without = 0;  ///< of the same weights without what normalizes
  double parameters = 0;         ///< Lipschitz constant in all parameters, on inputs of norm R
  double parameters_without = 0;
  double reach = 0;              ///< no output is larger
  double normalizer_factor = 1;  ///< prod sqrt(s_k^2 + epsilon) / g_k, rounded downward, of normalizers outside blocks
  regime normalization = regime::none;
  smoothness_bound smoothness;    ///< of the Jacobian
  double gradient_lipschitz = 0;  ///< of x -> cross-entropy(f(x), y)
  std::size_t vc_at_least = 0;    ///< VC dimension of the type; 0: no theorem applies
  bool has_generalization = false;
  generalization_setting setting;
  generalization_bound generalization;
  std::size_t measured = 0, correct = 0, labelled = 0;  ///< samples
  std::size_t contract_broken = 0;                      ///< samples on which a declared std does not hold
  quantiles margin, certified_radius;                   ///< negative margin: the label is wrong
};

namespace certificates {

/// The lower bound of the VC dimension of LN-Nets of width 3 with L layer norms, L + 2: they classify any labels of
/// L + 2 points (Ni et al. 2024: each layer norm merges two points, and two remain to be parted). 0 for other types,
/// and where the type limits the weights.
template <class Net> constexpr std::size_t vc_dimension_at_least() {
  std::size_t normalizers = 0;
  bool is_one = Net::depth % 2 == 1 && Net::shapes[0].rank == 1;
  base::for_each_index<Net::depth>([&]<std::size_t I>() {
    using L = layer_of<Net, I>;
    if constexpr (I % 2 == 0) {
      if constexpr (requires { L::limit, L::has_bias, L::stated; })
        is_one = is_one && L::limit <= 0 && L::has_bias && (I + 1 == Net::depth || Net::shapes[I + 1].size() == 3);
      else is_one = false;
    } else {
      if constexpr (requires { L::family; }) is_one = is_one && L::family == std::string_view("LayerNorm");
      else is_one = false;
      ++normalizers;
    }
  });
  return is_one && normalizers > 0 ? normalizers + 2 : 0;
}

/// Margins, radii and stds on samples.
template <class Net> void measure(const parameters<Net>& p, const capacity_options& options, capacity_report& report) {
  const std::size_t count = options.inputs.size() / Net::input_size;
  if (options.inputs.size() % Net::input_size != 0)
    throw std::invalid_argument("capacity: " + std::to_string(options.inputs.size()) + " numbers are no samples of " +
                                std::to_string(Net::input_size));
  if (!options.labels.empty() && options.labels.size() != count)
    throw std::invalid_argument("capacity: " + std::to_string(options.labels.size()) + " labels for " +
                                std::to_string(count) + " samples");
  const auto guard = std::make_unique<guarded<Net>>(certifier(p));
  std::vector<double> margins, radii;
  for (std::size_t k = 0; k < count; ++k) {
    const std::span<const float, Net::input_size> x(options.inputs.data() + k * Net::input_size, Net::input_size);
    const auto v = certify_input(*guard, x);
    const std::size_t label = options.labels.empty() ? v.label : options.labels[k];
    if (label >= Net::output_size)
      throw std::invalid_argument("capacity: label " + std::to_string(label) + " of " +
                                  std::to_string(Net::output_size) + " classes");
    double other = -rounded::largest;
    for (std::size_t j = 0; j < Net::output_size; ++j)
      if (j != label) other = std::max(other, static_cast<double>(v.output[j]));
    margins.push_back(static_cast<double>(v.output[label]) - other);
    radii.push_back(v.label == label ? v.radius : 0);
    report.correct += v.label == label ? 1 : 0;
    report.contract_broken += v.contract_holds ? 0 : 1;
    static_cast<void>(guard->run(x, [&](std::size_t layer, float std) {
      double& least = report.layers[layer].smallest_std;
      if (k == 0 || static_cast<double>(std) < least) least = static_cast<double>(std);
    }));
  }
  report.measured = count, report.labelled = options.labels.size();
  report.margin = quantiles_of(std::move(margins)), report.certified_radius = quantiles_of(std::move(radii));
}

/// The largest norm of a sample, upward.
inline double largest_norm(std::span<const float> inputs, std::size_t size) {
  double largest = 0;
  std::vector<double> x(size);
  for (std::size_t first = 0; first + size <= inputs.size(); first += size) {
    std::copy_n(inputs.begin() + static_cast<std::ptrdiff_t>(first), size, x.begin());
    largest = std::max(largest, frobenius_norm_up(x.data(), 1, size));
  }
  return largest;
}

}  // namespace certificates

/// The capacity of the network with these parameters. @throws std::invalid_argument if inputs or labels do not fit.
template <Network Net>
[[nodiscard]] capacity_report capacity(const parameters<Net>& p, const capacity_options& options = {}) {
  capacity_report report;
  report.depth = Net::depth, report.inputs = Net::input_size, report.outputs = Net::output_size;
  report.parameter_count = Net::parameter_count;
  report.radius = options.radius;
  constexpr double declared = base::declared_input_norm<Net>();
  report.input_norm = options.input_norm > 0 ? options.input_norm : rounded::is_finite(declared) ? declared : 0;
  report.input_norm_seen = !(report.input_norm > 0) && !options.inputs.empty();
  if (report.input_norm_seen) report.input_norm = certificates::largest_norm(options.inputs, Net::input_size);

  const certificates::quantities_near<Net, float> source{p, options.radius};
  const auto with = certificates::sensitivity_of<Net, true>(source, {report.input_norm});
  const auto without = certificates::sensitivity_of<Net, false>(source, {report.input_norm});
  report.lipschitz = lipschitz_of(p).value;
  if (options.lipschitz > 0) report.lipschitz = certificates::lesser(report.lipschitz, options.lipschitz);
  report.lipschitz_product = with.input.value, report.lipschitz_without = without.input.value;
  report.parameters = with.parameters.value, report.parameters_without = without.parameters.value;
  report.reach = with.reach.value;
  base::for_each_index<Net::depth>([&]<std::size_t I>() {
    using L = layer_of<Net, I>;
    layer_capacity layer{.name = std::string(std::string_view(L::name)),
                         .slope = with.slope[I].value,
                         .in_parameters = with.of_layer(I)};
    if constexpr (L::reads == fusion::normalizer || L::reads == fusion::scaling) {
      layer.normalizes = true;
      if constexpr (requires { L::epsilon; }) layer.epsilon = L::epsilon;
      if constexpr (L::reads == fusion::normalizer) layer.gain = certificates::gain_factor<Net, I>(p);
      layer.floor = declared_floor<L>();
      layer.factor = layer.slope > 0 ? rounded::div_down(1, layer.slope) : rounded::infinity;
      report.normalizer_factor = rounded::mul_down(report.normalizer_factor, layer.factor);
      report.normalization = regime::reduces;
    }
    report.layers.push_back(std::move(layer));
  });
  if (report.normalization == regime::reduces && !(report.normalizer_factor >= 1))
    report.normalization = regime::increases;
  report.smoothness = smoothness_of(p);
  report.gradient_lipschitz = gradient_lipschitz_of(p);
  report.vc_at_least = certificates::vc_dimension_at_least<Net>();

  if (options.samples > 0 && report.input_norm > 0 && !report.input_norm_seen) {  // cells are fixed before the data
    report.has_generalization = true;
    report.setting = {.lipschitz = report.lipschitz,
                      .input_norm = report.input_norm,
                      .dimension = Net::input_size,
                      .labels = Net::output_size,
                      .samples = options.samples,
                      .failure = options.failure,
                      .loss_slope = rounded::div_up(rounded::sqrt_up(2), options.loss_margin)};
    report.generalization = generalization_of(report.setting);
  }
  if (!options.inputs.empty()) certificates::measure(p, options, report);
  return report;
}

}  // namespace taut
