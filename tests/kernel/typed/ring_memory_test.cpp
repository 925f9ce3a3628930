// SPDX-License-Identifier: MIT
// Rings through which more than 4 GiB have gone: a 32-bit program has to count them in 64 bits on a
// 64-bit kernel. Records of half a ring make that quick, because nobody touches their pages.
#include "bpfmap/typed/detail/ring_memory.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>

#include "bpfmap/typed/ring_buffer.hpp"
#include "bpfmap/typed/ring_reader.hpp"
#include "bpfmap/typed/user_ring_buffer.hpp"
#include "program.hpp"
#include "rings.hpp"

namespace bpfmap {
namespace {

constexpr std::uint32_t ring_size = 4U << 20U;
constexpr std::uint32_t record_size = ring_size / 2 - 8;  // and 8 bytes of header
constexpr int records = 4200;                             // 8.2 GiB
static_assert(std::uint64_t{records} * (ring_size / 2) > 2 * (std::uint64_t{1} << 32U));

Map big_ring() { return Map::create({.type = MapType::ringbuf, .max_entries = ring_size}); }

// A program that submits a record and returns 1, or 0 when there is no room for it.
sys::UniqueFd load_writer(const Map& ring) {
  const auto map = test::load_map(1, ring.fd());
  const std::array code{
      map[0],
      map[1],
      test::load_number(2, record_size),
      test::load_number(3, 0),
      test::call_helper(BPF_FUNC_ringbuf_reserve),
      test::instruction(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 4, 0),  // to the end
      test::instruction(BPF_ALU64 | BPF_MOV | BPF_X, 1, 0),
      test::load_number(2, BPF_RB_NO_WAKEUP),
      test::call_helper(BPF_FUNC_ringbuf_submit),
      test::load_number(0, 1),
      test::leave(),
  };
  return test::load_program(code);
}

TEST(RingMemory, OfARingBufferGoesBeyond4GiB) {
  const Map map = big_ring();
  const sys::UniqueFd writer = load_writer(map);
  std::size_t size = 0;
  RingBuffer ring;
  ring.for_each(map.duplicate(), [&](BytesView record) { size = record.size(); });
  for (int i = 0; i < records; ++i) {
    ASSERT_EQ(test::run_program(writer.get()), 1U) << "record " << i;
    ASSERT_EQ(ring.consume(), 1U) << "record " << i;
    ASSERT_EQ(size, record_size);
    ASSERT_EQ(ring.consume(), 0U);
  }
}

TEST(RingMemory, OfARingReaderGoesBeyond4GiB) {
  const Map map = big_ring();
  const sys::UniqueFd writer = load_writer(map);
  RingReader reader{map.duplicate()};
  for (int i = 0; i < records; ++i) {
    ASSERT_EQ(test::run_program(writer.get()), 1U) << "record " << i;
    const auto record = reader.next();
    ASSERT_TRUE(record) << "record " << i;
    ASSERT_EQ(record->size(), record_size);
    ASSERT_FALSE(reader.next());
  }
}

TEST(RingMemory, OfAUserRingBufferGoesBeyond4GiB) {
  const test::RingPrograms programs{ring_size};
  UserRingBuffer ring{programs.samples()};
  for (int i = 0; i < records; ++i) {
    auto sample = ring.reserve(record_size);
    ASSERT_TRUE(sample) << "sample " << i;
    sample->submit();
    ASSERT_EQ(programs.drain_count(), 1U) << "sample " << i;
  }
}

}  // namespace
}  // namespace bpfmap
