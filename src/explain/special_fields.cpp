// SPDX-License-Identifier: MIT
#include "special_fields.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>
#include <system_error>

#include "../map/btf.hpp"

namespace bpfmap::inline v0::detail {
namespace {

// The structs of btf_get_field_type() in the kernel.
constexpr std::array<std::string_view, 10> special_structs{
    "bpf_spin_lock", "bpf_res_spin_lock", "bpf_timer",   "bpf_wq",       "bpf_list_head",
    "bpf_list_node", "bpf_rb_root",       "bpf_rb_node", "bpf_refcount", "bpf_task_work"};
constexpr std::array<std::string_view, 5> pointer_tags{"kptr", "kptr_untrusted", "percpu_kptr",
                                                       "uptr", "kptr_ref"};

bool is_one_of(std::string_view name, const auto& names) {
  return std::ranges::find(names, name) != names.end();
}

class Fields {
 public:
  explicit Fields(const Btf& btf) : btf_(btf) {}

  // Appends the special fields of the type, which lies at `offset`.
  void add(std::uint32_t id, std::uint64_t offset, int depth = 0) {
    const auto type = resolved(id);
    // The kernel ends at a depth of 4, and at 11 fields.
    if (!type || depth > most_depth || text_.size() > most_text || --types_left_ < 0) return;
    const auto& [found, record] = *type;
    const std::string_view name = btf_.name(record);
    if (record.kind() == BtfKind::pointer)
      pointer(record, offset);
    else if (record.kind() == BtfKind::array)
      elements(found, offset, depth);
    else if (record.kind() == BtfKind::structure && is_one_of(name, special_structs))
      append(std::string{name}, offset);
    else if (record.kind() == BtfKind::structure)
      members(found, record, offset, depth);
  }

  [[nodiscard]] std::string text() const { return text_.empty() ? "none" : text_; }

 private:
  static constexpr int most_depth = 8;
  static constexpr std::size_t most_text = 500;
  struct Resolved {
    std::uint32_t id;
    BtfType record;
  };

  // The type behind typedefs and qualifiers.
  [[nodiscard]] std::optional<Resolved> resolved(std::uint32_t id) const {
    for (int i = 0; i < 32; ++i) {
      const auto type = btf_.type(id);
      if (!type) return std::nullopt;
      switch (type->kind()) {
        case BtfKind::type_definition:
        case BtfKind::volatile_type:
        case BtfKind::const_type:
        case BtfKind::restrict_type:
        case BtfKind::type_tag:
          id = type->size_or_type;
          break;
        default:
          return Resolved{id, *type};
      }
    }
    return std::nullopt;
  }

  void members(std::uint32_t id, const BtfType& record, std::uint64_t offset, int depth) {
    for (std::uint32_t i = 0; i < record.members(); ++i) {
      const auto member = btf_.words(id, i);
      if (!member) return;
      const std::uint32_t bits = record.has_bit_fields() ? (*member)[2] & 0xffffffU : (*member)[2];
      add((*member)[1], offset + bits / 8, depth + 1);
    }
  }

  // All elements have the fields of the first.
  void elements(std::uint32_t id, std::uint64_t offset, int depth) {
    const auto array = btf_.words(id, 0);
    if (array && (*array)[2] != 0) add((*array)[0], offset, depth + 1);
  }

  void pointer(const BtfType& record, std::uint64_t offset) {
    const auto tag = btf_.type(record.size_or_type);
    if (!tag || tag->kind() != BtfKind::type_tag || !is_one_of(btf_.name(*tag), pointer_tags))
      return;
    const auto target = resolved(tag->size_or_type);
    append(std::string{btf_.name(*tag)} + " to " +
               std::string{target ? btf_.name(target->record) : std::string_view{"void"}},
           offset);
  }

  void append(const std::string& what, std::uint64_t offset) {
    text_ += (text_.empty() ? "" : ", ") + what + " at byte " + std::to_string(offset);
  }

  const Btf& btf_;
  std::string text_;
  // BTF of nested structs with thousands of members each would take hours.
  int types_left_ = 10'000;
};

}  // namespace

std::optional<std::string> special_fields(const MapInfo& info) {
  if (info.btf_id == 0 || info.btf_value_type_id == 0) return "none";
  std::error_code ec;
  const Bytes bytes = read_btf(info.btf_id, ec);
  if (ec) return std::nullopt;
  return special_fields(Btf{bytes}, info.btf_value_type_id);
}

std::string special_fields(const Btf& btf, std::uint32_t id) {
  Fields fields{btf};
  fields.add(id, 0);
  return fields.text();
}

}  // namespace bpfmap::inline v0::detail
