// SPDX-License-Identifier: Apache-2.0
// Many trainings at once: contenders times recipes times seeds, on all processors.
#pragma once
#include <atomic>
#include <exception>
#include <mutex>
#include <taut/theory/learning_rate.hpp>
#include <thread>

#include "../laboratory/data.hpp"
#include "../laboratory/experiment.hpp"
#include "contender.hpp"

namespace unified {

/// What the options say.
struct settings {
  std::uint64_t seed = 1;
  std::size_t seeds = 3;  ///< of each training, one after the other from `seed` on
  bool quick = false;
  std::filesystem::path data = laboratory::data_folder;
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
  /// Medians.
  [[nodiscard]] double accuracy() const { return laboratory::median(runs, &outcome::accuracy); }
  [[nodiscard]] double train_loss() const { return laboratory::median(runs, &outcome::train_loss); }
};

/// A net and how it is trained.
using assignment = std::pair<const contender*, recipe>;
/// Carries out every assignment with each seed.
inline std::vector<repeated> trained(const std::vector<assignment>& all, const taut::dataset_parts& data,
                                     const settings& s) {
  std::vector<repeated> found(all.size());
  for (repeated& r : found) r.runs.resize(s.seeds);
  in_parallel(all.size() * s.seeds, [&](std::size_t job) {
    auto [net, how] = all[job / s.seeds];
    how.seed = s.seed + job % s.seeds;
    found[job / s.seeds].runs[job % s.seeds] = net->train(how, data.first, data.rest);
  });
  return found;
}
/// Every net by every recipe: trained(...)[net * recipes + recipe].
inline std::vector<assignment> every(const std::vector<contender>& nets, const std::vector<recipe>& recipes) {
  std::vector<assignment> all;
  for (const contender& net : nets)
    for (const recipe& how : recipes) all.push_back({&net, how});
  return all;
}
/// One recipe for each net: trained(...)[net].
inline std::vector<assignment> each(const std::vector<contender>& nets, const std::vector<recipe>& recipes) {
  std::vector<assignment> all;
  for (std::size_t n = 0; n < nets.size(); ++n) all.push_back({&nets[n], recipes.at(n)});
  return all;
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

/// What one net came to at some learning rates.
struct swept {
  std::vector<double> rates;
  std::vector<repeated> found;
  /// The place of the smallest training loss: the test samples choose nothing.
  [[nodiscard]] std::size_t best() const {
    return static_cast<std::size_t>(std::ranges::min_element(found, {}, &repeated::train_loss) - found.begin());
  }
  [[nodiscard]] taut::rate_sweep accuracies() const {
    taut::rate_sweep tried;
    for (std::size_t r = 0; r < rates.size(); ++r) tried.push_back({rates[r], found[r].accuracy()});
    return tried;
  }
};
/// Trains every net by a recipe at every rate.
inline std::vector<swept> swept_over(const std::vector<double>& rates, const recipe& how,
                                     const std::vector<contender>& nets, const taut::dataset_parts& data,
                                     const settings& s) {
  const auto found = trained(every(nets, at_rates(how, rates)), data, s);
  std::vector<swept> of_nets;
  for (auto first = found.begin(); first != found.end(); first += static_cast<std::ptrdiff_t>(rates.size()))
    of_nets.push_back({rates, {first, first + static_cast<std::ptrdiff_t>(rates.size())}});
  return of_nets;
}

}  // namespace unified
