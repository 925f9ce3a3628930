// SPDX-License-Identifier: MIT
// A failure: the operation, a code that compares with std::errc, and a text that names the remedy.
// Below every layer. The text is made in explain/, from the record that
// the failed operation left on its thread.
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

/// The operation that failed; every Error has one.
enum class Operation : std::uint8_t {
  create,
  open_pinned,
  open_or_create,
  from_id,
  adopt,
  duplicate,
  view,  ///< a typed map made over a Map
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
  from_libbpf,  ///< from(): a Map of a map that libbpf holds
  reuse,        ///< a Map given to a map that libbpf is going to create
};

/// The operation's name as the API spells it, such as "get_next_key".
[[nodiscard]] std::string_view to_string(Operation operation) noexcept;

/// A fault that bpfmap finds by itself, mostly before it calls the kernel. Each compares equal to
/// the std::errc named last.
enum class Errc : int {
  wrong_key_size = 5001,  ///< the key is not as large as the map's keys; invalid_argument
  wrong_value_size,       ///< the value is not as large as the map's values; invalid_argument
  map_is_percpu,          ///< a plain call on a per-CPU map: use the percpu form; invalid_argument
  map_is_not_percpu,      ///< a percpu call on a map of plain values; invalid_argument
  no_such_cpu,            ///< not a possible CPU; invalid_argument
  wrong_cpu_count,        ///< not one value per possible CPU; invalid_argument
  wrong_value_count,      ///< not one value per key of a batch; invalid_argument
  values_not_stored,      ///< a bloom filter stores no values: use lookup_into; invalid_argument
  no_cpu_list,            ///< /sys/devices/system/cpu/possible cannot be read; not_supported
  no_map,                 ///< the Map is empty: default-made, moved from, or its creation failed;
                          ///< bad_file_descriptor
  wrong_map_type,         ///< a typed map over a map of another type; invalid_argument
  out_of_range,           ///< an integer does not fit into the bytes it has to; result_out_of_range
  index_out_of_range,     ///< the map has no such index, in every operation;
                          ///< argument_list_too_long, the kernel's own answer to an update
  invalid_name,           ///< the kernel takes up to 15 of [A-Za-z0-9_.]; invalid_argument
  invalid_path,           ///< not a path on a bpffs that can be pinned to; invalid_argument
  wrong_map_flags,        ///< a typed map over a map without a flag that it needs; invalid_argument
  invalid_prefix,         ///< not a prefix such as 10.0.0.0/8; invalid_argument
  incompatible_map,       ///< the pinned map is not as asked for; file_exists
  wrong_record_size,      ///< a record is not as large as the event type; invalid_argument
  unsupported_operation,  ///< bpfmap offers no such operation for the map's type; not_supported
  map_not_loaded,         ///< libbpf has not created this map yet; bad_file_descriptor
  no_btf,                 ///< the map has no BTF that names its variables; not_supported
  no_such_variable,       ///< the map has no variable of this name; invalid_argument
};

/// The category of every error_code that bpfmap makes: an errno of the kernel, or an Errc.
///
/// An errno equals its std::errc (`ec == std::errc::permission_denied`); the kernel-internal 524
/// (ENOTSUPP), which std::system_category cannot name, equals std::errc::not_supported, and EBADFD
/// equals std::errc::bad_file_descriptor.
[[nodiscard]] const std::error_category& category() noexcept;

[[nodiscard]] std::error_code make_error_code(Errc error) noexcept;

/// What several codes mean alike: `if (ec == Condition::map_full)`.
enum class Condition : int {
  /// No room for another entry: E2BIG of a hash or a queue, ENOSPC of an LPM trie. Ask it of an
  /// update or a push; other operations use these errnos for other faults.
  map_full = 1,
};

[[nodiscard]] std::error_condition make_error_condition(Condition condition) noexcept;

/// Everything that a caller does not expect. `what()` names the operation, the map and the errno,
/// and the cause where it could be established.
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

/// What a batch did. Entries before the one that failed stay done; entries behind it were not
/// tried.
struct BatchResult {
  std::size_t done = 0;     ///< entries found, written or erased
  std::size_t skipped = 0;  ///< keys missing (lookup, replace, erase) or existing (insert)
  /// The index of the entry that failed; nullopt when none did.
  std::optional<std::size_t> failed = {};

  friend bool operator==(const BatchResult&, const BatchResult&) = default;
};

/// The Error of a batch. `what()` also names the number of entries done, and the index and the key
/// of the entry that failed.
class BatchError : public Error {
 public:
  BatchError(const Error& error, BatchResult result) : Error(error), result_(result) {}
  [[nodiscard]] const BatchResult& result() const noexcept { return result_; }

 private:
  BatchResult result_;
};

/// The text that the throwing form throws, of the last failure that this thread reported as `ec`.
///
/// Word for word what(). When this thread's last failure is another one, `ec.message()`; empty when
/// `ec` is no error. When the map was closed meanwhile, the text has only the causes that were
/// recorded.
[[nodiscard]] std::string explain(const std::error_code& ec);

namespace detail {

extern const std::error_category* const category_address;

// No error. std::error_code{} calls into the standard library, which a hot path does not.
[[nodiscard]] inline std::error_code no_error() noexcept { return {0, *category_address}; }

/// The Error of the last failure that this thread reported as `ec`.
[[nodiscard]] Error recorded_error(const std::error_code& ec);
/// The one function that throws: recorded_error(ec), as a BatchError when a batch failed.
[[noreturn]] void throw_error(const std::error_code& ec);
/// What a throwing form does behind its error_code form.
inline void throw_if(const std::error_code& ec) {
  if (ec) [[unlikely]]
    throw_error(ec);
}

/// Records a failed conversion that knows no map; returns `ec`. `text` is the argument as given or
/// as decimal digits, `number` the size in bytes or the address family.
[[gnu::cold]] std::error_code record_conversion(Operation operation, std::string_view text,
                                                std::size_t number, std::error_code ec) noexcept;
/// In `number`, beside the size: the argument is a text, not an integer.
inline constexpr std::size_t conversion_of_text = std::size_t{1} << 31U;

/// An error_code of a sys:: result, which is >= 0 or -errno.
[[nodiscard]] inline std::error_code kernel_error(int result) noexcept {
  return result < 0 ? std::error_code{-result, category()} : std::error_code{};
}

// Calls call(body); false when that throws std::bad_alloc or std::length_error. In the library, so
// that a header has one body under one name in files with and without exceptions, and that memory
// can run out in the latter, too.
[[nodiscard]] bool call_without_bad_alloc(void (*call)(void*), void* body) noexcept;

// What `body` returns; ENOMEM and an empty result when there is no memory for it. For the forms
// that do not throw.
template <class Body>
auto without_bad_alloc(std::error_code& ec, Body body) noexcept -> decltype(body()) {
  using Result = decltype(body());
  if constexpr (std::is_void_v<Result>) {
    const auto call = [](void* self) { (*static_cast<Body*>(self))(); };
    if (!call_without_bad_alloc(call, &body)) ec = kernel_error(-ENOMEM);
  } else {
    // Made in the caller's room and nowhere else: a result may be large.
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
}

}  // namespace detail
}  // namespace bpfmap::inline v0

template <>
struct std::is_error_code_enum<bpfmap::Errc> : std::true_type {};
template <>
struct std::is_error_condition_enum<bpfmap::Condition> : std::true_type {};
