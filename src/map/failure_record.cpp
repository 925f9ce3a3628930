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
std::error_code element_error(const Map& map, const Attempt&, int result) noexcept {
  if (!map) return Errc::no_map;
  if (result > 0) return static_cast<Errc>(result);
  const MapTypeTraits* const traits = traits_of(map.info().type);
  const bool array = traits != nullptr && traits->key == KeyKind::index;
  if (array && (result == -ENOENT || result == -E2BIG)) return Errc::index_out_of_range;
  return kernel_error(result);
}
std::error_code record(const Map& map, const Attempt& attempt, int result) noexcept {
  return record(map, attempt, element_error(map, attempt, result));
}
std::error_code record_batch(const Map& map, const Attempt& attempt, const BatchResult&, std::error_code ec) noexcept { return record(map, attempt, ec); }
std::error_code record_inner(const Map& map, const Attempt& attempt, const MapInfo&, const MapInfo&, std::error_code ec) noexcept { return record(map, attempt, ec); }
std::error_code record_view(const Map& map, const RequiredFields& f, std::error_code ec) noexcept { return record(map, {Operation::view, sized(f.key_size), sized(f.value_size)}, ec); }
std::error_code record_create(const MapSpec& spec, const RequiredFields&, std::error_code ec) noexcept { return record_create(spec, ec); }
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
