// SPDX-License-Identifier: MIT
// The operations of Map on bytes. They check all sizes before the kernel gets a pointer.
#include "bpfmap/map/map.hpp"
#include "bpfmap/map/supports.hpp"

#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "bpfmap/sys/bpf.hpp"
#include "cpu_list.hpp"

namespace bpfmap::inline v0 {
namespace {

using detail::kernel_error;

bool is_percpu_type(MapType type) noexcept {
  const MapTypeTraits* const traits = traits_of(type);
  return traits != nullptr && traits->percpu;
}

// A type that this library does not know may have a slot per CPU. The kernel would then write past
// a buffer of one value, so the buffer has room for all slots.
bool is_unknown_type(MapType type) noexcept { return traits_of(type) == nullptr; }

// Maps without keys take a null key: queues and stacks refuse any other pointer.
const void* pointer(BytesView key) noexcept { return key.empty() ? nullptr : key.data(); }

// The checks that all operations on bytes share.
struct Shape {
  const Map& map;
  std::error_code& ec;

  bool opened() const noexcept { return map ? true : refuse(Errc::no_map); }
  bool key(BytesView key) const noexcept {
    return key.size() == map.info().key_size ? true : refuse(Errc::wrong_key_size);
  }
  bool plain(std::size_t value_size) const noexcept {
    if (map.is_percpu()) return refuse(Errc::map_is_percpu);
    if (is_unknown_type(map.info().type) && !cpus_known()) return false;
    return value_size == map.info().value_size ? true : refuse(Errc::wrong_value_size);
  }
  // A type that this library does not know may have slots.
  bool percpu() const noexcept {
    if (!map.is_percpu() && !is_unknown_type(map.info().type))
      return refuse(Errc::map_is_not_percpu);
    return cpus_known();
  }
  bool cpus_known() const noexcept {
    ec = detail::check_cpu_list();
    return !ec;
  }
  bool slots(std::size_t size) const noexcept {
    if (!percpu()) return false;
    return size == sys::percpu_size(map.info().value_size) ? true : refuse(Errc::wrong_value_size);
  }

  // The value of one CPU, not rounded up.
  bool slot(std::uint32_t cpu, std::size_t size) const noexcept {
    if (!percpu()) return false;
    const auto cpus = sys::possible_cpus();
    if (!std::binary_search(cpus.begin(), cpus.end(), cpu)) return refuse(Errc::no_such_cpu);
    return size == map.info().value_size ? true : refuse(Errc::wrong_value_size);
  }

 private:
  bool refuse(Errc error) const noexcept {
    ec = error;
    return false;
  }
};

// The result of a lookup: found, not found, or an error.
bool found(const Map& map, int result, Operation operation, BytesView key,
           std::error_code& ec) noexcept {
  if (result == 0) {
    ec.clear();
    return true;
  }
  const std::error_code error = detail::element_error(map, {operation, key}, result);
  ec = error == kernel_error(-ENOENT) ? std::error_code{} : error;
  return false;
}

// The result of a write.
std::error_code outcome(const Map& map, int result, Operation operation, BytesView key) noexcept {
  return result >= 0 ? std::error_code{} : detail::element_error(map, {operation, key}, result);
}

// A buffer for a value of a type that this library does not know. It has room for all CPUs, because
// the type may be a per-CPU type.
Bytes widest_room(std::size_t value_size) {
  return Bytes(std::max(sys::percpu_size(value_size), value_size));
}

// Copies what `call` returns into `value`: directly when the type is known.
template <class Call>
int copy_out(MapType type, MutableBytesView value, Call call) {
  if (!is_unknown_type(type)) return call(value.data());
  Bytes room = widest_room(value.size());
  std::copy(value.begin(), value.end(), room.begin());
  const int result = call(room.data());
  if (result == 0) std::copy_n(room.begin(), value.size(), value.begin());
  return result;
}

// One value in each slot.
Bytes replicate(BytesView value) {
  Bytes slots = widest_room(value.size());
  const std::size_t stride = sys::percpu_stride(value.size());
  for (std::size_t at = 0; at < slots.size(); at += stride)
    std::memcpy(slots.data() + at, value.data(), value.size());
  return slots;
}

}  // namespace

bool Map::is_percpu() const noexcept { return is_percpu_type(info_.type); }

namespace detail {

bool check_percpu(const Map& map, std::error_code& ec) noexcept {
  const Shape shape{map, ec};
  return shape.opened() && shape.percpu();
}

bool read(const Map& map, BytesView key, MutableBytesView value, LookupFlags flags,
          std::error_code& ec) noexcept {
  const Shape shape{map, ec};
  if (!shape.opened() || !shape.key(key) || !shape.plain(value.size())) return false;
  const auto call = [&](void* to) {
    return sys::map_lookup_elem(map.fd(), pointer(key), to, to_underlying(flags));
  };
  return without_bad_alloc(ec, [&] {
    return found(map, copy_out(map.info().type, value, call), Operation::lookup, key, ec);
  });
}

bool read_percpu(const Map& map, BytesView key, MutableBytesView slots,
                 std::error_code& ec) noexcept {
  const Shape shape{map, ec};
  if (!shape.opened() || !shape.key(key) || !shape.slots(slots.size())) return false;
  return found(map, sys::map_lookup_elem(map.fd(), pointer(key), slots.data()), Operation::lookup,
               key, ec);
}

void write(Map& map, BytesView key, BytesView value, UpdateFlags flags,
           std::error_code& ec) noexcept {
  const Shape shape{map, ec};
  if (!shape.opened() || !shape.key(key)) return;
  if (needs_trie_conditions(map.info().type, flags)) [[unlikely]] {
    ec = check_trie_conditions();
    if (ec) return;
  }
  const auto bits = to_underlying(flags);
  if (!map.is_percpu() && !is_unknown_type(map.info().type)) {
    if (shape.plain(value.size()))
      ec = outcome(map, sys::map_update_elem(map.fd(), pointer(key), value.data(), bits),
                   Operation::update, key);
    return;
  }
  if (value.size() != map.info().value_size) {
    ec = Errc::wrong_value_size;
    return;
  }
  if (!shape.percpu()) return;
  without_bad_alloc(ec, [&] {
    const Bytes slots = replicate(value);
    ec = outcome(map, sys::map_update_elem(map.fd(), pointer(key), slots.data(), bits),
                 Operation::update, key);
  });
}

void write_percpu(Map& map, BytesView key, BytesView slots, UpdateFlags flags,
                  std::error_code& ec) noexcept {
  const Shape shape{map, ec};
  if (!shape.opened() || !shape.key(key) || !shape.slots(slots.size())) return;
  const auto bits = to_underlying(flags);
  ec = outcome(map, sys::map_update_elem(map.fd(), pointer(key), slots.data(), bits),
               Operation::update, key);
}

bool read_cpu(const Map& map, BytesView key, std::uint32_t cpu, MutableBytesView value,
              std::error_code& ec) noexcept {
  const Shape shape{map, ec};
  if (!shape.opened() || !shape.key(key) || !shape.slot(cpu, value.size())) return false;
  const auto bits = cpu_flags(cpu);
  return found(map, sys::map_lookup_elem(map.fd(), pointer(key), value.data(), bits),
               Operation::lookup, key, ec);
}

void write_cpu(Map& map, BytesView key, std::uint32_t cpu, BytesView value, UpdateFlags flags,
               std::error_code& ec) noexcept {
  const Shape shape{map, ec};
  if (!shape.opened() || !shape.key(key) || !shape.slot(cpu, value.size())) return;
  // Linux 7.0 to 7.3 ignores these conditions together with BPF_F_CPU, and reports success.
  if ((flags & (UpdateFlags::noexist | UpdateFlags::exist)) != UpdateFlags::any) {
    ec = Errc::unsupported_operation;
    return;
  }
  const auto bits = to_underlying(flags) | cpu_flags(cpu);
  ec = outcome(map, sys::map_update_elem(map.fd(), pointer(key), value.data(), bits),
               Operation::update, key);
}

bool remove(Map& map, BytesView key, std::error_code& ec) noexcept {
  const Shape shape{map, ec};
  if (!shape.opened() || !shape.key(key)) return false;
  return found(map, sys::map_delete_elem(map.fd(), pointer(key)), Operation::erase, key, ec);
}

bool next(const Map& map, std::optional<BytesView> key, MutableBytesView next_key,
          std::error_code& ec) noexcept {
  const Shape shape{map, ec};
  if (!shape.opened() || (key && !shape.key(*key)) || !shape.key(next_key)) return false;
  const int result =
      sys::map_get_next_key(map.fd(), key ? pointer(*key) : nullptr, next_key.data());
  ec = result == -ENOENT ? std::error_code{} : kernel_error(result);
  return result == 0;
}

bool take(Map& map, BytesView key, MutableBytesView value, LookupFlags flags,
          std::error_code& ec) noexcept {
  const Shape shape{map, ec};
  if (!shape.opened() || !shape.key(key) || !shape.plain(value.size())) return false;
  const auto call = [&](void* to) {
    return sys::map_lookup_and_delete_elem(map.fd(), pointer(key), to, to_underlying(flags));
  };
  return without_bad_alloc(ec, [&] {
    return found(map, copy_out(map.info().type, value, call), Operation::lookup_and_delete, key,
                 ec);
  });
}

bool take_percpu(Map& map, BytesView key, MutableBytesView slots, std::error_code& ec) noexcept {
  const Shape shape{map, ec};
  if (!shape.opened() || !shape.key(key) || !shape.slots(slots.size())) return false;
  return found(map, sys::map_lookup_and_delete_elem(map.fd(), pointer(key), slots.data()),
               Operation::lookup_and_delete, key, ec);
}

}  // namespace detail

bool Map::get_next_key_into(std::optional<BytesView> key, MutableBytesView next_key,
                            std::error_code& ec) const noexcept {
  ec.clear();
  const bool found = detail::next(*this, key, next_key, ec);
  if (ec)
    ec = detail::record(
        *this, {Operation::get_next_key, key.value_or(detail::sized(next_key.size()))}, ec);
  return found;
}

bool Map::get_next_key_into(std::optional<BytesView> key, MutableBytesView next_key) const {
  std::error_code ec;
  const bool found = get_next_key_into(key, next_key, ec);
  detail::throw_if(ec);
  return found;
}

void Map::freeze(std::error_code& ec) noexcept {
  ec = *this ? kernel_error(sys::map_freeze(fd())) : make_error_code(Errc::no_map);
  if (ec) ec = detail::record(*this, {.operation = Operation::freeze}, ec);
}

void Map::freeze() {
  std::error_code ec;
  freeze(ec);
  detail::throw_if(ec);
}

}  // namespace bpfmap::inline v0
