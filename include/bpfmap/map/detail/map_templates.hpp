// SPDX-License-Identifier: MIT
// Bodies of Map's templates: they encode, call the one operation on bytes, and decode. Included by
// map.hpp only.
#pragma once

#include "bpfmap/map/map.hpp"

namespace bpfmap::inline v0 {
namespace detail {

/// Throws the Error of what was tried on `map`.
[[noreturn]] void raise(const Map& map, const Attempt& attempt, const std::error_code& ec);

}  // namespace detail

template <class K, class V>
void Map::fail(Operation operation, const std::error_code& ec, const K& key, const V& value,
               std::uint64_t flags, std::optional<std::size_t> count) const {
  std::error_code ignored;
  const detail::EncodedKey<K> key_bytes{key, info_.key_size, ignored};
  const detail::Encoded<V> value_bytes{value, info_.value_size, ignored};
  detail::raise(*this, {operation, key_bytes.bytes(), value_bytes.bytes(), flags, count}, ec);
}

template <decodable V, argument_encodable K>
std::optional<V> Map::lookup(const K& key, LookupFlags flags) const {
  std::error_code ec;
  auto value = lookup<V>(key, flags, ec);
  if (ec)
    fail(Operation::lookup, ec, key, detail::Room<V>{info_.value_size}.bytes(),
         detail::to_underlying(flags));
  return value;
}

template <decodable V, argument_encodable K>
std::optional<V> Map::lookup(const K& key, LookupFlags flags, std::error_code& ec) const noexcept {
  if (info_.type == MapType::bloom_filter) {
    ec = Errc::values_not_stored;
    return std::nullopt;
  }
  return detail::without_bad_alloc(ec, [&]() -> std::optional<V> {
    detail::Room<V> room{info_.value_size};
    if (!lookup_into(key, room.bytes(), flags, ec)) return std::nullopt;
    return room.take(ec);
  });
}

template <argument_encodable K>
bool Map::lookup_into(const K& key, MutableBytesView value, LookupFlags flags) const {
  std::error_code ec;
  const bool found = lookup_into(key, value, flags, ec);
  if (ec) fail(Operation::lookup, ec, key, value, detail::to_underlying(flags));
  return found;
}

template <argument_encodable K>
bool Map::lookup_into(const K& key, MutableBytesView value, LookupFlags flags,
                      std::error_code& ec) const noexcept {
  ec.clear();
  const detail::EncodedKey<K> bytes{key, info_.key_size, ec};
  return !ec && read(bytes.bytes(), value, flags, ec);
}

template <argument_encodable K, argument_encodable V>
void Map::update(const K& key, const V& value, UpdateFlags flags) {
  std::error_code ec;
  update(key, value, flags, ec);
  if (ec) fail(Operation::update, ec, key, value, detail::to_underlying(flags));
}

template <argument_encodable K, argument_encodable V>
void Map::update(const K& key, const V& value, UpdateFlags flags, std::error_code& ec) noexcept {
  ec.clear();
  const detail::EncodedKey<K> key_bytes{key, info_.key_size, ec};
  const detail::Encoded<V> value_bytes{value, info_.value_size, ec};
  if (!ec) write(key_bytes.bytes(), value_bytes.bytes(), flags, ec);
}

template <argument_encodable K>
bool Map::erase(const K& key) {
  std::error_code ec;
  const bool erased = erase(key, ec);
  if (ec) fail(Operation::erase, ec, key, BytesView{});
  return erased;
}

template <argument_encodable K>
bool Map::erase(const K& key, std::error_code& ec) noexcept {
  ec.clear();
  const detail::EncodedKey<K> bytes{key, info_.key_size, ec};
  return !ec && remove(bytes.bytes(), ec);
}

template <decodable K>
std::optional<K> Map::get_next_key(const detail::NextKeyArgument<K>& key) const {
  std::error_code ec;
  auto next_key = get_next_key<K>(key, ec);
  if (ec && key) fail(Operation::get_next_key, ec, *key, BytesView{});
  if (ec) fail(Operation::get_next_key, ec, detail::Room<K>{info_.key_size}.bytes(), BytesView{});
  return next_key;
}

template <decodable K>
std::optional<K> Map::get_next_key(const detail::NextKeyArgument<K>& key,
                                   std::error_code& ec) const noexcept {
  ec.clear();
  return detail::without_bad_alloc(ec, [&]() -> std::optional<K> {
    detail::Room<K> room{info_.key_size};
    bool found = false;
    if (key) {
      const detail::EncodedKey<std::remove_cvref_t<decltype(*key)>> bytes{*key, info_.key_size, ec};
      found = !ec && next(bytes.bytes(), room.bytes(), ec);
    } else {
      found = next(std::nullopt, room.bytes(), ec);
    }
    return found ? room.take(ec) : std::nullopt;
  });
}

template <decodable V, argument_encodable K>
std::optional<V> Map::lookup_and_delete(const K& key, LookupFlags flags) {
  std::error_code ec;
  auto value = lookup_and_delete<V>(key, flags, ec);
  if (ec)
    fail(Operation::lookup_and_delete, ec, key, detail::Room<V>{info_.value_size}.bytes(),
         detail::to_underlying(flags));
  return value;
}

template <decodable V, argument_encodable K>
std::optional<V> Map::lookup_and_delete(const K& key, LookupFlags flags,
                                        std::error_code& ec) noexcept {
  ec.clear();
  return detail::without_bad_alloc(ec, [&]() -> std::optional<V> {
    detail::Room<V> room{info_.value_size};
    const detail::EncodedKey<K> bytes{key, info_.key_size, ec};
    // The entry would be gone, and its value with it.
    if (!ec && detail::may_not_hold<V>(info_.value_size)) ec = Errc::out_of_range;
    if (ec || !take(bytes.bytes(), room.bytes(), flags, ec)) return std::nullopt;
    return room.take(ec);
  });
}

}  // namespace bpfmap::inline v0
