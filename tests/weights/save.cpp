// SPDX-License-Identifier: Apache-2.0
#include <cstring>
#include <filesystem>
#include <taut/inference.hpp>
#include <taut/weights/load.hpp>
#include <taut/weights/save.hpp>

#include "support/catch.hpp"

namespace {

using namespace taut;

struct Net : decltype(Input<5> >> Linear<7>(no_bias) >> LN >> Tanh >> LN(no_affine) >> Linear<3>) {};

struct temporary {
  std::filesystem::path path = std::filesystem::temp_directory_path() / "taut_save_test.safetensors";
  ~temporary() { std::filesystem::remove(path); }
};

}  // namespace

TEST_CASE("weights.save: save and load is identity, with PyTorch's keys and shapes") {
  const temporary file;
  parameters<Net> p;
  initialise(p, 11);
  base::random_stream random(3);
  for_each_tensor(p, [&](std::string_view, const shape&, auto values) {
    for (auto& v : values) v += static_cast<float>(random.normal());
  });
  save_safetensors(p, file.path);
  const auto q = load_safetensors<Net>(file.path);
  CHECK(std::memcmp(&p, &q, sizeof p) == 0);

  const auto stored = safetensors_file::read(file.path);
  REQUIRE(stored.tensors().size() == 5);
  REQUIRE(stored.find("0.weight") != nullptr);
  CHECK(stored.find("0.weight")->shape == std::vector<std::size_t>{7, 5});
  CHECK(stored.find("0.bias") == nullptr);
  CHECK(stored.find("1.weight")->shape == std::vector<std::size_t>{7});
  CHECK(stored.find("1.bias")->dtype == "F32");
  CHECK(stored.find("4.weight")->shape == std::vector<std::size_t>{3, 7});
  CHECK(stored.metadata().at("format") == "pt");
}

TEST_CASE("weights.save: a file that cannot be written leaves the old one alone") {
  parameters<Net> p;
  CHECK_THROWS_AS(save_safetensors(p, std::filesystem::temp_directory_path() / "taut_no_such_folder" / "p.safetensors"),
                  save_error);
}
