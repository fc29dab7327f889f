// SPDX-License-Identifier: Apache-2.0
// Reads back what generate.cpp wrote: the compiler checks the types, the bounds and an inference; the program checks
// every bit of every weight and the outputs.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <vector>

#include "networks.hpp"
// user_layer.hpp speaks of Doubling, which networks.hpp declares.
#include "catalogue.hpp"
#include "digits.hpp"
#include "large.hpp"
#include "user_layer.hpp"

static_assert(std::is_same_v<digits::Net::normal_form, round_trip::digits::normal_form>);
static_assert(std::is_same_v<user_layer::Net::normal_form, round_trip::user::normal_form>);
static_assert(std::is_same_v<catalogue::Net::normal_form, round_trip::catalogue::normal_form>);
static_assert(std::is_same_v<large::Net::normal_form, round_trip::large::normal_form>);

// The compiler's own bound of these weights; its norms may be looser, since it searches less.
static_assert(taut::lipschitz_of(digits::parameters).value <= digits::lipschitz * 1.001);
static_assert(taut::lipschitz_of(user_layer::parameters).value <= user_layer::lipschitz * 1.001);
static_assert(digits::lipschitz < 100 && taut::rounded::is_finite(large::lipschitz));

// An inference at compile time gives the digit that the program gave which wrote the header.
constexpr auto engine = taut::compile(digits::parameters);
constexpr std::size_t label_of(const auto& outputs) {
  return static_cast<std::size_t>(std::max_element(std::begin(outputs), std::end(outputs)) - std::begin(outputs));
}
static_assert(label_of(engine(digits::test_inputs[0])) == label_of(digits::test_outputs[0]));
static_assert(label_of(engine(digits::test_inputs[2])) == label_of(digits::test_outputs[2]));

int firmware_faults();  // of check_firmware.cpp

int main() {
  int faults = firmware_faults();
  const auto expect = [&faults](bool holds, const char* what) {
    if (!holds) std::printf("not so: %s\n", what);
    if (!holds) ++faults;
  };
  const auto outputs_agree = [](const auto& run, const auto& inputs, const auto& outputs) {
    double worst = 0;
    for (std::size_t i = 0; i < std::size(inputs); ++i) {
      const auto y = run(inputs[i]);
      for (std::size_t j = 0; j < y.size(); ++j)
        worst = std::max(worst, std::fabs(double(y[j]) - double(outputs[i][j])));
    }
    return worst < 1e-5;  // the same engine on the same machine, perhaps in other lanes
  };

  taut::parameters<round_trip::digits> digits_values;
  fill(digits_values);
  expect(round_trip::same_bits(digits_values, digits::parameters), "the weights of digits are the same bit for bit");
  expect(outputs_agree(engine, digits::test_inputs, digits::test_outputs), "digits gives the outputs of its header");

  taut::parameters<round_trip::user> user_values;
  fill(user_values);
  expect(round_trip::same_bits(user_values, user_layer::parameters), "a user's layer and its counter are the same");
  expect(outputs_agree(taut::compile(user_layer::parameters), user_layer::test_inputs, user_layer::test_outputs),
         "user_layer gives the outputs of its header");

  taut::parameters<round_trip::catalogue> catalogue_values;
  fill(catalogue_values);
  expect(round_trip::same_bits(catalogue_values, catalogue::parameters), "raw weights and statistics are the same");
  expect(outputs_agree(taut::compile(catalogue::parameters), catalogue::test_inputs, catalogue::test_outputs),
         "catalogue gives the outputs of its header");

  const auto large_values = std::make_unique<taut::parameters<round_trip::large>>();
  fill(*large_values);
  expect(round_trip::same_bits(*large_values, large::parameters), "109,770 weights are the same bit for bit");
  const auto large_engine = std::make_unique<taut::engine<large::Net>>();
  taut::compile(large::parameters, *large_engine);
  expect(outputs_agree(*large_engine, large::test_inputs, large::test_outputs),
         "large gives the outputs of its header");
  return faults;
}
