# What an image promises to have: libraries, linked files, programs, Python modules, the family's CUDA.
# shellcheck shell=sh disable=SC2034,SC2154 # variables are shared between the parts of the probe

# Calls "$1 ENTRY" for every line of $2, with its duration taken.
probe_each() {
  probe_todo=$2
  while [ -n "$probe_todo" ]; do
    probe_entry=${probe_todo%%"$probe_newline"*}
    probe_todo=${probe_todo#*"$probe_newline"}
    probe_now
    probe_since=$probe_time
    "$1" "$probe_entry"
  done
}

# probe_took = hundredths since probe_each began with this entry.
probe_taken() {
  probe_now
  probe_took=$((probe_time - probe_since))
}

probe_lacks() {
  probe_taken
  probe_check "$1" failed "$probe_took" "$3"
  probe_missing="$probe_missing $2"
}

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

probe_library() {
  if probe_loads "$1"; then
    probe_taken
    probe_check "library $1" passed "$probe_took" 'the loader opens it'
  else
    probe_lacks "library $1" "$1" "$probe_last"
  fi
}

# A name alone is started with --version and may end as it likes; a whole command must end with 0.
probe_program() {
  if ! probe_last=$(command -v "${1%% *}"); then
    probe_lacks "program $1" "$1" 'not on PATH'
    return
  fi
  probe_where=$probe_last
  case $1 in
    *' '*) probe_limit 10 sh -c "$1" ;;
    *) probe_limit 5 "$1" --version ;;
  esac
  probe_status=$?
  probe_last_line
  probe_taken
  case $1-$probe_status in
    *-0) probe_check "program $1" passed "$probe_took" "$probe_where: $probe_last" ;;
    *-126 | *-127 | *-13[24569]) probe_lacks "program $1" "$1" "does not run: $probe_last" ;;
    *' '*-*) probe_lacks "program $1" "$1" "ended with $probe_status: $probe_last" ;;
    *) probe_check "program $1" passed "$probe_took" "$probe_where runs" ;;
  esac
}

probe_import() {
  for probe_python in python3 python none; do
    command -v "$probe_python" >/dev/null 2>&1 && break
  done
  if [ "$probe_python" = none ]; then
    probe_lacks "import $1" "$1" 'no python3 in the image'
  elif probe_limit 120 "$probe_python" -c 'import importlib, sys; importlib.import_module(sys.argv[1])' "$1"; then
    probe_taken
    probe_check "import $1" passed "$probe_took" ''
  else
    probe_last_line
    probe_lacks "import $1" "$1" "$probe_last"
  fi
}

# For the shell, as `ldd` does it: "linked FILE" and "lacks FILE: what the loader said" for each FILE; $0 is the
# loader. To stream 3, what is loaded on the way by each file that lacks nothing. Libraries of the driver are
# brought by the host and mounted into the container, never part of an image:
# https://docs.nvidia.com/datacenter/cloud-native/container-toolkit/latest/docker-specialized.html
# NB: what is not linked dynamically would be run instead of traced, hence --verify.
# shellcheck disable=SC2016 # expanded by the inner shell
probe_trace='set -f
IFS="
"
for file; do
  case $0 in
    *musl*) told=$("$0" --list "$file" 2>&1) ;;
    *)
      "$0" --verify "$file" >/dev/null 2>&1
      case $? in 0 | 2) ;; *) continue ;; esac
      told=$(LD_TRACE_LOADED_OBJECTS=1 LD_WARN= LD_BIND_NOW= "$0" "$file" 2>&1)
      ;;
  esac
  case $told in *"(0x"*) echo "linked $file" ;; esac
  loads="" complete=yes
  for line in $told; do
    case $line in
      ?libcuda.so.*" => not found" | ?libnvidia-*.so.*" => not found") ;;
      ?libnvcuvid.so.*" => not found" | ?libnvoptix.so.*" => not found") ;;
      ?libcudadebugger.so.*" => not found") ;;
      *"not found"* | "Error loading shared library"*) complete=no && echo "lacks $file: $line" ;;
      *" => /"*) line=${line#* => } && loads="$loads${line% (0x*}$IFS" ;;
    esac
  done
  [ $complete = no ] || printf "%s" "$loads" >&3
done'

# `ldd` of every ELF file below $1, by the loader itself: the script of that name needs bash.
probe_linked_below() {
  for probe_loader in /lib64/ld-linux-x86-64.so.2 /lib/ld-linux-*.so.* /lib/ld-musl-*.so.1 none; do
    [ ! -x "$probe_loader" ] || break
  done
  if [ "$probe_loader" = none ]; then
    probe_lacks "linked $1" "$1" 'the image has no dynamic loader to ask'
    return
  elif [ ! -e "$1" ]; then
    probe_lacks "linked $1" "$1" 'there is no such path in the image'
    return
  fi
  find "$1" -type f \( -name '*.so' -o -name '*.so.*' -o -perm -100 \) \
    -exec sh -c "$probe_trace" "$probe_loader" {} + >"$probe_log.linked" 3>"$probe_log.loads" 2>/dev/null
  sort -u "$probe_log.loads" >"$probe_log.loaded" 2>/dev/null || cat "$probe_log.loads" >"$probe_log.loaded"
  probe_count=0 probe_lacking=''
  while IFS= read -r probe_line; do
    case $probe_line in
      linked*) probe_count=$((probe_count + 1)) ;;
      *) probe_is_found "${probe_line#lacks }" || probe_lacking="$probe_lacking${probe_lacking:+; }$probe_detail" ;;
    esac
  done <"$probe_log.linked"
  if [ -n "$probe_lacking" ]; then
    probe_lacks "linked $1" "$1" "$probe_lacking"
  elif [ "$probe_count" = 0 ]; then
    probe_lacks "linked $1" "$1" 'no dynamically linked file is there'
  else
    probe_taken
    probe_check "linked $1" passed "$probe_took" "$probe_count files find all they are linked with"
  fi
}

# Whether "FILE: NAME => not found" does not count, because another file loads FILE and with it finds all:
# a library without a search path uses that of whoever loads it, and what is loaded already (ld.so(8)). So do
# those that a wheel brings in NAME.libs. probe_detail = the same in few words.
probe_is_found() {
  probe_name=${1##*: }
  probe_name=${probe_name#"${probe_name%%[![:space:]]*}"}
  probe_detail="${1%%: *} lacks ${1#*: }"
  case $1 in
    *'=> not found'*) probe_detail="${1%%: *} lacks ${probe_name%% *}" ;;
  esac
  while IFS= read -r probe_loaded; do
    # shellcheck disable=SC3013 # dash, bash, busybox and mksh know -ef
    [ "$probe_loaded" -ef "${1%%: *}" ] && return
  done <"$probe_log.loaded"
  return 1
}

# Runs the Python text $1 with more arguments; it prints "name<TAB>verdict<TAB>detail" lines. $2 names the whole.
probe_python_checks() {
  probe_now
  probe_since=$probe_time
  if ! command -v python3 >/dev/null 2>&1; then
    probe_check "$2" skipped 0 'no python3 in the image to ask with'
    return
  fi
  probe_text=$1 probe_whole=$2
  shift 2
  if ! probe_limit 120 python3 -c "$probe_text" "$@"; then
    probe_last_line
    probe_lacks "$probe_whole" "$probe_whole" "$probe_last"
    return
  fi
  probe_taken
  while IFS='	' read -r probe_entry probe_word probe_detail; do
    case $probe_word in
      passed | skipped) probe_check "$probe_entry" "$probe_word" "$probe_took" "$probe_detail" ;;
      failed) probe_lacks "$probe_entry" "$probe_entry ($probe_detail)" "$probe_detail" ;;
    esac
  done <"$probe_log.out"
}

# Everything declared, each with its own check; one sentence for all that is missing.
probe_contents() {
  probe_missing=''
  probe_each probe_library "$probe_libraries"
  probe_each probe_linked_below "$probe_linked"
  probe_each probe_program "$probe_programs"
  probe_each probe_import "$probe_imports"
  [ -z "$probe_cuda" ] || probe_python_checks "$probe_cuda_py" cuda "$probe_cuda"
  [ "$probe_kernel" = no ] || probe_python_checks "$probe_kernel_py" kernel
  [ -z "$probe_missing" ] || probe_faults="cannot be loaded, found or run:$probe_missing"
}
