// SPDX-License-Identifier: MIT
// DescriptorOperations: set and erase; SlotEraseOperations; SocketOperations. Layer 2.
#pragma once

#include <cerrno>
#include <cstdint>
#include <optional>
#include <system_error>

#include "bpfmap/typed/base/descriptor.hpp"

namespace bpfmap::inline v0 {

/// The write operations of a map that stores descriptors, for a class Derived that has a map().
/// `empty` is the errno that the kernel returns when a slot without a value is erased.
template <class Derived, class K, detail::Keys keys, int empty = -ENOENT>
class DescriptorOperations {
  static_assert(detail::check_key<K>());

 public:
  using key_type = K;
  static constexpr bool keys_are_slots = keys == detail::Keys::slots;

  /// Stores the object that `fd` refers to, replacing any previous one (BPF_MAP_UPDATE_ELEM).
  /// Errors: Errc::index_out_of_range, EBADF, and those that the class lists.
  void set(argument<K> key, int fd) {
    std::error_code ec = detail::no_error();
    set(key, fd, ec);
    detail::throw_if(ec);
  }
  void set(argument<K> key, int fd, std::error_code& ec) noexcept {
    if (detail::fit(self(), Operation::update, ec, key))
      detail::set_descriptor<0, keys>(self(), detail::value_of<K>(key), fd, sys::f_any, ec);
  }

  /// Removes the object at `key`; returns false when there is none (BPF_MAP_DELETE_ELEM).
  bool erase(argument<K> key) {
    std::error_code ec = detail::no_error();
    const bool erased = erase(key, ec);
    detail::throw_if(ec);
    return erased;
  }
  bool erase(argument<K> key, std::error_code& ec) noexcept {
    return detail::fit(self(), Operation::erase, ec, key) &&
           detail::erase_number<empty, keys>(self(), detail::value_of<K>(key), ec);
  }

 private:
  [[nodiscard]] const Map& self() const noexcept {
    return static_cast<const Derived&>(*this).map();
  }
};

/// The erase operation of a map of slots for which the kernel does not report whether the slot was
/// filled.
template <class Derived>
class SlotEraseOperations {
 public:
  /// Empties the slot `index`, filled or not (BPF_MAP_DELETE_ELEM).
  void erase(argument<std::uint32_t> index) {
    std::error_code ec = detail::no_error();
    erase(index, ec);
    detail::throw_if(ec);
  }
  void erase(argument<std::uint32_t> index, std::error_code& ec) noexcept {
    const Map& map = static_cast<const Derived&>(*this).map();
    if (detail::fit(map, Operation::erase, ec, index))
      detail::erase_number<0, detail::Keys::slots>(map, index.value(), ec);
  }
};

/// The operations of a map of sockets, which are written as descriptors and read as cookies.
template <class Derived, class K, detail::Keys keys, int empty = -ENOENT>
class SocketOperations : public DescriptorOperations<Derived, K, keys, empty> {
 public:
  using mapped_type = std::uint64_t;  ///< the socket's cookie
  using slot_type = mapped_type;
  using shown_type = mapped_type;  ///< the value that a scan shows

  /// Adds a socket; returns false, and changes nothing, when there already is one (BPF_NOEXIST).
  bool insert(argument<K> key, int fd) {
    std::error_code ec = detail::no_error();
    const bool inserted = insert(key, fd, ec);
    detail::throw_if(ec);
    return inserted;
  }
  bool insert(argument<K> key, int fd, std::error_code& ec) noexcept {
    return detail::fit(self(), Operation::update, ec, key) &&
           detail::set_descriptor<-EEXIST, keys>(self(), detail::value_of<K>(key), fd,
                                                 sys::f_noexist, ec);
  }

  /// Replaces a socket; returns false, and changes nothing, when there is none (BPF_EXIST).
  bool replace(argument<K> key, int fd) {
    std::error_code ec = detail::no_error();
    const bool replaced = replace(key, fd, ec);
    detail::throw_if(ec);
    return replaced;
  }
  bool replace(argument<K> key, int fd, std::error_code& ec) noexcept {
    return detail::fit(self(), Operation::update, ec, key) &&
           detail::set_descriptor<-ENOENT, keys>(self(), detail::value_of<K>(key), fd, sys::f_exist,
                                                 ec);
  }

  /// Returns the socket's cookie, the same as SO_COOKIE; nullopt when there is no socket
  /// (BPF_MAP_LOOKUP_ELEM). ENOSPC on a map with values of 4 bytes.
  [[nodiscard]] std::optional<std::uint64_t> lookup_cookie(argument<K> key) const {
    std::error_code ec = detail::no_error();
    const auto cookie = lookup_cookie(key, ec);
    detail::throw_if(ec);
    return cookie;
  }
  [[nodiscard]] std::optional<std::uint64_t> lookup_cookie(argument<K> key,
                                                           std::error_code& ec) const noexcept {
    if (!detail::fit(self(), Operation::lookup, ec, key)) return std::nullopt;
    return detail::lookup_number<keys>(self(), detail::value_of<K>(key), ec);
  }

 private:
  [[nodiscard]] const Map& self() const noexcept {
    return static_cast<const Derived&>(*this).map();
  }
};

}  // namespace bpfmap::inline v0
