// SPDX-License-Identifier: MIT
// The few BTF types that creations need, loaded without libbpf.
#pragma once

#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <linux/btf.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "bpfmap/sys/bpf.hpp"
#include "bpfmap/sys/unique_fd.hpp"

namespace bpfmap::test {

/// Loads `int`, `struct bpf_spin_lock { int val; }`, `struct plain { int a; }`,
/// `struct locked { int a; struct bpf_spin_lock lock; }`,
/// `struct wide { struct bpf_spin_lock lock; int words[255]; }`,
/// `struct pair { int a; int b; }`, `struct lock_first { struct bpf_spin_lock lock; int a; }`,
/// `struct timed { struct bpf_timer t; }`, `struct counted { struct bpf_timer t; u64 count; }`,
/// and, where the kernel knows type tags (5.17), `struct pointing { struct task_struct
/// __kptr_untrusted *task; }`.
class SmallBtf {
 public:
  static constexpr std::uint32_t integer = 1;     // 4 bytes
  static constexpr std::uint32_t spin_lock = 2;   // 4 bytes
  static constexpr std::uint32_t plain = 3;       // 4 bytes
  static constexpr std::uint32_t locked = 4;      // 8 bytes
  static constexpr std::uint32_t wide = 6;        // 1024 bytes
  static constexpr std::uint32_t pair = 7;        // 8 bytes
  static constexpr std::uint32_t lock_first = 8;  // 8 bytes
  static constexpr std::uint32_t timed = 10;      // 16 bytes
  static constexpr std::uint32_t counted = 12;    // 24 bytes
  static constexpr std::uint32_t pointing = 16;   // 8 bytes

  SmallBtf() {
    add({name("int"), BTF_KIND_INT << 24U, 4, BTF_INT_SIGNED << 24U | 32U});
    add({name("bpf_spin_lock"), structure(1), 4, name("val"), integer, 0});
    add({name("plain"), structure(1), 4, name("a"), integer, 0});
    add({name("locked"), structure(2), 8, name("a"), integer, 0, name("lock"), spin_lock, 32});
    add({0, BTF_KIND_ARRAY << 24U, 0, integer, integer, 255});
    add({name("wide"), structure(2), 1024, name("lock"), spin_lock, 0, name("words"), 5, 32});
    add({name("pair"), structure(2), 8, name("a"), integer, 0, name("b"), integer, 32});
    add({name("lock_first"), structure(2), 8, name("lock"), spin_lock, 0, name("a"), integer, 32});
    add({name("bpf_timer"), structure(0), 16});
    add({name("timed"), structure(1), 16, name("t"), 9, 0});
    add({name("u64"), BTF_KIND_INT << 24U, 8, 64U});
    add({name("counted"), structure(2), 24, name("t"), 9, 0, name("count"), 11, 128});
    const std::size_t without_tags = types_.size();
    add({name("task_struct"), structure(0), 0});
    add({name("kptr_untrusted"), BTF_KIND_TYPE_TAG << 24U, 13});
    add({0, BTF_KIND_PTR << 24U, 14});
    add({name("pointing"), structure(1), 8, name("task"), 15, 0});
    if (!load()) {
      types_.resize(without_tags);
      EXPECT_TRUE(load()) << "BPF_BTF_LOAD";
    }
  }

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }

 private:
  static constexpr std::uint32_t structure(std::uint32_t members) {
    return BTF_KIND_STRUCT << 24U | members;
  }
  std::uint32_t name(std::string_view text) {
    const auto offset = static_cast<std::uint32_t>(strings_.size());
    strings_ += text;
    strings_ += '\0';
    return offset;
  }
  void add(std::initializer_list<std::uint32_t> words) { types_.insert(types_.end(), words); }

  bool load() {
    btf_header header{};
    header.magic = BTF_MAGIC;
    header.version = BTF_VERSION;
    header.hdr_len = sizeof header;
    header.type_len = static_cast<std::uint32_t>(types_.size() * sizeof types_[0]);
    header.str_off = header.type_len;
    header.str_len = static_cast<std::uint32_t>(strings_.size());
    std::string blob(sizeof header + header.type_len, '\0');
    std::memcpy(blob.data(), &header, sizeof header);
    std::memcpy(blob.data() + sizeof header, types_.data(), header.type_len);
    blob += strings_;
    bpf_attr attr;
    std::memset(&attr, 0, sizeof attr);
    attr.btf = sys::detail::address(blob.data());
    attr.btf_size = static_cast<std::uint32_t>(blob.size());
    const long result = sys::bpf(BPF_BTF_LOAD, &attr, sizeof attr);
    fd_ = sys::UniqueFd{static_cast<int>(result)};
    return result >= 0;
  }

  std::vector<std::uint32_t> types_;
  std::string strings_ = std::string(1, '\0');
  sys::UniqueFd fd_;
};

}  // namespace bpfmap::test
