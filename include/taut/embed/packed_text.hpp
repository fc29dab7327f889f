// SPDX-License-Identifier: Apache-2.0
// What a header for firmware says of a large network: its engine, folded and packed already, as words of 32 bits, and its
// guard as numbers. A compiler that packs 268 000 floats needs 20 s and more steps than its limits allow; words take it
// 3 s (embed/from_words.hpp).
#pragma once
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <taut/embed/from_words.hpp>
#include <taut/embed/literal.hpp>
#include <taut/embed/pocket_guard.hpp>
#include <taut/engine/engine.hpp>
#include <type_traits>
#include <vector>

namespace taut::exported {

/// Whether the engine is packed here, not by the compiler that includes the header. Engines of blocks are tuples, which
/// words cannot become in a constant expression.
template <class Arithmetic, Network Net> constexpr bool is_packed() {
  if constexpr (Net::parameter_count > 30'000) return std::is_trivially_copyable_v<engine<Net, Arithmetic>>;
  else return false;
}

inline constexpr std::string_view engine_in_words = R"(
/// The network, ready to run, in read-only memory; folded and packed when this was written.
inline constexpr std::uint32_t engine_words[COUNT] = {WORDS};
inline constexpr auto engine =
    taut::from_words<taut::engine<Net, taut::float32<taut::simd::LANE>>>(engine_words);
)";

/// The words of an engine; what lies between its members is 0.
template <class Engine> std::vector<std::uint32_t> words_of(Engine& engine) {
  static_assert(std::is_trivially_copyable_v<Engine> && sizeof(Engine) % sizeof(std::uint32_t) == 0);
  static_assert(std::endian::native == std::endian::little);
#if defined(__has_builtin)
#if __has_builtin(__builtin_clear_padding)
  __builtin_clear_padding(&engine);
#endif
#endif
  std::vector<std::uint32_t> words(sizeof(Engine) / sizeof(std::uint32_t));
  std::memcpy(words.data(), &engine, sizeof(Engine));
  return words;
}

/// Numbers, and rows of numbers, as initializers.
template <class Element> std::string list_of(std::span<const Element> values, std::string_view indent = "     ") {
  std::string text;
  write_values<Element>(text, values, indent);
  return text;
}
std::string rows_of(const auto& structs, auto&& numbers) {
  std::string text;
  for (const auto& s : structs) {
    const std::vector<float> values = numbers(s);
    text += (text.empty() ? "{" : ",\n     {") + list_of<float>(values, "      ") + "}";
  }
  return text;
}
inline std::vector<float> numbers_of(const certificates::pocket_step& s) {
  return {s.factor, s.root, s.widest, s.spread, s.epsilon, s.root_of_epsilon, s.kept, s.lost, s.declared};
}

inline constexpr std::string_view guard_in_numbers = R"(
/// What certify(guard, engine, x) needs, for inputs up to this norm whose stds are no smaller than that.
inline constexpr taut::pocket_guarded<Net, taut::simd::LANE> guard = {
    {DISTANCE},
    {{STEPS}},
    NORM, STD, LOSS, INSIDE};
)";

/// The engine and the guard of a large network.
template <class Arithmetic, Network Net>
std::string packed_text(const parameters<Net>& p, const std::string& lane, pocket_range range) {
  const auto run = std::make_unique<engine<Net, Arithmetic>>();
  compile(p, *run);
  const std::vector<std::uint32_t> words = words_of(*run);
  std::string text = replaced(
      engine_in_words,
      {{"COUNT", std::to_string(words.size())}, {"WORDS", list_of<std::uint32_t>(words, "    ")}, {"LANE", lane}});
  if (!(range.largest_norm > 0)) return text;
  using guarded = pocket_guarded<Net, typename Arithmetic::lane>;
  const auto guard = std::make_unique<guarded>(pocket_guard<typename Arithmetic::lane>(p, range));
  return text + replaced(guard_in_numbers,
                         {{"LANE", lane},
                          {"DISTANCE", list_of<float>(guard->distance)},
                          {"STEPS", rows_of(guard->steps, [](const auto& step) { return numbers_of(step); })},
                          {"NORM", literal(guard->largest_norm)},
                          {"STD", literal(guard->smallest_std)},
                          {"LOSS", literal(guard->loss)},
                          {"INSIDE", guard->inside_implied ? "true" : "false"}});
}

}  // namespace taut::exported
