// SPDX-License-Identifier: Apache-2.0
// A pruned network as a C++ header: the type that has its widths, which only this program knows, and its weights. The
// format is that of write_header (embed/header.hpp), proof included.
//
//   write_header(prune(p, 0.05), "small.hpp");        // then, in another program:
//   #include "small.hpp"
//   constexpr auto engine = taut::compile(small::parameters);  // struct Net : decltype(Input<64> >> Linear<27> >> ...
//
// The bound is proved of the padded parameters, rows and columns of zeros, which have the norms of the smaller ones.
#pragma once
#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <taut/embed/bound.hpp>
#include <taut/embed/header.hpp>
#include <taut/embed/spelling.hpp>
#include <taut/theory/prune.hpp>
#include <type_traits>
#include <vector>

namespace taut {

/// The expression that builds the network with the widths that are left.
template <Network Net> [[nodiscard]] std::string spelling(const pruned_network<Net>& pruned) {
  const auto at = base::kept_at<Net>(pruned.kept);
  const auto channels = [&at](std::size_t i) { return at[i].empty() ? Net::shapes[i].channels() : at[i].size(); };
  dsl_text out;
  out.layer<typename Net::input>();
  base::for_each_index<Net::depth>([&]<std::size_t I>() {
    using L = layer_of<Net, I>;
    out += " >> ";
    if constexpr (requires { L::named(1, 1); }) {
      out += L::named(channels(I + 1), channels(I)).view();
      out.options(typename L::options{});
    } else {
      out.layer<L>();
    }
  });
  return out.text;
}

/// The texts of the header and of its proof, which includes the header by the name given. For programs: one that
/// includes it can write it for firmware. @throws std::invalid_argument as for a network that is not pruned
template <Network Net> [[nodiscard]] exported_text export_text(const pruned_network<Net>& pruned,
                                                               const header_options& options,
                                                               std::string_view included_as) {
  using namespace exported;
  require_identifier(options.name);
  const stated_bound bound = product_bound(pruned.padded);
  std::string arrays, tensors;
  base::for_each_kept_tensor(
      pruned.padded, pruned.kept, [&](const tensor_info& info, auto values, const auto& rows, const auto& columns) {
        using element = std::remove_const_t<typename decltype(values)::element_type>;
        std::vector<element> left;
        base::for_each_kept(info.extents, rows, columns, [&](std::size_t i) { left.push_back(values[i]); });
        shape extents = info.extents;
        if (!rows.empty() && extents.rank > 0) extents.extent[0] = rows.size();
        if (!columns.empty() && extents.rank > 1) extents.extent[1] = columns.size();
        write_array<element>(tensors, arrays, info.key, extents, left);
      });
  std::string included = headers;
  if (place_of_proof(bound, !options.proof.empty()) == place::header) included += "#include <" + bound.included + ">\n";
  std::string text = beginning_text<Net>(options, "and its weights, bit for bit", making_of_engine<Net>(options),
                                         included + header_of_all, spelling(pruned));
  text += replaced(count_of_weights, {{"COUNT", std::to_string(parameter_count(pruned))}}) + tensors;
  text += replaced(values_of_all, {{"ARRAYS", wrapped(arrays, " ", "    ")}});
  write_bound(text, bound, options.proof);
  if (!options.test_inputs.empty()) {
    const auto run = std::make_unique<engine<Net>>();
    compile(pruned.padded, *run);
    write_tests<Net>(text, *run, options.test_inputs, false);
  }
  return ended(text, bound, options, included_as);
}

/// The header's text alone.
template <Network Net>
[[nodiscard]] std::string header_text(const pruned_network<Net>& pruned, const header_options& options) {
  return export_text(pruned, options, options.name + ".hpp").header;
}

/// Writes the header, and its proof to options.proof if that has a name: each completely or not at all.
/// @throws save_error, and std::invalid_argument as for a network that is not pruned
template <Network Net> void write_header(const pruned_network<Net>& pruned, const std::filesystem::path& path,
                                         const header_options& options = {}) {
  const header_options all = exported::named(options, path);
  exported::write_files(export_text(pruned, all, exported::included_as(all, path)), path, all);
}

}  // namespace taut
