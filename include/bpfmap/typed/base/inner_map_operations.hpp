// SPDX-License-Identifier: MIT
// InnerMapOperations: set, lookup, lookup_id, erase, set_batch of a map of maps. Layer 2.
#pragma once

#include <cerrno>
#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <system_error>
#include <utility>

#include "bpfmap/bulk/batch.hpp"
#include "bpfmap/typed/base/descriptor.hpp"
#include "bpfmap/typed/base/typed_map.hpp"

namespace bpfmap::inline v0 {

namespace detail {

inline const Map& inner_map(const Map& map) noexcept { return map; }
template <class Typed>
const Map& inner_map(const Typed& map) noexcept {
  return map.map();
}

}  // namespace detail

/// The operations of a map of maps, for a class Derived that has a map(). Inner is Map, or the
/// typed class of the inner maps. A map is written as a descriptor and read as an id.
template <class Derived, class K, detail::Keys keys, class Inner>
class InnerMapOperations {
  static_assert(detail::check_key<K>());

 public:
  using key_type = K;
  static constexpr bool keys_are_slots = keys == detail::Keys::slots;
  using inner_type = Inner;
  using mapped_type = std::uint32_t;  ///< the id of an inner map
  using slot_type = mapped_type;
  using shown_type = mapped_type;  ///< the value that a scan shows

  /// Creates an outer map for inner maps that have the type, the sizes and the flags of `inner`
  /// (BPF_MAP_CREATE, 4.12). `inner` is not stored and may be destroyed. Inner arrays must also
  /// have its max_entries, unless all have MapFlags::inner_map. Fills in the type and the sizes of
  /// the outer map.
  [[nodiscard]] static Derived create(MapSpec spec, const Inner& inner) {
    std::error_code ec = detail::no_error();
    Derived outer = create(std::move(spec), inner, ec);
    detail::throw_if(ec);
    return outer;
  }
  /// As above; empty when `ec` is set.
  [[nodiscard]] static Derived create(MapSpec spec, const Inner& inner,
                                      std::error_code& ec) noexcept {
    spec.inner_map_fd = detail::inner_map(inner).fd();
    Derived outer = TypedMap<Derived>::create(std::move(spec), ec);
    if (outer) outer.like_ = detail::inner_map(inner).info();
    return outer;
  }

  /// Stores `inner`, replacing any previous map (BPF_MAP_UPDATE_ELEM). EINVAL when it differs from
  /// the map that create() was called with; the Error names the fields that differ.
  ///
  /// Programs see either the old map or the new one, never an empty slot. The kernel waits, for
  /// some milliseconds, until no non-sleepable program uses the old map: replace many maps with
  /// set_batch(). A sleepable program may still use the old map when this returns:
  /// see wait_for_sleepable_programs().
  void set(argument<K> key, const Inner& inner) {
    std::error_code ec = detail::no_error();
    set(key, inner, ec);
    detail::throw_if(ec);
  }
  void set(argument<K> key, const Inner& inner, std::error_code& ec) noexcept {
    write<0>(key, inner, sys::f_any, ec);
  }

  /// Opens the inner map by its id, and returns it; nullopt when there is none
  /// (BPF_MAP_LOOKUP_ELEM, then BPF_MAP_GET_FD_BY_ID, 4.13). Needs CAP_SYS_ADMIN. Its BTF is not
  /// compared with a Layout: check_layout() does that once for all inner maps.
  [[nodiscard]] std::optional<Inner> lookup(argument<K> key) const {
    std::error_code ec = detail::no_error();
    auto inner = lookup(key, ec);
    detail::throw_if(ec);
    return inner;
  }
  [[nodiscard]] std::optional<Inner> lookup(argument<K> key, std::error_code& ec) const noexcept {
    Map map = open(key, ec);
    if (!map) return std::nullopt;
    if constexpr (std::same_as<Inner, Map>) {
      return map;
    } else if constexpr (detail::layout_of<Inner>() != nullptr) {
      Inner inner{std::move(map), unchecked_layout, ec};
      return ec ? std::nullopt : std::optional{std::move(inner)};
    } else {
      Inner inner{std::move(map), ec};
      return ec ? std::nullopt : std::optional{std::move(inner)};
    }
  }

  /// Returns the id of the inner map; nullopt when there is none (BPF_MAP_LOOKUP_ELEM). Needs no
  /// privilege.
  [[nodiscard]] std::optional<std::uint32_t> lookup_id(argument<K> key) const {
    std::error_code ec = detail::no_error();
    const auto id = lookup_id(key, ec);
    detail::throw_if(ec);
    return id;
  }
  [[nodiscard]] std::optional<std::uint32_t> lookup_id(argument<K> key,
                                                       std::error_code& ec) const noexcept {
    if (!detail::fit(self(), Operation::lookup, ec, key)) return std::nullopt;
    return detail::narrowed(detail::lookup_number<keys>(self(), detail::value_of<K>(key), ec));
  }

  /// Removes the inner map, which continues to exist while anything else refers to it; returns
  /// false when there is none (BPF_MAP_DELETE_ELEM).
  bool erase(argument<K> key) {
    std::error_code ec = detail::no_error();
    const bool erased = erase(key, ec);
    detail::throw_if(ec);
    return erased;
  }
  bool erase(argument<K> key, std::error_code& ec) noexcept {
    return detail::fit(self(), Operation::erase, ec, key) &&
           detail::erase_number<-ENOENT, keys>(self(), detail::value_of<K>(key), ec);
  }

  /// Stores one inner map for each key, and waits for programs only once (BPF_MAP_UPDATE_BATCH,
  /// 5.19; one system call per map on older kernels). Stops at the first map that fails, with the
  /// errors of set(). Errc::wrong_value_count unless there is one map for each key. For an integer
  /// K, keys may have any integer type.
  template <detail::range_of<K> Keys>
  BatchResult set_batch(const Keys& all_keys, std::span<const Inner> inners) {
    std::error_code ec = detail::no_error();
    const BatchResult result = set_batch(all_keys, inners, ec);
    detail::throw_if(ec);
    return result;
  }
  template <detail::range_of<K> Keys>
  BatchResult set_batch(const Keys& all_keys, std::span<const Inner> inners,
                        std::error_code& ec) noexcept {
    detail::clear(ec);
    BatchResult result;
    if (std::size(all_keys) != inners.size())
      ec = Errc::wrong_value_count;
    else
      result = write_batch(all_keys, inners, ec);
    if (ec) [[unlikely]]
      ec = record_failed(all_keys, inners, result, ec);
    return result;
  }

 protected:
  template <int answer>
  bool write(const argument<K>& key, const Inner& inner, std::uint64_t flags,
             std::error_code& ec) noexcept {
    if (!detail::fit(self(), Operation::update, ec, key)) return false;
    const int fd = detail::inner_map(inner).fd();
    const bool done =
        detail::set_descriptor<answer, keys>(self(), detail::value_of<K>(key), fd, flags, ec);
    if (ec) [[unlikely]] {
      const detail::ElementBytes<K> key_bytes{detail::value_of<K>(key)};
      const detail::ElementBytes<int> value{fd};
      ec = detail::record_inner(self(), {Operation::update, key_bytes.view(), value.view(), flags},
                                detail::inner_map(inner).info(), like_, ec);
    }
    return done;
  }

 private:
  [[nodiscard]] const Map& self() const noexcept {
    return static_cast<const Derived&>(*this).map();
  }
  [[nodiscard]] Map& self() noexcept { return static_cast<Derived&>(*this).map(); }

  template <class Keys>
  BatchResult write_batch(const Keys& all_keys, std::span<const Inner> inners,
                          std::error_code& ec) noexcept {
    return detail::without_bad_alloc(ec, [&] {
      Bytes flat_keys;
      Bytes fds;
      std::size_t fitting = 0;
      std::error_code refused;
      for (; fitting < inners.size(); ++fitting) {
        if (!detail::append_argument<K>(flat_keys, all_keys[fitting], refused)) break;
        detail::append(fds, detail::inner_map(inners[fitting]).fd());
      }
      BatchResult result = detail::update_flat(self(), {flat_keys.data(), fds.data(), fitting},
                                               UpdateFlags::any, ec);
      if (refused && !ec) {
        ec = refused;
        result.failed = fitting;
      }
      return result;
    });
  }
  template <class Keys>
  [[gnu::cold]] std::error_code record_failed(const Keys& all_keys, std::span<const Inner> inners,
                                              const BatchResult& result,
                                              const std::error_code& ec) const noexcept {
    std::error_code recorded = ec;
    if (!result.failed || ec == Errc::out_of_range) {
      detail::record_failed(self(), Operation::update_batch, all_keys, result, {}, recorded);
      return recorded;
    }
    const Map& inner = detail::inner_map(inners[*result.failed]);
    const int fd = inner.fd();
    const argument<K>& failed = all_keys[*result.failed];
    const detail::ElementBytes<K> key{detail::value_of<K>(failed)};
    const detail::ElementBytes<int> value{fd};
    recorded = detail::record_entry(self(), {Operation::update_batch, key.view(), value.view()},
                                    result, ec);
    detail::add_inner(inner.info(), like_);
    return recorded;
  }
  // An inner map that is replaced between the lookup of its id and its opening may no longer exist;
  // the slot then holds another one.
  Map open(const argument<K>& key, std::error_code& ec) const noexcept {
    if (!detail::fit(self(), Operation::lookup, ec, key)) return {};
    for (int attempts = 0; attempts < 100; ++attempts) {
      const auto id = detail::lookup_number<keys>(self(), detail::value_of<K>(key), ec);
      if (!id) return {};
      Map map = Map::from_id(static_cast<std::uint32_t>(*id), ec);
      if (ec != std::errc::no_such_file_or_directory) return map;
    }
    return {};
  }

  MapInfo like_;  // the template, when this class created the map
};

}  // namespace bpfmap::inline v0
