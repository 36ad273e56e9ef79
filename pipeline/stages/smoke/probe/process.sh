# The service's process: started, watched, measured, ended.
# shellcheck shell=sh disable=SC2034,SC2154 # variables are shared between the parts of the probe

probe_start() {
  probe_processes
  probe_before=$probe_found
  probe_note_listeners
  for probe_env in '--default-signal=INT,QUIT -u PWD' '-u PWD' no; do
    # shellcheck disable=SC2086 # options are words
    env $probe_env true 2>/dev/null && break
  done
  case $1 in
    *=*) probe_env=no ;;
  esac
  # NB: exec, so that no function or builtin of this shell is taken for the image's command.
  if [ "$probe_env" = no ]; then
    { exec "$@"; } >>"$probe_log" 2>&1 </dev/null &
    probe_pid=$!
    return
  fi
  # A shell drops variables that cannot be its own (a.b), adds some, and lets what it starts in the background
  # ignore SIGINT and SIGQUIT; `docker run` does none of that.
  tr '\0\n' '\n ' </proc/$$/environ >"$probe_log.env" 2>/dev/null
  while IFS= read -r probe_line; do
    case ${probe_line%%=*} in
      *[!A-Za-z0-9_]* | [0-9]*) set -- "$probe_line" "$@" ;;
    esac
  done <"$probe_log.env"
  # shellcheck disable=SC2086 # options are words
  { exec env $probe_env -u OLDPWD -u SHLVL -u _ "$@"; } >>"$probe_log" 2>&1 </dev/null &
  probe_pid=$!
}

# A zombie has exited too: not every shell reaps in time.
probe_alive_now() {
  IFS= read -r probe_line 2>/dev/null <"/proc/$probe_pid/stat" || return 1
  case ${probe_line##*) } in
    Z* | X*) return 1 ;;
  esac
}

# Ends the service: its stop signal, then SIGKILL after $1 hundredths. probe_killed tells which.
probe_end() {
  probe_killed=no
  kill -"$probe_signal" "$probe_pid" 2>/dev/null
  probe_now
  probe_until=$((probe_time + $1))
  while probe_alive_now; do
    probe_now
    if [ "$probe_time" -ge "$probe_until" ]; then
      probe_killed=yes
      kill -KILL "$probe_pid" 2>/dev/null
      break
    fi
    probe_sleep 0.02
  done
  wait "$probe_pid" 2>/dev/null
  probe_ended=$?
}

# Ends the test here: nothing more can be asked.
probe_fail() {
  [ -z "$probe_pid" ] || probe_end 200
  probe_say failed "$probe_faults${probe_faults:+; }$1"
}

# Fails at once when the service is gone. $1 says when.
probe_watch() {
  [ -n "$probe_pid" ] || return 0
  probe_trim
  probe_alive_now && return
  wait "$probe_pid" 2>/dev/null
  probe_code=$? probe_pid=''
  probe_now
  probe_decimal $((probe_time - probe_began))
  if [ "$probe_code" -gt 128 ]; then
    probe_fail "was ended by signal $((probe_code - 128)) after $probe_seconds s, $1"
  fi
  probe_fail "exited with $probe_code after $probe_seconds s, $1"
}

# Waits $1 hundredths, or until the service is gone.
probe_wait() {
  probe_now
  probe_till=$((probe_time + $1))
  while [ "$probe_time" -lt "$probe_till" ]; do
    probe_watch "$2"
    probe_sleep "$probe_pause"
    probe_now
  done
}

probe_not_root() {
  probe_uid=''
  while read -r probe_word probe_uid _; do
    [ "$probe_word" != Uid: ] || break
  done 2>/dev/null <"/proc/$probe_pid/status"
  if [ "$probe_uid" != 0 ] || [ "$probe_root_may" = yes ]; then
    probe_check user passed 0 "runs as user $probe_uid"
  else
    probe_blame user 0 'runs as root'
  fi
}

probe_stopped() {
  probe_now
  probe_since=$probe_time
  probe_end "$probe_stop"
  probe_now
  probe_took=$((probe_time - probe_since))
  probe_pid=''
  if [ "$probe_killed" = yes ]; then
    probe_decimal "$probe_stop"
    probe_blame stop "$probe_took" "did not end within $probe_seconds s of SIG$probe_signal and was killed"
  else
    probe_check stop passed "$probe_took" "exit $probe_ended after SIG$probe_signal"
  fi
}
