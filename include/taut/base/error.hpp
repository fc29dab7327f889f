// SPDX-License-Identifier: Apache-2.0
// Sentences the compiler reads aloud: the arguments of a never-defined template are the message.
//
//   template <base::phrase... Sentence> struct shape_error;             // never defined, declared where it is used
//   error: invalid use of incomplete type 'struct taut::shape_error<phrase<20>{"layer 2, Linear<32>"}, ...>'
//
// Four rules, found by experiment: a phrase has at most 36 characters (clang cuts longer ones); it has the exact size
// and its terminating zero is written (else clang prints integers); it is bound to a constexpr variable before use
// (else size expressions leak into the text); the error stands in a function's body and depends on a template
// parameter, while the decision is made elsewhere: a function with an error in it is no constant expression.
#pragma once
#include <cstddef>
#include <taut/base/text.hpp>

namespace taut::base {

/// Text as a template argument, of exact size.
template <std::size_t N> struct phrase {
  char characters[N];
};

/// The longest phrase that both compilers print in full.
inline constexpr std::size_t longest_phrase = 36;

/// The phrase that says `Words`; cut with ".." where it is longer than a compiler prints.
template <words Words> consteval auto phrase_of() {
  constexpr std::size_t length = Words.length < longest_phrase ? Words.length : longest_phrase;
  phrase<length + 1> p{};
  for (std::size_t i = 0; i <= length; ++i) p.characters[i] = i < length ? Words.characters[i] : char{};
  if (length < Words.length) p.characters[length - 1] = p.characters[length - 2] = '.';
  return p;
}

}  // namespace taut::base
