// SPDX-License-Identifier: MIT
// The memory that a handle shares with its programs, and the operations on given keys, in bytes.
// Above bulk/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "bpfmap/in_kernel/status.hpp"
#include "bpfmap/map/map.hpp"
#include "bpfmap/sys/mapping.hpp"
#include "bpfmap/sys/ownership.hpp"
#include "bpfmap/sys/unique_fd.hpp"

namespace bpfmap::inline v0::detail {

enum class EntryOperation : std::uint32_t { contains, lookup, update, erase, take };
[[nodiscard]] constexpr bool writes(EntryOperation operation) noexcept {
  return operation == EntryOperation::update || operation == EntryOperation::erase ||
         operation == EntryOperation::take;
}

/// How an atomic update of an integer member combines it with the operand.
enum class FetchOperation : std::uint8_t {
  add,
  bit_or,
  bit_and,
  bit_xor,
  exchange,
  compare_exchange,
  min_unsigned,
  max_unsigned,
  min_signed,
  max_signed,
  sum_unsigned,  // of a member over all CPUs
  sum_signed,
};

/// An integer in a value: its offset, and 4 or 8 bytes.
struct IntegerMember {
  std::uint32_t offset;
  std::uint32_t size;

  friend bool operator==(const IntegerMember&, const IntegerMember&) = default;
};

/// An array map that user space has mapped.
struct SharedArray {
  sys::UniqueFd fd;
  sys::Mapping memory;
  std::size_t stride = 0;  // from one element to the next
};

/// What the first bytes of the control array mean. The program reads them once a run.
struct EntryControl {
  std::uint32_t first;  // slots before it are left alone
  std::uint32_t end;    // and from this one on
  std::uint32_t operation;
  std::uint32_t unused;
  std::int64_t tolerated;  // a result that does not end the run, such as -ENOENT; 0: none
  std::uint64_t flags;     // of an update
  // Behind it: the value that an atomic update inserts where there is none.
};

/// Slots of keys and values, and the programs that work on them.
///
/// A slot of a key has 8 bytes of result, then the key. Behind a failed run(), results from the
/// slot that failed on are `pending`.
class EntryEngine {
 public:
  static constexpr std::int32_t pending = 1;

  /// Empty.
  EntryEngine() noexcept = default;
  /// Makes the memory and loads the programs; status() says which engine works. `locked`: values
  /// are read and written under their lock.
  EntryEngine(const Map& map, const InKernelOptions& options, bool locked, std::error_code& ec);

  [[nodiscard]] const InKernelStatus& status() const noexcept { return status_; }
  /// Returns the number of slots; 0 when empty.
  [[nodiscard]] std::uint32_t capacity() const noexcept { return capacity_; }
  /// Returns whether this process made it; true when empty.
  [[nodiscard]] bool is_ours() const noexcept { return process_.is_current(); }

  /// Returns slot i's key, to be written, and makes its result `pending`.
  [[nodiscard]] std::byte* new_key(std::size_t i) noexcept {
    std::byte* const slot = keys_ + i * key_stride_;
    constexpr std::uint64_t header = static_cast<std::uint32_t>(pending);
    __builtin_memcpy(slot, &header, sizeof header);
    return slot + header_size;
  }
  [[nodiscard]] std::byte* value(std::size_t i) const noexcept {
    return values_ + i * value_stride_;
  }
  [[nodiscard]] std::size_t value_stride() const noexcept { return value_stride_; }
  /// Returns 0, -errno or `pending`.
  [[nodiscard]] std::int32_t result(std::size_t i) const noexcept {
    std::int32_t result;
    __builtin_memcpy(&result, keys_ + i * key_stride_, sizeof result);
    return result;
  }
  [[nodiscard]] const std::byte* results() const noexcept { return keys_; }
  [[nodiscard]] std::size_t result_stride() const noexcept { return key_stride_; }

  /// Does `operation` on slots 0 to `count` - 1, in that order, up to the first one whose result is
  /// neither 0 nor `tolerated`.
  void run(const Map& map, EntryOperation operation, std::uint32_t count, std::int64_t tolerated,
           std::uint64_t flags) noexcept;

  /// Returns the memory of the value that fetch() inserts.
  [[nodiscard]] std::byte* initial() noexcept { return control_ + sizeof(EntryControl); }
  /// Loads the program of an atomic update unless it is loaded. `ec`: Errc::unsupported_operation
  /// where system calls do the work or the kernel refuses the program, Errc::misaligned_member, and
  /// the kernel's where it may be another one next time.
  void prepare_fetch(const Map& map, FetchOperation operation, IntegerMember member, bool inserts,
                     std::error_code& ec) noexcept;
  /// As run(), with the program that prepare_fetch() found. The first 8 bytes of a slot's value are
  /// the operand, and become the old value; the next 8 are what compare_exchange expects. Returns
  /// 0, or -errno when nothing ran.
  int fetch(const Map& map, std::uint32_t count, std::int64_t tolerated) noexcept;

 private:
  static constexpr std::size_t header_size = 8;

  struct Program {
    sys::UniqueFd fd;
    bool sleeps = false;  // a syscall program
  };
  struct FetchProgram {
    FetchOperation operation;
    IntegerMember member;
    bool inserts;
    Program program;
    std::error_code refused;  // without a program
  };

  void choose_sizes(const MapInfo& info, const InKernelOptions& options, bool percpu);
  void make_memory(const MapInfo& info, std::error_code& ec);
  void share_memory(const MapInfo& info, std::error_code& ec);
  void make_kernel_engine(const Map& map, std::error_code& ec);
  void note_refusal(std::error_code ec, std::string log);
  void load_fetch(const Map& map, FetchOperation operation, IntegerMember member, bool inserts,
                  std::error_code& ec);
  int run_once(const Program& program, const EntryControl& control) noexcept;
  void run_program(const Program& program, const Map& map, EntryOperation operation,
                   std::uint32_t count, std::int64_t tolerated, std::uint64_t flags) noexcept;
  void run_calls(const Map& map, EntryOperation operation, std::uint32_t first, std::uint32_t end,
                 std::int64_t tolerated, std::uint64_t flags) const noexcept;
  [[nodiscard]] int call(const Map& map, EntryOperation operation, std::size_t i,
                         std::uint64_t flags) const noexcept;
  void set_result(std::size_t i, std::int32_t result) const noexcept {
    __builtin_memcpy(keys_ + i * key_stride_, &result, sizeof result);
  }

  std::byte* keys_ = nullptr;
  std::byte* values_ = nullptr;
  std::byte* control_ = nullptr;
  std::size_t key_stride_ = 0;
  std::size_t value_stride_ = 0;
  std::uint32_t capacity_ = 0;
  std::uint32_t cpus_ = 0;  // of a value; 0: it has no slots
  bool locked_ = false;
  std::optional<std::uint32_t> lock_;  // where the value has it
  sys::OwnerProcess process_;
  Program reads_;
  Program writes_;
  Program takes_;  // needs what both of them need
  SharedArray shared_keys_;
  SharedArray shared_values_;
  SharedArray shared_control_;
  std::vector<FetchProgram> fetches_;
  std::size_t fetch_ = 0;                // the one that prepare_fetch() found
  std::unique_ptr<std::byte[]> memory_;  // of the system calls' engine
  InKernelStatus status_;
};

}  // namespace bpfmap::inline v0::detail
