// SPDX-License-Identifier: MIT
#include "bpfmap/layout/detail/entry_layout.hpp"

#include <utility>

#include "bpfmap/error.hpp"
#include "bpfmap/layout/check_layout.hpp"
#include "bpfmap/layout/detail/load_btf.hpp"
#include "bpfmap/map/map_info.hpp"
#include "bpfmap/map/map_spec.hpp"

namespace bpfmap::inline v0::detail {

std::error_code check_entries(const EntryLayout& layout, const MapInfo& info) noexcept {
  std::error_code ec;
  const bool differs = without_bad_alloc(ec, [&] {
    return check_layout(info, layout.checked_key, layout.checked_value, {}, ec).verdict ==
           LayoutVerdict::mismatch;
  });
  if (!ec && differs) ec = Errc::wrong_layout;
  return ec;
}

std::string report_entries(const EntryLayout& layout, const MapInfo& info) {
  std::error_code unread;
  return to_string(check_layout(info, layout.checked_key, layout.checked_value, {}, unread));
}

std::error_code describe_entries(const EntryLayout& layout, MapSpec& spec,
                                 sys::UniqueFd& btf) noexcept {
  std::error_code refused;
  MapBtf made = load_btf(spec, layout.key, layout.value, refused);
  if (refused) return is_out_of_resources(refused) ? refused : std::error_code{};
  btf = std::move(made.fd);
  spec.btf_fd = btf.get();
  spec.btf_key_type_id = made.key_type_id;
  spec.btf_value_type_id = made.value_type_id;
  return {};
}

}  // namespace bpfmap::inline v0::detail
