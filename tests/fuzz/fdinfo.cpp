// SPDX-License-Identifier: MIT
// A field found in any text of /proc/self/fdinfo stands there as a line, and a number is that of
// the line.
#include <algorithm>
#include <string>

#include "../../src/map/proc_fd.hpp"
#include "require.hpp"

namespace bpfmap::fuzz {
namespace {

void look_for(std::string_view text, std::string_view name) {
  const auto field = detail::fdinfo_field(text, name);
  const auto number = detail::fdinfo_number(text, name);
  const std::string label = std::string{name} + ':';
  const std::string lines = '\n' + std::string{text} + '\n';
  require(field.has_value() == (lines.find('\n' + label) != std::string::npos));
  if (!field) {
    require(!number);
    return;
  }
  require(field->find('\n') == std::string_view::npos && !field->starts_with(' '));
  require(field->data() >= text.data() &&
          field->data() + field->size() <= text.data() + text.size());
  // What is written is read again.
  if (number)
    require(detail::fdinfo_number(label + '\t' + std::to_string(*number), name) == number);
}

}  // namespace
}  // namespace bpfmap::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = bpfmap::fuzz::text_of(data, size);
  for (const auto* const name : {"memlock", "frozen", "owner_prog_type", "allowed_maps", "Pid"})
    bpfmap::fuzz::look_for(text, name);
  return 0;
}
