// SPDX-License-Identifier: Apache-2.0
// C++ as text: exact literals, names, and lines of at most 120 columns.
//
//   literal(-0.25f) == "-0x1p-2f"                 // hexadecimal: bit for bit
//   is_identifier("digits") && !is_identifier("2fast") && !is_identifier("class")
#pragma once
#include <algorithm>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace taut::exported {

/// Whether a namespace can have this name. Reserved words and names are refused.
inline bool is_identifier(std::string_view name) {
  static constexpr std::string_view reserved[] = {
      "alignas",      "alignof",  "and",        "and_eq",    "asm",       "auto",         "bitand",
      "bitor",        "bool",     "break",      "case",      "catch",     "char",         "char16_t",
      "char32_t",     "char8_t",  "class",      "co_await",  "co_return", "co_yield",     "compl",
      "concept",      "const",    "const_cast", "consteval", "constexpr", "constinit",    "continue",
      "decltype",     "default",  "delete",     "do",        "double",    "dynamic_cast", "else",
      "enum",         "explicit", "export",     "extern",    "false",     "float",        "for",
      "friend",       "goto",     "if",         "inline",    "int",       "long",         "mutable",
      "namespace",    "new",      "noexcept",   "not",       "not_eq",    "nullptr",      "operator",
      "or",           "or_eq",    "private",    "protected", "public",    "register",     "reinterpret_cast",
      "requires",     "return",   "short",      "signed",    "sizeof",    "static",       "static_assert",
      "static_cast",  "std",      "struct",     "switch",    "taut",      "template",     "this",
      "thread_local", "throw",    "true",       "try",       "typedef",   "typeid",       "typename",
      "union",        "unsigned", "using",      "virtual",   "void",      "volatile",     "wchar_t",
      "while",        "xor",      "xor_eq"};
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  return !name.empty() && letter(name[0]) && name[0] != '_' && name.find("__") == name.npos &&
         std::ranges::all_of(name, [&](char c) { return letter(c) || digit(c); }) &&
         std::ranges::find(reserved, name) == std::end(reserved);
}

/// A literal of exactly this value. @pre finite
template <std::floating_point Real> std::string literal(Real value) {
  char digits[64];
  const char* const end = std::to_chars(digits, digits + sizeof digits, value, std::chars_format::hex).ptr;
  const bool negative = digits[0] == '-';
  std::string s(negative ? "-0x" : "0x");
  s += std::string_view(digits, end).substr(negative ? 1 : 0);
  if (std::same_as<Real, float>) s += 'f';
  return s;
}
inline std::string literal(std::int64_t value) {
  if (value == std::numeric_limits<std::int64_t>::min()) return std::to_string(value + 1) + " - 1";
  return std::to_string(value);
}

/// The values, separated by commas, in lines of at most 120 columns.
template <class Element>
void write_values(std::string& text, std::span<const Element> values, std::string_view indent) {
  std::size_t column = 120;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::string value = literal(values[i]) + (i + 1 < values.size() ? "," : "");
    if (column + 1 + value.size() > 120) {
      (text += "\n") += indent;
      column = indent.size();
    } else {
      text += " ";
      ++column;
    }
    text += value;
    column += value.size();
  }
}

/// The sentence in lines of at most 120 columns, `indent` before all but the first, broken only before `separator`.
inline std::string wrapped(std::string_view sentence, std::string_view separator, std::string_view indent) {
  constexpr std::size_t longest = 116;  // what stands around it needs some room
  std::string text;
  std::size_t column = 24;
  while (!sentence.empty()) {
    std::string_view piece = sentence.substr(0, sentence.find(separator, 1));
    sentence.remove_prefix(piece.size());
    if (column + piece.size() > longest && !text.empty()) {
      piece.remove_prefix(piece.find_first_not_of(' '));
      (text += "\n") += indent;
      column = indent.size();
    }
    text += piece;
    column += piece.size();
  }
  return text;
}

/// The text with each of these words replaced, in one pass: what is put in is not searched.
inline std::string replaced(std::string_view text,
                            std::initializer_list<std::pair<std::string_view, std::string>> words) {
  std::string result;
  while (!text.empty()) {
    const auto* const found =
        std::find_if(words.begin(), words.end(), [&](const auto& word) { return text.starts_with(word.first); });
    if (found == words.end()) result += text[0];
    else result += found->second;
    text.remove_prefix(found == words.end() ? 1 : found->first.size());
  }
  return result;
}

}  // namespace taut::exported
