// SPDX-License-Identifier: MIT
// The pinned map, made when there is none. Pins are made on a bpffs of the test's own.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <netinet/in.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <system_error>
#include <type_traits>
#include <vector>

#include "bpfmap/bpfmap.hpp"
#include "child_process.hpp"
#include "fake_bpf.hpp"
#include "killed_process.hpp"
#include "maps.hpp"
#include "program.hpp"
#include "told.hpp"

namespace bpfmap {
namespace {

using test::contains;
using test::errno_code;
using test::FakeBpf;
using test::PrivateBpffs;
using test::told;

constexpr OpenOrCreateOptions replacing{.replace_incompatible = true};

MapSpec flows_spec() {
  return {
      .type = MapType::hash, .key_size = 4, .value_size = 8, .max_entries = 16, .name = "flows"};
}

std::uint32_t pinned_id(const std::string& path) { return Map::open_pinned(path).info().id; }

// Without the files that the kernel itself puts there, which have a '.' in their names.
std::size_t pins_on(const PrivateBpffs& bpffs) {
  const std::filesystem::directory_iterator entries{bpffs.root()};
  return static_cast<std::size_t>(
      std::count_if(begin(entries), end(entries), [](const std::filesystem::directory_entry& e) {
        return e.path().filename().string().find('.') == std::string::npos;
      }));
}

// --- opening and creating ---

TEST(OpenOrCreate, CreatesAndPins) {
  const PrivateBpffs bpffs;
  const Map map = open_or_create(bpffs.path("flows"), flows_spec());
  EXPECT_EQ(map.info().type, MapType::hash);
  EXPECT_EQ(map.info().value_size, 8U);
  EXPECT_EQ(map.info().max_entries, 16U);
  EXPECT_EQ(map.info().name, "flows");
  EXPECT_EQ(pinned_id(bpffs.path("flows")), map.info().id);
}

TEST(OpenOrCreate, OpensWhatIsPinned) {
  const PrivateBpffs bpffs;
  const std::string path = bpffs.path("flows");
  std::uint32_t id = 0;
  {
    Map map = open_or_create(path, flows_spec());
    map.update(1, 10);
    id = map.info().id;
  }
  const std::size_t before = test::open_descriptors();
  const Map map = open_or_create(path, flows_spec());
  EXPECT_EQ(map.info().id, id);
  EXPECT_EQ(map.lookup<int>(1), 10);
  std::error_code ec = Errc::invalid_name;
  const Map same = open_or_create(path, flows_spec(), ec);
  EXPECT_FALSE(ec);
  EXPECT_EQ(same.info().id, id);
  const Map not_replaced = open_or_create(path, flows_spec(), replacing);
  EXPECT_EQ(not_replaced.info().id, id);
  EXPECT_EQ(test::open_descriptors(), before + 3);
  EXPECT_EQ(pins_on(bpffs), 1U);
}

TEST(OpenOrCreate, OpensWithTheRightsThatCreatingWouldGive) {
  const PrivateBpffs bpffs;
  const std::string path = bpffs.path("flows");
  MapSpec spec = flows_spec();
  spec.flags = MapFlags::rdonly;
  EXPECT_EQ(open_or_create(path, spec).fd_info().access, Access::read_only);
  EXPECT_EQ(open_or_create(path, spec).fd_info().access, Access::read_only);
  spec.flags = MapFlags::wronly;
  EXPECT_EQ(open_or_create(path, spec).fd_info().access, Access::write_only);
  EXPECT_EQ(open_or_create(path, flows_spec()).fd_info().access, Access::read_write);
}

TEST(OpenOrCreate, TakesAMapOfAnotherName) {
  const PrivateBpffs bpffs;
  MapSpec spec = flows_spec();
  const auto id = open_or_create(bpffs.path("flows"), spec).info().id;
  spec.name = "other";
  EXPECT_EQ(open_or_create(bpffs.path("flows"), spec).info().id, id);
}

// --- what does not fit ---

TEST(OpenOrCreate, ListsEveryFieldThatDiffers) {
  const PrivateBpffs bpffs;
  const std::string path = bpffs.path("flows");
  const Map pinned = open_or_create(path, flows_spec());
  const MapSpec other{.type = MapType::bloom_filter,
                      .value_size = 4,
                      .max_entries = 32,
                      .flags = MapFlags::no_prealloc | MapFlags::rdonly_prog,
                      .map_extra = 3,
                      .ifindex = 2};
  const std::string text =
      told(Errc::incompatible_map, [&](auto&... ec) { (void)open_or_create(path, other, ec...); });
  for (const char* const part :
       {"open_or_create '", "/flows'", "'flows' (id ", "type is hash, not bloom_filter",
        "key_size is 4, not 0", "value_size is 8, not 4", "max_entries is 16, not 32",
        "flags is none, not no_prealloc|rdonly_prog", "map_extra is 0, not 3",
        "ifindex is 0, not 2", "replace_incompatible"})
    EXPECT_TRUE(contains(text, part));
  EXPECT_EQ(std::error_code{Errc::incompatible_map}, std::errc::file_exists);
  EXPECT_EQ(pinned_id(path), pinned.info().id) << "nothing was touched";
  EXPECT_EQ(pins_on(bpffs), 1U);
}

TEST(OpenOrCreate, TellsWhichMapDoesNotFit) {
  const PrivateBpffs bpffs;
  const std::string path = bpffs.path("flows");
  const Map pinned = open_or_create(path, flows_spec());
  MapSpec spec = flows_spec();
  spec.max_entries = 17;
  const Error error = test::error_of([&] { (void)open_or_create(path, spec); });
  EXPECT_EQ(error.operation(), Operation::open_or_create);
  EXPECT_EQ(error.map_id(), pinned.info().id);
  EXPECT_TRUE(contains(error.what(), "differs from the spec: max_entries is 16, not 17; unpin"));
}

TEST(Misfit, IsEmptyForAMapOfEveryTypeAndItsOwnSpec) {
  int types = 0;
  for (const MapTypeTraits& row : map_types()) {
    std::error_code ec;
    const MapSpec spec = test::spec_of(row.type);
    const Map map = Map::create(spec, ec);
    if (!map) continue;
    ++types;
    EXPECT_EQ(incompatibilities(map.info(), spec), "") << row.name;
  }
  EXPECT_GE(types, 20);
}

TEST(Misfit, LeavesOutWhatTheKernelChanges) {
  const auto make = [](MapType type, MapFlags flags, std::uint32_t entries = 4) {
    MapSpec spec = test::spec_of(type);
    spec.flags = spec.flags | flags;
    spec.max_entries = entries;
    return spec;
  };
  std::vector<MapSpec> specs;
  for (std::uint32_t entries = 1; entries < 6; ++entries) {
    specs.push_back(make(MapType::lru_hash, MapFlags::no_common_lru, entries));
    specs.push_back(make(MapType::lru_percpu_hash, MapFlags::no_common_lru, entries));
  }
  specs.push_back(make(MapType::devmap, MapFlags::none));
  specs.push_back(make(MapType::devmap_hash, MapFlags::rdonly));
  specs.push_back(make(MapType::hash, MapFlags::rdonly | MapFlags::no_prealloc));
  specs.push_back(make(MapType::array, MapFlags::wronly | MapFlags::mmapable));
  specs.push_back(make(MapType::hash, MapFlags::none));
  specs.back().numa_node = 0;
  specs.push_back(make(MapType::bloom_filter, MapFlags::none));
  for (const MapSpec& spec : specs) {
    const Map map = Map::create(spec);
    EXPECT_EQ(incompatibilities(map.info(), spec), "")
        << to_string(spec.type) << ' ' << spec.max_entries;
  }
  MapSpec five = make(MapType::bloom_filter, MapFlags::none);
  const Map bloom = Map::create(five);
  five.map_extra = 5;
  EXPECT_EQ(incompatibilities(bloom.info(), five), "") << "0 hashes are 5";
}

TEST(Misfit, SeesWhatOnlyLooksLikeAChangeOfTheKernel) {
  const Map map = Map::create(test::spec_of(MapType::hash));
  MapSpec spec = test::spec_of(MapType::hash);
  spec.flags = MapFlags::rdonly_prog;
  EXPECT_EQ(incompatibilities(map.info(), spec), "flags is none, not rdonly_prog");
  spec.flags = MapFlags::none;
  spec.numa_node = 0;
  EXPECT_EQ(incompatibilities(map.info(), spec), "flags is none, not numa_node");

  spec = test::spec_of(MapType::lru_hash);
  spec.max_entries = 3;
  MapInfo info{.type = MapType::lru_hash, .key_size = 4, .value_size = 4, .max_entries = 4};
  EXPECT_EQ(incompatibilities(info, spec), "max_entries is 4, not 3")
      << "only no_common_lru is rounded";
}

TEST(Misfit, RoundsTheLargestMapDown) {
  const auto cpus = static_cast<std::uint32_t>(sys::possible_cpus().size());
  const std::uint32_t most = UINT32_MAX / cpus * cpus;
  const MapInfo info{.type = MapType::lru_hash,
                     .key_size = 4,
                     .value_size = 4,
                     .max_entries = most,
                     .flags = MapFlags::no_common_lru};
  const MapSpec spec{.type = MapType::lru_hash,
                     .key_size = 4,
                     .value_size = 4,
                     .max_entries = UINT32_MAX,
                     .flags = MapFlags::no_common_lru};
  EXPECT_EQ(incompatibilities(info, spec), "");
}

// --- replacing ---

TEST(OpenOrCreate, ReplacesWhatDoesNotFitWhenAsked) {
  const PrivateBpffs bpffs;
  const std::string path = bpffs.path("flows");
  Map old = open_or_create(path, flows_spec());
  old.update(1, 10);
  MapSpec spec = flows_spec();
  spec.value_size = 16;
  const std::size_t before = test::open_descriptors();
  const Map map = open_or_create(path, spec, replacing);
  EXPECT_EQ(test::open_descriptors(), before + 1);
  EXPECT_NE(map.info().id, old.info().id);
  EXPECT_EQ(map.info().value_size, 16U);
  EXPECT_EQ(pinned_id(path), map.info().id);
  EXPECT_EQ(pins_on(bpffs), 1U) << "no other name is left behind";
  EXPECT_EQ(old.lookup<int>(1), 10) << "who uses the old map keeps it";
}

TEST(OpenOrCreate, LeavesTheOldPinWhenTheNewMapCannotBeMade) {
  const PrivateBpffs bpffs;
  const std::string path = bpffs.path("flows");
  const Map old = open_or_create(path, flows_spec());
  MapSpec spec = flows_spec();
  spec.key_size = 0;
  const std::string text =
      told(EINVAL, [&](auto&... ec) { (void)open_or_create(path, spec, replacing, ec...); });
  EXPECT_TRUE(contains(text, "open_or_create '" + path + "': create map 'flows'"));
  EXPECT_TRUE(contains(text, "key_size is 0"));
  EXPECT_EQ(pinned_id(path), old.info().id);
  EXPECT_EQ(pins_on(bpffs), 1U);
}

TEST(OpenOrCreate, RemovesThePinThatAKilledProcessLeftBehind) {
  const PrivateBpffs bpffs;
  const std::string path = bpffs.path("flows");
  const Map old = open_or_create(path, flows_spec());
  ASSERT_EQ(sys::obj_pin(old.fd(), bpffs.path("bpfmap_replacing").c_str()), 0);
  MapSpec spec = flows_spec();
  spec.max_entries = 32;
  const Map map = open_or_create(path, spec, replacing);
  EXPECT_EQ(pinned_id(path), map.info().id);
  EXPECT_EQ(pins_on(bpffs), 1U);
}

// The names in the folder of the pin `flows` are that, and at most the second pin of a replacement.
void expect_only_known_names(const PrivateBpffs& bpffs) {
  for (const auto& entry : std::filesystem::directory_iterator{bpffs.root()})
    EXPECT_TRUE(entry.path().has_extension() || entry.path().filename() == "flows" ||
                entry.path().filename() == "bpfmap_replacing")
        << entry.path();
}

TEST(OpenOrCreate, CanBeKilledAtEveryStepOfAReplacement) {
  const PrivateBpffs bpffs;
  const std::string path = bpffs.path("flows");
  MapSpec larger = flows_spec();
  larger.max_entries = 32;
  MapSpec largest = flows_spec();
  largest.max_entries = 64;
  const auto prepare = [&] {
    (void)open_or_create(path, flows_spec(), replacing);
    EXPECT_EQ(pins_on(bpffs), 1U);
  };
  const auto replace = [&] {
    std::error_code ec;
    (void)open_or_create(path, larger, replacing, ec);
  };
  const int killed = test::killed_at_every_call(prepare, replace, [&] {
    expect_only_known_names(bpffs);
    const std::uint32_t entries = Map::open_pinned(path).info().max_entries;
    EXPECT_TRUE(entries == 16 || entries == 32) << entries;
    EXPECT_EQ(open_or_create(path, larger, replacing).info().max_entries, 32U);
    const Map last = open_or_create(path, largest, replacing);
    EXPECT_EQ(last.info().id, pinned_id(path));
    EXPECT_EQ(pins_on(bpffs), 1U);
  });
  EXPECT_GE(killed, 2 * 6) << "opening and its checks twice, creating, pinning, the exchange";
}

TEST(OpenOrCreate, CanBeKilledAtEveryStepOfACreation) {
  const PrivateBpffs bpffs;
  const std::string path = bpffs.path("flows");
  const auto create = [&] {
    std::error_code ec;
    (void)open_or_create(path, flows_spec(), ec);
  };
  const int killed = test::killed_at_every_call([&] { (void)Map::unpin(path); }, create,
                                                [&] {
                                                  EXPECT_LE(pins_on(bpffs), 1U);
                                                  const Map map =
                                                      open_or_create(path, flows_spec());
                                                  EXPECT_EQ(map.info().id, pinned_id(path));
                                                  EXPECT_EQ(pins_on(bpffs), 1U);
                                                });
  EXPECT_GE(killed, 2 * 3) << "opening, creating, pinning";
}

TEST(OpenOrCreate, ReplacesWhatASymbolicLinkLeadsTo) {
  const PrivateBpffs bpffs;
  ASSERT_EQ(::mkdir(bpffs.path("folder").c_str(), 0700), 0);
  const std::string path = bpffs.path("folder/flows");
  const std::string link = bpffs.path("link");
  const Map old = open_or_create(path, flows_spec());
  ASSERT_EQ(::symlink("folder/flows", link.c_str()), 0);
  MapSpec spec = flows_spec();
  spec.max_entries = 32;
  const Map map = open_or_create(link, spec, replacing);
  EXPECT_NE(map.info().id, old.info().id);
  EXPECT_EQ(pinned_id(path), map.info().id);
  EXPECT_EQ(pinned_id(link), map.info().id);
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  EXPECT_EQ(pins_on(bpffs), 2U) << "the link and the folder";
}

TEST(OpenOrCreate, RefusesASymbolicLinkToNothing) {
  const PrivateBpffs bpffs;
  const std::string link = bpffs.path("link");
  ASSERT_EQ(::symlink("flows", link.c_str()), 0);
  EXPECT_TRUE(contains(told(Errc::invalid_path,
                            [&](auto&... ec) { (void)open_or_create(link, flows_spec(), ec...); }),
                       "it is a symbolic link, and nothing is pinned at its target"));
  EXPECT_TRUE(std::filesystem::is_symlink(link));
}

// The name of the second pin: a map that is pinned there would be taken for litter.
TEST(OpenOrCreate, RefusesTheNameOfTheSecondPin) {
  const PrivateBpffs bpffs;
  const std::string path = bpffs.path("bpfmap_replacing");
  const std::string says = "bpfmap uses this name while it replaces a pin";
  const auto create = [&](auto&... ec) { (void)open_or_create(path, flows_spec(), ec...); };
  EXPECT_TRUE(contains(told(Errc::invalid_path, create), says));
  const Map old = Map::create(flows_spec());
  EXPECT_TRUE(contains(told(Errc::invalid_path, [&](auto&... ec) { old.pin(path, ec...); }), says));
  EXPECT_EQ(pins_on(bpffs), 0U);
  // Another program has done it.
  ASSERT_EQ(sys::obj_pin(old.fd(), path.c_str()), 0);
  MapSpec spec = flows_spec();
  spec.max_entries = 32;
  const auto replace = [&](auto&... ec) { (void)open_or_create(path, spec, replacing, ec...); };
  EXPECT_TRUE(contains(told(Errc::invalid_path, replace), says));
  std::error_code ec;
  EXPECT_FALSE(resize(old, path, 64, ec).map);
  EXPECT_EQ(ec, Errc::invalid_path);
  EXPECT_EQ(pinned_id(path), old.info().id) << "the pin is still there";
}

// Only maps are litter of a replacement.
TEST(OpenOrCreate, LeavesOtherObjectsUnderTheNameOfTheSecondPin) {
  const PrivateBpffs bpffs;
  const std::string path = bpffs.path("flows");
  const Map old = open_or_create(path, flows_spec());
  const sys::UniqueFd program = test::load_program();
  ASSERT_EQ(sys::obj_pin(program.get(), bpffs.path("bpfmap_replacing").c_str()), 0);
  MapSpec spec = flows_spec();
  spec.max_entries = 32;
  std::error_code ec;
  EXPECT_FALSE(open_or_create(path, spec, replacing, ec));
  EXPECT_TRUE(ec);
  EXPECT_EQ(pinned_id(path), old.info().id);
  EXPECT_EQ(pins_on(bpffs), 2U);
}

TEST(OpenOrCreate, KeepsOwnerAndModeOfThePinThatItReplaces) {
  const PrivateBpffs bpffs;
  const std::string path = bpffs.path("flows");
  const Map old = open_or_create(path, flows_spec());
  ASSERT_EQ(::chmod(path.c_str(), 0640), 0);
  ASSERT_EQ(::chown(path.c_str(), 1234, 4321), 0);
  MapSpec spec = flows_spec();
  spec.max_entries = 32;
  const Map map = open_or_create(path, spec, replacing);
  struct stat status{};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0640U);
  EXPECT_EQ(status.st_uid, 1234U);
  EXPECT_EQ(status.st_gid, 4321U);
  EXPECT_EQ(pinned_id(path), map.info().id);
}

// Another program, which locks nothing, unpins the old map and pins one that fits just before the
// new one takes its place.
TEST(OpenOrCreate, DoesNotReplaceAPinThatFitsByNow) {
  const PrivateBpffs bpffs;
  const std::string path = bpffs.path("flows");
  const Map old = open_or_create(path, flows_spec());
  MapSpec spec = flows_spec();
  spec.max_entries = 32;
  const Map fitting = Map::create(spec);
  for (const bool pinned_again : {true, false}) {
    if (!pinned_again) {
      ASSERT_EQ(::unlink(path.c_str()), 0);
      old.pin(path);
    }
    bool before = true;
    const FakeBpf bpf{[&](int cmd, void* attr, unsigned int size) -> long {
      const long result = sys::bpf_syscall(cmd, attr, size);
      if (cmd == BPF_OBJ_PIN && std::exchange(before, false)) {
        EXPECT_EQ(::unlink(path.c_str()), 0);
        if (pinned_again) {
          EXPECT_EQ(sys::obj_pin(fitting.fd(), path.c_str()), 0);
        }
      }
      return result;
    }};
    const Map map = open_or_create(path, spec, replacing);
    EXPECT_EQ(map.info().id == fitting.info().id, pinned_again);
    EXPECT_EQ(pinned_id(path), map.info().id);
    EXPECT_EQ(pins_on(bpffs), 1U);
  }
}

TEST(OpenOrCreate, GivesUpWhenTheFolderStaysLocked) {
  const PrivateBpffs bpffs;
  const std::string path = bpffs.path("flows");
  const Map old = open_or_create(path, flows_spec());
  const sys::UniqueFd folder{::open(bpffs.root().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  ASSERT_EQ(::flock(folder.get(), LOCK_EX), 0);
  MapSpec spec = flows_spec();
  spec.max_entries = 32;
  const Error error = test::error_of([&] { (void)open_or_create(path, spec, replacing); });
  EXPECT_EQ(error.code(), errno_code(EAGAIN));
  EXPECT_TRUE(contains(error.what(), "holds the lock on"));
  EXPECT_EQ(pinned_id(path), old.info().id);
  EXPECT_EQ(open_or_create(path, flows_spec(), replacing).info().id, old.info().id)
      << "what fits needs no lock";
}

// --- paths ---

TEST(OpenOrCreate, RefusesPathsThatCannotHoldAPin) {
  const PrivateBpffs bpffs;
  const std::size_t before = test::open_descriptors();
  for (const auto& path :
       {bpffs.path("with.dot"), bpffs.path(".hidden"), std::string{},
        std::string{"/tmp/bpfmap-no-pin"}, bpffs.path("with") + std::string("\0zero", 5)}) {
    FakeBpf bpf{
        [](int cmd, void* attr, unsigned int size) { return sys::bpf_syscall(cmd, attr, size); }};
    const std::string text = told(
        Errc::invalid_path, [&](auto&... ec) { (void)open_or_create(path, flows_spec(), ec...); });
    if (path.find('\0') == std::string::npos) {
      EXPECT_TRUE(contains(text, "open_or_create '" + path + "': "));
    }
    EXPECT_EQ(bpf.count(BPF_MAP_CREATE), 0U) << "told before a map is made";
  }
  EXPECT_TRUE(contains(
      told(Errc::invalid_path,
           [](auto&... ec) { (void)open_or_create("/tmp/bpfmap-no-pin", flows_spec(), ec...); }),
      "/tmp is not on a bpffs"));
  EXPECT_TRUE(contains(
      told(Errc::invalid_path,
           [&](auto&... ec) { (void)open_or_create(bpffs.path("with.dot"), flows_spec(), ec...); }),
      "has a '.', which"));
  EXPECT_EQ(test::open_descriptors(), before);
}

TEST(OpenOrCreate, TellsOfAMissingFolderAndOfOtherFiles) {
  const PrivateBpffs bpffs;
  EXPECT_TRUE(contains(
      told(ENOENT,
           [&](auto&... ec) { (void)open_or_create(bpffs.path("no/flows"), flows_spec(), ec...); }),
      "/no does not exist; create it first"));
  EXPECT_TRUE(
      contains(told(Errc::invalid_path,
                    [](auto&... ec) { (void)open_or_create("/etc/passwd", flows_spec(), ec...); }),
               "/etc is not on a bpffs"));
  const sys::UniqueFd program = test::load_program();
  ASSERT_EQ(sys::obj_pin(program.get(), bpffs.path("program").c_str()), 0);
  const std::string text = told(EINVAL, [&](auto&... ec) {
    (void)open_or_create(bpffs.path("program"), flows_spec(), replacing, ec...);
  });
  EXPECT_TRUE(contains(text, "is not a map, but a program"));
  EXPECT_EQ(pins_on(bpffs), 1U) << "only maps are replaced";
}

TEST(OpenOrCreate, TellsWhatCreatingTells) {
  const PrivateBpffs bpffs;
  MapSpec spec = flows_spec();
  spec.name = "no spaces";
  EXPECT_TRUE(
      contains(told(Errc::invalid_name,
                    [&](auto&... ec) { (void)open_or_create(bpffs.path("flows"), spec, ec...); }),
               "': create map 'no spaces'"));
  EXPECT_EQ(pins_on(bpffs), 0U);
}

// --- races ---

// The real kernel, but the first look at the pin comes too early.
TEST(OpenOrCreate, OpensTheMapOfWhoWasFaster) {
  const PrivateBpffs bpffs;
  const std::string path = bpffs.path("flows");
  const Map winner = open_or_create(path, flows_spec());
  bool early = true;
  FakeBpf bpf{[&early](int cmd, void* attr, unsigned int size) -> long {
    if (cmd == BPF_OBJ_GET && std::exchange(early, false)) return -ENOENT;
    return sys::bpf_syscall(cmd, attr, size);
  }};
  const std::size_t before = test::open_descriptors();
  const Map map = open_or_create(path, flows_spec());
  EXPECT_EQ(map.info().id, winner.info().id);
  EXPECT_EQ(bpf.count(BPF_OBJ_PIN), 1U);
  EXPECT_EQ(bpf.count(BPF_MAP_CREATE), 1U);
  EXPECT_EQ(test::open_descriptors(), before + 1) << "the loser's own map is closed";
}

// The pin is there when a map is to be pinned, and gone when it is to be opened.
TEST(OpenOrCreate, GivesUpOnAPinThatComesAndGoes) {
  const PrivateBpffs bpffs;
  const std::string path = bpffs.path("flows");
  const Map kept = open_or_create(path, flows_spec());
  FakeBpf bpf{[](int cmd, void* attr, unsigned int size) -> long {
    return cmd == BPF_OBJ_GET ? -ENOENT : sys::bpf_syscall(cmd, attr, size);
  }};
  const std::string text =
      told(EAGAIN, [&](auto&... ec) { (void)open_or_create(path, flows_spec(), ec...); });
  EXPECT_TRUE(contains(text, "keep creating and removing this pin"));
  EXPECT_LE(bpf.count(BPF_OBJ_PIN), 2000U) << "it ends";
}

/// What `work` gives in each of `count` processes, which all begin at the same moment.
template <class Work>
std::vector<std::uint32_t> in_processes(int count, Work work) {
  std::array<int, 2> start{};
  std::array<int, 2> results{};
  EXPECT_EQ(::pipe2(start.data(), O_CLOEXEC), 0);
  EXPECT_EQ(::pipe2(results.data(), O_CLOEXEC), 0);
  std::vector<pid_t> children;
  for (int i = 0; i < count; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::close(start[1]);
      char none = 0;
      (void)!::read(start[0], &none, 1);  // ends when the parent closes its end
      const std::uint32_t result = work();
      ::_exit(::write(results[1], &result, sizeof result) == sizeof result ? 0 : 1);
    }
    children.push_back(child);
  }
  ::close(start[0]);
  ::close(start[1]);
  ::close(results[1]);
  std::vector<std::uint32_t> ids;
  for (std::uint32_t id = 0; ::read(results[0], &id, sizeof id) == sizeof id;) ids.push_back(id);
  ::close(results[0]);
  for (const pid_t child : children) {
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  return ids;
}

TEST(OpenOrCreate, EndsWithOneMapHoweverManyProcessesBegin) {
  const PrivateBpffs bpffs;
  for (int round = 0; round < 20; ++round) {
    const std::string path = bpffs.path("flows" + std::to_string(round));
    const auto ids = in_processes(8, [&path] {
      std::error_code ec;
      return open_or_create(path, flows_spec(), ec).info().id;
    });
    ASSERT_EQ(ids.size(), 8U);
    const std::set<std::uint32_t> different(ids.begin(), ids.end());
    EXPECT_EQ(different, std::set<std::uint32_t>{pinned_id(path)});
  }
}

TEST(OpenOrCreate, EndsWithOneMapHoweverManyProcessesReplace) {
  const PrivateBpffs bpffs;
  const std::string path = bpffs.path("flows");
  for (std::uint32_t round = 0; round < 20; ++round) {
    MapSpec spec = flows_spec();
    spec.max_entries = 2 + round;  // fits nothing that was there before
    const auto ids = in_processes(8, [&path, &spec] {
      std::error_code ec;
      return open_or_create(path, spec, replacing, ec).info().id;
    });
    ASSERT_EQ(ids.size(), 8U);
    const std::set<std::uint32_t> different(ids.begin(), ids.end());
    EXPECT_EQ(different, std::set<std::uint32_t>{pinned_id(path)});
    EXPECT_EQ(pins_on(bpffs), 1U);
  }
}

// --- typed ---

TEST(OpenOrCreateTyped, FillsTypeAndSizesIn) {
  const PrivateBpffs bpffs;
  using Hash = HashMap<std::uint32_t, std::uint64_t>;
  auto made = Hash::open_or_create(bpffs.path("hash"), {.max_entries = 4, .name = "typed"});
  made.update(1, 10);
  EXPECT_EQ(made.map().info().type, MapType::hash);
  EXPECT_EQ(made.map().info().name, "typed");
  const auto found = Hash::open_or_create(bpffs.path("hash"), {.max_entries = 4});
  EXPECT_EQ(found.map().info().id, made.map().info().id);
  EXPECT_EQ(found.lookup(1), 10U);
  std::error_code ec = Errc::invalid_name;
  EXPECT_EQ(Hash::open_or_create(bpffs.path("hash"), {.max_entries = 4}, ec).map().info().id,
            made.map().info().id);
  EXPECT_FALSE(ec);

  EXPECT_EQ(
      (ArrayMap<int>::open_or_create(bpffs.path("array"), {.max_entries = 4}).map().info().type),
      MapType::array);
  EXPECT_EQ((PerCpuHashMap<int, int>::open_or_create(bpffs.path("percpu"), {.max_entries = 4})
                 .map()
                 .info()
                 .type),
            MapType::percpu_hash);
  EXPECT_EQ((PerCpuArrayMap<int>::open_or_create(bpffs.path("slots"), {.max_entries = 4})
                 .map()
                 .info()
                 .type),
            MapType::percpu_array);
}

TEST(OpenOrCreateTyped, KnowsWhatEachFamilyNeeds) {
  const PrivateBpffs bpffs;
  const auto twice = [&bpffs]<class M>(const char* name, std::type_identity<M>) {
    const auto made = M::open_or_create(bpffs.path(name), {.max_entries = 4});
    const auto found = M::open_or_create(bpffs.path(name), {.max_entries = 4});
    EXPECT_NE(made.map().info().id, 0U) << name;
    EXPECT_EQ(made.map().info().id, found.map().info().id) << name;
    EXPECT_EQ(to_string(made.map().info().type), name);
  };
  twice("queue", std::type_identity<Queue<int>>{});
  twice("lpm_trie", std::type_identity<LpmTrie<LpmKey<in_addr>, int>>{});
  twice("bloom_filter", std::type_identity<BloomFilter<int>>{});
  twice("prog_array", std::type_identity<ProgArray>{});
  twice("devmap", std::type_identity<DevMap>{});
  twice("sockhash", std::type_identity<SockHash<int>>{});
  twice("stack_trace", std::type_identity<StackTraceMap>{});
  const auto memory = MappedArray<int>::open_or_create(bpffs.path("memory"), {.max_entries = 4});
  memory[3] = 5;
  EXPECT_EQ(MappedArray<int>::open_or_create(bpffs.path("memory"), {.max_entries = 4})[3], 5);
}

TEST(OpenOrCreateTyped, RefusesAndReplacesAMisfit) {
  const PrivateBpffs bpffs;
  const std::string path = bpffs.path("flows");
  const Map old = open_or_create(path, flows_spec());
  using Hash = HashMap<std::uint64_t, std::uint64_t>;
  const std::string text = told(Errc::incompatible_map, [&](auto&... ec) {
    (void)Hash::open_or_create(path, {.max_entries = 16}, ec...);
  });
  EXPECT_TRUE(contains(text, "differs from the spec: key_size is 4, not 8; unpin"));
  const auto map = Hash::open_or_create(path, {.max_entries = 16}, replacing);
  EXPECT_EQ(pinned_id(path), map.map().info().id);
  EXPECT_NE(old.info().id, map.map().info().id);
}

TEST(OpenOrCreateTyped, RefusesASpecOfAnotherType) {
  const PrivateBpffs bpffs;
  using Hash = HashMap<std::uint32_t, std::uint64_t>;
  const std::string text = told(Errc::wrong_map_type, [&](auto&... ec) {
    (void)Hash::open_or_create(bpffs.path("x"), {.type = MapType::array, .max_entries = 1}, ec...);
  });
  EXPECT_TRUE(contains(text, "this class is for hash or lru_hash maps"));
  EXPECT_EQ(pins_on(bpffs), 0U);
}

}  // namespace
}  // namespace bpfmap
