#!/bin/bash
# A PostgreSQL (Debian's) on loopback for tests: an empty server of its own, user postgres, no password.
#
#   postgres.sh install                       installs Debian's package when it is missing (needs root)
#   postgres.sh start --dir D --port P        installs, sets up D when it is new, starts, waits until it answers
#   postgres.sh stop --dir D                  stops it; D stays and can be started again
#
# PostgreSQL refuses to run as root: then it runs as the package's user, postgres, who must be able to enter D.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/service.sh"

bin() { # NAME: its path, in the newest version that is installed
  compgen -G "/usr/lib/postgresql/*/bin/$1" | sort -V | tail -1
}

as_postgres() {
  if [ "$(id -u)" = 0 ]; then (cd / && runuser -u postgres -- "$@"); else "$@"; fi
}

install() { [ -n "$(bin initdb)" ] || install_packages postgresql; }

start() {
  install
  mkdir -p "$DIR"
  DIR=$(cd "$DIR" && pwd)
  if [ ! -e "$DIR/data/PG_VERSION" ]; then
    [ "$(id -u)" != 0 ] || chown postgres "$DIR"
    as_postgres "$(bin initdb)" -D "$DIR/data" -U postgres -A trust -E UTF8 --no-sync >/dev/null
  fi
  # Nothing in it outlives the tests, so nothing has to reach the disk.
  as_postgres "$(bin pg_ctl)" start -D "$DIR/data" -l "$DIR/postgres.log" -w -t 60 \
    -o "-c listen_addresses=$HOST -p $PORT -k $DIR -c fsync=off -c max_connections=200" >/dev/null || {
    cat "$DIR/postgres.log" >&2
    exit 1
  }
  echo "postgres listens on $HOST:$PORT"
}

stop() {
  [ ! -e "$DIR/data/postmaster.pid" ] || as_postgres "$(bin pg_ctl)" stop -D "$DIR/data" -m fast -w -t 60 >/dev/null
}

DIR='' PORT=''
read_arguments 'DIR PORT' "$@"

case $COMMAND in
  install) install ;;
  start) need DIR PORT; start ;;
  stop) need DIR; stop ;;
  *) usage ;;
esac
