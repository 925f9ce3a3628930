// SPDX-License-Identifier: MIT
// The rows of every_operation.hpp on maps of the running kernel, with values that it accepts.
#pragma once

#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#include "every_operation.hpp"
#include "maps.hpp"
#include "own_cgroup.hpp"
#include "program.hpp"
#include "small_btf.hpp"
#include "sockets.hpp"

namespace bpfmap::test {

/// The kernel's objects that values of descriptor maps refer to.
class ValueObjects {
 public:
  ValueObjects() {
    perf_event_attr attr;
    std::memset(&attr, 0, sizeof attr);
    attr.size = sizeof attr;
    attr.type = PERF_TYPE_SOFTWARE;
    attr.config = PERF_COUNT_SW_BPF_OUTPUT;
    attr.sample_type = PERF_SAMPLE_RAW;
    event_.reset(
        static_cast<int>(::syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC)));
    EXPECT_TRUE(event_);
  }

  /// Returns a descriptor for a value of a map of this type; -1: there is none.
  [[nodiscard]] int descriptor_for(MapType type) const {
    switch (type) {
      case MapType::prog_array:
        return program_.get();
      case MapType::cgroup_array:
        return cgroup_.fd();
      case MapType::perf_event_array:
        return event_.get();
      case MapType::sockmap:
      case MapType::sockhash:
        return connection_.first.get();
      case MapType::reuseport_sockarray:
        return listener_.get();
      default:
        return -1;
    }
  }
  [[nodiscard]] const Map& inner() const noexcept { return inner_; }

 private:
  sys::UniqueFd program_ = load_program();
  OwnCgroup cgroup_;
  sys::UniqueFd event_;
  std::pair<sys::UniqueFd, sys::UniqueFd> connection_ = connected_sockets();
  sys::UniqueFd listener_ = bound_socket(SOCK_DGRAM);
  Map inner_ = make_map(MapType::hash, 4, 8);
};

template <class R>
[[nodiscard]] typename R::Value real_value(const ValueObjects& objects) {
  using Value = typename R::Value;
  if constexpr (std::is_same_v<Value, Map>)
    return objects.inner().duplicate();
  else if constexpr (std::is_same_v<Value, DevTarget> || std::is_same_v<Value, CpuTarget>)
    return Value{1};  // the loopback, and a queue of one
  else if constexpr (std::is_same_v<Value, int>)
    return objects.descriptor_for(R::type);
  else
    return Value{5};
}

/// Creates a map for the class of the row, with room for 8 entries.
template <class R>
[[nodiscard]] typename R::M real_map(const ValueObjects& objects) {
  constexpr bool keyless =
      R::type == MapType::queue || R::type == MapType::stack || R::type == MapType::bloom_filter;
  const SmallBtf btf;
  MapSpec spec = spec_of(R::type);
  if constexpr (!keyless && R::type != MapType::cgroup_storage &&
                R::type != MapType::percpu_cgroup_storage)
    spec.key_size = sizeof(typename R::Key);
  if (R::type == MapType::cgroup_storage || R::type == MapType::percpu_cgroup_storage) {
    spec.key_size = sizeof(std::uint64_t);  // the cgroup's id alone
    spec.max_entries = 0;
  } else {
    spec.max_entries = 8;
  }
  if constexpr (std::is_same_v<typename R::Value, Map>) {
    spec.value_size = 4;
    spec.inner_map_fd = objects.inner().fd();
  } else if constexpr (R::type == MapType::stack_trace) {
    spec.value_size = 127 * 8;
  } else if constexpr (R::type != MapType::sockmap && R::type != MapType::sockhash &&
                       R::type != MapType::reuseport_sockarray) {
    spec.value_size = sizeof(typename R::Value);
  }
  if (is_local_storage(R::type)) {
    spec.max_entries = 0;
    spec.value_size = sizeof(std::uint64_t);
    spec.btf_fd = btf.fd();
    spec.btf_key_type_id = SmallBtf::integer;
    spec.btf_value_type_id = SmallBtf::pair;
  }
  return typename R::M{Map::create(spec)};
}

}  // namespace bpfmap::test
