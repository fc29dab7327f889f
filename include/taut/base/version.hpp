// SPDX-License-Identifier: Apache-2.0
// Which taut this is: the version that CMakeLists.txt gives the project.
#pragma once
#include <string_view>

namespace taut {

/// "major.minor.patch"
inline constexpr std::string_view library_version = "0.1.0";

}  // namespace taut
