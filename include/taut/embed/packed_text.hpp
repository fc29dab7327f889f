// SPDX-License-Identifier: Apache-2.0
// What a header for firmware says of a large network: its engine, folded and packed already, as words of 32 bits, and
// its guard as numbers. A compiler that packs 268 000 floats needs 20 s and more steps than its limits allow; words
// take it 3 s (embed/from_words.hpp).
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

/// An engine byte by byte. Between the members of a dense stage is room that nobody writes: it is 0 here, so that the
/// same weights are the same words. (g++ 12: __builtin_clear_padding clears members of it, too.)
struct engine_bytes {
  template <class Engine> static std::vector<unsigned char> of(const Engine& engine) {
    static_assert(std::is_trivially_copyable_v<Engine>);
    std::vector<unsigned char> bytes(sizeof(Engine));
    const auto copy = [&](const auto& member) {
      const auto* const from = reinterpret_cast<const unsigned char*>(&member);
      std::memcpy(&bytes[static_cast<std::size_t>(from - reinterpret_cast<const unsigned char*>(&engine))], from,
                  sizeof member);
    };
    engine.each_stage()([&]<std::size_t>(const auto& stage, std::size_t) {
      if constexpr (requires { stage.weight, stage.bias, stage.gain, stage.offset, stage.epsilon, stage.biased; }) {
        // a member that is forgotten does not compile
        const auto& [weight, bias, gain, offset, epsilon, biased, waited, waits] = stage;
        const auto copy_array = [&](const auto& array) {
          for (const float& element : array) copy(element);
        };
        copy_array(weight), copy_array(bias), copy_array(gain), copy_array(offset), copy_array(epsilon);
        copy(biased), copy(waited), copy(waits);
      } else {
        copy(stage);
      }
    });
    return bytes;
  }
};

/// The words of an engine.
template <class Engine> std::vector<std::uint32_t> words_of(const Engine& engine) {
  static_assert(sizeof(Engine) % sizeof(std::uint32_t) == 0 && std::endian::native == std::endian::little);
  const std::vector<unsigned char> bytes = engine_bytes::of(engine);
  std::vector<std::uint32_t> words(bytes.size() / sizeof(std::uint32_t));
  std::memcpy(words.data(), bytes.data(), bytes.size());
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
