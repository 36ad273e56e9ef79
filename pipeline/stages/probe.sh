#!/bin/sh
# Smoke-tests one service from inside its own container, or the libraries of an image.
#
#   sh probe.sh --mark HEX [--port N] [--path /health] [--script CMD] [--bound N]... [--healthcheck CMD]
#               [--deadline CS] [--interval CS] [--alive CS] [--stop CS] -- ARGV...
#   sh probe.sh --mark HEX [--library NAME]... [--program NAME]...
#
# Times are hundredths of a second. Needs sh, sleep, and one of curl, wget, python3, bash for HTTP.
# Always ends with 0: the verdict is the marked line on stdout, the service's last output follows it.
# Variables are prefixed, because a name that the image exports would change in the service's environment.

probe_mark='' probe_port='' probe_path=/health probe_script='' probe_bound='' probe_healthcheck=''
probe_deadline=6000 probe_interval=10 probe_alive=0 probe_stop=1000
probe_libraries='' probe_programs='' probe_checks='' probe_pid='' probe_code=null probe_ready=null probe_via=''

while [ $# -gt 0 ]; do
  case $1 in
    --mark) probe_mark=$2 ;;
    --port) probe_port=$2 ;;
    --path) probe_path=$2 ;;
    --script) probe_script=$2 ;;
    --bound) probe_bound="$probe_bound $2" ;;
    --healthcheck) probe_healthcheck=$2 ;;
    --deadline) probe_deadline=$2 ;;
    --interval) probe_interval=$2 ;;
    --alive) probe_alive=$2 ;;
    --stop) probe_stop=$2 ;;
    --library) probe_libraries="$probe_libraries $2" ;;
    --program) probe_programs="$probe_programs $2" ;;
    --) shift && break ;;
    *) echo "probe: unknown argument $1" && exit 0 ;;
  esac
  shift 2
done

# --- words ------------------------------------------------------------------------------------------

# probe_quoted = $1 as the inside of a JSON string, at most 400 characters, without control characters.
probe_quote() {
  probe_rest=$(printf '%.400s' "$1") probe_quoted=''
  while :; do
    case $probe_rest in
      *[\"\\[:cntrl:]]*)
        probe_head=${probe_rest%%[\"\\[:cntrl:]]*}
        probe_rest=${probe_rest#"$probe_head"}
        probe_char=${probe_rest%"${probe_rest#?}"}
        probe_rest=${probe_rest#?}
        case $probe_char in
          [\"\\]) probe_quoted="$probe_quoted$probe_head\\$probe_char" ;;
          *) probe_quoted="$probe_quoted$probe_head " ;;
        esac
        ;;
      *) break ;;
    esac
  done
  probe_quoted=$probe_quoted$probe_rest
}

# probe_seconds = $1 hundredths as a decimal number.
probe_decimal() { probe_seconds=$(printf '%d.%02d' $(($1 / 100)) $(($1 % 100))); }

# One question asked of the container: name, verdict, hundredths, detail.
probe_check() {
  probe_quote "$4"
  probe_decimal "$3"
  probe_checks="$probe_checks${probe_checks:+,}{\"name\":\"$1\",\"verdict\":\"$2\",\"seconds\":$probe_seconds,\"detail\":\"$probe_quoted\"}"
}

# The verdict line, then the last 64 KB of output. Arguments: verdict, one sentence.
probe_say() {
  probe_quote "$2"
  probe_now
  probe_decimal $((probe_time - probe_began))
  printf '\n::probe %s verdict {"verdict":"%s","what":"%s","exit_code":%s,"ready":%s,"seconds":%s,"via":"%s","checks":[%s]}\n' \
    "$probe_mark" "$1" "$probe_quoted" "$probe_code" "$probe_ready" "$probe_seconds" "$probe_via" "$probe_checks"
  printf '::probe %s log\n' "$probe_mark"
  [ -z "$probe_log" ] || probe_tail
  printf '\n::probe %s end\n' "$probe_mark"
  [ -z "$probe_log" ] || rm -f "$probe_log" "$probe_log".* 2>/dev/null
  exit 0
}

# --- time -------------------------------------------------------------------------------------------

# probe_time = hundredths of a second since boot: no clock change can bend it.
probe_now() {
  read -r probe_up _ </proc/uptime
  probe_time=$((${probe_up%%.*} * 100 + 1${probe_up#*.} - 100))
}

# Chosen once: not every sleep takes a fraction.
if sleep 0.01 2>/dev/null; then
  probe_sleep() { sleep "$1"; }
else
  probe_sleep() { sleep 1; }
fi
probe_decimal "$probe_interval"
probe_pause=$probe_seconds

# Runs "$@" for at most $1 seconds; its output goes to $probe_log.out.
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

# --- files ------------------------------------------------------------------------------------------

probe_log=''
for probe_directory in /tmp /dev/shm /var/tmp "${HOME:-/}" .; do
  # shellcheck disable=SC2188 # creating the file is the test
  if [ -d "$probe_directory" ] && { >"$probe_directory/.pipeline-probe.$$"; } 2>/dev/null; then
    probe_log=$probe_directory/.pipeline-probe.$$
    break
  fi
done

# The end of the output. NB: a service may have been stopped in the middle of a line.
probe_tail() {
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

# --- the service ------------------------------------------------------------------------------------

# A zombie has exited too: not every shell reaps in time.
probe_alive_now() {
  IFS= read -r probe_line 2>/dev/null <"/proc/$probe_pid/stat" || return 1
  case ${probe_line##*) } in
    Z* | X*) return 1 ;;
  esac
}

# Ends the service: SIGTERM, then SIGKILL after $1 hundredths. probe_killed tells which.
probe_end() {
  probe_killed=no
  kill -TERM "$probe_pid" 2>/dev/null
  probe_now
  probe_until=$((probe_time + $1))
  while probe_alive_now; do
    probe_now
    if [ "$probe_time" -ge "$probe_until" ]; then
      probe_killed=yes
      kill -KILL "$probe_pid" 2>/dev/null
      break
    fi
    probe_sleep 0.05
  done
  wait "$probe_pid" 2>/dev/null
  probe_ended=$?
}

probe_fail() {
  [ -z "$probe_pid" ] || probe_end 200
  probe_say failed "$1"
}

# Fails at once when the service is gone. $1 says when.
probe_watch() {
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

# --- ports ------------------------------------------------------------------------------------------

# probe_where = addresses on which port $1 (empty: any) is listened on; probe_open = yes when one of them is
# not loopback. NB: 127.0.0.11 is Docker's own name server.
probe_listening() {
  probe_where='' probe_open=no probe_hex=''
  [ -z "$1" ] || probe_hex=$(printf '%04X' "$1")
  for probe_table in /proc/net/tcp /proc/net/tcp6; do
    [ -r "$probe_table" ] || continue
    while read -r _ probe_local _ probe_state _; do
      [ "$probe_state" = 0A ] || continue
      case $probe_local in
        *:"$probe_hex") ;;
        *) [ -z "$probe_hex" ] || continue ;;
      esac
      probe_number=$((0x${probe_local#*:}))
      case ${probe_local%:*} in
        0B00007F) ;;
        ??????7F | 0000000000000000FFFF0000??????7F) probe_where="$probe_where 127.0.0.1:$probe_number" ;;
        00000000000000000000000001000000) probe_where="$probe_where [::1]:$probe_number" ;;
        00000000) probe_open=yes probe_where="$probe_where 0.0.0.0:$probe_number" ;;
        00000000000000000000000000000000) probe_open=yes probe_where="$probe_where [::]:$probe_number" ;;
        *) probe_open=yes probe_where="$probe_where its-address:$probe_number" ;;
      esac
    done <"$probe_table"
  done
  probe_where=${probe_where# }
}

# Declared ports may be bound a moment after the service calls itself healthy.
probe_port_is_open() {
  probe_now
  probe_since=$probe_time
  while :; do
    probe_listening "$1"
    [ "$probe_open" = no ] || break
    probe_now
    [ "$probe_time" -lt "$2" ] || break
    probe_watch "before port $1 was bound"
    probe_sleep "$probe_pause"
  done
  probe_now
  probe_took=$((probe_time - probe_since))
  if [ "$probe_open" = yes ]; then
    probe_check "port $1" passed "$probe_took" "$probe_where"
    return
  fi
  if [ -n "$probe_where" ]; then
    probe_what="port $1 is bound to $probe_where only: nothing outside the container can reach it"
  else
    probe_listening ''
    probe_what="nothing listens on port $1; the container listens on ${probe_where:-no port}"
  fi
  probe_check "port $1" failed "$probe_took" "$probe_what"
  probe_fail "$probe_what"
}

# --- HTTP -------------------------------------------------------------------------------------------

for probe_via in curl wget python3 bash none; do
  command -v "$probe_via" >/dev/null 2>&1 && break
done

# Asks for path $1 once, at most 2 s: probe_status = 3 digits or empty, probe_body = first line.
probe_get() {
  : >"$probe_log.head"
  : >"$probe_log.body"
  probe_ask "$1" 2>"$probe_log.err" </dev/null | {
    IFS= read -r probe_line
    printf '%.300s' "$probe_line" >"$probe_log.body"
  }
  probe_status='' probe_body=''
  while IFS= read -r probe_line; do
    case $probe_line in
      *HTTP/[12]*\ [1-5][0-9][0-9]*)
        probe_status=${probe_line#*HTTP/}
        probe_status=${probe_status#* }
        probe_status=$(printf '%.3s' "$probe_status")
        break
        ;;
    esac
  done <"$probe_log.head"
  IFS= read -r probe_body <"$probe_log.body"
  [ -n "$probe_status" ] && return
  IFS= read -r probe_body <"$probe_log.err"
  probe_body=${probe_body:-no answer within 2 s}
}

# Body to stdout, response headers to $probe_log.head. NB: never through a proxy.
case $probe_via in
  curl)
    probe_ask() { curl -q -sS --noproxy '*' --max-time 2 -D "$probe_log.head" "http://127.0.0.1:$probe_port$1"; }
    ;;
  wget)
    probe_ask() {
      http_proxy='' wget -S -t 1 -T 2 -O - "http://127.0.0.1:$probe_port$1" 2>"$probe_log.head" \
        && echo 'HTTP/1.0 200' >>"$probe_log.head"
    }
    ;;
  python3)
    probe_ask() {
      python3 -S -c '
import signal, socket, sys
signal.alarm(2)
port, path, head = sys.argv[1:]
with socket.create_connection(("127.0.0.1", int(port)), 2) as connection:
    connection.sendall(f"GET {path} HTTP/1.0\r\nHost: localhost:{port}\r\n\r\n".encode())
    stream = connection.makefile("rb")
    with open(head, "wb") as file:
        for line in iter(stream.readline, b""):
            if line in (b"\r\n", b"\n"):
                break
            file.write(line)
    sys.stdout.buffer.write(stream.read(300))
' "$probe_port" "$1" "$probe_log.head"
    }
    ;;
  bash)
    probe_ask() {
      # shellcheck disable=SC2016 # expanded by the inner bash
      bash -c '
exec 3<>"/dev/tcp/127.0.0.1/$1" || exit
printf "GET %s HTTP/1.0\r\nHost: localhost:%s\r\n\r\n" "$2" "$1" >&3
while IFS= read -r -t 2 line <&3 && [ ${#line} -gt 1 ]; do
  printf "%s\n" "$line"
done >"$3"
IFS= read -r -t 2 line <&3
printf "%s\n" "$line"
' bash "$probe_port" "$1" "$probe_log.head"
    }
    ;;
esac

# --- health -----------------------------------------------------------------------------------------

# True when ready; otherwise probe_why says why not.
probe_healthy() {
  if [ -n "$probe_script" ]; then
    probe_run_script "$probe_script"
  elif [ -n "$probe_port" ]; then
    probe_http
  elif [ -n "$probe_healthcheck" ]; then
    probe_run_script "$probe_healthcheck"
  fi
}

probe_run_script() {
  if probe_limit 5 sh -c "$1"; then
    probe_last_line
    probe_why=${probe_last:-exit 0}
    return 0
  else
    probe_status=$?
  fi
  probe_last_line
  probe_why="$1 ended with $probe_status${probe_last:+: $probe_last}"
  return 1
}

# Asking costs a process: not before somebody listens.
probe_http() {
  if [ -r /proc/net/tcp ]; then
    probe_listening "$probe_port"
    if [ -z "$probe_where" ]; then
      probe_why="nothing listens on port $probe_port"
      return 1
    fi
  fi
  probe_get "$probe_path"
  probe_why="GET $probe_path on port $probe_port: ${probe_status:+HTTP $probe_status }$probe_body"
  case $probe_status in
    2??) probe_why="HTTP $probe_status $probe_body" ;;
    *) return 1 ;;
  esac
}

probe_until_ready() {
  probe_why=''
  until probe_healthy; do
    probe_watch 'before it was ready'
    probe_now
    if [ "$probe_time" -ge $((probe_began + probe_deadline)) ]; then
      case $probe_why in
        'nothing listens'*)
          probe_listening ''
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
  probe_decimal $((probe_time - probe_began))
  probe_ready=$probe_seconds
  probe_check health passed $((probe_time - probe_began)) "$probe_why"
}

# The image's own HEALTHCHECK, with Docker's usual three tries.
probe_own_healthcheck() {
  probe_now
  probe_since=$probe_time
  for probe_try in 1 2 3; do
    [ "$probe_try" = 1 ] || probe_sleep 0.3
    if probe_run_script "$probe_healthcheck"; then
      probe_now
      probe_check healthcheck passed $((probe_time - probe_since)) "$probe_why"
      return
    fi
    probe_watch "while the image's HEALTHCHECK ran"
  done
  probe_now
  probe_check healthcheck failed $((probe_time - probe_since)) "$probe_why"
  probe_fail "the image's own HEALTHCHECK fails: $probe_why"
}

# A note for now: a server that answers everything with 200 makes its health check worthless.
probe_unknown_path() {
  probe_now
  probe_since=$probe_time
  probe_get "$probe_path-pipeline-unknown"
  probe_now
  case $probe_status in
    404) probe_check 'unknown path' passed $((probe_time - probe_since)) 'HTTP 404' ;;
    *) probe_check 'unknown path' skipped $((probe_time - probe_since)) "note: HTTP ${probe_status:-no answer}, not 404" ;;
  esac
}

probe_stay_alive() {
  probe_now
  probe_since=$probe_time
  while [ "$probe_time" -lt $((probe_since + probe_alive)) ]; do
    probe_watch 'when it should have stayed alive'
    probe_sleep "$probe_pause"
    probe_now
  done
  probe_check alive passed $((probe_time - probe_since)) ''
}

probe_stopped() {
  probe_now
  probe_since=$probe_time
  probe_end "$probe_stop"
  probe_now
  probe_took=$((probe_time - probe_since))
  probe_pid=''
  if [ "$probe_killed" = yes ]; then
    probe_check stop skipped "$probe_took" 'note: did not end on SIGTERM and was killed'
  else
    probe_check stop passed "$probe_took" "exit $probe_ended after SIGTERM"
  fi
}

# --- libraries --------------------------------------------------------------------------------------

# The loader itself is asked. A static shell ignores LD_PRELOAD, so it must first reject a name that cannot be.
probe_loads() {
  if [ -n "$(LD_PRELOAD=libpipeline-no-such.so sh -c : 2>&1)" ]; then
    probe_last=$(LD_PRELOAD=$1 sh -c : 2>&1)
    [ -z "$probe_last" ]
  elif command -v python3 >/dev/null 2>&1; then
    probe_limit 20 python3 -S -c 'import ctypes, sys; ctypes.CDLL(sys.argv[1])' "$1" && return
    probe_last_line
    return 1
  else
    probe_last='cannot be checked: no dynamic sh and no python3 in the image'
    return 1
  fi
}

probe_inventory() {
  probe_missing=''
  for probe_name in $probe_libraries; do
    if probe_loads "$probe_name"; then
      probe_check "library $probe_name" passed 0 ''
    else
      probe_check "library $probe_name" failed 0 "$probe_last"
      probe_missing="$probe_missing $probe_name"
    fi
  done
  for probe_name in $probe_programs; do
    if probe_last=$(command -v "$probe_name"); then
      probe_check "program $probe_name" passed 0 "$probe_last"
    else
      probe_check "program $probe_name" failed 0 'not on PATH'
      probe_missing="$probe_missing $probe_name"
    fi
  done
  [ -z "$probe_missing" ] || probe_say failed "cannot be loaded or found:$probe_missing"
  [ $# -gt 0 ] || probe_say passed 'everything declared loads'
}

# --- the smoke test ---------------------------------------------------------------------------------

probe_now
probe_began=$probe_time
[ -n "$probe_log" ] || probe_say failed "the image's user can write to none of /tmp, /dev/shm, /var/tmp, its home: nowhere to keep the output"
probe_inventory "$@"
if [ -n "$probe_port" ] && [ -z "$probe_script" ] && [ "$probe_via" = none ]; then
  probe_say failed 'the image has none of curl, wget, python3, bash: nothing in it can ask the health endpoint'
fi

# NB: exec, so that no function or builtin of this shell is taken for the image's command.
{ exec "$@"; } >>"$probe_log" 2>&1 </dev/null &
probe_pid=$!

probe_until_ready
probe_grace=$((probe_time + 200))
[ -n "$probe_port$probe_script$probe_healthcheck" ] || probe_grace=$((probe_began + probe_deadline))
[ "$probe_alive" = 0 ] || probe_stay_alive
for probe_name in $probe_bound; do
  probe_port_is_open "$probe_name" "$probe_grace"
done
[ -z "$probe_healthcheck" ] || probe_own_healthcheck
[ -z "$probe_port" ] || [ -n "$probe_script" ] || probe_unknown_path
probe_watch 'after it was ready'
probe_stopped
probe_say passed "ready after $probe_ready s"
