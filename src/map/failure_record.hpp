// SPDX-License-Identifier: MIT
// The record of the last failure of a thread. Private to src/map/ and src/explain/.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>

#include "bpfmap/map/detail/failure_record.hpp"
#include "bpfmap/map/map_info.hpp"
#include "bpfmap/map/map_spec.hpp"

namespace bpfmap::inline v0::detail {

/// The first `most` characters of a text, and its whole length.
template <std::size_t most>
struct FixedText {
  std::size_t size = 0;
  std::array<char, most> data = {};

  void assign(std::string_view text) noexcept {
    size = text.size();
    text.copy(data.data(), most);
  }
  [[nodiscard]] std::string_view view() const noexcept {
    return {data.data(), std::min(size, most)};
  }
  [[nodiscard]] bool is_whole() const noexcept { return size <= most; }
};

/// The first bytes of a key or a value, and its whole size.
struct GivenBytes {
  std::size_t size = 0;
  std::size_t kept = 0;
  std::array<std::byte, 64> bytes = {};

  void assign(BytesView from) noexcept {
    size = from.size();
    kept = from.data() == nullptr ? 0 : std::min(size, bytes.size());
    std::copy_n(from.data(), kept, bytes.begin());
  }
  [[nodiscard]] BytesView view() const noexcept { return {bytes.data(), kept}; }
};

/// A MapInfo without a heap.
struct PlainInfo {
  MapType type = MapType::unspec;
  std::uint32_t id = 0;
  std::uint32_t key_size = 0;
  std::uint32_t value_size = 0;
  std::uint32_t max_entries = 0;
  MapFlags flags = MapFlags::none;
  std::uint64_t map_extra = 0;
  std::uint32_t btf_id = 0;
  std::uint32_t btf_key_type_id = 0;
  std::uint32_t btf_value_type_id = 0;
  std::uint32_t ifindex = 0;
  FixedText<16> name = {};

  void assign(const MapInfo& info) noexcept;
  [[nodiscard]] MapInfo info() const;
};

/// A MapSpec without a heap.
struct PlainSpec {
  MapType type = MapType::unspec;
  std::uint32_t key_size = 0;
  std::uint32_t value_size = 0;
  std::uint32_t max_entries = 0;
  MapFlags flags = MapFlags::none;
  std::uint64_t map_extra = 0;
  std::optional<std::uint32_t> numa_node = {};
  int inner_map_fd = -1;
  int btf_fd = -1;
  std::uint32_t btf_key_type_id = 0;
  std::uint32_t btf_value_type_id = 0;
  std::uint32_t btf_vmlinux_value_type_id = 0;
  int value_type_btf_obj_fd = -1;
  int token_fd = -1;
  std::uint32_t ifindex = 0;
  bool has_excl_prog_hash = false;
  bool btf_is_open = false;  ///< when the creation failed: its owner may close it
  bool token_is_open = false;
  FixedText<64> name = {};

  void assign(const MapSpec& from) noexcept;
  [[nodiscard]] MapSpec spec() const;
};

/// The state of a map's descriptor when the operation failed.
enum class DescriptorState : std::uint8_t {
  unknown,
  open,
  closed,
  other,  ///< not a map: the kernel has reused the number
};

/// The data from which the text of a failure is made.
struct FailureRecord {
  enum class Kind : std::uint8_t { none, map, view, open, create, open_or_create, conversion };

  int code = 0;  ///< an errno or an Errc of category(); 0: nothing is recorded
  Kind kind = Kind::none;
  Operation operation = Operation::info;
  Operation step = Operation::info;  ///< of open_or_create
  bool has_map = false;              ///< `info` and `fd` are a map's
  bool has_batch = false;
  bool has_inner = false;
  DescriptorState descriptor = DescriptorState::unknown;
  std::optional<Access> access = {};
  std::optional<bool> frozen = {};  ///< of an EPERM; nullopt when /proc does not report it
  int fd = -1;
  std::uint64_t flags = 0;
  std::optional<std::size_t> count = {};
  GivenBytes key = {};
  GivenBytes value = {};
  PlainInfo info = {};
  PlainInfo inner = {};
  PlainInfo like = {};
  PlainSpec spec = {};
  std::optional<std::uint32_t> required_key_size = {};
  std::uint32_t required_value_size = 0;
  MapFlags required_flags = MapFlags::none;
  const EntryLayout* required_layout = nullptr;
  std::array<MapType, 4> required_types = {};
  std::size_t required_type_count = 0;
  std::size_t done = 0;
  std::size_t skipped = 0;
  std::optional<std::size_t> failed = {};
  std::size_t number = 0;  ///< of a conversion: a size, or an address family
  FixedText<511> subject = {};
};

// Usable in static destructors and at the end of a thread.
static_assert(std::is_trivially_destructible_v<FailureRecord>);

/// As record_open(), with the requested access.
std::error_code record_opening(Operation operation, std::string_view subject, Access access,
                               std::error_code ec) noexcept;

/// Returns the record of this thread.
[[nodiscard]] FailureRecord& last_failure() noexcept;

}  // namespace bpfmap::inline v0::detail
