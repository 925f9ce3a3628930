// SPDX-License-Identifier: MIT
// An assembler for BPF programs, and how they are loaded. Private to the library.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <system_error>
#include <vector>

#include "bpfmap/sys/bpf.hpp"
#include "bpfmap/sys/unique_fd.hpp"

namespace bpfmap::inline v0::detail::bytecode {

/// struct bpf_insn.
struct Instruction {
  std::uint8_t code;
  std::uint8_t registers;
  std::int16_t offset;
  std::int32_t immediate;
};

/// r0: results. r1 to r5: arguments, lost in a call. r6 to r9: kept in a call. fp: the end of 512
/// bytes of stack, of which each function has its own.
enum Register : std::uint8_t { r0, r1, r2, r3, r4, r5, r6, r7, r8, r9, fp };

enum class Size : std::uint8_t { word = 0x00, half = 0x08, byte = 0x10, dword = 0x18 };
/// Returns the size of an access of 1, 2, 4 or 8 bytes.
[[nodiscard]] constexpr Size size_of_bytes(std::size_t bytes) noexcept {
  return bytes == 1 ? Size::byte : bytes == 2 ? Size::half : bytes == 4 ? Size::word : Size::dword;
}

/// div and mod are unsigned; x / 0 is 0 and x % 0 is x.
enum class Alu : std::uint8_t {
  add = 0x00,
  sub = 0x10,
  mul = 0x20,
  div = 0x30,
  bit_or = 0x40,
  bit_and = 0x50,
  lsh = 0x60,
  rsh = 0x70,
  neg = 0x80,
  mod = 0x90,
  bit_xor = 0xa0,
  mov = 0xb0,
  arsh = 0xc0,
};

/// s...: signed; set: any common bit.
enum class When : std::uint8_t {
  eq = 0x10,
  gt = 0x20,
  ge = 0x30,
  set = 0x40,
  ne = 0x50,
  sgt = 0x60,
  sge = 0x70,
  lt = 0xa0,
  le = 0xb0,
  slt = 0xc0,
  sle = 0xd0,
};

/// 5.12, but add. Those with fetch leave the old value in the source register, compare_exchange in
/// r0, which it compares.
enum class Atomic : std::int32_t {
  add = 0x00,
  bit_or = 0x40,
  bit_and = 0x50,
  bit_xor = 0xa0,
  fetch_add = 0x01,
  fetch_or = 0x41,
  fetch_and = 0x51,
  fetch_xor = 0xa1,
  exchange = 0xe1,
  compare_exchange = 0xf1,
};

/// enum bpf_func_id.
enum class Helper : std::int32_t {
  map_lookup_elem = 1,           // 3.19
  map_update_elem = 2,           // 3.19
  map_delete_elem = 3,           // 3.19
  get_smp_processor_id = 8,      // 4.1
  spin_lock = 93,                // 5.1
  spin_unlock = 94,              // 5.1
  for_each_map_elem = 164,       // 5.13: (map, callback, context, 0); the callback gets (map, key,
                                 // value, context) and returns 0 to go on, 1 to stop
  loop = 181,                    // 5.17: (count, callback, context, 0); the callback gets (index,
                                 // context)
  map_lookup_percpu_elem = 195,  // 5.19: (map, key, cpu)
};

/// Writes the instructions of one program. What cannot be encoded makes fits() false.
class Assembler {
 public:
  /// A place in the program, which bind() fixes.
  struct Label {
    std::size_t number;
  };

  [[nodiscard]] Label new_label() {
    places_.push_back(nowhere);
    return {places_.size() - 1};
  }
  /// Fixes `label` at the next instruction.
  void bind(Label label) { places_[label.number] = code_.size(); }

  /// Begins another function, which load_function() names by `label`: a callback. The program
  /// itself is the first one, and begins without this.
  void begin_function(Label label) {
    bind(label);
    functions_.push_back(label);
  }

  void move(Register to, Register from) { alu(Alu::mov, to, from); }
  void move(Register to, std::int32_t number) { alu(Alu::mov, to, number); }
  /// Loads any 64-bit number, in two instructions if need be.
  void load_number(Register to, std::uint64_t number);
  /// Loads the map of a descriptor, the first argument of the helpers for maps.
  void load_map(Register to, int fd) { load_wide(to, pseudo_map_fd, fd, 0); }
  /// Loads the address of byte `offset` of the value of an array map's only entry (5.2).
  void load_map_value(Register to, int fd, std::uint32_t offset = 0) {
    load_wide(to, pseudo_map_value, fd, static_cast<std::int32_t>(offset));
  }
  /// Loads the address of a function, to pass to a helper as the callback.
  void load_function(Register to, Label function) {
    uses_.push_back({code_.size(), function, Use::function});
    load_wide(to, pseudo_func, 0, 0);
  }

  /// to = to OP from.
  void alu(Alu operation, Register to, Register from) {
    emit(alu64 | from_register | static_cast<unsigned>(operation), to, from);
  }
  void alu(Alu operation, Register to, std::int32_t number) {
    emit(alu64 | static_cast<unsigned>(operation), to, r0, 0, number);
  }
  /// As alu(), on the lower 32 bits; the upper ones become 0.
  void alu32(Alu operation, Register to, Register from) {
    emit(alu32_class | from_register | static_cast<unsigned>(operation), to, from);
  }
  void alu32(Alu operation, Register to, std::int32_t number) {
    emit(alu32_class | static_cast<unsigned>(operation), to, r0, 0, number);
  }
  /// Converts the lower 16, 32 or 64 bits between this machine's byte order and the network's.
  void swap_to_network(Register to, std::int32_t bits) { emit(to_big_endian, to, r0, 0, bits); }

  /// to = *(from + offset), zero-extended.
  void load(Size size, Register to, Register from, std::int16_t offset) {
    emit(ldx | in_memory | static_cast<unsigned>(size), to, from, offset);
  }
  /// *(to + offset) = from.
  void store(Size size, Register to, std::int16_t offset, Register from) {
    emit(stx | in_memory | static_cast<unsigned>(size), to, from, offset);
  }
  void store(Size size, Register to, std::int16_t offset, std::int32_t number) {
    emit(st | in_memory | static_cast<unsigned>(size), to, r0, offset, number);
  }
  /// *(to + offset) OP= from, of 4 or 8 bytes, atomically.
  void atomic(Atomic operation, Size size, Register to, std::int16_t offset, Register from) {
    emit(stx | is_atomic | static_cast<unsigned>(size), to, from, offset,
         static_cast<std::int32_t>(operation));
  }

  void jump(Label to) { jump_as(jmp, r0, r0, 0, to); }
  /// Jumps if left WHEN right, of 64 bits.
  void jump_if(When when, Register left, Register right, Label to) {
    jump_as(jmp | from_register | static_cast<unsigned>(when), left, right, 0, to);
  }
  void jump_if(When when, Register left, std::int32_t right, Label to) {
    jump_as(jmp | static_cast<unsigned>(when), left, r0, right, to);
  }
  /// As jump_if(), of the lower 32 bits (5.1).
  void jump32_if(When when, Register left, Register right, Label to) {
    jump_as(jmp32 | from_register | static_cast<unsigned>(when), left, right, 0, to);
  }
  void jump32_if(When when, Register left, std::int32_t right, Label to) {
    jump_as(jmp32 | static_cast<unsigned>(when), left, r0, right, to);
  }

  void call(Helper helper) { emit(jmp | 0x80U, r0, r0, 0, static_cast<std::int32_t>(helper)); }
  void exit() { emit(jmp | 0x90U, r0, r0); }

  /// Copies `size` bytes, from and to addresses that are multiples of `alignment` (1, 2, 4 or 8),
  /// through `between`; one load and one store per `alignment` bytes.
  void copy(Register to, std::int16_t to_offset, Register from, std::int16_t from_offset,
            std::size_t size, std::size_t alignment, Register between);

  /// Writes the distances of all jumps and functions; returns false when a label is not bound, or
  /// too far away. Call it once, at the end.
  [[nodiscard]] bool finish() noexcept;

  [[nodiscard]] const std::vector<Instruction>& code() const noexcept { return code_; }
  /// Returns the first instruction of each function after the first one.
  [[nodiscard]] std::vector<std::uint32_t> functions() const;
  [[nodiscard]] std::size_t size() const noexcept { return code_.size(); }

 private:
  enum class Use : std::uint8_t { jump, function };
  struct LabelUse {
    std::size_t at;
    Label label;
    Use use;
  };

  static constexpr std::size_t nowhere = std::numeric_limits<std::size_t>::max();
  static constexpr unsigned ldx = 0x01;
  static constexpr unsigned st = 0x02;
  static constexpr unsigned stx = 0x03;
  static constexpr unsigned alu32_class = 0x04;
  static constexpr unsigned jmp = 0x05;
  static constexpr unsigned jmp32 = 0x06;
  static constexpr unsigned alu64 = 0x07;
  static constexpr unsigned in_memory = 0x60;
  static constexpr unsigned is_atomic = 0xc0;
  static constexpr unsigned from_register = 0x08;
  static constexpr unsigned to_big_endian = 0xdc;
  static constexpr unsigned load_wide_code = 0x18;
  static constexpr std::uint8_t pseudo_map_fd = 1;
  static constexpr std::uint8_t pseudo_map_value = 2;
  static constexpr std::uint8_t pseudo_func = 4;

  void emit(unsigned code, std::uint8_t to, std::uint8_t from, std::int16_t offset = 0,
            std::int32_t number = 0) {
    constexpr bool little = std::endian::native == std::endian::little;
    const unsigned registers = little ? to | unsigned{from} << 4U : unsigned{to} << 4U | from;
    code_.push_back(
        {static_cast<std::uint8_t>(code), static_cast<std::uint8_t>(registers), offset, number});
  }
  void load_wide(Register to, std::uint8_t kind, std::int32_t low, std::int32_t high) {
    emit(load_wide_code, to, kind, 0, low);
    emit(0, r0, r0, 0, high);
  }
  void jump_as(unsigned code, Register left, Register right, std::int32_t number, Label to) {
    uses_.push_back({code_.size(), to, Use::jump});
    emit(code, left, right, 0, number);
  }

  std::vector<Instruction> code_;
  std::vector<std::size_t> places_;  // of the labels
  std::vector<Label> functions_;
  std::vector<LabelUse> uses_;
};

/// How the kernel runs a program.
enum class ProgramKind : std::uint8_t {
  /// BPF_PROG_TYPE_SYSCALL (5.14), which may sleep.
  syscall,
  /// BPF_PROG_TYPE_CGROUP_SKB: may not sleep, so it can use what a syscall program cannot on some
  /// kernels (LPM tries, spin locks, maps without preallocation); a run costs more.
  cgroup_skb,
};

/// Loads `program`, after finish(), under the name `name` (15 bytes or fewer). On failure `ec` is
/// the kernel's, and `log` gets what its verifier says, if that is why, or the last part of it.
/// Throws std::bad_alloc.
[[nodiscard]] sys::UniqueFd load(const Assembler& program, ProgramKind kind, const char* name,
                                 std::string& log, std::error_code& ec);

/// Runs the program of `fd` once; returns 0, or -errno. `returned` gets the program's result.
int run(int fd, ProgramKind kind, std::uint32_t& returned) noexcept;

}  // namespace bpfmap::inline v0::detail::bytecode
