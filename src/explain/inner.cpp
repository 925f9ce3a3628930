// SPDX-License-Identifier: MIT
#include "inner.hpp"

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <optional>
#include <vector>

#include "../map/names.hpp"
#include "bpfmap/sys/bpf.hpp"
#include "special_fields.hpp"

namespace bpfmap::inline v0::detail {
namespace {

// The first inner map of the outer map that can be opened.
std::optional<MapInfo> any_inner(const FailureRecord& record) {
  std::error_code ec;
  const Map outer = Map::duplicate_of(record.fd, ec);
  if (!outer || outer.info().id != record.info.id) return std::nullopt;
  Bytes key(outer.info().key_size);
  constexpr int most = 1000;
  const void* before = nullptr;
  for (int i = 0; i < most && sys::map_get_next_key(outer.fd(), before, key.data()) == 0; ++i) {
    before = key.data();
    std::uint32_t id = 0;
    if (sys::map_lookup_elem(outer.fd(), key.data(), &id) != 0) continue;
    const Map inner = Map::from_id(id, ec);
    if (inner) return inner.info();
  }
  return std::nullopt;
}

void add(std::string& text, const std::string& field, const std::string& is,
         const std::string& wanted) {
  if (is == wanted) return;
  text += text.empty() ? "" : ", ";
  text += "its " + field + (field == "flags" || field == "special fields" ? " are " : " is ") + is +
          ", not " + wanted;
}

std::string btf_of(const MapInfo& info) {
  return info.btf_id == 0 ? "none"
                          : "id " + std::to_string(info.btf_id) + " type " +
                                std::to_string(info.btf_value_type_id);
}

// Where the BTF of one of them cannot be read, the types that describe the values.
void add_special_fields(std::string& text, const MapInfo& inner, const MapInfo& like) {
  const auto is = special_fields(inner);
  const auto wanted = special_fields(like);
  if (is && wanted)
    add(text, "special fields", *is, *wanted);
  else
    add(text, "BTF", btf_of(inner), btf_of(like));
  if (!text.empty())
    text += ": create the inner map with the BTF of the others, as spec_of() gives it";
}

// The differences in what the kernel compares.
std::string differences(const MapInfo& inner, const MapInfo& like) {
  std::string text;
  const auto number = [&text](const char* field, std::uint32_t is, std::uint32_t wanted) {
    add(text, field, std::to_string(is), std::to_string(wanted));
  };
  add(text, "type", type_name(inner.type), type_name(like.type));
  number("key_size", inner.key_size, like.key_size);
  number("value_size", inner.value_size, like.value_size);
  add(text, "flags", to_string(inner.flags), to_string(like.flags));
  const bool resizable = has(inner.flags & like.flags, MapFlags::inner_map);
  if (like.type == MapType::array && !resizable)
    number("max_entries", inner.max_entries, like.max_entries);
  if (text.empty()) add_special_fields(text, inner, like);
  return text;
}

}  // namespace

std::string inner_difference(const Failure& failure) {
  const FailureRecord& record = failure.record;
  if (!record.has_inner) return {};
  if (record.inner.type == MapType::unspec)
    return failure.error == EBADF && record.has_map
               ? "; the inner map is empty: it was never opened, was moved from, or its creation "
                 "failed"
               : "";
  if (failure.error != EINVAL) return {};
  const auto expected =
      record.like.type != MapType::unspec ? std::optional{record.like.info()} : any_inner(record);
  const std::string found = expected ? differences(record.inner.info(), *expected) : std::string{};
  return found.empty() ? "" : "; " + found;
}

}  // namespace bpfmap::inline v0::detail
