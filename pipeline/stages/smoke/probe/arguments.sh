# Smoke-tests one service from inside its own container, or from beside it, or what an image promises to have.
#
#   sh probe.sh --mark HEX [what to ask]... [-- ARGV...]      the service ARGV, started here
#   sh probe.sh --mark HEX --host NAME [what to ask]...       a service that runs in another container
#   sh probe.sh --mark HEX [--library NAME]... [--program NAME]...   an image, without a service
#   sh probe.sh --mark HEX --side-by-side -- SHELL-LINE...    several probes at once, in one network namespace
#
# Times are hundredths of a second. Needs sh, sleep, and one of curl, wget, python3, bash for HTTP.
# Always ends with 0: the verdict is the marked line on stdout, the service's last output follows it.
# Variables are prefixed, because a name that the image exports would change in the service's environment.
# shellcheck shell=sh disable=SC2034,SC2154 # variables are shared between the parts of the probe

probe_mark='' probe_host='' probe_checks='' probe_faults='' probe_pid='' probe_code=null probe_ready=null
probe_via='' probe_peak=null
# readiness
probe_http='' probe_path=/health probe_status_wanted='' probe_fields='' probe_tcp='' probe_script='' probe_said=''
probe_deadline=6000 probe_interval=10 probe_alive=0 probe_any_path=no
# the container
probe_bound='' probe_witness='' probe_root_may=no probe_stop=1000 probe_signal=TERM probe_hold='' probe_meeting=''
probe_max_ready='' probe_max_memory='' probe_cgroup=/sys/fs/cgroup
# HEALTHCHECK, with Docker's defaults
probe_healthcheck='' probe_hc_interval=3000 probe_hc_timeout=3000 probe_hc_start=0 probe_hc_retries=3
# what the image promises
probe_libraries='' probe_programs='' probe_imports='' probe_linked='' probe_cuda='' probe_kernel=no
probe_mode=service

probe_newline='
'

while [ $# -gt 0 ]; do
  case $1 in
    --any-path) probe_any_path=yes && shift && continue ;;
    --root-may) probe_root_may=yes && shift && continue ;;
    --kernel) probe_kernel=yes && shift && continue ;;
    --side-by-side) probe_mode=side-by-side && shift && continue ;;
    --) shift && break ;;
  esac
  case $1 in
    --mark) probe_mark=$2 ;;
    --host) probe_host=$2 ;;
    --http) probe_http=$2 ;;
    --path) probe_path=$2 ;;
    --status) probe_status_wanted=$2 ;;
    --field) probe_fields="$probe_fields$2$probe_newline" ;;
    --tcp) probe_tcp=$2 ;;
    --script) probe_script=$2 ;;
    --said) probe_said=$2 ;;
    --deadline) probe_deadline=$2 ;;
    --interval) probe_interval=$2 ;;
    --alive) probe_alive=$2 ;;
    --bound) probe_bound="$probe_bound $2" ;;
    --witness) probe_witness=$2 ;;
    --healthcheck) probe_healthcheck=$2 ;;
    --hc-interval) probe_hc_interval=$2 ;;
    --hc-timeout) probe_hc_timeout=$2 ;;
    --hc-start) probe_hc_start=$2 ;;
    --hc-retries) probe_hc_retries=$2 ;;
    --max-ready) probe_max_ready=$2 ;;
    --max-memory) probe_max_memory=$2 ;;
    --cgroup) probe_cgroup=$2 ;;
    --stop) probe_stop=$2 ;;
    --signal) probe_signal=${2#SIG} ;;
    --hold) probe_hold=$2 ;;
    --meeting) probe_meeting=$2 ;;
    --library) probe_libraries="$probe_libraries$2$probe_newline" ;;
    --program) probe_programs="$probe_programs$2$probe_newline" ;;
    --import) probe_imports="$probe_imports$2$probe_newline" ;;
    --linked) probe_linked="$probe_linked$2$probe_newline" ;;
    --cuda) probe_cuda=$2 ;;
    *) echo "probe: unknown argument $1" && exit 0 ;;
  esac
  shift 2
done
