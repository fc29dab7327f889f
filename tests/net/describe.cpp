// SPDX-License-Identifier: Apache-2.0
// The twin of net/describe.hpp: the table word for word, and numbers that are rounded up.
#include <cmath>
#include <cstdlib>
#include <random>
#include <sstream>
#include <taut/layers/layer_norm.hpp>
#include <taut/layers/linear.hpp>
#include <taut/layers/relu.hpp>
#include <taut/layers/tanh.hpp>
#include <taut/net/describe.hpp>

#include "support/catch.hpp"

namespace {

using namespace taut;
using taut::tests::contains;

struct digits : decltype(Input<64> >> Linear<32>(at_most<2.0>) >> LN(min_std<0.25>, gain_at_most<1.0>) >> ReLU >>
                         Linear<10>(at_most<2.0>)) {};

TEST_CASE("net.describe: the table of a closed network") {
  REQUIRE(describe<digits>() == R"(   layer       output  parameters  bytes  multiply-adds  Lipschitz
   Input<64>   64
0  Linear<32>  32            2080   8320           2048  norm(W0) <= 2
1  LayerNorm   32              64    256             64  gain1 / sqrt(std1^2 + 1e-05) <= 3.99969
2  ReLU        32               0      0              0  1
3  Linear<10>  10             330   1320            320  norm(W3) <= 2
   total                     2474   9896           2432
activations  384 bytes
Lipschitz    norm(W0) * gain1 / sqrt(std1^2 + 1e-05) * norm(W3) <= 15.9988
)");
}

TEST_CASE("net.describe: what is open says how to close it") {
  struct open : decltype(Input<2, 8> >> LN(no_affine) >> Tanh >> LN) {};
  const std::string table = describe<open>();
  REQUIRE_THAT(table, contains("0  LayerNorm    2x8              0      0             32  316.228\n"));
  REQUIRE_THAT(table, contains("gain2 is open: declare gain_at_most<g>\n"));
  REQUIRE_THAT(table, contains("gain2 is open: declare gain_at_most<g> (layer 2, LayerNorm)\n"));
}

TEST_CASE("net.describe: every layer has a line, however deep the network") {
  struct deep : decltype(Input<3> >> Tanh >> Tanh >> Tanh >> Tanh >> Tanh >> Tanh >> Tanh >> Tanh >> Tanh >> Tanh >>
                         Tanh >> Linear<3>(at_most<0.5>)) {};
  std::istringstream lines(describe<deep>());
  std::vector<std::string> read;
  for (std::string line; std::getline(lines, line);) {
    REQUIRE(line.find_last_not_of(' ') == line.size() - 1);
    read.push_back(line);
  }
  REQUIRE(read.size() == deep::depth + 5);
  REQUIRE(read[2].starts_with(" 0  Tanh"));
  REQUIRE(read[13].starts_with("11  Linear<3>"));
  REQUIRE(read.back() == "Lipschitz    norm(W11) <= 0.5");
}

static_assert(base::six_digits_up(2).view() == "2" && base::six_digits_up(0).view() == "0");
static_assert(base::six_digits_up(0.1).view() == "0.1" && base::six_digits_up(0.3).view() == "0.3");
static_assert(base::six_digits_up(3.99968003840).view() == "3.99969");
static_assert(base::six_digits_up(2.0000000000000004).view() == "2.00001");
static_assert(base::six_digits_up(999999.5).view() == "1e+06" && base::six_digits_up(999999).view() == "999999");
static_assert(base::six_digits_up(rounded::infinity).view() == "infinity");

TEST_CASE("net.describe: numbers are never rounded down, and by less than one unit up") {
  std::mt19937_64 random(11);
  std::uniform_real_distribution<double> exponent(-40, 40);
  for (int i = 0; i < 20000; ++i) {
    const double value = std::pow(10.0, exponent(random));
    const double written = std::strtod(base::six_digits_up(value).characters, nullptr);
    REQUIRE(written >= value);
    REQUIRE(written <= value * (1 + 2e-5));
  }
}

}  // namespace
