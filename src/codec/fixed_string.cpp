// SPDX-License-Identifier: MIT
#include "bpfmap/codec/fixed_string.hpp"

#include <string>

namespace bpfmap::inline v0::detail {

void throw_text(std::string_view text, std::size_t room) {
  // what() ends at a zero.
  std::string shown{text.substr(0, text.find('\0'))};
  const bool cut = shown.size() != text.size();
  throw Error{Errc::out_of_range, Operation::encode, 0,
              "text '" + shown + "'" +
                  (cut ? ": a zero follows, and text in a map ends at the first zero"
                       : ": " + std::to_string(text.size()) + " bytes do not fit into " +
                             std::to_string(room))};
}

}  // namespace bpfmap::inline v0::detail
