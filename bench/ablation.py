#!/usr/bin/python3
"""Table 6 of the paper by one command: the same second stage with each loss off.

    ablation.py RECIPE --regions DATASET --retrieval CAPTIONS [--classify DATASET] -o FOLDER

RECIPE has two stages. The first one is trained once a seed; from its model the second one is
trained anew for every row of the table, with the weights of the losses that the row leaves out set
to 0. Then every model is measured: the class and the right description of regions, detection over
base and novel classes, retrieval, and, where a data set is named, the class of whole images.

FOLDER keeps models, logs and curves. What is there is not trained again, and a run that was
interrupted goes on from its checkpoint. The table (mean and standard deviation over the seeds) goes
to the terminal and to FOLDER/table.md, all figures to FOLDER/results.json.
"""
import argparse
import glob
import json
import os
import statistics
import subprocess
import sys

# name, and which of region, visual, hard_negative and text are on: the rows of table 6
ROWS = [
    ("baseline", ""),
    ("region", "r"),
    ("region_visual", "rv"),
    ("region_visual_negatives", "rvh"),
    ("region_visual_text", "rvt"),
    ("all", "rvht"),
]
LOSSES = {"r": "region", "v": "visual", "h": "hard_negative", "t": "text"}
SIGNS = {"r": "RPA", "v": "VIC", "h": "HNA", "t": "HTC"}


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("recipe")
    parser.add_argument("-o", "--output", required=True, metavar="FOLDER")
    parser.add_argument("--regions", required=True, metavar="DATASET",
                        help="boxes with descriptions and hard negatives")
    parser.add_argument("--retrieval", required=True, metavar="CAPTIONS")
    parser.add_argument("--classify", metavar="DATASET", help="images with a class")
    parser.add_argument("--finer", metavar="N",
                        help="finer scales that detection looks at (default: as the model was made "
                             "for; 0 is several times as fast)")
    parser.add_argument("--split", default="val", help="what is measured on (default: val)")
    parser.add_argument("--limit", metavar="N",
                        help="measure regions and boxes on so many images, spread evenly")
    parser.add_argument("--novel", default="windmill", help="classes without boxes in the recipe")
    parser.add_argument("--seeds", default="1,2,3", metavar="N[,N...]")
    parser.add_argument("--bin", default=os.environ.get("GACLIP_BIN", "build/release/bin"),
                        help="folder of the commands (default: GACLIP_BIN, build/release/bin)")
    return parser.parse_args()


def train(arguments, recipe, output, seed):
    """Trains recipe (a dictionary) to the model output, unless that is there already."""
    if os.path.exists(output):
        return
    path = output.replace(".safetensors", ".json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(recipe, file, indent=1)
    command = [os.path.join(arguments.bin, "gaclip-train"), path, "-o", output, "--seed", str(seed)]
    checkpoints = glob.glob(output.replace(".safetensors", ".train/checkpoint-*"))
    command.append("--resume" if checkpoints else "--overwrite")
    print(" ".join(command), flush=True)
    run = subprocess.run(command, stdout=subprocess.DEVNULL)
    if run.returncode:
        sys.exit(f"ablation.py: {path} was not trained (exit status {run.returncode})")


def rooted(recipe, folder):
    """File names count from a recipe's folder: makes those of sources absolute, in place."""
    keys = ("path", "images", "raster", "annotations", "init")
    for key, value in recipe.items() if isinstance(recipe, dict) else enumerate(recipe):
        if isinstance(value, (dict, list)):
            rooted(value, folder)
        elif key in keys and not value.startswith(("$", "/")):
            recipe[key] = os.path.join(folder, value)


def row_recipe(recipe, first, losses):
    """The recipe's second stage alone, from the model first, with the losses of a row."""
    stage = json.loads(json.dumps(recipe["stages"][1]))
    for letter, loss in LOSSES.items():
        if letter not in losses:
            stage["weights"][loss] = 0
        elif not stage["weights"].get(loss):
            sys.exit(f"ablation.py: the second stage has no weight for \"{loss}\"")
    return {**recipe, "model": {"init": os.path.abspath(first)}, "stages": [stage]}


def train_all(arguments, recipe):
    """{(row, seed): model}"""
    models = {}
    for seed in arguments.seeds.split(","):
        first = os.path.join(arguments.output, f"first-{seed}.safetensors")
        train(arguments, {**recipe, "stages": recipe["stages"][:1]}, first, seed)
        for name, losses in ROWS:
            model = os.path.join(arguments.output, f"{name}-{seed}.safetensors")
            train(arguments, row_recipe(recipe, first, losses), model, seed)
            models[name, seed] = model
    return models


def measure(arguments, models, protocol, dataset, *more):
    """{model: what gaclip-eval says of it}"""
    command = [os.path.join(arguments.bin, "gaclip-eval"), protocol, dataset, "--split",
               arguments.split, "--resamples", "0", "--json", "-q", "-m", ",".join(models), *more]
    print(" ".join(command), flush=True)
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode:
        sys.exit(f"ablation.py: {run.stderr.strip()}")
    return {entry["model"]: entry for entry in json.loads(run.stdout)["models"]}


def measure_all(arguments, models):
    """{column: {model: figure in percent}}"""
    names = list(models.values())
    limit = ["--limit", arguments.limit] if arguments.limit else []
    regions = measure(arguments, names, "regions", arguments.regions, *limit)
    fine = measure(arguments, names, "fine-grained", arguments.regions, *limit)
    finer = ["--finer", arguments.finer] if arguments.finer else []
    found = measure(arguments, names, "detect", arguments.regions, "--novel", arguments.novel,
                    *limit, *finer)
    recall = measure(arguments, names, "retrieval", arguments.retrieval)
    columns = {
        "regions Acc@1": lambda m: regions[m]["acc1"]["value"],
        "fine-grained Acc@1": lambda m: fine[m]["acc1"]["value"],
        "mAP base": lambda m: 100 * found[m]["mean_base"]["ap_voc11"]["value"],
        "mAP novel": lambda m: 100 * found[m]["mean_novel"]["ap_voc11"]["value"],
        "I2T R@1": lambda m: recall[m]["image_to_text"]["1"]["value"],
        "T2I R@1": lambda m: recall[m]["text_to_image"]["1"]["value"],
    }
    if arguments.classify:
        scenes = measure(arguments, names, "classify", arguments.classify)
        columns["scenes Acc@1"] = lambda m: scenes[m]["acc1"]["value"]
    return {column: {m: figure(m) for m in names} for column, figure in columns.items()}


def cell(figures):
    if len(figures) == 1:
        return f"{figures[0]:.2f}"
    return f"{statistics.mean(figures):.2f} ± {statistics.stdev(figures):.2f}"


def table(arguments, models, columns):
    seeds = arguments.seeds.split(",")
    head = list(SIGNS.values()) + list(columns)
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for name, losses in ROWS:
        marks = ["x" if letter in losses else "-" for letter in SIGNS]
        figures = [cell([columns[c][models[name, s]] for s in seeds]) for c in columns]
        lines.append("| " + " | ".join(marks + figures) + " |")
    return "\n".join(lines) + "\n"


def main():
    arguments = parse_arguments()
    with open(arguments.recipe, encoding="utf-8") as file:
        recipe = json.load(file)
    if len(recipe["stages"]) != 2:
        sys.exit(f"ablation.py: {arguments.recipe} has no two stages")
    rooted(recipe, os.path.dirname(os.path.abspath(arguments.recipe)))
    os.makedirs(arguments.output, exist_ok=True)
    models = train_all(arguments, recipe)
    columns = measure_all(arguments, models)
    text = table(arguments, models, columns)
    print(text, end="")
    with open(os.path.join(arguments.output, "table.md"), "w", encoding="utf-8") as file:
        file.write(text)
    with open(os.path.join(arguments.output, "results.json"), "w", encoding="utf-8") as file:
        json.dump(columns, file, indent=1)


if __name__ == "__main__":
    main()
