// SPDX-License-Identifier: MIT
// The positions of ring buffers across 4 GiB, in 64-bit programs and in 32-bit ones.
#include "bpfmap/typed/detail/ring_memory.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace bpfmap {
namespace {

using detail::RingCounter;
using Narrow = RingCounter<std::uint32_t>;  // of a 32-bit program
using Wide = RingCounter<std::uint64_t>;

static_assert(std::is_same_v<detail::RingWord, RingCounter<unsigned long>>);
static_assert(std::is_same_v<Wide::Position, std::uint64_t>);

constexpr std::uint64_t four_gib = std::uint64_t{1} << 32U;
constexpr std::uint64_t size = 4096;

/// The memory of a ring as a kernel whose `unsigned long` is KernelLong uses it. What follows a
/// position of 32 bits is the kernel's own: padding behind the one that user space writes.
template <class KernelLong>
class Ring {
 public:
  explicit Ring(std::uint64_t start) {
    // User space wrote this one before, all of it.
    std::memcpy(users.data(), &start, sizeof start);
    set(kernels, static_cast<KernelLong>(start));
    if (sizeof(KernelLong) == 4) std::memset(kernels.data() + 4, 0x5a, 4);
  }
  [[nodiscard]] KernelLong get(const std::array<std::byte, 8>& word) const {
    KernelLong value;
    std::memcpy(&value, word.data(), sizeof value);
    return value;
  }
  void set(std::array<std::byte, 8>& word, KernelLong value) {
    std::memcpy(word.data(), &value, sizeof value);
  }
  void advance(std::uint64_t by) {
    set(kernels, static_cast<KernelLong>(get(kernels) + static_cast<KernelLong>(by)));
  }
  // As the kernel computes it.
  [[nodiscard]] KernelLong ahead_of_user() const {
    return static_cast<KernelLong>(get(kernels) - get(users));
  }

  alignas(8) std::array<std::byte, 8> users = {};
  alignas(8) std::array<std::byte, 8> kernels = {};
};

// The kernel writes records, this program reads them.
template <class Counter, class KernelLong>
void read_across(std::uint64_t start) {
  Ring<KernelLong> ring{start};
  auto position = Counter::own(ring.users.data());
  for (int turn = 0; turn < 64; ++turn) {
    ring.advance(size);  // full
    ASSERT_EQ(ring.ahead_of_user(), size);
    const auto end = Counter::behind(position, ring.kernels.data());
    ASSERT_EQ(end - position, size);
    for (int records = 0; position != end; ++records) {
      ASSERT_LT(records, 128);
      position += 64;
      Counter::store(ring.users.data(), position);
      ASSERT_EQ(Counter::own(ring.users.data()), position);
      ASSERT_EQ(ring.ahead_of_user(), end - position) << "the kernel sees the room";
    }
    ASSERT_EQ(Counter::behind(position, ring.kernels.data()), position) << "nothing is left";
  }
}

// This program writes samples, the kernel reads them.
template <class Counter, class KernelLong>
void write_across(std::uint64_t start) {
  Ring<KernelLong> ring{start};
  for (int turn = 0; turn < 64; ++turn) {
    const auto position = Counter::own(ring.users.data());
    ASSERT_EQ(Counter::before(position, ring.kernels.data()), position) << "all was read";
    Counter::store(ring.users.data(), position + size);
    ASSERT_EQ(static_cast<KernelLong>(ring.get(ring.users) - ring.get(ring.kernels)), size);
    if (sizeof(KernelLong) == 8) {
      ASSERT_GT(ring.get(ring.users), ring.get(ring.kernels)) << "what a 64-bit kernel compares";
    }
    const auto end = Counter::own(ring.users.data());
    ASSERT_EQ(end - Counter::before(end, ring.kernels.data()), size);
    ring.advance(size / 2);
    ASSERT_EQ(end - Counter::before(end, ring.kernels.data()), size / 2);
    ring.advance(size / 2);
  }
}

template <class Counter, class KernelLong>
void go_across() {
  for (const std::uint64_t start :
       {std::uint64_t{0}, four_gib - 32 * size, four_gib - 64, 5 * four_gib - 64 * 3}) {
    SCOPED_TRACE(start);
    read_across<Counter, KernelLong>(start);
    write_across<Counter, KernelLong>(start);
  }
}

TEST(RingPosition, OfA64BitProgramGoesAcrossFourGib) { go_across<Wide, std::uint64_t>(); }

TEST(RingPosition, OfA32BitProgramGoesAcrossFourGibOnA64BitKernel) {
  if (!Narrow::widened) GTEST_SKIP() << "big-endian: programs have the kernel's size";
  go_across<Narrow, std::uint64_t>();
}

TEST(RingPosition, OfA32BitProgramGoesAcrossFourGibOnA32BitKernel) {
  go_across<Narrow, std::uint32_t>();
}

TEST(RingPosition, KeepsABufferOfTwoGibApart) {
  Ring<std::uint32_t> ring{four_gib - 64};
  const auto position = Narrow::own(ring.users.data());
  ring.advance(std::uint64_t{1} << 31U);
  EXPECT_EQ(Narrow::behind(position, ring.kernels.data()) - position, std::uint64_t{1} << 31U);
}

}  // namespace
}  // namespace bpfmap
