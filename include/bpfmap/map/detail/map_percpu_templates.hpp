// SPDX-License-Identifier: MIT
// Bodies of Map's per-CPU templates. Included by map.hpp only.
#pragma once

#include <cstring>

#include "bpfmap/map/detail/map_templates.hpp"
#include "bpfmap/map/map.hpp"

namespace bpfmap::inline v0 {
namespace detail {

// A buffer for the slots of one per-CPU value, as the kernel reads and writes them.
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
  // The layouts are the same: a V may be too large to be on the stack twice.
  if constexpr (coded_as_object<V> && !integer_or_enum<V>) {
    std::memcpy(values.bytes().data(), slots.bytes().data(), slots.bytes().size());
    return true;
  }
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
  if (std::size(values) != slots.size()) ec = Errc::wrong_cpu_count;
  for (std::size_t i = 0; i < slots.size() && !ec; ++i) {
    const auto& value = values[i];
    const Encoded<std::remove_cvref_t<decltype(value)>> bytes{value, value_size, ec};
    if (bytes.bytes().size() != value_size)
      ec = Errc::wrong_value_size;
    else
      std::memcpy(slots[i].data(), bytes.bytes().data(), value_size);
  }
}

// Reads or removes all slots of a key, and decodes them. The result is allocated before an entry is
// removed.
template <decodable V, class K, class Call>
std::optional<PerCpuResult<V>> percpu(const Map& map, Operation operation, const K& key,
                                      std::error_code& ec, Call call) noexcept {
  ec.clear();
  const EncodedKey<K> bytes{key, map.info().key_size, ec};
  const bool allowed = !ec && check_percpu(map, ec);
  auto result = without_bad_alloc(ec, [&]() -> std::optional<PerCpuResult<V>> {
    if (!allowed) return std::nullopt;
    if (asked<V>(map.info().value_size).size() != map.info().value_size) {
      ec = Errc::wrong_value_size;
      return std::nullopt;
    }
    Slots slots{map.info().value_size};
    auto values = room_for_slots<V>(map.info().value_size);
    if (!call(bytes.bytes(), slots.bytes(), ec)) return std::nullopt;
    if (!decode_slots<V>(slots, values, ec)) return std::nullopt;
    return values;
  });
  if (ec) [[unlikely]]
    fail(map, operation, ec, key, asked<V>(map.info().value_size));
  return result;
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
    return detail::read_percpu(*this, k, slots, e);
  };
  return detail::percpu<V>(*this, Operation::lookup, key, ec, call);
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
  const bool found = !ec && detail::read_percpu(*this, bytes.bytes(), slots, ec);
  if (ec) [[unlikely]]
    detail::fail(*this, Operation::lookup, ec, key, detail::sized(slots.size()));
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
  if (!ec && detail::check_percpu(*this, ec))
    detail::without_bad_alloc(ec, [&] {
      detail::Slots slots{info_.value_size};
      detail::encode_slots(values, info_.value_size, slots, ec);
      if (!ec) detail::write_percpu(*this, bytes.bytes(), slots.bytes(), flags, ec);
    });
  if (ec) [[unlikely]]
    detail::fail(*this, Operation::update, ec, key, BytesView{}, detail::to_underlying(flags),
                 std::size(values));
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
    const detail::EncodedKey<K> bytes{key, info_.key_size, ec};
    if (ec) return std::nullopt;
    return detail::read_decoded<V>(info_.value_size, ec, [&](MutableBytesView room) {
      return detail::read_cpu(*this, bytes.bytes(), cpu, room, ec);
    });
  });
  if (ec) [[unlikely]]
    detail::fail(*this, Operation::lookup, ec, key, detail::asked<V>(info_.value_size),
                 detail::cpu_flags(cpu));
  return value;
}

template <argument_encodable K>
bool Map::lookup_cpu_into(const K& key, std::uint32_t cpu, MutableBytesView value) const {
  std::error_code ec;
  const bool found = lookup_cpu_into(key, cpu, value, ec);
  detail::throw_if(ec);
  return found;
}

template <argument_encodable K>
bool Map::lookup_cpu_into(const K& key, std::uint32_t cpu, MutableBytesView value,
                          std::error_code& ec) const noexcept {
  ec.clear();
  const detail::EncodedKey<K> bytes{key, info_.key_size, ec};
  const bool found = !ec && detail::read_cpu(*this, bytes.bytes(), cpu, value, ec);
  if (ec) [[unlikely]]
    detail::fail(*this, Operation::lookup, ec, key, detail::sized(value.size()),
                 detail::cpu_flags(cpu));
  return found;
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
  if (!ec) detail::write_cpu(*this, key_bytes.bytes(), cpu, value_bytes.bytes(), flags, ec);
  if (ec) [[unlikely]]
    detail::fail(*this, Operation::update, ec, key, value,
                 detail::to_underlying(flags) | detail::cpu_flags(cpu));
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
    return !e && detail::take_percpu(*this, k, slots, e);
  };
  return detail::percpu<V>(*this, Operation::lookup_and_delete, key, ec, call);
}

template <argument_encodable K>
bool Map::lookup_and_delete_percpu_into(const K& key, MutableBytesView slots) {
  std::error_code ec;
  const bool found = lookup_and_delete_percpu_into(key, slots, ec);
  detail::throw_if(ec);
  return found;
}

template <argument_encodable K>
bool Map::lookup_and_delete_percpu_into(const K& key, MutableBytesView slots,
                                        std::error_code& ec) noexcept {
  ec.clear();
  const detail::EncodedKey<K> bytes{key, info_.key_size, ec};
  const bool found = !ec && detail::take_percpu(*this, bytes.bytes(), slots, ec);
  if (ec) [[unlikely]]
    detail::fail(*this, Operation::lookup_and_delete, ec, key, detail::sized(slots.size()));
  return found;
}

}  // namespace bpfmap::inline v0
