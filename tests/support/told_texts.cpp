// SPDX-License-Identifier: MIT
#include "told_texts.hpp"

#include <sys/mman.h>

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>

#include "kernel_test.hpp"

namespace bpfmap::test {
namespace {

// Shared with forked children. Texts follow each other, each ends with a zero.
struct Texts {
  static constexpr std::size_t room = 16U << 20U;
  std::atomic<std::size_t> size{0};
  char bytes[room];
};

Texts* texts() {
  static Texts* const shared = [] {
    void* const memory = ::mmap(nullptr, sizeof(Texts), PROT_READ | PROT_WRITE,
                                MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return memory == MAP_FAILED ? nullptr : new (memory) Texts;
  }();
  return shared;
}

// Before main(), so that every child shares it.
[[maybe_unused]] const Texts* const made_early = notes_texts() ? texts() : nullptr;

}  // namespace

bool notes_texts() {
  const char* const value = std::getenv("BPFMAP_EVERY_CAUSE");
  return value != nullptr && std::string_view{value} == "1";
}

void note_text(std::string_view text) {
  if (!notes_texts() || ReplacedBpf::is_active() || texts() == nullptr) return;
  const std::size_t at = texts()->size.fetch_add(text.size() + 1);
  if (at + text.size() < Texts::room) std::memcpy(texts()->bytes + at, text.data(), text.size());
}

std::vector<std::string> noted_texts() {
  std::vector<std::string> list;
  if (texts() == nullptr) return list;
  for (std::size_t at = 0; at < texts()->size && at < Texts::room; at += list.back().size() + 1)
    list.emplace_back(texts()->bytes + at);
  return list;
}

}  // namespace bpfmap::test
