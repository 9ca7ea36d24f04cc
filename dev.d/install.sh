# shellcheck shell=bash
# What the project needs from the machine, and how it is had from Debian. Sourced by ./dev.

# $pg_bin: the newest PostgreSQL that has PostGIS beside it; empty where there is none.
find_postgres() {
    local bin version
    pg_bin=''
    for bin in $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V); do
        version=${bin#/usr/lib/postgresql/}
        if [ -x "$bin/initdb" ] && [ -f "/usr/share/postgresql/${version%/bin}/extension/postgis.control" ]; then
            pg_bin=$bin
        fi
    done
}

# Prints the Debian packages missing for a purpose: `run`, `database`, `test`.
missing_packages() {
    case $1 in
    run)
        command -v cc >/dev/null || echo gcc libc6-dev
        # The allocator's own build.
        command -v make >/dev/null || echo make
        [ -d /etc/ssl/certs ] || echo ca-certificates
        ;;
    database)
        [ -n "$pg_bin" ] || echo postgresql-15 postgresql-15-postgis-3
        ;;
    test)
        missing_packages database
        command -v chromium >/dev/null || echo chromium
        # DejaVu draws Vietnamese; without a font the browser draws boxes.
        [ -f /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf ] || echo fonts-dejavu-core
        command -v ogr2ogr >/dev/null || echo gdal-bin
        ;;
    esac
}

all_missing() {
    local purpose
    for purpose in "$@"; do missing_packages "$purpose"; done | tr ' ' '\n' | sort -u
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# Rust and Node are expected; what lacks is named.
expect_toolchains() {
    local tool lacking=''
    for tool in cargo npm node; do
        command -v "$tool" >/dev/null || lacking+=" $tool"
    done
    for tool in fmt clippy; do
        if command -v cargo >/dev/null && ! cargo "$tool" --version >/dev/null 2>&1; then lacking+=" cargo-$tool"; fi
    done
    if [ -n "$lacking" ]; then
        printf './dev: not found:%s. Rust 1.95 (with rustfmt and clippy) and Node 20 must be there first.\n' "$lacking" >&2
        exit 1
    fi
}

# Installs what is missing for the given purposes, or names what cannot be had and ends.
install_missing() {
    local missing
    expect_toolchains
    find_postgres
    missing=$(all_missing "$@")
    [ -n "$missing" ] || return 0
    printf '== installing from Debian: %s\n' "${missing//$'\n'/ }" >&2
    if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
        printf './dev: cannot install without root or sudo. As root: apt-get install %s\n' "${missing//$'\n'/ }" >&2
        exit 1
    fi
    # The package would otherwise make and start a cluster of its own on port 5432, which nothing here uses.
    if [[ $missing == *postgresql* ]] && [ ! -e /etc/postgresql-common/createcluster.conf ]; then
        as_root mkdir -p /etc/postgresql-common
        echo 'create_main_cluster = false' | as_root tee /etc/postgresql-common/createcluster.conf >/dev/null
    fi
    # A failure shows below, as the packages that are still missing.
    as_root apt-get -q update >&2 || true
    # shellcheck disable=SC2086 # one word per package
    as_root env DEBIAN_FRONTEND=noninteractive UCF_FORCE_CONFFOLD=1 apt-get -q install -y --no-install-recommends \
        -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confold $missing >&2 || true
    find_postgres
    missing=$(all_missing "$@")
    if [ -n "$missing" ]; then
        printf './dev: could not be had from Debian: %s\n' "${missing//$'\n'/ }" >&2
        exit 1
    fi
}
