# The service's output, and other files of the probe: gone when it ends.
# shellcheck shell=sh disable=SC2034,SC2154 # variables are shared between the parts of the probe

probe_log=''
for probe_directory in /tmp /dev/shm /var/tmp "${HOME:-/}" .; do
  # shellcheck disable=SC2188 # creating the file is the test
  if [ -d "$probe_directory" ] && { >"$probe_directory/.pipeline-probe.$$"; } 2>/dev/null; then
    probe_log=$probe_directory/.pipeline-probe.$$
    break
  fi
done
[ -n "$probe_log" ] || probe_say failed "the image's user can write to none of /tmp, /dev/shm, /var/tmp, its home: nowhere to keep the output"

# The end of the output. NB: a service may have been stopped in the middle of a line.
probe_tail() {
  [ -s "$probe_log" ] || [ -s "$probe_log.old" ] || return 0
  if command -v tail >/dev/null 2>&1; then
    { cat "$probe_log.old" 2>/dev/null; cat "$probe_log"; } | tail -c 65536
    return
  fi
  while IFS= read -r probe_line; do printf '%s\n' "$probe_line"; done <"$probe_log"
}

# Keeps a talkative service from filling the disk: what it appends to is cut when it grows over 1 MiB.
probe_trim() {
  probe_polls=$(((probe_polls + 1) % 20))
  [ "$probe_polls" = 0 ] && [ -s "$probe_log" ] || return 0
  probe_size=$(wc -c <"$probe_log" 2>/dev/null) || return 0
  [ "${probe_size:-0}" -gt 1048576 ] || return 0
  tail -c 65536 "$probe_log" >"$probe_log.old" && : >"$probe_log"
}
probe_polls=0

# probe_last = the last line that is not empty of what the previous probe_limit printed.
probe_last_line() {
  probe_last=''
  while IFS= read -r probe_line || [ -n "$probe_line" ]; do
    [ -z "$probe_line" ] || probe_last=$probe_line
  done <"$probe_log.out"
}

# True once the service has printed $1.
probe_has_said() {
  if command -v grep >/dev/null 2>&1; then
    grep -qF -e "$1" "$probe_log"
    return
  fi
  while IFS= read -r probe_line || [ -n "$probe_line" ]; do
    case $probe_line in
      *"$1"*) return 0 ;;
    esac
  done <"$probe_log"
  return 1
}
