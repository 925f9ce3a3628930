// SPDX-License-Identifier: MIT
// What the running kernel can do, as tried on Linux 6.18, and what is remembered of it.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "../../../src/explain/system.hpp"
#include "../../../src/map/creation.hpp"
#include "bpfmap/map/map.hpp"
#include "bpfmap/map/supports.hpp"
#include "fake_bpf.hpp"
#include "kernel_has.hpp"
#include "maps.hpp"

namespace bpfmap {
namespace {

using test::errno_code;
using test::FakeBpf;

long real(int cmd, void* attr, unsigned int size) { return sys::bpf_syscall(cmd, attr, size); }

constexpr MapType type(std::uint32_t number) { return static_cast<MapType>(number); }

// Such a map cannot be created without the types of a program; every kernel since 5.6 has them.
bool kernel_has(MapType type) { return type == MapType::struct_ops || test::kernel_has(type); }

// The newest command for a type that older kernels have already. With it come all others, except
// that stack_trace maps lack lookup_and_delete before 6.18.
bool has_every_command() { return test::kernel_has_batches(MapType::hash_of_maps); }
bool lacks(MapType type, Operation operation) {
  return operation == Operation::lookup_and_delete && type == MapType::stack_trace &&
         !test::kernel_has_lookup_and_delete(type);
}

// --- the real kernel ---

TEST(Supports, SaysYesToEveryTypeThatCanBeMade) {
  for (const MapTypeTraits& row : map_types()) {
    std::error_code ec;
    if (Map::create(test::spec_of(row.type), ec)) {
      EXPECT_EQ(supports(row.type), Support::yes) << row.name;
    }
  }
}

TEST(Supports, KnowsTheTypesOfThisKernel) {
  for (const MapTypeTraits& row : map_types())
    EXPECT_EQ(supports(row.type), kernel_has(row.type) ? Support::yes : Support::no) << row.name;
  for (const std::uint32_t none : {0U, 36U, 63U, 64U, 70000U, 0xFFFF'FFFFU})
    EXPECT_EQ(supports(type(none)), Support::no) << none;
}

struct Row {
  std::string_view name;
  std::string_view answers;  // y or -, one an operation
};

constexpr std::array operations{Operation::lookup,
                                Operation::update,
                                Operation::erase,
                                Operation::get_next_key,
                                Operation::lookup_and_delete,
                                Operation::lookup_batch,
                                Operation::drain,
                                Operation::update_batch,
                                Operation::erase_batch,
                                Operation::freeze,
                                Operation::scan};

// clang-format off
constexpr std::array rows{
    //                          lkp upd era nxt lad lb ldb ub db frz scan
    Row{"hash",                  "y y y y y y y y y y y"},
    Row{"array",                 "y y - y - y - y - y y"},
    Row{"prog_array",            "y y y y - - - - - y y"},
    Row{"perf_event_array",      "- y y y - - - - - y y"},
    Row{"percpu_hash",           "y y y y y y y y y y y"},
    Row{"percpu_array",          "y y - y - y - y - y y"},
    Row{"stack_trace",           "y - y y y - - - - y y"},
    Row{"cgroup_array",          "- y y y - - - - - y y"},
    Row{"lru_hash",              "y y y y y y y y y y y"},
    Row{"lru_percpu_hash",       "y y y y y y y y y y y"},
    Row{"lpm_trie",              "y y y y - y - y y y y"},
    Row{"array_of_maps",         "y y y y - y - y - y y"},
    Row{"hash_of_maps",          "y y y y - y y y y y y"},
    Row{"devmap",                "y y y y - - - - - y y"},
    Row{"sockmap",               "y y y y - - - - - y y"},
    Row{"cpumap",                "y y y y - - - - - y y"},
    Row{"xskmap",                "- y y y - - - - - y y"},
    Row{"sockhash",              "y y y y - - - - - y y"},
    Row{"cgroup_storage",        "y y - y - - - - - y y"},
    Row{"reuseport_sockarray",   "y y y y - - - - - y y"},
    Row{"percpu_cgroup_storage", "y y - y - - - - - y y"},
    Row{"queue",                 "y y - - y - - - - y -"},
    Row{"stack",                 "y y - - y - - - - y -"},
    Row{"sk_storage",            "y y y - - - - - - y -"},
    Row{"devmap_hash",           "y y y y - - - - - y y"},
    Row{"struct_ops",            "y - y y - - - - - - y"},
    Row{"ringbuf",               "- - - - - - - - - y -"},
    Row{"inode_storage",         "y y y - - - - - - y -"},
    Row{"task_storage",          "y y y - - - - - - y -"},
    Row{"bloom_filter",          "y y - - - - - - - y -"},
    Row{"user_ringbuf",          "- - - - - - - - - y -"},
    Row{"cgrp_storage",          "y y y - - - - - - y -"},
    Row{"arena",                 "- - - - - - - - - y -"},
};
// clang-format on

TEST(SupportsOperation, IsWhatTheMatrixSays) {
  if (!has_every_command()) GTEST_SKIP() << "this kernel lacks commands of the matrix";
  for (const Row& row : rows) {
    const MapType of = *parse_map_type(row.name);
    if (!kernel_has(of)) continue;
    std::string answers;
    for (const Operation operation : operations) {
      const Support support = lacks(of, operation) ? Support::yes : supports(operation, of);
      answers += support == Support::yes ? "y " : support == Support::no ? "- " : "? ";
    }
    answers.pop_back();
    EXPECT_EQ(answers, row.answers) << row.name;
  }
}

TEST(SupportsOperation, IsWhatSupportsSaysForWhatEveryMapCan) {
  for (const Operation operation : {Operation::create, Operation::pin, Operation::info,
                                    Operation::from_id, Operation::open_pinned}) {
    EXPECT_EQ(supports(operation, MapType::ringbuf), Support::yes);
    EXPECT_EQ(supports(operation, type(0)), Support::no);
  }
}

TEST(SupportsOperation, IsYesOfMemoryAndRecordsOnlyWhereTheyWereHad) {
  using enum Operation;
  for (const MapTypeTraits& row : map_types()) {
    if (supports(row.type) != Support::yes) continue;
    const auto expect = [&row](Operation operation, bool wanted) {
      EXPECT_EQ(supports(operation, row.type), wanted ? Support::yes : Support::no)
          << to_string(operation) << " of " << row.name;
    };
    const bool ring = row.type == MapType::ringbuf;
    const bool user_ring = row.type == MapType::user_ringbuf;
    const bool events = ring || row.type == MapType::perf_event_array;
    expect(poll, events);
    expect(consume, events);
    expect(reserve, user_ring);
    expect(mmap, ring || user_ring || row.type == MapType::array || row.type == MapType::arena);
  }
}

// The table is what the kernel does, type by type and command by command.
TEST(SupportsOperation, IsWhatTheTableOfTypesSays) {
  if (!has_every_command()) GTEST_SKIP() << "this kernel lacks commands of the table";
  constexpr std::array commands{
      std::pair{Operation::lookup, MapCommands::lookup},
      std::pair{Operation::update, MapCommands::update},
      std::pair{Operation::erase, MapCommands::erase},
      std::pair{Operation::get_next_key, MapCommands::get_next_key},
      std::pair{Operation::lookup_and_delete, MapCommands::lookup_and_delete},
      std::pair{Operation::lookup_batch, MapCommands::lookup_batch},
      std::pair{Operation::update_batch, MapCommands::update_batch},
      std::pair{Operation::erase_batch, MapCommands::erase_batch},
      std::pair{Operation::drain, MapCommands::drain_batch},
      std::pair{Operation::freeze, MapCommands::freeze},
  };
  for (const MapTypeTraits& row : map_types()) {
    if (supports(row.type) != Support::yes) continue;
    for (const auto& [operation, command] : commands)
      if (!lacks(row.type, operation)) {
        EXPECT_EQ(supports(operation, row.type) == Support::yes, row.has_command(command))
            << to_string(operation) << " of " << row.name;
      }
  }
}

// Whether the running kernel is older than the flag.
bool is_newer(MapFlags flag) {
  const auto names = detail::flag_names();
  const auto row = std::find_if(names.begin(), names.end(),
                                [flag](const detail::FlagName& name) { return name.flag == flag; });
  return row != names.end() && detail::kernel_is_before(row->since);
}

TEST(SupportsFlags, IsWhatTheTableOfTypesSays) {
  for (const MapTypeTraits& row : map_types()) {
    if (supports(row.type) != Support::yes || row.type == MapType::struct_ops) continue;
    for (std::uint32_t bit = 0; bit < 32; ++bit) {
      const auto flag = static_cast<MapFlags>(1U << bit);
      constexpr MapFlags with_fields = MapFlags::token_fd | MapFlags::vtype_btf_obj_fd;
      if (has(with_fields, flag) || is_newer(flag)) continue;
      EXPECT_EQ(supports(row.type, flag) == Support::yes, has(row.flags_taken, flag))
          << row.name << " flag bit " << bit;
    }
  }
}

TEST(SupportsFlags, KnowsWhatIsNewAndWhatExcludesEachOther) {
  EXPECT_EQ(supports(MapType::array, MapFlags::mmapable), Support::yes);
  EXPECT_EQ(supports(MapType::array, MapFlags::inner_map), Support::yes);
  EXPECT_EQ(supports(MapType::hash, MapFlags::rdonly_prog), Support::yes);
  EXPECT_EQ(supports(MapType::hash, MapFlags::mmapable), Support::no);
  EXPECT_EQ(supports(MapType::hash, MapFlags::rdonly_prog | MapFlags::wronly_prog), Support::no);
  EXPECT_EQ(supports(MapType::hash, static_cast<MapFlags>(1U << 31U)), Support::no);
  EXPECT_EQ(supports(MapType::array, MapFlags::none), Support::yes);
}

TEST(SupportsFlags, IsNotPermittedWhereTheKernelSaysSo) {
  const FakeBpf fake{[](int cmd, void* attr, unsigned int size) {
    const bool creates = cmd == static_cast<int>(sys::Command::map_create);
    const bool asked = creates && static_cast<const sys::MapCreateAttr*>(attr)->map_flags ==
                                      detail::to_underlying(MapFlags::zero_seed);
    return asked ? -EPERM : real(cmd, attr, size);
  }};
  std::error_code ec = Errc::invalid_name;
  EXPECT_EQ(supports(MapType::hash, MapFlags::zero_seed, ec), Support::not_permitted);
  EXPECT_FALSE(ec);
}

TEST(SupportsOperation, IsNoForATypeThatIsNotThere) {
  for (const Operation operation : operations)
    EXPECT_EQ(supports(operation, type(59)), Support::no) << to_string(operation);
}

TEST(Supports, LeavesNothingOpen) {
  (void)supports(MapType::hash);  // whatever is opened once
  const std::size_t before = test::open_descriptors();
  for (const MapTypeTraits& row : map_types()) {
    (void)supports(row.type);
    for (const Operation operation : operations) (void)supports(operation, row.type);
  }
  EXPECT_EQ(test::open_descriptors(), before);
}

// --- what is remembered ---

// Nothing is remembered at the beginning and at the end.
struct SupportMemory : ::testing::Test {
  SupportMemory() { detail::forget_support(); }
  ~SupportMemory() override { detail::forget_support(); }
};

TEST_F(SupportMemory, LetsTheKernelBeAskedOnce) {
  FakeBpf bpf{real};
  std::error_code ec = Errc::invalid_name;
  EXPECT_EQ(supports(MapType::lpm_trie, ec), Support::yes);
  EXPECT_FALSE(ec);
  EXPECT_EQ(bpf.count(BPF_MAP_CREATE), 1U);
  EXPECT_EQ(supports(Operation::drain, MapType::lpm_trie), Support::no);
  EXPECT_EQ(bpf.count(BPF_MAP_LOOKUP_AND_DELETE_BATCH), 1U);
  EXPECT_EQ(supports(type(58)), Support::no);
  bpf.forget();
  ec = Errc::invalid_name;
  EXPECT_EQ(supports(MapType::lpm_trie, ec), Support::yes);
  EXPECT_FALSE(ec);
  EXPECT_EQ(supports(MapType::lpm_trie), Support::yes);
  ec = Errc::invalid_name;
  EXPECT_EQ(supports(Operation::drain, MapType::lpm_trie, ec), Support::no);
  EXPECT_FALSE(ec);
  EXPECT_EQ(supports(type(58)), Support::no);
  EXPECT_EQ(bpf.calls().size(), 0U);
}

TEST_F(SupportMemory, HoldsNoRefusal) {
  for (const int error : {EPERM, EACCES}) {
    FakeBpf bpf{[error](int, void*, unsigned int) { return -error; }};
    std::error_code ec = Errc::invalid_name;
    EXPECT_EQ(supports(MapType::hash, ec), Support::not_permitted);
    EXPECT_FALSE(ec);
    EXPECT_EQ(supports(Operation::lookup, MapType::hash), Support::not_permitted);
    EXPECT_EQ(supports(MapType::task_storage), Support::not_permitted) << "its BTF";
    EXPECT_EQ(supports(Operation::scan, MapType::hash), Support::not_permitted);
  }
  EXPECT_EQ(supports(MapType::hash), Support::yes);
  EXPECT_EQ(supports(Operation::lookup, MapType::hash), Support::yes);
  EXPECT_EQ(supports(MapType::task_storage), Support::yes);
}

TEST_F(SupportMemory, TellsARefusalFromALack) {
  int error = EPERM;
  FakeBpf bpf{[&error](int cmd, void* attr, unsigned int size) -> long {
    return cmd == BPF_MAP_LOOKUP_AND_DELETE_ELEM ? -error : real(cmd, attr, size);
  }};
  EXPECT_EQ(supports(Operation::lookup_and_delete, MapType::hash), Support::not_permitted);
  error = EINVAL;  // what a kernel before 4.20 says
  EXPECT_EQ(supports(Operation::lookup_and_delete, MapType::hash), Support::no);
  error = EOPNOTSUPP;
  EXPECT_EQ(supports(Operation::lookup_and_delete, MapType::lru_hash), Support::no);
  error = sys::enotsupp;
  EXPECT_EQ(supports(Operation::lookup_and_delete, MapType::percpu_hash), Support::no);
  error = ENOENT;
  EXPECT_EQ(supports(Operation::lookup_and_delete, MapType::lru_percpu_hash), Support::yes);
}

TEST_F(SupportMemory, HoldsNothingThatCouldNotBeFoundOut) {
  for (const int error : {EMFILE, ENFILE, ENOMEM}) {
    FakeBpf bpf{[error](int, void*, unsigned int) { return -error; }};
    std::error_code ec;
    (void)supports(MapType::stack, ec);
    EXPECT_EQ(ec, errno_code(error));
    ec.clear();
    (void)supports(Operation::lookup, MapType::stack, ec);
    EXPECT_EQ(ec, errno_code(error));
    EXPECT_EQ(test::error_of([] { (void)supports(MapType::stack); }).code(), errno_code(error));
    EXPECT_EQ(test::error_of([] { (void)supports(Operation::lookup, MapType::stack); }).code(),
              errno_code(error));
  }
  EXPECT_EQ(supports(Operation::lookup, MapType::stack), Support::yes) << "nothing is remembered";
}

TEST_F(SupportMemory, TakesAnOlderKernelsShorterAttributeForANo) {
  FakeBpf bpf{-E2BIG};
  EXPECT_EQ(supports(MapType::sk_storage), Support::no);
}

// A new type of a new kernel: asked for with keys and values of 4 bytes.
TEST_F(SupportMemory, TriesTypesThatItDoesNotKnow) {
  FakeBpf bpf{[](int cmd, void* attr, unsigned int size) -> long {
    if (cmd == BPF_MAP_CREATE) {
      sys::MapCreateAttr asked{};
      std::memcpy(&asked, attr, size);
      if (asked.map_type != 57) return -EINVAL;
      asked.map_type = BPF_MAP_TYPE_HASH;
      return real(cmd, &asked, size);
    }
    return real(cmd, attr, size);
  }};
  EXPECT_EQ(supports(type(57)), Support::yes);
  EXPECT_EQ(supports(Operation::erase, type(57)), Support::yes);
  EXPECT_EQ(supports(type(56)), Support::no);
}

TEST_F(SupportMemory, GivesEveryThreadTheSameAnswer) {
  std::vector<std::thread> threads;
  std::array<Support, 8> answers{};
  for (Support& answer : answers)
    threads.emplace_back([&answer] {
      for (int i = 0; i < 100; ++i) answer = supports(Operation::erase_batch, MapType::hash);
    });
  for (std::thread& thread : threads) thread.join();
  for (const Support answer : answers) EXPECT_EQ(answer, Support::yes);
}

}  // namespace
}  // namespace bpfmap
