// SPDX-License-Identifier: MIT
// User-space instructions of one map operation, by libbpf's C API and by bpfmap's typed maps.
//
// Runs itself under callgrind, which counts exactly, prints the table, and fails when bpfmap takes
// more instructions than libbpf. What is compared stands in headers, so that it is measured with
// this program's optimisation, however the library was built.
#include <unistd.h>
#include <valgrind/callgrind.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>
#include <string>

#include "../apis.hpp"

namespace bpfmap::bench {
namespace {

// A count is the difference between many and few, so that what surrounds the loop is not in it.
constexpr std::uint32_t few = 100;
constexpr std::uint32_t many = 1100;

// --- under callgrind: each loop is dumped to a file of its own, which carries its label ---

// Returns how many went well. A function of its own, so that nothing else takes registers.
template <class Operation, class Api, class Family>
[[gnu::noinline]] std::uint32_t repeat(Api& api, const Table<Family>& table, std::uint32_t times) {
  std::uint32_t good = 0;
  for (std::uint32_t i = 0; i < times; ++i)
    if (Operation::run(api, table, i)) ++good;
  return good;
}

template <class Operation, class Api, class Family>
void count(Api& api, const Table<Family>& table, std::uint32_t times) {
  const std::string label =
      row_name<Family, Operation>() + ' ' + Api::name + ' ' + std::to_string(times);
  CALLGRIND_ZERO_STATS;
  const std::uint32_t good = repeat<Operation>(api, table, times);
  CALLGRIND_DUMP_STATS_AT(label.c_str());
  if (good == times) return;
  std::printf("FAILED: %s: %u went wrong\n", label.c_str(), times - good);
  std::exit(1);
}

template <class Operation, class Api, class Family>
void count_by(Table<Family>& table) {
  Api api{table.map};
  for (const std::uint32_t times : {few, many}) {
    table.fill();
    count<Operation>(api, table, times);
  }
}

template <class Family, class... Operations>
void count_family() {
  Table<Family> table{many};
  (count_by<Operations, Libbpf<Family>>(table), ...);
  (count_by<Operations, Typed<Family>>(table), ...);
  (count_by<Operations, TypedEc<Family>>(table), ...);
}

void count_everything() {
  count_family<Hash<Stats8>, LookupHit, LookupMiss, Update, Erase, InsertErase>();
  count_family<Hash<Stats32>, LookupHit, LookupMiss, Update, Erase, InsertErase>();
  count_family<Array<Stats8>, LookupHit, Update>();
  count_family<PerCpuHash<Stats8>, LookupHit, LookupMiss, Update, Erase>();
}

// --- outside: the files become a table ---

// Instructions an operation: by row, then by API.
using Costs = std::map<std::string, std::map<std::string, double>>;

Costs read_costs(const std::filesystem::path& folder) {
  constexpr std::string_view trigger = "desc: Trigger: Client Request: ";
  constexpr std::string_view totals = "totals: ";
  Costs costs;
  for (const auto& file : std::filesystem::directory_iterator{folder}) {
    std::ifstream in{file.path()};
    std::string row;
    std::string api;
    std::uint32_t times = 0;
    for (std::string line; std::getline(in, line);) {
      if (line.starts_with(trigger))
        std::istringstream{line.substr(trigger.size())} >> row >> api >> times;
      if (line.starts_with(totals) && times != 0)
        costs[row][api] += std::stod(line.substr(totals.size())) / (times == many ? 1 : -1);
    }
  }
  for (auto& [row, by_api] : costs)
    for (auto& [api, cost] : by_api) cost /= many - few;
  return costs;
}

// Whether bpfmap may not take more than libbpf; otherwise it is only told.
bool is_held(const std::string& row) {
  // The slots have to be made first, which the C side has ready.
  return row != row_name<PerCpuHash<Stats8>, Update>();
}

// What bpfmap took when this was written, with the throwing form and with error_code: an increase
// is a regression. Known for Debian 12's compilers; rows of one instruction for each CPU are left
// out.
const Costs& known_costs() {
  struct Pair {
    double typed;
    double typed_ec;
  };
  static const std::map<std::string, Pair> pairs{
#if defined(__clang__) && __clang_major__ == 14
      {"array8.lookup", {26, 28}},
      {"array8.update", {26, 30}},
      {"hash32.erase", {22, 24}},
      {"hash32.insert+erase", {62, 68}},
      {"hash32.lookup", {24, 26}},
      {"hash32.lookup_miss", {25, 28}},
      {"hash32.update", {27, 31}},
      {"hash8.erase", {22, 24}},
      {"hash8.insert+erase", {59, 65}},
      {"hash8.lookup", {31, 26}},
      {"hash8.lookup_miss", {33, 28}},
      {"hash8.update", {24, 27}},
      {"percpu_hash8.erase", {22, 24}},
      {"percpu_hash8.lookup", {47, 49}},
      {"percpu_hash8.lookup_miss", {29, 32}},
#elif !defined(__clang__) && __GNUC__ == 12
      {"array8.lookup", {24, 40}},
      {"array8.update", {24, 28}},
      {"hash32.erase", {20, 23}},
      {"hash32.insert+erase", {44, 51}},
      {"hash32.lookup", {24, 27}},
      {"hash32.lookup_miss", {25, 27}},
      {"hash32.update", {27, 31}},
      {"hash8.erase", {20, 23}},
      {"hash8.insert+erase", {41, 48}},
      {"hash8.lookup", {36, 39}},
      {"hash8.lookup_miss", {36, 35}},
      {"hash8.update", {24, 28}},
      {"percpu_hash8.erase", {20, 23}},
      {"percpu_hash8.lookup", {41, 44}},
      {"percpu_hash8.lookup_miss", {32, 32}},
#endif
  };
  static const Costs costs = [] {
    Costs made;
    for (const auto& [row, pair] : pairs)
      made[row] = {{"typed", pair.typed}, {"typed_ec", pair.typed_ec}};
    return made;
  }();
  return costs;
}

// Whether `cost` is more than it was. One instruction is allowed for rounding.
bool has_grown(const std::string& row, const std::string& api, double cost) {
  const auto known = known_costs().find(row);
  return known != known_costs().end() && cost > known->second.at(api) + 1;
}

// Prints the table; whether bpfmap keeps within it.
bool compare(const Costs& costs) {
  bool good = !costs.empty();
  std::printf("| instructions | libbpf | typed | typed_ec |\n|---|---:|---:|---:|\n");
  for (const auto& [row, by_api] : costs) {
    const double limit = by_api.at("libbpf");
    std::printf("| %s | %.0f |", row.c_str(), limit);
    for (const char* const api : {"typed", "typed_ec"}) {
      const double cost = by_api.at(api);
      const bool too_much = cost > limit && is_held(row);
      const bool grown = has_grown(row, api, cost);
      std::printf(" %.0f%s%s |", cost, too_much ? " TOO MUCH" : "", grown ? " GROWN" : "");
      good = good && !too_much && !grown;
    }
    std::printf("\n");
  }
  return good;
}

int run_under_callgrind() {
  std::string folder{"/tmp/bpfmap-instructions-XXXXXX"};
  if (::mkdtemp(folder.data()) == nullptr) return 1;
  const std::string self = std::filesystem::read_symlink("/proc/self/exe");
  // Symbols are bound at once, so that no first call is dearer than the others.
  const std::string command = "LD_BIND_NOW=1 '" BPFMAP_VALGRIND "' --tool=callgrind --log-file='" +
                              folder + "/log' --callgrind-out-file='" + folder + "/out' '" + self +
                              "'";
  const bool ran = std::system(command.c_str()) == 0;
  if (!ran) std::cout << "FAILED: " << command << '\n' << std::ifstream{folder + "/log"}.rdbuf();
  const bool good = ran && compare(read_costs(folder));
  std::filesystem::remove_all(folder);
  return good ? 0 : 1;
}

}  // namespace
}  // namespace bpfmap::bench

int main() {
  int status = 0;
  if (bpfmap::bench::bpf_is_refused(status)) return status;
  if (RUNNING_ON_VALGRIND == 0) return bpfmap::bench::run_under_callgrind();
  bpfmap::bench::count_everything();
  return 0;
}
