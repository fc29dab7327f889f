// SPDX-License-Identifier: Apache-2.0
// Everything for hosts: inference and certificates, weight files, training, descriptions, header export.
#pragma once
#include <taut/inference.hpp>

#include <taut/weights/load.hpp>
#include <taut/weights/save.hpp>
