// SPDX-License-Identifier: Apache-2.0
// Many trainings at once: contenders times recipes times seeds, on all processors.
#pragma once
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>

#include "../laboratory/data.hpp"
#include "../laboratory/experiment.hpp"
#include "contender.hpp"

namespace unified {

/// What the options say.
struct settings {
  std::uint64_t seed = 1;
  bool quick = false;
  std::filesystem::path data = laboratory::data_folder;
  std::size_t seeds() const { return quick ? 1 : 3; }
};
/// Of the RESULT line.
using keys = std::vector<std::pair<std::string, laboratory::value>>;

/// job(0) ... job(count - 1) on all processors. The jobs know nothing of each other, so nothing depends on the order.
inline void in_parallel(std::size_t count, const std::function<void(std::size_t)>& job) {
  std::atomic<std::size_t> next = 0;
  std::exception_ptr failure;
  std::mutex guard;
  const auto work = [&] {
    for (std::size_t i = next++; i < count; i = next++) try {
        job(i);
      } catch (...) {
        const std::lock_guard lock(guard);
        failure = std::current_exception();
      }
  };
  {
    std::vector<std::jthread> threads;
    for (unsigned t = 1; t < std::max(1u, std::thread::hardware_concurrency()); ++t) threads.emplace_back(work);
    work();
  }
  if (failure) std::rethrow_exception(failure);
}

/// The same recipe with several seeds.
struct repeated {
  std::vector<outcome> runs;
  [[nodiscard]] double accuracy() const {
    return middle([](const outcome& o) { return o.accuracy(); });
  }
  [[nodiscard]] double train_loss() const {
    return middle([](const outcome& o) { return o.train_loss(); });
  }
  [[nodiscard]] double middle(const std::function<double(const outcome&)>& of) const {
    std::vector<double> values;
    for (const outcome& o : runs) values.push_back(of(o));
    return laboratory::median(values);
  }
};

/// Trains every net by every recipe: found[net * recipes + recipe].
inline std::vector<repeated> trained(const std::vector<contender>& nets, const std::vector<recipe>& recipes,
                                     const taut::dataset_parts& data, const settings& s) {
  std::vector<repeated> found(nets.size() * recipes.size());
  for (repeated& r : found) r.runs.resize(s.seeds());
  in_parallel(found.size() * s.seeds(), [&](std::size_t job) {
    const std::size_t which = job / s.seeds(), seed = job % s.seeds();
    recipe how = recipes[which % recipes.size()];
    how.seed = s.seed + seed;
    found[which].runs[seed] = nets[which / recipes.size()].train(how, data.first, data.rest);
  });
  return found;
}
/// One recipe for each net.
inline std::vector<repeated> trained_each(const std::vector<contender>& nets, const std::vector<recipe>& recipes,
                                          const taut::dataset_parts& data, const settings& s) {
  std::vector<repeated> found(nets.size());
  for (repeated& r : found) r.runs.resize(s.seeds());
  in_parallel(nets.size() * s.seeds(), [&](std::size_t job) {
    const std::size_t net = job / s.seeds(), seed = job % s.seeds();
    recipe how = recipes[net];
    how.seed = s.seed + seed;
    found[net].runs[seed] = nets[net].train(how, data.first, data.rest);
  });
  return found;
}

inline std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}
/// One column of a table for each net behind a first one.
inline laboratory::table by_net(const std::string& first, const std::vector<contender>& nets) {
  std::vector<std::string> columns{first};
  for (const contender& c : nets) columns.push_back(c.norm);
  return laboratory::table(columns);
}
inline std::vector<recipe> at_rates(recipe how, const std::vector<double>& rates) {
  std::vector<recipe> all;
  for (const double rate : rates) all.push_back(how), all.back().rate = rate;
  return all;
}
/// The recipe with the smallest training loss: the test samples choose nothing.
inline std::size_t best(const std::vector<repeated>& found, std::size_t first, std::size_t count) {
  std::size_t chosen = 0;
  for (std::size_t i = 1; i < count; ++i)
    if (found[first + i].train_loss() < found[first + chosen].train_loss()) chosen = i;
  return chosen;
}

}  // namespace unified
