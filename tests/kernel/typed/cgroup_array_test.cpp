// SPDX-License-Identifier: MIT
// CgroupArray: cgroups that programs ask about.
#include "bpfmap/typed/cgroup_array.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <string>
#include <system_error>

#include "child_process.hpp"
#include "own_cgroup.hpp"
#include "program.hpp"
#include "refusals.hpp"

namespace bpfmap {
namespace {

using test::contains;
using test::OwnCgroup;
using test::told;

// What bpf_current_task_under_cgroup says of the process that runs it: 1, 0, or an error.
class Question {
 public:
  Question(const CgroupArray& map, std::int32_t index) {
    const auto load = test::load_map(1, map.map().fd());
    const std::array code{
        load[0],
        load[1],
        test::load_number(2, index),
        test::call_helper(BPF_FUNC_current_task_under_cgroup),
        test::leave(),
    };
    program_ = test::load_program(code, {.type = BPF_PROG_TYPE_RAW_TRACEPOINT});
  }
  [[nodiscard]] std::int32_t answer() const {
    return static_cast<std::int32_t>(test::run_program(program_.get(), false));
  }

 private:
  sys::UniqueFd program_;
};

constexpr std::int32_t empty_slot = -EAGAIN;

CgroupArray make() { return CgroupArray::create({.max_entries = 4, .name = "groups"}); }

class CgroupArrayTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (test::cgroup_root().empty()) GTEST_SKIP() << "no cgroup2 is mounted";
  }
};

TEST_F(CgroupArrayTest, IsMadeWithItsTypeAndSizes) {
  test::expect_made_and_refused<CgroupArray>({.max_entries = 4, .name = "groups"},
                                             MapType::cgroup_array, 4);
}

TEST_F(CgroupArrayTest, HoldsTheCgroupThatAProgramAsksAbout) {
  CgroupArray map = make();
  const OwnCgroup cgroup;
  const Question question{map, 1};
  EXPECT_EQ(question.answer(), empty_slot);

  map.set(1, cgroup.fd());
  EXPECT_EQ(question.answer(), 0);
  test::in_child([&] {
    cgroup.enter();
    EXPECT_EQ(question.answer(), 1);
  });

  const sys::UniqueFd root{::open(test::cgroup_root().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  std::error_code ec = Errc::invalid_name;
  map.set(1, root.get(), ec);
  EXPECT_EQ(ec, std::error_code{});
  EXPECT_EQ(question.answer(), 1);

  EXPECT_TRUE(map.erase(1));
  EXPECT_EQ(question.answer(), empty_slot);
  EXPECT_FALSE(map.erase(1));
  ec = Errc::invalid_name;
  EXPECT_FALSE(map.erase(1, ec));
  EXPECT_EQ(ec, std::error_code{});
}

TEST_F(CgroupArrayTest, TakesAPathAsWell) {
  CgroupArray map = make();
  const OwnCgroup cgroup;
  const Question question{map, 0};
  const std::size_t before = test::open_descriptors();
  map.set(0, cgroup.path());
  EXPECT_EQ(question.answer(), 0);
  std::error_code ec = Errc::invalid_name;
  map.set(0, test::cgroup_root(), ec);
  EXPECT_EQ(ec, std::error_code{});
  EXPECT_EQ(question.answer(), 1);
  EXPECT_EQ(test::open_descriptors(), before);
}

TEST_F(CgroupArrayTest, TellsAPathThatIsNoCgroup) {
  CgroupArray map = make();
  const std::string missing = test::cgroup_root() + "/bpfmap-test-missing";
  EXPECT_TRUE(contains(told(ENOENT, [&](auto&... ec) { map.set(0, missing, ec...); }),
                       "'" + missing + "' cannot be opened as a cgroup's directory"));
  EXPECT_TRUE(contains(told(ENOTDIR, [&](auto&... ec) { map.set(0, "/proc/self/exe", ec...); }),
                       "'/proc/self/exe' cannot be opened"));
  const std::string text = told(EBADF, [&](auto&... ec) { map.set(0, "/proc/self", ec...); });
  EXPECT_TRUE(contains(text, "at '/proc/self'"));
  EXPECT_TRUE(contains(text, "is not an open descriptor of a cgroup's directory"));
  EXPECT_FALSE(contains(text, "the value, it,")) << text;
  EXPECT_TRUE(contains(text, "unified hierarchy"));
  EXPECT_EQ((Question{map, 0}.answer()), empty_slot);
}

TEST_F(CgroupArrayTest, TellsADescriptorThatIsNoCgroup) {
  CgroupArray map = make();
  const sys::UniqueFd file{::open("/proc/self/exe", O_RDONLY | O_CLOEXEC)};
  EXPECT_TRUE(contains(told(EBADF, [&](auto&... ec) { map.set(0, file.get(), ec...); }),
                       "the value, " + std::to_string(file.get()) +
                           ", is not an open descriptor of a cgroup's directory"));
  EXPECT_FALSE(told(EBADF, [&](auto&... ec) { map.set(0, -1, ec...); }).empty());
}

TEST_F(CgroupArrayTest, TakesAnyIntegerTypeAsIndex) {
  CgroupArray map = make();
  const OwnCgroup cgroup;
  map.set(std::int64_t{1}, cgroup.fd());
  map.set(std::uint8_t{2}, cgroup.path());
  test::expect_integer_told([&](auto index, auto&... ec) { map.set(index, cgroup.fd(), ec...); });
  const std::size_t before = test::open_descriptors();
  test::expect_integer_told([&](auto index, auto&... ec) { map.set(index, cgroup.path(), ec...); });
  EXPECT_EQ(test::open_descriptors(), before);
  test::expect_integer_told([&](auto index, auto&... ec) { (void)map.erase(index, ec...); });
  EXPECT_FALSE(map.erase(0));
  EXPECT_TRUE(map.erase(std::size_t{1})) << "nothing else is written or erased";
  EXPECT_TRUE(map.erase(std::int8_t{2}));
}

TEST_F(CgroupArrayTest, TellsACgroupThatIsGone) {
  CgroupArray map = make();
  OwnCgroup cgroup;
  map.set(1, cgroup.fd());
  cgroup.remove();
  EXPECT_TRUE(contains(told(ENOENT, [&](auto&... ec) { map.set(0, cgroup.fd(), ec...); }),
                       "has been removed"));
  EXPECT_EQ((Question{map, 1}.answer()), 0) << "it stays in its slot";
  EXPECT_TRUE(map.erase(1));
}

TEST_F(CgroupArrayTest, RefusesAnIndexOutOfRange) {
  CgroupArray map = make();
  const OwnCgroup cgroup;
  test::expect_index_told([&](auto&... ec) { map.set(4, cgroup.fd(), ec...); });
  test::expect_index_told([&](auto&... ec) { map.set(4, cgroup.path(), ec...); });
  test::expect_index_told([&](auto&... ec) { (void)map.erase(4, ec...); });
}

TEST_F(CgroupArrayTest, RefusesEverythingWithoutAMap) {
  CgroupArray map;
  EXPECT_FALSE(map);
  test::expect_no_map_told([&](auto&... ec) { map.set(0, 0, ec...); });
  test::expect_no_map_told([&](auto&... ec) { map.set(0, test::cgroup_root(), ec...); });
  test::expect_no_map_told([&](auto&... ec) { (void)map.erase(0, ec...); });
}

}  // namespace
}  // namespace bpfmap
