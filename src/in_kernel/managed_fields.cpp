// SPDX-License-Identifier: MIT
#include "managed_fields.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <system_error>

#include "../map/btf.hpp"

namespace bpfmap::inline v0::detail {
namespace {

// The structs of btf_get_field_type() in the kernel.
constexpr std::array<std::string_view, 10> managed_structs{
    "bpf_spin_lock", "bpf_res_spin_lock", "bpf_timer",   "bpf_wq",       "bpf_list_head",
    "bpf_list_node", "bpf_rb_root",       "bpf_rb_node", "bpf_refcount", "bpf_task_work"};

class Finder {
 public:
  explicit Finder(const Btf& btf) : btf_(btf) {}

  // Adds the fields in the type, which lies at `offset`.
  void add(std::uint32_t id, std::uint64_t offset, int depth = 0) {
    // The kernel ends at a depth of 4, and at 11 fields.
    if (depth > most_depth || ranges.size() >= most_ranges || --types_left_ < 0) return;
    while (is_qualifier(id)) id = btf_.type(id)->size_or_type;
    const auto type = btf_.type(id);
    if (!type) return;
    if (type->kind() == BtfKind::pointer) {
      const auto tag = btf_.type(type->size_or_type);
      if (tag && tag->kind() == BtfKind::type_tag && is_managed_pointer(btf_.name(*tag)))
        ranges.push_back({offset, offset + 8});
    } else if (type->kind() == BtfKind::array) {
      elements(id, offset, depth);
    } else if (type->kind() == BtfKind::structure) {
      if (std::ranges::find(managed_structs, btf_.name(*type)) != managed_structs.end())
        ranges.push_back({offset, offset + type->size_or_type});
      else
        members(id, *type, offset, depth);
    }
  }

  std::vector<ByteRange> ranges;

 private:
  static constexpr int most_depth = 8;
  static constexpr std::size_t most_ranges = 64;

  [[nodiscard]] static bool is_managed_pointer(std::string_view tag) noexcept {
    return tag.starts_with("kptr") || tag == "percpu_kptr" || tag == "uptr";
  }
  [[nodiscard]] bool is_qualifier(std::uint32_t id) noexcept {
    const auto type = btf_.type(id);
    if (!type || --types_left_ < 0) return false;
    const BtfKind kind = type->kind();
    return kind == BtfKind::type_definition || kind == BtfKind::volatile_type ||
           kind == BtfKind::const_type || kind == BtfKind::restrict_type ||
           kind == BtfKind::type_tag;
  }
  void members(std::uint32_t id, const BtfType& type, std::uint64_t offset, int depth) {
    for (std::uint32_t i = 0; i < type.members(); ++i) {
      const auto member = btf_.words(id, i);
      if (!member) return;
      const std::uint32_t bits = type.has_bit_fields() ? (*member)[2] & 0xffffffU : (*member)[2];
      add((*member)[1], offset + bits / 8, depth + 1);
    }
  }
  void elements(std::uint32_t id, std::uint64_t offset, int depth) {
    const auto array = btf_.words(id, 0);
    const auto size = array ? btf_.size_of((*array)[0]) : std::nullopt;
    const std::size_t before = ranges.size();
    for (std::uint64_t i = 0; array && i < (*array)[2]; ++i) {
      add((*array)[0], offset + i * size.value_or(8), depth + 1);
      if (ranges.size() == before) return;  // the others have none either
    }
  }

  const Btf& btf_;
  // BTF of nested structs with thousands of members each would take hours.
  int types_left_ = 10'000;
};

}  // namespace

std::vector<ByteRange> managed_fields(const MapInfo& info) {
  if (info.btf_id == 0 || info.btf_value_type_id == 0) return {};
  std::error_code ec;
  const Bytes bytes = read_btf(info.btf_id, ec);
  if (ec) return {};
  const Btf btf{bytes};
  Finder finder{btf};
  finder.add(info.btf_value_type_id, 0);
  return std::move(finder.ranges);
}

}  // namespace bpfmap::inline v0::detail
