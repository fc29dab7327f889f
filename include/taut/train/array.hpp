// SPDX-License-Identifier: Apache-2.0
// Arrays of the host: the only file that includes xtensor (its headers moved in release 0.26).
//
//   auto inputs = array<float, 2>::from_shape({1400, 64});     inputs(3, 5) = 1;     inputs.shape(1) == 64
#pragma once
#include <cstddef>
#if __has_include(<xtensor/containers/xtensor.hpp>)
#include <xtensor/containers/xtensor.hpp>
#else
#include <xtensor/xtensor.hpp>
#endif

namespace taut {

/// An array of this rank on the heap, its last index the fastest.
template <class Element, std::size_t Rank> using array = xt::xtensor<Element, Rank, xt::layout_type::row_major>;

}  // namespace taut
