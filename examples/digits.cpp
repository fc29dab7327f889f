// SPDX-License-Identifier: Apache-2.0
// train on real handwritten digits, prove a bound, certify radii, write digits.safetensors and digits.hpp
//
//   sh examples/run.sh digits --epochs 100 --seed 1 --data examples/data --out build/out
//
// Pixels are scaled to [0, 1]; radii are Euclidean distances between such images. The samples are shuffled once with a
// fixed seed that --seed does not touch, then 1400 train and 397 test; the file's own order, which keeps writers apart,
// is trained and reported as well.
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <taut/taut.hpp>

using namespace taut;

struct Digits : decltype(Input<64> >> Linear<32>(at_most<2.0>) >> LN(min_std<0.25>, gain_at_most<1.0>) >> ReLU >>
                         Linear<10>(at_most<2.0>)) {};

static_assert(Digits::parameter_count == 2474);
static_assert(lipschitz<Digits> <= 16.0);
static_assert(memory<Digits>.weights <= 10 * 1024);

namespace {

constexpr std::size_t training_samples = 1400;
constexpr std::uint64_t shuffle_seed = 20;

struct settings {
  std::size_t epochs = 100;
  std::uint64_t seed = 1;
  double radius = 0.1;
  std::filesystem::path data = TAUT_DATA, out = ".";
  bool quick = false;
};

parameters<Digits> train(const dataset_parts& parts, const settings& s,
                         std::function<void(const epoch_report&)> report) {
  parameters<Digits> p;
  initialise(p, s.seed);
  fit(p, parts.first, batch<32>{},
      {.epochs = s.epochs,
       .learning_rate = 0.1,
       .schedule = cosine_rate,
       .seed = s.seed,
       .on_epoch = std::move(report)},
      sgd{.weight_decay = 1e-4}, margin_loss{.radius = s.radius});
  return p;
}

/// The share of samples that are classified rightly and whose label is proved not to change within the radius.
double certified_accuracy(const guarded<Digits>& guard, const dataset& data, double radius) {
  std::size_t certified = 0;
  for (std::size_t i = 0; i < data.size(); ++i) {
    const auto v = certify(guard, data.input(i));
    certified += v.label == data.labels[i] && v.radius >= radius ? 1 : 0;
  }
  return static_cast<double>(certified) / static_cast<double>(data.size());
}

/// Nanoseconds per inference: the best of 20 rounds of dependent calls.
double time_inference(const engine<Digits>& run, const dataset& data) {
  using clock = std::chrono::steady_clock;
  std::array<float, Digits::input_size> x{};
  std::ranges::copy(data.input(0), x.begin());
  constexpr int calls = 20000;
  double best = 1e30;
  for (int round = 0; round < 20; ++round) {
    const auto start = clock::now();
    for (int i = 0; i < calls; ++i) x[0] = run(x)[0] * 0.001f;  // the next call waits for this one
    best = std::min(best, std::chrono::duration<double, std::nano>(clock::now() - start).count() / calls);
  }
  return best;
}

int run(const settings& s) {
  const csv_table table = read_csv(s.data / "digits.csv.gz");
  const dataset all = labelled_rows(table.values, table.columns, 1.0 / 16);
  const dataset_parts parts = split_at(shuffled(all, shuffle_seed), training_samples);

  std::cout << describe<Digits>() << "\n\n";
  const auto p = train(parts, s, progress_bar(std::cout));

  const auto guard = certifier(p);
  const double test = accuracy(p, parts.rest);
  const auto bound = lipschitz_of(p);
  std::printf("\ntest accuracy                %.4f  (%zu samples)\n", test, parts.rest.size());
  for (const double radius : {0.05, 0.1, 0.25, 0.5})
    std::printf("certified within %-5g       %.4f\n", radius, certified_accuracy(guard, parts.rest, radius));
  std::printf("Lipschitz bound of the type  %.6f\n", lipschitz<Digits>);
  std::printf("Lipschitz bound, weights     %.6f  = %s\n", bound.value, bound.formula.characters);

  const dataset_parts by_writer = split_at(all, training_samples);
  const double other_writers = accuracy(train(by_writer, s, {}), by_writer.rest);
  std::printf("test accuracy, file's order  %.4f  (other writers than in training)\n", other_writers);

  const double ns = time_inference(guard.run, parts.rest);
  std::printf("time per inference           %.1f ns\n", ns);

  std::filesystem::create_directories(s.out);
  save_safetensors(p, s.out / "digits.safetensors");
  header_options header;
  const std::size_t samples_in_header = 8;
  for (std::size_t i = 0; i < samples_in_header; ++i)
    header.test_inputs.insert(header.test_inputs.end(), parts.rest.input(i).begin(), parts.rest.input(i).end());
  write_header(p, s.out / "digits.hpp", header);
  static_cast<void>(load_safetensors<Digits>(s.out / "digits.safetensors"));  // proves the declared norms once more
  std::cout << "wrote " << (s.out / "digits.safetensors").string() << " and " << (s.out / "digits.hpp").string()
            << "\n";

  std::printf("RESULT accuracy=%.4f certified_0.1=%.4f lipschitz=%.6f ns=%.1f weight_bytes=%zu\n", test,
              certified_accuracy(guard, parts.rest, 0.1), bound.value, ns, memory<Digits>.weights);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  settings s;
  CLI::App app{"Trains a normalized network on handwritten digits and proves what it can about it."};
  app.add_option("--epochs", s.epochs, "passes over the training samples")->capture_default_str();
  app.add_option("--seed", s.seed, "of initial weights and sample order, not of the split")->capture_default_str();
  app.add_option("--radius", s.radius, "that is trained for; 0: the accuracy alone")->capture_default_str();
  app.add_option("--data", s.data, "folder with digits.csv.gz")->capture_default_str();
  app.add_option("--out", s.out, "folder for digits.safetensors and digits.hpp")->capture_default_str();
  app.add_flag("--quick", s.quick, "10 epochs");
  CLI11_PARSE(app, argc, argv);
  if (s.quick) s.epochs = 10;
  try {
    return run(s);
  } catch (const std::exception& e) {
    std::cerr << "digits: " << e.what() << "\n";
    return 1;
  }
}
