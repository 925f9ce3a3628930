// SPDX-License-Identifier: MIT
// Any BPF map of any type, on bytes, integers and structs. Layer 1.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <type_traits>
#include <vector>

#include "bpfmap/bytes.hpp"
#include "bpfmap/codec/wire.hpp"
#include "bpfmap/error.hpp"
#include "bpfmap/map/detail/map_arguments.hpp"
#include "bpfmap/map/detail/map_bytes.hpp"
#include "bpfmap/map/flags.hpp"
#include "bpfmap/map/map_info.hpp"
#include "bpfmap/map/map_spec.hpp"
#include "bpfmap/map/percpu_values.hpp"
#include "bpfmap/map/pin_options.hpp"
#include "bpfmap/sys/unique_fd.hpp"

namespace bpfmap::inline v0 {

/// The type in which Map returns a per-CPU value: std::vector<Bytes>, or PerCpuValues<V>.
template <decodable V>
using PerCpuResult = typename detail::PerCpuResultOf<V>::type;

/// A BPF map of any type. Owns its descriptor; move-only, and empty by default and after a move.
///
/// Keys and values are bytes, integers or structs, mixed freely:
/// - bytes must have exactly the size that the map declares;
/// - an integer or enumerator of any width is encoded to the map's own size (1 to 8 bytes, machine
///   order, sign-extended); Errc::out_of_range when it does not fit, both ways;
/// - a struct is stored as it lies in memory (see Codec) and must have exactly the size that the
///   map declares.
///
/// Every operation has a throwing form and a noexcept form that takes a std::error_code last and
/// sets or clears it; explain(ec) returns the text that the throwing form throws. Before the kernel
/// sees a pointer, a call checks the sizes (Errc::wrong_key_size, Errc::wrong_value_size) and
/// whether the map is per-CPU (Errc::map_is_percpu, Errc::map_is_not_percpu); an empty Map is
/// Errc::no_map. An index out of range of an array or a map of slots is Errc::index_out_of_range in
/// every operation. All other errnos are the kernel's own.
///
/// All operations may be called from several threads at once, except moving, assigning, releasing
/// and destroying.
/// Values larger than a machine word may be read torn while they are written; LookupFlags::lock and
/// UpdateFlags::lock prevent that, unless the key is erased and inserted again meanwhile.
class Map {
 public:
  /// Empty.
  Map() noexcept = default;
  Map(Map&& other) noexcept : fd_(std::move(other.fd_)), info_(std::exchange(other.info_, {})) {}
  Map& operator=(Map&& other) noexcept {
    fd_ = std::move(other.fd_);
    info_ = std::exchange(other.info_, {});
    return *this;
  }
  ~Map() = default;

  /// Creates a map (BPF_MAP_CREATE, 3.18). Needs CAP_BPF; some types also need CAP_NET_ADMIN.
  [[nodiscard]] static Map create(const MapSpec& spec);
  [[nodiscard]] static Map create(const MapSpec& spec, std::error_code& ec) noexcept;

  /// Opens the map pinned at `path` (BPF_OBJ_GET, 4.4; Access other than read_write 4.15). Needs
  /// the file's permission bits.
  [[nodiscard]] static Map open_pinned(const std::string& path, Access access = Access::read_write);
  [[nodiscard]] static Map open_pinned(const std::string& path, Access access,
                                       std::error_code& ec) noexcept;
  [[nodiscard]] static Map open_pinned(const std::string& path, std::error_code& ec) noexcept {
    return open_pinned(path, Access::read_write, ec);
  }

  /// Opens the map with the kernel's id `id` (BPF_MAP_GET_FD_BY_ID, 4.13). Needs CAP_SYS_ADMIN.
  [[nodiscard]] static Map from_id(std::uint32_t id, Access access = Access::read_write);
  [[nodiscard]] static Map from_id(std::uint32_t id, Access access, std::error_code& ec) noexcept;
  [[nodiscard]] static Map from_id(std::uint32_t id, std::error_code& ec) noexcept {
    return from_id(id, Access::read_write, ec);
  }

  /// Takes ownership of a map's descriptor. A descriptor of anything else is closed and refused
  /// (EINVAL).
  [[nodiscard]] static Map adopt(sys::UniqueFd fd);
  [[nodiscard]] static Map adopt(sys::UniqueFd fd, std::error_code& ec) noexcept;

  /// Duplicates `fd`; the caller (libbpf, a skeleton, a parent process) keeps the original.
  [[nodiscard]] static Map duplicate_of(int fd);
  [[nodiscard]] static Map duplicate_of(int fd, std::error_code& ec) noexcept;
  /// Returns another owner of the same map.
  [[nodiscard]] Map duplicate() const { return duplicate_of(fd()); }
  [[nodiscard]] Map duplicate(std::error_code& ec) const noexcept { return duplicate_of(fd(), ec); }

  /// Returns whether there is a map.
  [[nodiscard]] explicit operator bool() const noexcept { return static_cast<bool>(fd_); }
  /// Returns the descriptor, which this Map keeps; -1 when empty.
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  /// Returns the descriptor, which the caller then owns, and leaves the Map empty.
  [[nodiscard]] sys::UniqueFd release() noexcept {
    info_ = {};
    return std::move(fd_);
  }
  /// Returns the map's info, read when it was opened; none of it changes. All zero when empty.
  [[nodiscard]] const MapInfo& info() const noexcept { return info_; }
  /// Reads the map's changing properties from /proc: the memory charged, and whether it is frozen.
  [[nodiscard]] MapFdInfo fd_info() const;
  [[nodiscard]] MapFdInfo fd_info(std::error_code& ec) const noexcept;
  /// Returns whether a value has one slot per possible CPU. Returns false for a type that this
  /// library does not know: plain and per-CPU operations both accept such a map and give the kernel
  /// room for every CPU's slot; the slots that the kernel does not write are zero.
  [[nodiscard]] bool is_percpu() const noexcept;

  /// Returns the value of `key` as bytes or as a V; nullopt when there is no such key
  /// (BPF_MAP_LOOKUP_ELEM, 3.18): `map.lookup<std::uint64_t>(42)`. On a bloom filter, which stores
  /// no values, Errc::values_not_stored: use lookup_into.
  template <decodable V = Bytes, argument_encodable K>
  [[nodiscard]] std::optional<V> lookup(const K& key, LookupFlags flags = {}) const;
  template <decodable V = Bytes, argument_encodable K>
  [[nodiscard]] std::optional<V> lookup(const K& key, LookupFlags flags,
                                        std::error_code& ec) const noexcept;
  template <decodable V = Bytes, argument_encodable K>
  [[nodiscard]] std::optional<V> lookup(const K& key, std::error_code& ec) const noexcept {
    return lookup<V>(key, {}, ec);
  }

  /// Copies the value of `key` into `value`, which must be value_size bytes, and allocates nothing;
  /// returns false, and leaves `value` unchanged, when there is no such key. On a bloom filter,
  /// reads `value` and returns whether the filter may hold it.
  template <argument_encodable K>
  [[nodiscard]] bool lookup_into(const K& key, MutableBytesView value,
                                 LookupFlags flags = {}) const;
  template <argument_encodable K>
  [[nodiscard]] bool lookup_into(const K& key, MutableBytesView value, LookupFlags flags,
                                 std::error_code& ec) const noexcept;
  template <argument_encodable K>
  [[nodiscard]] bool lookup_into(const K& key, MutableBytesView value,
                                 std::error_code& ec) const noexcept {
    return lookup_into(key, value, {}, ec);
  }

  /// Sets the value of `key` (BPF_MAP_UPDATE_ELEM, 3.18); on a per-CPU map, on every CPU. EEXIST
  /// for an existing key with UpdateFlags::noexist; ENOENT for a missing one with
  /// UpdateFlags::exist; Condition::map_full when there is no room. A write replaces the whole
  /// value, and cancels a bpf_timer in it.
  template <argument_encodable K, argument_encodable V>
  void update(const K& key, const V& value, UpdateFlags flags = UpdateFlags::any);
  template <argument_encodable K, argument_encodable V>
  void update(const K& key, const V& value, UpdateFlags flags, std::error_code& ec) noexcept;
  template <argument_encodable K, argument_encodable V>
  void update(const K& key, const V& value, std::error_code& ec) noexcept {
    update(key, value, UpdateFlags::any, ec);
  }

  /// Deletes the entry of `key` (BPF_MAP_DELETE_ELEM, 3.18); returns false when there is none. An
  /// array's entries cannot be deleted (EINVAL).
  template <argument_encodable K>
  bool erase(const K& key);
  template <argument_encodable K>
  bool erase(const K& key, std::error_code& ec) noexcept;

  /// Returns the key after `key`, or the first key for nullopt (4.12), as bytes or as a K; nullopt
  /// after the last key (BPF_MAP_GET_NEXT_KEY, 3.18): `map.get_next_key<FlowKey>(key)`. On hash
  /// types, a `key` that is missing restarts at the first key.
  template <decodable K = Bytes>
  [[nodiscard]] std::optional<K> get_next_key(const detail::NextKeyArgument<K>& key) const;
  template <decodable K = Bytes>
  [[nodiscard]] std::optional<K> get_next_key(const detail::NextKeyArgument<K>& key,
                                              std::error_code& ec) const noexcept;
  /// As get_next_key(), into `next_key`, which must be key_size bytes; returns false, and leaves
  /// `next_key` unchanged, after the last key. `next_key` may be the memory of `key`.
  [[nodiscard]] bool get_next_key_into(std::optional<BytesView> key,
                                       MutableBytesView next_key) const;
  [[nodiscard]] bool get_next_key_into(std::optional<BytesView> key, MutableBytesView next_key,
                                       std::error_code& ec) const noexcept;

  /// Removes the entry of `key` and returns its value; nullopt when there is no such key
  /// (BPF_MAP_LOOKUP_AND_DELETE_ELEM; queues and stacks 4.20, hash types 5.14, ENOTSUPP on others).
  template <decodable V = Bytes, argument_encodable K>
  [[nodiscard]] std::optional<V> lookup_and_delete(const K& key, LookupFlags flags = {});
  template <decodable V = Bytes, argument_encodable K>
  [[nodiscard]] std::optional<V> lookup_and_delete(const K& key, LookupFlags flags,
                                                   std::error_code& ec) noexcept;
  template <decodable V = Bytes, argument_encodable K>
  [[nodiscard]] std::optional<V> lookup_and_delete(const K& key, std::error_code& ec) noexcept {
    return lookup_and_delete<V>(key, {}, ec);
  }
  /// As lookup_and_delete(), into `value`, which must be value_size bytes; returns false, and
  /// leaves `value` unchanged, when there is no such key.
  template <argument_encodable K>
  [[nodiscard]] bool lookup_and_delete_into(const K& key, MutableBytesView value,
                                            LookupFlags flags = {});
  template <argument_encodable K>
  [[nodiscard]] bool lookup_and_delete_into(const K& key, MutableBytesView value, LookupFlags flags,
                                            std::error_code& ec) noexcept;
  template <argument_encodable K>
  [[nodiscard]] bool lookup_and_delete_into(const K& key, MutableBytesView value,
                                            std::error_code& ec) noexcept {
    return lookup_and_delete_into(key, value, {}, ec);
  }

  /// Returns the value of `key` on each possible CPU, as std::vector<Bytes> or as PerCpuValues<V>;
  /// nullopt when there is no such key: `map.lookup_percpu<std::uint64_t>(0)`. Per-CPU maps only
  /// (4.6).
  template <decodable V = Bytes, argument_encodable K>
  [[nodiscard]] std::optional<PerCpuResult<V>> lookup_percpu(const K& key) const;
  template <decodable V = Bytes, argument_encodable K>
  [[nodiscard]] std::optional<PerCpuResult<V>> lookup_percpu(const K& key,
                                                             std::error_code& ec) const noexcept;

  /// Copies every CPU's slot of `key` into `slots`, which must be sys::percpu_size(value_size)
  /// bytes, and allocates nothing; returns false, and leaves `slots` unchanged, when there is no
  /// such key.
  template <argument_encodable K>
  [[nodiscard]] bool lookup_percpu_into(const K& key, MutableBytesView slots) const;
  template <argument_encodable K>
  [[nodiscard]] bool lookup_percpu_into(const K& key, MutableBytesView slots,
                                        std::error_code& ec) const noexcept;

  /// Sets the value of `key` on each possible CPU: one value per CPU, in the order of the possible
  /// CPUs; Errc::wrong_cpu_count for any other number. Accepts std::vector<Bytes>, PerCpuValues<V>
  /// or any contiguous range of V.
  template <argument_encodable K, detail::percpu_values Values>
  void update_percpu(const K& key, const Values& values, UpdateFlags flags = UpdateFlags::any);
  template <argument_encodable K, detail::percpu_values Values>
  void update_percpu(const K& key, const Values& values, UpdateFlags flags,
                     std::error_code& ec) noexcept;
  template <argument_encodable K, detail::percpu_values Values>
  void update_percpu(const K& key, const Values& values, std::error_code& ec) noexcept {
    update_percpu(key, values, UpdateFlags::any, ec);
  }

  /// Returns the value of `key` on the CPU with the number `cpu`; nullopt when there is no such key
  /// (BPF_F_CPU, 7.0). Per-CPU maps only; Errc::no_such_cpu for a CPU that is not possible. EINVAL
  /// on older kernels: use lookup_percpu there.
  template <decodable V = Bytes, argument_encodable K>
  [[nodiscard]] std::optional<V> lookup_cpu(const K& key, std::uint32_t cpu) const;
  template <decodable V = Bytes, argument_encodable K>
  [[nodiscard]] std::optional<V> lookup_cpu(const K& key, std::uint32_t cpu,
                                            std::error_code& ec) const noexcept;
  /// As lookup_cpu(), into `value`, which must be value_size bytes; returns false, and leaves
  /// `value` unchanged, when there is no such key.
  template <argument_encodable K>
  [[nodiscard]] bool lookup_cpu_into(const K& key, std::uint32_t cpu, MutableBytesView value) const;
  template <argument_encodable K>
  [[nodiscard]] bool lookup_cpu_into(const K& key, std::uint32_t cpu, MutableBytesView value,
                                     std::error_code& ec) const noexcept;

  /// Sets the value of `key` on the CPU with the number `cpu` only (BPF_F_CPU, 7.0). EINVAL on
  /// older kernels: writing back the other CPUs' values instead would undo their concurrent
  /// updates. Errc::unsupported_operation for UpdateFlags::noexist and exist, which Linux 7.0 to
  /// 7.3 ignores here.
  template <argument_encodable K, argument_encodable V>
  void update_cpu(const K& key, std::uint32_t cpu, const V& value,
                  UpdateFlags flags = UpdateFlags::any);
  template <argument_encodable K, argument_encodable V>
  void update_cpu(const K& key, std::uint32_t cpu, const V& value, UpdateFlags flags,
                  std::error_code& ec) noexcept;
  template <argument_encodable K, argument_encodable V>
  void update_cpu(const K& key, std::uint32_t cpu, const V& value, std::error_code& ec) noexcept {
    update_cpu(key, cpu, value, UpdateFlags::any, ec);
  }

  /// Removes the entry of `key` and returns its value on each possible CPU; nullopt when there is
  /// no such key (BPF_MAP_LOOKUP_AND_DELETE_ELEM, per-CPU hash types, 5.14).
  template <decodable V = Bytes, argument_encodable K>
  [[nodiscard]] std::optional<PerCpuResult<V>> lookup_and_delete_percpu(const K& key);
  template <decodable V = Bytes, argument_encodable K>
  [[nodiscard]] std::optional<PerCpuResult<V>> lookup_and_delete_percpu(
      const K& key, std::error_code& ec) noexcept;
  /// As lookup_and_delete_percpu(), into `slots`, which must be sys::percpu_size(value_size) bytes;
  /// returns false, and leaves `slots` unchanged, when there is no such key.
  template <argument_encodable K>
  [[nodiscard]] bool lookup_and_delete_percpu_into(const K& key, MutableBytesView slots);
  template <argument_encodable K>
  [[nodiscard]] bool lookup_and_delete_percpu_into(const K& key, MutableBytesView slots,
                                                   std::error_code& ec) noexcept;

  /// Forbids writes from user space for the rest of the map's life (BPF_MAP_FREEZE, 5.2). EBUSY
  /// while the map is mapped writable; EPERM when it is already frozen.
  void freeze();
  void freeze(std::error_code& ec) noexcept;

  /// Pins the map at `path` on a bpffs, which keeps it alive (BPF_OBJ_PIN, 4.4). The file name must
  /// not contain '.'. EEXIST: the path exists. Errc::invalid_path: a map cannot be pinned there;
  /// `bpfmap_replacing` is a name that bpfmap uses itself.
  void pin(const std::string& path) const;
  void pin(const std::string& path, std::error_code& ec) const noexcept;
  /// As above, with the given permission bits, owner, group and folders: see PinOptions. EPERM:
  /// this process may not set them. EAGAIN: another process holds the lock on the folder.
  void pin(const std::string& path, const PinOptions& options) const;
  void pin(const std::string& path, const PinOptions& options, std::error_code& ec) const noexcept;
  /// Removes the pin at `path` (unlink(2)); returns false when there is none. Errc::invalid_path
  /// for a path that is not on a bpffs, or is a symbolic link; EINVAL when the pin is not a map's;
  /// EPERM and EACCES also when this process may not open the pin to check that.
  static bool unpin(const std::string& path);
  static bool unpin(const std::string& path, std::error_code& ec) noexcept;

 private:
  Map(sys::UniqueFd fd, MapInfo info) noexcept : fd_(std::move(fd)), info_(std::move(info)) {}
  static Map open(sys::UniqueFd fd, std::error_code& ec) noexcept;
  static Map take(sys::UniqueFd fd, std::error_code& ec) noexcept;

  sys::UniqueFd fd_;
  MapInfo info_;
};

}  // namespace bpfmap::inline v0

#include "bpfmap/map/detail/map_percpu_templates.hpp"
#include "bpfmap/map/detail/map_templates.hpp"
