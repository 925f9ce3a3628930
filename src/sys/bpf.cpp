// SPDX-License-Identifier: MIT
#include "bpfmap/sys/bpf.hpp"

#include <fcntl.h>

#include <cstring>

namespace bpfmap::inline v0::sys {
namespace {

template <class Attr>
int call(Command command, Attr& attr, unsigned int size = sizeof(Attr)) noexcept {
  return static_cast<int>(bpf(static_cast<int>(command), &attr, size));
}

// A process that closed its standard input may get descriptor 0, which the kernel's attributes read
// as "none".
int never_zero(int fd) noexcept {
  if (fd != 0) return fd;
  const int moved = ::fcntl(0, F_DUPFD_CLOEXEC, 3);
  const int error = errno;
  ::close(0);
  return moved < 0 ? -error : moved;
}

}  // namespace

namespace detail {

int batch_command(Command command, int fd, const void* in_batch, void* out_batch, const void* keys,
                  const void* values, std::uint32_t& count, std::uint64_t elem_flags) noexcept {
  BatchAttr attr{.in_batch = address(in_batch),
                 .out_batch = address(out_batch),
                 .keys = address(keys),
                 .values = address(values),
                 .count = count,
                 .map_fd = static_cast<std::uint32_t>(fd),
                 .elem_flags = elem_flags,
                 .flags = 0};
  const int result = call(command, attr);
  count = attr.count;
  return result;
}

}  // namespace detail

int map_create(const MapCreateAttr& attr, unsigned int size) noexcept {
  MapCreateAttr copy;
  std::memset(&copy, 0, sizeof copy);
  std::memcpy(&copy, &attr, size);
  return never_zero(call(Command::map_create, copy, size));
}

int map_create_logged(const MapCreateAttr& attr, unsigned int size, char* log,
                      std::uint32_t log_size) noexcept {
  if (__atomic_load_n(&detail::bpf_function, __ATOMIC_RELAXED) != &bpf_syscall) return -ENOSYS;
  CommonAttr common{.log_buf = detail::address(log),
                    .log_size = log_size,
                    .log_level = 1,
                    .log_true_size = 0,
                    .reserved = 0};
  const auto command = static_cast<std::uint32_t>(Command::map_create) | common_attrs;
  constexpr unsigned int used = offsetof(CommonAttr, reserved);
  const long fd = ::syscall(__NR_bpf, command, &attr, size, &common, used);
  return fd < 0 ? -errno : never_zero(static_cast<int>(fd));
}

int btf_load(const void* btf, std::uint32_t size, int token_fd) noexcept {
  BtfLoadAttr attr{};
  attr.btf = detail::address(btf);
  attr.btf_size = size;
  unsigned int used = offsetof(BtfLoadAttr, log_size);
  if (token_fd >= 0) {
    attr.flags = f_token_fd;
    attr.token_fd = static_cast<std::uint32_t>(token_fd);
    used = sizeof attr;
  }
  return never_zero(call(Command::btf_load, attr, used));
}

int btf_get_fd_by_id(std::uint32_t id) noexcept {
  IdAttr attr{id, 0, 0};
  return never_zero(call(Command::btf_get_fd_by_id, attr, offsetof(IdAttr, next_id)));
}

int btf_get_data(int fd, void* btf, std::uint32_t& size) noexcept {
  BtfInfoData info{detail::address(btf), size, 0};
  InfoAttr attr{static_cast<std::uint32_t>(fd), sizeof info, detail::address(&info)};
  const int result = call(Command::obj_get_info_by_fd, attr);
  if (result >= 0) size = info.btf_size;
  return result;
}

int prog_load(const ProgLoadAttr& attr) noexcept {
  ProgLoadAttr copy = attr;
  return never_zero(call(Command::prog_load, copy));
}

int prog_test_run(TestRunAttr& attr) noexcept { return call(Command::prog_test_run, attr); }

int iter_create(int link_fd) noexcept {
  IterCreateAttr attr{static_cast<std::uint32_t>(link_fd), 0};
  return never_zero(call(Command::iter_create, attr));
}

int map_freeze(int fd) noexcept {
  auto map_fd = static_cast<std::uint32_t>(fd);
  return call(Command::map_freeze, map_fd);
}

int obj_pin(int fd, const char* path) noexcept {
  ObjectAttr attr{detail::address(path), static_cast<std::uint32_t>(fd), 0};
  return call(Command::obj_pin, attr, offsetof(ObjectAttr, file_flags));
}

int obj_get(const char* path, std::uint32_t flags) noexcept {
  ObjectAttr attr{detail::address(path), 0, flags};
  return never_zero(call(Command::obj_get, attr));
}

int map_get_info_by_fd(int fd, MapInfoData& info) noexcept {
  std::memset(&info, 0, sizeof info);
  InfoAttr attr{static_cast<std::uint32_t>(fd), sizeof info, detail::address(&info)};
  return call(Command::obj_get_info_by_fd, attr);
}

int map_get_next_id(std::uint32_t id, std::uint32_t& next_id) noexcept {
  IdAttr attr{id, 0, 0};
  const int result = call(Command::map_get_next_id, attr, offsetof(IdAttr, open_flags));
  if (result == 0) next_id = attr.next_id;
  return result;
}

int map_get_fd_by_id(std::uint32_t id, std::uint32_t flags) noexcept {
  IdAttr attr{id, 0, flags};
  return never_zero(call(Command::map_get_fd_by_id, attr));
}

}  // namespace bpfmap::inline v0::sys
