// SPDX-License-Identifier: Apache-2.0
// What this machine could do at best: multiply-adds per second in registers, and bytes per second read from memory of a
// given size, again and again. Bounds on times follow (docs/speed.md).
#pragma once
#include <algorithm>
#include <cstddef>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "benchmarks/net.hpp"
#include "benchmarks/timing.hpp"

namespace taut::benchmarks {

#if defined(__AVX512F__)
inline constexpr std::size_t widest_register = 64;
#elif defined(__AVX__)
inline constexpr std::size_t widest_register = 32;
#else
inline constexpr std::size_t widest_register = 16;
#endif

namespace detail {
template <std::size_t Bytes> struct vector_of {
  using type [[gnu::vector_size(Bytes)]] = float;
};
template <std::size_t Bytes> using vector = typename vector_of<Bytes>::type;

/// The shortest of many times of f(), in ns.
template <class F> double shortest(F&& f, double patience = 3e6) {
  double best = 1e30;
  for (const double end = now() + patience; now() < end;) {
    const double start = now();
    f();
    best = std::min(best, now() - start);
  }
  return best;
}
}  // namespace detail

/// Floating-point operations per ns (GFLOP/s): independent multiply-adds in registers of so many bytes.
template <std::size_t Bytes> double peak() {
  using v = detail::vector<Bytes>;
  static constexpr std::size_t chains = Bytes > 32 ? 24 : 14, steps = 4000;  // as many as there are registers
  const double time = detail::shortest(
      []() __attribute__((noinline)) {
        v sum[chains] = {}, factor = v{} + 0.5f, term = v{} + 1.0f;
        asm volatile("" : "+x"(factor), "+x"(term));
#pragma GCC unroll 24
        for (v& s : sum) asm volatile("" : "+x"(s));  // as if they differed
        for (std::size_t i = 0; i < steps; ++i)
#pragma GCC unroll 24
          for (std::size_t k = 0; k < chains; ++k) sum[k] = sum[k] * factor + term;
#pragma GCC unroll 24
        for (v& s : sum) asm volatile("" : "+x"(s));
      },
      3e7);
  return 2.0 * chains * steps * (Bytes / sizeof(float)) / time;
}

/// The time of reading so many bytes that were read just before, in ns: the better one of reading ahead and not.
inline double reading_time(double bytes) {
  using v = detail::vector<widest_register>;
  static std::map<std::size_t, double> known;
  constexpr std::size_t streams = 8, ahead = 2048 / sizeof(v);
  const std::size_t count = (static_cast<std::size_t>(bytes) / sizeof(v) / streams + 1) * streams;
  if (const auto at = known.find(count); at != known.end()) return at->second;
  // Where an array lies in memory is luck, which no bound may depend on: the best of some.
  const std::vector<std::vector<v>> places(6, std::vector<v>(count + ahead, v{}));
  const auto read = []<bool Ahead>(const v* memory, std::size_t size) __attribute__((noinline)) {
    v sum[streams] = {};
    for (std::size_t i = 0; i < size; i += streams)
#pragma GCC unroll 8
      for (std::size_t k = 0; k < streams; ++k) {
        if constexpr (Ahead)
          if (k * sizeof(v) % 64 == 0) __builtin_prefetch(memory + i + k + ahead);
        sum[k] += memory[i + k];
      }
#pragma GCC unroll 8
    for (v& s : sum) asm volatile("" : "+x"(s));
  };
  // Short reads are repeated, so that the clock costs nothing.
  const std::size_t times = 1 + 400000 / (count * sizeof(v));
  const auto repeated = [&]<bool Ahead>(const v* memory) {
    return detail::shortest([&] {
             for (std::size_t i = 0; i < times; ++i) {
               read.template operator()<Ahead>(memory, count);
               asm volatile("" ::: "memory");
             }
           }) /
           static_cast<double>(times);
  };
  double time = 1e30;
  for (const auto& place : places)
    time = std::min({time, repeated.operator()<false>(place.data()), repeated.operator()<true>(place.data())});
  return known[count] = time * bytes / static_cast<double>(count * sizeof(v));
}

/// What the limits of this machine are.
struct machine {
  std::string processor;
  int cpu = 0;
  double peak_widest = peak<widest_register>(), peak_256 = widest_register > 32 ? peak<32>() : peak_widest;
  double l1 = 16e3 / reading_time(16e3), l2 = 256e3 / reading_time(256e3), l3 = 4e6 / reading_time(4e6);  // GB/s

  machine() {
    std::ifstream file("/proc/cpuinfo");
    for (std::string line; processor.empty() && std::getline(file, line);)
      if (line.starts_with("model name")) processor = line.substr(line.find(':') + 2);
    std::ifstream again("/proc/cpuinfo");
    for (std::string line; std::getline(again, line);)
      if (line.starts_with("cpu family") || line.starts_with("model\t")) {
        processor += (line.starts_with("cpu") ? ", family " : ", model ") + line.substr(line.find(':') + 2);
        if (line.starts_with("model")) break;
      }
  }

  /// No program can be faster, ns per sample: operations at the peak, or the bytes it must read at the speed of memory of
  /// that size; a batch reads the parameters once.
  double bound(const net& n, std::size_t samples) const {
    const double count = static_cast<double>(samples), arithmetic = n.operations() / peak_widest;
    double bytes = n.bytes();
    if (samples > 1) bytes += 4 * count * static_cast<double>(n.inputs() + n.outputs());
    return std::max(arithmetic, reading_time(bytes) / count);
  }
};

}  // namespace taut::benchmarks
