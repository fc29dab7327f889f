// SPDX-License-Identifier: Apache-2.0
// Tables of numbers separated by commas, one row a line, plain or gzip.
//
//   csv_table digits = read_csv("digits.csv.gz");  // digits.rows == 1797, digits.columns == 65
//   digits.row(0).back();                          // the first label
//
// Every row has the same number of columns and every number is finite; errors name line and column.
#pragma once
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <taut/weights/error.hpp>
#include <taut/weights/gzip.hpp>
#include <utility>
#include <vector>

namespace taut {

/// A table of numbers, row-major.
struct csv_table {
  std::size_t rows = 0;        ///< lines, without those skipped
  std::size_t columns = 0;     ///< numbers in every row
  std::vector<double> values;  ///< @post values.size() == rows * columns

  /// The numbers of one row. @pre index < rows
  [[nodiscard]] std::span<const double> row(std::size_t index) const {
    return std::span(values).subspan(index * columns, columns);
  }
};

namespace detail {

/// Everything before the separator, which is removed with it.
[[nodiscard]] inline std::string_view take_until(std::string_view& text, char separator) {
  const std::size_t end = std::min(text.find(separator), text.size());
  const std::string_view result = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return result;
}

[[nodiscard]] inline std::string_view without_blanks(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  return text.substr(0, text.find_last_not_of(" \t") + 1);
}

}  // namespace detail

/// Reads a table from text, skipping the first `skipped_lines` lines (column names); `path` serves the messages only.
/// @throws load_error
[[nodiscard]] inline csv_table parse_csv(std::string_view text, const std::filesystem::path& path,
                                         std::size_t skipped_lines = 0) {
  csv_table table;
  for (std::size_t line = 1; !text.empty(); ++line) {
    const auto place = [&] { return " at line " + std::to_string(line); };
    std::string_view rest = detail::take_until(text, '\n');
    if (line <= skipped_lines) continue;
    if (rest.ends_with('\r')) rest.remove_suffix(1);
    std::size_t columns = 0;
    for (bool more = true; more;) {
      more = rest.find(',') != rest.npos;
      const std::string_view field = detail::without_blanks(detail::take_until(rest, ','));
      const std::string_view digits = field.starts_with('+') && !field.starts_with("+-") ? field.substr(1) : field;
      double value = 0;
      const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
      ++columns;
      if (fault != std::errc() || end != digits.data() + digits.size() || !std::isfinite(value)) {
        throw load_error(path.string(), "", "a finite number" + place() + ", column " + std::to_string(columns),
                         field.empty() ? "nothing" : detail::in_quotes(field));
      }
      table.values.push_back(value);
    }
    if (table.rows == 0) table.columns = columns;
    if (columns != table.columns) {
      throw load_error(path.string(), "", detail::counted(table.columns, "column") + place(), std::to_string(columns));
    }
    ++table.rows;
  }
  if (table.rows == 0) throw load_error(path.string(), "", "at least one row of numbers", "none");
  return table;
}

/// Reads a table from a file, plain or gzip. @throws load_error naming file, line, column and what was found.
[[nodiscard]] inline csv_table read_csv(const std::filesystem::path& path, std::size_t skipped_lines = 0) {
  const std::vector<std::byte> bytes = read_decompressed(path);
  return parse_csv({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, path, skipped_lines);
}

}  // namespace taut
