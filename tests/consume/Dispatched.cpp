/* SPDX-License-Identifier: Apache-2.0 */
#include "ForeignMacros.h"

#include <taut/base/macros_aside.hpp>
#include <taut/simd/lane.hpp>
#include <taut/base/macros_back.hpp>

#include "Network.h"

int registerWidth() { return static_cast<int>(taut::simd::native::width); }
