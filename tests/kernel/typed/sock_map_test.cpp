// SPDX-License-Identifier: MIT
// SockMap and SockHash: sockets in the kernel, shown by their cookies.
#include "bpfmap/typed/sock_map.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>

#include "bpfmap/typed/sock_hash.hpp"
#include "refusals.hpp"
#include "sockets.hpp"

namespace bpfmap {
namespace {

using test::contains;
using test::cookie_of;
using test::told;

using Hash = SockHash<std::uint32_t>;

template <class M>
class EitherSockMap : public ::testing::Test {
 protected:
  static M make(std::uint32_t value_size = 8) {
    return M::create({.value_size = value_size, .max_entries = 4, .name = "sockets"});
  }
};
using Both = ::testing::Types<SockMap, Hash>;
TYPED_TEST_SUITE(EitherSockMap, Both);

TYPED_TEST(EitherSockMap, HasRoomForCookiesUnlessToldOtherwise) {
  constexpr bool hash = std::is_same_v<TypeParam, Hash>;
  test::expect_made_and_refused<TypeParam>({.max_entries = 4, .name = "sockets"},
                                           hash ? MapType::sockhash : MapType::sockmap, 8);
  EXPECT_EQ(this->make(4).map().info().value_size, 4U);
}

TYPED_TEST(EitherSockMap, HoldsASocketAndShowsItsCookie) {
  auto map = this->make();
  std::error_code ec = Errc::invalid_name;
  EXPECT_EQ(map.lookup_cookie(1), std::nullopt);
  EXPECT_EQ(map.lookup_cookie(1, ec), std::nullopt);
  EXPECT_EQ(ec, std::error_code{});

  const sys::UniqueFd udp = test::bound_socket(SOCK_DGRAM);
  const sys::UniqueFd other = test::bound_socket(SOCK_DGRAM);
  map.set(1, udp.get());
  EXPECT_EQ(map.lookup_cookie(1), cookie_of(udp));
  ec = Errc::invalid_name;
  map.set(1, other.get(), ec);
  EXPECT_EQ(ec, std::error_code{});
  ec = Errc::invalid_name;
  EXPECT_EQ(map.lookup_cookie(1, ec), cookie_of(other));
  EXPECT_EQ(ec, std::error_code{});

  EXPECT_TRUE(map.erase(1));
  EXPECT_EQ(map.lookup_cookie(1), std::nullopt);
  EXPECT_FALSE(map.erase(1));
  map.set(1, udp.get());
  ec = Errc::invalid_name;
  EXPECT_TRUE(map.erase(1, ec));
  EXPECT_FALSE(map.erase(1, ec));
  EXPECT_EQ(ec, std::error_code{});
}

TYPED_TEST(EitherSockMap, TakesConnectedAndListeningTcpSockets) {
  auto map = this->make();
  const auto [client, server] = test::connected_sockets();
  const sys::UniqueFd listener = test::listening_socket();
  map.set(0, client.get());
  map.set(1, server.get());
  map.set(2, listener.get());
  EXPECT_EQ(map.lookup_cookie(0), cookie_of(client));
  EXPECT_EQ(map.lookup_cookie(1), cookie_of(server));
  EXPECT_EQ(map.lookup_cookie(2), cookie_of(listener));
}

TYPED_TEST(EitherSockMap, InsertsOnlyWhatIsNotThere) {
  auto map = this->make();
  const sys::UniqueFd udp = test::bound_socket(SOCK_DGRAM);
  const sys::UniqueFd other = test::bound_socket(SOCK_DGRAM);
  EXPECT_TRUE(map.insert(1, udp.get()));
  EXPECT_FALSE(map.insert(1, other.get()));
  std::error_code ec = Errc::invalid_name;
  EXPECT_FALSE(map.insert(1, other.get(), ec));
  EXPECT_EQ(ec, std::error_code{});
  EXPECT_EQ(map.lookup_cookie(1), cookie_of(udp));
  ec = Errc::invalid_name;
  EXPECT_TRUE(map.insert(2, other.get(), ec));
  EXPECT_EQ(ec, std::error_code{});
  EXPECT_EQ(map.lookup_cookie(2), cookie_of(other));
}

TYPED_TEST(EitherSockMap, ReplacesOnlyWhatIsThere) {
  auto map = this->make();
  const sys::UniqueFd udp = test::bound_socket(SOCK_DGRAM);
  const sys::UniqueFd other = test::bound_socket(SOCK_DGRAM);
  EXPECT_FALSE(map.replace(1, udp.get()));
  std::error_code ec = Errc::invalid_name;
  EXPECT_FALSE(map.replace(1, udp.get(), ec));
  EXPECT_EQ(ec, std::error_code{});
  EXPECT_EQ(map.lookup_cookie(1), std::nullopt) << "nothing changed";
  map.set(1, udp.get());
  EXPECT_TRUE(map.replace(1, other.get()));
  EXPECT_EQ(map.lookup_cookie(1), cookie_of(other));
  ec = Errc::invalid_name;
  EXPECT_TRUE(map.replace(1, udp.get(), ec));
  EXPECT_EQ(ec, std::error_code{});
  EXPECT_EQ(map.lookup_cookie(1), cookie_of(udp));
}

TYPED_TEST(EitherSockMap, ReportsWhatItCannotReplaceWith) {
  auto map = this->make();
  const sys::UniqueFd udp = test::bound_socket(SOCK_DGRAM);
  const sys::UniqueFd file{::open("/dev/null", O_RDWR | O_CLOEXEC)};
  map.set(1, udp.get());
  EXPECT_TRUE(
      contains(told(ENOTSOCK, [&](auto&... ec) { (void)map.replace(1, file.get(), ec...); }),
               "is not a socket"));
  EXPECT_TRUE(contains(told(EBADF, [&](auto&... ec) { (void)map.replace(1, -1, ec...); }),
                       "the value, -1, is not an open descriptor of a socket"));
  TypeParam none;
  test::expect_no_map_told([&](auto&... ec) { (void)none.replace(0, udp.get(), ec...); });
  EXPECT_EQ(map.lookup_cookie(1), cookie_of(udp));
}

TYPED_TEST(EitherSockMap, TakesAnyIntegerTypeAsKey) {
  auto map = this->make();
  const sys::UniqueFd udp = test::bound_socket(SOCK_DGRAM);
  map.set(std::int64_t{1}, udp.get());
  EXPECT_EQ(map.lookup_cookie(std::uint8_t{1}), cookie_of(udp));
  const int fd = udp.get();
  test::expect_integer_told([&](auto key, auto&... ec) { map.set(key, fd, ec...); });
  test::expect_integer_told([&](auto key, auto&... ec) { (void)map.insert(key, fd, ec...); });
  test::expect_integer_told([&](auto key, auto&... ec) { (void)map.replace(key, fd, ec...); });
  test::expect_integer_told([&](auto key, auto&... ec) { (void)map.lookup_cookie(key, ec...); });
  test::expect_integer_told([&](auto key, auto&... ec) { (void)map.erase(key, ec...); });
  EXPECT_EQ(map.lookup_cookie(0), std::nullopt);
  EXPECT_EQ(map.lookup_cookie(2), std::nullopt);
  EXPECT_EQ(map.lookup_cookie(1), cookie_of(udp)) << "nothing is written or erased";
}

TYPED_TEST(EitherSockMap, LosesASocketThatIsClosed) {
  auto map = this->make();
  {
    const auto [client, server] = test::connected_sockets();
    map.set(0, client.get());
    map.set(1, server.get());
    EXPECT_NE(map.lookup_cookie(0), std::nullopt);
  }
  EXPECT_EQ(map.lookup_cookie(0), std::nullopt);
  EXPECT_EQ(map.lookup_cookie(1), std::nullopt);
  EXPECT_FALSE(map.erase(0));
}

TYPED_TEST(EitherSockMap, ShowsItsSocketsInAScan) {
  auto map = this->make();
  const sys::UniqueFd udp = test::bound_socket(SOCK_DGRAM);
  const sys::UniqueFd other = test::bound_socket(SOCK_DGRAM);
  map.set(0, udp.get());
  map.set(3, other.get());
  std::map<std::uint32_t, std::uint64_t> expected;
  expected[0] = cookie_of(udp);
  expected[3] = cookie_of(other);
  std::map<std::uint32_t, std::uint64_t> shown;
  for (const auto [key, cookie] : map) EXPECT_TRUE(shown.emplace(key, cookie).second);
  EXPECT_EQ(shown, expected);
}

TYPED_TEST(EitherSockMap, CannotShowCookiesOfSmallValues) {
  auto map = this->make(4);
  const sys::UniqueFd udp = test::bound_socket(SOCK_DGRAM);
  map.set(1, udp.get());
  EXPECT_TRUE(
      contains(told(ENOSPC, [&](auto&... ec) { (void)map.lookup_cookie(1, ec...); }),
               "a lookup returns a socket's cookie of 8 bytes; create the map with value_size 8"));
  EXPECT_FALSE(map.insert(1, udp.get()));
  std::error_code ec;
  std::size_t shown = 0;
  for (const std::uint32_t key : keys(map, ec)) shown += key == 1;
  EXPECT_EQ(shown, 1U);
  EXPECT_TRUE(map.erase(1));
}

TYPED_TEST(EitherSockMap, TellsWhatIsNoSocketForIt) {
  auto map = this->make();
  const sys::UniqueFd file{::open("/dev/null", O_RDWR | O_CLOEXEC)};
  const sys::UniqueFd idle = test::new_socket(SOCK_STREAM);
  EXPECT_TRUE(
      contains(told(ENOTSOCK, [&](auto&... ec) { map.set(1, file.get(), ec...); }),
               "the value, descriptor " + std::to_string(file.get()) + ", is not a socket"));
  EXPECT_TRUE(contains(told(ENOTSOCK, [&](auto&... ec) { (void)map.insert(1, file.get(), ec...); }),
                       "is not a socket"));
  EXPECT_TRUE(contains(told(EBADF, [&](auto&... ec) { map.set(1, -1, ec...); }),
                       "the value, -1, is not an open descriptor of a socket"));
  EXPECT_TRUE(contains(told(EOPNOTSUPP, [&](auto&... ec) { map.set(1, idle.get(), ec...); }),
                       "in this state cannot be in this map"));
  EXPECT_EQ(map.lookup_cookie(1), std::nullopt);
}

TYPED_TEST(EitherSockMap, RefusesEverythingWithoutAMap) {
  TypeParam map;
  EXPECT_FALSE(map);
  test::expect_no_map_told([&](auto&... ec) { map.set(0, 0, ec...); });
  test::expect_no_map_told([&](auto&... ec) { (void)map.insert(0, 0, ec...); });
  test::expect_no_map_told([&](auto&... ec) { (void)map.lookup_cookie(0, ec...); });
  test::expect_no_map_told([&](auto&... ec) { (void)map.erase(0, ec...); });
}

TEST(SockMap, RefusesAnIndexOutOfRange) {
  auto map = SockMap::create({.max_entries = 4});
  test::expect_index_told([&](auto&... ec) { map.set(4, 0, ec...); });
  test::expect_index_told([&](auto&... ec) { (void)map.insert(4, 0, ec...); });
  test::expect_index_told([&](auto&... ec) { (void)map.replace(4, 0, ec...); });
  test::expect_index_told([&](auto&... ec) { (void)map.lookup_cookie(4, ec...); });
  test::expect_index_told([&](auto&... ec) { (void)map.erase(4, ec...); });
}

struct Connection {
  std::uint32_t remote_ip4 = 0;
  std::uint32_t remote_port = 0;
  std::uint32_t local_port = 0;
  friend bool operator==(const Connection&, const Connection&) = default;
};

TEST(SockHash, HoldsSocketsByAStruct) {
  auto map = SockHash<Connection>::create({.max_entries = 2, .name = "connections"});
  EXPECT_EQ(map.map().info().key_size, 12U);
  const sys::UniqueFd udp = test::bound_socket(SOCK_DGRAM);
  const Connection key{.remote_ip4 = 0x0100007f, .remote_port = 80, .local_port = 1024};
  map.set(key, udp.get());
  EXPECT_EQ(map.lookup_cookie(key), cookie_of(udp));
  EXPECT_EQ(map.lookup_cookie({}), std::nullopt);
  for (const auto [shown, cookie] : map) {
    EXPECT_EQ(shown, key);
    EXPECT_EQ(cookie, cookie_of(udp));
  }
  EXPECT_TRUE(contains(test::refused_view<Hash>(map.map(), Errc::wrong_key_size), "12"));
}

TEST(SockHash, TellsThatItIsFull) {
  auto map = Hash::create({.max_entries = 1});
  const sys::UniqueFd udp = test::bound_socket(SOCK_DGRAM);
  map.set(1, udp.get());
  EXPECT_TRUE(
      contains(told(E2BIG, [&](auto&... ec) { map.set(2, udp.get(), ec...); }), "the map is full"));
}

}  // namespace
}  // namespace bpfmap
