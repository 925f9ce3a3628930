// SPDX-License-Identifier: MIT
#include "bpfmap/sys/ownership.hpp"

#include <pthread.h>
#include <sys/mman.h>

#include "bpfmap/sys/mapping.hpp"

namespace bpfmap::inline v0::sys {
namespace {

// As OwnerProcess::Word.
using Word [[gnu::aligned(8)]] = std::uint64_t;

// The token of this process, or of the one that forked it.
constinit Word last_token = 0;

// Where there is no page that the kernel clears.
constinit Word word_without_page = 0;

Word* make_word() noexcept {
  const std::size_t size = page_size();
  void* const page =
      ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return &word_without_page;
  // An emulator that ignores advice accepts any.
  if (::madvise(page, size, MADV_WIPEONFORK) == 0 && ::madvise(page, size, -1) != 0)
    return static_cast<Word*>(page);
  ::munmap(page, size);
  return &word_without_page;
}

// The kernel clears it in a child (MADV_WIPEONFORK, 4.14), also of clone(2) and in a PID namespace
// where the child has the parent's number. Never unmapped.
Word* word() noexcept {
  static Word* const made = make_word();
  return made;
}

// Runs before there are threads: one could fork while another one makes the word.
int prepare() noexcept {
  (void)word();
  return ::pthread_atfork(nullptr, nullptr, [] { __atomic_store_n(word(), 0, __ATOMIC_RELAXED); });
}
[[maybe_unused]] const int prepared = prepare();

}  // namespace

std::uint64_t process_token() noexcept {
  std::uint64_t token = __atomic_load_n(word(), __ATOMIC_RELAXED);
  if (token != 0) return token;
  const std::uint64_t next = __atomic_load_n(&last_token, __ATOMIC_RELAXED) + 1;
  if (__atomic_compare_exchange_n(word(), &token, next, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
    token = next;
  __atomic_store_n(&last_token, token, __ATOMIC_RELAXED);
  return token;
}

OwnerProcess OwnerProcess::current() noexcept {
  OwnerProcess process;
  process.token_ = process_token();
  process.word_ = word();
  return process;
}

}  // namespace bpfmap::inline v0::sys
