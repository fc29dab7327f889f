// SPDX-License-Identifier: Apache-2.0
// Advice: pitfalls that the type of a network reveals, each a sentence with the layer's place and the reason.
//
//   static_assert(advice<Net>.empty());                               // or with a batch: advice<Net, batch<4>>
//   for (const finding& f : advice<Net>) std::cout << f.sentence.view() << "\n";
//
//   layer 0, Linear<8>: its bias is dead: layer 1, BatchNorm, subtracts the mean of each channel in training
//
// A bias is dead, and weight norm redundant, only before normalizers whose runs hold one channel; what keeps channels
// may lie between (identities, pooling; for gains without a bias ReLU and dropout, too). Behind dropout a bias lives: it
// is dropped here and there. Batch norm counts as behind dropout whatever lies between: Li et al. 2018, Understanding
// the Disharmony between Dropout and Batch Normalization by Variance Shift.
#pragma once
#include <array>
#include <cstddef>
#include <span>
#include <taut/net/mode.hpp>
#include <taut/net/outline.hpp>
#include <type_traits>

namespace taut {

/// What a finding is about.
enum class pitfall {
  constant_output,           ///< a normalizer whose output does not depend on its input
  sign_only,                 ///< a normalizer that keeps no more than a sign
  dead_bias,                 ///< a bias that a normalizer subtracts again
  redundant_weight_norm,     ///< gains of rows that a normalizer divides by again
  batch_norm_after_dropout,  ///< a variance that differs between training and inference
  mixed_families,            ///< normalizers of several kinds in one network
  bounded_logits,            ///< probabilities straight behind a normalizer
  mergeable,                 ///< two affine layers without a nonlinearity between
  small_batch                ///< statistics of fewer than 8 samples
};

/// One pitfall: where, what, and why in one sentence.
struct finding {
  position where{};
  pitfall what{};
  base::text<223> sentence{};
};

/// Findings in the order of the layers that show them.
template <std::size_t N> struct findings {
  std::array<finding, N> all{};
  [[nodiscard]] static constexpr bool empty() { return N == 0; }
  [[nodiscard]] static constexpr std::size_t size() { return N; }
  [[nodiscard]] constexpr const finding* begin() const { return all.data(); }
  [[nodiscard]] constexpr const finding* end() const { return all.data() + N; }
  constexpr const finding& operator[](std::size_t i) const { return begin()[i]; }
};

namespace base {

/// Statistics of fewer samples are noisy.
inline constexpr std::size_t few_samples = 8;

/// "layer 1, LayerNorm"
constexpr words title(const outline_entry& e) { return say("layer ", e.where.name(), ", ", e.name); }

/// Reads an outline from front to back and says report(line, pitfall, reasons...) of what it finds: the reasons are the
/// rest of a sentence that begins "layer 1, LayerNorm".
template <class Report> struct adviser {
  std::span<const outline_entry> lines;
  std::size_t batch_size;  ///< 0: not known
  Report& report;

  /// What the next layer sees before it.
  struct surroundings {
    const outline_entry* affine = nullptr;      ///< since which all is linear
    const outline_entry* biased = nullptr;      ///< an affine layer whose channels arrive here, pooled at most
    const outline_entry* gained = nullptr;      ///< the same without a bias; a >= 0 commutes with what lies between
    std::size_t channel = 0;                    ///< how many neighbours are of one channel of it
    const outline_entry* normalizer = nullptr;  ///< whose output this is
    const outline_entry* dropout = nullptr;     ///< the first that dropped anything
  };

  constexpr void normalizer_alone(const outline_entry& e) const {
    if (e.over_batch || e.run > (e.centred ? 2 : 1)) return;
    const char* values = e.run == 1 ? " value at a time" : " values at a time";
    if (e.centred && e.run == 1)
      report(e, pitfall::constant_output, ": normalizes 1", values, "; its output is the same whatever it is");
    else
      report(e, pitfall::sign_only, ": normalizes ", e.run, values, "; its output is +-gain whatever ",
             e.run == 1 ? "it is" : "they are");
  }

  constexpr void normalizer_behind(const outline_entry& e, const surroundings& before) const {
    const char* when = e.over_batch ? " in training" : "";
    const outline_entry *biased = before.biased, *gained = e.centred && biased != nullptr ? biased : before.gained;
    if (before.channel % e.run != 0) return;
    if (e.centred && biased != nullptr && biased->channel_bias)
      report(*biased, pitfall::dead_bias, ": its bias is dead: ", title(e), ", subtracts the mean of each channel",
             when);
    if (gained != nullptr && gained->row_gain)
      report(*gained, pitfall::redundant_weight_norm, ": its gains are redundant: ", title(e),
             ", divides by the scale of each channel", when);
  }

  // One sentence for each family but the first, at its first layer.
  constexpr void family(const outline_entry& e) const {
    const outline_entry* first = nullptr;
    for (const outline_entry* other = lines.data(); other != &e; ++other) {
      if (!other->normalizes()) continue;
      if (first == nullptr) first = other;
      if (other->family == e.family) return;
    }
    if (first != nullptr)
      report(e, pitfall::mixed_families, ": another kind of normalizer than ", title(*first), "; choose one family");
  }

  // Of the last layer of all, but for identities.
  constexpr void distribution(const outline_entry& e, const surroundings& before) const {
    for (const outline_entry* other = &e + 1; other != lines.data() + lines.size(); ++other)
      if (!other->identity) return;
    const outline_entry* from = before.normalizer;
    if (from == nullptr) return;
    if (from->over_batch)
      report(e, pitfall::bounded_logits, ": its logits come straight from ", title(*from),
             ": their variance is gain^2 in training, however sure the layers before it are");
    else
      report(e, pitfall::bounded_logits, ": its logits come straight from ", title(*from), ": no run of ", from->run,
             " is longer than sqrt(", from->run, ") gain, however sure the layers before it are");
  }

  constexpr void batch(const outline_entry& e) const {
    const std::size_t values = batch_size * e.in.positions();
    if (batch_size != 0 && batch_size < few_samples)
      report(e, pitfall::small_batch, ": statistics of ", batch_size, batch_size == 1 ? " sample, " : " samples, ",
             values, values == 1 ? " value" : " values", " a channel, are noisy; take batches of ", few_samples,
             " or more");
  }

  constexpr void look_at(const outline_entry& e, surroundings& here) const {
    const surroundings before = here;
    if (e.drops && before.dropout == nullptr) here.dropout = &e;
    if (e.drops) here.biased = nullptr;
    if (e.identity) return;

    if (e.normalizes()) {
      normalizer_alone(e);
      normalizer_behind(e, before);
      family(e);
      if (e.over_batch && before.dropout != nullptr)
        report(e, pitfall::batch_norm_after_dropout, ": its running variance is that of training, where ",
               title(*before.dropout), ", drops values; at inference the variance differs");
      if (e.over_batch) batch(e);
    }
    if (e.is_distribution) distribution(e, before);
    if (e.reads == fusion::affine && before.affine != nullptr)
      report(e, pitfall::mergeable, ": nothing nonlinear since ", title(*before.affine),
             ": the two are one affine map at inference");

    here.normalizer = e.normalizes() ? &e : nullptr;
    if (e.reads == fusion::affine) {
      here.affine = here.biased = &e;
      here.gained = e.has_bias ? nullptr : &e;
      here.channel = e.out.positions();
      return;
    }
    if (e.reads != fusion::scaling) here.affine = nullptr;
    const bool pools = e.reads == fusion::mixing && e.carries_shifts && before.channel % e.in.positions() == 0;
    if (pools) here.channel = before.channel / e.in.positions() * e.out.positions();
    else here.biased = nullptr;
    if (!(pools || e.reads == fusion::pointwise) || !e.homogeneous) here.gained = nullptr;
  }

  /// Reads on to the end of the network or of the part of a block that line `at` is in; `at` moves there.
  constexpr void read(std::size_t& at, surroundings& here) const {
    using enum outline_entry::step;
    for (; at < lines.size() && lines[at].at != next && lines[at].at != leave; ++at) {
      if (lines[at].at == layer) {
        look_at(lines[at], here);
        continue;
      }
      const surroundings outside{.dropout = here.dropout};  // all else is not the only path through a block
      here = outside;
      do {
        surroundings inside = outside;
        read(++at, inside);
        if (here.dropout == nullptr) here.dropout = inside.dropout;
      } while (lines[at].at != leave);
    }
  }
};

/// Calls report for each pitfall of a network, in mini-batches of this size (0: not known).
template <class Report>
constexpr void advise(std::span<const outline_entry> lines, std::size_t batch_size, Report&& report) {
  std::size_t at = 0;
  typename adviser<Report>::surroundings nothing{};
  adviser<Report>{lines, batch_size, report}.read(at, nothing);
}

/// The size of a batch type, 0 for void.
template <class Batch> constexpr std::size_t batch_size() {
  if constexpr (std::is_void_v<Batch>) return 0;
  else return Batch::size;
}

/// All findings, counted first so that a network without any costs little.
template <class Net, class Batch> constexpr auto all_findings() {
  constexpr std::size_t count = [] {
    std::size_t n = 0;
    advise(outline<Net>, batch_size<Batch>(), [&n](const auto&...) { ++n; });
    return n;
  }();
  findings<count> list{};
  if constexpr (count > 0) {
    std::size_t n = 0;
    advise(outline<Net>, batch_size<Batch>(), [&](const outline_entry& e, pitfall what, const auto&... reasons) {
      finding& f = list.all[n++];
      f.where = e.where;
      f.what = what;
      f.sentence += title(e);
      ((f.sentence += reasons), ...);
    });
  }
  return list;
}

}  // namespace base

/// The pitfalls of a network, and those of training it with mini-batches of a `batch<N>`.
template <Network Net, class Batch = void> inline constexpr auto advice = base::all_findings<Net, Batch>();

}  // namespace taut
