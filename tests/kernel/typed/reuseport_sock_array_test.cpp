// SPDX-License-Identifier: MIT
// ReusePortSockArray: sockets of which a program chooses one.
#include "bpfmap/typed/reuseport_sock_array.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <system_error>

#include "program.hpp"
#include "refusals.hpp"
#include "sockets.hpp"

namespace bpfmap {
namespace {

using test::contains;
using test::cookie_of;
using test::told;

ReusePortSockArray make(std::uint32_t value_size = 8) {
  return ReusePortSockArray::create(
      {.value_size = value_size, .max_entries = 4, .name = "listeners"});
}

// Chooses the socket at `index`; when there is none the kernel drops what comes.
sys::UniqueFd load_choice(const ReusePortSockArray& map, std::int32_t index) {
  const auto load = test::load_map(2, map.map().fd());
  const std::array code{
      load[0],
      load[1],
      test::instruction(BPF_ST | BPF_MEM | BPF_W, 10, 0, -4, index),
      test::instruction(BPF_ALU64 | BPF_MOV | BPF_X, 3, 10),  // r3 = &index
      test::instruction(BPF_ALU64 | BPF_ADD | BPF_K, 3, 0, 0, -4),
      test::load_number(4, 0),
      test::call_helper(BPF_FUNC_sk_select_reuseport),
      test::load_number(0, SK_PASS),
      test::leave(),
  };
  return test::load_program(code, {.type = BPF_PROG_TYPE_SK_REUSEPORT,
                                   .attach_type = BPF_SK_REUSEPORT_SELECT,
                                   .license = "GPL"});
}

TEST(ReusePortSockArray, HasRoomForCookiesUnlessToldOtherwise) {
  test::expect_made_and_refused<ReusePortSockArray>({.max_entries = 4, .name = "listeners"},
                                                    MapType::reuseport_sockarray, 8);
  EXPECT_EQ(make(4).map().info().value_size, 4U);
}

TEST(ReusePortSockArray, ReplacesOnlyWhatIsThere) {
  auto map = make();
  const sys::UniqueFd first = test::listening_socket();
  const sys::UniqueFd second = test::listening_socket();
  EXPECT_FALSE(map.replace(1, first.get()));
  std::error_code ec = Errc::invalid_name;
  EXPECT_FALSE(map.replace(1, first.get(), ec));
  EXPECT_EQ(ec, std::error_code{});
  EXPECT_EQ(map.lookup_cookie(1), std::nullopt) << "nothing changed";
  map.set(1, first.get());
  EXPECT_TRUE(map.replace(1, second.get()));
  EXPECT_EQ(map.lookup_cookie(1), cookie_of(second));
  ec = Errc::invalid_name;
  EXPECT_TRUE(map.replace(1, first.get(), ec));
  EXPECT_EQ(ec, std::error_code{});
  EXPECT_EQ(map.lookup_cookie(1), cookie_of(first));
  test::expect_index_told([&](auto&... e) { (void)map.replace(4, first.get(), e...); });
  ReusePortSockArray none;
  test::expect_no_map_told([&](auto&... e) { (void)none.replace(0, first.get(), e...); });
}

TEST(ReusePortSockArray, TakesAnyIntegerTypeAsIndex) {
  auto map = make();
  const sys::UniqueFd first = test::listening_socket();
  const sys::UniqueFd second = test::listening_socket();
  map.set(std::int64_t{1}, first.get());
  EXPECT_EQ(map.lookup_cookie(std::uint8_t{1}), cookie_of(first));
  const int fd = second.get();
  test::expect_integer_told([&](auto index, auto&... ec) { map.set(index, fd, ec...); });
  test::expect_integer_told([&](auto index, auto&... ec) { (void)map.insert(index, fd, ec...); });
  test::expect_integer_told([&](auto index, auto&... ec) { (void)map.replace(index, fd, ec...); });
  test::expect_integer_told(
      [&](auto index, auto&... ec) { (void)map.lookup_cookie(index, ec...); });
  test::expect_integer_told([&](auto index, auto&... ec) { (void)map.erase(index, ec...); });
  for (const std::uint32_t index : {0U, 2U, 3U}) EXPECT_EQ(map.lookup_cookie(index), std::nullopt);
  EXPECT_EQ(map.lookup_cookie(1), cookie_of(first)) << "nothing is written or erased";
}

TEST(ReusePortSockArray, HoldsASocketAndShowsItsCookie) {
  auto map = make();
  const sys::UniqueFd first = test::listening_socket();
  const sys::UniqueFd second = test::bound_socket(SOCK_DGRAM);
  std::error_code ec = Errc::invalid_name;
  EXPECT_EQ(map.lookup_cookie(1), std::nullopt);
  EXPECT_EQ(map.lookup_cookie(1, ec), std::nullopt);
  EXPECT_EQ(ec, std::error_code{});

  map.set(1, first.get());
  EXPECT_EQ(map.lookup_cookie(1), cookie_of(first));
  ec = Errc::invalid_name;
  map.set(1, second.get(), ec);
  EXPECT_EQ(ec, std::error_code{});
  EXPECT_EQ(map.lookup_cookie(1, ec), cookie_of(second));

  EXPECT_FALSE(map.insert(1, first.get()));
  EXPECT_FALSE(map.insert(1, first.get(), ec));
  EXPECT_EQ(ec, std::error_code{});
  EXPECT_TRUE(map.insert(2, first.get(), ec));
  EXPECT_EQ(ec, std::error_code{});

  EXPECT_TRUE(map.erase(1));
  EXPECT_FALSE(map.erase(1));
  EXPECT_TRUE(map.insert(1, second.get()));
  ec = Errc::invalid_name;
  EXPECT_TRUE(map.erase(1, ec));
  EXPECT_FALSE(map.erase(1, ec));
  EXPECT_EQ(ec, std::error_code{});
  EXPECT_EQ(map.lookup_cookie(1), std::nullopt);
  EXPECT_EQ(map.lookup_cookie(2), cookie_of(first));
}

// Two datagram sockets at one port: what the program chooses gets the datagram.
TEST(ReusePortSockArray, LetsAProgramChoose) {
  auto map = make();
  const sys::UniqueFd first = test::bound_socket(SOCK_DGRAM);
  const sockaddr_in address = test::name_of(first);
  const sys::UniqueFd second = test::bound_socket(SOCK_DGRAM, ntohs(address.sin_port));
  const sys::UniqueFd choice = load_choice(map, 3);
  const int program = choice.get();
  ASSERT_EQ(
      ::setsockopt(first.get(), SOL_SOCKET, SO_ATTACH_REUSEPORT_EBPF, &program, sizeof program), 0);
  const sys::UniqueFd sender = test::new_socket(SOCK_DGRAM);
  char sent = 'a';
  for (const sys::UniqueFd* chosen : {&first, &second, &first}) {
    map.erase(3);
    map.set(3, chosen->get());
    ++sent;
    ASSERT_EQ(::sendto(sender.get(), &sent, 1, 0, test::generic(address), sizeof address), 1);
    char received = 0;
    EXPECT_EQ(::recv(chosen->get(), &received, 1, MSG_DONTWAIT), 1);
    EXPECT_EQ(received, sent);
  }
}

TEST(ReusePortSockArray, LosesASocketThatIsClosed) {
  auto map = make();
  sys::UniqueFd listener = test::listening_socket();
  map.set(0, listener.get());
  EXPECT_NE(map.lookup_cookie(0), std::nullopt);
  listener.reset();
  EXPECT_EQ(map.lookup_cookie(0), std::nullopt);
  EXPECT_FALSE(map.erase(0));
}

TEST(ReusePortSockArray, ShowsItsSocketsInAScan) {
  auto map = make();
  const sys::UniqueFd first = test::listening_socket();
  const sys::UniqueFd second = test::listening_socket();
  map.set(0, first.get());
  map.set(3, second.get());
  std::map<std::uint32_t, std::uint64_t> expected;
  expected[0] = cookie_of(first);
  expected[3] = cookie_of(second);
  std::map<std::uint32_t, std::uint64_t> shown;
  for (const auto [index, cookie] : map) EXPECT_TRUE(shown.emplace(index, cookie).second);
  EXPECT_EQ(shown, expected);
}

TEST(ReusePortSockArray, HoldsASocketOnce) {
  auto map = make();
  auto other = make();
  const sys::UniqueFd listener = test::listening_socket();
  map.set(0, listener.get());
  for (ReusePortSockArray* const again : {&map, &other})
    for (const std::uint32_t index : {0U, 1U})
      if (again != &map || index != 0) {
        EXPECT_TRUE(
            contains(told(EBUSY, [&](auto&... ec) { again->set(index, listener.get(), ec...); }),
                     "the kernel already uses the socket: "));
      }
  EXPECT_EQ(map.lookup_cookie(0), cookie_of(listener));
}

TEST(ReusePortSockArray, CannotShowCookiesOfSmallValues) {
  auto map = make(4);
  const sys::UniqueFd listener = test::listening_socket();
  map.set(0, listener.get());
  EXPECT_TRUE(contains(told(ENOSPC, [&](auto&... ec) { (void)map.lookup_cookie(0, ec...); }),
                       "create the map with value_size 8"));
  EXPECT_TRUE(map.erase(0));
}

TEST(ReusePortSockArray, TellsWhatIsNoSocketForIt) {
  auto map = make();
  const sys::UniqueFd file{::open("/dev/null", O_RDWR | O_CLOEXEC)};
  const sys::UniqueFd unbound = test::new_socket(SOCK_STREAM);
  const sys::UniqueFd not_listening = test::bound_socket(SOCK_STREAM);
  const sys::UniqueFd raw{::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_UDP)};
  EXPECT_TRUE(contains(told(ENOTSOCK, [&](auto&... ec) { map.set(0, file.get(), ec...); }),
                       "is not a socket"));
  EXPECT_TRUE(contains(told(EBADF, [&](auto&... ec) { map.set(0, -1, ec...); }),
                       "the value, -1, is not an open descriptor of a socket"));
  for (const sys::UniqueFd* const socket : {&unbound, &not_listening})
    EXPECT_TRUE(contains(told(EINVAL, [&](auto&... ec) { map.set(0, socket->get(), ec...); }),
                         " is not a bound UDP socket or a listening TCP socket with SO_REUSEPORT"));
  EXPECT_TRUE(
      contains(told(sys::enotsupp, [&](auto&... ec) { (void)map.insert(0, raw.get(), ec...); }),
               "sockets of this kind"));
  EXPECT_EQ(map.lookup_cookie(0), std::nullopt);
}

TEST(ReusePortSockArray, RefusesAnIndexOutOfRange) {
  auto map = make();
  test::expect_index_told([&](auto&... ec) { map.set(4, 0, ec...); });
  test::expect_index_told([&](auto&... ec) { (void)map.insert(4, 0, ec...); });
  test::expect_index_told([&](auto&... ec) { (void)map.lookup_cookie(4, ec...); });
  test::expect_index_told([&](auto&... ec) { (void)map.erase(4, ec...); });
}

TEST(ReusePortSockArray, RefusesEverythingWithoutAMap) {
  ReusePortSockArray map;
  EXPECT_FALSE(map);
  test::expect_no_map_told([&](auto&... ec) { map.set(0, 0, ec...); });
  test::expect_no_map_told([&](auto&... ec) { (void)map.insert(0, 0, ec...); });
  test::expect_no_map_told([&](auto&... ec) { (void)map.lookup_cookie(0, ec...); });
  test::expect_no_map_told([&](auto&... ec) { (void)map.erase(0, ec...); });
}

}  // namespace
}  // namespace bpfmap
