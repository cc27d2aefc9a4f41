#!/bin/bash
# A real Keystone (Debian's) on loopback for tests: its own folder, SQLite, Fernet keys, and a small cloud inside.
#
#   keystone.sh install                       installs Debian's packages when they are missing (needs root)
#   keystone.sh start --dir D --port P        installs, sets up D when it is new, starts, waits until it answers
#       [--while-pid N]                       stops it and deletes D when process N has ended
#       [--token-seconds S]                   how long tokens live (3600)
#   keystone.sh stop --dir D                  stops it by the pid that start wrote; D stays and can be started again
#
# D/cloud.json tells what is in the cloud. Users (password: secret-<name>) and their roles:
#   admin       admin on projects admin, A and B, on the domain and on the system
#   member      member on A        reader    reader on A        auditor   auditor (a role of no meaning to us) on A
#   outsider    member on B        observer  reader on the system
#   cloudkitty  the service user: admin and service on project service, rating on A and B; has an application credential
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/service.sh"
use_debians_python

PACKAGES=(keystone uwsgi-core uwsgi-plugin-python3 curl)

is_installed() {
  has keystone-manage keystone-wsgi-public curl && compgen -G '/usr/bin/uwsgi_python3*' >/dev/null
}

install() { is_installed || install_packages "${PACKAGES[@]}"; }

write_configuration() {
  mkdir -p "$DIR/fernet" "$DIR/credential"
  chmod 700 "$DIR" "$DIR/fernet" "$DIR/credential"
  cat >"$DIR/keystone.conf" <<CONF
[DEFAULT]
use_stderr = true
[database]
connection = sqlite:///$DIR/keystone.sqlite
[token]
provider = fernet
expiration = $TOKEN_SECONDS
allow_expired_window = 0
[fernet_tokens]
key_repository = $DIR/fernet
[credential]
key_repository = $DIR/credential
[identity]
# The cheapest hash there is: what counts here is that tests start soon.
password_hash_rounds = 4
[cache]
enabled = true
backend = dogpile.cache.memory
CONF
}

set_up() {
  local manage=(keystone-manage --config-file "$DIR/keystone.conf")
  local owner=(--keystone-user "$(id -un)" --keystone-group "$(id -gn)")
  {
    "${manage[@]}" db_sync
    "${manage[@]}" fernet_setup "${owner[@]}"
    "${manage[@]}" credential_setup "${owner[@]}"
    "${manage[@]}" bootstrap --bootstrap-username admin --bootstrap-password secret-admin \
      --bootstrap-project-name admin --bootstrap-role-name admin --bootstrap-service-name keystone \
      --bootstrap-region-id RegionOne --bootstrap-public-url "http://$HOST:$PORT/v3" \
      --bootstrap-internal-url "http://$HOST:$PORT/v3" --bootstrap-admin-url "http://$HOST:$PORT/v3"
    # Or else one of its threads that has read, and holds on to that, keeps another one from writing.
    /usr/bin/python3 -c 'import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute("PRAGMA journal_mode = WAL")' \
      "$DIR/keystone.sqlite"
  } >>"$DIR/setup.log" 2>&1 || die "set-up failed, see $DIR/setup.log"
}

# Projects, users, roles and catalog, and D/cloud.json with their ids. Debian's python3 alone, no OpenStack client: that
# takes two seconds a command.
make_cloud() {
  /usr/bin/python3 -I - "http://$HOST:$PORT/v3" "$DIR/cloud.json" <<'PYTHON'
import json
import sys
import urllib.request

URL, OUT = sys.argv[1:]


def call(method, path, body=None, token=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(URL + path, data=data, method=method)
    request.add_header('Content-Type', 'application/json')
    if token:
        request.add_header('X-Auth-Token', token)
    with urllib.request.urlopen(request, timeout=60) as reply:
        text = reply.read()
        return reply.headers, json.loads(text) if text else None


def log_in(user, project):
    default = {'id': 'default'}
    identity = {'methods': ['password'],
                'password': {'user': {'name': user, 'password': 'secret-' + user, 'domain': default}}}
    scope = {'project': {'name': project, 'domain': default}}
    headers, body = call('POST', '/auth/tokens', {'auth': {'identity': identity, 'scope': scope}})
    return headers['X-Subject-Token'], body['token']


token, me = log_in('admin', 'admin')


def make(collection, kind, **attributes):
    return call('POST', '/' + collection, {kind: attributes}, token)[1][kind]['id']


roles = {role['name']: role['id'] for role in call('GET', '/roles', None, token)[1]['roles']}
for name in ('auditor', 'rating', 'service'):
    if name not in roles:
        roles[name] = make('roles', 'role', name=name)
projects = {name: make('projects', 'project', name=name, domain_id='default') for name in ('A', 'B', 'service')}
projects['closed'] = make('projects', 'project', name='closed', domain_id='default', enabled=False)
projects['admin'] = me['project']['id']
users = {name: make('users', 'user', name=name, domain_id='default', password='secret-' + name)
         for name in ('member', 'reader', 'auditor', 'outsider', 'observer', 'cloudkitty')}
users['admin'] = me['user']['id']


def grant(where, user, role):
    call('PUT', '%s/users/%s/roles/%s' % (where, users[user], roles[role]), None, token)


def on(project):
    return '/projects/' + projects[project]


for project in ('A', 'B'):
    grant(on(project), 'admin', 'admin')
    grant(on(project), 'cloudkitty', 'rating')
grant(on('closed'), 'cloudkitty', 'rating')
grant('/domains/default', 'admin', 'admin')
grant('/system', 'admin', 'admin')
grant('/system', 'observer', 'reader')
for user in ('member', 'reader', 'auditor'):
    grant(on('A'), user, user)
grant(on('B'), 'outsider', 'member')
for role in ('admin', 'service'):
    grant(on('service'), 'cloudkitty', role)

for kind, name, url in (('rating', 'cloudkitty', 'http://127.0.0.1:8889'), ('metric', 'gnocchi', 'http://127.0.0.1:8041')):
    service = make('services', 'service', name=name, type=kind)
    for interface in ('public', 'internal', 'admin'):
        make('endpoints', 'endpoint', service_id=service, interface=interface, region_id='RegionOne', url=url)

own, _ = log_in('cloudkitty', 'service')
credential = call('POST', '/users/%s/application_credentials' % users['cloudkitty'],
                  {'application_credential': {'name': 'cloudtabby'}}, own)[1]['application_credential']
with open(OUT, 'w') as out:
    json.dump({'roles': roles, 'projects': projects, 'users': users,
               'applicationCredential': {key: credential[key] for key in ('id', 'name', 'secret')}}, out, indent=2)
PYTHON
}

start() {
  install
  mkdir -p "$DIR"
  DIR=$(cd "$DIR" && pwd)
  is_running keystone && die "$DIR is running already"
  write_configuration
  [ -e "$DIR/keystone.sqlite" ] || set_up
  OS_KEYSTONE_CONFIG_DIR="$DIR" OS_KEYSTONE_CONFIG_FILES=keystone.conf \
    launch_wsgi keystone --processes 1 --wsgi-file /usr/bin/keystone-wsgi-public
  [ -z "$WHILE_PID" ] || stop_after "$WHILE_PID"
  wait_for keystone answers v3
  if [ ! -e "$DIR/cloud.json" ]; then
    make_cloud 2>>"$DIR/setup.log" || die "filling it failed, see $DIR/setup.log"
  fi
}

stop() { halt keystone; }

DIR='' PORT='' WHILE_PID='' TOKEN_SECONDS=3600
read_arguments 'DIR PORT WHILE_PID TOKEN_SECONDS' "$@"

case $COMMAND in
  install) install ;;
  start) need DIR PORT; start ;;
  stop) need DIR; stop ;;
  *) usage ;;
esac
