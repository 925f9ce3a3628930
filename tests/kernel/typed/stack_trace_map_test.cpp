// SPDX-License-Identifier: MIT
// StackTraceMap with a program that records this process's own stacks.
#include "bpfmap/typed/stack_trace_map.hpp"

#include <dlfcn.h>
#include <elf.h>
#include <gtest/gtest.h>
#include <link.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <set>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "bpfmap/interop/libbpf.hpp"
#include "fake_bpf.hpp"
#include "kernel_test.hpp"
#include "maps.hpp"
#include "stacks.skel.h"
#include "told.hpp"

namespace bpfmap {
namespace {

using test::contains;
using test::told;

using Addresses = std::vector<std::uint64_t>;
using BuildId = std::array<std::uint8_t, 20>;

class Stacks {
 public:
  Stacks() : skeleton_(stacks::open_and_load()) { EXPECT_NE(skeleton_, nullptr); }
  Stacks(const Stacks&) = delete;
  Stacks& operator=(const Stacks&) = delete;
  ~Stacks() { stacks::destroy(skeleton_); }

  [[nodiscard]] StackTraceMap addresses() const {
    return StackTraceMap{from(skeleton_->maps.addresses)};
  }
  [[nodiscard]] StackTraceMap build_ids() const {
    return StackTraceMap{from(skeleton_->maps.build_ids)};
  }
  // Each gives the id of the stack; negative is an errno.
  [[nodiscard]] std::int64_t record_kernel() const {
    return run(skeleton_->progs.record_addresses, 0);
  }
  [[nodiscard]] std::int64_t record_user() const {
    return run(skeleton_->progs.record_addresses, 1);
  }
  [[nodiscard]] std::int64_t record_user_build_ids() const {
    return run(skeleton_->progs.record_build_ids, 1);
  }

 private:
  static std::int64_t run(const bpf_program* program, std::uint64_t argument) {
    std::array<std::uint64_t, 2> arguments{argument, 0};
    bpf_test_run_opts options{};
    options.sz = sizeof options;
    options.ctx_in = arguments.data();
    options.ctx_size_in = sizeof arguments;
    EXPECT_EQ(::bpf_prog_test_run_opts(::bpf_program__fd(program), &options), 0);
    return static_cast<std::int32_t>(options.retval);
  }

  stacks* skeleton_;
};

std::uint32_t checked(std::int64_t id) {
  EXPECT_GE(id, 0) << std::strerror(static_cast<int>(-id));
  return static_cast<std::uint32_t>(id);
}

// The build ids of the program and its shared libraries.
std::set<BuildId> loaded_build_ids() {
  std::set<BuildId> ids;
  const auto visit = [](dl_phdr_info* object, std::size_t, void* into) {
    for (int i = 0; i < object->dlpi_phnum; ++i) {
      const auto& header = object->dlpi_phdr[i];
      if (header.p_type != PT_NOTE) continue;
      const auto* at = reinterpret_cast<const std::byte*>(object->dlpi_addr + header.p_vaddr);
      for (const auto* const end = at + header.p_memsz; at < end;) {
        ElfW(Nhdr) note;
        std::memcpy(&note, at, sizeof note);
        const auto* const name = at + sizeof note;
        const auto* const content = name + (note.n_namesz + 3) / 4 * 4;
        BuildId id{};
        if (note.n_type == NT_GNU_BUILD_ID && std::memcmp(name, "GNU", 4) == 0 &&
            note.n_descsz <= id.size()) {
          std::memcpy(id.data(), content, note.n_descsz);
          static_cast<std::set<BuildId>*>(into)->insert(id);
        }
        at = content + (note.n_descsz + 3) / 4 * 4;
      }
    }
    return 0;
  };
  ::dl_iterate_phdr(visit, &ids);
  return ids;
}

// The function that makes the system call, which every stack of user space begins in.
std::string function_at(std::uint64_t address) {
  Dl_info info{};
  if (::dladdr(reinterpret_cast<const void*>(address), &info) == 0 || info.dli_sname == nullptr)
    return "";
  return info.dli_sname;
}

TEST(StackTraceMapCreate, HasRoomForAllFramesWhenNotTold) {
  std::error_code ec = Errc::invalid_name;
  const auto map = StackTraceMap::create({.max_entries = 16, .name = "stacks"}, ec);
  EXPECT_EQ(ec, std::error_code{});
  const MapInfo& info = map.map().info();
  EXPECT_EQ(info.type, MapType::stack_trace);
  EXPECT_EQ(info.key_size, 4U);
  EXPECT_EQ(info.value_size, 127U * 8);
  EXPECT_EQ(map.max_frames(), 127U);
  EXPECT_FALSE(map.has_build_ids());
}

TEST(StackTraceMapCreate, HasRoomForAllFramesByBuildId) {
  const auto map = StackTraceMap::create({.max_entries = 16, .flags = MapFlags::stack_build_id});
  EXPECT_EQ(map.map().info().value_size, 127U * 32);
  EXPECT_EQ(map.max_frames(), 127U);
  EXPECT_TRUE(map.has_build_ids());
}

TEST(StackTraceMapCreate, TakesFewerFrames) {
  EXPECT_EQ(StackTraceMap::create({.value_size = 64, .max_entries = 16}).max_frames(), 8U);
}

TEST(StackTraceMapCreate, TellsWhatTheKernelDoesNotTake) {
  EXPECT_TRUE(contains(told(EINVAL,
                            [](auto&... ec) {
                              (void)StackTraceMap::create({.value_size = 12, .max_entries = 16},
                                                          ec...);
                            }),
                       "value_size is 12"));
  EXPECT_TRUE(contains(
      told(EINVAL, [](auto&... ec) { (void)StackTraceMap::create({.name = "stacks"}, ec...); }),
      "max_entries is 0"));
}

TEST(StackTraceMapFrames, AreThoseOfTheSystemCall) {
  const Stacks program;
  const StackTraceMap map = program.addresses();
  const std::uint32_t id = checked(program.record_user());
  const auto frames = map.lookup(id);
  ASSERT_TRUE(frames);
  ASSERT_FALSE(frames->empty());
  EXPECT_LE(frames->size(), map.max_frames());
  EXPECT_EQ(function_at(frames->front()), "syscall");
  EXPECT_EQ(std::count(frames->begin(), frames->end(), 0U), 0) << "cut off behind the last";
  std::error_code ec = Errc::invalid_name;
  EXPECT_EQ(map.lookup(id, ec), frames);
  EXPECT_EQ(ec, std::error_code{});
}

TEST(StackTraceMapFrames, AreTheBytesOfTheKernel) {
  const Stacks program;
  const StackTraceMap map = program.addresses();
  const std::uint32_t id = checked(program.record_kernel());
  const Addresses frames = map.lookup(id).value();
  ASSERT_FALSE(frames.empty());
  EXPECT_GE(frames.front(), std::uint64_t{1} << 63) << "the kernel is in the upper half";
  Addresses stored(map.max_frames());
  ASSERT_EQ(sys::map_lookup_elem(map.map().fd(), &id, stored.data()), 0);
  ASSERT_LT(frames.size(), stored.size());
  EXPECT_TRUE(std::equal(frames.begin(), frames.end(), stored.begin()));
  EXPECT_EQ(stored[frames.size()], 0U);
}

TEST(StackTraceMapFrames, ComeIntoAVectorThatKeepsItsMemory) {
  const Stacks program;
  const StackTraceMap map = program.addresses();
  const std::uint32_t id = checked(program.record_user());
  Addresses frames;
  EXPECT_TRUE(map.lookup_into(id, frames));
  EXPECT_EQ(frames, map.lookup(id));
  const auto* const memory = frames.data();
  std::error_code ec = Errc::invalid_name;
  EXPECT_TRUE(map.lookup_into(id, frames, ec));
  EXPECT_EQ(ec, std::error_code{});
  EXPECT_EQ(frames.data(), memory);
  EXPECT_FALSE(map.lookup_into(id ^ 1, frames));
  EXPECT_TRUE(frames.empty());
}

TEST(StackTraceMapFrames, AreNoneWhereThereIsNoStack) {
  auto map = StackTraceMap::create({.max_entries = 16});
  for (const std::uint32_t id : {0U, 15U, 16U, 0xffffffffU}) {
    EXPECT_EQ(map.lookup(id), std::nullopt);
    std::error_code ec = Errc::invalid_name;
    EXPECT_EQ(map.lookup(id, ec), std::nullopt);
    EXPECT_EQ(ec, std::error_code{});
  }
  EXPECT_FALSE(map.erase(3));
  EXPECT_TRUE(map.ids().empty());
}

TEST(StackTraceMapIds, AreThoseThatTheProgramGot) {
  const Stacks program;
  const StackTraceMap map = program.addresses();
  std::set<std::uint32_t> expected{checked(program.record_user())};
  const std::int64_t second = program.record_kernel();
  // Once in a thousand runs both stacks have the same id, and the first one keeps it.
  if (second != -EEXIST) expected.insert(checked(second));
  const auto ids = map.ids();
  EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));
  EXPECT_EQ((std::set<std::uint32_t>{ids.begin(), ids.end()}), expected);
  std::error_code ec = Errc::invalid_name;
  EXPECT_EQ(map.ids(ec), ids);
  EXPECT_EQ(ec, std::error_code{});
}

TEST(StackTraceMap, IsWalkedAsAnyOtherMap) {
  const Stacks program;
  StackTraceMap map = program.addresses();
  const std::uint32_t id = checked(program.record_user());
  EXPECT_EQ(count(map), 1U);
  for (const std::uint32_t key : keys(map)) EXPECT_EQ(key, id);
  const auto frames = map.lookup(id);
  ASSERT_TRUE(frames);
  for (const auto [key, value] : map) {
    EXPECT_EQ(key, id);
    ASSERT_EQ(value.size(), map.map().info().value_size);
    EXPECT_EQ(std::memcmp(value.data(), frames->data(), frames->size() * sizeof(std::uint64_t)), 0);
  }
  EXPECT_EQ(to_vector(map).size(), 1U);
  EXPECT_EQ(erase_if(map, [&](auto key, auto) { return key != id; }), 0U);
  EXPECT_EQ(erase_if(map, [&](auto key, auto) { return key == id; }), 1U);
  EXPECT_TRUE(empty(map));
}

// Answers BPF_MAP_GET_NEXT_KEY with `ids`, then with ENOENT.
test::FakeBpf::Answer walk_over(std::vector<std::uint32_t> ids) {
  return [ids = std::move(ids), at = std::size_t{0}](int cmd, void* attr,
                                                     unsigned int size) mutable -> long {
    if (cmd != BPF_MAP_GET_NEXT_KEY) return sys::bpf_syscall(cmd, attr, size);
    if (at == ids.size()) return -ENOENT;
    bpf_attr request;
    std::memcpy(&request, attr, size);
    std::memcpy(reinterpret_cast<void*>(request.next_key), &ids[at++], sizeof(std::uint32_t));
    return 0;
  };
}

// A stack that is gone when the kernel is asked for the one behind it makes it begin again.
TEST(StackTraceMapIds, GoOnBehindAStackThatIsErasedMeanwhile) {
  const auto map = StackTraceMap::create({.max_entries = 16});
  const test::FakeBpf fake{walk_over({2, 5, 2, 5, 9})};
  EXPECT_EQ(map.ids(), (std::vector<std::uint32_t>{2, 5, 9}));
}

TEST(StackTraceMapIds, EndWhenTheKernelAlwaysBeginsAgain) {
  const auto map = StackTraceMap::create({.max_entries = 16});
  const test::FakeBpf fake{walk_over(std::vector<std::uint32_t>(1'000'000, 2))};
  EXPECT_EQ(map.ids(), std::vector<std::uint32_t>{2});
  EXPECT_LT(fake.calls().size(), 10'000U);
}

TEST(StackTraceMapErase, TakesAStackOut) {
  const Stacks program;
  StackTraceMap map = program.addresses();
  const std::uint32_t id = checked(program.record_user());
  EXPECT_TRUE(map.erase(id));
  EXPECT_EQ(map.lookup(id), std::nullopt);
  EXPECT_FALSE(map.erase(id));
  std::error_code ec = Errc::invalid_name;
  EXPECT_FALSE(map.erase(id, ec));
  EXPECT_EQ(ec, std::error_code{});
  EXPECT_TRUE(map.ids().empty());
  const std::uint32_t again = checked(program.record_user());
  EXPECT_TRUE(map.erase(again, ec));
}

TEST(StackTraceMapBuildIds, AreThoseOfThisProcess) {
  const Stacks program;
  const StackTraceMap map = program.build_ids();
  ASSERT_TRUE(map.has_build_ids());
  const std::uint32_t id = checked(program.record_user_build_ids());
  const auto frames = map.lookup_build_ids(id);
  ASSERT_TRUE(frames);
  ASSERT_FALSE(frames->empty());
  const auto loaded = loaded_build_ids();
  for (const BuildIdFrame& frame : *frames) {
    // Where the page with the build id is not in memory the kernel gives the address.
    if (frame.status == BuildIdFrame::Status::valid) {
      EXPECT_TRUE(loaded.contains(frame.build_id));
    } else {
      EXPECT_EQ(frame.status, BuildIdFrame::Status::ip);
    }
  }
  const BuildIdFrame& first = frames->front();
  if (first.status == BuildIdFrame::Status::ip) {
    EXPECT_EQ(function_at(first.offset_or_ip), "syscall");
  }
  std::error_code ec = Errc::invalid_name;
  EXPECT_EQ(map.lookup_build_ids(id, ec)->size(), frames->size());
  EXPECT_EQ(ec, std::error_code{});
  EXPECT_EQ(map.lookup_build_ids(id ^ 1), std::nullopt);
}

TEST(StackTraceMapBuildIds, ComeIntoAVectorThatKeepsItsMemory) {
  const Stacks program;
  const StackTraceMap map = program.build_ids();
  const std::uint32_t id = checked(program.record_user_build_ids());
  const auto expected = map.lookup_build_ids(id).value();
  ASSERT_FALSE(expected.empty());
  const auto equal = [](const BuildIdFrame& a, const BuildIdFrame& b) {
    return a.status == b.status && a.build_id == b.build_id && a.offset_or_ip == b.offset_or_ip;
  };
  std::vector<BuildIdFrame> frames;
  EXPECT_TRUE(map.lookup_build_ids_into(id, frames));
  EXPECT_TRUE(std::equal(frames.begin(), frames.end(), expected.begin(), expected.end(), equal));
  const auto* const memory = frames.data();
  std::error_code ec = Errc::invalid_name;
  EXPECT_TRUE(map.lookup_build_ids_into(id, frames, ec));
  EXPECT_EQ(ec, std::error_code{});
  EXPECT_EQ(frames.data(), memory);
  EXPECT_TRUE(std::equal(frames.begin(), frames.end(), expected.begin(), expected.end(), equal));
  EXPECT_FALSE(map.lookup_build_ids_into(id ^ 1, frames));
  EXPECT_TRUE(frames.empty());
  frames.resize(3);
  ec = Errc::invalid_name;
  EXPECT_FALSE(map.lookup_build_ids_into(id ^ 1, frames, ec));
  EXPECT_EQ(ec, std::error_code{});
  EXPECT_TRUE(frames.empty());
}

TEST(StackTraceMapCalls, TakeAnyIntegerThatFits) {
  const Stacks program;
  StackTraceMap map = program.addresses();
  const std::uint32_t id = checked(program.record_user());
  const Addresses frames = map.lookup(std::int64_t{id}).value();
  Addresses room;
  EXPECT_TRUE(map.lookup_into(std::uint64_t{id}, room));
  EXPECT_EQ(room, frames);
  for (const std::int64_t wrong : {std::int64_t{-1}, (std::int64_t{1} << 32) + id}) {
    SCOPED_TRACE(wrong);
    const auto expect_refused = [](auto call) {
      EXPECT_FALSE(told(Errc::out_of_range, call).empty());
    };
    expect_refused([&](auto&... ec) { (void)map.lookup(wrong, ec...); });
    expect_refused([&](auto&... ec) { (void)map.lookup_into(wrong, room, ec...); });
    expect_refused([&](auto&... ec) { (void)map.erase(wrong, ec...); });
    const StackTraceMap by_id = program.build_ids();
    expect_refused([&](auto&... ec) { (void)by_id.lookup_build_ids(wrong, ec...); });
    std::vector<BuildIdFrame> build_ids;
    expect_refused(
        [&](auto&... ec) { (void)by_id.lookup_build_ids_into(wrong, build_ids, ec...); });
  }
  EXPECT_EQ(map.lookup(id), frames) << "nothing is erased";
  EXPECT_TRUE(map.erase(std::uint64_t{id}));
}

TEST(StackTraceMapCalls, TellWhichOfTheTwoTheMapHolds) {
  const char* const addresses =
      "this map holds addresses, not build ids (MapFlags::stack_build_id): use lookup(): ";
  const char* const build_ids_text =
      "this map holds build ids (MapFlags::stack_build_id): use lookup_build_ids(): ";
  const auto by_address = StackTraceMap::create({.max_entries = 16});
  EXPECT_TRUE(contains(told(Errc::wrong_map_flags,
                            [&](auto&... ec) { (void)by_address.lookup_build_ids(1, ec...); }),
                       addresses));
  const auto by_id = StackTraceMap::create({.max_entries = 16, .flags = MapFlags::stack_build_id});
  EXPECT_TRUE(
      contains(told(Errc::wrong_map_flags, [&](auto&... ec) { (void)by_id.lookup(1, ec...); }),
               build_ids_text));
  Addresses room{1, 2, 3};
  EXPECT_TRUE(contains(
      told(Errc::wrong_map_flags, [&](auto&... ec) { (void)by_id.lookup_into(1, room, ec...); }),
      build_ids_text));
  EXPECT_TRUE(room.empty());
  std::vector<BuildIdFrame> build_ids(3);
  EXPECT_TRUE(contains(
      told(Errc::wrong_map_flags,
           [&](auto&... ec) { (void)by_address.lookup_build_ids_into(1, build_ids, ec...); }),
      addresses));
  EXPECT_TRUE(build_ids.empty());
}

TEST(StackTraceMapCalls, TellThatThereIsNoMap) {
  StackTraceMap map;
  EXPECT_EQ(map.max_frames(), 0U);
  const auto expect_no_map = [](auto call) {
    EXPECT_TRUE(contains(told(Errc::no_map, call), "never opened"));
  };
  expect_no_map([&](auto&... ec) { (void)map.lookup(1, ec...); });
  expect_no_map([&](auto&... ec) { (void)map.lookup_build_ids(1, ec...); });
  Addresses frames;
  expect_no_map([&](auto&... ec) { (void)map.lookup_into(1, frames, ec...); });
  std::vector<BuildIdFrame> build_ids;
  expect_no_map([&](auto&... ec) { (void)map.lookup_build_ids_into(1, build_ids, ec...); });
  expect_no_map([&](auto&... ec) { (void)map.ids(ec...); });
  expect_no_map([&](auto&... ec) { (void)map.erase(1, ec...); });
}

TEST(StackTraceMapCalls, TellWhatTheirDescriptorMayNotDo) {
  const auto map = StackTraceMap::create({.max_entries = 16});
  StackTraceMap reader{Map::from_id(map.map().info().id, Access::read_only)};
  EXPECT_EQ(reader.lookup(1), std::nullopt);
  EXPECT_TRUE(contains(told(EPERM, [&](auto&... ec) { (void)reader.erase(1, ec...); }),
                       "this descriptor is read-only"));
}

TEST(StackTraceMapView, RefusesAMapOfAnotherKind) {
  const Map array = test::make_map(MapType::array, 4, 8);
  EXPECT_TRUE(contains(told(Errc::wrong_map_type,
                            [&](auto&... ec) { StackTraceMap view{array.duplicate(), ec...}; }),
                       "the map is of type array"));
}

}  // namespace
}  // namespace bpfmap
