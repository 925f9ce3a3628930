// SPDX-License-Identifier: MIT
// Writes records to ring buffers and a perf event array, and takes samples from a user ring buffer,
// as a test asks for by BPF_PROG_TEST_RUN.
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "rings.bpf.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 4096);
} first SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 4096);
} second SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
  __uint(key_size, sizeof(__u32));
  __uint(value_size, sizeof(__u32));
} perf SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_USER_RINGBUF);
  __uint(max_entries, 4096);
} samples SEC(".maps");

// What the drained samples were.
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __type(key, __u32);
  __type(value, struct rings_event);
  __uint(max_entries, 16);
} drained SEC(".maps");

// A mask: the kernel's inlined bpf_loop() looks at all 64 bits of the count, clang clears only 32.
#define MAX_RECORDS 1023

static __always_inline struct rings_event next_event(__u64 number) {
  const struct rings_event event = {
      .number = number, .cpu = bpf_get_smp_processor_id(), .tag = 0x5a};
  return event;
}

static __always_inline long write_ring_bytes(const struct rings_request* request, void* data,
                                             __u64 size) {
  return request->second ? bpf_ringbuf_output(&second, data, size, request->flags)
                         : bpf_ringbuf_output(&first, data, size, request->flags);
}

static long discard_ring_record(const struct rings_request* request) {
  void* const record = request->second ? bpf_ringbuf_reserve(&second, sizeof(struct rings_event), 0)
                                       : bpf_ringbuf_reserve(&first, sizeof(struct rings_event), 0);
  if (record == 0) return -1;
  bpf_ringbuf_discard(record, request->flags);
  return 0;
}

static long write_ring_record(__u32 index, struct rings_request* request) {
  struct rings_long_event record = {.event = next_event(request->first + index)};
  for (int i = 0; i < sizeof record.rest; ++i) record.rest[i] = i;
  long result;
  if (request->discard)
    result = discard_ring_record(request);
  else if (request->size == sizeof record)
    result = write_ring_bytes(request, &record, sizeof record);
  else if (request->size == sizeof record.event)
    result = write_ring_bytes(request, &record, sizeof record.event);
  else
    result = write_ring_bytes(request, &record, 5);
  if (result != 0) ++request->dropped;
  return 0;
}

SEC("syscall")
int write_ring(struct rings_request* context) {
  struct rings_request request = *context;
  request.dropped = 0;
  bpf_loop(request.count & MAX_RECORDS, write_ring_record, &request, 0);
  context->dropped = request.dropped;
  return 0;
}

static long do_nothing(__u32 index, void* context) { return 0; }

// Holds a record for a while before it submits it.
SEC("syscall")
int hold_record(struct rings_request* context) {
  const __u64 number = context->first;
  const __u32 count = context->hold;
  struct rings_event* const record = bpf_ringbuf_reserve(&first, sizeof *record, 0);
  if (record == 0) return 1;
  bpf_loop(count & 0x7fffff, do_nothing, 0, 0);
  *record = next_event(number);
  bpf_ringbuf_submit(record, 0);
  return 0;
}

struct perf_request {
  void* context;
  __u64 first;
  __u64 size;
  __u32 dropped;
};

static long write_perf_record(__u32 index, struct perf_request* request) {
  struct rings_event event = next_event(request->first + index);
  const long result =
      request->size == sizeof event
          ? bpf_perf_event_output(request->context, &perf, BPF_F_CURRENT_CPU, &event, sizeof event)
          : bpf_perf_event_output(request->context, &perf, BPF_F_CURRENT_CPU, &event, 5);
  if (result != 0) ++request->dropped;
  return 0;
}

// bpf_perf_event_output() is not for syscall programs.
SEC("raw_tp/rings")
int write_perf(struct bpf_raw_tracepoint_args* context) {
  struct perf_request request = {
      .context = context, .first = context->args[1], .size = context->args[2], .dropped = 0};
  bpf_loop(context->args[0] & MAX_RECORDS, write_perf_record, &request, 0);
  return request.dropped;
}

static long take(struct bpf_dynptr* sample, void* context) {
  __u32* count = context;
  const __u32 index = *count;
  struct rings_event event;
  if (bpf_dynptr_read(&event, sizeof event, sample, 0, 0) == 0)
    bpf_map_update_elem(&drained, &index, &event, BPF_ANY);
  ++*count;
  return 0;
}

SEC("syscall")
int drain(struct rings_request* request) {
  __u32 count = 0;
  const long result = bpf_user_ringbuf_drain(&samples, take, &count, request->flags);
  request->count = count;
  request->result = result;
  return 0;
}
