// SPDX-License-Identifier: MIT
// The padding of per-CPU values, which the kernel stores and no program reads.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>

#include "bpfmap/map/map.hpp"
#include "bpfmap/sys/bpf.hpp"
#include "bpfmap/sys/cpus.hpp"

namespace bpfmap::test {

/// Returns every slot of a per-CPU value with its padding, as stored by the kernel.
[[nodiscard]] inline Bytes raw_slots(const Map& map, BytesView key) {
  Bytes slots(sys::percpu_size(map.info().value_size));
  EXPECT_EQ(sys::map_lookup_elem(map.fd(), key.data(), slots.data()), 0);
  return slots;
}

/// Fills every slot and its padding with 0xaa, as a careless writer may.
inline void soil_slots(const Map& map, BytesView key) {
  const Bytes slots(sys::percpu_size(map.info().value_size), std::byte{0xaa});
  EXPECT_EQ(sys::map_update_elem(map.fd(), key.data(), slots.data()), 0);
}

/// Expects `value` in every slot, and zeros in its padding.
[[nodiscard]] inline ::testing::AssertionResult every_slot_is(BytesView slots, BytesView value) {
  const std::size_t stride = sys::percpu_stride(value.size());
  if (slots.size() != stride * sys::possible_cpus().size())
    return ::testing::AssertionFailure() << slots.size() << " bytes";
  for (std::size_t at = 0; at < slots.size(); at += stride) {
    const auto slot = slots.subspan(at, stride);
    if (!std::equal(value.begin(), value.end(), slot.begin()))
      return ::testing::AssertionFailure() << "the value in slot " << at / stride;
    const auto padding = slot.subspan(value.size());
    if (std::any_of(padding.begin(), padding.end(), [](std::byte b) { return b != std::byte{0}; }))
      return ::testing::AssertionFailure() << "the padding of slot " << at / stride;
  }
  return ::testing::AssertionSuccess();
}

}  // namespace bpfmap::test
