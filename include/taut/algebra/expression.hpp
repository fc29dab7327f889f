// SPDX-License-Identifier: Apache-2.0
// Symbolic expressions over named non-negative quantities, kept in a normal form: products and sums are flat and
// sorted, constants are folded (outward), equal factors become powers, reciprocals are distributed over products.
//
//   quantity{"norm(W@)", "at_most<c>", 2.0} * quantity{"gain@", ...} / sqrt(square(std) + constant(1e-5))
//   prints "norm(W0) * gain1 / sqrt(std1^2 + 1e-05)" and evaluates to an interval that contains the exact value.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <taut/base/rounding.hpp>
#include <taut/base/text.hpp>

namespace taut {

/// Where in a network a quantity belongs: the layer's number, inside blocks one number for each level ("2.0").
struct position {
  static constexpr std::size_t deepest = 3;
  std::uint16_t index[deepest]{};
  std::uint8_t depth = 0;

  /// The same place seen from outside, where the block itself is layer `outer`.
  [[nodiscard]] constexpr position inside(std::size_t outer) const {
    position p;
    p.index[0] = static_cast<std::uint16_t>(outer);
    p.depth = static_cast<std::uint8_t>(depth < deepest ? depth + 1 : deepest);
    for (std::size_t i = 1; i < p.depth; ++i) p.index[i] = index[i - 1];
    return p;
  }
  constexpr auto operator<=>(const position& other) const {
    for (std::size_t i = 0; i < deepest; ++i) {
      if (const auto order = index[i] <=> other.index[i]; order != 0) return order;
    }
    return depth <=> other.depth;
  }
  constexpr bool operator==(const position&) const = default;
  [[nodiscard]] constexpr base::words name() const {
    base::words w;
    for (std::size_t i = 0; i < depth; ++i) {
      if (i != 0) w += ".";
      w += static_cast<std::size_t>(index[i]);
    }
    return w;
  }
};

/// A named non-negative number, known to lie in [lower, upper] if `declared`.
struct quantity {
  const char* name = "";     ///< '@' stands for the layer's position: "norm(W@)"
  const char* declare = "";  ///< what a user writes to declare it: "at_most<c>"
  rounded::interval range{0, rounded::infinity};
  bool declared = false;
};

namespace algebra {

enum class operation : std::uint8_t { constant, quantity, sum, product, maximum, reciprocal, square_root };
inline constexpr std::uint16_t none = 0xffff;

struct node {
  operation what = operation::constant;
  bool declared = true;
  position where{};         // of the first quantity below
  std::uint16_t count = 1;  // a factor's power, a term's coefficient
  std::uint16_t first = none, last = none, next = none;
  rounded::interval value{1, 1};
  const char* name = "";
  const char* declare = "";
};

}  // namespace algebra

/// An expression of at most `Capacity` nodes. Build it from `constant`, quantities and the operators below.
template <std::size_t Capacity> struct expression {
  static constexpr std::size_t capacity = Capacity;
  using node = algebra::node;
  using index = std::uint16_t;

  node nodes[Capacity]{};
  index used = 0;
  index root = algebra::none;

  constexpr index add(const node& n) {
    nodes[used] = n;
    return used++;
  }

  /// Copies the whole of another expression behind this one; `outer` is the block it sits in, if any.
  template <std::size_t Other>
  constexpr index graft(const expression<Other>& other, const std::size_t* outer = nullptr) {
    const auto moved = [offset = used](index i) { return i == algebra::none ? i : static_cast<index>(i + offset); };
    for (index i = 0; i < other.used; ++i) {
      node& n = nodes[used + i];
      n = other.nodes[i];
      n.first = moved(n.first), n.last = moved(n.last), n.next = moved(n.next);
      if (outer != nullptr) n.where = n.where.inside(*outer);
    }
    const index at = moved(other.root);
    used = static_cast<index>(used + other.used);
    return at;
  }

  /// Puts `child` among the children of the sum, product or maximum `parent`, keeping the normal form.
  constexpr void insert(index parent, index child) {
    using enum algebra::operation;
    node& p = nodes[parent];
    if (nodes[child].what == p.what && (p.what == maximum || nodes[child].count == 1)) {  // flat: adopt its children
      for (index i = nodes[child].first; i != algebra::none;) {
        const index following = nodes[i].next;
        nodes[i].next = algebra::none;
        insert(parent, i);
        i = following;
      }
      return;
    }
    if (nodes[child].what == constant) {
      const auto value = nodes[child].value;
      if (p.what == product && value.lower == 1 && value.upper == 1) return;
      if (p.what != product && value.upper == 0) return;
      if (const index head = p.first; head != algebra::none && nodes[head].what == constant) {
        auto& folded = nodes[head].value;
        folded = p.what == product ? mul(folded, value)
                 : p.what == sum   ? rounded::add(folded, value)
                                   : max(folded, value);
        return;
      }
      nodes[child].next = p.first;
      p.first = child;
      if (p.last == algebra::none) p.last = child;
      return;
    }
    if (p.last == algebra::none || order(p.last, child) < 0) {
      append(p, child);
    } else {
      index before = algebra::none;
      index i = p.first;
      while (i != algebra::none && order(i, child) < 0) before = i, i = nodes[i].next;
      if (i != algebra::none && order(i, child) == 0) {
        if (p.what != maximum) nodes[i].count = static_cast<index>(nodes[i].count + nodes[child].count);
        return;
      }
      nodes[child].next = i;
      (before == algebra::none ? p.first : nodes[before].next) = child;
    }
    const bool earlier = p.where.depth == 0 || (nodes[child].where.depth != 0 && nodes[child].where < p.where);
    if (earlier) p.where = nodes[child].where;
  }

  /// Whether every quantity in it is declared. (No pointer: g++ compares none in constant expressions when it
  /// sanitizes.)
  [[nodiscard]] constexpr bool closed() const { return open_below(root) == algebra::none; }
  /// The first quantity that nothing declares, or null: then the expression is closed.
  [[nodiscard]] constexpr const node* first_open() const {
    const index at = open_below(root);
    return at == algebra::none ? nullptr : &nodes[at];
  }

  /// An interval that contains the exact value, whatever declared values the quantities have.
  [[nodiscard]] constexpr rounded::interval value() const {
    return value([](const node& n) { return n.value; });
  }
  /// The same with each quantity's interval given by `look_up(node)`.
  template <class LookUp> [[nodiscard]] constexpr rounded::interval value(LookUp look_up) const {
    return value_of(root, look_up);
  }

  /// Appends the expression as people write it.
  template <std::size_t N> constexpr void print(base::text<N>& out) const { print(out, root, 0); }

 private:
  constexpr void append(node& parent, index child) {
    (parent.last == algebra::none ? parent.first : nodes[parent.last].next) = child;
    parent.last = child;
  }

  // Total order of subtrees: constants first, then by place, by kind, by name, by children. Counts do not matter.
  [[nodiscard]] constexpr int order(index a, index b) const {
    const node &x = nodes[a], &y = nodes[b];
    if ((x.what == algebra::operation::constant) != (y.what == algebra::operation::constant))
      return x.what == algebra::operation::constant ? -1 : 1;
    if (const auto places = x.where <=> y.where; places != 0) return places < 0 ? -1 : 1;
    if (x.what != y.what) return x.what < y.what ? -1 : 1;
    if (x.what == algebra::operation::constant)
      return x.value.upper != y.value.upper   ? (x.value.upper < y.value.upper ? -1 : 1)
             : x.value.lower != y.value.lower ? (x.value.lower < y.value.lower ? -1 : 1)
                                              : 0;
    if (const int names = std::string_view(x.name).compare(y.name); names != 0) return names;
    if (x.what == algebra::operation::quantity) {  // places deeper than `deepest` look alike: never merge other values
      if (x.value.upper != y.value.upper) return x.value.upper < y.value.upper ? -1 : 1;
      if (x.value.lower != y.value.lower) return x.value.lower < y.value.lower ? -1 : 1;
      if (x.declared != y.declared) return x.declared ? 1 : -1;
    }
    index i = x.first, j = y.first;
    for (; i != algebra::none && j != algebra::none; i = nodes[i].next, j = nodes[j].next) {
      if (const int below = order(i, j); below != 0) return below;
      if (nodes[i].count != nodes[j].count) return nodes[i].count < nodes[j].count ? -1 : 1;
    }
    return i == j ? 0 : i == algebra::none ? -1 : 1;
  }

  [[nodiscard]] constexpr index open_below(index at) const {
    const node& n = nodes[at];
    if (n.what == algebra::operation::quantity) return n.declared ? algebra::none : at;
    index found = algebra::none;
    for (index i = n.first; i != algebra::none && found == algebra::none; i = nodes[i].next) found = open_below(i);
    return found;
  }

  template <class LookUp> constexpr rounded::interval value_of(index at, LookUp& look_up) const {
    using enum algebra::operation;
    const node& n = nodes[at];
    if (n.what == constant) return n.value;
    if (n.what == quantity) return look_up(n);
    if (n.what == reciprocal) return rounded::reciprocal(value_of(n.first, look_up));
    if (n.what == square_root) return rounded::sqrt(value_of(n.first, look_up));
    rounded::interval total = n.what == product ? rounded::interval{1, 1} : rounded::interval{0, 0};
    for (index i = n.first; i != algebra::none; i = nodes[i].next) {
      const rounded::interval v = value_of(i, look_up);
      const double count = nodes[i].count;
      if (n.what == maximum) total = rounded::max(total, v);
      else if (n.what == sum) total = rounded::add(total, count == 1 ? v : rounded::mul(v, {count, count}));
      else
        for (index k = 0; k < nodes[i].count; ++k) total = rounded::mul(total, v);
    }
    return total;
  }

  // Precedence: 0 in a sum or alone, 1 in a product, 2 under a power or a division.
  template <std::size_t N> constexpr void print(base::text<N>& out, index at, int precedence) const {
    using enum algebra::operation;
    const node& n = nodes[at];
    if (n.what == constant) {
      out += n.value.upper;
    } else if (n.what == quantity) {
      for (const char c : std::string_view(n.name)) {
        if (c == '@') out += n.where.name();
        else out.put(c);
      }
    } else if (n.what == square_root) {
      out += "sqrt(";
      print(out, n.first, 0);
      out += ")";
    } else if (n.what == reciprocal) {
      out += "1 / ";
      print(out, n.first, 2);
    } else {
      const bool simple = n.first != algebra::none && nodes[n.first].next == algebra::none;  // one factor: a power
      const bool brackets = n.what == maximum || precedence > (n.what == sum ? 0 : simple ? 2 : 1);
      if (n.what == maximum) out += "max";
      if (brackets) out += "(";
      const bool constant_last = n.what == sum && nodes[n.first].what == constant && !simple;
      bool leading = true;
      index i = constant_last ? nodes[n.first].next : n.first;
      for (bool done = false; !done; leading = false) {
        const node& child = nodes[i];
        if (n.what == product) {
          const bool divides = child.what == reciprocal;
          if (!leading) out += divides ? " / " : " * ";
          else if (divides) out += "1 / ";
          print(out, divides ? child.first : i, child.count > 1 || divides ? 2 : 1);
          if (child.count > 1) (out += "^") += static_cast<std::size_t>(child.count);
        } else {
          if (!leading) out += n.what == sum ? " + " : ", ";
          if (n.what == sum && child.count > 1) (out += static_cast<std::size_t>(child.count)) += " * ";
          print(out, i, n.what == sum && child.count > 1 ? 1 : 0);
        }
        if (constant_last && i == n.first) break;
        i = child.next;
        if (i == algebra::none && constant_last) i = n.first;
        else done = i == algebra::none;
      }
      if (brackets) out += ")";
    }
  }
};

/// A number that is exact as a double.
constexpr expression<1> constant(double value) {
  expression<1> e;
  e.root = e.add({.value = {value, value}});
  return e;
}

/// A quantity as an expression of its own.
constexpr expression<1> symbol(const quantity& q) {
  expression<1> e;
  e.root = e.add({.what = algebra::operation::quantity,
                  .declared = q.declared,
                  .value = q.range,
                  .name = q.name,
                  .declare = q.declare});
  return e;
}

namespace algebra {

// A sum, product or maximum of one child is that child, a factor to the first power.
template <std::size_t N> constexpr void collapse(expression<N>& e) {
  node& r = e.nodes[e.root];
  if (r.what == operation::product && r.first != none && e.nodes[r.first].next != none) {
    const node& head = e.nodes[r.first];  // constants that fold to 1
    if (head.what == operation::constant && head.value.lower == 1 && head.value.upper == 1) r.first = head.next;
  }
  if (r.first == none) {  // every part was neutral
    e.nodes[e.root] = {.value = r.what == operation::product ? rounded::interval{1, 1} : rounded::interval{0, 0}};
  } else if (e.nodes[r.first].next == none && e.nodes[r.first].count == 1) {
    e.root = r.first;
  } else if (r.what == operation::product && e.nodes[r.first].what == operation::constant &&
             e.nodes[r.first].value.upper == 0) {
    e.root = r.first;
    e.nodes[e.root].next = none;
  }
}

template <std::size_t A, std::size_t B>
constexpr expression<A + B + 1> join(operation what, const expression<A>& a, const expression<B>& b) {
  expression<A + B + 1> e;
  const auto left = e.graft(a), right = e.graft(b);
  e.root = e.add({.what = what});
  e.insert(e.root, left);
  e.insert(e.root, right);
  collapse(e);
  return e;
}

}  // namespace algebra

template <std::size_t A, std::size_t B> constexpr auto operator*(const expression<A>& a, const expression<B>& b) {
  return algebra::join(algebra::operation::product, a, b);
}
template <std::size_t A, std::size_t B> constexpr auto operator+(const expression<A>& a, const expression<B>& b) {
  return algebra::join(algebra::operation::sum, a, b);
}
/// The larger of two expressions.
template <std::size_t A, std::size_t B> constexpr auto maximum(const expression<A>& a, const expression<B>& b) {
  return algebra::join(algebra::operation::maximum, a, b);
}
template <std::size_t A> constexpr auto square(const expression<A>& a) { return a * a; }

/// The square root; of a constant a constant, of an even power half the power.
template <std::size_t A> constexpr expression<A + 1> sqrt(const expression<A>& a) {
  expression<A + 1> e;
  const auto below = e.graft(a);
  auto& n = e.nodes[below];
  e.root = below;
  if (n.what == algebra::operation::constant) {
    n.value = rounded::sqrt(n.value);
  } else if (n.what == algebra::operation::product && n.first == n.last && e.nodes[n.first].count % 2 == 0) {
    e.nodes[n.first].count = static_cast<std::uint16_t>(e.nodes[n.first].count / 2);
    algebra::collapse(e);
  } else {
    e.root = e.add({.what = algebra::operation::square_root, .where = n.where, .first = below, .last = below});
  }
  return e;
}

/// One over the expression; of a product the product of the reciprocals.
template <std::size_t A> constexpr expression<2 * A + 1> reciprocal(const expression<A>& a) {
  using enum algebra::operation;
  expression<2 * A + 1> e;
  e.root = e.graft(a);
  const auto invert = [&e](std::uint16_t at) -> std::uint16_t {
    auto& n = e.nodes[at];
    if (n.what == constant) {
      n.value = rounded::reciprocal(n.value);
      return at;
    }
    if (n.what == algebra::operation::reciprocal) {
      e.nodes[n.first].count = n.count;
      return n.first;
    }
    const auto count = n.count;
    n.count = 1;
    n.next = algebra::none;
    return e.add({.what = algebra::operation::reciprocal, .where = n.where, .count = count, .first = at, .last = at});
  };
  if (e.nodes[e.root].what != product) {
    e.root = invert(e.root);
    return e;
  }
  const auto old = e.nodes[e.root].first;
  e.root = e.add({.what = product});
  for (auto i = old; i != algebra::none;) {
    const auto following = e.nodes[i].next;
    e.nodes[i].next = algebra::none;
    e.insert(e.root, invert(i));
    i = following;
  }
  algebra::collapse(e);
  return e;
}
template <std::size_t A, std::size_t B> constexpr auto operator/(const expression<A>& a, const expression<B>& b) {
  return a * reciprocal(b);
}

}  // namespace taut
