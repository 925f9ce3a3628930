// SPDX-License-Identifier: MIT
// Reads the records of a BPF iterator program. Layer 2.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <system_error>
#include <utility>

#include "bpfmap/bytes.hpp"
#include "bpfmap/error.hpp"
#include "bpfmap/map/detail/heap_bytes.hpp"
#include "bpfmap/sys/unique_fd.hpp"
#include "bpfmap/typed/detail/events.hpp"
#include "bpfmap/typed/record.hpp"

namespace bpfmap::inline v0 {

namespace detail {

// The output of an iterator program, and a buffer for it.
class IteratorFile {
 public:
  IteratorFile() noexcept = default;
  IteratorFile(IteratorFile&& other) noexcept
      : file_(std::move(other.file_)),
        buffer_(std::move(other.buffer_)),
        begin_(std::exchange(other.begin_, 0)),
        end_(std::exchange(other.end_, 0)) {}
  IteratorFile& operator=(IteratorFile&& other) noexcept {
    file_ = std::move(other.file_);
    buffer_ = std::move(other.buffer_);
    begin_ = std::exchange(other.begin_, 0);
    end_ = std::exchange(other.end_, 0);
    return *this;
  }
  ~IteratorFile() = default;

  std::error_code create(int link_fd) noexcept;
  std::error_code adopt(sys::UniqueFd file) noexcept;
  // Fills `record`; returns false at the end.
  bool read(MutableBytesView record, std::error_code& ec) noexcept;
  [[nodiscard]] const sys::UniqueFd& file() const noexcept { return file_; }

 private:
  bool refill(std::error_code& ec) noexcept;

  sys::UniqueFd file_;
  HeapBytes buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace detail

/// Reads what a BPF iterator program writes with bpf_seq_write() as Records: the entries of a map
/// (`SEC("iter/bpf_map_elem")`), of the storage of all sockets (`SEC("iter/bpf_sk_storage_map")`),
/// or of tasks and cgroups with their storage (`SEC("iter/task")`, `SEC("iter/cgroup")`).
///
/// libbpf loads the program and makes its link, with the map in bpf_iter_link_info::map.map_fd;
/// each IteratorReader of the link is one walk from the start:
///
///     for (IteratorReader<Row> rows{bpf_link__fd(link)}; auto row = rows.next();) use(*row);
///
/// The program runs while the records are read, and must write whole Records and nothing else.
/// After fork(2), parent and child share the walk. A walk over a hash shows an entry that stays in
/// the map exactly once; for other objects, it depends on the kernel's iterator.
template <class Record>
class IteratorReader {
  static_assert(detail::check_record<Record>());
  static_assert(viewable_as_record<Record>,
                "bpfmap: Record must be its own layout, without a Codec of its own: use "
                "std::uint8_t for a bool.");

 public:
  /// Empty.
  IteratorReader() noexcept = default;
  /// Starts a walk of the iterator link `link_fd`, which the caller keeps (BPF_ITER_CREATE, 5.8).
  /// EINVAL: the descriptor is not an iterator's link; EBADF: it is closed.
  explicit IteratorReader(int link_fd) { detail::throw_if(file_.create(link_fd)); }
  /// As above; empty when `ec` is set.
  IteratorReader(int link_fd, std::error_code& ec) noexcept { ec = file_.create(link_fd); }

  /// Takes ownership of the descriptor of a started walk, from bpf_iter_create(), or from open(2)
  /// of a pinned iterator link. An empty descriptor is EBADF.
  [[nodiscard]] static IteratorReader adopt(sys::UniqueFd file) {
    std::error_code ec;
    IteratorReader reader = adopt(std::move(file), ec);
    detail::throw_if(ec);
    return reader;
  }
  [[nodiscard]] static IteratorReader adopt(sys::UniqueFd file, std::error_code& ec) noexcept {
    IteratorReader reader;
    ec = reader.file_.adopt(std::move(file));
    return reader;
  }

  /// Returns whether there is a walk.
  [[nodiscard]] explicit operator bool() const noexcept { return static_cast<bool>(file_.file()); }

  /// Returns the next record; nullopt at the end. Errc::wrong_record_size: the output ends within a
  /// record. EBADF when empty. Any other errno comes from the program, which returned an error.
  [[nodiscard]] std::optional<Record> next() {
    std::error_code ec;
    auto record = next(ec);
    detail::throw_if(ec);
    return record;
  }
  /// As above; nullopt when `ec` is set.
  [[nodiscard]] std::optional<Record> next(std::error_code& ec) noexcept {
    std::optional<Record> record;
    if (!next_into(record.emplace(), ec)) record.reset();
    return record;
  }
  /// Copies the next record into `record`; returns false at the end.
  [[nodiscard]] bool next_into(Record& record) {
    std::error_code ec;
    const bool more = next_into(record, ec);
    detail::throw_if(ec);
    return more;
  }
  [[nodiscard]] bool next_into(Record& record, std::error_code& ec) noexcept {
    return file_.read(std::as_writable_bytes(std::span{&record, 1}), ec);
  }

 private:
  detail::IteratorFile file_;
};

}  // namespace bpfmap::inline v0
