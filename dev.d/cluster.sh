# shellcheck shell=bash
# PostgreSQL clusters that can be thrown away: on a free port of the loopback address, with a password of their own, not
# caring for what a power cut would do. Sourced by ./dev after install.sh, which finds $pg_bin.

cluster_dir=''  # the cluster that ends with this script
cluster_url=''  # the address of the cluster started last

# PostgreSQL refuses to run as root: then everything about a cluster is done as the user `postgres`.
as_postgres() {
    if [ "$(id -u)" = 0 ]; then (cd / && runuser -u postgres -- "$@"); else "$@"; fi
}

# Makes the cluster's directory $1, absolute and empty. Where the user `postgres` cannot reach it (a checkout in a home
# directory of mode 0700) it is a link to a directory of its own in /var/tmp.
cluster_place() {
    local dir=$1 real
    mkdir -p "$dir"
    [ "$(id -u)" = 0 ] || return 0
    chown postgres: "$dir"
    if ! as_postgres test -w "$dir"; then
        real=$(mktemp -d /var/tmp/bandoso-pg-XXXXXXXX)
        chown postgres: "$real"
        rmdir "$dir"
        ln -s "$real" "$dir"
    fi
}

# Initialises and starts a cluster in $1 and sets cluster_url; the address is also kept in $1.url.
cluster_make() {
    local dir password port try
    cluster_place "$1"
    dir=$(realpath "$1")
    password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
    printf '%s' "$password" | as_postgres tee "$dir/password" >/dev/null
    as_postgres chmod 600 "$dir/password"
    as_postgres "$pg_bin/initdb" -D "$dir/data" -U bandoso --pwfile="$dir/password" --auth=scram-sha-256 \
        --encoding=UTF8 --locale=C.UTF-8 --no-sync >/dev/null
    as_postgres tee -a "$dir/data/postgresql.conf" >/dev/null <<'CONF'
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 200
fsync = off
synchronous_commit = off
full_page_writes = off
max_wal_size = 4GB
CONF
    for try in 1 2 3 4 5; do
        port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
        if as_postgres "$pg_bin/pg_ctl" -D "$dir/data" -l "$dir/log" -o "-p $port" -w start >/dev/null; then
            cluster_url="postgres://bandoso:$password@127.0.0.1:$port/postgres"
            (umask 077 && printf '%s\n' "$cluster_url" >"$1.url")
            return 0
        fi
        [ "$try" != 5 ] || as_postgres cat "$dir/log" >&2
    done
    echo './dev: PostgreSQL does not start; its log is above' >&2
    return 1
}

# Stops the cluster in $1, if there is one, and removes all of it.
cluster_remove() {
    local dir=$1 real
    [ -e "$dir" ] || [ -L "$dir" ] || return 0
    find_postgres
    real=$(realpath "$dir")
    if [ -n "$pg_bin" ] && [ -f "$real/data/postmaster.pid" ]; then
        as_postgres "$pg_bin/pg_ctl" -D "$real/data" -m immediate stop >/dev/null || true
    fi
    rm -rf "$real" "$dir" "$dir.url"
}

# Starts the cluster that ends with this script. Clusters whose script was killed before it could clean up go first.
cluster_start() {
    local old
    mkdir -p "$(dirname "$1")"
    for old in "$(dirname "$1")"/pg-test-*; do
        if [[ $old != *.url ]] && ! kill -0 "${old##*-}" 2>/dev/null; then cluster_remove "$old"; fi
    done
    cluster_dir=$(realpath -s "$1")
    cluster_make "$cluster_dir"
}

cluster_leave() {
    [ -z "$cluster_dir" ] || cluster_remove "$cluster_dir"
}

# Starts the cluster in $1 unless it runs, and leaves it running.
cluster_keep() {
    local dir
    mkdir -p "$(dirname "$1")"
    dir=$(realpath -s "$1")
    if [ -f "$dir.url" ]; then
        cluster_url=$(cat "$dir.url")
        "$pg_bin/pg_isready" -q -d "$cluster_url" && return 0
    fi
    cluster_remove "$dir"
    cluster_make "$dir"
}
