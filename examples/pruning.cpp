// SPDX-License-Identifier: Apache-2.0
// remove the channels of a batch-normalized digits net whose gain is small: a smaller type, faster, as accurate
//
//   sh examples/run.sh pruning --seed 1 --out build/out        # pruning.csv, .gp, .svg and pruned.hpp; docs/pruning.md
//
// Networks are trained with a penalty on |gain| and, as a control, without. The curves are over the share of hidden
// channels that is removed; `Half` is a type with half of them, and pruned.hpp has one whose widths the gains have
// chosen.
#include <array>
#include <chrono>
#include <functional>
#include <optional>
#include <taut/taut.hpp>

#include "laboratory/data.hpp"
#include "laboratory/experiment.hpp"

using namespace taut;
using laboratory::mean;

namespace {

struct Full : decltype(Input<64> >> Linear<64> >> BN >> ReLU >> Linear<32> >> BN >> ReLU >> Linear<10>) {};
struct Half : decltype(Input<64> >> Linear<32> >> BN >> ReLU >> Linear<16> >> BN >> ReLU >> Linear<10>) {};

struct settings {
  std::size_t networks = 10, epochs = 60, tuning_epochs = 20;
  double penalty = 0.1;
};

/// Any optimizer as one type: training is compiled once.
struct any_optimizer {
  std::function<void(const tensor_list&, const tensor_list&, double)> step;
  template <Optimizer O> static any_optimizer of(O optimizer) {
    return {[optimizer](const auto& values, const auto& gradients, double rate) mutable {
      optimizer.step(values, gradients, rate);
    }};
  }
};

parameters<Full> train(const dataset& data, const settings& s, double penalty, std::uint64_t seed) {
  parameters<Full> p;
  initialise(p, seed);
  fit(p, data, batch<32>{}, {.epochs = s.epochs, .learning_rate = 0.05, .schedule = cosine_rate, .seed = seed},
      any_optimizer::of(with_sparse_gains<Full>(sgd{.weight_decay = 1e-3}, penalty)));
  return p;
}

/// Pruned, and trained on.
pruned_network<Full> trained_on(pruned_network<Full> pruned, const dataset& data, std::size_t epochs, double rate,
                                std::uint64_t seed) {
  fit(pruned.padded, data, batch<32>{},
      {.epochs = epochs, .learning_rate = rate, .schedule = cosine_rate, .seed = seed},
      any_optimizer::of(on_kept_channels(pruned, sgd{.weight_decay = 1e-3})));
  return pruned;
}
pruned_network<Full> tuned(pruned_network<Full> pruned, const dataset& data, const settings& s, std::uint64_t seed) {
  return trained_on(std::move(pruned), data, s.tuning_epochs, 0.02, seed);
}
/// A network of these widths that was never larger, trained as long as the others are in all.
pruned_network<Full> from_scratch(const kept_channels& kept, const dataset& data, const settings& s,
                                  std::uint64_t seed) {
  parameters<Full> p;
  initialise(p, seed);
  return trained_on(prune(p, kept), data, s.epochs + s.tuning_epochs, 0.05, seed);
}

/// As many channels of each gate as `like` keeps, but any.
kept_channels random_channels(const kept_channels& like, std::uint64_t seed) {
  kept_channels kept;
  for (std::size_t g = 0; g < like.size(); ++g) {
    std::vector<std::size_t> order = permutation(channel_gates<Full>[g].channels, seed + g);
    order.resize(like[g].size());
    std::ranges::sort(order);
    kept.push_back(order);
  }
  return kept;
}

/// Nanoseconds per inference of two engines: for each the best of rounds that alternate, of calls that wait for each
/// other.
template <class First, class Second>
std::array<double, 2> nanoseconds(const First& first, const Second& second, const dataset& data, int rounds) {
  using clock = std::chrono::steady_clock;
  std::array<double, 2> best{1e30, 1e30};
  const auto round = [&](const auto& engine, double& least) {
    constexpr int calls = 20000;
    std::array<float, 64> x{};
    std::ranges::copy(data.input(0), x.begin());
    const auto start = clock::now();
    for (int i = 0; i < calls; ++i) x[0] = engine(x)[0] * 0.001f;  // the next call waits for this one
    least = std::min(least, std::chrono::duration<double, std::nano>(clock::now() - start).count() / calls);
  };
  for (int r = 0; r < rounds; ++r) round(first, best[0]), round(second, best[1]);
  return best;
}

/// The largest difference between the outputs of two engines, as a share of the largest output of that input.
template <class First, class Second>
double largest_difference(const First& first, const Second& second, const dataset& data) {
  double largest = 0;
  for (std::size_t i = 0; i < data.size(); ++i) {
    const auto a = first(data.input(i));
    const auto b = second(data.input(i));
    double difference = 0, size = 0;
    for (std::size_t k = 0; k < a.size(); ++k) {
      difference = std::max(difference, std::abs(static_cast<double>(a[k]) - static_cast<double>(b[k])));
      size = std::max(size, std::abs(static_cast<double>(b[k])));
    }
    largest = std::max(largest, difference / size);
  }
  return largest;
}

/// The gains of all gates by size.
std::vector<float> sorted_gains(const parameters<Full>& p) {
  std::vector<float> gains;
  for (const float g : get<1>(p).gain) gains.push_back(std::abs(g));
  for (const float g : get<4>(p).gain) gains.push_back(std::abs(g));
  std::ranges::sort(gains, std::greater<>{});
  return gains;
}

/// p with offsets that ReLU makes 0 where a channel is to be removed: no constants are folded, sums keep their order.
parameters<Full> without_constants(parameters<Full> p, const kept_channels& kept) {
  for (std::size_t k = 0; k < 64; ++k)
    if (!std::ranges::binary_search(kept[0], k)) get<1>(p).offset[k] = std::min(get<1>(p).offset[k], 0.0f);
  for (std::size_t k = 0; k < 32; ++k)
    if (!std::ranges::binary_search(kept[1], k)) get<4>(p).offset[k] = std::min(get<4>(p).offset[k], 0.0f);
  return p;
}

/// How many inputs two scalar engines give the same bits for: the masked network and the smaller one.
std::size_t same_bits(const parameters<Full>& p, const kept_channels& kept, const dataset& data) {
  const parameters<Full> q = without_constants(p, kept);
  const auto whole = compile<float32<simd::scalar>>(masked(q, kept));
  const auto half = compile<float32<simd::scalar>>(narrowed<Half>(prune(q, kept)));
  std::size_t same = 0;
  for (std::size_t i = 0; i < data.size(); ++i) same += whole(data.input(i)) == half(data.input(i)) ? 1 : 0;
  return same;
}

constexpr const char* figure = R"(set multiplot layout 1,3
set key autotitle columnhead samplen 2 spacing 0.95
set grid lc rgb "#dddddd"
set xlabel "share of hidden channels removed"
set xrange [0:0.95]
set xtics 0.2
set ylabel "test accuracy"
set yrange [0:1.02]
set key bottom left Left reverse
set title "accuracy, means over networks"
plot "pruning.csv" using 2:5 smooth unique lw 2 lc 1 title "over all, tuned", \
     "" using 2:6 smooth unique lw 2 lc 2 title "by layer, tuned", \
     "" using 2:7 smooth unique lw 2 lc 3 title "random, tuned", \
     "" using 2:3 smooth unique lw 2 dt 2 lc 1 title "penalty, untuned", \
     "" using 2:4 smooth unique lw 2 dt 2 lc 4 title "no penalty, untuned"
set title "bound and size, by layer"
set ylabel "Lipschitz bound"
set y2label "kilobytes of weights"
set yrange [0:110]
set y2range [0:*]
set ytics nomirror
set y2tics
set key top right noreverse Right
plot "pruning.csv" using 2:8 smooth unique lw 2 lc 1 title "bound, pruned", \
     "" using 2:9 smooth unique lw 2 lc 2 title "bound, tuned", \
     "" using 2:($10/1000) smooth unique axes x1y2 lw 2 dt 3 lc 7 title "kilobytes"
set title "gains after training"
set xlabel "hidden channel, by |gain|"
set ylabel "|gain|"
unset y2label
unset y2tics
set ytics mirror
set xrange [0:96]
set yrange [0:*]
set xtics 20
plot "pruning_gains.csv" using 2:4 smooth unique lw 2 lc 4 title "no penalty", \
     "" using 2:3 smooth unique lw 2 lc 1 title "penalty"
unset multiplot)";

void run(const laboratory::experiment& e, settings s) {
  if (e.quick)  // fewer steps: each must shrink gains more
    s = {.networks = 1, .epochs = 15, .tuning_epochs = 4, .penalty = 4 * s.penalty};
  const dataset_parts parts = split_at(laboratory::digits(), 1400);
  const dataset &training = parts.first, &test = parts.rest;
  std::vector<double> shares;
  for (int i = 0; i < 20; i += e.quick ? 10 : 1) shares.push_back(i / 20.0);

  const std::vector<std::string> columns{"network",         "removed",    "masked",       "masked_without_penalty",
                                         "tuned",           "tuned_each", "tuned_random", "lipschitz",
                                         "lipschitz_tuned", "bytes",      "first",        "second"};
  laboratory::table rows(columns);
  std::vector<std::vector<double>> means(shares.size(), std::vector<double>(columns.size() - 2));
  laboratory::table gains({"network", "rank", "gain", "gain_without_penalty"});
  std::vector<double> before, without, untuned, after, scratch, cost, bound, bound_untuned, bound_after;
  std::optional<pruned_network<Full>> example;
  std::array<double, 2> time{};
  double difference = 0;
  std::size_t same = 0;
  for (std::size_t network = 0; network < s.networks; ++network) {
    const std::uint64_t seed = e.seed + network;
    const parameters<Full> p = train(training, s, s.penalty, seed), control = train(training, s, 0, seed);

    for (std::size_t i = 0; i < shares.size(); ++i) {
      const double share = 1 - shares[i];
      const kept_channels of_all = largest_channels(p, share), of_each = largest_channels_of_each(p, share);
      const auto all = tuned(prune(p, of_all), training, s, seed), each = tuned(prune(p, of_each), training, s, seed),
                 random = tuned(prune(p, random_channels(of_each, seed)), training, s, seed);
      const double measured[] = {accuracy(masked(p, of_all), test),
                                 accuracy(masked(control, largest_channels(control, share)), test),
                                 accuracy(all.padded, test),
                                 accuracy(each.padded, test),
                                 accuracy(random.padded, test),
                                 lipschitz_of(prune(p, of_each).padded).value,
                                 lipschitz_of(each.padded).value,
                                 static_cast<double>(sizeof(float) * parameter_count(each)),
                                 static_cast<double>(of_all[0].size()),
                                 static_cast<double>(of_all[1].size())};
      std::vector<laboratory::value> row{network, shares[i]};
      for (std::size_t k = 0; k < std::size(measured); ++k) {
        row.emplace_back(measured[k]);
        means[i][k] += measured[k] / static_cast<double>(s.networks);
      }
      rows.add(row);
      if (shares[i] == 0.5 && !example) example = all;
    }
    const std::vector<float> with_penalty = sorted_gains(p), no_penalty = sorted_gains(control);
    for (std::size_t i = 0; i < with_penalty.size(); ++i) gains.add({network, i + 1, with_penalty[i], no_penalty[i]});

    const kept_channels kept = largest_channels<Half>(p);
    const parameters<Half> half = prune<Half>(p), tuned_half = narrowed<Half>(tuned(prune(p, kept), training, s, seed));
    const auto engine_of_half = compile(half);
    difference = std::max(difference, largest_difference(engine_of_half, compile(masked(p, kept)), test));
    if (network == 0) time = nanoseconds(compile(p), engine_of_half, test, e.quick ? 5 : 40);
    if (network == 0) same = same_bits(p, kept, test);
    before.push_back(accuracy(p, test)), without.push_back(accuracy(control, test));
    untuned.push_back(accuracy(half, test));
    bound.push_back(lipschitz_of(p).value), bound_untuned.push_back(lipschitz_of(half).value);
    after.push_back(accuracy(tuned_half, test)), cost.push_back(before.back() - after.back());
    scratch.push_back(accuracy(from_scratch(kept, training, s, seed).padded, test));
    bound_after.push_back(lipschitz_of(tuned_half).value);
    std::printf("network %zu: accuracy %.4f (without penalty %.4f), of half %.4f, tuned %.4f; bound %.2f, %.2f, %.2f\n",
                network + 1, before.back(), without.back(), untuned.back(), after.back(), bound.back(),
                bound_untuned.back(), bound_after.back());
  }

  std::printf("\nmeans over networks, by the share that is removed\n");
  for (std::size_t k = 1; k < columns.size(); ++k) std::printf("%s%s", k == 1 ? "" : "  ", columns[k].c_str());
  for (std::size_t i = 0; i < shares.size(); ++i) {
    std::printf("\n%.2f", shares[i]);
    for (std::size_t k = 0; k < means[i].size(); ++k) std::printf(k < 5 ? "  %.4f" : "  %.1f", means[i][k]);
  }
  std::printf("\n\n");

  header_options header;
  for (std::size_t i = 0; i < 8; ++i)
    header.test_inputs.insert(header.test_inputs.end(), test.input(i).begin(), test.input(i).end());
  write_header(*example, e.out / "pruned.hpp", header);
  std::printf("wrote pruned.hpp: %s\n", spelling(*example).c_str());
  e.write("pruning_gains", gains);
  e.draw("pruning", rows, figure, "1350,430");
  e.result({{"removed", 0.5},
            {"accuracy_before", mean(before)},
            {"accuracy_after", mean(after)},
            {"ns_before", time[0]},
            {"ns_after", time[1]},
            {"bytes_before", sizeof(float) * Full::parameter_count},
            {"bytes_after", sizeof(float) * Half::parameter_count},
            {"lipschitz_before", mean(bound)},
            {"lipschitz_after", mean(bound_after)},
            {"accuracy_without_penalty", mean(without)},
            {"accuracy_untuned", mean(untuned)},
            {"accuracy_from_scratch", mean(scratch)},
            {"lipschitz_untuned", mean(bound_untuned)},
            {"largest_cost", std::ranges::max(cost)},
            {"difference", difference},
            {"same_bits", std::to_string(same) + "/" + std::to_string(test.size())}});
}

}  // namespace

int main(int argc, char** argv) {
  settings s;
  laboratory::experiment e{"pruning", "Removes the channels of a batch-normalized network whose gain is small."};
  e.options.add_option("--networks", s.networks, "to train, of seeds one after the other")->check(CLI::PositiveNumber);
  e.options.add_option("--epochs", s.epochs, "of training")->check(CLI::PositiveNumber);
  e.options.add_option("--tuning-epochs", s.tuning_epochs, "after pruning")->check(CLI::NonNegativeNumber);
  e.options.add_option("--penalty", s.penalty, "on |gain|")->check(CLI::NonNegativeNumber);
  return e.main(argc, argv, [&] { run(e, s); });
}
