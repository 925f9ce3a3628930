// SPDX-License-Identifier: MIT
// What Queue and Stack share: values without keys. Layer 2.
#pragma once

#include <array>
#include <cerrno>
#include <cstdint>
#include <optional>
#include <system_error>
#include <utility>

#include "bpfmap/typed/detail/typed_map.hpp"

namespace bpfmap::inline v0::detail {

/// Values that go in and come out one by one.
template <class V, MapType type>
class PushPopMap : public TypedMap {
  static_assert(encodable<V>,
                "bpfmap: V cannot be a map's value. Use a trivially copyable type without "
                "pointers, or specialise bpfmap::Codec<V>.");

 public:
  using value_type = V;

  /// Values that it has room for: max_entries. How many there are, the kernel does not say.
  [[nodiscard]] std::uint32_t capacity() const noexcept { return map_.info().max_entries; }

  /// Puts `value` in; false, and nothing is changed, when it is full (BPF_MAP_UPDATE_ELEM).
  bool push(const V& value) {
    return put(value, UpdateFlags::any, -E2BIG, thrower(Operation::update));
  }
  bool push(const V& value, std::error_code& ec) noexcept {
    return put(value, UpdateFlags::any, -E2BIG, setter(ec));
  }

  /// Puts `value` in; when it is full the oldest value is lost for it (BPF_EXIST).
  void push_overwrite(const V& value) {
    put(value, UpdateFlags::exist, 0, thrower(Operation::update, nothing, sys::f_exist));
  }
  void push_overwrite(const V& value, std::error_code& ec) noexcept {
    put(value, UpdateFlags::exist, 0, setter(ec));
  }

  /// The value that pop() would take, which stays; nullopt: it is empty (BPF_MAP_LOOKUP_ELEM).
  [[nodiscard]] std::optional<V> peek() const { return look(thrower(Operation::lookup)); }
  [[nodiscard]] std::optional<V> peek(std::error_code& ec) const noexcept {
    return look(setter(ec));
  }

  /// Takes a value out; nullopt: it is empty (BPF_MAP_LOOKUP_AND_DELETE_ELEM).
  [[nodiscard]] std::optional<V> pop() { return take(thrower(Operation::lookup_and_delete)); }
  [[nodiscard]] std::optional<V> pop(std::error_code& ec) noexcept { return take(setter(ec)); }

  /// Pops values and calls `handle(const V&)` with each, until it is empty or capacity() have come,
  /// so that it ends while others push; says how many. A value is popped when the one before it
  /// has been handled: what `handle` throws loses none but its own.
  template <class Handle>
  std::uint64_t drain(Handle handle) {
    return drain_by([this] { return pop(); }, handle);
  }
  /// The same; with `ec` set, how many before the error.
  template <class Handle>
  std::uint64_t drain(Handle handle, std::error_code& ec) {
    return drain_by([this, &ec] { return pop(ec); }, handle);
  }

 protected:
  static constexpr std::array types{type};
  friend TypedAccess;
  static constexpr ViewRequirement requirement{types, 0, Codec<V>::size};

  PushPopMap() noexcept = default;
  explicit PushPopMap(Map map) : TypedMap(std::move(map), requirement) {}
  PushPopMap(Map map, std::error_code& ec) noexcept : TypedMap(std::move(map), requirement, ec) {}

 private:
  template <class Report>
  bool put(const V& value, UpdateFlags flags, int expected, Report report) {
    return write(nullptr, ObjectBytes<V>{value}.data(), flags, expected, report);
  }
  template <class Report>
  std::optional<V> look(Report report) const {
    ObjectRoom<V> room;
    if (!read(nullptr, room.data(), {}, -ENOENT, report)) return std::nullopt;
    return room.value();
  }
  template <class Report>
  std::optional<V> take(Report report) {
    ObjectRoom<V> room;
    if (!TypedMap::take(nullptr, room.data(), {}, report)) return std::nullopt;
    return room.value();
  }
  template <class Pop, class Handle>
  std::uint64_t drain_by(Pop pop_one, Handle& handle) {
    std::uint64_t drained = 0;
    for (; drained < capacity(); ++drained) {
      const std::optional<V> value = pop_one();
      if (!value) break;
      handle(*value);
    }
    return drained;
  }
};

}  // namespace bpfmap::inline v0::detail
