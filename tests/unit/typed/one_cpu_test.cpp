// SPDX-License-Identifier: MIT
// One CPU's slot through a typed map, against a kernel played by the test.
#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <system_error>
#include <utility>
#include <vector>

#include "bpfmap/typed/percpu_array_map.hpp"
#include "fake_bpf.hpp"

namespace bpfmap {
namespace {

using test::FakeMap;

TEST(OneCpuOfATypedMap, IsReadAndWrittenAlone) {
  std::uint64_t stored = 0;
  std::vector<std::uint64_t> flags;
  FakeMap fake{
      {.type = MapType::percpu_array, .id = 77, .key_size = 4, .value_size = 8, .max_entries = 4},
      [&](int cmd, void* attr, unsigned int size) {
        bpf_attr request;
        std::memcpy(&request, attr, size);
        flags.push_back(request.flags);
        if (cmd == BPF_MAP_UPDATE_ELEM)
          std::memcpy(&stored, reinterpret_cast<const void*>(request.value), 8);
        else
          std::memcpy(reinterpret_cast<void*>(request.value), &stored, 8);
        return 0L;
      }};
  PerCpuArrayMap<std::uint64_t> map{std::move(fake.map)};
  const std::uint32_t cpu = sys::possible_cpus().back();
  map.update_cpu(1, cpu, 7);
  EXPECT_EQ(stored, 7U);
  EXPECT_EQ(map.lookup_cpu(1, cpu), 7U);
  std::error_code ec = Errc::invalid_name;
  map.update_cpu(1, cpu, 8, ec);
  EXPECT_FALSE(ec);
  EXPECT_EQ(map.lookup_cpu(1, cpu, ec), 8U);
  const std::uint64_t one = std::uint64_t{cpu} << 32U | 8U;
  EXPECT_EQ(flags, (std::vector{one, one, one, one}));
}

// Slots are CPU numbers, of which a machine may leave some out.
TEST(DefaultEntriesForCpus, ReachTheHighestNumber) {
  const auto entries_for = [](const std::vector<std::uint32_t>& cpus) {
    return detail::entries_for(cpus);
  };
  EXPECT_EQ(entries_for({0, 1, 2, 3}), 4U);
  EXPECT_EQ(entries_for({0, 2, 6}), 7U);
  EXPECT_EQ(entries_for({5}), 6U);
  EXPECT_EQ(entries_for({}), 0U) << "the kernel then refuses the creation";
}

}  // namespace
}  // namespace bpfmap
