// SPDX-License-Identifier: MIT
#include "map_calls.hpp"

#include "kernel_test.hpp"

namespace bpfmap::test {
namespace {

Bytes key_of(std::size_t size, int first) {
  Bytes key(size);
  if (size > 0) key[0] = static_cast<std::byte>(first);
  return key;
}

void append(std::vector<MapCall>& calls, std::vector<MapCall> more) {
  calls.insert(calls.end(), std::make_move_iterator(more.begin()),
               std::make_move_iterator(more.end()));
}

}  // namespace

std::vector<MapCall> plain_calls(std::size_t key_size, std::size_t value_size, int first) {
  const Bytes key = key_of(key_size, first);
  const Bytes value(value_size, std::byte{1});
  return {
      {"lookup", Operation::lookup, Needs::reading,
       [key](Map& map, std::error_code& ec) { (void)map.lookup(key, ec); },
       [key](Map& map) { (void)map.lookup(key); }},
      {"lookup with flags", Operation::lookup, Needs::reading,
       [key](Map& map, std::error_code& ec) { (void)map.lookup(key, LookupFlags::none, ec); },
       [key](Map& map) { (void)map.lookup(key, LookupFlags::none); }},
      {"lookup_into", Operation::lookup, Needs::reading,
       [key, room = value](Map& map, std::error_code& ec) mutable {
         (void)map.lookup_into(key, room, ec);
       },
       [key, room = value](Map& map) mutable { (void)map.lookup_into(key, room); }},
      {"get_next_key of the first", Operation::get_next_key, Needs::reading,
       [](Map& map, std::error_code& ec) { (void)map.get_next_key(std::nullopt, ec); },
       [](Map& map) { (void)map.get_next_key(std::nullopt); }},
      {"get_next_key", Operation::get_next_key, Needs::reading,
       [key](Map& map, std::error_code& ec) { (void)map.get_next_key(key, ec); },
       [key](Map& map) { (void)map.get_next_key(key); }},
      {"update", Operation::update, Needs::writing,
       [key, value](Map& map, std::error_code& ec) { map.update(key, value, ec); },
       [key, value](Map& map) { map.update(key, value); }},
      {"update with flags", Operation::update, Needs::writing,
       [key, value](Map& map, std::error_code& ec) {
         map.update(key, value, UpdateFlags::any, ec);
       },
       [key, value](Map& map) { map.update(key, value, UpdateFlags::any); }},
      {"erase", Operation::erase, Needs::writing,
       [key](Map& map, std::error_code& ec) { (void)map.erase(key, ec); },
       [key](Map& map) { (void)map.erase(key); }},
      {"lookup_and_delete", Operation::lookup_and_delete, Needs::both,
       [key](Map& map, std::error_code& ec) { (void)map.lookup_and_delete(key, ec); },
       [key](Map& map) { (void)map.lookup_and_delete(key); }},
  };
}

std::vector<MapCall> percpu_calls(std::size_t key_size, std::size_t value_size, int first) {
  const Bytes key = key_of(key_size, first);
  const std::vector<Bytes> values(sys::possible_cpus().size(), Bytes(value_size, std::byte{1}));
  const Bytes slots(sys::percpu_size(value_size));
  return {
      {"lookup_percpu", Operation::lookup, Needs::reading,
       [key](Map& map, std::error_code& ec) { (void)map.lookup_percpu(key, ec); },
       [key](Map& map) { (void)map.lookup_percpu(key); }},
      {"lookup_percpu_into", Operation::lookup, Needs::reading,
       [key, room = slots](Map& map, std::error_code& ec) mutable {
         (void)map.lookup_percpu_into(key, room, ec);
       },
       [key, room = slots](Map& map) mutable { (void)map.lookup_percpu_into(key, room); }},
      {"update_percpu", Operation::update, Needs::writing,
       [key, values](Map& map, std::error_code& ec) { map.update_percpu(key, values, ec); },
       [key, values](Map& map) { map.update_percpu(key, values); }},
      {"lookup_and_delete_percpu", Operation::lookup_and_delete, Needs::both,
       [key](Map& map, std::error_code& ec) { (void)map.lookup_and_delete_percpu(key, ec); },
       [key](Map& map) { (void)map.lookup_and_delete_percpu(key); }},
  };
}

std::vector<MapCall> whole_map_calls(const std::string& path) {
  return {
      {"fd_info", Operation::info, Needs::nothing,
       [](Map& map, std::error_code& ec) { (void)map.fd_info(ec); },
       [](Map& map) { (void)map.fd_info(); }},
      {"duplicate", Operation::duplicate, Needs::nothing,
       [](Map& map, std::error_code& ec) { (void)map.duplicate(ec); },
       [](Map& map) { (void)map.duplicate(); }},
      {"pin", Operation::pin, Needs::nothing,
       [path](Map& map, std::error_code& ec) { map.pin(path, ec); },
       [path](Map& map) { map.pin(path); }},
      {"freeze", Operation::freeze, Needs::writing,
       [](Map& map, std::error_code& ec) { map.freeze(ec); }, [](Map& map) { map.freeze(); }},
  };
}

std::vector<MapCall> every_call() {
  std::vector<MapCall> calls = plain_calls();
  append(calls, percpu_calls());
  append(calls, whole_map_calls());
  return calls;
}

void expect_refused(Map& map, const MapCall& call, std::error_code code) {
  SCOPED_TRACE(call.name);
  std::error_code ec = make_error_code(std::errc::io_error);  // of an earlier call
  call.quiet(map, ec);
  EXPECT_EQ(ec, code);
  const std::string explained = explain(ec);
  const Error error = error_of([&] { call.loud(map); });
  EXPECT_EQ(error.code(), code) << error.what();
  EXPECT_EQ(error.what(), explained);
  EXPECT_EQ(error.operation(), call.operation);
  EXPECT_EQ(error.map_id(), map.info().id);
}

void expect_done(Map& map, const MapCall& call) {
  SCOPED_TRACE(call.name);
  std::error_code ec = Errc::invalid_name;
  call.quiet(map, ec);
  EXPECT_EQ(ec, std::error_code{});
  EXPECT_NO_THROW(call.loud(map));
}

}  // namespace bpfmap::test
