// SPDX-License-Identifier: MIT
// The records of rings, perf buffers and iterators: their types, and how many a call reads.
// Layer 2.
#pragma once

#include <concepts>
#include <cstddef>
#include <limits>

#include "bpfmap/bytes.hpp"
#include "bpfmap/codec/codec.hpp"

namespace bpfmap::inline v0 {

/// A type that a record can be viewed as: its objects are in memory exactly as the BPF program
/// writes them. For a type with its own Codec, use BytesView.
template <class T>
concept viewable_as_record = detail::coded_as_object<T>;

namespace detail {
// Names the member that keeps a T from being a record, if that is the reason.
template <class T>
consteval bool check_record() {
  if constexpr (!std::same_as<T, BytesView>) return check_encodable<T>();
  return true;
}
}  // namespace detail

/// No limit for poll() and consume(): all records that were there when the call began.
inline constexpr std::size_t all_records = std::numeric_limits<std::size_t>::max();

}  // namespace bpfmap::inline v0
