// SPDX-License-Identifier: MIT
// Pins maps: with permissions, and in new folders.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "bpfmap/map/map.hpp"
#include "bpfmap/sys/bpf.hpp"
#include "pin_path.hpp"
#include "pin_swap.hpp"

namespace bpfmap::inline v0 {
namespace {

using detail::Attempt;
using detail::kernel_error;

// The folders created for a pin. The destructor removes them unless keep() was called.
class MadeFolders {
 public:
  MadeFolders() noexcept = default;
  MadeFolders(const MadeFolders&) = delete;
  MadeFolders& operator=(const MadeFolders&) = delete;
  // A folder that is no longer empty stays.
  ~MadeFolders() {
    while (!made_.empty() && ::rmdir(made_.back().c_str()) == 0) made_.pop_back();
  }

  void keep() noexcept { made_.clear(); }
  std::error_code make(const std::string& folder, std::uint32_t mode);

 private:
  std::error_code make_one(std::string folder, std::uint32_t mode);

  std::vector<std::string> made_;
};

// Creates `folder` and its missing parents, below a folder that is on a bpffs.
std::error_code MadeFolders::make(const std::string& folder, std::uint32_t mode) {
  std::vector<std::string> missing;
  std::string at = folder;
  for (struct stat status{}; ::stat(at.c_str(), &status) != 0; at = detail::folder_of(at)) {
    if (errno != ENOENT || at == "/" || at == ".") return kernel_error(-errno);
    while (at.size() > 1 && at.ends_with('/')) at.pop_back();
    // A bpffs refuses names with a '.'.
    if (at.find('.', at.find_last_of('/') + 1) != std::string::npos) return Errc::invalid_path;
    missing.push_back(at);
  }
  if (!missing.empty() && !detail::is_on_bpffs(at)) return Errc::invalid_path;
  for (auto next = missing.rbegin(); next != missing.rend(); ++next)
    if (const auto ec = make_one(std::move(*next), mode)) return ec;
  return {};
}

// A folder that another process has created meanwhile stays as it is.
std::error_code MadeFolders::make_one(std::string folder, std::uint32_t mode) {
  made_.reserve(made_.size() + 1);  // before the folder exists, so that it can be recorded
  if (::mkdir(folder.c_str(), mode) != 0)
    return errno == EEXIST ? std::error_code{} : kernel_error(-errno);
  made_.push_back(std::move(folder));
  // The umask has removed bits.
  return kernel_error(::chmod(made_.back().c_str(), mode) == 0 ? 0 : -errno);
}

std::error_code pin_with_rights(const Map& map, const std::string& path,
                                const PinOptions& options) {
  std::error_code ec;
  const sys::UniqueFd lock = detail::lock_folder(path, ec);
  if (ec) return ec;
  // Checked first, so that nothing is created only to be removed.
  if (::access(path.c_str(), F_OK) == 0) return kernel_error(-EEXIST);
  const detail::TemporaryPin pin{map, path, ec};
  if (!ec) ec = pin.set_rights(options);
  return ec ? ec : pin.move_in();
}

// What chmod(2) and chown(2) would silently take for something else: bits that it drops, and the id
// that means "no change". Sets Errc::out_of_range.
Attempt check_options(const std::string& path, const PinOptions& options, std::error_code& ec) {
  constexpr auto no_id = static_cast<std::uint32_t>(-1);
  Attempt attempt{.operation = Operation::pin, .subject = path};
  const auto refuse_mode = [&](std::uint32_t mode) {
    if ((mode & ~detail::permission_bits) == 0) return;
    attempt.flags = mode;
    ec = Errc::out_of_range;
  };
  if (options.owner == no_id || options.group == no_id) {
    attempt.count = no_id;
    ec = Errc::out_of_range;
  }
  refuse_mode(options.folder_mode);
  refuse_mode(options.mode.value_or(0));
  return attempt;
}

}  // namespace

void Map::pin(const std::string& path, const PinOptions& options,
              std::error_code& ec) const noexcept {
  ec.clear();
  const Attempt attempt = check_options(path, options, ec);
  if (!*this)
    ec = Errc::no_map;
  else if (!ec)
    detail::without_bad_alloc(ec, [&] {
      MadeFolders folders;
      if (options.make_folders && path.find('\0') == std::string::npos)
        ec = folders.make(detail::folder_of(path), options.folder_mode);
      if (!ec) ec = detail::check_pin_path(path);
      if (ec) return;
      if (options.mode || options.owner || options.group)
        ec = pin_with_rights(*this, path, options);
      else
        ec = kernel_error(sys::obj_pin(fd(), path.c_str()));
      if (!ec) folders.keep();
    });
  if (ec) ec = detail::record(*this, attempt, ec);
}

void Map::pin(const std::string& path, const PinOptions& options) const {
  std::error_code ec;
  pin(path, options, ec);
  detail::throw_if(ec);
}

void Map::pin(const std::string& path, std::error_code& ec) const noexcept { pin(path, {}, ec); }

void Map::pin(const std::string& path) const { pin(path, PinOptions{}); }

}  // namespace bpfmap::inline v0
