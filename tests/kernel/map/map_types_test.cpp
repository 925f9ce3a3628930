// SPDX-License-Identifier: MIT
// What each map type answers to each operation, through the public API: one row a type, as tried on
// Linux 6.18.
//
// ok = done or found; no = nothing (nullopt, false), which is no error; IX =
// Errc::index_out_of_range; the others are errnos: EX EEXIST, NE ENOENT, 2B E2BIG, IN EINVAL, NS
// ENOTSUPP (524), OP EOPNOTSUPP, BF EBADF, BU EBUSY, SP ENOSPC, PE EPERM.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <sys/syscall.h>

#include <array>
#include <cerrno>
#include <functional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "kernel_has.hpp"
#include "maps.hpp"
#include "program.hpp"
#include "small_btf.hpp"
#include "sockets.hpp"

namespace bpfmap {
namespace {

using test::SmallBtf;

// What a row needs besides the map: descriptors that stay open.
struct Fixtures {
  SmallBtf btf;
  Map inner_array = test::make_map(MapType::array, 4, 4);
  sys::UniqueFd program = test::load_program();
  sys::UniqueFd pid{static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0))};
  sys::UniqueFd file{::open("/proc/self/exe", O_RDONLY | O_CLOEXEC)};
};

// A map of the row's type, the key of the entry that it works on, another key, and a value that it
// takes.
struct Subject {
  MapSpec spec;
  Bytes key;
  Bytes other_key;
  Bytes value;
  sys::UniqueFd socket = {};  // of its own: a map that is gone may still be letting go of it
};

Subject subject_of(MapType type, const Fixtures& with) {
  Subject subject{.spec = test::spec_of(type),
                  .key = encode_int_key(1, 4),
                  .other_key = encode_int_key(2, 4),
                  .value = encode_int_key(7, 4)};
  switch (type) {
    case MapType::lpm_trie:
      subject.key = test::bytes({16, 0, 0, 0, 192, 168, 0, 0});
      subject.other_key = test::bytes({16, 0, 0, 0, 10, 1, 0, 0});
      break;
    case MapType::prog_array:
      subject.value = encode_int_key(with.program.get(), 4);
      break;
    case MapType::array_of_maps:
    case MapType::hash_of_maps:
      subject.spec.inner_map_fd = with.inner_array.fd();
      subject.value = encode_int_key(with.inner_array.fd(), 4);
      break;
    case MapType::devmap:
    case MapType::devmap_hash:
      subject.value = encode_int_key(::if_nametoindex("lo"), 4);
      break;
    case MapType::cpumap:
      subject.key = encode_int_key(0, 4);
      subject.other_key = encode_int_key(1, 4);
      subject.value = encode_int_key(192, 4);
      break;
    case MapType::sockmap:
    case MapType::sockhash:
    case MapType::reuseport_sockarray:
      subject.socket = type == MapType::reuseport_sockarray ? test::listening_socket()
                                                            : test::bound_socket(SOCK_DGRAM);
      subject.value = encode_int_key(subject.socket.get(), 8);
      break;
    case MapType::sk_storage:
    case MapType::inode_storage:
    case MapType::task_storage: {
      subject.spec.max_entries = 0;
      subject.spec.flags = MapFlags::no_prealloc;
      subject.spec.btf_fd = with.btf.fd();
      subject.spec.btf_key_type_id = SmallBtf::integer;
      subject.spec.btf_value_type_id = SmallBtf::integer;
      subject.socket = test::bound_socket(SOCK_DGRAM);
      const int owner = type == MapType::sk_storage     ? subject.socket.get()
                        : type == MapType::task_storage ? with.pid.get()
                                                        : with.file.get();
      subject.key = encode_int_key(owner, 4);
      subject.other_key = subject.key;  // there is no get_next_key
      break;
    }
    case MapType::cgroup_storage:
    case MapType::percpu_cgroup_storage:
      subject.key = subject.other_key = Bytes(8);
      break;
    case MapType::stack_trace:
      subject.value = Bytes(8);
      break;
    default:
      break;
  }
  if (subject.spec.key_size == 0) subject.key = subject.other_key = {};
  if (subject.spec.value_size == 0) subject.value = {};
  return subject;
}

std::string_view name_of(const std::error_code& ec) {
  if (ec == Errc::index_out_of_range) return "IX";
  switch (ec.value()) {
    case ENOENT:
      return "NE";
    case EEXIST:
      return "EX";
    case E2BIG:
      return "2B";
    case EINVAL:
      return "IN";
    case sys::enotsupp:
      return "NS";
    case EOPNOTSUPP:
      return "OP";
    case EBADF:
      return "BF";
    case EBUSY:
      return "BU";
    case ENOSPC:
      return "SP";
    case EPERM:
      return "PE";
    case EAGAIN:
      return "AG";
    default:
      return "??";
  }
}

std::string_view result(bool found, const std::error_code& ec) {
  return ec ? name_of(ec) : found ? "ok" : "no";
}

// Into room that is there, because a bloom filter reads it.
std::string_view lookup(Map& map, const Bytes& key) {
  std::error_code ec;
  Bytes value(map.info().value_size);
  const bool found =
      map.is_percpu() ? map.lookup_percpu(key, ec).has_value() : map.lookup_into(key, value, ec);
  return result(found, ec);
}

std::string_view update(Map& map, const Bytes& key, const Bytes& value, UpdateFlags flags) {
  std::error_code ec;
  map.update(key, value, flags, ec);
  return result(true, ec);
}

std::string_view erase(Map& map, const Bytes& key) {
  std::error_code ec;
  const bool erased = map.erase(key, ec);
  return result(erased, ec);
}

std::string_view next(Map& map, std::optional<BytesView> key) {
  std::error_code ec;
  const bool found = map.get_next_key(key, ec).has_value();
  return result(found, ec);
}

std::string_view take(Map& map, const Bytes& key) {
  std::error_code ec;
  const bool found = map.is_percpu() ? map.lookup_and_delete_percpu(key, ec).has_value()
                                     : map.lookup_and_delete(key, ec).has_value();
  return result(found, ec);
}

// One column: an operation on a new map, which has the subject's entry already when `present` says
// so.
struct Column {
  const char* name;
  bool present;
  std::function<std::string_view(Map&, const Subject&)> run;
};

const std::vector<Column>& columns() {
  using enum UpdateFlags;
  static const std::vector<Column> all{
      {"lookup of a missing key", false, [](Map& m, const Subject& s) { return lookup(m, s.key); }},
      {"lookup", true, [](Map& m, const Subject& s) { return lookup(m, s.key); }},
      {"update exist, missing", false,
       [](Map& m, const Subject& s) { return update(m, s.key, s.value, exist); }},
      {"update noexist, missing", false,
       [](Map& m, const Subject& s) { return update(m, s.key, s.value, noexist); }},
      {"update noexist, there", true,
       [](Map& m, const Subject& s) { return update(m, s.key, s.value, noexist); }},
      {"update exist, there", true,
       [](Map& m, const Subject& s) { return update(m, s.key, s.value, exist); }},
      {"update any", false,
       [](Map& m, const Subject& s) { return update(m, s.key, s.value, any); }},
      {"erase of a missing key", false, [](Map& m, const Subject& s) { return erase(m, s.key); }},
      {"erase", true, [](Map& m, const Subject& s) { return erase(m, s.key); }},
      {"first key of an empty map", false,
       [](Map& m, const Subject&) { return next(m, std::nullopt); }},
      {"key behind a missing one", true,
       [](Map& m, const Subject& s) { return next(m, s.other_key); }},
      {"lookup_and_delete", true, [](Map& m, const Subject& s) { return take(m, s.key); }},
      {"freeze", false,
       [](Map& m, const Subject&) {
         std::error_code ec;
         m.freeze(ec);
         return result(true, ec);
       }},
  };
  return all;
}

struct Row {
  MapType type;
  std::string_view answers;  // one a column
};

// clang-format off
constexpr std::array rows{
    //                             lkE lkP xA nA nP xP any dE dP gkE gkX lad frz
    Row{MapType::hash,            "no ok NE ok EX ok ok no ok no ok ok ok"},
    Row{MapType::array,           "ok ok ok EX EX ok ok IN IN ok ok NS ok"},
    Row{MapType::percpu_hash,     "no ok NE ok EX ok ok no ok no ok ok ok"},
    Row{MapType::percpu_array,    "ok ok ok EX EX ok ok IN IN ok ok NS ok"},
    Row{MapType::lru_hash,        "no ok NE ok EX ok ok no ok no ok ok ok"},
    Row{MapType::lru_percpu_hash, "no ok NE ok EX ok ok no ok no ok ok ok"},
    Row{MapType::lpm_trie,        "no ok NE ok EX ok ok no ok no ok NS ok"},
    Row{MapType::prog_array,      "no ok IN IN IN IN ok no ok ok ok NS ok"},
    Row{MapType::array_of_maps,   "no ok IN IN IN IN ok no ok ok ok NS ok"},
    Row{MapType::hash_of_maps,    "no ok NE ok EX ok ok no ok no ok NS ok"},
    Row{MapType::devmap,          "no ok ok EX EX ok ok ok ok ok ok NS ok"},
    Row{MapType::devmap_hash,     "no ok ok ok EX ok ok no ok no ok NS ok"},
    Row{MapType::cpumap,          "no ok ok EX EX ok ok ok ok ok ok NS ok"},
    Row{MapType::sockmap,         "no ok NE ok EX ok ok IN ok ok ok NS ok"},
    Row{MapType::sockhash,        "no ok NE ok EX ok ok no ok no ok NS ok"},
    Row{MapType::reuseport_sockarray, "no ok NE ok EX BU ok no ok ok ok NS ok"},
    Row{MapType::queue,           "no ok ok IN IN ok ok IN IN IN IN ok ok"},
    Row{MapType::stack,           "no ok ok IN IN ok ok IN IN IN IN ok ok"},
    // (A bloom filter is asked about the value in the caller's buffer: here, about zeros.)
    Row{MapType::bloom_filter,    "no no IN IN IN IN ok OP OP OP OP NS ok"},
    Row{MapType::ringbuf,         "NS NS NS NS NS NS NS NS NS NS NS NS ok"},
    Row{MapType::user_ringbuf,    "NS NS NS NS NS NS NS NS NS NS NS NS ok"},
    Row{MapType::stack_trace,     "no no IN IN IN IN IN no no no no no ok"},
    Row{MapType::cgroup_storage,  "no no NE IN IN NE NE IN IN no no NS ok"},
    Row{MapType::percpu_cgroup_storage, "no no NE IN IN NE NE IN IN no no NS ok"},
    Row{MapType::sk_storage,      "no ok NE ok EX ok ok no ok NS NS NS ok"},
    Row{MapType::inode_storage,   "no ok NE ok EX ok ok no ok NS NS NS ok"},
    Row{MapType::task_storage,    "no ok NE ok EX ok ok no ok NS NS NS ok"},
    Row{MapType::arena,           "IN IN OP OP OP OP OP OP OP OP OP NS ok"},
};
// clang-format on

// The types that have no row, and where they are tested.
constexpr std::array<std::pair<MapType, const char*>, 7> elsewhere{{
    {MapType::perf_event_array, "typed/perf_event_array_test.cpp, with perf events"},
    {MapType::cgroup_array, "typed/cgroup_array_test.cpp, with cgroups"},
    {MapType::xskmap, "typed/xsk_map_test.cpp, with AF_XDP sockets"},
    {MapType::struct_ops, "explain/create_error_test.cpp: only libbpf can create it"},
    {MapType::cgrp_storage, "typed/local_storage_test.cpp: not on every kernel (6.2)"},
    {MapType::insn_array, "explain/create_error_test.cpp: only for programs (6.19)"},
    {MapType::rhash, "bulk/walk_rhash_test.cpp: not on every kernel (7.2)"},
}};

TEST(EveryMapType, HasARowHereOrIsTestedElsewhere) {
  for (const MapTypeTraits& traits : map_types()) {
    const auto in_row = std::count_if(rows.begin(), rows.end(),
                                      [&](const Row& row) { return row.type == traits.type; });
    const auto other = std::count_if(elsewhere.begin(), elsewhere.end(),
                                     [&](const auto& row) { return row.first == traits.type; });
    EXPECT_EQ(in_row + other, 1) << traits.name;
  }
}

// A task's storage is EAGAIN for the moment in which the kernel frees that of an earlier map.
template <class Run>
std::string_view answer_of(Run run) {
  std::string_view answer = run();
  for (int tries = 0; answer == "AG" && tries < 1000; ++tries) answer = run();
  return answer;
}

TEST(EveryMapType, AnswersEveryOperationAsTheTableSays) {
  const Fixtures fixtures;
  for (const auto& [type, answers] : rows) {
    SCOPED_TRACE(to_string(type));
    if (!test::kernel_has(type)) continue;
    std::istringstream expected{std::string{answers}};
    for (const auto& [name, present, run] : columns()) {
      const Subject subject = subject_of(type, fixtures);
      Map map = Map::create(subject.spec);
      if (present)  // some take no entry from user space
        (void)answer_of([&] { return update(map, subject.key, subject.value, UpdateFlags::any); });
      std::string answer;
      expected >> answer;
      if (std::string_view{name} == "lookup_and_delete" &&
          !test::kernel_has_lookup_and_delete(type))
        answer = "NS";
      EXPECT_EQ(answer_of([&, &tried = run] { return tried(map, subject); }), answer) << name;
    }
  }
}

}  // namespace
}  // namespace bpfmap
