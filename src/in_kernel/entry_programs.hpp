// SPDX-License-Identifier: MIT
// The programs that work on given keys. Private to the library.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "bpfmap/in_kernel/detail/entry_engine.hpp"
#include "program.hpp"

namespace bpfmap::inline v0::detail {

/// The map that programs work on, and the arrays that they share with user space.
struct EntryTarget {
  int map_fd;
  int keys_fd;
  int values_fd;
  int control_fd;
  std::uint32_t value_size;
  std::uint32_t cpus;                 ///< slots of a value; 0: a value has no slots
  std::optional<std::uint32_t> lock;  ///< where a value has its bpf_spin_lock
};

/// A copy of a larger value is a call of the kernel, not instructions.
inline constexpr std::size_t most_unrolled = 256;

/// The program for contains and lookup.
[[nodiscard]] bytecode::Assembler read_program(const EntryTarget& target);
/// The program for update (unless per CPU) and erase.
[[nodiscard]] bytecode::Assembler write_program(const EntryTarget& target);
/// The program for take.
[[nodiscard]] bytecode::Assembler take_program(const EntryTarget& target);
/// The program for one atomic update, or one sum over CPUs.
[[nodiscard]] bytecode::Assembler fetch_program(const EntryTarget& target, FetchOperation operation,
                                                IntegerMember member, bool inserts);

}  // namespace bpfmap::inline v0::detail
