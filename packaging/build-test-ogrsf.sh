#!/bin/sh
# Builds GDAL's own examination of vector drivers, test_ogrsf, which Debian does not package, from
# the packaged source: build-test-ogrsf.sh PROGRAM. Leaves nothing else behind.
set -eu

program=${1:?"usage: build-test-ogrsf.sh PROGRAM"}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

mkdir -p "$folder/lists/partial" "$folder/source"
sed 's/^Types: *deb$/Types: deb-src/' /etc/apt/sources.list.d/debian.sources \
    >"$folder/debian.sources"
options="-o Dir::Etc::sourcelist=$folder/debian.sources -o Dir::Etc::sourceparts=/dev/null"
options="$options -o Dir::State::lists=$folder/lists -o APT::Sandbox::User=root"
apt-get -qq $options update
(cd "$folder/source" && apt-get -qq $options source --download-only gdal)
tar -xf "$folder"/source/gdal_*.orig.tar.* -C "$folder" --wildcards \
    '*/apps/test_ogrsf.cpp' '*/apps/commonutils.*'
apps=$(dirname "$(find "$folder" -name test_ogrsf.cpp)")
mkdir -p "$(dirname "$program")"
g++ -O1 -w -I/usr/include/gdal "-I$apps" "$apps/test_ogrsf.cpp" "$apps/commonutils.cpp" -lgdal \
    -o "$program"
