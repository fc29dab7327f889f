// SPDX-License-Identifier: Apache-2.0
// The peers' shared libraries: found, opened, checked.
#pragma once
#include <dlfcn.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "benchmarks/data.hpp"
#include "benchmarks/plugin.hpp"

namespace taut::benchmarks {

/// A peer as compiled by one compiler. Files are named PEER.NET.COMPILER.so, or PEER.COMPILER.so for all networks.
struct known_peer {
  const peer* the;
  std::string compiler;
  std::string network;  ///< empty: any
  std::string name() const { return std::string(the->name) + " " + compiler; }
};

/// The peers of a folder whose file may run one of these networks. They are never closed.
inline void find_peers(const std::filesystem::path& folder, const std::vector<std::string>& networks,
                       std::vector<known_peer>& found) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().extension() == ".so") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  for (const auto& file : files) {
    const auto compiler = file.stem().extension().string(), network = file.stem().stem().extension().string();
    if (!network.empty() && std::find(networks.begin(), networks.end(), network.substr(1)) == networks.end()) continue;
    void* const library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) throw std::runtime_error(dlerror());
    void* const symbol = dlsym(library, "taut_benchmark_peers");
    if (symbol == nullptr) throw std::runtime_error(dlerror());
    std::size_t count = 0;
    const peer* const peers = reinterpret_cast<const peer* (*)(std::size_t*)>(symbol)(&count);
    for (std::size_t i = 0; i < count; ++i)
      found.push_back(
          {peers + i, compiler.empty() ? "" : compiler.substr(1), network.empty() ? "" : network.substr(1)});
  }
}

/// A runner that is closed.
struct closing {
  void operator()(runner* r) const {
    r->close(r->self);
    delete r;
  }
};
using owned_runner = std::unique_ptr<runner, closing>;

/// The peer ready to run this, or null.
inline owned_runner opened(const known_peer& k, const problem& p) {
  if (!k.network.empty() && k.network != p.network->name) return nullptr;
  runner made;
  if (!k.the->open(p, made)) return nullptr;
  return owned_runner(new runner(made));
}

/// The largest error of a runner on these inputs, one by one and as a batch, relative to the largest output if that is
/// above 1. `expected` is what the reference gives.
inline double largest_error(const runner& r, const net& n, const std::vector<float>& x,
                            const std::vector<double>& expected) {
  double size = 1, error = 0;
  for (const double v : expected) size = std::fmax(size, std::fabs(v));
  std::vector<float> y(expected.size());
  const auto judge = [&] {
    for (std::size_t i = 0; i < y.size(); ++i) {
      const double e = std::fabs(static_cast<double>(y[i]) - expected[i]);
      if (!(e <= error) && !std::isnan(error)) error = e;  // a NaN stays
      y[i] = std::nanf("");
    }
  };
  if (r.one != nullptr) {
    for (std::size_t s = 0; s < batch_size; ++s) r.one(r.self, &x[s * n.inputs()], &y[s * n.outputs()]);
    judge();
  }
  if (r.many != nullptr) {
    r.many(r.self, x.data(), y.data());
    judge();
  }
  return error / size;
}

}  // namespace taut::benchmarks
