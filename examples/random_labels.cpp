// SPDX-License-Identifier: Apache-2.0
// how many random labels linear classifiers, LN-Nets and grouped LN-Nets can learn, and how nonlinear those are
//
//   sh examples/run.sh random_labels --dataset cifar --seed 2
//
// All networks are Linear<32> >> N >> Linear<32> >> N >> Linear<10>, N nothing, LN or GN<g>: no other nonlinearity.
// They see whitened features, which changes nothing for linear classifiers. What counts is the accuracy on the labels
// that they were trained on. MNIST: the 10,000 test images, 784 pixels. CIFAR-10: 5,000 images as 8 x 8 x 3 block
// averages. In RESULT linear, ln_net and ln_g are of the data set where LN-Net leads by least; each has its own keys as
// well. Digits, padded with zeros to 192 features, stand in where these are absent and with --quick.
#include <algorithm>
#include <memory>
#include <optional>

#include "laboratory/data.hpp"
#include "laboratory/experiment.hpp"

using namespace taut;

namespace {

constexpr std::size_t width = 32, classes = 10, batch_size = 100;
constexpr std::size_t no_normalizer = 0, one_group = 1;

template <std::size_t Groups> constexpr auto normalizer_of() {
  if constexpr (Groups == one_group) return LN;
  else return GN<Groups>;
}
template <std::size_t Features, std::size_t Groups> constexpr auto network_of() {
  if constexpr (Groups == no_normalizer) return Input<Features> >> Linear<width> >> Linear<width> >> Linear<classes>;
  else
    return Input<Features> >> Linear<width> >> normalizer_of<Groups>() >> Linear<width> >> normalizer_of<Groups>() >>
           Linear<classes>;
}
template <std::size_t Groups> constexpr auto image_network() {
  return Input<1, 8, 8> >> Conv2d<16, 3>(padding<1>) >> normalizer_of<Groups>() >> ReLU >> MaxPool<2> >> Flatten >>
         Linear<classes>;
}

struct settings {
  std::string dataset = "both";
  std::filesystem::path data = laboratory::data_folder;
  bool raw = false;
};

/// A data set with random labels.
struct task {
  std::string name;
  dataset data;
  std::size_t epochs;
};

/// What a trained network came to.
struct outcome {
  std::size_t groups;
  double accuracy;
  double nonlinearity_before, nonlinearity_after;  ///< median H of an input, before and after training
  double hidden_ratio;                             ///< LSSR of what the last linear layer takes
};

/// Whole batches with labels drawn at random.
dataset with_random_labels(const dataset& all, std::uint64_t seed) {
  dataset data = split_at(all, all.size() / batch_size * batch_size).first;
  base::random_stream random(seed);
  for (std::size_t& label : data.labels) label = random.below(classes);
  return data;
}

dataset padded(const dataset& data, std::size_t features) {
  dataset wide{array<float, 2>::from_shape({data.size(), features}), data.labels};
  std::fill_n(wide.inputs.data(), data.size() * features, 0.0f);
  for (std::size_t i = 0; i < data.size(); ++i) std::ranges::copy(data.input(i), wide.inputs.data() + i * features);
  return wide;
}

/// The median of H over some inputs: of its mean nothing can be said, since 1 / s^4 has none over groups of 5 or fewer
/// normal elements.
template <class Net> double median_nonlinearity(const parameters<Net>& p, const dataset& data) {
  constexpr std::size_t inputs = 64, rounds = 4;
  std::vector<double> each(inputs);
  for (std::size_t i = 0; i < inputs; ++i) each[i] = nonlinearity_estimate(p, data.input(i), rounds, i);
  return laboratory::median(each);
}

/// LSSR of what the last layer takes.
template <class Net> double hidden_ratio(parameters<Net>& p, const dataset& data) {
  tape<Net, batch<batch_size>> record;
  std::vector<double> hidden;
  std::vector<std::size_t> labels;
  for (std::size_t first = 0; first + batch_size <= data.size(); first += batch_size) {
    record.load([&](std::size_t sample) { return data.input(first + sample).data(); });
    record.forward(p);
    for (std::size_t i = 0; i < batch_size; ++i) {
      float lanes[record.width];
      for (std::size_t k = 0; k < width; ++k) {
        simd::store(record.input(Net::depth - 1, i / record.width)[k], lanes);
        hidden.push_back(static_cast<double>(lanes[i % record.width]));
      }
      labels.push_back(data.labels[first + i]);
    }
  }
  return linear_sum_of_squares_ratio(hidden, width, labels).ratio;
}

template <std::size_t Features, std::size_t Groups> outcome memorize(const task& t, std::uint64_t seed) {
  using Net = decltype(network_of<Features, Groups>());
  const auto p = std::make_unique<parameters<Net>>();
  initialise(*p, seed);
  outcome o{Groups, 0, median_nonlinearity(*p, t.data), 0, 0};
  fit(*p, t.data, batch<batch_size>{},
      {.epochs = t.epochs, .learning_rate = 0.02, .schedule = cosine_rate, .seed = seed}, adamw{.weight_decay = 0});
  o.accuracy = accuracy(*p, t.data);
  o.nonlinearity_after = median_nonlinearity(*p, t.data);
  o.hidden_ratio = hidden_ratio(*p, t.data);
  std::printf("%-8s %7zu %9.4f %12.4g %12.4g %9.4f\n", t.name.c_str(), Groups, o.accuracy, o.nonlinearity_before,
              o.nonlinearity_after, o.hidden_ratio);
  std::fflush(stdout);
  return o;
}

/// What there is to say about one data set.
struct comparison {
  std::string name;
  linear_reference linear;
  double input_ratio;             ///< LSSR of the inputs
  std::vector<outcome> outcomes;  ///< without a normalizer, with LN, then by groups

  [[nodiscard]] double linear_net() const { return outcomes[0].accuracy; }
  [[nodiscard]] double ln_net() const { return outcomes[1].accuracy; }
  /// The best grouping.
  [[nodiscard]] const outcome& ln_g() const {
    return *std::max_element(outcomes.begin() + 2, outcomes.end(),
                             [](const outcome& a, const outcome& b) { return a.accuracy < b.accuracy; });
  }
};

template <std::size_t Features> comparison study(task t, bool raw, std::uint64_t seed) {
  std::printf("%s: %zu samples of %zu features, %zu epochs\n", t.name.c_str(), t.data.size(), t.data.features(),
              t.epochs);
  comparison f{t.name, best_linear_classifier(t.data), 0, {}};
  std::printf("least squares %.4f, logistic regression %.4f after %zu steps\n", f.linear.least_squares_accuracy,
              f.linear.logistic_accuracy, f.linear.logistic.iterations);
  if (!raw) t.data = whitened(t.data);
  const std::vector<double> points(t.data.inputs.data(), t.data.inputs.data() + t.data.size() * Features);
  f.input_ratio = linear_sum_of_squares_ratio(points, Features, t.data.labels).ratio;
  std::printf("LSSR of the inputs %.4f\n%-8s %7s %9s %12s %12s %9s\n", f.input_ratio, "", "groups", "accuracy",
              "H untrained", "H trained", "LSSR");
  f.outcomes = {memorize<Features, no_normalizer>(t, seed),
                memorize<Features, one_group>(t, seed),
                memorize<Features, 2>(t, seed),
                memorize<Features, 4>(t, seed),
                memorize<Features, 8>(t, seed),
                memorize<Features, 16>(t, seed)};
  return f;
}

std::vector<comparison> study_all(const laboratory::experiment& e, const settings& s, std::string& skipped) {
  std::vector<comparison> all;
  const auto skip = [&](const std::string& name) {
    if (s.dataset == name) throw std::runtime_error(name + " is not in " + s.data.string());
    std::printf("%s is not in %s: skipped\n", name.c_str(), s.data.string().c_str());
    skipped += (skipped.empty() ? "" : "+") + name;
  };
  if (!e.quick && s.dataset != "cifar") {
    if (const auto images = laboratory::mnist(s.data))
      all.push_back(study<784>({"mnist", with_random_labels(*images, e.seed), 120}, s.raw, e.seed));
    else skip("mnist");
  }
  if (!e.quick && s.dataset != "mnist") {
    if (const auto images = laboratory::cifar(s.data)) {
      const dataset first = split_at(images->train, std::min<std::size_t>(images->train.size(), 5000)).first;
      all.push_back(
          study<192>({"cifar", with_random_labels(laboratory::block_averages(first, {3, 32, 32}, 4), e.seed), 200},
                     s.raw, e.seed));
    } else skip("cifar");
  }
  if (all.empty()) {
    if (!e.quick) std::printf("digits stand in\n");
    all.push_back(
        study<192>({"digits", with_random_labels(padded(laboratory::digits(), 192), e.seed), e.quick ? 20u : 200u},
                   s.raw, e.seed));
  }
  return all;
}

/// Test accuracies of a convolution net on digits with their own labels, seed by seed.
template <std::size_t Groups>
std::vector<double> image_accuracies(std::size_t epochs, std::size_t seeds, std::uint64_t first_seed) {
  using Net = decltype(image_network<Groups>());
  const dataset_parts parts = split_at(laboratory::digits(), 1400);
  std::vector<double> each;
  for (std::uint64_t seed = first_seed; seed < first_seed + seeds; ++seed) {
    parameters<Net> p;
    initialise(p, seed);
    fit(p, parts.first, batch<50>{}, {.epochs = epochs, .learning_rate = 2e-3, .schedule = cosine_rate, .seed = seed},
        adamw{});
    each.push_back(accuracy(p, parts.rest));
  }
  return each;
}

void draw(const laboratory::experiment& e, const std::vector<comparison>& all) {
  laboratory::table t({"dataset", "groups", "accuracy", "linear", "h_untrained", "h_trained", "lssr", "lssr_input"});
  std::string script = "set multiplot layout 1," + std::to_string(all.size()) +
                       "\nset logscale x 2\nset xrange [0.8:20]\nset xtics (1, 2, 4, 8, 16)\n"
                       "set xlabel \"groups of 32 neurons\"\nset ylabel \"accuracy on random labels, %\"\n"
                       "set yrange [0:105]\nset ytics nomirror\nset grid ytics\nset logscale y2 10\nset y2tics\n"
                       "set format y2 \"10^{%L}\"\nset y2label \"H of an input before training (median)\"\n"
                       "set key outside bottom center horizontal\n";
  for (std::size_t k = 0; k < all.size(); ++k) {
    const comparison& f = all[k];
    for (const outcome& o : f.outcomes)
      if (o.groups != no_normalizer)
        t.add({f.name, o.groups, o.accuracy, f.linear.accuracy, o.nonlinearity_before, o.nonlinearity_after,
               o.hidden_ratio, f.input_ratio});
    t.separate();
    const std::string block = std::to_string(k), rows = "\"random_labels.csv\" skip 1 every :::" + block + "::" + block;
    script += "set title \"" + f.name + " with random labels\"\nplot " + rows +
              " using 2:(100*$3) with linespoints pt 7 lw 2 title \"LN, LN-G\", " + rows +
              " using 2:(100*$4) with lines dt 2 lw 2 title \"best linear\", " + rows +
              " using 2:($5 > 1e-6 ? $5 : NaN) axes x1y2 with linespoints pt 6 title \"H (right)\"\n";
  }
  e.draw("random_labels", t, script + "unset multiplot");
}

}  // namespace

int main(int argc, char** argv) {
  settings s;
  laboratory::experiment e{"random_labels", "Trains LN-Nets on random labels beside the best linear classifier."};
  e.options.add_option("--data", s.data, "folder with MNIST and CIFAR-10")->check(CLI::ExistingDirectory);
  e.options.add_option("--dataset", s.dataset, "mnist, cifar or both")
      ->check(CLI::IsMember({"mnist", "cifar", "both"}));
  e.options.add_flag("--raw", s.raw, "train on the features as they are, not on whitened ones");
  return e.main(argc, argv, [&] {
    std::string skipped, names;
    const std::vector<comparison> all = study_all(e, s, skipped);
    for (const comparison& f : all) names += (names.empty() ? "" : "+") + f.name;
    const std::size_t epochs = e.quick ? 2 : 15, seeds = e.quick ? 1 : 10;
    const auto ln = image_accuracies<one_group>(epochs, seeds, e.seed),
               ln_g = image_accuracies<4>(epochs, seeds, e.seed);
    std::printf("convolution net, digits' own labels, test accuracy by seed\n%9s %9s\n", "LN", "GN<4>");
    for (std::size_t k = 0; k < seeds; ++k) std::printf("%9.4f %9.4f\n", ln[k], ln_g[k]);
    draw(e, all);
    const comparison& least = *std::ranges::min_element(  // where LN-Net leads by least
        all, {}, [](const comparison& f) { return f.ln_net() - f.linear.accuracy; });
    std::vector<std::pair<std::string, laboratory::value>> result{{"dataset", names},
                                                                  {"linear", least.linear.accuracy},
                                                                  {"ln_net", least.ln_net()},
                                                                  {"ln_g", least.ln_g().accuracy}};
    for (const comparison& f : all) {
      result.emplace_back("linear_" + f.name, f.linear.accuracy);
      result.emplace_back("linear_net_" + f.name, f.linear_net());
      result.emplace_back("ln_net_" + f.name, f.ln_net());
      result.emplace_back("ln_g_" + f.name, f.ln_g().accuracy);
      result.emplace_back("groups_" + f.name, f.ln_g().groups);
    }
    result.emplace_back("conv_ln", laboratory::mean(ln)), result.emplace_back("conv_ln_g", laboratory::mean(ln_g));
    if (!skipped.empty()) result.emplace_back("skipped", skipped);
    laboratory::experiment::result(result);
  });
}
