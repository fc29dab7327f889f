// SPDX-License-Identifier: Apache-2.0
// The twin of theory/channel_choice.hpp: which channels stay, and what a masked network is.
#include <cmath>
#include <limits>
#include <taut/inference.hpp>
#include <taut/theory/channel_choice.hpp>

#include "support/catch.hpp"

namespace {

using namespace taut;

struct net : decltype(Input<4> >> Linear<6> >> BN >> ReLU >> Linear<4> >> BN >> ReLU >> Linear<3>) {};

parameters<net> gains() {
  parameters<net> p;
  get<1>(p).gain = {0.5f, -0.0625f, 0.01f, -1, 0.2f, 0.0625f};
  get<4>(p).gain = {0.3f, 0.02f, 0, 0.07f};
  return p;
}
template <class Net> std::string fault(const parameters<Net>& p, const kept_channels& kept) {
  try {
    static_cast<void>(masked(p, kept));
  } catch (const std::invalid_argument& e) { return e.what(); }
  return "no error";
}

TEST_CASE("theory.channel_choice: by a threshold, one at least") {
  CHECK(channels_above(gains(), 0.0625) == kept_channels{{0, 3, 4}, {0, 3}});
  CHECK(channels_above(gains(), 0) == kept_channels{{0, 1, 2, 3, 4, 5}, {0, 1, 3}});
  CHECK(channels_above(gains(), 9) == kept_channels{{3}, {0}});
}
TEST_CASE("theory.channel_choice: a share of all, one of each gate at least; of equal ones the first") {
  CHECK(largest_channels(gains(), 0.5) == kept_channels{{0, 3, 4}, {0, 3}});
  CHECK(largest_channels(gains(), 0.6) == kept_channels{{0, 1, 3, 4}, {0, 3}});
  CHECK(largest_channels(gains(), 0.1) == kept_channels{{3}, {0}});
  CHECK(largest_channels(gains(), 1) == kept_channels{{0, 1, 2, 3, 4, 5}, {0, 1, 2, 3}});
  parameters<net> p = gains();
  for (float& gain : get<4>(p).gain) gain /= 1000;
  CHECK(largest_channels(p, 0.5) == kept_channels{{0, 1, 3, 4}, {0}});
}
TEST_CASE("theory.channel_choice: a share of each gate") {
  CHECK(largest_channels_of_each(gains(), 0.5) == kept_channels{{0, 3, 4}, {0, 3}});
  CHECK(largest_channels_of_each(gains(), 0.75) == kept_channels{{0, 1, 3, 4, 5}, {0, 1, 3}});
  CHECK(largest_channels_of_each(gains(), 0) == kept_channels{{3}, {0}});
}
TEST_CASE("theory.channel_choice: the widths of a type") {
  struct small : decltype(Input<4> >> Linear<2> >> BN >> ReLU >> Linear<3> >> BN >> ReLU >> Linear<3>) {};
  CHECK(largest_channels<small>(gains()) == kept_channels{{0, 3}, {0, 1, 3}});
}
TEST_CASE("theory.channel_choice: what is no number stays") {
  parameters<net> p = gains();
  get<1>(p).gain[2] = std::numeric_limits<float>::quiet_NaN();
  CHECK(channels_above(p, 9) == kept_channels{{2}, {0}});
  CHECK(largest_channels(p, 0.3) == kept_channels{{2, 3}, {0}});
}
TEST_CASE("theory.channel_choice: a constant that padding cuts off stays") {
  struct padded : decltype(Input<2, 4> >> Conv1d<4, 3> >> BN >> ReLU >> Conv1d<2, 3>(padding<1>)) {};
  parameters<padded> p;
  initialise(p, 1);
  get<1>(p).gain = {0, 1, 0, 0.5f};
  get<1>(p).offset = {0.5f, 0.5f, -0.5f, -0.5f};
  CHECK(channels_above(p, 2) == kept_channels{{0, 1}});
  CHECK(largest_channels(p, 0.25) == kept_channels{{0, 1}});
  CHECK(largest_channels(p, 0.75) == kept_channels{{0, 1, 3}});
}
TEST_CASE("theory.channel_choice: what a channel that has no gain adds") {
  parameters<net> p = gains();
  get<1>(p).offset = {3, 2, -1, 0, 0, 0};
  get<3>(p).weight[1] = 5, get<3>(p).weight[2] = 7, get<3>(p).weight[6 + 1] = -0.5f;
  const auto c = base::constants_of<0>(p);
  CHECK(c.outputs == 4);
  CHECK(std::vector(c.onward.begin() + 4, c.onward.begin() + 12) == std::vector<double>{10, -1, 0, 0, 0, 0, 0, 0});
  CHECK(c.exact == std::vector<bool>(6, true));
}
TEST_CASE("theory.channel_choice: a mask is zeros among the gains") {
  const parameters<net> p = masked(gains(), {{0, 5}, {1, 2, 3}});
  CHECK(get<1>(p).gain == std::array<float, 6>{0.5f, 0, 0, 0, 0, 0.0625f});
  CHECK(get<4>(p).gain == std::array<float, 4>{0, 0.02f, 0, 0.07f});
}
TEST_CASE("theory.channel_choice: lists that are none") {
  CHECK(fault(gains(), {{0}}) == "channels of 1 gates are kept, but the network has 2");
  const std::string words = "of layer 1 one or more of channels 0 to 5 are kept, in ascending order";
  CHECK(fault(gains(), {{}, {0}}) == words);
  CHECK(fault(gains(), {{0, 6}, {0}}) == words);
  CHECK(fault(gains(), {{0, 0}, {0}}) == words);
  CHECK(fault(gains(), {{2, 1}, {0}}) == words);
  CHECK(fault(gains(), {{0}, {4}}) == "of layer 4 one or more of channels 0 to 3 are kept, in ascending order");
}

}  // namespace
