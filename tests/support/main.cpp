// SPDX-License-Identifier: Apache-2.0
// The main function of every test program. Catch2 version 2 compiles its implementation here, version 3 links it.
#define CATCH_CONFIG_RUNNER
#include "support/catch.hpp"

int main(int argument_count, char** arguments) {
  Catch::Session session;
  const int refused = session.applyCommandLine(argument_count, arguments);
  return refused != 0 ? refused : session.run();
}
