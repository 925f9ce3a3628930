// SPDX-License-Identifier: MIT
// What Map::create refuses, held against the running kernel: a spec with one mistake is refused and
// the text names that field; the nearest spec without it is taken.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <functional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "bpfmap/map/map.hpp"
#include "bpfmap/sys/bpf.hpp"
#include "fake_bpf.hpp"
#include "kernel_has.hpp"
#include "kernel_test.hpp"
#include "maps.hpp"
#include "small_btf.hpp"

namespace bpfmap {
namespace {

using enum MapType;
using test::contains;
using test::error_of;
using test::is_local_storage;
using test::SmallBtf;

using Field = std::uint32_t MapSpec::*;
using Change = std::function<void(MapSpec&)>;

constexpr Field key_size = &MapSpec::key_size;
constexpr Field value_size = &MapSpec::value_size;
constexpr Field max_entries = &MapSpec::max_entries;

std::string name_of(Field field) {
  if (field == key_size) return "key_size";
  return field == value_size ? "value_size" : "max_entries";
}

class CreateError : public ::testing::Test {
 protected:
  // A small spec of `type` that the kernel takes.
  [[nodiscard]] MapSpec legal(MapType type) const {
    MapSpec spec = test::spec_of(type);
    spec.name.clear();
    if (type == array_of_maps || type == hash_of_maps) spec.inner_map_fd = inner.fd();
    if (type == stack_trace) spec.value_size = 32;  // legal with stack_build_id, too
    if (is_local_storage(type)) {
      spec.max_entries = 0;
      spec.flags = MapFlags::no_prealloc;
      use_btf(spec, SmallBtf::integer, SmallBtf::plain);
    }
    return spec;
  }

  void use_btf(MapSpec& spec, std::uint32_t key_type, std::uint32_t value_type) const {
    spec.btf_fd = btf.fd();
    spec.btf_key_type_id = key_type;
    spec.btf_value_type_id = value_type;
  }

  // Every type that this kernel has; struct_ops needs types of the kernel's own BTF.
  std::vector<MapType> types() {
    std::vector<MapType> known;
    for (const MapTypeTraits& row : map_types()) {
      std::error_code ec;
      if (Map::create(legal(row.type), ec)) known.push_back(row.type);
    }
    EXPECT_GE(known.size(), 23U);  // as many as Linux 5.2 has
    return known;
  }

  // `text` without the reason that a kernel may add, for which create_reason_test.cpp is.
  static std::string without_reason(std::string text) {
    const std::size_t begin = text.find("; kernel message: ");
    if (begin != text.npos) text.erase(begin, text.rfind(": ") - begin);
    return text;
  }

  // Whether the kernel creates such maps, or, of struct_ops, would with the types of a program.
  static bool has_type(MapType type) { return type == struct_ops || test::kernel_has(type); }

  // Both forms refuse `spec` with `code`; gives what() of the throwing one.
  static std::string refusal(const MapSpec& spec, std::error_condition code) {
    std::error_code ec;
    const auto before = test::open_descriptors();
    EXPECT_FALSE(Map::create(spec, ec));
    const Error error = error_of([&] { (void)Map::create(spec); });
    EXPECT_EQ(test::open_descriptors(), before);
    EXPECT_EQ(ec, code) << ec.message();
    EXPECT_EQ(error.code(), ec);
    EXPECT_EQ(error.operation(), Operation::create);
    EXPECT_EQ(error.map_id(), 0U);
    return without_reason(error.what());
  }

  static void expect_created(const MapSpec& spec) {
    std::error_code ec;
    EXPECT_TRUE(Map::create(spec, ec)) << error_of([&] { (void)Map::create(spec); }).what();
  }

  // Older kernels have smaller limits.
  static void expect_created_or_called_too_large(const MapSpec& spec, Field field) {
    std::error_code ec;
    if (Map::create(spec, ec)) return;
    EXPECT_TRUE(contains(refusal(spec, ec.default_error_condition()),
                         "): " + name_of(field) + " is " + std::to_string(spec.*field) +
                             ": probably too large for this kernel; Linux "));
  }

  // What this kernel refuses `spec` with: Linux 5.10 has ENOMEM for per-CPU values beyond 32 KiB.
  static std::error_condition refused_with(const MapSpec& spec, std::errc code) {
    std::error_code ec;
    (void)Map::create(spec, ec);
    const bool has_no_check = traits_of(spec.type)->percpu && ec == std::errc::not_enough_memory;
    return std::make_error_condition(has_no_check ? std::errc::not_enough_memory : code);
  }

  // What a mistake elsewhere is told with: nothing that the kernel takes may be called wrong.
  static std::string told_beside_a_mistake(MapSpec spec) {
    spec.map_extra = (std::uint64_t{1} << 40U) + 1;
    return refusal(spec, std::errc::invalid_argument);
  }

  SmallBtf btf;
  Map inner = Map::create({.type = hash, .key_size = 4, .value_size = 4, .max_entries = 1});
};

// The kernel, asked about each type and each number, is of the same opinion as the table.
TEST_F(CreateError, NamesEverySizeThatTheKernelRefusesAndNoOther) {
  constexpr std::array<std::uint32_t, 16> sizes{0,  1,  2,  3,   4,   5,    7,    8,
                                                12, 16, 24, 260, 261, 1016, 1024, 4096};
  for (const MapType type : types())
    for (const Field field : {key_size, value_size, max_entries})
      for (const std::uint32_t size : sizes) {
        MapSpec spec = legal(type);
        if (is_local_storage(type) && field == value_size) continue;  // the BTF type's size
        spec.*field = size;
        const std::string says = name_of(field) + " is " + std::to_string(size) + ": ";
        SCOPED_TRACE(std::string{to_string(type)} + ", " + says);
        std::error_code ec;
        if (Map::create(spec, ec)) {
          EXPECT_FALSE(contains(told_beside_a_mistake(spec), says));
        } else {
          const std::string text = refusal(spec, ec.default_error_condition());
          EXPECT_TRUE(contains(text, "): " + says));
        }
      }
}

TEST_F(CreateError, NamesEveryFlagThatTheKernelRefusesAndNoOther) {
  constexpr MapFlags with_a_field = MapFlags::vtype_btf_obj_fd | MapFlags::token_fd;
  for (const MapType type : types())
    for (std::uint32_t bit = 0; bit < 32; ++bit) {
      const auto flag = static_cast<MapFlags>(1U << bit);
      MapSpec spec = legal(type);
      if (has(with_a_field, flag) || has(spec.flags, flag)) continue;
      spec.flags = spec.flags | flag;
      SCOPED_TRACE(std::string{to_string(type)} + ", flag " + std::to_string(bit));
      std::error_code ec;
      if (Map::create(spec, ec))
        EXPECT_FALSE(contains(told_beside_a_mistake(spec), "flags:"));
      else
        EXPECT_TRUE(contains(refusal(spec, ec.default_error_condition()), "): flags: "));
    }
}

// --- one row a limit ---

struct LimitCase {
  MapType type;
  Field field;
  std::uint32_t refused;
  std::uint32_t taken;  // the nearest; 0xffffffff where that takes too much memory for a test
  std::errc code;
  const char* says;
};
constexpr std::uint32_t too_large = 0xffffffff;

const std::vector<LimitCase>& limit_cases() {
  using enum std::errc;
  static const std::vector<LimitCase> rows{
      {hash, key_size, 0, 1, invalid_argument, "key_size is 0: hash maps take 1 or more"},
      {hash, value_size, 0, 1, invalid_argument, "value_size is 0: hash maps take 1 or more"},
      {hash, max_entries, 0, 1, invalid_argument,
       "max_entries is 0: hash maps take 1 to 2147483648"},
      {hash, max_entries, 2147483649, too_large, argument_list_too_long,
       "max_entries is 2147483649: hash maps take 1 to 2147483648"},
      {hash, value_size, 4194252, too_large, argument_list_too_long,
       "key_size and value_size: their sum is at most 4194255"},
      {lru_hash, value_size, 4194252, too_large, argument_list_too_long,
       "key_size and value_size: their sum is at most 4194255"},
      {percpu_hash, value_size, 32769, 32768, argument_list_too_long,
       "value_size is 32769: percpu_hash maps take 1 to 32768 (the value of one CPU)"},
      {lru_percpu_hash, value_size, 32769, 32768, argument_list_too_long,
       "value_size is 32769: lru_percpu_hash maps take 1 to 32768"},
      {percpu_array, value_size, 32769, 32768, argument_list_too_long,
       "value_size is 32769: percpu_array maps take 1 to 32768"},
      {percpu_cgroup_storage, value_size, 32769, 32768, argument_list_too_long,
       "value_size is 32769: percpu_cgroup_storage maps take 1 to 32768"},
      {array, key_size, 8, 4, invalid_argument,
       "key_size is 8: array maps take 4 (the key is a u32)"},
      {array, value_size, 2147483648, too_large, argument_list_too_long,
       "value_size is 2147483648: array maps take 1 to 2147483647"},
      {prog_array, value_size, 8, 4, invalid_argument,
       "value_size is 8: prog_array maps take 4 (the value is a descriptor)"},
      {devmap, value_size, 6, 8, invalid_argument, "value_size is 6: devmap maps take 4 or 8"},
      {sockhash, key_size, 513, 512, argument_list_too_long,
       "key_size is 513: sockhash maps take 1 to 512"},
      {lpm_trie, key_size, 4, 5, invalid_argument,
       "key_size is 4: lpm_trie maps take 5 to 260 (4 of prefix length, then 1 to 256 of prefix)"},
      {lpm_trie, key_size, 261, 260, invalid_argument,
       "key_size is 261: lpm_trie maps take 5 to 260"},
      {lpm_trie, value_size, 4194025, 4194008, invalid_argument,
       "value_size is 4194025: lpm_trie maps take 1 to 4194024"},
      {queue, key_size, 4, 0, invalid_argument,
       "key_size is 4: queue maps take 0 (they have no keys)"},
      {stack, value_size, 4194305, too_large, argument_list_too_long,
       "value_size is 4194305: stack maps take 1 to 4194304"},
      {bloom_filter, value_size, 4194305, 4194304, argument_list_too_long,
       "value_size is 4194305: bloom_filter maps take 1 to 4194304"},
      {stack_trace, value_size, 12, 16, invalid_argument,
       "value_size is 12: stack_trace maps take a multiple of 8 (8 per stack frame)"},
      {stack_trace, value_size, 8 * 65536, 8, invalid_argument,
       "value_size is 524288: more stack frames than kernel.perf_event_max_stack allows"},
      {cpumap, max_entries, 65536, 1, argument_list_too_long,
       "max_entries is 65536: more CPUs than the kernel was built for (NR_CPUS)"},
      {cgroup_storage, key_size, 12, 16, invalid_argument,
       "key_size is 12: cgroup_storage maps take 8 or 16"},
      {cgroup_storage, value_size, 65408, 65407, argument_list_too_long,
       "value_size is 65408: cgroup_storage maps take 1 to 65407"},
      {cgroup_storage, max_entries, 1, 0, invalid_argument,
       "max_entries is 1: cgroup_storage maps take 0 (entries live with their owners)"},
      {sk_storage, max_entries, 1, 0, invalid_argument, "max_entries is 1: sk_storage maps take 0"},
      {task_storage, key_size, 8, 4, invalid_argument,
       "key_size is 8: task_storage maps take 4 (the key is a descriptor)"},
      {inode_storage, value_size, 65408, 4, argument_list_too_long,
       "value_size is 65408: inode_storage maps take 1 to 65407"},
      {ringbuf, value_size, 8, 0, invalid_argument,
       "value_size is 8: ringbuf maps take 0 (they have no elements)"},
      {ringbuf, max_entries, 0, 65536, invalid_argument,
       "max_entries is 0: a ring buffer's size in bytes is a power of two and a multiple of the "
       "page size ("},
      {ringbuf, max_entries, 2147487744, 65536, invalid_argument,
       "max_entries is 2147487744: a ring buffer's size in bytes is a power of two, at "
       "most 2147483648: EINVAL"},
      {user_ringbuf, max_entries, 98304, 131072, invalid_argument,
       "max_entries is 98304: a ring buffer's size in bytes is a power of two and a multiple of "
       "the "
       "page size ("},
      {arena, max_entries, 1048577, 1, argument_list_too_long,
       "max_entries is 1048577: an arena has at most 4 GiB, in pages of "},
      {rhash, key_size, 65536, 65535, argument_list_too_long,
       "key_size is 65536: rhash maps take 1 to 65535"},
      {rhash, max_entries, 2147483649, too_large, argument_list_too_long,
       "max_entries is 2147483649: rhash maps take 1 to 2147483648"},
      {insn_array, value_size, 8, 16, invalid_argument,
       "value_size is 8: insn_array maps take 16 (a struct bpf_insn_array_value)"},
      {stack_trace, max_entries, 2147483649, too_large, argument_list_too_long,
       "max_entries is 2147483649: stack_trace maps take 1 to 2147483648"},
  };
  return rows;
}

TEST_F(CreateError, SaysWhatANumberMayBe) {
  for (const LimitCase& row : limit_cases()) {
    SCOPED_TRACE(row.says);
    if (!has_type(row.type)) continue;
    MapSpec spec = legal(row.type);
    MapSpec refused = spec;
    refused.*row.field = row.refused;
    const std::string text = refusal(refused, refused_with(refused, row.code));
    EXPECT_TRUE(contains(text, row.says));
    EXPECT_TRUE(contains(text, "create map (" + std::string{to_string(row.type)} + ", key_size "));
    if (row.taken == too_large) continue;
    spec.*row.field = row.taken;
    expect_created_or_called_too_large(spec, row.field);
  }
}

// What older kernels refuse, and in which words.
TEST_F(CreateError, SaysWhatAnOlderKernelTakes) {
  struct OlderCase {
    MapType type;
    Field field;
    std::uint32_t refused;
    std::uint32_t most;
    int error;
    std::string says;
  };
  const std::string page = std::to_string(::sysconf(_SC_PAGESIZE));
  const std::array rows{
      OlderCase{lpm_trie, value_size, 4194024, 4194008, EINVAL,
                "value_size is 4194024: too large for this kernel, which accepts 4194008: EINVAL"},
      OlderCase{hash, key_size, 513, 512, E2BIG,
                "key_size is 513: too large for this kernel, which accepts 512: E2BIG"},
      OlderCase{cgroup_storage, value_size, 65407, 4096, E2BIG,
                "value_size is 65407: too large for this kernel, which accepts a page, " + page +
                    ": E2BIG"},
      OlderCase{percpu_hash, value_size, 32769, 32768, ENOMEM,
                "value_size is 32769: percpu_hash maps take 1 to 32768 (the value of one CPU): "
                "ENOMEM"},
  };
  for (const OlderCase& row : rows) {
    SCOPED_TRACE(row.says);
    MapSpec spec = legal(row.type);
    spec.*row.field = row.refused;
    const std::error_condition code{row.error, std::generic_category()};
    std::error_code ec;
    if (!Map::create(spec, ec) && ec == code) {
      EXPECT_TRUE(contains(refusal(spec, code), "): " + row.says));
    }
    const test::FakeBpf older{[&row](int command, void* attr, unsigned int size) {
      const auto& asked = *static_cast<const sys::MapCreateAttr*>(attr);
      const bool creates = command == static_cast<int>(sys::Command::map_create);
      const std::uint32_t given = row.field == key_size ? asked.key_size : asked.value_size;
      return creates && given > row.most ? -long{row.error} : sys::bpf_syscall(command, attr, size);
    }};
    EXPECT_TRUE(contains(refusal(spec, code), "): " + row.says));
  }
}

// A map with all entries would take 512 MiB, to make a text.
TEST_F(CreateError, TriesSizesWithASingleEntry) {
  MapSpec spec = legal(hash);
  spec.key_size = 513;
  spec.max_entries = 1U << 20U;
  std::uint32_t most = 0;
  const test::FakeBpf older{[&most](int command, void* attr, unsigned int size) {
    const auto& asked = *static_cast<const sys::MapCreateAttr*>(attr);
    if (command != static_cast<int>(sys::Command::map_create))
      return sys::bpf_syscall(command, attr, size);
    if (asked.key_size > 512) return -long{E2BIG};
    most = std::max(most, asked.max_entries);
    return sys::bpf_syscall(command, attr, size);
  }};
  EXPECT_TRUE(contains(refusal(spec, std::errc::argument_list_too_long), "which accepts 512"));
  EXPECT_EQ(most, 1U);
}

// Too large altogether, not in its key.
TEST_F(CreateError, BlamesNoSizeThatASingleEntryMayHave) {
  MapSpec spec = legal(hash);
  spec.key_size = 513;
  spec.max_entries = 4;
  const test::FakeBpf kernel{[](int command, void* attr, unsigned int size) {
    const auto& asked = *static_cast<const sys::MapCreateAttr*>(attr);
    const bool creates = command == static_cast<int>(sys::Command::map_create);
    return creates && asked.max_entries > 1 ? -long{E2BIG} : sys::bpf_syscall(command, attr, size);
  }};
  const std::string text = refusal(spec, std::errc::argument_list_too_long);
  EXPECT_FALSE(contains(text, "which accepts 512")) << text;
}

TEST_F(CreateError, BlamesNoSizeWhereTheKernelRefusesSmallerOnesToo) {
  MapSpec spec = legal(lpm_trie);
  spec.value_size = 4194024;
  const test::FakeBpf kernel{-EINVAL};
  EXPECT_TRUE(contains(refusal(spec, std::errc::invalid_argument),
                       "bpfmap finds no wrong field, so the cause is not known"));
}

// A security module returns EACCES, too.
TEST_F(CreateError, NamesNoFieldOfAValueThatHasNone) {
  MapSpec spec = legal(hash);
  use_btf(spec, SmallBtf::integer, SmallBtf::plain);
  spec.flags = MapFlags::rdonly_prog;
  for (const int error : {EACCES, EOPNOTSUPP, sys::enotsupp}) {
    const test::FakeBpf kernel{[error](int command, void* attr, unsigned int size) {
      return command == static_cast<int>(sys::Command::map_create)
                 ? -long{error}
                 : sys::bpf_syscall(command, attr, size);
    }};
    EXPECT_TRUE(contains(refusal(spec, test::errno_code(error).default_error_condition()),
                         "the cause is not known; the running kernel is "));
  }
}

// And what is small enough is not called too large.
TEST_F(CreateError, BlamesNoSizeThatEveryKernelTakes) {
  for (const auto& [type, error] :
       {std::pair{hash, E2BIG}, std::pair{cgroup_storage, E2BIG}, std::pair{percpu_hash, ENOMEM}}) {
    const test::FakeBpf kernel{-error};
    const std::error_condition code{error, std::generic_category()};
    const std::string text = refusal(legal(type), code);
    EXPECT_FALSE(contains(text, "too large"));
    EXPECT_FALSE(contains(text, "maps take"));
  }
}

// --- one row a rule ---

struct RuleCase {
  MapType type;
  Change breaks;
  Change mends;  // makes a legal spec of the broken one
  std::errc code;
  const char* says;
};

class CreateRule : public CreateError {
 protected:
  void expect(const std::vector<RuleCase>& rows) {
    for (const RuleCase& row : rows) {
      SCOPED_TRACE(row.says);
      if (!has_type(row.type)) continue;
      MapSpec spec = legal(row.type);
      row.breaks(spec);
      const std::string text = refusal(spec, std::make_error_condition(row.code));
      EXPECT_TRUE(contains(text, "): " + std::string{row.says}));
      if (!row.mends) continue;
      row.mends(spec);
      expect_created(spec);
      // And with another mistake, this one is not told.
      spec.flags = spec.flags | static_cast<MapFlags>(1U << 30U);
      const std::string says = row.says;
      const auto begin = says.find(": ") + 2;
      EXPECT_FALSE(contains(refusal(spec, std::errc::invalid_argument),
                            says.substr(begin, says.rfind(": E") - begin)));
    }
  }

  static Change flags(MapFlags flags) {
    return [flags](MapSpec& spec) { spec.flags = flags; };
  }
};

TEST_F(CreateRule, OnFlags) {
  using enum std::errc;
  const Change none = flags(MapFlags::none);
  expect({
      {lpm_trie, none, flags(MapFlags::no_prealloc), invalid_argument,
       "flags: lpm_trie maps need no_prealloc: EINVAL"},
      {lru_hash, flags(MapFlags::no_prealloc), none, not_supported,
       "flags: lru_hash maps do not take no_prealloc: ENOTSUPP"},
      {hash, flags(MapFlags::no_common_lru), flags(MapFlags::no_prealloc), invalid_argument,
       "flags: hash maps do not take no_common_lru: EINVAL"},
      {percpu_array, flags(MapFlags::mmapable), none, invalid_argument,
       "flags: percpu_array maps do not take mmapable: EINVAL"},
      {queue, flags(MapFlags::no_prealloc | MapFlags::zero_seed), none, invalid_argument,
       "flags: queue maps do not take no_prealloc|zero_seed: EINVAL"},
      {rhash, flags(MapFlags::no_prealloc | MapFlags::zero_seed), flags(MapFlags::no_prealloc),
       invalid_argument, "flags: rhash maps do not take zero_seed: EINVAL"},
      {insn_array, flags(MapFlags::rdonly_prog), none, invalid_argument,
       "flags: insn_array maps do not take rdonly_prog: EINVAL"},
      {arena, none, flags(MapFlags::mmapable), invalid_argument,
       "flags: arena maps need mmapable: EINVAL"},
      {sk_storage, none, flags(MapFlags::no_prealloc), invalid_argument,
       "flags: sk_storage maps need no_prealloc: EINVAL"},
      {hash, flags(MapFlags::rdonly | MapFlags::wronly), flags(MapFlags::rdonly), invalid_argument,
       "flags: rdonly and wronly exclude each other; set neither to allow reading and writing: "
       "EINVAL"},
      {array, flags(MapFlags::rdonly_prog | MapFlags::wronly_prog), flags(MapFlags::rdonly_prog),
       invalid_argument,
       "flags: rdonly_prog and wronly_prog exclude each other; set neither to allow reading and "
       "writing: EINVAL"},
      {hash, flags(static_cast<MapFlags>(1U << 31U)), none, invalid_argument,
       "flags: hash maps do not take 0x80000000: EINVAL"},
  });
}

TEST_F(CreateRule, OnNumaNodes) {
  using enum std::errc;
  expect({
      {hash, [](MapSpec& s) { s.numa_node = 1000; }, [](MapSpec& s) { s.numa_node = 0; },
       invalid_argument, "numa_node is 1000: this machine has no such node"},
      {percpu_hash, [](MapSpec& s) { s.numa_node = 0; }, [](MapSpec& s) { s.numa_node.reset(); },
       invalid_argument, "flags: percpu_hash maps do not take numa_node: EINVAL"},
      {lru_hash,
       [](MapSpec& s) {
         s.numa_node = 0;
         s.flags = MapFlags::no_common_lru;
       },
       [](MapSpec& s) { s.flags = MapFlags::none; }, invalid_argument,
       "flags: no_common_lru and numa_node exclude each other: EINVAL"},
  });
}

TEST_F(CreateRule, OnMapExtra) {
  using enum std::errc;
  const auto extra = [](std::uint64_t value) {
    return [value](MapSpec& spec) { spec.map_extra = value; };
  };
  expect({
      {bloom_filter, extra(16), extra(15), invalid_argument,
       "map_extra is 16: the number of hashes is 1 to 15, or 0 for 5: EINVAL"},
      {arena, extra(77), extra(0), invalid_argument,
       "map_extra is 77: the address to map at is a multiple of the page size ("},
      {arena,
       [](MapSpec& spec) {
         spec.map_extra = 0x100'ffff'f000;
         spec.max_entries = 2;
       },
       extra(0x100'0000'0000), result_out_of_range,
       "map_extra is 1103806590976: from there, the memory would cross a multiple of 4 GiB"},
  });
  const std::string says = "map_extra is 1: array maps do not use it; leave it 0: EINVAL";
  if (has_type(bloom_filter)) {
    expect({{array, extra(1), extra(0), invalid_argument, says.c_str()}});
    return;
  }
  MapSpec spec = legal(array);
  spec.map_extra = 1;
  const std::string text = refusal(spec, invalid_argument);
  EXPECT_TRUE(contains(text, "): map_extra: needs Linux 5.16, and this is "));
  EXPECT_TRUE(contains(text, "; " + says));
}

TEST_F(CreateRule, OnInnerMaps) {
  using enum std::errc;
  const auto use = [](int fd) { return [fd](MapSpec& spec) { spec.inner_map_fd = fd; }; };
  const Map outer = Map::create(legal(array_of_maps));
  const Map programs = Map::create(legal(prog_array));
  const Change mend = use(inner.fd());
  expect({
      {array_of_maps, use(-1), mend, invalid_argument,
       "inner_map_fd is -1: a map of maps needs the descriptor of a map like its inner maps: "
       "EINVAL"},
      {hash_of_maps, use(9999), mend, bad_file_descriptor, "inner_map_fd is 9999: a map of maps"},
      {hash_of_maps, use(btf.fd()), mend, invalid_argument, "inner_map_fd is "},
      {array_of_maps, use(outer.fd()), mend, invalid_argument,
       "inner_map_fd: an inner map cannot be a map of maps itself: EINVAL"},
      {array_of_maps, use(programs.fd()), mend, not_supported,
       "inner_map_fd: maps of this kind, and those for one program only (excl_prog_hash), cannot "
       "be inner maps: ENOTSUPP"},
  });
}

TEST_F(CreateRule, OnBtf) {
  using enum std::errc;
  const auto types = [this](std::uint32_t key, std::uint32_t value) {
    return [this, key, value](MapSpec& spec) { use_btf(spec, key, value); };
  };
  const Change plain = types(SmallBtf::integer, SmallBtf::plain);
  const Change no_btf = [](MapSpec& s) {
    s.btf_fd = -1, s.btf_key_type_id = s.btf_value_type_id = 0;
  };
  const Change closed = [plain](MapSpec& s) {
    plain(s);
    s.btf_fd = 9999;
  };
  expect({
      {sk_storage, types(0, 0), plain, invalid_argument,
       "btf_key_type_id and btf_value_type_id: sk_storage maps need the BTF of an int as key and "
       "of the value: give the value type a bpfmap::Layout, or let libbpf create the map: EINVAL"},
      {hash, types(SmallBtf::integer, 0), plain, invalid_argument,
       "btf_value_type_id is 0, and btf_key_type_id is not: set both: EINVAL"},
      {hash, closed, plain, bad_file_descriptor,
       "btf_fd is 9999: it is not open, and the BTF type ids need it: EBADF"},
      {hash, types(SmallBtf::integer, SmallBtf::locked), plain, invalid_argument,
       "btf_value_type_id: the type has 8 bytes, and value_size is 4: EINVAL"},
      {hash, types(SmallBtf::locked, SmallBtf::plain), plain, invalid_argument,
       "btf_key_type_id: the type has 8 bytes, and key_size is 4: EINVAL"},
      {devmap, plain, no_btf, not_supported,
       "btf_fd: devmap maps accept no BTF; leave btf_key_type_id and btf_value_type_id 0: "
       "ENOTSUPP"},
      {hash_of_maps, plain, no_btf, not_supported, "btf_fd: hash_of_maps maps accept no BTF"},
  });
}

TEST_F(CreateRule, OnSpinLocks) {
  using enum std::errc;
  const Change locked = [this](MapSpec& spec) {
    spec.value_size = 8;
    use_btf(spec, SmallBtf::integer, SmallBtf::locked);
  };
  const Change plain = [this](MapSpec& spec) {
    spec.value_size = 4;
    use_btf(spec, SmallBtf::integer, SmallBtf::plain);
  };
  const Change locked_and_rdonly = [locked](MapSpec& spec) {
    locked(spec);
    spec.flags = MapFlags::rdonly_prog;
  };
  expect({
      // EOPNOTSUPP, but ENOTSUPP from older kernels (6.1).
      {percpu_array, locked, plain, operation_not_supported,
       "btf_value_type_id: percpu_array maps do not support a value with bpf_spin_lock at byte "
       "4: "},
      {hash, locked_and_rdonly, flags(MapFlags::none), permission_denied,
       "flags: rdonly_prog and wronly_prog exclude a value with bpf_spin_lock at byte 4: EACCES"},
  });
}

TEST_F(CreateRule, OnFieldsOfOtherTypes) {
  using enum std::errc;
  expect({
      {hash, [](MapSpec& s) { s.btf_vmlinux_value_type_id = 5; },
       [](MapSpec& s) { s.btf_vmlinux_value_type_id = 0; }, invalid_argument,
       "btf_vmlinux_value_type_id: only struct_ops maps have it; leave it 0: EINVAL"},
      {hash, [](MapSpec& s) { s.ifindex = 1; }, [](MapSpec& s) { s.ifindex = 0; },
       operation_not_supported, "ifindex is 1: only hash and array maps can be offloaded"},
      {lpm_trie, [](MapSpec& s) { s.ifindex = 1; }, [](MapSpec& s) { s.ifindex = 0; },
       invalid_argument, "ifindex is 1: only hash and array maps can be offloaded"},
      {struct_ops,
       [](MapSpec& s) { s.max_entries = 1; },
       {},
       invalid_argument,
       "btf_vmlinux_value_type_id: struct_ops maps need it (libbpf sets it): EINVAL"},
      {stack_trace,
       [](MapSpec& s) {
         s.value_size = 40;
         s.flags = MapFlags::stack_build_id;
       },
       [](MapSpec& s) { s.value_size = 64; }, invalid_argument,
       "value_size is 40: with stack_build_id it is a multiple of 32: EINVAL"},
  });
}

TEST_F(CreateRule, OnTokensAndBtfOfModules) {
  using enum std::errc;
  MapSpec with_token = legal(hash);
  with_token.token_fd = 9999;
  std::error_code ec;
  EXPECT_FALSE(Map::create(with_token, ec));
  if (ec != bad_file_descriptor) {
    EXPECT_TRUE(contains(explain(ec), "token_fd: needs Linux 6.9, and this is "));
    GTEST_SKIP() << "this kernel has neither field";
  }
  const std::string not_a_token = "token_fd is " + std::to_string(btf.fd()) +
                                  ": it is not a BPF token (BPF_TOKEN_CREATE makes one): EINVAL";
  expect({
      {hash, [this](MapSpec& s) { s.value_type_btf_obj_fd = btf.fd(); },
       [](MapSpec& s) { s.value_type_btf_obj_fd = -1; }, invalid_argument,
       "value_type_btf_obj_fd: only struct_ops maps have it; leave it -1: EINVAL"},
      {hash, [this](MapSpec& s) { s.token_fd = btf.fd(); }, [](MapSpec& s) { s.token_fd = -1; },
       invalid_argument, not_a_token.c_str()},
      {hash, [](MapSpec& s) { s.token_fd = 9999; }, [](MapSpec& s) { s.token_fd = -1; },
       bad_file_descriptor, "token_fd is 9999: it is not open: EBADF"},
  });
}

// --- types, names, and what is nobody's mistake ---

TEST_F(CreateError, SaysThatATypeIsNotSet) {
  EXPECT_TRUE(contains(
      refusal({.key_size = 4, .value_size = 4, .max_entries = 1}, std::errc::invalid_argument),
      "create map (type 0, key_size 4, value_size 4, max_entries 1): type is not "
      "set: EINVAL"));
}

TEST_F(CreateError, SaysWhichKernelKnowsAType) {
  for (const MapTypeTraits& row : map_types()) {
    MapSpec spec = legal(row.type);
    std::error_code ec;
    if (Map::create(spec, ec) || row.type == struct_ops) continue;
    SCOPED_TRACE(row.name);
    const std::string number = std::to_string(static_cast<std::uint32_t>(row.type));
    const std::string text = refusal(spec, std::errc::invalid_argument);
    EXPECT_TRUE(contains(text, "): type: the running kernel ("));
    EXPECT_TRUE(contains(text, ") does not know map type " + number + " (" + std::string{row.name} +
                                   ", since Linux " + std::string{row.since} + "): EINVAL"));
  }
}

TEST_F(CreateError, SaysThatNobodyKnowsAType) {
  MapSpec spec = legal(hash);
  spec.type = static_cast<MapType>(70000);
  const std::string text = refusal(spec, std::errc::invalid_argument);
  EXPECT_TRUE(contains(text, "create map (type 70000, key_size 4, "));
  EXPECT_TRUE(contains(text, "): type: map type 70000 is unknown to bpfmap; the running kernel ("));
  EXPECT_TRUE(contains(text, ") refused it: EINVAL"));
}

TEST_F(CreateError, SaysWhatIsWrongWithAName) {
  MapSpec spec = legal(hash);
  const auto told = [&spec](const char* name) {
    spec.name = name;
    std::error_code ec;
    EXPECT_FALSE(Map::create(spec, ec));
    EXPECT_EQ(ec, Errc::invalid_name);
    return refusal(spec, std::errc::invalid_argument);
  };
  EXPECT_TRUE(contains(told("seventeen_letters"),
                       "create map 'seventeen_letters' (hash, key_size 4, value_size 4, "
                       "max_entries 4): name has 17 characters, and the kernel takes 15 at most: "
                       "invalid map name"));
  EXPECT_TRUE(
      contains(told("per-cpu"), "letters, digits, '_' and '.', not '-' (character 4): invalid"));
  EXPECT_TRUE(contains(told("two words"), "not '0x20' (character 4)"));
  EXPECT_TRUE(contains(told("na\xc3\xafve"), "create map 'na\xc3\xafve' ("));
  EXPECT_TRUE(contains(told("na\xc3\xafve"), "not '0xc3' (character 3)"));
  spec.name = "fifteen.letters";
  expect_created(spec);
}

TEST_F(CreateError, NamesEveryFieldThatIsWrong) {
  const std::string text = refusal({.type = hash, .flags = MapFlags::mmapable, .name = "flows"},
                                   std::errc::invalid_argument);
  EXPECT_EQ(text,
            "create map 'flows' (hash, key_size 0, value_size 0, max_entries 0, flags mmapable): "
            "key_size is 0: hash maps take 1 or more; value_size is 0: hash maps take 1 or more; "
            "max_entries is 0: hash maps take 1 to 2147483648; flags: hash maps do not take "
            "mmapable: EINVAL (Invalid argument)");
}

TEST_F(CreateError, SaysWhichKernelKnowsAFlag) {
  MapSpec spec = legal(ringbuf);
  spec.flags = MapFlags::rb_overwrite;
  std::error_code ec;
  if (Map::create(spec, ec)) GTEST_SKIP() << "this kernel has BPF_F_RB_OVERWRITE";
  EXPECT_TRUE(contains(refusal(spec, std::errc::invalid_argument),
                       "): flags: rb_overwrite: needs Linux 6.19, and this is "));
}

TEST_F(CreateError, AdmitsThatTheReasonIsUnknown) {
  const test::ReplacedBpf refuse{[](int, void*, unsigned int) noexcept { return -long{EINVAL}; }};
  MapSpec spec = legal(hash);
  spec.numa_node = 0;
  spec.inner_map_fd = 7;
  const std::string text = refusal(spec, std::errc::invalid_argument);
  EXPECT_TRUE(contains(
      text, "): bpfmap finds no wrong field, so the cause is not known; the running kernel is "));
  EXPECT_TRUE(contains(text, ", numa_node 0, inner_map_fd 7: EINVAL (Invalid argument)"));
}

TEST_F(CreateError, SaysHowMuchMemoryTheEntriesTake) {
  const test::ReplacedBpf refuse{[](int, void*, unsigned int) noexcept { return -long{ENOMEM}; }};
  const std::string text =
      refusal({.type = hash, .key_size = 5, .value_size = 9, .max_entries = 1U << 20U},
              std::errc::not_enough_memory);
  EXPECT_TRUE(contains(text,
                       "): there is not enough memory for the map (24 MiB for its entries "
                       "alone); lower max_entries or value_size"));
}

}  // namespace
}  // namespace bpfmap
