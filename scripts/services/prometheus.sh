#!/bin/bash
# Installs Debian's prometheus and prometheus-node-exporter, and starts and stops them on loopback.
#
#   prometheus.sh install                                        when missing; needs root and apt
#   prometheus.sh start --port P --dir D [--config FILE]         prometheus; D holds its data, log and pid file
#   prometheus.sh stop --dir D
#   prometheus.sh start-node-exporter --port P --dir D
#   prometheus.sh stop-node-exporter --dir D
#
# Nothing is started by the installation itself: the packages' daemons listen on all addresses, ours do not.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/service.sh"

install() {
  local missing=()
  has prometheus promtool || missing+=(prometheus)
  has prometheus-node-exporter || missing+=(prometheus-node-exporter)
  has curl || missing+=(curl)
  [ ${#missing[@]} -gt 0 ] || return 0
  has apt-get || die "not installed: ${missing[*]}; install them by hand, this is not a Debian system"
  install_packages "${missing[@]}"
  # Nor are they started at the next boot.
  systemctl disable "${missing[@]}" >/dev/null 2>&1 || true
}

start() { # NAME PATH COMMAND...   and waits until the path is answered
  local name=$1 path=$2 pid
  shift 2
  is_running "$name" && die "$name runs already in $DIR"
  # What answers here already would be mistaken for ours.
  curl -s -o /dev/null --noproxy '*' --max-time 5 "http://$HOST:$PORT/" && die "port $PORT is taken"
  launch "$name" "$@"
  wait_for "$name" answers "$path"
  read -r pid _ <"$DIR/$name.pid"
  echo "$name listens on $HOST:$PORT (pid $pid)"
}

DIR='' PORT='' CONFIG=''
read_arguments 'DIR PORT CONFIG' "$@"

case $COMMAND in
  install) install ;;
  start)
    need DIR PORT
    install
    mkdir -p "$DIR/data"
    if [ -z "$CONFIG" ]; then
      CONFIG=$DIR/prometheus.yml
      [ -e "$CONFIG" ] || echo 'scrape_configs: []' >"$CONFIG"
    fi
    start prometheus -/ready prometheus --config.file="$CONFIG" --storage.tsdb.path="$DIR/data" \
      --storage.tsdb.retention.time=100y --web.listen-address="$HOST:$PORT"
    ;;
  start-node-exporter)
    need DIR PORT
    install
    mkdir -p "$DIR"
    start prometheus-node-exporter metrics prometheus-node-exporter --web.listen-address="$HOST:$PORT"
    ;;
  stop) need DIR; halt prometheus ;;
  stop-node-exporter) need DIR; halt prometheus-node-exporter ;;
  *) usage ;;
esac
