// SPDX-License-Identifier: MIT
// What ArrayOfMaps and HashOfMaps share: a value is written as a map and read as a map. Layer 2.
#pragma once

#include <cerrno>
#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <system_error>
#include <utility>

#include "bpfmap/bulk/batch.hpp"
#include "bpfmap/typed/detail/descriptor_map.hpp"

namespace bpfmap::inline v0::detail {

inline const Map& inner_map(const Map& map) noexcept { return map; }
template <class Typed>
const Map& inner_map(const Typed& map) noexcept {
  return map.map();
}

// Throws what the kernel said of `inner`, and in what it differs from the inner maps of `outer`:
// from `like`, or when that is of no type from one that is in.
[[noreturn]] void raise_inner(const Map& outer, const Attempt& attempt, const std::error_code& ec,
                              const MapInfo& inner, const MapInfo& like);
// The same of a batch that failed at `inner`.
[[noreturn]] void raise_inner(const Map& outer, const BatchResult& result, BytesView key,
                              const std::error_code& ec, const MapInfo& inner, const MapInfo& like);

// Inner is Map, or a typed map.
template <class K, Keys keys, class Inner>
class MapOfMaps : public DescriptorMap<KeyedMap<K, std::uint32_t>, K, keys> {
  using Base = DescriptorMap<KeyedMap<K, std::uint32_t>, K, keys>;

 public:
  using inner_type = Inner;
  using mapped_type = std::uint32_t;  ///< what a scan shows: the id of an inner map

  /// Puts `inner` in, whatever is there (BPF_MAP_UPDATE_ELEM): programs see the one map or the
  /// other, never none. The kernel waits until no program uses the old one, some milliseconds:
  /// replace many with set_batch. EINVAL: it is not like the others; the Error says in what.
  void set(const K& key, const Inner& inner) {
    put(key, inner, UpdateFlags::any, 0, inner_thrower(key, inner, sys::f_any));
  }
  void set(const K& key, const Inner& inner, std::error_code& ec) noexcept {
    put(key, inner, UpdateFlags::any, 0, setter(ec));
  }

  /// The inner map; nullopt: there is none. Opens it by its id, which needs CAP_SYS_ADMIN.
  [[nodiscard]] std::optional<Inner> get(const K& key) const {
    std::error_code ec;
    Map map = open(key, ec);
    if (map) return Inner{std::move(map)};
    // Once more, for the Error.
    const auto found = ec ? id(key) : std::nullopt;
    return found ? std::optional{Inner{Map::from_id(*found)}} : std::nullopt;
  }
  [[nodiscard]] std::optional<Inner> get(const K& key, std::error_code& ec) const noexcept {
    Map map = open(key, ec);
    if (!map) return std::nullopt;
    if constexpr (std::same_as<Inner, Map>) {
      return map;
    } else {
      Inner inner{std::move(map), ec};
      return ec ? std::nullopt : std::optional{std::move(inner)};
    }
  }

  /// The id of the inner map; nullopt: there is none (BPF_MAP_LOOKUP_ELEM). Needs no privilege.
  [[nodiscard]] std::optional<std::uint32_t> id(const K& key) const {
    return narrow(Base::get(key, thrower(Operation::lookup, key)));
  }
  [[nodiscard]] std::optional<std::uint32_t> id(const K& key, std::error_code& ec) const noexcept {
    return narrow(Base::get(key, setter(ec)));
  }

  /// Takes the inner map out, which lives on while others hold it; false: there was none.
  bool erase(const K& key) { return Base::drop(key, -ENOENT, thrower(Operation::erase, key)); }
  bool erase(const K& key, std::error_code& ec) noexcept {
    return Base::drop(key, -ENOENT, setter(ec));
  }

  /// Puts many in, one for each key, and waits for programs once for all of them
  /// (BPF_MAP_UPDATE_BATCH, 5.16). Says how many are in; Errc::wrong_value_count when there is not
  /// one map for each key.
  BatchResult set_batch(std::span<const K> all_keys, std::span<const Inner> inners) {
    std::error_code ec;
    const BatchResult result = set_batch(all_keys, inners, ec);
    if (ec && result.failed) {
      const ObjectBytes<K> key{all_keys[*result.failed]};
      raise_inner(this->map_, result, key.view(), ec, inner_map(inners[*result.failed]).info(),
                  like_);
    }
    const BytesView no_key{};
    if (ec) raise_batch(this->map_, Operation::update_batch, result, no_key, UpdateFlags::any, ec);
    return result;
  }
  BatchResult set_batch(std::span<const K> all_keys, std::span<const Inner> inners,
                        std::error_code& ec) noexcept {
    ec.clear();
    if (all_keys.size() != inners.size()) {
      ec = Errc::wrong_value_count;
      return {};
    }
    return without_bad_alloc(ec, [&] {
      Bytes flat_keys;
      Bytes fds;
      for (std::size_t i = 0; i < all_keys.size(); ++i) {
        append(flat_keys, all_keys[i]);
        append(fds, inner_map(inners[i]).fd());
      }
      return update_flat(this->map_, {flat_keys.data(), fds.data(), all_keys.size()},
                         UpdateFlags::any, ec);
    });
  }

 protected:
  MapOfMaps() noexcept = default;
  MapOfMaps(Map map, const ViewRequirement& required) : Base(std::move(map), required) {}
  MapOfMaps(Map map, const ViewRequirement& required, std::error_code& ec) noexcept
      : Base(std::move(map), required, ec) {}
  using Base::setter, Base::thrower;

  // A new outer map whose inner maps have the type, the sizes and the flags of `inner`.
  template <class Outer>
  [[nodiscard]] static Outer create_like(MapSpec spec, const Map& inner,
                                         const ViewRequirement& required) {
    spec.inner_map_fd = inner.fd();
    Outer outer{Base::create_map(std::move(spec), required)};
    outer.like_ = inner.info();
    return outer;
  }
  template <class Outer>
  [[nodiscard]] static Outer create_like(MapSpec spec, const Map& inner,
                                         const ViewRequirement& required,
                                         std::error_code& ec) noexcept {
    spec.inner_map_fd = inner.fd();
    Map map = Base::create_map(std::move(spec), required, ec);
    if (ec) return {};
    Outer outer{std::move(map), ec};
    outer.like_ = inner.info();
    return outer;
  }

  template <class Report>
  bool put(const K& key, const Inner& inner, UpdateFlags flags, int expected, Report report) {
    return Base::put_fd(key, inner_map(inner).fd(), flags, expected, report);
  }
  [[nodiscard]] auto inner_thrower(const K& key, const Inner& inner,
                                   std::uint64_t flags) const noexcept {
    return [this, &key, &inner, flags](int result) {
      const int fd = inner_map(inner).fd();
      const ObjectBytes<K> key_bytes{key};
      const ObjectBytes<int> value{fd};
      raise_inner(this->map_, {Operation::update, key_bytes.view(), value.view(), flags},
                  this->error(result), inner_map(inner).info(), like_);
    };
  }

 private:
  static std::optional<std::uint32_t> narrow(std::optional<std::uint64_t> value) noexcept {
    return value ? std::optional{static_cast<std::uint32_t>(*value)} : std::nullopt;
  }
  // An inner map that is replaced between its id and its descriptor may be gone: then there is
  // another.
  Map open(const K& key, std::error_code& ec) const noexcept {
    for (int attempts = 0; attempts < 100; ++attempts) {
      const auto found = id(key, ec);
      if (!found) return {};
      Map map = Map::from_id(*found, ec);
      if (ec != std::errc::no_such_file_or_directory) return map;
    }
    return {};
  }

  MapInfo like_;  // the template, when this class made the map
};

}  // namespace bpfmap::inline v0::detail
