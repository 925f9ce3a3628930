// SPDX-License-Identifier: MIT
#include "bpfmap/bulk/scan.hpp"

namespace bpfmap::inline v0::detail {

void ScanPosition::read() {
  BatchReader& from = reader();
  std::error_code ec;
  from.next(ec);
  left_ = ec ? 0 : from.size();
  key_ = from.keys();
  value_ = from.values();
  key_size_ = from.map().info().key_size;
  value_stride_ = from.value_stride();
  if (ec && ec_ == nullptr) raise(from.map(), {Operation::scan}, ec);
  if (ec_ != nullptr) *ec_ = ec;
}

}  // namespace bpfmap::inline v0::detail
