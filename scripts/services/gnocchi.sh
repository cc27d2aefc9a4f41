#!/bin/bash
# A real Gnocchi (Debian's) on loopback for tests: API and metricd on files, their index in a MariaDB of their own that
# listens on nothing but a socket. Everything lies in one folder.
#
#   gnocchi.sh install                         installs Debian's packages when they are missing (needs root)
#   gnocchi.sh start --dir D --port P          installs, sets up D when it is new, starts, waits until it answers
#       [--keystone URL]                       tokens of this Keystone (http://127.0.0.1:5000/v3) instead of basic authentication
#       [--username U --password W --project J]  the service user by which Gnocchi checks tokens (cloudkitty of keystone.sh)
#       [--max-limit N]                        rows of one page (1000)
#       [--while-pid N]                        stops it and deletes D when process N has ended
#   gnocchi.sh sql --dir D                     runs the statements on standard input on the index, for tests that need a past
#   gnocchi.sh stop --dir D                    stops it by the pids that start wrote; D stays and can be started again
set -euo pipefail

# Debian's python3 and its modules, whatever the caller has on the path.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
unset PYTHONPATH PYTHONHOME http_proxy https_proxy HTTP_PROXY HTTPS_PROXY
export PYTHONDONTWRITEBYTECODE=1 TZ=UTC

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
HOST=127.0.0.1
PACKAGES=(gnocchi-api gnocchi-metricd uwsgi-core uwsgi-plugin-python3 mariadb-server mariadb-client curl)
POLICY=/usr/lib/python3/dist-packages/gnocchi/rest/policy.json

die() {
  echo "gnocchi.sh: $*" >&2
  exit 1
}

is_installed() {
  [ -e /usr/bin/gnocchi-api ] && [ -e /usr/bin/gnocchi-metricd ] && [ -e /usr/bin/gnocchi-upgrade ] &&
    command -v mariadbd mariadb-install-db mariadb curl >/dev/null && compgen -G '/usr/bin/uwsgi_python3*' >/dev/null
}

install_packages() {
  is_installed && return 0
  [ "$(id -u)" = 0 ] || die "not installed, and only root can: apt-get install ${PACKAGES[*]}"
  # Two test runs may want it at once.
  exec 8>/var/lock/cloudtabby-gnocchi-install
  flock 8
  is_installed || "$HERE/apt-install.sh" "${PACKAGES[@]}" >&2 </dev/null || die 'apt-get install failed'
  exec 8>&-
}

# The start time of a process tells it from a later one with the same pid.
started_at() { sed 's/^.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }

is_running() { # NAME
  local pid since
  [ -r "$DIR/$1.pid" ] || return 1
  read -r pid since <"$DIR/$1.pid"
  [ -n "$since" ] && [ "$(started_at "$pid")" = "$since" ]
}

launch() { # NAME COMMAND...
  local name=$1
  shift
  setsid "$@" >>"$DIR/$name.log" 2>&1 </dev/null &
  echo "$! $(started_at $!)" >"$DIR/$name.pid"
}

halt() { # NAME
  local pid since i
  is_running "$1" || return 0
  read -r pid since <"$DIR/$1.pid"
  kill -TERM "$pid" 2>/dev/null || true
  for i in $(seq 1 100); do
    [ "$(started_at "$pid")" = "$since" ] || break
    sleep 0.1
  done
  # What is left of its own process group: workers whose master did not end in time.
  kill -KILL -- "-$pid" 2>/dev/null || true
  rm -f "$DIR/$1.pid"
}

wait_for() { # NAME COMMAND...   until the command succeeds
  local name=$1 i
  shift
  for i in $(seq 1 600); do
    is_running "$name" || die "$name ended while starting, see $DIR/$name.log"
    "$@" >/dev/null 2>&1 && return 0
    sleep 0.1
  done
  die "$name does not answer, see $DIR/$name.log"
}

sql() { mariadb --no-defaults --socket="$DIR/db.sock" -uroot "$@"; }

start_database() {
  if [ ! -d "$DIR/db/mysql" ]; then
    mariadb-install-db --no-defaults --datadir="$DIR/db" --user="$(id -un)" --skip-test-db \
      --auth-root-authentication-method=normal >"$DIR/setup.log" 2>&1 || die "mariadb-install-db failed, see $DIR/setup.log"
  fi
  # Who may enter the folder may use the database: no users, no network.
  launch database mariadbd --no-defaults --user="$(id -un)" --datadir="$DIR/db" --socket="$DIR/db.sock" --skip-networking \
    --skip-grant-tables --skip-log-bin --innodb-flush-log-at-trx-commit=0 --innodb-buffer-pool-size=64M \
    --innodb-log-file-size=16M --pid-file="$DIR/db.pid"
  wait_for database sql -e 'SELECT 1'
}

write_configuration() {
  mkdir -p "$DIR/storage" "$DIR/locks"
  local mode=basic
  [ -z "$KEYSTONE" ] || mode=keystone
  cat >"$DIR/gnocchi.conf" <<CONF
[DEFAULT]
coordination_url = file://$DIR/locks
use_stderr = true
verbose = false
[api]
auth_mode = $mode
paste_config = $DIR/api-paste.ini
max_limit = $MAX_LIMIT
[indexer]
url = mysql+pymysql://root@localhost/gnocchi?unix_socket=$DIR/db.sock&charset=utf8
[storage]
driver = file
file_basepath = $DIR/storage
[metricd]
workers = 2
metric_processing_delay = 1
[oslo_policy]
policy_file = $POLICY
[keystone_authtoken]
auth_type = password
auth_url = $KEYSTONE
www_authenticate_uri = $KEYSTONE
username = $SERVICE_USER
password = $SERVICE_PASSWORD
project_name = $SERVICE_PROJECT
user_domain_id = default
project_domain_id = default
service_token_roles_required = true
CONF
  chmod 600 "$DIR/gnocchi.conf"
  # Gnocchi's own pipelines, but the token filter reads our file instead of the one in /etc.
  cat >"$DIR/api-paste.ini" <<CONF
[composite:gnocchi+basic]
use = egg:Paste#urlmap
/ = versions
/v1 = v1

[composite:gnocchi+keystone]
use = egg:Paste#urlmap
/ = versions
/v1 = v1+keystone

[pipeline:v1+keystone]
pipeline = keystone_authtoken v1

[app:versions]
paste.app_factory = gnocchi.rest.app:app_factory
root = gnocchi.rest.api.VersionsController

[app:v1]
paste.app_factory = gnocchi.rest.app:app_factory
root = gnocchi.rest.api.V1Controller

[filter:keystone_authtoken]
use = egg:keystonemiddleware#auth_token
oslo_config_project = gnocchi
oslo_config_file = $DIR/gnocchi.conf
CONF
}

start() {
  install_packages
  mkdir -p "$DIR"
  DIR=$(cd "$DIR" && pwd)
  chmod 700 "$DIR"
  is_running api && die "$DIR is running already"
  [ -r "$POLICY" ] || POLICY=/etc/gnocchi/policy.json
  write_configuration
  if [ -n "$WHILE_PID" ]; then
    local since
    since=$(started_at "$WHILE_PID")
    (
      trap '' HUP INT
      while [ -n "$since" ] && [ "$(started_at "$WHILE_PID")" = "$since" ]; do sleep 1; done
      stop
      rm -rf "$DIR"
    ) >/dev/null 2>&1 </dev/null &
  fi
  start_database
  sql -e 'CREATE DATABASE IF NOT EXISTS gnocchi CHARACTER SET utf8'
  gnocchi-upgrade --config-file "$DIR/gnocchi.conf" >>"$DIR/setup.log" 2>&1 || die "gnocchi-upgrade failed, see $DIR/setup.log"
  local uwsgi
  uwsgi=$(compgen -G '/usr/bin/uwsgi_python3*' | sort | tail -1)
  launch api "$uwsgi" --master --die-on-term --lazy-apps --enable-threads --need-app --processes 2 --threads 4 \
    --buffer-size 65535 --http-socket "$HOST:$PORT" --add-header 'Connection: close' --disable-logging \
    --wsgi-file /usr/bin/gnocchi-api --pyargv "--config-file $DIR/gnocchi.conf"
  launch metricd gnocchi-metricd --config-file "$DIR/gnocchi.conf"
  wait_for api curl -sf --noproxy '*' --max-time 5 "http://$HOST:$PORT/"
}

stop() {
  halt api
  halt metricd
  halt database
}

COMMAND=${1:-}
[ $# -eq 0 ] || shift
DIR='' PORT='' WHILE_PID='' KEYSTONE='' MAX_LIMIT=1000
SERVICE_USER=cloudkitty SERVICE_PASSWORD=secret-cloudkitty SERVICE_PROJECT=service
while [ $# -gt 0 ]; do
  [ $# -ge 2 ] || die "$1 needs a value"
  case $1 in
    --dir) DIR=$2 ;;
    --port) PORT=$2 ;;
    --keystone) KEYSTONE=$2 ;;
    --username) SERVICE_USER=$2 ;;
    --password) SERVICE_PASSWORD=$2 ;;
    --project) SERVICE_PROJECT=$2 ;;
    --max-limit) MAX_LIMIT=$2 ;;
    --while-pid) WHILE_PID=$2 ;;
    *) die "unknown argument $1" ;;
  esac
  shift 2
done

case $COMMAND in
  install) install_packages ;;
  start)
    [ -n "$DIR" ] && [ -n "$PORT" ] || die 'start needs --dir and --port'
    start
    ;;
  sql)
    [ -n "$DIR" ] || die 'sql needs --dir'
    sql --batch gnocchi
    ;;
  stop)
    [ -n "$DIR" ] || die 'stop needs --dir'
    stop
    ;;
  *) sed -n '2,/^set -euo/p' "$0" | sed -n 's/^# \{0,1\}//p' >&2 && exit 2 ;;
esac
