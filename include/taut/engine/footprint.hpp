// SPDX-License-Identifier: Apache-2.0
// What an engine takes of a small processor, known when it is compiled:
//
//   static_assert(footprint<decltype(digits::engine)>.flash <= 10 * 1024);      // bytes
//
// Flash holds the packed weights and all other constants of the engine, not its code. The buffers are on the stack while
// it runs; registers that are saved and sums that do not fit registers come on top, a few hundred bytes.
#pragma once
#include <cstddef>
#include <taut/net/budget.hpp>
#include <taut/net/network.hpp>

namespace taut {

/// Bytes and multiply-adds of an engine.
struct engine_footprint {
  std::size_t flash = 0;          ///< its constants
  std::size_t buffers = 0;        ///< activations while it runs
  std::size_t multiply_adds = 0;  ///< of one inference, an operation budget: no statement about time
};

/// The footprint of an engine's type.
template <class Engine>
inline constexpr engine_footprint footprint{.flash = sizeof(Engine),
                                            .buffers = sizeof(typename Engine::scratch),
                                            .multiply_adds = operations<typename Engine::network_type>.multiply_adds};

}  // namespace taut
