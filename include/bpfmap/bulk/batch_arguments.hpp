// SPDX-License-Identifier: MIT
// Batches on a Map whose keys and values are integers, structs or texts. Above map/. Included by
// batch.hpp.
#pragma once

#include <iterator>
#include <system_error>

#include "bpfmap/bulk/batch.hpp"

namespace bpfmap::inline v0 {

/// As update_batch() on bytes, with a range of keys and a range of values, one value per key. An
/// element is anything that Map::update() accepts: an integer of any type, a struct, or bytes such
/// as a std::string_view. On a per-CPU map, each value is set on every CPU. Errors are those of
/// Map::update(), at the first element that does not fit.
template <detail::range_of_arguments Keys, detail::range_of_arguments Values>
BatchResult update_batch(Map& map, const Keys& keys, const Values& values, UpdateFlags flags,
                         std::error_code& ec) noexcept {
  BatchResult result;
  ec.clear();
  if (!map)
    ec = Errc::no_map;
  else if (std::size(keys) != std::size(values))
    ec = Errc::wrong_value_count;
  const std::size_t key_size = map.info().key_size;
  const std::size_t value_size = map.info().value_size;
  const auto append_entry = [&](Bytes& flat_keys, Bytes& flat_values, std::size_t i,
                                std::error_code& refused) {
    const detail::EncodedKey<detail::Element<Keys>> key{keys[i], key_size, refused};
    const detail::Encoded<detail::Element<Values>> value{values[i], value_size, refused};
    return detail::append_encoded(flat_keys, key, key_size, Errc::wrong_key_size, refused) &&
           detail::append_encoded(flat_values, value, value_size, Errc::wrong_value_size, refused);
  };
  if (!ec)
    result = detail::in_encoded_chunks(std::size(keys), value_size, ec, append_entry,
                                       [&](const detail::FlatEntries& entries) {
                                         return detail::update_values(map, entries, flags, ec);
                                       });
  detail::record_failed(map, Operation::update_batch, keys, result, flags, ec);
  return result;
}
template <detail::range_of_arguments Keys, detail::range_of_arguments Values>
BatchResult update_batch(Map& map, const Keys& keys, const Values& values,
                         std::error_code& ec) noexcept {
  return update_batch(map, keys, values, UpdateFlags::any, ec);
}
/// As above; errors are thrown as BatchError.
template <detail::range_of_arguments Keys, detail::range_of_arguments Values>
BatchResult update_batch(Map& map, const Keys& keys, const Values& values,
                         UpdateFlags flags = UpdateFlags::any) {
  std::error_code ec;
  const auto result = update_batch(map, keys, values, flags, ec);
  detail::throw_if(ec);
  return result;
}

/// As erase_batch() on bytes, with a range of keys, each anything that Map::erase() accepts.
template <detail::range_of_arguments Keys>
BatchResult erase_batch(Map& map, const Keys& keys, std::error_code& ec) noexcept {
  BatchResult result;
  ec.clear();
  if (!map) ec = Errc::no_map;
  const std::size_t key_size = map.info().key_size;
  const auto append_key = [&](Bytes& flat, Bytes&, std::size_t i, std::error_code& refused) {
    const detail::EncodedKey<detail::Element<Keys>> key{keys[i], key_size, refused};
    return detail::append_encoded(flat, key, key_size, Errc::wrong_key_size, refused);
  };
  if (!ec)
    result = detail::in_encoded_chunks(
        std::size(keys), key_size, ec, append_key,
        [&](const detail::FlatEntries& entries) { return detail::erase_flat(map, entries, ec); });
  detail::record_failed(map, Operation::erase_batch, keys, result, {}, ec);
  return result;
}
/// As above; errors are thrown as BatchError.
template <detail::range_of_arguments Keys>
BatchResult erase_batch(Map& map, const Keys& keys) {
  std::error_code ec;
  const auto result = erase_batch(map, keys, ec);
  detail::throw_if(ec);
  return result;
}

}  // namespace bpfmap::inline v0
