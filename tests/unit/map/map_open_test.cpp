// SPDX-License-Identifier: MIT
// The five openings without a kernel: what they ask it, and what becomes of descriptors when it
// says no.
#include <fcntl.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "bpfmap/map/map.hpp"
#include "bytes.hpp"
#include "fake_bpf.hpp"

namespace bpfmap {
namespace {

using test::FakeBpf;

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

int open_null() { return ::open("/dev/null", O_RDWR | O_CLOEXEC); }

// Answers whatever opens a map with a descriptor of /dev/null, and everything else with `result`.
FakeBpf::Answer opens(int& opened, long result = 0) {
  return [&opened, result](int cmd, void*, unsigned int) -> long {
    if (cmd == BPF_MAP_CREATE || cmd == BPF_OBJ_GET || cmd == BPF_MAP_GET_FD_BY_ID)
      return opened = open_null();
    return result;
  };
}

// --- create ---

// The creation attribute that `spec` becomes, padded with zeros to its full size; and the size that
// was passed.
std::pair<sys::MapCreateAttr, unsigned int> attr_of(const MapSpec& spec) {
  FakeBpf bpf{-EINVAL};
  std::error_code ec;
  EXPECT_FALSE(Map::create(spec, ec));
  EXPECT_EQ(ec, std::errc::invalid_argument);
  const auto call = bpf.only_call();
  EXPECT_EQ(call.cmd, BPF_MAP_CREATE);
  sys::MapCreateAttr attr;
  std::memset(&attr, 0, sizeof attr);
  EXPECT_LE(call.attr.size(), sizeof attr);
  std::memcpy(&attr, call.attr.data(), std::min(call.attr.size(), sizeof attr));
  return {attr, call.size};
}

TEST(MapCreate, PassesEveryFieldOfTheSpec) {
  std::array<std::byte, 32> hash;
  hash.fill(std::byte{0xAB});
  const auto [attr, size] = attr_of({.type = MapType::lru_hash,
                                     .key_size = 1,
                                     .value_size = 2,
                                     .max_entries = 3,
                                     .flags = MapFlags::no_prealloc | MapFlags::mmapable,
                                     .name = "Flows_1.a",
                                     .map_extra = 0x1122334455667788,
                                     .numa_node = 4,
                                     .inner_map_fd = 5,
                                     .btf_fd = 6,
                                     .btf_key_type_id = 7,
                                     .btf_value_type_id = 8,
                                     .btf_vmlinux_value_type_id = 9,
                                     .value_type_btf_obj_fd = 10,
                                     .token_fd = 11,
                                     .ifindex = 12,
                                     .excl_prog_hash = hash});
  EXPECT_EQ(attr.map_type, static_cast<unsigned>(BPF_MAP_TYPE_LRU_HASH));
  EXPECT_EQ(attr.key_size, 1U);
  EXPECT_EQ(attr.value_size, 2U);
  EXPECT_EQ(attr.max_entries, 3U);
  EXPECT_EQ(attr.map_flags, 1U | 1U << 10 | 1U << 2 | 1U << 15 | 1U << 16)
      << "numa_node, vtype_btf_obj_fd, token_fd";
  EXPECT_EQ(attr.inner_map_fd, 5U);
  EXPECT_EQ(attr.numa_node, 4U);
  EXPECT_STREQ(attr.map_name, "Flows_1.a");
  EXPECT_EQ(attr.map_ifindex, 12U);
  EXPECT_EQ(attr.btf_fd, 6U);
  EXPECT_EQ(attr.btf_key_type_id, 7U);
  EXPECT_EQ(attr.btf_value_type_id, 8U);
  EXPECT_EQ(attr.btf_vmlinux_value_type_id, 9U);
  EXPECT_EQ(attr.map_extra, 0x1122334455667788U);
  EXPECT_EQ(attr.value_type_btf_obj_fd, 10);
  EXPECT_EQ(attr.map_token_fd, 11);
  EXPECT_NE(attr.excl_prog_hash, 0U);
  EXPECT_EQ(attr.excl_prog_hash_size, 32U);
  EXPECT_EQ(size, 92U) << "the end of excl_prog_hash_size";
}

TEST(MapCreate, PassesZeroForWhatTheSpecLeavesOut) {
  const auto [attr, size] = attr_of({});
  EXPECT_EQ(test::copy_of(test::bytes_of(attr)), Bytes(sizeof attr));
  EXPECT_EQ(size, 20U) << "the five fields that every kernel reads";
}

// A kernel that lacks a field takes the attribute when it ends before that field.
TEST(MapCreate, EndsBehindTheLastFieldInUse) {
  const MapSpec plain{.type = MapType::hash, .key_size = 4, .value_size = 8, .max_entries = 16};
  const auto size_of = [&plain](auto change) {
    MapSpec spec = plain;
    change(spec);
    return attr_of(spec).second;
  };
  EXPECT_EQ(size_of([](MapSpec&) {}), 20U);
  EXPECT_EQ(size_of([](MapSpec& spec) { spec.flags = MapFlags::no_prealloc; }), 20U);
  EXPECT_EQ(size_of([](MapSpec& spec) { spec.inner_map_fd = 3; }), 24U);
  EXPECT_EQ(size_of([](MapSpec& spec) { spec.numa_node = 1; }), 28U);
  EXPECT_EQ(size_of([](MapSpec& spec) { spec.numa_node = 0; }), 20U) << "the flag says it";
  EXPECT_EQ(size_of([](MapSpec& spec) { spec.name = "four"; }), 32U);
  EXPECT_EQ(size_of([](MapSpec& spec) { spec.name = "fifteen_letters"; }), 44U);
  EXPECT_EQ(size_of([](MapSpec& spec) { spec.ifindex = 1; }), 48U);
  EXPECT_EQ(size_of([](MapSpec& spec) { spec.btf_fd = 3; }), 52U);
  EXPECT_EQ(size_of([](MapSpec& spec) { spec.btf_value_type_id = 3; }), 60U);
  EXPECT_EQ(size_of([](MapSpec& spec) { spec.btf_vmlinux_value_type_id = 3; }), 64U);
  EXPECT_LE(size_of([](MapSpec& spec) { spec.map_extra = 1; }), 72U);
  EXPECT_EQ(size_of([](MapSpec& spec) { spec.map_extra = std::uint64_t{1} << 63; }), 72U);
  EXPECT_EQ(size_of([](MapSpec& spec) { spec.value_type_btf_obj_fd = 3; }), 76U);
  EXPECT_EQ(size_of([](MapSpec& spec) { spec.token_fd = 3; }), 80U);
}

TEST(MapCreate, SetsNumaNodeZeroByItsFlag) {
  const auto attr = attr_of({.type = MapType::hash, .numa_node = 0}).first;
  EXPECT_EQ(attr.map_flags, 4U);
  EXPECT_EQ(attr.numa_node, 0U);
}

TEST(MapCreate, TakesTheNamesThatTheKernelTakes) {
  for (const std::string name : {"", "a", "fifteen_letters", "A.b_9", "...............", "0"})
    EXPECT_STREQ(attr_of({.type = MapType::hash, .name = name}).first.map_name, name.c_str());
}

TEST(MapCreate, RefusesOtherNamesBeforeTheKernelIsAsked) {
  using std::string_literals::operator""s;
  FakeBpf bpf{-EPERM};
  for (const std::string& name : {"sixteen_letters_"s, "with space"s, "dash-ed"s, "a/b"s,
                                  "\xC3\xA4"s, "a\0b"s, std::string(1000, 'a'), "tab\t"s, "a:"s}) {
    std::error_code ec;
    EXPECT_FALSE(Map::create({.type = MapType::hash, .name = name}, ec));
    EXPECT_EQ(ec, Errc::invalid_name) << name;
    EXPECT_EQ(
        test::error_of([&] { (void)Map::create({.type = MapType::hash, .name = name}); }).code(),
        Errc::invalid_name);
  }
  EXPECT_EQ(bpf.calls().size(), 0U);
}

TEST(MapCreate, ClosesTheDescriptorWhenTheMapCannotBeDescribed) {
  int opened = -1;
  FakeBpf bpf{opens(opened, -EPERM)};
  std::error_code ec;
  EXPECT_FALSE(Map::create({.type = MapType::hash}, ec));
  EXPECT_EQ(ec, std::errc::operation_not_permitted);
  ASSERT_GE(opened, 0);
  EXPECT_FALSE(is_open(opened));
}

TEST(MapCreate, NamesTheOperationWhenTheKernelRefuses) {
  FakeBpf bpf{-E2BIG};
  const Error error = test::error_of([] { (void)Map::create({.type = MapType::hash}); });
  EXPECT_EQ(error.code(), std::errc::argument_list_too_long);
  EXPECT_EQ(error.operation(), Operation::create);
  EXPECT_EQ(error.map_id(), 0U);
}

// --- open_pinned and from_id ---

TEST(MapOpenPinned, PassesPathAndAccess) {
  for (const auto& [access, flags] :
       {std::pair{Access::read_write, 0U}, std::pair{Access::read_only, 8U},
        std::pair{Access::write_only, 16U}}) {
    FakeBpf bpf{[expected = flags](int cmd, void* raw, unsigned int) {
      const auto* const attr = static_cast<const bpf_attr*>(raw);
      EXPECT_EQ(cmd, BPF_OBJ_GET);
      EXPECT_STREQ(reinterpret_cast<const char*>(attr->pathname), "/sys/fs/bpf/flows");
      EXPECT_EQ(attr->file_flags, expected);
      return -long{EACCES};
    }};
    std::error_code ec;
    EXPECT_FALSE(Map::open_pinned("/sys/fs/bpf/flows", access, ec));
    EXPECT_EQ(ec, std::errc::permission_denied);
    EXPECT_EQ(bpf.calls().size(), 1U);
  }
}

TEST(MapOpenPinned, IsReadWriteUnlessAskedOtherwise) {
  FakeBpf bpf{-ENOENT};
  std::error_code ec;
  EXPECT_FALSE(Map::open_pinned("/x", ec));
  EXPECT_EQ(ec, std::errc::no_such_file_or_directory);
  const Error error = test::error_of([] { (void)Map::open_pinned("/x"); });
  EXPECT_EQ(error.operation(), Operation::open_pinned);
  EXPECT_EQ(error.code(), std::errc::no_such_file_or_directory);
  ASSERT_EQ(bpf.count(BPF_OBJ_GET), 2U);
  for (const auto& call : bpf.calls()) {
    ASSERT_EQ(call.cmd, BPF_OBJ_GET);
    EXPECT_EQ(Bytes(call.attr.begin() + 12, call.attr.end()), Bytes(4));
  }
}

TEST(MapFromId, PassesIdAndAccess) {
  for (const auto& [access, flags] :
       {std::pair{Access::read_write, 0U}, std::pair{Access::read_only, 8U},
        std::pair{Access::write_only, 16U}}) {
    FakeBpf bpf{[expected = flags](int cmd, void* raw, unsigned int) {
      const auto* const attr = static_cast<const bpf_attr*>(raw);
      EXPECT_EQ(cmd, BPF_MAP_GET_FD_BY_ID);
      EXPECT_EQ(attr->map_id, 42U);
      EXPECT_EQ(attr->open_flags, expected);
      return -long{ENOENT};
    }};
    std::error_code ec;
    EXPECT_FALSE(Map::from_id(42, access, ec));
    EXPECT_EQ(ec, std::errc::no_such_file_or_directory);
    EXPECT_EQ(bpf.calls().size(), 1U);
  }
}

TEST(MapFromId, NamesTheOperationWhenTheKernelRefuses) {
  FakeBpf bpf{-EPERM};
  const Error error = test::error_of([] { (void)Map::from_id(42); });
  EXPECT_EQ(error.operation(), Operation::from_id);
  EXPECT_EQ(error.code(), std::errc::operation_not_permitted);
  std::error_code ec;
  EXPECT_FALSE(Map::from_id(42, ec));
  EXPECT_EQ(ec, std::errc::operation_not_permitted);
}

TEST(EveryOpening, ClosesTheDescriptorWhenTheMapCannotBeDescribed) {
  for (const auto open : {+[](std::error_code& ec) { return Map::open_pinned("/x", ec); },
                          +[](std::error_code& ec) { return Map::from_id(1, ec); }}) {
    int opened = -1;
    FakeBpf bpf{opens(opened, -ENOMEM)};
    std::error_code ec;
    EXPECT_FALSE(open(ec));
    EXPECT_EQ(ec, std::errc::not_enough_memory);
    ASSERT_GE(opened, 0);
    EXPECT_FALSE(is_open(opened));
  }
}

// --- adopt and duplicate_of ---

TEST(MapAdopt, TakesTheDescriptorItself) {
  test::FakeMap fake{{.type = MapType::hash, .key_size = 4}};
  EXPECT_EQ(fake.map.info().key_size, 4U);
  EXPECT_TRUE(is_open(fake.map.fd()));
}

TEST(MapAdopt, RefusesAnEmptyOwnerBeforeTheKernelIsAsked) {
  FakeBpf bpf;
  std::error_code ec;
  EXPECT_FALSE(Map::adopt(sys::UniqueFd{}, ec));
  EXPECT_EQ(ec, Errc::no_map);
  const Error error = test::error_of([] { (void)Map::adopt(sys::UniqueFd{}); });
  EXPECT_EQ(error.code(), Errc::no_map);
  EXPECT_EQ(error.operation(), Operation::adopt);
  EXPECT_EQ(bpf.calls().size(), 0U);
}

TEST(MapAdopt, ClosesWhatIsNoMap) {
  FakeBpf bpf{-EINVAL};
  const int fd = open_null();
  std::error_code ec;
  EXPECT_FALSE(Map::adopt(sys::UniqueFd{fd}, ec));
  EXPECT_EQ(ec, std::errc::invalid_argument);
  EXPECT_FALSE(is_open(fd));
}

TEST(MapDuplicateOf, LeavesTheDescriptorToItsOwner) {
  test::FakeMap fake{{.type = MapType::hash, .key_size = 4},
                     [](int, void*, unsigned int) { return -long{EPERM}; }};
  const sys::UniqueFd owned{open_null()};
  std::error_code ec;
  EXPECT_FALSE(Map::duplicate_of(owned.get(), ec));
  EXPECT_EQ(ec, std::errc::operation_not_permitted);
  EXPECT_TRUE(is_open(owned.get()));
}

TEST(MapDuplicateOf, RefusesNoDescriptorAndAClosedOne) {
  FakeBpf bpf;
  std::error_code ec;
  EXPECT_FALSE(Map::duplicate_of(-1, ec));
  EXPECT_EQ(ec, Errc::no_map);
  const int closed = open_null();
  ::close(closed);
  EXPECT_FALSE(Map::duplicate_of(closed, ec));
  EXPECT_EQ(ec, std::errc::bad_file_descriptor);
  const Error error = test::error_of([closed] { (void)Map::duplicate_of(closed); });
  EXPECT_EQ(error.operation(), Operation::duplicate);
  EXPECT_EQ(error.code(), std::errc::bad_file_descriptor);
  EXPECT_EQ(bpf.calls().size(), 0U);
}

// --- info ---

TEST(MapInfo, IsWhatTheKernelTellsFieldByField) {
  FakeBpf bpf{[](int cmd, void* raw, unsigned int) {
    if (cmd != BPF_OBJ_GET_INFO_BY_FD) return 0L;
    sys::MapInfoData data;
    std::memset(&data, 0, sizeof data);
    data.type = 11;
    data.id = 2;
    data.key_size = 3;
    data.value_size = 4;
    data.max_entries = 5;
    data.map_flags = 0x81;
    std::memset(data.name, 'n',
                sizeof data.name);  // 16 letters and no NUL: no kernel does, and no read beyond
    data.ifindex = 6;
    data.btf_vmlinux_value_type_id = 7;
    data.btf_id = 8;
    data.btf_key_type_id = 9;
    data.btf_value_type_id = 10;
    data.btf_vmlinux_id = 12;
    data.map_extra = 0x1122334455667788;
    std::memcpy(reinterpret_cast<void*>(static_cast<const bpf_attr*>(raw)->info.info), &data,
                sizeof data);
    return 0L;
  }};
  const Map map = Map::adopt(sys::UniqueFd{open_null()});
  const auto& info = map.info();
  EXPECT_EQ(info.type, MapType::lpm_trie);
  EXPECT_EQ(info.id, 2U);
  EXPECT_EQ(info.key_size, 3U);
  EXPECT_EQ(info.value_size, 4U);
  EXPECT_EQ(info.max_entries, 5U);
  EXPECT_EQ(info.flags, MapFlags::no_prealloc | MapFlags::rdonly_prog);
  EXPECT_EQ(info.name, std::string(16, 'n'));
  EXPECT_EQ(info.ifindex, 6U);
  EXPECT_EQ(info.btf_vmlinux_value_type_id, 7U);
  EXPECT_EQ(info.btf_id, 8U);
  EXPECT_EQ(info.btf_key_type_id, 9U);
  EXPECT_EQ(info.btf_value_type_id, 10U);
  EXPECT_EQ(info.btf_vmlinux_id, 12U);
  EXPECT_EQ(info.map_extra, 0x1122334455667788U);
  const auto asked = bpf.count(BPF_OBJ_GET_INFO_BY_FD);
  (void)map.info();
  EXPECT_EQ(asked, 1U);
  EXPECT_EQ(bpf.count(BPF_OBJ_GET_INFO_BY_FD), asked) << "read once, at opening";
}

// --- listing ---

// A system with the maps `ids`; those in `vanishing` are gone by the time that they are opened.
FakeBpf::Answer system_with(std::vector<std::uint32_t> ids,
                            std::vector<std::uint32_t> vanishing = {}) {
  return [ids = std::move(ids), vanishing = std::move(vanishing), last = 0U](
             int cmd, void* raw, unsigned int) mutable -> long {
    auto* const attr = static_cast<bpf_attr*>(raw);
    if (cmd == BPF_MAP_GET_NEXT_ID) {
      const auto next = std::upper_bound(ids.begin(), ids.end(), attr->start_id);
      if (next == ids.end()) return -ENOENT;
      attr->next_id = *next;
      return 0;
    }
    if (cmd == BPF_MAP_GET_FD_BY_ID) {
      if (std::count(vanishing.begin(), vanishing.end(), attr->map_id) > 0) return -ENOENT;
      EXPECT_EQ(attr->open_flags, static_cast<std::uint32_t>(BPF_F_RDONLY)) << "only to read";
      last = attr->map_id;
      return open_null();
    }
    if (cmd == BPF_OBJ_GET_INFO_BY_FD)
      reinterpret_cast<sys::MapInfoData*>(attr->info.info)->id = last;
    return 0;
  };
}

std::vector<std::uint32_t> ids_of(const std::vector<MapInfo>& maps) {
  std::vector<std::uint32_t> ids;
  for (const auto& map : maps) ids.push_back(map.id);
  return ids;
}

TEST(ListMaps, GivesAllInTheOrderOfTheirIds) {
  FakeBpf bpf{system_with({3, 7, 0xFFFF'FFFE})};
  const auto before = test::open_descriptors();
  EXPECT_EQ(ids_of(list_maps()), (std::vector<std::uint32_t>{3, 7, 0xFFFF'FFFE}));
  EXPECT_EQ(test::open_descriptors(), before);
}

TEST(ListMaps, LeavesOutWhatVanishesMeanwhile) {
  for (const std::uint32_t gone : {3U, 7U, 9U}) {
    FakeBpf bpf{system_with({3, 7, 9}, {gone})};
    std::error_code ec = Errc::invalid_name;
    std::vector<std::uint32_t> expected{3, 7, 9};
    std::erase(expected, gone);
    EXPECT_EQ(ids_of(list_maps(ec)), expected);
    EXPECT_FALSE(ec);
  }
  FakeBpf bpf{system_with({3, 7}, {3, 7})};
  EXPECT_TRUE(list_maps().empty());
}

TEST(ListMaps, OfASystemWithoutMapsIsEmpty) {
  FakeBpf bpf{system_with({})};
  EXPECT_TRUE(list_maps().empty());
}

TEST(ListMaps, GivesWhatItReadBeforeAFailure) {
  FakeBpf bpf{
      [system = system_with({3, 7, 9})](int cmd, void* raw, unsigned int size) mutable -> long {
        const auto id = static_cast<const bpf_attr*>(raw)->map_id;
        if (cmd == BPF_MAP_GET_FD_BY_ID && id == 7) return -EPERM;
        return system(cmd, raw, size);
      }};
  std::error_code ec;
  EXPECT_EQ(ids_of(list_maps(ec)), std::vector<std::uint32_t>{3});
  EXPECT_EQ(ec, std::errc::operation_not_permitted);
  const Error error = test::error_of([] { (void)list_maps(); });
  EXPECT_EQ(error.code(), std::errc::operation_not_permitted);
  EXPECT_EQ(error.operation(), Operation::list);
}

TEST(NextMapId, IsNothingAtTheEndAndAnErrorWithoutPrivilege) {
  {
    FakeBpf bpf{system_with({3, 7})};
    EXPECT_EQ(next_map_id(0), 3U);
    EXPECT_EQ(next_map_id(3), 7U);
    EXPECT_EQ(next_map_id(7), std::nullopt);
  }
  FakeBpf bpf{-EPERM};
  std::error_code ec;
  EXPECT_EQ(next_map_id(0, ec), std::nullopt);
  EXPECT_EQ(ec, std::errc::operation_not_permitted);
  const Error error = test::error_of([] { (void)next_map_id(0); });
  EXPECT_EQ(error.code(), std::errc::operation_not_permitted);
  EXPECT_EQ(error.operation(), Operation::list);
}

// --- pins: what is refused before the kernel is asked ---

TEST(MapPin, RefusesWhatCannotBeAPinBeforeTheKernelIsAsked) {
  test::FakeMap fake{{.type = MapType::hash, .id = 5}};
  for (const std::string path : {"", "/tmp/flows", "flows", "/proc/flows"}) {
    std::error_code ec;
    fake.map.pin(path, ec);
    EXPECT_EQ(ec, Errc::invalid_path) << path;
    const Error error = test::error_of([&] { fake.map.pin(path); });
    EXPECT_EQ(error.code(), Errc::invalid_path) << path;
    EXPECT_EQ(error.operation(), Operation::pin);
  }
  std::error_code ec;
  fake.map.pin("/no/such/folder/flows", ec);
  EXPECT_EQ(ec, std::errc::no_such_file_or_directory);
  EXPECT_EQ(fake.calls().size(), 0U);
}

// It would delete somebody's file.
TEST(MapUnpin, RefusesAPathThatIsNotOnABpffs) {
  std::string path = ::testing::TempDir() + "bpfmap-unpin-XXXXXX";
  const sys::UniqueFd file{::mkstemp(path.data())};
  ASSERT_TRUE(file);
  std::error_code ec;
  EXPECT_FALSE(Map::unpin(path, ec));
  EXPECT_EQ(ec, Errc::invalid_path);
  EXPECT_EQ(::access(path.c_str(), F_OK), 0) << "still there";
  EXPECT_EQ(test::error_of([&] { (void)Map::unpin(path); }).operation(), Operation::unpin);
  ::unlink(path.c_str());
}

}  // namespace
}  // namespace bpfmap
