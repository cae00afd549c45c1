#!/usr/bin/env bash
# Has MariaDB, PostgreSQL and Redis answer on this machine, for the tests: those
# that are installed are started, those that are not are installed, by Debian's
# packages. Prints what is to be evaluated, `export MYSQL_URL=…`, where the tests
# cannot do with what they assume (test/support/databases/servers.ts); all else goes to
# stderr. A server that MYSQL_URL, POSTGRES_URL or REDIS_URL names is left alone.
#
#   settings=$(scripts/services.sh); eval "$settings"
set -euo pipefail
exec </dev/null
# Of this a new PostgreSQL has its encoding.
export LC_ALL=C.UTF-8

readonly WAIT_SECONDS=60
readonly TEST_USER=tinybase_partykit
readonly MARIADB_LOG=/tmp/mariadb-start.log

say() { echo "services: $*" >&2; }

fail() {
  say "$*"
  exit 1
}

has() { command -v "$1" >/dev/null; }

is_listening() { (: >"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

create_password() { od -An -N16 -tx1 /dev/urandom | tr -d ' \n'; }

# wait_for NAME COMMAND…: until the command succeeds; fails with what it says.
wait_for() {
  local name=$1 said
  shift
  for ((tries = 0; tries < WAIT_SECONDS * 5; tries++)); do
    if said=$("$@" 2>&1); then
      return
    fi
    sleep 0.2
  done
  fail "$name does not answer after $WAIT_SECONDS s: $said"
}

install_missing() {
  local packages=()
  [ -n "${MYSQL_URL:-}" ] || is_listening 3306 || has mariadbd ||
    packages+=(mariadb-server)
  [ -n "${POSTGRES_URL:-}" ] || is_listening 5432 || has pg_ctlcluster ||
    packages+=(postgresql)
  [ -n "${REDIS_URL:-}" ] || is_listening 6379 || has redis-server ||
    packages+=(redis-server)
  if [ ${#packages[@]} = 0 ]; then
    return
  fi
  [ "$EUID" = 0 ] || fail "as root, install ${packages[*]}"
  has apt-get || fail "install ${packages[*]}: this knows Debian only"
  say "installing ${packages[*]}"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update >&2
  apt-get install --yes --no-install-recommends "${packages[@]}" >&2
}

# start NAME PORT COMMAND…: where nobody listens there.
start() {
  local name=$1 port=$2
  shift 2
  if is_listening "$port"; then
    return
  fi
  [ "$EUID" = 0 ] || fail "as root, start $name"
  say "starting $name"
  "$@" >&2 || fail "$name does not start"
  wait_for "$name" is_listening "$port"
}

# As the tests assume it, or else by the user that this script makes.
ask_mysql() {
  mariadb --no-defaults --protocol=tcp --host=127.0.0.1 --user="$1" \
    --execute='SELECT 1'
}

start_mariadb() {
  # Debian leaves that to systemd.
  install --directory --owner=mysql --group=mysql /run/mysqld
  start-stop-daemon --start --oknodo --background --output "$MARIADB_LOG" \
    --exec /usr/sbin/mariadbd -- --user=mysql
}

# A new one lets root in by its socket alone.
provide_mysql() {
  local password
  (start MariaDB 3306 start_mariadb) || {
    tail --lines=20 "$MARIADB_LOG" >&2
    exit 1
  }
  if ask_mysql root >/dev/null 2>&1; then
    return
  fi
  say "creating the user $TEST_USER of MariaDB"
  password=$(create_password)
  for host in localhost 127.0.0.1; do
    echo "CREATE OR REPLACE USER '$TEST_USER'@'$host' IDENTIFIED BY '$password';"
    echo "GRANT ALL ON *.* TO '$TEST_USER'@'$host' WITH GRANT OPTION;"
  done | mariadb >&2 ||
    fail 'MariaDB lets nobody in: name a user in MYSQL_URL'
  MYSQL_PWD=$password wait_for MariaDB ask_mysql "$TEST_USER"
  echo "export MYSQL_URL='mysql://$TEST_USER:$password@127.0.0.1:3306'"
}

ask_postgres() {
  psql --no-psqlrc --no-password --host=127.0.0.1 --username="$1" \
    --dbname=postgres --command='SELECT 1'
}

start_postgres() {
  local version
  version=$(find /etc/postgresql -mindepth 1 -maxdepth 1 -printf '%f\n' |
    sort --version-sort | tail --lines=1)
  pg_ctlcluster --skip-systemctl-redirect "$version" main start
}

# A new one wants a password.
provide_postgres() {
  local password
  start PostgreSQL 5432 start_postgres
  if ask_postgres postgres >/dev/null 2>&1; then
    return
  fi
  say "creating the user $TEST_USER of PostgreSQL"
  password=$(create_password)
  cd /
  {
    echo "DO \$\$ BEGIN CREATE ROLE $TEST_USER;"
    echo "EXCEPTION WHEN duplicate_object THEN NULL; END \$\$;"
    echo "ALTER ROLE $TEST_USER SUPERUSER LOGIN PASSWORD '$password';"
  } | runuser --user postgres -- psql --no-psqlrc --quiet \
    --set=ON_ERROR_STOP=1 >&2 ||
    fail 'PostgreSQL lets nobody in: name a user in POSTGRES_URL'
  PGPASSWORD=$password wait_for PostgreSQL ask_postgres "$TEST_USER"
  echo "export POSTGRES_URL='postgres://$TEST_USER:$password@127.0.0.1:5432/postgres'"
}

ask_redis() {
  # It says why not on stdout, and succeeds.
  local said
  said=$(redis-cli -h 127.0.0.1 ping)
  [ "$said" = PONG ] || fail "$said"
}

start_redis() {
  redis-server --daemonize yes --bind 127.0.0.1 -::1 --port 6379 --save '' \
    --appendonly no
}

provide_redis() {
  start Redis 6379 start_redis
  wait_for Redis ask_redis
}

install_missing
[ -n "${MYSQL_URL:-}" ] || provide_mysql
[ -n "${POSTGRES_URL:-}" ] || provide_postgres
[ -n "${REDIS_URL:-}" ] || provide_redis
