// SPDX-License-Identifier: MIT
#include "btf_of.hpp"

#include <bpf/btf.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstddef>
#include <limits>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "bpfmap/error.hpp"
#include "bpfmap/layout/detail/load_btf.hpp"
#include "bpfmap/sys/bpf.hpp"

namespace bpfmap::inline v0::detail {
namespace {

// The kernel finds these structs by name and size.
constexpr std::array<std::string_view, 10> special_structs{
    "bpf_spin_lock", "bpf_res_spin_lock", "bpf_timer",   "bpf_wq",       "bpf_list_head",
    "bpf_list_node", "bpf_rb_root",       "bpf_rb_node", "bpf_refcount", "bpf_task_work"};

struct IntegerName {
  std::uint64_t size;
  bool is_signed;
  const char* name;
  const char* alias;  // the kernel's typedef
};
constexpr std::array<IntegerName, 10> integer_names{{
    {1, false, "unsigned char", "__u8"},
    {1, true, "signed char", "__s8"},
    {2, false, "unsigned short", "__u16"},
    {2, true, "short", "__s16"},
    {4, false, "unsigned int", "__u32"},
    {4, true, "int", nullptr},
    {8, false, "unsigned long long", "__u64"},
    {8, true, "long long", "__s64"},
    {16, false, "unsigned __int128", nullptr},
    {16, true, "__int128", nullptr},
}};

// The kernel accepts identifiers of C up to this length.
constexpr std::size_t longest_name = 127;

// `name`, or "" for a name that the kernel would refuse, such as that of a template.
std::string accepted_name(std::string_view name) {
  const auto is_letter = [](char c) {
    return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  };
  const auto is_accepted = [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); };
  if (name.empty() || name.size() > longest_name || !is_letter(name.front()) ||
      !std::ranges::all_of(name, is_accepted))
    return {};
  return std::string{name};
}

const char* or_null(const std::string& name) noexcept {
  return name.empty() ? nullptr : name.c_str();
}

struct FreeBtf {
  void operator()(btf* made) const noexcept { ::btf__free(made); }
};

class Writer {
 public:
  explicit Writer(BtfKinds kinds) : kinds_(kinds), btf_(::btf__new_empty()) {
    if (!btf_) error_ = ENOMEM;
  }

  // Adds what `type` needs, and returns its id; 0 after an error.
  std::uint32_t add(const TypeDescription& type) {
    if (const auto known = known_.find(&type); known != known_.end()) return known->second;
    const std::uint32_t id = add_new(type);
    known_.emplace(&type, id);
    return id;
  }

  std::uint32_t integer(std::uint64_t size, bool is_signed) {
    const auto* const at = std::ranges::find_if(integer_names, [&](const IntegerName& name) {
      return name.size == size && name.is_signed == is_signed;
    });
    if (at == integer_names.end()) return bytes(size);
    std::uint32_t& id = integers_.at(static_cast<std::size_t>(at - integer_names.begin()));
    if (id != 0) return id;
    id = checked(
        [&] { return ::btf__add_int(btf_.get(), at->name, size, is_signed ? BTF_INT_SIGNED : 0); });
    if (at->alias != nullptr)
      id = checked([&] { return ::btf__add_typedef(btf_.get(), at->alias, static_cast<int>(id)); });
    return id;
  }

  std::uint32_t bytes(std::uint64_t size) {
    const std::uint32_t byte = integer(1, false);
    return size == 1 ? byte : array(byte, size);
  }

  // The key of an LPM trie must be a struct.
  std::uint32_t prefix_key(std::uint64_t size) {
    const std::uint32_t length = integer(4, false);
    const std::uint32_t data = bytes(size - 4);
    const std::uint32_t id = checked(
        [&] { return ::btf__add_struct(btf_.get(), nullptr, static_cast<std::uint32_t>(size)); });
    field("prefixlen", length, 0, 0);
    field("data", data, 32, 0);
    return id;
  }

  [[nodiscard]] int error() const noexcept { return error_; }
  [[nodiscard]] bool needs_all_kinds() const noexcept { return needs_all_kinds_; }

  [[nodiscard]] Bytes raw() {
    std::uint32_t size = 0;
    const void* const data = error_ == 0 ? ::btf__raw_data(btf_.get(), &size) : nullptr;
    if (data == nullptr) {
      fail(ENOMEM);
      return {};
    }
    const auto* const begin = static_cast<const std::byte*>(data);
    return {begin, begin + size};
  }

 private:
  void fail(int error) noexcept {
    if (error_ == 0) error_ = error;
  }

  // The result of `add`, which is an id or -errno.
  template <class Add>
  std::uint32_t checked(Add add) {
    if (error_ != 0) return 0;
    const int result = add();
    if (result < 0) fail(-result);
    return error_ == 0 ? static_cast<std::uint32_t>(result) : 0;
  }

  std::uint32_t add_new(const TypeDescription& type) {
    constexpr std::uint64_t most = std::numeric_limits<std::int32_t>::max();
    if (type.size > most || type.count > most) return fail(E2BIG), 0;
    switch (type.kind) {
      case TypeKind::integer:
        return integer(type.size, type.is_signed);
      case TypeKind::boolean:
        return checked(
            [&] { return ::btf__add_int(btf_.get(), "_Bool", type.size, BTF_INT_BOOL); });
      case TypeKind::character:
        return checked([&] {
          return ::btf__add_int(btf_.get(), "char", 1, CHAR_MIN < 0 ? BTF_INT_SIGNED : 0);
        });
      case TypeKind::floating:
        return floating(type);
      case TypeKind::enumeration:
        return enumeration(type);
      case TypeKind::pointer:
        return checked([&] { return ::btf__add_ptr(btf_.get(), 0); });
      case TypeKind::array:
        return type.element == nullptr ? bytes(type.size) : array(add(*type.element), type.count);
      case TypeKind::structure:
      case TypeKind::union_type:
        return structure(type);
      case TypeKind::bytes:
        break;
    }
    return is_special(type) ? structure(type) : bytes(type.size);
  }

  static bool is_special(const TypeDescription& type) noexcept {
    return std::ranges::find(special_structs, type.name) != special_structs.end();
  }

  std::uint32_t array(std::uint32_t element, std::uint64_t count) {
    const std::uint32_t index = integer(4, true);
    return checked([&] {
      return ::btf__add_array(btf_.get(), static_cast<int>(index), static_cast<int>(element),
                              static_cast<std::uint32_t>(count));
    });
  }

  std::uint32_t floating(const TypeDescription& type) {
    needs_all_kinds_ = true;
    if (kinds_ == BtfKinds::old) return bytes(type.size);
    const char* const name = type.size == 4 ? "float" : type.size == 8 ? "double" : "long double";
    return checked([&] { return ::btf__add_float(btf_.get(), name, type.size); });
  }

  std::uint32_t enumeration(const TypeDescription& type) {
    const auto narrow = [&](const Enumerator& one) {
      return type.is_signed
                 ? static_cast<std::int32_t>(one.value) == static_cast<std::int64_t>(one.value)
                 : static_cast<std::uint32_t>(one.value) == one.value;
    };
    const bool is_wide = type.size == 8 || !std::ranges::all_of(type.enumerators, narrow);
    const bool has_negative = type.is_signed && std::ranges::any_of(type.enumerators, [](auto& e) {
                                return static_cast<std::int64_t>(e.value) < 0;
                              });
    if (is_wide || has_negative) needs_all_kinds_ = true;
    if ((is_wide || has_negative) && kinds_ == BtfKinds::old)
      return integer(type.size, type.is_signed);
    const std::string name = accepted_name(type.name);
    const std::uint32_t id = checked([&] {
      const auto size = static_cast<std::uint32_t>(type.size);
      return is_wide ? ::btf__add_enum64(btf_.get(), or_null(name), size, type.is_signed)
                     : ::btf__add_enum(btf_.get(), or_null(name), size);
    });
    if (type.enumerators.size() > BTF_MAX_VLEN) return fail(E2BIG), 0;
    for (const Enumerator& one : type.enumerators) enumerator(one, is_wide);
    return id;
  }

  void enumerator(const Enumerator& one, bool is_wide) {
    const std::string name = accepted_name(one.name);
    if (name.empty()) return;
    (void)checked([&] {
      return is_wide ? ::btf__add_enum64_value(btf_.get(), name.c_str(), one.value)
                     : ::btf__add_enum_value(btf_.get(), name.c_str(),
                                             static_cast<std::int64_t>(one.value));
    });
  }

  std::uint32_t structure(const TypeDescription& type) {
    const auto members =
        type.members == nullptr ? std::span<const MemberDescription>{} : type.members();
    if (members.size() > BTF_MAX_VLEN) return fail(E2BIG), 0;
    // The struct's fields follow it at once: their types come first.
    for (const MemberDescription& member : members) (void)add(*member.type);
    const std::string name = accepted_name(type.name);
    const auto size = static_cast<std::uint32_t>(type.size);
    const std::uint32_t id = checked([&] {
      return type.kind == TypeKind::union_type ? ::btf__add_union(btf_.get(), or_null(name), size)
                                               : ::btf__add_struct(btf_.get(), or_null(name), size);
    });
    // The offsets of a struct with bit-fields have 24 bits.
    const bool has_bit_fields = std::ranges::any_of(members, [](auto& m) { return m.bit_size; });
    const std::uint64_t most =
        has_bit_fields ? 0xffffffU : std::numeric_limits<std::uint32_t>::max();
    for (const MemberDescription& member : members) {
      if (member.bit_offset > most) return fail(E2BIG), 0;
      field(member.name, add(*member.type), static_cast<std::uint32_t>(member.bit_offset),
            member.bit_size);
    }
    return id;
  }

  void field(std::string_view member, std::uint32_t type, std::uint32_t bit_offset,
             std::uint32_t bit_size) {
    const std::string name = accepted_name(member);
    (void)checked([&] {
      return ::btf__add_field(btf_.get(), or_null(name), static_cast<int>(type), bit_offset,
                              bit_size);
    });
  }

  BtfKinds kinds_;
  std::unique_ptr<btf, FreeBtf> btf_;
  std::map<const TypeDescription*, std::uint32_t> known_;
  std::array<std::uint32_t, integer_names.size()> integers_{};
  int error_ = 0;
  bool needs_all_kinds_ = false;
};

// The type of `size` bytes of a map: `type`, if it is described.
std::uint32_t add_sized(Writer& writer, const TypeDescription* type, std::uint32_t size) {
  return type != nullptr && type->size == size ? writer.add(*type) : writer.bytes(size);
}

std::uint32_t add_key(Writer& writer, const MapSpec& spec, const TypeDescription* key) {
  if (has_int_key(spec.type) &&
      (key == nullptr || key->kind != TypeKind::integer || key->size != spec.key_size))
    return writer.integer(4, true);
  if (spec.key_size == 0) return 0;
  if (spec.type == MapType::lpm_trie && spec.key_size > 4 &&
      (key == nullptr || key->kind != TypeKind::structure || key->size != spec.key_size))
    return writer.prefix_key(spec.key_size);
  return add_sized(writer, key, spec.key_size);
}

}  // namespace

bool has_int_key(MapType type) noexcept {
  switch (type) {
    case MapType::array:
    case MapType::percpu_array:
    case MapType::sk_storage:
    case MapType::inode_storage:
    case MapType::task_storage:
    case MapType::cgrp_storage:
      return true;
    default:
      return false;
  }
}

MadeBtf btf_of(const MapSpec& spec, const TypeDescription* key, const TypeDescription* value,
               BtfKinds kinds, std::error_code& ec) {
  ec.clear();
  Writer writer{kinds};
  MadeBtf made;
  made.key_type_id = add_key(writer, spec, key);
  made.value_type_id = add_sized(writer, value, spec.value_size);
  made.needs_all_kinds = writer.needs_all_kinds();
  made.bytes = writer.raw();
  ec = kernel_error(-writer.error());
  return ec ? MadeBtf{} : std::move(made);
}

MapBtf load_btf(const MapSpec& spec, const TypeDescription* key, const TypeDescription* value,
                std::error_code& ec) noexcept {
  ec.clear();
  return without_bad_alloc(ec, [&]() -> MapBtf {
    for (const BtfKinds kinds : {BtfKinds::all, BtfKinds::old}) {
      const MadeBtf made = btf_of(spec, key, value, kinds, ec);
      if (ec) return {};
      const auto size = static_cast<std::uint32_t>(made.bytes.size());
      const int fd = sys::btf_load(made.bytes.data(), size, spec.token_fd);
      ec = kernel_error(fd);
      if (!ec) return {sys::UniqueFd{fd}, made.key_type_id, made.value_type_id};
      if (fd != -EINVAL || !made.needs_all_kinds) break;
    }
    return {};
  });
}

}  // namespace bpfmap::inline v0::detail
