// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstddef>
#include <taut/simd/lane.hpp>
#include <taut/simd/transpose.hpp>
#include <vector>

#include "support/catch.hpp"

namespace taut::simd {
namespace {

constexpr float canary = -7;

// There and back for every number of samples; what is beyond them stays.
template <class V, std::size_t Features> constexpr bool there_and_back() {
  constexpr std::size_t lanes = width<V>;
  for (std::size_t samples = 1; samples <= lanes; ++samples) {
    std::array<float, lanes * Features> rows{}, back{};
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<float>(i + 1), back[i] = canary;
    std::array<V, Features> x{};
    samples_to_lanes(rows.data(), Features, samples, x.data());
    for (std::size_t f = 0; f < Features; ++f) {
      std::array<float, lanes> line{};
      store(x[f], line.data());
      for (std::size_t s = 0; s < lanes; ++s)
        if (line[s] != rows[(s < samples ? s : samples - 1) * Features + f]) return false;
    }
    lanes_to_samples(x.data(), Features, samples, back.data());
    for (std::size_t i = 0; i < rows.size(); ++i)
      if (back[i] != (i < samples * Features ? rows[i] : canary)) return false;
  }
  return true;
}

static_assert(there_and_back<portable<4>, 5>() && there_and_back<portable<8>, 3>() &&
              there_and_back<portable<16>, 6>());
static_assert(there_and_back<portable<2>, 3>());

}  // namespace

TEST_CASE("simd.transpose: samples become lanes and come back, and nothing else is written") {
  CHECK(there_and_back<native, 1>());
  CHECK(there_and_back<native, 2>());
  CHECK(there_and_back<native, 3>());
  CHECK(there_and_back<native, 4>());
  CHECK(there_and_back<native, 7>());
  CHECK(there_and_back<native, 16>());
  CHECK(there_and_back<native, 33>());
  CHECK(there_and_back<portable<16>, 9>());
}

TEST_CASE("simd.transpose: reads the samples only") {
  const std::vector<float> two(2 * 7, 1.5f);  // sanitizers see what lies beyond
  std::array<native, 7> x{};
  samples_to_lanes(two.data(), 7, width<native> < 2 ? 1 : 2, x.data());
  for (const native& v : x) CHECK(sum(v) == 1.5f * static_cast<float>(width<native>));
}

}  // namespace taut::simd
