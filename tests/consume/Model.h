/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STRANGER_MODEL_H
#define STRANGER_MODEL_H

#include <taut/inference.hpp>

namespace project {

struct Trained : decltype(taut::Input<64> >> taut::Linear<32> >> taut::LN >> taut::ReLU >> taut::Linear<10>) {};

}  // namespace project

#endif
