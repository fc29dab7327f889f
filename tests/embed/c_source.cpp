// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <taut/embed/c_source.hpp>
#include <taut/taut.hpp>
#include <vector>

#include "support/catch.hpp"

using namespace taut;

namespace {

struct Chain : decltype(Input<150> >> Linear<9> >> BN >> LeakyReLU<0.25> >> Linear<7> >> LN >> ReLU >> Linear<3>) {};
struct Curved : decltype(Input<4> >> Linear<3> >> Tanh) {};
static_assert(fits_c<Chain>() && !fits_c<Curved>());

parameters<Chain> values() {
  parameters<Chain> p;
  initialise(p, 5);
  base::random_stream random(6);
  for (float& v : get<1>(p).running_mean) v = static_cast<float>(random.normal());
  for (float& v : get<4>(p).offset) v = static_cast<float>(random.normal());
  return p;
}
std::vector<float> inputs() {
  base::random_stream random(7);
  std::vector<float> x(3 * 150);
  for (float& v : x) v = static_cast<float>(random.normal());
  return x;
}

// The status of a program of this text and a main; -1 where there is no C compiler.
int status_of(const std::string& text) {
  const auto folder = std::filesystem::temp_directory_path() / "taut_c_source";
  std::filesystem::create_directories(folder);
  const std::string file = (folder / "net.c").string(), program = (folder / "net").string();
  std::ofstream(file) << text << "int main(void) { return net_self_test() ? 0 : 3; }\n";
  if (std::system("cc --version > /dev/null 2>&1") != 0) return -1;
  if (std::system(("cc -std=c99 -O2 -Wall -Wextra -Werror " + file + " -lm -o " + program).c_str()) != 0) return 1;
  return std::system(program.c_str()) == 0 ? 0 : 3;
}

}  // namespace

TEST_CASE("embed.c_source: a C compiler's program gives the outputs bit for bit") {
  const std::string text = c_source(values(), {.name = "net", .test_inputs = inputs()});
  const int status = status_of(text);
  if (status == -1) {
    WARN("there is no C compiler");
    return;
  }
  CHECK(status == 0);
  std::string wrong = text;  // the last output, another bit
  const std::size_t last = wrong.find("p", wrong.rfind("0x", wrong.find("int net_self_test")));
  wrong[last - 1] = wrong[last - 1] == '2' ? '4' : '2';
  CHECK(status_of(wrong) == 3);
}

TEST_CASE("embed.c_source: the outputs are those of the network") {
  const std::string text = c_source(values(), {.name = "net", .test_inputs = inputs()});
  const std::string begin = "net_test_outputs[3][3] = {\n    {\n        ";
  const auto x = inputs();
  const auto truth = evaluate(values(), std::span<const float>(x).first(150));
  const double written = std::strtod(text.c_str() + text.find(begin) + begin.size(), nullptr);
  CHECK(std::fabs(written - truth[0]) < 1e-5);
}

TEST_CASE("embed.c_source: what cannot be written") {
  CHECK_THROWS_AS(c_source(values(), {.name = "a b"}), std::invalid_argument);
  CHECK_THROWS_AS(c_source(values(), {.name = "net", .test_inputs = {1, 2}}), std::invalid_argument);
}
