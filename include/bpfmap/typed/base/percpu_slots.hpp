// SPDX-License-Identifier: MIT
// The slots of one per-CPU value, as the kernel reads and writes them. Layer 2.
#pragma once

#include <array>
#include <cerrno>
#include <concepts>
#include <cstddef>
#include <cstring>
#include <optional>
#include <span>
#include <system_error>
#include <utility>

#include "bpfmap/bytes.hpp"
#include "bpfmap/map/detail/heap_bytes.hpp"
#include "bpfmap/map/percpu_values.hpp"
#include "bpfmap/typed/base/element.hpp"

namespace bpfmap::inline v0::detail {

// What the kernel reads a per-CPU value from. `error` is Errc::wrong_cpu_count, -ENOMEM, or 0.
struct FilledSlots {
  BytesView bytes;
  int error = 0;
};

// The slots of one per-CPU value, filled from one V for all possible CPUs or from one for each. Up
// to 1 KiB of them need no heap: an integer on each of 128 CPUs. Neither the heap nor the result
// are members, so that they stay in registers while bpf(2) has the buffer's address.
template <encodable V>
class SlotBuffer {
 public:
  [[nodiscard]] FilledSlots fill(const V& value, HeapBytes& heap) noexcept {
    const std::span<std::byte> room = make_room(heap);
    if (room.empty()) [[unlikely]]
      return {.bytes = {}, .error = -ENOMEM};
    encode(room.data(), value);
    for (std::size_t at = stride; at != room.size(); at += stride)
      std::memcpy(room.data() + at, room.data(), stride);
    return {.bytes = room};
  }
  [[nodiscard]] FilledSlots fill(std::span<const V> values, HeapBytes& heap) noexcept {
    const std::span<std::byte> room = make_room(heap);
    if (room.empty()) [[unlikely]]
      return {.bytes = {}, .error = -ENOMEM};
    if (values.size() != room.size() / stride)
      return {.bytes = {}, .error = static_cast<int>(Errc::wrong_cpu_count)};
    for (std::size_t i = 0; i < values.size(); ++i) encode(room.data() + i * stride, values[i]);
    return {.bytes = room};
  }
  // One integer of another type for each CPU.
  template <class Range>
  [[nodiscard]] FilledSlots fill(const Range& values, HeapBytes& heap) noexcept {
    const std::span<std::byte> room = make_room(heap);
    if (room.empty()) [[unlikely]]
      return {.bytes = {}, .error = -ENOMEM};
    if (std::size(values) != room.size() / stride)
      return {.bytes = {}, .error = static_cast<int>(Errc::wrong_cpu_count)};
    for (std::size_t i = 0; i < room.size() / stride; ++i) {
      const argument<V>& value = values[i];
      if (!fits(value)) return {.bytes = {}, .error = static_cast<int>(Errc::out_of_range)};
      encode(room.data() + i * stride, value_of<V>(value));
    }
    return {.bytes = room};
  }
  // They are slots already.
  [[nodiscard]] static FilledSlots fill(const PerCpuValues<V>& values, HeapBytes&) noexcept {
    return {.bytes = values.bytes(),
            .error = values.empty() ? static_cast<int>(Errc::wrong_cpu_count) : 0};
  }

 private:
  static constexpr std::size_t stride = sys::percpu_stride(Codec<V>::size);
  // A single slot larger than this would not fit.
  static constexpr std::size_t inline_size = stride <= 1024 ? 1024 : 0;

  // Empty when there is no memory, or no CPU.
  std::span<std::byte> make_room(HeapBytes& heap) noexcept {
    const std::size_t size = sys::percpu_size(Codec<V>::size);
    if (size - 1 < inline_size) [[likely]]
      return {inline_.data(), size};
    if (size == 0 || !heap.allocate(size)) return {};
    return {heap.get(), size};
  }
  static void encode(std::byte* slot, const V& value) noexcept {
    if constexpr (!coded_as_object<V> || Codec<V>::size != stride) std::memset(slot, 0, stride);
    Codec<V>::encode(value, std::span<std::byte, Codec<V>::size>{slot, Codec<V>::size});
  }

  std::array<std::byte, inline_size> inline_;  // uninitialised: bytes are written before use
};

// A range of integers, of which each is an argument for a V.
template <class T, class V>
concept integers_for = integer_like<V> && !has_own_codec<T> && requires(const T& values) {
  { std::size(values) } -> std::convertible_to<std::size_t>;
  { values[0] } -> std::convertible_to<argument<V>>;
};

// One V for each possible CPU: PerCpuValues<V>, a contiguous range, or any range of integers.
template <class T, class V>
concept one_per_cpu = std::same_as<T, PerCpuValues<V>> ||
                      (!std::convertible_to<const T&, V> &&
                       (std::convertible_to<const T&, std::span<const V>> || integers_for<T, V>));

// Returns the slots of a one_per_cpu type, or of one V.
template <class V, class T>
[[nodiscard]] decltype(auto) slot_source(const T& values) noexcept {
  if constexpr (std::same_as<T, PerCpuValues<V>>)
    return (values);
  else if constexpr (one_per_cpu<T, V> && std::convertible_to<const T&, std::span<const V>>)
    return std::span<const V>{values};
  else if constexpr (one_per_cpu<T, V>)
    return (values);
  else
    return value_of<V>(values);
}

// Returns nullopt when there is no memory; `ec` is then ENOMEM, recorded.
template <encodable V>
[[nodiscard]] std::optional<PerCpuValues<V>> new_slots(const Map& map, Operation operation,
                                                       std::error_code& ec) noexcept {
  std::optional<PerCpuValues<V>> values;
  clear(ec);
  without_bad_alloc(ec, [&] { values.emplace(); });
  if (ec) ec = record(map, {operation}, ec);
  return values;
}

// Moved-from PerCpuValues have no slots to fill. Out of line, so that a lookup is inlined, and
// returns the code, so that the caller's stays in registers.
template <encodable V>
[[nodiscard, gnu::cold, gnu::noinline]] std::error_code make_slots(
    const Map& map, Operation operation, PerCpuValues<V>& values) noexcept {
  std::error_code ec = no_error();
  if (auto made = new_slots<V>(map, operation, ec)) values = std::move(*made);
  return ec;
}
// Returns room for the kernel to fill; nullptr when there is no memory, and `ec` is then ENOMEM,
// recorded.
template <encodable V>
[[nodiscard, gnu::always_inline]] inline void* slots_of(const Map& map, Operation operation,
                                                        PerCpuValues<V>& values,
                                                        std::error_code& ec) noexcept {
  if (values.empty()) [[unlikely]]
    if (const auto failed = make_slots(map, operation, values)) ec = failed;
  return values.bytes().data();
}

}  // namespace bpfmap::inline v0::detail
