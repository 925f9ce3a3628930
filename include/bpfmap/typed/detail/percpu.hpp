// SPDX-License-Identifier: MIT
// What the typed per-CPU maps share. Layer 2.
#pragma once

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <system_error>

#include "bpfmap/bytes.hpp"
#include "bpfmap/map/percpu_values.hpp"
#include "bpfmap/typed/detail/keyed_map.hpp"

namespace bpfmap::inline v0::detail {

// What a per-CPU map is written with: one V for the slot of every possible CPU, or PerCpuValues<V>.
// Implicit, so that either can stand in a call. Up to 1 KiB of slots take no heap: an integer on
// each of 128 CPUs.
template <encodable V>
class SlotBytes {
 public:
  SlotBytes(const V& value) noexcept {  // NOLINT(google-explicit-constructor)
    const std::size_t size = sys::percpu_size(Codec<V>::size);
    std::byte* const slots = room_for(size);
    data_ = slots;
    if (size == 0) return;
    if (slots == nullptr) {
      error_ = -ENOMEM;
      return;
    }
    std::memset(slots, 0, stride);
    Codec<V>::encode(value, std::span<std::byte, Codec<V>::size>{slots, Codec<V>::size});
    for (std::size_t at = stride; at < size; at += stride) std::memcpy(slots + at, slots, stride);
  }
  SlotBytes(const PerCpuValues<V>& values) noexcept  // NOLINT(google-explicit-constructor)
      : data_(values.bytes().data()),
        error_(values.empty() ? static_cast<int>(Errc::wrong_cpu_count) : 0) {}
  SlotBytes(const SlotBytes&) = delete;
  SlotBytes& operator=(const SlotBytes&) = delete;

  [[nodiscard]] const void* data() const noexcept { return data_; }
  // Not 0: made from PerCpuValues that were moved from (Errc::wrong_cpu_count), or -ENOMEM.
  [[nodiscard]] int error() const noexcept { return error_; }

 private:
  static constexpr std::size_t stride = sys::percpu_stride(Codec<V>::size);
  // A value that is larger than this has no use for it.
  static constexpr std::size_t inline_size = stride <= 1024 ? 1024 : 0;

  std::byte* room_for(std::size_t size) noexcept {
    if constexpr (inline_size != 0)
      if (size <= inline_size) [[likely]]
        return inline_.data();
    return heap_for(size);
  }
  // nullptr: there is no memory.
  [[gnu::cold, gnu::noinline]] std::byte* heap_for(std::size_t size) noexcept {
    std::error_code ec;
    without_bad_alloc(ec, [&] { heap_.resize(size); });
    return heap_.data();
  }

  std::array<std::byte, inline_size> inline_;  // not initialised: what is used is written first
  Bytes heap_;
  const std::byte* data_;
  int error_ = 0;
};

// A moved-from PerCpuValues has no slots to write into. Out of line, so that a lookup is inlined.
template <encodable V>
[[gnu::cold, gnu::noinline]] void make_slots(PerCpuValues<V>& values) {
  values = PerCpuValues<V>{};
}
template <encodable V>
[[gnu::cold, gnu::noinline]] void make_slots(PerCpuValues<V>& values,
                                             std::error_code& ec) noexcept {
  ec.clear();
  without_bad_alloc(ec, [&] { make_slots(values); });
}
// nullptr, and `ec` is set: there is no memory.
template <encodable V, class... ErrorCode>
[[nodiscard]] void* slots_of(PerCpuValues<V>& values, ErrorCode&... ec) {
  if (values.empty()) [[unlikely]]
    make_slots(values, ec...);
  return values.bytes().data();
}

// A typed map with a V for each CPU.
template <class K, class V>
class PerCpuKeyedMap : public KeyedMap<K, PerCpuView<V>> {
  static_assert(encodable<V>,
                "bpfmap: V cannot be a map's value. Use a trivially copyable type without "
                "pointers, or specialise "
                "bpfmap::Codec<V>.");
  using Base = KeyedMap<K, PerCpuView<V>>;

 public:
  using key_type = K;
  using mapped_type = PerCpuValues<V>;
  using slot_type = V;  ///< a value, of one CPU on a per-CPU map

  /// Sets the value of `key` (BPF_MAP_UPDATE_ELEM): to `value` on every CPU, or to each CPU's own.
  void update(const K& key, const V& value, UpdateFlags flags = UpdateFlags::any) {
    put(key, value, flags, 0, thrower(Operation::update, key, to_underlying(flags)));
  }
  void update(const K& key, const PerCpuValues<V>& values, UpdateFlags flags = UpdateFlags::any) {
    put(key, values, flags, 0, thrower(Operation::update, key, to_underlying(flags)));
  }
  void update(const K& key, const V& value, UpdateFlags flags, std::error_code& ec) noexcept {
    put(key, value, flags, 0, setter(ec));
  }
  void update(const K& key, const PerCpuValues<V>& values, UpdateFlags flags,
              std::error_code& ec) noexcept {
    put(key, values, flags, 0, setter(ec));
  }
  void update(const K& key, const V& value, std::error_code& ec) noexcept {
    put(key, value, UpdateFlags::any, 0, setter(ec));
  }
  void update(const K& key, const PerCpuValues<V>& values, std::error_code& ec) noexcept {
    put(key, values, UpdateFlags::any, 0, setter(ec));
  }

  /// The value of `key` on the one CPU with the number `cpu`, and setting it there alone
  /// (BPF_F_CPU, 7.0): see Map. nullopt: no such key; EINVAL on an older kernel.
  [[nodiscard]] std::optional<V> lookup_cpu(const K& key, std::uint32_t cpu) const {
    return this->map_.template lookup_cpu<V>(key, cpu);
  }
  [[nodiscard]] std::optional<V> lookup_cpu(const K& key, std::uint32_t cpu,
                                            std::error_code& ec) const noexcept {
    return this->map_.template lookup_cpu<V>(key, cpu, ec);
  }
  void update_cpu(const K& key, std::uint32_t cpu, const V& value,
                  UpdateFlags flags = UpdateFlags::any) {
    this->map_.update_cpu(key, cpu, value, flags);
  }
  void update_cpu(const K& key, std::uint32_t cpu, const V& value, UpdateFlags flags,
                  std::error_code& ec) noexcept {
    this->map_.update_cpu(key, cpu, value, flags, ec);
  }
  void update_cpu(const K& key, std::uint32_t cpu, const V& value, std::error_code& ec) noexcept {
    this->map_.update_cpu(key, cpu, value, ec);
  }

 protected:
  using Base::Base;
  using Base::setter, Base::thrower;

  template <class Report>
  bool put(const K& key, const SlotBytes<V>& value, UpdateFlags flags, int expected,
           Report report) {
    if (value.error() != 0) [[unlikely]] {
      report(value.error());
      return false;
    }
    return Base::write(key, value.data(), flags, expected, report);
  }
};

}  // namespace bpfmap::inline v0::detail
