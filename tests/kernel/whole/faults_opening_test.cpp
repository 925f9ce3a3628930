// SPDX-License-Identifier: MIT
// Everything that makes, opens, pins and replaces maps, and what rings and views of memory ask the
// kernel for, while the n-th call of bpf(2) fails: no descriptor and no pin is left behind.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bpfmap/bpfmap.hpp"
#include "bytes.hpp"
#include "failing_allocations.hpp"
#include "faults.hpp"
#include "kernel_has.hpp"
#include "maps.hpp"

namespace bpfmap {
namespace {

using test::Contents;
using test::InjectFaults;
using test::make_map;

using Flows = HashMap<std::uint32_t, std::uint64_t>;

Bytes bytes_of_text(std::string_view text) {
  const auto bytes = std::as_bytes(std::span{text});
  return {bytes.begin(), bytes.end()};
}

// The same map, whatever fails otherwise: the faults begin with the operation that gets it.
Map again(const Map& map) {
  const test::ReplacedBpf real{&sys::bpf_syscall};
  return map.duplicate();
}

// A map of its own: a perf buffer whose end cannot erase its events leaves the slots to nobody
// else, and an arena keeps its address.
Map new_map(MapType type) {
  const test::ReplacedBpf real{&sys::bpf_syscall};
  return Map::create(test::spec_of(type));
}

// A bpffs with a map of three entries pinned in it.
class Pinned final : public test::Subject {
 public:
  Pinned() { renew(); }

  void renew() override {
    std::filesystem::remove_all(root);
    std::filesystem::create_directory(root);
    map = make_map(MapType::hash, 4, 8, 4);
    for (std::uint32_t key = 1; key < 4; ++key) map.update(key, key);
    map.pin(path);
  }
  // Each file with the properties and entries of its map, whatever its id is.
  Contents contents() override {
    Contents files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator{root}) {
      Bytes what = bytes_of_text("folder");
      if (!entry.is_directory()) {
        const Map found = Map::open_pinned(entry.path().string());
        what = bytes_of_text(std::to_string(found.info().max_entries));
        std::vector<Bytes> keys = test::stored_keys(found);
        std::sort(keys.begin(), keys.end());  // each map has an order of its own
        for (const Bytes& key : keys) {
          const auto value = test::stored(found, key);
          what.insert(what.end(), value->begin(), value->end());
        }
      }
      files.emplace(bytes_of_text(entry.path().string()), std::move(what));
    }
    if (map.fd_info().frozen == true) files.emplace(bytes_of_text("frozen"), Bytes{});
    return files;
  }

  const test::PrivateBpffs bpffs;
  const std::string root = bpffs.path("own");
  const std::string path = root + "/flows";
  Map map;
};

enum class Fault : std::uint8_t { of_calls, of_memory };

class FaultsOfOpening : public ::testing::TestWithParam<Fault> {
 protected:
  void inject(const char* name, const test::EitherForm& call) {
    if (GetParam() == Fault::of_calls)
      InjectFaults{pinned}(name, call);
    else
      test::FailAllocations{pinned}(name, call);
  }

  MapSpec spec = {
      .type = MapType::hash, .key_size = 4, .value_size = 8, .max_entries = 4, .name = "test"};
  Pinned pinned;
  const std::string free = pinned.root + "/free";
};
INSTANTIATE_TEST_SUITE_P(Every, FaultsOfOpening,
                         ::testing::Values(Fault::of_calls, Fault::of_memory),
                         [](const auto& tested) {
                           return tested.param == Fault::of_calls ? "Call" : "Allocation";
                         });

TEST_P(FaultsOfOpening, CreatesAndOpensWholeMapsOrNone) {
  inject("create", [&](auto&... ec) { (void)Map::create(spec, ec...); });
  inject("create a HashMap", [&](auto&... ec) { (void)Flows::create({.max_entries = 4}, ec...); });
  inject("open_pinned", [&](auto&... ec) { (void)Map::open_pinned(pinned.path, ec...); });
  inject("open_pinned read_only",
         [&](auto&... ec) { (void)Map::open_pinned(pinned.path, Access::read_only, ec...); });
  inject("open_pinned a HashMap",
         [&](auto&... ec) { (void)Flows::open_pinned(pinned.path, ec...); });
  inject("from_id", [&](auto&... ec) { (void)Map::from_id(pinned.map.info().id, ec...); });
  inject("adopt", [&](auto&... ec) {
    (void)Map::adopt(sys::UniqueFd::duplicate_of(pinned.map.fd()), ec...);
  });
  inject("duplicate_of", [&](auto&... ec) { (void)Map::duplicate_of(pinned.map.fd(), ec...); });
  inject("create an ArrayOfMaps", [&](auto&... ec) {
    (void)ArrayOfMaps<Map>::create({.max_entries = 2}, pinned.map, ec...);
  });
}

TEST_P(FaultsOfOpening, PinsOnceOrNotAtAll) {
  inject("open_or_create, there",
         [&](auto&... ec) { (void)open_or_create(pinned.path, spec, ec...); });
  inject("open_or_create, new", [&](auto&... ec) { (void)open_or_create(free, spec, ec...); });
  inject("open_or_create a HashMap",
         [&](auto&... ec) { (void)Flows::open_or_create(free, {.max_entries = 4}, ec...); });
  spec.max_entries = 8;
  inject("open_or_create, replacing", [&](auto&... ec) {
    (void)open_or_create(pinned.path, spec, {.replace_incompatible = true}, ec...);
  });
  inject("pin", [&](auto&... ec) { pinned.map.pin(free, ec...); });
  inject("pin in new folders", [&](auto&... ec) {
    pinned.map.pin(free + "/a/b", {.mode = 0640, .make_folders = true}, ec...);
  });
  inject("unpin", [&](auto&... ec) { (void)Map::unpin(pinned.path, ec...); });
}

TEST_P(FaultsOfOpening, ReplacesThePinOrLeavesIt) {
  inject("resize", [&](auto&... ec) { (void)resize(pinned.map, pinned.path, 8, ec...); });
  spec.max_entries = 8;
  inject("migrate", [&](auto&... ec) { (void)migrate(pinned.map, pinned.path, spec, ec...); });
  inject("migrate with a function", [&](auto&... ec) {
    const Flows flows{again(pinned.map)};
    const auto twice = [](std::uint32_t, std::uint64_t value) { return 2 * value; };
    (void)migrate<Flows>(flows, pinned.path, {.max_entries = 8}, twice, ec...);
  });
}

TEST_P(FaultsOfOpening, FindsAllOrReportsTheError) {
  const std::string& root = pinned.root;
  const Map& map = pinned.map;
  inject("list_pins", [&](auto&... ec) { (void)list_pins(root, ec...); });
  // Not list_maps(): other processes make and free maps meanwhile, so that no two runs are equal.
  inject("next_map_id", [&](auto&... ec) { (void)next_map_id(0, ec...); });
  inject("find_pins", [&](auto&... ec) { (void)find_pins(map, root, ec...); });
  inject("is_pinned_at", [&](auto&... ec) { (void)is_pinned_at(map, pinned.path, ec...); });
  inject("spec_of", [&](auto&... ec) { (void)spec_of(map, ec...); });
  inject("fd_info", [&](auto&... ec) { (void)map.fd_info(ec...); });
  inject("freeze", [&](auto&... ec) { pinned.map.freeze(ec...); });
}

TEST_P(FaultsOfOpening, AsksAgainAfterAProbeFailed) {
  inject("supports a type", [&](auto&... ec) {
    detail::forget_support();
    (void)supports(MapType::hash, ec...);
  });
  inject("supports flags", [&](auto&... ec) {
    detail::forget_support();
    (void)supports(MapType::hash, MapFlags::no_prealloc, ec...);
  });
  for (const auto& asked :
       {std::pair{MapType::hash, Operation::drain}, std::pair{MapType::array, Operation::mmap},
        std::pair{MapType::queue, Operation::update}})
    inject("supports an operation", [&](auto&... ec) {
      detail::forget_support();
      (void)supports(asked.second, asked.first, ec...);
    });
  detail::forget_support();
  EXPECT_EQ(supports(MapType::hash), Support::yes);
}

TEST_P(FaultsOfOpening, WaitsOrReportsTheError) {
  inject("wait_for_programs", [&](auto&... ec) { wait_for_programs(ec...); });
  inject("wait_for_sleepable_programs", [&](auto&... ec) {
    (void)wait_for_sleepable_programs(std::chrono::milliseconds{0}, ec...);
  });
}

TEST_P(FaultsOfOpening, SetsUpRingsAndViews) {
  const auto page = static_cast<std::uint32_t>(::sysconf(_SC_PAGESIZE));
  const Map records = Map::create({.type = MapType::ringbuf, .max_entries = page});
  const Map samples = Map::create({.type = MapType::user_ringbuf, .max_entries = page});
  const Map array = make_map(MapType::array, 4, 8, 4, MapFlags::mmapable);
  const auto ignore = [](BytesView) {};
  inject("RingBuffer", [&](auto&... ec) {
    RingBuffer ring;
    ring.for_each(again(records), ignore, ec...);
  });
  inject("RingReader", [&](auto&... ec) { (void)RingReader{again(records), ec...}; });
  inject("UserRingBuffer", [&](auto&... ec) { (void)UserRingBuffer{again(samples), ec...}; });
  inject("PerfBuffer",
         [&](auto&... ec) { (void)PerfBuffer{new_map(MapType::perf_event_array), 1, ec...}; });
  PerfBuffer perf{new_map(MapType::perf_event_array), 1};
  inject("pause", [&](auto&... ec) { perf.pause(ec...); });
  inject("resume", [&](auto&... ec) { perf.resume(ec...); });
  inject("add_online_cpus", [&](auto&... ec) { (void)perf.add_online_cpus(ec...); });
  inject("MappedArray",
         [&](auto&... ec) { (void)MappedArray<std::uint64_t>{again(array), ec...}; });
  inject("MappedBytes", [&](auto&... ec) { (void)MappedBytes<>{again(array), ec...}; });
  if (!test::kernel_has(MapType::arena)) return;
  inject("Arena", [&](auto&... ec) { (void)Arena{new_map(MapType::arena), ec...}; });
}

}  // namespace
}  // namespace bpfmap
