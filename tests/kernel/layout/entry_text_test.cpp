// SPDX-License-Identifier: MIT
// Entries of real maps as text, JSON and bytes, by the BTF that clang made; and the same values as
// bpftool shows them.
#include "bpfmap/layout/entry_text.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <system_error>

#include "bpfmap/bpfmap.hpp"
#include "bpfmap/interop/libbpf.hpp"
#include "entries.skel.h"
#include "kernel_test.hpp"
#include "maps.hpp"

namespace bpfmap {
namespace {

using nlohmann::json;
using Skeleton = std::unique_ptr<entries, decltype(&entries::destroy)>;

Skeleton loaded() { return {entries::open_and_load(), &entries::destroy}; }

constexpr const char* first_flow =
    R"({"key":{"saddr":16777226,"dport":443,"protocol":6},)"
    R"("value":{"packets":18446744073709551615,"balance":-9,"state":"OPEN","blocked":true,)"
    R"("name":"eth0","mac":"0x0a0b0c0d0e0f","ports":[[1,2],[3,65535]],"word":131073,)"
    R"("halves":[1,2],"bits":{"low":15,"middle":-3,"high":1048575},)"
    R"("pointer":"0xffff888000000001","wide":"0x80000000000000000000000000000001"}})";

// The output of `bpftool map dump id ID -j`; null where bpftool is not installed.
json bpftool_dump(std::uint32_t id) {
  const std::string command = "bpftool -j map dump id " + std::to_string(id) + " 2>/dev/null";
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe{::popen(command.c_str(), "r"), &::pclose};
  std::string text;
  std::array<char, 4096> part{};
  while (pipe != nullptr) {
    const std::size_t got = std::fread(part.data(), 1, part.size(), pipe.get());
    if (got == 0) break;
    text.append(part.data(), got);
  }
  return json::accept(text) ? json::parse(text) : json{};
}

// bpftool writes an unsigned char as "0x0a", an array of them as a list, and a pointer and a wide
// number as other texts, and a negative bit-field as a positive number; a member of an unnamed
// union is in a member without a name.
void expect_as_bpftool(const json& own, json theirs) {
  if (own.is_object()) {
    if (const auto unnamed = theirs.find(""); unnamed != theirs.end()) {
      const json members = *unnamed;
      theirs.erase("");
      theirs.update(members);
    }
    ASSERT_EQ(own.size(), theirs.size()) << own << theirs;
    for (const auto& [name, value] : own.items()) expect_as_bpftool(value, theirs[name]);
  } else if (own.is_array()) {
    ASSERT_EQ(own.size(), theirs.size()) << own << theirs;
    for (std::size_t i = 0; i < own.size(); ++i) expect_as_bpftool(own[i], theirs[i]);
  } else if (theirs.is_array()) {
    std::string digits = "0x";
    for (const json& byte : theirs) {
      std::array<char, 8> two{};
      const bool text = byte.is_string();
      const auto number =
          text ? std::stoul(byte.get<std::string>(), nullptr, 16) : byte.get<unsigned>();
      std::snprintf(two.data(), two.size(), "%02lx", static_cast<unsigned long>(number));
      digits += two.data();
    }
    EXPECT_EQ(own, digits);
  } else if (theirs.is_string() && own.is_number()) {
    EXPECT_EQ(own.get<unsigned long>(), std::stoul(theirs.get<std::string>(), nullptr, 16));
  } else {
    EXPECT_EQ(own, theirs);
  }
}

// Every entry of the map as JSON, and each one read back.
std::map<std::string, json> dumped(const Map& map, const EntryText& text) {
  std::map<std::string, json> all;
  for (const auto& [key, value] : scan(map)) {
    const std::string line = text.entry_text(key, value, TextStyle::json);
    const ParsedEntry entry = text.parse_entry(line);
    EXPECT_TRUE(std::equal(key.begin(), key.end(), entry.key.begin(), entry.key.end()));
    EXPECT_TRUE(std::equal(value.begin(), value.end(), entry.value.begin(), entry.value.end()));
    EXPECT_EQ(text.parse_entry(text.entry_text(key, value, TextStyle::lines)).value, entry.value);
    json parsed = json::parse(line);
    all[parsed["key"].dump()] = parsed;
  }
  return all;
}

TEST(EntryTextOfARealMap, HasEveryMemberByItsType) {
  const Skeleton skeleton = loaded();
  ASSERT_NE(skeleton, nullptr);
  Map flows = from(skeleton->maps.flows);
  const EntryText text{flows};
  EXPECT_EQ(text.reason(), "");
  EXPECT_TRUE(text.has_btf());
  const ParsedEntry entry = text.parse_entry(first_flow);
  flows.update(entry.key, entry.value);
  ASSERT_EQ(flows.lookup(entry.key), entry.value);
  EXPECT_EQ(text.entry_text(entry.key, entry.value, TextStyle::json), first_flow);
  flows.update(text.parse_key("saddr=0x0a000001 dport=80"), text.parse_value("state=HALF_OPEN"));
  flows.update(text.parse_key("saddr=7"), text.parse_value("state=99 name=\"\\u00e9t\\u00e9\""));
  EXPECT_EQ(dumped(flows, text).size(), 3U);
}

TEST(EntryTextOfARealMap, HasTheValuesThatBpftoolShows) {
  const Skeleton skeleton = loaded();
  ASSERT_NE(skeleton, nullptr);
  Map flows = from(skeleton->maps.per_cpu);
  const EntryText text{flows};
  EXPECT_EQ(text.reason(), "");
  for (int key = 0; key < 5; ++key) {
    Bytes slots(sys::percpu_size(8));
    for (std::size_t cpu = 0; cpu < sys::possible_cpus().size(); ++cpu)
      text.parse_value_into(
          "saddr=" + std::to_string(key * 100) + " protocol=" + std::to_string(cpu),
          MutableBytesView{slots}.subspan(cpu * 8, 8));
    std::vector<Bytes> values;
    for (std::size_t at = 0; at < slots.size(); at += 8)
      values.emplace_back(slots.begin() + static_cast<std::ptrdiff_t>(at),
                          slots.begin() + static_cast<std::ptrdiff_t>(at + 8));
    flows.update_percpu(key, values);
  }
  const json theirs = bpftool_dump(flows.info().id);
  const auto own = dumped(flows, text);
  EXPECT_EQ(own.size(), 5U);
  for (const json& entry : theirs.is_null() ? json::array() : theirs)
    expect_as_bpftool(own.at(entry["formatted"]["key"].dump()), entry["formatted"]);

  Map plain = from(skeleton->maps.flows);
  const EntryText plain_text{plain};
  for (int i = 0; i < 4; ++i)
    plain.update(plain_text.parse_key("saddr=" + std::to_string(i)),
                 plain_text.parse_value("packets=5 balance=-6 state=OPEN mac=0x010203040506 "
                                        "ports=[[1,2],[3,4]] word=9 bits={low=3 middle=5 high=9}"));
  for (const json& entry : bpftool_dump(plain.info().id)) {
    json formatted = entry["formatted"];
    // bpftool writes these two as other texts.
    formatted["value"]["pointer"] = "0x0";
    formatted["value"]["wide"] = "0x00000000000000000000000000000000";
    const auto all = dumped(plain, plain_text);
    EXPECT_EQ(all.size(), 4U);
    bool found = false;
    for (const auto& [key, value] : all) {
      if (value["key"]["saddr"] != formatted["key"]["saddr"]) continue;
      expect_as_bpftool(value, formatted);
      found = true;
    }
    EXPECT_TRUE(found);
  }
}

TEST(EntryTextOfARealMap, NamesTheVariablesOfASection) {
  const Skeleton skeleton = loaded();
  ASSERT_NE(skeleton, nullptr);
  const Map data = from(skeleton->maps.data);
  const EntryText text{data};
  EXPECT_EQ(text.reason(), "");
  const auto value = data.lookup(0);
  ASSERT_TRUE(value);
  EXPECT_EQ(text.entry_text(Bytes(4), *value), "key: 0 value: {counted=5, hidden=[1, 2]}");
}

long without_btf_access(int cmd, void* attr, unsigned int size) noexcept {
  if (cmd == static_cast<int>(sys::Command::btf_get_fd_by_id)) return -EPERM;
  return sys::bpf_syscall(cmd, attr, size);
}

TEST(EntryTextOfARealMap, WithoutPermissionToReadBtfSaysSo) {
  const Skeleton skeleton = loaded();
  ASSERT_NE(skeleton, nullptr);
  const Map map = from(skeleton->maps.per_cpu);
  const auto before = sys::set_bpf_for_testing(&without_btf_access);
  const EntryText text{map};
  sys::set_bpf_for_testing(before);
  EXPECT_FALSE(text.has_btf());
  EXPECT_EQ(text.reason(),
            "the map's BTF cannot be read: EPERM (Operation not permitted); that needs "
            "CAP_SYS_ADMIN");
  EXPECT_EQ(text.key_text(Bytes(4)), "0");
  EXPECT_EQ(text.value_text(Bytes(8)), "0");
}

TEST(EntryTextOfARealMap, WithoutBtfSaysSo) {
  Map map = test::make_map(MapType::hash, 4, 8);
  map.update(1, 2);
  const EntryText text{map};
  EXPECT_EQ(text.reason(), "the map has no BTF");
  EXPECT_FALSE(text.has_btf());
  EXPECT_EQ(dumped(map, text).at("1").at("value"), 2);
}

}  // namespace
}  // namespace bpfmap
