// SPDX-License-Identifier: MIT
// Entries as rows of CSV (RFC 4180): a column per scalar, such as key.saddr and value.ports[0], and
// on a per-CPU map a row per CPU.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace mapctl {

class CsvWriter {
 public:
  /// The rows of an entry; the first ones have the header before them.
  [[nodiscard]] std::string rows(const nlohmann::ordered_json& entry);

 private:
  std::string row(const nlohmann::ordered_json& key, const nlohmann::ordered_json& value,
                  const nlohmann::ordered_json* cpu);
  std::vector<std::string> columns_;
};

/// A row as the texts that EntryText reads; `cpu` is empty when there is no such column.
struct CsvRow {
  std::string key;
  std::string value;
  std::string cpu;
};

class CsvReader {
 public:
  CsvReader() = default;
  explicit CsvReader(const std::string& header);
  [[nodiscard]] CsvRow row(const std::string& line) const;

 private:
  std::vector<std::string> columns_;
};

}  // namespace mapctl
