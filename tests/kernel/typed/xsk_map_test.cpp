// SPDX-License-Identifier: MIT
// XskMap: AF_XDP sockets that programs redirect to.
#include "bpfmap/typed/xsk_map.hpp"
#include "fake_bpf.hpp"

#include <gtest/gtest.h>
#include <linux/if_xdp.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>
#include <system_error>
#include <utility>

#include "own_network.hpp"
#include "program.hpp"
#include "refusals.hpp"
#include "sockets.hpp"

namespace bpfmap {
namespace {

using test::contains;
using test::told;

constexpr std::uint32_t redirected = XDP_REDIRECT;
constexpr std::uint32_t dropped = XDP_DROP;

// An AF_XDP socket with rings and memory of its own.
class XdpSocket {
 public:
  XdpSocket() : fd_(::socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0)) {
    EXPECT_TRUE(fd_) << std::strerror(errno);
    memory_ = ::mmap(nullptr, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    EXPECT_NE(memory_, MAP_FAILED);
  }
  XdpSocket(const XdpSocket&) = delete;
  XdpSocket& operator=(const XdpSocket&) = delete;
  ~XdpSocket() {
    close();
    ::munmap(memory_, room);
  }

  void set_up() {
    xdp_umem_reg memory{};  // newer kernel headers have more fields
    memory.addr = reinterpret_cast<std::uintptr_t>(memory_);
    memory.len = room;
    memory.chunk_size = chunk;
    const int entries = 4;
    EXPECT_EQ(set(XDP_UMEM_REG, memory), 0) << std::strerror(errno);
    EXPECT_EQ(set(XDP_UMEM_FILL_RING, entries), 0) << std::strerror(errno);
    EXPECT_EQ(set(XDP_UMEM_COMPLETION_RING, entries), 0) << std::strerror(errno);
    EXPECT_EQ(set(XDP_RX_RING, entries), 0) << std::strerror(errno);
  }
  // To the first queue of the device.
  void bind(std::uint32_t ifindex) {
    sockaddr_xdp address{};
    address.sxdp_family = AF_XDP;
    address.sxdp_flags = XDP_COPY;
    address.sxdp_ifindex = ifindex;
    EXPECT_EQ(::bind(fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0)
        << std::strerror(errno);
  }
  void close() { fd_.reset(); }
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }

 private:
  static constexpr std::uint32_t chunk = 4096;
  static constexpr std::size_t room = 8 * chunk;
  template <class T>
  int set(int option, const T& value) {
    return ::setsockopt(fd(), SOL_XDP, option, &value, sizeof value);
  }

  sys::UniqueFd fd_;
  void* memory_ = nullptr;
};

XskMap make() { return XskMap::create({.max_entries = 4, .name = "sockets"}); }

// What a program makes of a slot: user space cannot read the map.
std::uint32_t verdict(const XskMap& map, std::int32_t index) {
  return test::run_program(test::load_redirect(map.map().fd(), index).get());
}

TEST(XskMap, IsMadeWithItsTypeAndSizes) {
  test::expect_made_and_refused<XskMap>({.max_entries = 4, .name = "sockets"}, MapType::xskmap, 4);
}

TEST(XskMap, LeadsARedirectToTheSocket) {
  test::in_own_network([] {
    const std::uint32_t here = test::make_veth("here", "there");
    test::set_up("here");
    XdpSocket socket;
    socket.set_up();
    socket.bind(here);

    XskMap map = make();
    EXPECT_EQ(verdict(map, 1), dropped);
    map.set(1, socket.fd());
    EXPECT_EQ(verdict(map, 1), redirected);
    EXPECT_EQ(verdict(map, 0), dropped);
    map.erase(1);
    EXPECT_EQ(verdict(map, 1), dropped);
    map.erase(1);

    std::error_code ec = Errc::invalid_name;
    map.set(1, socket.fd(), ec);
    EXPECT_EQ(ec, std::error_code{});
    EXPECT_EQ(verdict(map, 1), redirected);
    ec = Errc::invalid_name;
    map.erase(1, ec);
    EXPECT_EQ(ec, std::error_code{});
    EXPECT_EQ(verdict(map, 1), dropped);
  });
}

TEST(XskMap, LosesASocketThatIsClosed) {
  test::in_own_network([] {
    const std::uint32_t here = test::make_veth("here", "there");
    test::set_up("here");
    XskMap map = make();
    XdpSocket socket;
    socket.set_up();
    socket.bind(here);
    map.set(0, socket.fd());
    EXPECT_EQ(verdict(map, 0), redirected);
    socket.close();
    EXPECT_EQ(verdict(map, 0), dropped);
  });
}

TEST(XskMap, TakesASocketThatIsNotBoundYet) {
  XskMap map = make();
  XdpSocket socket;
  socket.set_up();
  map.set(0, socket.fd());
  EXPECT_EQ(verdict(map, 0), redirected);
}

// Before Linux 7.1 the kernel asks for the socket's kind alone.
TEST(XskMap, TellsThatASocketHasNoRing) {
  XskMap map = make();
  const XdpSocket socket;
  const auto set = [&](auto&... ec) { map.set(0, socket.fd(), ec...); };
  const auto expect_told = [&] {
    EXPECT_TRUE(contains(told(ENOBUFS, set), "the AF_XDP socket of descriptor " +
                                                 std::to_string(socket.fd()) +
                                                 " has no receive ring (XDP_RX_RING)"));
  };
  std::error_code ec;
  set(ec);
  if (ec) {
    expect_told();
  } else {
    EXPECT_EQ(verdict(map, 0), redirected);
    const test::FakeBpf newer{-ENOBUFS};
    expect_told();
  }
}

TEST(XskMap, TellsWhatIsNoSocketForIt) {
  XskMap map = make();
  const sys::UniqueFd udp = test::new_socket(SOCK_DGRAM);
  EXPECT_TRUE(contains(told(EOPNOTSUPP, [&](auto&... ec) { map.set(0, udp.get(), ec...); }),
                       "descriptor " + std::to_string(udp.get()) + ", is not an AF_XDP socket"));
  EXPECT_TRUE(contains(told(ENOTSOCK, [&](auto&... ec) { map.set(0, map.map().fd(), ec...); }),
                       "is not a socket"));
  EXPECT_TRUE(contains(told(EBADF, [&](auto&... ec) { map.set(0, -1, ec...); }),
                       "the value, -1, is not an open descriptor of a socket"));
}

TEST(XskMap, RefusesAnIndexOutOfRange) {
  XskMap map = make();
  test::expect_index_told([&](auto&... ec) { map.set(4, 0, ec...); });
  test::expect_index_told([&](auto&... ec) { map.erase(4, ec...); });
}

TEST(XskMap, TakesAnyIntegerTypeAsIndex) {
  XskMap map = make();
  XdpSocket socket;
  socket.set_up();
  map.set(std::int64_t{1}, socket.fd());
  test::expect_integer_told([&](auto index, auto&... ec) { map.set(index, socket.fd(), ec...); });
  test::expect_integer_told([&](auto index, auto&... ec) { map.erase(index, ec...); });
  for (const std::int32_t index : {0, 2, 3}) EXPECT_EQ(verdict(map, index), dropped);
  EXPECT_EQ(verdict(map, 1), redirected) << "nothing is written or erased";
  map.erase(std::uint8_t{1});
  EXPECT_EQ(verdict(map, 1), dropped);
}

TEST(XskMap, RefusesEverythingWithoutAMap) {
  XskMap map;
  EXPECT_FALSE(map);
  test::expect_no_map_told([&](auto&... ec) { map.set(0, 0, ec...); });
  test::expect_no_map_told([&](auto&... ec) { map.erase(0, ec...); });
}

}  // namespace
}  // namespace bpfmap
