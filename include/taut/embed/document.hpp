// SPDX-License-Identifier: Apache-2.0
// Facts, written three ways: as text, as Markdown, as JSON. One list of facts, so that no format knows more.
//
//   document d{"capacity", {{"input", "Input", {{"lipschitz", "Lipschitz constant", upper(3.2)}}}}};
//   text_of(d);   markdown_of(d);   json_of(d);      // {"title": "capacity", "input": {"lipschitz": 3.2}}
//
// People read six digits, rounded to the safe side; JSON has all of them, null where there is no bound. Nothing depends
// on the time, the place or the locale.
#pragma once
#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <taut/base/rounding.hpp>
#include <utility>
#include <variant>
#include <vector>

namespace taut {

/// A number, and the side on which few digits are safe.
struct figure {
  enum class side { upper, lower, nearest };
  double value = 0;
  side safe = side::nearest;
};
/// An upper bound, a lower bound, a measured number.
[[nodiscard]] inline figure upper(double value) { return {value, figure::side::upper}; }
[[nodiscard]] inline figure lower(double value) { return {value, figure::side::lower}; }
[[nodiscard]] inline figure nearest(double value) { return {value, figure::side::nearest}; }

/// What a fact can be; the last says that nothing is known: "-", and null in JSON.
using fact_value = std::variant<figure, std::uint64_t, bool, std::string, std::monostate>;
/// One fact: its key in JSON, its words for people.
struct fact {
  std::string key, words;
  fact_value value;
};
/// Facts of several things of one kind, a row each; JSON: an array of objects.
struct fact_table {
  std::string key;
  std::vector<std::pair<std::string, std::string>> columns;  ///< key, words
  std::vector<std::vector<fact_value>> rows;
};
/// Facts that belong together, with the sentences that they need.
struct document_section {
  std::string key, title;
  std::vector<fact> facts{};
  std::vector<fact_table> tables{};
  std::vector<std::string> notes{};
};
/// A report.
struct document {
  std::string title;
  std::vector<document_section> sections{};
};

namespace written {

/// Six digits, no smaller (or no larger) than the value.
inline std::string six_digits(const figure& f) {
  if (rounded::is_nan(f.value)) return "not a number";
  if (!rounded::is_finite(f.value)) return rounded::detail::is_negative(f.value) ? "-infinity" : "infinity";
  const auto write = [](double v) {
    char digits[32];
    return std::string(digits, std::to_chars(digits, digits + sizeof digits, v, std::chars_format::general, 6).ptr);
  };
  const auto read = [](const std::string& text) {
    double v = 0;
    std::from_chars(text.data(), text.data() + text.size(), v);
    return v;
  };
  std::string text = write(f.value);
  if (f.safe == figure::side::nearest) return text;
  const double sign = (f.safe == figure::side::upper) == (f.value > 0) ? 1 : -1;
  for (double step = 5e-7; step < 1e-4; step *= 1.5) {  // a unit of the sixth digit is 1e-6 to 1e-5 of the value
    const double shown = read(text);
    if (f.safe == figure::side::upper ? shown >= f.value : shown <= f.value) break;
    text = write(f.value * (1 + sign * step));
  }
  return text;
}

/// The shortest digits that read back as the same double; null for what JSON has no number for.
inline std::string exact(double v) {
  if (!rounded::is_finite(v)) return "null";
  char digits[32];
  return {digits, std::to_chars(digits, digits + sizeof digits, v).ptr};
}

/// A text between quotes, as JSON wants it.
inline std::string json_string(std::string_view text) {
  std::string s = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') (s += '\\') += c;
    else if (c == '\n') s += "\\n";
    else if (const auto code = static_cast<unsigned char>(c); code < 0x20)
      ((s += "\\u00") += "0123456789abcdef"[code >> 4]) += "0123456789abcdef"[code & 15];
    else s += c;
  }
  return s += '"';
}

inline std::string for_people(const fact_value& v) {
  if (const auto* f = std::get_if<figure>(&v)) return six_digits(*f);
  if (const auto* n = std::get_if<std::uint64_t>(&v)) return std::to_string(*n);
  if (const auto* b = std::get_if<bool>(&v)) return *b ? "yes" : "no";
  if (const auto* s = std::get_if<std::string>(&v)) return *s;
  return "-";
}
inline std::string for_programs(const fact_value& v) {
  if (const auto* f = std::get_if<figure>(&v)) return exact(f->value);
  if (const auto* n = std::get_if<std::uint64_t>(&v)) return std::to_string(*n);
  if (const auto* b = std::get_if<bool>(&v)) return *b ? "true" : "false";
  if (const auto* s = std::get_if<std::string>(&v)) return json_string(*s);
  return "null";
}

/// Lines of cells, columns aligned; the first line is the head.
inline std::string aligned_cells(const std::vector<std::vector<std::string>>& lines, std::string_view indent) {
  std::vector<std::size_t> width;
  for (const auto& line : lines)
    for (std::size_t i = 0; i < line.size(); ++i) {
      if (i == width.size()) width.push_back(0);
      width[i] = std::max(width[i], line[i].size());
    }
  std::string text;
  for (const auto& line : lines) {
    std::string cells(indent);
    for (std::size_t i = 0; i < line.size(); ++i) cells += line[i] + std::string(width[i] - line[i].size() + 2, ' ');
    text += cells.substr(0, cells.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

/// A cell of a Markdown table.
inline std::string cell(std::string text) {
  for (std::size_t i = 0; (i = text.find('|', i)) != text.npos; i += 2) text.insert(i, "\\");
  for (char& c : text)
    if (c == '\n') c = ' ';
  return text;
}

inline std::vector<std::vector<std::string>> lines_of(const fact_table& table) {
  std::vector<std::vector<std::string>> lines(1);
  for (const auto& column : table.columns) lines[0].push_back(column.second);
  for (const auto& row : table.rows) {
    lines.emplace_back();
    for (const fact_value& v : row) lines.back().push_back(for_people(v));
  }
  return lines;
}

}  // namespace written

/// For a terminal.
[[nodiscard]] inline std::string text_of(const document& d) {
  std::string text = d.title + "\n" + std::string(d.title.size(), '=') + "\n";
  for (const document_section& s : d.sections) {
    text += "\n" + s.title + "\n";
    std::vector<std::vector<std::string>> lines;
    for (const fact& f : s.facts) lines.push_back({f.words, written::for_people(f.value)});
    text += written::aligned_cells(lines, "  ");
    for (const fact_table& t : s.tables) text += "\n" + written::aligned_cells(written::lines_of(t), "  ");
    for (const std::string& note : s.notes) text += "  * " + note + "\n";
  }
  return text;
}

/// For a page.
[[nodiscard]] inline std::string markdown_of(const document& d) {
  std::string text = "# " + d.title + "\n";
  const auto put = [&text](const std::vector<std::string>& cells) {
    text += "|";
    for (const std::string& c : cells) text += " " + written::cell(c) + " |";
    text += "\n";
  };
  for (const document_section& s : d.sections) {
    text += "\n## " + s.title + "\n";
    if (!s.facts.empty()) {
      text += "\n| fact | value |\n|---|---|\n";
      for (const fact& f : s.facts) put({f.words, written::for_people(f.value)});
    }
    for (const fact_table& t : s.tables) {
      const auto lines = written::lines_of(t);
      text += "\n";
      put(lines[0]);
      put(std::vector<std::string>(lines[0].size(), "---"));
      for (std::size_t i = 1; i < lines.size(); ++i) put(lines[i]);
    }
    if (!s.notes.empty()) text += "\n";
    for (const std::string& note : s.notes) text += "* " + note + "\n";
  }
  return text;
}

/// For a program: an object with a member for each section, in it one for each fact and table, and its `notes`.
[[nodiscard]] inline std::string json_of(const document& d) {
  using written::json_string;
  std::string text = "{\n  \"title\": " + json_string(d.title);
  for (const document_section& s : d.sections) {
    std::vector<std::string> members;
    for (const fact& f : s.facts) members.push_back(json_string(f.key) + ": " + written::for_programs(f.value));
    for (const fact_table& t : s.tables) {
      std::string rows;
      for (const auto& row : t.rows) {
        std::string object;
        for (std::size_t i = 0; i < row.size() && i < t.columns.size(); ++i)
          object += (i == 0 ? "" : ", ") + json_string(t.columns[i].first) + ": " + written::for_programs(row[i]);
        rows += (rows.empty() ? "\n      {" : ",\n      {") + object + "}";
      }
      members.push_back(json_string(t.key) + ": [" + rows + (rows.empty() ? "]" : "\n    ]"));
    }
    std::string notes;
    for (const std::string& note : s.notes) notes += (notes.empty() ? "\n      " : ",\n      ") + json_string(note);
    if (!notes.empty()) members.push_back("\"notes\": [" + notes + "\n    ]");
    text += ",\n  " + json_string(s.key) + ": {";
    for (std::size_t i = 0; i < members.size(); ++i) text += (i == 0 ? "\n    " : ",\n    ") + members[i];
    text += members.empty() ? "}" : "\n  }";
  }
  return text + "\n}\n";
}

}  // namespace taut
