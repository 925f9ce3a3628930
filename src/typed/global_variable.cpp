// SPDX-License-Identifier: MIT
#include "bpfmap/typed/global_variable.hpp"

#include <cerrno>
#include <cstdint>
#include <optional>

#include "../map/btf.hpp"
#include "bpfmap/map/detail/failure_record.hpp"

namespace bpfmap::inline v0 {
namespace {

GlobalVariable find(const Map& map, std::string_view name, std::error_code& ec) {
  if (!map) return ec = Errc::no_map, GlobalVariable{};
  if (!detail::is_section(map.info())) return ec = Errc::no_btf, GlobalVariable{};
  const Bytes bytes = detail::read_btf(map.info().btf_id, ec);
  if (ec) return {};
  const detail::Btf btf{bytes};
  const std::uint32_t id = map.info().btf_value_type_id;
  const auto section = btf.type(id);
  if (!section || section->kind() != detail::BtfKind::section)
    return ec = Errc::no_btf, GlobalVariable{};
  std::optional<GlobalVariable> found;
  for (std::uint32_t i = 0; i < section->members(); ++i) {
    const auto entry = btf.words(id, i);
    if (!entry) break;
    const auto& [type, offset, size] = *entry;
    const auto variable = btf.type(type);
    if (!variable || btf.name(*variable) != name) continue;
    if (found) return ec = detail::kernel_error(-ENOTUNIQ), GlobalVariable{};
    found = {offset, size};
  }
  if (!found) ec = Errc::no_such_variable;
  return found.value_or(GlobalVariable{});
}

}  // namespace

bool detail::is_section(const MapInfo& info) noexcept {
  return info.type == MapType::array && info.max_entries == 1 && info.btf_id != 0 &&
         info.btf_key_type_id == 0 && info.btf_value_type_id != 0;
}

GlobalVariable find_variable(const Map& map, std::string_view name, std::error_code& ec) noexcept {
  ec.clear();
  const auto found = detail::without_bad_alloc(ec, [&] { return find(map, name, ec); });
  if (ec) ec = detail::record(map, {.operation = Operation::info}, ec);
  return ec ? GlobalVariable{} : found;
}

GlobalVariable find_variable(const Map& map, std::string_view name) {
  std::error_code ec;
  const GlobalVariable found = find_variable(map, name, ec);
  detail::throw_if(ec);
  return found;
}

}  // namespace bpfmap::inline v0
