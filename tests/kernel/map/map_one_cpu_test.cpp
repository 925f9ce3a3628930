// SPDX-License-Identifier: MIT
// One CPU's slot in the running kernel, which has BPF_F_CPU (7.0) or says so.
#include <gtest/gtest.h>

#include <cerrno>
#include <cstdint>
#include <string>
#include <vector>

#include "maps.hpp"
#include "told.hpp"

namespace bpfmap {
namespace {

using test::contains;
using test::errno_code;
using test::make_map;
using test::stored;
using test::told;

bool kernel_has_cpu_flag() {
  const Map map = make_map(MapType::percpu_array, 4, 8);
  const std::uint32_t key = 0;
  std::uint64_t value = 0;
  return sys::map_lookup_elem(map.fd(), &key, &value, sys::f_cpu) == 0;
}

const Bytes key_1{std::byte{1}, std::byte{0}, std::byte{0}, std::byte{0}};

void expect_read_and_written_alone() {
  for (const auto type : {MapType::percpu_hash, MapType::lru_percpu_hash, MapType::percpu_array}) {
    SCOPED_TRACE(to_string(type));
    Map map = make_map(type, 4, 5);
    map.update(1, Bytes(5, std::byte{0x11}));
    const auto cpus = sys::possible_cpus();
    map.update_cpu(1, cpus.back(), Bytes(5, std::byte{0x22}));
    const auto values = map.lookup_percpu(1);
    ASSERT_TRUE(values);
    for (std::size_t i = 0; i < cpus.size(); ++i) {
      const std::byte expected{i + 1 == cpus.size() ? std::uint8_t{0x22} : std::uint8_t{0x11}};
      EXPECT_EQ(values->at(i), Bytes(5, expected));
      EXPECT_EQ(map.lookup_cpu(1, cpus[i]), Bytes(5, expected));
    }
  }
}

void expect_refused_in_words() {
  for (const auto type : {MapType::percpu_hash, MapType::lru_percpu_hash, MapType::percpu_array}) {
    SCOPED_TRACE(to_string(type));
    Map map = make_map(type, 4, 5);
    map.update(1, Bytes(5, std::byte{0x11}));
    const auto before = stored(map, key_1);
    const std::string read = told(EINVAL, [&](auto&... ec) { (void)map.lookup_cpu(1, 0, ec...); });
    EXPECT_TRUE(
        contains(read, "has no BPF_F_CPU (Linux 7.0): read all CPUs with lookup (of a Map: "));
    const std::string written =
        told(EINVAL, [&](auto&... ec) { map.update_cpu(1, 0, Bytes(5), ec...); });
    EXPECT_TRUE(contains(written, "has no BPF_F_CPU (Linux 7.0)"));
    const test::GuardedBuffer at_the_end_of_memory{5};
    std::error_code ec;
    map.update_cpu(1, 0, BytesView{at_the_end_of_memory.bytes()}, ec);
    EXPECT_TRUE(ec);
    EXPECT_TRUE(contains(test::error_of([&] {
                           map.update_cpu(1, 0, BytesView{at_the_end_of_memory.bytes()});
                         }).what(),
                         "has no BPF_F_CPU (Linux 7.0)"));
    EXPECT_EQ(stored(map, key_1), before);
  }
}

TEST(OneCpuInTheKernel, IsNotWrittenOnACondition) {
  for (const auto type : {MapType::percpu_hash, MapType::lru_percpu_hash, MapType::percpu_array}) {
    SCOPED_TRACE(to_string(type));
    Map map = make_map(type, 4, 5);
    map.update(1, Bytes(5, std::byte{0x11}));
    const auto before = stored(map, key_1);
    for (const UpdateFlags flags : {UpdateFlags::noexist, UpdateFlags::exist})
      EXPECT_TRUE(
          contains(told(Errc::unsupported_operation,
                        [&](auto&... ec) { map.update_cpu(1, 0, Bytes(5), flags, ec...); }),
                   "): the kernel ignores UpdateFlags::noexist and exist in an update of one CPU"));
    EXPECT_EQ(stored(map, key_1), before);
  }
}

TEST(OneCpuInTheKernel, IsReadAndWrittenAloneOrRefusedInWords) {
  if (kernel_has_cpu_flag())
    expect_read_and_written_alone();
  else
    expect_refused_in_words();
}

}  // namespace
}  // namespace bpfmap
