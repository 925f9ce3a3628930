// SPDX-License-Identifier: MIT
#include "entry_programs.hpp"

#include <cerrno>

#include "bpfmap/sys/uapi.hpp"

namespace bpfmap::inline v0::detail {
namespace {

using namespace bytecode;
using Label = Assembler::Label;

// What the program's main function passes to the callback, on its stack.
struct Context {
  std::uint32_t first;
  std::uint32_t end;
  std::int64_t tolerated;
  std::uint64_t flags;
};
constexpr std::int16_t context_at = -static_cast<std::int16_t>(sizeof(Context));
constexpr std::int32_t key_at = 8;  // in a slot, behind the result

// In a callback, all the time.
constexpr Register slot_register = r6;
constexpr Register index_address = r7;
constexpr Register context_register = r8;
constexpr Register entry_register = r9;  // the value in the map

// The callback's stack.
constexpr std::int16_t element_at = -8;  // index of an element of the values' array
constexpr std::int16_t cpu_at = -16;     // the CPU
constexpr std::int16_t shared_at = -24;  // the address of the slot's value in shared memory
constexpr std::int16_t total_at = -32;   // of a sum

constexpr std::int16_t offset_of(std::size_t offset) { return static_cast<std::int16_t>(offset); }

// Writes a program with one callback, which the kernel calls for each element of the keys' array.
class Writer {
 public:
  explicit Writer(const EntryTarget& target) : target_{target} {}

  void main_begins() {
    code.load_map_value(r6, target_.control_fd);
    copy_control(offsetof(EntryControl, first), offsetof(Context, first));  // with `end`
    copy_control(offsetof(EntryControl, tolerated), offsetof(Context, tolerated));
    copy_control(offsetof(EntryControl, flags), offsetof(Context, flags));
    code.load(Size::word, r7, r6, offsetof(EntryControl, operation));
  }
  // Calls `callback` for all elements, if this operation is asked for.
  void main_calls(Label callback, EntryOperation operation) {
    const Label other = code.new_label();
    code.jump_if(When::ne, r7, static_cast<std::int32_t>(operation), other);
    main_calls(callback);
    code.bind(other);
  }
  void main_calls(Label callback) {
    code.load_map(r1, target_.keys_fd);
    code.load_function(r2, callback);
    code.move(r3, fp);
    code.alu(Alu::add, r3, context_at);
    code.move(r4, 0);
    code.call(Helper::for_each_map_elem);
  }
  void main_ends() {
    code.move(r0, 0);
    code.exit();
  }

  void callback_begins(Label callback) {
    finish_ = code.new_label();
    missing_ = code.new_label();
    may_miss_ = false;
    code.begin_function(callback);
    code.move(index_address, r2);
    code.move(slot_register, r3);
    code.move(context_register, r4);
    const Label not_before = code.new_label();
    const Label is_asked = code.new_label();
    code.load(Size::word, r1, index_address, 0);
    code.load(Size::word, r2, context_register, offsetof(Context, first));
    code.jump_if(When::ge, r1, r2, not_before);
    code.move(r0, 0);
    code.exit();
    code.bind(not_before);
    code.load(Size::word, r2, context_register, offsetof(Context, end));
    code.jump_if(When::lt, r1, r2, is_asked);
    code.move(r0, 1);
    code.exit();
    code.bind(is_asked);
  }
  // The result is in r0; returns whether the kernel is to go on.
  void callback_ends() {
    const Label go_on = code.new_label();
    if (may_miss_) {
      code.jump(finish_);
      code.bind(missing_);
      code.move(r0, -ENOENT);
    }
    code.bind(finish_);
    code.store(Size::word, slot_register, 0, r0);
    code.jump_if(When::eq, r0, 0, go_on);
    code.load(Size::dword, r1, context_register, offsetof(Context, tolerated));
    code.jump_if(When::eq, r0, r1, go_on);
    code.move(r0, 1);
    code.exit();
    code.bind(go_on);
    code.move(r0, 0);
    code.exit();
  }
  void ends_with_r0() { code.jump(finish_); }
  // For a pointer that is never null, which the verifier does not know.
  void ends_if_null(Register pointer) {
    const Label good = code.new_label();
    code.jump_if(When::ne, pointer, 0, good);
    code.move(r0, -EFAULT);
    code.jump(finish_);
    code.bind(good);
  }

  void ends_if_missing() {
    may_miss_ = true;
    code.jump_if(When::eq, r0, 0, missing_);
  }

  void map_and_key() {
    code.load_map(r1, target_.map_fd);
    code.move(r2, slot_register);
    code.alu(Alu::add, r2, key_at);
  }
  // r0 and `entry` become the address of the value in the map.
  void find_entry() {
    map_and_key();
    code.call(Helper::map_lookup_elem);
    ends_if_missing();
    code.move(entry_register, r0);
  }
  // The same of the CPU in `cpu_at`.
  void find_entry_of_cpu() {
    map_and_key();
    code.load(Size::dword, r3, fp, cpu_at);
    code.call(Helper::map_lookup_percpu_elem);
    ends_if_missing();
    code.move(entry_register, r0);
  }
  // r0 becomes the address of the slot's value in shared memory.
  void find_shared_value() {
    code.load_map(r1, target_.values_fd);
    code.move(r2, index_address);
    if (target_.cpus != 0) {
      code.move(r2, fp);
      code.alu(Alu::add, r2, element_at);
    }
    code.call(Helper::map_lookup_elem);
    ends_if_null(r0);
  }
  // element_at = index * cpus + *cpu_at.
  void choose_element_of_cpu() {
    code.load(Size::word, r1, index_address, 0);
    code.alu(Alu::mul, r1, static_cast<std::int32_t>(target_.cpus));
    code.load(Size::dword, r2, fp, cpu_at);
    code.alu(Alu::add, r1, r2);
    code.store(Size::word, fp, element_at, r1);
  }

  // Copies the entry to shared memory; r0 becomes the result.
  void copy_entry() {
    if (!target_.lock && target_.value_size > most_unrolled) return copy_large_entry();
    find_shared_value();
    if (!target_.lock) {
      code.copy(r0, 0, entry_register, 0, target_.value_size, 8, r1);
    } else {
      code.store(Size::dword, fp, shared_at, r0);
      lock();
      code.load(Size::dword, r2, fp, shared_at);
      const std::uint32_t behind = *target_.lock + 4;
      copy_part(0, *target_.lock);
      copy_part(behind, target_.value_size - behind);
      code.store(Size::word, r2, offset_of(*target_.lock), 0);
      unlock();
    }
    code.move(r0, 0);
  }
  void lock() { call_with_lock(Helper::spin_lock); }
  void unlock() { call_with_lock(Helper::spin_unlock); }

  // Repeats `body` for each CPU.
  template <class Body>
  void for_each_cpu(Body body) {
    code.store(Size::dword, fp, cpu_at, 0);
    const Label again = code.new_label();
    code.bind(again);
    body();
    code.load(Size::dword, r1, fp, cpu_at);
    code.alu(Alu::add, r1, 1);
    code.store(Size::dword, fp, cpu_at, r1);
    code.jump_if(When::lt, r1, static_cast<std::int32_t>(target_.cpus), again);
  }

  Assembler code;

 private:
  void copy_control(std::size_t from, std::size_t to) {
    code.load(Size::dword, r1, r6, offset_of(from));
    code.store(Size::dword, fp, static_cast<std::int16_t>(context_at + offset_of(to)), r1);
  }
  void copy_large_entry() {
    code.load_map(r1, target_.values_fd);
    code.move(r2, index_address);
    if (target_.cpus != 0) {
      code.move(r2, fp);
      code.alu(Alu::add, r2, element_at);
    }
    code.move(r3, entry_register);
    code.move(r4, 0);
    code.call(Helper::map_update_elem);
  }
  // From the entry to r2; the lock is at a multiple of 4.
  void copy_part(std::uint32_t offset, std::uint32_t size) {
    code.copy(r2, offset_of(offset), entry_register, offset_of(offset), size,
              offset % 8 == 0 ? 8 : 4, r1);
  }
  void call_with_lock(Helper helper) {
    code.move(r1, entry_register);
    code.alu(Alu::add, r1, static_cast<std::int32_t>(*target_.lock));
    code.call(helper);
  }

  const EntryTarget& target_;
  Label finish_{};
  Label missing_{};
  bool may_miss_ = false;
};

void write_contains(Writer& w, Label callback) {
  w.callback_begins(callback);
  w.find_entry();
  w.code.move(r0, 0);
  w.callback_ends();
}

void write_lookup(Writer& w, const EntryTarget& target, Label callback, bool erases) {
  w.callback_begins(callback);
  if (target.cpus == 0) {
    w.find_entry();
    w.copy_entry();
  } else {
    w.for_each_cpu([&] {
      w.choose_element_of_cpu();
      w.find_entry_of_cpu();
      w.copy_entry();
    });
    w.code.move(r0, 0);
  }
  if (erases) {
    w.map_and_key();
    w.code.call(Helper::map_delete_elem);
  }
  w.callback_ends();
}

void write_update(Writer& w, Label callback) {
  w.callback_begins(callback);
  w.find_shared_value();
  w.code.move(r3, r0);
  w.map_and_key();
  w.code.load(Size::dword, r4, context_register, offsetof(Context, flags));
  w.code.call(Helper::map_update_elem);
  w.callback_ends();
}

void write_erase(Writer& w, Label callback) {
  w.callback_begins(callback);
  w.map_and_key();
  w.code.call(Helper::map_delete_elem);
  w.callback_ends();
}

// --- atomic updates ---

constexpr bool is_minimum(FetchOperation operation) {
  return operation == FetchOperation::min_unsigned || operation == FetchOperation::min_signed;
}
constexpr bool is_signed(FetchOperation operation) {
  return operation == FetchOperation::min_signed || operation == FetchOperation::max_signed ||
         operation == FetchOperation::sum_signed;
}
class FetchWriter {
 public:
  FetchWriter(Writer& writer, const EntryTarget& target, FetchOperation operation,
              IntegerMember member)
      : w_{writer},
        target_{target},
        operation_{operation},
        size_{size_of_bytes(member.size)},
        offset_{offset_of(member.offset)},
        bits_{static_cast<std::int32_t>(member.size) * 8} {}

  // Combines the member of `entry` with the operand; the old value replaces the operand.
  void combine() {
    w_.find_shared_value();
    w_.code.store(Size::dword, fp, shared_at, r0);
    if (target_.lock)
      combine_under_lock();
    else
      combine_atomically();
    w_.code.load(Size::dword, r5, fp, shared_at);
    w_.code.store(Size::dword, r5, 0, r2);
    w_.code.move(r0, 0);
  }

 private:
  // r1 = the operand, r3 = what is expected; r5 = the shared value.
  void load_operands() {
    w_.code.load(Size::dword, r5, fp, shared_at);
    w_.code.load(Size::dword, r1, r5, 0);
    w_.code.load(Size::dword, r3, r5, 8);
  }

  // r2 = the old value.
  void combine_atomically() {
    Assembler& code = w_.code;
    load_operands();
    code.move(r2, r1);
    switch (operation_) {
      case FetchOperation::add:
        return code.atomic(Atomic::fetch_add, size_, entry_register, offset_, r2);
      case FetchOperation::bit_or:
        return code.atomic(Atomic::fetch_or, size_, entry_register, offset_, r2);
      case FetchOperation::bit_and:
        return code.atomic(Atomic::fetch_and, size_, entry_register, offset_, r2);
      case FetchOperation::bit_xor:
        return code.atomic(Atomic::fetch_xor, size_, entry_register, offset_, r2);
      case FetchOperation::exchange:
        return code.atomic(Atomic::exchange, size_, entry_register, offset_, r2);
      case FetchOperation::compare_exchange:
        code.move(r0, r3);
        code.atomic(Atomic::compare_exchange, size_, entry_register, offset_, r2);
        return code.move(r2, r0);
      default:
        return exchange_extreme();
    }
  }

  // Another CPU may change the member between the load and the exchange. Not a loop: without
  // CAP_PERFMON the verifier follows each turn of one along every path. User space goes on after
  // -EAGAIN.
  void exchange_extreme() {
    constexpr int attempts = 4;
    Assembler& code = w_.code;
    const Label done = code.new_label();
    extend(r1);
    for (int i = 0; i < attempts; ++i) {
      code.load(size_, r2, entry_register, offset_);
      code.move(r3, r2);
      extend(r3);
      code.jump_if(keeps(), r3, r1, done);
      code.move(r0, r2);
      code.move(r3, r1);
      code.atomic(Atomic::compare_exchange, size_, entry_register, offset_, r3);
      code.jump_if(When::eq, r0, r2, done);
    }
    code.move(r0, -EAGAIN);
    w_.ends_with_r0();
    code.bind(done);
  }

  void combine_under_lock() {
    Assembler& code = w_.code;
    w_.lock();
    load_operands();
    code.load(size_, r2, entry_register, offset_);
    const Label keep = code.new_label();
    switch (operation_) {
      case FetchOperation::add:
        code.alu(Alu::add, r1, r2);
        break;
      case FetchOperation::bit_or:
        code.alu(Alu::bit_or, r1, r2);
        break;
      case FetchOperation::bit_and:
        code.alu(Alu::bit_and, r1, r2);
        break;
      case FetchOperation::bit_xor:
        code.alu(Alu::bit_xor, r1, r2);
        break;
      case FetchOperation::exchange:
        break;
      case FetchOperation::compare_exchange:
        code.jump_if(When::ne, r2, r3, keep);
        break;
      default:
        code.move(r3, r2);
        extend(r3);
        extend(r1);
        code.jump_if(keeps(), r3, r1, keep);
    }
    code.store(size_, entry_register, offset_, r1);
    code.bind(keep);
    code.store(Size::dword, fp, total_at, r2);
    w_.unlock();
    code.load(Size::dword, r2, fp, total_at);
  }

  // When an old minimum or maximum in r3 stays, beside the operand in r1.
  [[nodiscard]] When keeps() const {
    if (is_minimum(operation_)) return is_signed(operation_) ? When::sle : When::le;
    return is_signed(operation_) ? When::sge : When::ge;
  }
  // Makes a register of a member's bits comparable as 64 bits.
  void extend(Register number) {
    if (bits_ == 64) return;
    w_.code.alu(Alu::lsh, number, 64 - bits_);
    w_.code.alu(is_signed(operation_) ? Alu::arsh : Alu::rsh, number, 64 - bits_);
  }

  Writer& w_;
  const EntryTarget& target_;
  FetchOperation operation_;
  Size size_;
  std::int16_t offset_;
  std::int32_t bits_;
};

void write_sum(Writer& w, FetchOperation operation, IntegerMember member) {
  const auto unused_bits = 64 - static_cast<std::int32_t>(member.size) * 8;
  Assembler& code = w.code;
  code.store(Size::dword, fp, total_at, 0);
  w.for_each_cpu([&] {
    w.find_entry_of_cpu();
    code.load(size_of_bytes(member.size), r1, entry_register, offset_of(member.offset));
    if (unused_bits != 0 && is_signed(operation)) {
      code.alu(Alu::lsh, r1, unused_bits);
      code.alu(Alu::arsh, r1, unused_bits);
    }
    code.load(Size::dword, r2, fp, total_at);
    code.alu(Alu::add, r2, r1);
    code.store(Size::dword, fp, total_at, r2);
  });
  code.store(Size::dword, fp, cpu_at, 0);
  w.choose_element_of_cpu();
  w.find_shared_value();
  code.load(Size::dword, r1, fp, total_at);
  code.store(Size::dword, r0, 0, r1);
  code.move(r0, 0);
}

// Finds the entry; where there is none, inserts the initial value first. Another CPU may insert or
// erase it meanwhile.
void find_or_insert(Writer& w, const EntryTarget& target) {
  Assembler& code = w.code;
  const Label found = code.new_label();
  const Label exists = code.new_label();
  w.map_and_key();
  code.call(Helper::map_lookup_elem);
  code.move(entry_register, r0);
  code.jump_if(When::ne, entry_register, 0, found);
  w.map_and_key();
  code.load_map_value(r3, target.control_fd, sizeof(EntryControl));
  code.move(r4, static_cast<std::int32_t>(sys::f_noexist));
  code.call(Helper::map_update_elem);
  code.jump_if(When::eq, r0, 0, exists);
  code.jump_if(When::eq, r0, -EEXIST, exists);
  w.ends_with_r0();
  code.bind(exists);
  w.find_entry();
  code.bind(found);
}

}  // namespace

Assembler read_program(const EntryTarget& target) {
  Writer w{target};
  const Label contains = w.code.new_label();
  const Label lookup = w.code.new_label();
  w.main_begins();
  w.main_calls(contains, EntryOperation::contains);
  w.main_calls(lookup, EntryOperation::lookup);
  w.main_ends();
  write_contains(w, contains);
  write_lookup(w, target, lookup, false);
  return w.code;
}

Assembler write_program(const EntryTarget& target) {
  Writer w{target};
  const Label update = w.code.new_label();
  const Label erase = w.code.new_label();
  w.main_begins();
  if (target.cpus == 0) w.main_calls(update, EntryOperation::update);
  w.main_calls(erase, EntryOperation::erase);
  w.main_ends();
  if (target.cpus == 0) write_update(w, update);
  write_erase(w, erase);
  return w.code;
}

Assembler take_program(const EntryTarget& target) {
  Writer w{target};
  const Label take = w.code.new_label();
  w.main_begins();
  w.main_calls(take);
  w.main_ends();
  write_lookup(w, target, take, true);
  return w.code;
}

Assembler fetch_program(const EntryTarget& target, FetchOperation operation, IntegerMember member,
                        bool inserts) {
  Writer w{target};
  const Label callback = w.code.new_label();
  w.main_begins();
  w.main_calls(callback);
  w.main_ends();
  w.callback_begins(callback);
  if (operation == FetchOperation::sum_unsigned || operation == FetchOperation::sum_signed) {
    write_sum(w, operation, member);
  } else {
    if (inserts)
      find_or_insert(w, target);
    else
      w.find_entry();
    FetchWriter{w, target, operation, member}.combine();
  }
  w.callback_ends();
  return w.code;
}

}  // namespace bpfmap::inline v0::detail
