# Several services in one network namespace, each with a probe of its own that waits for the others.
# shellcheck shell=sh disable=SC2034,SC2086,SC2154 # variables are shared between the parts of the probe

# Each argument is a line for the shell that starts one probe; their reports follow each other. The line gets the
# path of the probe and a directory in which they meet as $1 and $2.
probe_side_by_side() {
  probe_meeting=$probe_log.meeting
  mkdir "$probe_meeting"
  probe_number=0
  for probe_line in "$@"; do
    probe_number=$((probe_number + 1))
    sh -c "$probe_line" sh "$0" "$probe_meeting" >"$probe_meeting/report.$probe_number" 2>&1 &
  done
  wait
  cat "$probe_meeting"/report.*
  rm -rf "$probe_log" "$probe_log".*
  exit 0
}

# NB: another service's answer on the same port must not be taken for this one's.
probe_claim_ports() {
  [ -n "$probe_hold" ] || return 0
  for probe_entry in $(printf '%s\n' $probe_bound $probe_http $probe_tcp | sort -u); do
    mkdir "$probe_meeting/port.$probe_entry" 2>/dev/null && continue
    probe_fail "wants port $probe_entry, which another service of the suite has"
  done
}

# A service that is up waits for the others, of which there are $probe_hold in all; one that failed lets all go.
probe_meet() {
  [ -n "$probe_hold" ] || return 0
  : >"$probe_meeting/up.$$"
  while :; do
    probe_watch 'while others started beside it'
    [ ! -e "$probe_meeting/failed" ] || return 0
    # shellcheck disable=SC2012 # the names are the probe's own
    probe_count=$(ls "$probe_meeting" | while read -r probe_line; do case $probe_line in up.*) printf x ;; esac; done)
    [ ${#probe_count} -lt "$probe_hold" ] || break
    probe_now
    [ "$probe_time" -lt $((probe_began + probe_deadline + 200)) ] || return 0
    probe_sleep "$probe_pause"
  done
  # NB: whoever lost its port to another one may notice late: all must still be up together.
  probe_wait 20 'while all ran beside it'
}
