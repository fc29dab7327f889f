// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstring>
#include <filesystem>
#include <limits>
#include <map>
#include <taut/inference.hpp>
#include <taut/weights/load.hpp>
#include <taut/weights/save.hpp>

#include "support/catch.hpp"

namespace {

using namespace taut;

struct Control : decltype(Input<4> >> Linear<3> >> LN >> ReLU >> Linear<2>) {};
struct Declared : decltype(Input<4> >> Linear<3>(at_most<1.5>) >> LN(gain_at_most<1.0>) >> ReLU >>
                           Linear<2>(no_bias, at_most<1.0>)) {};

const std::filesystem::path folder = TAUT_TEST_DATA "/torch/bad";

struct temporary {
  std::filesystem::path path = std::filesystem::temp_directory_path() / "taut_load_test.safetensors";
  ~temporary() { std::filesystem::remove(path); }
};

template <class Net> load_error error_of(const std::filesystem::path& path) {
  try {
    static_cast<void>(load_safetensors<Net>(path));
  } catch (const load_error& e) { return e; }
  FAIL(path.string() << " loads");
  throw std::logic_error("unreachable");
}

// Weights that keep the declarations: rows of norm 1/2.
parameters<Declared> modest() {
  parameters<Declared> p;
  for (float& w : get<0>(p).weight) w = 0.25f;
  for (float& w : get<3>(p).weight) w = 0.25f;
  return p;
}

}  // namespace

TEST_CASE("weights.load: ok_control loads as PyTorch wrote it") {
  const auto p = load_safetensors<Control>(folder / "ok_control.safetensors");
  const auto vectors = safetensors_file::read(folder / "ok_control.vectors.safetensors");
  const stored_tensor* const input = vectors.find("input");
  const stored_tensor* const output = vectors.find("output64");
  REQUIRE(input != nullptr);
  REQUIRE(output != nullptr);
  for (std::size_t i = 0; i < input->shape.at(0); ++i) {
    std::array<float, 4> x{};
    std::array<double, 2> truth{};
    std::memcpy(x.data(), input->bytes.data() + i * sizeof x, sizeof x);
    std::memcpy(truth.data(), output->bytes.data() + i * sizeof truth, sizeof truth);
    const auto y = evaluate(p, x);
    CHECK(std::abs(y[0] - truth[0]) <= 1e-12);
    CHECK(std::abs(y[1] - truth[1]) <= 1e-12);
  }
}

TEST_CASE("weights.load: every bad file has its own error") {
  struct promise {
    std::string tensor, expected, found;
  };
  const std::map<std::string, promise> promises{
      {"duplicated_key", {"0.bias", "each name once", "second"}},
      {"empty", {"", "8 bytes", "0 bytes"}},
      {"extra_key", {"4.weight", "no tensor of this name", "F32 [2, 2]"}},
      {"header_len_too_large", {"", "header of 1500 bytes", "492 bytes"}},
      {"header_len_u64max", {"", "at most 100000000 bytes", "18446744073709551615"}},
      {"missing_key", {"1.bias", "F32 [3]", "no tensor of this name"}},
      {"nan_weight", {"3.weight", "finite", "NaN at position 5"}},
      {"not_json", {"", "'{'", "this is not a JSON"}},
      {"overlapping_offsets", {"1.bias", "byte 72", "overlap of 12 bytes"}},
      {"overlapping_offsets_hole", {"1.bias", "byte 72", "overlap of 4 bytes"}},
      {"transposed_shape", {"0.weight", "[3, 4]", "[4, 3]"}},
      {"truncated_data", {"3.bias", "[108, 116]", "111 bytes"}},
      {"truncated_header", {"", "header of 376 bytes", "188 bytes"}},
      {"wrong_dtype_f16", {"0.weight", "dtype F32", "dtype F16"}},
      {"wrong_dtype_f16_size", {"0.weight", "24 bytes", "48 bytes"}},
  };
  std::size_t seen = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().stem().string();
    if (name.find("ok_control") == 0) continue;
    ++seen;
    INFO(name);
    REQUIRE(promises.count(name) == 1);
    const promise& p = promises.at(name);
    const load_error e = error_of<Control>(entry.path());
    INFO(e.what());
    CHECK(e.file() == entry.path().string());
    CHECK(e.tensor() == p.tensor);
    CHECK(e.expected().find(p.expected) != std::string::npos);
    CHECK(e.found().find(p.found) != std::string::npos);
  }
  CHECK(seen == promises.size());
}

TEST_CASE("weights.load: a failed load leaves existing parameters as they were") {
  auto p = load_safetensors<Control>(folder / "ok_control.safetensors");
  const auto before = p;
  for (const char* bad : {"nan_weight", "extra_key", "missing_key", "truncated_data"}) {
    CHECK_THROWS_AS(load_safetensors(folder / (std::string(bad) + ".safetensors"), p), load_error);
    CHECK(std::memcmp(&p, &before, sizeof p) == 0);
  }
}

TEST_CASE("weights.load: declared norms and gains are proved") {
  const temporary file;
  auto p = modest();
  save_safetensors(p, file.path);
  CHECK_NOTHROW(load_safetensors<Declared>(file.path));

  get<0>(p).weight[0] = 2.0f;
  save_safetensors(p, file.path);
  auto e = error_of<Declared>(file.path);
  CHECK(e.tensor() == "0.weight");
  CHECK(e.expected() == "a spectral norm of at most 1.5, as declared");
  CHECK(e.found().find("a norm bounded by 2.") == 0);

  p = modest();
  get<1>(p).gain[2] = -1.25f;
  save_safetensors(p, file.path);
  e = error_of<Declared>(file.path);
  CHECK(e.tensor() == "1.weight");
  CHECK(e.expected() == "no absolute value above 1, as declared");
  CHECK(e.found() == "-1.25 at position 2");

  // A norm that no power iteration from (1, 1, ..) sees: the top singular vector is orthogonal to it.
  p = modest();
  get<3>(p).weight = {1.1f, -1.1f, 0, 0, 0, 0};
  save_safetensors(p, file.path);
  CHECK(error_of<Declared>(file.path).tensor() == "3.weight");
}

TEST_CASE("weights.load: values that are not finite are named") {
  const temporary file;
  auto p = modest();
  get<0>(p).bias[1] = std::numeric_limits<float>::infinity();
  save_safetensors(p, file.path);
  const auto e = error_of<Declared>(file.path);
  CHECK(e.tensor() == "0.bias");
  CHECK(e.found() == "infinity at position 1");
}

TEST_CASE("weights.load: a missing file and a folder are load errors") {
  CHECK_THROWS_AS(load_safetensors<Control>(folder / "nowhere.safetensors"), load_error);
  CHECK_THROWS_AS(load_safetensors<Control>(folder), load_error);
}
