// SPDX-License-Identifier: MIT
#include "bpfmap/typed/user_ring_buffer.hpp"

#include <bpf/libbpf.h>

#include <array>
#include <cerrno>

#include "bpfmap/typed/detail/typed_map.hpp"

namespace bpfmap::inline v0 {
namespace {

constexpr std::array types{MapType::user_ringbuf};
constexpr detail::ViewRequirement requirement{types, 0, 0};

// What a dynptr can hold. The kernel takes no larger sample, nor any that comes behind it.
constexpr std::size_t max_sample = (std::size_t{1} << 24U) - 1;

}  // namespace

void UserRingBuffer::Free::operator()(::user_ring_buffer* ring) const noexcept {
  ::user_ring_buffer__free(ring);
}

void UserRingBuffer::ByteSample::submit() noexcept {
  if (*this) ::user_ring_buffer__submit(ring_, bytes_.data());
  bytes_ = {};
}

void UserRingBuffer::ByteSample::discard() noexcept {
  if (*this) ::user_ring_buffer__discard(ring_, bytes_.data());
  bytes_ = {};
}

std::error_code UserRingBuffer::open(Map& map) noexcept {
  if (const auto ec = detail::check_view(map, requirement)) return ec;
  if (const auto ec = detail::check_read_write(map)) return ec;
  ring_.reset(::user_ring_buffer__new(map.fd(), nullptr));
  if (ring_ == nullptr) return detail::kernel_error(-errno);
  map_ = std::move(map);
  return {};
}

UserRingBuffer::UserRingBuffer(Map map) {
  if (const auto ec = open(map)) detail::raise_view(map, requirement, ec);
}

UserRingBuffer::UserRingBuffer(Map map, std::error_code& ec) noexcept { ec = open(map); }

std::optional<UserRingBuffer::ByteSample> UserRingBuffer::reserve(std::size_t size,
                                                                  std::chrono::milliseconds timeout,
                                                                  std::error_code& ec) noexcept {
  ec.clear();
  if (!*this) {
    ec = Errc::no_map;
    return std::nullopt;
  }
  if (size > max_sample) {
    ec = detail::kernel_error(-E2BIG);
    return std::nullopt;
  }
  void* const sample = ::user_ring_buffer__reserve_blocking(
      ring_.get(), static_cast<std::uint32_t>(size), detail::to_epoll_timeout(timeout));
  if (sample != nullptr) return ByteSample{ring_.get(), {static_cast<std::byte*>(sample), size}};
  if (errno != ENOSPC && errno != EINTR) ec = detail::kernel_error(-errno);
  return std::nullopt;
}

std::optional<UserRingBuffer::ByteSample> UserRingBuffer::reserve(
    std::size_t size, std::chrono::milliseconds timeout) {
  std::error_code ec;
  auto sample = reserve(size, timeout, ec);
  if (ec)
    detail::raise(map_, {Operation::reserve, {}, {static_cast<const std::byte*>(nullptr), size}},
                  ec);
  return sample;
}

}  // namespace bpfmap::inline v0
