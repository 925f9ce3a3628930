// SPDX-License-Identifier: MIT
// man and completion: made from what the commands say of themselves.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "mapctl.hpp"

namespace mapctl {
namespace {

// In groff a line may not begin with a dot or a quote, and a hyphen is no minus.
std::string groff(const std::string& text) {
  std::string out = text.starts_with('.') || text.starts_with('\'') ? "\\&" : "";
  for (const char c : text) out += c == '-' ? "\\-" : c == '\\' ? "\\e" : std::string(1, c);
  return out;
}

bool is_help(const CLI::Option& option) { return option.check_name("--help"); }

std::string usage_of(const CLI::App& command) {
  std::string text = command.get_name();
  for (const CLI::Option* option : command.get_options()) {
    if (is_help(*option)) continue;
    const bool positional = option->get_positional();
    const std::string name = positional ? option->get_name(true) : option->get_name();
    const std::string value = !positional && option->get_items_expected_max() > 0 ? " ..." : "";
    text += option->get_required() ? " " + name : " [" + name + value + "]";
  }
  return text;
}

int man(const CLI::App& app) {
  std::string text = ".TH MAPCTL 8\n.SH NAME\nmapctl \\- " + groff(app.get_description()) +
                     "\n.SH SYNOPSIS\n.B mapctl\nCOMMAND ...\n.SH COMMANDS\n";
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    text +=
        ".SS \"" + groff(usage_of(*command)) + "\"\n" + groff(command->get_description()) + ".\n";
    for (const CLI::Option* option : command->get_options()) {
      if (is_help(*option)) continue;
      text += ".TP\n.B " + groff(option->get_name(option->get_positional())) + "\n" +
              groff(option->get_description());
      if (!option->get_default_str().empty())
        text += " (default: " + groff(option->get_default_str()) + ")";
      text += ".\n";
    }
  }
  text += ".SH KEYS AND VALUES\n";
  text += groff(app.get_footer()) + "\n";
  text +=
      ".SH EXIT STATUS\n.TP\n0\nDone.\n.TP\n1\nThere is no such entry, a queue is empty, an entry "
      "exists (\\-\\-insert), or two dumps differ.\n.TP\n2\nThe command line is wrong.\n.TP\n3\n"
      "Anything else; standard error has the reason.\n";
  print(text);
  return done;
}

// clang-format off
constexpr const char* completion_script = R"bash(# bash completion of mapctl; load it with: source <(mapctl completion bash)
_mapctl() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} options= maps=0
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W '{commands}' -- "$word"))
    return
  fi
  case ${{COMP_WORDS[1]}} in
{cases}  esac
  if [[ $word == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$word"))
  elif ((maps)) && ((COMP_CWORD == 2)); then
    COMPREPLY=($(compgen -W "$(mapctl list 2>/dev/null | awk 'NR > 1 {{ print $1 }}')" -- "$word"))
  else
    COMPREPLY=($(compgen -f -- "$word"))
  fi
}}
complete -o filenames -F _mapctl mapctl
)bash";
// clang-format on

int completion(const CLI::App& app) {
  std::string commands;
  std::string cases;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    commands += (commands.empty() ? "" : " ") + command->get_name();
    std::string options;
    bool takes_map = false;
    for (const CLI::Option* option : command->get_options()) {
      takes_map = takes_map || option->check_name("MAP") || option->check_name("FROM");
      if (!option->get_positional()) options += (options.empty() ? "" : " ") + option->get_name();
    }
    cases += fmt::format("    {}) options='{}'; maps={} ;;\n", command->get_name(), options,
                         takes_map ? 1 : 0);
  }
  print(fmt::format(completion_script, fmt::arg("commands", commands), fmt::arg("cases", cases)));
  return done;
}

}  // namespace

void add_help_commands(CLI::App& app, Run& run) {
  CLI::App* const page = app.add_subcommand("man", "Prints this manual, for man -l -");
  page->callback([&app, &run] { run = [&app] { return man(app); }; });
  CLI::App* const shell =
      app.add_subcommand("completion", "Prints a script that completes commands, options and maps");
  const auto name = std::make_shared<std::string>();
  shell->add_option("SHELL", *name, "The shell")->required()->check(CLI::IsMember({"bash"}));
  shell->callback([&app, &run, name] { run = [&app] { return completion(app); }; });
}

}  // namespace mapctl
