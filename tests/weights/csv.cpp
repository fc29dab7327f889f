// SPDX-License-Identifier: Apache-2.0
// The twin of weights/csv.hpp: tables, and errors that name line and column.
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>
#include <string_view>
#include <taut/weights/csv.hpp>
#include <vector>

#include "support/catch.hpp"

namespace {

namespace fs = std::filesystem;

std::string fault_of(std::string_view text, std::size_t skipped_lines = 0) {
  try {
    static_cast<void>(taut::parse_csv(text, "f", skipped_lines));
  } catch (const taut::load_error& error) { return std::string(error.what()).substr(3); }
  return "no error";
}

}  // namespace

TEST_CASE("weights.csv: rows and columns") {
  const taut::csv_table table = taut::parse_csv("1,2.5,-3e-2\n+4, 5 ,\t6\r\n", "f");
  CHECK(table.rows == 2);
  CHECK(table.columns == 3);
  CHECK(table.values == std::vector<double>{1, 2.5, -0.03, 4, 5, 6});
  CHECK(table.row(1).size() == 3);
  CHECK(table.row(1)[0] == 4);
}

TEST_CASE("weights.csv: the last line may lack its end, lines of names are skipped on request") {
  CHECK(taut::parse_csv("7", "f").values == std::vector<double>{7});
  const taut::csv_table table = taut::parse_csv("a,b\n1,2", "f", 1);
  CHECK(table.rows == 1);
  CHECK(table.values == std::vector<double>{1, 2});
}

TEST_CASE("weights.csv: errors name line and column") {
  CHECK(fault_of("1,2\n3,x4\n") == "expected a finite number at line 2, column 2, found 'x4'");
  CHECK(fault_of("1,2\n3,4x\n") == "expected a finite number at line 2, column 2, found '4x'");
  CHECK(fault_of("a,b\n1,?\n", 1) == "expected a finite number at line 2, column 2, found '?'");
  CHECK(fault_of("1,,2") == "expected a finite number at line 1, column 2, found nothing");
  CHECK(fault_of("1,2,") == "expected a finite number at line 1, column 3, found nothing");
  CHECK(fault_of("1\n\n2") == "expected a finite number at line 2, column 1, found nothing");
  CHECK(fault_of("1,2\n3\n") == "expected 2 columns at line 2, found 1");
  CHECK(fault_of("1,2\n3,4,5\n") == "expected 2 columns at line 2, found 3");
  CHECK(fault_of("") == "expected at least one row of numbers, found none");
  CHECK(fault_of("a,b\n", 1) == "expected at least one row of numbers, found none");
  for (const std::string_view text :
       {"nan", "inf", "-inf", "1e999", "0x10", "+-1", "++1", "+", "1 2", "1;2", "\"1\""}) {
    CHECK(fault_of(text) == "expected a finite number at line 1, column 1, found '" + std::string(text) + "'");
  }
}

TEST_CASE("weights.csv: ten thousand mutations end in a load error or in a consistent table") {
  std::mt19937 random(20'004);
  const std::string_view alphabet = "0123456789+-.eE,\n\r ninf\"\xff";
  std::size_t accepted = 0, refused = 0;
  for (int round = 0; round < 10'000; ++round) {
    std::string text = "1,2.5,-3e-2\n4,5,6\n7,8,9\n";
    for (std::size_t change = random() % 3 + 1; change-- > 0;) {
      text[random() % text.size()] = alphabet[random() % alphabet.size()];
    }
    if (random() % 4 == 0) text.resize(random() % text.size());
    try {
      const taut::csv_table table = taut::parse_csv(text, "f");
      REQUIRE(table.values.size() == table.rows * table.columns);
      ++accepted;
    } catch (const taut::load_error&) { ++refused; }
  }
  CHECK(accepted > 100);
  CHECK(refused > 1'000);
}

TEST_CASE("weights.csv: files are read, absent ones are load errors") {
  const fs::path path = fs::temp_directory_path() / ("taut-csv-" + std::to_string(std::random_device{}()));
  taut::write_file(path, "1,2\n");
  const taut::csv_table table = taut::read_csv(path);
  fs::remove(path);
  CHECK(table.columns == 2);
  CHECK_THROWS_AS(taut::read_csv(path), taut::load_error);
}

TEST_CASE("weights.csv: the handwritten digits") {
  const char* folder = std::getenv("TAUT_SHARED_DATA");
  if (folder == nullptr) {
    WARN("skipped: the environment variable TAUT_SHARED_DATA names no folder");
    return;
  }
  const taut::csv_table digits = taut::read_csv(fs::path(folder) / "digits" / "digits.csv.gz");
  CHECK(digits.rows == 1797);
  CHECK(digits.columns == 65);
  CHECK(digits.row(0).back() == 0);
  CHECK(digits.row(1796).back() == 8);
}
