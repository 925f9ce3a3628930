// SPDX-License-Identifier: MIT
// Bodies of Map's per-CPU templates. Included by map.hpp only.
#pragma once

#include <cstring>

#include "bpfmap/map/detail/map_templates.hpp"
#include "bpfmap/map/map.hpp"

namespace bpfmap::inline v0 {
namespace detail {

// The slots of one per-CPU value on their way to or from the kernel.
class Slots {
 public:
  explicit Slots(std::size_t value_size)
      : value_size_(value_size),
        stride_(sys::percpu_stride(value_size)),
        bytes_(sys::percpu_size(value_size)) {}

  [[nodiscard]] std::size_t size() const noexcept { return sys::possible_cpus().size(); }
  [[nodiscard]] MutableBytesView bytes() noexcept { return bytes_; }
  [[nodiscard]] MutableBytesView operator[](std::size_t i) noexcept {
    return MutableBytesView{bytes_}.subspan(i * stride_, value_size_);
  }

 private:
  std::size_t value_size_;
  std::size_t stride_;
  Bytes bytes_;
};

// The result that decode_slots() fills in, allocated before an entry is removed: memory must not
// run out after that.
template <decodable V>
PerCpuResult<V> room_for_slots(std::size_t value_size) {
  if constexpr (std::same_as<V, Bytes>)
    return std::vector<Bytes>(sys::possible_cpus().size(), Bytes(value_size));
  else
    return {};
}

// Returns false, with `ec` set, when an integer does not fit.
template <decodable V>
bool decode_slots(Slots& slots, PerCpuResult<V>& values, std::error_code& ec) {
  for (std::size_t i = 0; i < slots.size(); ++i) {
    if constexpr (std::same_as<V, Bytes>) {
      std::memcpy(values[i].data(), slots[i].data(), values[i].size());
    } else {
      const auto value = decode<V>(slots[i], ec);
      if (!value) return false;
      values.set(i, *value);
    }
  }
  return true;
}

template <detail::percpu_values Values>
void encode_slots(const Values& values, std::size_t value_size, Slots& slots,
                  std::error_code& ec) noexcept {
  if (values.size() != slots.size()) ec = Errc::wrong_cpu_count;
  for (std::size_t i = 0; i < slots.size() && !ec; ++i) {
    const auto& value = values[i];
    const Encoded<std::remove_cvref_t<decltype(value)>> bytes{value, value_size, ec};
    if (bytes.bytes().size() != value_size)
      ec = Errc::wrong_value_size;
    else
      std::memcpy(slots[i].data(), bytes.bytes().data(), value_size);
  }
}

}  // namespace detail

template <decodable V, argument_encodable K>
std::optional<PerCpuResult<V>> Map::lookup_percpu(const K& key) const {
  std::error_code ec;
  auto values = lookup_percpu<V>(key, ec);
  detail::throw_if(ec);
  return values;
}

template <decodable V, argument_encodable K>
std::optional<PerCpuResult<V>> Map::lookup_percpu(const K& key,
                                                  std::error_code& ec) const noexcept {
  const auto call = [this](BytesView k, MutableBytesView slots, std::error_code& e) {
    return read_percpu(k, slots, e);
  };
  return percpu<V>(Operation::lookup, key, ec, call);
}

template <argument_encodable K>
bool Map::lookup_percpu_into(const K& key, MutableBytesView slots) const {
  std::error_code ec;
  const bool found = lookup_percpu_into(key, slots, ec);
  detail::throw_if(ec);
  return found;
}

template <argument_encodable K>
bool Map::lookup_percpu_into(const K& key, MutableBytesView slots,
                             std::error_code& ec) const noexcept {
  ec.clear();
  const detail::EncodedKey<K> bytes{key, info_.key_size, ec};
  const bool found = !ec && read_percpu(bytes.bytes(), slots, ec);
  if (ec) [[unlikely]]
    fail(Operation::lookup, ec, key, detail::sized(slots.size()));
  return found;
}

template <argument_encodable K, detail::percpu_values Values>
void Map::update_percpu(const K& key, const Values& values, UpdateFlags flags) {
  std::error_code ec;
  update_percpu(key, values, flags, ec);
  detail::throw_if(ec);
}

template <argument_encodable K, detail::percpu_values Values>
void Map::update_percpu(const K& key, const Values& values, UpdateFlags flags,
                        std::error_code& ec) noexcept {
  ec.clear();
  const detail::EncodedKey<K> bytes{key, info_.key_size, ec};
  if (!ec && check_percpu(ec))
    detail::without_bad_alloc(ec, [&] {
      detail::Slots slots{info_.value_size};
      detail::encode_slots(values, info_.value_size, slots, ec);
      if (!ec) write_percpu(bytes.bytes(), slots.bytes(), flags, ec);
    });
  if (ec) [[unlikely]]
    fail(Operation::update, ec, key, BytesView{}, detail::to_underlying(flags), values.size());
}

template <decodable V, argument_encodable K>
std::optional<V> Map::lookup_cpu(const K& key, std::uint32_t cpu) const {
  std::error_code ec;
  auto value = lookup_cpu<V>(key, cpu, ec);
  detail::throw_if(ec);
  return value;
}

template <decodable V, argument_encodable K>
std::optional<V> Map::lookup_cpu(const K& key, std::uint32_t cpu,
                                 std::error_code& ec) const noexcept {
  ec.clear();
  auto value = detail::without_bad_alloc(ec, [&]() -> std::optional<V> {
    detail::Room<V> room{info_.value_size};
    const detail::EncodedKey<K> bytes{key, info_.key_size, ec};
    if (ec || !read_cpu(bytes.bytes(), cpu, room.bytes(), ec)) return std::nullopt;
    return room.take(ec);
  });
  if (ec) [[unlikely]]
    fail(Operation::lookup, ec, key, detail::asked<V>(info_.value_size), detail::cpu_flags(cpu));
  return value;
}

template <argument_encodable K, argument_encodable V>
void Map::update_cpu(const K& key, std::uint32_t cpu, const V& value, UpdateFlags flags) {
  std::error_code ec;
  update_cpu(key, cpu, value, flags, ec);
  detail::throw_if(ec);
}

template <argument_encodable K, argument_encodable V>
void Map::update_cpu(const K& key, std::uint32_t cpu, const V& value, UpdateFlags flags,
                     std::error_code& ec) noexcept {
  ec.clear();
  const detail::EncodedKey<K> key_bytes{key, info_.key_size, ec};
  const detail::Encoded<V> value_bytes{value, info_.value_size, ec};
  if (!ec) write_cpu(key_bytes.bytes(), cpu, value_bytes.bytes(), flags, ec);
  if (ec) [[unlikely]]
    fail(Operation::update, ec, key, value, detail::to_underlying(flags) | detail::cpu_flags(cpu));
}

template <decodable V, argument_encodable K>
std::optional<PerCpuResult<V>> Map::lookup_and_delete_percpu(const K& key) {
  std::error_code ec;
  auto values = lookup_and_delete_percpu<V>(key, ec);
  detail::throw_if(ec);
  return values;
}

template <decodable V, argument_encodable K>
std::optional<PerCpuResult<V>> Map::lookup_and_delete_percpu(const K& key,
                                                             std::error_code& ec) noexcept {
  const auto call = [this](BytesView k, MutableBytesView slots, std::error_code& e) {
    // Checked first, because the entry and its value would be lost.
    if (detail::may_not_hold<V>(info_.value_size)) e = Errc::out_of_range;
    return !e && take_percpu(k, slots, e);
  };
  return percpu<V>(Operation::lookup_and_delete, key, ec, call);
}

// Reads or removes all slots of a key, and decodes them. The result is allocated before an entry is
// removed.
template <decodable V, class K, class Call>
std::optional<PerCpuResult<V>> Map::percpu(Operation operation, const K& key, std::error_code& ec,
                                           Call call) const noexcept {
  ec.clear();
  const detail::EncodedKey<K> bytes{key, info_.key_size, ec};
  const bool allowed = !ec && check_percpu(ec);
  auto result = detail::without_bad_alloc(ec, [&]() -> std::optional<PerCpuResult<V>> {
    if (!allowed) return std::nullopt;
    if (detail::asked<V>(info_.value_size).size() != info_.value_size) {
      ec = Errc::wrong_value_size;
      return std::nullopt;
    }
    detail::Slots slots{info_.value_size};
    auto values = detail::room_for_slots<V>(info_.value_size);
    if (!call(bytes.bytes(), slots.bytes(), ec)) return std::nullopt;
    if (!detail::decode_slots<V>(slots, values, ec)) return std::nullopt;
    return values;
  });
  if (ec) [[unlikely]]
    fail(operation, ec, key, detail::asked<V>(info_.value_size));
  return result;
}

}  // namespace bpfmap::inline v0
