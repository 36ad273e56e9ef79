# Time, waiting, and commands that may not take for ever.
# shellcheck shell=sh disable=SC2034,SC2154 # variables are shared between the parts of the probe

# probe_time = hundredths of a second since boot: no clock change can bend it.
probe_now() {
  read -r probe_up _ </proc/uptime
  probe_time=$((${probe_up%%.*} * 100 + 1${probe_up#*.} - 100))
}
probe_now
probe_began=$probe_time

# Not every sleep takes a fraction. NB: one may also have been ended with all processes of the service.
probe_whole=no
probe_sleep() {
  if [ "$probe_whole" = no ]; then
    sleep "$1" 2>/dev/null && return
    sleep 0.01 2>/dev/null && return
    probe_whole=yes
  fi
  sleep 1
}
probe_decimal "$probe_interval"
probe_pause=$probe_seconds

# Runs "$@" for at most $1 (whole) seconds; its output goes to $probe_log.out. 124 or 137: it took longer.
if timeout 1 true 2>/dev/null; then
  probe_limit() { timeout "$@" >"$probe_log.out" 2>&1 </dev/null; }
else
  probe_limit() {
    probe_seconds=$1
    shift
    "$@" >"$probe_log.out" 2>&1 </dev/null &
    probe_task=$!
    { sleep "$probe_seconds" && kill -9 "$probe_task"; } >/dev/null 2>&1 </dev/null &
    probe_guard=$!
    wait "$probe_task" 2>/dev/null
    probe_status=$?
    kill "$probe_guard" 2>/dev/null
    return "$probe_status"
  }
fi

# probe_left = whole seconds, at least one, until the hundredths $1, at most $2.
probe_seconds_left() {
  probe_now
  probe_left=$((($1 - probe_time) / 100 + 1))
  [ "$probe_left" -ge 1 ] || probe_left=1
  [ "$probe_left" -le "$2" ] || probe_left=$2
}
