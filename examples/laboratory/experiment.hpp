// SPDX-License-Identifier: Apache-2.0
// What every experiment shares: its options, tables, figures and the RESULT line.
//
//   int main(int argc, char** argv) {
//     laboratory::experiment e{"pruning", "Removes channels whose gain is small."};
//     e.options.add_option("--epochs", epochs, "of training")->check(CLI::PositiveNumber);  // and --quick --seed --out
//     return e.main(argc, argv, [&] {
//       laboratory::table t({"removed", "accuracy"});  t.add({0.5, 0.97});
//       e.draw("pruning", t, "plot \"pruning.csv\" using 1:2 with lines");  // pruning.csv, .gp and, by gnuplot, .svg
//       e.result({{"removed", 0.5}, {"accuracy", 0.97}});
//     });
//   }
#pragma once
#include <CLI/CLI.hpp>
#include <algorithm>
#include <concepts>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <iostream>
#include <numeric>
#include <stdexcept>
#include <string>
#include <string_view>
#include <taut/weights/atomic_file.hpp>
#include <utility>
#include <vector>

namespace laboratory {

/// A number with nine significant digits, a whole number, or text: what stands in tables and in the RESULT line.
struct value {
  std::string text;
  value(const char* given) : text(given) {}
  value(std::string given) : text(std::move(given)) {}
  value(std::floating_point auto number) {
    char digits[40];
    std::snprintf(digits, sizeof digits, "%.9g", static_cast<double>(number));
    text = digits;
  }
  value(std::integral auto number) : text(std::to_string(number)) {}
};

/// Named columns and rows of values; gnuplot reads it as CSV. A blank line between two rows separates curves.
class table {
 public:
  explicit table(const std::vector<std::string>& columns) : width(columns.size()) {
    for (const std::string& name : columns) append(name);
    text += "\n";
  }
  /// Adds a row. @throws std::logic_error unless there is a value for each column.
  void add(const std::vector<value>& row) {
    if (row.size() != width) throw std::logic_error("a row has not one value a column");
    for (const value& v : row) append(v.text);
    text += "\n";
  }
  /// Ends a curve: gnuplot draws no line to what follows.
  void separate() { text += "\n"; }
  [[nodiscard]] const std::string& csv() const { return text; }

 private:
  void append(const std::string& cell) {
    if (text.ends_with('\n') || text.empty()) text += cell;
    else text += "," + cell;
  }
  std::size_t width;
  std::string text;
};

/// One experiment: a name, a sentence, and what its options say; --help shows the defaults of all that are added.
class experiment {
 public:
  CLI::App options;
  std::uint64_t seed = 1;
  std::filesystem::path out = ".";
  bool quick = false;

  experiment(std::string its_name, const std::string& sentence) : options(sentence), name(std::move(its_name)) {
    options.option_defaults()->always_capture_default();
    options.add_option("--seed", seed, "of everything that is random")->check(CLI::NonNegativeNumber);
    options.add_option("--out", out, "folder for tables and figures");
    options.add_flag("--quick", quick, "a small version of it, in seconds");
  }

  /// Reads the options and runs the experiment; what it throws becomes a message and the status 1.
  int main(int argc, char** argv, const std::function<void()>& run) {
    CLI11_PARSE(options, argc, argv);
    try {
      std::filesystem::create_directories(out);
      run();
      return 0;
    } catch (const std::exception& e) {
      std::cerr << name << ": " << e.what() << "\n";
      return 1;
    }
  }

  /// Writes OUT/file.csv.
  void write(const std::string& file, const table& rows) const { taut::write_file(out / (file + ".csv"), rows.csv()); }

  /// Writes OUT/file.csv and OUT/file.gp, and draws OUT/file.svg where gnuplot is installed. The script is what comes
  /// after terminal, output and separator are set (the first line of a table has names: `skip 1`, or key autotitle).
  /// @throws std::runtime_error where gnuplot cannot draw it.
  void draw(const std::string& file, const table& rows, const std::string& script,
            const std::string& size = "900,480") const {
    write(file, rows);
    draw(file, script, size);
  }
  /// The same of tables that are already written.
  void draw(const std::string& file, const std::string& script, const std::string& size = "900,480") const {
    taut::write_file(out / (file + ".gp"), "set terminal svg size " + size +
                                               " font \"sans,12\" background \"white\"\n" + "set output \"" + file +
                                               ".svg\"\nset datafile separator \",\"\n" + script + "\n");
    const std::filesystem::path here = std::filesystem::current_path();
    std::filesystem::current_path(out);
    const bool installed = std::system("command -v gnuplot >/dev/null") == 0;
    const bool drawn = installed && std::system(("gnuplot " + file + ".gp").c_str()) == 0;
    std::filesystem::current_path(here);
    if (installed && !drawn) throw std::runtime_error("gnuplot could not draw " + file + ".gp");
    std::printf("wrote %s.gp%s\n", file.c_str(),
                drawn ? (" and drew " + file + ".svg").c_str() : (": gnuplot would draw " + file + ".svg").c_str());
  }

  /// Prints the line RESULT key=value ..., the last of the program.
  static void result(const std::vector<std::pair<std::string, value>>& values) {
    std::string line = "RESULT";
    for (const auto& [key, v] : values) line += " " + key + "=" + v.text;
    std::printf("%s\n", line.c_str());
  }

 private:
  std::string name;
};

/// The middle of some numbers; of an even count the mean of the two in the middle. @pre there is one
[[nodiscard]] inline double median(std::vector<double> numbers) {
  std::ranges::sort(numbers);
  const std::size_t half = numbers.size() / 2;
  return numbers.size() % 2 == 1 ? numbers[half] : (numbers[half - 1] + numbers[half]) / 2;
}
/// That of a number of each: of(x), or a member x.*of.
template <class X, class Of> [[nodiscard]] double median(const std::vector<X>& all, Of of) {
  std::vector<double> numbers;
  for (const X& x : all) numbers.push_back(std::invoke(of, x));
  return median(numbers);
}

/// The mean of some numbers. @pre there is one
[[nodiscard]] inline double mean(const std::vector<double>& numbers) {
  return std::accumulate(numbers.begin(), numbers.end(), 0.0) / static_cast<double>(numbers.size());
}

}  // namespace laboratory
