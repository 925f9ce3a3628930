// SPDX-License-Identifier: MIT
#include "bpfmap/typed/global_variable.hpp"

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <optional>
#include <vector>

#include "bpfmap/map/detail/failure_record.hpp"
#include "bpfmap/sys/bpf.hpp"
#include "bpfmap/sys/unique_fd.hpp"

namespace bpfmap::inline v0 {
namespace {

// The records of BTF, as <linux/btf.h> has them.
struct Header {
  std::uint16_t magic;
  std::uint8_t version;
  std::uint8_t flags;
  std::uint32_t header_size;
  std::uint32_t types;  // offsets are from the end of the header
  std::uint32_t types_size;
  std::uint32_t strings;
  std::uint32_t strings_size;
};
struct Type {
  std::uint32_t name;
  std::uint32_t info;
  std::uint32_t size_or_type;

  [[nodiscard]] std::uint32_t kind() const noexcept { return info >> 24U & 0x1fU; }
  [[nodiscard]] std::uint32_t members() const noexcept { return info & 0xffffU; }
};
struct SectionEntry {
  std::uint32_t type;
  std::uint32_t offset;
  std::uint32_t size;
};
constexpr std::uint32_t kind_var = 14;
constexpr std::uint32_t kind_section = 15;

// Bytes after a Type of this kind; nullopt for a kind that this library does not know.
std::optional<std::size_t> bytes_behind(const Type& type) noexcept {
  switch (type.kind()) {
    case 1:         // int
    case kind_var:  // its linkage
    case 17:        // decl_tag
      return 4;
    case 3:  // array
      return 12;
    case 4:             // struct
    case 5:             // union
    case kind_section:  // its variables
    case 19:            // enum64
      return std::size_t{12} * type.members();
    case 6:   // enum
    case 13:  // func_proto
      return std::size_t{8} * type.members();
    case 2:   // ptr
    case 7:   // fwd
    case 8:   // typedef
    case 9:   // volatile
    case 10:  // const
    case 11:  // restrict
    case 12:  // func
    case 16:  // float
    case 18:  // type_tag
      return 0;
    default:
      return std::nullopt;
  }
}

// BTF in memory. Reads outside of it return nullopt.
class Btf {
 public:
  explicit Btf(BytesView bytes) : bytes_(bytes) {
    const auto header = read<Header>(bytes_, 0);
    if (!header || header->header_size > bytes_.size()) return;
    const BytesView body = bytes_.subspan(header->header_size);
    types_ = part(body, header->types, header->types_size);
    strings_ = part(body, header->strings, header->strings_size);
    index();
  }

  [[nodiscard]] std::optional<Type> type(std::uint32_t id) const noexcept {
    // Type 0 is void and has no record.
    if (id == 0 || id > at_.size()) return std::nullopt;
    return read<Type>(types_, at_[id - 1]);
  }
  [[nodiscard]] std::optional<SectionEntry> entry(std::uint32_t section, std::uint32_t i) const {
    return read<SectionEntry>(types_, at_[section - 1] + sizeof(Type) + i * sizeof(SectionEntry));
  }
  [[nodiscard]] std::string_view name(const Type& type) const noexcept {
    if (type.name >= strings_.size()) return {};
    const auto* const text = reinterpret_cast<const char*>(strings_.data()) + type.name;
    return {text, ::strnlen(text, strings_.size() - type.name)};
  }

 private:
  template <class T>
  static std::optional<T> read(BytesView from, std::size_t at) noexcept {
    if (at > from.size() || from.size() - at < sizeof(T)) return std::nullopt;
    T value;
    std::memcpy(&value, from.data() + at, sizeof value);
    return value;
  }
  static BytesView part(BytesView body, std::size_t at, std::size_t size) noexcept {
    if (at > body.size() || body.size() - at < size) return {};
    return body.subspan(at, size);
  }
  void index() {
    for (std::size_t at = 0; const auto type = read<Type>(types_, at);) {
      const auto behind = bytes_behind(*type);
      if (!behind) return;
      at_.push_back(at);
      at += sizeof(Type) + *behind;
    }
  }

  BytesView bytes_;
  BytesView types_;
  BytesView strings_;
  std::vector<std::size_t> at_;  // of each type
};

Bytes read_btf(std::uint32_t id, std::error_code& ec) {
  const int result = sys::btf_get_fd_by_id(id);
  ec = detail::kernel_error(result);
  if (ec) return {};
  const sys::UniqueFd fd{result};
  std::uint32_t size = 0;
  ec = detail::kernel_error(sys::btf_get_data(fd.get(), nullptr, size));
  if (ec) return {};
  Bytes bytes(size);
  ec = detail::kernel_error(sys::btf_get_data(fd.get(), bytes.data(), size));
  return bytes;
}

GlobalVariable find(const Map& map, std::string_view name, std::error_code& ec) {
  if (!map) return ec = Errc::no_map, GlobalVariable{};
  if (!detail::is_section(map.info())) return ec = Errc::no_btf, GlobalVariable{};
  const Bytes bytes = read_btf(map.info().btf_id, ec);
  if (ec) return {};
  const Btf btf{bytes};
  const std::uint32_t id = map.info().btf_value_type_id;
  const auto section = btf.type(id);
  if (!section || section->kind() != kind_section) return ec = Errc::no_btf, GlobalVariable{};
  std::optional<GlobalVariable> found;
  for (std::uint32_t i = 0; i < section->members(); ++i) {
    const auto entry = btf.entry(id, i);
    const auto variable = entry ? btf.type(entry->type) : std::nullopt;
    if (!variable || btf.name(*variable) != name) continue;
    if (found) return ec = detail::kernel_error(-ENOTUNIQ), GlobalVariable{};
    found = {entry->offset, entry->size};
  }
  if (!found) ec = Errc::no_such_variable;
  return found.value_or(GlobalVariable{});
}

}  // namespace

bool detail::is_section(const MapInfo& info) noexcept {
  return info.type == MapType::array && info.max_entries == 1 && info.btf_id != 0 &&
         info.btf_key_type_id == 0 && info.btf_value_type_id != 0;
}

GlobalVariable find_variable(const Map& map, std::string_view name, std::error_code& ec) noexcept {
  ec.clear();
  const auto found = detail::without_bad_alloc(ec, [&] { return find(map, name, ec); });
  if (ec) ec = detail::record(map, {.operation = Operation::info}, ec);
  return ec ? GlobalVariable{} : found;
}

GlobalVariable find_variable(const Map& map, std::string_view name) {
  std::error_code ec;
  const GlobalVariable found = find_variable(map, name, ec);
  detail::throw_if(ec);
  return found;
}

}  // namespace bpfmap::inline v0
