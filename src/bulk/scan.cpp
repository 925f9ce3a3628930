// SPDX-License-Identifier: MIT
#include "bpfmap/bulk/scan.hpp"

namespace bpfmap::inline v0::detail {

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
