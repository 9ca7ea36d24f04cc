# shellcheck shell=bash
# Bandoso beside its peers: what `./dev bench-peers` needs, made once and kept under target/bench-peers: Martin, and a cluster
# with the data. Sourced by ./dev after cluster.sh.

martin_version=1.14.0
peers_dir=''  # the cluster that is stopped, not removed, with this script

# Martin as its authors publish it, with the sources that are compared.
peers_martin() {
    [ -x "$target/bench-peers/martin/bin/martin" ] && return 0
    step cargo install martin --version "$martin_version" --locked --no-default-features --features postgres,pmtiles,metrics \
        --root "$target/bench-peers/martin" --target-dir "$target/bench-peers/martin-build"
    rm -rf "$target/bench-peers/martin-build"
}

# Starts the kept cluster, or makes it, with the settings of the measurements.
peers_cluster() {
    local dir=$target/bench-peers/pg port free_kib buffers=1GB
    mkdir -p "$(dirname "$dir")"
    dir=$(realpath -s "$dir")
    if [ -f "$dir.url" ] && as_postgres test -f "$(realpath "$dir")/data/PG_VERSION"; then
        cluster_url=$(cat "$dir.url")
        port=${cluster_url##*:}
        port=${port%%/*}
    else
        cluster_remove "$dir"
        cluster_make "$dir"
        port=''
    fi
    peers_dir=$(realpath "$dir")
    free_kib=$(awk '/^MemAvailable:/ { print $2 }' /proc/meminfo)
    [ "$free_kib" -lt 12000000 ] || buffers=4GB
    as_postgres "$pg_bin/pg_ctl" -D "$peers_dir/data" -m fast stop >/dev/null 2>&1 || true
    as_postgres tee "$peers_dir/data/postgresql.auto.conf" >/dev/null <<CONF
shared_buffers = $buffers
jit = off
work_mem = 64MB
maintenance_work_mem = 1GB
autovacuum = off
CONF
    port=${port:-$(sed 's/.*:\([0-9]*\)\/.*/\1/' "$dir.url")}
    as_postgres "$pg_bin/pg_ctl" -D "$peers_dir/data" -l "$peers_dir/log" -o "-p $port" -w start >/dev/null
}

peers_leave() {
    [ -z "$peers_dir" ] || as_postgres "$pg_bin/pg_ctl" -D "$peers_dir/data" -m fast stop >/dev/null
}

peers_bench() {
    peers_martin
    step cargo build --release --locked --bin bandoso --example bench-peers
    peers_cluster
    # By the environment: the address holds the cluster's password.
    BENCH_POSTGRES=$cluster_url step "$target/release/examples/bench-peers" --dir "$target/bench-peers" \
        --tiles benches/peers/tiles --bandoso "$target/release/bandoso" --martin "$target/bench-peers/martin/bin/martin" "$@"
}

# One case of it alone, which needs no Martin: an import beside a bare COPY, of so many rows.
peers_import() {
    step cargo build --release --locked --bin bandoso --example bench-peers
    peers_cluster
    BENCH_POSTGRES=$cluster_url step "$target/release/examples/bench-peers" --dir "$target/bench-peers" \
        --tiles benches/peers/tiles --bandoso "$target/release/bandoso" --martin none --only import --runs 3 \
        --points "${1:-1000000}"
}
