// SPDX-License-Identifier: MIT
// No opening and no operation leaves a descriptor open, whether it succeeds or fails.
#include <fcntl.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <functional>
#include <string>
#include <vector>

#include "fake_bpf.hpp"
#include "map_calls.hpp"
#include "maps.hpp"
#include "program.hpp"

namespace bpfmap {
namespace {

using test::make_map;
using test::open_descriptors;

struct Opening {
  const char* name;
  std::function<Map(std::error_code&)> quiet;
  std::function<Map()> loud;
};

// Every way to open `map`, which is pinned at `path`.
std::vector<Opening> openings_of(const Map& map, const std::string& path) {
  const MapSpec spec = test::spec_of(MapType::hash);
  const auto id = map.info().id;
  return {
      {"create", [spec](std::error_code& ec) { return Map::create(spec, ec); },
       [spec] { return Map::create(spec); }},
      {"open_pinned", [path](std::error_code& ec) { return Map::open_pinned(path, ec); },
       [path] { return Map::open_pinned(path); }},
      {"open_pinned read_only",
       [path](std::error_code& ec) { return Map::open_pinned(path, Access::read_only, ec); },
       [path] { return Map::open_pinned(path, Access::read_only); }},
      {"from_id", [id](std::error_code& ec) { return Map::from_id(id, ec); },
       [id] { return Map::from_id(id); }},
      {"from_id write_only",
       [id](std::error_code& ec) { return Map::from_id(id, Access::write_only, ec); },
       [id] { return Map::from_id(id, Access::write_only); }},
      {"adopt",
       [&map](std::error_code& ec) {
         return Map::adopt(sys::UniqueFd::duplicate_of(map.fd()), ec);
       },
       [&map] { return Map::adopt(sys::UniqueFd::duplicate_of(map.fd())); }},
      {"duplicate_of", [&map](std::error_code& ec) { return Map::duplicate_of(map.fd(), ec); },
       [&map] { return Map::duplicate_of(map.fd()); }},
      {"duplicate", [&map](std::error_code& ec) { return map.duplicate(ec); },
       [&map] { return map.duplicate(); }},
  };
}

TEST(EveryOpening, ClosesItsDescriptorWithTheMap) {
  const test::PrivateBpffs bpffs;
  const Map map = make_map(MapType::hash, 4, 4);
  map.pin(bpffs.path("leak"));
  for (const auto& opening : openings_of(map, bpffs.path("leak"))) {
    SCOPED_TRACE(opening.name);
    const auto before = open_descriptors();
    {
      std::error_code ec;
      const Map opened = opening.quiet(ec);
      EXPECT_TRUE(opened) << ec.message();
      EXPECT_EQ(open_descriptors(), before + 1) << "one each";
      const Map another = opening.loud();
      EXPECT_EQ(open_descriptors(), before + 2);
    }
    EXPECT_EQ(open_descriptors(), before);
  }
}

// The kernel refuses call number `n` that it makes, whichever that is.
TEST(EveryOpening, ClosesWhatItOpenedWhenACallFails) {
  const test::PrivateBpffs bpffs;
  const Map map = make_map(MapType::hash, 4, 4);
  map.pin(bpffs.path("leak"));
  for (const auto& opening : openings_of(map, bpffs.path("leak"))) {
    for (const int error : {EPERM, EINVAL, ENOMEM}) {
      std::size_t calls = 1;
      for (std::size_t failing = 0; failing < calls; ++failing) {
        SCOPED_TRACE(std::string{opening.name} + ", call " + std::to_string(failing));
        const auto before = open_descriptors();
        std::size_t n = 0;
        test::FakeBpf bpf{[&n, failing, error](int cmd, void* attr, unsigned int size) -> long {
          return n++ == failing ? -error : sys::bpf_syscall(cmd, attr, size);
        }};
        std::error_code ec;
        {
          const Map opened = opening.quiet(ec);
        }
        calls = std::max(calls, n);
        n = 0;
        try {
          const Map opened = opening.loud();
        } catch (const Error&) {
        }
        EXPECT_EQ(open_descriptors(), before);
      }
      EXPECT_LT(calls, 10U);
    }
  }
}

TEST(EveryOpening, LeavesNothingOpenWhenItIsRefused) {
  const sys::UniqueFd null{::open("/dev/null", O_RDWR | O_CLOEXEC)};
  const sys::UniqueFd program = test::load_program();
  const std::vector<std::function<Map(std::error_code&)>> refused{
      [](std::error_code& ec) { return Map::create({}, ec); },
      [](std::error_code& ec) {
        return Map::create({.type = MapType::hash, .name = "no name"}, ec);
      },
      [](std::error_code& ec) { return Map::open_pinned("/no/such/pin", ec); },
      [](std::error_code& ec) { return Map::open_pinned("/etc/passwd", ec); },
      [](std::error_code& ec) { return Map::from_id(0, ec); },
      [&](std::error_code& ec) { return Map::duplicate_of(null.get(), ec); },
      [&](std::error_code& ec) { return Map::duplicate_of(program.get(), ec); },
      [&](std::error_code& ec) { return Map::adopt(sys::UniqueFd::duplicate_of(null.get()), ec); },
      [&](std::error_code& ec) {
        return Map::adopt(sys::UniqueFd::duplicate_of(program.get()), ec);
      },
      [](std::error_code& ec) { return Map::duplicate_of(1'000'000, ec); },
  };
  const auto before = open_descriptors();
  for (std::size_t i = 0; i < refused.size(); ++i) {
    std::error_code ec;
    EXPECT_FALSE(refused[i](ec)) << i;
    EXPECT_TRUE(ec) << i;
    EXPECT_EQ(open_descriptors(), before) << i;
  }
}

TEST(EveryOperation, LeavesNoDescriptorOpen) {
  const auto run_all = [](Map& map, const std::vector<test::MapCall>& calls) {
    const auto before = open_descriptors();
    for (const auto& call : calls) {
      std::error_code ec;
      call.quiet(map, ec);
      try {
        call.loud(map);
      } catch (const Error&) {
      }
      EXPECT_EQ(open_descriptors(), before) << call.name;
    }
  };
  // Some succeed, some are refused by the library and some by the kernel, for each map its own.
  for (const auto& [type, flags] :
       {std::pair{MapType::hash, MapFlags::none}, std::pair{MapType::hash, MapFlags::rdonly},
        std::pair{MapType::percpu_hash, MapFlags::none},
        std::pair{MapType::array, MapFlags::none}}) {
    Map map = make_map(type, 4, 8, 4, flags);
    run_all(map, test::every_call());
  }
  Map empty;
  run_all(empty, test::every_call());
}

TEST(PinsAndLists, LeaveNoDescriptorOpen) {
  const test::PrivateBpffs bpffs;
  const Map map = make_map(MapType::hash, 4, 8);
  const auto before = open_descriptors();
  std::error_code ec;
  map.pin(bpffs.path("a"));
  map.pin(bpffs.path("a"), ec);
  map.pin("/tmp/a", ec);
  (void)Map::unpin(bpffs.path("a"));
  (void)Map::unpin(bpffs.path("a"), ec);
  (void)Map::unpin("/tmp/a", ec);
  (void)list_maps();
  (void)next_map_id(0);
  EXPECT_EQ(open_descriptors(), before);
}

TEST(AMapMovedAround, IsClosedOnce) {
  const auto before = open_descriptors();
  {
    Map a = make_map(MapType::hash, 4, 8);
    Map b = make_map(MapType::hash, 4, 8);
    Map c{std::move(a)};
    b = std::move(c);
    a = std::move(b);
    EXPECT_EQ(open_descriptors(), before + 1);
    std::vector<Map> maps;
    for (int i = 0; i < 10; ++i) maps.push_back(make_map(MapType::array, 4, 8));
    EXPECT_EQ(open_descriptors(), before + 11);
    maps.erase(maps.begin() + 2, maps.begin() + 5);
    EXPECT_EQ(open_descriptors(), before + 8);
  }
  EXPECT_EQ(open_descriptors(), before);
}

}  // namespace
}  // namespace bpfmap
