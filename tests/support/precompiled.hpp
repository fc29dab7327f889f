// SPDX-License-Identifier: Apache-2.0
// What nearly every test includes and no test changes; compiled once for each configuration.
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "support/catch.hpp"
// g++ forgets, in a precompiled header, which warnings of its own AVX-512 headers lane.hpp has silenced.
#if defined(__clang__) && __has_include(<taut/simd/lane.hpp>)
#include <taut/simd/lane.hpp>
#endif
