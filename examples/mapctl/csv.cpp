// SPDX-License-Identifier: MIT
#include "csv.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "mapctl.hpp"

namespace mapctl {
namespace {

using nlohmann::ordered_json;

std::string cell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted.append(c == '"' ? 2 : 1, c);
  return quoted + '"';
}

std::string cell(const ordered_json& value) {
  return cell(value.is_string() ? value.get<std::string>() : value.dump());
}

// A text of a dump has its line breaks escaped in JSON, but a row of CSV is one line here.
std::string one_line(std::string text) {
  if (text.find_first_of("\r\n") != std::string::npos)
    throw std::runtime_error("a text has a line break, which CSV cannot hold here; use json");
  return text;
}

std::vector<std::string> cells(const std::string& line) {
  std::vector<std::string> all{""};
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quoted && c == '"' && i + 1 < line.size() && line[i + 1] == '"')
      all.back() += line[++i];
    else if (c == '"')
      quoted = !quoted;
    else if (c == ',' && !quoted)
      all.emplace_back();
    else if (c != '\r' || quoted)
      all.back() += c;
  }
  if (quoted) throw std::runtime_error("a '\"' has no end");
  return all;
}

void append(std::string& to, const std::string& path, const std::string& text) {
  const std::string quoted = ordered_json(text).dump();
  if (path.empty())
    to = quoted;
  else
    to += (to.empty() ? "{" : ", ") + ordered_json(path).dump() + "=" + quoted;
}

}  // namespace

std::string CsvWriter::row(const ordered_json& key, const ordered_json& value,
                           const ordered_json* cpu) {
  std::vector<std::string> columns;
  std::string line;
  const auto add = [&](const std::string& column, const ordered_json& scalar) {
    line += (columns.empty() ? "" : ",") + one_line(cell(scalar));
    columns.push_back(column);
  };
  for (const auto& [path, scalar] : scalars(key, "key")) add(path, scalar);
  if (cpu != nullptr) add("cpu", *cpu);
  for (const auto& [path, scalar] : scalars(value, "value")) add(path, scalar);
  line += '\n';
  if (columns == columns_) return line;
  if (!columns_.empty())
    throw std::runtime_error("an entry has padding that is not zero, and CSV no column; use json");
  columns_ = columns;
  std::string header;
  for (const std::string& column : columns) header += (header.empty() ? "" : ",") + cell(column);
  return header + '\n' + line;
}

std::string CsvWriter::rows(const ordered_json& entry) {
  const ordered_json key = entry.value("key", ordered_json{});
  if (!entry.contains("values")) return row(key, entry.at("value"), nullptr);
  std::string all;
  for (const ordered_json& slot : entry.at("values"))
    all += row(key, slot.at("value"), &slot.at("cpu"));
  return all;
}

CsvReader::CsvReader(const std::string& header) : columns_(cells(header)) {
  const auto known = [](const std::string& column) {
    return column.starts_with("key") || column.starts_with("value") || column == "cpu";
  };
  if (!std::all_of(columns_.begin(), columns_.end(), known))
    throw std::runtime_error("expected JSON, 'key: ', or columns of CSV such as key and value");
}

CsvRow CsvReader::row(const std::string& line) const {
  const std::vector<std::string> given = cells(line);
  if (given.size() != columns_.size())
    throw std::runtime_error(std::to_string(given.size()) + " cells, and there are " +
                             std::to_string(columns_.size()) + " columns");
  CsvRow row;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const std::string& column = columns_[i];
    if (column == "cpu") {
      row.cpu = given[i];
      continue;
    }
    const bool key = column.starts_with("key");
    std::string path = column.substr(key ? 3 : 5);
    if (path.starts_with('.')) path.erase(0, 1);
    append(key ? row.key : row.value, path, given[i]);
  }
  for (std::string* text : {&row.key, &row.value})
    if (text->starts_with('{')) *text += '}';
  return row;
}

}  // namespace mapctl
