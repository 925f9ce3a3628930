// SPDX-License-Identifier: MIT
// The sections of a program as memory: whole, in parts and by the names of their variables; and
// maps that go from libbpf to bpfmap and back.
#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>
#include <system_error>
#include <utility>

#include "bpfmap/bpfmap.hpp"
#include "bpfmap/interop/libbpf.hpp"
#include "fake_bpf.hpp"
#include "kernel_test.hpp"
#include "maps.hpp"
#include "sections.h"  // before the skeleton, which names its struct
#include "sections.skel.h"
#include "told.hpp"

namespace bpfmap {
namespace {

using test::contains;
using test::told;

using Skeleton = std::unique_ptr<sections, decltype(&sections::destroy)>;

Skeleton opened() { return {sections::open(), &sections::destroy}; }
Skeleton loaded() { return {sections::open_and_load(), &sections::destroy}; }

void run(const Skeleton& skeleton) {
  bpf_test_run_opts options{};
  options.sz = sizeof options;
  ASSERT_EQ(::bpf_prog_test_run_opts(::bpf_program__fd(skeleton->progs.mark), &options), 0);
}

// --- whole sections ---

TEST(SectionAsAnArray, MayLackThePaddingAtItsEnd) {
  const auto skeleton = loaded();
  ASSERT_NE(skeleton, nullptr);
  static_assert(sizeof(sections::sections__bss) == 16);
  ASSERT_EQ(from(skeleton->maps.bss).info().value_size, 9U);
  const MappedArray<sections::sections__bss> bss{from(skeleton->maps.bss)};
  ASSERT_EQ(bss.size(), 1U);
  run(skeleton);
  EXPECT_EQ(bss[0].hits, 1U);
  EXPECT_EQ(bss[0].seen, 1);
  bss[0].hits = 10;
  run(skeleton);
  EXPECT_EQ(bss[0].hits, 11U);
  EXPECT_EQ(bss.end() - bss.begin(), 1);
}

TEST(SectionAsAnArray, MayHoldStaticVariablesBehindTheStruct) {
  const auto skeleton = loaded();
  ASSERT_NE(skeleton, nullptr);
  struct Settings {
    std::uint64_t limit;
    std::uint64_t step;
  };
  ASSERT_EQ(from(skeleton->maps.data).info().value_size, 20U);
  const MappedArray<Settings> data{from(skeleton->maps.data)};
  ASSERT_EQ(data.size(), 1U);
  EXPECT_EQ(data[0].limit, 5U);
  data[0].step = 7;
  run(skeleton);
  EXPECT_EQ((MappedArray<sections::sections__bss>{from(skeleton->maps.bss)}[0].hits), 7U);
}

TEST(SectionAsAnArray, MayHoldElementsOnCacheLinesOfTheirOwn) {
  const auto skeleton = loaded();
  ASSERT_NE(skeleton, nullptr);
  const MappedArray<line> lines{from(skeleton->maps.data_lines)};
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_EQ(lines[3].value, 4U);
  run(skeleton);
  EXPECT_EQ(lines[2].value, 3U + 42U);
  const MappedArray<std::array<line, 4>> whole{from(skeleton->maps.data_lines)};
  EXPECT_EQ(whole[0][2].value, 45U);
}

TEST(SectionAsAnArray, IsRefusedToAStructThatGoesBeyondIt) {
  const auto skeleton = loaded();
  ASSERT_NE(skeleton, nullptr);
  const auto text = told(Errc::wrong_value_size, [&](auto&... ec) {
    MappedArray<std::array<std::uint64_t, 3>> view{from(skeleton->maps.bss), ec...};
  });
  EXPECT_TRUE(contains(text, "value type has 24 bytes, the map's values have 9"));
}

TEST(SectionAsAnArray, MayBeAlignedToAPage) {
  const auto skeleton = loaded();
  ASSERT_NE(skeleton, nullptr);
  ASSERT_EQ(from(skeleton->maps.data_page).info().value_size, 4097U);
  const MappedArray<sections::sections__data_page> view{from(skeleton->maps.data_page)};
  ASSERT_EQ(view.size(), 1U);
  run(skeleton);
  EXPECT_EQ(view[0].page.first.value, 8U);
  EXPECT_EQ(view[0].behind_page, 9);
}

// A section of an object without BTF: its map has a section's name.
TEST(SectionAsAnArray, MayLackItsBtf) {
  struct Globals {
    std::uint64_t hits;
    char seen;
  };
  const Map bss = Map::create({.type = MapType::array,
                               .key_size = 4,
                               .value_size = 9,
                               .max_entries = 1,
                               .flags = MapFlags::mmapable,
                               .name = "prog.bss"});
  const MappedArray<Globals> view{bss.duplicate()};
  ASSERT_EQ(view.size(), 1U);
  view[0].seen = 7;
  EXPECT_EQ((bss.lookup<std::array<std::byte, 9>>(0)->at(8)), std::byte{7});
  (void)told(Errc::wrong_value_size, [&](auto&... ec) {
    MappedArray<std::array<std::uint64_t, 3>> large{bss.duplicate(), ec...};
  });
}

TEST(MappedArray, RefusesASingleValueThatIsNoSectionAndTooSmall) {
  const Map narrow = test::make_map(MapType::array, 4, 4, 1, MapFlags::mmapable);
  (void)told(Errc::wrong_value_size,
             [&](auto&... ec) { MappedArray<std::uint64_t> view{narrow.duplicate(), ec...}; });
}

template <std::size_t alignment>
void expect_aligned() {
  struct alignas(alignment) Value {
    std::uint64_t number;
  };
  const auto array = MappedArray<Value>::create({.max_entries = 3});
  for (std::uint32_t i = 0; i < 3; ++i) {
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(&array[i]) % alignment, 0U);
    array[i].number = i + 1;
    Value held{};
    EXPECT_EQ(sys::map_lookup_elem(array.map().fd(), &i, &held), 0);
    EXPECT_EQ(held.number, i + 1);
  }
}

TEST(MappedArray, AlignsItsElementsUpToAPage) {
  expect_aligned<16>();
  expect_aligned<64>();
  expect_aligned<4096>();
}

// --- checked access ---

TEST(MappedArrayAt, IsTheElementOrAnError) {
  auto array = MappedArray<std::uint64_t>::create({.max_entries = 4});
  array.at(3) = 7;
  std::error_code ec = Errc::no_map;
  ASSERT_NE(array.at(3, ec), nullptr);
  EXPECT_EQ(ec, std::error_code{});
  EXPECT_EQ(*array.at(3, ec), 7U);
  for (const std::size_t i : {std::size_t{4}, ~std::size_t{0}}) {
    const auto text =
        told(Errc::index_out_of_range, [&](auto&... error) { (void)array.at(i, error...); });
    EXPECT_TRUE(contains(text, "index " + std::to_string(i) + " is out of range (4 elements)"));
  }
  const auto moved = std::move(array);
  (void)told(Errc::no_map, [&](auto&... error) { (void)array.at(0, error...); });
}

// --- bytes ---

TEST(MappedBytes, AreAResizedSectionAsManyElementsAsItHas) {
  const auto skeleton = opened();
  ASSERT_NE(skeleton, nullptr);
  constexpr std::uint32_t elements = 7;
  ASSERT_EQ(::bpf_map__set_value_size(skeleton->maps.data_started, elements * 8), 0);
  ASSERT_EQ(sections::load(skeleton.get()), 0);
  const MappedBytes data{from(skeleton->maps.data_started)};
  const auto started = data.as<std::uint64_t>();
  ASSERT_EQ(started.size(), elements);
  run(skeleton);
  EXPECT_EQ(started[0], 5U);
  EXPECT_EQ(data.as<std::uint32_t>().size(), 2 * elements);
  EXPECT_EQ(data.bytes().size(), elements * 8);
  EXPECT_EQ(data.size(), elements * 8);
  const MappedArray<std::uint64_t> array{from(skeleton->maps.data_started)};
  EXPECT_EQ(array.size(), elements);
  EXPECT_EQ(array[0], 5U);
  EXPECT_EQ(array.at(elements - 1), 0U);
  EXPECT_TRUE(contains(
      told(Errc::index_out_of_range, [&](auto&... ec) { (void)array.at(elements, ec...); }),
      "index 7 is out of range (7 elements)"));
}

TEST(MappedBytes, AreValuesOfASizeKnownAtRunTime) {
  auto bytes = MappedBytes<>::create({.value_size = 12, .max_entries = 5});
  EXPECT_EQ(bytes.value_size(), 12U);
  EXPECT_EQ(bytes.stride(), 16U);
  EXPECT_EQ(bytes.size(), 4 * 16U + 12U);
  for (std::uint32_t i = 0; i < 5; ++i) {
    bytes.as<std::uint32_t>(i)[2] = i + 100;
    std::array<std::uint32_t, 3> held{};
    EXPECT_EQ(sys::map_lookup_elem(bytes.map().fd(), &i, &held), 0);
    EXPECT_EQ(held[2], i + 100);
    EXPECT_EQ(bytes.at(i).size(), 12U);
    EXPECT_EQ(bytes.at(i).data(), bytes.bytes().data() + i * 16);
  }
  (void)told(Errc::index_out_of_range, [&](auto&... ec) { (void)bytes.at(5, ec...); });
  EXPECT_TRUE(contains(told(Errc::wrong_value_size,
                            [&](auto&... ec) {
                              if constexpr (sizeof...(ec) == 0)
                                (void)bytes.as<std::uint64_t>();
                              else
                                (void)bytes.as<std::uint64_t>(0, ec...);
                            }),
                       "value type has 8 bytes, the map's values have 12"));
  const auto moved = std::move(bytes);
  EXPECT_FALSE(bytes);
  EXPECT_TRUE(bytes.bytes().empty());
  (void)told(Errc::no_map, [&](auto&... ec) { (void)bytes.at(0, ec...); });
  EXPECT_EQ(moved.as<std::uint32_t>(4)[2], 104U);
}

TEST(MappedBytes, OfConstReadAFrozenMap) {
  auto map = test::make_map(MapType::array, 4, 8, 1, MapFlags::mmapable);
  map.update(0, 7);
  map.freeze();
  const MappedBytes<const std::byte> bytes{map.duplicate()};
  EXPECT_EQ(bytes.as<std::uint64_t>()[0], 7U);
  static_assert(
      std::is_same_v<decltype(bytes.as<std::uint64_t>()), std::span<const std::uint64_t>>);
  (void)told(EPERM, [&](auto&... ec) { MappedBytes<> view{map.duplicate(), ec...}; });
}

// --- variables by their names ---

TEST(FindVariable, IsWhereTheProgramHasIt) {
  const auto skeleton = loaded();
  ASSERT_NE(skeleton, nullptr);
  std::error_code ec = Errc::no_map;
  const Map bss = from(skeleton->maps.bss);
  EXPECT_EQ(find_variable(bss, "hits", ec), (GlobalVariable{0, 8}));
  EXPECT_EQ(ec, std::error_code{});
  EXPECT_EQ(find_variable(bss, "seen"), (GlobalVariable{8, 1}));
  EXPECT_EQ(find_variable(from(skeleton->maps.data), "hidden"), (GlobalVariable{16, 4}));
  EXPECT_EQ(find_variable(from(skeleton->maps.data_lines), "lines").size, 256U);
}

TEST(FindVariable, FindsStaticVariablesOfFunctions) {
  const auto skeleton = loaded();
  ASSERT_NE(skeleton, nullptr);
  const Map calls = from(skeleton->maps.data_calls);
  run(skeleton);
  const auto values = calls.lookup<std::array<std::uint32_t, 2>>(0);
  ASSERT_TRUE(values);
  const auto value_of = [&](const char* name) {
    return values->at(find_variable(calls, name).offset / sizeof(std::uint32_t));
  };
  EXPECT_EQ(value_of("first_calls.calls"), 101U);
  EXPECT_EQ(value_of("second_calls.calls"), 201U);
  (void)told(Errc::no_such_variable,
             [&](auto&... ec) { (void)find_variable(calls, "calls", ec...); });
}

// As after linking two files with a static variable each.
TEST(FindVariable, RefusesANameThatSeveralVariablesHave) {
  const auto skeleton = loaded();
  ASSERT_NE(skeleton, nullptr);
  const Map bss = from(skeleton->maps.bss);
  const test::FakeBpf fake{[](int cmd, void* attr, unsigned int size) -> long {
    const long result = sys::bpf_syscall(cmd, attr, size);
    if (cmd != BPF_OBJ_GET_INFO_BY_FD) return result;
    bpf_attr request{};
    std::memcpy(&request, attr, size);
    bpf_btf_info info{};
    std::memcpy(&info, reinterpret_cast<void*>(request.info.info), 16);
    void* const at = info.btf == 0
                         ? nullptr
                         : ::memmem(reinterpret_cast<void*>(info.btf), info.btf_size, "\0seen", 6);
    if (at != nullptr) std::memcpy(at, "\0hits", 6);
    return result;
  }};
  EXPECT_TRUE(
      contains(told(ENOTUNIQ, [&](auto&... ec) { (void)find_variable(bss, "hits", ec...); }),
               "several static variables of the section have this name"));
}

TEST(MappedBytesVariable, IsTheProgramsOwn) {
  const auto skeleton = loaded();
  ASSERT_NE(skeleton, nullptr);
  const MappedBytes bss{from(skeleton->maps.bss)};
  const MappedBytes data{from(skeleton->maps.data)};
  const MappedBytes<const std::byte> reader{from(skeleton->maps.bss)};
  EXPECT_EQ(data.variable<std::uint32_t>("hidden"), 42U);
  data.variable<std::uint64_t>("step") = 100;
  run(skeleton);
  EXPECT_EQ(bss.variable<std::uint64_t>("hits"), 100U);
  EXPECT_EQ(reader.variable<std::uint64_t>("hits"), 100U);
  static_assert(std::is_same_v<decltype(reader.variable<char>("seen")), const char&>);
  std::error_code ec;
  EXPECT_EQ(*bss.variable<char>("seen", ec), 1);
}

TEST(MappedBytesVariable, IsRefusedToAnotherTypeAndAnotherName) {
  const auto skeleton = loaded();
  ASSERT_NE(skeleton, nullptr);
  const MappedBytes bss{from(skeleton->maps.bss)};
  EXPECT_TRUE(contains(told(Errc::wrong_value_size,
                            [&](auto&... ec) { (void)bss.variable<std::uint32_t>("hits", ec...); }),
                       "the variable's size differs from that of the requested type (4 bytes)"));
  EXPECT_TRUE(contains(told(Errc::no_such_variable,
                            [&](auto&... ec) { (void)bss.variable<std::uint64_t>("hit", ec...); }),
                       "no variable of this name"));
  (void)told(Errc::no_such_variable,
             [&](auto&... ec) { (void)find_variable(bss.map(), "", ec...); });
}

TEST(FindVariable, IsRefusedOfAMapThatIsNoSection) {
  const Map array = test::make_map(MapType::array, 4, 8, 1, MapFlags::mmapable);
  EXPECT_TRUE(
      contains(told(Errc::no_btf, [&](auto&... ec) { (void)find_variable(array, "hits", ec...); }),
               "BTF does not name its variables"));
  (void)told(Errc::no_map, [](auto&... ec) { (void)find_variable(Map{}, "hits", ec...); });
}

// Every byte of it cut off, and each kind of it unknown.
TEST(FindVariable, ReadsNothingBehindDamagedBtf) {
  const auto skeleton = loaded();
  ASSERT_NE(skeleton, nullptr);
  const Map bss = from(skeleton->maps.bss);
  for (std::uint32_t keep = 0; keep < 600; keep += 3) {
    const test::FakeBpf fake{[keep](int cmd, void* attr, unsigned int size) -> long {
      const long result = sys::bpf_syscall(cmd, attr, size);
      if (cmd != BPF_OBJ_GET_INFO_BY_FD) return result;
      bpf_attr request{};
      std::memcpy(&request, attr, size);
      bpf_btf_info info{};
      std::memcpy(&info, reinterpret_cast<void*>(request.info.info), 16);
      if (info.btf == 0) {
        info.btf_size = std::min(info.btf_size, keep);
        std::memcpy(reinterpret_cast<void*>(request.info.info), &info, 16);
        return 0;
      }
      return result;
    }};
    std::error_code ec;
    const auto found = find_variable(bss, "hits", ec);
    EXPECT_TRUE(ec ? found == GlobalVariable{} : found == (GlobalVariable{0, 8})) << keep;
  }
}

// --- from() and reuse() ---

TEST(FromLibbpf, NamesTheMapThatIsNotLoaded) {
  const auto skeleton = opened();
  ASSERT_NE(skeleton, nullptr);
  const auto text =
      told(Errc::map_not_loaded, [&](auto&... ec) { (void)from(skeleton->maps.counts, ec...); });
  EXPECT_TRUE(contains(text, "counts"));
  EXPECT_TRUE(contains(text, "load the object first"));
  EXPECT_TRUE(contains(told(Errc::map_not_loaded, [](auto&... ec) { (void)from(nullptr, ec...); }),
                       "nullptr"));
}

TEST(FromLibbpf, NamesTheMapWhoseAutocreateIsOff) {
  const auto skeleton = opened();
  ASSERT_NE(skeleton, nullptr);
  ASSERT_EQ(::bpf_program__set_autoload(skeleton->progs.mark, false), 0);
  ASSERT_EQ(::bpf_map__set_autocreate(skeleton->maps.counts, false), 0);
  ASSERT_EQ(sections::load(skeleton.get()), 0);
  const auto text =
      told(Errc::map_not_loaded, [&](auto&... ec) { (void)from(skeleton->maps.counts, ec...); });
  EXPECT_TRUE(contains(text, "counts"));
  EXPECT_TRUE(contains(text, "autocreate"));
}

using Counts = HashMap<std::uint32_t, std::uint64_t>;

TEST(Reuse, HasAProgramUseAMapThatWasThereBefore) {
  auto counts = Counts::create({.max_entries = 100, .name = "mine"});
  counts.update(1, 41);
  const std::size_t before = test::open_descriptors();
  {
    const auto skeleton = opened();
    ASSERT_NE(skeleton, nullptr);
    reuse(skeleton->maps.counts, counts.map());
    ASSERT_EQ(sections::load(skeleton.get()), 0);
    EXPECT_EQ(from(skeleton->maps.counts).info().id, counts.map().info().id);
    EXPECT_EQ(::bpf_map__max_entries(skeleton->maps.counts), 100U);
    run(skeleton);
    EXPECT_EQ(counts.lookup(1), 42U);
  }
  EXPECT_EQ(test::open_descriptors(), before);
  EXPECT_EQ(counts.lookup(1), 42U) << "it outlives the object";
}

TEST(Reuse, RefusesAMapOfAnotherKind) {
  const auto skeleton = opened();
  ASSERT_NE(skeleton, nullptr);
  const auto refused = [&](std::error_code code, const Map& map) {
    return told(code, [&](auto&... ec) { reuse(skeleton->maps.counts, map, ec...); });
  };
  EXPECT_TRUE(contains(refused(Errc::wrong_map_type, test::make_map(MapType::array, 4, 8)),
                       "another type than array"));
  EXPECT_TRUE(contains(refused(Errc::wrong_key_size, test::make_map(MapType::hash, 8, 8)),
                       "keys of 4 bytes, this one of 8"));
  EXPECT_TRUE(contains(refused(Errc::wrong_value_size, test::make_map(MapType::hash, 4, 4)),
                       "values of 8 bytes, this one of 4"));
  (void)refused(Errc::no_map, Map{});
  (void)told(Errc::map_not_loaded, [](auto&... ec) { reuse(nullptr, Map{}, ec...); });
}

TEST(Reuse, RefusesAnObjectThatIsLoaded) {
  const auto skeleton = loaded();
  ASSERT_NE(skeleton, nullptr);
  const auto counts = Counts::create({.max_entries = 4});
  const std::uint32_t before = from(skeleton->maps.counts).info().id;
  EXPECT_TRUE(
      contains(told(EBUSY, [&](auto&... ec) { reuse(skeleton->maps.counts, counts.map(), ec...); }),
               "between its open() and its load()"));
  EXPECT_EQ(from(skeleton->maps.counts).info().id, before);
}

}  // namespace
}  // namespace bpfmap
