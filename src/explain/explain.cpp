// SPDX-License-Identifier: MIT
// Composes Error::what() from the failure that this thread recorded last.
#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include "../map/names.hpp"
#include "bpfmap/map/detail/entry_layout.hpp"
#include "bpfmap/map/open_or_create.hpp"
#include "causes.hpp"
#include "create.hpp"
#include "inner.hpp"

namespace bpfmap::inline v0 {
namespace detail {
namespace {

using Kind = FailureRecord::Kind;

// Keeps the record: the conditions call the library, which records failures of its own.
class KeptRecord {
 public:
  KeptRecord() noexcept : record_(last_failure()) {}
  KeptRecord(const KeptRecord&) = delete;
  KeptRecord& operator=(const KeptRecord&) = delete;
  ~KeptRecord() { last_failure() = record_; }

  [[nodiscard]] const FailureRecord& operator*() const noexcept { return record_; }

 private:
  FailureRecord record_;
};

bool is(const FailureRecord& record, Errc error) noexcept {
  return record.code == static_cast<int>(error);
}

std::string shown(const FixedText<511>& subject) {
  const std::string text{subject.view()};
  return subject.is_whole() ? text : text + "...";
}

// The text after the operation's name: " '/sys/fs/bpf/flows'", " descriptor 5".
std::string name_subject(const FailureRecord& record) {
  const std::string text = shown(record.subject);
  switch (record.operation) {
    case Operation::open_pinned:
    case Operation::pin:
    case Operation::unpin:
    case Operation::open_or_create:
      return " '" + text + "'";
    case Operation::adopt:
    case Operation::duplicate:
    case Operation::iterate:
      return " descriptor " + text;
    case Operation::list:
      return " maps" + (text.empty() ? "" : " after id " + text);
    default:
      return text.empty() ? "" : " " + text;
  }
}

Failure failure_of(const FailureRecord& record) {
  return {.record = record,
          .operation = record.operation,
          .error = record.code,
          .info = record.info.info()};
}

std::string types_of(const FailureRecord& record) {
  std::string text;
  for (std::size_t i = 0; i < record.required_type_count; ++i) {
    if (i != 0) text += " or ";
    text += type_name(record.required_types[i]);
  }
  return " (this class is for " + text + " maps)";
}

// The requirement of a typed map, appended to the cause.
std::string wanted(const FailureRecord& record) {
  if (!record.required_key_size) return {};
  if (is(record, Errc::wrong_map_type)) return types_of(record);
  if (record.kind == Kind::view)
    return is(record, Errc::wrong_map_flags) ? " (" + to_string(record.required_flags) + ")" : "";
  if (is(record, Errc::wrong_key_size))
    return " (this class has keys of " + std::to_string(*record.required_key_size) + " bytes)";
  if (is(record, Errc::wrong_value_size))
    return " (this class has values of " + std::to_string(record.required_value_size) + " bytes)";
  return {};
}

// The bytes in memory order: "0x01000000".
std::string hex(const GivenBytes& bytes) {
  std::string text = "0x";
  for (const std::byte byte : bytes.view()) {
    std::array<char, 4> digits{};
    std::snprintf(digits.data(), digits.size(), "%02x", std::to_integer<unsigned>(byte));
    text += digits.data();
  }
  return bytes.kept < bytes.size ? text + "..." : text;
}

// " (3 done, 1 skipped, entry 4 failed, key 0x01000000)"
std::string batch_part(const FailureRecord& record) {
  if (!record.has_batch) return {};
  std::string text = " (" + std::to_string(record.done) + " done";
  if (record.skipped != 0) text += ", " + std::to_string(record.skipped) + " skipped";
  if (record.failed) text += ", entry " + std::to_string(*record.failed) + " failed";
  if (record.failed && record.key.kept != 0) text += ", key " + hex(record.key);
  return text + ")";
}

std::string text_of_map(const FailureRecord& record) {
  const Failure failure = failure_of(record);
  std::string text{to_string(record.operation)};
  text += record.has_map ? " on map " + describe(failure.info) : " on an empty Map";
  if (record.subject.size != 0 || record.operation == Operation::pin)
    text += " at '" + shown(record.subject) + "'";
  return text + ": " + cause_of(failure) + inner_difference(failure) + wanted(record) +
         batch_part(record);
}

std::string text_of_creation(const FailureRecord& record) {
  const MapSpec spec = record.spec.spec();
  Failure failure = failure_of(record);
  failure.operation = Operation::create;
  failure.info = asked_info(spec);
  failure.spec = &spec;
  return "create map " + describe(failure.info) + ": " + cause_of_creation(failure) +
         wanted(record);
}

std::string text_of_open_or_create(const FailureRecord& record) {
  const std::string begin = "open_or_create" + name_subject(record) + ": ";
  if (record.step == Operation::create) return begin + text_of_creation(record);
  Failure failure = failure_of(record);
  if (is(record, Errc::incompatible_map))
    return begin + "the pinned map, " + describe(failure.info) +
           ", differs from the spec: " + incompatibilities(failure.info, record.spec.spec()) +
           "; unpin it, ask for a map like it, or replace it "
           "(OpenOrCreateOptions::replace_incompatible)";
  failure.operation = record.step;
  return begin + cause_of(failure);
}

bool is_address(int family, std::string_view text) {
  std::array<std::byte, sizeof(in6_addr)> address;
  // inet_pton(3) would stop at a zero.
  return text.find('\0') == std::string_view::npos &&
         ::inet_pton(family, std::string{text}.c_str(), address.data()) == 1;
}

std::string text_of_prefix(const FailureRecord& record) {
  const bool four = record.number == AF_INET;
  const std::string prefix = shown(record.subject);
  const auto slash = std::min(prefix.find('/'), prefix.size());
  const std::string address = prefix.substr(0, slash);
  std::string text = "prefix '" + prefix + "': ";
  if (!is_address(static_cast<int>(record.number), address))
    text += "'" + address + "' is not an IPv" + (four ? "4" : "6") + " address";
  else
    text += "the length is '" + prefix.substr(std::min(slash + 1, prefix.size())) +
            "', and it can be 0 to " + (four ? "32" : "128");
  return text + (four ? "; write it as 10.0.0.0/8" : "; write it as 2001:db8::/32");
}

std::string text_of_text(const FailureRecord& record) {
  const std::string text = "text '" + shown(record.subject) + "'";
  const auto room = record.number & ~conversion_of_text;
  if (record.subject.size > room)
    return text + " has " + std::to_string(record.subject.size) + " bytes, and at most " +
           std::to_string(room) + " fit";
  return text + " contains a zero byte, which ends a text in a map";
}

std::string text_of_conversion(const FailureRecord& record) {
  if (is(record, Errc::invalid_prefix)) return text_of_prefix(record);
  if ((record.number & conversion_of_text) != 0) return text_of_text(record);
  if (record.number == conversion_message) return shown(record.subject);
  const std::string size = std::to_string(record.number);
  const bool encodes = record.operation == Operation::encode;
  if (!is(record, Errc::out_of_range)) return encodes ? "encode_int_key" : "decode_int_value";
  if (encodes)
    return "encode_int_key: " + shown(record.subject) + " does not fit into " + size +
           " bytes (an integer takes 1 to 8)";
  return "decode_int_value: " + size + " bytes are not an integer (1 to 8 are)";
}

// Replaces control characters: paths and names may contain any byte, a zero would end what(), and a
// log or a terminal would obey the others. UTF-8 stays.
std::string printable(std::string text) {
  const auto is_control = [](unsigned char c) { return c < ' ' || c == 0x7f; };
  std::replace_if(text.begin(), text.end(), is_control, '?');
  return text;
}

std::string raw_text_of(const FailureRecord& record) {
  switch (record.kind) {
    case Kind::map:
    case Kind::view:
      return text_of_map(record);
    case Kind::open:
      return std::string{to_string(record.operation)} + name_subject(record) + ": " +
             cause_of(failure_of(record));
    case Kind::create:
      return text_of_creation(record);
    case Kind::open_or_create:
      return text_of_open_or_create(record);
    case Kind::conversion:
      return text_of_conversion(record);
    case Kind::none:
      break;
  }
  return {};
}

// The report of a wrong_layout: lines of their own below the cause.
std::string layout_report(const FailureRecord& record) {
  const EntryLayout* const layout = record.required_layout;
  if (layout == nullptr || !is(record, Errc::wrong_layout)) return {};
  std::string report = layout->report(*layout, record.info.info());
  if (report.ends_with('\n')) report.pop_back();
  return "\n" + report + "\nthe lines marked ! differ";
}

// Without the errno, which std::system_error appends.
std::string text_of(const FailureRecord& record) {
  return printable(raw_text_of(record)) + layout_report(record);
}

bool is_recorded(const FailureRecord& record, const std::error_code& ec) noexcept {
  return record.kind != Kind::none && ec == std::error_code{record.code, category()};
}

}  // namespace

Error recorded_error(const std::error_code& ec) {
  const KeptRecord record;
  if (!is_recorded(*record, ec)) return {ec, Operation::info, 0, "an operation of bpfmap failed"};
  return {ec, (*record).operation, (*record).info.id, text_of(*record)};
}

void throw_error(std::error_code ec) {
  const FailureRecord& record = last_failure();
  if (is_recorded(record, ec) && record.has_batch)
    throw BatchError{recorded_error(ec), {record.done, record.skipped, record.failed}};
  throw recorded_error(ec);
}

}  // namespace detail

std::string explain(const std::error_code& ec) {
  if (!ec) return {};
  const detail::KeptRecord record;
  return detail::is_recorded(*record, ec) ? detail::text_of(*record) + ": " + ec.message()
                                          : ec.message();
}

}  // namespace bpfmap::inline v0
