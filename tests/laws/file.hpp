// SPDX-License-Identifier: Apache-2.0
// The law of files: parameters -> file -> parameters is identity, bit for bit, and the same parameters give the same
// file. Apart from the other laws: the JSON library costs each file that includes it seconds.
//
//   check_file(random_parameters<net_of<shape{7}, layer::linear<5>>>(1));
#pragma once
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <taut/weights/load.hpp>
#include <taut/weights/save.hpp>
#include <vector>

#include "laws/support.hpp"
#include "support/catch.hpp"

namespace taut::tests {

/// A file that is saved, loaded and saved again.
[[gnu::noinline]] inline void compare_files(
    callable<void(const std::filesystem::path&)> save,
    callable<void(const std::filesystem::path&, const std::filesystem::path&)> load_and_save) {
  const auto folder = std::filesystem::temp_directory_path() / ("taut_laws_" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  const auto once = folder / "once.safetensors", twice = folder / "twice.safetensors";
  const auto text = [](const auto& path) {
    std::ifstream file(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  save(once);
  load_and_save(once, twice);
  CHECK(!text(once).empty());
  CHECK(text(once) == text(twice));
  std::filesystem::remove_all(folder);
}
/// Values that went into a file and came out.
[[gnu::noinline]] inline void compare_values(const std::vector<double>& before, const std::vector<double>& after) {
  CHECK(before == after);
}

/// What is saved is loaded, bit for bit; the same parameters give the same file.
template <class Net> void check_file(const parameters<Net>& p) {
  compare_files([&](const std::filesystem::path& path) { save_safetensors(p, path); },
                [&](const std::filesystem::path& from, const std::filesystem::path& to) {
                  const auto loaded = load_safetensors<Net>(from);
                  compare_values(values_of(p), values_of(loaded));
                  save_safetensors(loaded, to);
                });
}

}  // namespace taut::tests
