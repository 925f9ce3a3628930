// SPDX-License-Identifier: MIT
#include "bpfmap/codec/fixed_string.hpp"

namespace bpfmap::inline v0::detail {

std::error_code record_text(std::string_view text, std::size_t room) noexcept {
  return record_conversion(Operation::encode, text, room | conversion_of_text, Errc::out_of_range);
}

}  // namespace bpfmap::inline v0::detail
