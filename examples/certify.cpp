// SPDX-License-Identifier: Apache-2.0
// a network's Lipschitz constant by every method: product, rescaled, semidefinite, and a sampled lower bound
//
//   certify --net random --weights random.safetensors          LipSDP's ReLU networks: random (2-10-30-20-2) and
//   certify --net mnist --weights mnist.safetensors            mnist (784-50-10)
//   certify --net digits_ln --weights digits_ln.safetensors --inputs digits_ln.vectors.safetensors
//
// The networks with layer norm, digits_ln (64-32-10) and mnist_ln (784-128-64-10), are bounded for several declared
// floors min_std; RESULT is of the first. --inputs names samples ("input") that the sampling starts from; of these the
// smallest std at each normalizer and the share that keeps the floors are printed. Without --weights they are random.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <memory>
#include <taut/taut.hpp>

using namespace taut;

namespace {

struct Random : decltype(Input<2> >> Linear<10> >> ReLU >> Linear<30> >> ReLU >> Linear<20> >> ReLU >> Linear<2>) {};
struct Mnist : decltype(Input<784> >> Linear<50> >> ReLU >> Linear<10>) {};
template <double Floor> struct DigitsLn
    : decltype(Input<64> >> Linear<32> >> LN(min_std<Floor>) >> ReLU >> Linear<10>) {};
template <double First, double Second> struct MnistLn
    : decltype(Input<784> >> Linear<128> >> LN(min_std<First>) >> ReLU >> Linear<64> >> LN(min_std<Second>) >> ReLU >>
               Linear<10>) {};

struct settings {
  std::string net = "random";
  std::filesystem::path weights, inputs;
  std::size_t random_starts = 16, steps = 600, data_starts = 8;
  std::uint64_t seed = 1;
  bool quick = false;
};

std::vector<float> samples_in(const std::filesystem::path& path, std::size_t width) {
  if (path.empty()) return {};
  const auto file = safetensors_file::read(path);
  const stored_tensor* const found = file.find("input");
  if (found == nullptr || found->dtype != "F32" || found->bytes.size() % (width * sizeof(float)) != 0)
    throw load_error(path.string(), "input", "F32 samples of " + std::to_string(width) + " numbers", "none");
  std::vector<float> values(found->bytes.size() / sizeof(float));
  std::memcpy(values.data(), found->bytes.data(), found->bytes.size());
  return values;
}

/// Prints the declared floors beside the smallest stds of samples.
template <class Net> void print_floors(const parameters<Net>& p, const std::vector<float>& samples) {
  std::array<double, Net::depth> floor{}, least{};
  bool any = false;
  base::for_each_index<Net::depth>([&]<std::size_t I>() {
    floor[I] = declared_floor<layer_of<Net, I>>(), least[I] = rounded::infinity;
    any = any || floor[I] > 0;
  });
  if (!any) return;
  const auto run = std::make_unique<engine<Net>>();
  compile(p, *run);
  std::size_t kept = 0, count = samples.size() / Net::input_size;
  for (std::size_t s = 0; s < count; ++s) {
    bool holds = true;
    (*run)(std::span<const float, Net::input_size>(&samples[s * Net::input_size], Net::input_size),
           [&](std::size_t layer, float std) {
             least[layer] = std::min(least[layer], static_cast<double>(std));
             holds = holds && static_cast<double>(std) >= floor[layer];
           });
    kept += holds ? 1 : 0;
  }
  for (std::size_t i = 0; i < Net::depth; ++i)
    if (floor[i] > 0) std::printf("layer %zu: min_std %g, least of %zu samples %.4f\n", i, floor[i], count, least[i]);
  if (count > 0) std::printf("%zu of %zu samples keep the floors\n", kept, count);
}

template <class Net> table_of_bounds<Net> print_bounds(const settings& s) {
  const auto p = std::make_unique<parameters<Net>>();
  if (s.weights.empty()) initialise(*p, s.seed);
  else load_safetensors(s.weights, *p);
  const auto samples = samples_in(s.inputs, Net::input_size);
  print_floors(*p, samples);
  const std::size_t used = std::min(samples.size(), s.data_starts * Net::input_size);
  const auto table = lipschitz_bounds(*p, {.starts = std::span(samples).first(used),
                                           .random_starts = s.random_starts,
                                           .steps = s.quick ? 20 : s.steps,
                                           .seed = s.seed});
  for (const named_bound& row : table.rows)
    std::printf("%-13s %12.6f  %7.3f s\n", row.name.data(), row.value, row.seconds);
  std::printf("%-13s %12.6f  %7.3f s  a lower bound\n", "sampled", table.sampled.value, table.sampled.seconds);
  std::printf("least: %.6f = %s, %.3f times what was sampled, %.3f times below the naive product\n\n", table.best.value,
              table.best.formula.characters, table.best.value / table.sampled.value,
              table.value("naive") / table.best.value);
  return table;
}

/// All given networks, the same but for their floors; the result of the first.
template <class Net, class... Others> void run(const settings& s) {
  const auto table = print_bounds<Net>(s);
  if (!s.quick) (print_bounds<Others>(s), ...);
  std::printf("RESULT naive=%.6f product=%.6f rescaled=%.6f absolute=%.6f semidefinite=%.6f sampled=%.6f\n",
              table.value("naive"), table.value("product"), table.value("rescaled"), table.value("absolute"),
              table.value("semidefinite"), table.sampled.value);
}

}  // namespace

int main(int argc, char** argv) {
  settings s;
  CLI::App app{"Bounds the Lipschitz constant of a network by every method."};
  app.add_option("--net", s.net, "random, mnist, digits_ln or mnist_ln")->capture_default_str();
  app.add_option("--weights", s.weights, "a safetensors file; random weights without it");
  app.add_option("--inputs", s.inputs, "a safetensors file whose tensor 'input' holds samples to start from");
  app.add_option("--starts", s.random_starts, "random starts of the sampling")->capture_default_str();
  app.add_option("--samples", s.data_starts, "samples of --inputs to start from")->capture_default_str();
  app.add_option("--steps", s.steps, "of ascent from each start")->capture_default_str();
  app.add_option("--seed", s.seed, "of the sampling, and of random weights")->capture_default_str();
  app.add_flag("--quick", s.quick, "20 steps, one floor");
  CLI11_PARSE(app, argc, argv);
  try {
    if (s.net == "random") run<Random>(s);
    else if (s.net == "mnist") run<Mnist>(s);
    else if (s.net == "digits_ln") run<DigitsLn<0.125>, DigitsLn<0.25>, DigitsLn<0.5>>(s);
    else if (s.net == "mnist_ln") run<MnistLn<0.6, 0.34>, MnistLn<0.5, 0.5>>(s);
    else throw std::invalid_argument("no network of this name: " + s.net);
  } catch (const std::exception& e) {
    std::cerr << "certify: " << e.what() << "\n";
    return 1;
  }
}
