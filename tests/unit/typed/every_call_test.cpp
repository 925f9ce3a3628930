// SPDX-License-Identifier: MIT
// What holds for every operation of every typed map.
#include <gtest/gtest.h>

#include <cerrno>
#include <system_error>
#include <utility>
#include <vector>

#include "bpfmap/bpfmap.hpp"
#include "sample_types.hpp"
#include "typed/element_map.hpp"
#include "typed_calls.hpp"

namespace bpfmap {
namespace {

using test::BigEndian32;
using test::ElementMap;
using test::FlowKey;
using test::FlowStats;
using test::Name;
using test::Packed;
using test::TypedCall;

const FlowKey flow{.src = 1, .dst = 2, .ports = {3, 4}, .proto = 5};
const FlowStats stats{.packets = 6, .bytes = 7};

// Objects that are their own layout, and types with a Codec.
template <class Check>
void with_every_class(Check check) {
  {
    SCOPED_TRACE("HashMap of structs");
    check(MapType::hash, 16, 16, test::hash_calls(flow, stats));
  }
  {
    SCOPED_TRACE("HashMap of coded types");
    check(MapType::lru_hash, 16, 5, test::hash_calls(Name{"eth0"}, Packed{1, 2}));
  }
  {
    SCOPED_TRACE("ArrayMap of structs");
    check(MapType::array, 4, 16, test::array_calls(3, stats));
  }
  {
    SCOPED_TRACE("ArrayMap of coded values");
    check(MapType::array, 4, 16, test::array_calls(3, Name{"eth0"}));
  }
  {
    SCOPED_TRACE("PerCpuHashMap of structs");
    check(MapType::percpu_hash, 16, 16, test::percpu_hash_calls(flow, stats));
  }
  {
    SCOPED_TRACE("PerCpuHashMap of coded types");
    check(MapType::lru_percpu_hash, 4, 5, test::percpu_hash_calls(BigEndian32{9}, Packed{1, 2}));
  }
  {
    SCOPED_TRACE("PerCpuArrayMap of structs");
    check(MapType::percpu_array, 4, 16, test::percpu_array_calls(3, stats));
  }
  {
    SCOPED_TRACE("PerCpuArrayMap of coded values");
    check(MapType::percpu_array, 4, 4, test::percpu_array_calls(3, BigEndian32{9}));
  }
}

template <class Form>
void expect_one_call(ElementMap& played, int command, std::uint64_t flags, Form form) {
  played.forget();
  form();
  const auto call = played.only_call();
  EXPECT_EQ(call.command, command);
  EXPECT_EQ(call.flags, flags);
  EXPECT_EQ(call.fd, played.fd());
}

TEST(EveryTypedCall, IsOneSystemCallInEitherForm) {
  with_every_class([]<class M>(MapType type, std::uint32_t key_size, std::uint32_t value_size,
                               const std::vector<TypedCall<M>>& calls) {
    ElementMap played{type, key_size, value_size};
    M map{played.map()};
    for (const auto& call : calls) {
      SCOPED_TRACE(call.name);
      std::error_code ec;
      expect_one_call(played, call.command, call.flags, [&] { call.quiet(map, ec); });
      EXPECT_EQ(ec, std::error_code{});
      expect_one_call(played, call.command, call.flags, [&] { call.loud(map); });
    }
  });
}

TEST(EveryTypedCall, ClearsTheErrorCodeOfAnEarlierFailure) {
  with_every_class([]<class M>(MapType type, std::uint32_t key_size, std::uint32_t value_size,
                               const std::vector<TypedCall<M>>& calls) {
    ElementMap played{type, key_size, value_size};
    M map{played.map()};
    for (const auto& call : calls) expect_no_error(map, call);
  });
}

// What is an answer is none of the errors, and clears the code all the same.
TEST(EveryTypedCall, TakesTheAnswerThatItExpectsForAValue) {
  with_every_class([]<class M>(MapType type, std::uint32_t key_size, std::uint32_t value_size,
                               const std::vector<TypedCall<M>>& calls) {
    ElementMap played{type, key_size, value_size};
    M map{played.map()};
    for (const auto& call : calls) {
      if (call.answer == 0) continue;
      played.result = -call.answer;
      expect_no_error(map, call);
    }
  });
}

TEST(EveryTypedCall, ReportsEveryOtherErrno) {
  std::vector<int> errnos{524};
  for (int error = 1; error <= EHWPOISON; ++error) errnos.push_back(error);
  with_every_class([&]<class M>(MapType type, std::uint32_t key_size, std::uint32_t value_size,
                                const std::vector<TypedCall<M>>& calls) {
    ElementMap played{type, key_size, value_size};
    M map{played.map()};
    for (const auto& call : calls) {
      for (const int error : errnos) {
        if (error == call.answer) continue;
        SCOPED_TRACE(error);
        played.result = -error;
        // On an array ENOENT says that there is no such index.
        const bool array = traits_of(type)->key == KeyKind::index;
        expect_refused(map, call,
                       array && error == ENOENT ? make_error_code(Errc::index_out_of_range)
                                                : std::error_code{error, category()});
        if (::testing::Test::HasFailure()) return;
      }
    }
  });
}

TEST(EveryTypedCall, IsMadeOnceHoweverItFails) {
  with_every_class([]<class M>(MapType type, std::uint32_t key_size, std::uint32_t value_size,
                               const std::vector<TypedCall<M>>& calls) {
    ElementMap played{type, key_size, value_size};
    M map{played.map()};
    for (const auto& call : calls) {
      for (const int error : {EINTR, EAGAIN, EBUSY, ENOMEM, E2BIG, EPERM}) {
        SCOPED_TRACE(call.name);
        played.result = -error;
        std::error_code ec;
        expect_one_call(played, call.command, call.flags, [&] { call.quiet(map, ec); });
        EXPECT_EQ(ec.value(), error);
      }
    }
  });
}

// The kernel is the one to notice: whatever it says to a descriptor of -1, there is no map.
TEST(EveryTypedCall, RefusesAnEmptyMap) {
  with_every_class(
      []<class M>(MapType, std::uint32_t, std::uint32_t, const std::vector<TypedCall<M>>& calls) {
        M never_made;
        EXPECT_FALSE(never_made);
        for (const auto& call : calls) expect_refused(never_made, call, Errc::no_map);
        for (const int error : {EBADF, EPERM, ENOSYS, ENOENT, EEXIST}) {
          test::FakeBpf bpf{-error};
          for (const auto& call : calls)
            if (error != call.answer) expect_refused(never_made, call, Errc::no_map);
        }
      });
}

TEST(EveryTypedCall, RefusesAMapThatWasMovedFrom) {
  with_every_class([]<class M>(MapType type, std::uint32_t key_size, std::uint32_t value_size,
                               const std::vector<TypedCall<M>>& calls) {
    ElementMap played{type, key_size, value_size};
    M from{played.map()};
    const M to{std::move(from)};
    EXPECT_TRUE(to);
    EXPECT_EQ(to.map().fd(), played.fd());
    EXPECT_FALSE(from);  // NOLINT(bugprone-use-after-move)
    EXPECT_EQ(from.map().fd(), -1);
    played.result = -EBADF;
    for (const auto& call : calls) expect_refused(from, call, Errc::no_map);
  });
}

template <class M>
void expect_no_scan(const M& map) {
  for (const auto& walk :
       std::vector<std::function<void()>>{[&] {
                                            for (const auto& entry : map) (void)entry;
                                          },
                                          [&] {
                                            for (const auto& entry : scan(map)) (void)entry;
                                          },
                                          [&] {
                                            for (const auto& key : bpfmap::keys(map)) (void)key;
                                          },
                                          [&] {
                                            for (const auto& value : bpfmap::values(map))
                                              (void)value;
                                          }}) {
    const Error error = test::error_of(walk);
    EXPECT_EQ(error.code(), Errc::no_map) << error.what();
    EXPECT_EQ(error.operation(), Operation::scan);
  }
  std::error_code ec;
  for (const auto& entry : bpfmap::scan(map, ec)) ADD_FAILURE() << sizeof entry;
  EXPECT_EQ(ec, Errc::no_map);
}

TEST(EveryTypedScan, RefusesAnEmptyMap) {
  expect_no_scan(HashMap<FlowKey, FlowStats>{});
  expect_no_scan(ArrayMap<FlowStats>{});
  expect_no_scan(PerCpuHashMap<FlowKey, FlowStats>{});
  expect_no_scan(PerCpuArrayMap<FlowStats>{});
}

TEST(EmptyTypedMap, HasNoMaxEntries) {
  EXPECT_EQ(ArrayMap<int>{}.max_entries(), 0U);
  EXPECT_EQ(PerCpuArrayMap<int>{}.max_entries(), 0U);
}

}  // namespace
}  // namespace bpfmap
