// SPDX-License-Identifier: MIT
// The throwing forms that are no templates.
#include "bpfmap/map/map.hpp"
#include "explain.hpp"

namespace bpfmap::inline v0 {

void detail::raise(const Map& map, const Attempt& attempt, const std::error_code& ec) {
  throw Error{ec, attempt.operation, map.info().id, explain(map, attempt, ec)};
}

std::string Map::explain(Operation operation, const std::error_code& ec) const {
  return detail::explain(*this, {operation}, ec) + ": " + ec.message();
}

void Map::freeze() {
  std::error_code ec;
  freeze(ec);
  if (ec) detail::raise(*this, {Operation::freeze}, ec);
}

void Map::pin(const std::string& path) const {
  std::error_code ec;
  pin(path, ec);
  if (ec) detail::raise(*this, {Operation::pin, std::as_bytes(std::span{path})}, ec);
}

}  // namespace bpfmap::inline v0
