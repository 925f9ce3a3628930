// SPDX-License-Identifier: MIT
// Every operation of every typed map, and every verb on it, while the n-th call of bpf(2) that it
// makes fails: it ends, it reports that errno or tries again, and leaves no descriptor and no entry
// behind that nobody knows of.
#include "faults.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>

#include "failing_allocations.hpp"
#include "kernel_has.hpp"
#include "real_rows.hpp"

namespace bpfmap {
namespace {

using test::Contents;
using test::ValueObjects;

// The entries of a map without one call of the operations that are tested. A queue is emptied.
Contents contents_of(const Map& map) {
  const MapInfo& info = map.info();
  Contents all;
  Bytes key(info.key_size);
  const std::size_t size =
      map.is_percpu() ? sys::percpu_size(info.value_size) : std::size_t{info.value_size};
  const auto read = [&](auto command) {
    Bytes value(size);
    if (command(value.data()) != 0) return false;
    all.emplace(key, std::move(value));
    return true;
  };
  if (info.key_size == 0) {
    key.resize(1);
    while (read(
        [&](void* value) { return sys::map_lookup_and_delete_elem(map.fd(), nullptr, value); }))
      key[0] = static_cast<std::byte>(std::to_integer<int>(key[0]) + 1);
    return all;
  }
  const void* at = nullptr;
  for (std::uint32_t i = 0; i < 64 && sys::map_get_next_key(map.fd(), at, key.data()) == 0; ++i) {
    (void)read([&](void* value) { return sys::map_lookup_elem(map.fd(), key.data(), value); });
    at = key.data();
  }
  return all;
}

template <class R>
class RowSubject final : public test::Subject {
 public:
  explicit RowSubject(const ValueObjects& objects)
      : objects_(objects), value_(test::real_value<R>(objects)) {
    renew();
  }

  void renew() override {
    map_ = test::real_map<R>(objects_);
    std::error_code ec;  // a map that takes no such entry is walked empty
    using Key = typename R::Key;
    if constexpr (R::type == MapType::queue || R::type == MapType::stack) {
      for (std::uint64_t i = 1; i < 4; ++i) map_.push(i, ec);
    } else if constexpr (requires { map_.update(Key{}, value_, ec); }) {
      for (std::uint8_t i = 1; i < 5; ++i) map_.update(Key{i}, value_, ec);
    } else if constexpr (R::type == MapType::reuseport_sockarray) {
      // The kernel lets the socket go some time after the map before.
      do map_.set(1, value_, ec);
      while (ec == test::errno_code(EBUSY) && ::usleep(1000) == 0);
    } else if constexpr (requires { map_.set(Key{}, value_, ec); }) {
      for (std::uint8_t i = 1; i < 5; ++i) map_.set(Key{i}, value_, ec);
    }
  }

  Contents contents() override {
    Contents all = contents_of(map_.map());
    if constexpr (R::type == MapType::queue || R::type == MapType::stack) {
      // Numbered from the end that is not taken from, so that taking leaves the others' numbers.
      const int fd = map_.map().fd();
      const auto put = [fd](const auto& entry) {
        (void)sys::map_update_elem(fd, nullptr, entry.second.data());
      };
      if constexpr (R::type == MapType::queue)
        std::for_each(all.begin(), all.end(), put);
      else
        std::for_each(all.rbegin(), all.rend(), put);
      Contents from_the_end;
      for (const auto& [key, value] : all)
        from_the_end.emplace(
            Bytes{static_cast<std::byte>(all.size() - std::to_integer<std::size_t>(key[0]))},
            value);
      return from_the_end;
    }
    return all;
  }

  [[nodiscard]] typename R::M& map() noexcept { return map_; }
  [[nodiscard]] const typename R::Value& value() const noexcept { return value_; }

 private:
  const ValueObjects& objects_;
  typename R::Value value_;
  typename R::M map_;
};

template <class R>
class FaultsOfRow : public ::testing::Test {
 public:
  static void SetUpTestSuite() { objects = new ValueObjects; }
  static void TearDownTestSuite() {
    delete objects;
    objects = nullptr;
  }

 protected:
  inline static ValueObjects* objects = nullptr;
};

using Rows = test::EveryRowAs<::testing::Types>;
TYPED_TEST_SUITE(FaultsOfRow, Rows);

// One type for all checks, so that each row is compiled once.
using Check = std::function<void(const char*, const test::EitherForm&)>;

TYPED_TEST(FaultsOfRow, AreReportedOrTriedAgain) {
  if (!test::kernel_has(TypeParam::type)) GTEST_SKIP() << "this kernel has no such map";
  RowSubject<TypeParam> subject{*this->objects};
  (void)test::each_operation<TypeParam>(subject.map(), subject.value(),
                                        Check{test::InjectFaults{subject}});
}

TYPED_TEST(FaultsOfRow, OfMemoryAreReported) {
  if (!test::kernel_has(TypeParam::type)) GTEST_SKIP() << "this kernel has no such map";
  RowSubject<TypeParam> subject{*this->objects};
  (void)test::each_operation<TypeParam>(subject.map(), subject.value(),
                                        Check{test::FailAllocations{subject}});
}

}  // namespace
}  // namespace bpfmap
