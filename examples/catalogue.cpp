// SPDX-License-Identifier: Apache-2.0
// train one network with each normalization on handwritten digits: accuracy, proved bound, parameters
//
//   sh examples/run.sh catalogue --epochs 20 --seed 1
//
// The Lipschitz bound of layer, RMS, group and instance norm is that on inputs whose pooled runs keep the declared
// standard deviation; `kept` is the share of test digits that do. The others have a bound for all inputs.
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <taut/taut.hpp>

using namespace taut;

struct Plain : decltype(Input<64> >> Linear<32> >> ReLU >> Linear<10>) {};
struct WithLayerNorm : decltype(Input<64> >> Linear<32> >> LN(min_std<0.25>) >> ReLU >> Linear<10>) {};
struct WithRMSNorm : decltype(Input<64> >> Linear<32> >> RMSNorm(min_std<0.25>) >> ReLU >> Linear<10>) {};
struct WithGroupNorm : decltype(Input<64> >> Linear<32> >> GN<4>(min_std<0.25>) >> ReLU >> Linear<10>) {};
struct WithBatchNorm : decltype(Input<64> >> Linear<32>(no_bias) >> BN >> ReLU >> Linear<10>) {};
struct WithWeightNorm : decltype(Input<64> >> WeightNorm(Linear<32>) >> ReLU >> Linear<10>) {};
struct WithCenteredWeightNorm : decltype(Input<64> >> CenteredWeightNorm(Linear<32>) >> ReLU >> Linear<10>) {};
struct WithSpectralNorm
    : decltype(Input<64> >> SpectralNorm<2.0>(Linear<32>) >> ReLU >> SpectralNorm<2.0>(Linear<10>)) {};
struct ConvWithInstanceNorm : decltype(Input<1, 8, 8> >> Conv2d<8, 3>(padding<1>, no_bias) >>
                                       InstanceNorm(min_std<0.25>) >> ReLU >> MaxPool<2> >> Flatten >> Linear<10>) {};
struct ConvWithBatchNorm : decltype(Input<1, 8, 8> >> Conv2d<8, 3>(padding<1>, no_bias) >> BN >> ReLU >> MaxPool<2> >>
                                    Flatten >> Linear<10>) {};

static_assert(advice<WithLayerNorm>.empty() && advice<WithGroupNorm>.empty() && advice<WithWeightNorm>.empty());
static_assert(advice<WithBatchNorm, batch<32>>.empty() && advice<ConvWithBatchNorm, batch<32>>.empty());
static_assert(lipschitz<WithSpectralNorm> <= 4.0);  // whatever the weights are

namespace {

struct settings {
  std::size_t epochs = 20;
  std::uint64_t seed = 1;
  std::filesystem::path data = TAUT_DATA;
  bool quick = false;
};

struct summary {
  std::size_t networks = 0;
  double least_accuracy = 1, least_bound = rounded::infinity;
};

/// Trains Net, prints its line of the table, and adds it to the summary.
template <class Net> void line(const char* name, const dataset_parts& digits, const settings& s, summary& all) {
  parameters<Net> p;
  initialise_orthogonal(p, s.seed, std::sqrt(2.0));
  const auto start = std::chrono::steady_clock::now();
  fit(p, digits.first, batch<32>{},
      {.epochs = s.epochs, .learning_rate = 0.01, .schedule = cosine_rate, .seed = s.seed}, adamw{});
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();

  const double right = accuracy(p, digits.rest), bound = lipschitz_of(p).value;
  const auto guard = certifier(p);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < digits.rest.size(); ++i) kept += certify(guard, digits.rest.input(i)).contract_holds;
  std::printf("%-24s %8.4f %10.3f %6.0f %% %10zu %10.2f\n", name, right, bound,
              100 * static_cast<double>(kept) / static_cast<double>(digits.rest.size()), Net::parameter_count,
              1e6 * seconds / static_cast<double>(s.epochs * digits.first.size()));
  ++all.networks;
  all.least_accuracy = std::min(all.least_accuracy, right);
  all.least_bound = std::min(all.least_bound, bound);
}

int run(const settings& s) {
  const csv_table table = read_csv(s.data / "digits.csv.gz");
  const dataset_parts digits = split_at(shuffled(labelled_rows(table.values, table.columns, 1.0 / 16), 20), 1400);
  std::printf("%-24s %8s %10s %8s %10s %10s\n", "normalization", "accuracy", "Lipschitz", "kept", "parameters",
              "us/sample");
  summary all;
  line<Plain>("none", digits, s, all);
  line<WithLayerNorm>("LayerNorm", digits, s, all);
  line<WithRMSNorm>("RMSNorm", digits, s, all);
  line<WithGroupNorm>("GroupNorm<4>", digits, s, all);
  line<WithBatchNorm>("BatchNorm", digits, s, all);
  line<WithWeightNorm>("WeightNorm", digits, s, all);
  line<WithCenteredWeightNorm>("CenteredWeightNorm", digits, s, all);
  line<WithSpectralNorm>("SpectralNorm<2>", digits, s, all);
  line<ConvWithInstanceNorm>("Conv2d, InstanceNorm", digits, s, all);
  line<ConvWithBatchNorm>("Conv2d, BatchNorm", digits, s, all);
  std::printf("RESULT networks=%zu least_accuracy=%.4f least_lipschitz=%.4f\n", all.networks, all.least_accuracy,
              all.least_bound);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  settings s;
  CLI::App app{"Trains one network with each normalization on handwritten digits."};
  app.add_option("--epochs", s.epochs, "passes over the training samples")->capture_default_str();
  app.add_option("--seed", s.seed, "of initial weights and sample order, not of the split")->capture_default_str();
  app.add_option("--data", s.data, "folder with digits.csv.gz")->capture_default_str();
  app.add_flag("--quick", s.quick, "3 epochs");
  CLI11_PARSE(app, argc, argv);
  if (s.quick) s.epochs = 3;
  try {
    return run(s);
  } catch (const std::exception& e) {
    std::cerr << "catalogue: " << e.what() << "\n";
    return 1;
  }
}
