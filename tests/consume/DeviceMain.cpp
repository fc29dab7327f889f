/* SPDX-License-Identifier: Apache-2.0 */
#include "Network.h"

int main() { return deviceOutput({1, 0, 2}) > 1 ? 0 : 1; }
