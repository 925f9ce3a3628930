// SPDX-License-Identifier: MIT
// Maps whose BTF is made from C++ types: the kernel accepts it, and finds the special fields.
#include "bpfmap/layout/detail/load_btf.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <span>
#include <system_error>

#include "../../../src/explain/special_fields.hpp"
#include "../../../src/layout/btf_of.hpp"
#include "bpfmap/map/map.hpp"
#include "bpfmap/sys/bpf.hpp"
#include "bpfmap/sys/unique_fd.hpp"
#include "kernel_has.hpp"

namespace bpfmap {
namespace {

using detail::Enumerator;
using detail::MemberDescription;
using detail::TypeDescription;
using detail::TypeKind;

template <auto& members>
std::span<const MemberDescription> all() noexcept {
  return members;
}

constexpr TypeDescription u8{.kind = TypeKind::integer, .size = 1};
constexpr TypeDescription u32{.kind = TypeKind::integer, .size = 4};
constexpr TypeDescription s32{.kind = TypeKind::integer, .is_signed = true, .size = 4};
constexpr TypeDescription u64{.kind = TypeKind::integer, .size = 8};
constexpr TypeDescription s128{.kind = TypeKind::integer, .is_signed = true, .size = 16};
constexpr TypeDescription boolean{.kind = TypeKind::boolean, .size = 1};
constexpr TypeDescription character{.kind = TypeKind::character, .size = 1};
constexpr TypeDescription real{.kind = TypeKind::floating, .size = 8};
constexpr TypeDescription pointer{.kind = TypeKind::pointer, .size = 8};
constexpr TypeDescription chars{
    .kind = TypeKind::array, .size = 16, .element = &character, .count = 16};
constexpr TypeDescription row{.kind = TypeKind::array, .size = 12, .element = &u32, .count = 3};
constexpr TypeDescription matrix{.kind = TypeKind::array, .size = 24, .element = &row, .count = 2};
constexpr TypeDescription five_bytes{.kind = TypeKind::bytes, .name = "Opaque<5>", .size = 5};

constexpr std::array<Enumerator, 2> colours{{{"red", 0}, {"blue", 7}}};
constexpr TypeDescription colour{
    .kind = TypeKind::enumeration, .name = "colour", .size = 4, .enumerators = colours};
constexpr std::array<Enumerator, 2> signs{{{"minus", ~std::uint64_t{0}}, {"plus", 1}}};
constexpr TypeDescription sign{.kind = TypeKind::enumeration,
                               .is_signed = true,
                               .name = "sign",
                               .size = 1,
                               .enumerators = signs};
constexpr std::array<Enumerator, 1> larges{{{"large", std::uint64_t{1} << 63U}}};
constexpr TypeDescription large{
    .kind = TypeKind::enumeration, .name = "large_enum", .size = 8, .enumerators = larges};

constexpr std::array<MemberDescription, 2> inner_members{
    {{"low", &u32, 0, 0}, {"high", &u32, 32, 0}}};
constexpr TypeDescription inner{
    .kind = TypeKind::structure, .name = "inner", .size = 8, .members = &all<inner_members>};
constexpr std::array<MemberDescription, 2> union_members{
    {{"number", &u64, 0, 0}, {"halves", &inner, 0, 0}}};
constexpr TypeDescription either{
    .kind = TypeKind::union_type, .size = 8, .members = &all<union_members>};

constexpr std::array<MemberDescription, 14> members{{{"a", &u32, 0, 3},
                                                     {"b", &u32, 3, 29},
                                                     {"c", &colour, 32, 0},
                                                     {"d", &sign, 64, 0},
                                                     {"e", &boolean, 72, 0},
                                                     {"f", &five_bytes, 80, 0},
                                                     {"g", &large, 128, 0},
                                                     {"h", &real, 192, 0},
                                                     {"i", &pointer, 256, 0},
                                                     {"", &either, 320, 0},
                                                     {"j", &matrix, 384, 0},
                                                     {"k", &chars, 576, 0},
                                                     {"l", &u8, 704, 0},
                                                     {"m", &s128, 768, 0}}};
constexpr TypeDescription everything{
    .kind = TypeKind::structure, .name = "Everything<int>", .size = 112, .members = &all<members>};

constexpr std::array<MemberDescription, 1> lock_members{{{"val", &u32, 0, 0}}};
constexpr TypeDescription lock{
    .kind = TypeKind::structure, .name = "bpf_spin_lock", .size = 4, .members = &all<lock_members>};
constexpr TypeDescription timer{.kind = TypeKind::bytes, .name = "bpf_timer", .size = 16};
constexpr std::array<MemberDescription, 3> managed_members{
    {{"lock", &lock, 0, 0}, {"count", &u32, 32, 0}, {"timer", &timer, 64, 0}}};
constexpr TypeDescription managed{
    .kind = TypeKind::structure, .name = "managed", .size = 24, .members = &all<managed_members>};

Map make(MapType type, const TypeDescription* key, const TypeDescription& value,
         std::error_code& ec) {
  const bool is_storage = type == MapType::sk_storage;
  const bool has_key = type != MapType::bloom_filter;
  MapSpec spec{
      .type = type,
      .key_size = has_key ? (key == nullptr ? 4 : static_cast<std::uint32_t>(key->size)) : 0,
      .value_size = static_cast<std::uint32_t>(value.size),
      .max_entries = is_storage ? 0U : 4U,
      .flags = is_storage || type == MapType::lpm_trie ? MapFlags::no_prealloc : MapFlags::none,
      .name = "described"};
  const detail::MapBtf btf = detail::load_btf(spec, key, &value, ec);
  if (ec) return {};
  spec.btf_fd = btf.fd.get();
  spec.btf_key_type_id = btf.key_type_id;
  spec.btf_value_type_id = btf.value_type_id;
  return Map::create(spec, ec);
}

struct Row {
  MapType type;
  const TypeDescription* key;
};

TEST(LoadBtf, IsAcceptedOnEveryTypeThatTakesBtf) {
  constexpr TypeDescription prefix{.kind = TypeKind::bytes, .size = 8};
  for (const auto& [type, key] :
       {Row{MapType::hash, &everything}, Row{MapType::array, nullptr}, Row{MapType::array, &colour},
        Row{MapType::percpu_array, &u32}, Row{MapType::lru_percpu_hash, &either},
        Row{MapType::lpm_trie, &prefix}, Row{MapType::sk_storage, nullptr}}) {
    std::error_code ec;
    const Map map = make(type, key, everything, ec);
    EXPECT_FALSE(ec) << to_string(type) << ": " << explain(ec);
    EXPECT_NE(map.info().btf_id, 0U) << to_string(type);
    EXPECT_NE(map.info().btf_value_type_id, 0U) << to_string(type);
  }
}

TEST(LoadBtf, HoldsAValueOnly) {
  if (!test::kernel_has(MapType::bloom_filter)) GTEST_SKIP() << "no bloom filters";
  std::error_code ec;
  const detail::MapBtf btf =
      detail::load_btf({.type = MapType::bloom_filter, .value_size = 8}, nullptr, &inner, ec);
  ASSERT_FALSE(ec) << ec.message();
  EXPECT_EQ(btf.key_type_id, 0U);
  const Map map = make(MapType::bloom_filter, nullptr, inner, ec);
  EXPECT_FALSE(ec) << explain(ec);
  EXPECT_NE(map.info().btf_value_type_id, 0U);
}

TEST(LoadBtf, ShowsTheKernelItsOwnFields) {
  std::error_code ec;
  Map map = make(MapType::hash, &u32, managed, ec);
  ASSERT_FALSE(ec) << explain(ec);
  EXPECT_EQ(detail::special_fields(map.info()), "bpf_spin_lock at byte 0, bpf_timer at byte 8");
  const Bytes value(24, std::byte{0xff});
  map.update(1, value);
  const auto found = map.lookup(1, LookupFlags::lock);
  ASSERT_TRUE(found);
  EXPECT_EQ((*found)[0], std::byte{}) << "the kernel keeps the lock to itself";
  EXPECT_EQ((*found)[4], std::byte{0xff});
}

TEST(LoadBtf, OfOldKindsIsAcceptedToo) {
  std::error_code ec;
  const detail::MadeBtf all =
      detail::btf_of({.type = MapType::hash, .key_size = 4, .value_size = 112}, &s32, &everything,
                     detail::BtfKinds::all, ec);
  ASSERT_FALSE(ec);
  EXPECT_TRUE(all.needs_all_kinds);
  const detail::MadeBtf old =
      detail::btf_of({.type = MapType::hash, .key_size = 4, .value_size = 112}, &s32, &everything,
                     detail::BtfKinds::old, ec);
  ASSERT_FALSE(ec);
  const detail::Btf read{old.bytes};
  for (std::uint32_t id = 1; const auto type = read.type(id); ++id) {
    EXPECT_NE(type->kind(), detail::BtfKind::enum64);
    EXPECT_NE(type->kind(), detail::BtfKind::floating);
    const bool is_enum = type->kind() == detail::BtfKind::enumeration;
    EXPECT_FALSE(is_enum && type->has_bit_fields());
  }
  EXPECT_EQ(read.size_of(old.value_type_id), everything.size);
  const sys::UniqueFd fd{
      sys::btf_load(old.bytes.data(), static_cast<std::uint32_t>(old.bytes.size()))};
  EXPECT_TRUE(fd);
}

TEST(LoadBtf, DescribesUnknownTypesAsBytes) {
  const MapSpec spec{.type = MapType::hash, .key_size = 6, .value_size = 8};
  std::error_code ec;
  const detail::MadeBtf made = detail::btf_of(spec, &u32, nullptr, detail::BtfKinds::all, ec);
  ASSERT_FALSE(ec);
  const detail::Btf read{made.bytes};
  EXPECT_EQ(read.size_of(made.key_type_id), 6U) << "not the 4 of the key's description";
  EXPECT_EQ(read.size_of(made.value_type_id), 8U);
}

TEST(LoadBtf, RefusesWhatBtfCannotHold) {
  constexpr TypeDescription huge{
      .kind = TypeKind::array, .size = 0xffff'fff8, .element = &u64, .count = 0x1fff'ffff};
  std::error_code ec;
  EXPECT_FALSE(detail::load_btf({.type = MapType::hash, .key_size = 4, .value_size = 0xffff'fff8},
                                &u32, &huge, ec)
                   .fd);
  EXPECT_EQ(ec, std::errc::argument_list_too_long);
}

}  // namespace
}  // namespace bpfmap
