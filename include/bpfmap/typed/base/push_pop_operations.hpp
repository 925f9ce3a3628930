// SPDX-License-Identifier: MIT
// PushPopOperations: push, peek, pop. Layer 2.
#pragma once

#include <cerrno>
#include <optional>
#include <system_error>

#include "bpfmap/typed/base/element.hpp"

namespace bpfmap::inline v0 {

/// The operations of a queue or a stack of V, for a class Derived that has a map().
///
/// An empty or full map is not an error: peek() and pop() return nullopt, push() returns false.
/// Every operation is one system call and allocates nothing.
template <class Derived, class V>
class PushPopOperations {
  static_assert(detail::check_value<V>());

 public:
  using value_type = V;

  /// Adds `value`; returns false, and changes nothing, when there is no room (BPF_MAP_UPDATE_ELEM,
  /// 4.20).
  bool push(argument<V> value) {
    std::error_code ec = detail::no_error();
    const bool pushed = push(value, ec);
    detail::throw_if(ec);
    return pushed;
  }
  bool push(argument<V> value, std::error_code& ec) noexcept {
    return write<-E2BIG>(value, sys::f_any, ec);
  }

  /// Adds `value`; when there is no room, the kernel drops the oldest value (BPF_EXIST).
  void push_overwrite(argument<V> value) {
    std::error_code ec = detail::no_error();
    push_overwrite(value, ec);
    detail::throw_if(ec);
  }
  void push_overwrite(argument<V> value, std::error_code& ec) noexcept {
    write<0>(value, sys::f_exist, ec);
  }

  /// Returns the value that pop() would remove; nullopt when the map is empty (BPF_MAP_LOOKUP_ELEM,
  /// 4.20).
  [[nodiscard]] std::optional<V> peek() const {
    std::error_code ec = detail::no_error();
    auto value = peek(ec);
    detail::throw_if(ec);
    return value;
  }
  [[nodiscard]] std::optional<V> peek(std::error_code& ec) const noexcept {
    return detail::read_value<V>([&](void* value) { return read(value, ec); });
  }
  /// As peek(), into `value`; returns false, and leaves `value` unchanged, when the map is empty.
  [[nodiscard]] bool peek_into(V& value) const {
    std::error_code ec = detail::no_error();
    const bool found = peek_into(value, ec);
    detail::throw_if(ec);
    return found;
  }
  [[nodiscard]] bool peek_into(V& value, std::error_code& ec) const noexcept {
    return detail::read_value_into(value, [&](void* to) { return read(to, ec); });
  }

  /// Removes a value and returns it; nullopt when the map is empty (BPF_MAP_LOOKUP_AND_DELETE_ELEM,
  /// 4.20).
  [[nodiscard]] std::optional<V> pop() {
    std::error_code ec = detail::no_error();
    auto value = pop(ec);
    detail::throw_if(ec);
    return value;
  }
  [[nodiscard]] std::optional<V> pop(std::error_code& ec) noexcept {
    return detail::read_value<V>([&](void* value) { return take(value, ec); });
  }
  /// As pop(), into `value`; returns false, and leaves `value` unchanged, when the map is empty.
  [[nodiscard]] bool pop_into(V& value) {
    std::error_code ec = detail::no_error();
    const bool found = pop_into(value, ec);
    detail::throw_if(ec);
    return found;
  }
  [[nodiscard]] bool pop_into(V& value, std::error_code& ec) noexcept {
    return detail::read_value_into(value, [&](void* to) { return take(to, ec); });
  }

 private:
  [[nodiscard]] const Map& self() const noexcept {
    return static_cast<const Derived&>(*this).map();
  }
  [[nodiscard]] bool read(void* value, std::error_code& ec) const noexcept {
    detail::clear(ec);
    return detail::lookup_element<-ENOENT>(self(), detail::NoKey{}, value, 0, ec);
  }
  [[nodiscard]] bool take(void* value, std::error_code& ec) noexcept {
    detail::clear(ec);
    return detail::lookup_and_delete_element(self(), detail::NoKey{}, value, 0, ec);
  }
  template <int answer>
  bool write(const argument<V>& value, std::uint64_t flags, std::error_code& ec) noexcept {
    const detail::ElementBytes<V> bytes{detail::value_of<V>(value)};
    return detail::fit(self(), Operation::update, ec, value) &&
           detail::update_element<answer>(self(), detail::NoKey{}, bytes.view(), flags, ec);
  }
};

}  // namespace bpfmap::inline v0
