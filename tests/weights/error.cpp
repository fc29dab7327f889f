// SPDX-License-Identifier: Apache-2.0
// The twin of weights/error.hpp: the sentence, its parts, and text that is safe to print.
#include <limits>
#include <stdexcept>
#include <string>
#include <taut/weights/error.hpp>
#include <type_traits>
#include <vector>

#include "support/catch.hpp"

static_assert(std::is_base_of_v<std::runtime_error, taut::load_error>);
static_assert(std::is_base_of_v<std::runtime_error, taut::save_error>);

TEST_CASE("weights.error: a load error is one sentence and keeps its parts") {
  const taut::load_error error("net.safetensors", "0.weight", "shape [32, 64]", "shape [64, 32]");
  CHECK(std::string(error.what()) ==
        "net.safetensors: tensor '0.weight': expected shape [32, 64], found shape [64, 32]");
  CHECK(error.file() == "net.safetensors");
  CHECK(error.tensor() == "0.weight");
  CHECK(error.expected() == "shape [32, 64]");
  CHECK(error.found() == "shape [64, 32]");
}

TEST_CASE("weights.error: without a tensor the sentence speaks of the file") {
  CHECK(std::string(taut::load_error("a.npy", "", "one", "two").what()) == "a.npy: expected one, found two");
}

TEST_CASE("weights.error: a hostile tensor name is kept exactly and printed harmlessly") {
  const std::string name = "\x1b[31m\n" + std::string(1000, 'x');
  const taut::load_error error("a", name, "b", "c");
  CHECK(error.tensor() == name);
  CHECK(std::string(error.what()).find('\x1b') == std::string::npos);
  CHECK(std::string(error.what()).find('\n') == std::string::npos);
  CHECK(std::string(error.what()).size() < 200);
}

TEST_CASE("weights.error: a save error names the file and the reason") {
  const taut::save_error error("out/net.hpp", "no space left");
  CHECK(std::string(error.what()) == "out/net.hpp: not saved: no space left");
  CHECK(error.file() == "out/net.hpp");
  CHECK(error.reason() == "no space left");
}

TEST_CASE("weights.error: products of extents are exact or refused") {
  constexpr std::size_t most = std::numeric_limits<std::size_t>::max();
  using extents = std::vector<std::size_t>;
  CHECK(taut::detail::product_of(extents{}) == 1u);
  CHECK(taut::detail::product_of(extents{3, 4}) == 12u);
  CHECK(taut::detail::product_of(extents{0, most, most}) == 0u);
  CHECK(taut::detail::product_of(extents{most, 1}) == most);
  CHECK_FALSE(taut::detail::product_of(extents{most / 2 + 1, 2}));
  CHECK(taut::detail::bytes_of(extents{3, 4}, 8) == 96u);
  CHECK_FALSE(taut::detail::bytes_of(extents{most / 4 + 1}, 4));
}
