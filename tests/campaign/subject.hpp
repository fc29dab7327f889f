// SPDX-License-Identifier: Apache-2.0
// A network as its enemies see it: plain functions, so that each attack is compiled once. `subject_of<Net>` holds
// parameters, what they fold to in double (for slopes), and two guarded engines: the native one and the scalar one.
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <taut/certify/tighten.hpp>
#include <taut/inference.hpp>
#include <utility>
#include <vector>

#include "campaign/weights.hpp"

namespace taut::campaign {

/// What a guard promises of an input, without the number of outputs in its type.
struct verdict {
  std::size_t label = 0;
  double radius = 0;
  bool contract_holds = false;
};

/// Proved Lipschitz constants of the whole network.
struct constants {
  double product = rounded::infinity;   ///< of lipschitz_of
  double tight = rounded::infinity;     ///< of tighten
  double tampered = rounded::infinity;  ///< the least that verify says of witnesses that were changed
};

/// One network with parameters.
class subject {
 public:
  subject(std::string its_name, std::size_t in, std::size_t out)
      : name(std::move(its_name)), inputs(in), outputs(out) {}
  subject(const subject&) = delete;
  virtual ~subject() = default;

  const std::string name;
  const std::size_t inputs, outputs;

  /// Draws parameters of this kind; `search`: and a tight constant for them, which takes most of the time.
  virtual void draw(weight_kind kind, std::uint64_t seed, bool search) = 0;
  /// The proved constants of the parameters last drawn.
  [[nodiscard]] virtual const constants& proved() const = 0;
  /// The output in double; the activations stay for backward and the stds.
  virtual std::span<const double> forward(std::span<const double> x) = 0;
  /// J(x)' u for the x of the last forward.
  virtual std::span<const double> backward(std::span<const double> u) = 0;
  /// At the x of the last forward: the smallest std - declared floor; infinity without floors.
  [[nodiscard]] virtual double room() const = 0;
  /// At the x of the last forward: the smallest std of any normalizer; infinity without one.
  [[nodiscard]] virtual double least_std() const = 0;
  /// The promise of an engine: 0 the native one, 1 the scalar one.
  [[nodiscard]] virtual verdict certify(std::size_t arithmetic, std::span<const float> x) const = 0;
  /// The label of an engine alone.
  [[nodiscard]] virtual std::size_t label(std::size_t arithmetic, std::span<const float> x) const = 0;
};

namespace folding {

template <class Net, std::size_t I> struct piece {
  explicit piece(const parameters<Net>& p) : held(folded<I>(p)), waste(*held) {}
  decltype(folded<I>(std::declval<const parameters<Net>&>())) held;
  std::remove_cvref_t<decltype(*held)> waste;
};
template <class Net, class Indices> struct pieces;
template <class Net, std::size_t... I> struct pieces<Net, std::index_sequence<I...>> : piece<Net, I>... {
  explicit pieces(const parameters<Net>& p) : piece<Net, I>(p)... {}
};

}  // namespace folding

template <class Net> class subject_of final : public subject {
  static constexpr std::size_t largest = base::largest_activation<Net>();
  template <std::size_t I> using piece = folding::piece<Net, I>;
  using pieces = folding::pieces<Net, std::make_index_sequence<Net::depth>>;
  using native = guarded<Net>;
  using scalar = guarded<Net, float32<simd::portable<1>>>;

 public:
  explicit subject_of(std::string its_name) : subject(std::move(its_name), Net::input_size, Net::output_size) {}

  void draw(weight_kind kind, std::uint64_t seed, bool search) override {
    *p = {};
    draw_weights(*p, kind, seed);
    folded_layers.emplace(*p);
    *fast = certifier(*p);
    found = {lipschitz_of(*p).value};
    if (search) {
      const auto tight = tighten(*p);
      base::random_stream random(seed);
      found.tight = tight.value;
      for (int trial = 0; trial < 4; ++trial)
        found.tampered = std::min(found.tampered, tampered(tight.witness, 1 - std::exp(-0.7 - 2 * trial), random));
      *slow = certifier<float32<simd::portable<1>>>(*p, tight);
    } else {
      *slow = certifier<float32<simd::portable<1>>>(*p);
    }
  }
  [[nodiscard]] const constants& proved() const override { return found; }

  std::span<const double> forward(std::span<const double> x) override {
    std::copy(x.begin(), x.end(), at[0].begin());
    base::for_each_index<Net::depth>([&]<std::size_t I>() {
      taut::forward<folded_layer_of<Net, I>, Net::shapes[I]>(*held<I>().held, at[I].data(), at[I + 1].data());
    });
    return {at[Net::depth].data(), outputs};
  }
  std::span<const double> backward(std::span<const double> u) override {
    std::copy(u.begin(), u.end(), slope[Net::depth].begin());
    base::for_each_index<Net::depth>([&]<std::size_t J>() {
      constexpr std::size_t I = Net::depth - 1 - J;
      taut::gradient<folded_layer_of<Net, I>, Net::shapes[I]>(*held<I>().held, at[I].data(), at[I + 1].data(),
                                                              slope[I + 1].data(), slope[I].data(), held<I>().waste);
    });
    return {slope[0].data(), inputs};
  }
  [[nodiscard]] double room() const override { return smallest(true); }
  [[nodiscard]] double least_std() const override { return smallest(false); }
  [[nodiscard]] verdict certify(std::size_t arithmetic, std::span<const float> x) const override {
    const auto brief = [](const auto& v) { return verdict{v.label, v.radius, v.contract_holds}; };
    return arithmetic == 0 ? brief(taut::certify(*fast, x)) : brief(taut::certify(*slow, x));
  }
  [[nodiscard]] std::size_t label(std::size_t arithmetic, std::span<const float> x) const override {
    const auto y = arithmetic == 0 ? fast->run(x) : slow->run(x);
    return static_cast<std::size_t>(std::max_element(y.begin(), y.end()) - y.begin());
  }

 private:
  template <std::size_t I> auto& held() { return static_cast<piece<I>&>(*folded_layers); }

  double smallest(bool above_floor) const {
    double least = std::numeric_limits<double>::infinity();
    base::for_each_index<Net::depth>([&]<std::size_t I>() {
      using L = layer_of<Net, I>;
      if constexpr (L::reads == fusion::normalizer) {
        constexpr double floor = declared_floor<L>();
        if (above_floor && !(floor > 0)) return;
        constexpr pooling runs = L::pooled(Net::shapes[I]);
        for (std::size_t run = 0; run < runs.groups; ++run) {
          const auto s = normalizer::measure<L>(at[I].data() + run * runs.size, runs.size);
          least = std::min(least, std::sqrt(s.variance) - (above_floor ? floor : 0));
        }
      }
    });
    return least;
  }

  // What verify says of a witness with smaller claims, other tactics, and multipliers that were not found for it.
  double tampered(witness<Net> w, double shrink, base::random_stream& random) const {
    const std::size_t how = random.below(3);
    for (double& claim : w.claims) claim *= shrink;
    if (how == 1)
      for (double& t : w.multiplier) t *= std::exp(0.1 * random.normal());
    if (how == 2)
      for (tactic& t : w.tactics) t = static_cast<tactic>(random.below(4));
    return verify(*p, w).value;
  }

  constants found;
  std::unique_ptr<parameters<Net>> p = std::make_unique<parameters<Net>>();
  std::unique_ptr<native> fast = std::make_unique<native>();
  std::unique_ptr<scalar> slow = std::make_unique<scalar>();
  std::optional<pieces> folded_layers;
  std::array<std::array<double, largest>, Net::depth + 1> at{}, slope{};
};

}  // namespace taut::campaign
