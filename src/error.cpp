// SPDX-License-Identifier: MIT
#include "bpfmap/error.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <new>
#include <stdexcept>
#include <type_traits>

namespace bpfmap::inline v0 {
namespace {

constexpr int enotsupp = 524;  // of linux/errno.h: internal to the kernel, but bpf(2) returns it

// As on i386, where the struct's layout differs from its layout in a BPF program.
struct AlignedAsU64 {
  std::uint64_t value;
};
constexpr bool u64_is_narrowly_aligned = alignof(AlignedAsU64) < 8;

struct MisuseText {
  Errc error;
  std::errc condition;
  const char* text;
};

constexpr std::array misuse{
    MisuseText{Errc::wrong_key_size, std::errc::invalid_argument, "wrong key size"},
    MisuseText{Errc::wrong_value_size, std::errc::invalid_argument,
               u64_is_narrowly_aligned
                   ? "wrong value size; in this 32-bit program a 64-bit member is aligned to 4 "
                     "bytes, in a BPF program to 8: declare it alignas(8)"
                   : "wrong value size"},
    MisuseText{Errc::map_is_percpu, std::errc::invalid_argument, "plain call on a per-CPU map"},
    MisuseText{Errc::map_is_not_percpu, std::errc::invalid_argument, "per-CPU call on a plain map"},
    MisuseText{Errc::no_such_cpu, std::errc::invalid_argument, "not a possible CPU"},
    MisuseText{Errc::wrong_cpu_count, std::errc::invalid_argument,
               "not one value for each possible CPU"},
    MisuseText{Errc::wrong_value_count, std::errc::invalid_argument, "not one value for each key"},
    MisuseText{Errc::values_not_stored, std::errc::invalid_argument,
               "a bloom filter stores no values"},
    MisuseText{Errc::no_cpu_list, std::errc::not_supported, "the possible CPUs are unknown"},
    MisuseText{Errc::no_map, std::errc::bad_file_descriptor, "the Map is empty"},
    MisuseText{Errc::wrong_map_type, std::errc::invalid_argument, "wrong map type"},
    MisuseText{Errc::out_of_range, std::errc::result_out_of_range, "integer does not fit"},
    MisuseText{Errc::index_out_of_range, std::errc::argument_list_too_long, "index out of range"},
    MisuseText{Errc::invalid_name, std::errc::invalid_argument, "invalid map name"},
    MisuseText{Errc::invalid_path, std::errc::invalid_argument,
               "a map cannot be pinned at this path"},
    MisuseText{Errc::wrong_map_flags, std::errc::invalid_argument, "wrong map flags"},
    MisuseText{Errc::invalid_prefix, std::errc::invalid_argument, "not a prefix"},
    MisuseText{Errc::incompatible_map, std::errc::file_exists,
               "the pinned map differs from the spec"},
    MisuseText{Errc::wrong_record_size, std::errc::invalid_argument, "wrong record size"},
    MisuseText{Errc::unsupported_operation, std::errc::not_supported, "unsupported operation"},
    MisuseText{Errc::map_not_loaded, std::errc::bad_file_descriptor, "the map is not loaded"},
    MisuseText{Errc::no_btf, std::errc::not_supported, "the map has no BTF for its variables"},
    MisuseText{Errc::no_such_variable, std::errc::invalid_argument, "no such variable"},
    MisuseText{Errc::not_pinned, std::errc::no_such_file_or_directory,
               "the map is not pinned there"},
    MisuseText{Errc::map_changed, std::errc::bad_file_descriptor, "the Map now holds another map"},
    MisuseText{Errc::wrong_layout, std::errc::invalid_argument, "wrong layout"},
    MisuseText{Errc::invalid_text, std::errc::invalid_argument, "not the text of an entry"},
    MisuseText{Errc::too_many_keys, std::errc::argument_list_too_long, "too many keys"},
    MisuseText{Errc::misaligned_member, std::errc::not_supported, "misaligned member"},
};

const MisuseText* find_misuse(int value) noexcept {
  for (const auto& row : misuse)
    if (static_cast<int>(row.error) == value) return &row;
  return nullptr;
}

class Category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "bpfmap"; }

  std::string message(int value) const override {
    if (const auto* row = find_misuse(value)) return row->text;
    if (value == enotsupp)
      return "ENOTSUPP (the kernel does not support this operation on this map)";
    const char* const symbol = ::strerrorname_np(value);
    if (symbol == nullptr) return "errno " + std::to_string(value);
    return std::string{symbol} + " (" + ::strerrordesc_np(value) + ")";
  }

  std::error_condition default_error_condition(int value) const noexcept override {
    if (const auto* row = find_misuse(value)) return row->condition;
    if (value == enotsupp) return std::errc::not_supported;
    if (value == EBADFD) return std::errc::bad_file_descriptor;
    return {value, std::generic_category()};
  }

  bool equivalent(int value, const std::error_condition& condition) const noexcept override {
    if (condition == make_error_condition(Condition::map_full))
      return value == E2BIG || value == ENOSPC;
    return default_error_condition(value) == condition;
  }
};

// A separate category: Condition::map_full is 1, and so is EPERM.
class ConditionCategory final : public std::error_category {
 public:
  const char* name() const noexcept override { return "bpfmap condition"; }
  std::string message(int value) const override {
    return value == static_cast<int>(Condition::map_full) ? "the map is full" : "unknown condition";
  }
};

// Never destroyed: static destructors may still compare codes.
template <class T>
union Forever {
  constexpr Forever() noexcept : object() {}
  constexpr ~Forever() {}
  T object;
};

constinit Forever<Category> category_object;
constinit Forever<ConditionCategory> condition_category_object;

}  // namespace

const std::error_category* const detail::category_address = &category_object.object;

const std::error_category& category() noexcept { return category_object.object; }

std::error_code make_error_code(Errc error) noexcept {
  return {static_cast<int>(error), category()};
}

std::error_condition make_error_condition(Condition condition) noexcept {
  return {static_cast<int>(condition), condition_category_object.object};
}

std::string_view to_string(Operation operation) noexcept {
  switch (operation) {
    case Operation::create:
      return "create";
    case Operation::open_pinned:
      return "open_pinned";
    case Operation::open_or_create:
      return "open_or_create";
    case Operation::from_id:
      return "from_id";
    case Operation::adopt:
      return "adopt";
    case Operation::duplicate:
      return "duplicate";
    case Operation::view:
      return "view";
    case Operation::info:
      return "info";
    case Operation::lookup:
      return "lookup";
    case Operation::update:
      return "update";
    case Operation::erase:
      return "erase";
    case Operation::get_next_key:
      return "get_next_key";
    case Operation::lookup_and_delete:
      return "lookup_and_delete";
    case Operation::scan:
      return "scan";
    case Operation::drain:
      return "drain";
    case Operation::lookup_batch:
      return "lookup_batch";
    case Operation::update_batch:
      return "update_batch";
    case Operation::erase_batch:
      return "erase_batch";
    case Operation::mmap:
      return "mmap";
    case Operation::freeze:
      return "freeze";
    case Operation::pin:
      return "pin";
    case Operation::unpin:
      return "unpin";
    case Operation::list:
      return "list";
    case Operation::encode:
      return "encode";
    case Operation::decode:
      return "decode";
    case Operation::poll:
      return "poll";
    case Operation::consume:
      return "consume";
    case Operation::reserve:
      return "reserve";
    case Operation::from_libbpf:
      return "from";
    case Operation::reuse:
      return "reuse";
    case Operation::migrate:
      return "migrate";
    case Operation::iterate:
      return "iterate";
    case Operation::wait_for_programs:
      return "wait_for_programs";
    case Operation::in_kernel:
      return "in_kernel";
  }
  return "unknown operation";
}

bool detail::call_without_bad_alloc(void (*call)(void*), void* body) noexcept try {
  call(body);
  return true;
} catch (const std::bad_alloc&) {
  return false;
} catch (const std::length_error&) {
  return false;  // more than a container can hold, mainly in a 32-bit program
}

}  // namespace bpfmap::inline v0
