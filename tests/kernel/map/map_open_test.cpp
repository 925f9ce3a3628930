// SPDX-License-Identifier: MIT
// Opening a map that exists, its pins and its properties. Pins are made on a bpffs of the test's
// own.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

#include "fake_bpf.hpp"
#include "kernel_has.hpp"
#include "map_calls.hpp"
#include "maps.hpp"
#include "program.hpp"
#include "sanitizers.hpp"

namespace bpfmap {
namespace {

using test::errno_code;
using test::make_map;
using test::PrivateBpffs;

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

// What opening `id` answers once the map is gone. Another process may be listing all maps at this
// moment, and then it has this one for an instant longer.
std::error_code answer_when_gone(std::uint32_t id) {
  std::error_code ec;
  for (int attempt = 0; attempt < 1000 && !ec; ++attempt) {
    if (attempt > 0) ::usleep(1000);
    (void)Map::from_id(id, ec);
  }
  return ec;
}

// What a duplicate, a pin and an id must all lead to.
void expect_same_map(const Map& a, const Map& b) {
  EXPECT_TRUE(a);
  EXPECT_TRUE(b);
  EXPECT_NE(a.fd(), b.fd());
  EXPECT_EQ(a.info().id, b.info().id);
  EXPECT_EQ(a.info().type, b.info().type);
  EXPECT_EQ(a.info().key_size, b.info().key_size);
  EXPECT_EQ(a.info().value_size, b.info().value_size);
  EXPECT_EQ(a.info().max_entries, b.info().max_entries);
  EXPECT_EQ(a.info().flags, b.info().flags);
  EXPECT_EQ(a.info().name, b.info().name);
  EXPECT_EQ(::fcntl(b.fd(), F_GETFD), FD_CLOEXEC);
}

// --- adopt and duplicate ---

TEST(MapAdoption, TakesTheDescriptorOver) {
  Map made = make_map(MapType::hash, 4, 8, 16);
  made.update(1, 10);
  const auto id = made.info().id;
  const int fd = made.fd();
  {
    const Map map = Map::adopt(made.release());
    EXPECT_FALSE(made);
    EXPECT_EQ(map.fd(), fd);
    EXPECT_EQ(map.info().id, id);
    EXPECT_EQ(map.info().max_entries, 16U);
    EXPECT_EQ(map.lookup<int>(1), 10);
  }
  EXPECT_FALSE(is_open(fd));
}

TEST(MapAdoption, TakesDescriptorsOfAnyRights) {
  for (const auto flags : {MapFlags::none, MapFlags::rdonly, MapFlags::wronly}) {
    Map made = make_map(MapType::hash, 4, 8, 4, flags);
    std::error_code ec;
    EXPECT_TRUE(Map::adopt(made.release(), ec)) << ec.message();
  }
}

TEST(MapAdoption, TakesEveryType) {
  for (const auto type : test::those_of_this_kernel(
           {MapType::ringbuf, MapType::queue, MapType::bloom_filter, MapType::perf_event_array,
            MapType::xskmap, MapType::arena, MapType::cgroup_storage, MapType::stack_trace})) {
    std::error_code ec;
    EXPECT_TRUE(Map::adopt(Map::create(test::spec_of(type)).release(), ec))
        << to_string(type) << ec.message();
  }
}

// The kernel describes a program, too, when it is asked about one.
TEST(MapAdoption, RefusesAndClosesDescriptorsOfOtherKinds) {
  const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const int file = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  const int folder = ::open("/", O_RDONLY | O_CLOEXEC);
  const int program = test::load_program().release();
  for (const int fd : {socket, file, folder, program}) {
    std::error_code ec;
    EXPECT_FALSE(Map::duplicate_of(fd, ec));
    EXPECT_EQ(ec, errno_code(EINVAL));
    ASSERT_TRUE(is_open(fd)) << "only lent";
    EXPECT_FALSE(Map::adopt(sys::UniqueFd{fd}, ec));
    EXPECT_EQ(ec, errno_code(EINVAL));
    EXPECT_FALSE(is_open(fd));
  }
  const auto before = test::open_descriptors();
  const Error error = test::error_of([] { (void)Map::adopt(test::load_program()); });
  EXPECT_EQ(error.code(), errno_code(EINVAL));
  EXPECT_EQ(error.operation(), Operation::adopt);
  EXPECT_EQ(test::open_descriptors(), before);
}

TEST(MapAdoption, RefusesAClosedDescriptor) {
  const int fd = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  ::close(fd);
  std::error_code ec;
  EXPECT_FALSE(Map::adopt(sys::UniqueFd{fd}, ec));
  EXPECT_EQ(ec, errno_code(EBADF));
}

TEST(MapDuplication, GivesAnOwnerOfItsOwn) {
  Map map = make_map(MapType::hash, 4, 8);
  map.update(1, 10);
  Map copy = map.duplicate();
  expect_same_map(map, copy);
  copy.update(2, 20);
  EXPECT_EQ(map.lookup<int>(2), 20);
  const auto id = map.info().id;
  map = Map{};
  EXPECT_EQ(copy.lookup<int>(1), 10) << "the first owner is gone";
  EXPECT_EQ(copy.info().id, id);
  const Map lent = Map::duplicate_of(copy.fd());
  expect_same_map(copy, lent);
  std::error_code ec = Errc::invalid_name;
  expect_same_map(copy, copy.duplicate(ec));
  EXPECT_FALSE(ec);
}

TEST(MapDuplication, KeepsTheRightsOfTheDescriptor) {
  const Map map = make_map(MapType::hash, 4, 8, 4, MapFlags::rdonly);
  EXPECT_EQ(map.duplicate().fd_info().access, Access::read_only);
}

// --- ids ---

TEST(MapFromItsId, OpensTheSameMap) {
  Map map = make_map(MapType::hash, 4, 8);
  map.update(1, 10);
  Map same = Map::from_id(map.info().id);
  expect_same_map(map, same);
  EXPECT_EQ(same.lookup<int>(1), 10);
  std::error_code ec = Errc::invalid_name;
  expect_same_map(map, Map::from_id(map.info().id, ec));
  EXPECT_FALSE(ec);
}

TEST(MapFromItsId, HasTheRightsAskedFor) {
  const Map map = make_map(MapType::hash, 4, 8);
  for (const auto access : {Access::read_write, Access::read_only, Access::write_only})
    EXPECT_EQ(Map::from_id(map.info().id, access).fd_info().access, access);
}

TEST(MapFromItsId, IsRefusedWhenTheMapIsGone) {
  Map map = make_map(MapType::array, 4, 8);
  const auto id = map.info().id;
  map = Map{};
  EXPECT_EQ(answer_when_gone(id), errno_code(ENOENT));
  for (const std::uint32_t never : {0U, 0x7FFF'FFFFU, 0xFFFF'FFFFU}) {
    std::error_code ec;
    EXPECT_FALSE(Map::from_id(never, ec));
    EXPECT_EQ(ec, errno_code(ENOENT)) << never;
    EXPECT_EQ(test::error_of([never] { (void)Map::from_id(never); }).code(), errno_code(ENOENT));
  }
}

TEST(MapList, HasOwnMapsOnce) {
  const Map first = make_map(MapType::hash, 4, 8);
  const Map second = make_map(MapType::percpu_array, 4, 16);
  const auto before = test::open_descriptors();
  const auto maps = list_maps();
  EXPECT_EQ(test::open_descriptors(), before);
  EXPECT_TRUE(std::is_sorted(maps.begin(), maps.end(),
                             [](const MapInfo& a, const MapInfo& b) { return a.id < b.id; }));
  for (const Map* map : {&first, &second}) {
    const auto has_id = [map](const MapInfo& info) { return info.id == map->info().id; };
    ASSERT_EQ(std::count_if(maps.begin(), maps.end(), has_id), 1);
    const auto& info = *std::find_if(maps.begin(), maps.end(), has_id);
    EXPECT_EQ(info.type, map->info().type);
    EXPECT_EQ(info.value_size, map->info().value_size);
    EXPECT_EQ(info.name, "test");
  }
}

// The real kernel, but the map is gone between the two calls.
TEST(MapList, LeavesOutAMapThatVanishes) {
  const Map kept = make_map(MapType::hash, 4, 8);
  const Map vanishing = make_map(MapType::hash, 4, 8);
  const auto id = vanishing.info().id;
  test::FakeBpf bpf{[id](int cmd, void* attr, unsigned int size) -> long {
    if (cmd == BPF_MAP_GET_FD_BY_ID && static_cast<const bpf_attr*>(attr)->map_id == id)
      return -ENOENT;
    return sys::bpf_syscall(cmd, attr, size);
  }};
  std::error_code ec = Errc::invalid_name;
  const auto maps = list_maps(ec);
  EXPECT_FALSE(ec);
  const auto count = [&maps](std::uint32_t wanted) {
    return std::count_if(maps.begin(), maps.end(),
                         [wanted](const MapInfo& info) { return info.id == wanted; });
  };
  EXPECT_EQ(count(kept.info().id), 1);
  EXPECT_EQ(count(id), 0);
}

TEST(MapIds, AscendToTheEnd) {
  const Map map = make_map(MapType::hash, 4, 8);
  const auto id = map.info().id;
  EXPECT_EQ(next_map_id(id - 1), id);
  std::uint32_t last = 0;
  while (const auto next = next_map_id(last)) {
    EXPECT_GT(*next, last);
    last = *next;
  }
  EXPECT_GE(last, id);
  std::error_code ec;
  EXPECT_EQ(next_map_id(0x7FFF'FFFE, ec), std::nullopt);
  EXPECT_FALSE(ec);
  for (const std::uint32_t beyond : {0x7FFF'FFFFU, 0xFFFF'FFFFU}) {
    EXPECT_EQ(next_map_id(beyond, ec), std::nullopt);
    EXPECT_FALSE(ec) << "there is none above it";
  }
}

// --- pins ---

TEST(MapPins, KeepTheMapAndOpenIt) {
  const PrivateBpffs bpffs;
  const std::string path = bpffs.path("flows");
  std::uint32_t id = 0;
  {
    Map map = make_map(MapType::hash, 4, 8);
    map.update(1, 10);
    map.pin(path);
    id = map.info().id;
    expect_same_map(map, Map::open_pinned(path));
  }
  Map map = Map::open_pinned(path);
  EXPECT_EQ(map.info().id, id);
  EXPECT_EQ(map.lookup<int>(1), 10) << "the entry outlived its maker";
  std::error_code ec = Errc::invalid_name;
  EXPECT_TRUE(Map::open_pinned(path, ec));
  EXPECT_FALSE(ec);
  EXPECT_TRUE(Map::unpin(path));
}

TEST(MapPins, AreReadOrWrittenOnlyOnRequest) {
  const PrivateBpffs bpffs;
  const std::string path = bpffs.path("flows");
  Map map = make_map(MapType::hash, 4, 8);
  map.update(1, 10);
  map.pin(path);

  Map reader = Map::open_pinned(path, Access::read_only);
  EXPECT_EQ(reader.fd_info().access, Access::read_only);
  EXPECT_EQ(reader.lookup<int>(1), 10);
  std::error_code ec;
  reader.update(1, 11, ec);
  EXPECT_EQ(ec, errno_code(EPERM));

  Map writer = Map::open_pinned(path, Access::write_only, ec);
  EXPECT_FALSE(ec);
  EXPECT_EQ(writer.fd_info().access, Access::write_only);
  writer.update(1, 12);
  EXPECT_EQ(writer.lookup(1, ec), std::nullopt);
  EXPECT_EQ(ec, errno_code(EPERM));
  EXPECT_EQ(map.lookup<int>(1), 12);
}

TEST(MapPins, NeverReplaceOneAnother) {
  const PrivateBpffs bpffs;
  const std::string path = bpffs.path("flows");
  const Map first = make_map(MapType::hash, 4, 8);
  const Map second = make_map(MapType::hash, 4, 8);
  first.pin(path);
  for (const Map* map : {&first, &second}) {
    std::error_code ec;
    map->pin(path, ec);
    EXPECT_EQ(ec, errno_code(EEXIST));
    const Error error = test::error_of([&] { map->pin(path); });
    EXPECT_EQ(error.code(), std::errc::file_exists);
    EXPECT_EQ(error.operation(), Operation::pin);
  }
  EXPECT_EQ(Map::open_pinned(path).info().id, first.info().id);
  first.pin(bpffs.path("another"));
  EXPECT_EQ(Map::open_pinned(bpffs.path("another")).info().id, first.info().id)
      << "one map, two pins";
}

TEST(MapPins, AreRemovedOnce) {
  const PrivateBpffs bpffs;
  const std::string path = bpffs.path("flows");
  Map map = make_map(MapType::array, 4, 8);
  const auto id = map.info().id;
  EXPECT_FALSE(Map::unpin(path)) << "there is none yet";
  map.pin(path);
  map = Map{};
  std::error_code ec = Errc::invalid_name;
  EXPECT_TRUE(Map::unpin(path, ec));
  EXPECT_FALSE(ec);
  EXPECT_FALSE(Map::unpin(path, ec));
  EXPECT_FALSE(ec) << "a missing pin is no error";
  EXPECT_FALSE(Map::open_pinned(path, ec));
  EXPECT_EQ(ec, errno_code(ENOENT));
  EXPECT_EQ(answer_when_gone(id), errno_code(ENOENT)) << "the last reference was the pin";
}

TEST(MapPins, AreRefusedAtPathsThatCannotHoldOne) {
  const PrivateBpffs bpffs;
  const Map map = make_map(MapType::hash, 4, 8);
  std::error_code ec;
  for (const auto& path : {bpffs.path("with.dot"), bpffs.path(".hidden"),
                           std::string{"/tmp/bpfmap-no-pin"}, std::string{}}) {
    map.pin(path, ec);
    EXPECT_EQ(ec, Errc::invalid_path) << path;
    EXPECT_NE(::access(path.c_str(), F_OK), 0) << path;
  }
  map.pin(bpffs.path("missing/flows"), ec);
  EXPECT_EQ(ec, errno_code(ENOENT));
}

TEST(MapPins, StandInFoldersOfTheBpffs) {
  const PrivateBpffs bpffs;
  ASSERT_EQ(::mkdir(bpffs.path("folder").c_str(), 0700), 0);
  const std::string path = bpffs.path("folder/flows");
  const Map map = make_map(MapType::hash, 4, 8);
  map.pin(path);
  EXPECT_EQ(Map::open_pinned(path).info().id, map.info().id);
  std::error_code ec;
  EXPECT_FALSE(Map::unpin(bpffs.path("folder"), ec)) << "a folder is no pin";
  EXPECT_EQ(ec, errno_code(EISDIR));
  EXPECT_TRUE(Map::unpin(path));
}

TEST(MapPins, OfOtherObjectsAreNoMaps) {
  const PrivateBpffs bpffs;
  const std::string path = bpffs.path("program");
  const sys::UniqueFd program = test::load_program();
  ASSERT_EQ(sys::obj_pin(program.get(), path.c_str()), 0);
  const auto before = test::open_descriptors();
  std::error_code ec;
  EXPECT_FALSE(Map::open_pinned(path, ec));
  EXPECT_EQ(ec, errno_code(EINVAL));
  EXPECT_EQ(test::open_descriptors(), before);
}

TEST(MapPins, AtOtherFilesAreRefused) {
  std::error_code ec;
  EXPECT_FALSE(Map::open_pinned("/etc/passwd", ec));
  EXPECT_EQ(ec, errno_code(EACCES));
  EXPECT_EQ(ec, std::errc::permission_denied);
  EXPECT_FALSE(Map::open_pinned("/no/such/path", ec));
  EXPECT_EQ(ec, errno_code(ENOENT));
  EXPECT_FALSE(Map::open_pinned("", ec));
  EXPECT_EQ(ec, errno_code(ENOENT));
}

TEST(MapPins, NeedTheFilesPermissionBits) {
  const PrivateBpffs bpffs;
  const std::string path = bpffs.path("flows");
  make_map(MapType::hash, 4, 8).pin(path);
  struct stat status{};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U) << "what the kernel gives a pin";
}

// --- freezing and fd_info ---

TEST(MapFreeze, EndsEveryWriteFromUserSpace) {
  Map map = make_map(MapType::hash, 4, 8);
  map.update(Bytes(4), 10);
  EXPECT_EQ(map.fd_info().frozen, false);
  map.freeze();
  EXPECT_EQ(map.fd_info().frozen, true);
  for (const auto& call : test::plain_calls()) {
    if (call.needs == test::Needs::reading)
      test::expect_done(map, call);
    else
      test::expect_refused(map, call, errno_code(EPERM));
  }
  EXPECT_EQ(map.lookup<int>(0), 10);
  EXPECT_EQ(Map::from_id(map.info().id).fd_info().frozen, true)
      << "the map is frozen, not the descriptor";
  std::error_code ec;
  map.freeze(ec);
  // EBUSY is that of older kernels (6.1).
  EXPECT_TRUE(ec == errno_code(EPERM) || ec == errno_code(EBUSY)) << "the second time: " << ec;
}

TEST(MapFreeze, WaitsForNoWritableMapping) {
  Map map = make_map(MapType::array, 4, 8, 4, MapFlags::mmapable);
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  void* const memory = ::mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_SHARED, map.fd(), 0);
  ASSERT_NE(memory, MAP_FAILED);
  std::error_code ec;
  map.freeze(ec);
  EXPECT_EQ(ec, errno_code(EBUSY));
  ::munmap(memory, page);
  EXPECT_NO_THROW(map.freeze());
}

#if !BPFMAP_SANITIZED  // sanitizers need descriptors of their own
TEST(MapFdInfo, FailsWhileNoDescriptorIsLeft) {
  const Map map = make_map(MapType::hash, 4, 8);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{.rlim_cur = 0, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  std::error_code ec;
  const auto info = map.fd_info(ec);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(ec, errno_code(EMFILE));
  EXPECT_EQ(info.memlock, std::nullopt);
  EXPECT_NE(map.fd_info(ec).memlock, std::nullopt);
  EXPECT_FALSE(ec);
}
#endif

TEST(MapFdInfo, TellsWhatChanges) {
  Map map = make_map(MapType::hash, 4, 4000, 64, MapFlags::no_prealloc);
  const auto before = map.fd_info();
  ASSERT_TRUE(before.memlock);
  EXPECT_GT(*before.memlock, 0U);
  EXPECT_EQ(before.access, Access::read_write);
  for (int key = 0; key < 64; ++key) map.update(key, Bytes(4000));
  std::error_code ec = Errc::invalid_name;
  const auto after = map.fd_info(ec);
  EXPECT_FALSE(ec);
  EXPECT_GE(*after.memlock, *before.memlock);
}

// --- rights ---

TEST(AReadOnlyMap, RefusesEveryWrite) {
  Map map = make_map(MapType::hash, 4, 8, 4, MapFlags::rdonly);
  for (const auto& call : test::plain_calls()) {
    if (call.needs == test::Needs::reading)
      test::expect_done(map, call);
    else
      test::expect_refused(map, call, errno_code(EPERM));
  }
  if (test::errno_of_freezing_read_only() == 0) return;
  std::error_code ec;
  map.freeze(ec);
  EXPECT_EQ(ec, errno_code(EPERM));
}

TEST(AWriteOnlyMap, RefusesEveryRead) {
  Map map = make_map(MapType::hash, 4, 8, 4, MapFlags::wronly);
  for (const auto& call : test::plain_calls()) {
    if (call.needs == test::Needs::writing)
      test::expect_done(map, call);
    else
      test::expect_refused(map, call, errno_code(EPERM));
  }
}

TEST(AReadOnlyMap, RefusesEveryWritePerCpu) {
  Map map = make_map(MapType::percpu_hash, 4, 8, 4, MapFlags::rdonly);
  for (const auto& call : test::percpu_calls()) {
    if (call.needs == test::Needs::reading)
      test::expect_done(map, call);
    else
      test::expect_refused(map, call, errno_code(EPERM));
  }
}

// Somebody closed it behind the owner's back: told, and not undefined.
TEST(AMapWithAClosedDescriptor, RefusesEveryOperation) {
  Map map = make_map(MapType::hash, 4, 8);
  const sys::UniqueFd stolen{::dup(map.fd())};
  ::close(map.fd());
  for (const auto& call : test::plain_calls()) test::expect_refused(map, call, errno_code(EBADF));
  for (const auto& call : test::whole_map_calls("/sys/fs/bpf/bpfmap-closed")) {
    std::error_code ec;
    call.quiet(map, ec);
    if (call.operation != Operation::pin) {
      EXPECT_EQ(ec, std::errc::bad_file_descriptor) << call.name;
    }
  }
  (void)map.release().release();
}

}  // namespace
}  // namespace bpfmap
