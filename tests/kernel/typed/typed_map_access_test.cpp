// SPDX-License-Identifier: MIT
// What a descriptor's access and a frozen map leave of the typed operations.
#include <gtest/gtest.h>

#include <cerrno>
#include <cstdint>
#include <functional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "bpfmap/bpfmap.hpp"
#include "kernel_test.hpp"
#include "sample_types.hpp"
#include "typed_calls.hpp"

namespace bpfmap {
namespace {

using test::error_of;
using test::FlowStats;
using test::TypedCall;

const std::error_code eperm{EPERM, category()};
const FlowStats stats{.packets = 1, .bytes = 2};

// Flags that the kernel refuses whatever the access: checked behind it, and of no interest here.
template <class M>
bool is_plain(const TypedCall<M>& call) {
  return (call.flags & BPF_F_LOCK) == 0;
}

template <class Check>
void with_every_class(Check check) {
  const auto of = [&](const char* name, auto map, const auto& calls) {
    SCOPED_TRACE(name);
    check(std::move(map), calls);
  };
  const MapSpec spec{.max_entries = 4, .name = "guarded"};
  of("HashMap", HashMap<int, FlowStats>::create(spec), test::hash_calls(1, stats));
  of("ArrayMap", ArrayMap<FlowStats>::create(spec), test::array_calls(1, stats));
  of("PerCpuHashMap", PerCpuHashMap<int, FlowStats>::create(spec),
     test::percpu_hash_calls(1, stats));
  of("PerCpuArrayMap", PerCpuArrayMap<FlowStats>::create(spec), test::percpu_array_calls(1, stats));
}

TEST(ReadOnlyTypedMap, ReadsAndRefusesToWrite) {
  with_every_class([]<class M>(M made, const std::vector<TypedCall<M>>& calls) {
    made.update(1, stats);
    M map{Map::from_id(made.map().info().id, Access::read_only)};
    for (const auto& call : calls) {
      if (!is_plain(call)) continue;
      call.writes() ? expect_refused(map, call, eperm) : expect_no_error(map, call);
    }
  });
}

TEST(WriteOnlyTypedMap, RefusesToRead) {
  with_every_class([]<class M>(M made, const std::vector<TypedCall<M>>& calls) {
    M map{Map::from_id(made.map().info().id, Access::write_only)};
    for (const auto& call : calls)
      if (is_plain(call) && call.reads()) expect_refused(map, call, eperm);
    map.update(1, stats);
    EXPECT_EQ(error_of([&] {
                for (const auto& entry : map) (void)entry;
              }).code(),
              eperm);
    std::error_code ec;
    for (const auto& entry : scan(map, ec)) ADD_FAILURE() << sizeof entry;
    EXPECT_EQ(ec, eperm);
  });
}

TEST(FrozenTypedMap, ReadsAndRefusesToWrite) {
  with_every_class([]<class M>(M map, const std::vector<TypedCall<M>>& calls) {
    map.update(1, stats);
    map.map().freeze();
    for (const auto& call : calls) {
      if (!is_plain(call)) continue;
      call.writes() ? expect_refused(map, call, eperm) : expect_no_error(map, call);
    }
    EXPECT_TRUE(test::contains(error_of([&] { map.update(1, stats); }).what(), "frozen"));
  });
}

}  // namespace
}  // namespace bpfmap
