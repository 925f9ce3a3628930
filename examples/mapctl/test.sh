#!/usr/bin/env bash
# test.sh MAPCTL OBJECT: runs every command for real. Run by mapctl_sample, which holds the maps ctl_*.
set -euo pipefail
# In a bpffs of its own, which nobody else sees.
if [[ -z ${MAPCTL_TEST:-} ]]; then
  MAPCTL_TEST=1 exec unshare --mount "$0" "$@"
fi
mount -t bpf bpf /sys/fs/bpf
mapctl=$1
object=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

fail() {
  echo "FAILED: $*" >&2
  exit 1
}
# expect CODE TEXT COMMAND...: the exit code, and the whole output or a part of it in *...*.
expect() {
  local code=$1 text=$2 output= result=0
  shift 2
  output=$("$mapctl" "$@" 2>&1) || result=$?
  [[ $result == "$code" ]] || fail "mapctl $* ended with $result instead of $code: $output"
  # shellcheck disable=SC2053
  [[ $output == $text ]] || fail "mapctl $* printed: $output"
}

# --- list and show ---
expect 0 '*hash*ctl_hash*' list --name 'ctl_h*'
[[ $("$mapctl" list --name 'ctl_*' --json | wc -l) == 8 ]] || fail 'list --json'
expect 0 '*"type":"percpu_hash","name":"ctl_percpu"*"memory":*' list --type percpu_hash --json
expect 0 '*key and value are known*' show ctl_hash
expect 3 "mapctl: no map has the name 'ctl_none'" show ctl_none

# --- entries, one at a time ---
first='saddr=10.0.0.1 dport=443'
hint=(--hint saddr=ipv4)
expect 1 'mapctl: there is no such key' lookup ctl_hash "$first" "${hint[@]}"
expect 0 '' update ctl_hash "$first" 'packets=5 balance=-3 state=OPEN name="a,\"b"' "${hint[@]}"
expect 1 'mapctl: the key exists' update --insert ctl_hash "$first" 'packets=1' "${hint[@]}"
expect 0 '' update --merge ctl_hash "$first" 'ports[1]=7' "${hint[@]}"
expect 0 'key: {saddr=10.0.0.1, dport=443, protocol=0} value: {packets=5, balance=-3, state=OPEN, name="a,\\"b", ports=\[0, 7\]}' \
  lookup ctl_hash "$first" "${hint[@]}"
expect 0 '{"key":{"saddr":16777226,*' lookup --json ctl_hash 'saddr=16777226 dport=443'
expect 0 '{saddr=10.0.0.1, *' getnext ctl_hash "${hint[@]}"
expect 1 'mapctl: there are no more keys' getnext ctl_hash "$first" "${hint[@]}"
expect 3 "*column 9: there is no member 'dprt'; the members are saddr, dport, protocol*" lookup ctl_hash 'saddr=1 dprt=1'
expect 3 '*column 7: expected a number from 0 to 65535*' lookup ctl_hash 'dport=65536'
expect 0 '' delete ctl_hash "$first" "${hint[@]}"
expect 1 'mapctl: there is no such key' delete ctl_hash "$first" "${hint[@]}"
expect 0 0 count ctl_hash
expect 1 'mapctl: it is empty' pop ctl_queue
expect 0 '' push ctl_queue "0x$(printf '%064d' 1)"
expect 0 "0x$(printf '%064d' 1)" peek ctl_queue
expect 0 "\"0x$(printf '%064d' 1)\"" pop --json ctl_queue
expect 0 '' update ctl_storage 100 'packets=4'
expect 0 'key: 100 value: {packets=4,*' lookup ctl_storage 100
expect 0 '' delete ctl_storage 100
expect 3 '*' dump ctl_storage

# --- dump, clear, restore, dump: the same ---
fill() {
  local map=$1 key=$2 i
  for i in 0 1 2 3 4 5 6 7; do
    # shellcheck disable=SC2059
    "$mapctl" update "$map" "$(printf "$key" "$i")" \
      "packets=$((i * 1000000007)) balance=-$i state=$((i % 3)) name=\"n, $i\" ports=[$i, 4294967295]"
  done
}
fill ctl_hash 'saddr=%d dport=80'
fill ctl_lru 'saddr=%d dport=80'
fill ctl_percpu 'saddr=%d dport=80'
fill ctl_array '%d'
fill ctl_pcarray '%d'
fill ctl_trie 'prefixlen=32 address=%d'
"$mapctl" update --merge ctl_percpu 'saddr=3 dport=80' '{cpu0={packets=99}}'
for map in ctl_hash ctl_lru ctl_percpu ctl_array ctl_pcarray ctl_trie; do
  for format in text json csv; do
    "$mapctl" dump "$map" --format $format "${hint[@]}" >before
    lines=$(wc -l <before)
    ((lines >= 8)) || fail "dump of $map as $format has $lines lines"
    case $map in
      *array) for i in 0 1 2 3 4 5 6 7; do "$mapctl" update $map $i 'packets=0'; done ;;
      *) expect 0 8 clear $map ;;
    esac
    "$mapctl" dump "$map" --format $format "${hint[@]}" >empty
    cmp -s before empty && fail "$map is as before it was cleared"
    "$mapctl" restore "$map" before "${hint[@]}"
    "$mapctl" dump "$map" --format $format "${hint[@]}" >after
    if [[ $format == csv ]]; then sort before -o before; sort after -o after; fi
    [[ $map == *array || $format == csv ]] || { sort before -o before; sort after -o after; }
    cmp before after || fail "$map as $format: dump, clear, restore, dump differ"
  done
done

# --- beside bpftool ---
if command -v bpftool >/dev/null && command -v jq >/dev/null; then
  bpftool -j map dump name ctl_array | jq -cS '.[].formatted' >theirs
  "$mapctl" dump ctl_array --format json | jq -cS . >own
  cmp theirs own || fail 'bpftool shows something else'
  bpftool map create /sys/fs/bpf/mapctl_theirs type hash key 4 value 8 entries 4 name ctl_theirs
  bpftool map update pinned /sys/fs/bpf/mapctl_theirs key 1 0 0 0 value 2 0 0 0 0 0 0 0
  expect 0 'key: 1 value: 2' dump /sys/fs/bpf/mapctl_theirs
  expect 0 '*ctl_theirs*/sys/fs/bpf/mapctl_theirs*' list --pinned --name ctl_theirs
  expect 0 '' unpin /sys/fs/bpf/mapctl_theirs
fi

# --- whole maps ---
expect 0 8 count ctl_hash
"$mapctl" dump ctl_hash --format json >old.json
expect 0 '' diff old.json ctl_hash
"$mapctl" update --merge ctl_hash 'saddr=1 dport=80' 'packets=1000000010'
"$mapctl" delete ctl_hash 'saddr=2 dport=80'
expect 1 '- {"saddr":2,*~ {"saddr":1,*} packets 1000000007 -> 1000000010 (+3)' diff old.json ctl_hash
expect 0 '*7000000049*{"saddr":7*' top ctl_hash --by packets --rows 2
expect 3 "*has no number 'bytes'; the numbers are packets, balance,*" top ctl_hash --by bytes
pins=/sys/fs/bpf
expect 0 '[0-9]*' create "$pins/like" --like ctl_hash --name ctl_like
expect 0 7 copy ctl_hash "$pins/like"
expect 0 '' diff ctl_hash "$pins/like"
expect 0 '[0-9]*' create "$pins/plain" --type array --key-size 4 --value-size 8 --entries 2 --name ctl_plain
expect 0 '' update ctl_plain 1 0xff
expect 0 '*1*255*' dump ctl_plain
expect 0 '' pin ctl_plain "$pins/again" --mode 0400
expect 0 '' freeze ctl_plain
expect 3 '*' update ctl_plain 1 2
expect 0 '*frozen*true*' show ctl_plain
expect 0 '' unpin "$pins/again"
expect 1 '*' unpin "$pins/again"
expect 0 '[0-9]*' create "$pins/types" --entries 8 --name ctl_types --btf "$object" --key-type flow_key \
  --value-type flow
expect 0 '' restore ctl_types old.json
expect 0 '' diff old.json ctl_types
expect 2 '*they need --btf*' create "$pins/none" --value-type flow
expect 0 '[0-9]*' create "$pins/outer" --type hash_of_maps --key-size 4 --value-size 4 --entries 2 --name ctl_outer \
  --inner ctl_plain
expect 0 '' update ctl_outer 1 ctl_plain
expect 0 "key: 1 value: $("$mapctl" list --name ctl_plain --json | jq .id)" lookup ctl_outer 1

# --- watch: lines in a pipe, no colour ---
("$mapctl" watch ctl_array --interval 0.5 --rounds 3 >watched) &
sleep 0.7
"$mapctl" update --merge ctl_array 1 'packets=5000000000'
wait $!
grep -q '^~ 1 packets 1000000007 -> 5000000000 (+3999999993, ' watched || fail "watch: $(cat watched)"
if grep -q $'\e' watched; then fail 'watch writes control codes into a pipe'; fi

# --- usage, manual and completion ---
expect 2 '*' no_such_command
expect 2 '*' lookup ctl_hash
expect 2 "*--hint*" lookup ctl_hash 1 --hint saddr=ipv5
expect 0 '*dump*' --help
"$mapctl" man >mapctl.8
grep -q '^\.SS "restore MAP \[FILE\]' mapctl.8 || fail 'man has no restore'
if command -v man >/dev/null; then man --warnings -l mapctl.8 2>&1 >/dev/null | grep . && fail 'man warns'; fi
"$mapctl" completion bash >completion
bash -c 'source completion; COMP_WORDS=(mapctl up) COMP_CWORD=1; _mapctl; [[ ${COMPREPLY[*]} == update ]]' || fail completion
bash -c 'source completion; COMP_WORDS=(mapctl dump 1 --f) COMP_CWORD=3; _mapctl; [[ ${COMPREPLY[*]} == --format ]]' ||
  fail 'completion of options'
echo 'mapctl: every command is right'
