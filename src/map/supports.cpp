// SPDX-License-Identifier: MIT
#include "bpfmap/map/supports.hpp"

#include <linux/btf.h>
#include <linux/perf_event.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string_view>

#include "bpfmap/map/map.hpp"
#include "bpfmap/sys/bpf.hpp"
#include "bpfmap/sys/cpus.hpp"
#include "cpu_list.hpp"
#include "sets.hpp"

namespace bpfmap::inline v0 {
namespace {

using detail::kernel_error;
using detail::set;
using detail::Types;

// --- earlier results ---

constexpr std::size_t remembered_types = 64;
constexpr std::size_t remembered_operations = 32;

// 0: not probed yet; otherwise a Support, plus one.
using Answer = std::atomic<std::uint8_t>;
constinit std::array<std::array<Answer, remembered_operations>, remembered_types> answers{};

// Of LPM tries, 0: not tried yet; 1: the kernel honours conditions; 2: it ignores them.
constinit Answer trie_conditions{0};

Answer* answer_of(Operation operation, MapType type) noexcept {
  const auto row = static_cast<std::size_t>(type);
  const auto column = static_cast<std::size_t>(operation);
  const bool fits = row < remembered_types && column < remembered_operations;
  return fits ? &answers[row][column] : nullptr;
}

std::optional<Support> remembered(Operation operation, MapType type) noexcept {
  const Answer* const answer = answer_of(operation, type);
  const auto value = answer != nullptr ? answer->load(std::memory_order_relaxed) : std::uint8_t{0};
  return value == 0 ? std::nullopt : std::optional{static_cast<Support>(value - 1)};
}

Support remember(Operation operation, MapType type, Support support) noexcept {
  Answer* const answer = answer_of(operation, type);
  if (answer != nullptr && support != Support::not_permitted)
    answer->store(static_cast<std::uint8_t>(static_cast<int>(support) + 1),
                  std::memory_order_relaxed);
  return support;
}

// --- tiny maps ---

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

// The smallest spec that a type accepts, with at least 4 bytes for the int of the BTF.
MapSpec least_spec(MapType type) noexcept {
  MapSpec spec{.type = type, .key_size = 4, .value_size = 4, .max_entries = 1};
  const MapTypeTraits* const traits = traits_of(type);
  if (traits == nullptr) return spec;
  const auto least = [](const SizeRange& range) { return range.contains(4) ? 4 : range.least; };
  spec.key_size = least(traits->key_size);
  spec.value_size = least(traits->value_size);
  spec.max_entries = traits->max_entries.least;
  spec.flags = traits->flags_needed;
  if (detail::ring_buffers.contains(type))
    spec.max_entries = static_cast<std::uint32_t>(::getpagesize());
  // No value has this type, so a kernel with struct_ops returns ENOTSUPP.
  if (type == MapType::struct_ops) spec.btf_vmlinux_value_type_id = no_descriptor;
  return spec;
}

Map make_least(MapType type, MapFlags flags, std::error_code& ec, BpfToken token = {}) noexcept {
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
  if (detail::local_storages.contains(type)) {
    btf = load_btf_of_int(token, ec);
    if (ec) return {};
    spec.btf_fd = btf.get();
    spec.btf_key_type_id = spec.btf_value_type_id = 1;
  }
  if (detail::maps_of_maps.contains(type)) {
    inner = make_least(MapType::array, MapFlags::none, ec, token);
    if (ec) return {};
    spec.inner_map_fd = inner.fd();
  }
  return Map::create(spec, ec);
}

// --- the meaning of an errno ---

bool means_no(int error) noexcept {
  return error == EINVAL || error == EOPNOTSUPP || error == sys::enotsupp;
}
bool means_not_permitted(int error) noexcept { return error == EPERM || error == EACCES; }

// What the errno of a creation shows; nullopt when it shows nothing.
std::optional<Support> creation_says(MapType type, int error) noexcept {
  if (error == 0) return Support::yes;
  if (type == MapType::struct_ops && error == sys::enotsupp) return Support::yes;
  if (means_not_permitted(error)) return Support::not_permitted;
  // E2BIG: the kernel's attribute is shorter. ENOSYS: it has no bpf(2).
  if (means_no(error) || error == E2BIG || error == ENOSYS) return Support::no;
  return std::nullopt;
}

// As above for an operation on such a map: any other errno comes from the operation itself.
Support operation_says(Operation operation, MapType type, int error) noexcept {
  // The slot is empty; there is no device 0.
  const bool of_this_one = (operation == Operation::erase && type == MapType::sockmap) ||
                           (operation == Operation::update && type == MapType::devmap_hash);
  if (of_this_one && error == EINVAL) return Support::yes;
  if (means_no(error)) return Support::no;
  return means_not_permitted(error) ? Support::not_permitted : Support::yes;
}

// --- operations ---

constexpr detail::Operations probed =
    set(Operation::lookup, Operation::update, Operation::erase, Operation::get_next_key,
        Operation::lookup_and_delete, Operation::lookup_batch, Operation::update_batch,
        Operation::erase_batch, Operation::drain, Operation::freeze, Operation::from_id,
        Operation::list, Operation::mmap, Operation::poll, Operation::consume, Operation::reserve);
// Operations that every map type has.
constexpr detail::Operations of_every_map =
    set(Operation::create, Operation::open_pinned, Operation::open_or_create, Operation::adopt,
        Operation::duplicate, Operation::view, Operation::info, Operation::pin, Operation::unpin,
        Operation::encode, Operation::decode);

// The command of an operation that is probed on a map's entries.
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

constexpr detail::Operations of_memory_or_records =
    detail::event_reads | set(Operation::mmap, Operation::reserve);

// The kernel's result for `operation` on an empty map. A batch of no entries has no effect, and
// succeeds only for a type that has the command.
int attempt(Operation operation, const Map& map) {
  const MapType type = map.info().type;
  if (of_memory_or_records.contains(operation)) return try_memory_or_records(operation, map);
  std::array<std::uint32_t, 2> key_words{};
  if (detail::local_storages.contains(type)) key_words[0] = no_descriptor;
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

Support probe(Operation operation, MapType type, std::error_code& ec) {
  // An array can be mapped only when it was created with BPF_F_MMAPABLE.
  const bool mapped = operation == Operation::mmap && type == MapType::array;
  const Map map = make_least(type, mapped ? MapFlags::mmapable : MapFlags::none, ec);
  if (ec) {
    const auto support = creation_says(type, ec.value());
    if (support) ec.clear();
    return support.value_or(Support::no);
  }
  ec = detail::check_cpu_list();
  if (ec) return Support::no;
  return operation_says(operation, type, -attempt(operation, map));
}

}  // namespace

std::error_code detail::check_trie_conditions() noexcept {
  const auto error = [](bool kept) {
    return kept ? std::error_code{} : make_error_code(Errc::unsupported_operation);
  };
  if (const auto known = trie_conditions.load(std::memory_order_relaxed)) return error(known == 1);
  std::error_code ec;
  const Map trie = make_least(MapType::lpm_trie, MapFlags::none, ec);
  if (ec) return means_not_permitted(ec.value()) ? std::error_code{} : ec;
  const Bytes key(trie.info().key_size);
  const Bytes value(trie.info().value_size);
  const int result =
      sys::map_update_elem(trie.fd(), key.data(), value.data(), to_underlying(UpdateFlags::exist));
  if (result != 0 && result != -ENOENT) return kernel_error(result);
  trie_conditions.store(result == 0 ? 2 : 1, std::memory_order_relaxed);
  return error(result != 0);
}

void detail::forget_support() noexcept {
  trie_conditions.store(0, std::memory_order_relaxed);
  for (auto& row : answers)
    for (Answer& answer : row) answer.store(0, std::memory_order_relaxed);
}

Support supports(MapType type, std::error_code& ec) noexcept {
  ec.clear();
  if (const auto known = remembered(Operation::create, type)) return *known;
  (void)make_least(type, MapFlags::none, ec);
  const auto support = creation_says(type, ec.value());
  if (!support) {
    ec = detail::record_create(least_spec(type), ec);
    return Support::no;
  }
  ec.clear();
  return remember(Operation::create, type, *support);
}

Support supports(Operation operation, MapType type, std::error_code& ec) noexcept {
  if (const auto known = remembered(operation, type)) {
    ec.clear();
    return *known;
  }
  if (operation == Operation::scan) {
    const Support batch = supports(Operation::lookup_batch, type, ec);
    if (ec || batch != Support::no) return batch;
    return supports(Operation::get_next_key, type, ec);
  }
  const Support has_type = supports(type, ec);
  if (ec || has_type != Support::yes || of_every_map.contains(operation)) return has_type;
  if (!probed.contains(operation)) return Support::no;
  // Such a map cannot be created here.
  if (type == MapType::struct_ops)
    return traits_of(type)->has_command(command_of(operation)) &&
                   command_of(operation) != MapCommands::none
               ? Support::yes
               : Support::no;
  const Support support = detail::without_bad_alloc(ec, [&] { return probe(operation, type, ec); });
  if (!ec) return remember(operation, type, support);
  ec = detail::record_create(least_spec(type), ec);
  return Support::no;
}

Support supports(MapType type, MapFlags flags, std::error_code& ec) noexcept {
  const Support has_type = supports(type, ec);
  if (ec || has_type != Support::yes) return has_type;
  (void)make_least(type, flags, ec);
  // A kernel that knows the flag looks the descriptor up.
  constexpr MapFlags of_descriptors = MapFlags::token_fd | MapFlags::vtype_btf_obj_fd;
  if (ec.value() == EBADF && (flags & of_descriptors) != MapFlags::none) ec.clear();
  const auto support = creation_says(type, ec.value());
  if (!support) {
    MapSpec spec = least_spec(type);
    spec.flags = spec.flags | flags;
    ec = detail::record_create(spec, ec);
    return Support::no;
  }
  ec.clear();
  return *support;
}

Support supports(MapType type, BpfToken token, std::error_code& ec) noexcept {
  if (token.fd >= 0)
    (void)make_least(type, MapFlags::none, ec, token);
  else
    ec = kernel_error(-EBADF);
  const auto support = creation_says(type, ec.value());
  if (support) {
    ec.clear();
    return *support;
  }
  MapSpec spec = least_spec(type);
  spec.token_fd = token.fd;
  ec = detail::record_create(spec, ec);
  return Support::no;
}

Support supports(MapType type, BpfToken token) {
  std::error_code ec;
  const Support support = supports(type, token, ec);
  detail::throw_if(ec);
  return support;
}

Support supports(MapType type, MapFlags flags) {
  std::error_code ec;
  const Support support = supports(type, flags, ec);
  detail::throw_if(ec);
  return support;
}

Support supports(MapType type) {
  std::error_code ec;
  const Support support = supports(type, ec);
  detail::throw_if(ec);
  return support;
}

Support supports(Operation operation, MapType type) {
  std::error_code ec;
  const Support support = supports(operation, type, ec);
  detail::throw_if(ec);
  return support;
}

}  // namespace bpfmap::inline v0
