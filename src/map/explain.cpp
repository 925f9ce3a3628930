// SPDX-License-Identifier: MIT
#include "explain.hpp"

#include "failure.hpp"

namespace bpfmap::inline v0::detail {
namespace {

std::string type_name(MapType type) {
  if (traits_of(type) != nullptr) return std::string{to_string(type)};
  return "type " + std::to_string(to_underlying(type));
}

// "'flows' (id 7, hash, key_size 8, value_size 16, max_entries 65536)"
std::string describe(const MapInfo& info) {
  std::string text = info.name.empty() ? "(" : "'" + info.name + "' (";
  if (info.id != 0) text += "id " + std::to_string(info.id) + ", ";
  text += type_name(info.type) + ", key_size " + std::to_string(info.key_size);
  text += ", value_size " + std::to_string(info.value_size);
  text += ", max_entries " + std::to_string(info.max_entries);
  if (info.flags != MapFlags::none) text += ", flags " + to_string(info.flags);
  return text + ")";
}

std::string_view text_of(BytesView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// "path '/sys/fs/bpf/flows'", as the operation calls it.
std::string name_subject(Operation operation, std::string_view subject) {
  const std::string text{subject};
  switch (operation) {
    case Operation::open_pinned:
    case Operation::pin:
    case Operation::unpin: return " '" + text + "'";
    case Operation::adopt:
    case Operation::duplicate: return " descriptor " + text;
    case Operation::from_id: return " " + text;
    case Operation::list: return " maps" + (text.empty() ? "" : " after id " + text);
    default: return text.empty() ? "" : " " + text;
  }
}

}  // namespace

std::string explain(const Map& map, const Attempt& attempt, const std::error_code& ec) {
  Failure failure{.operation = attempt.operation,
                  .error = ec.value(),
                  .info = map.info(),
                  .map = &map,
                  .key = attempt.key,
                  .value = attempt.value,
                  .flags = attempt.flags};
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

std::string explain_create(const MapSpec& spec, const std::error_code& ec) {
  const MapInfo info{.type = spec.type,
                     .key_size = spec.key_size,
                     .value_size = spec.value_size,
                     .max_entries = spec.max_entries,
                     .flags = spec.flags,
                     .name = spec.name};
  const Failure failure{.operation = Operation::create, .error = ec.value(), .info = info};
  const std::string broken = explain_spec(spec, ec.value());
  return "create map " + describe(info) + ": " + (broken.empty() ? cause_of(failure) : broken);
}

}  // namespace bpfmap::inline v0::detail
