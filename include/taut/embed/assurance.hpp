// SPDX-License-Identifier: Apache-2.0
// What can be relied on, and on what that rests, for a network with its weights: the theorem, its assumptions and who
// checks them, the rounding model, the compiler and its flags, the fingerprint of the weights, the library's version.
//
//   write_file("net.assurance.md", markdown_of(assurance(p)));
//   assurance(p, verified)            // with a constant that was proved by other means, a lipschitz_bound
//
// The same weights and the same program give the same bytes.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <taut/base/version.hpp>
#include <taut/certify/certifier.hpp>
#include <taut/certify/contract_of.hpp>
#include <taut/certify/lipschitz_of.hpp>
#include <taut/embed/document.hpp>
#include <taut/embed/sha256.hpp>
#include <taut/embed/spelling.hpp>
#include <taut/embed/toolchain.hpp>
#include <taut/net/contract.hpp>

namespace taut {

namespace written {

/// Tensors, bytes and the hash of some weights.
template <class Net> document_section weights_section(const parameters<Net>& p) {
  std::uint64_t tensors = 0, bytes = 0;
  bool finite = true;
  for_each_tensor(p, [&](std::string_view, const shape&, auto values) {
    using element = std::remove_cv_t<typename decltype(values)::element_type>;
    ++tensors;
    bytes += values.size_bytes();
    if constexpr (std::is_same_v<element, float>)
      for (const float v : values) finite = finite && rounded::is_finite(v);
  });
  document_section s{"weights", "The weights"};
  s.facts = {{"sha256", "SHA-256", fingerprint(p)},
             {"tensors", "tensors", tensors},
             {"bytes", "bytes", bytes},
             {"finite", "all finite", finite}};
  s.notes = {"Hashed: for each tensor in file order its name, a zero byte, and its values, little-endian."};
  return s;
}

/// What the type declares, what the weights prove of it, and who looks at the rest.
template <class Net> document_section assumption_section(const parameters<Net>& p) {
  const auto status = contract_of(p);
  document_section s{"assumptions", "What is assumed"};
  fact_table t{"declared", {{"what", "what"}, {"limit", "limit"}, {"checked", "checked"}}, {}};
  bool unchecked = false;
  for (const assumption& a : assumptions<Net>) {
    const char* place = a.when == checked::on_each_input ? "for each input, by certify" : "nowhere";
    if (a.when == checked::on_loading)
      place = status.weights_keep ? "proved of these weights" : "when weights are loaded; not all are kept by these";
    for (const floor_status& f : status.floors) {
      if (!a.at_least || a.where.depth == 0 || f.where != a.where) continue;
      if (f.implied >= a.limit) place = "proved of these weights, if the floors before hold";
      else if (f.implied_for_declared >= a.limit) place = "proved of these weights, for inputs as declared";
    }
    const std::string what = std::string(a.quantity.view()) + (a.at_least ? " >=" : " <=");
    t.rows.push_back({what, nearest(a.limit), std::string(place)});
    unchecked = unchecked || std::string_view(place) == "nowhere";
  }
  s.facts = {{"weights_keep_declarations", "these weights keep what is declared of weights", status.weights_keep},
             {"all_checked", "everything declared is checked somewhere", !unchecked}};
  if (t.rows.empty()) s.notes.push_back("The type declares nothing.");
  else s.tables.push_back(std::move(t));
  return s;
}

/// What of rounding is accounted for, and how.
template <class Net> document_section rounding_section(const parameters<Net>& p) {
#if defined(__FAST_MATH__)  // drops the correction of means
  const bool covered = false;
#else
  const bool covered = true;
#endif
  const bool known = covered && std::make_unique<guarded<Net>>(certifier(p))->rounding_known;
  document_section s{"rounding", "Rounding"};
  s.facts = {{"radii_cover_float32", "radii hold for the float32 engine", known}};
  s.notes = {
      "Constants are proved in double: every operation is rounded outward; spectral norms are certified by a "
      "floating-point Cholesky factorization whose rounding errors, in any order, are subtracted first.",
      "Weights are the floats whose hash stands here, exactly; parametrized weights are folded in double, and the "
      "error of that is added to their norms.",
      "L speaks of the network in real arithmetic.",
      known ? "A radius of certify speaks of the labels that the float32 engine computes as well: what its kernels' "
              "rounding can do anywhere on the ball is taken from margins and stds before anything is promised."
      : covered ? "A layer does not state how accurate its kernel is, or weights are too large: certify gives radius 0."
                : "This was compiled with -ffast-math, which drops corrections that the engine relies on."};
  return s;
}

}  // namespace written

/// The assurance report of a network with these parameters and a proved Lipschitz constant of it.
template <Network Net, std::size_t TextSize, class Witness>
[[nodiscard]] document assurance(const parameters<Net>& p, const lipschitz_bound<TextSize, Witness>& proved) {
  bool floors = false;
  for (const assumption& a : assumptions<Net>) floors = floors || (a.at_least && a.when != checked::on_loading);
  document_section theorem{"theorem", "What is promised"};
  theorem.facts = {{"network", "the network f", spelling<Net>()},
                   {"lipschitz", "a Lipschitz constant L", upper(proved.value)},
                   {"formula", "proved as", std::string(proved.formula.view())},
                   {"method", "method", std::string(proved.method)}};
  theorem.notes = {
      floors ? "|f(x) - f(x')| <= L |x - x'| for all x, x' whose values and stds are as assumed below."
             : "|f(x) - f(x')| <= L |x - x'| for all x, x'.",
      "certify(guard, x) gives a label and a radius: every input closer to x than the radius has that label. It needs "
      "no assumption about stds: it observes them at x, and bounds them on the ball."};
  document_section factors{"factors", "What the product rests on"};
  fact_table t{"layers", {{"layer", "layer"}, {"name", "name"}, {"factor", "factor, at most"}}, {}};
  const auto of_layer = certificates::factors(p);
  base::for_each_index<Net::depth>([&]<std::size_t I>() {
    t.rows.push_back({std::uint64_t{I}, std::string(std::string_view(layer_of<Net, I>::name)), upper(of_layer[I])});
  });
  factors.tables.push_back(std::move(t));
  factors.notes = {
      "Their product is a Lipschitz constant too. Norms around normalizers are centred, and gains and "
      "batch statistics are part of the norm of the affine layer beside them."};
  document_section library{"library", "The library"};
  library.facts = {{"name", "name", std::string("taut")}, {"version", "version", std::string(library_version)}};
  return {"Assurance",
          {std::move(theorem), written::assumption_section(p), std::move(factors), written::rounding_section(p),
           written::weights_section(p), toolchain_section(), std::move(library)}};
}

/// The same with the constant that lipschitz_of(p) proves.
template <Network Net> [[nodiscard]] document assurance(const parameters<Net>& p) {
  return assurance(p, lipschitz_of(p));
}

}  // namespace taut
