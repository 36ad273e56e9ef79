# Words of the report: JSON strings, decimals, checks, the verdict.
# shellcheck shell=sh disable=SC2034,SC2154 # variables are shared between the parts of the probe

# NB: where a word can be had without $( ), it is: each one is a process, and a test would have 60 of them.

# probe_quoted = $1 as the inside of a JSON string, at most 400 characters, without control characters.
probe_quote() {
  probe_rest=$1 probe_quoted=''
  [ ${#1} -le 100 ] || probe_rest=$(printf '%.400s' "$1")
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
probe_decimal() {
  probe_seconds=$(($1 % 100))
  [ "$probe_seconds" -ge 10 ] || probe_seconds=0$probe_seconds
  probe_seconds=$(($1 / 100)).$probe_seconds
}

# One question asked of the container: name, verdict, hundredths, detail.
probe_check() {
  probe_quote "$1"
  probe_name=$probe_quoted
  probe_quote "$4"
  probe_decimal "$3"
  probe_checks="$probe_checks${probe_checks:+,}{\"name\":\"$probe_name\",\"verdict\":\"$2\",\"seconds\":$probe_seconds,\"detail\":\"$probe_quoted\"}"
}

# A failed check that does not end the test: name, hundredths, one sentence for the verdict, [detail].
probe_blame() {
  probe_check "$1" failed "$2" "${4:-$3}"
  probe_faults="$probe_faults${probe_faults:+; }$3"
}

# The verdict line, then the last 64 KB of output. Arguments: verdict, one sentence.
probe_say() {
  probe_quote "$2"
  probe_now
  probe_decimal $((probe_time - probe_began))
  printf '\n::probe %s verdict {"verdict":"%s","what":"%s","exit_code":%s,"ready":%s,"seconds":%s,"peak":%s,"via":"%s","checks":[%s]}\n' \
    "$probe_mark" "$1" "$probe_quoted" "$probe_code" "$probe_ready" "$probe_seconds" "$probe_peak" "$probe_via" "$probe_checks"
  [ -z "$probe_meeting" ] || : >"$probe_meeting/$1"
  printf '::probe %s log\n' "$probe_mark"
  [ -z "$probe_log" ] || probe_tail
  printf '\n::probe %s end\n' "$probe_mark"
  [ -z "$probe_log" ] || rm -rf "$probe_log" "$probe_log".* 2>/dev/null
  exit 0
}
