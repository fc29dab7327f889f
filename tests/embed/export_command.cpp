// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>
#include <taut/embed/export_command.hpp>
#include <taut/layers/conv1d.hpp>
#include <taut/layers/layer_norm.hpp>
#include <taut/layers/linear.hpp>
#include <taut/layers/relu.hpp>
#include <taut/weights/save.hpp>

#include "support/catch.hpp"

namespace {

using namespace taut;
using taut::tests::contains;
namespace fs = std::filesystem;

struct Small : decltype(Input<3> >> Linear<4> >> LN >> ReLU >> Linear<2>) {};
struct Windows : decltype(Input<1, 3> >> Conv1d<2, 2> >> ReLU) {};

// A folder of the test's own with weights, inputs, and nothing else.
struct workshop {
  fs::path folder = fs::temp_directory_path() / "taut_export_command", out = folder / "small.hpp";
  parameters<Small> p;
  std::vector<float> inputs{1, 2, 3, -1, 0.5f, 2, 0, 1, -2};

  workshop() {
    fs::remove_all(folder);
    fs::create_directories(folder);
    for (std::size_t i = 0; i < 12; ++i) get<0>(p).weight[i] = static_cast<float>(i % 5) - 2;
    get<3>(p).weight = {1, 0, -1, 2, 0.5f, -1, 1, 1};
    save_safetensors(p, folder / "small.safetensors");
    vectors("input", {3, 3});
  }
  ~workshop() { fs::remove_all(folder); }

  void vectors(const std::string& name, std::vector<std::size_t> shape) const {
    const tensor_to_store tensor{name, "F32", std::move(shape), std::as_bytes(std::span(inputs))};
    write_safetensors(folder / "inputs.safetensors", std::span(&tensor, 1));
  }
  [[nodiscard]] export_request request(const std::string& kind) const {
    return {.weights = folder / "small.safetensors",
            .output = out,
            .vectors = folder / "inputs.safetensors",
            .tests = 1,
            .kind = kind};
  }
  [[nodiscard]] std::string written() const {
    std::stringstream text;
    text << std::ifstream(out, std::ios::binary).rdbuf();
    return text.str();
  }
};

template <class Net = Small> std::string fault(const export_request& request) {
  try {
    export_network<Net>(request);
  } catch (const std::exception& error) { return error.what(); }
  return "no error";
}

}  // namespace

TEST_CASE("embed.export_command: each kind writes what the function for it does") {
  const workshop w;
  const header_options options{.name = "small", .test_inputs = {1, 2, 3}};
  export_network<Small>(w.request("float"));
  CHECK(w.written() == header_text<float32<simd::scalar>>(w.p, options));
  export_network<Small>(w.request("float_fma"));
  CHECK(w.written() == header_text<float32<simd::fused_scalar>>(w.p, options));
  export_network<Small>(w.request("c"));
  CHECK(w.written() == c_source(w.p, options));
  export_network<Small>(w.request("int8"));  // calibrated on the inputs that are not test vectors
  const auto q = quantize(w.p, std::span(w.inputs).subspan(3));
  CHECK(w.written() == header_text(certifier(w.p, q), options));
}

TEST_CASE("embed.export_command: the words of a command") {
  const workshop w;
  const std::string weights = (w.folder / "small.safetensors").string(), out = w.out.string();
  const auto run = [&](std::vector<const char*> words) {
    words.insert(words.begin(), "export_small");
    return export_command<Small>(static_cast<int>(words.size()), words.data());
  };
  CHECK(run({"--weights", weights.c_str(), "--output", out.c_str(), "--name", "other", "--largest-norm", "4",
             "--smallest-std", "0.125"}) == 0);
  CHECK_THAT(w.written(), contains("namespace other {"));
  CHECK_THAT(w.written(), contains(".largest_norm = 0x1p+2, .smallest_std = 0x1p-3"));
  CHECK_THAT(w.written(), !contains("self_test"));
  CHECK(run({"--weights", weights.c_str(), "--output", out.c_str(), "--tests"}) == 1);
  CHECK(run({}) == 1);
  const auto request = [](std::vector<const char*> words) {
    try {
      static_cast<void>(exported::request_of(words));
    } catch (const std::invalid_argument& error) { return std::string(error.what()); }
    return std::string("no error");
  };
  CHECK(request({"--tests", "-1"}) == "--tests takes a number that is not negative, not '-1'");
  CHECK(request({"--largest-norm", "4x"}) == "--largest-norm takes a number that is not negative, not '4x'");
  CHECK(request({"--largest-norm", "nan"}) == "--largest-norm takes a number that is not negative, not 'nan'");
  CHECK(request({"--wieghts", "a"}) == "there is no option --wieghts");
  CHECK(request({"--output", "a"}) == "--weights and --output are needed");
}

TEST_CASE("embed.export_command: what is wrong is said, and an older header stays") {
  workshop w;
  export_network<Small>(w.request("float"));
  const std::string before = w.written();
  CHECK_THAT(fault(w.request("int4")), contains("--kind int4: there are float, float_fma, int8 and c"));
  auto all_tested = w.request("int8");
  all_tested.tests = 3;
  CHECK_THAT(fault(all_tested), contains("--kind int8 needs --vectors"));
  auto named = w.request("float");
  named.header.name = "2fast";
  CHECK_THAT(fault(named), contains("not '2fast'"));
  auto missing = w.request("float");
  missing.weights = w.folder / "other.safetensors";
  CHECK_THAT(fault(missing), contains("other.safetensors"));
  w.vectors("inputs", {3, 3});
  CHECK_THAT(fault(w.request("float")), contains("tensor 'input': expected F32 [count, 3], found no tensor"));
  w.vectors("input", {9});
  CHECK_THAT(fault(w.request("float")), contains("expected F32 [count, 3], found F32 [9]"));
  w.inputs[4] = std::numeric_limits<float>::quiet_NaN();
  w.vectors("input", {3, 3});
  CHECK_THAT(fault(w.request("float")), contains("expected finite values, found another one at position 4"));
  CHECK_THROWS_AS(export_network<Small>(w.request("float")), load_error);
  CHECK(w.written() == before);
}

TEST_CASE("embed.export_command: networks that have no form in bytes or C are refused, not miscompiled") {
  const workshop w;
  const parameters<Windows> p;
  save_safetensors(p, w.folder / "windows.safetensors");
  auto request = w.request("int8");
  request.weights = w.folder / "windows.safetensors";
  CHECK_THAT(fault<Windows>(request), contains("--kind int8 takes affine layers (not convolutions)"));
  request.kind = "c";
  CHECK_THAT(fault<Windows>(request), contains("--kind c takes affine layers (not convolutions)"));
}
