// SPDX-License-Identifier: MIT
// A blocklist: fills an LPM trie with prefixes from a file, by which an XDP program drops packets.
// The packets are this program's own, over a cable between two network namespaces.
// Run it as root: build/blocklist prefixes.txt
#include <algorithm>
#include <array>
#include <bpfmap/bpfmap.hpp>
#include <bpfmap/interop/libbpf.hpp>
#include <cerrno>
#include <fstream>
#include <iostream>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <system_error>

#include "blocklist.h"
#include "blocklist.skel.h"
#include "network.hpp"

namespace {

using Prefix = bpfmap::LpmKey<in_addr>;
using Rules = bpfmap::LpmTrie<Prefix, Rule>;
using Skeleton = std::unique_ptr<blocklist, decltype(&blocklist__destroy)>;

void check(bool ok, const std::string& what) {
  if (!ok) throw std::system_error(errno, std::generic_category(), what);
}

// Strips comment and blanks: "10.0.0.0/8", or "!10.0.0.1" for a prefix that may pass.
std::string content_of(std::string line) {
  line.erase(std::min(line.find('#'), line.size()));
  std::erase_if(line, [](char c) { return c == ' ' || c == '\t' || c == '\r'; });
  return line;
}

void read_rules(const std::string& path, Rules& rules) {
  std::ifstream file{path};
  check(file.is_open(), path);
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    std::string text = content_of(line);
    if (text.empty()) continue;
    const bool pass = text.front() == '!';
    if (pass) text.erase(0, 1);
    try {
      rules.update(Prefix::parse(text), {.pass = pass, .pad = 0, .packets = 0});
    } catch (const bpfmap::Error& error) {
      throw std::runtime_error(path + ":" + std::to_string(number) + ": " + error.what());
    }
  }
}

constexpr std::array addresses{"192.0.2.10", "192.0.2.70", "192.0.2.77"};

// Sends from each address until the packets of those that may pass have arrived. Packets arrive in
// order.
std::set<std::string> senders_that_pass(const Network& network) {
  std::set<std::string> senders;
  const auto is_done = [&senders] {
    return senders.contains(addresses.front()) && senders.contains(addresses.back());
  };
  for (int tries = 0; tries < 60 && !is_done(); ++tries) {
    for (const char* const address : addresses) network.send_from(address);
    for (auto sender = network.receive(); sender; sender = network.receive()) {
      senders.insert(*sender);
      if (*sender == addresses.back()) break;
    }
  }
  return senders;
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 2) throw std::runtime_error("give a file of prefixes");
  const Skeleton skeleton{blocklist__open_and_load(), &blocklist__destroy};
  check(skeleton != nullptr, "loading the BPF program");
  Rules rules{bpfmap::from(skeleton->maps.rules)};
  read_rules(argv[1], rules);

  const Network network;
  skeleton->links.filter = bpf_program__attach_xdp(skeleton->progs.filter, network.ifindex());
  check(skeleton->links.filter != nullptr, "attaching the BPF program");

  const auto senders = senders_that_pass(network);
  for (const char* const address : addresses)
    std::cout << address << (senders.contains(address) ? " passes\n" : " is blocked\n");

  const auto rule = rules.lookup(Prefix::parse("192.0.2.70"));  // finds the prefix that covers it
  check(rule && rule->packets > 0, "the blocked packets are not counted");
  for (auto [prefix, found] : rules)
    std::cout << prefix.to_string() << (found.pass != 0 ? " passed " : " dropped ") << found.packets
              << '\n';
} catch (const NoNetwork& error) {
  std::cout << "SKIPPED: no network to try the blocklist in: " << error.what() << '\n';
} catch (const std::exception& error) {
  std::cerr << "blocklist: " << error.what() << '\n';
  return 1;
}
