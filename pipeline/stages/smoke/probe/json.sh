# One field of a JSON text, without any program: an image may have neither jq nor Python.
# shellcheck shell=sh disable=SC2034,SC2154 # variables are shared between the parts of the probe

# probe_value = what the JSON text $1 has at the dotted path $2 (status, models.0.name): a string without its
# quotes, anything else as it is written. False where the text ends, or is no JSON, before that is found.
#
# One step a round: probe_rest is what is still to be read, probe_at the path of the value that comes next,
# probe_kinds the open brackets, innermost first, probe_outer the paths at which they were opened.
probe_json() {
  probe_rest=$1 probe_want=.$2 probe_at='' probe_kinds='' probe_outer='' probe_expect=value
  while :; do
    probe_rest=${probe_rest#"${probe_rest%%[![:space:]]*}"}
    case $probe_expect$probe_rest in
      value\{*) probe_json_open o key && probe_at='' ;;
      value\[*) probe_json_open a value && probe_at=$probe_outer_now.0 ;;
      value\]* | key\}* | next\]* | next\}*) probe_json_close || return 1 ;;
      key\"*)
        probe_json_string || return 1
        probe_rest=${probe_rest#"${probe_rest%%[![:space:]]*}"}
        case $probe_rest in
          :*) probe_rest=${probe_rest#:} ;;
          *) return 1 ;;
        esac
        probe_at=${probe_outer%%"$probe_newline"*}.$probe_value probe_expect=value
        ;;
      next,*)
        probe_rest=${probe_rest#,}
        case $probe_kinds in
          o*) probe_expect=key ;;
          *) probe_at=${probe_at%.*}.$((${probe_at##*.} + 1)) probe_expect=value ;;
        esac
        ;;
      value\"*)
        probe_json_string || return 1
        [ "$probe_at" != "$probe_want" ] || return 0
        probe_expect=next
        ;;
      value[-0-9tfn]*)
        probe_value=${probe_rest%%[],\}[:space:]]*}
        probe_rest=${probe_rest#"$probe_value"}
        [ "$probe_at" != "$probe_want" ] || return 0
        probe_expect=next
        ;;
      *) return 1 ;;
    esac
    [ "$probe_expect" != next ] || [ -n "$probe_kinds" ] || return 1
  done
}

probe_json_open() {
  probe_kinds=$1$probe_kinds probe_expect=$2 probe_rest=${probe_rest#?}
  probe_outer=$probe_at$probe_newline$probe_outer
  probe_outer_now=$probe_at
}

probe_json_close() {
  case $probe_kinds$probe_rest in
    o*) [ "${probe_rest#\}}" != "$probe_rest" ] || return 1 ;;
    a*) [ "${probe_rest#\]}" != "$probe_rest" ] || return 1 ;;
    *) return 1 ;;
  esac
  probe_at=${probe_outer%%"$probe_newline"*} probe_outer=${probe_outer#*"$probe_newline"}
  probe_kinds=${probe_kinds#?} probe_rest=${probe_rest#?} probe_expect=next
}

# probe_value = the string at the beginning of probe_rest, which is read over. NB: \uXXXX stays as it is written.
probe_json_string() {
  probe_rest=${probe_rest#?} probe_value=''
  while :; do
    probe_head=${probe_rest%%[\"\\]*}
    [ "$probe_head" != "$probe_rest" ] || return 1
    probe_value=$probe_value$probe_head
    probe_rest=${probe_rest#"$probe_head"}
    case $probe_rest in
      \"*) probe_rest=${probe_rest#?} && return 0 ;;
      \\[nrtbf]*) probe_value="$probe_value " probe_rest=${probe_rest#??} ;;
      \\u*) probe_value="$probe_value\\u" probe_rest=${probe_rest#??} ;;
      \\?*)
        probe_rest=${probe_rest#?}
        probe_value=$probe_value${probe_rest%"${probe_rest#?}"}
        probe_rest=${probe_rest#?}
        ;;
      *) return 1 ;;
    esac
  done
}
