#!/bin/sh
# Installs the Debian packages that building and testing need and that are not there yet.
set -eu

packages="
    gcc g++ cmake ninja-build pkg-config
    libgdal-dev libproj-dev libgeos-dev nettle-dev libcurl4-openssl-dev
    libopenblas-dev libdnnl-dev libcjson-dev libzip-dev libunistring-dev zlib1g-dev
    libcmocka-dev libpng-dev
    gdal-bin python3 python3-gdal python3-jsonschema python3-pytest
"

fail() {
    echo "install-dependencies: $1" >&2
    exit 1
}

command -v dpkg-query >/dev/null ||
    fail "this is no Debian system; install the equivalents of:$(echo $packages | sed 's/^/ /')"

missing=""
for package in $packages; do
    state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$state" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -eq 0 ]; then
    as_root=""
elif command -v sudo >/dev/null; then
    as_root="sudo"
else
    fail "run this as root, for there is no sudo: apt-get install$missing"
fi

echo "Installing:$missing"
as_root="$as_root env DEBIAN_FRONTEND=noninteractive"
$as_root apt-get update -qq || fail "apt-get update failed; then: apt-get install$missing"
$as_root apt-get install -y -qq --no-install-recommends $missing ||
    fail "apt-get could not install:$missing"
