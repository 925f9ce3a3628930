// SPDX-License-Identifier: MIT
// What each operation of Map puts before the kernel, and what it makes of the kernel's answers,
// without a kernel.
#include <gtest/gtest.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <vector>

#include "bpfmap/map/map.hpp"
#include "bytes.hpp"
#include "fake_bpf.hpp"
#include "map_calls.hpp"

namespace bpfmap {
namespace {

using test::bytes;
using test::FakeMap;

MapInfo info(MapType type, std::uint32_t key_size = 4, std::uint32_t value_size = 8) {
  return {.type = type, .id = 5, .key_size = key_size, .value_size = value_size, .max_entries = 4};
}

// What an element command was given, pointers followed as the kernel would.
struct Seen {
  int cmd = -1;
  std::uint32_t fd = 0;
  std::optional<Bytes> key;  // nullopt: a null pointer
  Bytes value;
  std::uint64_t flags = 0;
};

Bytes copy_in(std::uint64_t address, std::size_t size) {
  const auto* const from = reinterpret_cast<const std::byte*>(address);
  return Bytes(from, from + size);
}

// Answers every element command with `result`, writing `out` to where a read wants its value (or
// next key).
class Kernel {
 public:
  Kernel(const MapInfo& map_info, long result, Bytes out = {})
      : fake(map_info,
             [this, map_info, result](int cmd, void* raw, unsigned int size) {
               bpf_attr attr;
               std::memset(&attr, 0, sizeof attr);
               std::memcpy(&attr, raw, size);
               seen.cmd = cmd;
               seen.fd = attr.map_fd;
               if (attr.key != 0) seen.key = copy_in(attr.key, map_info.key_size);
               if (cmd == BPF_MAP_UPDATE_ELEM)
                 seen.value = copy_in(attr.value, value_bytes(map_info));
               else if (!out_.empty())
                 std::memcpy(reinterpret_cast<void*>(attr.value), out_.data(), out_.size());
               seen.flags = attr.flags;
               return result;
             }),
        out_(std::move(out)) {}

  Seen seen;
  FakeMap fake;
  Map& map = fake.map;

 private:
  static std::size_t value_bytes(const MapInfo& map_info) {
    const bool percpu = traits_of(map_info.type) == nullptr || traits_of(map_info.type)->percpu;
    return percpu ? sys::percpu_size(map_info.value_size) : map_info.value_size;
  }
  Bytes out_;
};

// --- what the kernel is given ---

TEST(MapLookup, PassesKeyAndFlagsAndTakesTheValue) {
  Kernel kernel{info(MapType::hash), 0, bytes({1, 2, 3, 4, 5, 6, 7, 8})};
  EXPECT_EQ(kernel.map.lookup(0x0102, LookupFlags::lock), bytes({1, 2, 3, 4, 5, 6, 7, 8}));
  EXPECT_EQ(kernel.seen.cmd, BPF_MAP_LOOKUP_ELEM);
  EXPECT_EQ(kernel.seen.fd, static_cast<std::uint32_t>(kernel.map.fd()));
  EXPECT_EQ(kernel.seen.key, bytes({2, 1, 0, 0}));
  EXPECT_EQ(kernel.seen.flags, 4U);
  EXPECT_EQ(kernel.map.lookup<std::uint64_t>(7), 0x0807060504030201U);
  EXPECT_EQ(kernel.seen.flags, 0U);
  EXPECT_EQ(kernel.fake.calls().size(), 2U) << "one call an operation";
}

TEST(MapUpdate, PassesKeyValueAndFlags) {
  Kernel kernel{info(MapType::hash), 0};
  kernel.map.update(1, 0x0A0B, UpdateFlags::exist | UpdateFlags::lock);
  EXPECT_EQ(kernel.seen.cmd, BPF_MAP_UPDATE_ELEM);
  EXPECT_EQ(kernel.seen.key, bytes({1, 0, 0, 0}));
  EXPECT_EQ(kernel.seen.value, bytes({0x0B, 0x0A, 0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(kernel.seen.flags, 6U);
  std::error_code ec = Errc::invalid_name;
  kernel.map.update(bytes({9, 9, 9, 9}), std::uint64_t{1} << 63, ec);
  EXPECT_FALSE(ec);
  EXPECT_EQ(kernel.seen.key, bytes({9, 9, 9, 9}));
  EXPECT_EQ(kernel.seen.value.back(), std::byte{0x80});
  EXPECT_EQ(kernel.seen.flags, 0U);
}

TEST(MapErase, PassesTheKey) {
  Kernel kernel{info(MapType::hash), 0};
  EXPECT_TRUE(kernel.map.erase(-2));
  EXPECT_EQ(kernel.seen.cmd, BPF_MAP_DELETE_ELEM);
  EXPECT_EQ(kernel.seen.key, bytes({0xFE, 0xFF, 0xFF, 0xFF}));
}

TEST(MapGetNextKey, PassesTheKeyOrNullAndTakesTheNext) {
  Kernel kernel{info(MapType::hash), 0, bytes({7, 0, 0, 0})};
  EXPECT_EQ(kernel.map.get_next_key(std::nullopt), bytes({7, 0, 0, 0}));
  EXPECT_EQ(kernel.seen.cmd, BPF_MAP_GET_NEXT_KEY);
  EXPECT_EQ(kernel.seen.key, std::nullopt);
  EXPECT_EQ(kernel.map.get_next_key<std::uint32_t>(6), 7U);
  EXPECT_EQ(kernel.seen.key, bytes({6, 0, 0, 0}));
}

TEST(MapLookupAndDelete, PassesKeyAndFlagsAndTakesTheValue) {
  Kernel kernel{info(MapType::lru_hash, 2, 4), 0, bytes({8, 0, 0, 0})};
  EXPECT_EQ(kernel.map.lookup_and_delete<int>(3, LookupFlags::lock), 8);
  EXPECT_EQ(kernel.seen.cmd, BPF_MAP_LOOKUP_AND_DELETE_ELEM);
  EXPECT_EQ(kernel.seen.key, bytes({3, 0}));
  EXPECT_EQ(kernel.seen.flags, 4U);
}

// Queues and stacks refuse any other pointer.
TEST(AMapWithoutKeys, IsGivenNoKeyPointer) {
  Kernel kernel{info(MapType::queue, 0, 4), 0, bytes({1, 0, 0, 0})};
  EXPECT_EQ(kernel.map.lookup<int>(Bytes{}), 1);
  EXPECT_EQ(kernel.seen.key, std::nullopt);
  const Bytes some(4);
  EXPECT_EQ(kernel.map.lookup_and_delete<int>(BytesView{some}.first(0)), 1)
      << "no bytes, somewhere";
  EXPECT_EQ(kernel.seen.key, std::nullopt);
  kernel.map.update(Bytes{}, 5);
  EXPECT_EQ(kernel.seen.key, std::nullopt);
  EXPECT_EQ(kernel.seen.value, bytes({5, 0, 0, 0}));
}

TEST(AnUpdateOfAPerCpuMap, PassesTheValueForEveryCpuWithZeroPadding) {
  Kernel kernel{info(MapType::percpu_array, 4, 4), 0};
  kernel.map.update(1, 0xFFFF'FFFF);
  Bytes expected;
  for (std::size_t i = 0; i < sys::possible_cpus().size(); ++i)
    for (const int b : {0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0})
      expected.push_back(static_cast<std::byte>(b));
  EXPECT_EQ(kernel.seen.value, expected);
}

TEST(MapUpdatePerCpu, PassesEachValueInItsSlotWithZeroPadding) {
  Kernel kernel{info(MapType::percpu_hash, 4, 12), 0};
  const std::size_t cpus = sys::possible_cpus().size();
  std::vector<Bytes> values;
  Bytes expected;
  for (std::size_t i = 0; i < cpus; ++i) {
    values.emplace_back(12, static_cast<std::byte>(0xA0 + i));
    expected.insert(expected.end(), 12, static_cast<std::byte>(0xA0 + i));
    expected.insert(expected.end(), 4, std::byte{0});
  }
  kernel.map.update_percpu(1, values, UpdateFlags::noexist);
  EXPECT_EQ(kernel.seen.value, expected);
  EXPECT_EQ(kernel.seen.flags, 1U);
}

TEST(MapLookupPerCpu, TakesEachSlotWithoutItsPadding) {
  const std::size_t cpus = sys::possible_cpus().size();
  Bytes slots;
  std::vector<Bytes> expected;
  for (std::size_t i = 0; i < cpus; ++i) {
    slots.insert(slots.end(), 4, static_cast<std::byte>(i + 1));
    slots.insert(slots.end(), 4, std::byte{0xEE});
    expected.emplace_back(4, static_cast<std::byte>(i + 1));
  }
  Kernel kernel{info(MapType::percpu_hash, 4, 4), 0, slots};
  EXPECT_EQ(kernel.map.lookup_percpu(1), expected);
  EXPECT_EQ(kernel.seen.cmd, BPF_MAP_LOOKUP_ELEM);
  EXPECT_EQ(kernel.map.lookup_and_delete_percpu(1), expected);
  EXPECT_EQ(kernel.seen.cmd, BPF_MAP_LOOKUP_AND_DELETE_ELEM);
  const auto values = kernel.map.lookup_percpu<std::uint32_t>(1);
  ASSERT_TRUE(values);
  for (std::size_t i = 0; i < cpus; ++i) EXPECT_EQ((*values)[i], 0x01010101U * (i + 1));
}

// --- a type that is newer than this library, and may keep a slot for each CPU ---

TEST(AnUnknownType, IsGivenRoomForEveryCpu) {
  const Bytes slots(sys::percpu_size(4), std::byte{0x11});
  for (const auto read : {+[](Map& map, const Bytes& key, MutableBytesView room) {
                            std::error_code ec;
                            return map.lookup_into(key, room, ec);
                          },
                          +[](Map& map, const Bytes& key, MutableBytesView room) {
                            const auto value = map.lookup_and_delete(key);
                            std::copy(value->begin(), value->end(), room.begin());
                            return true;
                          }}) {
    Kernel kernel{info(MapType{99}, 4, 4), 0, slots};
    const test::GuardedBuffer room{4};  // 4 bytes and not one more
    EXPECT_TRUE(read(kernel.map, Bytes(4), room.bytes()));
    EXPECT_EQ(test::copy_of(room.bytes()), Bytes(4, std::byte{0x11}));
  }
  Kernel kernel{info(MapType{99}, 4, 4), 0};
  kernel.map.update(1, 7);
  ASSERT_EQ(kernel.seen.value.size(), sys::percpu_size(4)) << "readable for every CPU";
  EXPECT_EQ(kernel.seen.value[0], std::byte{7});
}

TEST(AnUnknownType, ReadsTheCallersValueToo) {
  // A bloom filter of the future: the value goes in.
  FakeMap fake{info(MapType{99}, 0, 4), [](int, void* raw, unsigned int) {
                 const auto* const attr = static_cast<const bpf_attr*>(raw);
                 EXPECT_EQ(copy_in(attr->value, 4), bytes({1, 2, 3, 4}));
                 return 0L;
               }};
  Bytes value = bytes({1, 2, 3, 4});
  EXPECT_TRUE(fake.map.lookup_into(Bytes{}, value));
}

TEST(AFailedRead, LeavesTheCallersRoomAlone) {
  // The kernel of an unknown type scribbles into what it is given; it is not the caller's room.
  for (const auto& [type, scribble] :
       {std::pair{MapType::hash, Bytes{}}, std::pair{MapType{99}, Bytes(4, std::byte{0x11})}}) {
    Kernel kernel{info(type, 4, 4), -EPERM, scribble};
    Bytes room(4, std::byte{0xEE});
    std::error_code ec;
    EXPECT_FALSE(kernel.map.lookup_into(1, room, ec));
    EXPECT_EQ(room, Bytes(4, std::byte{0xEE}));
  }
}

// --- what becomes of the kernel's answers ---

// Runs `body` on a plain hash and on a per-CPU one, each with the calls that it takes, and a kernel
// that answers all of them with `result`.
template <class Body>
void on_both_kinds(long result, Body body) {
  {
    Kernel plain{info(MapType::hash), result};
    for (const auto& call : test::plain_calls()) body(plain.map, call);
  }
  Kernel percpu{info(MapType::percpu_hash), result};
  for (const auto& call : test::percpu_calls()) body(percpu.map, call);
}

TEST(EveryErrno, ComesAsItIs) {
  for (const int error : {EPERM, EINTR, E2BIG, EBADF, EAGAIN, ENOMEM, EACCES, EFAULT, EBUSY, EEXIST,
                          EINVAL, ENOSPC, EBADFD, EOPNOTSUPP, sys::enotsupp, 4095})
    on_both_kinds(-error, [error](Map& map, const test::MapCall& call) {
      test::expect_refused(map, call, {error, category()});
    });
}

TEST(EveryErrno, EqualsItsStdErrc) {
  const auto code_of = [](int error) {
    Kernel kernel{info(MapType::hash), -error};
    std::error_code ec;
    (void)kernel.map.lookup(1, ec);
    return ec;
  };
  EXPECT_EQ(code_of(EPERM), std::errc::operation_not_permitted);
  EXPECT_EQ(code_of(EACCES), std::errc::permission_denied);
  EXPECT_EQ(code_of(EINVAL), std::errc::invalid_argument);
  EXPECT_EQ(code_of(E2BIG), std::errc::argument_list_too_long);
  EXPECT_EQ(code_of(ENOMEM), std::errc::not_enough_memory);
  EXPECT_EQ(code_of(sys::enotsupp), std::errc::not_supported);
  EXPECT_EQ(code_of(EBADF), std::errc::bad_file_descriptor);
  EXPECT_EQ(code_of(EBADFD), std::errc::bad_file_descriptor);
  EXPECT_EQ(code_of(EPERM).value(), EPERM);
}

TEST(ENoEnt, IsAValueWhereAKeyMayBeMissing) {
  on_both_kinds(-ENOENT, [](Map& map, const test::MapCall& call) {
    if (call.operation != Operation::update) test::expect_done(map, call);
  });
  {
    Kernel plain{info(MapType::hash), -ENOENT};
    Bytes value(8);
    EXPECT_EQ(plain.map.lookup(1), std::nullopt);
    EXPECT_FALSE(plain.map.lookup_into(1, value));
    EXPECT_FALSE(plain.map.erase(1));
    EXPECT_EQ(plain.map.get_next_key<int>(1), std::nullopt);
    EXPECT_EQ(plain.map.lookup_and_delete(1), std::nullopt);
  }
  Kernel percpu{info(MapType::percpu_hash), -ENOENT};
  EXPECT_EQ(percpu.map.lookup_percpu(1), std::nullopt);
  EXPECT_EQ(percpu.map.lookup_and_delete_percpu(1), std::nullopt);
}

TEST(ENoEnt, OfAnUpdateIsAnError) {
  on_both_kinds(-ENOENT, [](Map& map, const test::MapCall& call) {
    if (call.operation == Operation::update) test::expect_refused(map, call, {ENOENT, category()});
  });
}

// Every index below max_entries is there, so that a missing one is out of range.
TEST(ENoEnt, OfAnArraysLookupIsAnIndexOutOfRange) {
  {
    Kernel plain{info(MapType::array), -ENOENT};
    for (const auto& call : test::plain_calls())
      if (call.operation == Operation::lookup)
        test::expect_refused(plain.map, call, Errc::index_out_of_range);
  }
  {
    Kernel percpu{info(MapType::percpu_array), -ENOENT};
    for (const auto& call : test::percpu_calls())
      if (call.operation == Operation::lookup)
        test::expect_refused(percpu.map, call, Errc::index_out_of_range);
  }
  EXPECT_EQ(make_error_code(Errc::index_out_of_range), std::errc::argument_list_too_long);
  // A slot may be empty.
  Kernel slots{info(MapType::prog_array, 4, 4), -ENOENT};
  EXPECT_EQ(slots.map.lookup(1), std::nullopt);
}

TEST(AnErrorCode, IsClearedBySuccess) {
  on_both_kinds(0, [](Map& map, const test::MapCall& call) { test::expect_done(map, call); });
}

TEST(AValueRead, ThatTheTypeCannotHoldIsAnError) {
  Kernel kernel{info(MapType::hash), 0, bytes({0, 1, 0, 0, 0, 0, 0, 0})};
  std::error_code ec;
  EXPECT_EQ(kernel.map.lookup<std::uint8_t>(1, ec), std::nullopt);
  EXPECT_EQ(ec, Errc::out_of_range);
  EXPECT_EQ(kernel.map.lookup<std::uint16_t>(1, ec), 256);
  EXPECT_FALSE(ec);
  EXPECT_EQ(test::error_of([&] { (void)kernel.map.lookup<std::int8_t>(1); }).code(),
            Errc::out_of_range);
}

TEST(AKeyRead, ThatTheTypeCannotHoldIsAnError) {
  FakeMap fake{info(MapType::hash, 4, 4), [](int, void* raw, unsigned int) {
                 const auto* const attr = static_cast<const bpf_attr*>(raw);
                 const std::uint32_t next = 70000;
                 std::memcpy(reinterpret_cast<void*>(attr->next_key), &next, sizeof next);
                 return 0L;
               }};
  std::error_code ec;
  EXPECT_EQ(fake.map.get_next_key<std::uint16_t>(std::nullopt, ec), std::nullopt);
  EXPECT_EQ(ec, Errc::out_of_range);
  EXPECT_EQ(fake.map.get_next_key<std::uint64_t>(std::nullopt), 70000U);
}

TEST(ASlotRead, ThatTheTypeCannotHoldIsAnError) {
  Bytes slots(sys::percpu_size(4));
  slots[sys::percpu_size(4) - 8 + 1] = std::byte{1};  // 256 on the last CPU
  Kernel kernel{info(MapType::percpu_hash, 4, 4), 0, slots};
  std::error_code ec;
  EXPECT_EQ(kernel.map.lookup_percpu<std::uint8_t>(1, ec).has_value(), false);
  EXPECT_EQ(ec, Errc::out_of_range);
  EXPECT_EQ(kernel.map.lookup_percpu<std::uint16_t>(1)->sum(), 256U);
}

}  // namespace
}  // namespace bpfmap
