// SPDX-License-Identifier: MIT
#include "probe.hpp"

#include <linux/btf.h>
#include <linux/perf_event.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "bpfmap/sys/bpf.hpp"
#include "bpfmap/sys/cpus.hpp"
#include "cpu_list.hpp"

namespace bpfmap::inline v0::detail {
namespace {

// No process can have this descriptor open, because fs.nr_open is smaller. EBADF therefore shows
// that the operation exists.
constexpr std::uint32_t no_descriptor = 0x7FFF'FFFF;

// The BTF of `int`, which storage maps require for keys and accept for values.
sys::UniqueFd load_btf_of_int(BpfToken token, std::error_code& ec) noexcept {
  struct {
    btf_header header;
    std::array<std::uint32_t, 4> type;  // struct btf_type and its data
    std::array<char, 8> strings;
  } blob;
  std::memset(&blob, 0, sizeof blob);
  blob.header.magic = BTF_MAGIC;
  blob.header.version = BTF_VERSION;
  blob.header.hdr_len = sizeof blob.header;
  blob.header.type_len = sizeof blob.type;
  blob.header.str_off = sizeof blob.type;
  blob.header.str_len = 5;
  blob.type = {1, BTF_KIND_INT << 24U, 4, BTF_INT_SIGNED << 24U | 32U};
  std::memcpy(blob.strings.data() + 1, "int", 3);
  const int fd = sys::btf_load(&blob, sizeof blob.header + sizeof blob.type + 5, token.fd);
  ec = kernel_error(fd);
  return sys::UniqueFd{fd};
}

bool means_no(int error) noexcept {
  return error == EINVAL || error == EOPNOTSUPP || error == sys::enotsupp;
}

// What the errno of an operation on such a map shows: any other one comes from the operation
// itself.
Support operation_says(Operation operation, MapType type, int error) noexcept {
  // The slot is empty; there is no device 0.
  const bool of_this_one = (operation == Operation::erase && type == MapType::sockmap) ||
                           (operation == Operation::update && type == MapType::devmap_hash);
  if (of_this_one && error == EINVAL) return Support::yes;
  if (means_no(error)) return Support::no;
  return means_not_permitted(error) ? Support::not_permitted : Support::yes;
}

// --- memory and records ---

// Maps `pages` pages of the map and unmaps them; 0, or -errno.
int try_mapping(const Map& map, int protection, std::size_t first_page,
                std::size_t pages) noexcept {
  const auto page = static_cast<std::size_t>(::getpagesize());
  void* const address = ::mmap(nullptr, pages * page, protection, MAP_SHARED, map.fd(),
                               static_cast<off_t>(first_page * page));
  if (address == MAP_FAILED) return -errno;
  ::munmap(address, pages * page);
  return 0;
}

// A ring buffer is mapped as the reader's page, the writer's page and the data twice.
int try_reading_records(const Map& map) noexcept {
  const int result = try_mapping(map, PROT_READ | PROT_WRITE, 0, 1);
  return result != 0 ? result : try_mapping(map, PROT_READ, 1, 3);
}
int try_writing_records(const Map& map) noexcept {
  const int result = try_mapping(map, PROT_READ, 0, 1);
  return result != 0 ? result : try_mapping(map, PROT_READ | PROT_WRITE, 1, 3);
}

// A perf event array is read through one event per CPU.
int try_reading_events(const Map& map) noexcept {
  perf_event_attr attr;
  std::memset(&attr, 0, sizeof attr);
  attr.type = PERF_TYPE_SOFTWARE;
  attr.size = sizeof attr;
  attr.config = PERF_COUNT_SW_BPF_OUTPUT;
  attr.sample_type = PERF_SAMPLE_RAW;
  const sys::UniqueFd event{
      static_cast<int>(::syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC))};
  if (!event) return -errno;
  const std::uint32_t key = 0;
  const int fd = event.get();
  return sys::map_update_elem(map.fd(), &key, &fd);
}

int try_memory_or_records(Operation operation, const Map& map) noexcept {
  const MapType type = map.info().type;
  if (operation == Operation::mmap && type != MapType::user_ringbuf)
    return try_mapping(map, PROT_READ, 0, 1);
  if (operation == Operation::mmap || operation == Operation::reserve)
    return type == MapType::user_ringbuf ? try_writing_records(map) : -sys::enotsupp;
  if (type == MapType::ringbuf) return try_reading_records(map);
  return type == MapType::perf_event_array ? try_reading_events(map) : -sys::enotsupp;
}

constexpr Operations of_memory_or_records = event_reads | set(Operation::mmap, Operation::reserve);

// The kernel's result for `operation` on an empty map. A batch of no entries has no effect, and
// succeeds only for a type that has the command.
int attempt(Operation operation, const Map& map) {
  const MapType type = map.info().type;
  if (of_memory_or_records.contains(operation)) return try_memory_or_records(operation, map);
  std::array<std::uint32_t, 2> key_words{};
  if (local_storages.contains(type)) key_words[0] = no_descriptor;
  const void* const key = map.info().key_size == 0 ? nullptr : key_words.data();
  Bytes value(sys::percpu_size(16));
  // Devmaps and cpumaps read this as "none".
  const bool zero = set(MapType::devmap, MapType::devmap_hash, MapType::cpumap).contains(type);
  if (!zero) std::memcpy(value.data(), &no_descriptor, sizeof no_descriptor);
  std::uint32_t count = 0;
  switch (operation) {
    case Operation::lookup:
      return sys::map_lookup_elem(map.fd(), key, value.data());
    case Operation::update:
      return sys::map_update_elem(map.fd(), key, value.data());
    case Operation::erase:
      return sys::map_delete_elem(map.fd(), key);
    case Operation::get_next_key:
      return sys::map_get_next_key(map.fd(), nullptr, key_words.data());
    case Operation::lookup_and_delete:
      return sys::map_lookup_and_delete_elem(map.fd(), key, value.data());
    case Operation::lookup_batch:
      return sys::map_lookup_batch(map.fd(), nullptr, nullptr, nullptr, nullptr, count);
    case Operation::update_batch:
      return sys::map_update_batch(map.fd(), nullptr, nullptr, count);
    case Operation::erase_batch:
      return sys::map_delete_batch(map.fd(), nullptr, count);
    case Operation::drain:
      return sys::map_lookup_and_delete_batch(map.fd(), nullptr, nullptr, nullptr, nullptr, count);
    case Operation::from_id: {
      const int fd = sys::map_get_fd_by_id(map.info().id);
      const sys::UniqueFd opened{fd < 0 ? -1 : fd};
      return fd < 0 ? fd : 0;
    }
    case Operation::list:
      return sys::map_get_next_id(0, count);
    default:
      return sys::map_freeze(map.fd());
  }
}

}  // namespace

MapSpec least_spec(MapType type) noexcept {
  MapSpec spec{.type = type, .key_size = 4, .value_size = 4, .max_entries = 1};
  const MapTypeTraits* const traits = traits_of(type);
  if (traits == nullptr) return spec;
  const auto least = [](const SizeRange& range) { return range.contains(4) ? 4 : range.least; };
  spec.key_size = least(traits->key_size);
  spec.value_size = least(traits->value_size);
  spec.max_entries = traits->max_entries.least;
  spec.flags = traits->flags_needed;
  if (ring_buffers.contains(type)) spec.max_entries = static_cast<std::uint32_t>(::getpagesize());
  // No value has this type, so a kernel with struct_ops returns ENOTSUPP.
  if (type == MapType::struct_ops) spec.btf_vmlinux_value_type_id = no_descriptor;
  return spec;
}

Map make_least(MapType type, MapFlags flags, std::error_code& ec, BpfToken token) noexcept {
  MapSpec spec = least_spec(type);
  spec.token_fd = token.fd;
  spec.flags = spec.flags | flags;
  if (has(flags, MapFlags::stack_build_id)) spec.value_size = 32;  // of one frame
  // Flags that come with a field.
  if (has(flags, MapFlags::numa_node)) spec.numa_node = 0;
  if (has(flags, MapFlags::token_fd)) spec.token_fd = no_descriptor;
  if (has(flags, MapFlags::vtype_btf_obj_fd)) spec.value_type_btf_obj_fd = no_descriptor;
  sys::UniqueFd btf;
  Map inner;
  if (local_storages.contains(type)) {
    btf = load_btf_of_int(token, ec);
    if (ec) return {};
    spec.btf_fd = btf.get();
    spec.btf_key_type_id = spec.btf_value_type_id = 1;
  }
  if (maps_of_maps.contains(type)) {
    inner = make_least(MapType::array, MapFlags::none, ec, token);
    if (ec) return {};
    spec.inner_map_fd = inner.fd();
  }
  return Map::create(spec, ec);
}

std::optional<Support> creation_says(MapType type, int error) noexcept {
  if (error == 0) return Support::yes;
  if (type == MapType::struct_ops && error == sys::enotsupp) return Support::yes;
  if (means_not_permitted(error)) return Support::not_permitted;
  // E2BIG: the kernel's attribute is shorter. ENOSYS: it has no bpf(2).
  if (means_no(error) || error == E2BIG || error == ENOSYS) return Support::no;
  return std::nullopt;
}

MapCommands command_of(Operation operation) noexcept {
  switch (operation) {
    case Operation::lookup:
      return MapCommands::lookup;
    case Operation::update:
      return MapCommands::update;
    case Operation::erase:
      return MapCommands::erase;
    case Operation::get_next_key:
      return MapCommands::get_next_key;
    case Operation::freeze:
      return MapCommands::freeze;
    default:
      return MapCommands::none;
  }
}

Support probe(Operation operation, MapType type, std::error_code& ec) {
  // An array can be mapped only when it was created with BPF_F_MMAPABLE.
  const bool mapped = operation == Operation::mmap && type == MapType::array;
  const Map map = make_least(type, mapped ? MapFlags::mmapable : MapFlags::none, ec);
  if (ec) {
    const auto support = creation_says(type, ec.value());
    if (support) ec.clear();
    return support.value_or(Support::no);
  }
  ec = check_cpu_list();
  if (ec) return Support::no;
  return operation_says(operation, type, -attempt(operation, map));
}

}  // namespace bpfmap::inline v0::detail
