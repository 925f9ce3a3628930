// SPDX-License-Identifier: MIT
// Typed maps over K and V with a Layout: held against the BTF of other maps, and creating BTF of
// their own.
#include "bpfmap/layout/layout.hpp"

#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <string>
#include <system_error>

#include "bpfmap/bpfmap.hpp"
#include "bpfmap/layout/check_layout.hpp"
#include "kernel_test.hpp"
#include "told.hpp"

namespace bpfmap {
namespace layouts {

struct Flow {
  std::uint32_t saddr, daddr;
  std::uint16_t sport, dport;
  std::uint8_t protocol;
  std::uint8_t pad[3] = {};
};
struct Stats {
  std::uint64_t packets, bytes;
};
// As large as Stats, with the members in another place.
struct Narrow {
  std::uint32_t packets, drops;
  std::uint64_t bytes;
};
// As Narrow, for a class that did not ask for a comparison.
struct Unseen {
  std::uint32_t packets, drops;
  std::uint64_t bytes;
};
struct Locked {
  bpf_spin_lock lock;
  std::uint32_t count;
};
struct Timed {
  bpf_timer timer;
  std::uint64_t count;
};
struct Renamed {
  std::uint64_t pkts, octets;
};

}  // namespace layouts

template <>
struct Layout<layouts::Flow> : Reflected {};
template <>
struct Layout<layouts::Stats> : Reflected {};
template <>
struct Layout<layouts::Narrow> : Reflected {};
template <>
struct Layout<layouts::Locked> : Reflected {};
template <>
struct Layout<layouts::Timed> : Reflected {};
template <>
struct Layout<layouts::Renamed> : Reflected {};

namespace {

using layouts::Flow;
using layouts::Locked;
using layouts::Narrow;
using layouts::Renamed;
using layouts::Stats;
using layouts::Timed;
using layouts::Unseen;
using test::contains;
using test::PrivateBpffs;
using test::told;

using Flows = HashMap<Flow, Stats>;

TEST(LayoutOfACreatedMap, IsInItsBtf) {
  const auto flows = Flows::create({.max_entries = 4, .name = "flows"});
  EXPECT_NE(flows.map().info().btf_id, 0U);
  EXPECT_NE(flows.map().info().btf_key_type_id, 0U);
  EXPECT_NE(flows.map().info().btf_value_type_id, 0U);
  const auto plain = HashMap<std::uint32_t, Unseen>::create({.max_entries = 4});
  EXPECT_EQ(plain.map().info().btf_id, 0U) << "nobody asked for BTF";
}

TEST(LayoutOfACreatedMap, IsThereInEveryFamily) {
  const auto has_btf = [](const auto& map) { return map.map().info().btf_value_type_id != 0; };
  EXPECT_TRUE(has_btf(ArrayMap<Stats>::create({.max_entries = 2})));
  EXPECT_TRUE(has_btf(PerCpuHashMap<std::uint32_t, Stats>::create({.max_entries = 2})));
  EXPECT_TRUE(has_btf(PerCpuArrayMap<Stats>::create({.max_entries = 2})));
  EXPECT_TRUE(has_btf(LpmTrie<LpmKey<in_addr>, Stats>::create({.max_entries = 2})));
  EXPECT_TRUE(has_btf(MappedArray<Stats>::create({.max_entries = 2})));
  EXPECT_TRUE(has_btf(Flows::create({.type = MapType::lru_hash, .max_entries = 2})));
  // These types refuse BTF, and are created without it.
  EXPECT_FALSE(has_btf(Queue<Stats>::create({.max_entries = 2})));
}

TEST(LayoutOfACreatedMap, MakesRoomForALock) {
  auto map = HashMap<std::uint32_t, Locked>::create({.max_entries = 2});
  map.update(1, Locked{.lock = {}, .count = 7});
  EXPECT_EQ(map.lookup(1)->count, 7U);
}

TEST(LayoutOfACreatedMap, MakesRoomForATimer) {
  std::error_code ec;
  auto map = HashMap<std::uint32_t, Timed>::create({.max_entries = 2}, ec);
  ASSERT_FALSE(ec) << explain(ec);
  map.update(1, Timed{.timer = {}, .count = 7});
  EXPECT_EQ(map.lookup(1)->count, 7U);
}

TEST(LayoutOfALocalStorage, LetsItBeCreated) {
  auto storage = SkStorage<Stats>::create({});
  const sys::UniqueFd socket{::socket(AF_INET, SOCK_DGRAM, 0)};
  ASSERT_TRUE(storage.insert(socket.get(), Stats{.packets = 1, .bytes = 60}));
  EXPECT_EQ(storage.lookup(socket.get())->bytes, 60U);
  EXPECT_TRUE(TaskStorage<Stats>::create({}));
  EXPECT_TRUE(InodeStorage<Stats>::create({}));
  EXPECT_TRUE(CgrpStorage<Stats>::create({}));
}

TEST(LayoutOfALocalStorage, IsAskedForWhereItIsMissing) {
  const auto text = told(EINVAL, [](auto&... ec) { (void)SkStorage<Unseen>::create({}, ec...); });
  EXPECT_TRUE(contains(text, "Layout")) << text;
}

TEST(LayoutOfAnOpenedMap, IsHeldAgainstItsBtf) {
  const PrivateBpffs bpffs;
  auto flows = Flows::create({.max_entries = 4, .name = "flows"});
  flows.map().pin(bpffs.path("flows"));
  EXPECT_TRUE(Flows::open_pinned(bpffs.path("flows")));
  using Wrong = HashMap<Flow, Narrow>;
  const auto text = told(Errc::wrong_layout, [&](auto&... ec) {
    (void)Wrong::open_pinned(bpffs.path("flows"), ec...);
  });
  EXPECT_TRUE(contains(text, "map 'flows'")) << text;
  EXPECT_TRUE(contains(text, "packets")) << text;
  EXPECT_TRUE(contains(text, "drops")) << text;
  // The text of a failure is that of the throwing form, whenever it is asked for.
  EXPECT_TRUE(contains(
      told(Errc::wrong_layout, [&](auto&... ec) { (void)Wrong{flows.map().duplicate(), ec...}; }),
      "packets"));
  EXPECT_TRUE(
      contains(told(Errc::wrong_layout,
                    [&](auto&... ec) { (void)Wrong::from_id(flows.map().info().id, ec...); }),
               "packets"));
  EXPECT_TRUE(contains(told(Errc::wrong_layout,
                            [&](auto&... ec) {
                              (void)Wrong::open_or_create(
                                  bpffs.path("flows"), {.max_entries = 4, .name = "flows"}, ec...);
                            }),
                       "packets"));
}

TEST(LayoutOfAnOpenedMap, IsNotComparedWhenTheCallerSaysSo) {
  const auto flows = Flows::create({.max_entries = 4});
  using Wrong = HashMap<Flow, Narrow>;
  EXPECT_TRUE((Wrong{flows.map().duplicate(), unchecked_layout}));
  std::error_code ec = Errc::no_map;
  EXPECT_TRUE((Wrong{flows.map().duplicate(), unchecked_layout, ec}));
  EXPECT_FALSE(ec);
  const auto array = MappedArray<Stats>::create({.max_entries = 4});
  EXPECT_TRUE((MappedArray<Narrow>{array.map().duplicate(), unchecked_layout}));
  EXPECT_TRUE((MappedArray<Narrow>{array.map().duplicate(), unchecked_layout, ec}));
  EXPECT_EQ(test::error_of([&] { MappedArray<Narrow>{array.map().duplicate()}; }).code(),
            Errc::wrong_layout);
}

TEST(LayoutOfAnOpenedMap, IsNotComparedAgainForAnotherOwnerOrAnInnerMap) {
  const auto flows = Flows::create({.max_entries = 4});
  using Wrong = HashMap<Flow, Narrow>;
  const Wrong accepted{flows.map().duplicate(), unchecked_layout};
  EXPECT_TRUE(accepted.duplicate());
  auto outer = ArrayOfMaps<Wrong>::create({.max_entries = 1, .inner_map_fd = flows.map().fd()});
  outer.set(0, accepted);
  EXPECT_TRUE(outer.lookup(0));
}

TEST(LayoutOfAnOpenedMap, IsNotComparedForATypeWithoutOne) {
  const auto flows = Flows::create({.max_entries = 4});
  EXPECT_TRUE((HashMap<Flow, Unseen>{flows.map().duplicate()}));
}

TEST(LayoutOfAnOpenedMap, MayHaveOtherNames) {
  const auto flows = Flows::create({.max_entries = 4});
  EXPECT_TRUE((HashMap<Flow, Renamed>{flows.map().duplicate()}));
}

// Programs often declare `__type(key, int)`.
TEST(LayoutOfAnOpenedMap, IsNotComparedForAnIntegerBesideIt) {
  const auto of_signed = HashMap<std::int32_t, Stats>::create({.max_entries = 4});
  ASSERT_NE(of_signed.map().info().btf_key_type_id, 0U);
  EXPECT_TRUE((HashMap<std::uint32_t, Stats>{of_signed.map().duplicate()}));
}

TEST(LayoutOfAnOpenedMap, IsUnknownWithoutBtf) {
  Map map = Map::create(
      {.type = MapType::hash, .key_size = sizeof(Flow), .value_size = 16, .max_entries = 4});
  EXPECT_TRUE((HashMap<Flow, Narrow>{map.duplicate()}));
}

// What the process lacks at the moment is reported: nobody would notice a map that was not
// compared, or that describes nothing.
TEST(LayoutWithoutResources, IsAnErrorAndWithoutPermissionIsNot) {
  const auto flows = Flows::create({.max_entries = 4});
  using Wrong = HashMap<Flow, Narrow>;
  static int failing_command;
  static int failure;
  const auto with = [](int command, int error, auto body) {
    failing_command = command;
    failure = error;
    const test::ReplacedBpf replaced{[](int cmd, void* attr, unsigned int size) noexcept -> long {
      return cmd == failing_command ? -failure : sys::bpf_syscall(cmd, attr, size);
    }};
    body();
  };
  for (const int error : {EMFILE, ENFILE, ENOMEM}) {
    SCOPED_TRACE(error);
    with(BPF_BTF_GET_FD_BY_ID, error, [&] {
      (void)told(error, [&](auto&... ec) { (void)Wrong{flows.map().duplicate(), ec...}; });
      (void)told(error, [&](auto&... ec) { (void)check_layout<Flow, Narrow>(flows.map(), ec...); });
    });
    with(BPF_BTF_LOAD, error, [&] {
      (void)told(error, [](auto&... ec) { (void)Flows::create({.max_entries = 4}, ec...); });
    });
  }
  with(BPF_BTF_GET_FD_BY_ID, EPERM, [&] {
    EXPECT_TRUE((Wrong{flows.map().duplicate()}));
    EXPECT_EQ((check_layout<Flow, Narrow>(flows.map()).verdict), LayoutVerdict::unknown);
  });
  with(BPF_BTF_LOAD, EPERM,
       [&] { EXPECT_EQ(Flows::create({.max_entries = 4}).map().info().btf_id, 0U); });
}

}  // namespace
}  // namespace bpfmap
