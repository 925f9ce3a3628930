// SPDX-License-Identifier: MIT
#include "explain.hpp"

#include <algorithm>

#include "failure.hpp"

namespace bpfmap::inline v0::detail {
namespace {

// A name that was refused may hold anything.
std::string printable(std::string text) {
  const auto is_control = [](unsigned char c) { return c < ' ' || c >= 127; };
  std::replace_if(text.begin(), text.end(), is_control, '?');
  return text;
}

std::string_view text_of(BytesView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// " '/sys/fs/bpf/flows'", " descriptor 5": what stands behind the operation's name.
std::string name_subject(Operation operation, std::string_view subject) {
  const std::string text{subject};
  switch (operation) {
    case Operation::open_pinned:
    case Operation::pin:
    case Operation::unpin:
      return " '" + text + "'";
    case Operation::adopt:
    case Operation::duplicate:
      return " descriptor " + text;
    case Operation::from_id:
      return " " + text;
    case Operation::list:
      return " maps" + (text.empty() ? "" : " after id " + text);
    default:
      return text.empty() ? "" : " " + text;
  }
}

}  // namespace

std::string type_name(MapType type) {
  if (traits_of(type) != nullptr) return std::string{to_string(type)};
  return "type " + std::to_string(to_underlying(type));
}

std::string describe(const MapInfo& info) {
  std::string text;
  if (!info.name.empty()) text.append("'").append(printable(info.name)).append("' ");
  text += "(";
  if (info.id != 0) text += "id " + std::to_string(info.id) + ", ";
  text += type_name(info.type) + ", key_size " + std::to_string(info.key_size);
  text += ", value_size " + std::to_string(info.value_size);
  text += ", max_entries " + std::to_string(info.max_entries);
  if (info.flags != MapFlags::none) text += ", flags " + to_string(info.flags);
  return text + ")";
}

std::string explain(const Map& map, const Attempt& attempt, const std::error_code& ec) {
  Failure failure{.operation = attempt.operation,
                  .error = ec.value(),
                  .info = map.info(),
                  .map = &map,
                  .key = attempt.key,
                  .value = attempt.value,
                  .flags = attempt.flags,
                  .count = attempt.count};
  std::string text{to_string(attempt.operation)};
  text += map ? " on map " + describe(map.info()) : " on an empty Map";
  if (attempt.operation == Operation::pin) {
    failure.subject = text_of(attempt.key);
    text += " at '" + std::string{failure.subject} + "'";
  }
  return text + ": " + cause_of(failure);
}

std::string explain_open(Operation operation, std::string_view subject, const std::error_code& ec) {
  const MapInfo none;
  const Failure failure{
      .operation = operation, .error = ec.value(), .info = none, .subject = subject};
  return std::string{to_string(operation)} + name_subject(operation, subject) + ": " +
         cause_of(failure);
}

}  // namespace bpfmap::inline v0::detail
