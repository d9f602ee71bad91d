#!/bin/sh
# The shipped model from the data in GACLIP_DATA, by one command that takes many hours:
#
#     models/make-default.sh FOLDER [TRAINING OPTION...]
#
# writes FOLDER/default.safetensors and FOLDER/reliability.svg, which are what models/ has. Stopped in
# whatever way, the same command goes on with the training; --minutes 120 stops it by itself.
# GACLIP_BIN: the commands' folder; GACLIP_RECIPE: another recipe.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
test $# -ge 1 || { echo "usage: models/make-default.sh FOLDER [TRAINING OPTION...]" >&2; exit 1; }
mkdir -p "$1"
folder=$(cd "$1" && pwd)
shift
bin=${GACLIP_BIN:-$root/build/release/bin}
recipe=${GACLIP_RECIPE:-$root/recipes/default.json}
GACLIP_DATA=$(cd "${GACLIP_DATA:-$root/../shared/data}" && pwd)
GACLIP_REGIONS=$folder/regions.json
export GACLIP_DATA GACLIP_REGIONS
trained=$folder/trained.safetensors
steps=$folder/trained.train

# Descriptions and hard negatives of every box.
test -f "$GACLIP_REGIONS" ||
    "$bin/gaclip-dataset" build "$GACLIP_DATA"/detection/*/*.json --describe -o "$GACLIP_REGIONS"

is_trained() {
    test -f "$trained" && "$bin/gaclip-model" info "$trained" --json |
        grep -q '"ended":[[:space:]]*"all steps"'
}

if ! is_trained; then
    how=--overwrite # of a training that left no checkpoint yet
    if ls "$steps"/checkpoint-* "$steps"/result-* > /dev/null 2>&1; then how="--resume --overwrite"; fi
    "$bin/gaclip-train" "$recipe" -o "$trained" $how "$@"
fi
if ! is_trained; then
    echo "$folder: the training is not done; the same command goes on with it"
    exit 0
fi

"$bin/gaclip-model" convert "$trained" "$folder/stored.safetensors" --dtype bf16 --overwrite
"$bin/gaclip-model" calibrate "$folder/stored.safetensors" "$GACLIP_DATA"/detection/*/val.json \
    --limit 45 -o "$folder/default.safetensors" --plot "$folder/reliability.svg" --overwrite
