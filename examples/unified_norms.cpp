// SPDX-License-Identifier: Apache-2.0
// eight normalizers and none on the same data: convergence, usable learning rates, initialization, batches, robustness
//
//   sh examples/run.sh unified_norms --seed 1 --data DIR --out build/out
//
// Perceptrons on the digits (none, BN, LN, GN, RMS, weight norm, centred weight norm, spectral norm), convolutions on
// the digits and on block averages of CIFAR (instance norm, too). --data DIR: the folder of CIFAR's files; those of
// CIFAR-100 count where they are there. What the numbers say is in docs/unified_norms.md.
#include <numbers>

#include "laboratory/data.hpp"
#include "laboratory/experiment.hpp"
#include "unified_norms/figures.hpp"
#include "unified_norms/trials.hpp"

using namespace taut;
using namespace unified;
using laboratory::median, laboratory::table;

namespace {

constexpr double wanted = 0.9;  // of test accuracy on the digits, where a learning rate is called usable

/// Learning rates: accuracy against the rate as it is, with warm-up, with clipping, with both. Returns the best rate of
/// each net as it is.
std::vector<double> sweep_rates(const std::vector<contender>& nets, const dataset_parts& data, const settings& s,
                                const laboratory::experiment& e, keys& result) {
  const std::vector<double> rates = s.quick ? geometric(0.0125, 12.8, 8) : geometric(0.0015625, 51.2, 2);
  const recipe base{.epochs = s.quick ? 4u : 20u};
  std::vector<recipe> variants(4, base);
  variants[1].warm_up = variants[3].warm_up = 0.2;
  variants[2].max_norm = variants[3].max_norm = 1;
  const char* const names[] = {"", "_warm", "_clip", "_both"};
  std::vector<double> chosen, ranges;
  table largest({"norm", "plain", "warm", "clip", "both"});
  std::vector<std::vector<laboratory::value>> limits(nets.size());
  std::printf("largest usable rate (test accuracy >= %g): as it is, with warm-up, with clipping, with both\n", wanted);
  for (std::size_t v = 0; v < 4; ++v) {
    const std::vector<swept> found = swept_over(rates, variants[v], nets, data, s);
    table accuracy = by_net("rate", nets);
    for (std::size_t r = 0; r < rates.size(); ++r) {
      std::vector<laboratory::value> row{rates[r]};
      for (const swept& net : found) row.push_back(net.found[r].accuracy());
      accuracy.add(row);
    }
    e.write(std::string("unified_norms_rates") + names[v], accuracy);
    for (std::size_t n = 0; n < nets.size(); ++n) {
      const rate_sweep tried = found[n].accuracies();
      const double limit = largest_usable(tried, wanted);
      if (v == 0) {
        chosen.push_back(rates[found[n].best()]), ranges.push_back(usable_range(tried, wanted));
        limits[n].push_back(nets[n].norm);
      }
      limits[n].push_back(limit);
      if (v == 0 || v == 3)
        result.emplace_back(std::string("largest_rate") + names[v] + "_" + lower(nets[n].norm), limit);
    }
  }
  for (std::size_t n = 0; n < nets.size(); ++n) {
    largest.add(limits[n]);
    std::printf("  %-5s %8s %8s %8s %8s   best %-8g usable over a factor of %g\n", nets[n].norm.c_str(),
                limits[n][1].text.c_str(), limits[n][2].text.c_str(), limits[n][3].text.c_str(),
                limits[n][4].text.c_str(), chosen[n], ranges[n]);
  }
  e.write("unified_norms_largest_rates", largest);
  return chosen;
}

/// Test accuracy after each epoch, each net at the rate of its smallest training loss.
std::vector<repeated> converge(const std::string& name, const std::vector<contender>& nets,
                               const std::vector<double>& rates, std::size_t epochs, double goal,
                               const dataset_parts& data, const settings& s, const laboratory::experiment& e,
                               keys& result) {
  std::vector<recipe> recipes;
  for (const double rate : rates) recipes.push_back({.rate = rate, .epochs = epochs, .every_epoch = true});
  const auto found = trained(each(nets, recipes), data, s);
  table curves = by_net("epoch", nets);
  std::vector<std::size_t> reached(nets.size(), 0);
  for (std::size_t epoch = 0; epoch < epochs; ++epoch) {
    std::vector<laboratory::value> row{epoch + 1};
    for (std::size_t n = 0; n < nets.size(); ++n) {
      const double accuracy =
          median(found[n].runs, [&](const outcome& o) { return o.diverged() ? 0 : o.moments[epoch].test_accuracy; });
      row.push_back(accuracy);
      if (reached[n] == 0 && accuracy >= goal) reached[n] = epoch + 1;
    }
    curves.add(row);
  }
  e.write("unified_norms_" + name, curves);
  std::printf("\n%s: test accuracy at the best rate, epochs until %g (0: never)\n", name.c_str(), goal);
  for (std::size_t n = 0; n < nets.size(); ++n) {
    std::printf("  %-5s %.4f  %zu   rate %g\n", nets[n].norm.c_str(), found[n].accuracy(), reached[n], rates[n]);
    result.emplace_back((name == "digits" ? "accuracy" : name) + "_" + lower(nets[n].norm), found[n].accuracy());
    if (name == "digits") result.emplace_back("epochs_" + lower(nets[n].norm), reached[n]);
  }
  return found;
}

/// Accuracy against the scale of the initial weights.
void initializations(const std::vector<contender>& nets, const std::vector<double>& rates, const dataset_parts& data,
                     const settings& s, const laboratory::experiment& e, keys& result) {
  const std::vector<double> scales = s.quick ? geometric(0.1, 10, 10) : geometric(0.1, 10, std::pow(10.0, 0.25));
  table accuracy = by_net("scale", nets);
  std::vector<double> worst(nets.size(), 1);
  for (const double scale : scales) {
    std::vector<recipe> recipes;
    for (const double rate : rates)
      recipes.push_back({.rate = rate, .epochs = s.quick ? 4u : 20u, .weight_scale = scale});
    const auto found = trained(each(nets, recipes), data, s);
    std::vector<laboratory::value> row{scale};
    for (std::size_t n = 0; n < nets.size(); ++n) {
      row.push_back(found[n].accuracy());
      worst[n] = std::min(worst[n], found[n].accuracy());
    }
    accuracy.add(row);
  }
  e.write("unified_norms_scales", accuracy);
  std::printf("\nworst accuracy with initial weights 0.1 to 10 times as large\n");
  for (std::size_t n = 0; n < nets.size(); ++n) {
    std::printf("  %-5s %.4f\n", nets[n].norm.c_str(), worst[n]);
    result.emplace_back("worst_scale_" + lower(nets[n].norm), worst[n]);
  }
}

/// Accuracy against the size of the batch, at the rate of the smallest training loss.
void batches(const dataset_parts& data, const settings& s, const laboratory::experiment& e, keys& result) {
  const auto nets = perceptrons_in_batches();
  const std::vector<double> rates = s.quick ? std::vector{0.01} : geometric(0.0025, 0.64, 4);
  const std::vector<swept> found = swept_over(rates, {.epochs = s.quick ? 1u : 10u}, nets, data, s);
  table accuracy({"batch", "accuracy", "norm", "rate"});
  std::printf("\naccuracy by size of the batch\n");
  for (std::size_t n = 0; n < nets.size(); ++n) {
    if (n > 0 && nets[n].norm != nets[n - 1].norm) accuracy.separate(), accuracy.separate();
    const std::size_t r = found[n].best();
    const double reached = found[n].found[r].accuracy();
    accuracy.add({nets[n].batch, reached, nets[n].norm, rates[r]});
    std::printf("  %-5s %4zu  %.4f   rate %g\n", nets[n].norm.c_str(), nets[n].batch, reached, rates[r]);
    if (nets[n].batch == 2 || nets[n].batch == 256)
      result.emplace_back(lower(nets[n].norm) + "_batch" + std::to_string(nets[n].batch), reached);
  }
  e.write("unified_norms_batches", accuracy);
}

/// Certified and attacked accuracy of the networks that converged.
void robustness(const std::vector<contender>& nets, const std::vector<repeated>& converged, const dataset_parts& data,
                const settings& s, const laboratory::experiment& e, keys& result) {
  const std::vector<double> radii = s.quick ? std::vector{0.05, 0.4} : geometric(0.0125, 1.6, 2);
  std::vector<std::vector<examined>> seen(nets.size(), std::vector<examined>(s.seeds));
  in_parallel(nets.size() * s.seeds, [&](std::size_t job) {
    const std::size_t n = job / s.seeds, seed = job % s.seeds;
    const outcome& run = converged[n].runs[seed];
    if (run.diverged()) throw std::runtime_error(nets[n].norm + " diverged at its best rate");
    seen[n][seed] = examine(nets[n].at_inference, run.moments.back().weights, data.rest, radii, s.quick ? 10 : 40);
  });
  std::vector<std::string> columns{"radius"};
  for (const contender& c : nets) columns.push_back(c.norm + " certified"), columns.push_back(c.norm + " attacked");
  table accuracy(columns);
  double worst = -1;
  for (std::size_t r = 0; r < radii.size(); ++r) {
    std::vector<laboratory::value> row{radii[r]};
    for (std::size_t n = 0; n < nets.size(); ++n) {
      row.push_back(median(seen[n], [&](const examined& x) { return x.certified[r]; }));
      row.push_back(median(seen[n], [&](const examined& x) { return x.attacked[r]; }));
      for (const examined& x : seen[n]) {
        worst = std::max(worst, x.certified[r] - x.attacked[r]);
        if (!x.consistent) throw std::logic_error(nets[n].norm + ": an attack succeeded inside a certified ball");
      }
    }
    accuracy.add(row);
  }
  e.write("unified_norms_robust", accuracy);
  const auto at = [&](double radius) {
    return static_cast<std::size_t>(
        std::ranges::min_element(radii, {}, [&](double r) { return std::abs(r - radius); }) - radii.begin());
  };
  const std::size_t small = at(0.05), large = at(0.4);
  std::printf("\ncertified and attacked accuracy at %g and %g; correlation of slopes and gain/std over the samples\n",
              radii[small], radii[large]);
  for (std::size_t n = 0; n < nets.size(); ++n) {
    const double certified = median(seen[n], [&](const examined& x) { return x.certified[small]; }),
                 attacked = median(seen[n], [&](const examined& x) { return x.attacked[large]; }),
                 correlation = median(seen[n], [](const examined& x) { return x.correlation; });
    std::printf("  %-5s %.4f <= %.4f   %.4f <= %.4f   %.2f\n", nets[n].norm.c_str(), certified,
                median(seen[n], [&](const examined& x) { return x.attacked[small]; }),
                median(seen[n], [&](const examined& x) { return x.certified[large]; }), attacked, correlation);
    result.emplace_back("certified_0.05_" + lower(nets[n].norm), certified);
    result.emplace_back("attacked_0.4_" + lower(nets[n].norm), attacked);
    if (nets[n].at_inference != form::plain) result.emplace_back("correlation_" + lower(nets[n].norm), correlation);
  }
  result.emplace_back("worst_certified_minus_attacked", worst);
}

/// Weights, gain/std and slopes while a network trains on without weight decay at the same constant rate.
void growth(const std::vector<contender>& nets, const dataset_parts& data, const settings& s,
            const laboratory::experiment& e, keys& result) {
  const std::size_t epochs = s.quick ? 4 : 64;
  const auto found =
      trained(every(nets, {{.rate = 0.1, .epochs = epochs, .constant_rate = true, .every_epoch = true}}), data, s);
  table seen({"epoch", "weights", "ratio", "slope", "norm"});
  std::printf(
      "\nfrom epoch 1 to %zu at rate 0.1: weights below the last layer, gain/std and |d margin / d x| grow by\n",
      epochs);
  for (std::size_t n = 0; n < nets.size(); ++n) {
    if (n > 0) seen.separate(), seen.separate();
    double first[3]{}, last[3]{};
    for (std::size_t epoch = 1; epoch <= epochs; epoch *= 2) {
      const auto at = [&](const outcome& o) -> const moment& { return o.moments[epoch - 1]; };
      std::vector<double> length, ratio, slope;
      for (const outcome& run : found[n].runs) {
        if (run.diverged()) continue;
        const examined x = examine(nets[n].at_inference, at(run).weights, data.rest, {}, 0);
        length.push_back(at(run).weight_length);
        ratio.push_back(x.ratio * at(run).fixed_ratio), slope.push_back(x.slope);
      }
      if (length.empty()) throw std::runtime_error(nets[n].norm + " diverges at rate 0.1");
      last[0] = median(length), last[1] = median(ratio), last[2] = median(slope);
      if (epoch == 1) std::ranges::copy(last, first);
      seen.add({epoch, last[0], last[1], last[2], nets[n].norm});
    }
    std::printf("  %-5s %6.2f %8.3f %8.2f\n", nets[n].norm.c_str(), last[0] / first[0], last[1] / first[1],
                last[2] / first[2]);
    result.emplace_back("weights_grow_" + lower(nets[n].norm), last[0] / first[0]);
  }
  e.write("unified_norms_growth", seen);
}

/// Points of R^3 on the circle of LN and the sphere of RMS norm; points of R^6 on the two circles of GN<2>, by the
/// angle on each.
void spheres(const settings& s, const laboratory::experiment& e) {
  base::random_stream random(s.seed);
  std::vector<double> three(3 * 100), six(6 * 400);
  for (double& v : three) v = random.normal();
  for (double& v : six) v = random.normal();
  const auto on_circle = projected(form::layer_norm, three), on_sphere = projected(form::rms_norm, three),
             on_circles = projected(form::group_norm, six);
  table points({"x", "y", "z", "ln x", "ln y", "ln z", "rms x", "rms y", "rms z"});
  for (std::size_t i = 0; i < three.size(); i += 3) {
    std::vector<laboratory::value> row;
    for (const auto& set : {three, on_circle, on_sphere})
      for (std::size_t k = 0; k < 3; ++k) row.push_back(set[i + k]);
    points.add(row);
  }
  e.write("unified_norms_sphere", points);
  // In the plane of mean 0, (1, -1, 0) and (1, 1, -2) are orthogonal: the angle on a circle is that of the two.
  table angles({"first", "second"});
  for (std::size_t i = 0; i < on_circles.size(); i += 6) {
    double angle[2];
    for (std::size_t g = 0; g < 2; ++g) {
      const double* const z = &on_circles[i + 3 * g];
      angle[g] = std::atan2((z[0] + z[1] - 2 * z[2]) / std::sqrt(6.0), (z[0] - z[1]) / std::numbers::sqrt2);
    }
    angles.add({angle[0], angle[1]});
  }
  e.write("unified_norms_torus", angles);
}

/// The digits as images with three equal channels, as gray images are given to networks of colour images.
dataset in_colour(const dataset& gray) {
  const std::size_t pixels = gray.features();
  dataset images{array<float, 2>::from_shape({gray.size(), 3 * pixels}), gray.labels};
  for (std::size_t i = 0; i < gray.size(); ++i)
    for (std::size_t k = 0; k < 3 * pixels; ++k) images.inputs(i, k) = gray.inputs(i, k % pixels);
  return images;
}

/// Block averages of 4 x 4 pixels, about 0 and 1 in size.
dataset averaged(const dataset& images, std::size_t count) {
  dataset small = split_at(laboratory::block_averages(images, {3, 32, 32}, 4), std::min(count, images.size())).first;
  for (float& v : small.inputs) v = (v - 0.5f) * 4;
  return small;
}

/// Convolutions on images: rates, then convergence at the best.
void images(const std::string& name, double goal, std::size_t epochs, const dataset_parts& data, const settings& s,
            const laboratory::experiment& e, keys& result) {
  const auto nets = image_networks();
  const std::vector<double> rates = s.quick ? std::vector{0.05} : geometric(0.003125, 12.8, 4);
  settings once = s;
  once.seeds = 1;
  const std::size_t sweep_epochs = s.quick ? 1 : epochs / 2;
  const std::vector<swept> found = swept_over(rates, {.epochs = sweep_epochs}, nets, data, once);
  std::vector<double> chosen;
  std::printf("\n%s: largest rate tried that reaches %g in %zu epochs\n ", name.c_str(), goal, sweep_epochs);
  for (std::size_t n = 0; n < nets.size(); ++n) {
    chosen.push_back(rates[found[n].best()]);
    std::printf(" %s %g", nets[n].norm.c_str(), largest_usable(found[n].accuracies(), goal));
  }
  std::printf("\n");
  converge(name, nets, chosen, s.quick ? 1 : epochs, goal, data, s, e, result);
}

void run(const laboratory::experiment& e, settings s) {
  s.seed = e.seed, s.quick = e.quick;
  if (s.quick) s.seeds = 1;
  keys result;
  const dataset_parts parts = split_at(laboratory::digits(), 1400);
  const auto nets = perceptrons();
  const auto rates = sweep_rates(nets, parts, s, e, result);
  const auto converged = converge("digits", nets, rates, s.quick ? 4 : 30, 0.95, parts, s, e, result);
  initializations(nets, rates, parts, s, e, result);
  batches(parts, s, e, result);
  growth(nets, parts, s, e, result);
  robustness(nets, converged, parts, s, e, result);
  spheres(s, e);
  images("conv", 0.95, 20, {in_colour(parts.first), in_colour(parts.rest)}, s, e, result);

  const auto large = laboratory::cifar100_superclasses(s.data);
  const auto cifar = large ? large : laboratory::cifar(s.data);
  if (cifar) {
    const std::size_t few = s.quick ? 256 : 5000;
    images("cifar", large ? 0.2 : 0.4, 12, {averaged(cifar->train, few), averaged(cifar->test, few / 5)}, s, e, result);
    result.emplace_back("cifar_classes", large ? "20" : "10");
  } else {
    std::printf("\nno images of CIFAR in %s (--data DIR says where they are): that part is skipped\n",
                s.data.string().c_str());
    result.emplace_back("skipped", "cifar");
  }
  draw_all(e, cifar.has_value());
  e.result(result);
}

}  // namespace

int main(int argc, char** argv) {
  settings s;
  laboratory::experiment e{"unified_norms", "Trains networks that differ in their normalizers on the same data."};
  e.options.add_option("--data", s.data, "folder with the files of CIFAR-10 or CIFAR-100")
      ->check(CLI::ExistingDirectory);
  return e.main(argc, argv, [&] { run(e, s); });
}
