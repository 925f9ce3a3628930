// SPDX-License-Identifier: MIT
// Replaces bpf(2): answers with a callable, and keeps the calls.
#pragma once

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <functional>
#include <utility>
#include <vector>

#include "bpfmap/map/map.hpp"
#include "kernel_test.hpp"

namespace bpfmap::test {

/// One call.
struct BpfCall {
  int cmd;
  unsigned int size;
  Bytes attr;  // as it was before the answer
};

/// Replaces bpf(2) during its lifetime. May be nested.
class FakeBpf {
 public:
  /// Returns the result, >= 0 or -errno; may write to `attr`, as the kernel does.
  using Answer = std::function<long(int cmd, void* attr, unsigned int size)>;

  explicit FakeBpf(Answer answer) : answer_(std::move(answer)) {}
  explicit FakeBpf(long result = 0)
      : FakeBpf([result](int, void*, unsigned int) { return result; }) {}
  FakeBpf(const FakeBpf&) = delete;
  FakeBpf& operator=(const FakeBpf&) = delete;
  ~FakeBpf() { active = before_; }

  [[nodiscard]] const std::vector<BpfCall>& calls() const noexcept { return calls_; }
  /// Returns the number of calls with this command.
  [[nodiscard]] std::size_t count(int cmd) const noexcept {
    return static_cast<std::size_t>(std::count_if(
        calls_.begin(), calls_.end(), [cmd](const BpfCall& call) { return call.cmd == cmd; }));
  }
  /// Returns the only call; a test failure when there was not exactly one.
  [[nodiscard]] BpfCall only_call() const {
    EXPECT_EQ(calls_.size(), 1U);
    return calls_.empty() ? BpfCall{} : calls_.back();
  }
  void forget() { calls_.clear(); }

 private:
  static long answer(int cmd, void* attr, unsigned int size) noexcept {
    const auto* const bytes = static_cast<const std::byte*>(attr);
    active->calls_.push_back({cmd, size, Bytes(bytes, bytes + size)});
    return active->answer_(cmd, attr, size);
  }

  inline static FakeBpf* active = nullptr;
  Answer answer_;
  std::vector<BpfCall> calls_;
  FakeBpf* before_ = std::exchange(active, this);
  ReplacedBpf replaced_{&FakeBpf::answer};
};

/// A Map without a kernel, one at a time: its descriptor refers to /dev/null, and its properties
/// are `info`. Further calls get `answer`; calls() returns only those.
class FakeMap {
 public:
  explicit FakeMap(
      MapInfo info, FakeBpf::Answer answer = [](int, void*, unsigned int) { return 0L; })
      : info_(std::move(info)),
        answer_(std::move(answer)),
        bpf_([this](int cmd, void* attr, unsigned int size) {
          return this->answer(cmd, attr, size);
        }) {
    std::error_code ec;
    map = Map::adopt(sys::UniqueFd{::open("/dev/null", O_RDWR | O_CLOEXEC)}, ec);
    EXPECT_EQ(ec, std::error_code{});
    EXPECT_TRUE(map);
    bpf_.forget();
    opening_ = false;
  }

  [[nodiscard]] const std::vector<BpfCall>& calls() const noexcept { return bpf_.calls(); }
  [[nodiscard]] FakeBpf& bpf() noexcept { return bpf_; }

  Map map;

 private:
  long answer(int cmd, void* attr, unsigned int size) {
    if (!opening_) return answer_(cmd, attr, size);
    if (cmd != BPF_OBJ_GET_INFO_BY_FD) return 0;  // the check that a descriptor is a map
    bpf_attr request;
    std::memcpy(&request, attr, size);
    sys::MapInfoData data{};
    data.type = detail::to_underlying(info_.type);
    data.id = info_.id;
    data.key_size = info_.key_size;
    data.value_size = info_.value_size;
    data.max_entries = info_.max_entries;
    data.map_flags = detail::to_underlying(info_.flags);
    std::memcpy(data.name, info_.name.data(), std::min(info_.name.size(), sizeof data.name));
    EXPECT_EQ(request.info.info_len, sizeof data);
    std::memcpy(reinterpret_cast<void*>(request.info.info), &data, sizeof data);
    return 0;
  }

  MapInfo info_;
  FakeBpf::Answer answer_;
  bool opening_ = true;
  FakeBpf bpf_;
};

}  // namespace bpfmap::test
