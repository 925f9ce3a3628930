// SPDX-License-Identifier: MIT
// What sys/ownership.hpp promises, for every owner. A class is one specialisation of Owner and one
// name in the list of types.
#include "bpfmap/sys/ownership.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <system_error>
#include <thread>
#include <type_traits>
#include <utility>

#include "bpfmap/bpfmap.hpp"
#include "bpfmap/in_kernel/in_kernel.hpp"
#include "child_process.hpp"
#include "kernel_test.hpp"
#include "maps.hpp"
#include "sanitizers.hpp"
#include "told.hpp"

namespace bpfmap {
namespace {

// How a T is made (nullopt: not on this kernel), and whether one works that has been made so: by
// const operations only, so that several threads may ask.
template <class T>
struct Owner;

template <>
struct Owner<sys::UniqueFd> {
  static std::optional<sys::UniqueFd> make() {
    return sys::UniqueFd{::open("/dev/null", O_RDWR | O_CLOEXEC)};
  }
  static bool works(const sys::UniqueFd& fd) { return ::fcntl(fd.get(), F_GETFD) == FD_CLOEXEC; }
};

template <>
struct Owner<sys::Mapping> {
  static std::optional<sys::Mapping> make() {
    const Map map = test::make_map(MapType::array, 4, 8, 4, MapFlags::mmapable);
    auto mapping = sys::Mapping::of(map.fd(), 32, {.writable = true});
    if (mapping) mapping.data()[31] = std::byte{7};
    return mapping;
  }
  static bool works(const sys::Mapping& mapping) {
    return mapping.size() == 32 && mapping.data()[31] == std::byte{7};
  }
};

template <>
struct Owner<Map> {
  static std::optional<Map> make() {
    Map map = test::make_map(MapType::hash, 4, 8);
    map.update(1, 7);
    return map;
  }
  static bool works(const Map& map) {
    std::error_code ec;
    return map.lookup<std::uint64_t>(1, ec) == 7U && !ec;
  }
};

using Hash = HashMap<std::uint32_t, std::uint64_t>;
template <>
struct Owner<Hash> {
  static std::optional<Hash> make() {
    auto map = Hash::create({.max_entries = 4});
    map.update(1, 7);
    return map;
  }
  static bool works(const Hash& map) {
    std::error_code ec;
    return map.lookup(1, ec) == 7U && !ec;
  }
};

using PerCpuHash = PerCpuHashMap<std::uint32_t, std::uint64_t>;
template <>
struct Owner<PerCpuHash> {
  static std::optional<PerCpuHash> make() {
    auto map = PerCpuHash::create({.max_entries = 4});
    map.update(1, std::uint64_t{7});
    return map;
  }
  static bool works(const PerCpuHash& map) {
    std::error_code ec;
    const auto values = map.lookup(1, ec);
    return values && (*values)[0] == 7U && values->cpu(0) == sys::possible_cpus()[0];
  }
};

using Array = MappedArray<std::uint64_t>;
template <>
struct Owner<Array> {
  static std::optional<Array> make() {
    auto array = Array::create({.max_entries = 4});
    array[3] = 7;
    return array;
  }
  static bool works(const Array& array) { return array.size() == 4 && array.load(3) == 7; }
};

template <>
struct Owner<MappedBytes<>> {
  static std::optional<MappedBytes<>> make() {
    auto bytes = MappedBytes<>::create({.value_size = 12, .max_entries = 4});
    bytes.at(3)[11] = std::byte{7};
    return bytes;
  }
  static bool works(const MappedBytes<>& bytes) {
    std::error_code ec;
    const auto value = bytes.at(3, ec);
    return !ec && value[11] == std::byte{7};
  }
};

using Numbers = Queue<std::uint64_t>;
template <>
struct Owner<Numbers> {
  static std::optional<Numbers> make() {
    auto queue = Numbers::create({.max_entries = 4});
    queue.push(7);
    return queue;
  }
  static bool works(const Numbers& queue) {
    std::error_code ec;
    return queue.peek(ec) == 7U && !ec;
  }
};

template <>
struct Owner<Arena> {
  static std::optional<Arena> make() {
    std::error_code ec;
    auto arena = Arena::create({.max_entries = 4}, ec);
    if (ec) return std::nullopt;
    arena.data()[3] = std::byte{7};
    return arena;
  }
  static bool works(const Arena& arena) { return arena.data()[3] == std::byte{7}; }
};

// An empty ring buffer of one page.
template <class T>
struct RingOwner {
  static constexpr MapType type =
      std::is_same_v<T, UserRingBuffer> ? MapType::user_ringbuf : MapType::ringbuf;
  static std::optional<Map> make_map() {
    std::error_code ec;
    Map map = Map::create(
        {.type = type, .max_entries = static_cast<std::uint32_t>(sys::page_size())}, ec);
    return ec ? std::nullopt : std::optional{std::move(map)};
  }
  static std::optional<T> make() {
    auto map = make_map();
    if (!map) return std::nullopt;
    return T{*std::move(map)};
  }
  static bool works(const T& ring) {
    return ring.buffer_size() == sys::page_size() && ring.bytes_waiting() == 0 && !ring.closed();
  }
};

template <>
struct Owner<RingReader> : RingOwner<RingReader> {};
template <>
struct Owner<UserRingBuffer> : RingOwner<UserRingBuffer> {};
template <>
struct Owner<RingBuffer> : RingOwner<RingBuffer> {
  static std::optional<RingBuffer> make() {
    auto map = make_map();
    if (!map) return std::nullopt;
    RingBuffer ring;
    ring.for_each(*std::move(map), [](BytesView) {});
    return ring;
  }
  static bool works(const RingBuffer& ring) {
    return RingOwner::works(ring) && ::fcntl(ring.epoll_fd(), F_GETFD) == FD_CLOEXEC;
  }
};

template <>
struct Owner<PerfBuffer> {
  static std::optional<PerfBuffer> make() {
    PerfBuffer perf{PerfEventArray::create({}).map().duplicate(), 1};
    perf.for_each([](BytesView) {});
    return perf;
  }
  static bool works(const PerfBuffer& perf) {
    return perf.buffer_size() >= sys::page_size() && perf.bytes_waiting() == 0 && !perf.closed() &&
           ::fcntl(perf.epoll_fd(), F_GETFD) == FD_CLOEXEC;
  }
};

using Handle = InKernel<Hash>;
template <>
struct Owner<Handle> {
  static std::optional<Handle> make() {
    auto handle = in_kernel(*Owner<Hash>::make(), {.keys_per_call = 8});
    if (handle.status().reason == EngineReason::kernel_too_old) return std::nullopt;
    return handle;
  }
  static bool works(const Handle& handle) {
    return handle.keys_per_call() == 8 && handle.status().reason == EngineReason::none &&
           Owner<Hash>::works(handle.typed_map());
  }
};

// The kernel keeps an arena's memory out of a child of fork(2), and of the classes of events and of
// a handle a child may only destroy its copy.
template <class T>
constexpr bool inherited = !std::is_same_v<T, Arena> && !std::is_same_v<T, RingReader> &&
                           !std::is_same_v<T, RingBuffer> && !std::is_same_v<T, PerfBuffer> &&
                           !std::is_same_v<T, UserRingBuffer> && !std::is_same_v<T, Handle>;

template <class T>
class Owners : public ::testing::Test {
 protected:
  void SetUp() override {
    auto made = Owner<T>::make();
    if (!made) GTEST_SKIP() << "not on this kernel";
    owner = *std::move(made);
    ASSERT_TRUE(owner);
    ASSERT_TRUE(Owner<T>::works(owner));
  }
  T owner;
};

using OwnerTypes = ::testing::Types<sys::UniqueFd, sys::Mapping, Map, Hash, PerCpuHash, Numbers,
                                    Array, MappedBytes<>, Arena, RingReader, RingBuffer, PerfBuffer,
                                    UserRingBuffer, Handle>;
TYPED_TEST_SUITE(Owners, OwnerTypes);

TYPED_TEST(Owners, AreMovedAndNeverCopied) {
  static_assert(!std::is_copy_constructible_v<TypeParam> && !std::is_copy_assignable_v<TypeParam>);
  static_assert(std::is_nothrow_move_constructible_v<TypeParam>);
  static_assert(std::is_nothrow_move_assignable_v<TypeParam>);
  static_assert(std::is_nothrow_default_constructible_v<TypeParam>);
  EXPECT_FALSE(TypeParam{});
}

TYPED_TEST(Owners, AreEmptyAfterAMove) {
  const TypeParam moved{std::move(this->owner)};
  EXPECT_TRUE(Owner<TypeParam>::works(moved));
  EXPECT_FALSE(this->owner);
}

TYPED_TEST(Owners, GiveUpWhatTheyHadWhenTheyAreAssigned) {
  const std::size_t before = test::open_descriptors();
  {
    TypeParam other = *Owner<TypeParam>::make();
    other = std::move(this->owner);
    EXPECT_TRUE(Owner<TypeParam>::works(other));
    EXPECT_FALSE(this->owner);
    EXPECT_EQ(test::open_descriptors(), before) << "what it had before is closed";
    this->owner = std::move(other);
  }
  EXPECT_TRUE(Owner<TypeParam>::works(this->owner));
  EXPECT_EQ(test::open_descriptors(), before);
}

TYPED_TEST(Owners, KeepWhatTheyHaveWhenTheyAreMovedToThemselves) {
  TypeParam& itself = this->owner;
  this->owner = std::move(itself);
  EXPECT_TRUE(this->owner);
  EXPECT_TRUE(Owner<TypeParam>::works(this->owner));
}

TYPED_TEST(Owners, LoseNothingWhenAChildDestroysItsCopy) {
  test::in_child([this] {
    if constexpr (inherited<TypeParam>) {
      EXPECT_TRUE(Owner<TypeParam>::works(this->owner));
    }
    this->owner = TypeParam{};
    EXPECT_FALSE(this->owner);
  });
  EXPECT_TRUE(Owner<TypeParam>::works(this->owner));
}

TYPED_TEST(Owners, AreMadeAnewInAChild) {
  test::in_child([this] {
    TypeParam own = *Owner<TypeParam>::make();
    this->owner = TypeParam{};
    EXPECT_TRUE(Owner<TypeParam>::works(own));
    own = *Owner<TypeParam>::make();
    EXPECT_TRUE(Owner<TypeParam>::works(own));
  });
  EXPECT_TRUE(Owner<TypeParam>::works(this->owner));
}

// The inherited copy must know that it is not the parent's, although PID and address are.
TYPED_TEST(Owners, LoseNothingWhenAChildWithTheSamePidDestroysItsCopy) {
  if (::getuid() != 0) GTEST_SKIP() << "makes PID namespaces";
  test::in_first_process([] {
    TypeParam own = *Owner<TypeParam>::make();
    test::in_first_process([&own] { own = TypeParam{}; });
    EXPECT_TRUE(Owner<TypeParam>::works(own));
  });
}

#if !BPFMAP_SANITIZED
TYPED_TEST(Owners, SayThatDescriptorsRanOut) {
  test::in_child([] {
    ::rlimit limit{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
    const int lowest = ::dup(0);
    ::close(lowest);
    bool made = false;
    for (int more = 0; more < 20 && !made; ++more) {
      limit.rlim_cur = static_cast<rlim_t>(lowest) + static_cast<rlim_t>(more);
      ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
      try {
        const auto one = Owner<TypeParam>::make();
        made = one && *one && Owner<TypeParam>::works(*one);
      } catch (const Error& error) {
        EXPECT_EQ(error.code().value(), EMFILE) << error.what();
      }
    }
    EXPECT_TRUE(made);
  });
}
#endif

TYPED_TEST(Owners, ServeSeveralThreadsAtOnce) {
  const TypeParam& shared = this->owner;
  const auto ask = [&shared] {
    for (int i = 0; i < 200; ++i) EXPECT_TRUE(Owner<TypeParam>::works(shared));
  };
  std::thread other{ask};
  ask();
  other.join();
}

TYPED_TEST(Owners, WorkInAStaticDestructor) {
  std::fflush(nullptr);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    // The owner, destroyed last, asks after everything else has been destroyed.
    static struct AtExit {
      TypeParam owner;
      ~AtExit() { ::_exit(Owner<TypeParam>::works(owner) ? 0 : 1); }
    } kept;
    kept.owner = *Owner<TypeParam>::make();
    std::exit(2);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status)) << "ended by signal " << WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

// --- walks, which have a map that is somebody else's ---

template <class Walked>
constexpr bool moves_and_is_never_copied =
    std::is_nothrow_move_constructible_v<Walked> && std::is_nothrow_move_assignable_v<Walked> &&
    !std::is_copy_constructible_v<Walked> && !std::is_copy_assignable_v<Walked>;
static_assert(moves_and_is_never_copied<Scan<Hash>> && moves_and_is_never_copied<Scan<Map>>);
static_assert(moves_and_is_never_copied<Drain<Hash>> && moves_and_is_never_copied<Drain<Map>>);

Hash hash_of(std::uint32_t entries) {
  auto map = Hash::create({.max_entries = 64});
  for (std::uint32_t i = 0; i < entries; ++i) map.update(i, i);
  return map;
}

TEST(OwnedScan, WalksOnAfterAMove) {
  const Hash map = hash_of(20);
  Scan<Hash> scan{map, {.batch_size = 4}};
  Scan<Hash> moved{std::move(scan)};
  std::size_t shown = 0;
  for ([[maybe_unused]] const auto entry : moved) ++shown;
  EXPECT_EQ(shown, 20U);
  scan = std::move(moved);
  shown = 0;
  for ([[maybe_unused]] const auto entry : scan) ++shown;
  EXPECT_EQ(shown, 20U);
}

TEST(OwnedScan, IsNotDisturbedByTheScanOfAChild) {
  const Hash map = hash_of(20);
  Scan<Hash> scan{map, {.batch_size = 4}};
  std::size_t shown = 0;
  for ([[maybe_unused]] const auto entry : scan) {
    if (shown++ != 5) continue;
    test::in_child([&scan] {
      std::size_t all = 0;
      for ([[maybe_unused]] const auto again : scan) ++all;
      EXPECT_EQ(all, 20U);
    });
  }
  EXPECT_EQ(shown, 20U);
}

TEST(OwnedDrain, GivesItsEntriesUpWhenItIsAssigned) {
  Hash map = hash_of(20);
  Drain<Hash> drain{map};
  EXPECT_NE(drain.begin(), drain.end());
  const std::uint32_t left = drain.left();
  ASSERT_GT(left, 0U);
  Drain<Hash> moved{std::move(drain)};
  EXPECT_EQ(moved.left(), left);
  EXPECT_EQ(drain.left(), 0U);
  moved = Drain<Hash>{map};
  EXPECT_EQ(count(map), 19U) << "the entries that were not handed out are back";
}

TEST(OwnedDrain, LosesNothingToAChild) {
  Hash map = hash_of(20);
  std::optional<Drain<Hash>> drain{std::in_place, map};
  EXPECT_NE(drain->begin(), drain->end());
  const std::uint32_t left = drain->left();
  const auto use_and_destroy = [&] {
    const Error error = test::error_of([&] { (void)drain->begin(); });
    EXPECT_EQ(error.code().value(), ESTALE);
    EXPECT_TRUE(test::contains(error.what(), "drain on map "));
    EXPECT_TRUE(test::contains(
        error.what(), "the drain was begun before fork(2) and belongs to the parent process"));
    EXPECT_EQ(drain->put_back(), left);
    drain.reset();
  };
  test::in_child(use_and_destroy);
  test::in_cloned_child(use_and_destroy);
  EXPECT_EQ(count(map) + left, 19U) << "the child has put nothing back";
  EXPECT_EQ(drain->put_back(), 0U);
  EXPECT_EQ(count(map), 19U);
}

// --- the processes ---

TEST(ProcessToken, DiffersInAChildHoweverItIsMade) {
  const std::uint64_t here = sys::process_token();
  EXPECT_EQ(sys::process_token(), here);
  const auto differs = [here] { EXPECT_NE(sys::process_token(), here); };
  test::in_child(differs);
  test::in_cloned_child(differs);
  test::in_child([differs] { test::in_cloned_child(differs); });
  EXPECT_EQ(sys::process_token(), here);
}

TEST(ProcessToken, DiffersInAChildWithItsParentsPid) {
  if (::getuid() != 0) GTEST_SKIP() << "makes PID namespaces";
  test::in_first_process([] {
    const std::uint64_t first = sys::process_token();
    test::in_first_process([first] { EXPECT_NE(sys::process_token(), first); });
  });
}

TEST(OwnerProcess, IsTheOneThatWasCurrent) {
  EXPECT_TRUE(sys::OwnerProcess{}.is_current());
  const auto here = sys::OwnerProcess::current();
  EXPECT_TRUE(here.is_current());
  const auto is_not_the_childs = [here] {
    EXPECT_FALSE(here.is_current());
    EXPECT_TRUE(sys::OwnerProcess{}.is_current());
    EXPECT_TRUE(sys::OwnerProcess::current().is_current());
    EXPECT_FALSE(here.is_current()) << "also when the child has a token of its own";
  };
  test::in_child(is_not_the_childs);
  test::in_cloned_child(is_not_the_childs);
  EXPECT_TRUE(here.is_current());
}

// An arena lies at one address in every process, so that a child's own one lies where the inherited
// object believes to be.
TEST(ArenaInAChild, OutlivesTheInheritedObject) {
  std::error_code ec;
  // A place that is free here, whatever a sanitizer has taken; no arena may cross a 4 GiB boundary.
  constexpr std::uint64_t four_gib = std::uint64_t{1} << 32U;
  void* const room =
      ::mmap(nullptr, 2 * four_gib, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  ASSERT_NE(room, MAP_FAILED);
  ASSERT_EQ(::munmap(room, 2 * four_gib), 0);
  const std::uint64_t place =
      (reinterpret_cast<std::uintptr_t>(room) + four_gib - 1) / four_gib * four_gib;
  auto arena = Arena::create({.max_entries = 4, .map_extra = place}, ec);
  if (ec) GTEST_SKIP() << "this kernel makes no arenas: " << ec.message();
  arena.span()[0] = std::byte{7};
  test::in_child([&arena] {
    arena = Arena{arena.map().duplicate()};
    EXPECT_EQ(arena.span()[0], std::byte{7});
  });
  EXPECT_EQ(arena.span()[0], std::byte{7});
}

// What a self-move unmapped is given to somebody else, whom the object then unmapped again.
TEST(MappingMovedToItself, UnmapsNobodyElsesMemory) {
  auto array = Array::create({.max_entries = 512});
  array[0] = 1;
  void* const at = &array[0];
  Array& itself = array;
  array = std::move(itself);
  void* const other = ::mmap(at, sys::page_size(), PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  EXPECT_EQ(other, MAP_FAILED) << "the memory is still mapped";
  EXPECT_EQ(array[0], 1U);
}

}  // namespace
}  // namespace bpfmap
