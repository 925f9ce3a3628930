// SPDX-License-Identifier: MIT
// What each function of the bpf(2) layer puts before the kernel, byte by byte, and what it makes of
// the answer.
#include "bpfmap/sys/bpf.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <functional>
#include <vector>

#include "child_process.hpp"
#include "fake_bpf.hpp"

namespace bpfmap::sys {
namespace {

using test::FakeBpf;

// Leaves garbage where the next call's attribute will lie.
[[gnu::noinline]] void soil_the_stack() {
  std::array<volatile unsigned char, 1024> garbage;
  for (auto& byte : garbage) byte = 0xA5;
}

Bytes first_bytes(const void* object, std::size_t size) {
  const auto* const bytes = static_cast<const std::byte*>(object);
  return Bytes(bytes, bytes + size);
}

// An attribute in which `fill` sets what the call is to use, and everything else is zero.
template <class Fill>
Bytes attr_of(std::size_t size, Fill fill) {
  bpf_attr attr;
  std::memset(&attr, 0, sizeof attr);
  fill(attr);
  return first_bytes(&attr, size);
}

// The command, the size and every byte of the one call that `call` makes.
template <class Call, class Fill>
void expect_call(int cmd, unsigned int size, Fill fill, Call call) {
  FakeBpf bpf{0};
  soil_the_stack();
  EXPECT_EQ(call(), 0);
  const auto made = bpf.only_call();
  EXPECT_EQ(made.cmd, cmd);
  EXPECT_EQ(made.size, size);
  EXPECT_EQ(made.attr, attr_of(size, fill));
}

std::uint64_t address(const void* pointer) { return reinterpret_cast<std::uintptr_t>(pointer); }

// --- the element commands ---

// Any pointers: nobody follows them here.
struct Element {
  std::array<std::byte, 4> key;
  std::array<std::byte, 4> value;
};
const Element element{};
constexpr std::uint64_t flags = 0x8000'0001'0000'0004;

void fill_element(bpf_attr& attr) {
  attr.map_fd = 7;
  attr.key = address(&element.key);
  attr.value = address(&element.value);
}

TEST(MapLookupElem, PassesDescriptorKeyValueAndFlags) {
  Element e{};
  const auto fill = [&e](std::uint64_t f) {
    return [&e, f](bpf_attr& attr) {
      attr.map_fd = 7;
      attr.key = address(&e.key);
      attr.value = address(&e.value);
      attr.flags = f;
    };
  };
  expect_call(BPF_MAP_LOOKUP_ELEM, 32, fill(0),
              [&] { return map_lookup_elem(7, &e.key, &e.value); });
  expect_call(BPF_MAP_LOOKUP_ELEM, 32, fill(flags),
              [&] { return map_lookup_elem(7, &e.key, &e.value, flags); });
}

TEST(MapUpdateElem, PassesDescriptorKeyValueAndFlags) {
  expect_call(BPF_MAP_UPDATE_ELEM, 32, fill_element,
              [] { return map_update_elem(7, &element.key, &element.value); });
  expect_call(
      BPF_MAP_UPDATE_ELEM, 32,
      [](bpf_attr& attr) {
        fill_element(attr);
        attr.flags = flags;
      },
      [] { return map_update_elem(7, &element.key, &element.value, flags); });
}

TEST(MapLookupAndDeleteElem, PassesDescriptorKeyValueAndFlags) {
  Element e{};
  expect_call(
      BPF_MAP_LOOKUP_AND_DELETE_ELEM, 32,
      [&e](bpf_attr& attr) {
        attr.map_fd = 7;
        attr.key = address(&e.key);
        attr.value = address(&e.value);
        attr.flags = flags;
      },
      [&e] { return map_lookup_and_delete_elem(7, &e.key, &e.value, flags); });
}

// The command has no flags, and refuses any byte behind its key.
TEST(MapDeleteElem, PassesDescriptorAndKeyOnly) {
  expect_call(
      BPF_MAP_DELETE_ELEM, 16,
      [](bpf_attr& attr) {
        attr.map_fd = 7;
        attr.key = address(&element.key);
      },
      [] { return map_delete_elem(7, &element.key); });
}

TEST(MapGetNextKey, PassesBothKeysAndNullForTheFirst) {
  Element e{};
  const auto fill = [&e](const void* key) {
    return [&e, key](bpf_attr& attr) {
      attr.map_fd = 7;
      attr.key = address(key);
      attr.next_key = address(&e.value);
    };
  };
  expect_call(BPF_MAP_GET_NEXT_KEY, 24, fill(&e.key),
              [&e] { return map_get_next_key(7, &e.key, &e.value); });
  expect_call(BPF_MAP_GET_NEXT_KEY, 24, fill(nullptr),
              [&e] { return map_get_next_key(7, nullptr, &e.value); });
}

// --- the batch commands ---

struct Batch {
  std::array<std::byte, 4> in, out, keys, values;
};

TEST(MapLookupBatch, PassesEveryFieldAndCountBothWays) {
  Batch b{};
  using Function =
      int (*)(int, const void*, void*, void*, void*, std::uint32_t&, std::uint64_t) noexcept;
  constexpr std::array<std::pair<int, Function>, 2> commands{
      {{BPF_MAP_LOOKUP_BATCH, &map_lookup_batch},
       {BPF_MAP_LOOKUP_AND_DELETE_BATCH, &map_lookup_and_delete_batch}}};
  for (const auto& [cmd, function] : commands) {
    for (const long result : {0L, -long{ENOENT}, -long{ENOSPC}}) {
      FakeBpf bpf{[result](int, void* attr, unsigned int) {
        static_cast<bpf_attr*>(attr)->batch.count = 3;
        return result;
      }};
      std::uint32_t count = 10;
      soil_the_stack();
      EXPECT_EQ(function(7, &b.in, &b.out, &b.keys, &b.values, count, flags), result);
      EXPECT_EQ(count, 3U);
      const auto call = bpf.only_call();
      EXPECT_EQ(call.cmd, cmd);
      EXPECT_EQ(call.size, 56U);
      EXPECT_EQ(call.attr, attr_of(56, [&](bpf_attr& attr) {
                  attr.batch.in_batch = address(&b.in);
                  attr.batch.out_batch = address(&b.out);
                  attr.batch.keys = address(&b.keys);
                  attr.batch.values = address(&b.values);
                  attr.batch.count = 10;
                  attr.batch.map_fd = 7;
                  attr.batch.elem_flags = flags;
                }));
    }
  }
}

TEST(MapLookupBatch, PassesNullForTheStart) {
  Batch b{};
  std::uint32_t count = 1;
  FakeBpf bpf;
  EXPECT_EQ(map_lookup_batch(7, nullptr, &b.out, &b.keys, &b.values, count), 0);
  EXPECT_EQ(bpf.only_call().attr, attr_of(56, [&](bpf_attr& attr) {
              attr.batch.out_batch = address(&b.out);
              attr.batch.keys = address(&b.keys);
              attr.batch.values = address(&b.values);
              attr.batch.count = 1;
              attr.batch.map_fd = 7;
            }));
}

TEST(MapUpdateBatch, PassesKeysValuesAndCountBothWays) {
  Batch b{};
  FakeBpf bpf{[](int, void* attr, unsigned int) {
    static_cast<bpf_attr*>(attr)->batch.count = 2;
    return -long{E2BIG};
  }};
  std::uint32_t count = 4;
  soil_the_stack();
  EXPECT_EQ(map_update_batch(7, &b.keys, &b.values, count, flags), -E2BIG);
  EXPECT_EQ(count, 2U);
  EXPECT_EQ(bpf.only_call().cmd, BPF_MAP_UPDATE_BATCH);
  EXPECT_EQ(bpf.only_call().attr, attr_of(56, [&](bpf_attr& attr) {
              attr.batch.keys = address(&b.keys);
              attr.batch.values = address(&b.values);
              attr.batch.count = 4;
              attr.batch.map_fd = 7;
              attr.batch.elem_flags = flags;
            }));
}

TEST(MapDeleteBatch, PassesKeysAndCountBothWays) {
  Batch b{};
  FakeBpf bpf{[](int, void* attr, unsigned int) {
    static_cast<bpf_attr*>(attr)->batch.count = 1;
    return -long{ENOENT};
  }};
  std::uint32_t count = 4;
  soil_the_stack();
  EXPECT_EQ(map_delete_batch(7, &b.keys, count, flags), -ENOENT);
  EXPECT_EQ(count, 1U);
  EXPECT_EQ(bpf.only_call().cmd, BPF_MAP_DELETE_BATCH);
  EXPECT_EQ(bpf.only_call().attr, attr_of(56, [&](bpf_attr& attr) {
              attr.batch.keys = address(&b.keys);
              attr.batch.count = 4;
              attr.batch.map_fd = 7;
              attr.batch.elem_flags = flags;
            }));
}

// --- creation ---

// Each field of MapCreateAttr, at the offset that the kernel's bpf_attr has it. The last five are
// newer than the oldest header that this builds with, so that the numbers are written down here.
static_assert(offsetof(MapCreateAttr, map_type) == 0);
static_assert(offsetof(MapCreateAttr, key_size) == offsetof(bpf_attr, key_size));
static_assert(offsetof(MapCreateAttr, value_size) == offsetof(bpf_attr, value_size));
static_assert(offsetof(MapCreateAttr, max_entries) == offsetof(bpf_attr, max_entries));
static_assert(offsetof(MapCreateAttr, map_flags) == offsetof(bpf_attr, map_flags));
static_assert(offsetof(MapCreateAttr, inner_map_fd) == offsetof(bpf_attr, inner_map_fd));
static_assert(offsetof(MapCreateAttr, numa_node) == offsetof(bpf_attr, numa_node));
static_assert(offsetof(MapCreateAttr, map_name) == offsetof(bpf_attr, map_name));
static_assert(offsetof(MapCreateAttr, map_ifindex) == offsetof(bpf_attr, map_ifindex));
static_assert(offsetof(MapCreateAttr, btf_fd) == offsetof(bpf_attr, btf_fd));
static_assert(offsetof(MapCreateAttr, btf_key_type_id) == offsetof(bpf_attr, btf_key_type_id));
static_assert(offsetof(MapCreateAttr, btf_value_type_id) == offsetof(bpf_attr, btf_value_type_id));
static_assert(offsetof(MapCreateAttr, btf_vmlinux_value_type_id) == 60);
static_assert(offsetof(MapCreateAttr, map_extra) == 64);
static_assert(offsetof(MapCreateAttr, value_type_btf_obj_fd) == 72);
static_assert(offsetof(MapCreateAttr, map_token_fd) == 76);
static_assert(offsetof(MapCreateAttr, excl_prog_hash) == 80);
static_assert(offsetof(MapCreateAttr, excl_prog_hash_size) == 88);
static_assert(sizeof(MapCreateAttr) == 96);

TEST(MapCreate, PassesTheBytesThatTheCallerNames) {
  MapCreateAttr attr;
  std::memset(&attr, 0xC3, sizeof attr);
  for (const unsigned int size : {20U, 28U, 64U, 72U, 92U, 96U}) {
    FakeBpf bpf{5};
    EXPECT_EQ(map_create(attr, size), 5);
    const auto call = bpf.only_call();
    EXPECT_EQ(call.cmd, BPF_MAP_CREATE);
    EXPECT_EQ(call.size, size);
    EXPECT_EQ(call.attr, first_bytes(&attr, size));
  }
}

TEST(MapCreate, LeavesTheCallersAttributeAlone) {
  FakeBpf bpf{[](int, void* attr, unsigned int size) {
    std::memset(attr, 0xFF, size);
    return 5L;
  }};
  MapCreateAttr attr;
  std::memset(&attr, 0, sizeof attr);
  EXPECT_EQ(map_create(attr), 5);
  EXPECT_EQ(first_bytes(&attr, sizeof attr), Bytes(sizeof attr));
}

// --- the commands on whole maps ---

TEST(BtfLoad, PassesTheBytesAndTheToken) {
  const std::array<std::byte, 24> btf{};
  const auto plain = [&](bpf_attr& attr) {
    attr.btf = address(btf.data());
    attr.btf_size = btf.size();
  };
  FakeBpf bpf{5};
  soil_the_stack();
  EXPECT_EQ(btf_load(btf.data(), btf.size()), 5);
  EXPECT_EQ(bpf.only_call().cmd, BPF_BTF_LOAD);
  EXPECT_EQ(bpf.only_call().attr, attr_of(20, plain));

  FakeBpf with_token{5};
  soil_the_stack();
  EXPECT_EQ(btf_load(btf.data(), btf.size(), 9), 5);
  // bpf_attr::btf_flags and btf_token_fd are newer than the headers of some build machines.
  Bytes expected = attr_of(40, plain);
  const std::uint32_t token_flag = 1U << 16U;
  const std::uint32_t token = 9;
  std::memcpy(&expected[32], &token_flag, 4);
  std::memcpy(&expected[36], &token, 4);
  EXPECT_EQ(with_token.only_call().attr, expected);
}

TEST(BtfGetFdById, PassesTheId) {
  FakeBpf bpf{5};
  soil_the_stack();
  EXPECT_EQ(btf_get_fd_by_id(0xFFFF'FFFE), 5);
  const auto call = bpf.only_call();
  EXPECT_EQ(call.cmd, BPF_BTF_GET_FD_BY_ID);
  EXPECT_EQ(call.size, 4U);
  EXPECT_EQ(call.attr, attr_of(4, [](bpf_attr& attr) { attr.btf_id = 0xFFFF'FFFE; }));
}

TEST(BtfGetData, PassesTheRoomAndReturnsTheSize) {
  std::array<std::byte, 24> room{};
  const FakeBpf bpf{[&room](int cmd, void* attr, unsigned int size) -> long {
    bpf_attr request{};
    std::memcpy(&request, attr, size);
    EXPECT_EQ(cmd, BPF_OBJ_GET_INFO_BY_FD);
    EXPECT_EQ(request.info.bpf_fd, 5U);
    bpf_btf_info info{};
    EXPECT_EQ(request.info.info_len, 16U);
    std::memcpy(&info, reinterpret_cast<void*>(request.info.info), 16);
    EXPECT_EQ(info.btf, address(room.data()));
    EXPECT_EQ(info.btf_size, room.size());
    info.btf_size = 100;
    std::memcpy(reinterpret_cast<void*>(request.info.info), &info, 16);
    return 0;
  }};
  std::uint32_t size = room.size();
  EXPECT_EQ(btf_get_data(5, room.data(), size), 0);
  EXPECT_EQ(size, 100U);
  const FakeBpf refused{-EACCES};
  EXPECT_EQ(btf_get_data(5, room.data(), size), -EACCES);
  EXPECT_EQ(size, 100U);
}

TEST(MapFreeze, PassesTheDescriptorOnly) {
  expect_call(
      BPF_MAP_FREEZE, 4, [](bpf_attr& attr) { attr.map_fd = 7; }, [] { return map_freeze(7); });
}

TEST(ObjPin, PassesPathAndDescriptor) {
  const char* const path = "/sys/fs/bpf/flows";
  expect_call(
      BPF_OBJ_PIN, 12,
      [path](bpf_attr& attr) {
        attr.pathname = address(path);
        attr.bpf_fd = 7;
      },
      [path] { return obj_pin(7, path); });
}

TEST(ObjGet, PassesPathAndFlags) {
  const char* const path = "/sys/fs/bpf/flows";
  FakeBpf bpf{5};
  soil_the_stack();
  EXPECT_EQ(obj_get(path, BPF_F_RDONLY), 5);
  const auto call = bpf.only_call();
  EXPECT_EQ(call.cmd, BPF_OBJ_GET);
  EXPECT_EQ(call.size, 16U);
  EXPECT_EQ(call.attr, attr_of(16, [path](bpf_attr& attr) {
              attr.pathname = address(path);
              attr.file_flags = 8;
            }));
}

static_assert(sizeof(MapInfoData) == 88, "what kernels from 5.16 to 6.17 tell");
static_assert(offsetof(MapInfoData, type) == offsetof(bpf_map_info, type));
static_assert(offsetof(MapInfoData, id) == offsetof(bpf_map_info, id));
static_assert(offsetof(MapInfoData, key_size) == offsetof(bpf_map_info, key_size));
static_assert(offsetof(MapInfoData, value_size) == offsetof(bpf_map_info, value_size));
static_assert(offsetof(MapInfoData, max_entries) == offsetof(bpf_map_info, max_entries));
static_assert(offsetof(MapInfoData, map_flags) == offsetof(bpf_map_info, map_flags));
static_assert(offsetof(MapInfoData, name) == offsetof(bpf_map_info, name));
static_assert(offsetof(MapInfoData, ifindex) == offsetof(bpf_map_info, ifindex));
static_assert(offsetof(MapInfoData, btf_vmlinux_value_type_id) ==
              offsetof(bpf_map_info, btf_vmlinux_value_type_id));
static_assert(offsetof(MapInfoData, netns_dev) == offsetof(bpf_map_info, netns_dev));
static_assert(offsetof(MapInfoData, netns_ino) == offsetof(bpf_map_info, netns_ino));
static_assert(offsetof(MapInfoData, btf_id) == offsetof(bpf_map_info, btf_id));
static_assert(offsetof(MapInfoData, btf_key_type_id) == offsetof(bpf_map_info, btf_key_type_id));
static_assert(offsetof(MapInfoData, btf_value_type_id) ==
              offsetof(bpf_map_info, btf_value_type_id));
static_assert(offsetof(MapInfoData, btf_vmlinux_id) == 76);
static_assert(offsetof(MapInfoData, map_extra) == offsetof(bpf_map_info, map_extra));

// The newest kernels read some of the room they are given, so that it must be zero.
TEST(MapGetInfoByFd, PassesZeroedRoomAndItsSize) {
  MapInfoData info;
  std::memset(&info, 0xA5, sizeof info);
  FakeBpf bpf{[&info](int, void*, unsigned int) {
    EXPECT_EQ(first_bytes(&info, sizeof info), Bytes(sizeof info));
    info.id = 99;
    return 0L;
  }};
  soil_the_stack();
  EXPECT_EQ(map_get_info_by_fd(7, info), 0);
  EXPECT_EQ(info.id, 99U);
  const auto call = bpf.only_call();
  EXPECT_EQ(call.cmd, BPF_OBJ_GET_INFO_BY_FD);
  EXPECT_EQ(call.size, 16U);
  EXPECT_EQ(call.attr, attr_of(16, [&info](bpf_attr& attr) {
              attr.info.bpf_fd = 7;
              attr.info.info_len = 88;
              attr.info.info = address(&info);
            }));
}

TEST(MapGetNextId, PassesTheIdAndTakesTheNextOne) {
  FakeBpf bpf{[](int, void* attr, unsigned int) {
    static_cast<bpf_attr*>(attr)->next_id = 42;
    return 0L;
  }};
  std::uint32_t next = 1;
  soil_the_stack();
  EXPECT_EQ(map_get_next_id(41, next), 0);
  EXPECT_EQ(next, 42U);
  const auto call = bpf.only_call();
  EXPECT_EQ(call.cmd, BPF_MAP_GET_NEXT_ID);
  EXPECT_EQ(call.size, 8U);
  EXPECT_EQ(call.attr, attr_of(8, [](bpf_attr& attr) { attr.start_id = 41; }));
}

TEST(MapGetNextId, LeavesTheCallersIdAloneOnFailure) {
  FakeBpf bpf{[](int, void* attr, unsigned int) {
    static_cast<bpf_attr*>(attr)->next_id = 42;
    return -long{ENOENT};
  }};
  std::uint32_t next = 1;
  EXPECT_EQ(map_get_next_id(41, next), -ENOENT);
  EXPECT_EQ(next, 1U);
}

TEST(MapGetFdById, PassesIdAndFlags) {
  FakeBpf bpf{5};
  soil_the_stack();
  EXPECT_EQ(map_get_fd_by_id(0xFFFF'FFFE, BPF_F_WRONLY), 5);
  const auto call = bpf.only_call();
  EXPECT_EQ(call.cmd, BPF_MAP_GET_FD_BY_ID);
  EXPECT_EQ(call.size, 12U);
  EXPECT_EQ(call.attr, attr_of(12, [](bpf_attr& attr) {
              attr.map_id = 0xFFFF'FFFE;
              attr.open_flags = 16;
            }));
}

// --- errnos ---

struct Function {
  const char* name;
  std::function<int()> call;
};

// Every function of the layer once.
std::vector<Function> every_function() {
  static std::array<std::byte, 8> buffer;
  static std::uint32_t number;
  static MapInfoData info;
  static MapCreateAttr attr;
  return {
      {"map_lookup_elem", [] { return map_lookup_elem(7, &buffer, &buffer); }},
      {"map_update_elem", [] { return map_update_elem(7, &buffer, &buffer); }},
      {"map_lookup_and_delete_elem",
       [] { return map_lookup_and_delete_elem(7, &buffer, &buffer); }},
      {"map_delete_elem", [] { return map_delete_elem(7, &buffer); }},
      {"map_get_next_key", [] { return map_get_next_key(7, &buffer, &buffer); }},
      {"map_lookup_batch",
       [] { return map_lookup_batch(7, nullptr, &buffer, &buffer, &buffer, number); }},
      {"map_lookup_and_delete_batch",
       [] { return map_lookup_and_delete_batch(7, nullptr, &buffer, &buffer, &buffer, number); }},
      {"map_update_batch", [] { return map_update_batch(7, &buffer, &buffer, number); }},
      {"map_delete_batch", [] { return map_delete_batch(7, &buffer, number); }},
      {"map_create", [] { return map_create(attr); }},
      {"map_freeze", [] { return map_freeze(7); }},
      {"obj_pin", [] { return obj_pin(7, "/"); }},
      {"obj_get", [] { return obj_get("/"); }},
      {"map_get_info_by_fd", [] { return map_get_info_by_fd(7, info); }},
      {"map_get_next_id", [] { return map_get_next_id(7, number); }},
      {"map_get_fd_by_id", [] { return map_get_fd_by_id(7); }},
  };
}

TEST(EveryFunction, ReturnsTheErrnoItGot) {
  constexpr int enotsupp_524 = 524;
  static_assert(enotsupp == enotsupp_524);
  for (const auto& [name, call] : every_function()) {
    for (const int error : {EPERM, ENOENT, EINTR, E2BIG, EBADF, EAGAIN, ENOMEM, EFAULT, EBUSY,
                            EEXIST, EINVAL, EMFILE, ENOSPC, EBADFD, EOPNOTSUPP, enotsupp_524}) {
      FakeBpf bpf{-long{error}};
      EXPECT_EQ(call(), -error) << name;
      EXPECT_EQ(bpf.calls().size(), 1U) << name << ": never repeated here";
    }
  }
}

TEST(EveryFunction, HasACommandOfItsOwn) {
  std::vector<int> commands;
  for (const auto& function : every_function()) {
    FakeBpf bpf{-long{EINVAL}};
    (void)function.call();
    commands.push_back(bpf.only_call().cmd);
  }
  std::sort(commands.begin(), commands.end());
  EXPECT_EQ(std::unique(commands.begin(), commands.end()), commands.end());
  EXPECT_EQ(commands.size(), 16U);
}

TEST(SetBpfForTesting, GivesBackWhatWasThere) {
  const BpfFunction real =
      set_bpf_for_testing([](int, void*, unsigned int) noexcept { return 5L; });
  EXPECT_EQ(real, &bpf_syscall);
  EXPECT_EQ(map_freeze(7), 5);
  set_bpf_for_testing(real);
  EXPECT_EQ(set_bpf_for_testing(&bpf_syscall), &bpf_syscall);
}

// Whatever the real kernel says here (no such map, no privilege, no bpf(2) at all), it says it to
// syscall(2) as well, and in errno there.
TEST(BpfSyscall, ReturnsTheNegativeErrno) {
  for (const int cmd : {int{BPF_MAP_FREEZE}, int{BPF_MAP_LOOKUP_ELEM}, 9999, -1}) {
    bpf_attr attr;
    std::memset(&attr, 0, sizeof attr);
    attr.map_fd = 0xFFFF'FFFF;
    ASSERT_EQ(::syscall(__NR_bpf, cmd, &attr, 4), -1);
    EXPECT_EQ(bpf_syscall(cmd, &attr, 4), -errno);
  }
}

// --- descriptor 0 ---

// A kernel that hands out the lowest free descriptor, as all do.
long open_lowest(int, void*, unsigned int) { return ::open("/dev/null", O_RDWR | O_CLOEXEC); }

std::vector<Function> functions_that_open() {
  static MapCreateAttr attr;
  return {{"map_create", [] { return map_create(attr); }},
          {"obj_get", [] { return obj_get("/"); }},
          {"map_get_fd_by_id", [] { return map_get_fd_by_id(1); }}};
}

TEST(EveryNewDescriptor, IsMovedAwayFromZeroAndClosedOnExec) {
  for (const auto& [name, call] : functions_that_open()) {
    SCOPED_TRACE(name);
    test::in_child([&open = call] {
      FakeBpf bpf{&open_lowest};
      ::close(0);
      const int fd = open();
      EXPECT_GE(fd, 3);
      EXPECT_EQ(::fcntl(fd, F_GETFD), FD_CLOEXEC);
      EXPECT_EQ(::fcntl(0, F_GETFD), -1) << "0 is free again";
    });
  }
}

TEST(EveryNewDescriptor, IsClosedWhenItCannotBeMoved) {
  for (const auto& [name, call] : functions_that_open()) {
    SCOPED_TRACE(name);
    test::in_child([&open = call] {
      FakeBpf bpf{&open_lowest};
      const rlimit four{4, 4};
      ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &four), 0);
      while (::open("/dev/null", O_RDONLY | O_CLOEXEC) >= 0) continue;
      ::close(0);
      EXPECT_EQ(open(), -EMFILE);
      EXPECT_EQ(::fcntl(0, F_GETFD), -1);
    });
  }
}

TEST(EveryNewDescriptor, KeepsANumberOtherThanZero) {
  for (const auto& [name, call] : functions_that_open()) {
    FakeBpf bpf{9};
    EXPECT_EQ(call(), 9) << name;
  }
}

}  // namespace
}  // namespace bpfmap::sys
