// SPDX-License-Identifier: Apache-2.0
// The capacity of a network as a document, ready for text_of, markdown_of and json_of:
//
//   std::cout << text_of(report_of(p, capacity(p, {.input_norm = 8, .inputs = x, .labels = y})));
//
// Both regimes of normalization stand beside each other, and every number stands beside its condition.
#pragma once
#include <string>
#include <taut/certify/capacity.hpp>
#include <taut/embed/document.hpp>
#include <taut/embed/spelling.hpp>

namespace taut {

namespace written {

inline document_section size_section(const capacity_report& c, const std::string& network) {
  document_section s{"network", "The network"};
  s.facts = {{"type", "type", network},
             {"depth", "layers", std::uint64_t{c.depth}},
             {"inputs", "inputs", std::uint64_t{c.inputs}},
             {"outputs", "outputs", std::uint64_t{c.outputs}},
             {"parameters", "trainable parameters", std::uint64_t{c.parameter_count}}};
  if (c.vc_at_least > 0) {
    s.facts.push_back({"vc_at_least", "VC dimension of the type, at least", std::uint64_t{c.vc_at_least}});
    s.notes.push_back("A net of width 3 with L layer norms classifies any labels of L + 2 points.");
  }
  return s;
}

inline document_section input_section(const capacity_report& c) {
  document_section s{"input", "Slope in the input"};
  s.facts = {{"lipschitz", "Lipschitz constant, at most", upper(c.lipschitz)},
             {"lipschitz_product", "by the plain product of norms", upper(c.lipschitz_product)},
             {"lipschitz_without_normalizers", "of the same weights without normalizers", upper(c.lipschitz_without)}};
  if (c.normalization != regime::none)
    s.notes.push_back("For pairs of inputs whose std at each normalizer is at least the declared one.");
  return s;
}

inline document_section normalizer_section(const capacity_report& c) {
  document_section s{"normalizers", "What normalization does to the bound"};
  const char* const regimes[] = {"none", "reduces", "increases"};
  s.facts = {{"regime", "regime", std::string(regimes[static_cast<int>(c.normalization)])},
             {"factor", "product of sqrt(s^2 + epsilon) / g, outside blocks", lower(c.normalizer_factor)}};
  fact_table t{"layers",
               {{"layer", "layer"},
                {"name", "name"},
                {"declared_std", "declared std s"},
                {"epsilon", "epsilon"},
                {"gain", "gain norm g"},
                {"factor", "divides by"},
                {"smallest_std", "smallest std seen"}},
               {}};
  for (std::size_t k = 0; k < c.layers.size(); ++k) {
    const layer_capacity& l = c.layers[k];
    if (!l.normalizes) continue;
    t.rows.push_back({std::uint64_t{k}, l.name, nearest(l.floor), nearest(l.epsilon), upper(l.gain), lower(l.factor),
                      l.smallest_std > 0 ? fact_value(nearest(l.smallest_std)) : fact_value(std::monostate{})});
  }
  if (c.normalization == regime::none) {
    s.notes.push_back("No layer outside a block normalizes.");
    return s;
  }
  s.tables.push_back(std::move(t));
  s.notes.push_back(
      c.normalization == regime::reduces
          ? "The factor is at least 1: on inputs whose std at each normalizer is at least s, normalization divides the "
            "product of norms by it, and the more normalizers the more."
          : "The factor is below 1: on the inputs allowed here normalization INCREASES the product of norms, by the "
            "reciprocal of the factor. Stds below 1 make it so, and so do stds that nobody declares: then s = 0.");
  s.notes.push_back(
      "The same layers do the opposite where stds are on the other side of 1. No std behind a layer of norm c exceeds "
      "c B / sqrt(n), B the largest norm of the layer's input: between normalizers of equal width, without gains, "
      "offsets and biases, c / s "
      "is not below 1, whatever the weights.");
  return s;
}

inline document_section parameter_section(const capacity_report& c) {
  document_section s{"parameters", "Slope in the parameters"};
  if (!(c.input_norm > 0)) {
    s.notes.push_back("Nothing is said: no largest norm of inputs is declared, given or seen.");
    return s;
  }
  s.facts = {{"input_norm", "on inputs of norm at most", upper(c.input_norm)},
             {"radius", "for parameters around these, within", nearest(c.radius)},
             {"lipschitz", "Lipschitz constant, at most", upper(c.parameters)},
             {"lipschitz_without_normalizers", "of the same weights without normalizers", upper(c.parameters_without)},
             {"largest_output", "norm of the output, at most", upper(c.reach)}};
  fact_table t{
      "layers", {{"layer", "layer"}, {"name", "name"}, {"slope", "slope"}, {"in_parameters", "in its parameters"}}, {}};
  for (std::size_t k = 0; k < c.layers.size(); ++k)
    t.rows.push_back({std::uint64_t{k}, c.layers[k].name, upper(c.layers[k].slope), upper(c.layers[k].in_parameters)});
  s.tables.push_back(std::move(t));
  if (c.input_norm_seen) s.notes.push_back("That is the largest norm among the samples.");
  s.notes.insert(
      s.notes.end(),
      {"All trained parameters vary, as one vector; running statistics do not; normalized weights vary as folded.",
       "Both networks keep the norms of the layers (plus the radius) and, on the inputs in question, the declared "
       "stds."});
  return s;
}

inline document_section smoothness_section(const capacity_report& c) {
  document_section s{"smoothness", "How slopes change with the input"};
  s.facts = {{"jacobian_lipschitz", "Lipschitz constant of the Jacobian, at most", upper(c.smoothness.value)},
             {"gradient_lipschitz", "of the gradient of cross-entropy, at most", upper(c.gradient_lipschitz)}};
  if (!c.smoothness.exists)
    s.notes.push_back("There is none: slopes jump in layer " + std::to_string(c.smoothness.kink) + ", " +
                      c.layers[c.smoothness.kink].name + ", or it does not state its curvature.");
  return s;
}

inline document_section generalization_section(const capacity_report& c) {
  document_section s{"generalization", "True minus empirical loss"};
  if (!c.has_generalization) {
    s.notes.push_back(
        "Nothing is said: it takes the number of training samples, and a largest norm of inputs that does not come "
        "from "
        "samples.");
    return s;
  }
  const generalization_bound& b = c.generalization;
  s.facts = {{"gap", "at most", upper(b.gap)},
             {"vacuous", "vacuous", b.vacuous},
             {"samples", "samples", std::uint64_t{c.setting.samples}},
             {"failure_probability", "false with probability at most", upper(c.setting.failure)},
             {"loss_limit", "largest loss", nearest(c.setting.loss_limit)},
             {"loss_slope", "slope of the loss in the outputs", upper(c.setting.loss_slope)},
             {"cell_diameter", "diameter of the cells", nearest(b.diameter)},
             {"log10_cells", "log10 of the number of cells", upper(b.log10_cells)},
             {"variation", "variation of the loss in a cell", upper(b.variation)},
             {"log10_samples_wanted", "log10 of the samples for a gap of half the largest loss, about",
              nearest(b.log10_samples_wanted)}};
  if (b.vacuous) s.notes.push_back("It says nothing: the loss never exceeds its largest value anyway.");
  s.notes.push_back(
      "Loss: clamp(1 - margin / m, 0, 1), at least the share of errors. Samples: drawn independently, none larger than "
      "the norm above, all with the declared stds. Cells: of inputs times labels, fixed before the data are seen.");
  return s;
}

inline document_section sample_section(const capacity_report& c) {
  document_section s{"samples", "What samples show"};
  s.facts = {{"measured", "samples", std::uint64_t{c.measured}},
             {c.labelled > 0 ? "correct" : "predicted", c.labelled > 0 ? "with the right label" : "without labels",
              std::uint64_t{c.correct}},
             {"contract_broken", "with a std below the declared one", std::uint64_t{c.contract_broken}}};
  fact_table t{"quantiles",
               {{"of", "of"},
                {"least", "least"},
                {"p05", "5 %"},
                {"p25", "25 %"},
                {"median", "50 %"},
                {"p75", "75 %"},
                {"p95", "95 %"},
                {"most", "most"}},
               {}};
  const auto row = [&t](const char* of, const quantiles& q) {
    t.rows.push_back({std::string(of), lower(q.least), lower(q.twentieth), lower(q.quarter), lower(q.median),
                      lower(q.three_quarters), lower(q.all_but_twentieth), lower(q.most)});
  };
  row("margin", c.margin);
  row("certified radius", c.certified_radius);
  s.tables.push_back(std::move(t));
  s.notes.push_back("Margin: right output minus the largest other. Radius: 0 where the label is wrong.");
  return s;
}

}  // namespace written

/// The report as a document; `network`: how the type is spelled.
[[nodiscard]] inline document report_of(const capacity_report& c, const std::string& network) {
  using namespace written;
  document d{"Capacity",
             {size_section(c, network), input_section(c), normalizer_section(c), parameter_section(c),
              smoothness_section(c), generalization_section(c)}};
  if (c.measured > 0) d.sections.push_back(sample_section(c));
  return d;
}

/// The same with the spelling of the network that p belongs to.
template <Network Net> [[nodiscard]] document report_of(const parameters<Net>&, const capacity_report& c) {
  return report_of(c, spelling<Net>());
}

}  // namespace taut
