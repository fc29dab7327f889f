// SPDX-License-Identifier: Apache-2.0
#include <taut/layers/dropout.hpp>

#include "laws/laws.hpp"

namespace {

using namespace taut;
template <double p> using dropout = layer::dropout<p>;

static_assert(Layer<dropout<0.5>> && Dropout<0.1>.name.view() == "Dropout<0.1>" &&
              Dropout<0.0>.name.view() == "Dropout<0>");
static_assert(dropout<0.5>::homogeneous && dropout<0.5>::identity && dropout<0.5>::apply(3.0) == 3);
static_assert(dropout<0.5>::lipschitz(shape{3}).value().upper == 1);
static_assert(dropout<0.0>::accepts(shape{2}) && !dropout<1.0>::accepts(shape{2}) && !dropout<-0.1>::accepts(shape{2}));
template <class V>
concept couples = CouplesSamples<dropout<0.5>, shape{2}, batch<4>, no_parameters, V>;
static_assert(couples<double> && couples<simd::native>);

constexpr std::size_t features = 11, samples = 37;

// What a batch of ones becomes, sample by sample, and what comes back of a gradient of ones.
template <double p, class V> std::vector<double> kept(std::uint64_t noise, bool back = false) {
  constexpr std::size_t groups = groups_of<batch<samples>, V>, lanes = simd::width<V>;
  no_parameters none{};
  std::vector<V> x(groups * features, V(1)), y(groups * features, V(7)), unused(groups * features, V(0));
  const training<batch<samples>> mode{noise};
  if (back) gradient<dropout<p>, shape{features}>(mode, none, unused.data(), unused.data(), x.data(), y.data(), none);
  else forward<dropout<p>, shape{features}>(mode, none, x.data(), y.data());
  std::vector<double> result(samples * features);
  for (std::size_t s = 0; s < samples; ++s)
    for (std::size_t i = 0; i < features; ++i) {
      simd::element<V> values[lanes];
      simd::store(y[s / lanes * features + i], values);
      result[s * features + i] = static_cast<double>(values[s % lanes]);
    }
  return result;
}

}  // namespace

namespace taut::tests {
void laws_of_dropout() {
  tests::check_laws<dropout<0.0>, shape{1}>({.tight = 0.98});
  tests::check_laws<dropout<0.5>, shape{19}>({.tight = 0.98});
  tests::check_laws<dropout<0.9>, shape{2, 3, 4}>({.tight = 0.98});
}
}  // namespace taut::tests

TEST_CASE("layers.dropout: the same mask forward and back and in registers of every width, another for other noise") {
  const auto mask = kept<0.25, double>(5);
  CHECK(mask == kept<0.25, double>(5, true));
  CHECK(mask != kept<0.25, double>(6));
  for (const double v : mask) CHECK((v == 0 || v == Approx(4.0 / 3)));
  const auto wide = kept<0.25, simd::native>(5), narrow = kept<0.25, simd::portable<2>>(5);
  CHECK(wide == kept<0.25, simd::native>(5, true));
  CHECK(wide == narrow);
  for (std::size_t i = 0; i < mask.size(); ++i) CHECK((wide[i] == 0) == (mask[i] == 0));
  for (const double v : kept<0.0, double>(5)) CHECK(v == 1);
}

TEST_CASE("layers.dropout: drops a share p, keeps the mean, and neighbours in any direction are independent") {
  constexpr double p = 0.3;
  double dropped = 0, mean = 0, with_feature = 0, with_sample = 0, with_layer = 0, count = 0;
  for (std::uint64_t noise = 0; noise < 100; ++noise) {
    const auto here = kept<p, double>(noise * 1000), next = kept<p, double>(noise * 1000 + 1);
    for (std::size_t i = features; i < here.size(); ++i, ++count) {
      const auto gone = [](double v) { return v == 0 ? 1 - p : -p; };
      dropped += here[i] == 0, mean += here[i];
      with_feature += gone(here[i]) * gone(here[i - 1]);
      with_sample += gone(here[i]) * gone(here[i - features]);
      with_layer += gone(here[i]) * gone(next[i]);  // the tape gives layers neighbouring numbers
    }
  }
  const double error = 4 / std::sqrt(count);  // four standard deviations and more: p (1 - p) < 1/4
  CHECK(std::abs(dropped / count - p) < error / 2);
  CHECK(std::abs(mean / count - 1) < error);
  for (const double sum : {with_feature, with_sample, with_layer}) CHECK(std::abs(sum / count) < error / 4);
}

TEST_CASE("layers.dropout: what is dropped is gone, be it infinite") {
  no_parameters none{};
  std::array<double, 8> x{}, y{};
  x.fill(std::numeric_limits<double>::infinity());
  forward<dropout<0.5>, shape{1}>(training<batch<8>>{1}, none, x.data(), y.data());
  std::size_t gone = 0;
  for (const double v : y) {
    CHECK((v == 0 || v == x[0]));
    gone += v == 0;
  }
  CHECK(gone > 0);
}
