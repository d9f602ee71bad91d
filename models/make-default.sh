#!/bin/sh
# The shipped model from the data in GACLIP_DATA, by one command that takes many hours:
#
#     models/make-default.sh FOLDER [TRAINING OPTION...]
#
# What FOLDER has is not made again, and training goes on from its checkpoint: to make the model in
# pieces, say --minutes 120, and the same again later. GACLIP_BIN: the commands' folder.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
test $# -ge 1 || { echo "usage: models/make-default.sh FOLDER [TRAINING OPTION...]" >&2; exit 1; }
folder=$1
shift
bin=${GACLIP_BIN:-$root/build/release/bin}
recipe=${GACLIP_RECIPE:-$root/recipes/default.json}
GACLIP_DATA=$(cd "${GACLIP_DATA:-$root/../shared/data}" && pwd)
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
GACLIP_REGIONS=$folder/regions.json
export GACLIP_DATA GACLIP_REGIONS

# Descriptions and hard negatives of every box.
test -f "$GACLIP_REGIONS" ||
    "$bin/gaclip-dataset" build "$GACLIP_DATA"/detection/*/*.json --describe -o "$GACLIP_REGIONS"

# A training that was stopped leaves a model and a checkpoint, one that is done the model alone.
if ls "$folder"/trained.train/checkpoint-* > /dev/null 2>&1; then
    "$bin/gaclip-train" "$recipe" -o "$folder/trained.safetensors" --resume --overwrite "$@"
elif ! test -f "$folder/trained.safetensors"; then
    "$bin/gaclip-train" "$recipe" -o "$folder/trained.safetensors" "$@"
fi
if ls "$folder"/trained.train/checkpoint-* > /dev/null 2>&1; then
    echo "$folder: the training is not done; the same command goes on with it"
    exit 0
fi

"$bin/gaclip-model" convert "$folder/trained.safetensors" "$folder/stored.safetensors" --dtype bf16 \
    --overwrite
"$bin/gaclip-model" calibrate "$folder/stored.safetensors" "$GACLIP_DATA"/detection/*/val.json \
    --limit 45 -o "$folder/default.safetensors" --plot "$folder/reliability.svg" --overwrite
