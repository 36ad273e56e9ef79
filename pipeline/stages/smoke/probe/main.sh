# The smoke test.
# shellcheck shell=sh disable=SC2034,SC2154 # variables are shared between the parts of the probe

[ "$probe_mode" = service ] || probe_side_by_side "$@"

probe_contents
if [ $# = 0 ] && [ -z "$probe_host" ]; then
  [ -z "$probe_faults" ] || probe_say failed "$probe_faults"
  probe_say passed 'everything declared loads'
fi
if [ -n "$probe_http" ] && [ -z "$probe_script$probe_said" ] && [ "$probe_via" = none ]; then
  probe_say failed 'the image has none of curl, wget, python3, bash: nothing in it can ask the health endpoint'
fi

probe_now
probe_began=$probe_time
probe_claim_ports
[ -n "$probe_host" ] || probe_start "$@"
probe_until_ready
probe_grace=$((probe_time + 200))
[ -n "$probe_http$probe_tcp$probe_script$probe_said$probe_healthcheck" ] || probe_grace=$((probe_began + probe_deadline))
probe_stay
if [ -n "$probe_host" ]; then
  for probe_entry in $probe_bound; do
    probe_port_from_beside "$probe_entry" "$probe_grace"
  done
else
  probe_not_root
  for probe_entry in $probe_bound; do
    ! probe_port_is_open "$probe_entry" "$probe_grace" || probe_port_is_reached "$probe_entry"
  done
fi
[ -z "$probe_healthcheck" ] || probe_own_healthcheck
[ -z "$probe_http" ] || [ -n "$probe_script$probe_said" ] || probe_unknown_path
probe_meet
if [ -z "$probe_host" ]; then
  probe_watch 'after it was ready'
  probe_memory_budget
  probe_stopped
fi
[ -z "$probe_faults" ] || probe_say failed "$probe_faults"
probe_say passed "ready after $probe_ready s"
