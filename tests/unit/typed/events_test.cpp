// SPDX-License-Identifier: MIT
#include "bpfmap/typed/detail/events.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>

namespace bpfmap {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr milliseconds no_limit{-1};

TEST(ToEpollTimeout, StaysWithinAnInt) {
  EXPECT_EQ(detail::to_epoll_timeout(no_limit), -1);
  EXPECT_EQ(detail::to_epoll_timeout(0ms), 0);
  EXPECT_EQ(detail::to_epoll_timeout(milliseconds{std::int64_t{1} << 32}),
            std::numeric_limits<int>::max());
}

struct alignas(16) Wide {
  explicit Wide(std::uint64_t value) noexcept : number(value) {}
  std::uint64_t number;
};

TEST(ShowEvent, CopiesWhatIsNotAlignedWithoutConstructingIt) {
  alignas(16) std::array<std::byte, 40> bytes{};
  const std::uint64_t number = 7;
  std::memcpy(bytes.data() + 8, &number, sizeof number);
  const bool shown = detail::show_event<Wide, 8>(bytes.data() + 8, [](const Wide& event) {
    return event.number == 7 && reinterpret_cast<std::uintptr_t>(&event) % 16 == 0;
  });
  EXPECT_TRUE(shown);
}

}  // namespace
}  // namespace bpfmap
