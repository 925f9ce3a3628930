// SPDX-License-Identifier: MIT
// Pins that are made with permission bits, an owner and folders.
#include "bpfmap/map/pin_options.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "bpfmap/map/map.hpp"
#include "bpfmap/map/pins.hpp"
#include "child_process.hpp"
#include "killed_process.hpp"
#include "maps.hpp"
#include "told.hpp"

namespace bpfmap {
namespace {

using test::contains;
using test::errno_code;
using test::make_map;
using test::PrivateBpffs;
using test::told;

struct stat status_of(const std::string& path) {
  struct stat status{};
  EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
  return status;
}
unsigned int mode_of(const std::string& path) { return status_of(path).st_mode & 07777U; }

std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator{folder})
    // The kernel's own names have a '.'.
    if (!entry.path().has_extension()) names.push_back(entry.path().filename());
  return names;
}

// While it lives.
class Umask {
 public:
  explicit Umask(mode_t mask) : before_(::umask(mask)) {}
  Umask(const Umask&) = delete;
  Umask& operator=(const Umask&) = delete;
  ~Umask() { ::umask(before_); }

 private:
  mode_t before_;
};

TEST(PinOptions, SetTheModeWhateverTheUmaskIs) {
  const PrivateBpffs bpffs;
  const Map map = make_map(MapType::hash, 4, 8);
  int number = 0;
  for (const mode_t mask : {mode_t{0}, mode_t{022}, mode_t{0777}})
    for (const std::uint32_t mode : {0640U, 0666U, 0400U, 0U}) {
      const Umask umask{mask};
      const std::string path = bpffs.path("pin" + std::to_string(++number));
      map.pin(path, {.mode = mode});
      EXPECT_EQ(mode_of(path), mode) << mask;
      EXPECT_EQ(Map::open_pinned(path).info().id, map.info().id);
    }
  EXPECT_EQ(names_in(bpffs.root()).size(), 12U) << "nothing else was left";
}

TEST(PinOptions, OfNothingAreAPlainPin) {
  const PrivateBpffs bpffs;
  const Umask umask{0};
  const Map map = make_map(MapType::hash, 4, 8);
  map.pin(bpffs.path("plain"));
  map.pin(bpffs.path("options"), {});
  EXPECT_EQ(mode_of(bpffs.path("plain")), 0600U);
  EXPECT_EQ(mode_of(bpffs.path("options")), 0600U);
}

TEST(PinOptions, SetOwnerAndGroup) {
  const PrivateBpffs bpffs;
  const Map map = make_map(MapType::hash, 4, 8);
  map.pin(bpffs.path("both"), {.mode = 0640, .owner = 65534, .group = 1234});
  EXPECT_EQ(status_of(bpffs.path("both")).st_uid, 65534U);
  EXPECT_EQ(status_of(bpffs.path("both")).st_gid, 1234U);
  EXPECT_EQ(mode_of(bpffs.path("both")), 0640U);
  map.pin(bpffs.path("group"), {.group = 1234});
  EXPECT_EQ(status_of(bpffs.path("group")).st_uid, ::geteuid());
  EXPECT_EQ(status_of(bpffs.path("group")).st_gid, 1234U);
}

TEST(PinOptions, KeepTheBitsThatAChangeOfTheOwnerClears) {
  const PrivateBpffs bpffs;
  const Map map = make_map(MapType::hash, 4, 8);
  map.pin(bpffs.path("bits"), {.mode = 04755, .owner = 65534});
  EXPECT_EQ(mode_of(bpffs.path("bits")), 04755U);
}

TEST(PinOptions, RefuseModesBeyondThePermissionBits) {
  const PrivateBpffs bpffs;
  const Map map = make_map(MapType::hash, 4, 8);
  const auto told_of = [&](const PinOptions& options) {
    return told(Errc::out_of_range,
                [&](auto&... ec) { map.pin(bpffs.path("a/pin"), options, ec...); });
  };
  EXPECT_TRUE(contains(told_of({.mode = S_IFREG | 0640, .make_folders = true}),
                       "': the mode 0100640 has bits beyond 07777, the permission bits; "));
  EXPECT_TRUE(contains(told_of({.mode = 010000}), "': the mode 010000 has bits beyond 07777"));
  EXPECT_TRUE(contains(told_of({.mode = 0xFFFF'FFFF}), "': the mode 037777777777 has bits"));
  for (const bool make_folders : {false, true})
    EXPECT_TRUE(contains(told_of({.make_folders = make_folders, .folder_mode = S_IFDIR | 0755}),
                         "': the mode 040755 has bits beyond 07777"));
  EXPECT_TRUE(names_in(bpffs.root()).empty());
  map.pin(bpffs.path("a/pin"), {.mode = 07777, .make_folders = true, .folder_mode = 07777});
  EXPECT_EQ(mode_of(bpffs.path("a/pin")), 07777U);
  EXPECT_EQ(mode_of(bpffs.path("a")), 07777U);
}

TEST(PinOptions, RefuseTheIdThatChownTakesForNoChange) {
  const PrivateBpffs bpffs;
  const Map map = make_map(MapType::hash, 4, 8);
  for (const PinOptions& options :
       {PinOptions{.owner = 0xFFFF'FFFF}, PinOptions{.group = 0xFFFF'FFFF}})
    EXPECT_TRUE(contains(
        told(Errc::out_of_range, [&](auto&... ec) { map.pin(bpffs.path("pin"), options, ec...); }),
        "': 4294967295 is not a valid user or group id (chown(2) uses -1 for \"unchanged\")"));
  EXPECT_TRUE(names_in(bpffs.root()).empty());
}

TEST(PinOptions, MakeMissingFolders) {
  const PrivateBpffs bpffs;
  const Umask umask{077};
  const Map map = make_map(MapType::hash, 4, 8);
  map.pin(bpffs.path("a/b//c/pin"), {.mode = 0666, .make_folders = true, .folder_mode = 0751});
  for (const char* const folder : {"a", "a/b", "a/b/c"})
    EXPECT_EQ(mode_of(bpffs.path(folder)), 0751U) << folder;
  EXPECT_EQ(mode_of(bpffs.path("a/b/c/pin")), 0666U);
  // Those that are there stay as they are.
  map.pin(bpffs.path("a/d/pin"), {.make_folders = true, .folder_mode = 0700});
  EXPECT_EQ(mode_of(bpffs.path("a")), 0751U);
  EXPECT_EQ(mode_of(bpffs.path("a/d")), 0700U);
  map.pin(bpffs.path("top"), {.make_folders = true});
}

TEST(PinOptions, MakeFoldersOnABpffsOnly) {
  const PrivateBpffs bpffs;
  const Map map = make_map(MapType::hash, 4, 8);
  const std::string outside = "/tmp/bpfmap-test-made-folder";
  for (const std::string& path :
       {outside + "/pin", outside + "/deeper/pin", bpffs.path("x/../y/pin")}) {
    SCOPED_TRACE(path);
    (void)told(Errc::invalid_path,
               [&](auto&... ec) { map.pin(path, {.make_folders = true}, ec...); });
  }
  const auto dotted = [&](auto&... ec) {
    map.pin(bpffs.path("with.dot/pin"), {.make_folders = true}, ec...);
  };
  EXPECT_TRUE(contains(told(EPERM, dotted), "'with.dot' has a '.'"));
  EXPECT_NE(::access(outside.c_str(), F_OK), 0);
  EXPECT_TRUE(names_in(bpffs.root()).empty());
  std::error_code ec;
  map.pin(bpffs.path("a") + std::string("\0/pin", 5), {.make_folders = true}, ec);
  EXPECT_EQ(ec, Errc::invalid_path);
  EXPECT_TRUE(names_in(bpffs.root()).empty());
}

TEST(PinOptions, LeaveNothingBehindWhenThePinFails) {
  const PrivateBpffs bpffs;
  const Map map = make_map(MapType::hash, 4, 8);
  // The last part has a '.'.
  (void)told(Errc::invalid_path, [&](auto&... ec) {
    map.pin(bpffs.path("a/b/c.d"), {.mode = 0600, .make_folders = true}, ec...);
  });
  EXPECT_TRUE(names_in(bpffs.root()).empty());
  map.pin(bpffs.path("taken"));
  EXPECT_TRUE(contains(
      told(EEXIST, [&](auto&... ec) { map.pin(bpffs.path("taken"), {.mode = 0666}, ec...); }),
      "already exists"));
  EXPECT_EQ(mode_of(bpffs.path("taken")), 0600U);
  EXPECT_EQ(names_in(bpffs.root()), std::vector<std::string>{"taken"});
  EXPECT_TRUE(contains(
      told(ENOENT, [&](auto&... ec) { map.pin(bpffs.path("missing/pin"), {.mode = 0600}, ec...); }),
      "does not exist"));
  (void)told(ENOTDIR,
             [&](auto&... ec) { map.pin(bpffs.path("taken/pin"), {.make_folders = true}, ec...); });
  (void)told(Errc::no_map, [&](auto&... ec) {
    Map{}.pin(bpffs.path("pin"), {.mode = 0600, .make_folders = true}, ec...);
  });
  EXPECT_EQ(names_in(bpffs.root()), std::vector<std::string>{"taken"});
}

TEST(PinOptions, AreRefusedToAProcessThatMayNotSetThem) {
  const PrivateBpffs bpffs;
  const Map map = make_map(MapType::hash, 4, 8);
  ASSERT_EQ(::chmod(bpffs.root().c_str(), 0777), 0);
  test::in_child([&] {
    ASSERT_EQ(::setresgid(65534, 65534, 65534), 0);
    ASSERT_EQ(::setresuid(65534, 65534, 65534), 0);
    map.pin(bpffs.path("mine"), {.mode = 0444});
    (void)told(EPERM, [&](auto&... ec) {
      map.pin(bpffs.path("not-mine"), {.mode = 0600, .owner = 0}, ec...);
    });
  });
  EXPECT_EQ(mode_of(bpffs.path("mine")), 0444U);
  EXPECT_EQ(names_in(bpffs.root()), std::vector<std::string>{"mine"});
}

// Another process watches the path while pins with mode 0666 are made there, in a folder in which
// everybody may look.
TEST(PinOptions, AreSetBeforeThePinIsSeen) {
  const PrivateBpffs bpffs;
  const Map map = make_map(MapType::hash, 4, 8);
  const std::string path = bpffs.path("seen");
  std::atomic<bool> done{false};
  int seen = 0;
  int wrong = 0;
  std::thread watcher{[&] {
    while (!done) {
      struct stat status{};
      if (::stat(path.c_str(), &status) != 0) continue;
      ++seen;
      if ((status.st_mode & 0777U) != 0666U || status.st_gid != 1234U) ++wrong;
    }
  }};
  for (int round = 0; round < 2000 || seen == 0; ++round) {
    map.pin(path, {.mode = 0666, .group = 1234});
    Map::unpin(path);
    ASSERT_LT(round, 200000);
  }
  done = true;
  watcher.join();
  EXPECT_GT(seen, 0);
  EXPECT_EQ(wrong, 0);
}

TEST(PinOptions, AreSafeInSeveralThreadsAndProcesses) {
  const PrivateBpffs bpffs;
  const Map map = make_map(MapType::hash, 4, 8);
  std::atomic<int> made{0};
  std::atomic<int> existed{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int n = 0; n < 50; ++n) {
        std::error_code ec;
        map.pin(bpffs.path("f" + std::to_string(n % 5) + "/pin" + std::to_string(n)),
                {.mode = 0640, .make_folders = true}, ec);
        if (!ec) ++made;
        if (ec == errno_code(EEXIST)) ++existed;
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(made, 50);
  EXPECT_EQ(existed, 150);
  for (int folder = 0; folder < 5; ++folder)
    for (const auto& name : names_in(bpffs.path("f" + std::to_string(folder))))
      EXPECT_TRUE(name.starts_with("pin")) << name;
}

TEST(PinOptions, GiveUpWhenTheFolderStaysLocked) {
  const PrivateBpffs bpffs;
  const Map map = make_map(MapType::hash, 4, 8);
  const sys::UniqueFd folder{::open(bpffs.root().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  ASSERT_EQ(::flock(folder.get(), LOCK_EX), 0);
  const auto text =
      told(EAGAIN, [&](auto&... ec) { map.pin(bpffs.path("pin"), {.mode = 0600}, ec...); });
  EXPECT_TRUE(contains(text, "holds the lock on " + bpffs.root()));
  map.pin(bpffs.path("pin"));
}

TEST(PinOptions, CanBeSetByAProcessThatIsKilledAtAnyStep) {
  const PrivateBpffs bpffs;
  const Map map = make_map(MapType::hash, 4, 8);
  const std::string path = bpffs.path("pin");
  const auto pin = [&] {
    std::error_code ec;
    map.pin(path, {.mode = 0666}, ec);
    (void)is_pinned_at(map, path, ec);  // one more step, after the pin was moved in
  };
  const int killed = test::killed_at_every_call(
      [&] { (void)Map::unpin(path); }, pin,
      [&] {
        for (const auto& name : names_in(bpffs.root()))
          EXPECT_TRUE(name == "pin" || name == "bpfmap_replacing") << name;
        struct stat status{};
        if (::stat(path.c_str(), &status) == 0) {
          EXPECT_EQ(mode_of(path), 0666U) << "not seen before";
        }
        (void)Map::unpin(path);
        map.pin(path, {.mode = 0640});
        EXPECT_EQ(names_in(bpffs.root()), std::vector<std::string>{"pin"});
        EXPECT_EQ(mode_of(path), 0640U);
      });
  EXPECT_GE(killed, 2 * 2);
}

// A process is killed at a random moment of its work, again and again.
TEST(PinOptions, LeaveAtMostOnePinOfAKilledProcess) {
  const PrivateBpffs bpffs;
  const Map map = make_map(MapType::hash, 4, 8);
  const std::string path = bpffs.path("pin");
  for (int round = 0; round < 30; ++round) {
    std::fflush(nullptr);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      for (;;) {
        std::error_code ec;
        map.pin(path, {.mode = 0666}, ec);
        Map::unpin(path, ec);
      }
    }
    ::usleep(static_cast<useconds_t>(2000 + round * 137));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    for (const auto& name : names_in(bpffs.root()))
      EXPECT_TRUE(name == "pin" || name == "bpfmap_replacing") << name;
    std::error_code ec;
    Map::unpin(path, ec);
    map.pin(path, {.mode = 0666});
    EXPECT_EQ(names_in(bpffs.root()), std::vector<std::string>{"pin"});
    EXPECT_EQ(mode_of(path), 0666U);
    Map::unpin(path);
  }
}

}  // namespace
}  // namespace bpfmap
