#!/usr/bin/python3
"""What the model can do with what it never saw, by one command: a class without boxes, and scenes
of another collection.

    held_out.py recipes/held_out.json -o FOLDER

makes the data sets that the recipe names (GACLIP_HELD_OUT is FOLDER), trains it, and measures it on
the validation parts: detection of windmills, and the scene classes of UC Merced.

    held_out.py recipes/held_out.json --then recipes/held_out_pseudo.json -o FOLDER

goes on with a second recipe, for which the model so far has labelled the chips: of each that a
caption says to show a windmill, the box that scores best, if that is enough (pseudo-labels, as
CastDet has them); the rest of such a chip then counts as ground.

    held_out.py --data-only -o FOLDER

makes the data sets alone, for other recipes that name them (recipes/ablation.json).

- No box of a windmill is seen, and no phrase of a region says the word, as a negative neither. Chips
  of the training part that show one stand among the captions, as whole images: that is where the
  word comes from, since RSICD's captions do not have it.
- Neither images nor captions of UC Merced are seen.

What is in FOLDER is not made again, and training goes on from its checkpoint.
"""
import argparse
import fnmatch
import glob
import json
import os
import re
import subprocess
import sys

from osgeo import gdal, ogr

gdal.UseExceptions()
ogr.UseExceptions()

SETS = ["airplanes", "cars", "pools", "ships", "solar_panels", "storage_tanks", "tennis_courts",
        "vehicles"]
CAPTIONS = ["a windmill .", "a wind turbine .", "a windmill stands in the farmland .",
            "there is a wind turbine in the field .", "a white windmill and its shadow ."]
SCENE_B = "m_4109450_ne_*"  # stays unseen by every recipe


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("recipe", nargs="?")
    parser.add_argument("--data-only", action="store_true",
                        help="make the data sets of the recipes, and train nothing")
    parser.add_argument("--then", metavar="RECIPE", help="learns from the model's own boxes, in rounds")
    parser.add_argument("--rounds", type=int, default=2, metavar="N",
                        help="of the second recipe, each with the boxes of the model before "
                             "(default: 2)")
    parser.add_argument("--pseudo-score", type=float, default=0.3, metavar="SCORE",
                        help="of a box that the second recipe learns from (default: 0.3)")
    parser.add_argument("-o", "--output", required=True, metavar="FOLDER")
    parser.add_argument("--data", default=os.environ.get("GACLIP_DATA", "../shared/data"),
                        metavar="FOLDER", help="(default: GACLIP_DATA, ../shared/data)")
    parser.add_argument("--bin", default=os.environ.get("GACLIP_BIN", "build/release/bin"),
                        help="folder of the commands (default: GACLIP_BIN, build/release/bin)")
    arguments = parser.parse_args()
    if not arguments.recipe and not arguments.data_only:
        parser.error("name a recipe, or ask for --data-only")
    return arguments


def run(arguments, command, *words, **more):
    words = [os.path.join(arguments.bin, command), *words]
    print(" ".join(words), flush=True)
    environment = {**os.environ, "GACLIP_DATA": os.path.abspath(arguments.data),
                   "GACLIP_HELD_OUT": os.path.abspath(arguments.output)}
    if subprocess.run(words, env=environment, check=False, **more).returncode:
        sys.exit(f"held_out.py: {command} failed")


def write_whole(path, text):
    """A file that is there is complete."""
    with open(path + ".part", "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(path + ".part", path)


def write_captions(boxes, path):
    """The images of a COCO file with captions in place of their boxes."""
    with open(boxes, encoding="utf-8") as file:
        names = [image["file_name"] for image in json.load(file)["images"]]
    folder = os.path.relpath(os.path.join(os.path.dirname(boxes), "images"), os.path.dirname(path))
    images = [{"filename": f"{folder}/{name}", "split": "train", "class": "windmill",
               "sentences": [{"raw": caption} for caption in CAPTIONS]}
              for name in names if not fnmatch.fnmatch(name, SCENE_B)]
    write_whole(path, json.dumps({"dataset": "windmills", "images": images}, indent=1))


def drop_negatives(source, path):
    """Writes a dataset file without the hard negatives that say what is held out."""
    with open(source, encoding="utf-8") as file:
        dataset = json.load(file)
    for image in dataset["images"]:
        for region in image.get("regions", []):
            kept = [text for text in region.pop("hard_negatives", [])
                    if not re.search("windmill|turbine", text)]
            if kept:
                region["hard_negatives"] = kept
    text = json.dumps(dataset, indent=1)
    if re.search("windmill|turbine", text):
        sys.exit(f"held_out.py: {source} speaks of windmills outside of hard negatives")
    write_whole(path, text + "\n")


def make_data(arguments):
    def data(*parts):
        return os.path.join(arguments.data, *parts)

    def output(name):
        return os.path.join(arguments.output, name)

    windmills = output("windmill_captions.json")
    if not os.path.exists(windmills):
        write_captions(data("detection", "windmills", "train.json"), windmills)
    if not os.path.exists(output("captions.json")):
        run(arguments, "gaclip-dataset", "build", data("rsicd", "dataset_rsicd.json"), windmills,
            "--keep-duplicates", "-o", output("captions.json"))
    if not os.path.exists(output("regions.json")):
        run(arguments, "gaclip-dataset", "build",
            *[data("detection", name, "train.json") for name in SETS], "--describe",
            "-o", output("all_regions.json"), "--overwrite")
        drop_negatives(output("all_regions.json"), output("regions.json"))


def write_pseudo_labels(layer, path):
    """The best box of each image of a layer of detections, as a COCO file."""
    images, boxes = [], []
    best = {}
    for feature in layer:
        name, score = feature["source"], feature["score"]
        if name not in best or score > best[name][0]:
            best[name] = score, [feature[f"px_{key}"] for key in ("x1", "y1", "x2", "y2")]
    for i, (name, (_, (x1, y1, x2, y2))) in enumerate(sorted(best.items()), 1):
        raster = gdal.Open(name)
        images.append({"id": i, "file_name": os.path.relpath(name, os.path.dirname(path)),
                       "width": raster.RasterXSize, "height": raster.RasterYSize})
        boxes.append({"id": i, "image_id": i, "category_id": 1, "iscrowd": 0,
                      "bbox": [x1, y1, x2 - x1, y2 - y1], "area": (x2 - x1) * (y2 - y1)})
    write_whole(path, json.dumps({"images": images, "annotations": boxes,
                                  "categories": [{"id": 1, "name": "windmill"}]}, indent=1))


def label(arguments, model, number):
    """Boxes by the model itself on the chips whose captions name a windmill."""
    with open(os.path.join(arguments.output, "windmill_captions.json"), encoding="utf-8") as file:
        names = [os.path.join(arguments.output, image["filename"])
                 for image in json.load(file)["images"]]
    found = os.path.join(arguments.output, f"pseudo_labels-{number}.gpkg")
    run(arguments, "gaclip-detect", *names, "-c", "windmill", "-m", model, "--gsd", "1",
        "--min-score", str(arguments.pseudo_score), "-o", found, "--append", "--resume", "-q")
    dataset = ogr.Open(found)
    write_pseudo_labels(dataset.GetLayer(0), os.path.join(arguments.output, "pseudo_labels.json"))


def teach_itself(arguments, model):
    """Rounds of the second recipe, each with the boxes of the model before."""
    for number in range(1, arguments.rounds + 1):
        name = f"pseudo-{number}.safetensors"
        if not os.path.exists(os.path.join(arguments.output, name)):
            label(arguments, model, number)
        model = train(arguments, arguments.then, name)
        measure(arguments, model)


def train(arguments, recipe, name):
    model = os.path.join(arguments.output, name)
    if not os.path.exists(model):
        started = glob.glob(model.replace(".safetensors", ".train/checkpoint-*"))
        run(arguments, "gaclip-train", recipe, "-o", model,
            "--resume" if started else "--overwrite", stdout=subprocess.DEVNULL)
    return model


def measure(arguments, model):
    boxes = os.path.join(arguments.data, "detection", "windmills", "val.json")
    scenes = os.path.join(arguments.data, "ucm", "dataset_ucm.json")
    run(arguments, "gaclip-eval", "detect", boxes, "-m", model, "-q")
    run(arguments, "gaclip-eval", "classify", scenes, "--split", "val", "-m", model, "-q")


def main():
    arguments = parse_arguments()
    os.makedirs(arguments.output, exist_ok=True)
    make_data(arguments)
    if arguments.data_only:
        return
    model = train(arguments, arguments.recipe, "model.safetensors")
    measure(arguments, model)
    if arguments.then:
        teach_itself(arguments, model)


if __name__ == "__main__":
    main()
