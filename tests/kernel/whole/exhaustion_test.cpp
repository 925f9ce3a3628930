// SPDX-License-Identifier: MIT
// Machines that have run out of something, for real: the error names it, nothing is lost, and the
// program goes on when there is some again.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "bpfmap/bpfmap.hpp"
#include "child_process.hpp"
#include "maps.hpp"
#include "own_memory_limit.hpp"
#include "sanitizers.hpp"
#include "told.hpp"

namespace bpfmap {
namespace {

using test::contains;
using test::errno_code;
using test::make_map;
using test::OwnMemoryLimit;
using test::told;

using Flows = HashMap<std::uint32_t, std::uint64_t>;

// Takes all descriptors during its lifetime.
class NoDescriptors {
 public:
  NoDescriptors() {
    EXPECT_EQ(::getrlimit(RLIMIT_NOFILE, &before_), 0);
    const int free = ::dup(0);
    ::close(free);
    const rlimit none{static_cast<rlim_t>(free), before_.rlim_max};
    EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  }
  NoDescriptors(const NoDescriptors&) = delete;
  NoDescriptors& operator=(const NoDescriptors&) = delete;
  ~NoDescriptors() { EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &before_), 0); }

 private:
  rlimit before_{};
};

TEST(WithoutDescriptors, NothingIsOpenedAndOpenMapsWork) {
  if (BPFMAP_SANITIZED != 0) return;  // sanitizers open descriptors of their own
  const test::PrivateBpffs bpffs;
  const std::string path = bpffs.path("flows");
  const std::string free = bpffs.path("free");
  auto flows = Flows::create({.max_entries = 8, .name = "flows"});
  flows.map().pin(path);
  const std::uint32_t id = flows.map().info().id;
  const MapSpec spec{
      .type = MapType::hash, .key_size = 4, .value_size = 8, .max_entries = 8, .name = "flows"};
  test::in_child([&] {
    (void)supports(MapType::hash);
    const std::vector<std::pair<const char*, std::function<void(std::error_code&)>>> refused{
        {"create", [&](auto& ec) { (void)Map::create(spec, ec); }},
        {"open_pinned", [&](auto& ec) { (void)Map::open_pinned(path, ec); }},
        {"from_id", [&](auto& ec) { (void)Map::from_id(id, ec); }},
        {"duplicate", [&](auto& ec) { (void)flows.map().duplicate(ec); }},
        {"open_or_create", [&](auto& ec) { (void)open_or_create(path, spec, ec); }},
        {"open_or_create, new", [&](auto& ec) { (void)open_or_create(free, spec, ec); }},
        {"list_pins", [&](auto& ec) { (void)list_pins(bpffs.root(), ec); }},
        {"list_maps", [&](auto& ec) { (void)list_maps(ec); }},
        {"is_pinned_at", [&](auto& ec) { (void)is_pinned_at(flows.map(), path, ec); }},
        {"resize", [&](auto& ec) { (void)resize(flows.map(), path, 16, ec); }},
        {"fd_info", [&](auto& ec) { (void)flows.map().fd_info(ec); }}};
    for (const auto& [name, call] : refused) {
      SCOPED_TRACE(name);
      const std::size_t before = test::open_descriptors();
      std::error_code ec;
      std::string text;
      {
        const NoDescriptors none;
        call(ec);
        text = explain(ec);
      }
      EXPECT_EQ(ec, errno_code(EMFILE));
      EXPECT_TRUE(contains(text, "EMFILE"));
      EXPECT_EQ(test::open_descriptors(), before);
    }
    const NoDescriptors none;
    flows.update(1, 10);
    EXPECT_EQ(flows.lookup(1), 10U);
    EXPECT_EQ(count(flows), 1U);
    EXPECT_EQ(erase_if(flows, [](std::uint32_t, std::uint64_t) { return true; }), 1U);
    std::error_code ec;
    wait_for_programs(ec);
    EXPECT_EQ(ec, errno_code(EMFILE));
  });
  EXPECT_TRUE(is_pinned_at(flows.map(), path));
  EXPECT_NE(::access(free.c_str(), F_OK), 0);
}

constexpr std::uint64_t limit = 16U << 20U;

TEST(MemoryCgroup, RefusesAMapThatDoesNotFit) {
  const OwnMemoryLimit memory{limit};
  if (!memory.is_there()) GTEST_SKIP() << "no writable memory cgroup";
  test::in_child([&] {
    memory.enter();
    for (const MapType type : {MapType::array, MapType::hash}) {
      SCOPED_TRACE(to_string(type));
      const auto create = [type](auto&... ec) {
        (void)Map::create({.type = type, .key_size = 4, .value_size = 4096, .max_entries = 16384},
                          ec...);
      };
      EXPECT_TRUE(contains(told(ENOMEM, create), "memory cgroup"));
    }
    // There is room for a smaller one.
    EXPECT_TRUE(make_map(MapType::array, 4, 8));
  });
}

// Memory of maps counts against it before Linux 5.11.
TEST(LockedMemory, IsNoLimitOrIsNamedAsOne) {
  test::in_child([] {
    const rlimit none{0, 0};
    ASSERT_EQ(::setrlimit(RLIMIT_MEMLOCK, &none), 0);
    std::error_code ec;
    const Map map = Map::create(
        {.type = MapType::array, .key_size = 4, .value_size = 4096, .max_entries = 1024}, ec);
    if (!ec) return;
    EXPECT_EQ(ec, errno_code(EPERM));
    EXPECT_TRUE(contains(explain(ec), "RLIMIT_MEMLOCK"));
  });
}

// Maps come and go while others open all that there are.
TEST(AnIdThatIsFreed, IsMissingAndNeverAnotherMap) {
  std::atomic<std::uint32_t> id = 0;
  std::atomic<bool> stop = false;
  std::thread churn{[&] {
    while (!stop) {
      const Map map = make_map(MapType::array, 4, 24, 1);
      id = map.info().id;
    }
  }};
  std::uint64_t opened = 0;
  std::uint64_t missing = 0;
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds{500};
  while (std::chrono::steady_clock::now() < end && !::testing::Test::HasFailure()) {
    std::error_code ec;
    const std::uint32_t asked = id;
    const Map map = asked == 0 ? Map{} : Map::from_id(asked, ec);
    if (map) {
      ++opened;
      EXPECT_EQ(map.info().id, asked);
      EXPECT_EQ(map.info().value_size, 24U);
    } else if (asked != 0) {
      ++missing;
      EXPECT_EQ(ec, errno_code(ENOENT));
    }
    (void)list_maps(ec);
    EXPECT_EQ(ec, std::error_code{}) << ec.message();
  }
  stop = true;
  churn.join();
  EXPECT_GT(opened + missing, 0U);
}

}  // namespace
}  // namespace bpfmap
