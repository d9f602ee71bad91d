#!/bin/sh
# demo.sh FOLDER_OF_THE_COMMANDS WORKING_FOLDER: from nothing to detections and their evaluation.
set -eu

PATH="$1:$PATH"
mkdir -p "$2"
cd "$2"

CLASSES='windmill,storage tank,swimming pool,aircraft'

say() {
    printf '\n== %s\n' "$*"
}

# Shows a command as one would type it, then runs it; `set -e` ends the demo where one fails.
run() {
    line='$'
    for word in "$@"; do
        case $word in
            *' '*) line="$line '$word'" ;;
            *) line="$line $word" ;;
        esac
    done
    printf '%s\n' "$line"
    "$@"
}

say '1. Drawing two aerial scenes: one to learn from, another one to search'
run gaclip-draw-scene train.tif train.gpkg --seed 1 --size 1600,1600
run gaclip-draw-scene demo.tif demo_reference.gpkg --seed 2

say '2. Training from random weights: about a minute on two cores, never more than two'
run gaclip-train --scene train.tif --annotations train.gpkg --class-field class \
    --image-size 128 --width 64 --depth 2 --batch 8 --lr 0.002 --steps 1200 --minutes 1.8 \
    -o demo.safetensors --overwrite

say '3. Detection in the other scene'
run gaclip-detect demo.tif --classes "$CLASSES" --model demo.safetensors --nms-iou 0.3 \
    -o demo.gpkg --overwrite

say '4. Its evaluation against what was drawn there'
run gaclip-eval detect demo.gpkg demo_reference.gpkg --min-score 0.5

cat <<END

The results are in $PWD:
  demo.tif              the scene that was searched
  demo.gpkg             what was found: boxes with class and score
  demo_reference.gpkg   what there is to find
  demo.safetensors      the model

Look at them:
  qgis demo.tif demo.gpkg
  ogrinfo -q demo.gpkg -sql "SELECT class, score FROM detections ORDER BY score DESC" -geom=NO
  gaclip-model info demo.safetensors
where the commands are found after
  cd $PWD; PATH=$1:\$PATH
END
