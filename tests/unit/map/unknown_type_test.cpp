// SPDX-License-Identifier: MIT
// A map type that is newer than this library, against a kernel that keeps one value a key or one a
// CPU: nothing tells which, and neither may touch a byte that it was not given.
#include <gtest/gtest.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <vector>

#include "bpfmap/bpfmap.hpp"
#include "fake_bpf.hpp"
#include "told.hpp"

namespace bpfmap {
namespace {

using test::FakeMap;
using test::GuardedBuffer;

constexpr std::uint32_t value_size = 12;
constexpr MapType types[] = {MapType{60}, MapType{99}, MapType{0xFFFF'FFFF}};

std::size_t cpus() { return sys::possible_cpus().size(); }

MapInfo info(MapType type) {
  return {.type = type, .id = 77, .key_size = 4, .value_size = value_size, .max_entries = 8};
}

/// A map of three keys, 1 to 3. A value's bytes are its key; what is written is kept.
class NewKernel {
 public:
  NewKernel(MapType type, bool percpu)
      : size_(percpu ? sys::percpu_size(value_size) : value_size),
        fake_(info(type),
              [this](int cmd, void* attr, unsigned int size) { return answer(cmd, attr, size); }) {}

  Map& map() { return fake_.map; }
  /// Bytes that a command copies.
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  Bytes written = {};
  std::size_t batches = 0;

 private:
  long answer(int cmd, void* raw, unsigned int size) {
    bpf_attr attr;
    std::memset(&attr, 0, sizeof attr);
    std::memcpy(&attr, raw, size);
    std::uint32_t key = 0;
    auto* const value = reinterpret_cast<std::byte*>(attr.value);
    if (attr.key != 0) std::memcpy(&key, reinterpret_cast<const void*>(attr.key), sizeof key);
    switch (cmd) {
      case BPF_MAP_LOOKUP_ELEM:
      case BPF_MAP_LOOKUP_AND_DELETE_ELEM:
        if (key == 0 || key > 3) return -ENOENT;
        std::memset(value, static_cast<int>(key), size_);
        return 0;
      case BPF_MAP_UPDATE_ELEM:
        written.assign(value, value + size_);
        return 0;
      case BPF_MAP_GET_NEXT_KEY:
        if (++key > 3) return -ENOENT;
        std::memcpy(value, &key, sizeof key);
        return 0;
      case BPF_MAP_DELETE_ELEM:
        return 0;
      default:
        ++batches;
        return -EINVAL;
    }
  }

  std::size_t size_;
  FakeMap fake_;
};

template <class Body>
void for_each_kernel(Body body) {
  for (const MapType type : types)
    for (const bool percpu : {false, true}) {
      SCOPED_TRACE(percpu ? "per CPU" : "plain");
      NewKernel kernel{type, percpu};
      body(kernel, percpu);
    }
}

Bytes all(int byte, std::size_t size = value_size) { return Bytes(size, std::byte(byte)); }

TEST(AnUnknownTypesMap, IsNotSaidToBePerCpu) {
  for_each_kernel([](NewKernel& kernel, bool) { EXPECT_FALSE(kernel.map().is_percpu()); });
}

TEST(AnUnknownTypesMap, GivesPlainValues) {
  for_each_kernel([](NewKernel& kernel, bool) {
    EXPECT_EQ(kernel.map().lookup(2), all(2));
    EXPECT_EQ(kernel.map().lookup_and_delete(3), all(3));
    EXPECT_EQ(kernel.map().lookup(4), std::nullopt);
    const GuardedBuffer room{value_size};
    EXPECT_TRUE(kernel.map().lookup_into(1, room.bytes()));
    EXPECT_EQ(test::copy_of(room.bytes()), all(1));
    EXPECT_TRUE(room.untouched_in_front());
  });
}

// The slots that a kernel of plain values does not write are zero, and not what was there before.
TEST(AnUnknownTypesMap, GivesSlots) {
  for_each_kernel([](NewKernel& kernel, bool percpu) {
    std::vector<Bytes> expected(cpus(), all(percpu ? 2 : 0));
    expected.front() = all(2);
    EXPECT_EQ(kernel.map().lookup_percpu(2), expected);
    EXPECT_EQ(kernel.map().lookup_and_delete_percpu(2), expected);
    EXPECT_EQ(kernel.map().lookup_percpu(4), std::nullopt);
    const GuardedBuffer room{sys::percpu_size(value_size)};
    EXPECT_TRUE(kernel.map().lookup_percpu_into(1, room.bytes()));
    EXPECT_EQ(test::copy_of(room.bytes().first(value_size)), all(1));
    EXPECT_TRUE(room.untouched_in_front());
  });
}

TEST(AnUnknownTypesMap, IsWrittenWithOneValueForEveryCpu) {
  for_each_kernel([](NewKernel& kernel, bool) {
    kernel.map().update(1, all(7));
    ASSERT_EQ(kernel.written.size(), kernel.size());
    for (std::size_t at = 0; at + value_size <= kernel.size();
         at += sys::percpu_stride(value_size)) {
      const BytesView slot = BytesView{kernel.written}.subspan(at, value_size);
      EXPECT_EQ(test::copy_of(slot), all(7));
    }
  });
}

TEST(AnUnknownTypesMap, IsWrittenWithAValueForEachCpu) {
  for_each_kernel([](NewKernel& kernel, bool) {
    const std::vector<Bytes> values(cpus(), all(9));
    kernel.map().update_percpu(1, values);
    ASSERT_EQ(kernel.written.size(), kernel.size());
    EXPECT_EQ(test::copy_of(BytesView{kernel.written}.first(value_size)), all(9));
  });
}

TEST(AnUnknownTypesMap, IsAskedForTheRightSizes) {
  for_each_kernel([](NewKernel& kernel, bool) {
    Map& map = kernel.map();
    Bytes room(value_size + 1);
    EXPECT_NE(test::told(Errc::wrong_value_size,
                         [&](auto&... ec) { (void)map.lookup_into(1, room, ec...); }),
              "");
    EXPECT_NE(test::told(Errc::wrong_value_size,
                         [&](auto&... ec) { (void)map.lookup_percpu_into(1, room, ec...); }),
              "");
    EXPECT_NE(test::told(Errc::wrong_value_size, [&](auto&... ec) { map.update(1, room, ec...); }),
              "");
  });
}

TEST(AnUnknownTypesMap, IsWalkedWithoutBatchesInRoomForEveryCpu) {
  for_each_kernel([](NewKernel& kernel, bool percpu) {
    const GuardedBuffer buffer{Walk::bytes_for(kernel.map(), 3)};
    Walk reader{kernel.map(), {.batch_size = 3, .buffer = buffer.bytes()}};
    std::error_code ec;
    std::uint32_t entries = 0;
    while (reader.next(ec)) {
      ASSERT_EQ(reader.value_stride(), sys::percpu_size(value_size));
      for (std::uint32_t i = 0; i < reader.size(); ++i) {
        const BytesView value{reader.values() + i * reader.value_stride(), reader.value_stride()};
        const int key = static_cast<int>(++entries);
        EXPECT_EQ(test::copy_of(value.first(value_size)), all(key));
        EXPECT_EQ(value.back(), std::byte(percpu ? key : 0));
      }
    }
    EXPECT_FALSE(ec) << ec.message();
    EXPECT_EQ(entries, 3U);
    EXPECT_EQ(kernel.batches, 0U);
  });
}

TEST(AnUnknownTypesMap, IsReadAndWrittenManyKeysAtATime) {
  for_each_kernel([](NewKernel& kernel, bool) {
    Map& map = kernel.map();
    const std::uint32_t numbers[] = {1, 2, 3};
    const BytesView keys = std::as_bytes(std::span{numbers});
    const GuardedBuffer values{3 * sys::percpu_size(value_size)};
    bool found[3] = {};
    std::error_code ec;
    EXPECT_EQ(lookup_batch_into(map, keys, values.bytes(), found, ec).done, 3U);
    EXPECT_FALSE(ec) << ec.message();
    EXPECT_EQ(values.bytes().front(), std::byte{1});
    EXPECT_EQ(update_batch(map, keys, values.bytes(), UpdateFlags::any, ec).done, 3U);
    EXPECT_FALSE(ec) << ec.message();
    const GuardedBuffer one_each{3 * value_size, std::byte{5}};
    EXPECT_EQ(update_batch(map, keys, one_each.bytes(), UpdateFlags::any, ec).done, 3U);
    EXPECT_FALSE(ec) << ec.message();
    EXPECT_EQ(kernel.written.front(), std::byte{5});
    EXPECT_EQ(kernel.batches, 0U);
  });
}

TEST(AnUnknownTypesMap, IsNotCopied) {
  for_each_kernel([](NewKernel& kernel, bool) {
    std::error_code ec;
    (void)copy(kernel.map(), kernel.map(), UpdateFlags::any, ec);
    EXPECT_EQ(ec, Errc::unsupported_operation);
    EXPECT_TRUE(kernel.written.empty());
  });
}

}  // namespace
}  // namespace bpfmap
