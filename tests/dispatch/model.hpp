// SPDX-License-Identifier: Apache-2.0
// What tests/dispatch compiles for each level. Signatures name nothing that depends on the lanes.
#pragma once
#include <array>
#include <cstddef>
#include <span>

/// The output for an input of 20 numbers, by an engine in the lanes of the level.
std::array<float, 5> infer(std::span<const float> x);
/// The same by the reference, in double.
std::array<double, 5> reference(std::span<const float> x);
/// Floats in the widest lane of the level.
std::size_t lanes();
/// Thrown from a level, caught outside.
struct nothing_to_add {};
/// The sum of at least one number, whose function in the standard library is inline: in every object, if it were not localised.
double total(std::span<const double> numbers);
