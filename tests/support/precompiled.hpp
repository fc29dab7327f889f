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
// The library itself: a second less for each file. What it includes alone, the test of self-contained headers checks.
#if __has_include(<taut/inference.hpp>)
#include <taut/inference.hpp>
#endif
