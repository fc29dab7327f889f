// SPDX-License-Identifier: Apache-2.0
// A bound as the user meets it: a double when everything it needs is declared, else an open_bound, which is not a
// number; every attempt to use it as one is one compile error that names what is missing:
//
//   static_assert(lipschitz<Net> <= 8.0);
//   error: invalid use of incomplete type 'taut::bound_is_open<{"layer 0, Linear<32>"}, {"declare at_most<c>"}>'
#pragma once
#include <taut/algebra/expression.hpp>
#include <taut/base/error.hpp>

namespace taut {

/// A number is asked of a bound that depends on something undeclared. Never defined: its arguments are the message.
template <base::phrase... Missing> struct bound_is_open;

/// The value of a bound that depends on something undeclared: the phrases say on what. The operators are declared,
/// never defined, and return an incomplete type: a check in a body would give a second error.
template <base::phrase... Missing> struct open_bound {};

template <base::phrase... Missing> bound_is_open<Missing...> operator<(open_bound<Missing...>, double);
template <base::phrase... Missing> bound_is_open<Missing...> operator<(double, open_bound<Missing...>);
template <base::phrase... Missing> bound_is_open<Missing...> operator<=(open_bound<Missing...>, double);
template <base::phrase... Missing> bound_is_open<Missing...> operator<=(double, open_bound<Missing...>);
template <base::phrase... Missing> bound_is_open<Missing...> operator>(open_bound<Missing...>, double);
template <base::phrase... Missing> bound_is_open<Missing...> operator>(double, open_bound<Missing...>);
template <base::phrase... Missing> bound_is_open<Missing...> operator>=(open_bound<Missing...>, double);
template <base::phrase... Missing> bound_is_open<Missing...> operator>=(double, open_bound<Missing...>);
template <base::phrase... Missing> bound_is_open<Missing...> operator==(open_bound<Missing...>, double);
template <base::phrase... Missing> bound_is_open<Missing...> operator!=(open_bound<Missing...>, double);
template <base::phrase... Missing> bound_is_open<Missing...> operator+(open_bound<Missing...>, double);
template <base::phrase... Missing> bound_is_open<Missing...> operator+(double, open_bound<Missing...>);
template <base::phrase... Missing> bound_is_open<Missing...> operator-(open_bound<Missing...>, double);
template <base::phrase... Missing> bound_is_open<Missing...> operator-(double, open_bound<Missing...>);
template <base::phrase... Missing> bound_is_open<Missing...> operator*(open_bound<Missing...>, double);
template <base::phrase... Missing> bound_is_open<Missing...> operator*(double, open_bound<Missing...>);
template <base::phrase... Missing> bound_is_open<Missing...> operator/(open_bound<Missing...>, double);
template <base::phrase... Missing> bound_is_open<Missing...> operator/(double, open_bound<Missing...>);
template <base::phrase... Missing, base::phrase... Other>
bound_is_open<Missing...> operator<(open_bound<Missing...>, open_bound<Other...>);
template <base::phrase... Missing, base::phrase... Other>
bound_is_open<Missing...> operator<=(open_bound<Missing...>, open_bound<Other...>);
template <base::phrase... Missing, base::phrase... Other>
bound_is_open<Missing...> operator>(open_bound<Missing...>, open_bound<Other...>);
template <base::phrase... Missing, base::phrase... Other>
bound_is_open<Missing...> operator>=(open_bound<Missing...>, open_bound<Other...>);

/// Whether a bound is a number: `is_closed<decltype(lipschitz<Net>)>`.
template <class Bound> inline constexpr bool is_closed = true;
template <base::phrase... Missing> inline constexpr bool is_closed<open_bound<Missing...>> = false;
template <class Bound> inline constexpr bool is_closed<const Bound> = is_closed<Bound>;

}  // namespace taut
