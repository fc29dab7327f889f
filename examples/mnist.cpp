// SPDX-License-Identifier: Apache-2.0
// train on MNIST for a certified radius, certify the test images
//
//   sh examples/run.sh mnist --data DIR      DIR: t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, plain or .gz
//
// Where DIR also has train-*, these are trained on and t10k tested; else t10k is shuffled once with a fixed seed that
// --seed does not touch, four fifths train and the rest tests. Pixels are scaled to [0, 1]; radii are Euclidean
// distances between such images. Without --data the 8 x 8 digits of examples/data are enlarged and written as such
// files first.
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <random>
#include <taut/taut.hpp>

using namespace taut;
namespace fs = std::filesystem;

constexpr std::size_t side = 28;

struct Mnist : decltype(Input<side * side> >> Linear<256> >> LN(epsilon<1.0>) >> GroupSort<2> >> Linear<128> >>
                        LN(epsilon<1.0>) >> GroupSort<2> >> Linear<10>) {};

namespace {

constexpr std::uint64_t split_seed = 20;

struct settings {
  std::size_t epochs = 120;
  std::uint64_t seed = 1;
  double radius = 0.45;
  fs::path data, out;
  bool quick = false;
};

/// The samples of two IDX files, plain or .gz; none if there are no such files.
std::optional<dataset> read_images(const fs::path& folder, const std::string& set) {
  const auto file = [&](const char* kind) {
    const fs::path plain = folder / (set + kind), compressed = folder / (set + kind + ".gz");
    return fs::exists(plain) ? plain : compressed;
  };
  const fs::path images_file = file("-images-idx3-ubyte"), labels_file = file("-labels-idx1-ubyte");
  if (!fs::exists(images_file)) return std::nullopt;
  const idx_array images = read_idx(images_file), labels = read_idx(labels_file);
  if (images.shape != std::vector<std::size_t>{labels.values.size(), side, side})
    throw std::runtime_error(images_file.string() + " has not one image of 28 x 28 for each label");
  dataset data{array<float, 2>::from_shape({labels.values.size(), side * side}),
               {labels.values.begin(), labels.values.end()}};
  std::ranges::transform(images.values, data.inputs.data(),
                         [](std::uint8_t value) { return static_cast<float>(value) / 255; });
  return data;
}

/// What to train on and what to test with.
dataset_parts read_parts(const fs::path& folder) {
  const std::optional<dataset> test = read_images(folder, "t10k"), train = read_images(folder, "train");
  if (!test) throw std::runtime_error((folder / "t10k-images-idx3-ubyte").string() + " does not exist, nor its .gz");
  if (train) return {*train, *test};
  return split_at(shuffled(*test, split_seed), test->size() / 5 * 4);
}

/// A folder that goes when it is no longer needed.
struct temporary_folder {
  fs::path path = fs::temp_directory_path() / ("taut-mnist-" + std::to_string(std::random_device{}()));
  temporary_folder() { fs::create_directories(path); }
  ~temporary_folder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
  temporary_folder(const temporary_folder&) = delete;
  temporary_folder& operator=(const temporary_folder&) = delete;
};

/// Writes the digits of examples/data as MNIST's files: 8 x 8 pixels of 0 to 16 become 28 x 28 of 0 to 255.
void write_enlarged_digits(const fs::path& folder) {
  constexpr std::size_t small = 8;
  const csv_table table = read_csv(fs::path(TAUT_DATA) / "digits.csv.gz");
  const dataset digits = labelled_rows(table.values, table.columns);
  idx_array images{{digits.size(), side, side}, {}}, labels{{digits.size()}, {}};
  for (std::size_t i = 0; i < digits.size(); ++i) {
    for (std::size_t at = 0; at < side * side; ++at) {
      const float value = digits.input(i)[at / side * small / side * small + at % side * small / side];
      images.values.push_back(static_cast<std::uint8_t>(value * 255 / 16));
    }
    labels.values.push_back(static_cast<std::uint8_t>(digits.labels[i]));
  }
  write_idx(images, folder / "t10k-images-idx3-ubyte.gz");
  write_idx(labels, folder / "t10k-labels-idx1-ubyte.gz");
}

/// The radii of the samples that are classified rightly, -1 for the others.
std::vector<double> certified_radii(const guarded<Mnist>& guard, const dataset& data) {
  std::vector<double> radii;
  for (std::size_t i = 0; i < data.size(); ++i) {
    const auto v = certify(guard, data.input(i));
    radii.push_back(v.label == data.labels[i] ? v.radius : -1);
  }
  return radii;
}

double share_at_least(const std::vector<double>& radii, double radius) {
  const auto count = std::ranges::count_if(radii, [&](double r) { return r >= radius; });
  return static_cast<double>(count) / static_cast<double>(radii.size());
}

/// The time of certify over that of the engine: rounds of each in turn, the best of each.
double certify_cost(const guarded<Mnist>& guard, const dataset& data) {
  using clock = std::chrono::steady_clock;
  const std::size_t count = std::min<std::size_t>(data.size(), 200);
  float sink = 0;
  double best_engine = 1e30, best_certify = 1e30;
  const auto time = [&](double& best, auto&& call) {
    const auto start = clock::now();
    for (std::size_t i = 0; i < count; ++i) sink += call(data.input(i));
    best = std::min(best, std::chrono::duration<double>(clock::now() - start).count());
  };
  for (int round = 0; round < 100; ++round) {
    time(best_engine, [&](std::span<const float> x) { return guard.run(x)[0]; });
    time(best_certify, [&](std::span<const float> x) { return static_cast<float>(certify(guard, x).radius); });
  }
  static_cast<void>(*const_cast<volatile float*>(&sink));
  return best_certify / best_engine;
}

int run(const settings& s) {
  std::optional<temporary_folder> made;
  if (s.data.empty()) write_enlarged_digits(made.emplace().path);
  const dataset_parts parts = read_parts(made ? made->path : s.data);
  std::cout << describe<Mnist>() << "\n\n"
            << (made ? "enlarged 8 x 8 digits" : "MNIST") << ": " << parts.first.size() << " samples train, "
            << parts.rest.size() << " test\n";

  const auto p = std::make_unique<parameters<Mnist>>();
  initialise_orthogonal(*p, s.seed);
  fit(*p, parts.first, batch<64>{},
      {.epochs = s.epochs,
       .learning_rate = 2e-3,
       .schedule = warm_up(0.05, cosine_rate),
       .seed = s.seed,
       .on_epoch = progress_bar(std::cout),
       .augment = shifted(side, side, 1)},
      adamw{.weight_decay = 0.2}, margin_loss{.radius = s.radius});

  const auto guard = std::make_unique<guarded<Mnist>>(certifier(*p));
  const std::vector<double> radii = certified_radii(*guard, parts.rest);
  const auto bound = lipschitz_of(*p);
  std::printf("\ntest accuracy               %.4f  (%zu samples)\n", share_at_least(radii, 0), parts.rest.size());
  for (const double radius : {0.1, 0.3, 0.5, 0.7, 1.0})
    std::printf("certified within %-5g      %.4f\n", radius, share_at_least(radii, radius));
  std::printf("Lipschitz bound, weights    %.6f  = %s\n", bound.value, bound.formula.characters);
  if (!s.out.empty()) {
    fs::create_directories(s.out);
    save_safetensors(*p, s.out / "mnist.safetensors");
    std::cout << "wrote " << (s.out / "mnist.safetensors").string() << "\n";
  }
  std::printf("RESULT accuracy=%.4f certified_0.3=%.4f certified_0.5=%.4f certify_cost=%.3f lipschitz=%.6f\n",
              share_at_least(radii, 0), share_at_least(radii, 0.3), share_at_least(radii, 0.5),
              certify_cost(*guard, parts.rest), bound.value);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  settings s;
  CLI::App app{"Trains a normalized network on MNIST for a certified radius and certifies the test images."};
  app.add_option("--data", s.data, "folder with MNIST's IDX files, plain or .gz");
  app.add_option("--epochs", s.epochs, "passes over the training samples")->capture_default_str();
  app.add_option("--radius", s.radius, "that is trained for; 0: the accuracy alone")->capture_default_str();
  app.add_option("--seed", s.seed, "of initial weights and sample order, not of the split")->capture_default_str();
  app.add_option("--out", s.out, "folder for mnist.safetensors");
  app.add_flag("--quick", s.quick, "8 epochs");
  CLI11_PARSE(app, argc, argv);
  if (s.quick) s.epochs = 8;
  try {
    return run(s);
  } catch (const std::exception& e) {
    std::cerr << "mnist: " << e.what() << "\n";
    return 1;
  }
}
