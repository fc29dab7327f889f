// SPDX-License-Identifier: Apache-2.0
// The published test vectors, at compile time too, and the fingerprint as Python's hashlib computes it.
#include <taut/embed/sha256.hpp>
#include <taut/inference.hpp>

#include "support/precompiled.hpp"

namespace {

using namespace taut;

constexpr bool is(std::string_view text, std::string_view digits) {
  const auto found = sha256_digits(text);
  return std::string_view(found.data(), found.size()) == digits;
}
// FIPS 180-4, examples
static_assert(is("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
static_assert(is("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
static_assert(is("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                 "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"));

struct net : decltype(Input<2> >> Linear<2> >> BN) {};

}  // namespace

TEST_CASE("embed.sha256: a million letters") {
  CHECK(is(std::string(1000000, 'a'), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"));
}

TEST_CASE("embed.sha256: the fingerprint is the hash of names and little-endian values") {
  parameters<net> p{};
  get<0>(p).weight = {1, 2, -3, 0.5f};
  get<0>(p).bias = {0.0f, -0.0f};
  get<1>(p).batches = {7};
  // hashlib.sha256(b'0.weight\0' + struct.pack('<4f', 1, 2, -3, .5) + ... + b'1.num_batches_tracked\0' + ...)
  CHECK(fingerprint(p) == "4eaf77a67bb93fa48ce67c7ae6f54a65752b66a92eff7f89224827b84e7fa1ed");
  get<0>(p).bias[1] = 0.0f;
  CHECK(fingerprint(p) != "4eaf77a67bb93fa48ce67c7ae6f54a65752b66a92eff7f89224827b84e7fa1ed");
}
