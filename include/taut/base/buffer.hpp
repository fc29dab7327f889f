// SPDX-License-Identifier: Apache-2.0
// Working memory on the heap: no stack limit, and allowed inside a constant expression. Never on the inference path.
//
//   const base::buffer<double> w(rows * columns);      w.at[0] == 0
#pragma once
#include <cstddef>

namespace taut::base {

/// An array of zeros that lives as long as this object.
template <class Element> struct buffer {
  constexpr explicit buffer(std::size_t size) : at(new Element[size]{}) {}
  constexpr buffer(buffer&& other) noexcept : at(other.at) { other.at = nullptr; }
  buffer(const buffer&) = delete;
  buffer& operator=(const buffer&) = delete;
  constexpr buffer& operator=(buffer&& other) noexcept {
    Element* const held = at;
    at = other.at;
    other.at = held;
    return *this;
  }
  constexpr ~buffer() { delete[] at; }
  Element* at;
};

}  // namespace taut::base
