// SPDX-License-Identifier: Apache-2.0
// The contract of a network with its weights: which declarations these weights keep, and which floors of normalizers
// they imply, so that nobody has to check them.
//
//   const auto status = contract_of(p);
//   status.floors[1].declared, status.floors[1].implied, status.floors[1].proved()     // in order, blocks opened
//   std::cout << status.text().view();
//
//   norm(W0) <= 2: proved of these weights
//   std3 >= 0.5: proved, 0.83 or more for every input that keeps the floors before it
//
// A floor may be implied for all inputs, or only for those that the type declares (Input<64>(in_ball<8.0>)).
#pragma once
#include <array>
#include <cstddef>
#include <string_view>
#include <taut/certify/implied_floor.hpp>
#include <taut/certify/keeps_declared.hpp>
#include <taut/net/contract.hpp>
#include <taut/net/outline.hpp>

namespace taut {

/// What is known of the smallest std (root mean square, if not centred) that a normalizer meets.
struct floor_status {
  position where{};
  double declared = 0;              ///< 0 where none is declared
  double implied = 0;               ///< for every input for which the declared floors before it hold
  double implied_for_declared = 0;  ///< the same for inputs that the type declares

  /// Whether the declared floor needs no check: it is implied for every input.
  [[nodiscard]] constexpr bool proved() const { return declared > 0 && implied >= declared; }
};

namespace certificates {

/// Calls report(where, declared, implied) for each normalizer of a network on inputs in `start`, those in blocks too.
template <class Net, class Real>
constexpr void each_floor(const parameters<Net, Real>& p, const region& start, position around, auto&& report) {
  const auto implied = implied_floors(p, start, [&](auto at, const region& here) {
    constexpr std::size_t i = at;
    if constexpr (i < Net::depth) {
      using L = layer_of<Net, i>;
      constexpr std::size_t blocks = base::networks_inside<L>();
      if constexpr (blocks > 0)
        base::for_each_index<blocks>([&]<std::size_t K>() {
          const position where = base::part_of_place(around, i);
          each_floor(L::template inner<Net::shapes[i], K>(get<i>(p)), here,
                     blocks == 1 ? where : base::part_of_place(where, K), report);
        });
    }
  });
  base::for_each_index<Net::depth>([&]<std::size_t I>() {
    if constexpr (layer_of<Net, I>::reads == fusion::normalizer)
      report(base::part_of_place(around, I), declared_floor<layer_of<Net, I>>(), implied[I]);
  });
}

/// How many normalizers a network has, those in blocks too.
template <class Net> inline constexpr std::size_t normalizers = [] {
  std::size_t count = 0;
  for (const outline_entry& e : outline<Net>)
    count += e.at == outline_entry::step::layer && e.reads == fusion::normalizer ? 1 : 0;
  return count;
}();

/// The floors of all normalizers of a network for inputs in `start`, sorted by place.
template <class Net, class Real>
constexpr std::array<floor_status, normalizers<Net>> floors_of(const parameters<Net, Real>& p, const region& start) {
  std::array<floor_status, normalizers<Net>> all{};
  std::size_t count = 0;
  each_floor(p, start, {}, [&](position where, double declared, double implied) {
    std::size_t at = count++;
    for (; at > 0 && where < all[at - 1].where; --at) all[at] = all[at - 1];
    all[at] = {where, declared, implied, implied};
  });
  return all;
}

/// A visitor of claims that marks what of assumptions<Net> is not proved: a claim is called "2.0.weight" where the
/// assumption is at 2.0, and of a layer's claims variances are at least something.
template <class Net> struct claims_by_place {
  std::size_t norms;
  std::array<bool, assumptions<Net>.size()>& broken;
  bool kept = true;  ///< of all claims, also those that no assumption names

  constexpr void spectral_norm_at_most(std::string_view name, const auto& values, std::size_t rows, std::size_t columns,
                                       double limit) {
    claims_checker one{norms};
    one.spectral_norm_at_most(name, values, rows, columns, limit);
    mark(name, false, one.kept);
  }
  constexpr void magnitude_at_most(std::string_view name, const auto& values, double limit) {
    claims_checker one{norms};
    one.magnitude_at_most(name, values, limit);
    mark(name, false, one.kept);
  }
  constexpr void at_least(std::string_view name, const auto& values, double limit) {
    claims_checker one{norms};
    one.at_least(name, values, limit);
    mark(name, true, one.kept);
  }

 private:
  constexpr void mark(std::string_view name, bool at_least, bool holds) {
    kept = kept && holds;
    for (std::size_t i = 0; i < broken.size() && !holds; ++i) {
      const assumption& a = assumptions<Net>[i];
      const auto place = a.where.name();
      const bool here = name.starts_with(place.view()) && name.substr(place.length).starts_with(".");
      if (a.when == checked::on_loading && a.at_least == at_least && here) broken[i] = true;
    }
  }
};

/// Whether the type declares anything of its inputs.
template <class Net> inline constexpr bool declares_input = rounded::is_finite(Net::input::ball) ||
                                                            rounded::is_finite(Net::input::lower) ||
                                                            rounded::is_finite(Net::input::upper);

}  // namespace certificates

/// The contract of a type, and what weights have to say about it. Make it with contract_of(p).
template <Network Net> struct contract_status {
  static constexpr std::size_t lines = assumptions<Net>.size() + certificates::normalizers<Net>;

  bool weights_keep = false;  ///< whether all declared norms, gains and variances are proved of these weights
  std::array<bool, assumptions<Net>.size()>
      broken{};  ///< which of assumptions<Net> these weights are not proved to keep
  std::array<floor_status, certificates::normalizers<Net>> floors{};  ///< of all normalizers, sorted by place

  /// Whether nothing is left to check but the input: weights keep what is declared, and all floors are proved.
  [[nodiscard]] constexpr bool proved() const {
    bool all = weights_keep;
    for (const floor_status& f : floors) all = all && (f.declared == 0 || f.proved());
    return all;
  }
  /// The contract with what these weights prove of it, a line for each declaration, and for each floor that might be
  /// declared.
  [[nodiscard]] constexpr auto text() const {
    base::text<160 * (lines + 1)> t;
    for (std::size_t i = 0; i < assumptions<Net>.size(); ++i) {
      const assumption& a = assumptions<Net>[i];
      const floor_status* floor = nullptr;
      for (const floor_status& f : floors)
        if (a.at_least && a.where.depth != 0 && f.where == a.where) floor = &f;
      if (floor != nullptr && floor->implied_for_declared >= a.limit) {
        ((((t += a.quantity) += " >= ") += a.limit) += ": proved, ");
        const bool always = floor->implied >= a.limit;
        rounded_down(t, always ? floor->implied : floor->implied_for_declared);
        t += always ? " or more for every input" : " or more for the inputs that the type declares";
        t += " if the floors before hold\n";
      } else if (a.when == checked::on_loading) {
        (((t += a.quantity) += a.at_least ? " >= " : " <= ") += a.limit);
        t += broken[i] ? ": NOT PROVED of these weights\n" : ": proved of these weights\n";
      } else {
        base::print(t, a);
      }
    }
    for (const floor_status& f : floors) {
      if (f.declared != 0 || !(f.implied_for_declared > 0)) continue;
      (((t += "layer ") += f.where.name()) += ": could declare min_std, ");
      rounded_down(t, f.implied > 0 ? f.implied : f.implied_for_declared);
      t += f.implied > 0 ? " or more is proved\n" : " or more is proved for the inputs that the type declares\n";
    }
    if (t.length == 0) t += "nothing is declared\n";
    return t;
  }

 private:
  // Six digits that are no larger than the value.
  template <std::size_t N> static constexpr void rounded_down(base::text<N>& t, double value) {
    t += value * (1 - 5.1e-6);
  }
};

/// What the weights prove of the contract of their network; at run time, or in a constant expression of small networks.
template <class Net, class Real>
[[nodiscard]] constexpr contract_status<Net> contract_of(const parameters<Net, Real>& p) {
  contract_status<Net> status;
  certificates::norms_counter counter;
  for_each_claim(p, counter);
  certificates::claims_by_place<Net> visitor{counter.count == 0 ? 1 : counter.count, status.broken, true};
  for_each_claim(p, visitor);
  status.weights_keep = visitor.kept;
  status.floors = certificates::floors_of(p, certificates::region(Net::input_size));
  if constexpr (certificates::declares_input<Net>) {
    const auto of_declared = certificates::floors_of(p, certificates::declared_inputs<Net>());
    for (std::size_t i = 0; i < of_declared.size(); ++i)
      status.floors[i].implied_for_declared = certificates::most(status.floors[i].implied, of_declared[i].implied);
  }
  return status;
}

}  // namespace taut
