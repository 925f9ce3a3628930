// SPDX-License-Identifier: MIT
// Bodies of Map's templates: they encode, call the one operation on bytes, and decode. Included by
// map.hpp only.
#pragma once

#include "bpfmap/map/map.hpp"

namespace bpfmap::inline v0 {
namespace detail {

template <class K, class V>
void fail(const Map& map, Operation operation, std::error_code& ec, const K& key, const V& value,
          std::uint64_t flags, std::optional<std::size_t> count) noexcept {
  std::error_code ignored;
  const EncodedKey<K> key_bytes{key, map.info().key_size, ignored};
  const Encoded<V> value_bytes{value, map.info().value_size, ignored};
  ec = record(map, {operation, key_bytes.bytes(), value_bytes.bytes(), flags, count}, ec);
}

}  // namespace detail

template <decodable V, argument_encodable K>
std::optional<V> Map::lookup(const K& key, LookupFlags flags) const {
  std::error_code ec;
  auto value = lookup<V>(key, flags, ec);
  detail::throw_if(ec);
  return value;
}

template <decodable V, argument_encodable K>
std::optional<V> Map::lookup(const K& key, LookupFlags flags, std::error_code& ec) const noexcept {
  ec.clear();
  auto value = detail::without_bad_alloc(ec, [&]() -> std::optional<V> {
    if (info_.type == MapType::bloom_filter) {
      ec = Errc::values_not_stored;
      return std::nullopt;
    }
    const detail::EncodedKey<K> bytes{key, info_.key_size, ec};
    if (ec) return std::nullopt;
    return detail::read_decoded<V>(info_.value_size, ec, [&](MutableBytesView room) {
      return detail::read(*this, bytes.bytes(), room, flags, ec);
    });
  });
  if (ec) [[unlikely]]
    detail::fail(*this, Operation::lookup, ec, key, detail::asked<V>(info_.value_size),
                 detail::to_underlying(flags));
  return value;
}

template <argument_encodable K>
bool Map::lookup_into(const K& key, MutableBytesView value, LookupFlags flags) const {
  std::error_code ec;
  const bool found = lookup_into(key, value, flags, ec);
  detail::throw_if(ec);
  return found;
}

template <argument_encodable K>
bool Map::lookup_into(const K& key, MutableBytesView value, LookupFlags flags,
                      std::error_code& ec) const noexcept {
  ec.clear();
  const detail::EncodedKey<K> bytes{key, info_.key_size, ec};
  const bool found = !ec && detail::read(*this, bytes.bytes(), value, flags, ec);
  if (ec) [[unlikely]]
    detail::fail(*this, Operation::lookup, ec, key, detail::sized(value.size()),
                 detail::to_underlying(flags));
  return found;
}

template <argument_encodable K, argument_encodable V>
void Map::update(const K& key, const V& value, UpdateFlags flags) {
  std::error_code ec;
  update(key, value, flags, ec);
  detail::throw_if(ec);
}

template <argument_encodable K, argument_encodable V>
void Map::update(const K& key, const V& value, UpdateFlags flags, std::error_code& ec) noexcept {
  ec.clear();
  const detail::EncodedKey<K> key_bytes{key, info_.key_size, ec};
  const detail::Encoded<V> value_bytes{value, info_.value_size, ec};
  if (!ec) detail::write(*this, key_bytes.bytes(), value_bytes.bytes(), flags, ec);
  if (ec) [[unlikely]]
    detail::fail(*this, Operation::update, ec, key, value, detail::to_underlying(flags));
}

template <argument_encodable K>
bool Map::erase(const K& key) {
  std::error_code ec;
  const bool erased = erase(key, ec);
  detail::throw_if(ec);
  return erased;
}

template <argument_encodable K>
bool Map::erase(const K& key, std::error_code& ec) noexcept {
  ec.clear();
  const detail::EncodedKey<K> bytes{key, info_.key_size, ec};
  const bool erased = !ec && detail::remove(*this, bytes.bytes(), ec);
  if (ec) [[unlikely]]
    detail::fail(*this, Operation::erase, ec, key, BytesView{});
  return erased;
}

template <decodable K>
std::optional<K> Map::get_next_key(const detail::NextKeyArgument<K>& key) const {
  std::error_code ec;
  auto next_key = get_next_key<K>(key, ec);
  detail::throw_if(ec);
  return next_key;
}

template <decodable K>
std::optional<K> Map::get_next_key(const detail::NextKeyArgument<K>& key,
                                   std::error_code& ec) const noexcept {
  ec.clear();
  auto next_key = detail::without_bad_alloc(ec, [&]() -> std::optional<K> {
    detail::Room<K> room{info_.key_size};
    bool found = false;
    if (key) {
      const detail::EncodedKey<std::remove_cvref_t<decltype(*key)>> bytes{*key, info_.key_size, ec};
      found = !ec && detail::next(*this, bytes.bytes(), room.bytes(), ec);
    } else {
      found = detail::next(*this, std::nullopt, room.bytes(), ec);
    }
    return found ? room.take(ec) : std::nullopt;
  });
  if (ec && key) [[unlikely]]
    detail::fail(*this, Operation::get_next_key, ec, *key, BytesView{});
  else if (ec) [[unlikely]]
    detail::fail(*this, Operation::get_next_key, ec, detail::asked<K>(info_.key_size), BytesView{});
  return next_key;
}

template <decodable V, argument_encodable K>
std::optional<V> Map::lookup_and_delete(const K& key, LookupFlags flags) {
  std::error_code ec;
  auto value = lookup_and_delete<V>(key, flags, ec);
  detail::throw_if(ec);
  return value;
}

template <decodable V, argument_encodable K>
std::optional<V> Map::lookup_and_delete(const K& key, LookupFlags flags,
                                        std::error_code& ec) noexcept {
  ec.clear();
  auto value = detail::without_bad_alloc(ec, [&]() -> std::optional<V> {
    const detail::EncodedKey<K> bytes{key, info_.key_size, ec};
    // Checked first, because the entry and its value would be lost.
    if (!ec && detail::may_not_hold<V>(info_.value_size)) ec = Errc::out_of_range;
    if (ec) return std::nullopt;
    return detail::read_decoded<V>(info_.value_size, ec, [&](MutableBytesView room) {
      return detail::take(*this, bytes.bytes(), room, flags, ec);
    });
  });
  if (ec) [[unlikely]]
    detail::fail(*this, Operation::lookup_and_delete, ec, key, detail::asked<V>(info_.value_size),
                 detail::to_underlying(flags));
  return value;
}

template <argument_encodable K>
bool Map::lookup_and_delete_into(const K& key, MutableBytesView value, LookupFlags flags) {
  std::error_code ec;
  const bool found = lookup_and_delete_into(key, value, flags, ec);
  detail::throw_if(ec);
  return found;
}

template <argument_encodable K>
bool Map::lookup_and_delete_into(const K& key, MutableBytesView value, LookupFlags flags,
                                 std::error_code& ec) noexcept {
  ec.clear();
  const detail::EncodedKey<K> bytes{key, info_.key_size, ec};
  const bool found = !ec && detail::take(*this, bytes.bytes(), value, flags, ec);
  if (ec) [[unlikely]]
    detail::fail(*this, Operation::lookup_and_delete, ec, key, detail::sized(value.size()),
                 detail::to_underlying(flags));
  return found;
}

}  // namespace bpfmap::inline v0
