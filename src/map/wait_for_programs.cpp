// SPDX-License-Identifier: MIT
#include "bpfmap/map/wait_for_programs.hpp"

#include <time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include "bpfmap/map/map.hpp"
#include "bpfmap/sys/bpf.hpp"

namespace bpfmap::inline v0 {
namespace {

using detail::kernel_error;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

Map make_array(MapType type, int inner_map_fd, std::error_code& ec) noexcept {
  return Map::create({.type = type,
                      .key_size = sizeof(std::uint32_t),
                      .value_size = sizeof(std::uint32_t),
                      .max_entries = 1,
                      .inner_map_fd = inner_map_fd},
                     ec);
}

std::error_code failed(int result) noexcept {
  return detail::record_open(Operation::wait_for_programs, std::string_view{},
                             kernel_error(result));
}

// struct bpf_insn.
struct Instruction {
  std::uint8_t code;
  std::uint8_t registers;
  std::int16_t offset;
  std::int32_t immediate;
};

// A sleepable program that uses the map, and never runs. When its descriptor is closed, the kernel
// frees the program and releases its maps in a callback of call_rcu_tasks_trace() (1e6c62a88215,
// 5.10).
int load_user_of(int map_fd) noexcept {
  // Register 1, and source 1, which means that the number is a map's descriptor: the same byte in
  // either byte order.
  constexpr std::uint8_t r1_from_map = 0x11;
  const std::array program{
      Instruction{0x18, r1_from_map, 0, map_fd},            // r1 = the map, in two instructions
      Instruction{0, 0, 0, 0}, Instruction{0xb7, 0, 0, 0},  // r0 = 0
      Instruction{0x95, 0, 0, 0},                           // return r0
  };
  sys::ProgLoadAttr attr;
  std::memset(&attr, 0, sizeof attr);
  attr.prog_type = sys::prog_type_syscall;
  attr.prog_flags = sys::prog_f_sleepable;
  attr.insns = sys::detail::address(program.data());
  attr.insn_cnt = static_cast<std::uint32_t>(program.size());
  attr.license = sys::detail::address("Dual MIT/GPL");
  return sys::prog_load(attr);
}

// Whether the map still exists. Opens no descriptor, which would keep the map.
bool exists(std::uint32_t id, std::error_code& ec) noexcept {
  std::uint32_t next = 0;
  const int result = sys::map_get_next_id(id - 1, next);
  if (result != 0 && result != -ENOENT)
    ec = detail::record_open(Operation::list, std::int64_t{id} - 1, kernel_error(result));
  return result == 0 && next == id;
}

void pause_for(milliseconds time) noexcept {
  const timespec pause{0, static_cast<long>(time.count()) * 1'000'000};
  (void)::nanosleep(&pause, nullptr);
}

bool wait_until_gone(std::uint32_t id, milliseconds timeout, std::error_code& ec) noexcept {
  const auto start = steady_clock::now();
  for (milliseconds pause{1}; exists(id, ec); pause = std::min(pause * 2, milliseconds{50})) {
    milliseconds rest = pause;
    if (timeout >= milliseconds{0})
      rest = timeout - std::chrono::duration_cast<milliseconds>(steady_clock::now() - start);
    if (rest <= milliseconds{0}) return false;
    pause_for(std::min(pause, rest));
  }
  return !ec;
}

}  // namespace

// An update of a map of maps ends with synchronize_rcu(), after which no program uses the old inner
// map (1ae80cf31938, 4.20; a comment in the kernel excludes sleepable programs). membarrier(2)
// would do the same without a privilege, but not with a single CPU online, and not with nohz_full.
void wait_for_programs(std::error_code& ec) noexcept {
  const Map inner = make_array(MapType::array, -1, ec);
  if (ec) return;
  Map outer = make_array(MapType::array_of_maps, inner.fd(), ec);
  if (!ec) outer.update(std::uint32_t{0}, inner.fd(), ec);
}

void wait_for_programs() {
  std::error_code ec;
  wait_for_programs(ec);
  detail::throw_if(ec);
}

bool wait_for_sleepable_programs(Timeout timeout, std::error_code& ec) noexcept {
  Map map = make_array(MapType::array, -1, ec);
  const std::uint32_t id = map.info().id;
  // Checks that this process may list ids.
  if (ec || !exists(id, ec)) return false;
  const int program = load_user_of(map.fd());
  if (program < 0) {
    ec = failed(program);
    return false;
  }
  (void)sys::UniqueFd{program};
  map = {};
  return wait_until_gone(id, timeout.milliseconds(), ec);
}

bool wait_for_sleepable_programs(std::error_code& ec) noexcept {
  return wait_for_sleepable_programs(milliseconds{-1}, ec);
}

bool wait_for_sleepable_programs(Timeout timeout) {
  std::error_code ec;
  const bool ended = wait_for_sleepable_programs(timeout, ec);
  detail::throw_if(ec);
  return ended;
}

}  // namespace bpfmap::inline v0
