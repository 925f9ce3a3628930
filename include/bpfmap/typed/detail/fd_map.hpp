// SPDX-License-Identifier: MIT
// What the maps that user space puts descriptors into share. Layer 2.
#pragma once

#include <cerrno>
#include <cstdint>
#include <optional>
#include <system_error>

#include "bpfmap/typed/detail/descriptor_map.hpp"

namespace bpfmap::inline v0::detail {

// `empty` is what the kernel answers an erasure of nothing.
template <class Base, class K, Keys keys, int empty = -ENOENT>
class FdMap : public DescriptorMap<Base, K, keys> {
  using Descriptors = DescriptorMap<Base, K, keys>;

 public:
  /// Puts what `fd` is a descriptor of in, whatever is there (BPF_MAP_UPDATE_ELEM). Errors:
  /// Errc::index_out_of_range, EBADF, and those that the class names.
  void set(const K& key, int fd) {
    this->put_fd(key, fd, UpdateFlags::any, 0, thrower(Operation::update, key, 0, fd));
  }
  void set(const K& key, int fd, std::error_code& ec) noexcept {
    this->put_fd(key, fd, UpdateFlags::any, 0, setter(ec));
  }

  /// Takes out what is there; false: there was nothing (BPF_MAP_DELETE_ELEM).
  bool erase(const K& key) { return this->drop(key, empty, thrower(Operation::erase, key)); }
  bool erase(const K& key, std::error_code& ec) noexcept {
    return this->drop(key, empty, setter(ec));
  }

 protected:
  using Descriptors::Descriptors;
  using Descriptors::setter, Descriptors::thrower;
};

// A map of sockets, read as their cookies.
template <class K, Keys keys, int empty = -ENOENT>
class SocketMap : public FdMap<KeyedMap<K, std::uint64_t>, K, keys, empty> {
  using Base = FdMap<KeyedMap<K, std::uint64_t>, K, keys, empty>;

 public:
  using mapped_type = std::uint64_t;  ///< what a lookup gives: a socket's cookie

  /// Puts a socket in unless there is one already: false, and nothing is changed (BPF_NOEXIST).
  bool insert(const K& key, int fd) {
    return this->put_fd(key, fd, UpdateFlags::noexist, -EEXIST,
                        thrower(Operation::update, key, sys::f_noexist, fd));
  }
  bool insert(const K& key, int fd, std::error_code& ec) noexcept {
    return this->put_fd(key, fd, UpdateFlags::noexist, -EEXIST, setter(ec));
  }

  /// The socket's cookie, as SO_COOKIE has it; nullopt: there is none (BPF_MAP_LOOKUP_ELEM). ENOSPC
  /// on a map whose values have 4 bytes.
  [[nodiscard]] std::optional<std::uint64_t> cookie(const K& key) const {
    return this->get(key, thrower(Operation::lookup, key));
  }
  [[nodiscard]] std::optional<std::uint64_t> cookie(const K& key,
                                                    std::error_code& ec) const noexcept {
    return this->get(key, setter(ec));
  }

 protected:
  using Base::Base;
  using Base::setter, Base::thrower;
};

}  // namespace bpfmap::inline v0::detail
