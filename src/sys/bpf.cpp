// SPDX-License-Identifier: MIT
#include "bpfmap/sys/bpf.hpp"

#include <fcntl.h>
#include <sys/stat.h>

namespace bpfmap::inline v0::sys {
namespace {

// The kernel hands out descriptor 0 to a process that closed its standard input, and reads 0 as
// "none" in its own attributes.
int never_zero(long fd) noexcept {
  if (fd != 0) return static_cast<int>(fd);
  const int moved = ::fcntl(0, F_DUPFD_CLOEXEC, 3);
  const int error = errno;
  ::close(0);
  return moved < 0 ? -error : moved;
}

}  // namespace

namespace detail {

int batch_command(bpf_cmd cmd, int fd, const void* in_batch, void* out_batch, const void* keys,
                  const void* values, std::uint32_t& count, std::uint64_t elem_flags) noexcept {
  bpf_attr attr;
  constexpr unsigned int size = offsetof(bpf_attr, batch.flags) + sizeof(std::uint64_t);
  clear(attr, size);
  attr.batch.in_batch = address(in_batch);
  attr.batch.out_batch = address(out_batch);
  attr.batch.keys = address(keys);
  attr.batch.values = address(values);
  attr.batch.count = count;
  attr.batch.map_fd = static_cast<std::uint32_t>(fd);
  attr.batch.elem_flags = elem_flags;
  const int result = static_cast<int>(bpf(cmd, &attr, size));
  count = attr.batch.count;
  return result;
}

}  // namespace detail

int map_create(const MapCreateAttr& attr, unsigned int size) noexcept {
  MapCreateAttr copy;
  std::memset(&copy, 0, sizeof copy);
  std::memcpy(&copy, &attr, size);
  return never_zero(bpf(BPF_MAP_CREATE, &copy, size));
}

int btf_load(const void* btf, std::uint32_t size) noexcept {
  bpf_attr attr;
  constexpr unsigned int attr_size = offsetof(bpf_attr, btf_size) + sizeof attr.btf_size;
  detail::clear(attr, attr_size);
  attr.btf = detail::address(btf);
  attr.btf_size = size;
  return never_zero(bpf(BPF_BTF_LOAD, &attr, attr_size));
}

int map_freeze(int fd) noexcept {
  bpf_attr attr;
  constexpr unsigned int size = sizeof attr.map_fd;
  detail::clear(attr, size);
  attr.map_fd = static_cast<std::uint32_t>(fd);
  return static_cast<int>(bpf(BPF_MAP_FREEZE, &attr, size));
}

int obj_pin(int fd, const char* path) noexcept {
  bpf_attr attr;
  constexpr unsigned int size = offsetof(bpf_attr, bpf_fd) + sizeof(std::uint32_t);
  detail::clear(attr, size);
  attr.pathname = detail::address(path);
  attr.bpf_fd = static_cast<std::uint32_t>(fd);
  return static_cast<int>(bpf(BPF_OBJ_PIN, &attr, size));
}

int obj_get(const char* path, std::uint32_t flags) noexcept {
  bpf_attr attr;
  constexpr unsigned int size = offsetof(bpf_attr, file_flags) + sizeof(std::uint32_t);
  detail::clear(attr, size);
  attr.pathname = detail::address(path);
  attr.file_flags = flags;
  return never_zero(bpf(BPF_OBJ_GET, &attr, size));
}

int map_get_info_by_fd(int fd, MapInfoData& info) noexcept {
  bpf_attr attr;
  constexpr unsigned int size = offsetof(bpf_attr, info.info) + sizeof(std::uint64_t);
  detail::clear(attr, size);
  std::memset(&info, 0, sizeof info);
  attr.info.bpf_fd = static_cast<std::uint32_t>(fd);
  attr.info.info_len = sizeof info;
  attr.info.info = detail::address(&info);
  return static_cast<int>(bpf(BPF_OBJ_GET_INFO_BY_FD, &attr, size));
}

int map_get_next_id(std::uint32_t id, std::uint32_t& next_id) noexcept {
  bpf_attr attr;
  constexpr unsigned int size = offsetof(bpf_attr, next_id) + sizeof(std::uint32_t);
  detail::clear(attr, size);
  attr.start_id = id;
  const int result = static_cast<int>(bpf(BPF_MAP_GET_NEXT_ID, &attr, size));
  if (result == 0) next_id = attr.next_id;
  return result;
}

int map_get_fd_by_id(std::uint32_t id, std::uint32_t flags) noexcept {
  bpf_attr attr;
  constexpr unsigned int size = offsetof(bpf_attr, open_flags) + sizeof(std::uint32_t);
  detail::clear(attr, size);
  attr.map_id = id;
  attr.open_flags = flags;
  return never_zero(bpf(BPF_MAP_GET_FD_BY_ID, &attr, size));
}

}  // namespace bpfmap::inline v0::sys
