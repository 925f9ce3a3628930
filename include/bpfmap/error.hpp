// SPDX-License-Identifier: MIT
// Errors: the operation, a code that compares with std::errc, and a text that names the remedy.
// Below every layer. explain/ makes the text from the record that the failed operation left on its
// thread.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>

#include "bpfmap/config.hpp"

namespace bpfmap::inline v0 {

/// The operation that failed; every Error has one. An operation on an entry is the kernel's:
/// insert(), replace(), push() and set() are `update`, peek() and contains() `lookup`, pop()
/// `lookup_and_delete`, and clear() `erase_batch`.
enum class Operation : std::uint8_t {
  create,
  open_pinned,
  open_or_create,
  from_id,
  adopt,
  duplicate,
  view,  ///< constructing a typed map from a Map
  info,
  lookup,
  update,
  erase,
  get_next_key,
  lookup_and_delete,
  scan,
  drain,
  lookup_batch,
  update_batch,
  erase_batch,
  mmap,
  freeze,
  pin,
  unpin,
  list,
  encode,
  decode,
  poll,
  consume,
  reserve,
  from_libbpf,        ///< from(): a Map for a map that libbpf holds
  reuse,              ///< reuse(): libbpf uses a Map instead of creating one
  migrate,            ///< resize() and migrate()
  iterate,            ///< reading the records of a BPF iterator
  wait_for_programs,  ///< wait_for_programs() and wait_for_sleepable_programs()
  in_kernel,          ///< making a handle by in_kernel(), and its atomic updates
};

/// The operation's name as the enumerator spells it, such as "get_next_key".
[[nodiscard]] std::string_view to_string(Operation operation) noexcept;

/// A fault that bpfmap detects itself, mostly before it calls the kernel. Each compares equal to
/// the std::errc at the end of its comment.
enum class Errc : int {
  wrong_key_size = 5001,  ///< the key's size differs from that of the map's keys; invalid_argument
  wrong_value_size,    ///< the value's size differs from that of the map's values; invalid_argument
  map_is_percpu,       ///< a plain call on a per-CPU map: use the percpu form; invalid_argument
  map_is_not_percpu,   ///< a percpu call on a map of plain values; invalid_argument
  no_such_cpu,         ///< not a possible CPU; invalid_argument
  wrong_cpu_count,     ///< not one value per possible CPU; invalid_argument
  wrong_value_count,   ///< not one value per key of a batch; invalid_argument
  values_not_stored,   ///< a bloom filter stores no values: use lookup_into; invalid_argument
  no_cpu_list,         ///< /sys/devices/system/cpu/possible cannot be read; not_supported
  no_map,              ///< the Map is empty: default-constructed, moved from, or never opened;
                       ///< bad_file_descriptor
  wrong_map_type,      ///< the typed map is for another map type; invalid_argument
  out_of_range,        ///< an integer does not fit into its type or its bytes; result_out_of_range
  index_out_of_range,  ///< the map has no such index, whatever the operation;
                       ///< argument_list_too_long, which the kernel returns for an update
  invalid_name,       ///< the kernel accepts up to 15 characters of [A-Za-z0-9_.]; invalid_argument
  invalid_path,       ///< a map cannot be pinned at this path; invalid_argument
  wrong_map_flags,    ///< the map lacks a flag that the typed map needs; invalid_argument
  invalid_prefix,     ///< not a prefix such as 10.0.0.0/8; invalid_argument
  incompatible_map,   ///< the pinned map differs from the spec; file_exists
  wrong_record_size,  ///< the record's size differs from that of the event type; invalid_argument
  unsupported_operation,  ///< bpfmap offers no such operation for this map; not_supported
  map_not_loaded,         ///< libbpf has not created this map yet; bad_file_descriptor
  no_btf,                 ///< the map has no BTF that names its variables; not_supported
  no_such_variable,       ///< the map has no variable of this name; invalid_argument
  not_pinned,             ///< the map is not, or no longer, the one pinned at the path;
                          ///< no_such_file_or_directory
  map_changed,            ///< the Map was given another map during a walk; bad_file_descriptor
  wrong_layout,           ///< the map's BTF contradicts the key or value type; invalid_argument
  invalid_text,           ///< not the text of a key, value or entry; invalid_argument
  too_many_keys,          ///< more keys than the handle's view holds; argument_list_too_long
  misaligned_member,      ///< the member's address in the map is no multiple of its size, so that
                          ///< no atomic operation can change it; not_supported
};

/// The category of every error_code that bpfmap makes: an errno of the kernel, or an Errc.
///
/// An errno equals its std::errc (`ec == std::errc::permission_denied`); the kernel-internal 524
/// (ENOTSUPP), which std::system_category cannot name, equals std::errc::not_supported, and EBADFD
/// equals std::errc::bad_file_descriptor.
[[nodiscard]] const std::error_category& category() noexcept;

[[nodiscard]] std::error_code make_error_code(Errc error) noexcept;

/// A condition that several codes share: `if (ec == Condition::map_full)`.
enum class Condition : int {
  /// No room for another entry: E2BIG from a hash or a queue, ENOSPC from an LPM trie. Compare only
  /// the codes of an update or a push with it; other operations return these errnos for other
  /// faults.
  map_full = 1,
};

[[nodiscard]] std::error_condition make_error_condition(Condition condition) noexcept;

/// Thrown for every failure that is not an expected result. `what()` names the operation, the map
/// and the errno, and the cause where it could be established.
class Error : public std::system_error {
 public:
  Error(std::error_code code, Operation operation, std::uint32_t map_id, const std::string& text)
      : std::system_error(code, text), operation_(operation), map_id_(map_id) {}

  [[nodiscard]] Operation operation() const noexcept { return operation_; }
  /// The kernel's id of the map; 0 when there was no map.
  [[nodiscard]] std::uint32_t map_id() const noexcept { return map_id_; }

 private:
  Operation operation_;
  std::uint32_t map_id_;
};

/// The result of a batch. Entries before the failed one are done; entries after it were not
/// attempted.
struct BatchResult {
  std::size_t done = 0;     ///< entries found, written or erased
  std::size_t skipped = 0;  ///< keys missing (lookup, replace, erase) or existing (insert)
  /// The index of the entry that failed; nullopt when none did.
  std::optional<std::size_t> failed = {};

  friend bool operator==(const BatchResult&, const BatchResult&) = default;
};

/// The Error that a batch throws. `what()` also names the number of entries done, and the index and
/// the key of the entry that failed.
class BatchError : public Error {
 public:
  BatchError(const Error& error, BatchResult result) : Error(error), result_(result) {}
  [[nodiscard]] const BatchResult& result() const noexcept { return result_; }

 private:
  BatchResult result_;
};

/// Returns the text that the throwing form throws, for the last failure that this thread reported
/// as `ec`.
///
/// The text equals what(), word for word. Returns `ec.message()` when this thread's last failure
/// was a different one, and an empty string when `ec` is not an error. If the map has been closed
/// since, the text has only the causes that were recorded.
[[nodiscard]] std::string explain(const std::error_code& ec);

namespace detail {

extern const std::error_category* const category_address;

// No error. std::error_code{} calls into the standard library, which a hot path avoids.
[[nodiscard]] inline std::error_code no_error() noexcept { return {0, *category_address}; }

/// The Error of the last failure that this thread reported as `ec`.
[[nodiscard]] Error recorded_error(const std::error_code& ec);
/// The only function that throws: throws recorded_error(ec), as a BatchError when a batch failed.
/// By value, so that the caller's code stays in registers.
[[noreturn, gnu::cold]] void throw_error(std::error_code ec);
/// Called by a throwing form after its error_code form.
inline void throw_if(std::error_code ec) {
  if (ec) [[unlikely]]
    throw_error(ec);
}

/// Records a failed conversion that knows no map; returns `ec`. `text` is the argument as given or
/// as decimal digits, `number` the size in bytes or the address family.
[[gnu::cold]] std::error_code record_conversion(Operation operation, std::string_view text,
                                                std::size_t number, std::error_code ec) noexcept;
/// In `number`, beside the size: the argument is a text, not an integer.
inline constexpr std::size_t conversion_of_text = std::size_t{1} << 31U;
/// As `number`: `text` is the whole text of the failure.
inline constexpr std::size_t conversion_message = std::size_t{1} << 30U;

/// An error_code of a sys:: result, which is >= 0 or -errno.
[[nodiscard]] inline std::error_code kernel_error(int result) noexcept {
  return result < 0 ? std::error_code{-result, category()} : std::error_code{};
}

// Calls call(body); returns false when that throws std::bad_alloc or std::length_error. Defined in
// the library, so that files with and without exceptions share one definition, and both handle
// running out of memory.
[[nodiscard]] bool call_without_bad_alloc(void (*call)(void*), void* body) noexcept;

// Returns the result of `body`; sets ENOMEM and returns an empty result when memory runs out. For
// the forms that do not throw.
template <class Body>
auto without_bad_alloc(std::error_code& ec, Body body) noexcept -> decltype(body()) {
  using Result = decltype(body());
  // Constructed in the caller's storage only: a result may be large.
  Result result{};
  struct Frame {
    Body& body;
    Result& result;
  } frame{body, result};
  const auto call = [](void* self) {
    Frame& to = *static_cast<Frame*>(self);
    to.result.~Result();
    ::new (static_cast<void*>(&to.result)) Result(to.body());
  };
  if (!call_without_bad_alloc(call, &frame)) {
    ::new (static_cast<void*>(&result)) Result{};
    ec = kernel_error(-ENOMEM);
  }
  return result;
}
template <class Body>
  requires(std::is_void_v<std::invoke_result_t<Body&>>)
void without_bad_alloc(std::error_code& ec, Body body) noexcept {
  const auto call = [](void* self) { (*static_cast<Body*>(self))(); };
  if (!call_without_bad_alloc(call, &body)) ec = kernel_error(-ENOMEM);
}

}  // namespace detail
}  // namespace bpfmap::inline v0

template <>
struct std::is_error_code_enum<bpfmap::Errc> : std::true_type {};
template <>
struct std::is_error_condition_enum<bpfmap::Condition> : std::true_type {};
