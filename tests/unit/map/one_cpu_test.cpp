// SPDX-License-Identifier: MIT
// One CPU's slot, against a kernel played by the test: this one may be too old for BPF_F_CPU.
#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "bpfmap/map/map.hpp"
#include "fake_bpf.hpp"
#include "told.hpp"

namespace bpfmap {
namespace {

using test::contains;
using test::errno_code;
using test::FakeMap;
using test::told;

MapInfo info(MapType type = MapType::percpu_hash, std::uint32_t value_size = 5) {
  return {.type = type,
          .id = 77,
          .key_size = 4,
          .value_size = value_size,
          .max_entries = 4,
          .name = "slots"};
}

std::uint32_t last_cpu() { return sys::possible_cpus().back(); }

// What a call hands to the kernel.
struct Sent {
  bpf_attr attr;
  unsigned int size;
  int cmd;
};

Sent sent(const test::BpfCall& call) {
  Sent sent{.attr = {}, .size = call.size, .cmd = call.cmd};
  std::memset(&sent.attr, 0, sizeof sent.attr);
  std::memcpy(&sent.attr, call.attr.data(), call.attr.size());
  return sent;
}

constexpr unsigned int element_size = offsetof(bpf_attr, flags) + 8;

TEST(LookupCpu, SendsTheNumberInTheHighHalfOfTheFlags) {
  FakeMap fake{info()};
  const std::uint32_t cpu = last_cpu();
  (void)fake.map.lookup_cpu(1, cpu);
  const Sent call = sent(fake.bpf().only_call());
  EXPECT_EQ(call.cmd, BPF_MAP_LOOKUP_ELEM);
  EXPECT_EQ(call.size, element_size);
  EXPECT_EQ(call.attr.map_fd, static_cast<std::uint32_t>(fake.map.fd()));
  EXPECT_EQ(call.attr.flags, std::uint64_t{cpu} << 32U | 8U);
}

TEST(LookupCpu, GivesTheKernelRoomForOneValue) {
  for (const std::uint32_t size : {1U, 5U, 8U, 12U}) {
    FakeMap fake{info(MapType::percpu_array, size), [size](int, void* attr, unsigned int) {
                   bpf_attr request;
                   std::memcpy(&request, attr, element_size);
                   std::memset(reinterpret_cast<void*>(request.value), 0x5A, size);
                   return 0L;
                 }};
    EXPECT_EQ(fake.map.lookup_cpu(1, 0), Bytes(size, std::byte{0x5A}));
    std::error_code ec = Errc::invalid_name;
    EXPECT_EQ(fake.map.lookup_cpu(1, 0, ec), Bytes(size, std::byte{0x5A}));
    EXPECT_FALSE(ec);
  }
}

TEST(LookupCpu, DecodesAsLookupDoes) {
  struct Pair {
    std::uint32_t a, b;
    bool operator==(const Pair&) const = default;
  };
  FakeMap fake{info(MapType::percpu_hash, 8), [](int, void* attr, unsigned int) {
                 bpf_attr request;
                 std::memcpy(&request, attr, element_size);
                 const std::array<std::uint32_t, 2> words{7, 0};
                 std::memcpy(reinterpret_cast<void*>(request.value), words.data(), sizeof words);
                 return 0L;
               }};
  EXPECT_EQ(fake.map.lookup_cpu<Pair>(1, 0), (Pair{7, 0}));
  EXPECT_EQ(fake.map.lookup_cpu<std::uint16_t>(1, 0), 7);
}

TEST(LookupCpu, IsNothingWithoutTheKey) {
  FakeMap fake{info(), [](int, void*, unsigned int) -> long { return -ENOENT; }};
  std::error_code ec = Errc::invalid_name;
  EXPECT_EQ(fake.map.lookup_cpu(1, 0, ec), std::nullopt);
  EXPECT_FALSE(ec);
  EXPECT_EQ(fake.map.lookup_cpu(1, 0), std::nullopt);
}

TEST(UpdateCpu, SendsValueAndCpu) {
  Bytes seen;
  FakeMap fake{info(), [&seen](int, void* attr, unsigned int) {
                 bpf_attr request;
                 std::memcpy(&request, attr, element_size);
                 seen.resize(5);
                 std::memcpy(seen.data(), reinterpret_cast<const void*>(request.value), 5);
                 return 0L;
               }};
  const std::uint32_t cpu = last_cpu();
  const Bytes value{std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}, std::byte{5}};
  fake.map.update_cpu(1, cpu, value);
  const Sent call = sent(fake.bpf().only_call());
  EXPECT_EQ(call.cmd, BPF_MAP_UPDATE_ELEM);
  EXPECT_EQ(call.size, element_size);
  EXPECT_EQ(call.attr.flags, std::uint64_t{cpu} << 32U | 8U);
  EXPECT_EQ(seen, value);
  std::error_code ec = Errc::invalid_name;
  fake.map.update_cpu(1, 0, 258, ec);
  EXPECT_FALSE(ec);
  EXPECT_EQ(seen, (Bytes{std::byte{2}, std::byte{1}, std::byte{0}, std::byte{0}, std::byte{0}}));
  EXPECT_EQ(sent(fake.calls().back()).attr.flags, 8U);
}

TEST(OneCpu, MustBePossible) {
  FakeMap fake{info()};
  for (const std::uint32_t cpu : {last_cpu() + 1, 0xFFFF'FFFFU}) {
    const std::string text =
        told(Errc::no_such_cpu, [&](auto&... ec) { (void)fake.map.lookup_cpu(1, cpu, ec...); });
    EXPECT_TRUE(contains(text, "CPU " + std::to_string(cpu) + " is not one of the "));
    EXPECT_TRUE(contains(
        told(Errc::no_such_cpu, [&](auto&... ec) { fake.map.update_cpu(1, cpu, 1, ec...); }),
        "CPU " + std::to_string(cpu) + " is not one of the "));
  }
  EXPECT_EQ(fake.calls().size(), 0U);
}

TEST(OneCpu, IsMisusedBeforeTheKernelIsCalled) {
  FakeMap fake{info()};
  (void)told(Errc::wrong_value_size,
             [&](auto&... ec) { fake.map.update_cpu(1, 0, Bytes(8), ec...); });
  (void)told(Errc::wrong_key_size,
             [&](auto&... ec) { (void)fake.map.lookup_cpu(Bytes(3), 0, ec...); });
  EXPECT_EQ(fake.calls().size(), 0U);
  Map empty;
  (void)told(Errc::no_map, [&](auto&... ec) { (void)empty.lookup_cpu(Bytes{}, 0, ec...); });
  (void)told(Errc::no_map, [&](auto&... ec) { empty.update_cpu(Bytes{}, 0, Bytes{}, ec...); });
}

// Linux 7.0 to 7.3 ignores them, and reports success.
TEST(UpdateCpu, TakesNoCondition) {
  FakeMap fake{info()};
  for (const UpdateFlags flags : {UpdateFlags::noexist, UpdateFlags::exist})
    EXPECT_TRUE(contains(told(Errc::unsupported_operation,
                              [&](auto&... ec) { fake.map.update_cpu(1, 0, 1, flags, ec...); }),
                         "ignores UpdateFlags::noexist and exist in an update of one CPU"));
  EXPECT_EQ(fake.calls().size(), 0U);
}

TEST(OneCpu, IsOfPerCpuMapsOnly) {
  FakeMap fake{info(MapType::hash)};
  (void)told(Errc::map_is_not_percpu, [&](auto&... ec) { (void)fake.map.lookup_cpu(1, 0, ec...); });
  (void)told(Errc::map_is_not_percpu, [&](auto&... ec) { fake.map.update_cpu(1, 0, 1, ec...); });
  EXPECT_EQ(fake.calls().size(), 0U);
}

TEST(OneCpu, IsNeverReadAndWrittenWithAllTheOthers) {
  FakeMap fake{info(), [](int, void*, unsigned int) -> long { return -EINVAL; }};
  std::error_code ec;
  fake.map.update_cpu(1, 0, 1, ec);
  EXPECT_EQ(ec, errno_code(EINVAL));
  EXPECT_EQ(fake.calls().size(), 1U);
  EXPECT_EQ(fake.map.lookup_cpu(1, 0, ec), std::nullopt);
  EXPECT_EQ(ec, errno_code(EINVAL));
  EXPECT_EQ(fake.calls().size(), 2U);
}

TEST(OneCpu, TellsANumberThatTheKernelDoesNotTake) {
  FakeMap fake{info(), [](int, void*, unsigned int) -> long { return -ERANGE; }};
  const std::string text =
      told(ERANGE, [&](auto&... ec) { (void)fake.map.lookup_cpu(1, last_cpu(), ec...); });
  EXPECT_TRUE(contains(text, "this is CPU " + std::to_string(last_cpu())));
}

}  // namespace
}  // namespace bpfmap
