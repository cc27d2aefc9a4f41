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
. "$(dirname "${BASH_SOURCE[0]}")/service.sh"
use_debians_python

PACKAGES=(gnocchi-api gnocchi-metricd uwsgi-core uwsgi-plugin-python3 mariadb-server mariadb-client curl)
POLICY=/usr/lib/python3/dist-packages/gnocchi/rest/policy.json

is_installed() {
  has gnocchi-api gnocchi-metricd gnocchi-upgrade mariadbd mariadb-install-db mariadb curl &&
    compgen -G '/usr/bin/uwsgi_python3*' >/dev/null
}

install() { is_installed || install_packages "${PACKAGES[@]}"; }

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
username = $USERNAME
password = $PASSWORD
project_name = $PROJECT
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
  install
  mkdir -p "$DIR"
  DIR=$(cd "$DIR" && pwd)
  chmod 700 "$DIR"
  is_running api && die "$DIR is running already"
  [ -r "$POLICY" ] || POLICY=/etc/gnocchi/policy.json
  write_configuration
  [ -z "$WHILE_PID" ] || stop_after "$WHILE_PID"
  start_database
  sql -e 'CREATE DATABASE IF NOT EXISTS gnocchi CHARACTER SET utf8'
  gnocchi-upgrade --config-file "$DIR/gnocchi.conf" >>"$DIR/setup.log" 2>&1 || die "gnocchi-upgrade failed, see $DIR/setup.log"
  launch_wsgi api --processes 2 --disable-logging --wsgi-file /usr/bin/gnocchi-api --pyargv "--config-file $DIR/gnocchi.conf"
  launch metricd gnocchi-metricd --config-file "$DIR/gnocchi.conf"
  wait_for api answers ''
}

stop() {
  halt api
  halt metricd
  halt database
}

DIR='' PORT='' WHILE_PID='' KEYSTONE='' MAX_LIMIT=1000
USERNAME=cloudkitty PASSWORD=secret-cloudkitty PROJECT=service
read_arguments 'DIR PORT WHILE_PID KEYSTONE MAX_LIMIT USERNAME PASSWORD PROJECT' "$@"

case $COMMAND in
  install) install ;;
  start) need DIR PORT; start ;;
  sql) need DIR; sql --batch gnocchi ;;
  stop) need DIR; stop ;;
  *) usage ;;
esac
