// SPDX-License-Identifier: MIT
// Helpers for tests on the real kernel.
#pragma once

#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "bpfmap/bytes.hpp"
#include "bpfmap/error.hpp"
#include "bpfmap/sys/bpf.hpp"
#include "told_texts.hpp"

namespace bpfmap::test {

/// `size` bytes before an inaccessible page: a kernel that reads or writes one byte too many
/// returns EFAULT. (Sanitizers do not see the kernel's writes.)
class GuardedBuffer {
 public:
  explicit GuardedBuffer(std::size_t size, std::byte fill = std::byte{0}) : size_(size) {
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    const std::size_t room = (size + page - 1) / page * page;
    length_ = room + page;
    base_ = static_cast<std::byte*>(
        ::mmap(nullptr, length_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    if (base_ == MAP_FAILED || ::mprotect(base_ + room, page, PROT_NONE) != 0) std::abort();
    begin_ = base_ + room - size;
    std::memset(begin_, static_cast<int>(fill), size);
  }
  GuardedBuffer(const GuardedBuffer&) = delete;
  GuardedBuffer& operator=(const GuardedBuffer&) = delete;
  ~GuardedBuffer() { ::munmap(base_, length_); }

  [[nodiscard]] MutableBytesView bytes() const noexcept { return {begin_, size_}; }
  /// Whether the memory in front of the bytes is unchanged.
  [[nodiscard]] bool untouched_in_front() const noexcept {
    return std::all_of(base_, begin_, [](std::byte b) { return b == std::byte{0}; });
  }

 private:
  std::size_t size_;
  std::size_t length_ = 0;
  std::byte* base_ = nullptr;
  std::byte* begin_ = nullptr;
};

/// Returns the number of open descriptors of this process.
[[nodiscard]] std::size_t open_descriptors();

/// A new bpffs in a private mount namespace; unmounted at the end.
class PrivateBpffs {
 public:
  PrivateBpffs();
  PrivateBpffs(const PrivateBpffs&) = delete;
  PrivateBpffs& operator=(const PrivateBpffs&) = delete;
  ~PrivateBpffs();
  [[nodiscard]] std::string path(std::string_view name) const {
    return root_ + "/" + std::string{name};
  }
  [[nodiscard]] const std::string& root() const noexcept { return root_; }

 private:
  std::string root_;
};

/// Replaces bpf(2) by `function` during its lifetime.
class ReplacedBpf {
 public:
  explicit ReplacedBpf(sys::BpfFunction function) : before_(sys::set_bpf_for_testing(function)) {
    ++active;
  }
  ReplacedBpf(const ReplacedBpf&) = delete;
  ReplacedBpf& operator=(const ReplacedBpf&) = delete;
  ~ReplacedBpf() {
    --active;
    sys::set_bpf_for_testing(before_);
  }
  [[nodiscard]] static bool is_active() noexcept { return active != 0; }

 private:
  inline static std::atomic<int> active = 0;
  sys::BpfFunction before_;
};

/// Returns the Error that `call` throws; a test failure when it throws none.
template <class Call>
[[nodiscard]] Error error_of(Call&& call) {
  try {
    call();
  } catch (const Error& error) {
    note_text(error.what());
    return error;
  }
  ADD_FAILURE() << "no Error was thrown";
  return Error{std::error_code{}, Operation::info, 0, "no Error was thrown"};
}

/// Whether `text` contains `part`; prints both when it does not.
[[nodiscard]] inline ::testing::AssertionResult contains(std::string_view text,
                                                         std::string_view part) {
  if (text.find(part) != std::string_view::npos) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "\"" << part << "\" is not in \"" << text << "\"";
}

template <class T>
[[nodiscard]] BytesView bytes_of(const T& value) noexcept {
  return std::as_bytes(std::span{&value, 1});
}

}  // namespace bpfmap::test
