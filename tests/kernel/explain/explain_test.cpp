// SPDX-License-Identifier: MIT
// explain(ec): the text that is thrown, for every operation; and that each cause is told where it
// was established, and nowhere else.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <vector>

#include "bpfmap/codec/integer.hpp"
#include "bpfmap/codec/lpm_key.hpp"
#include "bpfmap/map/map.hpp"
#include "bpfmap/map/open_or_create.hpp"
#include "bpfmap/map/supports.hpp"
#include "child_process.hpp"
#include "failing_new.hpp"
#include "fake_bpf.hpp"
#include "kernel_test.hpp"
#include "map_calls.hpp"
#include "maps.hpp"
#include "program.hpp"
#include "small_btf.hpp"
#include "told.hpp"

namespace bpfmap {
namespace {

using enum MapType;
using test::contains;
using test::errno_code;
using test::flows;
using test::told;

::testing::AssertionResult lacks(std::string_view text, std::string_view part) {
  if (text.find(part) == std::string_view::npos) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "\"" << part << "\" is in \"" << text << "\"";
}

// told(), and that there was something to explain.
template <class Call>
std::string explained(std::error_code code, Call call) {
  detail::forget_failure();
  std::error_code ec = make_error_code(std::errc::io_error);
  call(ec);
  EXPECT_EQ(ec, code) << ec.message();
  EXPECT_NE(explain(ec), ec.message());
  return told(code, call);
}

template <class Call>
std::string explained(int error, Call call) {
  return explained(errno_code(error), call);
}

// --- the same text after both forms ---

TEST(ExplainEveryOperation, OnAMap) {
  const std::vector<std::error_code> played{errno_code(EPERM), errno_code(EINVAL),
                                            errno_code(ENOMEM), errno_code(EXDEV)};
  for (const auto& code : played) {
    SCOPED_TRACE(code.message());
    for (const MapType type : {hash, percpu_hash}) {
      Map map = test::make_map(type, 4, 8);
      const test::FakeBpf kernel{-code.value()};
      for (const auto& call : type == hash ? test::plain_calls() : test::percpu_calls())
        test::expect_refused(map, call, code);
    }
  }
  Map empty;
  for (const auto& call : test::every_call()) test::expect_refused(empty, call, Errc::no_map);
}

TEST(ExplainEveryOperation, ThatMakesAMap) {
  const test::PrivateBpffs bpffs;
  const std::string path = bpffs.path("flows");
  (void)explained(EINVAL, [](auto&... ec) { (void)Map::create({}, ec...); });
  (void)explained(Errc::invalid_name, [](auto&... ec) {
    (void)Map::create({.type = hash, .name = "a name that is too long"}, ec...);
  });
  (void)explained(ENOENT, [&](auto&... ec) { (void)Map::open_pinned(path, ec...); });
  (void)explained(ENOENT, [](auto&... ec) { (void)Map::from_id(0, ec...); });
  (void)explained(EBADF, [](auto&... ec) { (void)Map::duplicate_of(9999, ec...); });
  (void)explained(Errc::no_map, [](auto&... ec) { (void)Map::adopt(sys::UniqueFd{}, ec...); });
  (void)explained(EISDIR, [&](auto&... ec) {
    (void)::mkdir(bpffs.path("folder").c_str(), 0700);
    (void)Map::unpin(bpffs.path("folder"), ec...);
  });
  const MapSpec wrong{.type = hash, .key_size = 4, .value_size = 8};
  EXPECT_TRUE(
      contains(explained(EINVAL, [&](auto&... ec) { (void)open_or_create(path, wrong, ec...); }),
               "max_entries is 0"));
  flows().pin(path);
  const MapSpec other{.type = hash, .key_size = 8, .value_size = 8, .max_entries = 2};
  EXPECT_TRUE(contains(explained(Errc::incompatible_map,
                                 [&](auto&... ec) { (void)open_or_create(path, other, ec...); }),
                       "key_size is 4, not 8"));
}

TEST(ExplainEveryOperation, ThatNeedsPrivilegeOrMemory) {
  const test::FakeBpf kernel{-ENOMEM};
  (void)explained(ENOMEM, [](auto&... ec) { (void)list_maps(ec...); });
  detail::forget_support();
  (void)explained(ENOMEM, [](auto&... ec) { (void)supports(hash, ec...); });
  (void)explained(ENOMEM, [](auto&... ec) { (void)supports(Operation::lookup, hash, ec...); });
  detail::forget_support();
}

TEST(ExplainEveryOperation, ThatConverts) {
  EXPECT_EQ(
      explained(Errc::out_of_range, [](auto&... ec) { (void)encode_int_key(-129, 1, ec...); }),
      "encode_int_key: -129 does not fit into 1 bytes (an integer takes 1 to 8): integer does "
      "not fit");
  EXPECT_EQ(explained(Errc::out_of_range, [](auto&... ec) { (void)decode_int_value({}, ec...); }),
            "decode_int_value: 0 bytes are not an integer (1 to 8 are): integer does not fit");
  EXPECT_EQ(explained(Errc::invalid_prefix,
                      [](auto&... ec) { (void)LpmKey<in_addr>::parse("10.0.0.0/33", ec...); }),
            "prefix '10.0.0.0/33': the length is '33', and it can be 0 to 32; write it as "
            "10.0.0.0/8: not a prefix");
}

TEST(ExplainEveryOperation, OfABatchTellsTheCountTheIndexAndTheKey) {
  const Map map = flows();
  const std::uint32_t key = 0x0102;
  const std::error_code ec =
      detail::record_batch(map, {.operation = Operation::update_batch, .key = test::bytes_of(key)},
                           {.done = 3, .skipped = 1, .failed = 4}, errno_code(E2BIG));
  const std::string text = explain(ec);
  EXPECT_TRUE(contains(text, ": the map is full (2 of 2 entries); "));
  EXPECT_TRUE(contains(text, " (3 done, 1 skipped, entry 4 failed, key 0x02010000): E2BIG"));
  try {
    detail::throw_if(ec);
    ADD_FAILURE();
  } catch (const BatchError& error) {
    EXPECT_EQ(error.what(), text);
    EXPECT_EQ(error.result(), (BatchResult{.done = 3, .skipped = 1, .failed = 4}));
    EXPECT_EQ(error.map_id(), map.info().id);
  }
}

// --- the record ---

TEST(Explain, IsEmptyForNoError) { EXPECT_EQ(explain({}), ""); }

TEST(Explain, IsTheMessageOfACodeThatWasNotReported) {
  detail::forget_failure();
  EXPECT_EQ(explain(errno_code(EPERM)), "EPERM (Operation not permitted)");
  std::error_code ec;
  (void)Map::from_id(0, ec);
  EXPECT_EQ(explain(errno_code(EPERM)), "EPERM (Operation not permitted)");
  const auto other = std::make_error_code(std::errc::no_such_file_or_directory);
  EXPECT_EQ(explain(other), other.message());
}

TEST(Explain, LeavesTheRecordAsItIs) {
  Map map = flows();
  map.freeze();
  std::error_code ec;
  map.update(1, 1, ec);
  const std::string first = explain(ec);
  EXPECT_TRUE(contains(first, "frozen"));
  EXPECT_EQ(explain(ec), first);
}

TEST(Explain, KnowsTheFailuresOfItsOwnThread) {
  std::error_code ec;
  (void)Map::from_id(0, ec);
  const std::string mine = explain(ec);
  std::string others;
  std::thread{[&] { others = explain(ec); }}.join();
  EXPECT_EQ(others, ec.message());
  EXPECT_EQ(explain(ec), mine);
}

TEST(Explain, TellsWhatWasRecordedWhenTheMapIsClosedMeanwhile) {
  std::error_code ec;
  std::string id;
  {
    Map map = flows();
    id = test::id_of(map);
    Map reader = Map::from_id(map.info().id, Access::read_only);
    reader.update(1, 1, ec);
  }
  const std::string text = explain(ec);
  EXPECT_TRUE(contains(text, "update on map 'flows' (id " + id));
  EXPECT_TRUE(contains(text, "): this descriptor is read-only "));
}

TEST(Explain, DoesNotTakeAnotherMapForTheOneThatWasClosed) {
  std::error_code ec;
  Map map = flows();
  {
    const test::FakeBpf kernel{-EPERM};
    map.update(1, 1, ec);
  }
  const int number = map.fd();
  Map other = flows();
  other.freeze();
  ASSERT_EQ(::dup2(other.fd(), number), number);
  EXPECT_TRUE(lacks(explain(ec), "frozen"));
}

TEST(Explain, DoesNotBlameAnOwnerThatClosesItsMap) {
  std::error_code ec;
  {
    Map map = Map::create(test::spec_of(prog_array));
    map.update(0, 9999, ec);
  }
  EXPECT_EQ(ec, errno_code(EBADF));
  EXPECT_TRUE(lacks(explain(ec), "is closed"));
}

TEST(Explain, WorksInStaticDestructorsAndAtTheEndOfAThread) {
  static std::string told_at_end;
  struct AtEnd {
    ~AtEnd() {
      std::error_code ec;
      (void)Map::from_id(0, ec);
      told_at_end = explain(ec);
    }
  };
  std::thread{[] {
    thread_local AtEnd at_end;
    (void)at_end;
  }}.join();
  EXPECT_TRUE(contains(told_at_end, "from_id 0: no map has this id"));
}

TEST(Explain, KeepsTheBeginningOfWhatIsLong) {
  const std::string path = "/" + std::string(5000, 'x');
  const std::string text =
      explained(ENAMETOOLONG, [&](auto&... ec) { (void)Map::open_pinned(path, ec...); });
  EXPECT_TRUE(contains(text, "xxx...': the path, or a part of it, is too long: ENAMETOOLONG"));
}

TEST(Explain, TakesNoHeapToRecord) {
  Map map = flows(1);
  map.update(1, 1);
  const std::uint64_t value = 2;
  std::array<std::byte, 8> room{};
  const MapSpec spec{.type = hash, .key_size = 4, .value_size = 8};
  const std::vector<std::function<void(std::error_code&)>> calls{
      [&](std::error_code& ec) { map.update(2, value, ec); },
      [&](std::error_code& ec) { map.update(std::uint64_t{1} << 40U, value, ec); },
      [&](std::error_code& ec) { (void)map.lookup<std::uint8_t>(std::uint64_t{1} << 40U, ec); },
      [&](std::error_code& ec) { (void)map.lookup_into(1, {room.data(), 4}, ec); },
      [&](std::error_code& ec) { (void)map.lookup_percpu_into(1, room, ec); },
      [&](std::error_code& ec) { (void)map.lookup_cpu<std::uint64_t>(1, 0, ec); },
      [&](std::error_code& ec) { map.update_cpu(1, 0, value, ec); },
      [&](std::error_code& ec) { (void)map.erase(test::bytes_of(value), ec); },
      [&](std::error_code& ec) {
        (void)map.get_next_key<std::uint64_t>(std::uint64_t{1} << 40U, ec);
      },
      [&](std::error_code& ec) {
        (void)map.lookup_and_delete<std::uint64_t>(1, static_cast<LookupFlags>(1), ec);
      },
      [&](std::error_code& ec) { (void)Map::create(spec, ec); },
      [&](std::error_code& ec) { (void)Map::from_id(0, ec); },
      [&](std::error_code& ec) { (void)Map::duplicate_of(-1, ec); },
      [&](std::error_code& ec) { (void)encode_int_key(300, 1, ec); },
      [&](std::error_code& ec) { (void)LpmKey<in_addr>::parse("10.0.0.0/99", ec); },
  };
  for (std::size_t i = 0; i < calls.size(); ++i) {
    SCOPED_TRACE(i);
    std::error_code with_memory;
    calls[i](with_memory);
    EXPECT_TRUE(with_memory);
    std::error_code without;
    detail::forget_failure();
    {
      const test::FailingNew none{0};
      calls[i](without);
    }
    EXPECT_EQ(without, with_memory);
    EXPECT_NE(explain(without), without.message());
  }
}

TEST(Explain, OfAnAllocationThatFailsIsRecordedToo) {
  std::error_code ec;
  {
    const test::FailingNew none{0};
    (void)encode_int_key(1, 4, ec);
  }
  EXPECT_EQ(ec, std::errc::not_enough_memory);
  const Map map = flows();
  {
    const test::FailingNew none{0};
    (void)map.lookup(1, ec);
  }
  EXPECT_EQ(ec, std::errc::not_enough_memory);
  EXPECT_TRUE(contains(explain(ec), "lookup on map 'flows' "));
}

// --- each cause: made to happen, and not told of the same errno that happens for no such reason
// ---

// The text of `call` while bpf(2) answers -error to all that is asked.
template <class Call>
std::string played(int error, Call call) {
  const test::FakeBpf kernel{-error};
  std::error_code ec;
  call(ec);
  EXPECT_EQ(ec, errno_code(error));
  return explain(ec);
}

TEST(Cause, OfAFrozenMap) {
  constexpr auto says = "the map is frozen";
  const auto update = [](Map& map) {
    return [&map](std::error_code& ec) { map.update(1, 1, ec); };
  };
  Map map = flows();
  EXPECT_TRUE(lacks(played(EPERM, update(map)), says));
  map.freeze();
  std::error_code ec;
  update(map)(ec);
  EXPECT_TRUE(contains(explain(ec), says));
  EXPECT_TRUE(lacks(explain(ec), "CAP_BPF"));
}

TEST(Cause, OfADescriptorsAccess) {
  Map map = flows();
  const auto read = [](const Map& from) {
    return [&from](std::error_code& ec) { (void)from.lookup(1, ec); };
  };
  EXPECT_TRUE(lacks(played(EPERM, read(map)), "write-only"));
  EXPECT_TRUE(contains(played(EPERM, read(map)),
                       "): the kernel refused it, and the cause is not known: EPERM"));
  const Map writer = Map::from_id(map.info().id, Access::write_only);
  std::error_code ec;
  read(writer)(ec);
  EXPECT_TRUE(contains(explain(ec), "this descriptor is write-only"));
}

TEST(Cause, OfADotInAnyPartOfAPath) {
  const test::PrivateBpffs bpffs;
  const Map map = flows();
  const std::string path = bpffs.path("with.dot/flows");
  const auto says = "'with.dot' has a '.', which a bpffs does not allow in a name";
  EXPECT_TRUE(contains(told(EPERM, [&](auto&... ec) { map.pin(path, ec...); }), says));
  EXPECT_TRUE(
      contains(told(EPERM, [&](auto&... ec) { (void)Map::open_pinned(path, ec...); }), says));
  EXPECT_TRUE(contains(
      told(Errc::invalid_path, [&](auto&... ec) { (void)Map::unpin(path, ec...); }), says));
  EXPECT_TRUE(contains(
      told(Errc::invalid_path, [&](auto&... ec) { map.pin(bpffs.path("flows.v2"), ec...); }),
      "'flows.v2' has a '.'"));
  const auto open = [&](std::error_code& ec) { (void)Map::open_pinned("/tmp/a.b/c", ec); };
  EXPECT_TRUE(lacks(played(EPERM, open), "has a '.'"));
}

// Refuses bpf(2) with EPERM from now on.
void install_filter() {
  std::array<sock_filter, 4> code{
      sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_bpf, 0, 1),
      sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  const sock_fprog program{.len = code.size(), .filter = code.data()};
  ASSERT_EQ(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
  ASSERT_EQ(::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

TEST(Cause, OfASeccompFilter) {
  const auto create = [](auto&... ec) { (void)Map::create(test::spec_of(hash), ec...); };
  EXPECT_TRUE(lacks(played(EPERM, create), "a seccomp filter of this process (containers"));
  test::in_child([&] {
    const Map map = flows();
    install_filter();
    EXPECT_TRUE(contains(told(EPERM, create),
                         "): creating this map is privileged: a seccomp filter of this process "
                         "(containers have one) refuses bpf(2); "));
    EXPECT_TRUE(contains(told(EPERM, [&](auto&... ec) { (void)map.lookup(1, ec...); }),
                         "): a seccomp filter of this process "));
  });
}

TEST(Cause, OfAUserNamespace) {
  const auto create = [](auto&... ec) { (void)Map::create(test::spec_of(hash), ec...); };
  EXPECT_TRUE(lacks(played(EPERM, create), "namespace"));
  test::in_child([&] {
    ASSERT_EQ(::unshare(CLONE_NEWUSER), 0);
    EXPECT_TRUE(contains(told(EPERM, create),
                         "in the initial user namespace, and this process is in another one; "));
  });
}

// Begins a bpffs in a new user namespace, which maps user 0 alone; keeps it until `end` closes.
void begin_bpffs_of_another_namespace(int ready, int end) {
  const auto write_file = [](const char* path, std::string_view text) {
    const sys::UniqueFd file{::open(path, O_WRONLY | O_CLOEXEC)};
    (void)!::write(file.get(), text.data(), text.size());
  };
  int fs = -1;
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0) {
    write_file("/proc/self/uid_map", "0 0 1");
    write_file("/proc/self/setgroups", "deny");
    write_file("/proc/self/gid_map", "0 0 1");
    fs = ::fsopen("bpf", FSOPEN_CLOEXEC);
  }
  char byte = 0;
  (void)!::write(ready, &fs, sizeof fs);
  (void)!::read(end, &byte, 1);
  ::_exit(0);
}

// The bpffs that process `keeper` began as its descriptor `number`, mounted nowhere.
sys::UniqueFd make_bpffs(pid_t keeper, int number) {
  const sys::UniqueFd process{static_cast<int>(::syscall(SYS_pidfd_open, keeper, 0))};
  const sys::UniqueFd fs{static_cast<int>(::syscall(SYS_pidfd_getfd, process.get(), number, 0))};
  if (!fs || ::fsconfig(fs.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) return {};
  return sys::UniqueFd{::fsmount(fs.get(), FSMOUNT_CLOEXEC, 0)};
}

TEST(Cause, OfAPinInABpffsOfAnotherUserNamespace) {
  std::array<int, 2> ready{};
  std::array<int, 2> end{};
  ASSERT_EQ(::pipe2(ready.data(), O_CLOEXEC), 0);
  ASSERT_EQ(::pipe2(end.data(), O_CLOEXEC), 0);
  const pid_t keeper = ::fork();
  if (keeper == 0) {
    ::close(end[1]);
    begin_bpffs_of_another_namespace(ready[1], end[0]);
  }
  int number = -1;
  ASSERT_EQ(::read(ready[0], &number, sizeof number), static_cast<ssize_t>(sizeof number));
  const Map map = flows();
  const sys::UniqueFd folder = make_bpffs(keeper, number);
  if (folder)
    test::in_child([&] {
      ASSERT_EQ(::setresuid(1000, 1000, 1000), 0);
      ASSERT_EQ(::prctl(PR_SET_DUMPABLE, 1), 0);
      const std::string path = "/proc/self/fd/" + std::to_string(folder.get()) + "/flows";
      EXPECT_TRUE(contains(told(EOVERFLOW, [&](auto&... ec) { map.pin(path, ec...); }),
                           "does not map the user or the group of this process (uid 1000 here)"));
    });
  for (const int fd : {end[1], end[0], ready[0], ready[1]}) ::close(fd);
  EXPECT_EQ(::waitpid(keeper, nullptr, 0), keeper);
  if (!folder) GTEST_SKIP() << "this kernel mounts no bpffs for a user namespace";
}

TEST(Cause, OfAProgramThatAProgArrayRefuses) {
  Map map = Map::create(test::spec_of(prog_array));
  const auto put = [&map](int fd) { return [&map, fd](auto&... ec) { map.update(1, fd, ec...); }; };
  const sys::UniqueFd plain = test::load_program(XDP_PASS, {.type = BPF_PROG_TYPE_XDP});
  const sys::UniqueFd frags =
      test::load_program(XDP_PASS, {.type = BPF_PROG_TYPE_XDP, .flags = BPF_F_XDP_HAS_FRAGS});
  const sys::UniqueFd filter = test::load_program();
  map.update(0, plain.get());
  EXPECT_TRUE(contains(told(EINVAL, put(frags.get())), " has the right type but does not fit: "));
  EXPECT_TRUE(contains(told(EINVAL, put(frags.get())), "xdp.frags"));
  EXPECT_TRUE(contains(told(EINVAL, put(filter.get())), " has another type than the programs "));
  EXPECT_TRUE(contains(told(EINVAL, put(map.fd())), ", is not a program: EINVAL"));
  EXPECT_TRUE(lacks(played(EINVAL, put(filter.get())), "another type"));
}

TEST(Cause, OfAnInnerMapThatIsNotLikeTheOthers) {
  const Map outer = Map::create({.type = hash_of_maps,
                                 .key_size = 4,
                                 .value_size = 4,
                                 .max_entries = 2,
                                 .inner_map_fd = flows().fd()});
  const Map like = test::make_map(hash, 4, 8);
  const Map other = test::make_map(hash, 8, 8);
  const auto text = [&](const Map& inner) {
    return explain(detail::record_inner(outer, {.operation = Operation::update}, inner.info(),
                                        like.info(), errno_code(EINVAL)));
  };
  EXPECT_TRUE(contains(text(other), "; its key_size is 8, not 4: EINVAL"));
  const test::SmallBtf btf;
  const Map locked = Map::create({.type = hash,
                                  .key_size = 4,
                                  .value_size = 8,
                                  .max_entries = like.info().max_entries,
                                  .btf_fd = btf.fd(),
                                  .btf_key_type_id = test::SmallBtf::integer,
                                  .btf_value_type_id = test::SmallBtf::locked});
  EXPECT_TRUE(contains(text(locked), "; its special fields are bpf_spin_lock at byte 4, not none"));
  EXPECT_TRUE(lacks(text(like), "BTF"));
}

TEST(Cause, OfFlagsWithTheBitOfOneCpu) {
  Map map = flows();
  for (const std::uint64_t bits : {~std::uint64_t{0}, std::uint64_t{8}, std::uint64_t{16}}) {
    const std::string text =
        told(EINVAL, [&](auto&... ec) { map.update(1, 1, static_cast<UpdateFlags>(bits), ec...); });
    EXPECT_TRUE(contains(text, " have bits that the running kernel ("));
    EXPECT_TRUE(lacks(text, "BPF_F_CPU"));
  }
}

TEST(Cause, OfAFrozenRingBuffer) {
  const Map map = Map::create(test::spec_of(ringbuf));
  const std::array types{ringbuf};
  const auto view = [&](const Map& over) {
    return explain(detail::record_view(over, {.types = types}, errno_code(EPERM)));
  };
  EXPECT_TRUE(lacks(view(map), "the map is frozen"));
  Map frozen = map.duplicate();
  frozen.freeze();
  EXPECT_TRUE(contains(view(map), "the map is frozen, and the memory of a ring buffer must be "));
}

TEST(Cause, OfWhatTheLibraryRefusesIsNotTheKernels) {
  const Map map = test::make_map(array, 4, 8);
  const std::string text = explain(detail::record(map, {.operation = Operation::drain},
                                                  make_error_code(Errc::unsupported_operation)));
  EXPECT_TRUE(contains(text, "): entries of an array cannot be removed; "));
  EXPECT_TRUE(lacks(text, "kernel"));
}

}  // namespace
}  // namespace bpfmap
