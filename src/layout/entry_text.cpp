// SPDX-License-Identifier: MIT
#include "bpfmap/layout/entry_text.hpp"

#include <cstdint>
#include <string>
#include <utility>

#include "../map/btf.hpp"
#include "bpfmap/error.hpp"
#include "bpfmap/layout/detail/load_btf.hpp"
#include "bpfmap/map/detail/failure_record.hpp"
#include "bpfmap/sys/cpus.hpp"
#include "entry_plan.hpp"
#include "entry_reader.hpp"

namespace bpfmap::inline v0 {
namespace {

using detail::EntryPlan;

std::error_code fail(Operation operation, const std::string& message, std::error_code ec) {
  return detail::record_conversion(operation, message, detail::conversion_message, ec);
}

std::error_code fail_of_memory(Operation operation, std::error_code ec) noexcept {
  return detail::record_conversion(operation, "an entry's text", detail::conversion_message, ec);
}

bool has_plan(const EntryPlan* plan, Operation operation, std::error_code& ec) {
  if (plan != nullptr) return true;
  ec = fail(operation, "this EntryText is empty: it was made from no map", Errc::no_map);
  return false;
}

std::uint64_t slots_size(const EntryPlan& plan) noexcept {
  return sys::percpu_size(static_cast<std::size_t>(plan.value.root.size));
}

bool is_key(const EntryPlan& plan, BytesView key, std::error_code& ec) {
  if (key.size() == plan.key.root.size) return true;
  ec = fail(Operation::decode,
            "the key has " + std::to_string(key.size()) + " bytes, the map's keys have " +
                std::to_string(plan.key.root.size),
            Errc::wrong_key_size);
  return false;
}

bool is_value(const EntryPlan& plan, BytesView value, std::error_code& ec) {
  if (value.size() == plan.value.root.size) return true;
  if (plan.percpu && !value.empty() && value.size() == slots_size(plan)) return true;
  std::string message = "the value has " + std::to_string(value.size()) +
                        " bytes, the map's values have " + std::to_string(plan.value.root.size);
  if (plan.percpu) message += ", and the slots of all CPUs " + std::to_string(slots_size(plan));
  ec = fail(Operation::decode, message, Errc::wrong_value_size);
  return false;
}

bool has_slots(const EntryPlan& plan, BytesView value) noexcept {
  return plan.percpu && !value.empty() && value.size() == slots_size(plan);
}

// `{cpu0=1, cpu1=2}`, or in JSON `[{"cpu":0,"value":1}]`.
void print_cpus(const EntryPlan& plan, BytesView slots, TextStyle style, std::string& to) {
  const auto size = static_cast<std::size_t>(plan.value.root.size);
  const std::size_t stride = sys::percpu_stride(size);
  const bool json = style == TextStyle::json;
  const bool lines = style == TextStyle::lines;
  to += json ? '[' : '{';
  const auto cpus = sys::possible_cpus();
  for (std::size_t i = 0; i < cpus.size(); ++i) {
    if (i != 0) to += json ? "," : lines ? "" : ", ";
    if (lines) to += "\n  ";
    to += json ? "{\"cpu\":" : "cpu";
    to += std::to_string(cpus[i]);
    to += json ? ",\"value\":" : "=";
    print_side(plan.value, slots.subspan(i * stride, size), style, plan.exact, 1, to);
    if (json) to += '}';
  }
  if (lines) to += '\n';
  to += json ? ']' : '}';
}

void print_value(const EntryPlan& plan, BytesView value, TextStyle style, std::string& to) {
  if (has_slots(plan, value))
    print_cpus(plan, value, style, to);
  else
    print_side(plan.value, value, style, plan.exact, 0, to);
}

std::string print_entry(const EntryPlan& plan, BytesView key, BytesView value, TextStyle style) {
  const bool json = style == TextStyle::json;
  std::string text = json ? "{" : "";
  if (!key.empty()) {
    text += json ? "\"key\":" : "key: ";
    print_side(plan.key, key, style, plan.exact, 0, text);
    text += json ? "," : style == TextStyle::lines ? "\n" : " ";
  }
  const std::string name = has_slots(plan, value) ? "values" : "value";
  text += json ? "\"" + name + "\":" : name + ": ";
  print_value(plan, value, style, text);
  if (json) text += '}';
  return text;
}

// Calls `body(plan)`, and returns its result; an empty one when `ec` is set.
template <class Body>
auto with_plan(const EntryPlan* plan, Operation operation, std::error_code& ec,
               Body body) noexcept {
  ec.clear();
  using Result = decltype(body(*plan));
  bool reported = false;
  Result result = detail::without_bad_alloc(ec, [&] {
    Result made = has_plan(plan, operation, ec) ? body(*plan) : Result{};
    reported = true;
    return made;
  });
  if (!reported) ec = fail_of_memory(operation, ec);
  return ec ? Result{} : std::move(result);
}

std::error_code refusal(std::string_view what, const detail::TextFault& fault) {
  return fail(Operation::encode,
              "the text of " + std::string{what} + ", column " + std::to_string(fault.column) +
                  ": " + fault.message,
              fault.code);
}

Bytes empty_value(const EntryPlan& plan, std::error_code& ec) {
  const auto size = static_cast<std::size_t>(plan.value.root.size);
  if (plan.percpu && sys::possible_cpus().empty())
    ec = fail(Operation::encode, "the possible CPUs are unknown", Errc::no_cpu_list);
  return Bytes(plan.percpu ? sys::percpu_size(size) : size);
}

// Reads the map's BTF; empty with the reason when there is none. What this process lacks at the
// moment is an error.
Bytes btf_of(const MapInfo& info, std::string& reason, std::error_code& ec) {
  if (info.btf_id == 0) {
    reason = "the map has no BTF";
    return {};
  }
  Bytes btf = detail::read_btf(info.btf_id, ec);
  if (!ec) return btf;
  if (!detail::is_out_of_resources(ec)) {
    reason = "the map's BTF cannot be read: " + ec.message();
    if (ec == std::errc::operation_not_permitted) reason += "; that needs CAP_SYS_ADMIN";
    ec.clear();
  }
  return {};
}

}  // namespace

EntryText::EntryText(const Map& map, EntryTextOptions options, std::error_code& ec) noexcept {
  ec.clear();
  if (!map) {
    ec = detail::record(map, {.operation = Operation::info}, Errc::no_map);
    return;
  }
  detail::without_bad_alloc(ec, [&] {
    std::string reason;
    const Bytes btf = btf_of(map.info(), reason, ec);
    if (ec) return;
    auto plan = std::make_shared<EntryPlan>(detail::plan_of(map.info(), btf, options));
    if (!reason.empty()) plan->reason = std::move(reason);
    plan_ = std::move(plan);
  });
  if (ec) ec = detail::record(map, {.operation = Operation::info}, ec);
}

EntryText::EntryText(const Map& map, EntryTextOptions options) {
  std::error_code ec;
  *this = EntryText{map, std::move(options), ec};
  detail::throw_if(ec);
}

EntryText::EntryText(const MapInfo& info, BytesView btf, EntryTextOptions options,
                     std::error_code& ec) noexcept {
  ec.clear();
  detail::without_bad_alloc(ec, [&] {
    auto plan = std::make_shared<EntryPlan>(detail::plan_of(info, btf, options));
    if (btf.empty()) plan->reason = "there is no BTF";
    plan_ = std::move(plan);
  });
  if (ec) ec = fail_of_memory(Operation::info, ec);
}

EntryText::EntryText(const MapInfo& info, BytesView btf, EntryTextOptions options) {
  std::error_code ec;
  *this = EntryText{info, btf, std::move(options), ec};
  detail::throw_if(ec);
}

const std::string& EntryText::reason() const noexcept {
  static const std::string none;
  return plan_ == nullptr ? none : plan_->reason;
}

std::string EntryText::key_text(BytesView key, TextStyle style,
                                std::error_code& ec) const noexcept {
  return with_plan(plan_.get(), Operation::decode, ec, [&](const EntryPlan& plan) {
    std::string text;
    if (is_key(plan, key, ec)) print_side(plan.key, key, style, plan.exact, 0, text);
    return text;
  });
}

std::string EntryText::value_text(BytesView value, TextStyle style,
                                  std::error_code& ec) const noexcept {
  return with_plan(plan_.get(), Operation::decode, ec, [&](const EntryPlan& plan) {
    std::string text;
    if (is_value(plan, value, ec)) print_value(plan, value, style, text);
    return text;
  });
}

std::string EntryText::entry_text(BytesView key, BytesView value, TextStyle style,
                                  std::error_code& ec) const noexcept {
  return with_plan(plan_.get(), Operation::decode, ec, [&](const EntryPlan& plan) {
    if (!is_key(plan, key, ec) || !is_value(plan, value, ec)) return std::string{};
    return print_entry(plan, key, value, style);
  });
}

Bytes EntryText::parse_key(std::string_view text, std::error_code& ec) const noexcept {
  return with_plan(plan_.get(), Operation::encode, ec, [&](const EntryPlan& plan) {
    Bytes key(static_cast<std::size_t>(plan.key.root.size));
    detail::EntryReader reader{plan, text};
    if (!reader.key(key)) ec = refusal("a key", reader.fault());
    return key;
  });
}

Bytes EntryText::parse_value(std::string_view text, std::error_code& ec) const noexcept {
  return with_plan(plan_.get(), Operation::encode, ec, [&](const EntryPlan& plan) {
    Bytes value = empty_value(plan, ec);
    detail::EntryReader reader{plan, text};
    if (!ec && !reader.value(value)) ec = refusal("a value", reader.fault());
    return value;
  });
}

void EntryText::parse_value_into(std::string_view text, MutableBytesView value,
                                 std::error_code& ec) const noexcept {
  with_plan(plan_.get(), Operation::encode, ec, [&](const EntryPlan& plan) {
    if (!is_value(plan, value, ec)) return 0;
    detail::EntryReader reader{plan, text};
    if (!reader.value(value)) ec = refusal("a value", reader.fault());
    return 0;
  });
}

ParsedEntry EntryText::parse_entry(std::string_view text, std::error_code& ec) const noexcept {
  return with_plan(plan_.get(), Operation::encode, ec, [&](const EntryPlan& plan) {
    ParsedEntry entry{Bytes(static_cast<std::size_t>(plan.key.root.size)), empty_value(plan, ec)};
    detail::EntryReader reader{plan, text};
    if (!ec && !reader.entry(entry.key, entry.value)) ec = refusal("an entry", reader.fault());
    return entry;
  });
}

std::string EntryText::key_text(BytesView key, TextStyle style) const {
  std::error_code ec;
  std::string text = key_text(key, style, ec);
  detail::throw_if(ec);
  return text;
}

std::string EntryText::value_text(BytesView value, TextStyle style) const {
  std::error_code ec;
  std::string text = value_text(value, style, ec);
  detail::throw_if(ec);
  return text;
}

std::string EntryText::entry_text(BytesView key, BytesView value, TextStyle style) const {
  std::error_code ec;
  std::string text = entry_text(key, value, style, ec);
  detail::throw_if(ec);
  return text;
}

Bytes EntryText::parse_key(std::string_view text) const {
  std::error_code ec;
  Bytes key = parse_key(text, ec);
  detail::throw_if(ec);
  return key;
}

Bytes EntryText::parse_value(std::string_view text) const {
  std::error_code ec;
  Bytes value = parse_value(text, ec);
  detail::throw_if(ec);
  return value;
}

void EntryText::parse_value_into(std::string_view text, MutableBytesView value) const {
  std::error_code ec;
  parse_value_into(text, value, ec);
  detail::throw_if(ec);
}

ParsedEntry EntryText::parse_entry(std::string_view text) const {
  std::error_code ec;
  ParsedEntry entry = parse_entry(text, ec);
  detail::throw_if(ec);
  return entry;
}

}  // namespace bpfmap::inline v0
