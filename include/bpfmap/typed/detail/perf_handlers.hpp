// SPDX-License-Identifier: MIT
// The callbacks of a PerfBuffer. Layer 2.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "bpfmap/bytes.hpp"
#include "bpfmap/typed/detail/events.hpp"

namespace bpfmap::inline v0::detail {

// Called once per record; `take` receives the object itself.
class PerfHandler {
 public:
  using Take = Handled::End (*)(PerfHandler& self, std::uint32_t cpu, BytesView record);
  PerfHandler(Take how, std::size_t size) noexcept : take(how), event_size(size) {}
  PerfHandler(const PerfHandler&) = delete;
  PerfHandler& operator=(const PerfHandler&) = delete;
  virtual ~PerfHandler() = default;

  Take take;
  std::size_t event_size;
};

// Returns the size of the record that the kernel makes of `size` bytes: it adds a u32 before them,
// and pads the sum to a multiple of 8.
[[nodiscard]] constexpr std::size_t perf_record_size(std::size_t size) noexcept {
  return (size + 4 + 7) / 8 * 8 - 4;
}

template <class Event, class Fn>
class PerfHandlerOf final : public PerfHandler {
 public:
  template <class Callable>
  explicit PerfHandlerOf(Callable&& fn) noexcept(std::is_nothrow_constructible_v<Fn, Callable>)
      : PerfHandler(&take_record, sizeof(Event)), fn_(std::forward<Callable>(fn)) {}

 private:
  using Cpu = std::uint32_t;
  static constexpr std::size_t record_alignment = 4;
  static constexpr bool takes_bytes = std::same_as<Event, BytesView>;
  static constexpr bool takes_whole =
      callable_with<Fn, Cpu, const Event&> || callable_with<Fn, const Event&>;

  static bool fits(std::size_t size) noexcept {
    if constexpr (takes_bytes) return true;
    return takes_whole ? size == perf_record_size(sizeof(Event)) : size >= sizeof(Event);
  }
  bool call(Cpu cpu, const Event& event, BytesView rest) {
    if constexpr (callable_with<Fn, Cpu, const Event&>)
      return go_on(fn_, cpu, event);
    else if constexpr (callable_with<Fn, const Event&>)
      return go_on(fn_, event);
    else if constexpr (callable_with<Fn, Cpu, const Event&, BytesView>)
      return go_on(fn_, cpu, event, rest);
    else
      return go_on(fn_, event, rest);
  }
  static Handled::End take_record(PerfHandler& base, Cpu cpu, BytesView record) {
    auto& self = static_cast<PerfHandlerOf&>(base);
    if (!fits(record.size())) [[unlikely]]
      return Handled::End::wrong_size;
    bool more = true;
    if constexpr (takes_bytes)
      more = self.call(cpu, record, {});
    else
      more = show_event<Event, record_alignment>(record.data(), [&](const Event& event) {
        return self.call(cpu, event, record.subspan(sizeof(Event)));
      });
    return more ? Handled::End::none_left : Handled::End::stopped;
  }

  Fn fn_;
};

// Called when records were lost.
class LostHandler {
 public:
  LostHandler() = default;
  LostHandler(const LostHandler&) = delete;
  LostHandler& operator=(const LostHandler&) = delete;
  virtual ~LostHandler() = default;
  virtual void operator()(std::uint32_t cpu, std::uint64_t count) = 0;
};

template <class Fn>
class LostHandlerOf final : public LostHandler {
 public:
  template <class Callable>
  explicit LostHandlerOf(Callable&& fn) noexcept(std::is_nothrow_constructible_v<Fn, Callable>)
      : fn_(std::forward<Callable>(fn)) {}
  void operator()(std::uint32_t cpu, std::uint64_t count) override { fn_(cpu, count); }

 private:
  Fn fn_;
};

}  // namespace bpfmap::inline v0::detail
