// SPDX-License-Identifier: MIT
// The operations of Map on bytes: each is implemented once, and Map's templates only encode and
// decode. They check sizes before the kernel sees a pointer, and return an error unrecorded.
// Included by map.hpp only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <system_error>

#include "bpfmap/bytes.hpp"
#include "bpfmap/error.hpp"
#include "bpfmap/map/flags.hpp"

namespace bpfmap {
inline namespace v0 {
class Map;
}
}  // namespace bpfmap

namespace bpfmap::inline v0::detail {

bool read(const Map& map, BytesView key, MutableBytesView value, LookupFlags flags,
          std::error_code& ec) noexcept;
bool read_percpu(const Map& map, BytesView key, MutableBytesView slots,
                 std::error_code& ec) noexcept;
bool read_cpu(const Map& map, BytesView key, std::uint32_t cpu, MutableBytesView value,
              std::error_code& ec) noexcept;
void write(Map& map, BytesView key, BytesView value, UpdateFlags flags,
           std::error_code& ec) noexcept;
void write_percpu(Map& map, BytesView key, BytesView slots, UpdateFlags flags,
                  std::error_code& ec) noexcept;
void write_cpu(Map& map, BytesView key, std::uint32_t cpu, BytesView value, UpdateFlags flags,
               std::error_code& ec) noexcept;
bool remove(Map& map, BytesView key, std::error_code& ec) noexcept;
bool next(const Map& map, std::optional<BytesView> key, MutableBytesView next_key,
          std::error_code& ec) noexcept;
bool take(Map& map, BytesView key, MutableBytesView value, LookupFlags flags,
          std::error_code& ec) noexcept;
bool take_percpu(Map& map, BytesView key, MutableBytesView slots, std::error_code& ec) noexcept;
// Whether the map has, or may have, a slot for each CPU.
bool check_percpu(const Map& map, std::error_code& ec) noexcept;

// Records the failure `ec` of an operation on `map`. A value that was to be read is given as its
// size.
template <class K, class V>
[[gnu::cold, gnu::noinline]] void fail(const Map& map, Operation operation, std::error_code& ec,
                                       const K& key, const V& value, std::uint64_t flags = 0,
                                       std::optional<std::size_t> count = {}) noexcept;

}  // namespace bpfmap::inline v0::detail
