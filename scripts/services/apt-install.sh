#!/bin/sh
# Installs Debian packages that are missing, for the tests that need them; none of their daemons is started.
#
#   apt-install.sh PACKAGE...      needs root when something is missing
set -eu

[ $# -ge 1 ] || { sed -n '2,4s/^# \{0,1\}//p' "$0" >&2; exit 2; }

missing=
for package in "$@"; do
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
[ "$(id -u)" = 0 ] || { echo "apt-install.sh: only root can: apt-get install$missing" >&2; exit 1; }

# Two test runs may want something at once, and the first to end would take the policy away from the other.
exec 8>/var/lock/cloudtabby-apt-install
flock 8
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  # invoke-rc.d asks this file whether a package may start its daemon; 101 means no.
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
  trap 'rm -f "$policy"' EXIT
  trap 'exit 130' INT TERM
fi
export DEBIAN_FRONTEND=noninteractive
# A fresh machine has no package lists, an old one has stale ones.
apt-get update -q -o Acquire::Retries=3
# shellcheck disable=SC2086  # one word per package
apt-get install -y -q --no-install-recommends -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 $missing
