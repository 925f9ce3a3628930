// SPDX-License-Identifier: MIT
#include "bpfmap/typed/detail/map_of_maps.hpp"

#include <array>
#include <string>

#include "../map/explain.hpp"
#include "bpfmap/bulk/walk/walk.hpp"

namespace bpfmap::inline v0::detail {
namespace {

// What an inner map of `outer` is: the first that can be opened.
std::optional<MapInfo> any_inner(const Map& outer) noexcept {
  std::error_code ec;
  for (Walk reader{outer}; reader.next(ec);)
    for (std::uint32_t i = 0; i < reader.size(); ++i) {
      std::uint32_t id = 0;
      std::memcpy(&id, reader.values() + i * reader.value_stride(), sizeof id);
      const Map inner = Map::from_id(id, ec);
      if (inner) return inner.info();
    }
  return std::nullopt;
}

void add(std::string& text, bool differs, const std::string& field, const std::string& is,
         const std::string& wanted) {
  if (!differs) return;
  text += text.empty() ? "" : ", ";
  text += "its " + field + (field == "flags" ? " are " : " is ") + is + ", not " + wanted;
}

// The fields that the kernel compares.
std::string differences(const MapInfo& inner, const MapInfo& like) {
  std::string text;
  const auto number = [&text](const char* field, std::uint32_t is, std::uint32_t wanted) {
    add(text, is != wanted, field, std::to_string(is), std::to_string(wanted));
  };
  add(text, inner.type != like.type, "type", std::string{bpfmap::to_string(inner.type)},
      std::string{bpfmap::to_string(like.type)});
  number("key_size", inner.key_size, like.key_size);
  number("value_size", inner.value_size, like.value_size);
  add(text, inner.flags != like.flags, "flags", to_string(inner.flags), to_string(like.flags));
  const bool resizable = has(inner.flags & like.flags, MapFlags::inner_map);
  if (like.type == MapType::array && !resizable)
    number("max_entries", inner.max_entries, like.max_entries);
  return text;
}

// What is wrong with `inner`, behind what explain() said; empty when it is not `inner`.
std::string blame(const Map& outer, const std::error_code& ec, const MapInfo& inner,
                  const MapInfo& like) {
  if (inner.type == MapType::unspec)
    return ec.value() == EBADF && outer ? "; the inner map is empty: it was never opened, was "
                                          "moved from, or its creation failed"
                                        : "";
  if (ec.value() != EINVAL) return "";
  const auto expected = like.type != MapType::unspec ? std::optional{like} : any_inner(outer);
  const std::string found = expected ? differences(inner, *expected) : std::string{};
  return found.empty() ? "" : "; " + found;
}

}  // namespace

void raise_inner(const Map& outer, const Attempt& attempt, const std::error_code& ec,
                 const MapInfo& inner, const MapInfo& like) {
  const std::string text = explain(outer, attempt, ec) + blame(outer, ec, inner, like);
  throw Error{ec, attempt.operation, outer.info().id, text};
}

void raise_inner(const Map& outer, const BatchResult& result, BytesView key,
                 const std::error_code& ec, const MapInfo& inner, const MapInfo& like) {
  try {
    raise_inner(outer, {Operation::update_batch, key}, ec, inner, like);
  } catch (const Error& error) {
    throw BatchError{error, result};
  }
}

}  // namespace bpfmap::inline v0::detail
