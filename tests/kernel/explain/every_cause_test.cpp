// SPDX-License-Identifier: MIT
// The tables of causes as a whole. With BPFMAP_EVERY_CAUSE=1 every row must be the cause of a real
// failure in this run of the tests; and no row is the cause of an errno for which nothing else
// speaks.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "../../../src/explain/causes.hpp"
#include "../../../src/explain/system.hpp"
#include "bpfmap/map/map.hpp"
#include "maps.hpp"
#include "told_texts.hpp"

namespace bpfmap {
namespace {

using detail::Cause;

// Rows that no test can make happen here, and why.
struct Unreachable {
  std::string_view text;  // a part of the row's
  std::string_view why;
};
constexpr std::array unreachable_rows{
    Unreachable{"before Linux 5.11", "an older kernel"},
    Unreachable{"(Linux 4.4; overwriting 4.7)", "an older kernel"},
    Unreachable{"it needs Linux 5.14", "an older kernel"},
    Unreachable{"the map is frozen already", "an older kernel"},
    Unreachable{"BPF iterators need Linux 5.8", "an older kernel"},
    Unreachable{"waiting for sleepable programs needs Linux 5.14", "an older kernel"},
    Unreachable{"has no BPF_F_CPU", "an older kernel for each of three errnos"},
    Unreachable{"in LPM tries, and would", "an older kernel: see LpmTrieConditions"},
    Unreachable{"the kernel takes CPU numbers below", "a newer kernel"},
    Unreachable{"was built without bpf(2)", "another kernel"},
    Unreachable{"refuses bpf(2)", "a security module"},
    Unreachable{"the kernel refused it, and the cause is not known", "a security module"},
    Unreachable{"several static variables of the section", "one object: see FindVariable"},
    Unreachable{"the output ends within a record", "a kernel without iterators of maps"},
    Unreachable{"a lock inside the map is contended", "a race with a program"},
    Unreachable{"a signal interrupted the call", "a race with a signal"},
    Unreachable{"temporarily unavailable", "a race"},
    Unreachable{"cannot read or write the memory", "unmapped memory of a caller"},
    Unreachable{"there is not enough memory for the", "the memory of the machine"},
    Unreachable{"out of memory", "the memory of the machine"},
    Unreachable{"raise fs.file-max", "the descriptors of the machine"},
    Unreachable{"something other than this Map closed it", "EBADFD: another kernel"},
    Unreachable{"use a larger batch", "the library makes room"},
    Unreachable{"(TCP_ULP, such as kernel TLS)", "the kernel module tls"},
    Unreachable{"the queue size in the value is 0", "another kernel: 0 erases the entry"},
    Unreachable{"is offline; PerfBufferOptions::cpus", "CPUs that can be taken offline"},
    Unreachable{"{possible}, so max_entries cannot", "a process without /sys at its start"},
    Unreachable{"{possible}, so the number of slots", "a process without /sys at its start"},
    Unreachable{"the CPU is not one of the", "a failure that was recorded without its CPU"},
    Unreachable{"the index is out of range", "a failure that was recorded without its index"},
    Unreachable{"a value has another size than",
                "batches of values of different sizes, which none takes"},
    Unreachable{"before fork(2), by the parent", "a forked child: see PerfBufferAfterFork"},
    Unreachable{"the drain was begun before fork(2)", "a forked child: see OwnedDrain"},
    Unreachable{"made by in_kernel() before fork(2)", "a forked child: see InKernelHandle"},
    Unreachable{"MapFlags::rb_overwrite: its", "a newer kernel"},
    Unreachable{"the program in the value, {value_program}, is",
                "EBADF of cpumaps: a newer kernel"},
    Unreachable{"{value_program}: cpumaps take XDP", "a newer kernel"},
    Unreachable{"has no receive ring (XDP_RX_RING)", "a newer kernel"},
    Unreachable{"locks its memory (mlockall(2))", "a process that locks its memory"},
    Unreachable{"no room left in the address space", "a full address space"},
    Unreachable{"{operation} is not supported on this", "types that are newer than this library"},
};

const Unreachable* find_unreachable(const Cause& row) {
  const auto found = std::find_if(
      unreachable_rows.begin(), unreachable_rows.end(),
      [&row](const Unreachable& u) { return row.text.find(u.text) != std::string_view::npos; });
  return found == unreachable_rows.end() ? nullptr : &*found;
}

bool names_error(const Cause& row, std::string_view text) {
  const auto ends_with = [text](int error) {
    return text.ends_with(std::error_code{error, category()}.message());
  };
  if (row.error != 0) return ends_with(row.error);
  return ends_with(EINVAL) || ends_with(EOPNOTSUPP) || ends_with(sys::enotsupp);
}

bool names_operation(const Cause& row, std::string_view text) {
  const auto word = text.substr(0, text.find(' '));
  if (word == "open_or_create") return true;  // its step is what the row is about
  for (auto operation = Operation::create; to_string(operation) != "unknown operation";
       operation = static_cast<Operation>(static_cast<int>(operation) + 1))
    if (to_string(operation) == word) return row.operations.contains(operation);
  return false;
}

// Whether `text` has the row's text, with anything for each {placeholder}.
bool has_text(const Cause& row, std::string_view text) {
  std::size_t at = 0;
  for (std::string_view rest = row.text; !rest.empty();) {
    const auto open = std::min(rest.find('{'), rest.size());
    at = text.find(rest.substr(0, open), at);
    if (at == std::string_view::npos) return false;
    at += open;
    const auto close = rest.find('}', open);
    rest = close == std::string_view::npos ? std::string_view{} : rest.substr(close + 1);
  }
  return true;
}

bool was_told(const Cause& row, const std::vector<std::string>& texts) {
  return std::any_of(texts.begin(), texts.end(), [&row](const std::string& text) {
    return names_error(row, text) && names_operation(row, text) && has_text(row, text);
  });
}

std::string name_of(const Cause& row) {
  return std::error_code{row.error, category()}.message() + ": " + std::string{row.text};
}

class EveryCause : public ::testing::Environment {
 public:
  void TearDown() override {
    // The rows for newer kernels cannot happen on an older one.
    if (!test::notes_texts() || detail::kernel_is_before("6.18")) return;
    const std::vector<std::string> texts = test::noted_texts();
    std::size_t rows = 0;
    std::size_t told = 0;
    for (const auto table : detail::cause_tables())
      for (const Cause& row : table) {
        ++rows;
        const bool happened = was_told(row, texts);
        if (happened) ++told;
        const Unreachable* const excuse = find_unreachable(row);
        if (!happened && excuse == nullptr) ADD_FAILURE() << "never happened: " << name_of(row);
        if (!happened && excuse != nullptr)
          std::cout << "not here (" << excuse->why << "): " << name_of(row) << '\n';
      }
    std::cout << told << " of " << rows << " causes happened, in " << texts.size() << " texts\n";
  }
};

[[maybe_unused]] ::testing::Environment* const every_cause =
    ::testing::AddGlobalTestEnvironment(new EveryCause);

// The rows that an errno proves by itself, with the operation and the type.
bool needs_nothing_else(const Cause& row) {
  return row.when == &detail::condition::always || row.when == &detail::condition::has_map ||
         row.when == &detail::condition::has_privilege || row.when == &detail::condition::no_path ||
         row.when == &detail::condition::type_lacks_take ||
         row.when == &detail::condition::small_values;
}

TEST(CauseTable, TellsOfAnErrnoAloneWhatItProves) {
  for (const MapTypeTraits& traits : map_types()) {
    std::error_code ec;
    const Map map = Map::create(test::spec_of(traits.type), ec);
    if (!map) continue;
    for (auto operation = Operation::create; to_string(operation) != "unknown operation";
         operation = static_cast<Operation>(static_cast<int>(operation) + 1))
      for (int error = 1; error <= sys::enotsupp; error += error == 140 ? sys::enotsupp - 140 : 1) {
        const auto code = detail::record(map, {.operation = operation}, test::errno_code(error));
        const detail::FailureRecord record = detail::last_failure();
        const detail::Cause* const row = detail::find_cause({.record = record,
                                                             .operation = operation,
                                                             .error = code.value(),
                                                             .info = record.info.info()});
        if (row != nullptr && !needs_nothing_else(*row))
          ADD_FAILURE() << to_string(traits.type) << ' ' << to_string(operation) << ": "
                        << name_of(*row);
      }
  }
}

}  // namespace
}  // namespace bpfmap
