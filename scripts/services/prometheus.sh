#!/bin/sh
# Installs Debian's prometheus and prometheus-node-exporter, and starts and stops them on loopback.
#
#   prometheus.sh install                                        when missing; needs root and apt
#   prometheus.sh start --port P --dir D [--config FILE]         prometheus; D holds its data, log and pid file
#   prometheus.sh stop --dir D
#   prometheus.sh start-node-exporter --port P --dir D
#   prometheus.sh stop-node-exporter --dir D
#
# Nothing is started by the installation itself: the packages' daemons listen on all addresses, ours do not.
set -eu

usage() {
  sed -n '2,9s/^# \{0,1\}//p' "$0" >&2
  exit 2
}

fail() {
  echo "prometheus.sh: $*" >&2
  exit 1
}

install() {
  missing=
  command -v prometheus >/dev/null && command -v promtool >/dev/null || missing="$missing prometheus"
  command -v prometheus-node-exporter >/dev/null || missing="$missing prometheus-node-exporter"
  command -v curl >/dev/null || missing="$missing curl"
  [ -n "$missing" ] || return 0
  command -v apt-get >/dev/null || fail "not installed:$missing; install them by hand, this is not a Debian system"
  [ "$(id -u)" = 0 ] || fail "not installed:$missing; run this as root, or: apt-get install$missing"
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    # invoke-rc.d asks this file whether a package may start its daemon; 101 means no.
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
    trap 'rm -f "$policy"' EXIT
    trap 'exit 130' INT TERM
  fi
  export DEBIAN_FRONTEND=noninteractive
  # shellcheck disable=SC2086  # one word per package
  apt-get install -y -q --no-install-recommends $missing ||
    { apt-get update -q && apt-get install -y -q --no-install-recommends $missing; }
  for package in $missing; do
    # Nor at the next boot.
    systemctl disable "$package" >/dev/null 2>&1 || true
  done
}

# launch NAME LOG-LINE COMMAND...: runs it in the background, its pid in $dir/NAME.pid, and waits until it listens.
launch() {
  name=$1
  shift
  pidfile=$dir/$name.pid
  if [ -f "$pidfile" ] && kill -0 "$(cat "$pidfile")" 2>/dev/null; then
    fail "$name runs already with pid $(cat "$pidfile")"
  fi
  # What answers here already would be mistaken for ours.
  if curl -s -o /dev/null --noproxy '*' "http://127.0.0.1:$port/"; then fail "port $port is taken"; fi
  : >"$dir/$name.log"
  setsid "$@" </dev/null >>"$dir/$name.log" 2>&1 &
  pid=$!
  echo "$pid" >"$pidfile"
  tries=0
  until curl -s -o /dev/null --noproxy '*' "http://127.0.0.1:$port/$probe"; do
    kill -0 "$pid" 2>/dev/null || { cat "$dir/$name.log" >&2; fail "$name ended; its log stands above"; }
    tries=$((tries + 1))
    [ "$tries" -lt 300 ] || fail "$name does not answer on 127.0.0.1:$port; see $dir/$name.log"
    sleep 0.1
  done
  echo "$name listens on 127.0.0.1:$port (pid $pid)"
}

halt() {
  pidfile=$dir/$1.pid
  [ -f "$pidfile" ] || return 0
  pid=$(cat "$pidfile")
  kill "$pid" 2>/dev/null || true
  tries=0
  while kill -0 "$pid" 2>/dev/null; do
    tries=$((tries + 1))
    [ "$tries" -lt 100 ] || kill -9 "$pid" 2>/dev/null || true
    [ "$tries" -lt 120 ] || fail "$1 (pid $pid) does not end"
    sleep 0.1
  done
  rm -f "$pidfile"
}

[ $# -ge 1 ] || usage
command=$1
shift
port= dir= config=
while [ $# -gt 0 ]; do
  [ $# -ge 2 ] || usage
  case $1 in
    --port) port=$2 ;;
    --dir) dir=$2 ;;
    --config) config=$2 ;;
    *) usage ;;
  esac
  shift 2
done

case $command in
  install) install ;;
  start)
    [ -n "$port" ] && [ -n "$dir" ] || usage
    install
    mkdir -p "$dir/data"
    if [ -z "$config" ]; then
      config=$dir/prometheus.yml
      [ -e "$config" ] || echo 'scrape_configs: []' >"$config"
    fi
    probe=-/ready
    launch prometheus prometheus --config.file="$config" --storage.tsdb.path="$dir/data" \
      --storage.tsdb.retention.time=100y --web.listen-address="127.0.0.1:$port"
    ;;
  start-node-exporter)
    [ -n "$port" ] && [ -n "$dir" ] || usage
    install
    mkdir -p "$dir"
    probe=metrics
    launch prometheus-node-exporter prometheus-node-exporter --web.listen-address="127.0.0.1:$port"
    ;;
  stop) [ -n "$dir" ] || usage; halt prometheus ;;
  stop-node-exporter) [ -n "$dir" ] || usage; halt prometheus-node-exporter ;;
  *) usage ;;
esac
