// SPDX-License-Identifier: MIT
// Pins of a folder, whether a map is still the pinned one, and a spec to make another map like one.
#include "bpfmap/map/pins.hpp"

#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>
#include <vector>

#include "bpfmap/map/open_or_create.hpp"
#include "own_cgroup.hpp"
#include "program.hpp"
#include "told.hpp"

namespace bpfmap {
namespace {

using test::errno_code;
using test::make_map;
using test::PrivateBpffs;

TEST(ListPins, FindsTheMapsOfAFolderInOrder) {
  const PrivateBpffs bpffs;
  ASSERT_EQ(::mkdir(bpffs.path("folder").c_str(), 0700), 0);
  const Map hash = make_map(MapType::hash, 4, 8);
  const Map array = make_map(MapType::array, 4, 4);
  hash.pin(bpffs.path("folder/b"));
  array.pin(bpffs.path("folder/a"));
  hash.pin(bpffs.path("folder/c"));
  ASSERT_EQ(::mkdir(bpffs.path("folder/d").c_str(), 0700), 0);
  const sys::UniqueFd program = test::load_program();
  ASSERT_EQ(sys::obj_pin(program.get(), bpffs.path("folder/program").c_str()), 0);
  for (const std::string& folder : {bpffs.path("folder"), bpffs.path("folder/")}) {
    const std::vector<PinnedMap> pins = list_pins(folder);
    ASSERT_EQ(pins.size(), 3U);
    EXPECT_EQ(pins[0].path, bpffs.path("folder/a"));
    EXPECT_EQ(pins[0].info.id, array.info().id);
    EXPECT_EQ(pins[1].info.id, hash.info().id);
    EXPECT_EQ(pins[2].path, bpffs.path("folder/c"));
  }
  EXPECT_TRUE(list_pins(bpffs.path("folder/d")).empty());
}

TEST(ListPins, RefusesWhatIsNotAFolderOfABpffs) {
  const PrivateBpffs bpffs;
  std::error_code ec;
  EXPECT_TRUE(list_pins("/tmp", ec).empty());
  EXPECT_EQ(ec, Errc::invalid_path);
  EXPECT_TRUE(list_pins(bpffs.path("missing"), ec).empty());
  EXPECT_EQ(ec, errno_code(ENOENT));
  EXPECT_TRUE(list_pins(std::string("/tmp\0x", 6), ec).empty());
  EXPECT_EQ(ec, Errc::invalid_path);
  EXPECT_TRUE(list_pins(bpffs.root(), ec).empty());
  EXPECT_FALSE(ec) << ec.message();
  EXPECT_EQ(test::error_of([] { (void)list_pins("/tmp"); }).code(), Errc::invalid_path);
}

TEST(FindPins, FindsAMapInAllFolders) {
  const PrivateBpffs bpffs;
  const Map map = make_map(MapType::hash, 4, 8);
  const Map other = make_map(MapType::hash, 4, 8);
  EXPECT_TRUE(find_pins(map, bpffs.root()).empty());
  map.pin(bpffs.path("z/y/b"), {.make_folders = true});
  map.pin(bpffs.path("z/a"));
  map.pin(bpffs.path("a"));
  other.pin(bpffs.path("z/y/other"));
  ASSERT_EQ(::symlink(bpffs.root().c_str(), bpffs.path("z/loop").c_str()), 0);
  const std::vector<std::string> wanted{bpffs.path("a"), bpffs.path("z/a"), bpffs.path("z/y/b")};
  EXPECT_EQ(find_pins(map, bpffs.root()), wanted);
  EXPECT_EQ(find_pins(map.duplicate(), bpffs.path("z/y/")),
            std::vector<std::string>{bpffs.path("z/y/b")});
  EXPECT_EQ(find_pins(other, bpffs.root()), std::vector<std::string>{bpffs.path("z/y/other")});
  (void)test::told(Errc::invalid_path, [&](auto&... ec) { (void)find_pins(map, "/tmp", ec...); });
  (void)test::told(ENOENT,
                   [&](auto&... ec) { (void)find_pins(map, bpffs.path("missing"), ec...); });
  (void)test::told(Errc::no_map, [&](auto&... ec) { (void)find_pins(Map{}, bpffs.root(), ec...); });
}

int bpf_calls = 0;

// It may be asked often.
TEST(IsPinnedAt, IsThreeCallsOfBpf) {
  const PrivateBpffs bpffs;
  const Map map = make_map(MapType::hash, 4, 8);
  const std::string path = bpffs.path("flows");
  map.pin(path);
  const test::ReplacedBpf counting{[](int cmd, void* attr, unsigned int size) noexcept -> long {
    ++bpf_calls;
    return sys::bpf_syscall(cmd, attr, size);
  }};
  EXPECT_TRUE(is_pinned_at(map, path));
  EXPECT_EQ(bpf_calls, 3);
}

TEST(IsPinnedAt, SeesAReplacedMap) {
  const PrivateBpffs bpffs;
  const std::string path = bpffs.path("flows");
  MapSpec spec{.type = MapType::hash, .key_size = 4, .value_size = 8, .max_entries = 16};
  const Map old = open_or_create(path, spec);
  EXPECT_TRUE(is_pinned_at(old, path));
  EXPECT_TRUE(is_pinned_at(old.duplicate(), path));
  spec.max_entries = 32;
  const Map replaced = open_or_create(path, spec, {.replace_incompatible = true});
  EXPECT_FALSE(is_pinned_at(old, path));
  EXPECT_TRUE(is_pinned_at(replaced, path));
  EXPECT_TRUE(Map::unpin(path));
  std::error_code ec = Errc::no_map;
  EXPECT_FALSE(is_pinned_at(replaced, path, ec));
  EXPECT_FALSE(ec) << "nothing is pinned there";
  EXPECT_FALSE(is_pinned_at(Map{}, path, ec));
  EXPECT_EQ(ec, Errc::no_map);
  EXPECT_EQ(test::error_of([&] { (void)is_pinned_at(Map{}, path); }).code(), Errc::no_map);
}

TEST(MapPins, OfOtherObjectsAreNotUnpinned) {
  const PrivateBpffs bpffs;
  const std::string path = bpffs.path("program");
  const sys::UniqueFd program = test::load_program();
  ASSERT_EQ(sys::obj_pin(program.get(), path.c_str()), 0);
  std::error_code ec;
  EXPECT_FALSE(Map::unpin(path, ec));
  EXPECT_EQ(ec, errno_code(EINVAL));
  EXPECT_EQ(::access(path.c_str(), F_OK), 0);
}

TEST(MapPins, OfLinksAreNotUnpinned) {
  const PrivateBpffs bpffs;
  const std::string path = bpffs.path("link");
  const test::OwnCgroup cgroup;
  const sys::UniqueFd program = test::load_program(
      1, {.type = BPF_PROG_TYPE_CGROUP_SKB, .attach_type = BPF_CGROUP_INET_INGRESS});
  bpf_attr attr;
  std::memset(&attr, 0, sizeof attr);
  attr.link_create.prog_fd = static_cast<std::uint32_t>(program.get());
  attr.link_create.target_fd = static_cast<std::uint32_t>(cgroup.fd());
  attr.link_create.attach_type = BPF_CGROUP_INET_INGRESS;
  const sys::UniqueFd link{
      static_cast<int>(sys::bpf(BPF_LINK_CREATE, &attr, sizeof attr.link_create))};
  ASSERT_TRUE(link) << "no link could be made";
  ASSERT_EQ(sys::obj_pin(link.get(), path.c_str()), 0);
  std::error_code ec;
  EXPECT_FALSE(Map::unpin(path, ec));
  EXPECT_EQ(ec, errno_code(EINVAL));
  EXPECT_NE(explain(ec).find("not a map, but a program, a link or a BTF"), std::string::npos);
  EXPECT_EQ(::access(path.c_str(), F_OK), 0);
}

TEST(MapPins, FoldersAreNotUnpinned) {
  const PrivateBpffs bpffs;
  const std::string path = bpffs.path("folder");
  ASSERT_EQ(::mkdir(path.c_str(), 0700), 0);
  std::error_code ec;
  for (const std::string& name : {path, path + "/"}) {
    EXPECT_FALSE(Map::unpin(name, ec)) << name;
    EXPECT_EQ(ec, errno_code(EISDIR)) << name;
    EXPECT_EQ(::access(path.c_str(), F_OK), 0);
  }
}

// The link would be removed, and the pin would stay.
TEST(MapPins, BehindSymbolicLinksAreNotUnpinned) {
  const PrivateBpffs bpffs;
  const std::string path = bpffs.path("flows");
  const std::string link = bpffs.path("link");
  make_map(MapType::hash, 4, 8).pin(path);
  ASSERT_EQ(::symlink(path.c_str(), link.c_str()), 0);
  for (const bool dangling : {false, true}) {
    if (dangling) {
      EXPECT_TRUE(Map::unpin(path));
    }
    const std::string text =
        test::told(Errc::invalid_path, [&](auto&... ec) { (void)Map::unpin(link, ec...); });
    EXPECT_NE(text.find("it is a symbolic link, not a pin; unpin its target"), std::string::npos);
    struct stat status{};
    EXPECT_EQ(::lstat(link.c_str(), &status), 0);
    EXPECT_EQ(::access(path.c_str(), F_OK) == 0, !dangling);
  }
}

TEST(MapPins, AreUnpinnedBelowALinkToTheirFolder) {
  const PrivateBpffs bpffs;
  ASSERT_EQ(::mkdir(bpffs.path("folder").c_str(), 0700), 0);
  ASSERT_EQ(::symlink("folder", bpffs.path("link").c_str()), 0);
  make_map(MapType::hash, 4, 8).pin(bpffs.path("link/flows"));
  EXPECT_TRUE(Map::unpin(bpffs.path("link/flows")));
  EXPECT_NE(::access(bpffs.path("folder/flows").c_str(), F_OK), 0);
}

TEST(MapPins, HaveNoZeroInTheirPaths) {
  const PrivateBpffs bpffs;
  const Map map = make_map(MapType::hash, 4, 8);
  map.pin(bpffs.path("flows"));
  const std::string path = bpffs.path("flows") + std::string("\0x", 2);
  std::error_code ec;
  EXPECT_FALSE(Map::open_pinned(path, ec));
  EXPECT_EQ(ec, Errc::invalid_path);
  EXPECT_FALSE(Map::unpin(path, ec));
  EXPECT_EQ(ec, Errc::invalid_path);
  map.pin(bpffs.path("other") + std::string("\0x", 2), ec);
  EXPECT_EQ(ec, Errc::invalid_path);
  EXPECT_FALSE(is_pinned_at(map, path, ec));
  EXPECT_EQ(ec, Errc::invalid_path);
  EXPECT_TRUE(is_pinned_at(map, bpffs.path("flows")));
}

TEST(MapFdInfo, NamesTheTypeOfTheProgramsOfAProgArray) {
  Map map = make_map(MapType::prog_array, 4, 4);
  EXPECT_EQ(map.fd_info().owner_program_type, std::nullopt);
  const sys::UniqueFd program = test::load_program();
  map.update(0, program.get());
  EXPECT_EQ(map.fd_info().owner_program_type, BPF_PROG_TYPE_SOCKET_FILTER);
  EXPECT_EQ(make_map(MapType::hash, 4, 4).fd_info().owner_program_type, std::nullopt);
}

TEST(MapFdInfo, NamesTheTypeOfTheProgramsInACpuMap) {
  struct {
    std::uint32_t queue_size = 8;
    int program = -1;
  } value;
  Map map = make_map(MapType::cpumap, 4, sizeof value);
  EXPECT_EQ(map.fd_info().owner_program_type, std::nullopt);
  const sys::UniqueFd program =
      test::load_program(XDP_PASS, {.type = BPF_PROG_TYPE_XDP, .attach_type = BPF_XDP_CPUMAP});
  value.program = program.get();
  map.update(std::uint32_t{0}, test::bytes_of(value));
  EXPECT_EQ(map.fd_info().owner_program_type, BPF_PROG_TYPE_XDP);
}

TEST(NextMapId, EndsAtTheLargestNumber) {
  std::error_code ec = Errc::no_map;
  for (const std::uint32_t id : {0x7fff'ffffU, 0x8000'0000U, 0xffff'ffffU}) {
    EXPECT_EQ(next_map_id(id), std::nullopt) << id;
    EXPECT_EQ(next_map_id(id, ec), std::nullopt) << id;
    EXPECT_FALSE(ec);
  }
  EXPECT_EQ(next_map_id(0x7fff'fffeU), std::nullopt);
}

}  // namespace
}  // namespace bpfmap
