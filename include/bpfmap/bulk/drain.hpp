// SPDX-License-Identifier: MIT
// Entries that leave the map as they are handed out. Above map/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <system_error>
#include <utility>

#include "bpfmap/bulk/detail/whole_map.hpp"

namespace bpfmap::inline v0 {

namespace detail {

// The walk of a drain, on bytes: what was taken from the map and not yet handed out is here.
class DrainReader {
 public:
  DrainReader(Map& map, ScanOptions options) noexcept;
  DrainReader(DrainReader&& other) noexcept
      : map_(other.map_),
        reader_(std::move(other.reader_)),
        at_(other.at_),
        next_(std::exchange(other.next_, 0)),
        end_(std::exchange(other.end_, 0)),
        finished_(other.finished_) {}
  DrainReader& operator=(DrainReader&&) = delete;
  ~DrainReader();

  // Makes the next entry the current one. false: there is none, or `ec` is set.
  bool advance(std::error_code& ec) noexcept;
  [[nodiscard]] BytesView key() const noexcept {
    return {reader_.keys() + at_ * map_->info().key_size, map_->info().key_size};
  }
  [[nodiscard]] BytesView value() const noexcept {
    return {reader_.values() + at_ * reader_.value_stride(), reader_.value_stride()};
  }
  // After the end, a new pass with the same buffer.
  void resume() noexcept;
  std::uint32_t put_back() noexcept;

  [[nodiscard]] std::uint32_t left() const noexcept { return end_ - next_; }
  [[nodiscard]] const ScanStatus& status() const noexcept { return reader_.status(); }
  [[nodiscard]] const Map& map() const noexcept { return *map_; }

 private:
  Map* map_;
  BatchReader reader_;
  std::uint32_t at_ = 0;    // the current entry of the batch
  std::uint32_t next_ = 0;  // the first that was not handed out
  std::uint32_t end_ = 0;
  bool finished_ = false;
};

}  // namespace detail

/// Takes entries out of a map as it hands them out: `for (auto [key, value] : drain(map))`. One
/// pass: what others insert behind it stays for the next.
///
/// Entries leave the map a batch at a time (BPF_MAP_LOOKUP_AND_DELETE_BATCH, 5.6), ahead of being
/// handed out. When the loop stops half-way, what was taken and not handed out is still here: walk
/// the drain again and it goes on, or put_back() it, as the destructor does. An entry that cannot
/// be put back, because its key was inserted again meanwhile or the map is full, stays in the drain
/// for the caller to walk, and is lost only when the drain is destroyed with it. With `batch_size =
/// 1` a hash bucket at a time is taken, which is one entry nearly always.
///
/// Where there are no batches entries leave one by one, never ahead; those of a hash of maps do,
/// too, because a map that was taken out may be gone when it is to be put back. status().exact is
/// false for an LPM trie and a hash of maps: an entry is looked up and then deleted, and an update
/// between the two is lost. ENOTSUPP on arrays.
template <class Show>
class Drain {
 public:
  class iterator {
   public:
    using iterator_concept = std::input_iterator_tag;
    using value_type = typename Show::type;
    using difference_type = std::ptrdiff_t;

    explicit iterator(Drain& drain) : drain_(&drain) { ++*this; }
    [[nodiscard]] value_type operator*() const noexcept {
      return Show::show(drain_->reader_.key(), drain_->reader_.value());
    }
    iterator& operator++() {
      more_ = drain_->advance();
      return *this;
    }
    void operator++(int) { ++*this; }
    [[nodiscard]] friend bool operator==(const iterator& it, std::default_sentinel_t) noexcept {
      return !it.more_;
    }

   private:
    Drain* drain_;
    bool more_ = false;
  };

  /// With `ec`, an error ends the walk and is left there: it must outlive the drain. Without, it is
  /// thrown.
  explicit Drain(Map& map, ScanOptions options = {}, std::error_code* ec = nullptr) noexcept
      : reader_(map, options), ec_(ec) {}

  /// Goes on behind the last entry handed out; after the end, starts a new pass with the same
  /// buffer.
  [[nodiscard]] iterator begin() {
    reader_.resume();
    return iterator{*this};
  }
  [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }

  /// Puts what was taken and not handed out back, where its key is not there again (BPF_NOEXIST);
  /// the number of entries that could not be put back and are still here.
  std::uint32_t put_back() noexcept { return reader_.put_back(); }
  /// Entries taken and not handed out.
  [[nodiscard]] std::uint32_t left() const noexcept { return reader_.left(); }
  /// How the walk goes; `entries` counts what was taken.
  [[nodiscard]] const ScanStatus& status() const noexcept { return reader_.status(); }

 private:
  bool advance() {
    std::error_code ec;
    const bool more = reader_.advance(ec);
    if (ec && ec_ == nullptr) detail::raise(reader_.map(), {Operation::drain}, ec);
    if (ec_ != nullptr) *ec_ = ec;
    return more;
  }

  detail::DrainReader reader_;
  std::error_code* ec_;
};

/// A drain of `map`, which must outlive it.
template <detail::erasable_map M>
[[nodiscard]] auto drain(M& map, ScanOptions options = {}) noexcept {
  return Drain<detail::shown_entry<M>>{detail::map_of(map), options};
}
template <detail::erasable_map M>
[[nodiscard]] auto drain(M& map, ScanOptions options, std::error_code& ec) noexcept {
  return Drain<detail::shown_entry<M>>{detail::map_of(map), options, &ec};
}
template <detail::erasable_map M>
[[nodiscard]] auto drain(M& map, std::error_code& ec) noexcept {
  return drain(map, {}, ec);
}

}  // namespace bpfmap::inline v0
