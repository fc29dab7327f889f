/* SPDX-License-Identifier: Apache-2.0 */
#include "ForeignMacros.h"

#include "trained.hpp"
#include "trained_bytes.hpp"

#include "Network.h"

static_assert(sizeof trained::test_inputs == 2 * 64 * sizeof(float));
static_assert(trained::lipschitz < 1e6 && trained::guard.largest_norm == 16);
static_assert(sizeof inBytes::test_outputs == 3 * 10 * sizeof(float));
static_assert(sizeof inBytes::engine * 3 < sizeof trained::engine);

bool exportedAgree() { return trained::self_test() && inBytes::self_test(); }
