// SPDX-License-Identifier: MIT
// A 32-bit program on a 64-bit kernel: the structs of bpf(2), and sizes that size_t does not hold.
#include <bpfmap/sys/bpf.hpp>
#include <bpfmap/sys/mapping.hpp>
#include <bpfmap/sys/unique_fd.hpp>
#include <cerrno>
#include <cstdio>

namespace sys = bpfmap::sys;

namespace {

int fail(const char* what) {
  std::fprintf(stderr, "%s\n", what);
  return 1;
}

bool is_too_large(std::uint64_t size, const sys::MappingOptions& options) {
  errno = 0;
  return !sys::Mapping::of(-1, size, options) && errno == ENOMEM;
}

#ifdef __i386__
// What cmake/reference/own-types.md says of i386, and its cure.
struct Plain {
  std::uint32_t packets;
  std::uint64_t bytes;
};
struct Aligned {
  std::uint32_t packets;
  alignas(8) std::uint64_t bytes;
};
static_assert(sizeof(Plain) == 12 && alignof(std::uint64_t) == 4);
static_assert(sizeof(Aligned) == 16 && alignof(Aligned) == 8);
#endif

}  // namespace

int main() {
  static_assert(sizeof(void*) == 4);
  if (!is_too_large(std::uint64_t{1} << 32, {})) return fail("4 GiB");
  if (!is_too_large(4096, {.address = std::uint64_t{1} << 44})) return fail("address");

  sys::MapCreateAttr attr{};
  attr.map_type = sys::map_type_array;
  attr.key_size = 4;
  attr.value_size = 8;
  attr.max_entries = 4;
  attr.map_flags = sys::f_mmapable;
  const int result = sys::map_create(attr);
  if (result == -EPERM || result == -ENOSYS) {
    std::puts("there is no bpf(2) here, or it is not permitted: nothing more to try");
    return 0;
  }
  const sys::UniqueFd map{result};
  if (!map) return fail("create");
  const std::uint32_t key = 3;
  const std::uint64_t value = 0x0123'4567'89ab'cdef;
  if (sys::map_update_elem(map.get(), &key, &value) != 0) return fail("update");
  std::uint64_t read = 0;
  if (sys::map_lookup_elem(map.get(), &key, &read) != 0 || read != value) return fail("lookup");
  std::uint32_t next = 9;
  if (sys::map_get_next_key(map.get(), nullptr, &next) != 0 || next != 0) return fail("next");
  std::uint32_t position = 0;
  std::uint32_t count = 4;
  std::uint32_t keys[4];
  std::uint64_t values[4];
  const int batch = sys::map_lookup_batch(map.get(), nullptr, &position, keys, values, count);
  if ((batch != 0 && batch != -ENOENT) || count != 4 || values[3] != value) return fail("batch");
  sys::MapInfoData info;
  if (sys::map_get_info_by_fd(map.get(), info) != 0 || info.max_entries != 4) return fail("info");
  const auto memory = sys::Mapping::of(map.get(), 32, {.writable = true});
  if (!memory || *reinterpret_cast<std::uint64_t*>(memory.data() + 24) != value)
    return fail("mmap");
  return 0;
}
