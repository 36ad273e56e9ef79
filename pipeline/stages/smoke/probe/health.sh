# Readiness and health: asked until the service is ready, then again while it must stay so.
# shellcheck shell=sh disable=SC2034,SC2154 # variables are shared between the parts of the probe

# True when ready; otherwise probe_why says why not. The image's HEALTHCHECK stands in where nothing is declared.
probe_healthy() {
  if [ -n "$probe_said" ]; then
    probe_why="printed: $probe_said"
    probe_has_said "$probe_said" && return
    probe_why="it has not printed: $probe_said"
    return 1
  elif [ -n "$probe_script" ]; then
    probe_run_script "$probe_script" 5
  elif [ -n "$probe_http" ]; then
    probe_ask_health
  elif [ -n "$probe_tcp" ]; then
    probe_accepts
  elif [ -n "$probe_healthcheck" ]; then
    probe_run_script "$probe_healthcheck" $(((probe_hc_timeout + 99) / 100))
  fi
}

# $1 in a shell, at most $2 seconds and little longer than until the deadline.
probe_run_script() {
  probe_seconds_left $((probe_began + probe_deadline)) "$2"
  probe_limit "$probe_left" sh -c "$1"
  probe_status=$?
  probe_last_line
  probe_why=${probe_last:-exit 0}
  [ "$probe_status" != 0 ] || return 0
  case $probe_status in
    124 | 137) probe_why="$1 took longer than $probe_left s${probe_last:+: $probe_last}" ;;
    *) probe_why="$1 ended with $probe_status${probe_last:+: $probe_last}" ;;
  esac
  return 1
}

# Asking costs a process: not before somebody listens.
probe_accepts() {
  if [ -n "$probe_host" ]; then
    probe_connects "${probe_http:-$probe_tcp}" || return 1
  else
    probe_listening "${probe_http:-$probe_tcp}"
    if [ -z "$probe_where" ]; then
      probe_why="nothing listens on port ${probe_http:-$probe_tcp}"
      return 1
    fi
  fi
  probe_why="port $probe_tcp accepts"
}

probe_ask_health() {
  if [ -z "$probe_host" ] && [ -r /proc/net/tcp ]; then
    probe_accepts || return 1
  fi
  probe_get "${probe_host:-127.0.0.1}" "$probe_http" "$probe_path"
  probe_why="GET $probe_path on port $probe_http: ${probe_status:+HTTP $probe_status }$probe_body"
  case $probe_status in
    '') return 1 ;;
    "$probe_status_wanted") ;;
    2??) [ -z "$probe_status_wanted" ] || return 1 ;;
    *) return 1 ;;
  esac
  probe_why="HTTP $probe_status $probe_body"
  [ -z "$probe_fields" ] || probe_fields_agree
}

# Every declared field of the JSON answer has its value.
probe_fields_agree() {
  probe_answer=$(cat "$probe_log.body")
  probe_todo=$probe_fields
  while [ -n "$probe_todo" ]; do
    probe_wanted=${probe_todo%%"$probe_newline"*}
    probe_todo=${probe_todo#*"$probe_newline"}
    if ! probe_json "$probe_answer" "${probe_wanted%%=*}"; then
      probe_why="the answer of $probe_path has no field ${probe_wanted%%=*}: $probe_body"
      return 1
    fi
    if [ "$probe_value" != "${probe_wanted#*=}" ]; then
      probe_why="${probe_wanted%%=*} is $probe_value, not ${probe_wanted#*=}: $probe_body"
      return 1
    fi
  done
}

probe_until_ready() {
  probe_why=''
  until probe_healthy; do
    probe_watch 'before it was ready'
    probe_now
    if [ "$probe_time" -ge $((probe_began + probe_deadline)) ]; then
      case $probe_why in
        'nothing listens'*)
          probe_listening_at_all
          probe_why="$probe_why; the container listens on ${probe_where:-no port}"
          ;;
      esac
      probe_decimal $((probe_time - probe_began))
      probe_check health failed $((probe_time - probe_began)) "$probe_why"
      probe_fail "was not ready after $probe_seconds s: $probe_why"
    fi
    probe_sleep "$probe_pause"
  done
  probe_watch 'before it was ready'
  probe_now
  probe_took=$((probe_time - probe_began))
  probe_decimal "$probe_took"
  probe_ready=$probe_seconds
  probe_check health passed "$probe_took" "${probe_why:-nothing is declared}"
  probe_ready_budget "$probe_took"
}

# Up, and where there is a way to ask also healthy, for $probe_alive hundredths.
probe_stay() {
  [ "$probe_alive" != 0 ] || return 0
  probe_now
  probe_since=$probe_time probe_why=''
  while [ "$probe_time" -lt $((probe_since + probe_alive)) ]; do
    probe_watch 'when it should have stayed alive'
    if [ -z "$probe_said" ] && ! probe_healthy; then
      probe_watch 'when it should have stayed healthy'
      probe_now
      probe_decimal $((probe_time - probe_since))
      probe_blame alive $((probe_time - probe_since)) "was ready, but no longer $probe_seconds s later: $probe_why"
      return
    fi
    probe_sleep "$probe_pause"
    probe_now
  done
  probe_check alive passed $((probe_time - probe_since)) "$probe_why"
}

# The image's own HEALTHCHECK as Docker runs it: failures within the start period do not count, after it as many
# as `retries` in a row are unhealthy. The deadline ends the wait for them.
# https://docs.docker.com/reference/dockerfile/#healthcheck
probe_own_healthcheck() {
  probe_now
  probe_since=$probe_time probe_failures=0
  while ! probe_run_script "$probe_healthcheck" $(((probe_hc_timeout + 99) / 100)); do
    probe_watch "while the image's HEALTHCHECK ran"
    probe_now
    [ "$probe_time" -lt $((probe_began + probe_hc_start)) ] || probe_failures=$((probe_failures + 1))
    if [ "$probe_failures" -ge "$probe_hc_retries" ] \
      || [ $((probe_time + probe_hc_interval)) -gt $((probe_began + probe_deadline)) ]; then
      probe_blame healthcheck $((probe_time - probe_since)) "the image's own HEALTHCHECK fails: $probe_why"
      return
    fi
    probe_wait "$probe_hc_interval" "while the image's HEALTHCHECK ran"
  done
  probe_now
  probe_check healthcheck passed $((probe_time - probe_since)) "$probe_why"
}

# A server that answers everything with 200 makes its health check worthless.
probe_unknown_path() {
  [ "$probe_any_path" = no ] || return 0
  probe_now
  probe_since=$probe_time
  probe_get_patiently "${probe_host:-127.0.0.1}" "$probe_http" "${probe_path%/}/pipeline-unknown"
  probe_now
  probe_took=$((probe_time - probe_since))
  case $probe_status in
    404) probe_check 'unknown path' passed "$probe_took" 'HTTP 404' ;;
    *) probe_blame 'unknown path' "$probe_took" "an unknown path is answered with ${probe_status:+HTTP }${probe_status:-nothing}, not 404" ;;
  esac
}
