// SPDX-License-Identifier: MIT
// Any errno, from any call on a map of any type and sizes, gives a text: the same in both forms,
// one line of printable characters, with the errno's name or the library's reason. No kernel is
// asked.
#include <fcntl.h>

#include <array>
#include <cstring>
#include <string>

#include "bpfmap/map/map.hpp"
#include "bpfmap/sys/bpf.hpp"
#include "require.hpp"

namespace bpfmap::fuzz {
namespace {

// struct bpf_map_info's head, as BPF_OBJ_GET_INFO_BY_FD fills it in.
struct Info {
  std::uint32_t type, id, key_size, value_size, max_entries, flags;
  std::array<char, 16> name;
};
Info info;
int error = 0;

long answer(int cmd, void* attr, unsigned int) noexcept {
  if (cmd != static_cast<int>(sys::Command::obj_get_info_by_fd)) return -error;
  std::array<std::uint32_t, 2> head{};
  std::uint64_t at = 0;
  std::memcpy(head.data(), attr, sizeof head);
  std::memcpy(&at, static_cast<char*>(attr) + 8, sizeof at);
  if (head[1] < sizeof info) return -EINVAL;
  std::memcpy(reinterpret_cast<void*>(at), &info, sizeof info);
  return 0;
}

void call_everything(Map& map, Input& input) {
  const std::string key{input.rest().substr(0, info.key_size)};
  const std::string value{input.rest().substr(0, info.value_size)};
  (void)both_forms([&](auto&... ec) { (void)map.lookup(key, ec...); });
  (void)both_forms([&](auto&... ec) { (void)map.lookup<std::uint32_t>(key, ec...); });
  (void)both_forms([&](auto&... ec) { (void)map.lookup_and_delete(key, ec...); });
  (void)both_forms([&](auto&... ec) { map.update(key, value, ec...); });
  (void)both_forms([&](auto&... ec) { (void)map.erase(key, ec...); });
  (void)both_forms([&](auto&... ec) { map.freeze(ec...); });
}

}  // namespace
}  // namespace bpfmap::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bpfmap::fuzz;
  Input input{data, size};
  info = {.type = input.take<std::uint8_t>(),
          .id = input.take<std::uint8_t>(),
          .key_size = input.take<std::uint8_t>(),
          .value_size = input.take<std::uint8_t>(),
          .max_entries = input.take<std::uint32_t>(),
          .flags = input.take<std::uint32_t>(),
          .name = {}};
  for (char& c : info.name) c = static_cast<char>(input.take<std::uint8_t>());
  const int errnos = 600;  // 524 and its like included
  error = input.take<std::uint16_t>() % errnos + 1;
  static const auto replaced = bpfmap::sys::set_bpf_for_testing(&answer);
  require(replaced != nullptr);
  (void)both_forms([&](auto&... ec) {
    bpfmap::Map map =
        bpfmap::Map::adopt(bpfmap::sys::UniqueFd{::open("/dev/null", O_RDWR | O_CLOEXEC)}, ec...);
    if (map) call_everything(map, input);
  });
  return 0;
}
