// SPDX-License-Identifier: Apache-2.0
// Times every peer on every network, checks what they compute, and writes the report. `sh tests/benchmark.sh` runs it.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "benchmarks/data.hpp"
#include "benchmarks/machine.hpp"
#include "benchmarks/peers.hpp"
#include "benchmarks/report.hpp"
#include "benchmarks/results.hpp"
#include "benchmarks/timing.hpp"

namespace taut::benchmarks {
namespace {

struct settings {
  std::vector<std::string> plugins, only, peers;
  std::string out = ".";
  std::size_t rounds = 45, allocations = 9;
  double slot = 3;  // ms
  bool quick = false;
};

/// A net with its weights, inputs and what they should give.
struct subject {
  std::string name;
  const net* network;
  random_weights weights;
  std::vector<float> inputs;
  std::vector<double> expected;

  subject(std::string its_name, const net& n, offsets what)
      : name(std::move(its_name)), network(&n), weights(n, what, weight_seed), inputs(random_inputs(n, 7)) {
    for (std::size_t s = 0; s < batch_size; ++s)
      for (const double v : reference(weights.given(), &inputs[s * n.inputs()])) expected.push_back(v);
  }
};

constexpr double tolerance = 2e-5;

/// Times all peers on this net and on the same net with other offsets, and ours on it without its normalizations: all in
/// the same rounds.
bool measure(const std::string& name, std::size_t batch, const std::vector<known_peer>& peers, const settings& s,
             results& into) {
  const net& n = nets[number_of(name)];
  std::vector<subject> subjects;
  subjects.emplace_back(name, n, offsets::random);
  const auto plain = std::find_if(nets.begin(), nets.end(), [&](const net& o) { return o.name == name + "_no_norm"; });
  if (plain != nets.end() && batch == 1) {
    subjects.emplace_back(name + "_zero_offset", n, offsets::zero);
    subjects.emplace_back(std::string(plain->name), *plain, offsets::random);
  }
  struct entry {
    const subject* on;
    const known_peer* who;
    result found;
  };
  std::vector<entry> entries;
  bool right = true;
  for (const subject& on : subjects)
    for (const known_peer& who : peers) {
      if (&n != on.network && who.the->what != kind::ours) continue;
      const owned_runner r = opened(who, on.weights.given());
      if (r == nullptr || (batch == 1 ? r->one : r->many) == nullptr) continue;
      const double error = largest_error(*r, *on.network, on.inputs, on.expected);
      if (!(error <= tolerance)) {
        std::fprintf(stderr, "WRONG %s on %s: error %g\n", who.name().c_str(), on.name.c_str(), error);
        right = false;
        continue;
      }
      entries.push_back({&on, &who, {on.name, who.the->name, who.compiler, who.the->what, batch, error, {}}});
    }
  std::vector<float> y(batch_size * n.outputs() + 16);
  for (std::size_t a = 0; a < s.allocations; ++a) {  // opened anew: where weights lie in memory is luck
    std::vector<owned_runner> runners;
    std::vector<contestant> field;
    for (const entry& e : entries) {
      runners.push_back(opened(*e.who, e.on->weights.given()));
      const runner& r = *runners.back();
      const float* const x = e.on->inputs.data();
      contestant c;
      c.samples = static_cast<double>(batch);
      if (batch == 1) c.time = [&r, x, &y](std::size_t count) { return time_dependent(r, x, y.data(), count); };
      else c.time = [&r, x, &y](std::size_t count) { return time_batches(r, x, y.data(), count); };
      field.push_back(std::move(c));
    }
    std::vector<contestant*> order;
    for (contestant& c : field) order.push_back(&c);
    race(order, std::max<std::size_t>(1, s.rounds / s.allocations), s.slot * 1e6);
    for (std::size_t i = 0; i < entries.size(); ++i)
      entries[i].found.rounds.insert(entries[i].found.rounds.end(), field[i].rounds.begin(), field[i].rounds.end());
  }
  for (entry& e : entries) into.all.push_back(std::move(e.found));
  return right;
}

int run(const settings& s) {
  const std::vector<std::string> all = {"N1",          "N2",     "N3",           "N4",     "N5",
                                        "autoencoder", "signal", "N5_bias_free", "16x16x6"};
  const std::vector<std::string> names = s.only.empty() ? all : s.only;
  std::vector<std::string> networks;
  for (const std::string& name : names) {
    number_of(name);
    networks.push_back(name);
    networks.push_back(name + "_no_norm");
  }
  const int cpu = pin();
  std::vector<known_peer> found, peers;
  for (const std::string& folder : s.plugins) find_peers(folder, networks, found);
  for (const known_peer& k : found)
    if (s.peers.empty() ||
        std::any_of(s.peers.begin(), s.peers.end(), [&](const std::string& p) { return k.name().starts_with(p); }))
      peers.push_back(k);
  if (peers.empty()) throw std::runtime_error("no peers: --plugins FOLDER says where they were built");

  machine m;
  m.cpu = cpu;
  results r;
  bool right = true;
  for (const std::string& name : names)
    for (const std::size_t batch : {std::size_t{1}, batch_size})
      if (batch == 1 || (name != "N5_bias_free" && name != "16x16x6")) right &= measure(name, batch, peers, s, r);
  std::map<std::string, std::string> compilers;
  for (const known_peer& k : peers) compilers[k.compiler] = k.the->compiler_version;
  write_report(s.out, m, r, compilers);
  return right ? 0 : 1;
}

}  // namespace
}  // namespace taut::benchmarks

int main(int argument_count, char** arguments) {
  using namespace taut::benchmarks;
  settings s;
  CLI::App app("times taut and its peers");
  app.add_option("--plugins", s.plugins, "folders of the peers' libraries")->required()->check(CLI::ExistingDirectory);
  std::vector<std::string> names;
  for (const net& n : nets) names.emplace_back(n.name);
  app.add_option("--only", s.only, "these networks")->delimiter(',')->check(CLI::IsMember(names));
  app.add_option("--peers", s.peers, "peers whose names begin so: taut,plain,eigen_rows")->delimiter(',');
  app.add_option("--out", s.out, "folder of the report");
  app.add_option("--rounds", s.rounds, "rounds, at least 1")->check(CLI::Range(1, 10000));
  app.add_option("--allocations", s.allocations, "times that peers are opened")->check(CLI::Range(1, 100));
  app.add_option("--slot", s.slot, "ms of each peer in each round")->check(CLI::Range(0.1, 1000.0));
  app.add_flag("--quick", s.quick, "9 short rounds");
  CLI11_PARSE(app, argument_count, arguments);
  if (s.quick) {
    s.rounds = 9;
    s.allocations = 3;
    s.slot = 1;
  }
  for (const char* name : {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"}) setenv(name, "1", 1);
  try {
    std::filesystem::create_directories(s.out);
    return run(s);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 2;
  }
}
