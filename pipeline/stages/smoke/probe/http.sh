# HTTP with whatever the image has, and bare connections.
# shellcheck shell=sh disable=SC2034,SC2154 # variables are shared between the parts of the probe

for probe_via in curl wget python3 bash none; do
  command -v "$probe_via" >/dev/null 2>&1 && break
done

# Asks host $1, port $2 for path $3 once, at most 2 s: probe_status = 3 digits or empty, probe_body = first line;
# $probe_log.body has up to 16 KB of the answer.
probe_get() {
  : >"$probe_log.head"
  probe_ask "$1" "$2" "$3" 2>"$probe_log.err" </dev/null | {
    probe_text=''
    while IFS= read -r probe_line || [ -n "$probe_line" ]; do
      probe_text="$probe_text$probe_line$probe_newline"
      [ ${#probe_text} -lt 16384 ] || break
    done
    printf '%.16384s' "$probe_text" >"$probe_log.body"
  }
  probe_status='' probe_body=''
  while IFS= read -r probe_line; do
    case $probe_line in
      *HTTP/[12]*\ [1-5][0-9][0-9]*)
        probe_status=${probe_line#*HTTP/}
        probe_status=${probe_status#* }
        probe_status=${probe_status%"${probe_status#???}"}
        break
        ;;
    esac
  done <"$probe_log.head"
  IFS= read -r probe_body <"$probe_log.body"
  [ ${#probe_body} -le 75 ] || probe_body=$(printf '%.300s' "$probe_body")
  [ -n "$probe_status" ] && return
  IFS= read -r probe_body <"$probe_log.err"
  probe_body=${probe_body:-no answer within 2 s}
}

# As probe_get, but silence is no answer on a busy machine: who took that long is asked up to twice more.
probe_get_patiently() {
  for _ in 1 2 3; do
    probe_now
    probe_asked=$probe_time
    probe_get "$@"
    [ -z "$probe_status" ] || return
    probe_now
    [ "$probe_time" -ge $((probe_asked + 150)) ] || return
    probe_watch 'while it was asked'
  done
}

# Body to stdout, response headers to $probe_log.head. NB: never through a proxy.
case $probe_via in
  curl)
    probe_ask() { curl -q -sS --noproxy '*' --max-time 2 -D "$probe_log.head" "http://$1:$2$3"; }
    ;;
  wget)
    probe_ask() {
      http_proxy='' wget -S -t 1 -T 2 -O - "http://$1:$2$3" 2>"$probe_log.head" \
        && echo 'HTTP/1.0 200' >>"$probe_log.head"
    }
    ;;
  python3)
    probe_ask() {
      python3 -S -c '
import signal, socket, sys
signal.alarm(2)
host, port, path, head = sys.argv[1:]
with socket.create_connection((host, int(port)), 2) as connection:
    connection.sendall(f"GET {path} HTTP/1.0\r\nHost: {host}:{port}\r\n\r\n".encode())
    stream = connection.makefile("rb")
    with open(head, "wb") as file:
        for line in iter(stream.readline, b""):
            if line in (b"\r\n", b"\n"):
                break
            file.write(line)
    sys.stdout.buffer.write(stream.read(16384))
' "$1" "$2" "$3" "$probe_log.head"
    }
    ;;
  bash)
    probe_ask() {
      # shellcheck disable=SC2016 # expanded by the inner bash
      bash -c '
exec 3<>"/dev/tcp/$1/$2" || exit
printf "GET %s HTTP/1.0\r\nHost: %s:%s\r\n\r\n" "$3" "$1" "$2" >&3
while IFS= read -r -t 2 line <&3 && [ ${#line} -gt 1 ]; do
  printf "%s\n" "$line"
done >"$4"
while IFS= read -r -t 2 line <&3 || [ -n "$line" ]; do
  printf "%s\n" "$line"
done
' bash "$1" "$2" "$3" "$probe_log.head"
    }
    ;;
esac

# True when port $1 of $probe_host accepts. NB: curl and wget ask for a page, but say whether they were connected.
probe_connect() {
  case $probe_via in
    curl)
      probe_limit 3 curl -q -sv --noproxy '*' --max-time 1 -o /dev/null "http://$probe_host:$1/"
      grep -q 'Connected to' "$probe_log.out"
      ;;
    wget)
      probe_limit 3 wget -t 1 -T 1 -O /dev/null "http://$probe_host:$1/"
      ! grep -qi -e refused -e unreachable -e "can't connect" -e resolve -e 'bad address' "$probe_log.out"
      ;;
    python3)
      probe_text='import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 2)'
      probe_limit 3 python3 -S -c "$probe_text" "$probe_host" "$1"
      ;;
    bash)
      # shellcheck disable=SC2016 # expanded by the inner bash
      probe_limit 3 bash -c ': <>"/dev/tcp/$1/$2"' bash "$probe_host" "$1"
      ;;
    *) return 1 ;;
  esac
}
