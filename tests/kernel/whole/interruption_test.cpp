// SPDX-License-Identifier: MIT
// Signals, pthread_cancel(3) and vfork(2) while a thread waits in the library.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "bpfmap/bpfmap.hpp"
#include "child_process.hpp"
#include "maps.hpp"
#include "rings.hpp"

namespace bpfmap {
namespace {

using namespace std::chrono_literals;
using test::errno_code;
using test::RingPrograms;

// Every call that waits, on maps where nothing comes.
class Waits {
 public:
  struct Call {
    const char* name;
    std::function<bool(Timeout, std::error_code&)> wait;  // whether it found something
  };

  Waits() {
    ring.for_each(programs.first(), [](BytesView) {});
    perf.for_each([](BytesView) {});
    std::error_code ec;
    while (samples.reserve<test::Event>(ec)) continue;  // discarded, and full: nobody drains
  }

  [[nodiscard]] std::vector<Call> calls() {
    return {
        {"poll of a RingBuffer", [&](Timeout t, auto& ec) { return ring.poll(t, ec) != 0; }},
        {"poll of a PerfBuffer", [&](Timeout t, auto& ec) { return perf.poll(t, ec) != 0; }},
        {"wait of a RingReader", [&](Timeout t, auto& ec) { return reader.wait(t, ec); }},
        {"reserve",
         [&](Timeout t, auto& ec) { return samples.reserve<test::Event>(t, ec).has_value(); }},
        {"wait_until_drained",
         [&](Timeout t, auto& ec) { return samples.wait_until_drained(t, ec); }},
    };
  }

  RingPrograms programs;
  RingBuffer ring;
  RingReader reader{programs.second()};
  PerfBuffer perf{programs.perf(), 1};
  UserRingBuffer samples{programs.samples()};
};

// Sends SIGUSR1 to the calling thread every millisecond; its handler does nothing.
class Signals {
 public:
  explicit Signals(int flags) {
    struct sigaction action{};
    action.sa_handler = [](int) {};
    action.sa_flags = flags;
    EXPECT_EQ(::sigaction(SIGUSR1, &action, &before_), 0);
    thread_ = std::thread{[this, to = ::pthread_self()] {
      while (!over_) {
        ::pthread_kill(to, SIGUSR1);
        std::this_thread::sleep_for(1ms);
      }
    }};
  }
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  ~Signals() {
    over_ = true;
    thread_.join();
    ::sigaction(SIGUSR1, &before_, nullptr);
  }

 private:
  struct sigaction before_{};
  std::atomic<bool> over_ = false;
  std::thread thread_;
};

TEST(ASignal, EndsEveryWaitWithoutAnError) {
  Waits waits;
  for (const int flags : {0, SA_RESTART})
    for (const auto& [name, wait] : waits.calls()) {
      SCOPED_TRACE(std::string{name} + (flags == 0 ? "" : ", SA_RESTART"));
      const Signals signals{flags};
      std::error_code ec = Errc::invalid_name;
      bool found = true;
      EXPECT_LT(test::time_of([&, &call = wait] { found = call(20s, ec); }), 15s);
      EXPECT_FALSE(found);
      EXPECT_EQ(ec, std::error_code{});
    }
}

// A folder that another process has locked is waited for some seconds, however many signals come.
TEST(ASignal, DoesNotShortenTheWaitForAFolder) {
  const test::PrivateBpffs bpffs;
  const Map map = test::make_map(MapType::hash, 4, 8);
  const sys::UniqueFd folder{::open(bpffs.root().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  ASSERT_EQ(::flock(folder.get(), LOCK_EX), 0);
  const auto pin = [&](std::error_code& ec) { map.pin(bpffs.path("flows"), {.mode = 0600}, ec); };
  std::error_code ec;
  std::thread unlocker{[&] {
    std::this_thread::sleep_for(1500ms);
    ::flock(folder.get(), LOCK_UN);
  }};
  {
    const Signals signals{0};
    pin(ec);
  }
  unlocker.join();
  EXPECT_EQ(ec, std::error_code{}) << ec.message();
}

// The thread ends after the call: unwinding out of it would end the program.
TEST(ACancelledThread, LeavesTheCallFirst) {
  test::in_child([] {
    Waits waits;
    for (const auto& call : waits.calls()) {
      SCOPED_TRACE(call.name);
      struct Shared {
        const Waits::Call& call;
        std::atomic<bool> returned = false;
      } shared{call};
      pthread_t thread{};
      const auto run = [](void* argument) -> void* {
        auto& mine = *static_cast<Shared*>(argument);
        std::error_code ec;
        (void)mine.call.wait(300ms, ec);
        mine.returned = true;
        ::pthread_testcancel();
        return nullptr;
      };
      ASSERT_EQ(::pthread_create(&thread, nullptr, run, &shared), 0);
      std::this_thread::sleep_for(50ms);
      ASSERT_EQ(::pthread_cancel(thread), 0);
      void* result = nullptr;
      ASSERT_EQ(::pthread_join(thread, &result), 0);
      EXPECT_EQ(result, PTHREAD_CANCELED);
      EXPECT_TRUE(shared.returned);
    }
    // Nothing is held by the threads that are gone.
    waits.programs.write(1, 1);
    EXPECT_EQ(waits.ring.poll(10s), 1U);
  });
}

TEST(AProgramStartedByVfork, GetsNoDescriptorAndLeavesTheRingsToTheParent) {
  const std::size_t before = test::open_descriptors();
  Waits waits;
  const Map map = test::make_map(MapType::hash, 4, 8);
  EXPECT_GT(test::open_descriptors(), before);
  for (const auto& entry : std::filesystem::directory_iterator{"/proc/self/fd"}) {
    const int fd = std::stoi(entry.path().filename().string());
    const int flags = ::fcntl(fd, F_GETFD);
    std::error_code ec;
    const auto target = std::filesystem::read_symlink(entry.path(), ec).string();
    if (flags >= 0 && target.find("anon_inode:") == 0) {
      EXPECT_NE(flags & FD_CLOEXEC, 0) << target;
    }
  }
  const pid_t child = ::vfork();
  if (child == 0) {
    ::execl("/bin/true", "true", static_cast<char*>(nullptr));
    ::_exit(127);
  }
  int status = 1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  waits.programs.write(1, 2);
  EXPECT_EQ(waits.ring.poll(10s), 2U);
  waits.programs.write(3, 1, true);
  EXPECT_TRUE(waits.reader.wait(10s));
  (void)waits.programs.drain_count();
  EXPECT_TRUE(waits.samples.reserve<test::Event>());
}

}  // namespace
}  // namespace bpfmap
