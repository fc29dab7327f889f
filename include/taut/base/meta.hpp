// SPDX-License-Identifier: Apache-2.0
// Lists of types: the only file that includes Boost.Hana.
//
//   using layers = base::list<a, b, c>;
//   base::at<layers, 1>        is b
#pragma once
#include <boost/hana/basic_tuple.hpp>
#include <boost/hana/type.hpp>
#include <cstddef>
#include <type_traits>
#include <utility>

namespace taut::base {

/// A list of types.
template <class... Types> struct list {
  static constexpr std::size_t size = sizeof...(Types);
  using basic = boost::hana::basic_tuple<boost::hana::type<Types>...>;
};

#if defined(__has_builtin)
#if __has_builtin(__type_pack_element)
#define TAUT_HAS_TYPE_PACK_ELEMENT 1
#endif
#endif

namespace detail {
#ifdef TAUT_HAS_TYPE_PACK_ELEMENT
template <class List, std::size_t I> struct element;
template <class... Types, std::size_t I> struct element<list<Types...>, I> {
  using type = __type_pack_element<I, Types...>;
};
#else
template <class List, std::size_t I> struct element {
  using found = decltype(boost::hana::at_c<I>(std::declval<typename List::basic&>()));
  using type = typename std::remove_cvref_t<found>::type;
};
#endif
}  // namespace detail

/// The type at position I of a list: one overload resolution, or the compiler's own word for it; no recursion, so deep
/// lists stay cheap.
template <class List, std::size_t I> using at = typename detail::element<List, I>::type;

/// Calls f.template operator()<I>() for I = 0 .. N-1, in order. A braced list instead of a fold expression: clang
/// refuses folds over more than 256 elements, and networks are longer.
template <std::size_t N, class F> [[gnu::always_inline]] constexpr void for_each_index(F&& f) {
  [&]<std::size_t... I>(std::index_sequence<I...>) __attribute__((always_inline)) {
    [[maybe_unused]] const int in_order[] = { 0, (f.template operator()<I>(), 0)... };
  }(std::make_index_sequence<N>{});
}

}  // namespace taut::base
