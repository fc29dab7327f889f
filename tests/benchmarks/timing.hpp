// SPDX-License-Identifier: Apache-2.0
// Times of contestants in interleaved rounds: in each round everybody runs for some milliseconds, in another order each
// time, so that what the machine does meanwhile meets all alike. Ratios are taken inside rounds.
#pragma once
#include <sched.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <random>
#include <vector>

#include "benchmarks/plugin.hpp"

namespace taut::benchmarks {

/// The median; of an even number of values, the mean of the two in the middle. @pre not empty.
inline double median(std::vector<double> values) {
  const std::size_t half = values.size() / 2;
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(half), values.end());
  const double upper = values[half];
  if (values.size() % 2 == 1) return upper;
  return (upper + *std::max_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(half))) / 2;
}

/// a[i] / b[i], round by round.
inline std::vector<double> ratios(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> all(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) all[i] = a[i] / b[i];
  return all;
}

inline double now() {  // ns
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Runs everything on the last processor that we may use, and answers which that is.
inline int pin() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  sched_getaffinity(0, sizeof(allowed), &allowed);
  int last = 0;
  for (int i = 0; i < CPU_SETSIZE; ++i)
    if (CPU_ISSET(i, &allowed)) last = i;
  CPU_ZERO(&allowed);
  CPU_SET(last, &allowed);
  sched_setaffinity(0, sizeof(allowed), &allowed);
  return last;
}

/// The time of `count` calls of one sample each. The address of each input depends on the output before, by a number
/// that is 0, which only we know: no call begins before the last one has ended.
inline double time_dependent(const runner& r, const float* x, float* y, std::size_t count) {
  const double start = now();
  std::size_t at = 0;
  for (std::size_t i = 0; i < count; ++i) {
    r.one(r.self, x + at, y);
    std::uint64_t bits = std::bit_cast<std::uint32_t>(*y);
    asm volatile("" : "+r"(bits)::"memory");
    at = bits >> 32;
  }
  return now() - start;
}

/// The time of `count` calls of a batch each, back to back.
inline double time_batches(const runner& r, const float* x, float* y, std::size_t count) {
  const double start = now();
  for (std::size_t i = 0; i < count; ++i) {
    r.many(r.self, x, y);
    asm volatile("" ::: "memory");
  }
  return now() - start;
}

/// One thing to time: `time(count)` is the time of so many calls, in ns; `samples` a call.
struct contestant {
  std::function<double(std::size_t count)> time;
  double samples = 1;
  std::size_t calls = 1;       ///< a chunk of about an eighth of a slot
  std::vector<double> rounds;  ///< ns per sample: of each round the fastest chunk, which no interrupt has met
};

/// Runs `rounds` rounds more, each contestant for `slot` ns in each.
inline void race(std::vector<contestant*> field, std::size_t rounds, double slot) {
  constexpr std::size_t chunks = 8;
  std::mt19937 random(1);
  for (contestant* c : field) {
    c->calls = 1;
    for (double t = c->time(1); t < slot / chunks / 2; t = c->time(c->calls)) c->calls *= 2;
  }
  for (std::size_t round = 0; round < rounds; ++round) {
    std::shuffle(field.begin(), field.end(), random);
    for (contestant* c : field) {
      c->time(c->calls / 4 + 1);  // caches and predictors forget the one before
      double best = c->time(c->calls);
      const double end = now() + slot - best;
      while (now() < end) best = std::min(best, c->time(c->calls));
      c->rounds.push_back(best / static_cast<double>(c->calls) / c->samples);
    }
  }
}

}  // namespace taut::benchmarks
