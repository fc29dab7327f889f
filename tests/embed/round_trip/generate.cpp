// SPDX-License-Identifier: Apache-2.0
// generate FOLDER: writes the headers that check.cpp includes, and one that must be refused by the compiler.
#include <filesystem>
#include <iostream>
#include <memory>
#include <taut/embed/header.hpp>
#include <taut/inference.hpp>

#include "networks.hpp"

namespace {

/// Deterministic inputs in [-1, 1].
template <class Net> std::vector<float> inputs(std::size_t count) {
  taut::base::random_stream random(9);
  std::vector<float> values(count * Net::input_size);
  for (float& v : values) v = static_cast<float>(random.uniform(-1, 1));
  return values;
}

}  // namespace

int main(int count, char** arguments) try {
  if (count != 2) throw std::invalid_argument("usage: generate FOLDER");
  const std::filesystem::path folder = arguments[1];
  std::filesystem::create_directories(folder / "tampered");

  taut::parameters<round_trip::digits> digits;
  fill(digits);
  taut::write_header(digits, folder / "digits.hpp", {.test_inputs = inputs<round_trip::digits>(3)});

  taut::parameters<round_trip::user> user;
  fill(user);
  taut::write_header(user, folder / "user_layer.hpp", {.test_inputs = inputs<round_trip::user>(2)});

  taut::parameters<round_trip::catalogue> catalogue;
  fill(catalogue);
  taut::write_header(catalogue, folder / "catalogue.hpp", {.test_inputs = inputs<round_trip::catalogue>(2)});

  const auto large = std::make_unique<taut::parameters<round_trip::large>>();
  fill(*large);
  taut::write_header(*large, folder / "large.hpp", {.test_inputs = inputs<round_trip::large>(1)});

  // The same header with a weight that is larger than the proof allows.
  std::string text = taut::header_text(digits, {.name = "digits"});
  const std::string array = "layer3_weight[320] = {\n    ";
  const std::size_t first = text.find(array) + array.size();
  text.replace(first, text.find(',', first) - first, "64.0f");
  taut::write_file(folder / "tampered" / "digits.hpp", std::string_view(text));
} catch (const std::exception& error) {
  std::cerr << error.what() << "\n";
  return 1;
}
