// SPDX-License-Identifier: MIT
#include "bpfmap/map/flags.hpp"

#include <gtest/gtest.h>

#include <type_traits>

namespace bpfmap {
namespace {

// The kernel's numbers, which are for ever.
static_assert(static_cast<int>(UpdateFlags::any) == 0 &&
              static_cast<int>(UpdateFlags::noexist) == 1);
static_assert(static_cast<int>(UpdateFlags::exist) == 2 &&
              static_cast<int>(UpdateFlags::lock) == 4);
static_assert(static_cast<int>(LookupFlags::none) == 0 && static_cast<int>(LookupFlags::lock) == 4);
static_assert(static_cast<unsigned>(MapFlags::no_prealloc) == 1U << 0);
static_assert(static_cast<unsigned>(MapFlags::no_common_lru) == 1U << 1);
static_assert(static_cast<unsigned>(MapFlags::numa_node) == 1U << 2);
static_assert(static_cast<unsigned>(MapFlags::rdonly) == 1U << 3);
static_assert(static_cast<unsigned>(MapFlags::wronly) == 1U << 4);
static_assert(static_cast<unsigned>(MapFlags::stack_build_id) == 1U << 5);
static_assert(static_cast<unsigned>(MapFlags::zero_seed) == 1U << 6);
static_assert(static_cast<unsigned>(MapFlags::rdonly_prog) == 1U << 7);
static_assert(static_cast<unsigned>(MapFlags::wronly_prog) == 1U << 8);
static_assert(static_cast<unsigned>(MapFlags::clone) == 1U << 9);
static_assert(static_cast<unsigned>(MapFlags::mmapable) == 1U << 10);
static_assert(static_cast<unsigned>(MapFlags::preserve_elems) == 1U << 11);
static_assert(static_cast<unsigned>(MapFlags::inner_map) == 1U << 12);
static_assert(static_cast<unsigned>(MapFlags::link) == 1U << 13);
static_assert(static_cast<unsigned>(MapFlags::vtype_btf_obj_fd) == 1U << 15);
static_assert(static_cast<unsigned>(MapFlags::token_fd) == 1U << 16);
static_assert(static_cast<unsigned>(MapFlags::segv_on_fault) == 1U << 17);
static_assert(static_cast<unsigned>(MapFlags::no_user_conv) == 1U << 18);
static_assert(static_cast<unsigned>(MapFlags::rb_overwrite) == 1U << 19);

// No flag of one kind passes for one of another, nor an integer for any.
template <class A, class B>
concept combine = requires(A a, B b) { a | b; };
static_assert(combine<UpdateFlags, UpdateFlags> && combine<MapFlags, MapFlags>);
static_assert(!combine<UpdateFlags, LookupFlags> && !combine<MapFlags, UpdateFlags> &&
              !combine<MapFlags, int>);
static_assert(!std::is_convertible_v<int, UpdateFlags> && !std::is_convertible_v<UpdateFlags, int>);

TEST(Flags, CombineAndTakeApart) {
  constexpr auto both = MapFlags::no_prealloc | MapFlags::rdonly_prog;
  EXPECT_EQ(static_cast<unsigned>(both), 0x81U);
  EXPECT_EQ(both & MapFlags::rdonly_prog, MapFlags::rdonly_prog);
  EXPECT_EQ(both & MapFlags::mmapable, MapFlags::none);
  EXPECT_EQ(both & ~MapFlags::no_prealloc, MapFlags::rdonly_prog);
  EXPECT_EQ(UpdateFlags::exist | UpdateFlags::lock, static_cast<UpdateFlags>(6));
  EXPECT_EQ(~~both, both);
}

TEST(Flags, TellWhetherAllAskedForAreThere) {
  constexpr auto both = MapFlags::no_prealloc | MapFlags::rdonly_prog;
  EXPECT_TRUE(has(both, MapFlags::no_prealloc));
  EXPECT_TRUE(has(both, both));
  EXPECT_FALSE(has(both, MapFlags::no_prealloc | MapFlags::mmapable));
  EXPECT_FALSE(has(MapFlags::none, MapFlags::mmapable));
  EXPECT_TRUE(has(both, MapFlags::none));
}

}  // namespace
}  // namespace bpfmap
