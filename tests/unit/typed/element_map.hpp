// SPDX-License-Identifier: MIT
// A map of one entry, played by the test: what each element command asked for, and any answer.
#pragma once

#include <gtest/gtest.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "bpfmap/map/map.hpp"
#include "fake_bpf.hpp"

namespace bpfmap::test {

/// One element command, with the bytes behind its pointers.
struct ElementCall {
  int command = 0;
  int fd = -1;
  Bytes key;
  Bytes value;  // of an update
  std::uint64_t flags = 0;
};

/// Answers every element command with `result`; a lookup that succeeds gives `stored`.
class ElementMap {
 public:
  ElementMap(MapType type, std::uint32_t key_size, std::uint32_t value_size)
      : key_size_(key_size),
        fake_(info(type, key_size, value_size), [this](auto... call) { return answer(call...); }) {
    const bool percpu = fake_.map.is_percpu();
    stored.resize(percpu ? sys::percpu_size(value_size) : value_size);
    fd_ = fake_.map.fd();
  }

  /// The Map, once.
  [[nodiscard]] Map map() { return std::move(fake_.map); }
  [[nodiscard]] int fd() const noexcept { return fd_; }
  /// The only call since this was asked last; a test failure when there was none or more.
  [[nodiscard]] ElementCall only_call() {
    EXPECT_EQ(calls_.size(), 1U);
    const auto calls = std::exchange(calls_, {});
    return calls.empty() ? ElementCall{} : calls.back();
  }
  [[nodiscard]] std::size_t calls() const noexcept { return calls_.size(); }
  void forget() { calls_.clear(); }

  long result = 0;
  Bytes stored;

 private:
  static MapInfo info(MapType type, std::uint32_t key_size, std::uint32_t value_size) {
    return {.type = type,
            .id = 77,
            .key_size = key_size,
            .value_size = value_size,
            .max_entries = 8,
            .name = "played"};
  }

  long answer(int command, void* attr, unsigned int size) {
    const bool reads = command == BPF_MAP_LOOKUP_ELEM || command == BPF_MAP_LOOKUP_AND_DELETE_ELEM;
    const bool updates = command == BPF_MAP_UPDATE_ELEM;
    if (!reads && !updates && command != BPF_MAP_DELETE_ELEM) return -EPERM;
    bpf_attr request{};
    std::memcpy(&request, attr, size);
    const auto* const key = reinterpret_cast<const std::byte*>(request.key);
    auto* const value = reinterpret_cast<std::byte*>(request.value);
    ElementCall call{
        command, static_cast<int>(request.map_fd), Bytes(key, key + key_size_), {}, request.flags};
    if (updates) call.value.assign(value, value + stored.size());
    calls_.push_back(std::move(call));
    if (reads && result == 0) std::memcpy(value, stored.data(), stored.size());
    return result;
  }

  std::size_t key_size_;
  int fd_ = -1;
  std::vector<ElementCall> calls_;
  FakeMap fake_;
};

}  // namespace bpfmap::test
