// SPDX-License-Identifier: MIT
// What an operation says when the list of possible CPUs cannot be read. In processes of their own,
// which have not read it yet.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "bpfmap/bpfmap.hpp"
#include "fake_bpf.hpp"
#include "sanitizers.hpp"
#include "told.hpp"

namespace bpfmap {
namespace {

using test::contains;

constexpr int cannot_mount = 77;

// Mounts `source`, or an empty folder, over `path` in a mount namespace of its own.
void hide(const char* source, const char* path) {
  const bool own = ::unshare(CLONE_NEWNS) == 0 || ::unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0;
  const char* const type = source == nullptr ? "tmpfs" : nullptr;
  if (!own || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      ::mount(source, path, type, source == nullptr ? 0 : MS_BIND, nullptr) != 0)
    std::exit(cannot_mount);
}

// Expects that both forms fail with `code` and a text that has `cause`.
template <class Call>
void expect_told(const std::error_code& code, const std::string& cause, Call call) {
  std::error_code ec = make_error_code(std::errc::io_error);
  call(ec);
  EXPECT_EQ(ec, code) << ec.message();
  const std::string text = explain(ec);
  EXPECT_TRUE(contains(text, cause));
  EXPECT_EQ(test::error_of([&call] { call(); }).what(), text);
}

// Every way to the slots of a map.
void expect_told_by_all(Map& map, const std::error_code& code, const std::string& cause) {
  const std::vector<std::uint32_t> keys{1};
  const std::vector<std::uint64_t> values{1};
  const auto any = UpdateFlags::any;
  expect_told(code, cause, [&](auto&... ec) { (void)map.lookup_percpu(1, ec...); });
  expect_told(code, cause, [&](auto&... ec) { map.update_percpu(1, values, any, ec...); });
  expect_told(code, cause, [&](auto&... ec) { map.update_cpu(1, 2, 0, any, ec...); });
  expect_told(code, cause, [&](auto&... ec) { (void)count(map, ec...); });
  expect_told(code, cause, [&](auto&... ec) { (void)clear(map, ec...); });
  expect_told(code, cause, [&](auto&... ec) { (void)erase_batch(map, keys, ec...); });
  expect_told(code, cause, [](auto&... ec) { (void)CpuMap::create({}, ec...); });
}

class CpuList : public ::testing::Test {
 protected:
  // `refuse` makes the list unreadable.
  template <class Refuse>
  static void expect_in_new_process(Refuse refuse, const std::error_code& code,
                                    const std::string& cause) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    const auto passed = [](int status) {
      return WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == cannot_mount);
    };
    const auto body = [&] {
      const MapInfo slots{
          .type = MapType::percpu_hash, .id = 7, .key_size = 4, .value_size = 8, .max_entries = 8};
      test::FakeMap fake{slots};
      refuse();
      expect_told_by_all(fake.map, code, cause);
      std::error_code ec;
      const PerCpuHashMap<std::uint32_t, std::uint64_t> typed{std::move(fake.map), ec};
      EXPECT_EQ(ec, code);
      EXPECT_TRUE(contains(explain(ec), cause));
      EXPECT_TRUE(fake.calls().empty());
      std::exit(::testing::Test::HasFailure() ? 1 : 0);
    };
    EXPECT_EXIT(body(), passed, "");
  }
};

// The sanitizers open pipes.
#if !BPFMAP_SANITIZED
void leave_no_descriptor() {
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  limit.rlim_cur = 0;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
}

TEST_F(CpuList, ThatTakesADescriptorTooManyIsEmfile) {
  expect_in_new_process(leave_no_descriptor, test::errno_code(EMFILE),
                        ": this process has reached its limit of open descriptors; ");
}
#endif

TEST_F(CpuList, ThatIsMissingIsOfSysfs) {
  expect_in_new_process([] { hide(nullptr, "/sys/devices/system/cpu"); }, Errc::no_cpu_list,
                        ": /sys/devices/system/cpu/possible does not exist (mount sysfs on /sys), "
                        "so ");
}

TEST_F(CpuList, ThatIsEmptyIsNotOfSysfs) {
  expect_in_new_process([] { hide("/dev/null", "/sys/devices/system/cpu/possible"); },
                        Errc::no_cpu_list,
                        ": /sys/devices/system/cpu/possible holds no list of CPUs, so ");
}

}  // namespace
}  // namespace bpfmap
