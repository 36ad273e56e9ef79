# Ports: bound to an address that others can reach, and really reached from another container.
# shellcheck shell=sh disable=SC2034,SC2154 # variables are shared between the parts of the probe

# probe_where = addresses on which port $1 (empty: any) is listened on; probe_open = yes when one of them is
# not loopback; probe_looked = $1. NB: 127.0.0.11 is Docker's own name server.
probe_listening() {
  probe_where='' probe_open=no probe_hex='' probe_looked=$1
  probe_no_socket && return
  [ -z "$1" ] || probe_hex=$(printf '%04X' "$1")
  probe_listeners >"$probe_log.ports" 2>/dev/null
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
  done <"$probe_log.ports"
  probe_where=${probe_where# }
}

# True where there is not one TCP socket, so that nothing listens. To read the tables takes the kernel 10 ms, however
# few connections there are; the counts take it nothing (proc_pid_net(5)).
probe_no_socket() {
  probe_counts=''
  for probe_table in sockstat sockstat6; do
    while read -r probe_word _ probe_count _; do
      case $probe_word in
        TCP*) probe_counts=$probe_counts$probe_count ;;
      esac
    done <"/proc/net/$probe_table"
  done 2>/dev/null
  case $probe_counts in
    0 | 00) ;;
    *) return 1 ;;
  esac
}

# NB: a shell reads byte by byte, which takes seconds where thousands of connections are in the tables.
if command -v grep >/dev/null 2>&1; then
  probe_listeners() { grep -h ' 0A ' /proc/net/tcp /proc/net/tcp6; }
else
  probe_listeners() { cat /proc/net/tcp /proc/net/tcp6; }
fi

# probe_stood = what is listened on before the service starts: an engine has a port of its own in each container.
probe_note_listeners() {
  probe_listening ''
  probe_stood=" $probe_where "
}

# probe_where = every address that the service listens on, sorted where that is possible: the kernel has no order.
probe_listening_at_all() {
  probe_listening ''
  probe_line=''
  for probe_entry_of in $probe_where; do
    case ${probe_stood-} in
      *" $probe_entry_of "*) ;;
      *) probe_line="$probe_line $probe_entry_of" ;;
    esac
  done
  probe_where=${probe_line# }
  # shellcheck disable=SC2086 # addresses are words
  probe_line=$(printf '%s\n' $probe_where | sort -u 2>/dev/null | tr '\n' ' ') || return 0
  probe_line=${probe_line# }
  [ -z "$probe_line" ] || probe_where=${probe_line% }
}

# Declared ports may be bound a moment after the service calls itself healthy. That at which it does so is, and was
# looked at last.
probe_port_is_open() {
  probe_now
  probe_since=$probe_time
  while :; do
    [ "$probe_looked-$probe_open" = "$1-yes" ] || probe_listening "$1"
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
    probe_listening_at_all
    probe_what="nothing listens on port $1; the container listens on ${probe_where:-no port}"
  fi
  probe_blame "port $1" "$probe_took" "$probe_what"
  return 1
}

# The witness, a container beside this one, connects to the address that asks it. Only a refusal is certain:
# silence may be the engine's network, which is then said and not blamed on the service.
probe_port_is_reached() {
  [ -n "$probe_witness" ] || return 0
  probe_now
  probe_since=$probe_time
  probe_get_patiently "${probe_witness%:*}" "${probe_witness##*:}" "/$1"
  probe_now
  probe_took=$((probe_time - probe_since))
  case $probe_status-$probe_body in
    200-reached*) probe_check "reach $1" passed "$probe_took" "$probe_body" ;;
    200-refused*) probe_blame "reach $1" "$probe_took" "port $1 is bound, but another container cannot reach it: $probe_body" ;;
    *) probe_check "reach $1" skipped "$probe_took" "could not be tried from another container: $probe_body" ;;
  esac
}

# From beside, a connection is all there is to see.
probe_connects() {
  probe_connect "$1" && return
  probe_why="port $1 of the container accepts no connection"
  return 1
}

probe_port_from_beside() {
  probe_now
  probe_since=$probe_time
  until probe_connects "$1"; do
    probe_now
    if [ "$probe_time" -ge "$2" ]; then
      probe_blame "reach $1" $((probe_time - probe_since)) "$probe_why"
      return
    fi
    probe_sleep "$probe_pause"
  done
  probe_now
  probe_check "reach $1" passed $((probe_time - probe_since)) 'reached from beside'
}
