// SPDX-License-Identifier: MIT
#include "failure.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <net/if.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstring>

#include "bpfmap/sys/cpus.hpp"
#include "bpfmap/sys/uapi.hpp"
#include "explain.hpp"
#include "sets.hpp"

namespace bpfmap::inline v0::detail {
namespace {

constexpr auto noexist = to_underlying(UpdateFlags::noexist);
constexpr auto exist = to_underlying(UpdateFlags::exist);
constexpr auto lock = to_underlying(UpdateFlags::lock);

// What was asked of the key: without the lock, and without the CPU.
std::uint64_t condition_flags(const Failure& failure) {
  const std::uint64_t cpu = (failure.flags & sys::f_cpu) != 0 ? cpu_flags(0xFFFF'FFFF) : 0;
  return failure.flags & ~(lock | cpu);
}

// The first four bytes of a key: an index, a prefix length, a descriptor.
std::uint32_t leading_u32(BytesView bytes) {
  std::uint32_t number = 0;
  if (bytes.data() != nullptr)
    std::memcpy(&number, bytes.data(), std::min(bytes.size(), sizeof number));
  return number;
}

std::string number(std::uint64_t value) { return std::to_string(value); }

std::string descriptor(BytesView bytes) {
  return bytes.empty() ? "it" : std::to_string(static_cast<std::int32_t>(leading_u32(bytes)));
}

std::uint64_t prefix_bits(const MapInfo& info) {
  return info.key_size < 4 ? 0 : (std::uint64_t{info.key_size} - 4) * 8;
}

std::uint64_t page_size() { return static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)); }

// What the entries alone take.
std::string memory(const MapInfo& info) {
  const MapTypeTraits* const traits = traits_of(info.type);
  const std::uint64_t slots = traits != nullptr && traits->percpu ? sys::possible_cpus().size() : 1;
  const std::uint64_t entry = (info.key_size + std::uint64_t{7}) / 8 * 8 +
                              (info.value_size + std::uint64_t{7}) / 8 * 8 * slots;
  return number(info.max_entries * entry >> 20U) + " MiB";
}

std::string folder_of(std::string_view path) {
  const auto slash = path.find_last_of('/');
  if (slash == std::string_view::npos) return ".";
  return std::string{path.substr(0, std::max<std::size_t>(slash, 1))};
}

std::string permissions(const Failure& failure) {
  struct stat status{};
  const std::string path{failure.subject};
  if (::stat(path.c_str(), &status) != 0) return "a folder of the path is closed to this process";
  std::array<char, 8> mode;
  const auto end =
      std::to_chars(mode.data(), mode.data() + mode.size(), status.st_mode & 07777U, 8).ptr;
  return "its mode is " + std::string(mode.data(), end) + ", its owner " + number(status.st_uid) +
         ", this process runs as " + number(::geteuid());
}

struct Placeholder {
  std::string_view name;
  std::string (*text)(const Failure&);
};

// What may stand in braces in the text of a cause.
constexpr std::array placeholders{
    Placeholder{"operation", [](const Failure& f) { return std::string{to_string(f.operation)}; }},
    Placeholder{"type", [](const Failure& f) { return std::string{to_string(f.info.type)}; }},
    Placeholder{"key_size", [](const Failure& f) { return number(f.info.key_size); }},
    Placeholder{"value_size", [](const Failure& f) { return number(f.info.value_size); }},
    Placeholder{"max_entries", [](const Failure& f) { return number(f.info.max_entries); }},
    Placeholder{"given_key_size", [](const Failure& f) { return number(f.key.size()); }},
    Placeholder{"given_value_size", [](const Failure& f) { return number(f.value.size()); }},
    Placeholder{"index", [](const Failure& f) { return number(leading_u32(f.key)); }},
    Placeholder{"prefix_bits", [](const Failure& f) { return number(prefix_bits(f.info)); }},
    Placeholder{"key_fd", [](const Failure& f) { return descriptor(f.key); }},
    Placeholder{"value_fd", [](const Failure& f) { return descriptor(f.value); }},
    Placeholder{"value_number", [](const Failure& f) { return number(leading_u32(f.value)); }},
    Placeholder{"value_program",
                [](const Failure& f) {
                  return descriptor(f.value.size() > 4 ? f.value.subspan(4) : BytesView{});
                }},
    Placeholder{"flags", [](const Failure& f) { return hexadecimal(f.flags); }},
    Placeholder{"count", [](const Failure& f) { return number(f.count.value_or(0)); }},
    Placeholder{"cpu", [](const Failure& f) { return number(f.flags >> 32U); }},
    Placeholder{"cpus", [](const Failure&) { return number(sys::possible_cpus().size()); }},
    Placeholder{"slots",
                [](const Failure& f) { return number(sys::percpu_size(f.info.value_size)); }},
    Placeholder{
        "fd", [](const Failure& f) { return std::to_string(f.map == nullptr ? -1 : f.map->fd()); }},
    Placeholder{"path", [](const Failure& f) { return std::string{f.subject}; }},
    Placeholder{"folder", [](const Failure& f) { return folder_of(f.subject); }},
    Placeholder{"permissions", permissions},
    Placeholder{"privilege", explain_privilege},
    Placeholder{"page_size", [](const Failure&) { return number(page_size()); }},
    Placeholder{"ring_size",
                [](const Failure& f) {
                  return number(
                      std::bit_ceil(std::max(page_size(), std::uint64_t{f.info.max_entries})));
                }},
    Placeholder{"memory", [](const Failure& f) { return memory(f.info); }},
    Placeholder{"map_extra", [](const Failure& f) { return number(f.info.map_extra); }},
    Placeholder{"ifindex", [](const Failure& f) { return number(f.info.ifindex); }},
    Placeholder{"numa_node",
                [](const Failure& f) { return number(f.spec->numa_node.value_or(0)); }},
    Placeholder{"inner_map_fd",
                [](const Failure& f) { return std::to_string(f.spec->inner_map_fd); }},
    Placeholder{"btf_fd", [](const Failure& f) { return std::to_string(f.spec->btf_fd); }},
    Placeholder{"kernel", [](const Failure&) { return kernel_release(); }},
};

// What /proc and fcntl(2) tell of the map's descriptor, if it is still open.
std::optional<MapFdInfo> fd_info(const Failure& failure) {
  if (failure.map == nullptr || !*failure.map) return std::nullopt;
  std::error_code ec;
  MapFdInfo info = failure.map->fd_info(ec);
  return ec ? std::nullopt : std::optional{info};
}

std::string target_of(const Failure& failure) {
  if (failure.map == nullptr) return {};
  const std::string link = "/proc/self/fd/" + std::to_string(failure.map->fd());
  std::array<char, 64> target{};
  const auto length = ::readlink(link.c_str(), target.data(), target.size());
  return length < 0 ? std::string{} : std::string{target.data(), static_cast<std::size_t>(length)};
}

// "6.18.44" is 6018.
unsigned version_number(std::string_view version) {
  unsigned major = 0;
  unsigned minor = 0;
  const char* const end = version.data() + version.size();
  const char* const dot = std::from_chars(version.data(), end, major).ptr;
  if (dot != end && *dot == '.') std::from_chars(dot + 1, end, minor);
  return major * 1000 + minor;
}

}  // namespace

std::string hexadecimal(std::uint64_t bits) {
  std::array<char, 16> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), bits, 16).ptr;
  return "0x" + std::string(digits.data(), end);
}

std::string fill(std::string_view text, const Failure& failure) {
  std::string filled;
  for (auto open = text.find('{'); open != std::string_view::npos; open = text.find('{')) {
    const auto close = text.find('}', open);
    const auto name = text.substr(open + 1, close - open - 1);
    const auto row = std::find_if(placeholders.begin(), placeholders.end(),
                                  [name](const Placeholder& p) { return p.name == name; });
    filled += text.substr(0, open);
    if (row != placeholders.end()) filled += row->text(failure);
    text.remove_prefix(close + 1);
  }
  return filled += text;
}

std::string kernel_release() {
  utsname name{};
  return ::uname(&name) == 0 ? name.release : "unknown";
}

bool kernel_is_before(std::string_view version) {
  return version_number(kernel_release()) < version_number(version);
}

namespace condition {

bool asked_noexist(const Failure& failure) { return condition_flags(failure) == noexist; }
bool asked_exist(const Failure& failure) { return condition_flags(failure) == exist; }
bool asked_both(const Failure& failure) { return condition_flags(failure) == (noexist | exist); }
bool asked_lock(const Failure& failure) { return (failure.flags & lock) != 0; }
bool asked_unknown_flags(const Failure& failure) {
  const std::uint64_t known = updates.contains(failure.operation) ? noexist | exist : 0;
  return (condition_flags(failure) & ~known) != 0;
}
bool asked_cpu(const Failure& failure) { return (failure.flags & sys::f_cpu) != 0; }
bool asked_cpu_too_early(const Failure& failure) {
  return asked_cpu(failure) && kernel_is_before("7.0");
}

bool key_known(const Failure& failure) { return !failure.key.empty(); }
bool value_known(const Failure& failure) { return !failure.value.empty(); }
bool count_known(const Failure& failure) { return failure.count.has_value(); }
bool index_too_large(const Failure& failure) {
  return key_known(failure) && leading_u32(failure.key) >= failure.info.max_entries;
}
bool prefix_too_long(const Failure& failure) {
  return key_known(failure) && leading_u32(failure.key) > prefix_bits(failure.info);
}
bool number_is_0(const Failure& failure) {
  return value_known(failure) && leading_u32(failure.value) == 0;
}
bool no_such_device(const Failure& failure) {
  std::array<char, IF_NAMESIZE> name{};
  return value_known(failure) &&
         ::if_indextoname(leading_u32(failure.value), name.data()) == nullptr;
}
bool has_program(const Failure& failure) {
  return failure.value.size() > 4 && leading_u32(failure.value.subspan(4)) != 0;
}
bool small_values(const Failure& failure) { return failure.info.value_size == 4; }
bool memlock_counts(const Failure&) { return kernel_is_before("5.11"); }

bool closed(const Failure& failure) {
  return failure.map != nullptr && ::fcntl(failure.map->fd(), F_GETFD) < 0;
}
bool not_a_map(const Failure& failure) {
  const std::string target = target_of(failure);
  return !target.empty() && !target.ends_with("bpf-map");
}
bool read_only(const Failure& failure) {
  const auto info = fd_info(failure);
  return info && info->access == Access::read_only;
}
bool write_only(const Failure& failure) {
  const auto info = fd_info(failure);
  return info && info->access == Access::write_only;
}
bool frozen(const Failure& failure) {
  const auto info = fd_info(failure);
  return info && info->frozen.value_or(false);
}
// Where /proc is not mounted, nothing tells.
bool may_be_frozen(const Failure& failure) {
  const auto info = fd_info(failure);
  return info && !info->frozen;
}

bool not_on_bpffs(const Failure& failure) {
  struct statfs fs{};
  const std::string folder = folder_of(failure.subject);
  return ::statfs(folder.c_str(), &fs) == 0 && fs.f_type != BPF_FS_MAGIC;
}
bool is_directory(const Failure& failure) {
  struct stat status{};
  const std::string path{failure.subject};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}
bool no_path(const Failure& failure) { return failure.subject.empty(); }
bool dotted(const Failure& failure) {
  const auto slash = failure.subject.find_last_of('/');
  return failure.subject.find('.', slash + 1) != std::string_view::npos;
}

}  // namespace condition
}  // namespace bpfmap::inline v0::detail
