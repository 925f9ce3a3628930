// SPDX-License-Identifier: MIT
// Which value types are found to hold a lock.
#include "bpfmap/codec/spin_lock.hpp"

#include <linux/bpf.h>

#include <array>
#include <cstdint>

namespace {

struct First {
  bpf_spin_lock lock;
  std::uint32_t count;
};
struct Last {
  std::uint64_t count;
  char name[16];
  std::uint32_t matrix[2][3];
  std::array<std::uint64_t, 2> more;
  enum class Kind : std::uint8_t { a, b } kind;
  union {
    std::uint32_t v4;
    std::uint8_t v6[16];
  };
  struct {
    std::uint32_t x, y;
  } inner;
  std::uint32_t flags : 3;
  bpf_spin_lock lock = {};
};
struct Alone {
  bpf_spin_lock lock;
};
struct Nested {
  std::uint64_t count;
  First inner;
};
struct Deep {
  Nested first;
};
struct Counters {
  std::uint64_t packets, bytes;
  std::uint32_t lock;
};
struct LikeALock {
  std::uint32_t val;
};
struct TakesAnything {
  TakesAnything() = default;
  template <class T>
  TakesAnything(const T&) {}
  std::uint32_t value = 0;
};
struct HoldsOthers {
  LikeALock lock;
  TakesAnything anything;
};
struct ThirtyTwo {
  std::uint32_t a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, b0, b1, b2, b3, b4, b5, b6, b7, b8, b9, c0,
      c1, c2, c3, c4, c5, c6, c7, c8, c9, d0;
  bpf_spin_lock lock;
};
class Private {
 public:
  Private() = default;

 private:
  [[maybe_unused]] bpf_spin_lock lock_{};
};

}  // namespace

template <>
inline constexpr bool bpfmap::has_spin_lock<Private> = true;

namespace bpfmap {
namespace {

static_assert(has_spin_lock<First> && has_spin_lock<Last> && has_spin_lock<Alone>);
static_assert(has_spin_lock<ThirtyTwo>, "as the last of the members that are looked at");
static_assert(has_spin_lock<Private>, "specialised");
static_assert(!has_spin_lock<Nested> && !has_spin_lock<Deep>, "the kernel does not look there");
static_assert(!has_spin_lock<Counters> && !has_spin_lock<LikeALock> && !has_spin_lock<HoldsOthers>);
static_assert(!has_spin_lock<std::uint64_t> && !has_spin_lock<bpf_spin_lock> &&
              !has_spin_lock<std::array<std::uint64_t, 4>> && !has_spin_lock<char> &&
              !has_spin_lock<Last::Kind>);

}  // namespace
}  // namespace bpfmap
