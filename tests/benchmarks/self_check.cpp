// SPDX-License-Identifier: Apache-2.0
// The benchmark measures itself only here: its arithmetic, its reference, its judgement and its files, on made-up times.
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>

#include "benchmarks/data.hpp"
#include "benchmarks/peers.hpp"
#include "benchmarks/report.hpp"
#include "support/catch.hpp"

using namespace taut::benchmarks;

namespace {

result made(const std::string& net, std::size_t batch, const std::string& peer, const std::string& compiler, kind what,
            double ns) {
  return {net, peer, compiler, what, batch, 1e-7, {ns, 3 * ns, 2 * ns}};  // slower rounds are slower for all
}

/// Our N1 takes 60 ns (120 by clang++, 20 with narrow lanes), plain C 100, Eigen 150; of a batch 30, 30, 40 and 50; 55
/// and 110 with offsets 0; 50 without its norm.
results some() {
  results r;
  r.all = {made("N1", 1, "taut", "g++", kind::ours, 60),
           made("N1", 1, "taut", "clang++", kind::ours, 120),
           made("N1", 1, "taut_8", "g++", kind::ours, 20),
           made("N1", 1, "plain_rows", "g++", kind::plain, 100),
           made("N1", 1, "eigen_rows", "clang++", kind::library, 150),
           made("N1", 1, "eigen_rows", "g++", kind::library, 200),
           made("N1_zero_offset", 1, "taut", "g++", kind::ours, 55),
           made("N1_zero_offset", 1, "plain_rows", "g++", kind::plain, 110),
           made("N1_no_norm", 1, "taut", "g++", kind::ours, 50),
           made("N1", 64, "taut", "g++", kind::ours, 30),
           made("N1", 64, "taut", "clang++", kind::ours, 30),
           made("N1", 64, "plain_batch", "g++", kind::plain, 40),
           made("N1", 64, "eigen_rows", "g++", kind::library, 50)};
  return r;
}

const machine& here() {
  static const machine m;
  return m;
}

const target& target_named(const std::vector<target>& all, const std::string& what) {
  const auto at = std::find_if(all.begin(), all.end(), [&](const target& t) { return t.what == what; });
  REQUIRE(at != all.end());
  return *at;
}

}  // namespace

TEST_CASE("benchmarks.timing: medians, and ratios inside rounds") {
  CHECK(median({3, 1, 2}) == 2);
  CHECK(median({4, 1, 3, 2}) == 2.5);
  CHECK(median(ratios({2, 40, 6}, {1, 20, 3})) ==
        2);  // of the medians it would be 2 too; of the first and the last not
  CHECK(median(ratios({2, 40, 6}, {1, 10, 6})) == 2);
  contestant fast, slow;
  fast.time = [](std::size_t count) { return 10.0 * static_cast<double>(count); };
  slow.time = [](std::size_t count) { return 640.0 * static_cast<double>(count); };
  slow.samples = 64;
  race({&fast, &slow}, 4, 2e4);
  CHECK(fast.rounds == std::vector<double>(4, 10.0));
  CHECK(slow.rounds == std::vector<double>(4, 10.0));
}

TEST_CASE("benchmarks.data: the reference computes what a hand does") {
  net n("hand", {{.in = 2, .out = 2, .norm = normalization::layer, .act = activation::relu}});
  const float weight[] = {1, 0, 0, 1}, bias[] = {0, 1}, gain[] = {2, 4}, offset[] = {3, 1}, x[] = {1, 4};
  const block_weights w{weight, bias, gain, offset, nullptr, nullptr};
  const auto y = reference({&n, &w, &w}, x);  // 1, 5 has mean 3 and variance 4
  CHECK(y[0] == Approx(3 - 2 * 2 / std::sqrt(4 + epsilon)).epsilon(1e-12));
  CHECK(y[1] == Approx(1 + 4 * 2 / std::sqrt(4 + epsilon)).epsilon(1e-12));

  // A batch normalization and the weights that it is folded into are one function, up to rounding.
  const net& autoencoder = nets[number_of("autoencoder")];
  const random_weights trained(autoencoder, offsets::random, 2);
  const problem given = trained.given();
  net plain = autoencoder;
  for (block& b : plain.blocks) b.norm = normalization::none;
  const auto inputs = random_inputs(autoencoder, 3);
  const auto raw = reference(given, inputs.data()), folded = reference({&plain, given.folded, nullptr}, inputs.data());
  for (std::size_t i = 0; i < raw.size(); ++i) CHECK(folded[i] == Approx(raw[i]).margin(1e-5));
}

TEST_CASE("benchmarks.peers: wrong answers are found") {
  const net n("identity", {{.in = 1, .out = 1}});
  const std::vector<float> x(batch_size, 2.0f);
  std::vector<double> expected(batch_size, 2.0);
  runner r;
  r.one = [](void*, const float* from, float* to) { *to = *from; };
  r.many = [](void*, const float* from, float* to) { std::copy_n(from, batch_size, to); };
  CHECK(largest_error(r, n, x, expected) == 0);
  r.many = [](void*, const float* from, float* to) {
    std::copy_n(from, batch_size - 1, to);
  };  // the last is not written
  CHECK(std::isnan(largest_error(r, n, x, expected)));
  r.many = nullptr;
  expected[63] = 2.5;
  CHECK(largest_error(r, n, x, expected) == 0.5 / 2.5);
}

TEST_CASE("benchmarks.targets: met, missed, and by one compiler only") {
  const auto all = targets_of(here(), some());
  CHECK(target_named(all, "N1, batch 1, against the best peer").verdict() == "g++ only");  // 0.6 and 1.2
  CHECK(target_named(all, "N1, batch 1, against the best peer").gcc == Approx(0.6));
  CHECK(target_named(all, "N1, batch 1, against Eigen").verdict() == "g++ only");  // 0.4 and 0.8 of the faster Eigen
  CHECK(target_named(all, "N1, batch 64, against the best library").verdict() == "met");
  CHECK(target_named(all, "N1, batch 1, cost of normalization, offsets 0").gcc == Approx(1.1));
  CHECK(target_named(all, "N1, batch 1, cost of normalization, offsets").clang == 0);
  CHECK(target_named(all, "N1, batch 1, one compiler against the other").verdict() == "g++ only");  // 0.5 and 2
  CHECK(target{"", "", 0.8, 0.6, 0.7, true}.verdict() == "g++ only");
  CHECK(target{"", "", 0.8, 0.6, 0.5, false}.verdict() == "missed");
  CHECK(target{"", "", 0.8, 0, 0.5}.verdict() == "missed");  // by the only one that was measured
  CHECK(target{"", "", 0.8, 0, 0.9}.verdict() == "met");
  CHECK(std::none_of(all.begin(), all.end(), [](const target& t) { return t.what.starts_with("N2"); }));
}

TEST_CASE("benchmarks.report: lines, tables and JSON say what was measured") {
  const auto folder = std::filesystem::path("benchmark_self_check");
  std::filesystem::create_directories(folder);
  write_report(folder, here(), some(), {{"g++", "12"}});
  const auto lines = result_lines(here(), some());
  REQUIRE(lines.size() == 5);
  CHECK_THAT(lines[0], taut::tests::contains("RESULT net=N1 batch=1 ns=120 best_peer=plain_rows/g++ ratio=0.60 "
                                             "gcc_ratio=0.60 roofline="));
  CHECK_THAT(lines[0], taut::tests::contains(" clang_ns=240 lanes_8_ns=40.0 plain_c_ratio=0.60 eigen_ratio=0.40"));
  CHECK_THAT(lines[1], taut::tests::contains("RESULT net=N1_zero_offset batch=1 ns=110 best_peer=plain_rows/g++ "
                                             "ratio=0.50 gcc_ratio=0.50 roofline="));
  CHECK_THAT(lines[2], taut::tests::contains("batch=64 ns=60.0 best_peer=eigen_rows/g++ ratio=0.60"));
  CHECK(lines[3] == "RESULT net=N1 norm_cost=1.10 offset=0");
  CHECK(lines[4] == "RESULT net=N1 norm_cost=1.20 offset=1");

  std::ifstream file(folder / "report.json");
  const auto json = nlohmann::json::parse(file);
  CHECK(json["results"].size() == some().all.size());
  CHECK(json["results"][3]["peer"] == "plain_rows");
  CHECK(json["results"][3]["ns"] == 200.0);
  CHECK(json["machine"]["gflops"].get<double>() > 1);
  CHECK(json["targets"].size() == targets_of(here(), some()).size());
  std::stringstream text, summary;
  text << std::ifstream(folder / "report.md").rdbuf();
  CHECK_THAT(text.str(), taut::tests::contains("| plain_rows g++ | 200 | 220 |  |"));
  CHECK_THAT(text.str(), taut::tests::contains("| taut_8 g++ | 40.0 |  |  |"));
  CHECK_THAT(text.str(),
             taut::tests::contains("| N1 | 1 | g++ | 60.0 | 120 | 180 | plain_rows g++ | 0.60 | 0.60 | 0.60 |"));
  const std::string missed =
      "| N1, batch 1, against the best peer | <= 0.65 | 0.60 | 1.20 | plain_rows g++ | g++ only |";
  CHECK_THAT(text.str(), taut::tests::contains(missed));
  summary << std::ifstream(folder / "summary.md").rdbuf();
  CHECK_THAT(summary.str(), taut::tests::contains(lines[0] + "\n" + lines[1] + "\n"));
  CHECK_THAT(summary.str(), taut::tests::contains(missed));
  CHECK_THAT(summary.str(), !taut::tests::contains("| N1, batch 64, against the best library |"));  // is met
  std::ifstream figure(folder / "figure_1.dat");
  std::string head, row;
  std::getline(figure, head);
  std::getline(figure, row);
  CHECK(head == "net plain eigen");
  CHECK(row.starts_with("N1 1.66666"));
  std::filesystem::remove_all(folder);
}

TEST_CASE("benchmarks.machine: no bound is below what a register allows") {
  const net& n = nets[number_of("N1")];
  CHECK(here().peak_256 > 1);
  CHECK(here().bound(n, 1) >= n.operations() / here().peak_widest);
  CHECK(here().bound(n, 1) >= reading_time(n.bytes()));
  CHECK(n.operations() == 2.0 * (64 * 32 + 32 * 10));
  CHECK(n.bytes() == 4.0 * (64 * 32 + 3 * 32 + 32 * 10 + 10));
}
