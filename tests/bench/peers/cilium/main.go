// SPDX-License-Identifier: MIT

// Runs map operations through cilium/ebpf for bpfmap_bench, which has made the maps. A line in is
// "operation map_id entries count"; a line out is the nanoseconds that it took, or what went wrong.
package main

import (
	"errors"
	"fmt"
	"runtime"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

type flowKey struct{ Src, Dst uint32 }
type stats8 struct{ Packets uint64 }
type stats32 struct{ Packets, Bytes, Drops, Seen uint64 }

type stats interface{ packets() uint64 }

func (s stats8) packets() uint64  { return s.Packets }
func (s stats32) packets() uint64 { return s.Packets }

// The keys of workload.hpp, in the same order.
func shuffledKeys[K any](first, count uint32, key func(uint32) K) []K {
	keys := make([]K, count)
	for i := range keys {
		keys[i] = key(first + uint32(i))
	}
	random := uint64(88172645463325252)
	for i := uint64(count); i > 1; i-- {
		random ^= random << 13
		random ^= random >> 7
		random ^= random << 17
		j := random % i
		keys[i-1], keys[j] = keys[j], keys[i-1]
	}
	return keys
}

// One map with the keys of bpfmap_bench.
type table[K any, V stats] struct {
	m               *ebpf.Map
	present, absent []K
	value           V
	slots           []V
	percpu          bool
}

func newTable[K any, V stats](m *ebpf.Map, entries uint32, key func(uint32) K, value V) (runner, error) {
	t := &table[K, V]{
		m:       m,
		present: shuffledKeys(0, entries, key),
		absent:  shuffledKeys(entries, entries, key),
		value:   value,
		percpu:  m.Type() == ebpf.PerCPUHash,
	}
	_, err := t.lookup(&t.present[0]) // makes the slots
	return t, err
}

func (t *table[K, V]) lookup(key *K) (uint64, error) {
	if t.percpu {
		err := t.m.Lookup(key, &t.slots)
		return sum(t.slots), err
	}
	var value V
	err := t.m.Lookup(key, &value)
	return value.packets(), err
}

func (t *table[K, V]) update(key *K, flags ebpf.MapUpdateFlags) error {
	if t.percpu {
		for i := range t.slots {
			t.slots[i] = t.value
		}
		return t.m.Update(key, t.slots, flags)
	}
	return t.m.Update(key, &t.value, flags)
}

func sum[V stats](slots []V) (packets uint64) {
	for _, slot := range slots {
		packets += slot.packets()
	}
	return packets
}

type runner interface {
	run(operation string, first, count int) error
}

// Does an operation with `count` keys, from the one at `first` on.
func (t *table[K, V]) run(operation string, first, count int) error {
	one, ok := map[string]func(i int) error{
		"lookup": func(i int) error {
			_, err := t.lookup(&t.present[i])
			return err
		},
		"lookup_miss": func(i int) error {
			_, err := t.lookup(&t.absent[i])
			if errors.Is(err, ebpf.ErrKeyNotExist) {
				return nil
			}
			return fmt.Errorf("found: %w", err)
		},
		"update": func(i int) error { return t.update(&t.present[i], ebpf.UpdateAny) },
		"insert+erase": func(i int) error {
			if err := t.update(&t.absent[i], ebpf.UpdateNoExist); err != nil {
				return err
			}
			return t.m.Delete(&t.absent[i])
		},
	}[operation]
	if !ok {
		return t.scan(operation, count)
	}
	for i := 0; i < count; i++ {
		if err := one((first + i) % len(t.present)); err != nil {
			return err
		}
	}
	return nil
}

func (t *table[K, V]) scan(operation string, count int) error {
	seen := 0
	var packets uint64
	var key K
	if entries := t.m.Iterate(); operation == "iterate" && t.percpu {
		for entries.Next(&key, &t.slots) {
			seen++
			packets += sum(t.slots)
		}
	} else if operation == "iterate" {
		var value V
		for entries.Next(&key, &value) {
			seen++
			packets += value.packets()
		}
	} else {
		const size = 4096
		keys, values := make([]K, size), make([]V, size)
		var cursor *K
		for done := false; !done; {
			var next K
			var from interface{}
			if cursor != nil {
				from = cursor
			}
			n, err := t.m.BatchLookup(from, &next, keys, values, nil)
			if done = errors.Is(err, ebpf.ErrKeyNotExist); err != nil && !done {
				return err
			}
			seen += n
			packets += sum(values[:n])
			cursor = &next
		}
	}
	if seen != count || packets == 0 {
		return fmt.Errorf("saw %d of %d entries", seen, count)
	}
	return nil
}

func open(id ebpf.MapID, entries uint32) (runner, error) {
	m, err := ebpf.NewMapFromID(id)
	if err != nil {
		return nil, err
	}
	flow := func(i uint32) flowKey { return flowKey{0x0a000000 + i, ^i} }
	index := func(i uint32) uint32 { return i }
	switch {
	case m.KeySize() == 4 && m.ValueSize() == 8:
		return newTable(m, entries, index, stats8{1})
	case m.KeySize() == 4:
		return newTable(m, entries, index, stats32{1, 0, 0, 0})
	case m.ValueSize() == 8:
		return newTable(m, entries, flow, stats8{1})
	default:
		return newTable(m, entries, flow, stats32{1, 0, 0, 0})
	}
}

// The CPU time of this thread, as bpfmap_bench takes its own. What the garbage collector does on
// other threads is not in it.
func now() int64 {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		panic(err)
	}
	return t.Nano()
}

func main() {
	runtime.LockOSThread()
	tables := map[ebpf.MapID]runner{}
	first := 0
	for {
		var operation string
		var id ebpf.MapID
		var entries uint32
		var count int
		if _, err := fmt.Scan(&operation, &id, &entries, &count); err != nil {
			return
		}
		if tables[id] == nil {
			table, err := open(id, entries)
			if err != nil {
				fmt.Println("-1", err)
				continue
			}
			tables[id] = table
		}
		begin := now()
		if err := tables[id].run(operation, first, count); err != nil {
			fmt.Println("-1", err)
			continue
		}
		fmt.Println(now() - begin)
		first += count
	}
}
