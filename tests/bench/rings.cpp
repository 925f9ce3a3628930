// SPDX-License-Identifier: MIT
// Records of a ring buffer, by libbpf's callback, by RingBuffer and by RingReader. The time is that
// of one record, read out of a buffer that a program has filled before.
#include <memory>
#include <stdexcept>

#include "bpfmap/interop/libbpf.hpp"
#include "bpfmap/typed/ring_buffer.hpp"
#include "bpfmap/typed/ring_reader.hpp"
#include "rings.bpf.h"
#include "rings.skel.h"
#include "rows.hpp"

namespace bpfmap::bench {
namespace {

constexpr std::uint64_t record_sum = std::uint64_t{RINGS_RECORDS} * (RINGS_RECORDS - 1) / 2;

class Filled {
 public:
  Filled() : skeleton_(::rings__open_and_load(), &::rings__destroy) {
    if (!skeleton_) throw std::runtime_error{"rings.bpf.c does not load"};
  }
  [[nodiscard]] Map map() const { return from(skeleton_->maps.records); }
  void fill() const {
    ::bpf_test_run_opts options{};
    options.sz = sizeof options;
    if (::bpf_prog_test_run_opts(::bpf_program__fd(skeleton_->progs.fill), &options) != 0)
      throw std::runtime_error{"rings.bpf.c does not run"};
  }

 private:
  std::unique_ptr<::rings, decltype(&::rings__destroy)> skeleton_;
};

class ByLibbpf {
 public:
  explicit ByLibbpf(Map map)
      : map_(std::move(map)),
        ring_(::ring_buffer__new(map_.fd(), &add, &sum, nullptr), &::ring_buffer__free) {}
  int consume() { return ::ring_buffer__consume(ring_.get()); }
  std::uint64_t sum = 0;

 private:
  // As a careful caller has it: a record of another size is not read.
  static int add(void* context, void* data, std::size_t size) {
    if (size != sizeof(::rings_record)) return -1;
    *static_cast<std::uint64_t*>(context) += static_cast<const ::rings_record*>(data)->number;
    return 0;
  }

  Map map_;
  std::unique_ptr<::ring_buffer, decltype(&::ring_buffer__free)> ring_;
};

class ByRingBuffer {
 public:
  explicit ByRingBuffer(Map map) {
    ring_.for_each<::rings_record>(std::move(map),
                                   [this](const ::rings_record& record) { sum += record.number; });
  }
  int consume() { return static_cast<int>(ring_.consume()); }
  std::uint64_t sum = 0;

 private:
  RingBuffer ring_;
};

class ByRingReader {
 public:
  explicit ByRingReader(Map map) : ring_(std::move(map)) {}
  int consume() {
    int records = 0;
    for (; const ::rings_record* const record = ring_.next<::rings_record>(); ++records)
      sum += record->number;
    return records;
  }
  std::uint64_t sum = 0;

 private:
  RingReader ring_;
};

template <class Reader>
void add_ring(const char* name) {
  add(std::string{"ring/consume/"} + name, [](benchmark::State& state) {
    const Filled filled;
    Reader reader{filled.map()};
    while (state.KeepRunningBatch(RINGS_RECORDS)) {
      state.PauseTiming();
      filled.fill();
      reader.sum = 0;
      state.ResumeTiming();
      const int records = reader.consume();
      if (records != RINGS_RECORDS || reader.sum != record_sum)
        state.SkipWithError("not every record was read");
    }
    state.SetItemsProcessed(state.iterations());
  });
}

}  // namespace

void add_rings() {
  add_ring<ByLibbpf>("libbpf");
  add_ring<ByRingBuffer>("RingBuffer");
  add_ring<ByRingReader>("RingReader");
}

}  // namespace bpfmap::bench
