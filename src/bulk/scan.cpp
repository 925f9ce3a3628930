// SPDX-License-Identifier: MIT
#include "bpfmap/bulk/scan.hpp"

#include <utility>

namespace bpfmap::inline v0::detail {

ScanPosition::ScanPosition(ScanPosition&& other) noexcept : own_(std::move(other.own_)) {
  copy_place(other);
}

ScanPosition& ScanPosition::operator=(ScanPosition&& other) noexcept {
  if (this == &other) return *this;
  own_ = std::move(other.own_);
  copy_place(other);
  return *this;
}

// The memory of a batch stays at its address when the walk is moved.
void ScanPosition::copy_place(ScanPosition& other) noexcept {
  elsewhere_ = other.elsewhere_;
  ec_ = other.ec_;
  key_ = other.key_;
  value_ = other.value_;
  key_size_ = other.key_size_;
  value_stride_ = other.value_stride_;
  left_ = std::exchange(other.left_, 0);
}

void ScanPosition::read() {
  Walk& from = elsewhere_ != nullptr ? *elsewhere_ : *own_;
  std::error_code ec;
  from.next(ec);
  left_ = from.size();
  key_ = from.keys();
  value_ = from.values();
  key_size_ = from.key_size();
  value_stride_ = from.value_stride();
  if (ec_ != nullptr)
    *ec_ = ec;
  else
    throw_if(ec);
}

}  // namespace bpfmap::inline v0::detail
