// SPDX-License-Identifier: MIT
// Which engine does the work of a handle made by in_kernel(), and why. Above bulk/.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>

#include "bpfmap/config.hpp"

namespace bpfmap::inline v0 {

/// What does the work of a handle made by in_kernel().
enum class Engine : std::uint8_t {
  kernel,        ///< a BPF program: one system call for many keys
  system_calls,  ///< the kernel's commands: one system call for each key, or for a batch
};

/// Why system calls do the work.
enum class EngineReason : std::uint8_t {
  none,               ///< they do not: the kernel engine does
  asked_for,          ///< InKernelOptions::engine
  type_not_possible,  ///< programs cannot do it for maps of this type
  not_permitted,      ///< EPERM: loading a program needs CAP_BPF, or the descriptor's access is not
                      ///< enough
  kernel_too_old,     ///< the kernel has no such program, or lacks a function (5.14; per-CPU
                      ///< maps 5.19)
  refused,            ///< the kernel refused the program for another reason: see `error` and `log`
};

/// The enumerator's name, such as "kernel_too_old".
[[nodiscard]] std::string_view to_string(Engine engine) noexcept;
[[nodiscard]] std::string_view to_string(EngineReason reason) noexcept;

/// Which engine a handle made by in_kernel() is to use.
enum class EngineChoice : std::uint8_t {
  automatic,       ///< the kernel where that is possible, otherwise system calls
  require_kernel,  ///< an Error where the kernel is not possible
  system_calls,    ///< always system calls
};

/// Options of in_kernel().
struct InKernelOptions {
  EngineChoice engine = EngineChoice::automatic;
  /// The number of keys that one system call takes, 1 to 65,536 (Errc::out_of_range); more keys
  /// than that take several calls. The handle maps memory for so many keys and values. 0: 1,024, or
  /// fewer where values are so large that they would take more than 4 MiB.
  std::uint32_t keys_per_call = 0;
  /// A query over a map with more max_entries than this is done by system calls. A program walks
  /// over the whole map in one system call, at some 0.1 us per entry, and a kernel without full
  /// preemption schedules nothing else on this CPU meanwhile; a walk by system calls gives way
  /// after each batch. 0: no limit.
  std::uint32_t longest_walk = 0;
};

/// What a handle made by in_kernel() found when it was made; `error` and `log` are those of an
/// atomic update or a sum when the kernel has refused its program since.
struct InKernelStatus {
  Engine reads = Engine::system_calls;            ///< of lookup_batch() and contains_batch()
  Engine writes = Engine::system_calls;           ///< of updates and erase_batch(); of both, what
                                                  ///< lookup_and_delete_batch() needs
  EngineReason reason = EngineReason::asked_for;  ///< why one of them is system_calls
  std::error_code error;                          ///< the kernel's, when it refused a program
  std::string log;                                ///< the end of what its verifier said
};

/// How the last query of a handle was done.
struct QueryStatus {
  Engine engine = Engine::system_calls;
  /// Each entry that stays in the map was met exactly once, whatever other threads did. false for a
  /// program's walk over a hash, and for walks by system calls that are not exact (see ScanStatus).
  bool exact = false;
  /// Why system calls did it, with the end of the verifier's log where it refused the program;
  /// valid until the next query. Empty when a program did it.
  std::string_view reason = {};
};

}  // namespace bpfmap::inline v0
