// SPDX-License-Identifier: MIT
#include "bpfmap/typed/iterator_reader.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <new>

#include "bpfmap/sys/bpf.hpp"

namespace bpfmap::inline v0::detail {
namespace {

// As much as the kernel returns at once.
constexpr std::size_t buffer_size = std::size_t{32} << 10U;

std::error_code failed(int fd, std::error_code ec) noexcept {
  return record_open(Operation::iterate, std::int64_t{fd}, ec);
}

}  // namespace

std::error_code IteratorFile::create(int link_fd) noexcept {
  const int fd = sys::iter_create(link_fd);
  if (fd < 0) return failed(link_fd, kernel_error(fd));
  return adopt(sys::UniqueFd{fd});
}

std::error_code IteratorFile::adopt(sys::UniqueFd file) noexcept {
  if (!file) return failed(-1, kernel_error(-EBADF));
  if (!buffer_.allocate(buffer_size)) return failed(file.get(), kernel_error(-ENOMEM));
  file_ = std::move(file);
  return {};
}

// Reads more, when the buffer is empty.
bool IteratorFile::refill(std::error_code& ec) noexcept {
  if (!file_) {
    ec = failed(-1, kernel_error(-EBADF));
    return false;
  }
  for (;;) {
    const ssize_t length = ::read(file_.get(), buffer_.get(), buffer_size);
    // EAGAIN: the kernel visited a million objects for which the program wrote nothing.
    if (length < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (length < 0) ec = failed(file_.get(), kernel_error(-errno));
    begin_ = 0;
    end_ = length < 0 ? 0 : static_cast<std::size_t>(length);
    return end_ != 0;
  }
}

bool IteratorFile::read(MutableBytesView record, std::error_code& ec) noexcept {
  ec.clear();
  std::size_t done = 0;
  while (done < record.size()) {
    if (begin_ == end_ && !refill(ec)) break;
    const std::size_t part = std::min(record.size() - done, end_ - begin_);
    std::memcpy(record.data() + done, buffer_.get() + begin_, part);
    begin_ += part;
    done += part;
  }
  if (done == record.size()) return true;
  if (done != 0 && !ec) ec = failed(file_.get(), Errc::wrong_record_size);
  return false;
}

}  // namespace bpfmap::inline v0::detail
