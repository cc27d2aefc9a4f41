# shellcheck shell=bash
# What the scripts of services have in common; they read it in. A service goes on when its script has ended: $DIR/NAME.pid
# tells which process it is, $DIR/NAME.log what it has said.

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
HOST=127.0.0.1

die() {
  echo "$(basename "$0"): $*" >&2
  exit 1
}

# The comment at the head of the script.
usage() {
  sed -n '2,/^set -euo/p' "$0" | sed -n 's/^# \{0,1\}//p' >&2
  exit 2
}

# The command to COMMAND, and the flags to variables that have their names: --while-pid 7 is WHILE_PID=7.
read_arguments() { # 'VARIABLE ...' ARGUMENT...
  local known=$1 name
  COMMAND=${2:-}
  shift $(($# > 1 ? 2 : 1))
  while [ $# -gt 0 ]; do
    name=${1#--}
    name=${name//-/_}
    name=${name^^}
    [[ $1 == --* && " $known " == *" $name "* ]] || die "unknown argument $1"
    [ $# -ge 2 ] || die "$1 needs a value"
    printf -v "$name" %s "$2"
    shift 2
  done
}

need() { # VARIABLE...   a flag's
  local name flag
  for name in "$@"; do
    flag=${name//_/-}
    [ -n "${!name}" ] || die "$COMMAND needs --${flag,,}"
  done
}

# Debian's python3 and its modules, whatever the caller has on the path.
use_debians_python() {
  export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
  unset PYTHONPATH PYTHONHOME http_proxy https_proxy HTTP_PROXY HTTPS_PROXY
  export PYTHONDONTWRITEBYTECODE=1 TZ=UTC
}

has() { # PROGRAM...   all of them
  local program
  for program in "$@"; do command -v "$program" >/dev/null || return 1; done
}

install_packages() { # PACKAGE...
  "$HERE/apt-install.sh" "$@" >&2 </dev/null || die "not installed: $*"
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

launch_wsgi() { # NAME ARGUMENTS...   a Python application that answers on $PORT
  local name=$1 uwsgi
  shift
  uwsgi=$(compgen -G '/usr/bin/uwsgi_python3*' | sort | tail -1)
  launch "$name" "$uwsgi" --master --die-on-term --lazy-apps --enable-threads --need-app --threads 4 \
    --buffer-size 65535 --http-socket "$HOST:$PORT" --add-header 'Connection: close' "$@"
}

wait_for() { # NAME COMMAND...   until the command succeeds
  local name=$1 i
  shift
  for i in $(seq 1 600); do
    is_running "$name" || fail_with_log "$name" 'ended while starting'
    "$@" >/dev/null 2>&1 && return 0
    sleep 0.1
  done
  fail_with_log "$name" 'does not answer'
}

fail_with_log() { # NAME WHY
  tail -n 50 "$DIR/$1.log" >&2
  die "$1 $2, see $DIR/$1.log, whose end stands above"
}

answers() { # PATH   on $PORT, and that all is well
  curl -sf -o /dev/null --noproxy '*' --max-time 5 "http://$HOST:$PORT/$1"
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

stop_after() { # PID   of a process: when it has ended, `stop` is called and $DIR deleted
  local pid=$1 since
  since=$(started_at "$pid")
  (
    trap '' HUP INT
    while [ -n "$since" ] && [ "$(started_at "$pid")" = "$since" ]; do sleep 1; done
    stop
    rm -rf "$DIR"
  ) >/dev/null 2>&1 </dev/null &
}
