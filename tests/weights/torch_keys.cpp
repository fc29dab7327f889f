// SPDX-License-Identifier: Apache-2.0
// Tensors under PyTorch's other names, and estimated spectral norms: what loads, and what each fault says.
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <map>
#include <taut/inference.hpp>
#include <taut/weights/load.hpp>
#include <taut/weights/save.hpp>
#include <taut/weights/torch_keys.hpp>

#include "support/catch.hpp"

namespace {

using namespace taut;

struct Plain : decltype(Input<3> >> Linear<2>) {};
struct Lengths : decltype(Input<3> >> WeightNorm(Linear<2>)) {};
struct Bounded : decltype(Input<3> >> SpectralNorm<2.0>(Linear<2>)) {};

// A file of float tensors, by name.
struct file_of {
  static inline int count = 0;
  std::filesystem::path path = std::filesystem::temp_directory_path() /
                               ("taut_torch_keys_" + std::to_string(::getpid()) + "_" + std::to_string(++count));
  struct tensor {
    std::vector<std::size_t> shape;
    std::vector<float> values;
  };
  explicit file_of(const std::map<std::string, tensor>& tensors) {
    std::vector<tensor_to_store> list;
    for (const auto& [name, t] : tensors) list.push_back({name, "F32", t.shape, std::as_bytes(std::span(t.values))});
    write_safetensors(path, list);
  }
  file_of(const file_of&) = delete;
  file_of& operator=(const file_of&) = delete;
  ~file_of() { std::filesystem::remove(path); }
};
using tensor = file_of::tensor;

template <class Net> std::string message_of(const std::filesystem::path& path) {
  try {
    static_cast<void>(load_safetensors<Net, double>(path));
  } catch (const load_error& e) { return e.tensor() + ": " + e.expected() + " / " + e.found(); }
  return "loads";
}

const tensor bias{{2}, {0.5f, -1}};
const tensor matrix{{2, 3}, {3, 0, 0, 0, 4, 0}};
const tensor left{{2}, {0, 1}}, right{{3}, {0, 1, 0}};  // u' V v = 4

}  // namespace

TEST_CASE("weights.torch_keys: an estimated spectral norm is divided out, under either naming") {
  const file_of hook({{"0.bias", bias}, {"0.weight_orig", matrix}, {"0.weight_u", left}, {"0.weight_v", right}});
  const auto p = load_safetensors<Plain, double>(hook.path);
  CHECK(get<0>(p).weight == std::array<double, 6>{0.75, 0, 0, 0, 1, 0});
  CHECK(get<0>(p).bias[1] == -1);
  CHECK(get<0>(load_safetensors<Plain>(hook.path)).weight == std::array<float, 6>{0.75f, 0, 0, 0, 1, 0});
  const file_of other({{"0.bias", bias},
                       {"0.parametrizations.weight.original", matrix},
                       {"0.parametrizations.weight.0._u", left},
                       {"0.parametrizations.weight.0._v", right}});
  CHECK(get<0>(load_safetensors<Plain>(other.path)).weight == std::array<float, 6>{0.75f, 0, 0, 0, 1, 0});
}

TEST_CASE("weights.torch_keys: the stored vectors decide, not the true norm") {
  const file_of file({{"0.bias", bias},
                      {"0.weight_orig", matrix},
                      {"0.weight_u", {{2}, {1, 0}}},
                      {"0.weight_v", {{3}, {1, 0, 0}}}});  // u' V v = 3
  const auto p = load_safetensors<Plain, double>(file.path);
  CHECK(get<0>(p).weight[4] == Approx(4.0 / 3));
  CHECK(lipschitz_of(p).value >= 4.0 / 3);  // an estimate is no bound: the norm is proved from what was loaded
}

TEST_CASE("weights.torch_keys: weight norm and spectral norm load under either naming") {
  const tensor lengths{{2, 1}, {2, 3}};
  const file_of hook({{"0.bias", bias}, {"0.weight_g", lengths}, {"0.weight_v", matrix}});
  const file_of parametrized({{"0.bias", bias},
                              {"0.parametrizations.weight.original0", lengths},
                              {"0.parametrizations.weight.original1", matrix}});
  for (const auto& path : {hook.path, parametrized.path}) {
    const auto p = load_safetensors<Lengths>(path);
    CHECK(evaluate(p, std::array{1.0, 1.0, 0.0})[0] == Approx(2.5));
    CHECK(evaluate(p, std::array{1.0, 1.0, 0.0})[1] == Approx(2));
  }
  const file_of spectral({{"0.bias", bias},
                          {"0.parametrizations.weight.original", matrix},
                          {"0.parametrizations.weight.0._u", left},
                          {"0.parametrizations.weight.0._v", right}});
  const auto p = load_safetensors<Bounded>(spectral.path);
  CHECK(lipschitz_of(p).value <= 2);
  CHECK(lipschitz_of(p).value >= 2 * (1 - 2e-5));
}

TEST_CASE("weights.torch_keys: faults are named") {
  CHECK(message_of<Plain>(file_of({{"0.bias", bias}}).path) == "0.weight: F32 [2, 3] / no tensor of this name");
  CHECK(message_of<Plain>(file_of({{"0.bias", bias}, {"0.weight_orig", matrix}, {"0.weight_u", left}}).path) ==
        "0.weight: the vectors u and v of its spectral norm / no tensor of this name");
  CHECK(
      message_of<Plain>(
          file_of({{"0.bias", bias}, {"0.weight_orig", matrix}, {"0.weight_u", right}, {"0.weight_v", right}}).path) ==
      "0.weight_u: shape [2] / shape [3]");
  const tensor zeros{{3}, {0, 0, 0}};
  CHECK(message_of<Plain>(
            file_of({{"0.bias", bias}, {"0.weight_orig", matrix}, {"0.weight_u", left}, {"0.weight_v", zeros}}).path) ==
        "0.weight_orig: a spectral norm u'Vv that can be divided by / 0");
  CHECK(message_of<Plain>(file_of({{"0.bias", bias},
                                   {"0.weight", matrix},
                                   {"0.weight_orig", matrix},
                                   {"0.weight_u", left},
                                   {"0.weight_v", right}})
                              .path) == "0.weight_orig: no tensor of this name in the network / F32 [2, 3]");
  // names are not mistaken for one another
  CHECK(message_of<Lengths>(file_of({{"0.bias", bias}, {"0.weight", matrix}}).path) ==
        "0.weight_g: F32 [2, 1] / no tensor of this name");
}

TEST_CASE("weights.torch_keys: double is stored as F64 and read from either") {
  parameters<Plain, double> p;
  get<0>(p).weight = {0.1, 0.2, 0.3, 0.4, 0.5, 1.0 / 3};
  const auto path =
      std::filesystem::temp_directory_path() / ("taut_torch_double_" + std::to_string(::getpid()) + ".safetensors");
  save_safetensors(p, path);
  CHECK(get<0>(load_safetensors<Plain, double>(path)).weight == get<0>(p).weight);
  CHECK_THROWS_AS(load_safetensors<Plain>(path), load_error);  // digits are not dropped silently
  save_safetensors(converted<float>(p), path);
  CHECK(get<0>(load_safetensors<Plain, double>(path)).weight[5] == static_cast<double>(1.0f / 3));
  std::filesystem::remove(path);
}
