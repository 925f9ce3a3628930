// SPDX-License-Identifier: MIT
// The kernel's own reason for a refused creation, where the kernel gives one (7.2).
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include "bpfmap/map/map.hpp"
#include "bpfmap/sys/bpf.hpp"
#include "fake_bpf.hpp"
#include "told.hpp"

namespace bpfmap {
namespace {

using test::contains;
using test::told;

const MapSpec wrong_extra{
    .type = MapType::hash, .key_size = 4, .value_size = 4, .max_entries = 1, .map_extra = 1};

// What the kernel writes about a hash with a map_extra.
std::string reason_of_kernel() {
  sys::MapCreateAttr attr;
  std::memset(&attr, 0, sizeof attr);
  attr.map_type = sys::map_type_hash;
  attr.key_size = attr.value_size = 4;
  attr.max_entries = 1;
  attr.map_extra = 1;
  std::array<char, 256> log{};
  EXPECT_EQ(sys::map_create_logged(attr, sizeof attr, log.data(), log.size()), -EINVAL);
  std::string reason{log.data()};
  while (reason.ends_with('\n') || reason.ends_with('.')) reason.pop_back();
  return reason;
}

TEST(CreateReason, IsTheKernelsWhereItGivesOne) {
  const std::string reason = reason_of_kernel();
  const std::string text =
      told(EINVAL, [](auto&... ec) { EXPECT_FALSE(Map::create(wrong_extra, ec...)); });
  EXPECT_TRUE(contains(text, "map_extra"));
  if (reason.empty()) {
    EXPECT_FALSE(contains(text, "kernel message"));
  } else {
    EXPECT_TRUE(contains(text, "; kernel message: " + reason));
  }
}

TEST(CreateReason, IsNotAskedForWhileBpfIsReplaced) {
  const test::FakeBpf fake{-EINVAL};
  std::array<char, 256> log{};
  EXPECT_EQ(sys::map_create_logged({}, sizeof(sys::MapCreateAttr), log.data(), log.size()),
            -ENOSYS);
  EXPECT_TRUE(fake.calls().empty());
}

TEST(CreateReason, IsEmptyForASpecThatTheKernelAccepts) {
  sys::MapCreateAttr attr;
  std::memset(&attr, 0, sizeof attr);
  attr.map_type = sys::map_type_hash;
  attr.key_size = attr.value_size = 4;
  attr.max_entries = 1;
  std::array<char, 256> log{};
  const int fd = sys::map_create_logged(attr, sizeof attr, log.data(), log.size());
  EXPECT_TRUE(fd == -EINVAL || fd > 0) << "an older kernel does not know the command";
  if (fd > 0) {
    EXPECT_EQ(::close(fd), 0);
  }
  EXPECT_EQ(std::string{log.data()}, "");
}

}  // namespace
}  // namespace bpfmap
