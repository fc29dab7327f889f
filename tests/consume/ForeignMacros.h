/* SPDX-License-Identifier: Apache-2.0 */
/* What windows.h, complex.h, math.h, sys/sysmacros.h and Arduino.h define, after standard headers, as in a program that
 * has long been there (the first header of libstdc++ undefines min and max; it is behind us). */
#ifndef STRANGER_FOREIGN_MACROS_H
#define STRANGER_FOREIGN_MACROS_H

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#define IN
#define OUT
#define min(a, b) (((a) < (b)) ? (a) : (b))
#define max(a, b) (((a) > (b)) ? (a) : (b))
#define near
#define far
#define small char
#define interface struct
#define ERROR 0
#define DOMAIN 1
#define I __extension__ 1.0iF
#define major(device) gnu_dev_major(device)
#define minor(device) gnu_dev_minor(device)
#define word(...) makeWord(__VA_ARGS__)
#define F(text) (reinterpret_cast<const Flash *>(text))
#define square(x) ((x) * (x))

inline double eps = 1e-3;

#endif
