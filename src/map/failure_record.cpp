// SPDX-License-Identifier: MIT
#include "bpfmap/map/detail/failure_record.hpp"

#include <string>

#include "bpfmap/map/map.hpp"
#include "explain.hpp"

namespace bpfmap::inline v0 {
namespace {

struct Record {
  std::error_code code;
  Operation operation;
  std::uint32_t map_id;
  std::string text;
};
thread_local Record last;

template <class Text>
std::error_code keep(std::error_code ec, Operation operation, std::uint32_t map_id,
                     Text text) noexcept {
  std::error_code ignored;
  detail::without_bad_alloc(ignored, [&] { last = {ec, operation, map_id, text()}; });
  return ec;
}

}  // namespace

namespace detail {

std::error_code record(const Map& map, const Attempt& attempt, std::error_code ec) noexcept {
  return keep(ec, attempt.operation, map.info().id, [&] { return explain(map, attempt, ec); });
}
std::error_code record_create(const MapSpec& spec, std::error_code ec) noexcept {
  return keep(ec, Operation::create, 0, [&] { return explain_create(spec, ec); });
}
std::error_code record_open(Operation operation, std::string_view subject,
                            std::error_code ec) noexcept {
  return keep(ec, operation, 0, [&] { return explain_open(operation, subject, ec); });
}
Error recorded_error(const std::error_code& ec) {
  return {ec, last.operation, last.map_id, last.text};
}
void throw_error(const std::error_code& ec) { throw recorded_error(ec); }

}  // namespace detail

std::string explain(const std::error_code& ec) {
  if (!ec) return {};
  return last.code == ec ? last.text + ": " + ec.message() : ec.message();
}

}  // namespace bpfmap::inline v0
