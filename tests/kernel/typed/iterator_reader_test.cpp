// SPDX-License-Identifier: MIT
// Records of BPF iterator programs, over maps, sockets and tasks.
#include "bpfmap/typed/iterator_reader.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "bpfmap/bpfmap.hpp"
#include "bpfmap/interop/libbpf.hpp"
#include "iterators.skel.h"
#include "kernel_test.hpp"
#include "maps.hpp"
#include "sockets.hpp"
#include "told.hpp"

namespace bpfmap {
namespace {

using test::contains;
using test::told;

struct Runs {
  std::uint64_t count = 0;
  std::uint32_t flags = 0;
  friend bool operator==(const Runs&, const Runs&) = default;
};
struct EntryRow {
  std::uint32_t key;
  std::uint32_t pad;
  Runs runs;
};
struct SocketRow {
  std::uint64_t cookie;
  std::uint32_t family;
  std::uint32_t map;
  Runs runs;
};
struct TaskRow {
  std::uint32_t pid;
  std::uint32_t tgid;
  Runs runs;
};

using Link = std::unique_ptr<bpf_link, int (*)(bpf_link*)>;

// The skeleton with one program loaded, and the link of that program.
class Iterator {
 public:
  explicit Iterator(const char* name, std::uint32_t cut = 0)
      : skeleton_(iterators__open(), &iterators__destroy) {
    bpf_program* program = nullptr;
    bpf_object__for_each_program(program, skeleton_->obj)
        bpf_program__set_autoload(program, std::string{bpf_program__name(program)} == name);
    skeleton_->rodata->cut = cut;
    loaded_ = iterators__load(skeleton_.get());
  }

  // 0, or -errno.
  [[nodiscard]] int loaded() const { return loaded_; }
  [[nodiscard]] iterators& skeleton() { return *skeleton_; }
  [[nodiscard]] Link attach(const bpf_program* program, const bpf_map* map = nullptr) const {
    bpf_iter_link_info info{};
    bpf_iter_attach_opts options{};
    options.sz = sizeof options;
    if (map != nullptr) {
      info.map.map_fd = static_cast<std::uint32_t>(bpf_map__fd(map));
      options.link_info = &info;
      options.link_info_len = sizeof info;
    }
    Link link{bpf_program__attach_iter(program, &options), &bpf_link__destroy};
    EXPECT_NE(link, nullptr) << errno;
    return link;
  }

 private:
  std::unique_ptr<iterators, decltype(&iterators__destroy)> skeleton_;
  int loaded_ = 0;
};

// Some hardened kernels load iterators over tasks, and refuse those over the entries of maps
// (EPERM, before the verifier looks at them): nothing can be read there.
bool is_refused(const Iterator& iterator) {
  if (iterator.loaded() == -EPERM) return true;
  EXPECT_EQ(iterator.loaded(), 0);
  return iterator.loaded() != 0;
}

TEST(IteratorReader, ReadsTheStorageOfTasks) {
  Iterator iterator{"tasks"};
  ASSERT_EQ(iterator.loaded(), 0);
  TaskStorage<Runs> storage{from(iterator.skeleton().maps.of_task)};
  const auto pid = static_cast<std::uint32_t>(::getpid());
  const sys::UniqueFd self{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))};
  storage.update(self.get(), {.count = 7, .flags = 3});
  const Link link = iterator.attach(iterator.skeleton().progs.tasks);
  for (int walk = 0; walk < 2; ++walk) {
    int rows = 0;
    for (IteratorReader<TaskRow> reader{bpf_link__fd(link.get())}; auto row = reader.next();) {
      ++rows;
      EXPECT_EQ(row->tgid, pid);
      EXPECT_EQ(row->runs, (Runs{.count = 7, .flags = 3}));
    }
    EXPECT_EQ(rows, 1);
  }
  storage.erase(self.get());
  IteratorReader<TaskRow> none{bpf_link__fd(link.get())};
  std::error_code ec = make_error_code(std::errc::io_error);
  EXPECT_EQ(none.next(ec) != std::nullopt, false);
  EXPECT_FALSE(ec);
}

TEST(IteratorReader, ReadsTheStorageOfSockets) {
  Iterator iterator{"sockets"};
  if (is_refused(iterator)) return;
  SkStorage<Runs> storage{from(iterator.skeleton().maps.of_socket)};
  std::map<std::uint64_t, Runs> wanted;
  std::vector<sys::UniqueFd> sockets;
  for (std::uint32_t i = 0; i < 300; ++i) {
    sockets.push_back(test::new_socket(i % 2 == 0 ? SOCK_DGRAM : SOCK_STREAM));
    const Runs runs{.count = i, .flags = i % 3};
    storage.update(sockets.back().get(), runs);
    wanted[test::cookie_of(sockets.back())] = runs;
  }
  const Link link =
      iterator.attach(iterator.skeleton().progs.sockets, iterator.skeleton().maps.of_socket);
  std::map<std::uint64_t, Runs> found;
  IteratorReader<SocketRow> reader{bpf_link__fd(link.get())};
  SocketRow row{};
  while (reader.next_into(row)) {
    EXPECT_TRUE(found.emplace(row.cookie, row.runs).second) << "twice";
    EXPECT_EQ(row.family, std::uint32_t{AF_INET});
    EXPECT_EQ(row.map, storage.map().info().id);
  }
  EXPECT_EQ(found, wanted);
  EXPECT_FALSE(reader.next_into(row)) << "the end stays the end";
}

TEST(IteratorReader, ReadsAMapOfSeveralBuffers) {
  Iterator iterator{"entries"};
  if (is_refused(iterator)) return;
  HashMap<std::uint32_t, Runs> map{from(iterator.skeleton().maps.by_key)};
  constexpr std::uint32_t entries = 20000;  // 480 KiB of rows
  for (std::uint32_t i = 0; i < entries; ++i) map.update(i, {.count = i, .flags = ~i});
  const Link link =
      iterator.attach(iterator.skeleton().progs.entries, iterator.skeleton().maps.by_key);
  std::set<std::uint32_t> keys;
  for (IteratorReader<EntryRow> reader{bpf_link__fd(link.get())}; auto row = reader.next();) {
    EXPECT_TRUE(keys.insert(row->key).second);
    EXPECT_EQ(row->runs, (Runs{.count = row->key, .flags = ~row->key}));
  }
  EXPECT_EQ(keys.size(), entries);
}

TEST(IteratorReader, RefusesAnEndWithinARecord) {
  Iterator iterator{"entries", 1};
  if (is_refused(iterator)) return;
  HashMap<std::uint32_t, Runs> map{from(iterator.skeleton().maps.by_key)};
  map.update(1, {});
  const Link link =
      iterator.attach(iterator.skeleton().progs.entries, iterator.skeleton().maps.by_key);
  const auto text = told(Errc::wrong_record_size, [&](auto&... ec) {
    IteratorReader<EntryRow> reader{bpf_link__fd(link.get())};
    (void)reader.next(ec...);
  });
  EXPECT_TRUE(contains(text, "the output ends within a record"));
}

// --- without a program ---

// A pipe gives the same bytes in pieces of the test's choice.
struct Pipe {
  Pipe() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    reader = sys::UniqueFd{ends[0]};
    writer = sys::UniqueFd{ends[1]};
  }
  void write(BytesView bytes) const {
    EXPECT_EQ(::write(writer.get(), bytes.data(), bytes.size()),
              static_cast<ssize_t>(bytes.size()));
  }
  sys::UniqueFd reader;
  sys::UniqueFd writer;
};

TEST(IteratorReader, PutsRecordsTogetherFromPieces) {
  Pipe pipe;
  std::vector<TaskRow> rows;
  for (std::uint32_t i = 0; i < 100; ++i)
    rows.push_back({.pid = i, .tgid = ~i, .runs = {.count = i, .flags = 1}});
  const BytesView bytes = std::as_bytes(std::span{rows});
  auto reader = IteratorReader<TaskRow>::adopt(std::move(pipe.reader));
  // Each piece is read by itself, because the reader is ahead of the writer.
  std::size_t at = 0;
  for (std::uint32_t i = 0; i < 100; ++i) {
    const std::size_t piece = i == 99 ? bytes.size() - at : sizeof(TaskRow) - 5 + i % 11;
    while (at + 0 < (i + 1) * sizeof(TaskRow)) {
      const std::size_t part = std::min(piece, bytes.size() - at);
      pipe.write(bytes.subspan(at, part));
      at += part;
    }
    const auto row = reader.next();
    ASSERT_TRUE(row);
    EXPECT_EQ(row->pid, i);
    EXPECT_EQ(row->tgid, ~i);
  }
  pipe.writer.reset();
  EXPECT_FALSE(reader.next());
}

TEST(IteratorReader, TellsWhatIsNoIterator) {
  const Map map = test::make_map(MapType::hash, 4, 8);
  const auto read = [](int fd) {
    return [fd](auto&... ec) { (void)IteratorReader<TaskRow>{fd, ec...}; };
  };
  EXPECT_TRUE(contains(told(EINVAL, read(map.fd())), "the link of an iterator program"));
  EXPECT_TRUE(contains(told(EBADF, read(987654)), "no such descriptor is open"));
  (void)told(EBADF, read(-1));
  (void)told(EBADF, [](auto&... ec) { (void)IteratorReader<TaskRow>::adopt({}, ec...); });
  IteratorReader<TaskRow> empty;
  EXPECT_FALSE(empty);
  (void)told(EBADF, [&](auto&... ec) { (void)empty.next(ec...); });
}

TEST(IteratorReader, IsEmptyAfterAMove) {
  Pipe pipe;
  const TaskRow row{.pid = 1, .tgid = 2, .runs = {}};
  pipe.write(test::bytes_of(row));
  pipe.write(test::bytes_of(row));
  pipe.writer.reset();
  auto first = IteratorReader<TaskRow>::adopt(std::move(pipe.reader));
  EXPECT_TRUE(first.next());
  IteratorReader<TaskRow> second{std::move(first)};
  EXPECT_FALSE(first);  // NOLINT(bugprone-use-after-move)
  EXPECT_TRUE(second.next()) << "what was read ahead moves, too";
  auto& same = second;
  second = std::move(same);
  EXPECT_TRUE(second);
  EXPECT_FALSE(second.next());
  std::error_code ec;
  EXPECT_FALSE(first.next(ec));
  EXPECT_EQ(ec, std::errc::bad_file_descriptor);
}

}  // namespace
}  // namespace bpfmap
