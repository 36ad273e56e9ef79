# What a service costs: memory and time to ready, held against the catalog's budgets.
# shellcheck shell=sh disable=SC2034,SC2154 # variables are shared between the parts of the probe

# probe_found = all processes, between blanks.
probe_processes() {
  probe_found=' '
  for probe_process in /proc/[0-9]*; do
    probe_found="$probe_found${probe_process#/proc/} "
  done
}

# probe_peak = bytes at most in use so far, probe_source = who says so. The container's own control group knows
# best; where it cannot be read, the peaks of the processes that came after the probe, added up.
probe_measure_memory() {
  probe_peak=''
  for probe_source in memory.peak memory/memory.max_usage_in_bytes; do
    # NB: a machine's own group has no such file, or counts the whole machine.
    read -r probe_peak 2>/dev/null <"$probe_cgroup/$probe_source" && return
  done
  probe_peak=0 probe_source='VmHWM of its processes'
  for probe_process in /proc/[0-9]*; do
    case "$probe_before $$ " in
      *" ${probe_process#/proc/} "*) continue ;;
    esac
    while read -r probe_word probe_size _; do
      [ "$probe_word" != VmHWM: ] || probe_peak=$((probe_peak + probe_size * 1024))
    done 2>/dev/null <"$probe_process/status"
  done
}

# probe_amount = $1 bytes in MiB, one digit behind the point.
probe_mebibytes() { probe_amount=$(($1 / 1048576)).$(($1 % 1048576 * 10 / 1048576)); }

probe_memory_budget() {
  probe_measure_memory
  probe_mebibytes "$probe_peak"
  probe_what="$probe_amount MiB at most"
  if [ -n "$probe_max_memory" ] && [ "$probe_peak" -gt "$probe_max_memory" ]; then
    probe_mebibytes "$probe_max_memory"
    probe_what="took $probe_what; the catalog allows $probe_amount MiB"
    probe_blame memory 0 "$probe_what" "$probe_what (by $probe_source)"
  else
    probe_check memory passed 0 "$probe_what (by $probe_source)"
  fi
}

# $1 hundredths until it was ready.
probe_ready_budget() {
  [ -n "$probe_max_ready" ] || return 0
  probe_decimal "$probe_max_ready"
  probe_allowed=$probe_seconds
  probe_decimal "$1"
  if [ "$1" -le "$probe_max_ready" ]; then
    probe_check 'time to ready' passed "$1" "$probe_seconds s of $probe_allowed s"
  else
    probe_blame 'time to ready' "$1" "was ready after $probe_seconds s; the catalog allows $probe_allowed s"
  fi
}
