// SPDX-License-Identifier: Apache-2.0
// generate FOLDER: writes the headers that check.cpp includes, and one that must be refused by the compiler.
#include <filesystem>
#include <iostream>
#include <memory>
#include <taut/certify/tighten.hpp>
#include <taut/embed/header.hpp>
#include <taut/embed/quantized_header.hpp>
#include <taut/inference.hpp>

#include "networks.hpp"

using round_trip::inputs;

int main(int count, char** arguments) try {
  if (count != 2) throw std::invalid_argument("usage: generate FOLDER");
  const std::filesystem::path folder = arguments[1];
  for (const char* inside : {"tampered", "proofs"}) std::filesystem::create_directories(folder / inside);

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
  taut::write_header(*large, folder / "large.hpp",
                     {.test_inputs = inputs<round_trip::large>(1), .proof = folder / "proofs" / "large.cpp"});

  // for firmware: an engine that is packed here, and one in bytes, each with its guard
  taut::write_header<taut::float32<taut::simd::scalar>>(
      *large, folder / "packed.hpp", {.test_inputs = inputs<round_trip::large>(2), .range = round_trip::range});
  const auto bytes = taut::quantize(digits, inputs<round_trip::digits>(20));
  taut::write_header(certifier(digits, bytes), folder / "bytes.hpp", {.test_inputs = inputs<round_trip::digits>(3)});

  taut::parameters<round_trip::raw> raw;
  fill(raw);
  taut::write_header(raw, folder / "raw.hpp", {.proof = folder / "proofs" / "raw.cpp"});

  const auto tight = taut::tighten(digits);
  taut::write_header(digits, tight.witness, folder / "tight.hpp");
  taut::write_header(digits, tight.witness, folder / "tight_apart.hpp",
                     {.proof = folder / "proofs" / "tight_apart.cpp"});

  // Headers that their own proofs refuse: one weight larger than the bound allows, a smaller bound.
  const auto tamper = [&folder](const char* name, std::string text, const std::string& before, const char* value) {
    const std::size_t first = text.find(before);
    if (first == text.npos) throw std::invalid_argument("nothing to tamper with");
    const std::size_t from = first + before.size();
    text.replace(from, text.find_first_of(",;", from) - from, value);
    taut::write_file(folder / "tampered" / name, std::string_view(text));
  };
  const std::string plain = taut::header_text(digits, {.name = "digits"});
  const std::string proved = taut::export_text(digits, tight.witness, {.name = "tight"}, "").header;
  const std::string weight = "layer3_weight[320] = {\n    ", bound = "double lipschitz = ";
  tamper("weight.hpp", plain, weight, "64.0f");
  tamper("bound.hpp", plain, bound, taut::exported::literal(0.99 * taut::lipschitz_of(digits).value).c_str());
  tamper("witness_weight.hpp", proved, weight, "64.0f");
  tamper("witness_bound.hpp", proved, bound, taut::exported::literal(0.9999 * tight.value).c_str());
  tamper("witness_claim.hpp", proved, "taut::tactic::semidefinite},\n    {\n     ",
         (taut::exported::literal(0.999 * tight.value) + "}").c_str());
} catch (const std::exception& error) {
  std::cerr << error.what() << "\n";
  return 1;
}
